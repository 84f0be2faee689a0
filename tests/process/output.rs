//! The log, and a standard output or error that is closed, full or never read.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Instant;

use super::{ANYWHERE, Process, STOPPING, listening_address, under_shell};
use crate::support::{Client, PATIENCE, Server};

#[test]
fn an_event_is_one_line_of_the_log_and_what_people_write_is_not_in_it() {
    let setup = Server::with("log_level = \"trace\"");
    let mut server = setup.start();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    for text in [
        "xyzzy\x1b[2J",
        "xyzzy\u{202e}",
        "xyzzy\x0b\u{85}\u{2028}",
        "/nonsense xyzzy",
        "/topic xyzzy",
        "/msg bob xyzzy",
    ] {
        ana.send(text);
    }
    ana.send_bytes(b"xyzzy\xff\xc3\r\n");
    ana.sync();
    bob.send("/quit");
    bob.rest();
    let mut stranger = server.connect();
    stranger.send("login \x1b[2Jxyzzy\u{9b} \x07xyzzy");
    stranger.send("login ana \x1b[2Jxyzzy");
    stranger.expect("Wrong name");
    drop(ana);
    server.signal("TERM");
    assert!(server.wait().success());
    let log = server.log();
    for line in log.lines() {
        let (time, event) = line.split_once(" [").expect("a time and a level");
        assert!(time.len() > 19 && time.as_bytes()[10] == b'T' && time.ends_with('Z'), "{line}");
        assert!(
            ["ERROR] ", "WARN] ", "INFO] ", "DEBUG] ", "TRACE] "].iter().any(|level| event.starts_with(level)),
            "{line}"
        );
        assert!(!line.chars().any(chat_server::chat::is_forbidden), "{line:?}");
        assert!(!line.contains("xyzzy"), "{line}");
        assert!(!line.contains("[ERROR]"), "{line}");
    }
    for part in [
        "listening protocol=text address=127.0.0.1:",
        "connection accepted client=1 ",
        "reason=quit",
        "wrong name or password client=",
        "stopped",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

/// Two people talk, and the server stops cleanly.
fn check_it_works(address: SocketAddr, process: &mut Process) {
    let (mut ana, mut bob) = (Client::connect(address), Client::connect(address));
    for (client, name) in [(&mut ana, "ana"), (&mut bob, "bob")] {
        client.send(&format!("register {name} password-of-{name}"));
        client.expect("commands you need.");
    }
    // Each leaves some lines in a log at debug level.
    for _ in 0..100 {
        let mut client = Client::connect(address);
        client.send("quit");
        client.expect("-- Bye.");
    }
    ana.send("can you hear me?");
    bob.expect("#general ana: can you hear me?");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    assert_eq!(bob.rest().last().map(String::as_str), Some(STOPPING));
}

#[test]
fn a_closed_or_full_standard_output_does_no_harm() {
    for before in ["exec >&-", "exec >/dev/full"] {
        let setup = Server::with("log_level = \"debug\"");
        let log = setup.path().join("log");
        let file = File::create(&log).expect("a file");
        let mut process = Process::of(under_shell(before, &setup.command(ANYWHERE)).stderr(file));
        let start = Instant::now();
        let address = loop {
            let text = fs::read_to_string(&log).expect("it can be read");
            let found = text.lines().filter_map(|line| line.split_once("listening protocol=text address=")).next();
            if let Some((_, address)) = found {
                break address.parse().expect("an address");
            }
            assert!(
                start.elapsed() < PATIENCE && process.0.try_wait().is_ok_and(|end| end.is_none()),
                "{before}: {text}"
            );
        };
        check_it_works(address, &mut process);
    }
}

#[test]
fn a_closed_full_or_unread_standard_error_does_no_harm() {
    for before in ["exec 2>&-", "exec 2>/dev/full", ""] {
        let setup = Server::with("log_level = \"trace\"");
        let mut command = under_shell(if before.is_empty() { ":" } else { before }, &setup.command(ANYWHERE));
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        if before.is_empty() {
            // The pipe is full now, and nobody ever reads it.
            writer.write_all(&[b'x'; 65536]).expect("it fits");
        }
        let mut process = Process::of(command.stdout(Stdio::piped()).stderr(writer));
        let address = listening_address(process.0.stdout.take().expect("it is piped"));
        check_it_works(address, &mut process);
        drop(reader);
    }
}
