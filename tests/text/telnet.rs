//! Sessions through the real `telnet` in pseudo-terminals, driven by `expect` (see `tests/text/telnet/`), and through `nc`.
//!
//! Reported as skipped where these programs are not installed; with `CHAT_TEST_REQUIRE_TOOLS` set that is a failure.

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Server;

const REQUIRED: &str = "CHAT_TEST_REQUIRE_TOOLS";

#[test]
fn a_first_evening_with_telnet_goes_as_a_newcomer_expects() {
    if !has_all(&["telnet", "expect"]) {
        return;
    }
    let folder = Server::new();
    let mut server = folder.start();
    let pid = server.pid().to_string();
    session("first_session.exp", server.address, &[&pid]);
    let status = server.wait();
    assert!(status.success(), "{status}: {}", server.log());
    assert!(!server.log().contains("secret-of"), "{}", server.log());

    let server = folder.start();
    session("second_session.exp", server.address, &[]);
    server.stop();
}

#[test]
fn no_key_freezes_a_telnet_session() {
    if has_all(&["telnet", "expect"]) {
        session("keys.exp", Server::start_new().address, &[]);
    }
}

#[test]
fn letters_of_any_script_arrive_as_they_were_typed() {
    // Each differs in how it answers, and in how it sends Enter then.
    for client in [
        &["telnet", "%h", "%p"][..],
        &["busybox", "telnet", "%h", "%p"],
        &["plink", "-telnet", "-P", "%p", "%h"],
        &["nc", "%h", "%p"],
    ] {
        if has_all(&["telnet", "expect", client[0]]) {
            session("letters.exp", Server::start_new().address, client);
        }
    }
}

#[test]
fn nc_is_warned_that_it_shows_what_is_typed() {
    if has_all(&["telnet", "expect", "nc"]) {
        session("nc.exp", Server::start_new().address, &[]);
    }
}

#[test]
fn a_script_with_nc_is_done_in_order_and_ends_by_itself() {
    if !has_all(&["nc"]) {
        return;
    }
    let server = Server::start_new();
    let mut ana = server.register("ana");
    ana.ask("/create tea");
    let (host, port) = (server.address.ip(), server.address.port());
    let script = format!("printf 'login ana password-of-ana\\n/say #tea hi\\n/quit\\n' | nc {host} {port}");
    let lines = shell(&script);
    assert!(lines[3].starts_with("-- Welcome back, ana."), "{lines:#?}");
    let last = "-- Bye ana. The message you sent is saved. You stay in #general and #tea.";
    assert_eq!(lines.last().map(String::as_str), Some(last), "{lines:#?}");
    ana.expect("#tea ana: hi");
}

#[test]
fn the_end_of_input_counts_as_quit_after_all_that_was_typed() {
    if !has_all(&["nc"]) {
        return;
    }
    let server = Server::start_new();
    let mut bob = server.register("bob");
    server.register("ana");
    let (host, port) = (server.address.ip(), server.address.port());
    // The last line has no end. `-N` tells the server that no more comes.
    let said: String = (1..=50).map(|number| format!("/say #general number {number}\\n")).collect();
    let script = format!("printf 'login ana password-of-ana\\n/set acks on\\n{said}the last' | nc -N {host} {port}");
    let lines = shell(&script);
    let last = "-- Bye ana. All 51 messages you sent are saved. You stay in #general.";
    assert_eq!(lines.last().map(String::as_str), Some(last), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("-- saved #general ")).count(), 51, "{lines:#?}");
    for number in 1..=50 {
        let line = bob.expect("#general ana: ");
        assert!(line.ends_with(&format!("#general ana: number {number}")), "{line}");
    }
    bob.expect("#general ana: the last");
}

/// Whether all of these programs are there; says so if they are not.
pub fn has_all(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_missing = |program: &&&str| !env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let Some(missing) = programs.iter().find(is_missing) else { return true };
    assert!(env::var_os(REQUIRED).is_none(), "{missing} is not installed, and {REQUIRED} is set");
    // Not by `eprintln!`, of which nothing is seen when a test passes.
    let _ = writeln!(io::stderr(), "skipped: {missing} is not installed");
    false
}

/// Runs a session of `tests/text/telnet/`; it must go well.
#[track_caller]
fn session(script: &str, server: SocketAddr, more: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/text/telnet").join(script);
    let mut command = Command::new("expect");
    command.arg("-f").arg(script).arg(server.ip().to_string()).arg(server.port().to_string()).args(more);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().expect("expect runs");
    let (terminals, complaint) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{terminals}\n{complaint}");
}

/// The lines that a shell command prints. It must end by itself, in half a minute.
#[track_caller]
fn shell(script: &str) -> Vec<String> {
    let output = Command::new("timeout").args(["30", "sh", "-c", script]).output().expect("a shell runs");
    let printed = String::from_utf8(output.stdout).expect("the server sends UTF-8");
    assert!(output.status.success(), "{}: {script}\n{printed}", output.status);
    printed.lines().map(str::to_owned).collect()
}
