//! One damaged message costs no other: not in a page, not in a resume, in either protocol.

use rusqlite::Connection;
use serde_json::json;

use crate::support::Server;

#[test]
fn a_damaged_message_is_shown_as_far_as_it_can_be_read_and_what_is_around_it_too() {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register_program("ana");
    for number in 2..=300 {
        ana.send(&json!({"type": "send", "room": "general", "text": format!("number {number}")}));
    }
    ana.sync();
    server.stop();
    let store = Connection::open(setup.data().join("chat.db")).expect("the store can be opened");
    store
        .execute("UPDATE message SET body = CAST(x'6361e920' AS TEXT) WHERE seq = 100", [])
        .expect("the message is there");
    drop(store);
    let server = setup.start();
    let mut ana = server.login_program("ana");
    let resumed = ana.ask(json!({"type": "resume", "rooms": {"general": 0}}));
    assert_eq!(resumed["type"], "resumed", "{resumed}");
    let texts: Vec<_> = ana.sync().into_iter().filter(|object| object["type"] == "message").collect();
    assert_eq!(
        texts.iter().map(|object| object["seq"].as_u64()).collect::<Vec<_>>(),
        (1..=300).map(Some).collect::<Vec<_>>()
    );
    assert_eq!(texts[99]["text"], "ca\u{FFFD} [damaged]");
    let page = ana.ask(json!({"type": "history", "room": "general", "from": 99, "to": 101}));
    assert_eq!(page["messages"].as_array().expect("messages").len(), 3, "{page}");
    let mut people = server.login("ana");
    let page = people.answer("/history #general 99-101");
    for (line, text) in page.iter().zip(["number 99", "ca\u{FFFD} [damaged]", "number 101"]) {
        assert!(line.ends_with(text), "{page:#?}");
    }
}
