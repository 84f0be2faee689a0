//! Sessions that are closed by somebody else while much is said.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::Server;
use crate::text::login::WRONG;

#[test]
fn a_new_password_closes_the_other_connections_before_the_next_message() {
    let server = Server::start_new();
    let (mut here, mut pump) = (server.register("ana"), server.register("pump"));
    here.sync();
    let mut others = [server.login("ana"), server.login("ana")];
    let is_changed = AtomicBool::new(false);
    let (heard_before, heard_by_others) = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..100_000 {
                pump.send(&format!("number {number}"));
                if number % 20 == 0 {
                    pump.sync();
                }
                if is_changed.load(Ordering::Relaxed) {
                    return pump.send("the last one");
                }
            }
        });
        let others = others.each_mut().map(|other| scope.spawn(|| other.rest()));
        here.expect("number 50");
        here.send_bytes(b"/password\r\npassword-of-ana\r\na-new-password\r\na-new-password\r\n");
        let mut heard = 51;
        loop {
            let line = here.line().expect("it stays connected");
            if line == "-- Your password is changed, and your 2 other connections are closed." {
                break;
            }
            heard += usize::from(line.contains("pump: number "));
        }
        is_changed.store(true, Ordering::Relaxed);
        here.expect("the last one");
        (heard, others.map(|other| other.join().expect("it was read to its end")))
    });
    for lines in heard_by_others {
        let heard = lines.iter().filter(|line| line.contains("pump: ")).count();
        assert_eq!(heard, heard_before, "the connection heard what was said before the change, and nothing after it");
        assert_eq!(
            lines.last().map(String::as_str),
            Some("-- Your password was changed on another connection, so this one is closed. Log in with the new one.")
        );
    }
    let mut client = server.connect();
    client.send("login ana password-of-ana");
    client.expect(WRONG);
    client.send("login ana a-new-password");
    client.expect("-- Welcome back, ana.");
}

#[test]
fn nothing_follows_the_farewell_of_a_session_that_was_closed() {
    let server = Server::start_new();
    let mut ops = server.register_operator("ops");
    server.register("bob");
    for round in 0..10 {
        let mut bob = server.login("bob");
        for n in 0..200 {
            bob.send(&format!("/me is here for line {n}"));
        }
        ops.send("/server kick bob enough");
        // What he sent after the server stopped reading is dropped.
        let lines = bob.rest();
        let [.., reason, bye] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(reason, "-- ops, an operator of the server, closed your connections: \"enough\"", "{round}");
        assert!(bye.starts_with("-- Bye bob."), "{round}: {bye}");
        ops.sync();
    }
}
