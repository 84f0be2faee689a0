//! The pure core alone: deciding on a message and putting it into words, without threads, sockets, disks or clocks, so
//! that the same messages always take the same instructions.

use std::hint::black_box;

use chat_server::address::Address;
use chat_server::chat::{
    Chat, ClientId, Command, Delivery, Effects, Input, Limits, MessageKind, Name, Origin, PasswordHash, Snapshot, Text,
    Timestamp,
};
use chat_server::protocol::text;

use crate::words;

const MEMBERS: u64 = 100;
/// The chat decides in turns.
const MESSAGES_PER_TURN: u32 = 64;
const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// A hundred people, of whom one says so many messages.
pub fn run(messages: u32) {
    let mut effects = Effects::default();
    let nothing = Snapshot::default();
    let mut chat = Chat::load(Limits::default(), nothing);
    chat.found(NOW, &mut effects);
    let address = Address::parse("192.0.2.7").expect("an address");
    for client in 0..MEMBERS {
        let name = Name::parse(&words::member_name(client as usize)).expect("a name");
        let input = Input::Register { name, hash: PasswordHash("!".into()), origin: Origin::text(address) };
        chat.handle(NOW, ClientId(client), input, &mut effects);
        chat.settle();
    }
    let clock = text::Clock::utc();
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
        let command = Command::Say { room: None, kind: MessageKind::Speech, text: Text::clean(&line), keyed: None };
        let first = effects.deliveries.len();
        chat.handle(NOW, ClientId(0), Input::Command(command), &mut effects);
        for delivery in &effects.deliveries[first..] {
            if let Delivery::Event(_, event) = delivery {
                text::event(event, NOW, &clock, &mut batch);
            }
        }
    }
    black_box(&batch);
}
