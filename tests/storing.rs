//! What happens when the store cannot take what people say: nobody sees it, and its sender is told.

use rusqlite::Connection;

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

    // The chat goes on by itself, with the next number, and where everybody was.
    ann.send("after");
    let next = bob.line().expect("bob is connected");
    assert!(next.contains("#general ann: after"), "bob saw {next}");
    let history = ann.ask("/history 2");
    assert!(history[0].contains("#general 2 ann: before"), "{history:#?}");
    assert!(history[1].contains("#general 3 ann: after"), "{history:#?}");
    assert!(ann.ask("/join attic")[0].starts_with("-! No room #attic."));

    // And after a restart it is the same.
    running.stop();
    let running = server.start();
    let history = running.login("bob").ask("/history 2");
    assert!(history[1].contains("#general 3 ann: after"), "{history:#?}");
}
