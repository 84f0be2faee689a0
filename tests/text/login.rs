//! Getting in and out by lines and prompts: `login`, `register`, `/password`, `/account delete`, `/logout`.

use crate::support::{DONT_ECHO, Server, WILL_ECHO, Wire, timeless};

pub const WRONG: &str = "-! Wrong name or password. You are not logged in. To try again: login NAME";
const SHOWN: &str = "-- (your client will show what you type)";

/// What the server sends for `line` before the login, up to the end of `part`.
fn sent_for(wire: &mut Wire, line: &str, part: &str) -> Vec<u8> {
    wire.send(format!("{line}\r\n"));
    wire.expect(part)
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
    let refused = "-! A password has at least 8 characters, and at most 256 bytes. No account was created. To try again: register ana";
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
fn a_password_of_another_encoding_than_utf_8_is_not_set() {
    let server = Server::start_new();
    let mut client = server.connect();
    client.send_bytes(b"register ana\r\ncaf\xe9 au lait\r\n");
    let refused = "-! That password is not UTF-8, so other clients could not send it.";
    client.expect(&format!("{refused} No account was created. To try again: register ana"));
    client.send_bytes(b"register ana caf\xe9 au lait\r\n");
    client.expect(&format!("{refused} No account was created. To try again: register ana"));
    let mut bob = server.register("bob");
    bob.send_bytes(b"/password\r\npassword-of-bob\r\ncaf\xe9 au lait\r\ncaf\xe9 au lait\r\n");
    bob.expect(&format!("{refused} Your password was not changed."));
}

#[test]
fn two_different_passwords_or_none_make_no_account() {
    let server = Server::start_new();
    let mut client = server.connect();
    client.send_bytes(b"register ana\r\nthis-password\r\nthat-password\r\n");
    client.expect("-! The passwords do not match. No account was created. To try again: register ana");
    client.send_bytes(b"register ana\r\n\r\n");
    client.expect("-! No account was created. To try again: register ana");
    client.send_bytes(b"register ana\r\nthis-password\r\n\r\n");
    client.expect("-! No account was created. To try again: register ana");
    client.send_bytes(b"login ana\r\nthis-password\r\n");
    client.expect(WRONG);
    client.send_bytes(b"login ana\r\n\r\n");
    client.expect("-! No password, so you are not logged in. To try again: login NAME");
    client.send_bytes(b"register ana\r\nthis-password\r\nthis-password\r\n");
    client.expect("-- Welcome, ana.");
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
        "-! The passwords do not match. Your password was not changed.",
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
fn a_new_password_counts_for_what_is_typed_next() {
    let server = Server::start_new();
    for number in 0..5 {
        let mut ana = server.register(&format!("ana{number}"));
        ana.send_bytes(format!("/password\r\npassword-of-ana{number}\r\nnew-password\r\nnew-password\r\n").as_bytes());
        ana.send_bytes(b"/account delete\r\nnew-password\r\n");
        ana.expect("-- The account ana");
    }
}

/// The last word of the line that shows a code.
fn code_in(lines: &[String]) -> String {
    lines[0].rsplit(' ').next().expect("a code").to_owned()
}

#[test]
fn a_code_typed_in_place_of_a_forgotten_password_leads_to_a_new_one() {
    let server = Server::start_new();
    let mut ops = server.register_operator("ops");
    server.register("ana");
    ops.sync();
    let code = code_in(&ops.answer("/server password ana"));
    let mut ana = server.connect();
    ana.send("login ana");
    ana.expect("-- Password:");
    ana.send(&code.replace('-', " "));
    ana.expect("-- The code is right. Choose a new password, 8 characters or more");
    for (first, second, refused) in [
        ("short", "", "-! A password has at least 8 characters, and at most 256 bytes."),
        ("a better one", "another one", "-! The passwords do not match."),
    ] {
        ana.expect("-- Password:");
        ana.send(first);
        if !second.is_empty() {
            ana.expect("-- Once more:");
            ana.send(second);
        }
        let line = ana.expect(refused);
        assert!(
            line.ends_with("Your password was not changed, and the code still works. To try again: login ana"),
            "{line}"
        );
        ana.send(&format!("login ana {code}"));
        ana.expect("-- The code is right.");
    }
    for prompt in ["-- Password:", "-- Once more:"] {
        ana.expect(prompt);
        ana.send("a better one");
    }
    ana.expect("-- Welcome back, ana.");
    ana.expect("-- ops, an operator, made a code for a new password of yours today");
    let mut again = server.connect();
    again.send(&format!("login ana {code}"));
    again.expect("-! Wrong name or password.");
    again.send("login ana a better one");
    again.expect("-- Welcome back, ana.");
}

#[test]
fn the_greeting_tells_who_may_register() {
    let server = Server::start_new();
    let mut ops = server.register_operator("ops");
    ops.ask("/server registration code");
    let code = code_in(&ops.answer("/server code"));
    let mut cho = server.connect();
    cho.expect("-- Type: login NAME, register NAME (needs a code), help, or quit");
    cho.send("register cho");
    cho.expect("-- Code:");
    cho.send("maple-otter-42");
    cho.expect("-! That code is wrong or used up.");
    // With the password on the line, only the code is asked for.
    cho.send("register cho kettle on the hob");
    cho.expect("-- Code:");
    cho.send(&code);
    cho.expect("-- Welcome, cho.");
    ops.ask("/server registration closed");
    let mut dee = server.connect();
    dee.expect("-- Type: login NAME, help, or quit. New accounts cannot be created here.");
    dee.send("register dee");
    dee.expect("-! New accounts cannot be created here. No account was created.");
}
