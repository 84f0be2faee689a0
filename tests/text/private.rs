//! What is typed in private is said to nobody else: at and for a password prompt, behind something unseen and a slash,
//! without the slash of a command, and secrets by themselves.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::{Client, Running, Server, WILL_ECHO, Wire, timeless};

const DO_ECHO: &[u8] = &[255, 253, 1];
/// Ctrl-C, as telnet sends it.
const INTERRUPT: &[u8] = &[255, 244, 255, 253, 6];
/// In all that is typed in private here.
const MARKER: &str = "zqmarkerqz";

/// Ana, byte by byte, and somebody who hears what she says.
fn ana_and_witness(server: &Running) -> (Wire, Client) {
    let (mut ana, witness) = (Wire::connect(server.address).registered("ana"), server.register("bob"));
    ana.expect("-- bob joined #general.\r\n");
    (ana, witness)
}

/// What the witness has heard once ana's lines are done.
fn heard(ana: &mut Wire, witness: &mut Client) -> Vec<String> {
    ana.send("/whois nobody-yet\r\n");
    ana.expect("Nobody is called nobody-yet.");
    witness.sync().iter().map(|line| timeless(line)).collect()
}

#[test]
fn what_comes_for_a_prompt_that_fails_is_dropped_and_that_is_told() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_witness(&server);
    let long = "x".repeat(5000);
    let kept = "-! Your password was not changed.\r\n";
    let wrong = "-! That is not your password. Nothing was changed.\r\n";
    let (one, two) = (
        "-! 1 line that you typed ahead is dropped: it was not sent or done.\r\n",
        "-! 2 lines that you typed ahead are dropped: they were not sent or done.\r\n",
    );
    for (typed, refusal, dropped) in [
        (format!("/password\r\n\r\n{MARKER}\r\n{MARKER}\r\n"), kept, two),
        (format!("/password\r\n{long}\r\n{MARKER}\r\n"), kept, one),
        (format!("/password\r\n\x1b{MARKER}\r\n{MARKER}\r\n"), kept, one),
        (format!("/password\r\n{MARKER}\r\n\r\n{MARKER}-b\r\n/create {MARKER}\r\n"), kept, two),
        (format!("/password\r\n{MARKER}\r\n{MARKER}-1\r\n{MARKER}-1\r\n{MARKER}-1\r\n"), wrong, one),
        (
            format!("/password\r\npassword-of-ana\r\n{MARKER}-1\r\n{MARKER}-2\r\n{MARKER}-1\r\n"),
            "-! The passwords do not match. Your password was not changed.\r\n",
            one,
        ),
        (
            format!("/password\r\npassword-of-ana\r\nshort\r\nshort\r\n{MARKER}\r\n"),
            "-! A password has at least 8 characters, and at most 256 bytes. Your password was not changed.\r\n",
            one,
        ),
        (format!("/account delete\r\n\r\n{MARKER}\r\n"), "-- Nothing was deleted. You are still here.\r\n", one),
        (format!("/account delete\r\n{MARKER}\r\n{MARKER}\r\n"), wrong, one),
        // No prompt came, so what was meant for one is not for the room either.
        (format!("/passwrod\r\n{MARKER}\r\n{MARKER}\r\n"), "Nothing was done.\r\n", two),
        (format!("/password {MARKER}\r\n{MARKER}\r\n"), "without showing it.\r\n", one),
        (format!("/login ana\r\n{MARKER}\r\n"), "type /logout first.\r\n", one),
        (format!("login ana\r\n{MARKER}\r\n"), "type it again.\r\n", one),
        (format!("password\r\n{MARKER}\r\n{MARKER}\r\n"), "type it again.\r\n", two),
        (format!("\u{ff0f}password\r\n{MARKER}\r\n"), "or begin with a word.\r\n", one),
        (format!("\x0c/password\r\n{MARKER}\r\n"), "or begin with a word.\r\n", one),
        (format!("\x1b/password\r\n{MARKER}\r\n"), "-! ", one),
        (format!("/ login ana\r\n{MARKER}\r\n"), "is not a command.", one),
    ] {
        ana.send(&typed);
        ana.expect(refusal);
        ana.expect(dropped);
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{typed}");
    }
    ana.send("hello\r\n");
    assert_eq!(heard(&mut ana, &mut bob), ["[00:00] #general ana: hello"], "what comes later is said");
    // The first line that comes later may still be an answer.
    ana.send("/password\r\n\r\n");
    ana.expect(kept);
    ana.send(format!("{MARKER}\r\n"));
    ana.expect("-! That line was not sent: it may be meant for the prompts before. To say it, type it again.\r\n");
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);
    // A line of which the beginning was dropped is dropped to its end.
    ana.send(format!("/password\r\n\r\n{MARKER}"));
    ana.expect(kept);
    ana.send(format!("{MARKER}\r\n/version\r\n"));
    ana.expect("-- Chat is chat-server ");
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);
}

#[test]
fn an_interruption_keeps_its_place_behind_a_password() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_witness(&server);
    let typed = |line: &str| [line.as_bytes(), INTERRUPT].concat();
    for lines in ["password-of-ana\r\n", "password-of-ana\r\nnew-password\r\n", "half a passw"] {
        ana.send("/password\r\n");
        ana.expect(WILL_ECHO);
        ana.send([DO_ECHO, &typed(lines)].concat());
        ana.expect("-! Your password was not changed.\r\n");
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{lines}");
    }
    // All three are there before the key: it comes too late.
    ana.send([b"/password\r\n", &typed("password-of-ana\r\nnew-password\r\nnew-password\r\n")[..]].concat());
    ana.expect("-- Your password is changed.");
    ana.send("/account delete\r\n");
    ana.expect("-- Password:");
    ana.send(typed("not-my-password\r\n"));
    ana.expect("-! That is not your password. Nothing was changed.\r\n");
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);

    for (command, password) in [("login bob", "password-of-bob"), ("register cho", "password-of-cho")] {
        let mut wire = Wire::connect(server.address);
        wire.send(format!("{command}\r\n"));
        wire.expect(WILL_ECHO);
        wire.send([DO_ECHO, &typed(&format!("{password}\r\n"))].concat());
        match command.starts_with("login") {
            true => wire.expect("-- Welcome back, bob."),
            false => wire.expect("-! No account was created."),
        };
    }
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);
}

#[test]
fn a_password_that_is_typed_again_is_not_said_once_the_prompts_have_succeeded() {
    let server = Server::start_new();
    let mut witness = server.register("bob");
    let copies = format!("{MARKER}\r\n{MARKER}\r\n {MARKER} \r\n{}\r\n{MARKER}{MARKER}\r\n", &MARKER[..9]);
    let mut wire = Wire::connect(server.address);
    wire.send(format!("register ana\r\n{MARKER}\r\n{copies}hello\r\n"));
    wire.expect("commands you need.\r\n");
    let refused = "-! That line was not sent or done: it is like what you just typed at a prompt.\r\n";
    wire.expect(refused);
    // What arrived with a copy may be meant for the prompts too.
    assert_eq!(heard(&mut wire, &mut witness), ["-- ana joined #general."]);
    wire.send("hello\r\n");
    assert_eq!(heard(&mut wire, &mut witness), ["[00:00] #general ana: hello"]);
    // Passwords on the line of a login are secrets too, and so is another one behind a copy.
    for login in [format!("login ana {MARKER}"), format!("login ana\r\n{MARKER}")] {
        let mut wire = Wire::connect(server.address);
        wire.send(format!("{login}\r\n{MARKER}\r\nanother-{MARKER}\r\n"));
        wire.expect(refused);
        assert_eq!(heard(&mut wire, &mut witness), [""; 0]);
        wire.send("hello\r\n");
        assert_eq!(heard(&mut wire, &mut witness), ["[00:00] #general ana: hello"]);
    }
    wire.send(format!("/password\r\n{MARKER}\r\n{MARKER}-new\r\n{MARKER}-new\r\n{MARKER}-new\r\n{MARKER}\r\n"));
    wire.expect("-- Your password is changed.\r\n");
    assert_eq!(heard(&mut wire, &mut witness), [""; 0]);
}

#[test]
fn a_script_goes_on_behind_prompts_that_succeed() {
    let server = Server::start_new();
    let mut bob = server.register("bob");
    let mut wire = Wire::connect(server.address);
    wire.send("register ana\nkettle on the hob\nkettle on the hob\nhello\n/say #general hi\n/quit\n");
    wire.expect("-- Bye ana. Both messages you sent are saved. You stay in #general.\r\n");
    let heard: Vec<String> = bob.sync().iter().map(|line| timeless(line)).collect();
    let said = ["hello", "hi"].map(|text| format!("[00:00] #general ana: {text}"));
    assert_eq!(heard[..], [&["-- ana joined #general.".to_owned()], &said[..]].concat());
}

#[test]
fn input_is_hidden_from_the_first_prompt_of_a_row_to_the_end_of_the_last_one() {
    let server = Server::start_new();
    let check = |wire: &mut Wire, questions: &[&str], answers: &[&str], then: &str| {
        let echo_at = |part: &[u8]| part.windows(2).filter(|pair| matches!(pair, [255, 251 | 252])).count();
        for (index, (question, answer)) in questions.iter().zip(answers).enumerate() {
            let sent = wire.expect(format!("-- {question}\r\n"));
            assert_eq!(echo_at(&sent), usize::from(index == 0), "{}", sent.escape_ascii());
            if index == 0 {
                wire.send(DO_ECHO);
            }
            wire.send(format!("{answer}\r\n"));
        }
        let sent = wire.expect(then);
        assert!(sent.windows(3).any(|bytes| bytes == [255, 252, 1]), "{}", sent.escape_ascii());
    };
    let mut wire = Wire::connect(server.address);
    wire.send("register ana\r\n");
    check(&mut wire, &["Password:", "Once more:"], &["password-of-ana"; 2], "-- Welcome, ana.");
    let questions = ["Current password:", "New password, 8 characters or more:", "New password again:"];
    wire.send("/password\r\n");
    check(&mut wire, &questions, &["password-of-ana"; 3], "-- Your password is changed.");
    wire.send("/password\r\n");
    check(&mut wire, &questions[..2], &["password-of-ana", ""], "-! Your password was not changed.");
}

#[test]
fn a_command_behind_what_is_not_seen_is_done_or_refused_and_never_said() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_witness(&server);
    let mut cho = server.register("cho");
    ana.expect("-- cho joined #general.\r\n");
    bob.expect("-- cho joined #general.");
    let text = format!("/msg cho {MARKER}");
    // A key, or what keeps a link alive, is nothing: the command is done.
    for before in ["\x1b[A", "\x1bOA", "\0", "\x1b[1;5D\x1b[3~", "\x1b[[A", "\x1b]0;x\x07", "x\x1b[D\x7f"] {
        ana.send(format!("{before}{text}\r\n"));
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{before:?}");
        cho.expect(&format!("@ana ana: {MARKER}"));
    }
    // One that is cut into packets too.
    for piece in ["\x1b", "[", "A", "/msg cho ", MARKER, "\r", "\n"] {
        ana.send(piece);
    }
    cho.expect(&format!("@ana ana: {MARKER}"));
    for before in ["\x0c", "\u{200b}", "\u{feff}", "\u{301}", "\u{9b}A", "\x1b", "\x1bx", "\x1b[", "\x1bP", "\u{2060} "]
    {
        ana.send(format!("{before}{text}\r\n"));
        ana.expect("Nothing ");
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{before:?}");
    }
    for line in ["／msg cho", "⁄msg cho", "＠cho", "\u{338}msg cho", "\\msg cho", "7msg cho"] {
        ana.send(format!("{line} {MARKER}\r\n"));
        ana.expect("-! That line starts with what looks like ");
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{line:?}");
    }
    ana.send(format!("@cho {MARKER}\r\n"));
    ana.expect("-- A line that starts with @NAME is a direct message: nobody else sees it.");
    cho.expect(&format!("@ana ana: {MARKER}"));
    ana.send(format!("@cho: {MARKER}\r\n"));
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);
    cho.expect(&format!("@ana ana: {MARKER}"));
}

#[test]
fn a_secret_or_a_forgotten_slash_is_not_sent_until_it_is_typed_again() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_witness(&server);
    ana.send("/create tea private\r\n/invite code\r\n");
    ana.expect("One-time code for #tea, ");
    let code = String::from_utf8(ana.expect("\r\n")).expect("UTF-8");
    let code = code.trim().rsplit(' ').next().expect("a code").to_owned();
    ana.send("/token new bridge\r\n/join general\r\n");
    ana.expect("shown this once:\r\n-- ");
    let token = String::from_utf8(ana.expect("\r\n")).expect("UTF-8").trim().to_owned();
    let operator = server.operator_code.clone().expect("a new server prints a code");
    for line in [
        operator.clone(),
        format!("operator {operator}"),
        format!("here: {operator}"),
        token.clone(),
        format!("my token is {token}, keep it"),
        token.trim_start_matches("token:").to_owned(),
        code.clone(),
        format!("accept {code}"),
        code.replace('-', " "),
        format!("password {MARKER} {MARKER}-new"),
        format!("msg bob {MARKER}"),
        format!("login ana {MARKER}"),
        format!("register ana {MARKER}"),
    ] {
        ana.send(format!("{line}\r\n"));
        ana.expect("To say it, type it again.\r\n");
        assert_eq!(heard(&mut ana, &mut bob), [""; 0], "{line}");
    }
    ana.send(format!("msg bob {MARKER}\r\n"));
    ana.expect("To say it, type it again.\r\n");
    ana.send(format!("msg bob {MARKER}\r\n"));
    assert_eq!(heard(&mut ana, &mut bob), [format!("[00:00] #general ana: msg bob {MARKER}")]);
    // Twice at once is not typing it again.
    ana.send(format!("{token}\r\n{token}\r\n"));
    ana.expect("-! 1 line that you typed ahead is dropped: it was not sent or done.\r\n");
    assert_eq!(heard(&mut ana, &mut bob), [""; 0]);
}

#[test]
fn a_sender_is_shown_once_what_others_read_if_it_is_not_what_was_typed() {
    let server = Server::start_new();
    let (mut ana, mut bob) = ana_and_witness(&server);
    ana.send(b"caf\xe9 f\xfcr dich\r\n");
    ana.expect(
        "-- What you send is not UTF-8: set your terminal to it. Others read \"caf\u{fffd} f\u{fffd}r dich\"\r\n",
    );
    ana.send(b"\xfcber\r\nand\x07\r\n");
    let heard = heard(&mut ana, &mut bob);
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(ana.received().windows(11).filter(|bytes| bytes == b"Others read").count() == 1);
}

/// What ana types in private, with [`MARKER`] in it. All of it is sent at once: what comes after a refusal was shown is a line
/// like any other.
fn typed_in_private() -> impl Strategy<Value = Vec<u8>> {
    let answer = || {
        prop_oneof![
            3 => Just(format!("{MARKER}\r\n").into_bytes()),
            2 => Just(b"password-of-ana\r\n".to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => Just(format!("{}{MARKER}\n", "x".repeat(4097)).into_bytes()),
            1 => Just(format!("\x1b[A{MARKER}\0\r\0").into_bytes()),
            1 => Just(format!("\x1b{MARKER}\r\n").into_bytes()),
            2 => Just([MARKER.as_bytes(), b"\r\n", INTERRUPT].concat()),
            1 => Just([MARKER.as_bytes(), INTERRUPT].concat()),
        ]
    };
    let prompts = (
        prop::sample::select(vec!["/password", "/account delete", "/passwd", "/acc del", "/passwrod"]),
        prop::collection::vec(answer(), 0..5),
    )
        .prop_map(|(command, answers)| [format!("{command}\r\n").into_bytes(), answers.concat()].concat());
    let unseen = prop::sample::select(vec![
        "\x1b[A", "\x1bOB", "\x1b[3~", "\0", "\x1b", "\x1b[", "\x1b]0;", "\x0c", "\u{200b}", "\u{301}", "\u{9b}A",
        "\x07", " ", "x\x7f",
    ]);
    let command = prop::sample::select(vec![
        "/msg cho ",
        "@cho ",
        "／msg cho ",
        "/m cho ",
        "msg cho ",
        "/say #tea ",
        "login ana ",
        "password ",
    ]);
    let hidden = (prop::collection::vec(unseen, 0..4), command)
        .prop_map(|(before, command)| format!("{}{command}{MARKER}\r\n", before.concat()).into_bytes());
    prop_oneof![prompts, hidden]
}

#[test]
fn nothing_typed_in_private_reaches_somebody_else_however_it_comes() {
    let server = Server::start_new();
    server.register("cho");
    let (mut bob, mut eve) = (server.register("bob"), server.register("eve"));
    eve.ask("/create tea");
    bob.sync();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(80) });
    let case = (typed_in_private(), prop::collection::vec(1..40usize, 0..6), any::<bool>());
    let (bob, number) = (std::cell::RefCell::new(bob), std::cell::Cell::new(0));
    let run = |(typed, cuts, by_prompt): (Vec<u8>, Vec<usize>, bool)| {
        let mut ana = Wire::connect(server.address);
        // The password may be changed, and the account deleted.
        let name = format!("ana{}", number.replace(number.get() + 1));
        let end = if by_prompt { "\r\npassword-of-ana\r\n" } else { " " };
        ana.send(format!("register {name}{end}password-of-ana\r\n"));
        ana.expect("commands you need.\r\n");
        // Cut anywhere before the first line end, behind which a prompt may fail.
        let (mut rest, end) = (&typed[..], typed.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(0));
        for cut in cuts {
            let taken = typed.len() - rest.len();
            let (piece, after) = rest.split_at(cut.min(end.saturating_sub(taken)));
            ana.send(piece);
            rest = after;
        }
        ana.send(rest);
        ana.finish();
        ana.rest();
        for line in bob.borrow_mut().sync() {
            prop_assert!(!line.contains(MARKER) && !line.contains(&MARKER[..5]), "{}: {}", typed.escape_ascii(), line);
        }
        Ok(())
    };
    runner.run(&case, run).unwrap_or_else(|error| panic!("{error}"));
}
