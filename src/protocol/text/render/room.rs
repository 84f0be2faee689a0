//! Rooms: made, found and shown.

use crate::chat::{Name, RoomLabel, RoomRow, Text, Timestamp, Visibility};

use super::pen::{Pen, WIDTH, columns, shortened};
use super::phrase::{Label, count, enumerated, visibility_word};

/// A topic is not worth the room it takes in a list if it has fewer columns than this.
const TOPIC_MIN_COLUMNS: usize = 10;

/// The reader has made a room.
pub(super) fn created(room: &RoomLabel, visibility: Visibility, pen: &mut Pen<'_>) {
    let label = Label(room);
    let kind = visibility_word(visibility);
    pen.say(&format!("Room {label} is made: {kind}, you are the owner. You now talk in {label}."));
    match visibility {
        Visibility::Private => pen.say("Ask people in with /invite NAME, or /invite code for a one-time code."),
        Visibility::Public => pen.say("Anyone can find it by /rooms and enter. /topic TEXT says what it is about."),
    }
}

/// The rooms that can be found, one a line.
pub(super) fn list(rows: &[RoomRow], page: u64, pages: u64, pen: &mut Pen<'_>) {
    if rows.is_empty() {
        return pen.say(&if page > 1 {
            format!("No rooms on page {page}. The first page: /rooms")
        } else {
            "There are no rooms yet. /create NAME makes one.".to_owned()
        });
    }
    pen.say(&if pages > 1 { format!("Rooms, page {page} of {pages}:") } else { "Rooms:".to_owned() });
    let widest = rows.iter().map(|row| Label(&row.room).to_string().len()).max().unwrap_or(0);
    for row in rows {
        pen.say(&room_line(row, widest));
    }
    if page < pages {
        pen.say(&format!("More: /rooms {}", page + 1));
    } else {
        pen.say("/join ROOM enters one.");
    }
}

fn room_line(row: &RoomRow, widest: usize) -> String {
    let label = Label(&row.room).to_string();
    let mut line = format!("  {label:<widest$}  {} of {} online", row.online, row.members);
    match row.visibility {
        Some(Visibility::Private) => line.push_str(", private"),
        Some(Visibility::Public) if row.joined => line.push_str(", joined"),
        Some(Visibility::Public) | None => {}
    }
    if row.new > 0 {
        line.push_str(&format!(", {} new", row.new));
    }
    let left = (WIDTH - "-- ".len()).saturating_sub(columns(&line) + "  ".len());
    if let Some(topic) = &row.topic
        && left >= TOPIC_MIN_COLUMNS
    {
        line.push_str("  ");
        line.push_str(&shortened(topic.as_str(), left));
    }
    line
}

/// What a room is about, and who said so.
pub(super) fn topic(room: &RoomLabel, topic: Option<&(Text, Name, Timestamp)>, pen: &mut Pen<'_>) {
    let (room, is_direct) = (Label(room), matches!(room, RoomLabel::Direct(_)));
    pen.say(&match topic {
        Some((text, by, at)) => format!("Topic of {room}, set by {by} {}: {text}", pen.moment(*at)),
        None if is_direct => format!("{room} has no topic: a room of two cannot have one."),
        None => format!("{room} has no topic. To set one: /topic {room} TEXT"),
    });
}

/// What kind of room it is, and since when.
pub(super) fn kind(room: &RoomLabel, visibility: Option<Visibility>, created: Timestamp, pen: &mut Pen<'_>) {
    let kind = match visibility {
        Some(visibility) => visibility_word(visibility),
        None => "you two alone",
    };
    pen.say(&format!("{}: {kind}, made {}.", Label(room), pen.moment(created)));
}

/// What is written in a room.
pub(super) fn about(topic: Option<&Text>, messages: u64, unread: u64, pen: &mut Pen<'_>) {
    if let Some(topic) = topic {
        pen.say(&format!("Topic: {topic}"));
    }
    let unread = if unread == 0 { "none unread".to_owned() } else { format!("{unread} unread") };
    pen.say(&match messages {
        0 => "No messages yet.".to_owned(),
        _ => format!("{}, {unread}.", count(messages, "message")),
    });
}

/// Who belongs to a room.
pub(super) fn people(owner: Option<&Name>, moderators: &[Name], members: u64, online: u64, pen: &mut Pen<'_>) {
    let mut pieces = vec![format!("{}, {online} online.", count(members, "member"))];
    pieces.extend(owner.map(|owner| format!("Owner: {owner}.")));
    if !moderators.is_empty() {
        pieces.push("Moderators:".to_owned());
        pieces.extend(enumerated(moderators.iter().map(Name::to_string).collect()));
    }
    pen.list("", " ", pieces);
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, code, direct, name, room};
    use super::*;
    use crate::chat::Event;

    fn row(room: RoomLabel, visibility: Option<Visibility>, joined: bool, new: u64, topic: &str) -> RoomRow {
        let topic = (!topic.is_empty()).then(|| Text::from(topic));
        RoomRow { room, visibility, members: 12, online: 4, topic, joined, new }
    }

    #[test]
    fn a_new_room_tells_how_people_come_in() {
        check(
            Event::Created { room: room("tea"), visibility: Visibility::Private },
            &[
                "-- Room #tea is made: private, you are the owner. You now talk in #tea.",
                "-- Ask people in with /invite NAME, or /invite code for a one-time code.",
            ],
        );
        check(
            Event::Created { room: room("tea"), visibility: Visibility::Public },
            &[
                "-- Room #tea is made: public, you are the owner. You now talk in #tea.",
                "-- Anyone can find it by /rooms and enter. /topic TEXT says what it is about.",
            ],
        );
    }

    #[test]
    fn rooms_are_listed_in_columns() {
        let public = Some(Visibility::Public);
        let rows = vec![
            row(room("general"), public, true, 12, "the whole house, from the attic to the cellar and back"),
            row(room("tea"), Some(Visibility::Private), true, 0, ""),
            row(room("rust"), public, false, 0, "crabs"),
            row(direct("cho"), None, true, 1, ""),
        ];
        check(
            Event::RoomList { rows, page: 1, pages: 1 },
            &[
                "-- Rooms:",
                "--   #general  4 of 12 online, joined, 12 new  the whole house, from the at...",
                "--   #tea      4 of 12 online, private",
                "--   #rust     4 of 12 online  crabs",
                "--   @cho      4 of 12 online, 1 new",
                "-- /join ROOM enters one.",
            ],
        );
        let rows = vec![row(room("rust"), public, false, 0, "")];
        check(
            Event::RoomList { rows, page: 2, pages: 3 },
            &["-- Rooms, page 2 of 3:", "--   #rust  4 of 12 online", "-- More: /rooms 3"],
        );
        check(
            Event::RoomList { rows: vec![], page: 1, pages: 0 },
            &["-- There are no rooms yet. /create NAME makes one."],
        );
        check(Event::RoomList { rows: vec![], page: 4, pages: 3 }, &["-- No rooms on page 4. The first page: /rooms"]);
    }

    #[test]
    fn a_topic_tells_who_set_it() {
        let topic = Some((Text::from("all about tea"), name("bob"), at("2026-11-21T22:10:00Z")));
        check(
            Event::Topic { room: room("tea"), topic },
            &["-- Topic of #tea, set by bob yesterday 22:10: all about tea"],
        );
        check(Event::Topic { room: room("tea"), topic: None }, &["-- #tea has no topic. To set one: /topic #tea TEXT"]);
    }

    #[test]
    fn a_room_is_shown_whole() {
        let shown = Event::RoomShown {
            room: room("tea"),
            visibility: Some(Visibility::Private),
            topic: Some(Text::from("all about tea")),
            created: at("2026-11-20T09:38:00Z"),
            owner: Some(name("ana")),
            moderators: vec![name("bob"), name("cho")],
            members: 5,
            online: 2,
            messages: 214,
            unread: 12,
            invited: vec![name("dee"), name("eli")],
            codes: vec![code()],
        };
        check(
            shown,
            &[
                "-- #tea: private, made 2026-11-20 09:38.",
                "-- Topic: all about tea",
                "-- 214 messages, 12 unread.",
                "-- 5 members, 2 online. Owner: ana. Moderators: bob, cho.",
                "-- Invited: dee, eli.",
                &format!("-- Open codes: {}.", code()),
            ],
        );
        let shown = |room, visibility, messages| Event::RoomShown {
            room,
            visibility,
            topic: None,
            created: at("2026-11-22T09:00:00Z"),
            owner: None,
            moderators: vec![],
            members: 2,
            online: 1,
            messages,
            unread: 0,
            invited: vec![],
            codes: vec![],
        };
        check(
            shown(direct("bob"), None, 1),
            &["-- @bob: you two alone, made today 09:00.", "-- 1 message, none unread.", "-- 2 members, 1 online."],
        );
        check(
            shown(room("general"), Some(Visibility::Public), 0),
            &["-- #general: public, made today 09:00.", "-- No messages yet.", "-- 2 members, 1 online."],
        );
    }
}
