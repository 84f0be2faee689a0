//! Clients that read slowly or not at all: they cost themselves the connection at most, and nobody else anything.

use std::time::Instant;

use crate::support::{Client, PATIENCE, Running, Server, Wire, connect_narrow};

/// Small outboxes, so that a test need not send much.
const SMALL: &str = "outbox_max_bytes = 65536\nsend_buffer_bytes = 4096\nlog_level = \"debug\"";

/// A message of about 1,000 bytes that tells its number.
fn message(number: usize) -> String {
    format!("number {number} {}", "x".repeat(980))
}

/// The numbers of the messages among `lines`.
fn numbers(lines: &str) -> Vec<usize> {
    let messages = lines.lines().filter_map(|line| line.split_once(" ana: number ")).map(|(_, text)| text);
    messages.map(|text| text.split(' ').next().expect("a number").parse().expect("a number")).collect()
}

/// A logged-in client with a small receive buffer, which has read its greeting.
fn narrow(server: &Running, name: &str) -> Wire {
    Wire::over(connect_narrow(server.address)).registered(name)
}

/// Waits until only these are online.
fn wait_until_online(client: &mut Client, expected: &str) {
    let start = Instant::now();
    while client.ask("/who").last().map(String::as_str) != Some(expected) {
        assert!(start.elapsed() < PATIENCE, "{:?}", client.ask("/who"));
    }
}

#[test]
fn a_member_that_never_reads_is_cut_and_the_others_get_everything_in_order() {
    let mut server = Server::with(SMALL).into_running();
    let mut ana = server.register("ana");
    let mut others = ["bob", "cho"].map(|name| server.register(name));
    let mut stalled = narrow(&server, "dee");
    ana.sync();
    for number in 0..500 {
        ana.send(&message(number));
        if number % 50 == 49 {
            ana.sync();
            for other in &mut others {
                assert_eq!(numbers(&other.sync().join("\n")), (number - 49..=number).collect::<Vec<_>>());
            }
        }
    }
    assert_eq!(ana.ask("/who"), ["-- 3 online: ana, bob, cho."]);
    // What it got was in order, and ended with a whole line.
    let rest = stalled.rest_text();
    let got = numbers(rest.rsplit_once('\n').map_or("", |(whole, _)| whole));
    assert_eq!(got, (0..got.len()).collect::<Vec<_>>());
    assert!(got.len() < 500);

    server.signal("TERM");
    assert!(server.wait().success());
    let log = server.log();
    let cut: Vec<&str> = log.lines().filter(|line| line.contains("reason=slow-reader")).collect();
    assert_eq!(cut.len(), 1, "{log}");
    assert!(cut[0].contains("[DEBUG]") && cut[0].contains("connection ended client="), "{}", cut[0]);
    assert!(log.lines().any(|line| line.contains("connections ended") && line.contains("slow-reader=1")), "{log}");
}

#[test]
fn a_client_that_takes_nothing_for_too_long_is_cut_for_little_as_well() {
    let server = Server::with("stall_timeout_s = 1\nsend_buffer_bytes = 4096").into_running();
    let mut ana = server.register("ana");
    let mut quiet = server.register("bob");
    let _stalled = narrow(&server, "dee");
    // Far less than the outbox may hold, and more than the kernel takes.
    for number in 0..50 {
        ana.send(&message(number));
    }
    ana.sync();
    quiet.sync();
    wait_until_online(&mut ana, "-- 2 online: ana, bob.");
    assert_eq!(numbers(&quiet.sync().join("\n")), Vec::<usize>::new(), "it had all, and who says nothing is not cut");
}

#[test]
fn a_client_that_reads_slowly_but_steadily_is_not_cut_and_loses_nothing() {
    let server = Server::with(SMALL).into_running();
    let mut ana = server.register("ana");
    let mut slow = narrow(&server, "slow");
    ana.sync();
    // Always some 40 messages behind: more than both kernels take, less than the outbox may hold.
    for number in 0..600 {
        ana.send(&message(number));
        ana.sync();
        if number >= 40 {
            slow.expect(format!("number {} ", number - 40));
        }
    }
    slow.expect("number 599 ");
    slow.expect("\r\n");
    slow.send("/whois sync\r\n");
    slow.expect("-! Nobody is called sync.");
    let received = String::from_utf8_lossy(slow.received()).into_owned();
    assert_eq!(numbers(&received), (0..600).collect::<Vec<_>>());
    assert!(received.lines().all(|line| line.len() < 1100), "no line was torn");
}

#[test]
fn a_client_that_was_behind_and_caught_up_is_served_directly_again() {
    let server = Server::with(SMALL).into_running();
    let mut ana = server.register("ana");
    let mut slow = narrow(&server, "slow");
    ana.sync();
    let mut number = 0;
    for _ in 0..20 {
        for _ in 0..40 {
            ana.send(&message(number));
            number += 1;
        }
        ana.sync();
        slow.expect(format!("number {} ", number - 1));
        ana.send("a short one");
        slow.expect("ana: a short one\r\n");
    }
    assert_eq!(numbers(&String::from_utf8_lossy(slow.received())), (0..number).collect::<Vec<_>>());
}

/// Twenty pages of some 60 KiB are asked for at once; reading begins when the server has read that.
#[test]
fn whoever_asks_for_many_pages_and_reads_them_late_gets_them_all() {
    const PAGES: usize = 20;
    let server = Server::start_new();
    let mut ana = server.register("ana");
    for number in 0..30 {
        ana.send(&format!("number {number} {}", "x".repeat(1900)));
    }
    ana.sync();
    let mut wire = Wire::over(connect_narrow(server.address));
    wire.send(format!("login ana password-of-ana\r\n{}", "/history #general 2-31\r\n".repeat(PAGES)));
    wire.finish();
    wire.expect("-- Now in #general.\r\n");
    (0..200).for_each(|_| drop(ana.sync()));
    let rest = wire.rest_text();
    let last = &rest[rest.len().saturating_sub(300)..];
    assert!(rest.ends_with("-- Bye ana. You stay in #general.\r\n"), "{last}");
    let got: Vec<&str> = rest.lines().filter_map(|line| line.split_once(" ana: ")).map(|(_, text)| text).collect();
    assert_eq!(got.len(), PAGES * 30, "{last}");
}

#[test]
fn the_answers_to_a_script_arrive_whole_at_a_slow_reader() {
    let server = Server::with(SMALL).into_running();
    let mut ana = server.register("ana");
    for number in 0..40 {
        ana.send(&message(number));
    }
    ana.sync();
    let mut wire = Wire::over(connect_narrow(server.address));
    wire.send("login ana password-of-ana\r\n/history 40\r\n/quit\r\n");
    wire.finish();
    // At the closing line, most of the page is still in the server.
    wire.expect("-- Now in #general.\r\n");
    (0..50).for_each(|_| drop(ana.sync()));
    let rest = wire.rest_text();
    let history: Vec<usize> = rest.lines().filter_map(|line| line.split_once(" ana: number ")).map(|_| 0).collect();
    assert_eq!(history.len(), 40, "{rest}");
    assert!(rest.ends_with("-- Bye ana. You stay in #general.\r\n"), "{rest}");
}

#[test]
fn a_client_that_never_reads_its_own_answers_is_cut() {
    let server = Server::with(&format!("{SMALL}\nstall_timeout_s = 1")).into_running();
    let mut ana = server.register("ana");
    let mut greedy = narrow(&server, "greedy");
    ana.sync();
    greedy.send("/help all\r\n".repeat(200));
    wait_until_online(&mut ana, "-- 1 online: ana.");
}

#[test]
fn a_client_that_is_cut_is_gone_at_once_and_what_it_had_still_to_say_is_not_said() {
    let pace = "stall_timeout_s = 1\nrate_burst_lines = 40\nrate_lines_per_s = 1\nflood_max_lines = 1000";
    let server = Server::with(&format!("{SMALL}\n{pace}")).into_running();
    let mut ana = server.register("ana");
    let mut greedy = narrow(&server, "greedy");
    ana.sync();
    greedy.send("/help all\r\n".repeat(40));
    greedy.send("said by nobody\r\n".repeat(60));
    let start = Instant::now();
    loop {
        let lines = ana.ask("/who");
        assert!(!lines.iter().any(|line| line.contains("said by nobody")), "{lines:#?}");
        if lines.last().map(String::as_str) == Some("-- 1 online: ana.") {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{lines:#?}");
    }
}
