//! Direct rooms: exactly two people, made on first use, which nobody can leave, delete or enter.

use crate::support::{Server, timeless};

fn plain(lines: Vec<String>) -> Vec<String> {
    lines.iter().map(|line| timeless(line)).collect()
}

#[test]
fn each_side_calls_the_room_by_the_other_one() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.sync();
    assert_eq!(ann.answer("/msg bob hello"), [""; 0]);
    assert_eq!(plain(bob.sync()), ["[00:00] @ann ann: hello"]);
    assert_eq!(bob.answer("/reply hi yourself"), [""; 0]);
    assert_eq!(plain(ann.sync()), ["[00:00] @bob bob: hi yourself"]);
    assert_eq!(ann.answer("/say @bob by another word"), [""; 0]);
    assert_eq!(
        bob.answer("/history @ann"),
        [
            "[00:00] @ann ann: by another word",
            "[00:00] @ann 1 ann: hello",
            "[00:00] @ann 2 bob: hi yourself",
            "[00:00] @ann 3 ann: by another word",
            "-- That is all of @ann (3 messages).",
        ]
    );
    assert_eq!(ann.answer("/history @bob")[1], "[00:00] @bob 2 bob: hi yourself");
    assert_eq!(ann.answer("/who @bob"), ["-- 2 in @bob: ann, bob."]);
    assert_eq!(
        ann.answer("/room @bob"),
        ["-- @bob: you two alone, made today 00:00.", "-- 3 messages, none unread.", "-- 2 members, 2 online."]
    );
}

#[test]
fn talking_alone_goes_on_until_one_goes_back() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("hello tea");
    bob.sync();
    assert_eq!(ann.answer("/dm bob"), ["-- You now talk with bob alone. No earlier messages. /join #tea goes back."]);
    assert_eq!(ann.answer("/history"), ["-- No messages with bob yet."]);
    // Opening the talk is not told to the other one.
    assert_eq!(bob.sync(), [""; 0]);
    ann.ask("not a word to dee");
    ann.ask("/me whispers");
    assert_eq!(plain(bob.sync()), ["[00:00] @ann ann: not a word to dee", "[00:00] @ann * ann whispers"]);
    assert_eq!(ann.answer("/join tea")[0], "-- You now talk in #tea.");
    assert_eq!(
        bob.answer("/join @ann"),
        [
            "-- You now talk with ann alone. /join #general goes back. All 2 messages so far:",
            "[00:00] @ann ann: not a word to dee",
            "[00:00] @ann * ann whispers",
        ]
    );
    bob.ask("my lips are sealed");
    assert_eq!(plain(ann.sync()), ["[00:00] @bob bob: my lips are sealed"]);
    assert_eq!(
        ann.answer("/dm bob and more"),
        ["-! /dm only opens the talk with bob. Your text was not sent. To send it: /msg bob TEXT"]
    );
}

#[test]
fn a_direct_room_is_neither_left_nor_changed() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    server.register("cho");
    ann.sync();
    ann.ask("/dm bob");
    let refused =
        "-! That cannot be done in @bob, a room of two. Nothing was done. /create NAME makes a room for more.";
    let commands = [
        "/leave",
        "/leave @bob",
        "/topic our secrets",
        "/topic @bob -",
        "/room public",
        "/room private",
        "/room rename us",
        "/room owner bob",
        "/room delete bob",
        "/room @bob delete bob",
        "/invite cho",
        "/invite code",
        "/uninvite cho",
        "/kick bob",
        "/ban bob 1h",
        "/unban bob",
        "/bans",
        "/op bob",
        "/deop bob",
    ];
    for command in commands {
        assert_eq!(ann.answer(command), [refused], "{command}");
    }
    assert_eq!(bob.sync(), ["-- cho joined #general."]);
}

#[test]
fn the_topic_of_a_direct_room_is_not_offered() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    server.register("bob");
    ann.ask("/dm bob");
    let answer = ann.answer("/topic");
    assert!(!answer[0].contains("To set one"), "{answer:?}");
}

#[test]
fn whom_one_writes_to_is_told_to_be_away_or_offline_once() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.sync();
    assert_eq!(bob.answer("/away lunch"), ["-- You are away (lunch); /back when you return."]);
    assert_eq!(ann.answer("/msg bob one"), ["-- bob is away (lunch) and will see it."]);
    assert_eq!(ann.answer("/msg bob two"), [""; 0]);
    // What has changed is told again.
    bob.ask("/away a walk");
    assert_eq!(ann.answer("/msg bob three"), ["-- bob is away (a walk) and will see it."]);
    bob.ask("/back");
    assert_eq!(ann.answer("/msg bob four"), [""; 0]);
    bob.ask("/away lunch");
    assert_eq!(
        ann.answer("/dm bob")[0],
        "-- You now talk with bob alone. bob is away (lunch). /join #general goes back. Last 3 of 4 messages:"
    );
    assert_eq!(ann.answer("five"), ["-- bob is away (lunch) and will see it."]);
    bob.ask("/back");
    assert_eq!(ann.answer("six"), [""; 0]);
    bob.send("/quit");
    bob.rest();
    assert_eq!(ann.answer("seven"), ["-- bob is not online and will see it at the next login."]);
    assert_eq!(ann.answer("eight"), [""; 0]);
    let mut bob = server.connect();
    bob.send("login bob password-of-bob");
    bob.expect("@ann  2 new");
    bob.sync();
    assert_eq!(plain(bob.ask("/unread"))[..2], ["[00:00] @ann 7 ann: seven", "[00:00] @ann 8 ann: eight"]);
}

#[test]
fn a_reply_goes_to_whoever_wrote_last() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.sync();
    bob.sync();
    assert_eq!(
        ann.answer("/reply hello?"),
        ["-! Nobody has written to you alone since you logged in. Nothing was sent. Use: /msg NAME TEXT"]
    );
    bob.ask("/msg ann from bob");
    cho.ask("/msg ann from cho");
    assert_eq!(ann.sync().len(), 2);
    // Writing to somebody else does not change whom one answers.
    ann.ask("/msg bob later");
    ann.ask("/r hello cho");
    assert_eq!(plain(cho.sync()), ["[00:00] @ann ann: hello cho"]);
    assert_eq!(plain(bob.sync()), ["[00:00] @ann ann: later"]);
}

#[test]
fn a_third_person_neither_sees_nor_enters_a_direct_room() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/msg bob xyzzy");
    bob.sync();
    cho.sync();
    let seen: Vec<String> = ["/rooms", "/whois ann", "/whois bob", "/who", "/unread", "/accept", "/accept bob"]
        .iter()
        .flat_map(|line| cho.ask(line))
        .collect();
    assert!(!seen.iter().any(|line| line.contains('@') || line.contains("xyzzy")), "{seen:#?}");
    let none = "-! No direct room with bob. Nothing was done. To start one: /dm bob";
    for command in ["/history @bob", "/who @bob", "/room @bob", "/catchup @bob", "/leave @bob", "/topic @bob"] {
        assert_eq!(cho.answer(command), [none], "{command}");
    }
    // What she opens is a room of her own with each.
    assert_eq!(
        cho.answer("/join @bob"),
        ["-- You now talk with bob alone. No earlier messages. /join #general goes back."]
    );
    assert_eq!(cho.answer("/history"), ["-- No messages with bob yet."]);
    assert_eq!(
        cho.answer("/say #bob hi"),
        ["-! No room #bob. Nothing was done. /rooms lists the rooms you can enter."]
    );
    assert_eq!(bob.sync(), [""; 0]);
}

#[test]
fn there_is_no_talk_with_oneself_or_nobody() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let _bob = server.register("bob");
    ann.sync();
    let oneself = "-! You cannot do that to yourself. Nothing was done. Name somebody else.";
    for command in ["/dm ann", "/msg ANN hi", "/say @ann hi", "/join @ann"] {
        assert_eq!(ann.answer(command), [oneself], "{command}");
    }
    assert_eq!(ann.answer("/msg bib hi"), ["-! Nobody is called bib. Did you mean bob? Nothing was done."]);
    assert_eq!(ann.answer("/dm system"), ["-! Nobody is called system. Nothing was done. /who lists who is online."]);
    assert_eq!(
        ann.answer("/rooms"),
        ["-- Rooms:", "--   #general  2 of 2 online, joined", "-- /join ROOM enters one."]
    );
}

#[test]
fn what_was_said_with_a_deleted_account_stays() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    ann.ask("/msg bob remember me");
    bob.ask("/r always");
    bob.ask("/dm ann");
    ann.send("/account delete");
    ann.send("password-of-ann");
    ann.expect("The account ann is deleted");
    bob.sync();
    let gone = "-! That account is deleted, so nobody would read it. Nothing was sent. /history shows what was said.";
    assert_eq!(bob.answer("are you there?"), [gone]);
    assert_eq!(bob.answer("/r are you there?"), [gone]);
    let label = bob.ask("/rooms").iter().find_map(|line| Some(line.split_once("@")?.1.split(' ').next()?.to_owned()));
    let label = label.expect("the room is listed");
    assert!(label.starts_with("ghost-"), "{label}");
    let history = |label: &str| {
        [
            format!("[00:00] @{label} 1 ghost: remember me"),
            format!("[00:00] @{label} 2 bob: always"),
            format!("-- That is all of @{label} (2 messages)."),
        ]
    };
    assert_eq!(bob.answer("/history"), history(&label));
    assert_eq!(bob.answer("/msg ann hi"), ["-! Nobody is called ann. Nothing was done. /who lists who is online."]);

    // Whoever takes the name gets none of it, and is not kept from a room of its own. A restart changes nothing.
    running.stop();
    let running = server.start();
    let mut bob = running.login("bob");
    let mut other = running.register("ann");
    assert_eq!(other.answer("/history @bob"), ["-! No direct room with bob. Nothing was done. To start one: /dm bob"]);
    other.ask("/msg bob new here");
    bob.sync();
    assert_eq!(bob.answer(&format!("/history @{label}")), history(&label));
    assert_eq!(bob.answer("/history @ann"), ["[00:00] @ann 1 ann: new here", "-- That is all of @ann (1 message)."]);
    assert_eq!(bob.answer(&format!("/msg {label} hi")), [gone]);
    assert_eq!(
        bob.answer(&format!("/dm {label}"))[1..],
        [format!("[00:00] @{label} ghost: remember me"), format!("[00:00] @{label} bob: always")]
    );
}

#[test]
fn two_who_write_at_once_share_one_room() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    for n in 0..20 {
        ann.send(&format!("/msg bob a{n}"));
        bob.send(&format!("/msg ann b{n}"));
    }
    ann.sync();
    bob.sync();
    // By now each has seen the last of the other's.
    ann.sync();
    let history = ann.ask("/history @bob");
    assert_eq!(history.last().unwrap(), "-- That is all of @bob (40 messages).");
    assert_eq!(bob.ask("/history @ann").last().unwrap(), "-- That is all of @ann (40 messages).");
    for author in ["ann", "bob"] {
        let said = history.iter().filter_map(|line| line.split_once(&format!(" {author}: "))).map(|(_, said)| said);
        let expected: Vec<String> = (0..20).map(|n| format!("{}{n}", &author[..1])).collect();
        assert!(said.eq(expected.iter()), "{history:#?}");
    }
}
