//! The fields of one object that came in, taken out by name, each checked as it is taken.

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::address::Address;
use crate::chat::{BanTarget, Name, NameError, RoomLabel, SendKey, Seq, Text};
use crate::protocol::Secret;

/// What is wrong with a line. Nothing of it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// A word for programs, the same for ever.
    pub code: &'static str,
    /// What is wrong, for people.
    pub text: String,
}

impl Wrong {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Wrong {
        Wrong { code, text: text.into() }
    }

    /// A line had more than `max` bytes.
    pub fn line_too_long(max: usize) -> Wrong {
        Wrong::new("line_too_long", format!("That line was longer than {max} bytes. Nothing was done."))
    }
}

/// An object. Fields that nobody takes are ignored, and wiped: one of them may be a password that came with something
/// that is refused.
pub(super) struct Fields(pub Map<String, Value>);

impl Drop for Fields {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

impl Fields {
    /// A field that is there and not `null`.
    fn take(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    /// A string, if there is one.
    pub fn string(&mut self, field: &str) -> Result<Option<String>, Wrong> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(field, "a string")),
        }
    }

    fn need(&mut self, field: &str) -> Result<String, Wrong> {
        self.string(field)?.ok_or_else(|| missing(field))
    }

    /// A whole number, if there is one.
    pub fn number(&mut self, field: &str) -> Result<Option<u64>, Wrong> {
        // What the store can hold is also what a number here can be.
        let is_whole = |value: &Value| value.as_i64().and_then(|number| u64::try_from(number).ok());
        match self.take(field) {
            None => Ok(None),
            Some(value) => is_whole(&value).map(Some).ok_or_else(|| bad(field, "a whole number from 0 to 2^63 - 1")),
        }
    }

    /// A truth value; `default` where there is none.
    pub fn flag(&mut self, field: &str, default: bool) -> Result<bool, Wrong> {
        match self.take(field) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(bad(field, "true or false")),
        }
    }

    /// One of certain words, if there is one.
    pub fn choice<T: Copy>(&mut self, field: &str, known: &[(&str, T)]) -> Result<Option<T>, Wrong> {
        let Some(word) = self.string(field)? else { return Ok(None) };
        let found = known.iter().find(|(other, _)| *other == word).map(|(_, meaning)| Some(*meaning));
        let words: Vec<String> = known.iter().map(|(word, _)| format!("{word:?}")).collect();
        found.ok_or_else(|| bad(field, &words.join(" or ")))
    }

    /// The name of an account, a room or a token.
    pub fn name(&mut self, field: &str) -> Result<Name, Wrong> {
        let text = self.need(field)?;
        name(field, &text)
    }

    /// The same where it may be left out.
    pub fn optional_name(&mut self, field: &str) -> Result<Option<Name>, Wrong> {
        self.string(field)?.map(|text| name(field, &text)).transpose()
    }

    /// The name of a room that is no direct one, as `tea` or `#tea`.
    pub fn room_name(&mut self, field: &str) -> Result<Name, Wrong> {
        let text = self.need(field)?;
        name(field, text.strip_prefix('#').unwrap_or(&text))
    }

    /// A room, as `tea`, `#tea` or `@bob`.
    pub fn room(&mut self) -> Result<RoomLabel, Wrong> {
        self.optional_room()?.ok_or_else(|| missing("room"))
    }

    /// The same where it may be left out.
    pub fn optional_room(&mut self) -> Result<Option<RoomLabel>, Wrong> {
        self.string("room")?.map(|text| room("room", &text)).transpose()
    }

    /// What somebody says.
    pub fn text(&mut self, field: &str) -> Result<Text, Wrong> {
        self.need(field).map(|text| Text::from(&*text))
    }

    /// The same where it may be left out; empty then.
    pub fn optional_text(&mut self, field: &str) -> Result<Text, Wrong> {
        Ok(Text::from(&*self.string(field)?.unwrap_or_default()))
    }

    /// A password or a token.
    pub fn secret(&mut self, field: &str) -> Result<Secret, Wrong> {
        self.optional_secret(field)?.ok_or_else(|| missing(field))
    }

    /// The same where it may be left out.
    pub fn optional_secret(&mut self, field: &str) -> Result<Option<Secret>, Wrong> {
        Ok(self.string(field)?.map(|text| Secret::new(text.into_bytes())))
    }

    /// The key of a message, if it has one.
    pub fn key(&mut self) -> Result<Option<SendKey>, Wrong> {
        let check = |text: String| SendKey::parse(&text).ok_or_else(|| bad("key", "a string of 1 to 64 bytes"));
        self.string("key")?.map(check).transpose()
    }

    /// How long something lasts, in seconds; up to ten years.
    pub fn seconds(&mut self, field: &str) -> Result<Option<u64>, Wrong> {
        const MAX: u64 = 10 * 365 * 86_400;
        match self.number(field)? {
            Some(seconds) if !(1..=MAX).contains(&seconds) => Err(bad(field, "1 to 315360000 seconds")),
            seconds => Ok(seconds),
        }
    }

    /// Whom a ban of the server is against: an account by `name`, or an `address`.
    pub fn ban_target(&mut self) -> Result<BanTarget, Wrong> {
        match self.string("address")? {
            Some(text) => match Address::parse(&text) {
                Some(address) => Ok(BanTarget::Address(address)),
                None => Err(bad("address", "an IPv4 or IPv6 address")),
            },
            None => self.name("name").map(BanTarget::Account),
        }
    }

    /// Numbers by room.
    pub fn numbers(&mut self, field: &str) -> Result<Vec<(RoomLabel, Seq)>, Wrong> {
        let rule = "an object of rooms with whole numbers";
        let rooms = match self.take(field) {
            None => return Ok(Vec::new()),
            Some(Value::Object(rooms)) => rooms,
            Some(_) => return Err(bad(field, rule)),
        };
        let number = |value: &Value| value.as_i64().and_then(|number| u64::try_from(number).ok());
        let read = |(label, value): (&String, &Value)| {
            Ok((room(field, label)?, number(value).ok_or_else(|| bad(field, rule))?))
        };
        rooms.iter().map(read).collect()
    }
}

fn name(field: &str, text: &str) -> Result<Name, Wrong> {
    Name::parse(text).map_err(|error| {
        let rule = match error {
            NameError::Length => "a name of 2 to 20 characters",
            NameError::Character => "a name: letters a to z, digits, - and _, starting with a letter or digit",
        };
        bad(field, rule)
    })
}

fn room(field: &str, text: &str) -> Result<RoomLabel, Wrong> {
    match text.strip_prefix('@') {
        Some(other) => name(field, other).map(RoomLabel::Direct),
        None => name(field, text.strip_prefix('#').unwrap_or(text)).map(RoomLabel::Room),
    }
}

pub(super) fn bad(field: &str, rule: &str) -> Wrong {
    Wrong::new("bad_field", format!("\"{field}\" must be {rule}. Nothing was done."))
}

pub(super) fn missing(field: &str) -> Wrong {
    Wrong::new("missing_field", format!("\"{field}\" is missing. Nothing was done."))
}
