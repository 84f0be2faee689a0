//! The first words of a session.

use crate::chat::{Missed, Name, RoomLabel, Text, Timestamp};

use super::pen::Pen;
use super::phrase::{Label, away, count, you_now_talk};

/// How many rooms with news are listed.
const NEWS_MAX: usize = 50;
/// Up to so many rooms without news are listed; more are summed up.
const QUIET_MAX: usize = 3;
/// The first words to a new account.
pub(super) fn registered(name: &Name, room: &RoomLabel, pen: &mut Pen<'_>) {
    pen.say(&format!("Welcome, {name}. Your account is ready and you are in {}.", Label(room)));
}

/// The first words to somebody who comes back: what was missed.
pub(super) fn welcome_back(name: &Name, last_seen: Option<Timestamp>, missed: &[Missed], pen: &mut Pen<'_>) {
    let last_here = last_seen.map(|at| format!(" Last here {}.", pen.moment(at))).unwrap_or_default();
    let (news, quiet): (Vec<&Missed>, Vec<&Missed>) = missed.iter().partition(|missed| missed.new > 0);
    if news.is_empty() {
        return pen.say(&format!("Welcome back, {name}.{last_here} Nothing new."));
    }
    pen.say(&format!("Welcome back, {name}.{last_here} While you were away:"));
    let (listed, rest) = news.split_at(news.len().min(NEWS_MAX));
    let mut rows: Vec<String> = listed.iter().map(|missed| row(missed)).collect();
    if !rest.is_empty() {
        let new: u64 = rest.iter().map(|missed| missed.new).fold(0, u64::saturating_add);
        rows.push(format!("and {} with {new} new", count(rest.len() as u64, "room")));
    }
    // That nothing is new from one person is no news at all.
    let quiet: Vec<&Missed> = quiet.into_iter().filter(|missed| matches!(missed.room, RoomLabel::Room(_))).collect();
    if quiet.len() <= QUIET_MAX {
        rows.extend(quiet.iter().map(|missed| format!("{}  nothing new", Label(&missed.room))));
    } else {
        rows.push(format!("and {} with nothing new", count(quiet.len() as u64, "room")));
    }
    pen.list("  ", "     ", rows);
    pen.say("/unread shows them in order, /catchup marks all as read.");
}

fn row(missed: &Missed) -> String {
    let mentions = match missed.mentions {
        0 => String::new(),
        1 => ", 1 names you".to_owned(),
        mentions => format!(", {mentions} name you"),
    };
    format!("{}  {} new{mentions}", Label(&missed.room), missed.new)
}

/// In which state somebody comes back.
pub(super) fn state(room: Option<&RoomLabel>, text: Option<&Text>, others: u64, pen: &mut Pen<'_>) {
    pen.say(&match room {
        Some(RoomLabel::Room(name)) => format!("You talk in #{name}."),
        Some(RoomLabel::Direct(name)) => format!("You talk with {name} alone."),
        None => you_now_talk(None),
    });
    if let Some(text) = text {
        pen.say(&format!("You are {}; /back when you return.", away(text)));
    }
    match others {
        0 => {}
        1 => pen.say("You are also connected once elsewhere."),
        _ => pen.say(&format!("You are also connected {others} times elsewhere.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, direct, invitation, lines_of, name, online, room};
    use super::*;
    use crate::chat::{Event, Presence};

    fn missed(room: RoomLabel, new: u64, mentions: u64) -> Missed {
        Missed { room, new, mentions, last: 99 }
    }

    fn logged_in(missed: Vec<Missed>) -> Event {
        Event::LoggedIn {
            name: name("ana"),
            last_seen: Some(at("2026-11-22T09:38:00Z")),
            room: Some(room("general")),
            away: None,
            missed,
            invitations: vec![],
            others: 0,
        }
    }

    #[test]
    fn a_new_account_is_shown_who_is_here() {
        let registered = |here: Vec<Presence>, more, messages| Event::Registered {
            name: name("ana"),
            room: room("general"),
            here,
            more,
            messages,
        };
        let welcome = "-- Welcome, ana. Your account is ready and you are in #general.";
        let cho = Presence { away: Some(Text::from("lunch")), ..online("cho") };
        check(
            registered(vec![online("bob"), cho, online("dee")], 0, 214),
            &[welcome, "-- Here now: bob, cho (away: lunch), dee. Last 3 of 214 messages:"],
        );
        check(registered(vec![], 0, 0), &[welcome, "-- Nobody else is here now. No earlier messages."]);
        check(registered(vec![online("bob")], 0, 2), &[welcome, "-- Here now: bob. All 2 messages so far:"]);
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
                "-- You talk in #general.",
            ],
        );
        let mut many: Vec<Missed> = (0..7).map(|n| missed(room(&format!("quiet{n}")), 0, 0)).collect();
        many.extend((0..53).map(|n| missed(room(&format!("room{n}")), 2, 2)));
        let lines = lines_of(&logged_in(many));
        assert_eq!(lines[1], "--   #room0  2 new, 2 name you     #room1  2 new, 2 name you");
        assert_eq!(lines[26], "--   and 3 rooms with 6 new     and 7 rooms with nothing new");
        assert_eq!(lines.len(), 29);
    }

    #[test]
    fn coming_back_to_nothing_new_is_short() {
        check(
            logged_in(vec![missed(room("general"), 0, 0)]),
            &["-- Welcome back, ana. Last here today 09:38. Nothing new.", "-- You talk in #general."],
        );
        let event = Event::LoggedIn {
            name: name("ana"),
            last_seen: None,
            room: None,
            away: Some(Text::from("lunch")),
            missed: vec![],
            invitations: vec![invitation()],
            others: 2,
        };
        check(
            event,
            &[
                "-- Welcome back, ana. Nothing new.",
                "-- You talk in no room now. /rooms lists the rooms, /join ROOM enters one.",
                "-- You are away (lunch); /back when you return.",
                "-- You are also connected 2 times elsewhere.",
                "-- bob invites you to #tea until tomorrow 09:32: /accept tea",
            ],
        );
        let event = Event::LoggedIn {
            name: name("ana"),
            last_seen: Some(at("2026-11-20T09:38:00Z")),
            room: Some(direct("bob")),
            away: Some(Text::from("")),
            missed: vec![],
            invitations: vec![],
            others: 1,
        };
        check(
            event,
            &[
                "-- Welcome back, ana. Last here 2026-11-20 09:38. Nothing new.",
                "-- You talk with bob alone.",
                "-- You are away; /back when you return.",
                "-- You are also connected once elsewhere.",
            ],
        );
    }
}
