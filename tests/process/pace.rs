//! The pace of lines: every line of a connection counts from its start to its end, and an account has one over all its
//! connections.

use serde_json::{Value, json};

use crate::support::{Client, Program, Running, Server, Wire};

/// A burst that a test uses up, and a rate at which nothing is refilled while it does.
const BURST: &str = "rate_burst_lines = 50\nrate_lines_per_s = 1\nlogin_bad_lines_max = 1000000";
const SLOWED: &str = "-- Many lines at once: they are taken in order, 1 a second. Ctrl-C drops those that wait.";
/// The same, and nobody gets far behind it.
const FLOOD: &str = "rate_burst_lines = 50\nrate_lines_per_s = 1\nflood_max_lines = 2\nlogin_bad_lines_max = 1000000
json_line_max_bytes = 2048";

/// The number of objects of this type until the connection ends.
fn count(objects: &[Value], kind: &str) -> usize {
    objects.iter().filter(|object| object["type"] == kind).count()
}

#[test]
fn lines_before_the_login_are_slowed_down_with_one_notice_and_then_cut() {
    let server = Server::with(FLOOD).into_running();
    let people = ["nonsense", "", "help", "register ab x"].map(|line| {
        let mut wire = Wire::connect(server.address);
        wire.expect("quit\r\n");
        wire.send(format!("{line}\r\n").repeat(60));
        (line, wire)
    });
    let long = "x".repeat(3000);
    let programs = ["nonsense", "", r#"{"type":"ping"}"#, r#"{"type":"rooms"}"#, &long].map(|line| {
        let mut program = server.program();
        program.try_send_bytes(format!("{line}\n").repeat(60).as_bytes());
        (line, program)
    });
    // All of them wait at the same time.
    for (line, mut wire) in people {
        let rest = wire.rest_text();
        assert!(rest.ends_with("-! Too many lines, too fast, for too long. Goodbye.\r\n"), "{line:?}: {rest}");
        assert_eq!(rest.matches("-- Many lines at once: ").count(), 1, "{line:?}: {rest}");
    }
    for (line, mut program) in programs {
        let rest = program.rest();
        assert_eq!(count(&rest, "slow_down"), 1, "{line:?}: {rest:?}");
        assert_eq!(rest.last().expect("a closing line")["reason"], "flooding", "{line:?}: {rest:?}");
    }
}

#[test]
fn lines_at_a_prompt_count() {
    let server = Server::with(BURST).into_running();
    // What is sent ahead of a prompt that is given up is dropped, so each one waits for the answer to the one before it.
    let give_up = |client: &mut Client, command: &str| {
        client.send_bytes(format!("{command}\r\n\r\n").as_bytes());
        let answered = |line: &str| line.starts_with("-! ") || line == SLOWED;
        std::iter::from_fn(|| client.line()).find(|line| answered(line)).is_some_and(|line| line == SLOWED)
    };
    let mut stranger = Client::connect(server.address);
    assert!((0..45).any(|_| give_up(&mut stranger, "login ana")));
    let mut ana = server.register("ana");
    assert!((0..45).any(|_| give_up(&mut ana, "/password")));
}

#[test]
fn logging_out_and_in_again_is_no_way_around_the_rate_of_lines() {
    let server = Server::with(BURST).into_running();
    let mut program = server.register_program("ana");
    let token = program.ask(json!({"type": "new_token", "name": "bridge"}))["token"].clone();
    // Each round has two lines, so the burst of the connection is over within thirty.
    for _ in 0..30 {
        program.send(&json!({"type": "logout"}));
        program.send(&json!({"type": "login", "name": "ana", "token": token}));
    }
    program.expect("slow_down");
}

#[test]
fn what_was_sent_before_a_login_leaves_less_for_the_session() {
    let server = Server::with(BURST).into_running();
    server.register("ana");
    let mut ana = Client::connect(server.address);
    ana.send_bytes("help\r\n".repeat(40).as_bytes());
    ana.send("login ana password-of-ana");
    ana.expect("-- Welcome back, ana.");
    ana.send_bytes("/version\r\n".repeat(45).as_bytes());
    ana.expect(SLOWED);
}

/// Sends 45 lines, and reads until they are answered or slowed down. Returns whether they were.
fn is_slowed(program: &mut Program) -> bool {
    program.send_bytes(&b"{\"type\":\"ping\"}\n".repeat(45));
    let mut answers = std::iter::from_fn(|| program.next()).filter(|object| object["type"] != "logged_in");
    answers.by_ref().take(45).any(|object| object["type"] == "slow_down")
}

#[test]
fn an_account_has_one_pace_over_all_its_connections_also_over_those_that_were_closed() {
    let server = Server::with(BURST).into_running();
    drop((server.register("ana"), server.register("bob")));
    let login = |server: &Running, name| server.login_program(name);
    assert!(!is_slowed(&mut login(&server, "ana")), "a burst of 50, twice for the account");
    assert!(!is_slowed(&mut login(&server, "ana")));
    assert!(is_slowed(&mut login(&server, "ana")), "100 lines are over");
    let mut person = server.connect();
    person.send("login ANA password-of-ana");
    person.send_bytes("/version\r\n".repeat(45).as_bytes());
    person.expect(SLOWED);
    assert!(!is_slowed(&mut login(&server, "bob")), "each account has its own");
}

#[test]
fn an_operator_sets_how_many_connections_of_an_account_may_go_at_full_speed() {
    let server = Server::with(&format!("{BURST}\nrate_account_factor = 4")).into_running();
    drop(server.register("ana"));
    for _ in 0..4 {
        assert!(!is_slowed(&mut server.login_program("ana")));
    }
}
