//! The cursor of a text session: the room in which one talks, and the person whom `/reply` answers.

use super::plain;
use crate::support::{Server, timeless};

const IN_GENERAL: &str = "-- Now in #general.";
const NO_ROOM: &str = "You have no current room. /rooms lists the rooms, /join ROOM enters one.";

/// Every way into a room leads there, and a refusal leaves one where one was.
#[test]
fn one_talks_where_one_went_last() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    assert_eq!(bob.answer("/join tea")[0], "-- You joined #tea. Now in #tea.");
    ann.sync();
    for refused in ["/join tae", "/join kitchen", "/create TEA", "/accept kitchen", "/dm nobody"] {
        assert!(bob.answer(refused)[0].starts_with("-! "), "{refused}");
    }
    bob.ask("still in tea");
    assert_eq!(plain(ann.sync()), ["[00:00] #tea bob: still in tea"]);
    // To say something elsewhere is not to go there.
    bob.ask("/say general one");
    bob.ask("/msg ann two");
    bob.ask("three");
    let heard = ["[00:00] #general bob: one", "[00:00] @bob bob: two", "[00:00] #tea bob: three"];
    assert_eq!(plain(ann.sync()), heard);
    assert_eq!(bob.answer("/join general")[0], IN_GENERAL);
    bob.ask("/invite ann");
    ann.ask("/create den private");
    ann.ask("/invite bob");
    assert_eq!(bob.answer("/accept").last().unwrap(), "-- Here now: ann. No earlier messages.");
    bob.ask("/me whispers");
    assert_eq!(plain(ann.sync()).last().unwrap(), "[00:00] #den * bob whispers");
    assert_eq!(bob.answer("/room")[0], "-- #den: private, created today 00:00.");
}

/// Where the next line goes is shown at once, and it goes nowhere if the current room was lost by another's hand.
#[test]
fn a_removed_member_talks_nowhere() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut eve) = (server.register("ann"), server.register("bob"), server.register("eve"));
    let mut elsewhere = server.login("bob");
    for client in [&mut ann, &mut bob, &mut elsewhere, &mut eve] {
        client.sync();
    }
    let lost = "-! You are not in #tea any more. Nothing was sent. /join #general to talk there.";
    let takings: [(&str, &str); 4] = [
        ("/kick bob please calm down", "-- You were kicked from #tea by ann: \"please calm down\""),
        ("/ban bob", "-- You were banned from #tea by ann permanently."),
        ("/leave", ""),
        ("/room delete tea", "-- ann deleted #tea, with all that was said there."),
    ];
    for (taking, told) in takings {
        ann.ask("/create tea");
        ann.ask("/join tea");
        bob.ask("/join tea");
        for client in [&mut ann, &mut elsewhere] {
            client.sync();
        }
        if taking == "/leave" {
            // Left on one connection, one is out on all, and that one alone knows where it goes.
            elsewhere.ask("/join tea");
            bob.sync();
            assert_eq!(elsewhere.answer("/leave"), ["-- You left #tea. Now in #general."]);
            assert_eq!(bob.sync(), [format!("-- You left #tea. {NO_ROOM}")]);
        } else {
            ann.ask(taking);
            assert_eq!(bob.sync(), [told, &format!("-- {NO_ROOM}")]);
            // Where one talks stays what it is on connections that were elsewhere.
            assert_eq!(elsewhere.sync(), [told, IN_GENERAL]);
        }
        for line in ["the code of the safe is 4711", "/me whispers 4711", "/topic 4711", "/leave"] {
            assert_eq!(bob.answer(line), [lost], "{taking}: {line}");
        }
        assert_eq!(plain(eve.sync()), [""; 0], "{taking}");
        assert_eq!(bob.answer("/join general")[0], IN_GENERAL);
        ann.ask("/unban bob");
        ann.sync();
    }
    bob.ask("/join general");
    assert_eq!(bob.answer("/leave")[0], format!("-- You left #general. {NO_ROOM}"));
    assert_eq!(
        bob.answer("hello?"),
        ["-! You have no current room. Nothing was done. /rooms lists the rooms, /join ROOM enters one."]
    );
    // Whoever is not in the first room either is shown how to find one.
    bob.ask("/create den");
    bob.ask("/join den");
    elsewhere.ask("/leave den");
    bob.sync();
    let lost = "-! You are not in #den any more. Nothing was sent. /rooms lists the rooms, /join ROOM enters one.";
    assert_eq!(bob.answer("hello?"), [lost]);
}

#[test]
fn talking_alone_goes_on_until_one_goes_back() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("hello tea");
    bob.sync();
    assert_eq!(
        ann.answer("/dm bob"),
        ["-- Now in direct messages with bob. No earlier messages. /join #tea goes back."]
    );
    assert_eq!(ann.answer("/history"), ["-- No messages with bob yet."]);
    // Opening the talk is not told to the other one.
    assert_eq!(bob.sync(), [""; 0]);
    ann.ask("not a word to dee");
    ann.ask("/me whispers");
    assert_eq!(plain(bob.sync()), ["[00:00] @ann ann: not a word to dee", "[00:00] @ann * ann whispers"]);
    assert_eq!(ann.answer("/join tea")[0], "-- Now in #tea.");
    assert_eq!(
        bob.answer("/join @ann"),
        [
            "-- Now in direct messages with ann. /join #general goes back. Both messages so far:",
            "[00:00] @ann ann: not a word to dee",
            "[00:00] @ann * ann whispers",
        ]
    );
    bob.ask("my lips are sealed");
    assert_eq!(plain(ann.sync()), ["[00:00] @bob bob: my lips are sealed"]);
    assert_eq!(
        ann.answer("/dm bob and more"),
        ["-! /dm only goes to your direct messages with bob. Your text was not sent. To send it: /msg bob TEXT"]
    );
}

/// Where one talks is what a command means that names no room.
#[test]
fn a_command_without_a_room_means_the_one_where_one_talks() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let _bob = server.register("bob");
    ann.sync();
    ann.ask("/create tea");
    assert_eq!(ann.answer("/topic kettles"), ["-- ann set the topic of #tea: \"kettles\""]);
    ann.ask("/dm bob");
    let refused = "-! Direct messages cannot be left, renamed, deleted or led: that is for rooms. Nothing was done. \
                   /join ROOM goes back to a room.";
    for command in ["/leave", "/topic kettles", "/room delete bob", "/invite code", "/kick bob", "/bans", "/op bob"] {
        assert_eq!(ann.answer(command), [refused], "{command}");
    }
    let answer = ann.answer("/topic");
    assert!(!answer[0].contains("To set one"), "{answer:?}");
}

#[test]
fn a_reply_goes_to_whoever_wrote_last() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.sync();
    bob.sync();
    assert_eq!(
        ann.answer("/reply hello?"),
        ["-! Nobody has sent you a direct message since you logged in. Nothing was sent. Use: /msg NAME TEXT"]
    );
    cho.ask("/msg ann from cho");
    assert_eq!(ann.sync().len(), 1);
    // Writing to somebody else does not change whom one answers.
    ann.ask("/msg bob later");
    ann.ask("/r hello cho");
    assert_eq!(plain(cho.sync()), ["[00:00] @ann ann: hello cho"]);
    assert_eq!(plain(bob.sync()), ["[00:00] @ann ann: later"]);
    // An answer that is being typed for one is not sent to another.
    bob.ask("/msg ann from bob");
    ann.sync();
    assert_eq!(
        ann.answer("/r the surprise is for bob"),
        ["-! bob has written to you just now, and cho before that. Nothing was sent. Say to whom: /msg bob TEXT"]
    );
    assert_eq!((bob.sync().len(), cho.sync().len()), (0, 0));
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
fn several_invitations_need_the_name_of_the_room() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    assert_eq!(
        bob.answer("/accept"),
        ["-! You have no open invitation. Nothing was done. Ask somebody in the room to invite you."]
    );
    for room in ["den", "loft"] {
        ann.ask(&format!("/create {room} private"));
        ann.ask("/invite bob");
    }
    bob.sync();
    assert_eq!(
        bob.answer("/accept"),
        ["-! You have 2 open invitations: #den by ann and #loft by ann. Nothing was done. Name one: /accept den"]
    );
    assert_eq!(bob.answer("/accept LOFT")[0], "-- You joined #loft. Now in #loft.");
    // Now there is one. /join does what /accept does.
    assert_eq!(bob.answer("/join den")[0], "-- You joined #den. Now in #den.");
    assert_eq!(
        bob.answer("/accept"),
        ["-! You have no open invitation. Nothing was done. Ask somebody in the room to invite you."]
    );
}
