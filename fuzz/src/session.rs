//! Whole sessions: lines of several people, from the parser through the chat to the lines that everybody receives.

use chat_server::address::Address;
use chat_server::chat::{
    Answer, Ask, Audience, Chat, ChatLimits, ClientId, Command, Delivery, Effects, Facts, Grant, Input, MessageKind,
    Name, Origin, PasswordHash, Snapshot, Timestamp, is_forbidden,
};
use chat_server::protocol::text::{Text as TextProtocol, Typed, parse};
use chat_server::protocol::{Clock, Context, Protocol};

const PEOPLE: [&str; 4] = ["ana", "bob", "cho", "dee"];
/// Largest answer to one line, not counting pages of history, which come from the store.
const OUTPUT_MAX_BYTES: usize = 64 << 10;

/// The first byte of each line of the input chooses its sender and the time that has passed. The chat never panics, the
/// same lines have the same effects, and everybody receives only clean, complete lines.
pub fn session(data: &[u8]) {
    let (mut chat, mut twin) = (founded(), founded());
    let mut now = Timestamp(1_700_000_000_000);
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let Some((first, line)) = line.split_first() else { continue };
        let client = ClientId(u64::from(first % 4));
        now.0 += i64::from(first / 4) * 60_000;
        let ask = match parse(&line[..line.len().min(4096)]) {
            Typed::Ask(ask) => ask,
            Typed::Direct(command) => command.into(),
            // A bare word that is typed again is sent as a message.
            Typed::Bare(_, text) => Command::Say { room: None, kind: MessageKind::Speech, text, key: None }.into(),
            _ => continue,
        };
        let effects = [&mut chat, &mut twin].map(|chat| {
            let mut effects = Effects::default();
            chat.act(now, client, true, &mut effects);
            match &ask {
                Ask::Query(query) => effects.deliveries.push(Delivery::Answer(client, chat.ask(now, client, query))),
                Ask::Command(command) => {
                    let input = Input::Command(command.clone(), Facts::default());
                    chat.handle(now, client, input, &mut effects);
                }
            }
            effects
        });
        assert_eq!(effects[0], effects[1], "the same inputs have the same effects");
        check(&chat, &effects[0], now);
        chat.settle();
        twin.settle();
    }
}

/// A chat with four people in it.
fn founded() -> Chat {
    let limits =
        ChatLimits { list_page_rows: 10, rooms_per_account_max: 3, members_per_room_max: 4, ..ChatLimits::default() };
    let mut chat = Chat::load(limits, Snapshot::default());
    let now = Timestamp(1_700_000_000_000);
    chat.found(now, &mut Effects::default());
    for (number, name) in (0..).zip(PEOPLE) {
        let name = Name::parse(name).expect("it is a name");
        let address = Address::parse("127.0.0.1").expect("it is an address");
        let input = Input::Register { name, hash: PasswordHash("!".into()), code: None, origin: Origin::text(address) };
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
            Delivery::Answer(client, answer) => {
                assert!(client.0 < 4);
                match answer {
                    Answer::Event(event) => event,
                    Answer::Entered(event, grant) => {
                        check_grant(grant);
                        event
                    }
                    Answer::Page(grant) => {
                        check_grant(grant);
                        continue;
                    }
                }
            }
            Delivery::End(client, _) => {
                assert!(!chat.is_logged_in(*client));
                continue;
            }
        };
        let mut out = Vec::new();
        TextProtocol.answer(told, None, Context { now, clock: &Clock::utc() }, &mut out);
        // Most answers of the text protocol are empty.
        if out.is_empty() {
            continue;
        }
        assert!(out.len() <= OUTPUT_MAX_BYTES, "{} bytes", out.len());
        let text = std::str::from_utf8(&out).expect("it is UTF-8");
        for line in text.strip_suffix("\r\n").expect("it is whole lines").split("\r\n") {
            assert!(!line.chars().any(is_forbidden), "{line:?}");
            assert!(["[", "-- ", "-! "].iter().any(|start| line.starts_with(start)), "{line:?}");
        }
    }
}

fn check_grant(grant: &Grant) {
    assert!(grant.ranges.iter().all(|range| range.from >= 1 && range.to <= range.last));
}
