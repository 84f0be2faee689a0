//! Rooms: making, joining, leaving, inviting.

use crate::support::Server;

#[test]
fn a_message_reaches_every_member_once() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.send("/create rust");
    ann.sync();
    bob.send("/join rust");
    bob.expect("You joined #rust");
    ann.expect("bob joined #rust");
    ann.send("hello there");
    ann.sync();
    let lines = bob.sync();
    let said: Vec<_> = lines.iter().filter(|line| line.contains("#rust ann: hello there")).collect();
    assert_eq!(said.len(), 1, "{lines:#?}");
}
