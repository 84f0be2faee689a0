//! The groups of fields that several objects share, or that stand in a list, and how they differ from object to object.

use serde_json::Value as Json;

use super::codec::{Fields, Flat, Form, FromJson, Group, ToJson, Writer, Wrong, bad, form, group, missing};
#[cfg(test)]
use super::sample::Source;
use super::value::Why;
use crate::chat::{
    BanRow, BanTarget, Departure, InvitationRow, Message, Missed, Notice, Person, RoomLabel, RoomRow, SessionRow,
    ShownRoom, Timestamp, TokenRow, TopicView, Visibility,
};

group! { ShownRoom = [ShownRoom { label: room, id: room_id }] { room, room_id } }
group! { Message = [Message { room, seq, at, author: from, kind, program, text }]
{ room as Flat, seq, at, from, kind, program or false, text } }
group! { Person = [Person { name, online, away, role }] { name, online, away, role } }
group! { Missed = [Missed { room, last, new: unread, mentions }] { room as Flat, last, unread, mentions } }
group! { InvitationRow = [InvitationRow { room, visibility, by, until }] { room as Flat, visibility, by, until } }
group! {
    RoomRow = [RoomRow { room, visibility: kind, members, online, topic, joined, new: unread }]
    { room as Flat, kind as RoomKind, members, online, topic, joined, unread }
}
group! { BanRow = [BanRow { target, by, at, until, why }] { target as Flat, by, at, until, why as Why } }
group! { TokenRow = [TokenRow { name, scope, created, until, used }] { name, scope, created, until, used } }
group! {
    SessionRow = [SessionRow { session, protocol: front, address, since, active: idle_s, token, own }]
    { session, front, address, since, idle_s as Idle, token, own }
}

/// A room as a request names it: by `room`, or by `room_id`, which wins.
impl Group for RoomLabel {
    fn write(&self, writer: &mut Writer) {
        match self {
            RoomLabel::Number(id) => writer.field("room_id", id),
            named => writer.field("room", named),
        }
    }

    fn read(fields: &mut Fields) -> Result<RoomLabel, Wrong> {
        match fields.get("room_id")? {
            Some(id) => Ok(RoomLabel::Number(id)),
            None => fields.get("room"),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> RoomLabel {
        match source.flag() {
            true => RoomLabel::Number(FromJson::sample(source)),
            false => FromJson::sample(source),
        }
    }
}

/// The same, where all rooms or the server are meant without one.
impl Group for Option<RoomLabel> {
    fn write(&self, writer: &mut Writer) {
        match self {
            Some(room) => Group::write(room, writer),
            None => writer.field("room", &None::<RoomLabel>),
        }
    }

    fn read(fields: &mut Fields) -> Result<Option<RoomLabel>, Wrong> {
        let is_given = fields.has("room_id") || fields.has("room");
        is_given.then(|| Group::read(fields)).transpose()
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<RoomLabel> {
        source.flag().then(|| Group::sample(source))
    }
}

/// A room that is shown, or none: `room` and `room_id` are `null`.
impl Group for Option<ShownRoom> {
    fn write(&self, writer: &mut Writer) {
        writer.field("room", &self.as_ref().map(|room| room.label.clone()));
        writer.field("room_id", &self.as_ref().map(|room| room.id));
    }

    fn read(fields: &mut Fields) -> Result<Option<ShownRoom>, Wrong> {
        fields.has("room").then(|| Group::read(fields)).transpose()
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<ShownRoom> {
        source.flag().then(|| Group::sample(source))
    }
}

/// Whom a ban is against: an account by `name`, or an `address`.
impl Group for BanTarget {
    fn write(&self, writer: &mut Writer) {
        match self {
            BanTarget::Account(name) => writer.field("name", name),
            BanTarget::Address(address) => writer.field("address", address),
        }
    }

    fn read(fields: &mut Fields) -> Result<BanTarget, Wrong> {
        match fields.get("address")? {
            Some(address) => Ok(BanTarget::Address(address)),
            None => fields.get("name").map(BanTarget::Account),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> BanTarget {
        match source.flag() {
            true => BanTarget::Address(FromJson::sample(source)),
            false => BanTarget::Account(FromJson::sample(source)),
        }
    }
}

/// `how`, and the rest where it has a meaning.
impl Group for Departure {
    fn write(&self, writer: &mut Writer) {
        let (how, by, until, why) = match self {
            Departure::Left => ("left", None, None, None),
            Departure::Kicked { by, why } => ("kicked", Some(by), None, Some(why)),
            Departure::Banned { by, until, why } => ("banned", Some(by), *until, Some(why)),
            Departure::Deleted => ("account-deleted", None, None, None),
            Departure::RoomDeleted { by } => ("room-deleted", Some(by), None, None),
        };
        writer.field("how", how);
        writer.field("by", &by.cloned());
        writer.field("until", &until);
        writer.field("why", &why.filter(|why| !why.is_empty()).cloned());
    }

    fn read(fields: &mut Fields) -> Result<Departure, Wrong> {
        Ok(match fields.get::<String>("how")?.as_str() {
            "left" => Departure::Left,
            "kicked" => Departure::Kicked { by: fields.get("by")?, why: Why::read("why", fields)? },
            "banned" => {
                Departure::Banned { by: fields.get("by")?, until: fields.get("until")?, why: Why::read("why", fields)? }
            }
            "account-deleted" => Departure::Deleted,
            "room-deleted" => Departure::RoomDeleted { by: fields.get("by")? },
            _ => return Err(bad("how", "a way of leaving")),
        })
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Departure {
        let (by, until, why) = (FromJson::sample(source), FromJson::sample(source), FromJson::sample(source));
        match source.byte() % 5 {
            0 => Departure::Left,
            1 => Departure::Kicked { by, why },
            2 => Departure::Banned { by, until, why },
            3 => Departure::Deleted,
            _ => Departure::RoomDeleted { by },
        }
    }
}

/// `what` has happened, and the rest where it has a meaning.
impl Group for Notice {
    fn write(&self, writer: &mut Writer) {
        let (what, room, name) = match self {
            Notice::PasswordCode { by } => ("password-code", None, by.as_ref()),
            Notice::InvitationOver { room, by, revoked: false } => ("invitation-expired", Some(room), Some(by)),
            Notice::InvitationOver { room, by, revoked: true } => ("invitation-revoked", Some(room), Some(by)),
            Notice::InvitationUnused { room, who, revoked: false } => ("invitation-unused", Some(room), Some(who)),
            Notice::InvitationUnused { room, who, revoked: true } => ("invitation-withdrawn", Some(room), Some(who)),
        };
        writer.field("what", what);
        writer.field("room", &room.cloned());
        writer.field("name", &name.cloned());
    }

    fn read(fields: &mut Fields) -> Result<Notice, Wrong> {
        let what: String = fields.get("what")?;
        Ok(match what.as_str() {
            "password-code" => Notice::PasswordCode { by: fields.get("name")? },
            "invitation-expired" | "invitation-revoked" => {
                let revoked = what == "invitation-revoked";
                Notice::InvitationOver { room: fields.get("room")?, by: fields.get("name")?, revoked }
            }
            "invitation-unused" | "invitation-withdrawn" => {
                let revoked = what == "invitation-withdrawn";
                Notice::InvitationUnused { room: fields.get("room")?, who: fields.get("name")?, revoked }
            }
            _ => return Err(bad("what", "what has happened")),
        })
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Notice {
        let (room, name, revoked) = (FromJson::sample(source), FromJson::sample(source), source.flag());
        match source.byte() % 3 {
            0 => Notice::PasswordCode { by: FromJson::sample(source) },
            1 => Notice::InvitationOver { room, by: name, revoked },
            _ => Notice::InvitationUnused { room, who: name, revoked },
        }
    }
}

group! { Told = [Told { at, notice }] { at, notice as Flat } }

/// A row of [`Notices`].
#[derive(Clone, PartialEq, Eq, Debug)]
struct Told {
    at: Timestamp,
    notice: Notice,
}

/// Notices as a list of objects.
pub(super) struct Notices;

impl Form<Vec<(Timestamp, Notice)>> for Notices {
    fn write(notices: &Vec<(Timestamp, Notice)>, name: &'static str, writer: &mut Writer) {
        let rows = notices.iter().map(|(at, notice)| Told { at: *at, notice: notice.clone() });
        writer.field(name, &rows.collect::<Vec<_>>());
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Vec<(Timestamp, Notice)>, Wrong> {
        let rows: Vec<Told> = fields.get(name)?;
        Ok(rows.into_iter().map(|row| (row.at, row.notice)).collect())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<(Timestamp, Notice)> {
        source.several(|source| (FromJson::sample(source), Group::sample(source)))
    }
}

/// The topic of a room: `topic`, `topic_by` and `topic_at`.
impl Group for Option<TopicView> {
    fn write(&self, writer: &mut Writer) {
        writer.field("topic", &self.as_ref().map(|topic| topic.text.clone()));
        writer.field("topic_by", &self.as_ref().map(|topic| topic.by.clone()));
        writer.field("topic_at", &self.as_ref().map(|topic| topic.at));
    }

    fn read(fields: &mut Fields) -> Result<Option<TopicView>, Wrong> {
        match fields.get("topic")? {
            Some(text) => Ok(Some(TopicView { text, by: fields.get("topic_by")?, at: fields.get("topic_at")? })),
            None => Ok(None),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<TopicView> {
        let (text, by, at) = (FromJson::sample(source), FromJson::sample(source), FromJson::sample(source));
        source.flag().then_some(TopicView { text, by, at })
    }
}

// Forms

/// A room that is left out where there is none.
pub(super) struct SparseRoom;

impl Form<Option<ShownRoom>> for SparseRoom {
    fn write(room: &Option<ShownRoom>, _: &'static str, writer: &mut Writer) {
        if let Some(room) = room {
            Group::write(room, writer);
        }
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Option<ShownRoom>, Wrong> {
        Group::read(fields)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<ShownRoom> {
        Group::sample(source)
    }
}

/// Rooms as two lists of one order: their names, and their numbers as `room_ids`.
pub(super) struct ShownRooms;

impl Form<Vec<ShownRoom>> for ShownRooms {
    fn write(rooms: &Vec<ShownRoom>, name: &'static str, writer: &mut Writer) {
        writer.name(name);
        writer.values(rooms, |room, writer| ToJson::write(&room.label, writer));
        writer.name("room_ids");
        writer.values(rooms, |room, writer| ToJson::write(&room.id, writer));
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Vec<ShownRoom>, Wrong> {
        let (labels, ids): (Vec<_>, Vec<_>) = (fields.get(name)?, fields.get("room_ids")?);
        Ok(labels.into_iter().zip(ids).map(|(label, id)| ShownRoom { id, label }).collect())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<ShownRoom> {
        FromJson::sample(source)
    }
}

/// The kind of a room: a direct one has no visibility.
pub(super) struct RoomKind;

impl Form<Option<Visibility>> for RoomKind {
    fn write(visibility: &Option<Visibility>, name: &'static str, writer: &mut Writer) {
        match visibility {
            Some(visibility) => writer.field(name, visibility),
            None => writer.field(name, "direct"),
        }
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Option<Visibility>, Wrong> {
        match fields.take(name) {
            Some(Json::String(word)) if word == "direct" => Ok(None),
            Some(json) => Visibility::read(json).map(Some).map_err(|rule| bad(name, &rule)),
            None => Err(missing(name)),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<Visibility> {
        FromJson::sample(source)
    }
}

/// How long since: whole seconds before the object is written. Read as if that was at 0.
pub(super) struct Idle;

impl Form<Timestamp> for Idle {
    fn write(at: &Timestamp, name: &'static str, writer: &mut Writer) {
        let now = writer.context.map_or(Timestamp(0), |context| context.now);
        let idle_s = now.0.saturating_sub(at.0) / 1000;
        writer.field(name, &u64::try_from(idle_s).unwrap_or(0));
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Timestamp, Wrong> {
        fields.get(name).map(|idle_s| Timestamp(0).minus_seconds(idle_s))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Timestamp {
        Timestamp(0).minus_seconds(u64::from(source.byte()))
    }
}
