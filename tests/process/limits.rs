//! Limits on connections: how many there may be, how long they may take to log in, what they may send and how fast.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, PATIENCE, Running, Server, Wire, connect_from};

/// The same, with one of them byte by byte.
fn wire_and_bob(server: &Running) -> (Wire, Client) {
    let (mut ana, bob) = (Wire::connect(server.address).registered("ana"), server.register("bob"));
    ana.expect("-- bob joined #general.\r\n");
    (ana, bob)
}

/// Connects until the server lets somebody in, from `source`.
fn connect_when_there_is_room(server: &Running, source: &str) -> Client {
    let start = Instant::now();
    loop {
        let mut client = Client::over(connect_from(server.address, source));
        let line = client.line().expect("a greeting or a refusal");
        if line.starts_with("-- ") {
            return client;
        }
        assert!(start.elapsed() < PATIENCE, "{line}");
    }
}

#[test]
fn whoever_does_not_log_in_in_time_is_cut_however_the_bytes_trickle() {
    let server = Server::with("login_timeout_s = 5\nlogin_bad_lines_max = 1000000").into_running();
    let mut ana = server.register("ana");
    let trickled: [&[u8]; 5] = [b"", b"x", &[255, 241], b"help\r\n", b"\x15"];
    thread::scope(|scope| {
        for bytes in trickled {
            let server = &server;
            scope.spawn(move || {
                let mut wire = Wire::connect(server.address);
                let start = Instant::now();
                while wire.try_send(bytes) && wire.listen(Duration::from_millis(50)) {
                    assert!(start.elapsed() < PATIENCE, "{} keeps it open", bytes.escape_ascii());
                }
                wire.expect("-! You did not log in within 5 seconds. Connect again to try once more.\r\n");
            });
        }
        // A prompt is no way around it.
        let mut wire = Wire::connect(server.address);
        wire.send("register bob\r\n");
        wire.expect("-! You did not log in within 5 seconds. Connect again to try once more.\r\n");
        assert_eq!(wire.rest_text(), "");
    });
    assert_eq!(ana.ask("/who"), ["-- 1 online: ana."], "who is logged in stays");
}

#[test]
fn programs_that_speak_another_protocol_get_one_line_and_nothing_of_what_they_sent_is_done() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let commands = "\r\nregister eve password-of-eve\r\nsaid by eve\r\n";
    let browser = "-! This port is for people with telnet, not for browsers. Type: telnet HOST PORT\r\n";
    let tls = "-! This port is not encrypted. Connect without TLS: telnet HOST PORT\r\n";
    let ssh = "-! This port is for telnet, not for ssh. Type: telnet HOST PORT\r\n";
    let irc = "-! This port is for people with telnet, not for IRC clients. Type: telnet HOST PORT\r\n";
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[10, 13, 255, 251, 240].repeat(80)].concat();
    for (sent, expected) in [
        (&b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n"[..], browser),
        (b"POST / HTTP/1.1\r\nHost: chat\r\nContent-Length: 100000\r\n\r\n", browser),
        (b"OPTIONS * HTTP/1.1\r\n", browser),
        (b"PATCH /a HTTP/1.1\r\nHost: chat\r\n\r\n", browser),
        (b"PROPFIND /a HTTP/1.1\r\nHost: chat\r\n\r\n", browser),
        (b"BREW coffee HTTP/1.0\r\n", browser),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", browser),
        (&hello, tls),
        (b"SSH-2.0-OpenSSH_10.0\r\n", ssh),
        (b"CAP LS 302\r\nNICK eve\r\nUSER eve 0 * :Eve\r\n", irc),
        (b"NICK eve\r\n", irc),
        (b"PASS secret\r\nNICK eve\r\n", irc),
    ] {
        let mut wire = Wire::connect(server.address);
        wire.expect("quit\r\n");
        wire.send([sent, commands.as_bytes()].concat());
        // More than is read at once.
        wire.try_send(commands.repeat(2000));
        assert_eq!(wire.rest_text(), expected, "{}", sent.escape_ascii());
    }
    assert_eq!(ana.ask("/whois eve"), ["-! Nobody is called eve. Nothing was done. /who lists who is online."]);
}

#[test]
fn a_request_of_http_ends_a_connection_of_either_protocol_wherever_it_is_cut_and_whatever_comes_before_it() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let people = "register eve password-of-eve\r\nsaid by eve\r\n";
    let programs = r#"{"type":"register","name":"eve","password":"password-of-eve"}
{"type":"send","room":"general","text":"said by eve"}
"#;
    for (before, request) in [
        ("", "GE|T / HTTP/1.1"),
        ("", "POST /chat HTTP/1|.1"),
        ("\r\n", "GET / HTTP/1.1"),
        ("\r\n\r\n", "DELETE /chat HTTP/1.1"),
        ("", "GET http://chat.example:4001/ HTTP/1.1"),
        ("nonsense\r\n", "PATCH /chat HTTP/1.1"),
        ("", "post /chat HTTP/1.1"),
    ] {
        let headers = "\r\nHost: chat.example\r\nContent-Type: text/plain\r\n\r\n";
        let sent = format!("{before}{request}{headers}");
        let parts: Vec<&str> = sent.split('|').collect();
        for (address, commands) in [(server.address, people), (server.json, programs)] {
            let mut wire = Wire::connect(address);
            wire.expect("\n");
            for part in &parts {
                wire.send(part);
            }
            wire.try_send(commands);
            let rest = wire.rest_text();
            let (last, expected) =
                (rest.lines().last().unwrap_or_default(), ["not for browsers", "\"wrong-protocol\""]);
            assert!(expected.iter().any(|expected| last.contains(expected)), "{sent:?}: {rest}");
        }
    }
    assert_eq!(ana.ask("/whois eve"), ["-! Nobody is called eve. Nothing was done. /who lists who is online."]);
}

#[test]
fn health_checks_do_not_use_up_what_an_address_may_connect() {
    let mut server = Server::with("connections_per_address_per_10min_max = 3").into_running();
    for _ in 0..10 {
        drop(connect_when_there_is_room(&server, "127.0.0.2"));
    }
    for _ in 0..3 {
        let mut person = connect_when_there_is_room(&server, "127.0.0.2");
        person.send("quit");
        person.rest();
    }
    for _ in 0..5 {
        let refused = "-! Too many connections from your address. Close one, or wait ten minutes.";
        assert_eq!(Client::over(connect_from(server.address, "127.0.0.2")).rest(), [refused]);
    }
    // At its end everything is in the log.
    server.signal("TERM");
    assert!(server.wait().success());
    let log = server.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("connections are refused")).collect();
    assert!((1..5).contains(&warnings.len()), "one a minute: {log}");
    let expected = ["[WARN]", "setting=connections_per_address_per_10min_max", "address=127.0.0.2", "count="];
    assert!(expected.iter().all(|part| warnings[0].contains(part)), "{}", warnings[0]);
}

#[test]
fn many_lines_that_are_no_login_end_the_connection() {
    let server = Server::with("login_bad_lines_max = 5").into_running();
    for line in ["nonsense", "", "help", "login nobody1 not-the-password", "register ab x"] {
        let mut wire = Wire::connect(server.address);
        wire.expect("quit\r\n");
        wire.send(format!("{line}\r\n").repeat(6));
        // Input after that is drained, so that a reset does not discard the closing line.
        wire.try_send("register eve password-of-eve\r\n".repeat(1000));
        let rest = wire.rest_text();
        assert!(
            rest.ends_with(
                "-! Too many lines before the login that were not understood. Connect again to try once more.\r\n"
            ),
            "{line:?}: {rest}"
        );
        assert!(rest.lines().count() <= 6 * 9, "{line:?}: {rest}");
    }
    let mut ana = server.register("ana");
    assert!(ana.ask("/whois eve")[0].starts_with("-! Nobody is called eve."));
    // Five are no reason.
    let mut client = server.connect();
    (0..5).for_each(|_| client.send("nonsense"));
    client.send("login ana password-of-ana");
    client.expect("-- Welcome back, ana.");
}

#[test]
fn a_flood_is_slowed_down_with_one_notice_and_then_cut() {
    let settings = "rate_burst_lines = 5\nrate_lines_per_s = 20\nflood_max_lines = 10";
    let server = Server::with(settings).into_running();
    let (mut ana, mut bob) = wire_and_bob(&server);
    ana.send((0..200).map(|number| format!("{number}\r\n")).collect::<String>());
    let rest = ana.rest_text();
    let told = "-- Many lines at once: they are taken in order, 20 a second. Ctrl-C drops those that wait.\r\n";
    assert_eq!(rest, format!("{told}-! Too many lines, too fast, for too long. Goodbye.\r\n"));
    let said = bob.messages_from("ana");
    let expected: Vec<String> = (0..said.len()).map(|number| number.to_string()).collect();
    assert_eq!(said, expected, "in order, without gaps");
    // Ten that waited, and what the lines of the registration left of five at once. On a busy machine more may pass, since they
    // arrive more slowly.
    assert!((10..100).contains(&said.len()), "{}", said.len());
}

#[test]
fn an_address_has_so_many_connections_and_a_new_one_when_one_leaves() {
    let server = Server::with("connections_per_address_max = 3").into_running();
    let from = |source: &str| Client::over(connect_from(server.address, source));
    let mut clients = [from("127.0.0.2"), from("127.0.0.2"), from("127.0.0.2")];
    for client in &mut clients {
        client.expect("quit");
    }
    for _ in 0..10 {
        let refused = "-! Too many connections from your address. Close one, or wait ten minutes.";
        assert_eq!(from("127.0.0.2").rest(), [refused]);
    }
    from("127.0.0.3").expect("quit");
    for client in &mut clients {
        client.send("quit");
        client.rest();
        *client = connect_when_there_is_room(&server, "127.0.0.2");
    }
    assert_eq!(from("127.0.0.2").rest().len(), 1, "and no more than before");
}

#[test]
fn the_server_has_so_many_connections_and_a_new_one_when_one_leaves() {
    let server = Server::with("connections_max = 2").into_running();
    let from = |source: &str| Client::over(connect_from(server.address, source));
    let (mut one, mut two) = (from("127.0.0.2"), from("127.0.0.3"));
    one.expect("quit");
    two.send("register ana password-of-ana");
    two.expect("-- Welcome, ana.");
    assert_eq!(from("127.0.0.4").rest(), ["-! The server is full. Try again in a while."]);
    two.sync();
    drop(one);
    let mut three = connect_when_there_is_room(&server, "127.0.0.4");
    three.send("register bob password-of-bob");
    three.expect("-- Welcome, bob.");
    assert_eq!(from("127.0.0.2").rest(), ["-! The server is full. Try again in a while."]);
}

#[test]
fn a_banned_address_is_refused_at_the_door() {
    let setup = Server::new();
    let server = setup.start();
    let from = |server: &Running, source: &str| Client::over(connect_from(server.address, source));
    let mut ana = server.register_operator("ana");
    let mut bob = from(&server, "127.0.0.2");
    bob.send("register bob password-of-bob");
    bob.expect("-- Welcome, bob.");
    let mut stranger = from(&server, "127.0.0.2");
    stranger.expect("quit");
    ana.sync();

    ana.send("/server ban 127.0.0.2 2d flooding");
    assert!(ana.expect("-- 127.0.0.2 is banned").contains("1 connection closed: \"flooding\""));
    bob.expect("-- ana banned you from the server until ");
    assert_eq!(bob.rest().last().expect("a last line"), "-- Bye bob.");
    let refused = ["-! This address is banned from this server."];
    assert_eq!(from(&server, "127.0.0.2").rest(), refused);
    // Whoever was connected already does not get in either.
    stranger.send("login bob password-of-bob");
    let line = stranger.expect("-! ");
    assert!(line.starts_with("-! This account or address is banned from the server until "), "{line}");
    assert_eq!(stranger.rest(), Vec::<String>::new());
    from(&server, "127.0.0.3").expect("quit");

    drop(ana);
    server.stop();
    let server = setup.start();
    assert_eq!(from(&server, "127.0.0.2").rest(), refused, "after a restart too");
    let mut ana = server.login("ana");
    assert_eq!(ana.ask("/server unban 127.0.0.2"), ["-- 127.0.0.2 is no longer banned from the server."]);
    let mut bob = from(&server, "127.0.0.2");
    bob.send("login bob password-of-bob");
    bob.expect("-- Welcome back, bob.");
}
