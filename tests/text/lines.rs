//! Lines as they come over a socket: their length, their end, and what is in them.

use crate::support::{Client, Running, Server, Wire, timeless};

/// The same, with one of them byte by byte.
fn wire_and_bob(server: &Running) -> (Wire, Client) {
    let (mut ana, bob) = (Wire::connect(server.address).registered("ana"), server.register("bob"));
    ana.expect("-- bob joined #general.\r\n");
    (ana, bob)
}

/// Two people who have heard of each other.
fn ana_and_bob(server: &Running) -> (Client, Client) {
    let (mut ana, bob) = (server.register("ana"), server.register("bob"));
    ana.expect("-- bob joined #general.");
    (ana, bob)
}

#[test]
fn a_line_of_4096_bytes_is_read_and_a_longer_one_is_refused_to_its_end() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    let too_long = "-! That line was longer than 4096 bytes. Nothing of it was sent or done.";
    let (longest, longer) = ("A".repeat(4096), "A".repeat(4097));
    assert_eq!(
        ana.ask(&longest),
        ["-! That text has 4096 bytes; 2000 is the most. Nothing was done. Make it shorter."]
    );
    assert_eq!(ana.ask(&longer), [too_long]);
    // The rest of a line that is too long is not taken for a command, wherever the limit falls.
    for length in [4096, 5000, 8192, 12288, 60000] {
        let start = "A".repeat(length);
        for command in ["/quit", " /quit", "/say #general forged"] {
            assert_eq!(ana.ask(&format!("{start}{command}")), [too_long], "{length} {command}");
        }
    }
    ana.send("still here");
    ana.sync();
    assert_eq!(bob.messages_from("ana"), ["still here"]);

    let mut stranger = server.connect();
    stranger.send(&format!("{}quit", "A".repeat(5000)));
    stranger.expect(too_long);
    stranger.send("register cho password-of-cho");
    stranger.expect("-- Welcome, cho.");
}

#[test]
fn a_line_without_end_ends_the_connection() {
    let server = Server::start_new();
    let mut bob = server.register("bob");
    for (is_logged_in, name) in [(false, "ana"), (true, "cho")] {
        let mut wire =
            if is_logged_in { Wire::connect(server.address).registered(name) } else { Wire::connect(server.address) };
        wire.send("x".repeat(65_536));
        wire.send("x");
        wire.try_send("x".repeat(100_000));
        wire.try_send("\r\nregister dee password-of-dee\r\nforged\r\n");
        let rest = wire.rest_text();
        assert!(rest.ends_with("-! That line is too long (more than 65,536 bytes). Goodbye.\r\n"), "{rest}");
    }
    assert_eq!(
        bob.ask("/whois dee"),
        ["-- cho joined #general.", "-! Nobody is called dee. Nothing was done. /who lists who is online."]
    );
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
    let rest = ana.rest_text();
    assert!(rest.ends_with("-- Bye ana. You stay in #general.\r\n"), "{rest}");
    assert_eq!(bob.messages_from("ana"), Vec::<String>::new());
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
    let rest = wire.rest_text();
    let lines: Vec<String> = rest.lines().map(timeless).collect();
    let welcome = lines.iter().position(|line| line == "-- Now in #general.").expect("a welcome");
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
            "-- Room #den created: public, you are the owner. Now in #den.",
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

    // Two thousand messages at once, and then the end.
    let mut wire = Wire::connect(server.address);
    let many: String = (0..2000).map(|number| format!("message {number}\n/whois nobody{number}\n")).collect();
    wire.send(format!("login ana password-of-ana\n{many}/quit"));
    wire.finish();
    let rest = wire.rest_text();
    let answers = rest.lines().filter(|line| line.starts_with("-! Nobody is called nobody")).count();
    assert_eq!(answers, 2000);
    assert!(rest.ends_with("-- Bye ana. All 2000 messages you sent are saved. You stay in #general and #den.\r\n"));
    let expected: Vec<String> = (0..2000).map(|number| format!("message {number}")).collect();
    assert_eq!(bob.messages_from("ana"), expected);
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
fn pasted_lines_are_taken_in_order_and_nobody_is_cut_for_them() {
    let server = Server::with("rate_burst_lines = 5\nrate_lines_per_s = 100\nflood_max_lines = 100").into_running();
    let (mut ana, mut bob) = ana_and_bob(&server);
    for _ in 0..2 {
        ana.send_bytes((0..40).map(|number| format!("{number}\n")).collect::<String>().as_bytes());
        ana.sync();
        let said = bob.messages_from("ana");
        assert_eq!(said, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn nobody_can_forge_a_part_of_a_list() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    for line in ["/away x\"), zed (away: \"y", "/create den", "/topic cake\", set by bob: \u{201d}tea"] {
        ana.ask(line);
    }
    assert_eq!(bob.answer("/who"), ["-- 2 online: ana (away: \"x'), zed (away: 'y\"), bob."]);
    assert_eq!(bob.answer("/whois ana")[0], "-- ana is online, away (\"x'), zed (away: 'y\").");
    let listed = "--   #den      1 of 1 online  \"cake', set by bob: 'tea\"";
    assert_eq!(bob.answer("/rooms")[1], listed);
    assert_eq!(bob.answer("/join den")[1], "-- Topic: \"cake', set by bob: 'tea\"");
    ana.ask("/ban #den bob gone\" -- ana is an operator");
    let sentence = "-! You are banned from #den permanently. Nothing was done. Its moderators can lift that.";
    assert_eq!(bob.answer("/join den").last().unwrap(), &format!("{sentence} Reason: \"gone' -- ana is an operator\""));
}

#[test]
fn nobody_can_forge_a_line_or_move_anothers_cursor() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_bob(&server);
    let placeholder = '\u{fffd}';
    for separator in ["\x0b", "\x0c", "\u{85}", "\u{2028}", "\u{2029}", "\u{9b}", "\u{90}"] {
        ana.send_bytes(format!("x{separator}[00:00] #general bob: forged\r\n").as_bytes());
        ana.sync();
        let shown: String = separator
            .chars()
            .map(|char| if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') { placeholder } else { char })
            .collect();
        assert_eq!(bob.messages_from("ana"), [format!("x{shown}[00:00] #general bob: forged")], "{separator:?}");
    }
    // Keys leave nothing; an escape that is no key takes the line with it.
    ana.send_bytes(b"x\0\x1b[2J\x1b[H\x1b]0;title\x07[00:00] #general bob: forged\r\n");
    ana.send_bytes(b"x\x1b]0;[00:00] #general bob: forged\r\n");
    ana.expect("-! There was an escape character in that line that is no key.");
    ana.sync();
    assert_eq!(bob.messages_from("ana"), ["x[00:00] #general bob: forged"]);
    // A carriage return ends the line, so the rest is a message of its own, under its author's name.
    ana.send_bytes(b"x\r[00:00] #general bob: forged\n-- The server stops now.\r\n");
    ana.sync();
    assert_eq!(bob.messages_from("ana"), ["x", "[00:00] #general bob: forged", "-- The server stops now."]);

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
        assert_eq!(bob.messages_from("ana"), [expected], "{}", sent.escape_ascii());
    }

    // The same wherever somebody's words are shown.
    let nasty = "a\u{1b}[2Jb\u{202e}c\u{85}d";
    let shown = "ab\u{fffd}c\u{fffd}d";
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
        format!("-- Topic: \"{shown}\""),
        format!("-- ana is online, away (\"{shown}\")."),
        format!("[00:00] @ana 1 ana: {shown}"),
    ] {
        assert!(lines.contains(&expected), "{expected:?} is not in {lines:#?}");
    }
}
