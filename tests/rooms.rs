//! Rooms: making, entering, leaving, listing and changing them, and who owns them.

use crate::support::{Client, Running, Server, timeless};

#[test]
fn a_message_reaches_every_member_once() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.send("/create rust");
    ann.sync();
    bob.send("/join rust");
    bob.expect("You joined #rust");
    ann.expect("bob joined #rust");
    ann.send("hello there");
    ann.sync();
    let lines = bob.sync();
    let said: Vec<_> = lines.iter().filter(|line| line.contains("#rust ann: hello there")).collect();
    assert_eq!(said.len(), 1, "{lines:#?}");
}

#[test]
fn a_new_room_belongs_to_whoever_made_it() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    assert_eq!(
        ann.answer("/create tea"),
        [
            "-- Room #tea is made: public, you are the owner. You now talk in #tea.",
            "-- Anyone can find it by /rooms and enter. /topic TEXT says what it is about.",
        ]
    );
    assert_eq!(
        ann.answer("/create Den private"),
        [
            "-- Room #Den is made: private, you are the owner. You now talk in #Den.",
            "-- Ask people in with /invite NAME, or /invite code for a one-time code.",
        ]
    );
    assert_eq!(
        ann.answer("/room"),
        ["-- #Den: private, made today 00:00.", "-- No messages yet.", "-- 1 member, 1 online. Owner: ann."]
    );
    let taken = "-! The name #TEA belongs to another room. Nothing was done. Choose another name.";
    assert_eq!(ann.answer("/create TEA"), [taken]);
    assert_eq!(ann.answer("/create TEA private"), [taken]);
    assert_eq!(
        ann.answer("/create den"),
        ["-! The name #den belongs to another room. Nothing was done. Choose another name."]
    );
    // Refused requests change nothing: she talks where she did.
    assert_eq!(ann.answer("/room")[0], "-- #Den: private, made today 00:00.");
}

#[test]
fn joining_shows_who_is_here_and_the_last_messages() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("/topic all about tea");
    for number in 1..=4 {
        ann.ask(&format!("line {number}"));
    }
    bob.sync();
    assert_eq!(
        bob.answer("/join tea"),
        [
            "-- You joined #tea. You now talk in #tea.",
            "-- Topic: all about tea",
            "-- Here now: ann. Last 3 of 4 messages:",
            "[00:00] #tea ann: line 2",
            "[00:00] #tea ann: line 3",
            "[00:00] #tea ann: line 4",
        ]
    );
    assert_eq!(ann.sync(), ["-- bob joined #tea."]);
    bob.ask("/join general");
    // He never left, so nobody is told that he comes back.
    let back = bob.answer("/join #tea");
    assert_eq!(back[0], "-- You now talk in #tea.");
    assert_eq!(ann.sync(), [""; 0]);
    assert_eq!(bob.answer("/join tae"), ["-! No room #tae. Did you mean #tea? You are still in #tea."]);
    assert_eq!(
        bob.answer("/join kitchen"),
        ["-! No room #kitchen. You are still in #tea. /rooms lists the rooms you can enter."]
    );
    assert_eq!(bob.answer("still in tea"), [""; 0]);
    assert_eq!(timeless(&ann.expect("still in tea")), "[00:00] #tea bob: still in tea");
}

#[test]
fn leaving_ends_what_one_is_told_of_a_room() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    bob.ask("/join tea");
    ann.sync();
    assert_eq!(bob.answer("/leave"), ["-- You left #tea. You now talk in #general."]);
    assert_eq!(ann.sync(), ["-- bob left #tea."]);
    ann.ask("nobody hears me");
    assert_eq!(bob.sync(), [""; 0]);
    assert_eq!(bob.answer("/say #tea hello"), ["-! You are not in #tea. Nothing was done. To enter it: /join #tea"]);
    assert_eq!(bob.answer("/leave tea"), ["-! You are not in #tea. Nothing was done. To enter it: /join #tea"]);
    // A room that is named is left without going there.
    bob.ask("/join tea");
    bob.ask("/join general");
    assert_eq!(bob.answer("/part #tea"), ["-- You left #tea. You now talk in #general."]);
}

#[test]
fn the_rooms_that_one_may_know_of_are_listed() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("/topic cake and gossip");
    ann.ask("/create den private");
    ann.ask("/msg bob hello");
    bob.sync();
    assert_eq!(
        ann.answer("/rooms"),
        [
            "-- Rooms:",
            "--   #den      1 of 1 online, private",
            "--   #general  2 of 2 online, joined",
            "--   #tea      1 of 1 online, joined  cake and gossip",
            "--   @bob      2 of 2 online",
            "-- /join ROOM enters one.",
        ]
    );
    assert_eq!(
        bob.answer("/rooms"),
        [
            "-- Rooms:",
            "--   #general  2 of 2 online, joined",
            "--   #tea      1 of 1 online  cake and gossip",
            "--   @ann      2 of 2 online",
            "-- /join ROOM enters one.",
        ]
    );
}

#[test]
fn a_long_list_of_rooms_comes_in_pages() {
    let server = Server::with("list_page_rows = 2").into_running();
    let mut ann = server.register("ann");
    for room in ["aa", "bb", "cc", "dd"] {
        ann.ask(&format!("/create {room}"));
    }
    let row = |room: &str| format!("--   {room}  1 of 1 online, joined");
    ann.send("/rooms");
    ann.send("/more");
    ann.send("/more");
    let last = "--   #general  1 of 1 online, joined".to_owned();
    let expected = [
        "-- Rooms, page 1 of 3:".to_owned(),
        row("#aa"),
        row("#bb"),
        "-- More: /rooms 2".to_owned(),
        "-- Rooms, page 2 of 3:".to_owned(),
        row("#cc"),
        row("#dd"),
        "-- More: /rooms 3".to_owned(),
        "-- Rooms, page 3 of 3:".to_owned(),
        last,
        "-- /join ROOM enters one.".to_owned(),
    ];
    assert_eq!(ann.sync(), expected);
    assert_eq!(ann.ask("/rooms 2"), expected[4..8]);
}

#[test]
fn after_the_last_page_there_is_nothing_more() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    ann.send("/rooms");
    ann.expect("/join ROOM enters one.");
    assert_eq!(ann.answer("/more"), ["-- No rooms on page 2. The first page: /rooms"]);
}

#[test]
fn a_topic_is_shown_set_and_taken_away() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    bob.ask("/join tea");
    ann.sync();
    assert_eq!(ann.answer("/topic"), ["-- #tea has no topic. To set one: /topic #tea TEXT"]);
    assert_eq!(ann.answer("/topic tea, cake"), ["-- ann set the topic of #tea: tea, cake"]);
    assert_eq!(bob.sync(), ["-- ann set the topic of #tea: tea, cake"]);
    assert_eq!(bob.answer("/topic"), ["-- Topic of #tea, set by ann today 00:00: tea, cake"]);
    assert_eq!(
        bob.answer("/topic coffee"),
        ["-! Only the owner and the moderators of #tea may do that. Nothing was done. /room #tea shows them."]
    );
    ann.ask("/join general");
    assert_eq!(ann.answer("/topic #tea -"), ["-- ann took the topic of #tea away."]);
    assert_eq!(bob.sync(), ["-- ann took the topic of #tea away."]);
    assert_eq!(bob.answer("/topic"), ["-- #tea has no topic. To set one: /topic #tea TEXT"]);
    let long = format!("/topic #tea {}", "x".repeat(301));
    assert_eq!(ann.answer(&long), ["-! That text has 301 bytes; 300 is the most. Nothing was sent. Send it in parts."]);
}

#[test]
fn a_room_is_made_private_and_public() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    let mut cho = server.register("cho");
    ann.ask("/create tea");
    ann.ask("hello");
    bob.ask("/join tea");
    ann.sync();
    let private = "-- ann made #tea private: only those who are invited can enter.";
    assert_eq!(ann.answer("/room private"), [private]);
    assert_eq!(bob.sync(), [private]);
    assert_eq!(
        ann.answer("/room private"),
        ["-! #tea is like that already. Nothing was changed. /room #tea shows how it is."]
    );
    let missing = "-! No room #tea. Nothing was done. /rooms lists the rooms you can enter.";
    assert_eq!(cho.answer("/history tea"), [missing]);
    assert_eq!(cho.answer("/join tea"), [missing.replace("Nothing was done", "You are still in #general")]);
    assert_eq!(
        bob.answer("/room public"),
        ["-! Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is."]
    );
    let public = "-- ann made #tea public: anyone can find it, enter and read what was said.";
    assert_eq!(ann.answer("/room #tea public"), [public]);
    assert_eq!(bob.sync(), [public]);
    assert_eq!(cho.answer("/history tea"), ["[00:00] #tea 1 ann: hello", "-- That is all of #tea (1 message)."]);
    assert_eq!(cho.answer("/join tea")[0], "-- You joined #tea. You now talk in #tea.");
}

#[test]
fn a_renamed_room_keeps_all_it_had() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    ann.ask("/create tea");
    ann.ask("hello");
    bob.ask("/join tea");
    ann.sync();
    assert_eq!(ann.answer("/room rename cake"), ["-- ann renamed #tea to #cake."]);
    assert_eq!(bob.sync(), ["-- ann renamed #tea to #cake."]);
    bob.ask("yes");
    assert_eq!(timeless(&ann.expect("bob: yes")), "[00:00] #cake bob: yes");
    assert_eq!(
        bob.answer("/say #tea no"),
        ["-! No room #tea. Nothing was done. /rooms lists the rooms you can enter."]
    );
    assert_eq!(
        ann.answer("/room rename general"),
        ["-! The name #general belongs to another room. Nothing was done. Choose another name."]
    );
    // The case of its letters may be changed, as the name is its own.
    assert_eq!(ann.answer("/room rename Cake"), ["-- ann renamed #cake to #Cake."]);
    assert_eq!(
        ann.answer("/room rename Cake"),
        ["-! #Cake is like that already. Nothing was changed. /room #Cake shows how it is."]
    );
    // The old name is free.
    assert_eq!(bob.ask("/create tea").last().unwrap().get(..20), Some("-- Anyone can find i"));
    running.stop();
    let running = server.start();
    let mut ann = running.login("ann");
    assert_eq!(
        ann.answer("/history cake"),
        ["[00:00] #Cake 1 ann: hello", "[00:00] #Cake 2 bob: yes", "-- That is all of #Cake (2 messages)."]
    );
}

#[test]
fn a_room_is_deleted_only_by_its_name_repeated() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("hello");
    bob.ask("/join tea");
    ann.sync();
    let confirm = "-! Nothing was deleted. To delete #tea with all that was said there, type: /room #tea delete tea";
    assert_eq!(ann.answer("/room delete"), [confirm]);
    assert_eq!(ann.answer("/room delete cake"), [confirm]);
    assert_eq!(
        bob.answer("/room delete tea"),
        ["-! Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is."]
    );
    assert_eq!(ann.answer("/room #tea delete tea")[0], "-- ann deleted #tea, with all that was said there.");
    assert_eq!(bob.sync()[0], "-- ann deleted #tea, with all that was said there.");
    assert_eq!(
        bob.answer("/history tea"),
        ["-! No room #tea. Nothing was done. /rooms lists the rooms you can enter."]
    );
    // A new room of that name has nothing of the old one.
    bob.ask("/create tea");
    assert_eq!(bob.answer("/history"), ["-- No messages in #tea yet."]);
    assert_eq!(bob.answer("/who tea"), ["-- 1 member of #tea: bob (owner)."]);
}

#[test]
fn whoever_talked_in_a_deleted_room_is_told_where_the_next_line_goes() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    bob.ask("/join tea");
    ann.sync();
    let deleted = "-- ann deleted #tea, with all that was said there.";
    assert_eq!(ann.answer("/room delete tea"), [deleted, "-- You now talk in #general."]);
    assert_eq!(bob.sync(), [deleted, "-- You now talk in #general."]);
}

#[test]
fn a_room_is_handed_over_to_a_member() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    assert_eq!(ann.answer("/room owner bob"), ["-! bob is not in #tea. Nothing was done. /who #tea lists who is."]);
    bob.ask("/join tea");
    ann.sync();
    let told = ["-- ann made bob the owner of #tea.", "-- ann is now a moderator of #tea."];
    assert_eq!(ann.answer("/room owner bob"), told);
    assert_eq!(bob.sync(), told);
    assert_eq!(bob.answer("/who tea"), ["-- 2 members of #tea: ann (moderator), bob (owner)."]);
    assert_eq!(
        ann.answer("/room private"),
        ["-! Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is."]
    );
    assert_eq!(bob.ask("/room private"), ["-- bob made #tea private: only those who are invited can enter."]);
}

/// A room of ann with bob and cho as members, bob for longer although his account is newer; only cho is a moderator
/// if `cho_leads`.
fn inherited(server: &Running, cho_leads: bool) -> (Client, Client, Client) {
    let (mut ann, mut cho, mut bob) = (server.register("ann"), server.register("cho"), server.register("bob"));
    ann.ask("/create tea");
    bob.ask("/join tea");
    // What takes the server much longer than the millisecond by which memberships are told apart.
    server.register("dee");
    cho.ask("/join tea");
    if cho_leads {
        ann.ask("/op cho");
    }
    (ann, bob, cho)
}

#[test]
fn the_longest_standing_member_inherits_the_room_of_an_owner_who_leaves() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = inherited(&server, false);
    bob.sync();
    cho.sync();
    ann.ask("/leave tea");
    let told = ["-- ann left #tea.", "-- bob is now the owner of #tea."];
    assert_eq!(bob.sync(), told);
    assert_eq!(cho.sync(), told);
    assert_eq!(cho.answer("/who tea"), ["-- 2 members of #tea: cho, bob (owner)."]);
}

#[test]
fn a_moderator_inherits_before_a_member_who_is_there_for_longer() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = inherited(&server, true);
    bob.sync();
    cho.sync();
    ann.ask("/leave tea");
    assert_eq!(bob.sync(), ["-- ann left #tea.", "-- cho is now the owner of #tea."]);
    cho.ask("/leave tea");
    assert_eq!(bob.sync(), ["-- cho left #tea.", "-- bob is now the owner of #tea."]);
}

#[test]
fn the_room_of_a_deleted_account_is_inherited() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = inherited(&server, true);
    ann.ask("remember me");
    bob.sync();
    cho.sync();
    ann.send("/account delete");
    ann.send("password-of-ann");
    ann.expect("-- The account ann is deleted. What was written with it stays, under the name ghost.");
    assert_eq!(ann.line(), None);
    let told = bob.sync();
    assert!(told.contains(&"-- ann left #tea: the account is deleted.".to_owned()), "{told:#?}");
    assert_eq!(told.last().unwrap(), "-- cho is now the owner of #tea.");
    assert_eq!(
        bob.answer("/history tea"),
        ["[00:00] #tea 1 ghost: remember me", "-- That is all of #tea (1 message)."]
    );
}

#[test]
fn a_room_that_everybody_left_is_revived_by_whoever_joins() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create tea");
    ann.ask("first");
    ann.ask("/leave");
    let listed = ["-- Rooms:", "--   #general  2 of 2 online, joined", "-- /join ROOM enters one."];
    assert_eq!(ann.answer("/rooms"), listed);
    assert_eq!(bob.answer("/rooms"), listed);
    // It is still there, and its name is not free.
    assert_eq!(
        bob.answer("/create tea"),
        ["-! The name #tea belongs to another room. Nothing was done. Choose another name."]
    );
    assert_eq!(
        bob.answer("/join tea"),
        [
            "-- You joined #tea. You now talk in #tea.",
            "-- Nobody else is here now. The only message so far:",
            "[00:00] #tea ann: first"
        ]
    );
    assert_eq!(bob.answer("/who tea"), ["-- 1 member of #tea: bob (owner)."]);
    ann.ask("/join tea");
    assert_eq!(bob.answer("/who tea")[1], "-- 2 members of #tea: ann, bob (owner).");
    bob.ask("second");
    assert_eq!(
        ann.answer("/history")[1..],
        ["[00:00] #tea 1 ann: first", "[00:00] #tea 2 bob: second", "-- That is all of #tea (2 messages)."]
    );
}

#[test]
fn a_private_room_that_everybody_left_is_entered_by_invitation_only() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("secret");
    ann.ask("/invite bob");
    bob.sync();
    ann.ask("/leave");
    let missing = "-! No room #den. Nothing was done. /rooms lists the rooms you can enter.";
    assert_eq!(ann.answer("/join den"), [missing.replace("Nothing was done", "You are still in #general")]);
    assert_eq!(ann.answer("/history den"), [missing]);
    assert_eq!(bob.answer("/history den"), [missing]);
    assert_eq!(bob.answer("/accept den")[0], "-- You joined #den. You now talk in #den.");
    assert_eq!(bob.answer("/who den"), ["-- 1 member of #den: bob (owner)."]);
    assert_eq!(bob.answer("/history"), ["[00:00] #den 1 ann: secret", "-- That is all of #den (1 message)."]);
}

#[test]
fn an_inactive_room_survives_a_restart() {
    let server = Server::new();
    let running = server.start();
    let mut ann = running.register("ann");
    ann.ask("/create tea");
    ann.ask("first");
    ann.ask("/leave");
    running.stop();
    let running = server.start();
    let mut ann = running.login("ann");
    assert_eq!(ann.answer("/rooms").len(), 3);
    ann.ask("/join tea");
    assert_eq!(ann.answer("/who tea"), ["-- 1 member of #tea: ann (owner)."]);
    ann.ask("second");
    assert_eq!(
        ann.answer("/history"),
        ["[00:00] #tea 1 ann: first", "[00:00] #tea 2 ann: second", "-- That is all of #tea (2 messages)."]
    );
}

#[test]
fn everybody_is_in_general_and_nobody_can_take_it_away() {
    let server = Server::start_new();
    let mut ann = server.connect();
    ann.send("register ann password-of-ann");
    ann.expect("-- Welcome, ann. Your account is ready and you are in #general.");
    assert_eq!(ann.line().unwrap(), "-- Nobody else is here now. The only message so far:");
    assert_eq!(
        timeless(&ann.line().unwrap()),
        "[00:00] #general system: Welcome! This is #general: everybody is in it, and everything said here is kept. \
         /help shows what you can do."
    );
    assert_eq!(ann.line().unwrap(), "-- Just type to talk. /help shows the ten commands you need.");
    let mut bob = server.register("bob");
    assert_eq!(ann.sync(), ["-- bob joined #general."]);
    assert_eq!(bob.answer("/who general"), ["-- 2 members of #general: ann, bob."]);
    let operator_only = "-! Only an operator of the server may do that. Nothing was done. Ask one to do it.";
    let changes = ["private", "rename hall", "delete general", "owner bob", "public"];
    for change in changes {
        assert_eq!(ann.answer(&format!("/room #general {change}")), [operator_only], "{change}");
    }
    // Not even an operator, who counts as its owner.
    ann.ask(&format!("/operator {}", server.operator_code.as_ref().unwrap()));
    let refused = "-! #general belongs to everybody: it cannot be made private, renamed, deleted or given away. \
                   Nothing was done. /create NAME makes a room of your own.";
    for change in changes {
        assert_eq!(ann.answer(&format!("/room #general {change}")), [refused], "{change}");
    }
    assert_eq!(bob.sync(), [""; 0]);
    assert_eq!(ann.answer("/topic #general all of us"), ["-- ann set the topic of #general: all of us"]);
}

#[test]
fn everybody_else_of_a_room_is_told_on_every_connection() {
    let server = Server::start_new();
    let (mut ann, mut elsewhere) = (server.register("ann"), server.login("ann"));
    ann.ask("/create tea");
    elsewhere.sync();
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    let joined = ["-- bob joined #general.", "-- bob joined #tea."];
    assert_eq!(ann.sync(), joined);
    assert_eq!(elsewhere.sync(), joined);
    // One is out on all connections, each of which is told where it talks now.
    ann.ask("/join tea");
    elsewhere.ask("/join tea");
    assert_eq!(elsewhere.answer("/leave"), ["-- You left #tea. You now talk in #general."]);
    assert_eq!(ann.sync(), ["-- You left #tea. You now talk in #general."]);
    bob.ask("alone");
    assert_eq!(ann.sync(), [""; 0]);
    assert_eq!(elsewhere.sync(), [""; 0]);
}

#[test]
fn the_other_connections_of_an_account_are_told_that_it_is_in_a_room_now() {
    let server = Server::start_new();
    let (mut ann, mut elsewhere) = (server.register("ann"), server.login("ann"));
    let mut bob = server.register("bob");
    bob.ask("/create tea");
    elsewhere.sync();
    ann.ask("/join tea");
    assert_eq!(elsewhere.sync(), ["-- ann joined #tea."]);
    ann.ask("/create cake");
    assert_eq!(elsewhere.sync(), ["-- ann joined #cake."]);
}

#[test]
fn of_two_rooms_of_one_name_ones_own_is_meant() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    // The private one is not the first: whose number is lower does not decide.
    for (public_first, room) in [(true, "tea"), (false, "cake")] {
        let make_public = |bob: &mut Client| bob.ask(&format!("/create {room} public"));
        if public_first {
            make_public(&mut bob);
            bob.ask("/room rename other-name");
        }
        ann.ask(&format!("/create {room} private"));
        match public_first {
            true => drop(bob.ask(&format!("/room #other-name rename {room}"))),
            false => drop(make_public(&mut bob)),
        }
        ann.sync();
        bob.sync();
        assert!(ann.answer(&format!("/room #{room} show"))[0].contains("private"));
        assert!(bob.answer(&format!("/room #{room} show"))[0].contains("public"));
    }
}

#[test]
fn a_topic_of_300_bytes_is_set_and_one_of_301_is_not() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    ann.ask("/create tea");
    let longest = "x".repeat(300);
    assert_eq!(ann.answer(&format!("/topic {longest}")), [format!("-- ann set the topic of #tea: {longest}")]);
    let refused = "-! That text has 301 bytes; 300 is the most. Nothing was sent. Send it in parts.";
    assert_eq!(ann.answer(&format!("/topic {longest}x")), [refused]);
    assert_eq!(ann.answer("/topic").len(), 1);
    assert!(ann.answer("/topic")[0].contains(&longest));
}
