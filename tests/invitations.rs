//! Invitations and one-time codes: each lets one person into one room, once, until it is taken back or over.

use chat_server::chat::{Code, Command, Event, INVITATION_BYTES, Limits, Refusal, RoomLabel, Visibility};

use crate::support::{Alone, Client, Server, name, timeless};

const NO_DEN: &str = "-! No room #den. You are still in #general. /rooms lists the rooms you can enter.";
const NOT_OPEN: &str =
    "-! No open invitation \"den\": it may have been used, or be over. Nothing was done. Ask for a new one.";

/// Whoever enters a room is told so first.
const IN_DEN: &str = "-- You joined #den. You now talk in #den.";

/// Makes a code for the room in which `client` talks.
fn code_by(client: &mut Client) -> String {
    let lines = client.ask("/invite code");
    let code = lines[0].rsplit(' ').next().expect("a line has words").to_owned();
    assert_eq!(lines[1], format!("-- Whoever types it first gets in, once: /accept {code}"));
    code
}

fn not_open(what: &str) -> String {
    NOT_OPEN.replace("den", what)
}

#[test]
fn somebody_online_is_told_of_an_invitation_and_accepts_it() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("hello");
    bob.sync();
    assert_eq!(ann.answer("/invite bob"), ["-- bob is invited to #den until tomorrow 00:00, and has been told."]);
    assert_eq!(
        bob.sync().iter().map(|line| timeless(line)).collect::<Vec<_>>(),
        ["-- ann invites you to #den until tomorrow 00:00: /accept den"]
    );
    assert_eq!(ann.answer("/room").last().unwrap(), "-- Invited: bob.");
    assert_eq!(
        bob.answer("/accept"),
        [IN_DEN, "-- Here now: ann. The only message so far:", "[00:00] #den ann: hello"]
    );
    assert_eq!(ann.sync(), ["-- bob joined #den."]);
    assert!(!ann.ask("/room").iter().any(|line| line.contains("Invited")));
    assert_eq!(ann.answer("/invite bob"), ["-! bob is in #den already. Nothing was done."]);
    assert_eq!(ann.answer("/invite bib"), ["-! Nobody is called bib. Did you mean bob? Nothing was done."]);
}

#[test]
fn somebody_offline_is_told_at_the_next_login() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    bob.send("/quit");
    bob.rest();
    ann.ask("/create den private");
    assert_eq!(
        ann.answer("/invite bob"),
        ["-- bob is invited to #den until tomorrow 00:00, and will see it at the next login."]
    );
    // It outlives the server.
    running.stop();
    let running = server.start();
    let mut bob = running.connect();
    bob.send("login bob password-of-bob");
    let told = bob.expect("invites you");
    assert_eq!(timeless(&told), "-- ann invites you to #den until tomorrow 00:00: /accept den");
    assert_eq!(bob.answer("/accept den")[0], IN_DEN);
    // It is used up.
    bob.ask("/leave");
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer("/join den"), [NO_DEN]);
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
        ["-! You have 2 open invitations: #den and #loft. Nothing was done. Name one: /accept den"]
    );
    assert_eq!(bob.answer("/accept LOFT")[0], "-- You joined #loft. You now talk in #loft.");
    // Now there is one. /join does what /accept does.
    assert_eq!(bob.answer("/join den")[0], IN_DEN);
    assert_eq!(
        bob.answer("/accept"),
        ["-! You have no open invitation. Nothing was done. Ask somebody in the room to invite you."]
    );
}

#[test]
fn an_invitation_that_was_taken_back_lets_nobody_in() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("/invite bob");
    bob.sync();
    assert_eq!(ann.answer("/uninvite bob"), ["-- The invitation to #den is taken back: bob"]);
    assert_eq!(ann.answer("/uninvite bob"), [not_open("bob")]);
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer("/join den"), [NO_DEN]);
}

#[test]
fn who_may_invite_depends_on_the_room() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/create den private");
    ann.ask("/invite bob");
    bob.ask("/accept");
    let moderators =
        "-! Only the owner and the moderators of #den may do that. Nothing was done. /room #den shows them.";
    for command in ["/invite cho", "/invite code", "/uninvite cho"] {
        assert_eq!(bob.answer(command), [moderators], "{command}");
    }
    ann.ask("/op bob");
    bob.sync();
    assert_eq!(bob.answer("/invite cho").len(), 1);
    assert_eq!(cho.sync().len(), 1);
    // Anybody may join a public room, so its members may invite there.
    ann.ask("/create tea");
    bob.ask("/join tea");
    assert_eq!(bob.ask("/invite cho tea").len(), 1);
    assert!(cho.sync()[0].starts_with("-- bob invites you to #tea"));
    assert_eq!(cho.answer("/invite ann tea"), ["-! You are not in #tea. Nothing was done. To enter it: /join #tea"]);
}

#[test]
fn a_code_lets_in_whoever_types_it_first_and_once() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/create den private");
    let code = code_by(&mut ann);
    assert_eq!(ann.ask("/room").last().unwrap(), &format!("-- Open codes: {code}."));
    assert_eq!(
        ann.answer(&format!("/accept {code}")),
        ["-! You are in #den already. Nothing was done. To talk there: /join #den"]
    );
    bob.sync();
    // As people type what they heard.
    assert_eq!(bob.answer(&format!("/accept {}", code.to_uppercase()))[0], IN_DEN);
    assert_eq!(ann.sync(), ["-- bob joined #den."]);
    assert_eq!(cho.answer(&format!("/accept {code}")), [not_open(&code)]);
    // Nor does it bring back the one who used it.
    ann.ask("/kick bob");
    bob.sync();
    assert_eq!(bob.answer(&format!("/accept {code}")), [not_open(&code)]);
}

#[test]
fn a_code_can_be_taken_back_by_the_leaders_of_its_room() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/create den private");
    let code = code_by(&mut ann);
    bob.ask("/create loft private");
    // Nobody can find out by it whether a code is right.
    assert_eq!(bob.answer(&format!("/uninvite {code}")), [not_open(&code)]);
    assert_eq!(ann.answer(&format!("/uninvite {code}")), [format!("-- The invitation to #den is taken back: {code}")]);
    assert_eq!(cho.answer(&format!("/accept {code}")), [not_open(&code)]);
}

#[test]
fn only_a_few_wrong_codes_may_be_tried() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/create den private");
    let code = code_by(&mut ann);
    bob.sync();
    for n in 0..5 {
        let wrong = format!("maple-otter-{n}");
        assert_eq!(bob.answer(&format!("/accept {wrong}")), [not_open(&wrong)]);
    }
    let too_many = "-! Too many wrong codes were tried. Nothing was done. Wait a while, or ask for an invitation.";
    assert_eq!(bob.answer("/accept maple-otter-99"), [too_many]);
    // Not even the right one, else guessing would go on. Another connection does not help.
    assert_eq!(bob.answer(&format!("/accept {code}")), [too_many]);
    assert_eq!(server.login("bob").answer(&format!("/accept {code}")), [too_many]);
    // Others are not held up, and neither is an invitation by name.
    assert_eq!(cho.answer(&format!("/accept {code}"))[0], IN_DEN);
    ann.ask("/invite bob");
    assert_eq!(bob.answer("/accept den").last().unwrap(), "-- Here now: ann, cho. No earlier messages.");
}

#[test]
fn a_ban_takes_the_invitation_back_and_makes_codes_useless() {
    let server = Server::start_new();
    let (mut ann, mut bob, mut cho) = (server.register("ann"), server.register("bob"), server.register("cho"));
    ann.ask("/create den private");
    let code = code_by(&mut ann);
    ann.ask("/invite bob");
    ann.ask("/ban bob");
    bob.sync();
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer("/join den"), [NO_DEN]);
    // He neither comes in by the code, nor learns that it is right, nor uses it up.
    assert_eq!(bob.answer(&format!("/accept {code}")), [not_open(&code)]);
    assert_eq!(
        ann.answer("/invite bob"),
        ["-! bob is banned from #den. Nothing was done. To lift the ban: /unban #den bob"]
    );
    assert_eq!(cho.answer(&format!("/accept {code}"))[0], IN_DEN);
    // The ban lifted, he needs a new invitation.
    ann.ask("/unban bob");
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    ann.ask("/invite bob");
    assert_eq!(bob.answer("/accept den").len(), 3);
}

#[test]
fn a_kicked_member_comes_back_by_a_new_invitation_only() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("/invite bob");
    bob.ask("/accept den");
    ann.ask("/kick bob");
    bob.sync();
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer("/join den"), [NO_DEN]);
    ann.ask("/invite bob");
    assert_eq!(bob.answer("/accept den")[1], IN_DEN);
}

#[test]
fn invitations_and_codes_survive_a_restart_and_so_does_their_end() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    running.register("cho");
    running.register("dee");
    ann.ask("/create den private");
    let (open, used, back) = (code_by(&mut ann), code_by(&mut ann), code_by(&mut ann));
    bob.ask(&format!("/accept {used}"));
    ann.ask(&format!("/uninvite {back}"));
    ann.ask("/invite cho");
    ann.ask("/invite dee");
    ann.ask("/uninvite dee");
    running.kill();
    let running = server.start();
    let (mut bob, mut cho, mut dee) = (running.login("bob"), running.login("cho"), running.login("dee"));
    assert_eq!(dee.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(dee.answer(&format!("/accept {used}")), [not_open(&used)]);
    assert_eq!(dee.answer(&format!("/accept {back}")), [not_open(&back)]);
    assert_eq!(dee.answer(&format!("/accept {open}"))[0], IN_DEN);
    assert_eq!(cho.answer("/accept")[0], IN_DEN);
    assert_eq!(bob.answer("/who den").last().unwrap().split(' ').next(), Some("--"));
    assert!(bob.ask("/who den")[0].starts_with("-- 4 members of #den"));
}

#[test]
fn a_deleted_room_takes_its_invitations_and_codes_with_it() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    let code = code_by(&mut ann);
    ann.ask("/invite bob");
    bob.sync();
    ann.ask("/room delete den");
    ann.ask("/create den private");
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer(&format!("/accept {code}")), [not_open(&code)]);
    assert_eq!(
        bob.answer("/accept"),
        ["-! You have no open invitation. Nothing was done. Ask somebody in the room to invite you."]
    );
}

#[test]
fn a_renamed_room_is_accepted_by_its_new_name() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("/invite bob");
    bob.sync();
    ann.ask("/room rename loft");
    assert_eq!(bob.answer("/accept den"), [NOT_OPEN]);
    assert_eq!(bob.answer("/accept loft")[0], "-- You joined #loft. You now talk in #loft.");
}

#[test]
fn a_room_has_a_hundred_open_invitations_at_most() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    ann.ask("/create den private");
    ann.ask("/invite bob");
    for _ in 0..99 {
        ann.send("/invite code");
    }
    let codes: Vec<String> = ann.sync();
    assert_eq!(codes.len(), 2 * 99);
    let full = "-! #den has 100 open invitations, which is the most. Nothing was done. \
                /room shows them, /uninvite takes one back.";
    assert_eq!(ann.answer("/invite code"), [full]);
    bob.sync();
    bob.ask("/accept den");
    assert_eq!(ann.ask("/invite code").len(), 3, "bob joined, and there is room for a code again");
}

/// A chat in which ann has the private room den and bob is not in it; an hour is the life of an invitation.
fn with_a_private_room() -> Alone {
    let mut alone = Alone::with(Limits { invitation_lifetime_s: 3600, ..Limits::default() }, &["ann", "bob"]);
    alone.ask("ann", Command::Create { name: name("den"), visibility: Visibility::Private });
    alone
}

fn accept(alone: &mut Alone, what: &str) -> Vec<Event> {
    alone.ask("bob", Command::Accept { what: Some(name(what)) })
}

fn has_entered(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Entered { joined: true, .. }))
}

fn is_refused(events: &[Event]) -> bool {
    matches!(events, [Event::Refused(Refusal::NoSuchInvitation { .. })])
}

#[test]
fn an_invitation_lasts_its_time_to_the_millisecond() {
    let room = RoomLabel::Room(name("den"));
    let invite = || Command::Invite { who: name("bob"), room: Some(room.clone()) };
    let mut alone = with_a_private_room();
    alone.ask("ann", invite());
    alone.pass_ms(3_600_000);
    assert!(is_refused(&accept(&mut alone, "den")));
    let joined = alone.ask("bob", Command::Join { room: room.clone() });
    assert!(matches!(joined.as_slice(), [Event::Refused(Refusal::NoSuchRoom { .. })]), "{joined:?}");
    alone.ask("ann", invite());
    alone.pass_ms(3_599_999);
    // A second invitation counts anew.
    alone.ask("ann", invite());
    alone.pass_ms(3_599_999);
    assert!(has_entered(&accept(&mut alone, "den")));
}

#[test]
fn a_code_lasts_its_time_to_the_millisecond() {
    let code = |byte: u8| Code::invitation([byte; INVITATION_BYTES]);
    let make = |code: Code| Command::InviteByCode { room: None, code };
    let mut alone = with_a_private_room();
    alone.ask("ann", make(code(1)));
    alone.pass_ms(3_600_000);
    assert!(is_refused(&accept(&mut alone, code(1).as_str())));
    alone.ask("ann", make(code(2)));
    alone.pass_ms(3_599_999);
    assert!(has_entered(&accept(&mut alone, code(2).as_str())));
}

#[test]
fn wrong_codes_are_forgiven_after_ten_minutes() {
    let mut alone = with_a_private_room();
    let code = Code::invitation([3; INVITATION_BYTES]);
    alone.ask("ann", Command::InviteByCode { room: None, code: code.clone() });
    for _ in 0..5 {
        assert!(is_refused(&accept(&mut alone, "maple-otter-11")));
    }
    alone.pass_ms(599_999);
    assert_eq!(accept(&mut alone, code.as_str()), [Event::Refused(Refusal::TooManyCodes)]);
    alone.pass_ms(1);
    assert!(has_entered(&accept(&mut alone, code.as_str())));
}
