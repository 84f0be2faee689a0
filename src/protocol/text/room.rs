//! Rooms: created, found, shown, changed and deleted.

use std::fmt;

use crate::chat::{
    Command, MENTIONS_MAX, Missed, Name, Query, Refusal, Role, RoomChange, RoomLabel, RoomRow, RoomView, Text,
    Timestamp, TopicView, Visibility,
};

use super::arguments::Arguments;
use super::invitation;
use super::line::Typed;
use super::mistake::Mistake;
use super::pen::{Pen, WIDTH, columns, count, enumerated, quoted, shortened};
use super::refusal::Advice;
use super::row::{Group, NOTHING_DONE, NOTHING_SENT, Row};

/// A topic is not worth its space in a list if it has fewer columns than this.
const TOPIC_MIN_COLUMNS: usize = 10;

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "rooms",
        aliases: &["list"],
        group: Group::Rooms,
        usages: &["/rooms [PAGE]", "/rooms mine [PAGE]"],
        summary: "list the rooms that you can find",
        help: "Lists all public rooms and the private ones that you are in, with what they are about; with mine, only \
               the rooms and direct messages that you are in, with what is unread. A long list comes in pages.",
        examples: &["/rooms", "/rooms 2", "/rooms mine"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let is_own = arguments.peek().is_some_and(|word| word.eq_ignore_ascii_case("mine"));
            if is_own {
                arguments.next();
            }
            let page = arguments.page()?;
            Ok(Typed::query(if is_own { Query::OwnRooms { page } } else { Query::Rooms { page } }))
        },
    },
    Row {
        name: "create",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/create NAME [public | private]"],
        summary: "make a room",
        help: "Makes a room, which you own, and takes you there. Anybody can find, read and join a public room. A \
               private one is not listed; people come in by /invite. If you say neither, it is public.",
        examples: &["/create tea", "/create tea private"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let name = arguments.name("a name")?;
            let known = [("public", Visibility::Public), ("private", Visibility::Private)];
            let visibility = match arguments.peek() {
                None => Visibility::Public,
                Some(_) => arguments.choose("public or private", &known)?,
            };
            Ok(Typed::command(Command::Create { name, visibility }))
        },
    },
    Row {
        name: "topic",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/topic [#ROOM] [TEXT | -]"],
        summary: "show, set or remove what a room is about",
        help: "Alone, shows what the room is about. With a text, sets it; with - removes it. The room is your \
               current one, or the one named first, which must have its # then.",
        examples: &["/topic tea, cake and gossip", "/topic #tea -"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.marked_room(&['#', '@'])?;
            Ok(match arguments.take_rest() {
                "" => Typed::query(Query::Topic { room }),
                "-" => Typed::command(Command::SetTopic { room, text: Text::from("") }),
                text => Typed::command(Command::SetTopic { room, text: Text::from(text) }),
            })
        },
    },
    Row {
        name: "room",
        aliases: &[],
        group: Group::Rooms,
        usages: &[],
        summary: "show what a room is; change or delete your own",
        help: "Shows a room, or changes one that you own: who may find it, its name, its owner. To delete a room its \
               name must be repeated, as all that was said there goes with it. The room is your current one, \
               or the one named first, with its #.",
        examples: &[],
        undone: NOTHING_DONE,
        parse: |arguments| {
            arguments.room = arguments.marked_room(&['#', '@'])?;
            if arguments.rest.is_empty() { show(arguments) } else { arguments.subcommand("what to do") }
        },
    },
    Row {
        name: "room show",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] [show]"],
        summary: "show what a room is",
        help: "Shows a room: who may enter it, what it is about, how much was said, who is in it. The room is the \
               current one, or the one named first, with its #.",
        examples: &["/room #tea show"],
        undone: NOTHING_DONE,
        parse: show,
    },
    Row {
        name: "room public",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] public"],
        summary: "let everybody find it and enter",
        help: "Makes your room public: it is listed, and anybody may enter it and read all that was said there.",
        examples: &["/room public"],
        undone: NOTHING_DONE,
        parse: |arguments| set_visibility(arguments, Visibility::Public),
    },
    Row {
        name: "room private",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] private"],
        summary: "let only those in who are invited",
        help: "Makes your room private: it is no longer listed, and is entered by /invite only. Members stay.",
        examples: &["/room private"],
        undone: NOTHING_DONE,
        parse: |arguments| set_visibility(arguments, Visibility::Private),
    },
    Row {
        name: "room rename",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] rename NEW"],
        summary: "give it another name",
        help: "Gives your room another name. Members stay, and so does all that was said there.",
        examples: &["/room rename cake"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.room.take();
            Ok(Typed::command(Command::RenameRoom { room, name: arguments.name("a new name")? }))
        },
    },
    Row {
        name: "room owner",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] owner NAME"],
        summary: "make somebody else the owner",
        help: "Makes another member the owner of your room. You become a moderator of it.",
        examples: &["/room owner bob"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.room.take();
            Ok(Typed::command(Command::HandOver { room, to: arguments.person()? }))
        },
    },
    Row {
        name: "room delete",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/room [#ROOM] delete NAME"],
        summary: "delete it with all its messages",
        help: "Deletes your room and all that was said there, permanently. Its name must be repeated, so that nobody \
               does it by accident.",
        examples: &["/room #tea delete tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.room.take();
            Ok(Typed::command(Command::DeleteRoom { room, confirmation: arguments.optional_name()? }))
        },
    },
];

fn show(arguments: &mut Arguments) -> Result<Typed, Mistake> {
    let before = arguments.room.take();
    Ok(Typed::query(Query::Room { room: arguments.or_room(before)? }))
}

fn set_visibility(arguments: &mut Arguments, visibility: Visibility) -> Result<Typed, Mistake> {
    Ok(Typed::command(Command::SetVisibility { room: arguments.room.take(), visibility }))
}

/// A room as people refer to it: `#tea`, `@bob`.
pub struct Label<'a>(pub &'a RoomLabel);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RoomLabel::Room(name) => write!(f, "#{name}"),
            RoomLabel::Direct(name) => write!(f, "@{name}"),
            RoomLabel::Number(id) => write!(f, "room {id}"),
        }
    }
}

/// The name of a room without its sign, as some commands take it.
pub(super) fn bare(room: &RoomLabel) -> String {
    Label(room).to_string().trim_start_matches(['#', '@']).to_owned()
}

/// The command that goes to a room: `/join #tea`, `/dm bob`.
pub(super) struct WayTo<'a>(pub(super) &'a RoomLabel);

impl fmt::Display for WayTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RoomLabel::Room(name) => write!(f, "/join #{name}"),
            RoomLabel::Direct(name) => write!(f, "/dm {name}"),
            RoomLabel::Number(id) => write!(f, "/join {id}"),
        }
    }
}

/// Who may enter: `public`, `private`.
pub(super) fn visibility_word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

/// The reader has created a room.
pub(super) fn created(room: &RoomLabel, visibility: Visibility, pen: &mut Pen<'_>) {
    let label = Label(room);
    let kind = visibility_word(visibility);
    pen.say(&format!("Room {label} created: {kind}, you are the owner. Now in {label}."));
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
        let is_namesake = rows.iter().filter(|other| other.room.label == row.room.label).count() > 1;
        pen.say(&room_line(row, is_namesake, widest));
    }
    if page < pages {
        pen.say(&format!("More: /rooms {}", page + 1));
    } else {
        pen.say("/join ROOM enters one.");
    }
}

/// The rooms that the reader is in, and what is unread there.
pub(super) fn own_list(rows: &[Missed], total: u64, (page, pages): (u64, u64), pen: &mut Pen<'_>) {
    let of_pages = if pages > 1 { format!(", page {page} of {pages}") } else { String::new() };
    pen.say(&format!("You are in {}{of_pages}:", count(total, "room")));
    pen.list("  ", "     ", rows.iter().map(missed));
    if page < pages {
        pen.say(&format!("More: /rooms mine {}", page + 1));
    }
}

/// What is unread in a room.
pub(super) fn missed(missed: &Missed) -> String {
    let mentions = match missed.mentions {
        0 => String::new(),
        1 => ", 1 names you".to_owned(),
        // Later ones are not counted.
        mentions if mentions >= MENTIONS_MAX as u64 => format!(", {MENTIONS_MAX}+ name you"),
        mentions => format!(", {mentions} name you"),
    };
    match missed.new {
        0 => format!("{}  nothing new", Label(&missed.room)),
        new => format!("{}  {new} new{mentions}", Label(&missed.room)),
    }
}

/// A room in the list; of two that share a name also the public one says that it is.
fn room_line(row: &RoomRow, is_namesake: bool, widest: usize) -> String {
    let label = Label(&row.room).to_string();
    let mut line = format!("  {label:<widest$}  {} of {} online", row.online, row.members);
    match row.visibility {
        Some(Visibility::Private) => line.push_str(", private"),
        Some(Visibility::Public) if is_namesake => line.push_str(", public"),
        Some(Visibility::Public) if row.joined => line.push_str(", joined"),
        Some(Visibility::Public) | None => {}
    }
    if row.new > 0 {
        line.push_str(&format!(", {} new", row.new));
    }
    let left = (WIDTH - "-- ".len()).saturating_sub(columns(&line) + "  \"\"".len());
    if let Some(topic) = &row.topic
        && left >= TOPIC_MIN_COLUMNS
    {
        line.push_str("  ");
        line.push_str(&quoted(&shortened(topic.as_str(), left)));
    }
    line
}

/// The topic of a room, and its author.
pub(super) fn topic(room: &RoomLabel, topic: Option<&TopicView>, pen: &mut Pen<'_>) {
    let (room, is_direct) = (Label(room), matches!(room, RoomLabel::Direct(_)));
    pen.say(&match topic {
        Some(TopicView { text, by, at }) => {
            format!("Topic of {room}, set by {by} {}: {}", pen.moment(*at), quoted(text.as_str()))
        }
        None if is_direct => format!("{room} has no topic: direct messages cannot have one."),
        None => format!("{room} has no topic. To set one: /topic {room} TEXT"),
    });
}

/// A room in full.
pub(super) fn shown(view: &RoomView, pen: &mut Pen<'_>) {
    let RoomView { room, visibility, topic, created, owner, moderators, members, online, .. } = view;
    let RoomView { messages, unread, invited, codes, .. } = view;
    kind(room, *visibility, *created, pen);
    about(topic.as_ref().map(|topic| &topic.text), *messages, *unread, pen);
    people(owner.as_ref(), moderators, *members, *online, pen);
    invitation::open(invited, codes, pen);
}

/// The kind of a room, and when it was created.
fn kind(room: &RoomLabel, visibility: Option<Visibility>, created: Timestamp, pen: &mut Pen<'_>) {
    let (label, created) = (Label(room), pen.moment(created));
    pen.say(&match visibility {
        Some(visibility) => format!("{label}: {}, created {created}.", visibility_word(visibility)),
        None => format!("{label}: direct messages, since {created}."),
    });
}

/// What is written in a room.
fn about(topic: Option<&Text>, messages: u64, unread: u64, pen: &mut Pen<'_>) {
    if let Some(topic) = topic {
        pen.say(&format!("Topic: {}", quoted(topic.as_str())));
    }
    let unread = if unread == 0 { "none unread".to_owned() } else { format!("{unread} unread") };
    pen.say(&match messages {
        0 => "No messages yet.".to_owned(),
        _ => format!("{}, {unread}.", count(messages, "message")),
    });
}

/// Who belongs to a room.
fn people(owner: Option<&Name>, moderators: &[Name], members: u64, online: u64, pen: &mut Pen<'_>) {
    let mut pieces = vec![format!("{}, {online} online.", count(members, "member"))];
    pieces.extend(owner.map(|owner| format!("Owner: {owner}.")));
    if !moderators.is_empty() {
        pieces.push("Moderators:".to_owned());
        pieces.extend(enumerated(moderators.iter().map(Name::to_string).collect()));
    }
    pen.list("", " ", pieces);
}

/// Somebody changed a room; a rule of the server did where `by` is `None`.
pub(super) fn changed(room: &RoomLabel, by: Option<&Name>, change: &RoomChange, pen: &mut Pen<'_>) {
    let room = Label(room);
    pen.say(&match (change, by) {
        (RoomChange::Topic(Some(topic)), Some(by)) => {
            format!("{by} set the topic of {room}: {}", quoted(topic.as_str()))
        }
        (RoomChange::Topic(Some(topic)), None) => {
            format!("The topic of {room} is now: {}", quoted(topic.as_str()))
        }
        (RoomChange::Topic(None), Some(by)) => format!("{by} removed the topic of {room}."),
        (RoomChange::Topic(None), None) => format!("{room} no longer has a topic."),
        (RoomChange::Visibility(visibility), by) => {
            let meaning = match visibility {
                Visibility::Public => "anyone can find it, enter and read what was said",
                Visibility::Private => "only those who are invited can enter",
            };
            match by {
                Some(by) => format!("{by} made {room} {}: {meaning}.", visibility_word(*visibility)),
                None => format!("{room} is now {}: {meaning}.", visibility_word(*visibility)),
            }
        }
        (RoomChange::Renamed(name), Some(by)) => format!("{by} renamed {room} to #{name}."),
        (RoomChange::Renamed(name), None) => format!("{room} is now called #{name}."),
        (RoomChange::Role { who, role }, by) => {
            let rank = match role {
                Role::Owner => "the owner",
                Role::Moderator => "a moderator",
                Role::Member => "a plain member",
            };
            match by {
                Some(by) if by != who => format!("{by} made {who} {rank} of {room}."),
                _ => format!("{who} is now {rank} of {room}."),
            }
        }
    });
}

/// The advice of a refusal about rooms: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::NoSuchRoom { room: RoomLabel::Room(_), suggestion, still_in } => {
            let undone = match still_in {
                Some(here) => format!("You are still in {}.", Label(here)),
                None => NOTHING_DONE.to_owned(),
            };
            let next = if suggestion.is_some() { "" } else { "/rooms lists the rooms you can enter." };
            Advice::new(undone, next)
        }
        Refusal::NoSuchRoom { room: RoomLabel::Direct(name), suggestion: None, .. } => {
            Advice::next(format!("To start: /dm {name}"))
        }
        Refusal::NoCurrentRoom => Advice::next("/rooms lists the rooms, /join ROOM enters one."),
        Refusal::RoomLost { next: Some(next), .. } => {
            Advice::new(NOTHING_SENT, format!("{} to talk there.", WayTo(next)))
        }
        Refusal::RoomLost { next: None, .. } => {
            Advice::new(NOTHING_SENT, "/rooms lists the rooms, /join ROOM enters one.")
        }
        Refusal::RoomExists { .. } => Advice::next("Choose another name."),
        Refusal::NotInDirectRoom { .. } => Advice::next("/join ROOM goes back to a room."),
        Refusal::NotInFirstRoom { .. } => Advice::next("/create NAME makes a room of your own."),
        Refusal::TooManyRooms { .. } => {
            Advice::new("Nothing was created.", "Delete one first, or give one away: /help room")
        }
        Refusal::TooManyRoomsCreated { wait_s, .. } => {
            Advice::new("Nothing was created.", format!("Try again in {}.", count(wait_s.div_ceil(60), "minute")))
        }
        Refusal::NothingToChange { room } => {
            Advice::new("Nothing was changed.", format!("/room {} shows how it is.", Label(room)))
        }
        Refusal::ConfirmDelete { room } => Advice::new(
            "Nothing was deleted.",
            format!("All that was said there goes with it: /room {} delete {}", Label(room), bare(room)),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        at, check, check_command, check_query, check_refusal, code, direct, name, room, text, with_id,
    };
    use super::*;
    use crate::chat::Event;

    #[test]
    fn lines_about_rooms() {
        let tea = || Some(room("tea"));
        check_query("/rooms", Query::Rooms { page: 1 });
        check_query("/list 3", Query::Rooms { page: 3 });
        check_query("/rooms mine", Query::OwnRooms { page: 1 });
        check_query("/rooms Mine 2", Query::OwnRooms { page: 2 });
        check_command("/create tea", Command::Create { name: name("tea"), visibility: Visibility::Public });
        check_command("/create #tea priv", Command::Create { name: name("tea"), visibility: Visibility::Private });
        check_query("/topic", Query::Topic { room: None });
        check_query("/topic #tea", Query::Topic { room: tea() });
        check_command("/topic tea", Command::SetTopic { room: None, text: text("tea") });
        check_command("/topic -", Command::SetTopic { room: None, text: text("") });
        check_command("/topic #tea all about - tea", Command::SetTopic { room: tea(), text: text("all about - tea") });
        let visibility = Visibility::Private;
        check_query("/room", Query::Room { room: None });
        check_query("/room #tea", Query::Room { room: tea() });
        check_query("/room #tea show", Query::Room { room: tea() });
        check_query("/room show tea", Query::Room { room: tea() });
        check_query("/room @bob", Query::Room { room: Some(direct("bob")) });
        check_command("/room private", Command::SetVisibility { room: None, visibility });
        check_command("/room #tea priv", Command::SetVisibility { room: tea(), visibility });
        check_command("/room rename #cake", Command::RenameRoom { room: None, name: name("cake") });
        check_command("/room delete", Command::DeleteRoom { room: None, confirmation: None });
        check_command("/room #tea delete tea", Command::DeleteRoom { room: tea(), confirmation: Some(name("tea")) });
        check_command("/room owner bob", Command::HandOver { room: None, to: name("bob") });
    }

    fn row(room: RoomLabel, visibility: Option<Visibility>, joined: bool, new: u64, topic: &str) -> RoomRow {
        let topic = (!topic.is_empty()).then(|| Text::from(topic));
        RoomRow { room: with_id(room), visibility, members: 12, online: 4, topic, joined, new }
    }

    #[test]
    fn a_new_room_tells_how_people_come_in() {
        check(
            Event::Created { room: with_id(room("tea")), visibility: Visibility::Private },
            &[
                "-- Room #tea created: private, you are the owner. Now in #tea.",
                "-- Ask people in with /invite NAME, or /invite code for a one-time code.",
            ],
        );
        check(
            Event::Created { room: with_id(room("tea")), visibility: Visibility::Public },
            &[
                "-- Room #tea created: public, you are the owner. Now in #tea.",
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
                "--   #general  4 of 12 online, joined, 12 new  \"the whole house, from the...\"",
                "--   #tea      4 of 12 online, private",
                "--   #rust     4 of 12 online  \"crabs\"",
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
    fn the_readers_own_rooms_show_what_is_unread() {
        let missed = |room, new, mentions| Missed { room: with_id(room), new, mentions, last: 9 };
        let rows = vec![missed(room("general"), 2, 1), missed(room("tea"), 0, 0), missed(direct("bob"), 5000, 1000)];
        check(
            Event::OwnRooms { rows, total: 3, page: 1, pages: 1 },
            &[
                "-- You are in 3 rooms:",
                "--   #general  2 new, 1 names you     #tea  nothing new",
                "--   @bob  5000 new, 1000+ name you",
            ],
        );
        let rows = vec![missed(room("tea"), 0, 0)];
        check(
            Event::OwnRooms { rows, total: 201, page: 2, pages: 3 },
            &["-- You are in 201 rooms, page 2 of 3:", "--   #tea  nothing new", "-- More: /rooms mine 3"],
        );
    }

    #[test]
    fn a_topic_tells_who_set_it() {
        let topic = Some(TopicView { text: text("all about tea"), by: name("bob"), at: at("2026-11-21T22:10:00Z") });
        check(
            Event::Topic { room: with_id(room("tea")), topic },
            &["-- Topic of #tea, set by bob yesterday 22:10: \"all about tea\""],
        );
        check(
            Event::Topic { room: with_id(room("tea")), topic: None },
            &["-- #tea has no topic. To set one: /topic #tea TEXT"],
        );
    }

    #[test]
    fn a_room_is_shown_whole() {
        let shown = Event::RoomShown(RoomView {
            room: with_id(room("tea")),
            visibility: Some(Visibility::Private),
            topic: Some(TopicView { text: text("all about tea"), by: name("bob"), at: at("2026-11-20T09:38:00Z") }),
            created: at("2026-11-20T09:38:00Z"),
            owner: Some(name("ana")),
            moderators: vec![name("bob"), name("cho")],
            members: 5,
            online: 2,
            messages: 214,
            unread: 12,
            invited: vec![name("dee"), name("eli")],
            codes: vec![code()],
        });
        check(
            shown,
            &[
                "-- #tea: private, created 2026-11-20 09:38.",
                "-- Topic: \"all about tea\"",
                "-- 214 messages, 12 unread.",
                "-- 5 members, 2 online. Owner: ana. Moderators: bob, cho.",
                "-- Invited: dee, eli.",
                &format!("-- Open codes: {}.", code()),
            ],
        );
        let described = |room, visibility, messages| {
            Event::RoomShown(RoomView {
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
            })
        };
        check(
            described(with_id(direct("bob")), None, 1),
            &["-- @bob: direct messages, since today 09:00.", "-- 1 message, none unread.", "-- 2 members, 1 online."],
        );
        check(
            described(with_id(room("general")), Some(Visibility::Public), 0),
            &["-- #general: public, created today 09:00.", "-- No messages yet.", "-- 2 members, 1 online."],
        );
    }

    #[test]
    fn a_change_tells_by_whom() {
        let changed = |change: RoomChange, by_bob: &str, by_rule: &str| {
            let event = |by| Event::RoomChanged { room: with_id(room("tea")), by, change: change.clone() };
            check(event(Some(name("bob"))), &[by_bob]);
            check(event(None), &[by_rule]);
        };
        changed(
            RoomChange::Topic(Some(Text::from("cake"))),
            "-- bob set the topic of #tea: \"cake\"",
            "-- The topic of #tea is now: \"cake\"",
        );
        changed(RoomChange::Topic(None), "-- bob removed the topic of #tea.", "-- #tea no longer has a topic.");
        changed(
            RoomChange::Visibility(Visibility::Public),
            "-- bob made #tea public: anyone can find it, enter and read what was said.",
            "-- #tea is now public: anyone can find it, enter and read what was said.",
        );
        changed(
            RoomChange::Visibility(Visibility::Private),
            "-- bob made #tea private: only those who are invited can enter.",
            "-- #tea is now private: only those who are invited can enter.",
        );
        changed(RoomChange::Renamed(name("cake")), "-- bob renamed #tea to #cake.", "-- #tea is now called #cake.");
        for (role, rank) in
            [(Role::Owner, "the owner"), (Role::Moderator, "a moderator"), (Role::Member, "a plain member")]
        {
            changed(
                RoomChange::Role { who: name("cho"), role },
                &format!("-- bob made cho {rank} of #tea."),
                &format!("-- cho is now {rank} of #tea."),
            );
        }
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        let tea = || room("tea");
        check_refusal(
            Refusal::TooManyRoomsCreated { max: 100, wait_s: 61 },
            "You have started 100 conversations within an hour, which is the most. Nothing was created. Try again in 2 minutes.",
        );
        check_refusal(
            Refusal::ConfirmLeave { room: with_id(room("tea")) },
            "You are the last in #tea, which is private: when you leave, it is deleted. You are still in it. \
             All that was said there goes with it: /leave #tea tea",
        );
        check_refusal(
            Refusal::NoSuchRoom {
                room: room("genral"),
                suggestion: Some(name("general")),
                still_in: Some(with_id(room("tea"))),
            },
            "No room #genral. Did you mean #general? You are still in #tea.",
        );
        check_refusal(
            Refusal::NoSuchRoom { room: room("genral"), suggestion: None, still_in: None },
            "No room #genral. Nothing was done. /rooms lists the rooms you can enter.",
        );
        check_refusal(
            Refusal::NoSuchRoom { room: direct("bob"), suggestion: None, still_in: None },
            "No direct messages with bob. Nothing was done. To start: /dm bob",
        );
        check_refusal(
            Refusal::NoSuchRoom { room: direct("bib"), suggestion: Some(name("bob")), still_in: None },
            "No direct messages with bib. Did you mean @bob? Nothing was done.",
        );
        check_refusal(
            Refusal::NoCurrentRoom,
            "You have no current room. Nothing was done. /rooms lists the rooms, /join ROOM enters one.",
        );
        check_refusal(
            Refusal::RoomExists { room: name("tea") },
            "The name #tea belongs to another room. Nothing was done. Choose another name.",
        );
        check_refusal(
            Refusal::NotInDirectRoom { room: with_id(direct("bob")) },
            "Direct messages cannot be left, renamed, deleted or led: that is for rooms. Nothing was done. /join ROOM goes back \
             to a room.",
        );
        check_refusal(
            Refusal::NotInFirstRoom { room: with_id(room("general")) },
            "#general belongs to everybody: it cannot be made private, renamed, deleted or given away. \
             Nothing was done. /create NAME makes a room of your own.",
        );
        check_refusal(
            Refusal::TooManyRooms { max: 10 },
            "You own 10 rooms, which is the most. Nothing was created. Delete one first, or give one away: /help room",
        );
        check_refusal(
            Refusal::NothingToChange { room: with_id(tea()) },
            "#tea is like that already. Nothing was changed. /room #tea shows how it is.",
        );
        check_refusal(
            Refusal::ConfirmDelete { room: with_id(tea()) },
            "Deleting #tea needs its name repeated. Nothing was deleted. All that was said there goes with it: /room #tea delete tea",
        );
    }
}
