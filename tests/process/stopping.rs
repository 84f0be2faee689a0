//! Stopping, and what there is after the next start.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{ANYWHERE, Process, STOPPING, listening_address, under_shell};
use crate::support::{Client, PATIENCE, Running, Server, Wire, connect_narrow, timeless};

#[test]
fn after_a_restart_everything_is_as_it_was() {
    let setup = Server::new();
    let server = setup.start();
    let code = server.operator_code.clone().expect("a code");
    let names = ["ana", "bob", "cho", "dee"];
    let [mut ana, mut bob, mut cho, mut dee] = names.map(|name| server.register(name));
    for line in ["/set acks on", &format!("/operator {code}"), "/create Tea", "/topic cake & gossip"] {
        ana.send(line);
    }
    ana.sync();
    for client in [&mut bob, &mut dee] {
        client.send("/join tea");
        client.sync();
    }
    for line in [
        "/op bob",
        "/ban dee 2d too loud",
        "/create den private",
        "/invite bob",
        "/invite cho",
        "/invite code",
        "in the den",
        "/server ban 192.0.2.7 flooding",
        "/server ban dee 2d spam",
        "/create gone",
        "/room delete gone",
    ] {
        ana.send(line);
    }
    ana.sync();
    cho.send("/quit");
    cho.rest();
    for line in
        ["/accept den", "/say #general cho, are you there?", "/say #general again", "/msg cho hi", "/away at lunch"]
    {
        bob.send(line);
    }
    bob.sync();
    dee.rest();
    ana.sync();

    let ask_all = |ana: &mut Client, bob: &mut Client| -> Vec<Vec<String>> {
        let of_ana = [
            "/rooms",
            "/room #tea",
            "/room #den",
            "/bans #tea",
            "/server bans",
            "/history #general",
            "/history #tea",
            "/history #den",
            "/who #tea",
            "/who #den",
            "/whois bob",
            "/whois dee",
            "/history #gone",
            "/join gone",
        ];
        let of_bob =
            ["/rooms", "/room #tea", "/history @cho", "/whois ana", "/who", "/invite cho #tea", "/uninvite cho #tea"];
        let of_ana: Vec<_> = of_ana.into_iter().map(|line| ana.answer(line)).collect();
        of_ana.into_iter().chain(of_bob.into_iter().map(|line| bob.answer(line))).collect()
    };
    let before = ask_all(&mut ana, &mut bob);
    let welcome = |server: &Running| -> Vec<String> {
        let mut cho = server.connect();
        cho.send_bytes(b"login cho password-of-cho\r\n/quit\r\n");
        cho.rest().iter().map(|line| timeless(line)).collect()
    };
    // Notices are shown once.
    welcome(&server);
    let welcome_before = welcome(&server);
    for part in ["#general  2 new, 1 names you", "@bob  1 new", "-- ana invites you to #den (private) until"] {
        assert!(welcome_before.iter().any(|line| line.contains(part)), "{part} is not in {welcome_before:#?}");
    }
    server.stop();

    let server = setup.start();
    assert_eq!(server.operator_code, None);
    let (mut ana, mut bob) = (server.login("ana"), server.login("bob"));
    // Only the greeting of a server without people differs.
    assert_eq!(welcome(&server), welcome_before);
    for (before, after) in before.iter().zip(ask_all(&mut ana, &mut bob)) {
        assert_eq!(*before, after);
    }
    assert_eq!(ana.ask("/say #den more"), ["-- saved #den 2"]);
    let mut dee = server.connect();
    dee.send("login dee password-of-dee");
    assert!(dee.expect("-! ").starts_with("-! This account or address is banned from the server until "));
}

/// What a client has sent before the server gets the signal is done, and everybody is sent the closing line.
fn stop_by(signal: &str, settings: &str, lines: usize) {
    let setup = Server::with(settings);
    let mut server = setup.start();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    assert_eq!(ana.ask("/set acks on").last().map(|line| line.starts_with("-- Each message")), Some(true));
    let mut asked = Wire::connect(server.address);
    asked.send("register cho\r\n");
    asked.expect("-- Password:\r\n");
    let mut changing = Wire::connect(server.address);
    changing.send("login bob password-of-bob\r\n/password\r\n");
    changing.expect("-- Current password:\r\n");
    let mut stranger = server.connect();
    stranger.expect("quit");
    // All of it has left this process before the signal is sent.
    ana.send_bytes((0..lines).map(|number| format!("number {number}\r\n")).collect::<String>().as_bytes());
    server.signal(signal);

    let told = ana.rest();
    let saved = told.iter().filter(|line| line.starts_with("-- saved #general ")).count();
    assert_eq!(saved, lines, "{signal}: {told:#?}");
    assert_eq!(told.last().map(String::as_str), Some(STOPPING), "{signal}");
    assert_eq!(bob.rest().last().map(String::as_str), Some(STOPPING), "{signal}");
    assert_eq!(stranger.rest(), [STOPPING], "{signal}");
    for mut wire in [asked, changing] {
        let rest = wire.rest();
        assert!(rest.ends_with(format!("{STOPPING}\r\n").as_bytes()), "{signal}: {}", rest.escape_ascii());
    }
    assert_eq!(server.wait().code(), Some(0), "{signal}: {}", server.log());
    assert!(TcpStream::connect(server.address).is_err(), "nobody listens");
    let log = server.log();
    assert!(log.contains("[INFO] stopping") && log.trim_end().ends_with("[INFO] stopped"), "{log}");

    let server = setup.start();
    let mut bob = server.connect();
    bob.send("login bob password-of-bob");
    bob.expect("-- Welcome back, bob.");
    let welcome = bob.sync().join("\n");
    // Being stopped is no sign that bob has read what was sent to him last.
    assert!(welcome.contains(&format!("#general  {lines} new")), "{signal}: {welcome}");
    let history = history_of(&mut bob);
    let texts: Vec<&str> = history.values().filter_map(|said| said.strip_prefix("ana: ")).collect();
    assert_eq!(texts, (0..lines).map(|number| format!("number {number}")).collect::<Vec<_>>(), "{signal}");
}

#[test]
fn a_stop_does_what_has_arrived_and_tells_everybody() {
    for signal in ["TERM", "INT"] {
        stop_by(signal, "", 500);
    }
}

#[test]
fn a_broken_pipe_stops_nothing() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    server.signal("PIPE");
    ana.send("/set acks on");
    ana.send("still here");
    ana.expect("-- saved");
    server.stop();
}

#[test]
fn a_stop_does_not_wait_for_those_who_are_slowed_down() {
    stop_by("TERM", "rate_burst_lines = 10\nrate_lines_per_s = 1", 60);
}

#[test]
fn neither_a_reader_that_never_reads_nor_a_sender_that_never_stops_holds_a_stop_up() {
    let setup = Server::with("stall_timeout_s = 3600\noutbox_max_bytes = 100000000");
    let mut server = setup.start();
    let (mut ana, mut flooder) = (server.register("ana"), server.register("flooder"));
    ana.send("/set acks on");
    ana.sync();
    let _stalled = Wire::over(connect_narrow(server.address)).registered("stalled");
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(server.address).expect("it accepts")).collect();
    let mut saved = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let lines = format!("{}\r\n", "f".repeat(1000)).repeat(20);
            let start = Instant::now();
            // Not as much as it can: ana has to read all of it, too.
            while start.elapsed() < PATIENCE && flooder.try_send(lines.as_bytes()) {
                thread::sleep(Duration::from_millis(10));
            }
        });
        for number in 0..100 {
            ana.send(&format!("number {number}"));
            saved.push(seq_of(&ana.expect("-- saved #general ")));
        }
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    });
    drop(silent);
    let server = setup.start();
    let mut reader = server.login("ana");
    let history = history_of(&mut reader);
    for (number, seq) in saved.iter().enumerate() {
        assert_eq!(history[seq], format!("ana: number {number}"));
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once_and_loses_nothing() {
    // A stalled reader keeps the stop waiting for a quarter of this minute.
    let setup = Server::with("stall_timeout_s = 3600\noutbox_max_bytes = 100000000\nstop_timeout_s = 60");
    let mut server = setup.start();
    let mut ana = server.register("ana");
    let _stalled = Wire::over(connect_narrow(server.address)).registered("stalled");
    (0..500).for_each(|_| ana.send(&"x".repeat(1000)));
    ana.sync();
    server.signal("TERM");
    assert_eq!(ana.rest().last().map(String::as_str), Some(STOPPING));
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(1));
    let server = setup.start();
    assert_eq!(history_of(&mut server.login("ana")).len(), 501);
}

/// The number in `-- saved #general 215`.
fn seq_of(line: &str) -> u64 {
    line.rsplit_once(' ').expect("a number").1.parse().expect("a number")
}

/// All of #general: number, author and text. Fails if a number is missing or comes twice.
fn history_of(client: &mut Client) -> BTreeMap<u64, String> {
    let mut history = BTreeMap::new();
    loop {
        let next = history.len() as u64 + 1;
        let lines = client.ask(&format!("/history #general {next}-{}", next + 29));
        for line in lines.iter().filter_map(|line| line.split_once("] #general ")) {
            let (seq, said) = line.1.split_once(' ').expect("a number and more");
            // Live messages have no number.
            if let Ok(seq) = seq.parse() {
                assert_eq!(seq, history.len() as u64 + 1, "the numbers have no gaps");
                history.insert(seq, said.to_owned());
            }
        }
        if history.len() as u64 + 1 == next {
            return history;
        }
    }
}

/// A process that a signal does not end goes on as if nothing had happened.
#[test]
fn other_signals_do_no_harm() {
    let server = Server::with("log_level = \"debug\"").into_running();
    let mut ana = server.register("ana");
    for signal in
        ["USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "TTIN", "TTOU", "XFSZ", "PIPE", "WINCH", "URG", "CHLD"]
    {
        server.signal(signal);
        ana.send("still here");
        ana.sync();
    }
    server.stop();
}

#[test]
fn a_hang_up_reads_the_settings_again() {
    let setup = Server::with("log_level = \"info\"");
    let server = setup.start();
    let settings = setup.path().join("chat.toml");
    let written = fs::read_to_string(&settings).expect("it is there");
    let rewrite = |text: &str| fs::write(&settings, text).expect("it can be written");
    let debug = written.replace("log_level = \"info\"", "log_level = \"debug\"");
    rewrite(&format!("{debug}\nlogin_bad_lines_max = 7\n"));
    server.signal("HUP");
    server.wait_for_log("changed settings need a restart: login_bad_lines_max");
    assert!(server.log().contains("settings read again log_level=debug"), "{}", server.log());
    drop(server.connect());
    server.wait_for_log("connection accepted client=");
    rewrite("log_level = \"loud\"");
    server.signal("HUP");
    server.wait_for_log("the settings stay as they are: ");
    server.stop();
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let setup = Server::with("log_level = \"debug\"");
    let mut process = Process::of(under_shell("trap '' HUP INT", &setup.command(ANYWHERE)).stdout(Stdio::piped()));
    let mut ana = Client::connect(listening_address(process.0.stdout.take().expect("it is piped")));
    for signal in ["HUP", "INT", "INT"] {
        process.signal(signal);
    }
    ana.send("register ana password-of-ana");
    ana.expect("commands you need.");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}
