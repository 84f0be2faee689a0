//! A whole session: lines of several people, from the parser through the chat to the words that everybody is told.

use chat_server::address::Address;
use chat_server::chat::{
    Audience, Chat, ClientId, Command, Delivery, Effects, Input, Limits, MessageKind, Name, Origin, PasswordHash,
    Snapshot, Timestamp, is_forbidden,
};
use chat_server::protocol::text::{Clock, Typed, event, parse};

const PEOPLE: [&str; 4] = ["ana", "bob", "cho", "dee"];
/// What the answer to one line may be long; a page of history is not in it, as the store gives that.
const OUTPUT_MAX_BYTES: usize = 64 << 10;

/// Each line of the input is one person's: its first byte says whose, and how much time has passed. Nothing stops the
/// chat; the same lines have the same effects; and everything that anybody is told is clean, whole lines.
pub fn session(data: &[u8]) {
    let (mut chat, mut twin) = (founded(), founded());
    let mut now = Timestamp(1_700_000_000_000);
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let Some((first, line)) = line.split_first() else { continue };
        let client = ClientId(u64::from(first % 4));
        now.0 += i64::from(first / 4) * 60_000;
        let command = match parse(&line[..line.len().min(4096)]) {
            Typed::Ask(command) => command,
            // Typed again it is said.
            Typed::Bare(_, text) => Command::Say { room: None, kind: MessageKind::Speech, text, keyed: None },
            _ => continue,
        };
        let (mut effects, mut again) = (Effects::default(), Effects::default());
        chat.handle(now, client, Input::Command(command.clone()), &mut effects);
        twin.handle(now, client, Input::Command(command), &mut again);
        assert_eq!(effects, again, "the same inputs have the same effects");
        check(&chat, &effects, now);
        chat.settle();
    }
}

/// A chat with four people in it.
fn founded() -> Chat {
    let limits = Limits { list_page_rows: 10, rooms_per_account_max: 3, members_per_room_max: 4, ..Limits::default() };
    let mut chat = Chat::load(limits, Snapshot::default());
    let now = Timestamp(1_700_000_000_000);
    chat.found(now, &mut Effects::default());
    for (number, name) in (0..).zip(PEOPLE) {
        let name = Name::parse(name).expect("it is a name");
        let address = Address::parse("127.0.0.1").expect("it is an address");
        let input = Input::Register { name, hash: PasswordHash("!".into()), origin: Origin::text(address) };
        chat.handle(now, ClientId(number), input, &mut Effects::default());
    }
    chat
}

fn check(chat: &Chat, effects: &Effects, now: Timestamp) {
    for delivery in &effects.deliveries {
        let told = match delivery {
            Delivery::Event(audience, told) => {
                match audience {
                    Audience::One(client) => assert!(client.0 < 4),
                    Audience::Many(clients, _) => assert!(clients.iter().all(|client| client.0 < 4)),
                }
                told
            }
            Delivery::Grant(client, grant) => {
                assert!(client.0 < 4 && grant.ranges.iter().all(|range| range.from >= 1 && range.to <= range.last));
                continue;
            }
            Delivery::End(client, _) => {
                assert!(!chat.is_logged_in(*client));
                continue;
            }
        };
        let mut out = Vec::new();
        event(told, now, &Clock::utc(), &mut out);
        assert!(out.len() <= OUTPUT_MAX_BYTES, "{} bytes", out.len());
        let text = std::str::from_utf8(&out).expect("it is UTF-8");
        for line in text.strip_suffix("\r\n").expect("it is whole lines").split("\r\n") {
            assert!(!line.chars().any(is_forbidden), "{line:?}");
            assert!(["[", "-- ", "-! "].iter().any(|start| line.starts_with(start)), "{line:?}");
        }
    }
}
