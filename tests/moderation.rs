//! Keeping order: in rooms by their owners and moderators, on the server by its operators.

use std::sync::atomic::{AtomicBool, Ordering};

use chat_server::chat::{Command, Event, Limits, Refusal, RoomLabel, Text, Visibility};

use crate::support::{Alone, Client, Running, Server, name, timeless};

/// Lines in which what ends within an hour ends `soon`: it may be after midnight.
fn plain(lines: Vec<String>) -> Vec<String> {
    let soon = |line: &String| {
        timeless(line).replace("until today 00:00", "until soon").replace("until tomorrow 00:00", "until soon")
    };
    lines.iter().map(soon).collect()
}

/// #tea with its owner ann, the moderators max and mia, and the member bob.
fn tea(server: &Running) -> [Client; 4] {
    let mut people = ["ann", "max", "mia", "bob"].map(|name| server.register(name));
    people[0].ask("/create tea");
    for member in &mut people[1..] {
        member.ask("/join tea");
    }
    people[0].ask("/op max");
    people[0].ask("/op mia");
    people.iter_mut().for_each(|client| drop(client.sync()));
    people
}

/// An operator called ops.
fn operator(server: &Running) -> Client {
    let mut ops = server.register("ops");
    let code = server.operator_code.as_ref().expect("a new server prints a code");
    assert_eq!(
        ops.answer(&format!("/operator {code}")),
        ["-- You are now an operator of the server. /help server shows what you can do."]
    );
    ops
}

#[test]
fn a_kick_puts_somebody_out_who_may_come_back() {
    let server = Server::start_new();
    let [mut ann, mut max, _mia, mut bob] = tea(&server);
    assert_eq!(
        ann.answer("/kick bob please calm down"),
        ["-- bob is kicked from #tea. To keep bob out: /ban #tea bob"]
    );
    assert_eq!(bob.sync(), ["-- You were kicked from #tea by ann: please calm down", "-- You now talk in #general."]);
    assert_eq!(max.sync(), ["-- bob was kicked from #tea by ann: please calm down"]);
    assert_eq!(bob.answer("/say #tea hello"), ["-! You are not in #tea. Nothing was done. To enter it: /join #tea"]);
    assert_eq!(bob.answer("/join tea")[0], "-- You joined #tea. You now talk in #tea.");
    // From another room, and where nobody told why.
    max.ask("/join general");
    max.sync();
    assert_eq!(max.answer("/kick #tea bob").len(), 1);
    assert_eq!(bob.sync()[0], "-- You were kicked from #tea by max.");
    assert_eq!(max.answer("/kick #tea bob"), ["-! bob is not in #tea. Nothing was done. /who #tea lists who is."]);
    let long = format!("/kick #tea bob {}", "x".repeat(301));
    assert_eq!(max.answer(&long), ["-! That text has 301 bytes; 300 is the most. Nothing was sent. Send it in parts."]);
}

#[test]
fn nobody_acts_against_its_own_rank_or_a_higher_one() {
    let server = Server::start_new();
    let [mut ann, mut max, mut mia, mut bob] = tea(&server);
    let mut cho = server.register("cho");
    for client in [&mut ann, &mut max, &mut mia, &mut bob] {
        client.sync();
    }
    let high = |who: &str| {
        format!("-! {who} ranks as high in #tea as you, or higher. Nothing was done. /room #tea shows the roles.")
    };
    for command in ["kick", "ban"] {
        for who in ["ann", "mia"] {
            assert_eq!(max.answer(&format!("/{command} #tea {who}")), [high(who)], "{command}");
        }
        assert_eq!(
            max.answer(&format!("/{command} #tea max")),
            ["-! You cannot do that to yourself. Nothing was done. Name somebody else."]
        );
    }
    let leaders = "-! Only the owner and the moderators of #tea may do that. Nothing was done. /room #tea shows them.";
    for command in ["/kick cho", "/ban cho", "/unban cho", "/bans", "/uninvite cho", "/topic bob was here"] {
        assert_eq!(bob.answer(command), [leaders], "{command}");
    }
    let owner = "-! Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is.";
    for command in ["/op bob", "/deop mia", "/room private", "/room rename cake", "/room owner max", "/room delete tea"]
    {
        assert_eq!(max.answer(command), [owner], "{command}");
    }
    let outside = "-! You are not in #tea. Nothing was done. To enter it: /join #tea";
    for command in ["/kick #tea bob", "/ban #tea bob", "/unban #tea bob", "/bans tea", "/op #tea bob", "/topic #tea x"]
    {
        assert_eq!(cho.answer(command), [outside], "{command}");
    }
    for client in [&mut ann, &mut max, &mut mia, &mut bob] {
        assert_eq!(client.sync(), [""; 0], "nothing has happened");
    }
    // The owner may.
    assert_eq!(ann.answer("/kick mia").len(), 1);
    assert_eq!(ann.answer("/ban max").len(), 1);
}

#[test]
fn moderators_are_made_and_unmade_by_the_owner() {
    let server = Server::start_new();
    let [mut ann, _max, _mia, mut bob] = tea(&server);
    assert_eq!(ann.answer("/op bob"), ["-- ann made bob a moderator of #tea."]);
    assert_eq!(bob.sync(), ["-- ann made bob a moderator of #tea."]);
    let already = "-! #tea is like that already. Nothing was changed. /room #tea shows how it is.";
    assert_eq!(ann.answer("/op bob"), [already]);
    assert_eq!(ann.answer("/deop max"), ["-- ann made max a plain member of #tea."]);
    assert_eq!(ann.answer("/deop max"), [already]);
    bob.sync();
    assert_eq!(bob.answer("/kick max"), ["-- max is kicked from #tea. To keep max out: /ban #tea max"]);
    ann.sync();
    assert_eq!(ann.answer("/op max"), ["-! max is not in #tea. Nothing was done. /who #tea lists who is."]);
    assert_eq!(ann.answer("/room")[2..], ["-- 3 members, 3 online. Owner: ann. Moderators: mia, bob."]);
}

#[test]
fn a_ban_puts_out_and_keeps_out_until_it_is_lifted() {
    let server = Server::new();
    let running = server.start();
    let [mut ann, mut max, mia, mut bob] = tea(&running);
    assert_eq!(
        plain(ann.ask("/ban bob 30m calm down")),
        ["-- bob is banned from #tea until soon. To lift that: /unban #tea bob"]
    );
    assert_eq!(
        plain(bob.sync()),
        ["-- You were banned from #tea by ann until soon: calm down", "-- You now talk in #general."]
    );
    assert_eq!(plain(max.sync()), ["-- bob was banned from #tea by ann until soon: calm down"]);
    let banned =
        "-! You are banned from #tea until soon. Nothing was done. Its moderators can lift that. Reason: calm down";
    let commands = [
        "/join tea",
        "/say #tea hi",
        "/history tea",
        "/history #tea 1-5",
        "/who tea",
        "/topic #tea",
        "/room #tea",
        "/leave tea",
        "/catchup tea",
        "/kick #tea ann",
        "/invite max tea",
        "/unban #tea bob",
    ];
    for command in commands {
        assert_eq!(plain(bob.ask(command)), [banned], "{command}");
    }
    assert!(!bob.ask("/rooms").iter().any(|line| line.contains("#tea")));
    assert!(!bob.ask("/whois ann").iter().any(|line| line.contains("#tea")));
    // Somebody who is not in the room may be banned too, and a ban may be changed.
    running.register("cho");
    assert_eq!(
        max.answer("/ban cho").last().unwrap(),
        "-- cho is banned from #tea for good. To lift that: /unban #tea cho"
    );
    assert_eq!(
        plain(max.ask("/bans")),
        [
            "-- 2 bans from #tea:",
            "--   bob  by ann today 00:00, until soon: calm down",
            "--   cho  by max today 00:00, for good",
        ]
    );
    // They outlive the server.
    drop((ann, max, mia, bob));
    running.stop();
    let running = server.start();
    let (mut ann, mut bob) = (running.login("ann"), running.login("bob"));
    assert_eq!(plain(bob.ask("/join tea")), [banned]);
    assert_eq!(ann.answer("/unban #tea bob"), ["-- bob is not banned from #tea any more."]);
    assert_eq!(
        ann.answer("/unban #tea bob"),
        ["-! There is no such ban. Nothing was done. /bans lists those of a room."]
    );
    assert_eq!(ann.ask("/bans tea")[0], "-- 1 ban from #tea:");
    ann.ask("/unban #tea cho");
    assert_eq!(ann.ask("/bans tea"), ["-- Nobody is banned from #tea."]);
    // He is let in again, but does not come by himself.
    assert!(!ann.ask("/who tea").iter().any(|line| line.contains("bob")));
    assert_eq!(bob.answer("/join tea")[0], "-- You joined #tea. You now talk in #tea.");
}

#[test]
fn a_ban_ends_by_itself() {
    let mut alone = Alone::with(Limits::default(), &["ann", "bob"]);
    let tea = || RoomLabel::Room(name("tea"));
    alone.ask("ann", Command::Create { name: name("tea"), visibility: Visibility::Public });
    let why = Text::from("calm down");
    alone.ask("ann", Command::Ban { who: name("bob"), room: None, seconds: Some(60), why });
    alone.pass_ms(59_999);
    let refused = alone.ask("bob", Command::Join { room: tea() });
    assert!(matches!(refused.as_slice(), [Event::Refused(Refusal::Banned { .. })]), "{refused:?}");
    alone.pass_ms(1);
    assert_eq!(
        alone.ask("ann", Command::ListBans { room: None }),
        [Event::Bans { room: Some(tea()), rows: Vec::new() }]
    );
    let joined = alone.ask("bob", Command::Join { room: tea() });
    assert!(joined.iter().any(|event| matches!(event, Event::Entered { joined: true, .. })), "{joined:?}");
    assert_eq!(alone.ask("ann", Command::Unban { who: name("bob"), room: None }), [Event::Refused(Refusal::NoSuchBan)]);
}

#[test]
fn nothing_more_of_a_room_reaches_whoever_was_put_out() {
    const ROUNDS: usize = 30;
    let server = Server::start_new();
    let [mut ann, max, _mia, mut bob] = tea(&server);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pump = scope.spawn(|| {
            let mut max = max;
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..20 {
                    number += 1;
                    max.send(&format!("pump {number}"));
                }
                max.sync();
            }
        });
        let stopper = SetOnDrop(&stop);
        for round in 0..ROUNDS {
            // He hears the pump, so it runs.
            let first = number_of(&bob.expect("#tea max: pump ")).expect("a number");
            let notice = if round % 2 == 0 { "kick" } else { "bann" };
            ann.send(if round % 2 == 0 { "/kick #tea bob" } else { "/ban #tea bob" });
            let mut last = first;
            loop {
                let line = bob.line().expect("the connection stays");
                if line.starts_with(&format!("-- You were {notice}ed from #tea by ann")) {
                    break;
                }
                let number = number_of(&line).unwrap_or_else(|| panic!("{line}"));
                assert_eq!(number, last + 1, "before that nothing is missing");
                last = number;
            }
            assert_eq!(bob.sync(), ["-- You now talk in #general."], "after {last} in round {round}");
            ann.sync();
            ann.ask("/unban #tea bob");
            bob.send("/join tea");
            bob.expect("-- Here now:");
        }
        drop(stopper);
        pump.join().expect("the pump");
    });
}

/// Ends the pump when a check fails, too.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn number_of(line: &str) -> Option<u64> {
    line.split_once("#tea max: pump ")?.1.parse().ok()
}

#[test]
fn the_printed_code_makes_the_first_operator_once() {
    let server = Server::new();
    let running = server.start();
    let mut bob = running.register("bob");
    let wrong =
        "-! That code is wrong or used up. Nothing was done. The right one was printed where the server was started.";
    assert_eq!(bob.answer("/operator maple-otter-river-stone-lamp-42"), [wrong]);
    let refused = "-! Only an operator of the server may do that. Nothing was done. Ask one to do it.";
    let commands = [
        "/server kick bob",
        "/server ban bob",
        "/server ban 192.0.2.7",
        "/server unban bob",
        "/server bans",
        "/server op bob",
        "/server deop bob",
    ];
    for command in commands {
        assert_eq!(bob.answer(command), [refused], "{command}");
    }
    let mut ops = operator(&running);
    let code = running.operator_code.clone().unwrap();
    bob.sync();
    assert_eq!(bob.answer(&format!("/operator {code}")), [wrong]);
    assert_eq!(ops.answer("/whois ops")[1], bob.answer("/whois ops")[1], "that ops is an operator is no secret");
    assert!(bob.ask("/whois ops")[1].ends_with("Operator of the server."));
    // Where somebody comes from is one.
    assert!(!bob.ask("/whois ops").iter().any(|line| line.contains("127.0.0.1")));
    assert_eq!(ops.ask("/whois bob").last().unwrap(), "-- Connected from: 127.0.0.1");
    drop(ops);
    running.stop();
    let running = server.start();
    assert_eq!(running.operator_code, None, "there is an operator");
    let mut bob = running.login("bob");
    assert_eq!(bob.answer(&format!("/operator {code}")), [wrong]);
}

#[test]
fn operator_codes_cannot_be_guessed_for_long() {
    let server = Server::start_new();
    let mut bob = server.register("bob");
    for n in 10..15 {
        assert!(bob.ask(&format!("/operator maple-{n}"))[0].contains("wrong or used up"));
    }
    let code = server.operator_code.clone().unwrap();
    assert_eq!(
        bob.answer(&format!("/operator {code}")),
        ["-! Too many wrong codes were tried. Nothing was done. Wait a while, or ask for an invitation."]
    );
    // Somebody else is not held up.
    operator(&server);
}

#[test]
fn an_operator_closes_the_connections_of_somebody() {
    let server = Server::start_new();
    let mut ops = operator(&server);
    let (mut bob, mut elsewhere) = (server.register("bob"), server.login("bob"));
    bob.ask("hello");
    ops.sync();
    elsewhere.sync();
    assert_eq!(
        ops.answer("/server kick bob too loud"),
        ["-- bob is disconnected, 2 connections closed. Only a ban keeps somebody away."]
    );
    assert_eq!(
        bob.rest(),
        [
            "-- Bye bob. The message you sent is saved. You may connect again.",
            "-- An operator of the server closed your connections: too loud",
        ]
    );
    assert_eq!(
        elsewhere.rest(),
        ["-- Bye bob. You may connect again.", "-- An operator of the server closed your connections: too loud"]
    );
    assert_eq!(ops.answer("/server kick bob"), ["-- bob is not connected. Nothing was done."]);
    assert_eq!(
        ops.answer("/server kick ops"),
        ["-! You cannot do that to yourself. Nothing was done. Name somebody else."]
    );
    server.login("bob");
}

#[test]
fn a_banned_account_is_told_so_after_the_right_password_only() {
    let server = Server::new();
    let running = server.start();
    let mut ops = operator(&running);
    let (mut bob, mut elsewhere) = (running.register("bob"), running.login("bob"));
    ops.sync();
    assert_eq!(
        plain(ops.ask("/server ban bob 30m spam")),
        ["-- bob is banned from the server until soon, 2 connections closed: spam"]
    );
    for client in [&mut bob, &mut elsewhere] {
        assert_eq!(plain(client.rest()), ["-- Bye bob.", "-- You are banned from the server until soon: spam"]);
    }
    let refused =
        "-! This account or address is banned from the server until soon. You are not logged in. Reason: spam";
    let try_login = |running: &Running, password: &str| {
        let mut client = running.connect();
        client.expect("Type: login NAME");
        client.send(&format!("login bob {password}"));
        let answer = plain(vec![client.line().unwrap()]).remove(0);
        (client, answer)
    };
    let (_, answer) = try_login(&running, "password-of-ann");
    assert_eq!(answer, "-! Wrong name or password. You are not logged in. To try again: login NAME");
    let (mut client, answer) = try_login(&running, "password-of-bob");
    assert_eq!(answer, refused);
    assert_eq!(client.line(), None, "the connection is closed");
    assert_eq!(
        plain(ops.ask("/server bans")),
        ["-- 1 ban from the server:", "--   bob  by ops today 00:00, until soon: spam"]
    );
    // It outlives the server. Lifted, he is back, with all he had.
    drop(ops);
    running.stop();
    let running = server.start();
    assert_eq!(try_login(&running, "password-of-bob").1, refused);
    let mut ops = running.login("ops");
    assert_eq!(ops.answer("/server unban bob"), ["-- bob is not banned from the server any more."]);
    assert_eq!(
        ops.answer("/server unban bob"),
        ["-! There is no such ban. Nothing was done. /bans lists those of a room."]
    );
    assert_eq!(ops.answer("/server bans"), ["-- Nobody is banned from the server."]);
    assert!(running.login("bob").ask("/who general")[0].contains("bob"));
}

#[test]
fn operators_are_made_and_unmade_but_one_stays() {
    let server = Server::start_new();
    let mut ops = operator(&server);
    let mut bob = server.register("bob");
    let last = "-! The last operator stays one. Nothing was done. Make another one first: /server op NAME";
    ops.sync();
    assert_eq!(ops.answer("/server deop ops"), [last]);
    ops.send("/account delete");
    ops.send("password-of-ops");
    ops.expect(last);
    assert_eq!(ops.answer("/server op bob"), ["-- bob is now an operator of the server."]);
    assert_eq!(bob.sync(), ["-- You are now an operator of the server. /help server shows what you can do."]);
    // An operator is banned only once he is none.
    assert_eq!(
        ops.answer("/server ban bob"),
        ["-! bob is an operator. Nothing was done. Make it a plain account first: /server deop bob"]
    );
    assert_eq!(bob.answer("/server deop ops"), ["-- ops is not an operator of the server any more."]);
    assert_eq!(ops.sync(), ["-- You are not an operator of the server any more."]);
    assert_eq!(
        ops.answer("/server bans"),
        ["-! Only an operator of the server may do that. Nothing was done. Ask one to do it."]
    );
    assert_eq!(bob.answer("/server deop bob"), [last]);
}

#[test]
fn an_address_is_banned_but_not_the_own_one() {
    let server = Server::start_new();
    let mut ops = operator(&server);
    let oneself = "-! You cannot do that to yourself. Nothing was done. Name somebody else.";
    assert_eq!(ops.answer("/server ban 127.0.0.1"), [oneself]);
    assert_eq!(ops.answer("/server ban ops"), [oneself]);
    assert_eq!(
        ops.answer("/server ban 192.0.2.7 flooding"),
        ["-- 192.0.2.7 is banned from the server for good: flooding"]
    );
    assert_eq!(
        ops.answer("/server bans"),
        ["-- 1 ban from the server:", "--   192.0.2.7  by ops today 00:00, for good: flooding"]
    );
    assert_eq!(ops.answer("/server unban 192.0.2.7"), ["-- 192.0.2.7 is not banned from the server any more."]);
    assert_eq!(
        ops.answer("/server unban 192.0.2.7"),
        ["-! There is no such ban. Nothing was done. /bans lists those of a room."]
    );
}

#[test]
fn an_operator_keeps_order_in_public_rooms_below_their_owners() {
    let server = Server::start_new();
    let [mut ann, _max, _mia, mut bob] = tea(&server);
    ann.ask("/create den private");
    let mut ops = operator(&server);
    bob.sync();
    assert_eq!(ops.answer("/kick #tea bob"), ["-- bob is kicked from #tea. To keep bob out: /ban #tea bob"]);
    assert_eq!(bob.sync()[0], "-- You were kicked from #tea by ops.");
    for command in ["/kick #tea ann", "/ban #tea ann", "/kick #tea max"] {
        let who = command.rsplit(' ').next().unwrap();
        assert_eq!(
            ops.answer(command),
            [format!(
                "-! {who} ranks as high in #tea as you, or higher. Nothing was done. /room #tea shows the roles."
            )]
        );
    }
    assert_eq!(
        ops.answer("/kick #den ann"),
        ["-! No room #den. Nothing was done. /rooms lists the rooms you can enter."]
    );
    // Nobody owns #general, so operators do what owners do.
    assert_eq!(ops.answer("/op #general bob"), ["-- ops made bob a moderator of #general."]);
    assert_eq!(ops.answer("/ban #general bob").len(), 1);
    assert_eq!(
        bob.sync().last().unwrap(),
        "-- You talk in no room now. /rooms lists the rooms, /join ROOM enters one."
    );
    assert_eq!(
        bob.answer("hello?"),
        ["-! You talk in no room just now. Nothing was done. /rooms lists the rooms, /join ROOM enters one."]
    );
}

#[test]
fn nothing_follows_the_farewell_of_a_session_that_was_closed() {
    let server = Server::start_new();
    let mut ops = operator(&server);
    server.register("bob");
    for round in 0..10 {
        let mut bob = server.login("bob");
        for n in 0..200 {
            bob.send(&format!("/me is here for line {n}"));
        }
        ops.send("/server kick bob enough");
        // What he has sent and was not taken any more is lost with a reset of the connection, or ends in silence.
        let lines = bob.rest();
        assert_eq!(lines.last().unwrap(), "-- An operator of the server closed your connections: enough", "{round}");
        ops.sync();
    }
}
