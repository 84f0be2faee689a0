//! A message that the store cannot take is seen by nobody, and its sender is notified.

use rusqlite::Connection;
use serde_json::json;

use crate::support::Server;

#[test]
fn a_message_that_cannot_be_stored_is_refused_and_seen_by_nobody() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    ann.send("before");
    bob.expect("#general ann: before");

    // Another program holds the lock for writing, longer than the server waits for it.
    let other = Connection::open(server.data().join("chat.db")).expect("the store can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    ann.send("lost words");
    ann.send("/create attic");
    // The first turn fails, and with it, or in one of its own, the second line.
    ann.expect("-! Not saved");
    ann.expect("-! Not saved");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    drop(other);

    // The chat goes on without a restart, with the next number, and with everybody where they were.
    ann.send("after");
    let next = bob.line().expect("bob is connected");
    assert!(next.contains("#general ann: after"), "bob saw {next}");
    let history = ann.ask("/history 2");
    assert!(history[0].contains("#general 2 ann: before"), "{history:#?}");
    assert!(history[1].contains("#general 3 ann: after"), "{history:#?}");
    assert!(ann.ask("/join attic")[0].starts_with("-! No room #attic."));

    // A restart changes nothing.
    running.stop();
    let running = server.start();
    let history = running.login("bob").ask("/history 2");
    assert!(history[1].contains("#general 3 ann: after"), "{history:#?}");
}

#[test]
fn a_session_that_ends_in_a_turn_that_cannot_be_stored_is_told_so_and_others_see_it_go() {
    let server = Server::new();
    let running = server.start();
    let mut watcher = running.program();
    let register = json!({"type": "register", "name": "watcher", "password": "of the kettle", "presence": true});
    assert_eq!(watcher.ask(register)["type"], "registered");
    let (mut ana, mut elsewhere) = (running.register_program("ana"), running.login_program("ana"));
    watcher.sync();
    let other = Connection::open(server.data().join("chat.db")).expect("the store can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let answer = ana.ask(json!({"type": "set_password", "old": "password-of-ana", "new": "another password"}));
    assert_eq!(answer["code"], "not_stored", "{answer}");
    let bye = elsewhere.rest().pop().expect("a closing line");
    assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("fault")), "{bye}");
    ana.ask(json!({"type": "quit"}));
    let presence = watcher.expect("presence");
    assert_eq!((&presence["name"], &presence["online"]), (&json!("ana"), &json!(false)), "{presence}");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
}
