//! The codec: how values, groups of fields and whole objects are written and read. Both directions come from one
//! declaration, so what the server writes a program can read back, and the other way round.
//!
//! Writing appends to a buffer and allocates nothing. Reading takes the fields out of a parsed object one by one and
//! names the field that is wrong.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use zeroize::Zeroize;

use crate::protocol::Context;

/// Why a line cannot be decoded. Nothing of it was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// A word for programs. Never changes.
    pub code: &'static str,
    /// The explanation, for people.
    pub text: String,
}

/// The rule of a value, as a refusal states it: `"page" must be a whole number from 1.`
pub(super) type Rule = Cow<'static, str>;

impl Wrong {
    /// All codes.
    pub(super) const CODES: [&str; 6] =
        ["bad_json", "too_deep", "line_too_long", "missing_field", "bad_field", "unknown_type"];

    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Wrong {
        Wrong { code, text: text.into() }
    }

    /// A line had more than `max` bytes.
    pub fn line_too_long(max: usize) -> Wrong {
        Wrong::new("line_too_long", format!("That line was longer than {max} bytes. Nothing was done."))
    }
}

pub(super) fn bad(field: &str, rule: &str) -> Wrong {
    Wrong::new("bad_field", format!("\"{field}\" must be {rule}. Nothing was done."))
}

pub(super) fn missing(field: &str) -> Wrong {
    Wrong::new("missing_field", format!("\"{field}\" is missing. Nothing was done."))
}

/// Appends one object, field by field.
pub(super) struct Writer<'a> {
    pub out: &'a mut Vec<u8>,
    /// When and where the object is read. Needed for refusals, whose sentences name moments, and for durations, which are
    /// counted from 0 without it.
    pub context: Option<Context<'a>>,
}

impl Writer<'_> {
    /// Writes a field.
    pub fn field<T: ToJson + ?Sized>(&mut self, name: &str, value: &T) {
        self.name(name);
        value.write(self);
    }

    /// Writes a list.
    pub fn values<T>(&mut self, values: &[T], write: impl Fn(&T, &mut Writer)) {
        self.out.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(value, self);
        }
        self.out.push(b']');
    }

    /// Writes an object, whose fields `write` writes.
    pub fn object(&mut self, write: impl FnOnce(&mut Writer)) {
        self.out.push(b'{');
        write(self);
        self.out.push(b'}');
    }

    /// Writes the name of a field.
    pub fn name(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

/// The fields of an object that was received. Fields that nobody takes are ignored, and their strings are wiped: one of
/// them may be a password in a request that is refused.
pub(super) struct Fields(pub Map<String, Json>);

impl Drop for Fields {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            if let Json::String(text) = value {
                text.zeroize();
            }
        }
    }
}

impl Fields {
    /// Takes a field that is present and not `null`.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Reads a field.
    pub fn get<T: FromJson>(&mut self, name: &str) -> Result<T, Wrong> {
        match self.take(name) {
            Some(json) => T::read(json).map_err(|rule| bad(name, &rule)),
            None => T::absent().ok_or_else(|| missing(name)),
        }
    }
}

/// A value as it is written: a string, a number, a list, an object in another.
pub(super) trait ToJson {
    fn write(&self, writer: &mut Writer);
}

/// The same as it is read.
pub(super) trait FromJson: Sized {
    fn read(json: Json) -> Result<Self, Rule>;

    /// The value of a field that is absent or `null`, if it may be.
    fn absent() -> Option<Self> {
        None
    }

    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> Self;
}

/// Several fields that belong together: an object of its own in a list, or part of a larger object.
pub(super) trait Group: Sized {
    fn write(&self, writer: &mut Writer);
    fn read(fields: &mut Fields) -> Result<Self, Wrong>;
    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> Self;
}

/// How a field of a table row is encoded. [`Plain`] unless the row says otherwise by `as`.
pub(super) trait Form<T> {
    fn write(value: &T, name: &'static str, writer: &mut Writer);
    fn read(name: &'static str, fields: &mut Fields) -> Result<T, Wrong>;
    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> T;
}

/// A value under the field's name.
pub(super) struct Plain;

impl<T: ToJson + FromJson> Form<T> for Plain {
    fn write(value: &T, name: &'static str, writer: &mut Writer) {
        writer.field(name, value);
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<T, Wrong> {
        fields.get(name)
    }

    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> T {
        T::sample(source)
    }
}

/// The fields of a group, among those of the object. The name is not used.
pub(super) struct Flat;

impl<T: Group> Form<T> for Flat {
    fn write(value: &T, _: &'static str, writer: &mut Writer) {
        value.write(writer);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<T, Wrong> {
        T::read(fields)
    }

    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> T {
        T::sample(source)
    }
}

/// An `Option` that is left out, not `null`, where there is none.
pub(super) struct Sparse;

impl<T: ToJson + FromJson> Form<Option<T>> for Sparse {
    fn write(value: &Option<T>, name: &'static str, writer: &mut Writer) {
        if let Some(value) = value {
            writer.field(name, value);
        }
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Option<T>, Wrong> {
        fields.get(name)
    }

    #[cfg(test)]
    fn sample(source: &mut super::sample::Source) -> Option<T> {
        FromJson::sample(source)
    }
}

/// A type whose values are the objects of one table.
pub(super) trait Table: Sized {
    /// The word of each row.
    const WORDS: &'static [&'static str];

    /// Writes word and fields.
    fn write(&self, writer: &mut Writer);

    /// Reads the object whose word is `word`; `None` where the table has no such row.
    fn read(word: &str, fields: &mut Fields) -> Result<Option<Self>, Wrong>;

    /// One value of each row.
    #[cfg(test)]
    fn samples(source: &mut super::sample::Source) -> Vec<Self>;
}

macro_rules! form {
    () => {
        $crate::protocol::json::codec::Plain
    };
    ($form:ident) => {
        $form
    };
}

/// The objects of a type, a row each: its word, the Rust value, and its fields in their order. A field is a variable of
/// the value, whose name is the name in JSON; `as` names its [`Form`], `or` the value of an absent one. `unsaid` are
/// variables that JSON does not carry, with what they are read as. Of rows with the same word, the first is read whose
/// `if` field is present. What stands under `written` is only written: reading finds another row of the same word.
///
/// A macro, since a row is a pattern in one direction and an expression in the other, and the compiler names a variant
/// that has no row.
macro_rules! table {
    (
        $type:ty, start: $start:path;
        $(
            $word:literal $(if $given:literal)? = [$($shape:tt)+]
            { $($field:ident $(as $form:ident)? $(or $default:expr)?),* }
            $(unsaid { $($unsaid:ident: $value:expr),* })?;
        )*
        $(written($writer:ident) { $($pattern:pat => $body:expr,)* })?
    ) => {
        impl $crate::protocol::json::codec::Table for $type {
            const WORDS: &'static [&'static str] = &[$($word),*];

            fn write(&self, writer: &mut $crate::protocol::json::codec::Writer) {
                #[allow(unused_imports)]
                use $crate::protocol::json::codec::Form;
                match self {
                    $($($pattern => { let $writer = writer; $body })*)?
                    $($($shape)+ => {
                        $($(let _ = $unsaid;)*)?
                        $start(self, $word, writer);
                        $(<form!($($form)?) as Form<_>>::write($field, stringify!($field), writer);)*
                    })*
                }
            }

            #[allow(unreachable_patterns, reason = "rows of one word")]
            fn read(
                word: &str,
                fields: &mut $crate::protocol::json::codec::Fields,
            ) -> Result<Option<Self>, $crate::protocol::json::codec::Wrong> {
                #[allow(unused_imports)]
                use $crate::protocol::json::codec::Form;
                match word {
                    $($word $(if fields.has($given))? => {
                        $(let $field = {
                            $(if !fields.has(stringify!($field)) { $default } else)?
                            { <form!($($form)?) as Form<_>>::read(stringify!($field), fields)? }
                        };)*
                        $($(let $unsaid = $value;)*)?
                        Ok(Some($($shape)+))
                    })*
                    _ => Ok(None),
                }
            }

            #[cfg(test)]
            fn samples(source: &mut $crate::protocol::json::sample::Source) -> Vec<Self> {
                #[allow(unused_imports)]
                use $crate::protocol::json::codec::Form;
                vec![$({
                    $(let $field = <form!($($form)?) as Form<_>>::sample(source);)*
                    $($(let $unsaid = $value;)*)?
                    $($shape)+
                }),*]
            }
        }
    };
}

/// A struct as a group of fields, and as an object of its own. As a row of [`table!`].
macro_rules! group {
    ($type:ty = [$($shape:tt)+] { $($field:ident $(as $form:ident)? $(or $default:expr)?),* }
        $(unsaid { $($unsaid:ident: $value:expr),* })?) => {
        impl $crate::protocol::json::codec::Group for $type {
            fn write(&self, writer: &mut $crate::protocol::json::codec::Writer) {
                use $crate::protocol::json::codec::Form;
                let $($shape)+ = self;
                $($(let _ = $unsaid;)*)?
                $(<form!($($form)?) as Form<_>>::write($field, stringify!($field), writer);)*
            }

            fn read(
                fields: &mut $crate::protocol::json::codec::Fields,
            ) -> Result<Self, $crate::protocol::json::codec::Wrong> {
                use $crate::protocol::json::codec::Form;
                $(let $field = {
                    $(if !fields.has(stringify!($field)) { $default } else)?
                    { <form!($($form)?) as Form<_>>::read(stringify!($field), fields)? }
                };)*
                $($(let $unsaid = $value;)*)?
                Ok($($shape)+)
            }

            #[cfg(test)]
            fn sample(source: &mut $crate::protocol::json::sample::Source) -> Self {
                use $crate::protocol::json::codec::Form;
                $(let $field = <form!($($form)?) as Form<_>>::sample(source);)*
                $($(let $unsaid = $value;)*)?
                $($shape)+
            }
        }

        impl $crate::protocol::json::codec::ToJson for $type {
            fn write(&self, writer: &mut $crate::protocol::json::codec::Writer) {
                writer.object(|writer| $crate::protocol::json::codec::Group::write(self, writer));
            }
        }

        impl $crate::protocol::json::codec::FromJson for $type {
            fn read(json: serde_json::Value) -> Result<Self, $crate::protocol::json::codec::Rule> {
                match json {
                    serde_json::Value::Object(fields) => {
                        $crate::protocol::json::codec::Group::read(&mut $crate::protocol::json::codec::Fields(fields))
                            .map_err(|wrong| format!("an object in which {}", wrong.text).into())
                    }
                    _ => Err("an object".into()),
                }
            }

            #[cfg(test)]
            fn sample(source: &mut $crate::protocol::json::sample::Source) -> Self {
                $crate::protocol::json::codec::Group::sample(source)
            }
        }
    };
}

pub(super) use {form, group, table};
