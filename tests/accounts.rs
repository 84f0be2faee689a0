//! Accounts: getting in, being one person on several connections, changing the password, going for good.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Client, DO_ECHO, DONT_ECHO, Running, Server, WILL_ECHO, WONT_ECHO, Wire, connect_from, timeless};

const WRONG: &str = "-! Wrong name or password. You are not logged in. To try again: login NAME";
const SHOWN: &str = "-- (your client will show what you type)";

/// Answers the server's wish to hide what is typed as telnet clients do, and types a line. What the server sends up to
/// `part`; nothing if this machine was too busy to answer before the server gave up on an answer.
fn type_hidden(wire: &mut Wire, negotiation: &[&[u8]], secret: &str, part: &str) -> Option<Vec<u8>> {
    wire.send(negotiation.concat());
    wire.send(format!("{secret}\r\n"));
    let sent = wire.expect(part);
    let is_late = sent.windows(SHOWN.len()).any(|window| window == SHOWN.as_bytes());
    (!is_late).then_some(sent)
}

/// Registers by prompts as a telnet client. `answers_wont`: it confirms that it shows again what is typed (tintin++ does
/// not). Nothing if the machine was too busy.
fn register_by_telnet(server: &Running, name: &str, answers_wont: bool) -> Option<Wire> {
    let secret = format!("password-of-{name}");
    let mut wire = Wire::connect(server.address);
    wire.expect("quit\r\n");
    wire.send(format!("register {name}\r\n"));
    let free = format!("-- \"{name}\" is free. Choose a password, 8 characters or more.\r\n");
    let question = [free.as_bytes(), WILL_ECHO, b"-- Password:\r\n"].concat();
    assert_eq!(wire.expect("Password:\r\n"), question);

    let again = [WONT_ECHO, WILL_ECHO, b"-- Once more:\r\n"].concat();
    assert_eq!(type_hidden(&mut wire, &[DO_ECHO], &secret, "more:\r\n")?, again);
    let confirmed = if answers_wont { vec![DONT_ECHO, DO_ECHO] } else { vec![DO_ECHO] };
    let welcome = [WONT_ECHO, b"-- Welcome, ", name.as_bytes(), b"."].concat();
    let sent = type_hidden(&mut wire, &confirmed, &secret, "commands you need.\r\n")?;
    assert!(sent.starts_with(&welcome), "{}", sent.escape_ascii());
    if answers_wont {
        wire.send(DONT_ECHO);
    }
    Some(wire)
}

/// The messages among `lines`.
fn messages(lines: Vec<String>) -> Vec<String> {
    lines.iter().filter(|line| line.starts_with('[')).map(|line| timeless(line)).collect()
}

/// What the server sends for `line` before the login, up to the end of `part`.
fn sent_for(wire: &mut Wire, line: &str, part: &str) -> Vec<u8> {
    wire.send(format!("{line}\r\n"));
    wire.expect(part)
}

#[test]
fn a_telnet_client_registers_and_logs_in_by_prompts_that_do_not_show_the_password() {
    let server = Server::start_new();
    for answers_wont in [true, false] {
        let mut attempts = (0..20).map(|number| format!("ana-{answers_wont}-{number}"));
        let (name, mut wire) = attempts
            .find_map(|name| register_by_telnet(&server, &name, answers_wont).map(|wire| (name, wire)))
            .expect("the machine is quick enough once");
        assert_eq!(
            sent_for(&mut wire, "/whois nobody-else", "\r\n"),
            b"-! Nobody is called nobody-else. Nothing was done. /who lists who is online.\r\n",
            "no telnet command is left over"
        );

        let secret = format!("password-of-{name}");
        let question = [WILL_ECHO, b"-- Password:\r\n"].concat();
        let sent = (0..20).find_map(|_| {
            let mut wire = Wire::connect(server.address);
            wire.expect("quit\r\n");
            assert_eq!(sent_for(&mut wire, &format!("login {name}"), "Password:\r\n"), question);
            type_hidden(&mut wire, &[DO_ECHO], &secret, "You talk in #general.")
        });
        let welcome = [WONT_ECHO, b"-- Welcome back, ", name.as_bytes()].concat();
        let sent = sent.expect("the machine is quick enough once");
        assert!(sent.starts_with(&welcome), "{}", sent.escape_ascii());
    }
}

#[test]
fn a_client_that_cannot_hide_what_is_typed_is_told_so_and_registers_all_the_same() {
    let server = Server::start_new();
    let mut nc = Wire::connect(server.address);
    nc.expect("quit\r\n");
    nc.send("register ana\n");
    nc.expect("8 characters or more.\r\n");
    let shown = format!("{SHOWN}\r\n");
    let prompt = |question: &str| [WILL_ECHO, question.as_bytes(), b"\r\n", shown.as_bytes()].concat();
    assert_eq!(nc.expect(&shown), prompt("-- Password:"));
    nc.send("password-of-ana\n");
    assert_eq!(nc.expect(&shown), [WONT_ECHO, &prompt("-- Once more:")].concat());
    nc.send("password-of-ana\n");
    let sent = nc.expect("\r\n");
    let welcome = b"-- Welcome, ana. Your account is ready and you are in #general.\r\n";
    assert_eq!(sent, [WONT_ECHO, welcome].concat());
    server.login("ana");
}

#[test]
fn a_refused_wish_to_hide_the_password_is_no_obstacle() {
    let server = Server::start_new();
    server.register("ana");
    let mut wire = Wire::connect(server.address);
    wire.send("login ana\r\n");
    wire.expect(WILL_ECHO);
    wire.send([DONT_ECHO, b"password-of-ana\r\n"].concat());
    wire.expect("-- Welcome back, ana.");
}

#[test]
fn one_line_registers_and_one_line_logs_in() {
    let server = Server::start_new();
    let mut ana = server.connect();
    ana.send("register Ana two words, and a comma ");
    ana.expect("-- Welcome, Ana. Your account is ready and you are in #general.");
    ana.expect("-- Just type to talk.");
    let mut again = server.connect();
    again.send("login ana two words, and a comma");
    again.expect(WRONG);
    again.send("/connect aNA two words, and a comma ");
    again.expect("-- Welcome back, Ana.");
    again.expect("-- You talk in #general.");
    again.expect("-- You are also connected once elsewhere.");
}

#[test]
fn nothing_tells_a_wrong_name_from_a_wrong_password() {
    let server = Server::start_new();
    server.register("ana");
    let mut bob = server.register("bob");
    bob.send_bytes(b"/account delete\r\npassword-of-bob\r\n");
    bob.rest();
    let mut answers = Vec::new();
    for name in ["ana", "nobody1", "bob"] {
        let mut wire = Wire::connect(server.address);
        wire.expect("quit\r\n");
        let line = sent_for(&mut wire, &format!("login {name} not-the-password"), "\r\n");
        let too_short = sent_for(&mut wire, &format!("login {name} x"), "\r\n");
        let too_long = sent_for(&mut wire, &format!("login {name} {}", "x".repeat(300)), "\r\n");
        wire.send(format!("login {name}\r\n"));
        let question = wire.expect(format!("{SHOWN}\r\n"));
        let prompted = sent_for(&mut wire, "not-the-password", "NAME\r\n");
        answers.push((line, too_short, too_long, question, prompted));
    }
    assert_eq!(answers[0].0, format!("{WRONG}\r\n").as_bytes());
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn a_password_has_8_characters_to_256_bytes() {
    let server = Server::start_new();
    let refused = "-! A password has at least 8 characters, and at most 256 bytes. No account was made. To try again: register ana";
    let mut client = server.connect();
    for wrong in ["x".repeat(7), "x".repeat(257), "x".repeat(4000), "ü".repeat(7), "ü".repeat(129)] {
        client.send(&format!("register ana {wrong}"));
        assert_eq!(client.expect("-! "), refused, "{wrong}");
        client.send(&format!("login ana {wrong}"));
        assert_eq!(client.expect("-! "), WRONG, "{wrong}");
    }
    client.send_bytes(b"register ana\r\n1234567\r\n");
    assert_eq!(client.expect("-! "), refused);
    for (name, right) in
        [("ana", "x".repeat(8)), ("bob", "x".repeat(256)), ("cho", "ü".repeat(8)), ("dee", "ü".repeat(128))]
    {
        let mut client = server.connect();
        client.send(&format!("register {name} {right}"));
        client.expect(&format!("-- Welcome, {name}."));
        let mut again = server.connect();
        again.send(&format!("login {name} {right}"));
        again.expect(&format!("-- Welcome back, {name}."));
    }
}

#[test]
fn two_different_passwords_or_none_make_no_account() {
    let server = Server::start_new();
    let mut client = server.connect();
    client.send_bytes(b"register ana\r\nthis-password\r\nthat-password\r\n");
    client.expect("-! The two were not the same. No account was made. To try again: register ana");
    client.send_bytes(b"register ana\r\n\r\n");
    client.expect("-! No account was made. To try again: register NAME");
    client.send_bytes(b"register ana\r\nthis-password\r\n\r\n");
    client.expect("-! No account was made. To try again: register NAME");
    client.send_bytes(b"login ana\r\nthis-password\r\n");
    client.expect(WRONG);
    client.send_bytes(b"login ana\r\n\r\n");
    client.expect("-! No password, so you are not logged in. To try again: login NAME");
    client.send_bytes(b"register ana\r\nthis-password\r\nthis-password\r\n");
    client.expect("-- Welcome, ana.");
}

#[test]
fn names_that_are_no_names_or_the_servers_own_are_refused() {
    let server = Server::with("login_bad_lines_max = 1000").into_running();
    let mut client = server.connect();
    let mut check = |name: &str, expected: &str| {
        client.send(&format!("register {name} long-enough-password"));
        let line = client.expect("-! ");
        assert!(line.starts_with(expected), "{name:?}: {line}");
    };
    for length in ["a", "123456789012345678901"] {
        check(length, "-! That cannot be a name: ");
    }
    for character in [
        "-ana",
        "_ana",
        "@ana",
        "#ana",
        "/ana",
        "*",
        "a.b",
        "аdmin",
        "ａｄｍｉｎ",
        "adm\u{131}n",
        "ad\u{200b}min",
        "añb",
    ] {
        check(character, "-! That cannot be a name: ");
    }
    for reserved in
        ["admin", "ADMIN", "server", "System", "root", "ghost", "ghost-2", "ghostly", "me", "operator", "code"]
    {
        let expected = format!("-! \"{reserved}\" is a word that the server keeps for itself. Nothing was done.");
        check(reserved, &expected);
    }
    client.send("login system !");
    client.expect(WRONG);
    for name in ["ab", "12345678901234567890", "7-up_X"] {
        server.register(name);
    }
}

#[test]
fn a_name_that_is_taken_or_looks_like_one_is_refused() {
    let server = Server::start_new();
    server.register("Bob");
    server.register("al1ce-x");
    let mut client = server.connect();
    for name in ["Bob", "bob", "BOB", "b0b", "B0B", "allce-x", "AL1CE_X"] {
        client.send(&format!("register {name} another-password"));
        let refused = format!("-! \"{name}\" is taken, or looks like a name that is. Nothing was done.");
        let line = client.expect("-! ");
        assert!(line.starts_with(&refused), "{line}");
        client.send(&format!("login {name} another-password"));
        assert_eq!(client.expect("-! "), WRONG, "no account was made by it");
    }
    client.send("login BOB password-of-Bob");
    client.expect("-- Welcome back, Bob.");
}

#[test]
fn a_name_that_looks_like_another_is_not_called_free() {
    let server = Server::start_new();
    server.register("bob");
    let mut client = server.connect();
    client.send("register b0b");
    client.expect("-! \"b0b\" is taken, or looks like a name that is.");
}

#[test]
fn one_of_64_registrations_of_a_name_at_the_same_moment_wins_and_its_password_works() {
    let server = Server::start_new();
    let spellings = ["racer", "Racer", "RACER", "rACEr"];
    let barrier = Barrier::new(64);
    let won: Vec<bool> = thread::scope(|scope| {
        let race = |number: usize| {
            let (server, barrier) = (&server, &barrier);
            scope.spawn(move || {
                let mut client = server.connect();
                client.expect("quit");
                barrier.wait();
                client.send(&format!("register {} password-number-{number}", spellings[number % 4]));
                loop {
                    let line = client.line().expect("an answer");
                    if line.contains("-- Welcome, ") {
                        return true;
                    }
                    if line.contains(" is taken, or looks like") {
                        client.send(&format!("login racer password-number-{number}"));
                        client.expect(WRONG);
                        return false;
                    }
                }
            })
        };
        let racers: Vec<_> = (0..64).map(race).collect();
        racers.into_iter().map(|racer| racer.join().expect("no racer fails")).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let winner = won.iter().position(|won| *won).expect("one has won");
    let mut client = server.connect();
    client.send(&format!("login racer password-number-{winner}"));
    client.expect("-- Welcome back, ");
}

#[test]
fn two_connections_of_an_account_see_the_same_but_for_what_was_typed_on_the_one() {
    let server = Server::start_new();
    let (mut here, mut bob) = (server.register("ana"), server.register("bob"));
    let mut there = server.login("ana");
    here.sync();
    assert_eq!(bob.ask("/who"), ["-- 2 online: ana, bob."]);

    bob.send("from bob");
    bob.send("/msg ana to both of ana");
    bob.sync();
    for line in ["typed here", "/me acts here", "/msg bob alone from here"] {
        here.send(line);
    }
    let heard_here = messages(here.sync());
    there.send("typed there");
    let heard_there = messages(there.sync());
    let both = ["[00:00] #general bob: from bob", "[00:00] @bob bob: to both of ana"];
    assert_eq!(heard_here, both);
    let typed_here =
        ["[00:00] #general ana: typed here", "[00:00] #general * ana acts here", "[00:00] @bob ana: alone from here"];
    assert_eq!(heard_there, [&both[..], &typed_here].concat());
    assert_eq!(messages(here.sync()), ["[00:00] #general ana: typed there"]);
    let heard_by_bob = messages(bob.sync());
    let ana = ["#general ana: typed here", "#general * ana acts here", "@ana ana: alone from here"];
    let ana: Vec<String> =
        ana.iter().chain(&["#general ana: typed there"]).map(|said| format!("[00:00] {said}")).collect();
    assert_eq!(heard_by_bob, ana);
}

#[test]
fn logging_out_leads_back_to_the_login_and_somebody_else_can_log_in() {
    let server = Server::start_new();
    let (mut one, mut bob) = (server.register("ana"), server.register("bob"));
    one.send("hello");
    one.send("/logout");
    one.expect("-- You are logged out, ana. The message you sent is saved. You stay in #general.");
    one.expect("-- The connection stays open.");
    one.expect("-- Type: login NAME, register NAME, help, or quit");
    assert_eq!(bob.ask("/who").last().map(String::as_str), Some("-- 1 online: bob."));
    bob.send("nobody but me hears this");
    bob.sync();

    one.send("/who");
    one.expect("-! /who works after you log in. Nothing was done.");
    one.send("register cho password-of-cho");
    assert_eq!(one.line().as_deref(), Some("-- Welcome, cho. Your account is ready and you are in #general."));
    one.sync();
    // All typed ahead, in one packet.
    one.send_bytes(b"as cho\r\n/logout\r\nlogin ana password-of-ana\r\nas ana\r\n/logout\r\nquit\r\n");
    one.rest();
    let said: Vec<String> = bob.sync().iter().map(|line| timeless(line)).collect();
    assert_eq!(said, ["-- cho joined #general.", "[00:00] #general cho: as cho", "[00:00] #general ana: as ana"]);
    assert_eq!(bob.ask("/who"), ["-- 1 online: bob."]);
}

#[test]
fn a_new_password_closes_the_other_connections_before_the_next_message() {
    let server = Server::start_new();
    let (mut here, mut pump) = (server.register("ana"), server.register("pump"));
    here.sync();
    let mut others = [server.login("ana"), server.login("ana")];
    let is_changed = AtomicBool::new(false);
    let (heard_before, heard_by_others) = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..100_000 {
                pump.send(&format!("number {number}"));
                if number % 20 == 0 {
                    pump.sync();
                }
                if is_changed.load(Ordering::Relaxed) {
                    return pump.send("the last one");
                }
            }
        });
        let others = others.each_mut().map(|other| scope.spawn(|| other.rest()));
        here.expect("number 50");
        here.send_bytes(b"/password\r\npassword-of-ana\r\na-new-password\r\na-new-password\r\n");
        let mut heard = 51;
        loop {
            let line = here.line().expect("it stays connected");
            if line == "-- Your password is changed, and your 2 other connections are closed." {
                break;
            }
            heard += usize::from(line.contains("pump: number "));
        }
        is_changed.store(true, Ordering::Relaxed);
        here.expect("the last one");
        (heard, others.map(|other| other.join().expect("it was read to its end")))
    });
    for lines in heard_by_others {
        let heard = lines.iter().filter(|line| line.contains("pump: ")).count();
        assert_eq!(heard, heard_before, "the connection heard what was said before the change, and nothing after it");
        assert_eq!(
            lines.last().map(String::as_str),
            Some("-- Your password was changed on another connection, so this one is closed. Log in with the new one.")
        );
    }
    let mut client = server.connect();
    client.send("login ana password-of-ana");
    client.expect(WRONG);
    client.send("login ana a-new-password");
    client.expect("-- Welcome back, ana.");
}

#[test]
fn a_password_is_not_changed_by_mistake() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let mut elsewhere = server.login("ana");
    let mut check = |typed: &str, expected: &str| {
        ana.send_bytes(format!("{typed}\r\n").replace('|', "\r\n").as_bytes());
        assert_eq!(ana.expect("-! "), expected, "{typed}");
    };
    check("/password|wrong-password|new-password|new-password", "-! That is not your password. Nothing was changed.");
    check(
        "/password|password-of-ana|new-password|other-password",
        "-! The two were not the same. Your password was not changed.",
    );
    check(
        "/password|password-of-ana|short|short",
        "-! A password has at least 8 characters, and at most 256 bytes. Your password was not changed.",
    );
    check("/password|", "-! Your password was not changed.");
    check("/password|password-of-ana|", "-! Your password was not changed.");
    check("/password|password-of-ana|new-password|", "-! Your password was not changed.");
    let shown = "-! The password you typed was shown, and was not used: nothing was changed. \
                 Type /password alone, and you are asked for a new one without showing it.";
    check("/password new-password", shown);
    elsewhere.sync();
    server.login("ana");
}

#[test]
fn a_new_password_is_not_said_when_the_old_one_was_wrong() {
    let server = Server::start_new();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    ana.send_bytes(b"/password\r\nnot-the-password\r\nnew-password\r\nnew-password\r\nhello\r\n");
    ana.expect("-! That is not your password. Nothing was changed.");
    ana.sync();
    assert!(bob.expect("#general ana: ").ends_with("ana: hello"));
}

#[test]
fn a_new_password_counts_for_what_is_typed_next() {
    let server = Server::start_new();
    for number in 0..5 {
        let mut ana = server.register(&format!("ana{number}"));
        ana.send_bytes(format!("/password\r\npassword-of-ana{number}\r\nnew-password\r\nnew-password\r\n").as_bytes());
        ana.send_bytes(b"/account delete\r\nnew-password\r\n");
        ana.expect("-- The account ana");
    }
}

#[test]
fn a_password_behind_account_delete_is_not_repeated() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let lines = ana.ask("/account delete password-of-ana").join("\n");
    assert!(lines.starts_with("-! ") && !lines.contains("password-of-ana"), "{lines}");
    server.login("ana");
}

#[test]
fn a_deleted_account_leaves_its_words_under_ghost_and_its_name_to_others() {
    let server = Server::start_new();
    // The first account after that of the server itself has number 2.
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    let mut elsewhere = server.login("ana");
    ana.send("said to all");
    ana.send("/create den private");
    ana.send("said in the den");
    ana.send("/invite bob");
    ana.sync();
    bob.send("/accept den");
    bob.send("/create cellar private");
    bob.send("/invite ana");
    bob.sync();
    ana.send("/msg bob said to bob");
    ana.sync();

    ana.send_bytes(b"/account delete\r\n\r\n");
    ana.expect("-- Nothing was deleted. You are still here.");
    ana.send_bytes(b"/account delete\r\nnot-the-password\r\n");
    ana.expect("-! That is not your password. Nothing was changed.");
    ana.sync();
    ana.send_bytes(b"/account delete\r\npassword-of-ana\r\n");
    let goodbye = "-- The account ana is deleted. What was written with it stays, under the name ghost.";
    assert_eq!(ana.rest().last().map(String::as_str), Some(goodbye));
    assert_eq!(elsewhere.rest().last().map(String::as_str), Some(goodbye));
    bob.expect("-- ana left #general: the account is deleted.");
    bob.expect("-- ana left #den: the account is deleted.");

    let check_bob = |bob: &mut Client| {
        let general = bob.answer("/history #general");
        assert!(general.contains(&"[00:00] #general 2 ghost: said to all".to_owned()), "{general:#?}");
        assert_eq!(bob.answer("/history #den")[0], "[00:00] #den 1 ghost: said in the den");
        assert_eq!(bob.answer("/history @ghost-2")[0], "[00:00] @ghost-2 1 ghost: said to bob");
        bob.send("/msg ghost-2 are you there?");
        bob.expect("-! That account is deleted, so nobody would read it. Nothing was sent.");
    };
    check_bob(&mut bob);
    let mut client = server.connect();
    client.send("login ana password-of-ana");
    client.expect(WRONG);

    let mut ana = server.register("ana");
    for line in ["/history #den", "/join den", "/accept den", "/join cellar", "/accept cellar", "/history @bob"] {
        assert!(ana.ask(line)[0].starts_with("-! No "), "{line}");
    }
    let rooms = ana.ask("/rooms").join("\n");
    assert!(!["den", "cellar", "@"].iter().any(|hidden| rooms.contains(hidden)), "{rooms}");
    assert_eq!(ana.ask("/dm bob"), ["-- You now talk with bob alone. No earlier messages. /join #general goes back."]);
    ana.send("hello from the new one");
    bob.expect("@ana ana: hello from the new one");
    assert_eq!(bob.answer("/history @ana")[0], "[00:00] @ana 1 ana: hello from the new one");
    check_bob(&mut bob);
}

#[test]
fn wrong_passwords_are_bounded_by_account_and_address_so_that_the_owner_gets_in_from_elsewhere() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    server.register("ana");
    server.register("bob");
    let too_many = "-! Too many wrong passwords from your address. Nothing was done. Try again in ";
    let from = |source: &str| Client::over(connect_from(server.address, source));
    let mut guesser = from("127.0.0.2");
    for name in ["ana", "ANA", "ana"] {
        guesser.send(&format!("login {name} not-the-password"));
        assert_eq!(guesser.expect("-! "), WRONG);
    }
    // The right password is not looked at either, on this connection and on another one.
    for client in [&mut guesser, &mut from("127.0.0.2")] {
        client.send("login Ana password-of-ana");
        assert!(client.expect("-! ").starts_with(too_many));
        client.send_bytes(b"login ana\r\npassword-of-ana\r\n");
        assert!(client.expect("-! ").starts_with(too_many));
    }
    let mut owner = from("127.0.0.3");
    owner.send("login ana password-of-ana");
    owner.expect("-- Welcome back, ana.");
    guesser.send("login bob password-of-bob");
    guesser.expect("-- Welcome back, bob.");
    // Those who are right do not use their tries up.
    for _ in 0..4 {
        let mut owner = from("127.0.0.3");
        owner.send("login ana password-of-ana");
        owner.expect("-- Welcome back, ana.");
    }
    // The own password is guarded alike.
    owner.sync();
    for _ in 0..3 {
        owner.send_bytes(b"/password\r\nnot-the-password\r\nnew-password\r\nnew-password\r\n");
        owner.expect("-! That is not your password. Nothing was changed.");
    }
    owner.send_bytes(b"/account delete\r\npassword-of-ana\r\n");
    assert!(owner.expect("-! ").starts_with(too_many));
    owner.sync();
}

#[test]
fn many_guesses_at_the_same_moment_are_bounded_too() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    server.register("ana");
    let barrier = Barrier::new(16);
    let evaluated = thread::scope(|scope| {
        let guess = |_| {
            scope.spawn(|| {
                let mut client = server.connect();
                client.expect("quit");
                barrier.wait();
                client.send("login ana not-the-password");
                client.expect("-! ") == WRONG
            })
        };
        let guesses: Vec<_> = (0..16).map(guess).collect();
        guesses
            .into_iter()
            .map(|guess| guess.join().expect("no guess fails"))
            .filter(|was_evaluated| *was_evaluated)
            .count()
    });
    assert_eq!(evaluated, 3);
}

#[test]
fn wrong_passwords_for_many_accounts_are_bounded_by_address() {
    let server = Server::with("login_tries_per_address_per_min_max = 3").into_running();
    server.register("ana");
    let mut guesser = server.connect();
    for name in ["ana", "bob", "nobody1"] {
        guesser.send(&format!("login {name} not-the-password"));
        assert_eq!(guesser.expect("-! "), WRONG);
    }
    guesser.send("login ana password-of-ana");
    guesser.expect("-! Too many wrong passwords from your address.");
    let mut owner = Client::over(connect_from(server.address, "127.0.0.2"));
    owner.send("login ana password-of-ana");
    owner.expect("-- Welcome back, ana.");
}

#[test]
fn new_accounts_are_bounded_by_address_and_only_those_that_are_made_count() {
    let server = Server::with("registrations_per_address_per_hour_max = 2").into_running();
    server.register("ana");
    let mut client = server.connect();
    for line in ["register ana password-of-ana", "register an@ password-of-ana", "register bob short", "register 4na x"]
    {
        client.send(line);
        client.expect("-! ");
    }
    client.send("register an-a password-of-an-a");
    client.expect("-- Welcome, an-a.");
    let mut third = server.connect();
    third.send("register cho password-of-cho");
    third.expect("-! Too many new accounts from your address. Nothing was done. Try again in 60 minutes.");
    let mut elsewhere = Client::over(connect_from(server.address, "127.0.0.2"));
    elsewhere.send("register cho password-of-cho");
    elsewhere.expect("-- Welcome, cho.");
}

#[test]
fn who_and_whois_tell_who_is_there() {
    let server = Server::start_new();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    let mut cho = server.register("cho");
    cho.send("/quit");
    cho.rest();
    ana.send("/create den private");
    ana.sync();
    assert_eq!(bob.ask("/who").last().map(String::as_str), Some("-- 2 online: ana, bob."));
    assert_eq!(bob.answer("/who #general"), ["-- 3 members of #general: ana, bob, cho (offline)."]);
    let lines = bob.answer("/whois ANA");
    assert_eq!(lines[0], "-- ana is online.");
    assert!(lines[1].starts_with("-- Account since "), "{lines:#?}");
    assert_eq!(lines[2], "-- In: #general.");
    assert!(!lines.join("\n").contains("den"), "{lines:#?}");
    assert_eq!(ana.answer("/whois ana")[2], "-- In: #general, #den.");
    assert_eq!(bob.answer("/whois cho")[0], "-- cho is not online, last here today 00:00.");
    assert_eq!(bob.ask("/whois system"), ["-! Nobody is called system. Nothing was done. /who lists who is online."]);
}

#[test]
fn whoever_is_away_is_said_to_be_where_it_matters_until_coming_back() {
    let server = Server::start_new();
    let (mut bob, mut ana) = (server.register("bob"), server.register("ana"));
    bob.sync();
    let mut bob_elsewhere = server.login("bob");
    assert_eq!(bob.ask("/away at lunch"), ["-- You are away (at lunch); /back when you return."]);
    assert_eq!(ana.ask("/who"), ["-- 2 online: ana, bob (away: at lunch)."]);
    assert_eq!(ana.ask("/whois bob")[0], "-- bob is online, away (at lunch).");
    assert_eq!(ana.ask("/msg bob are you there?"), ["-- bob is away (at lunch) and will see it."]);
    assert_eq!(ana.ask("/msg bob hello?"), Vec::<String>::new(), "it is told once");
    assert_eq!(ana.ask("said to all"), Vec::<String>::new());
    bob.expect("@ana ana: are you there?");
    bob.expect("@ana ana: hello?");

    let mut again = server.connect();
    again.send("login bob password-of-bob");
    again.expect("-- You are away (at lunch); /back when you return.");
    assert_eq!(bob_elsewhere.ask("/back").last().map(String::as_str), Some("-- You are back."));
    assert_eq!(ana.ask("/who"), ["-- 2 online: ana, bob."]);
    assert_eq!(ana.ask("/msg bob now?"), Vec::<String>::new());
    assert_eq!(bob.ask("/away").last().map(String::as_str), Some("-- You are away; /back when you return."));
    assert_eq!(ana.ask("/msg bob still?"), ["-- bob is away and will see it."]);
    for mut client in [bob, bob_elsewhere, again] {
        client.send("/quit");
        client.rest();
    }
    let lines = ana.ask("/msg bob gone?");
    assert_eq!(lines, ["-- bob is not online, away, and will see it at the next login."]);
}

#[test]
fn a_password_is_in_no_log_no_file_and_nothing_that_anybody_receives() {
    const MARKER: &str = "Zq7!xyzzy-plugh-Marker";
    let setup = Server::with("log_level = \"trace\"");
    let mut server = setup.start();
    let mut witness = Wire::connect(server.address);
    witness.send("register witness password-of-witness\r\n/join general\r\n");
    let mut wire = Wire::connect(server.address);
    for line in [
        format!("register ana {MARKER}"),
        // While logged in.
        format!("login ana {MARKER}"),
        format!("/login ana {MARKER}"),
        format!("register bob {MARKER}"),
        format!("/register bob {MARKER}"),
        format!("/password {MARKER}"),
        format!("/passwd {MARKER} {MARKER}"),
        format!("/logni ana {MARKER}"),
        format!("/lo ana {MARKER}"),
        format!("/password\r\n{MARKER}\r\n{MARKER}-new\r\n{MARKER}-new"),
        format!("/password\r\n{MARKER}-wrong\r\n{MARKER}-2\r\n{MARKER}-2"),
        format!("/account delete {MARKER}"),
        format!("/account delete\r\n{MARKER}-wrong"),
        "/whois ana".to_owned(),
        "/logout".to_owned(),
        // Before the login.
        format!("login ana {MARKER}"),
        format!("login nobody1 {MARKER}"),
        format!("login {MARKER}"),
        format!("login {MARKER} ana"),
        format!("logn ana {MARKER}"),
        format!("ana {MARKER}"),
        MARKER.to_owned(),
        format!("/{MARKER}"),
        format!("register {MARKER}"),
        format!("register bob\r\n{MARKER}\r\n{MARKER}x"),
        format!("register bob {}", MARKER.repeat(20)),
        format!("login ana\r\n{MARKER}-new"),
    ] {
        wire.send(format!("{line}\r\n"));
    }
    wire.expect("-- Welcome back, ana.");
    wire.send("/account delete\r\n");
    wire.send(format!("{MARKER}-new\r\n"));
    wire.expect("-- The account ana is deleted.");
    wire.rest();
    witness.send("/quit\r\n");
    witness.rest();
    server.signal("TERM");
    assert!(server.wait().success());

    let holds = |bytes: &[u8]| bytes.windows(MARKER.len()).any(|window| window.eq_ignore_ascii_case(MARKER.as_bytes()));
    assert!(holds(format!("a {MARKER} is found").as_bytes()));
    assert!(!holds(wire.received()), "{}", wire.received().escape_ascii());
    assert!(!holds(witness.received()), "{}", witness.received().escape_ascii());
    assert!(!holds(server.log().as_bytes()), "{}", server.log());
    for entry in std::fs::read_dir(setup.data()).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        assert!(!holds(&std::fs::read(&path).expect("it can be read")), "{}", path.display());
    }
}

#[test]
fn a_password_is_not_checked_for_a_client_that_was_reset_meanwhile() {
    let server = Server::with("password_hashes_at_once = 1\nlog_level = \"debug\"").into_running();
    drop(server.register("ana"));
    let mut wires: Vec<Wire> = (0..64).map(|_| Wire::connect(server.address)).collect();
    for wire in &mut wires {
        wire.expect("quit\r\n");
        wire.send("login ana not-her-password\r\n");
    }
    // They wait for their turns, of which each takes some ten milliseconds.
    thread::sleep(Duration::from_millis(50));
    wires.into_iter().for_each(|wire| wire.reset());
    server.login("ana");
    let log = server.log();
    assert!(log.contains("a password was not checked") && log.contains("nobody waits for it any more"), "{log}");
}
