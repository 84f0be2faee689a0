//! A session: its first lines and its last ones.

use crate::chat::{Command, Farewell, Missed, Name, Registration, RoomLabel, ShownRoom, Text, Welcome};
use crate::protocol::connection_ended;
use crate::reason::Reason;

use super::invitation;
use super::line::Typed;
use super::member::now_in;
use super::moderation::because;
use super::notice;
use super::pen::{Pen, count, few};
use super::people::away;
use super::room::{self, Label};
use super::row::{Group, NOTHING_DONE, Row};

/// How many rooms with news are listed.
const NEWS_MAX: usize = 50;
/// How many rooms without news are listed; if there are more, only their number is shown.
const QUIET_MAX: usize = 3;
/// How many invitations are listed.
const INVITATIONS_MAX: usize = 10;
/// How many rooms are named at the end.
const STAY_MAX: usize = 5;

/// The answer to `quit` before the login.
pub const BYE: &str = "Bye.";

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "logout",
        aliases: &[],
        group: Group::You,
        usages: &["/logout"],
        summary: "log out, but stay connected",
        help: "Logs you out and keeps the connection, so that somebody else can log in. You stay in your rooms.",
        examples: &["/logout", "/logo"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::command(Command::LogOut)),
    },
    Row {
        name: "quit",
        aliases: &["q", "exit", "bye"],
        group: Group::You,
        usages: &["/quit"],
        summary: "leave; you stay in your rooms",
        help: "Logs you out and closes the connection. You stay in your rooms, and what is said there waits for you.",
        examples: &["/quit", "/q"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            // In IRC a farewell may follow. It is ignored.
            arguments.take_rest();
            Ok(Typed::command(Command::Quit))
        },
    },
];

/// The first lines of a connection. Of a peer on this machine (`is_local`) it is not known what else its bytes went
/// through: it may be the end of an encrypted tunnel.
pub fn greeting(server_name: &str, people: u64, registration: Registration, is_local: bool) -> [String; 3] {
    let way = match is_local {
        true => "This connection comes from this machine.",
        false => "This server does not encrypt: others on the way may read what you type.",
    };
    let people = match people {
        0 => "nobody is online".to_owned(),
        1 => "1 person is online".to_owned(),
        people => format!("{people} people are online"),
    };
    [
        format!("{server_name}: {people}. Everything said here is kept."),
        way.to_owned(),
        match registration {
            Registration::Open => "Type: login NAME, register NAME, help, or quit",
            Registration::ByCode => "Type: login NAME, register NAME (needs a code), help, or quit",
            Registration::Closed => "Type: login NAME, help, or quit. New accounts cannot be created here.",
        }
        .to_owned(),
    ]
}

/// The first lines for somebody who comes back: what was missed, and in which state the session starts.
pub(super) fn welcome(welcome: &Welcome, pen: &mut Pen<'_>) {
    let Welcome { room, away, invitations, more_invitations, notices, others, .. } = welcome;
    welcome_back(welcome, pen);
    state(room.as_deref(), away.as_ref(), *others, pen);
    notices.iter().for_each(|(at, notice)| notice::shown(*at, notice, pen));
    let (shown, rest) = invitations.split_at(invitations.len().min(INVITATIONS_MAX));
    shown.iter().for_each(|invitation| invitation::received(invitation, pen));
    let rest = rest.len() as u64 + more_invitations;
    if rest > 0 {
        pen.say(&format!("And {} more.", count(rest, "open invitation")));
    }
}

fn welcome_back(welcome: &Welcome, pen: &mut Pen<'_>) {
    let Welcome { name, last_seen, missed, more, more_unread, .. } = welcome;
    let last_here = last_seen.map(|at| format!(" Last here {}.", pen.moment(at))).unwrap_or_default();
    let (news, quiet): (Vec<&Missed>, Vec<&Missed>) = missed.iter().partition(|missed| missed.new > 0);
    if news.is_empty() {
        return pen.say(&format!("Welcome back, {name}.{last_here} Nothing new."));
    }
    pen.say(&format!("Welcome back, {name}.{last_here} While you were away:"));
    let (listed, rest) = news.split_at(news.len().min(NEWS_MAX));
    let mut rows: Vec<String> = listed.iter().map(|missed| room::missed(missed)).collect();
    // If there is news in the rooms that are left out, all rooms with news of this list are before them.
    let (more_news, more_quiet) = if *more_unread > 0 { (*more, 0) } else { (0, *more) };
    if !rest.is_empty() || more_news > 0 {
        let new = rest.iter().map(|missed| missed.new).fold(*more_unread, u64::saturating_add);
        rows.push(format!("and {} with {new} new", count(rest.len() as u64 + more_news, "room")));
    }
    // Direct rooms without news are not worth a mention.
    let quiet: Vec<&Missed> = quiet.into_iter().filter(|missed| matches!(*missed.room, RoomLabel::Room(_))).collect();
    if quiet.len() <= QUIET_MAX && more_quiet == 0 {
        rows.extend(quiet.iter().map(|missed| room::missed(missed)));
    } else {
        rows.push(format!("and {} with nothing new", count(quiet.len() as u64 + more_quiet, "room")));
    }
    pen.list("  ", "     ", rows);
    pen.say("/unread shows them in order, /catchup marks all as read.");
}

/// The state of the session: current room, away, other connections.
fn state(room: Option<&RoomLabel>, text: Option<&Text>, others: u64, pen: &mut Pen<'_>) {
    pen.say(&now_in(room));
    if let Some(text) = text {
        pen.say(&format!("You are {}; /back when you return.", away(text)));
    }
    match others {
        0 => {}
        1 => pen.say("You are also connected once elsewhere."),
        _ => pen.say(&format!("You are also connected {others} times elsewhere.")),
    }
}

/// The last lines of a session: how it ended, and that nothing is lost.
pub(super) fn ended(name: &Name, farewell: &Farewell, sent: u64, rooms: &[ShownRoom], pen: &mut Pen<'_>) {
    let saved = saved(sent);
    match farewell {
        Farewell::Quit => pen.say(&format!("Bye {name}.{saved}{}", stay(rooms))),
        Farewell::LoggedOut => {
            pen.say(&format!("You are logged out, {name}.{saved}{}", stay(rooms)));
            pen.say("The connection stays open.");
        }
        Farewell::AccountDeleted => {
            pen.say(&format!("The account {name} is deleted. What was written with it stays, under the name ghost."))
        }
        Farewell::PasswordChanged => pen.say(&format!(
            "Your password was changed on another connection, so this one is closed.{saved} Log in with the new one."
        )),
        Farewell::TokenRevoked { name: token } => {
            pen.say(&format!("The token {token} was revoked, so this connection, which used it, is closed.{saved}"))
        }
        Farewell::TokenExpired { name: token } => {
            pen.say(&format!("The token {token} has expired, so this connection, which used it, is closed.{saved}"))
        }
        Farewell::ClosedElsewhere => {
            pen.say(&format!("You closed this connection from another one of yours.{saved} You may connect again."));
        }
        Farewell::Kicked { by, why } => {
            pen.say(&format!("{by}, an operator of the server, closed your connections{}", because(why)));
            pen.say(&format!("Bye {name}.{saved} You may connect again."));
        }
        Farewell::Banned { by, until, why } => {
            pen.say(&format!("{by} banned you from the server {}{}", pen.until(*until), because(why)));
            pen.say(&format!("Bye {name}.{saved}"));
        }
    }
}

fn saved(sent: u64) -> String {
    match sent {
        0 => String::new(),
        1 => " The message you sent is saved.".to_owned(),
        2 => " Both messages you sent are saved.".to_owned(),
        _ => format!(" All {sent} messages you sent are saved."),
    }
}

/// In which rooms the account stays. Direct rooms cannot be left, so they need no mention.
fn stay(rooms: &[ShownRoom]) -> String {
    let rooms: Vec<String> =
        rooms.iter().filter(|room| matches!(***room, RoomLabel::Room(_))).map(|room| Label(room).to_string()).collect();
    if rooms.is_empty() { String::new() } else { format!(" You stay in {}.", few(&rooms, STAY_MAX)) }
}

/// The closing line of a connection, with the next step; `None` if the client has already been sent one or is gone.
pub(super) fn closing_line(reason: Reason) -> Option<String> {
    let next = match reason {
        Reason::LoginTimeout | Reason::Garbage => "Connect again to try once more.",
        Reason::LineTooLong | Reason::Flooding => "Goodbye.",
        Reason::SlowReader => "Connect again to go on.",
        Reason::AddressFull => "Close one, or wait ten minutes.",
        Reason::ServerFull | Reason::NoThread => "Try again in a while.",
        Reason::Stopping => "Come back in a while.",
        _ => "",
    };
    connection_ended(reason).map(|ended| format!("{ended} {next}").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        at, check, check_command, checked_lines, direct, invitation, lines_of, name, online, room, with_id,
    };
    use super::*;
    use crate::chat::{EnteredRoom, Event, Person};
    use crate::protocol::text::Text as TextProtocol;
    use crate::reason::ClosingLine;

    #[test]
    fn lines_that_end_a_session() {
        check_command("/logout", Command::LogOut);
        for line in ["/quit", "/q", "/exit", "/bye all"] {
            check_command(line, Command::Quit);
        }
    }

    fn missed(room: RoomLabel, new: u64, mentions: u64) -> Missed {
        Missed { room: with_id(room), new, mentions, last: 99 }
    }

    fn logged_in(missed: Vec<Missed>) -> Event {
        Event::LoggedIn(Welcome {
            name: name("ana"),
            last_seen: Some(at("2026-11-22T09:38:00Z")),
            room: Some(with_id(room("general"))),
            away: None,
            missed,
            more: 0,
            more_unread: 0,
            invitations: vec![],
            more_invitations: 0,
            notices: vec![],
            others: 0,
        })
    }

    #[test]
    fn a_new_account_is_shown_who_is_here() {
        let registered = |here: Vec<Person>, more, messages| {
            let (topic, joined, members) = (None, true, 40);
            let room = EnteredRoom { room: with_id(room("general")), topic, joined, here, more, members, messages };
            Event::Registered { name: name("ana"), room }
        };
        let welcome = "-- Welcome, ana. Your account is ready and you are in #general.";
        let cho = Person { away: Some(Text::from("lunch")), ..online("cho") };
        check(
            registered(vec![online("bob"), cho, online("dee")], 0, 214),
            &[welcome, "-- Here now: bob, cho (away: \"lunch\"), dee. Last 3 of 214 messages:"],
        );
        check(registered(vec![], 0, 0), &[welcome, "-- Nobody else is here now. No earlier messages."]);
        check(registered(vec![online("bob")], 0, 2), &[welcome, "-- Here now: bob. Both messages so far:"]);
        check(
            registered((10..30).map(|n| online(&format!("somebody{n}"))).collect(), 10, 1),
            &[
                welcome,
                "-- Here now: somebody10, somebody11, somebody12, somebody13, somebody14,",
                "--   somebody15, somebody16, somebody17, somebody18, somebody19, somebody20,",
                "--   somebody21, somebody22, somebody23, somebody24, somebody25, somebody26,",
                "--   somebody27, somebody28, somebody29, and 10 more. The only message so far:",
            ],
        );
    }

    #[test]
    fn coming_back_shows_what_was_missed() {
        check(
            logged_in(vec![missed(room("general"), 12, 1), missed(room("tea"), 0, 0), missed(direct("cho"), 1, 0)]),
            &[
                "-- Welcome back, ana. Last here today 09:38. While you were away:",
                "--   #general  12 new, 1 names you     @cho  1 new     #tea  nothing new",
                "-- /unread shows them in order, /catchup marks all as read.",
                "-- Now in #general.",
            ],
        );
        check(
            logged_in(vec![missed(room("general"), 2000, 1000), missed(room("tea"), 2000, 999)]),
            &[
                "-- Welcome back, ana. Last here today 09:38. While you were away:",
                "--   #general  2000 new, 1000+ name you     #tea  2000 new, 999 name you",
                "-- /unread shows them in order, /catchup marks all as read.",
                "-- Now in #general.",
            ],
        );
        let mut many: Vec<Missed> = (0..7).map(|n| missed(room(&format!("quiet{n}")), 0, 0)).collect();
        many.extend((0..53).map(|n| missed(room(&format!("room{n}")), 2, 2)));
        let lines = lines_of(&logged_in(many));
        assert_eq!(lines[1], "--   #room0  2 new, 2 name you     #room1  2 new, 2 name you");
        assert_eq!(lines[26], "--   and 3 rooms with 6 new     and 7 rooms with nothing new");
        assert_eq!(lines.len(), 29);
        let Event::LoggedIn(few) = logged_in(vec![missed(room("tea"), 2, 0), missed(room("cake"), 0, 0)]) else {
            panic!()
        };
        let lines = lines_of(&Event::LoggedIn(Welcome { more: 7, more_unread: 30, ..few.clone() }));
        assert_eq!(lines[1], "--   #tea  2 new     and 7 rooms with 30 new     #cake  nothing new");
        let lines = lines_of(&Event::LoggedIn(Welcome { more: 7, invitations: vec![invitation(); 12], ..few }));
        assert_eq!(lines[1], "--   #tea  2 new     and 8 rooms with nothing new");
        assert_eq!(lines[14], "-- And 2 open invitations more.");
    }

    #[test]
    fn coming_back_to_nothing_new_is_short() {
        check(
            logged_in(vec![missed(room("general"), 0, 0)]),
            &["-- Welcome back, ana. Last here today 09:38. Nothing new.", "-- Now in #general."],
        );
        let event = Event::LoggedIn(Welcome {
            name: name("ana"),
            last_seen: None,
            room: None,
            away: Some(Text::from("lunch")),
            missed: vec![],
            more: 0,
            more_unread: 0,
            more_invitations: 0,
            invitations: vec![invitation()],
            notices: vec![],
            others: 2,
        });
        check(
            event,
            &[
                "-- Welcome back, ana. Nothing new.",
                "-- You have no current room. /rooms lists the rooms, /join ROOM enters one.",
                "-- You are away (\"lunch\"); /back when you return.",
                "-- You are also connected 2 times elsewhere.",
                "-- bob invites you to #tea (private) until tomorrow 09:32: /accept tea",
            ],
        );
        let event = Event::LoggedIn(Welcome {
            name: name("ana"),
            last_seen: Some(at("2026-11-20T09:38:00Z")),
            room: Some(with_id(direct("bob"))),
            away: Some(Text::from("")),
            missed: vec![],
            more: 0,
            more_unread: 0,
            more_invitations: 0,
            invitations: vec![],
            notices: vec![],
            others: 1,
        });
        check(
            event,
            &[
                "-- Welcome back, ana. Last here 2026-11-20 09:38. Nothing new.",
                "-- Now in direct messages with bob.",
                "-- You are away; /back when you return.",
                "-- You are also connected once elsewhere.",
            ],
        );
    }

    #[test]
    fn leaving_tells_that_nothing_is_lost() {
        let ended = |farewell: Farewell, sent, rooms: Vec<RoomLabel>, expected: &[&str]| {
            let rooms = rooms.into_iter().map(with_id).collect();
            check(Event::Ended { name: name("ana"), farewell, sent, rooms }, expected);
        };
        let both = || vec![room("general"), direct("bob"), room("tea")];
        let until = Some(at("2026-11-23T09:32:00Z"));
        ended(
            Farewell::Quit,
            4,
            both(),
            &["-- Bye ana. All 4 messages you sent are saved. You stay in #general and #tea."],
        );
        ended(
            Farewell::Quit,
            2,
            both(),
            &["-- Bye ana. Both messages you sent are saved. You stay in #general and #tea."],
        );
        ended(
            Farewell::Quit,
            1,
            vec![room("general")],
            &["-- Bye ana. The message you sent is saved. You stay in #general."],
        );
        ended(Farewell::Quit, 0, vec![direct("bob")], &["-- Bye ana."]);
        ended(
            Farewell::Quit,
            0,
            (0..10).map(|n| room(&format!("r{n}"))).collect(),
            &["-- Bye ana. You stay in #r0, #r1, #r2, #r3, #r4 and 5 more."],
        );
        ended(
            Farewell::LoggedOut,
            1,
            both(),
            &[
                "-- You are logged out, ana. The message you sent is saved. You stay in #general and #tea.",
                "-- The connection stays open.",
            ],
        );
        ended(
            Farewell::AccountDeleted,
            3,
            vec![],
            &["-- The account ana is deleted. What was written with it stays, under the name ghost."],
        );
        ended(
            Farewell::PasswordChanged,
            1,
            both(),
            &[
                "-- Your password was changed on another connection, so this one is closed. The message you sent is saved. \
             Log in with the new one.",
            ],
        );
        ended(
            Farewell::Kicked { by: name("bob"), why: Text::from("too loud") },
            3,
            both(),
            &[
                "-- bob, an operator of the server, closed your connections: \"too loud\"",
                "-- Bye ana. All 3 messages you sent are saved. You may connect again.",
            ],
        );
        ended(
            Farewell::Banned { by: name("bob"), until, why: Text::from("spam") },
            0,
            both(),
            &["-- bob banned you from the server until tomorrow 09:32: \"spam\"", "-- Bye ana."],
        );
        ended(
            Farewell::Banned { by: name("bob"), until: None, why: Text::from("") },
            0,
            both(),
            &["-- bob banned you from the server permanently.", "-- Bye ana."],
        );
    }

    #[test]
    fn a_closing_line_says_why_unless_the_client_knows() {
        for reason in Reason::ALL {
            let mut out = Vec::new();
            TextProtocol.closing_line(*reason, &mut out);
            let is_known = matches!(
                reason,
                Reason::Quit
                    | Reason::EndOfInput
                    | Reason::Lost
                    | Reason::WrongProtocol
                    | Reason::SignedOut
                    | Reason::Kicked
                    | Reason::Banned
            );
            assert_eq!(out.is_empty(), is_known, "{reason}");
            if !is_known {
                assert_eq!(checked_lines(&out).len(), 1, "{reason}");
            }
        }
    }
}
