//! The pure core alone: deciding and encoding messages, without threads, sockets, disks or clocks, so that the number of
//! instructions is the same in every run.

use std::hint::black_box;

use chat_server::address::Address;
use chat_server::chat::{
    Chat, ChatLimits, ClientId, Command, Delivery, Effects, Facts, Input, MessageKind, Name, Origin, PasswordHash,
    Snapshot, Text, Timestamp,
};
use chat_server::protocol::text::Text as TextProtocol;
use chat_server::protocol::{Clock, Context, Protocol};

use crate::words;

const MEMBERS: u64 = 100;
/// Messages of one turn.
const MESSAGES_PER_TURN: u32 = 64;
const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// A room of a hundred people, one of whom sends `messages` messages.
pub fn run(messages: u32) {
    let mut effects = Effects::default();
    let nothing = Snapshot::default();
    let mut chat = Chat::load(ChatLimits::default(), nothing);
    chat.found(NOW, &mut effects);
    let address = Address::parse("192.0.2.7").expect("an address");
    for client in 0..MEMBERS {
        let name = Name::parse(&words::member_name(client as usize)).expect("a name");
        let input = Input::Register { name, hash: PasswordHash("!".into()), code: None, origin: Origin::text(address) };
        chat.handle(NOW, ClientId(client), input, &mut effects);
        chat.settle();
    }
    let clock = Clock::utc();
    let (mut line, mut batch) = (Vec::new(), Vec::new());
    for number in 0..messages {
        if number % MESSAGES_PER_TURN == 0 {
            black_box(&batch);
            chat.settle();
            effects.clear();
            batch.clear();
        }
        line.clear();
        words::write(number, &mut line);
        let command = Command::Say { room: None, kind: MessageKind::Speech, text: Text::clean(&line), key: None };
        let first = effects.deliveries.len();
        chat.handle(NOW, ClientId(0), Input::Command(command, Facts::default()), &mut effects);
        for delivery in &effects.deliveries[first..] {
            if let Delivery::Event(_, event) = delivery {
                TextProtocol.event(event, Context { now: NOW, clock: &clock }, &mut batch);
            }
        }
    }
    black_box(&batch);
}
