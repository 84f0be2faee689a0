//! A message that the store cannot take is seen by nobody, and its sender is notified.

use std::net::TcpStream;

use rusqlite::Connection;
use serde_json::json;

use super::under_shell;
use crate::support::{Client, Server};

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

#[test]
fn what_is_read_by_a_request_that_cannot_be_stored_is_told_to_other_sessions() {
    let server = Server::new();
    let running = server.start();
    let (mut ana, mut bob) = (running.register_program("ana"), running.register_program("bob"));
    let mut elsewhere = running.program();
    let login = json!({"type": "login", "name": "ana", "password": "password-of-ana", "read_positions": true});
    assert_eq!(elsewhere.ask(login)["type"], "logged_in");
    assert_eq!(bob.ask(json!({"type": "send", "room": "general", "text": "one"}))["type"], "stored");
    ana.expect("message");
    elsewhere.expect("message");
    let other = Connection::open(server.data().join("chat.db")).expect("the store can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let answer = ana.ask(json!({"type": "send", "room": "general", "text": "lost"}));
    assert_eq!(answer["code"], "not_stored", "{answer}");
    let told = elsewhere.expect("read_set");
    assert_eq!((&told["room"], &told["unread"]), (&json!("general"), &json!(0)), "{told}");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
}

#[test]
fn a_lock_of_another_program_does_not_delay_a_stop() {
    let server = Server::new();
    let mut running = server.start();
    let (mut ana, mut bob) = (running.register_program("ana"), running.register("bob"));
    assert_eq!(ana.ask(json!({"type": "send", "room": "general", "text": "kept"}))["type"], "stored");
    let other = Connection::open(server.data().join("chat.db")).expect("the store can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    assert_eq!(ana.ask(json!({"type": "send", "room": "general", "text": "lost"}))["code"], "not_stored");
    // Whoever only asks is answered.
    assert_eq!(ana.ask(json!({"type": "whois", "name": "bob"}))["type"], "account");
    assert!(bob.ask("/history 1")[0].ends_with("ana: kept"));
    running.signal("TERM");
    // A stop that takes too long ends with code 6.
    assert_eq!(running.wait().code(), Some(0), "{}", running.log());
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    drop(other);
    let running = server.start();
    assert!(running.login("bob").ask("/history 1")[0].ends_with("ana: kept"));
}

#[test]
fn a_limit_of_file_sizes_is_a_full_disk() {
    let server = Server::new();
    // Units of 512 bytes.
    let mut running = server.start_by(|command| under_shell("ulimit -f 1600", &command));
    let (mut ana, mut bob) = (running.register_program("ana"), running.register("bob"));
    let mut stored = 0;
    let refused = loop {
        let answer = ana.ask(json!({"type": "send", "room": "general", "text": "x".repeat(1900)}));
        if answer["type"] != "stored" {
            break answer;
        }
        stored += 1;
        assert!(stored < 2000, "the limit was never reached");
    };
    assert_eq!(refused["code"], "not_stored");
    assert_eq!(ana.ask(json!({"type": "whois", "name": "bob"}))["type"], "account");
    // The first message is the welcome.
    let newest = format!("#general {} ana: xx", stored + 1);
    let is_newest = |lines: Vec<String>| lines.iter().any(|line| line.contains(&newest));
    assert!(is_newest(bob.ask("/history 1")));
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(0), "{}", running.log());
    let running = server.start();
    assert!(is_newest(running.login("bob").ask("/history 1")));
}

#[test]
fn a_limited_address_space_limits_the_connections_and_not_the_life_of_the_server() {
    let server = Server::with("login_timeout_s = 120");
    let mut running = server.start_by(|command| under_shell("ulimit -v 409600", &command));
    let (mut ana, mut bob) = (running.register("ana"), running.register("bob"));
    let (mut admitted, mut refused) = (Vec::new(), 0);
    while refused < 20 {
        let mut client = Client::over(TcpStream::connect(running.address).expect("the server accepts"));
        match client.line() {
            Some(line) if line.contains("full") => refused += 1,
            Some(_) => admitted.push(client),
            None => panic!("nothing was said"),
        }
        assert!(admitted.len() < 2000, "the address space does not limit the connections");
    }
    ana.send("still here");
    bob.expect("ana: still here");
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(0), "{}", running.log());
}
