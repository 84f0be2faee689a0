//! The life of a connection: what may come over it, byte by byte, and how it ends.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Running, Server, Wire, connect_from, timeless};

const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that comes up to the end, as text.
fn rest_of(wire: &mut Wire) -> String {
    String::from_utf8(wire.rest()).expect("it is UTF-8")
}

/// An account that has registered over a connection whose bytes are not judged.
fn register(server: &Running, name: &str) -> Wire {
    let mut wire = Wire::connect(server.address);
    wire.send(format!("register {name} password-of-{name}\r\n"));
    wire.expect("commands you need.\r\n");
    wire
}

/// Two people who have heard of each other.
fn ana_and_bob(server: &Running) -> (Client, Client) {
    let (mut ana, bob) = (server.register("ana"), server.register("bob"));
    ana.expect("-- bob joined #general.");
    (ana, bob)
}

/// The same, with the bytes of the one not judged.
fn wire_and_bob(server: &Running) -> (Wire, Client) {
    let (mut ana, bob) = (register(server, "ana"), server.register("bob"));
    ana.expect("-- bob joined #general.\r\n");
    (ana, bob)
}

/// What `speaker` has said in #general, as `listener` heard it since it last listened.
fn heard(listener: &mut Client, speaker: &str) -> Vec<String> {
    let start = format!("[00:00] #general {speaker}: ");
    let lines = listener.sync();
    lines.iter().filter_map(|line| timeless(line).strip_prefix(&start).map(str::to_owned)).collect()
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
                wire.expect("-! Time to log in is over. Connect again to try once more.\r\n");
            });
        }
        // A prompt is no way around it.
        let mut wire = Wire::connect(server.address);
        wire.send("register bob\r\n");
        wire.expect("-! Time to log in is over. Connect again to try once more.\r\n");
        assert_eq!(rest_of(&mut wire), "");
    });
    assert_eq!(ana.ask("/who"), ["-- 1 online: ana."], "who is logged in stays");
}

#[test]
fn a_line_of_4096_bytes_is_read_and_a_longer_one_is_refused_to_its_end() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    let too_long = "-! That line was longer than 4096 bytes. Nothing of it was sent or done.";
    let (longest, longer) = ("A".repeat(4096), "A".repeat(4097));
    assert_eq!(
        ana.ask(&longest),
        ["-! That text has 4096 bytes; 2000 is the most. Nothing was sent. Send it in parts."]
    );
    assert_eq!(ana.ask(&longer), [too_long]);
    // What comes behind the limit in the same line is no command of its own, wherever the line is cut.
    for length in [4096, 5000, 8192, 12288, 60000] {
        let start = "A".repeat(length);
        for command in ["/quit", " /quit", "/say #general forged"] {
            assert_eq!(ana.ask(&format!("{start}{command}")), [too_long], "{length} {command}");
        }
    }
    ana.send("still here");
    ana.sync();
    assert_eq!(heard(&mut bob, "ana"), ["still here"]);

    let mut stranger = server.connect();
    stranger.send(&format!("{}quit", "A".repeat(5000)));
    stranger.expect("-! That line was longer than 4096 bytes. Nothing of it was done.");
    stranger.send("register cho password-of-cho");
    stranger.expect("-- Welcome, cho.");
}

#[test]
fn a_message_of_2000_bytes_is_said_and_a_longer_one_is_refused_with_its_size() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    let mut said = Vec::new();
    let mut check = |text: String, is_said: bool| {
        let refused =
            format!("-! That text has {} bytes; 2000 is the most. Nothing was sent. Send it in parts.", text.len());
        let lines = ana.ask(&text);
        match is_said {
            true => {
                assert_eq!(lines, Vec::<String>::new());
                said.push(text);
            }
            false => assert_eq!(lines, [refused]),
        }
    };
    check("x".repeat(2000), true);
    check("x".repeat(2001), false);
    check("🦁".repeat(500), true);
    for shift in 1..4 {
        check(format!("{}{}", "x".repeat(shift), "🦁".repeat(500)), false);
        check(format!("{}{}", "x".repeat(shift), "🦁".repeat(499)), true);
    }
    let in_a_command = format!("/say #general {}", "y".repeat(2000));
    assert_eq!(ana.ask(&in_a_command), Vec::<String>::new());
    said.push("y".repeat(2000));
    assert_eq!(heard(&mut bob, "ana"), said);
}

#[test]
fn a_line_without_end_ends_the_connection() {
    let server = Server::start_new();
    let mut bob = server.register("bob");
    for (is_logged_in, name) in [(false, "ana"), (true, "cho")] {
        let mut wire = if is_logged_in { register(&server, name) } else { Wire::connect(server.address) };
        wire.send("x".repeat(65_536));
        wire.send("x");
        wire.try_send("x".repeat(100_000));
        wire.try_send("\r\nregister dee password-of-dee\r\nforged\r\n");
        let rest = rest_of(&mut wire);
        assert!(rest.ends_with("-! That line has no end. Goodbye.\r\n"), "{rest}");
    }
    assert_eq!(
        bob.ask("/whois dee"),
        ["-- cho joined #general.", "-! Nobody is called dee. Nothing was done. /who lists who is online."]
    );
}

#[test]
fn a_line_ends_at_any_line_end_in_whatever_pieces_it_comes() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    for end in ["\n", "\r\n", "\r\0", "\r"] {
        let lines = ["one", "", "two words", "", "", "ünï 🦁"].map(|line| format!("{line}{end}")).concat();
        ana.send_bytes(lines.as_bytes());
        ana.sync();
        assert_eq!(heard(&mut bob, "ana"), ["one", "two words", "ünï 🦁"], "{end:?} at once");
        for byte in lines.as_bytes() {
            ana.send_bytes(&[*byte]);
        }
        ana.sync();
        assert_eq!(heard(&mut bob, "ana"), ["one", "two words", "ünï 🦁"], "{end:?} byte by byte");
    }
    ana.send_bytes(b"a\rb\nc\r\nd\r\0e\n\rf\n");
    ana.sync();
    assert_eq!(heard(&mut bob, "ana"), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn telnet_commands_never_reach_the_line_wherever_they_are_split() {
    let server = Server::start_new();
    let (mut ana, mut bob) = wire_and_bob(&server);
    // DO SUPPRESS-GO-AHEAD, a terminal type with 255 and a foreign command within, WILL NAWS, NOP, a doubled 255, and
    // both wishes taken back.
    let bytes = [
        &b"he"[..],
        &[255, 253, 3],
        b"ll",
        &[255, 250, 24, 0, b'x', 255, 255, b'\n', 255, 240],
        b"o",
        &[255, 251, 31, 255, 241],
        b" \xc3",
        &[255, 254, 3],
        b"\xb1",
        &[255, 255],
        &[255, 252, 31],
        b"\r\n",
    ]
    .concat();
    let answers = [255, 252, 3, 255, 254, 31];
    for at in 0..bytes.len() {
        ana.send(&bytes[..at]);
        ana.send(&bytes[at..]);
        ana.send("/whois sync\r\n");
        let sent = ana.expect("online.\r\n");
        assert!(sent.starts_with(&answers) && sent[6..].starts_with(b"-! "), "split at {at}: {}", sent.escape_ascii());
        assert_eq!(heard(&mut bob, "ana"), ["hello ñ\u{fffd}"], "split at {at}");
    }
    for byte in &bytes {
        ana.send([*byte]);
    }
    ana.send("/whois sync\r\n");
    ana.expect("online.\r\n");
    assert_eq!(heard(&mut bob, "ana"), ["hello ñ\u{fffd}"], "byte by byte");
}

#[test]
fn ctrl_c_drops_the_half_line_and_is_answered_each_time() {
    let server = Server::start_new();
    let (mut ana, mut bob) = wire_and_bob(&server);
    for interrupt in [
        &[255, 244, 255, 253, 6][..],
        &[255, 237, 255, 253, 6],
        &[255, 243, 255, 253, 6],
        &[255, 244, 255, 242, 255, 253, 6],
    ] {
        ana.send([b"half a li", interrupt, b"a whole line\r\n"].concat());
        assert_eq!(ana.expect([255, 252, 6]), [255, 252, 6]);
        ana.send("/whois sync\r\n");
        ana.expect("online.\r\n");
        assert_eq!(heard(&mut bob, "ana"), ["a whole line"]);
    }
    // At a password prompt it gives up.
    ana.send("/password\r\n");
    ana.expect("now:\r\n");
    ana.send([255, 244, 255, 253, 6]);
    ana.expect([255, 252, 6]);
    ana.expect("-! Your password was not changed.\r\n");
}

#[test]
fn a_subnegotiation_without_end_leaks_nothing_and_ends_with_the_connection() {
    let server = Server::start_new();
    let (mut ana, mut bob) = wire_and_bob(&server);
    ana.send([255, 250, 24]);
    for _ in 0..100 {
        ana.send("leaked\r\n/quit\r\n".repeat(100));
    }
    ana.finish();
    let rest = rest_of(&mut ana);
    assert!(rest.ends_with("-- Bye ana. You stay in #general.\r\n"), "{rest}");
    assert_eq!(heard(&mut bob, "ana"), Vec::<String>::new());
}

#[test]
fn all_that_was_typed_before_the_end_of_input_is_done_and_answered() {
    let server = Server::start_new();
    server.register("ana");
    let mut bob = server.register("bob");
    let typed = "login ana password-of-ana\none\n/say #general two\n/me waves\n/nonsense\n/whois nobody1\n/history\n/create den\n\
                 in the den\n/history #den\n/msg bob hi\n/history @bob";
    let mut wire = Wire::connect(server.address);
    wire.expect("quit\r\n");
    wire.send(typed);
    wire.finish();
    let rest = rest_of(&mut wire);
    let lines: Vec<String> = rest.lines().map(timeless).collect();
    let welcome = lines.iter().position(|line| line == "-- You talk in #general.").expect("a welcome");
    assert_eq!(
        lines[welcome + 1..],
        [
            "-! Unknown command \"/nonsense\". Nothing was done. /help all lists the commands.",
            "-! Nobody is called nobody1. Nothing was done. /who lists who is online.",
            "[00:00] #general 1 system: Welcome! This is #general: everybody is in it, and everything said here is kept. /help shows what you can do.",
            "[00:00] #general 2 ana: one",
            "[00:00] #general 3 ana: two",
            "[00:00] #general 4 * ana waves",
            "-- That is all of #general (4 messages).",
            "-- Room #den is made: public, you are the owner. You now talk in #den.",
            "-- Anyone can find it by /rooms and enter. /topic TEXT says what it is about.",
            "[00:00] #den 1 ana: in the den",
            "-- That is all of #den (1 message).",
            "[00:00] @bob 1 ana: hi",
            "-- That is all of @bob (1 message).",
            "-- Bye ana. All 5 messages you sent are saved. You stay in #general and #den.",
        ]
    );
    bob.expect("#general ana: one");
    bob.expect("#general ana: two");
    bob.expect("#general * ana waves");
    bob.expect("@ana ana: hi");

    // A great deal at once, and then the end.
    let mut wire = Wire::connect(server.address);
    let many: String = (0..2000).map(|number| format!("message {number}\n/whois nobody{number}\n")).collect();
    wire.send(format!("login ana password-of-ana\n{many}/quit"));
    wire.finish();
    let rest = rest_of(&mut wire);
    let answers = rest.lines().filter(|line| line.starts_with("-! Nobody is called nobody")).count();
    assert_eq!(answers, 2000);
    assert!(rest.ends_with("-- Bye ana. All 2000 messages you sent are saved. You stay in #general and #den.\r\n"));
    let expected: Vec<String> = (0..2000).map(|number| format!("message {number}")).collect();
    assert_eq!(heard(&mut bob, "ana"), expected);
}

#[test]
fn the_end_of_input_before_the_login_ends_the_connection_after_what_was_typed() {
    let server = Server::start_new();
    for (typed, expected) in [
        ("", "help, or quit"),
        ("nonsense", "or quit"),
        ("login ana not-the-password", "To try again: login NAME"),
        ("register bob", "-- Password:"),
        ("quit\nregister eve password-of-eve", "-- Bye."),
    ] {
        let mut wire = Wire::connect(server.address);
        wire.send(typed);
        wire.finish();
        let rest = wire.rest();
        assert!(rest.ends_with(format!("{expected}\r\n").as_bytes()), "{typed}: {}", rest.escape_ascii());
    }
    let mut ana = server.register("ana");
    assert!(ana.ask("/whois eve")[0].starts_with("-! Nobody is called eve."));
}

#[test]
fn ctrl_d_alone_leaves_and_within_a_line_is_a_letter_like_another() {
    let server = Server::start_new();
    let (mut ana, mut bob) = wire_and_bob(&server);
    ana.send("with\x04in\r\n\x04never said\r\n");
    assert_eq!(rest_of(&mut ana), "-- Bye ana. The message you sent is saved. You stay in #general.\r\n");
    assert_eq!(heard(&mut bob, "ana"), ["with\u{fffd}in"]);
    let mut stranger = Wire::connect(server.address);
    stranger.expect("quit\r\n");
    stranger.send("\x04");
    assert_eq!(rest_of(&mut stranger), "");
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
        assert_eq!(rest_of(&mut wire), expected, "{}", sent.escape_ascii());
    }
    assert_eq!(ana.ask("/whois eve"), ["-! Nobody is called eve. Nothing was done. /who lists who is online."]);
}

#[test]
fn another_protocol_is_recognised_in_small_pieces_too() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let mut wire = Wire::connect(server.address);
    wire.expect("quit\r\n");
    for byte in b"POST / HTTP/1.1\r\n\r\nregister eve password-of-eve\r\n" {
        if !wire.try_send([*byte]) {
            break;
        }
    }
    assert!(rest_of(&mut wire).contains("not for browsers"));
    assert!(ana.ask("/whois eve")[0].starts_with("-! Nobody is called eve."));
}

#[test]
fn many_lines_that_are_no_login_end_the_connection() {
    let server = Server::with("login_bad_lines_max = 5").into_running();
    for line in ["nonsense", "", "help", "login nobody1 not-the-password", "register ab x"] {
        let mut wire = Wire::connect(server.address);
        wire.expect("quit\r\n");
        wire.send(format!("{line}\r\n").repeat(6));
        // All that is sent behind is read and forgotten, or the goodbye could be lost.
        wire.try_send("register eve password-of-eve\r\n".repeat(1000));
        let rest = rest_of(&mut wire);
        assert!(
            rest.ends_with("-! Too many lines that are no login. Connect again to try once more.\r\n"),
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
    let rest = rest_of(&mut ana);
    let told = "-- Many lines at once: they are taken in order, 20 a second.\r\n";
    assert_eq!(rest, format!("{told}-! Too many lines, too fast, for too long. Goodbye.\r\n"));
    let said = heard(&mut bob, "ana");
    let expected: Vec<String> = (0..said.len()).map(|number| number.to_string()).collect();
    assert_eq!(said, expected, "in order, without gaps");
    // Five at once and ten that waited; a machine that is busy may let a few more pass for not so fast.
    assert!((15..100).contains(&said.len()), "{}", said.len());
}

#[test]
fn pasted_lines_are_taken_in_order_and_nobody_is_cut_for_them() {
    let server = Server::with("rate_burst_lines = 5\nrate_lines_per_s = 100\nflood_max_lines = 100").into_running();
    let (mut ana, mut bob) = ana_and_bob(&server);
    for _ in 0..2 {
        ana.send_bytes((0..40).map(|number| format!("{number}\n")).collect::<String>().as_bytes());
        ana.sync();
        let said = heard(&mut bob, "ana");
        assert_eq!(said, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    }
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
fn an_address_may_connect_so_often_in_ten_minutes() {
    let server = Server::with("connections_per_address_per_10min_max = 3").into_running();
    let from = |source: &str| Client::over(connect_from(server.address, source));
    for _ in 0..3 {
        let mut client = from("127.0.0.2");
        client.send("quit");
        client.expect("-- Bye.");
        client.rest();
    }
    let refused = "-! Too many connections from your address. Close one, or wait ten minutes.";
    assert_eq!(from("127.0.0.2").rest(), [refused]);
    from("127.0.0.3").expect("quit");
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
fn no_command_does_anything_before_the_login() {
    let server = Server::with("login_bad_lines_max = 1000000").into_running();
    let mut ana = server.register("ana");
    ana.send("/create den");
    ana.sync();
    let words: Vec<String> = ana
        .ask("/help all")
        .iter()
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| {
            word.len() > 2 && word.starts_with('/') && word[1..].bytes().all(|byte| byte.is_ascii_lowercase())
        })
        .collect();
    assert!(words.len() > 30, "{words:?}");
    let before = ana.ask("/rooms");
    let mut stranger = server.connect();
    stranger.expect("quit");
    for word in words.iter().filter(|word| !["/quit", "/help"].contains(&word.as_str())) {
        for line in [word.clone(), format!("{word} den x"), format!("{word} #den ana x"), format!("{word} ana hi")] {
            for line in [&line[1..], &line] {
                stranger.send(line);
                let answer = stranger.line().expect("it stays connected");
                assert!(answer.starts_with("-! "), "{line}: {answer}");
            }
        }
    }
    stranger.send("/say #general hi");
    assert_eq!(
        stranger.line().as_deref(),
        Some("-! /say works after you log in. Nothing was done. Type: login NAME, or register NAME")
    );
    assert_eq!(ana.sync(), Vec::<String>::new());
    assert_eq!(ana.ask("/rooms"), before);
    assert_eq!(ana.ask("/who"), ["-- 1 online: ana."]);
}

#[test]
fn nobody_can_forge_a_line_or_move_anothers_cursor() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    let placeholder = '\u{fffd}';
    for separator in
        ["\0", "\x0b", "\x0c", "\u{85}", "\u{2028}", "\u{2029}", "\x1b[2J\x1b[H", "\x1b]0;", "\u{9b}", "\u{90}"]
    {
        ana.send_bytes(format!("x{separator}[00:00] #general bob: forged\r\n").as_bytes());
        ana.sync();
        let shown: String = separator
            .chars()
            .map(|char| if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') { placeholder } else { char })
            .collect();
        assert_eq!(heard(&mut bob, "ana"), [format!("x{shown}[00:00] #general bob: forged")], "{separator:?}");
    }
    // A carriage return ends the line, so the rest is a message of its own, under its author's name.
    ana.send_bytes(b"x\r[00:00] #general bob: forged\n-- The server stops now.\r\n");
    ana.sync();
    assert_eq!(heard(&mut bob, "ana"), ["x", "[00:00] #general bob: forged", "-- The server stops now."]);

    for (sent, expected) in [
        (&b"bell\x07"[..], "bell\u{fffd}"),
        ("\u{202e}desrever\u{202c} \u{2066}x\u{2069}".as_bytes(), "\u{fffd}desrever\u{fffd} \u{fffd}x\u{fffd}"),
        (
            b"bad \xc3\x28 \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \x9b31m",
            "bad \u{fffd}( \u{fffd}\u{fffd}\u{fffd} \u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd}\u{fffd} \u{fffd}31m",
        ),
        (b"a\ttab", "a tab"),
        (b"wrogn\x08\x7fng wurd\x17word", "wrong word"),
        (b"gone\x15kept", "kept"),
        ("👩\u{200d}🚀 שלום ñ".as_bytes(), "👩\u{200d}🚀 שלום ñ"),
    ] {
        ana.send_bytes(&[sent, b"\r\n"].concat());
        ana.sync();
        assert_eq!(heard(&mut bob, "ana"), [expected], "{}", sent.escape_ascii());
    }

    // The same wherever somebody's words are shown.
    let nasty = "a\u{1b}[2Jb\u{202e}c\u{85}d";
    let shown = "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d";
    for line in [
        format!("/me {nasty}"),
        format!("/msg bob {nasty}"),
        format!("/away {nasty}"),
        "/create den".to_owned(),
        format!("/topic {nasty}"),
    ] {
        ana.send(&line);
    }
    ana.sync();
    bob.send("/join den");
    bob.send("/whois ana");
    bob.send("/history @ana");
    let lines: Vec<String> = bob.sync().iter().map(|line| timeless(line)).collect();
    for expected in [
        format!("[00:00] #general * ana {shown}"),
        format!("[00:00] @ana ana: {shown}"),
        format!("-- Topic: {shown}"),
        format!("-- ana is online, away ({shown})."),
        format!("[00:00] @ana 1 ana: {shown}"),
    ] {
        assert!(lines.contains(&expected), "{expected:?} is not in {lines:#?}");
    }
}

#[test]
fn connections_that_break_anywhere_leave_no_ghost_behind() {
    let server = Server::with("log_level = \"debug\"").into_running();
    let mut watcher = server.register("watcher");
    for name in ["ana", "bob"] {
        server.register(name);
    }
    let typed = |name: &str| {
        format!("login {name} password-of-{name}\r\nhello\r\n/who\r\n/history\r\n/me waves\r\n/password\r\n")
    };
    thread::scope(|scope| {
        for name in ["ana", "bob"] {
            let (server, typed) = (&server, typed(name));
            scope.spawn(move || {
                for number in 0..100 {
                    let mut wire = Wire::connect(server.address);
                    wire.send(&typed.as_bytes()[..number * 37 % (typed.len() + 1)]);
                    match number % 4 {
                        // At once, or when some answer was read.
                        0 => {}
                        1 => drop(wire.expect("quit\r\n")),
                        _ => drop(wire.listen(Duration::from_millis(20))),
                    }
                    wire.reset();
                }
            });
        }
    });
    // Connections are accepted in their order, so all of those have been; some may still be at their login.
    let mut last = server.connect();
    last.expect("quit");
    let start = Instant::now();
    loop {
        let log = server.log();
        let count = |event: &str| log.lines().filter(|line| line.contains(event)).count();
        if count("connection accepted client=") == count("connection ended client=") + 2 {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{log}");
    }
    assert_eq!(watcher.ask("/who").last().map(String::as_str), Some("-- 1 online: watcher."));
    let members = watcher.ask("/who #general").join("");
    assert!(members.contains("ana (offline)") && members.contains("bob (offline)"), "{members}");
    let mut ana = server.login("ana");
    assert_eq!(ana.ask("/who"), ["-- 2 online: ana, watcher."]);
    watcher.sync();
    ana.send("all is well");
    watcher.expect("#general ana: all is well");
}

#[test]
fn a_banned_address_is_refused_at_the_door() {
    let setup = Server::new();
    let server = setup.start();
    let from = |server: &Running, source: &str| Client::over(connect_from(server.address, source));
    let code = server.operator_code.clone().expect("a code for the first operator");
    let mut ana = server.register("ana");
    assert!(ana.ask(&format!("/operator {code}"))[0].contains("an operator of the server"));
    let mut bob = from(&server, "127.0.0.2");
    bob.send("register bob password-of-bob");
    bob.expect("-- Welcome, bob.");
    let mut stranger = from(&server, "127.0.0.2");
    stranger.expect("quit");
    ana.sync();

    ana.send("/server ban 127.0.0.2 2d flooding");
    assert!(ana.expect("-- 127.0.0.2 is banned").contains("1 connection closed: flooding"));
    assert!(bob.rest().last().expect("a last line").starts_with("-- You are banned from the server until "));
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
    assert_eq!(ana.ask("/server unban 127.0.0.2"), ["-- 127.0.0.2 is not banned from the server any more."]);
    let mut bob = from(&server, "127.0.0.2");
    bob.send("login bob password-of-bob");
    bob.expect("-- Welcome back, bob.");
}

#[test]
fn a_crowd_that_never_says_a_word_keeps_nobody_out() {
    let server = Server::start_new();
    let crowd: Vec<TcpStream> = (0..500).map(|_| connect_from(server.address, "127.0.0.2")).collect();
    let (mut ana, mut bob) = ana_and_bob(&server);
    ana.send("hello");
    bob.expect("#general ana: hello");
    drop(crowd);
    assert_eq!(bob.ask("/who").last().map(String::as_str), Some("-- 2 online: ana, bob."));
}
