//! How long does the chat take to decide a message, by the size of the room?

use chat_server::address::Address;
use chat_server::chat::{
    Chat, ChatLimits, ClientId, Command, Effects, Facts, Input, MessageKind, Name, Origin, PasswordHash, Snapshot,
    Text, Timestamp,
};
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::words;

const NOW: Timestamp = Timestamp(1_760_000_000_000);
/// Messages of one turn.
const MESSAGES: usize = 64;

/// A chat with `members` connected people in one room.
fn chat_of(members: u64) -> Chat {
    let mut effects = Effects::default();
    let mut chat = Chat::load(ChatLimits::default(), Snapshot::default());
    chat.found(NOW, &mut effects);
    let address = Address::parse("192.0.2.7").expect("an address");
    for client in 0..members {
        let name = Name::parse(&words::member_name(client as usize)).expect("a name");
        let input = Input::Register { name, hash: PasswordHash("!".into()), code: None, origin: Origin::text(address) };
        chat.handle(NOW, ClientId(client), input, &mut effects);
        effects.clear();
    }
    chat.settle();
    chat
}

#[divan::bench(args = [1, 10, 100, 1000])]
fn say(bencher: Bencher, members: u64) {
    let mut chat = chat_of(members);
    let mut line = Vec::new();
    words::write(42, &mut line);
    let text = Text::clean(&line);
    let mut effects = Effects::default();
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
        for _ in 0..MESSAGES {
            let command = Command::Say { room: None, kind: MessageKind::Speech, text: text.clone(), key: None };
            chat.handle(NOW, ClientId(0), Input::Command(command, Facts::default()), &mut effects);
        }
        chat.settle();
        effects.clear();
    });
}

#[divan::bench(args = [1, 10, 100, 1000])]
fn come_and_go(bencher: Bencher, members: u64) {
    let mut chat = chat_of(members);
    let mut effects = Effects::default();
    let account = chat_server::chat::AccountId(2);
    let address = Address::parse("192.0.2.7").expect("an address");
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let input = Input::LogIn { account, password_version: 1, origin: Origin::text(address) };
        chat.handle(NOW, ClientId(1_000_000), input, &mut effects);
        chat.handle(NOW, ClientId(1_000_000), Input::Gone, &mut effects);
        chat.settle();
        effects.clear();
    });
}
