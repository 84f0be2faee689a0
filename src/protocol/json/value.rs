//! The domain's words as values of JSON.

use std::io::Write as _;

use jiff::Timestamp as Instant;
use serde_json::Value as Json;

use super::codec::{Fields, Form, FromJson, Rule, ToJson, Writer, Wrong, bad};
#[cfg(test)]
use super::sample::Source;
use crate::address::Address;
use crate::chat::{
    ClientId, Code, MessageKind, Name, NameError, PresenceChange, Registration, Role, RoomId, RoomLabel, SendKey, Seq,
    Text, Timestamp, TokenScope, TokenSecret, Visibility, is_forbidden,
};
use crate::protocol::{PROTOCOLS, Reference, Secret};

// Numbers, flags, lists

/// Largest number: what the store can hold.
const NUMBER_RULE: &str = "a whole number from 0 to 2^63 - 1";

impl ToJson for u64 {
    fn write(&self, writer: &mut Writer) {
        serde_json::to_writer(&mut *writer.out, self).expect("a vector takes every byte");
    }
}

impl FromJson for u64 {
    fn read(json: Json) -> Result<u64, Rule> {
        let whole = json.as_i64().and_then(|number| u64::try_from(number).ok());
        whole.or_else(|| whole_number(json.as_f64()?)).ok_or(Rule::Borrowed(NUMBER_RULE))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> u64 {
        source.number()
    }
}

/// The number that a library wrote as `1.0` or `1e3`, as far as such a number is exact.
fn whole_number(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = (1_u64 << 53) as f64;
    ((0.0..=EXACT_MAX).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

impl ToJson for usize {
    fn write(&self, writer: &mut Writer) {
        (*self as u64).write(writer);
    }
}

impl FromJson for usize {
    fn read(json: Json) -> Result<usize, Rule> {
        usize::try_from(u64::read(json)?).map_err(|_| NUMBER_RULE.into())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> usize {
        usize::from(source.byte())
    }
}

impl ToJson for bool {
    fn write(&self, writer: &mut Writer) {
        writer.out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl FromJson for bool {
    fn read(json: Json) -> Result<bool, Rule> {
        json.as_bool().ok_or("true or false".into())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> bool {
        source.flag()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, writer: &mut Writer) {
        match self {
            Some(value) => value.write(writer),
            None => writer.out.extend_from_slice(b"null"),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(json: Json) -> Result<Option<T>, Rule> {
        T::read(json).map(Some)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<T> {
        source.flag().then(|| T::sample(source))
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, writer: &mut Writer) {
        writer.values(self, T::write);
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(json: Json) -> Result<Vec<T>, Rule> {
        match json {
            Json::Array(values) => values.into_iter().map(T::read).collect(),
            _ => Err("a list".into()),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<T> {
        source.several(T::sample)
    }
}

// Strings

/// Writes a string that has none of the characters that may not be sent.
fn quote(text: &str, writer: &mut Writer) {
    serde_json::to_writer(&mut *writer.out, text).expect("a vector takes every byte");
}

fn string(json: Json) -> Result<String, Rule> {
    match json {
        Json::String(text) => Ok(text),
        _ => Err("a string".into()),
    }
}

/// Any text: characters that may not be sent are escaped.
impl ToJson for Reference {
    fn write(&self, writer: &mut Writer) {
        let text = self.as_str();
        if !text.chars().any(is_forbidden) {
            return quote(text, writer);
        }
        writer.out.push(b'"');
        for c in text.chars() {
            match c {
                '"' | '\\' => write!(writer.out, "\\{c}"),
                // None of these is beyond U+FFFF, so four digits are enough.
                c if is_forbidden(c) => write!(writer.out, "\\u{:04x}", u32::from(c)),
                c => write!(writer.out, "{c}"),
            }
            .expect("a vector takes every byte");
        }
        writer.out.push(b'"');
    }
}

impl ToJson for str {
    fn write(&self, writer: &mut Writer) {
        quote(self, writer);
    }
}

/// Strings that are shown as they are.
macro_rules! string {
    ($($type:ty: |$value:ident| $shown:expr, |$text:ident| $parsed:expr, |$source:ident| $sample:expr;)*) => {$(
        impl ToJson for $type {
            fn write(&self, writer: &mut Writer) {
                let $value = self;
                quote($shown, writer);
            }
        }

        impl FromJson for $type {
            fn read(json: Json) -> Result<$type, Rule> {
                let $text = string(json)?;
                $parsed
            }

            #[cfg(test)]
            fn sample($source: &mut Source) -> $type {
                $sample
            }
        }
    )*};
}

string! {
    String: |text| text, |text| Ok(text), |source| Text::sample(source).to_string();
    Text: |text| text.as_str(), |text| Ok(Text::from(&*text)),
        |source| Text::from(source.one_of(&["", "hi", "a \"quoted\" \\ word", "ünï👋", "\u{1b}[2J"]));
    Name: |name| name.as_str(), |text| name(&text),
        |source| name(source.one_of(&["ana", "Bob", "general", "tea-2", "ghost"])).expect("a name");
    RoomLabel: |label| &*label_text(label), |text| label(&text),
        |source| label(source.one_of(&["general", "tea", "@bob", "@Ana"])).expect("a room");
    Code: |code| code.as_str(), |text| Ok(Code::typed(&text)), |source| Code::invitation([source.byte(), 1, 2]);
    SendKey: |key| key.as_str(), |text| SendKey::parse(&text).ok_or("a string of 1 to 64 bytes".into()),
        |source| SendKey::parse(source.one_of(&["k", "2026-11-24/1", "\"\\"])).expect("a key");
    Address: |address| &*address.to_string(),
        |text| Address::parse(&text).ok_or("an IPv4 or IPv6 address".into()),
        |source| Address::parse(source.one_of(&["192.0.2.7", "2001:db8::/64"])).expect("an address");
    TokenSecret: |token| &*token.0, |text| Ok(TokenSecret(text.into())), |_source| TokenSecret("token:x".into());
    Secret: |secret| &*String::from_utf8_lossy(secret.as_bytes()), |text| Ok(Secret::new(text.into_bytes())),
        |source| Secret::new(source.one_of(&["hunter22", "kettle on the hob"]).into());
}

fn name(text: &str) -> Result<Name, Rule> {
    Name::parse(text).map_err(|error| match error {
        NameError::Length => "a name of 2 to 20 characters".into(),
        NameError::Character => "a name: letters a to z, digits, - and _, starting with a letter or digit".into(),
    })
}

/// A room by its name: `tea`, or `@bob` for a direct one. A number is not a name, and has a field of its own.
fn label_text(label: &RoomLabel) -> std::borrow::Cow<'_, str> {
    match label {
        RoomLabel::Room(name) => name.as_str().into(),
        RoomLabel::Direct(name) => format!("@{name}").into(),
        RoomLabel::Number(_) => unreachable!("a number is written as room_id"),
    }
}

/// The same, and `#tea`.
fn label(text: &str) -> Result<RoomLabel, Rule> {
    match text.strip_prefix('@') {
        Some(other) => name(other).map(RoomLabel::Direct),
        None => name(text.strip_prefix('#').unwrap_or(text)).map(RoomLabel::Room),
    }
}

/// RFC 3339 in UTC, with milliseconds. Moments outside the years that have a calendar become the nearest that has one.
impl ToJson for Timestamp {
    fn write(&self, writer: &mut Writer) {
        let nearest = if self.0 < 0 { Instant::MIN } else { Instant::MAX };
        let instant = Instant::from_millisecond(self.0).unwrap_or(nearest);
        write!(writer.out, "\"{instant:.3}\"").expect("a vector takes every byte");
    }
}

impl FromJson for Timestamp {
    fn read(json: Json) -> Result<Timestamp, Rule> {
        let instant: Result<Instant, _> = string(json)?.parse();
        instant.map(|instant| Timestamp(instant.as_millisecond())).map_err(|_| "a moment by RFC 3339".into())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Timestamp {
        Timestamp(source.number() as i64 % (1 << 40))
    }
}

/// The word of a protocol.
impl ToJson for &'static str {
    fn write(&self, writer: &mut Writer) {
        quote(self, writer);
    }
}

impl FromJson for &'static str {
    fn read(json: Json) -> Result<&'static str, Rule> {
        let text = string(json)?;
        PROTOCOLS.iter().map(|protocol| protocol.word()).find(|word| *word == text).ok_or("a protocol".into())
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> &'static str {
        source.one_of(&PROTOCOLS).word()
    }
}

impl ToJson for RoomId {
    fn write(&self, writer: &mut Writer) {
        self.0.unsigned_abs().write(writer);
    }
}

impl FromJson for RoomId {
    fn read(json: Json) -> Result<RoomId, Rule> {
        u64::read(json).map(|number| RoomId(number.cast_signed()))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> RoomId {
        RoomId(i64::from(source.byte()))
    }
}

impl ToJson for ClientId {
    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl FromJson for ClientId {
    fn read(json: Json) -> Result<ClientId, Rule> {
        u64::read(json).map(ClientId)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> ClientId {
        ClientId(source.number())
    }
}

/// An enum whose variants are words.
macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* })*) => {$(
        impl ToJson for $type {
            fn write(&self, writer: &mut Writer) {
                let word = match self { $($type::$variant => concat!('"', $word, '"')),* };
                writer.out.extend_from_slice(word.as_bytes());
            }
        }

        impl FromJson for $type {
            fn read(json: Json) -> Result<$type, Rule> {
                match string(json)?.as_str() {
                    $($word => Ok($type::$variant),)*
                    _ => Err([$(concat!('"', $word, '"')),*].join(" or ").into()),
                }
            }

            #[cfg(test)]
            fn sample(source: &mut Source) -> $type {
                source.one_of(&[$($type::$variant),*])
            }
        }
    )*};
}

words! {
    MessageKind { Speech = "speech", Action = "action" }
    Visibility { Public = "public", Private = "private" }
    TokenScope { Read = "read", Send = "send", All = "all" }
    PresenceChange { Online = "online", Offline = "offline", Away = "away", Back = "back" }
    Registration { Open = "open", ByCode = "code", Closed = "closed" }
    Role { Member = "member", Moderator = "moderator", Owner = "owner" }
}

// Forms

/// A reason: `null` where none was given.
pub(super) struct Why;

impl Form<Text> for Why {
    fn write(why: &Text, name: &'static str, writer: &mut Writer) {
        writer.field(name, &Some(why).filter(|why| !why.is_empty()).cloned());
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Text, Wrong> {
        Ok(fields.get::<Option<Text>>(name)?.unwrap_or_else(|| Text::from("")))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Text {
        FromJson::sample(source)
    }
}

/// The same, left out where none was given.
pub(super) struct SparseWhy;

impl Form<Text> for SparseWhy {
    fn write(why: &Text, name: &'static str, writer: &mut Writer) {
        if !why.is_empty() {
            writer.field(name, why);
        }
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Text, Wrong> {
        Why::read(name, fields)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Text {
        FromJson::sample(source)
    }
}

/// Numbers of messages by room: `rooms` is an object of names, `room_ids` one of the numbers of rooms. Either may be absent.
pub(super) struct ByRoom;

impl Form<Vec<(RoomLabel, Seq)>> for ByRoom {
    fn write(rooms: &Vec<(RoomLabel, Seq)>, _: &'static str, writer: &mut Writer) {
        let (numbered, named): (Vec<_>, Vec<_>) = rooms.iter().partition(|(room, _)| id_of(room).is_some());
        ByName::write(&named.into_iter().cloned().collect(), "rooms", writer);
        let numbered = numbered.into_iter().filter_map(|(room, seq)| Some((id_of(room)?, *seq)));
        ById::write(&numbered.collect(), "room_ids", writer);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Vec<(RoomLabel, Seq)>, Wrong> {
        let mut rooms = ByName::read("rooms", fields)?;
        let numbered = ById::read("room_ids", fields)?;
        rooms.extend(numbered.into_iter().map(|(id, seq)| (RoomLabel::Number(id), seq)));
        Ok(rooms)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<(RoomLabel, Seq)> {
        let mut rooms = ByName::sample(source);
        rooms.extend(ById::sample(source).into_iter().map(|(id, seq)| (RoomLabel::Number(id), seq)));
        rooms
    }
}

fn id_of(label: &RoomLabel) -> Option<RoomId> {
    if let RoomLabel::Number(id) = label { Some(*id) } else { None }
}

/// An object whose keys are names of rooms; empty where it is absent.
pub(super) struct ByName;

impl Form<Vec<(RoomLabel, Seq)>> for ByName {
    fn write(rooms: &Vec<(RoomLabel, Seq)>, name: &'static str, writer: &mut Writer) {
        writer.name(name);
        writer.object(|writer| rooms.iter().for_each(|(room, seq)| writer.field(&label_text(room), seq)));
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Vec<(RoomLabel, Seq)>, Wrong> {
        numbers_by(name, fields, label)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<(RoomLabel, Seq)> {
        // In the order in which an object is read.
        [("@bob", source.number()), ("tea", source.number())]
            .map(|(room, seq)| (label(room).expect("a room"), seq))
            .into()
    }
}

/// An object whose keys are numbers of rooms; empty where it is absent.
pub(super) struct ById;

impl Form<Vec<(RoomId, Seq)>> for ById {
    fn write(rooms: &Vec<(RoomId, Seq)>, name: &'static str, writer: &mut Writer) {
        writer.name(name);
        writer.object(|writer| rooms.iter().for_each(|(room, seq)| writer.field(&room.to_string(), seq)));
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Vec<(RoomId, Seq)>, Wrong> {
        let id = |key: &str| key.parse().ok().filter(|id| *id >= 0).map(RoomId);
        numbers_by(name, fields, |key| id(key).ok_or("an object of numbers of rooms with whole numbers".into()))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Vec<(RoomId, Seq)> {
        vec![(RoomId(1), source.number()), (RoomId(7), source.number())]
    }
}

/// An object of whole numbers, whose keys `key` reads.
fn numbers_by<T>(
    name: &'static str,
    fields: &mut Fields,
    key: impl Fn(&str) -> Result<T, Rule>,
) -> Result<Vec<(T, Seq)>, Wrong> {
    let rule = "an object of rooms with whole numbers";
    let rooms = match fields.take(name) {
        None => return Ok(Vec::new()),
        Some(Json::Object(rooms)) => rooms,
        Some(_) => return Err(bad(name, rule)),
    };
    let read = |(room, seq): (String, Json)| {
        let room = key(&room).map_err(|rule| bad(name, &rule))?;
        Ok((room, u64::read(seq).map_err(|_| bad(name, rule))?))
    };
    rooms.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::REFERENCE_MAX_BYTES;

    #[test]
    fn a_reference_comes_back_as_it_came_and_in_characters_that_may_be_sent() {
        let check = |text: &str| {
            let (mut out, reference) = (Vec::new(), Reference::of(text).unwrap());
            reference.write(&mut Writer { out: &mut out, context: None });
            let quoted = String::from_utf8(out).unwrap();
            assert!(!quoted.chars().any(is_forbidden), "{quoted}");
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        };
        check("");
        check("17");
        check("a \"quoted\" \\ word");
        check("\u{0}\t\r\n\u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028}\u{feff}\"\\");
        check("ünï👋");
        assert!(Reference::of(&"x".repeat(REFERENCE_MAX_BYTES)).is_some());
        assert_eq!(Reference::of(&"x".repeat(REFERENCE_MAX_BYTES + 1)), None);
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let check = |json: &str, expected: Option<u64>| {
            assert_eq!(u64::read(serde_json::from_str(json).unwrap()).ok(), expected, "{json}");
        };
        check("1", Some(1));
        check("1.0", Some(1));
        check("1e3", Some(1000));
        check("-0.0", Some(0));
        check("9007199254740992.0", Some(1 << 53));
        check("9223372036854775807", Some(i64::MAX as u64));
        for wrong in ["1.5", "-1", "-1.0", "9007199254740994.0", "9223372036854775808", "1e300", "true", "\"1\"", "[1]"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn moments_without_a_calendar_become_the_nearest_that_has_one() {
        let check = |at: Timestamp, expected: &str| {
            let mut out = Vec::new();
            at.write(&mut Writer { out: &mut out, context: None });
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(Timestamp(1_764_000_000_017), r#""2025-11-24T16:00:00.017Z""#);
        check(Timestamp(i64::MIN), r#""-009999-01-02T01:59:59.000Z""#);
        check(Timestamp(i64::MAX), r#""9999-12-30T22:00:00.999Z""#);
    }
}
