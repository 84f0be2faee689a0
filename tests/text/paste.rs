//! Pasted lines wait for their pace, and can be stopped: by Ctrl-C, and by the loss of the connection. What completes no line
//! has a pace too.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PATIENCE, Program, Running, Server, Wire};

/// Ctrl-C, as telnet sends it.
const INTERRUPT: &[u8] = &[255, 244, 255, 253, 6];
const DO_TIMING_MARK: &[u8] = &[255, 253, 6];
const WONT_TIMING_MARK: &[u8] = &[255, 252, 6];
const LINES: usize = 60;

/// Ana, and bob, who hears her and is notified when she leaves. The rate is one at which her paste would take a minute.
fn ana_and_bob(lines_per_s: u64) -> (Running, Wire, Program) {
    let server = Server::with(&format!("rate_burst_lines = 5\nrate_lines_per_s = {lines_per_s}")).into_running();
    let mut bob = server.program();
    bob.ask(json!({"type": "register", "name": "bob", "password": "password-of-bob", "presence": true}));
    let ana = Wire::connect(server.address).registered("ana");
    (server, ana, bob)
}

fn paste(ana: &mut Wire) {
    ana.send((0..LINES).map(|number| format!("line {number}\r\n")).collect::<String>());
    ana.expect("-- Many lines at once: they are taken in order, ");
    ana.expect("a second. Ctrl-C drops those that wait.\r\n");
}

/// How many of the pasted lines bob hears until something is `last`.
fn heard(bob: &mut Program, last: impl Fn(&Value) -> bool) -> usize {
    let (mut objects, mut lines) = (std::iter::from_fn(|| bob.next()), 0);
    let last = objects.find(|object| {
        lines += usize::from(object["text"].as_str().is_some_and(|text| text.starts_with("line ")));
        last(object)
    });
    assert!(last.is_some(), "bob is still there");
    lines
}

fn is_offline(object: &Value) -> bool {
    object["type"] == "presence" && object["change"] == "offline"
}

#[test]
fn ctrl_c_drops_the_lines_that_wait_and_says_how_many() {
    let (_server, mut ana, mut bob) = ana_and_bob(1);
    paste(&mut ana);
    ana.send([INTERRUPT, b"after it\r\n"].concat());
    // The answer without which telnet shows nothing comes first.
    ana.expect(WONT_TIMING_MARK);
    ana.expect("-! ");
    let told = String::from_utf8(ana.expect("\r\n")).expect("UTF-8");
    let (dropped, words) = told.split_once(' ').expect("a number");
    assert_eq!(words, "lines were still waiting and are dropped: they were not sent or done.\r\n");
    let said = heard(&mut bob, |object| object["text"] == "after it");
    assert_eq!(said + dropped.parse::<usize>().expect("a number"), LINES);
}

#[test]
fn a_reset_drops_the_lines_that_wait() {
    let (_server, mut ana, mut bob) = ana_and_bob(1);
    paste(&mut ana);
    ana.reset();
    let start = Instant::now();
    while bob.ask(json!({"type": "whois", "name": "ana"}))["online"] == true {
        assert!(start.elapsed() < PATIENCE, "ana is still there");
    }
    let page = bob.ask(json!({"type": "history", "room": "general"}));
    let said = page["messages"].as_array().expect("messages").iter();
    let said = said.filter(|said| said["text"].as_str().is_some_and(|text| text.starts_with("line "))).count();
    assert!((1..LINES).contains(&said), "{said}");
}

#[test]
fn the_end_of_input_drops_nothing_and_is_told_while_lines_wait() {
    let (_server, mut ana, mut bob) = ana_and_bob(50);
    paste(&mut ana);
    ana.finish();
    ana.expect("-- Your input has ended. The lines of it that still wait are taken first.\r\n");
    ana.expect(format!("-- Bye ana. All {LINES} messages you sent are saved. You stay in #general.\r\n"));
    assert_eq!(heard(&mut bob, is_offline), LINES);
}

#[test]
fn what_completes_no_line_has_a_pace() {
    let server = Server::with("rate_burst_lines = 1\nrate_lines_per_s = 1").into_running();
    let mut wire = Wire::connect(server.address);
    let start = Instant::now();
    for _ in 0..64 {
        wire.send(DO_TIMING_MARK);
        wire.expect(WONT_TIMING_MARK);
    }
    // As much as four lines, of which one may come at once.
    assert!(start.elapsed() > Duration::from_millis(2900), "{:?}", start.elapsed());
    wire.send(DO_TIMING_MARK.repeat(1000));
    wire.send(b"quit\r\n");
    let rest = wire.rest();
    assert!(rest.windows(3).filter(|bytes| *bytes == WONT_TIMING_MARK).count() <= 2, "one answer to many");
}

#[test]
fn what_completes_no_line_has_a_pace_behind_lines_that_wait_too() {
    let (_server, mut ana, _bob) = ana_and_bob(1);
    paste(&mut ana);
    let start = Instant::now();
    // A sixteenth of a line each: as much as eight lines, of which five may come at once.
    for _ in 0..128 {
        ana.send(DO_TIMING_MARK);
        ana.expect(WONT_TIMING_MARK);
    }
    assert!(start.elapsed() > Duration::from_millis(2900), "{:?}", start.elapsed());
}
