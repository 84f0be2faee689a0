//! Limits on passwords and accounts that are tried, and on the work that they cost.

use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::support::{Client, Server, Wire, connect_from};
use crate::text::login::WRONG;

#[test]
fn wrong_passwords_are_bounded_by_account_and_address_so_that_the_owner_gets_in_from_elsewhere() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    server.register("ana");
    server.register("bob");
    let too_many = "-! Too many passwords from your address. Nothing was done. Try again in ";
    let from = |source: &str| Client::over(connect_from(server.address, source));
    let mut guesser = from("127.0.0.2");
    for name in ["ana", "ANA", "ana"] {
        guesser.send(&format!("login {name} not-the-password"));
        assert_eq!(guesser.expect("-! "), WRONG);
    }
    // The right password is not looked at either, on this connection and on another one.
    for client in [&mut guesser, &mut from("127.0.0.2")] {
        client.send("login Ana password-of-ana");
        assert!(client.expect("-! ").starts_with(too_many));
        client.send_bytes(b"login ana\r\npassword-of-ana\r\n");
        assert!(client.expect("-! ").starts_with(too_many));
    }
    let mut owner = from("127.0.0.3");
    owner.send("login ana password-of-ana");
    owner.expect("-- Welcome back, ana.");
    guesser.send("login bob password-of-bob");
    guesser.expect("-- Welcome back, bob.");
    // Those who are right do not use their tries up.
    for _ in 0..4 {
        let mut owner = from("127.0.0.3");
        owner.send("login ana password-of-ana");
        owner.expect("-- Welcome back, ana.");
    }
    // The own password is guarded alike.
    owner.sync();
    for _ in 0..3 {
        owner.send_bytes(b"/password\r\nnot-the-password\r\nnew-password\r\nnew-password\r\n");
        owner.expect("-! That is not your password. Nothing was changed.");
    }
    owner.send_bytes(b"/account delete\r\npassword-of-ana\r\n");
    assert!(owner.expect("-! ").starts_with(too_many));
    owner.sync();
}

#[test]
fn many_guesses_at_the_same_moment_are_bounded_too() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    server.register("ana");
    let barrier = Barrier::new(16);
    let evaluated = thread::scope(|scope| {
        let guess = |_| {
            scope.spawn(|| {
                let mut client = server.connect();
                client.expect("quit");
                barrier.wait();
                client.send("login ana not-the-password");
                client.expect("-! ") == WRONG
            })
        };
        let guesses: Vec<_> = (0..16).map(guess).collect();
        guesses
            .into_iter()
            .map(|guess| guess.join().expect("no guess fails"))
            .filter(|was_evaluated| *was_evaluated)
            .count()
    });
    assert_eq!(evaluated, 3);
}

#[test]
fn new_accounts_are_bounded_by_address_and_only_those_that_are_created_count() {
    let server = Server::with("registrations_per_address_per_hour_max = 2").into_running();
    server.register("ana");
    let mut client = server.connect();
    for line in ["register ana password-of-ana", "register an@ password-of-ana", "register bob short", "register 4na x"]
    {
        client.send(line);
        client.expect("-! ");
    }
    client.send("register an-a password-of-an-a");
    client.expect("-- Welcome, an-a.");
    let mut third = server.connect();
    third.send("register cho password-of-cho");
    third.expect("-! Too many new accounts from your address. Nothing was done. Try again in 60 minutes.");
    let mut elsewhere = Client::over(connect_from(server.address, "127.0.0.2"));
    elsewhere.send("register cho password-of-cho");
    elsewhere.expect("-- Welcome, cho.");
}

#[test]
fn a_password_is_not_checked_for_a_client_that_was_reset_meanwhile() {
    let server = Server::with("password_hashes_at_once = 1\nlog_level = \"debug\"").into_running();
    drop(server.register("ana"));
    let mut wires: Vec<Wire> = (0..64).map(|_| Wire::connect(server.address)).collect();
    for wire in &mut wires {
        wire.expect("quit\r\n");
        wire.send("login ana not-her-password\r\n");
    }
    // By the answer to one, the others wait for their turns, of which each takes some ten milliseconds.
    wires.remove(0).expect(WRONG);
    wires.into_iter().for_each(|wire| wire.reset());
    server.login("ana");
    let log = server.log();
    assert!(log.contains("a password was not checked") && log.contains("its client no longer waits"), "{log}");
}

#[test]
fn a_wrong_token_counts_as_a_wrong_password() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    let mut ann = server.register_program("ann");
    let token = ann.ask(json!({"type": "new_token", "name": "bridge"}))["token"].clone();
    let login = |token| server.program().ask(json!({"type": "login", "name": "ann", "token": token}));
    for _ in 0..3 {
        assert_eq!(login(json!(format!("token:{}", "a2".repeat(16))))["code"], "wrong_password");
    }
    let refused = login(token);
    assert_eq!(refused["code"], "too_many_logins");
    assert!(refused["wait_s"].as_u64().is_some_and(|wait| (1..=60).contains(&wait)), "{refused}");
}
