//! How a room is named: by whoever asks for it, and by the server that shows it.

use std::ops::Deref;

use super::{Name, RoomId};

/// A room as a request names it: a public or private room by its own name (`#tea`), a direct room by the name of the other
/// person in it (`@bob`; `@ghost-17` once that account is deleted), and any room by its number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RoomLabel {
    /// A public or private room.
    Room(Name),
    /// The direct room with this account.
    Direct(Name),
    /// The room with this number, whatever it is called now. Only requests name a room so.
    Number(RoomId),
}

/// A room as its reader is shown it: its number, which is never used again, and its present name.
///
/// Reads like its label, since most readers are people, who need no number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownRoom {
    /// Its number.
    pub id: RoomId,
    /// Its name as the reader refers to it; never a number.
    pub label: RoomLabel,
}

impl ShownRoom {
    /// Whether `label` names this room.
    pub fn is_named(&self, label: &RoomLabel) -> bool {
        match label {
            RoomLabel::Number(id) => self.id == *id,
            label => self.label == *label,
        }
    }
}

impl Deref for ShownRoom {
    type Target = RoomLabel;

    fn deref(&self) -> &RoomLabel {
        &self.label
    }
}
