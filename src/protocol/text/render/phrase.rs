//! The phrases that many sentences share.

use std::fmt;

use crate::chat::{Presence, RECENT_LINES, Role, RoomLabel, Text, Visibility};

use super::pen::{Pen, shortened};

/// How many columns of an away text are shown in a list.
const AWAY_COLUMNS: usize = 30;

/// A room as people call it: `#tea`, `@bob`.
pub struct Label<'a>(pub &'a RoomLabel);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RoomLabel::Room(name) => write!(f, "#{name}"),
            RoomLabel::Direct(name) => write!(f, "@{name}"),
        }
    }
}

/// The command that goes to a room: `/join #tea`, `/dm bob`.
pub(super) struct WayTo<'a>(pub(super) &'a RoomLabel);

impl fmt::Display for WayTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RoomLabel::Room(name) => write!(f, "/join #{name}"),
            RoomLabel::Direct(name) => write!(f, "/dm {name}"),
        }
    }
}

/// A number of things: `1 message`, `214 messages`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Who may enter: `public`, `private`.
pub(super) fn visibility_word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

/// Where one talks: `You now talk in #tea.`
pub(super) fn you_now_talk(room: Option<&RoomLabel>) -> String {
    match room {
        Some(RoomLabel::Room(name)) => format!("You now talk in #{name}."),
        Some(RoomLabel::Direct(name)) => format!("You now talk with {name} alone."),
        None => "You talk in no room now. /rooms lists the rooms, /join ROOM enters one.".to_owned(),
    }
}

/// What ends a sentence that may have a reason: `: spam`, or a full stop if none was given.
pub(super) fn because(why: &Text) -> String {
    if why.is_empty() { ".".to_owned() } else { format!(": {why}") }
}

/// That one is not there: `away (lunch)`.
pub(super) fn away(text: &Text) -> String {
    if text.is_empty() { "away".to_owned() } else { format!("away ({text})") }
}

/// Somebody in a list: `cho (away: lunch)`, `dee (offline)`; with the role if `roles`: `bob (moderator)`.
pub(super) fn person(who: &Presence, roles: bool) -> String {
    let mut remarks = Vec::new();
    match who.role {
        Role::Member => {}
        Role::Moderator if roles => remarks.push("moderator".to_owned()),
        Role::Owner if roles => remarks.push("owner".to_owned()),
        Role::Moderator | Role::Owner => {}
    }
    match &who.away {
        _ if !who.online => remarks.push("offline".to_owned()),
        Some(text) if text.is_empty() => remarks.push("away".to_owned()),
        Some(text) => remarks.push(format!("away: {}", shortened(text.as_str(), AWAY_COLUMNS))),
        None => {}
    }
    if remarks.is_empty() { who.name.to_string() } else { format!("{} ({})", who.name, remarks.join(", ")) }
}

/// The pieces of a list that ends a sentence: a comma after each but the last, which has a full stop.
pub(super) fn enumerated(mut pieces: Vec<String>) -> Vec<String> {
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in pieces.iter_mut().enumerate() {
        piece.push(if index == last { '.' } else { ',' });
    }
    pieces
}

/// The first `max` in the middle of a sentence: `#a, #b and #c`, `#a, #b and 5 more`.
pub fn few(items: &[String], max: usize) -> String {
    let (shown, last) = match items {
        [] => return String::new(),
        [only] => return only.clone(),
        [shown @ .., last] if items.len() <= max => (shown, last.clone()),
        _ => (&items[..max], format!("{} more", items.len() - max)),
    };
    format!("{} and {last}", shown.join(", "))
}

/// Who else is in a room, and how many messages it has. Ends with a colon if the last of them are to be shown.
pub(super) fn say_who_is_here(here: &[Presence], more: u64, messages: u64, pen: &mut Pen<'_>) {
    let mut pieces = Vec::new();
    if here.is_empty() {
        pieces.push("Nobody else is here now.".to_owned());
    } else {
        let mut people: Vec<String> = here.iter().map(|who| person(who, false)).collect();
        if more > 0 {
            people.push(format!("and {more} more"));
        }
        pieces.push("Here now:".to_owned());
        pieces.extend(enumerated(people));
    }
    pieces.push(earlier_messages(messages));
    pen.list("", " ", pieces);
}

/// How many messages a room has, before the last of them are shown.
pub(super) fn earlier_messages(messages: u64) -> String {
    match messages {
        0 => "No earlier messages.".to_owned(),
        1 => "The only message so far:".to_owned(),
        2..=RECENT_LINES => format!("All {messages} messages so far:"),
        _ => format!("Last {RECENT_LINES} of {messages} messages:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_things_read_as_a_sentence() {
        let check = |count: usize, expected: &str| {
            let items: Vec<String> = (0..count).map(|index| format!("#r{index}")).collect();
            assert_eq!(few(&items, 3), expected);
        };
        check(0, "");
        check(1, "#r0");
        check(2, "#r0 and #r1");
        check(3, "#r0, #r1 and #r2");
        check(4, "#r0, #r1, #r2 and 1 more");
        check(8, "#r0, #r1, #r2 and 5 more");
    }

    #[test]
    fn earlier_messages_are_announced_as_they_are_shown() {
        let check = |messages: u64, expected: &str| assert_eq!(earlier_messages(messages), expected);
        check(0, "No earlier messages.");
        check(1, "The only message so far:");
        check(2, "All 2 messages so far:");
        check(3, "All 3 messages so far:");
        check(4, "Last 3 of 4 messages:");
    }
}
