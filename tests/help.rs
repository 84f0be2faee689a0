//! Help, and what becomes of lines that are nearly right.

use crate::support::{Client, Server, timeless};

/// Every line of help fits a screen, `-- ` in front included.
const COLUMNS_MAX: usize = 78;
const LINES_MAX: usize = 20;

fn check_fits(lines: &[String]) {
    for line in lines {
        assert!(line.starts_with("-- ") && line.chars().count() <= COLUMNS_MAX, "{line}");
    }
}

/// The commands that /help all lists.
fn words(client: &mut Client) -> Vec<String> {
    let lines = client.ask("/help all");
    check_fits(&lines);
    lines.iter().filter_map(|line| Some(line.strip_prefix("--   /")?.split(' ').next()?.to_owned())).collect()
}

#[test]
fn help_is_one_screen_with_the_ten_commands_one_needs() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let help = ann.ask("/help");
    check_fits(&help);
    assert!(help.len() <= LINES_MAX, "{}", help.len());
    let needed = ["rooms", "join", "leave", "who", "msg", "reply", "history", "unread", "create", "quit"];
    for word in needed {
        let start = format!("--   /{word}");
        assert_eq!(help.iter().filter(|line| line.split([' ', '[']).any(|part| part == format!("/{word}"))
            && line.starts_with(&start)).count(), 1, "{word}");
    }
    for asked in ["/h", "/?", "/HELP", "/he", "/help "] {
        assert_eq!(ann.ask(asked), help, "{asked}");
    }
}

#[test]
fn every_command_is_explained() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let words = words(&mut ann);
    assert!(words.len() >= 37, "{words:?}");
    for word in &words {
        let help = ann.ask(&format!("/help {word}"));
        check_fits(&help);
        assert!(help.len() <= LINES_MAX, "{word}: {}", help.len());
        assert!(help[0].starts_with(&format!("-- /{word}")), "{help:#?}");
        let examples = help.iter().filter(|line| line.starts_with("-- Example:  /")).count();
        assert_eq!(examples, 2, "{help:#?}");
        for asked in [format!("/help /{word}"), format!("/help {}", word.to_uppercase()), format!("/{word} -h")] {
            assert_eq!(ann.ask(&asked), help, "{asked}");
        }
    }
    check_fits(&ann.ask("/help typing"));
    assert_eq!(
        ann.ask("/join -h"),
        [
            "-- /join ROOM",
            "-- Enters a public room, or goes back to a room that you are in; what you type",
            "-- then goes there. You stay in your other rooms and go on seeing them. A",
            "-- private room is entered by /accept.",
            "-- The same: /j",
            "-- Example:  /join #tea",
            "-- Example:  /j tea",
        ]
    );
    assert_eq!(ann.ask("/help jion"), ["-! There is no help on \"jion\". Did you mean /help join ?"]);
    assert_eq!(ann.ask("/help kettle"), ["-! There is no help on \"kettle\". /help all lists what there is."]);
}

#[test]
fn the_example_of_every_command_is_a_line_that_fits_it() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    for word in words(&mut ann) {
        // They end or change the session, or ask on.
        if ["quit", "logout", "password", "account"].contains(&word.as_str()) {
            continue;
        }
        for line in ann.ask(&format!("/help {word}")) {
            let Some(example) = line.strip_prefix("-- Example:  ") else { continue };
            let answer = ann.ask(example);
            let misfits =
                ["Usage:", "Unknown command", "may mean", "too much for", "does not know", "cannot be a name"];
            let is_misfit = |line: &String| misfits.iter().any(|part| line.contains(part));
            assert!(!answer.iter().any(is_misfit), "{example}: {answer:#?}");
        }
    }
}

#[test]
fn a_command_may_be_shortened_as_long_as_only_one_fits() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.sync();
    assert_eq!(ann.answer("/hi 1").last().unwrap(), "-- That is all of #general (1 message).");
    assert_eq!(ann.answer("/JOI general")[0], "-- You now talk in #general.");
    ann.ask("/m bob hello");
    assert_eq!(timeless(&bob.expect("hello")), "[00:00] @ann ann: hello");
    bob.ask("/r yes");
    assert_eq!(timeless(&ann.expect("yes")), "[00:00] @bob bob: yes");
    assert_eq!(ann.ask("/w"), ["-- 2 online: ann, bob."]);
    // What was begun would be shown to all if the wrong one were taken.
    assert_eq!(
        ann.answer("/t bob a secret"),
        ["-! \"/t\" may mean /tell, /topic or /token. Nothing was done. Type a little more of it."]
    );
    assert_eq!(bob.sync(), [""; 0]);
    bob.send("/q");
    bob.expect("-- Bye bob. The message you sent is saved. You stay in #general.");
    assert_eq!(bob.line(), None);
}

#[test]
fn an_unknown_command_is_not_said_and_the_nearest_is_suggested() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.sync();
    let mut check = |typed: &str, expected: &str| assert_eq!(ann.answer(typed), [expected], "{typed}");
    check("/jion #tea", "-! Unknown command \"/jion\". Did you mean /join ? Nothing was done.");
    check("/xyzzy", "-! Unknown command \"/xyzzy\". Nothing was done. /help all lists the commands.");
    check("/nick anna", "-! Unknown command \"/nick\". Nothing was done. /help all lists the commands.");
    check(
        "/etc/passwd is a file",
        "-! \"/etc/passwd\" is not a command. Nothing was sent. To say it, put one more slash in front: //etc/passwd",
    );
    check("/", "-! \"/\" is not a command. Nothing was sent. To say it, put one more slash in front: //");
    check(
        "/login bob hunter22",
        "-! You are logged in already. Nothing was done. To log in under another name type /logout first.",
    );
    check("/join", "-! /join needs a room. Nothing was done. Usage: /join ROOM - for example /join #tea");
    check("/join a b", "-! \"a\" cannot be a name: names have 2 to 20 characters. Nothing was done. Usage: /join ROOM");
    check("/back now", "-! \"now\" is too much for /back. Nothing was done. Type /back");
    check(
        "/create tea secret",
        "-! /create does not know \"secret\". Nothing was done. It knows public and private, as in /create tea private",
    );
    assert_eq!(bob.sync(), [""; 0]);
}

#[test]
fn a_bare_word_is_caught_once_and_said_the_second_time() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.sync();
    for (word, command) in [
        ("quit", "To leave type /quit."),
        ("exit", "To leave type /quit."),
        ("bye", "To leave type /quit."),
        ("logout", "To log out type /logout."),
        ("Help", "For help type /help."),
    ] {
        ann.send(word);
        let hint = ann.line().unwrap();
        let shown = word.to_lowercase();
        assert_eq!(hint, format!("-! \"{shown}\" was not sent. {command} To say it, type it again."));
        assert_eq!(bob.sync(), [""; 0]);
        // Another line in between, and it is caught again.
        assert_eq!(ann.sync(), [""; 0]);
        ann.send(word);
        ann.send(word);
        assert_eq!(ann.sync(), [hint]);
        assert_eq!(
            bob.sync().iter().map(|line| timeless(line)).collect::<Vec<_>>(),
            [format!("[00:00] #general ann: {word}")]
        );
    }
    // A sentence is a sentence.
    ann.ask("help me please");
    assert_eq!(bob.sync().len(), 1);
    // A password that was typed at the wrong moment is not shown to everybody.
    assert_eq!(
        ann.ask("login ann hunter22"),
        ["-! You are logged in already, and this line was not sent. To say it, type it again."]
    );
    assert_eq!(bob.sync(), [""; 0]);
}

#[test]
fn before_the_login_four_words_are_enough() {
    let server = Server::start_new();
    let mut ann = server.connect();
    let greeting: Vec<String> = (0..3).map(|_| ann.line().unwrap()).collect();
    assert!(greeting[0].ends_with(": nobody is online. Everything said here is kept."), "{greeting:#?}");
    assert_eq!(
        greeting[1..],
        ["-- This connection is NOT encrypted.", "-- Type: login NAME, register NAME, help, or quit"]
    );
    let help = |ann: &mut Client, asked: &str| -> Vec<String> {
        ann.send(asked);
        let lines: Vec<String> = (0..8).map(|_| ann.line().unwrap()).collect();
        check_fits(&lines);
        lines
    };
    let first = help(&mut ann, "help");
    for (line, word) in first.iter().zip(["login NAME", "register NAME", "help", "quit"]) {
        assert!(line.starts_with(&format!("-- {word} ")), "{first:#?}");
    }
    for asked in ["/help", "?", "h"] {
        assert_eq!(help(&mut ann, asked), first);
    }
    let mut answer = |line: &str| {
        ann.send(line);
        ann.line().unwrap()
    };
    assert_eq!(answer("regster ana"), "-! Unknown command \"regster\". Did you mean: register ana ? Nothing was done.");
    assert_eq!(
        answer("/join #tea"),
        "-! /join works after you log in. Nothing was done. Type: login NAME, or register NAME"
    );
    assert_eq!(
        answer("good morning"),
        "-! That is not a command here. Nothing was done. Type: login NAME, register NAME, help, or quit"
    );
    assert_eq!(answer("login"), "-! login needs a name. Nothing was done. Type: login NAME, for example: login ana");
    ann.send("quit");
    assert_eq!(ann.rest(), ["-- Bye."]);
}

#[test]
fn the_version_is_told() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let version = ann.ask("/version");
    assert_eq!(version.len(), 1);
    assert!(version[0].ends_with(&format!(" is chat-server {}.", chat_server::VERSION)), "{version:?}");
}
