//! The domain's words as values of JSON.

use jiff::Timestamp as Instant;
use serde::{Serialize, Serializer};

use crate::chat::{Code, MessageKind, Name, Role, RoomLabel, Text, Timestamp, Visibility};

/// A moment: RFC 3339 in UTC, with milliseconds. Moments beyond the years that have a calendar become the last that has.
#[derive(Clone, Copy)]
pub(super) struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nearest = if self.0.0 < 0 { Instant::MIN } else { Instant::MAX };
        let instant = Instant::from_millisecond(self.0.0).unwrap_or(nearest);
        serializer.collect_str(&format_args!("{instant:.3}"))
    }
}

/// A room as requests name it: `tea`, or `@bob` for a direct one.
pub(super) struct Label<'a>(pub &'a RoomLabel);

impl Serialize for Label<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            RoomLabel::Room(name) => serializer.serialize_str(name.as_str()),
            RoomLabel::Direct(name) => serializer.collect_str(&format_args!("@{name}")),
        }
    }
}

/// A name, a text, a code: whatever is a string already.
pub(super) struct Word<'a>(pub &'a str);

impl Serialize for Word<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

pub(super) fn name(name: &Name) -> Word<'_> {
    Word(name.as_str())
}

pub(super) fn names(names: &[Name]) -> Vec<Word<'_>> {
    names.iter().map(name).collect()
}

pub(super) fn text(text: &Text) -> Word<'_> {
    Word(text.as_str())
}

/// A text where one is, and nothing where it is empty.
pub(super) fn why(text: &Text) -> Option<Word<'_>> {
    Some(Word(text.as_str())).filter(|word| !word.0.is_empty())
}

pub(super) fn labels(rooms: &[RoomLabel]) -> Vec<Label<'_>> {
    rooms.iter().map(Label).collect()
}

pub(super) fn codes(codes: &[Code]) -> Vec<Word<'_>> {
    codes.iter().map(|code| Word(code.as_str())).collect()
}

pub(super) fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

/// What kind of room it is; a direct one has no visibility.
pub(super) fn kind_of_room(kind: Option<Visibility>) -> &'static str {
    kind.map_or("direct", visibility)
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Moderator => "moderator",
        Role::Owner => "owner",
    }
}

pub(super) fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Speech => "speech",
        MessageKind::Action => "action",
    }
}
