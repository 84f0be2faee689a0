//! Conversion between the chat's types and values of columns. What is read is checked again, so that a damaged store is
//! noticed here and not in the chat.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::address::Address;
use crate::chat::{
    AccountId, Code, MessageKind, Name, PasswordHash, Role, RoomId, SendKey, Text, Timestamp, TokenDigest, TokenScope,
    Visibility,
};

/// A count or a number of a message as SQLite stores it. Only the end of a client's range can be above the limit, and
/// then means the newest message.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads such a number back.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// The longest text that is shown. Longer ones, which no chat-server writes, are cut.
const TEXT_MAX_BYTES: usize = 65_536;
/// Follows what is left of a damaged text.
pub(super) const DAMAGED: &str = "[damaged]";

/// A text that people wrote, as far as it can be read, and whether all of it could. A store is damaged in one place, and
/// that must not make unreadable what is around it: bytes that are not UTF-8 are replaced, and the text is marked.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<(Text, bool)> {
    let (bytes, is_text) = match row.get_ref(column)? {
        ValueRef::Text(bytes) => (bytes, std::str::from_utf8(bytes).is_ok()),
        ValueRef::Blob(bytes) => (bytes, false),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => (&b""[..], false),
    };
    if is_text && bytes.len() <= TEXT_MAX_BYTES {
        return Ok((Text::clean(bytes), true));
    }
    let shown = Text::clean(&bytes[..bytes.len().min(TEXT_MAX_BYTES)]);
    Ok((Text::from(format!("{shown} {DAMAGED}").as_str()), false))
}

/// A text likewise, or none.
pub(super) fn optional_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Text>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => text(row, column).map(|(text, _)| Some(text)),
    }
}

fn wrong(what: &str) -> FromSqlError {
    FromSqlError::Other(format!("not {what}").into())
}

impl ToSql for AccountId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for AccountId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<AccountId> {
        value.as_i64().map(AccountId)
    }
}

impl ToSql for RoomId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for RoomId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<RoomId> {
        value.as_i64().map(RoomId)
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Timestamp> {
        value.as_i64().map(Timestamp)
    }
}

impl ToSql for Name {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Name {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Name> {
        Name::parse(value.as_str()?).map_err(|_| wrong("a name"))
    }
}

impl ToSql for Text {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl ToSql for PasswordHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self.0).into())
    }
}

impl FromSql for PasswordHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<PasswordHash> {
        // A damaged one matches no password.
        value.as_bytes().map(|bytes| PasswordHash(String::from_utf8_lossy(bytes).into()))
    }
}

impl ToSql for Code {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Code {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Code> {
        value.as_str().map(Code::typed)
    }
}

impl ToSql for SendKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl ToSql for TokenDigest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0[..].into())
    }
}

impl FromSql for TokenDigest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<TokenDigest> {
        value.as_blob()?.try_into().map(TokenDigest).map_err(|_| wrong("a digest"))
    }
}

impl ToSql for Address {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Address {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Address> {
        Address::parse(value.as_str()?).ok_or_else(|| wrong("an address"))
    }
}

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = match self {
            Role::Member => 0,
            Role::Moderator => 1,
            Role::Owner => 2,
        };
        Ok(number.into())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Role> {
        match value.as_i64()? {
            0 => Ok(Role::Member),
            1 => Ok(Role::Moderator),
            2 => Ok(Role::Owner),
            _ => Err(wrong("a role")),
        }
    }
}

impl ToSql for Visibility {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = match self {
            Visibility::Public => 0,
            Visibility::Private => 1,
        };
        Ok(number.into())
    }
}

impl FromSql for Visibility {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Visibility> {
        match value.as_i64()? {
            0 => Ok(Visibility::Public),
            1 => Ok(Visibility::Private),
            _ => Err(wrong("a visibility")),
        }
    }
}

impl ToSql for TokenScope {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            TokenScope::Read => 0,
            TokenScope::Send => 1,
            TokenScope::All => 2,
        }))
    }
}

impl FromSql for TokenScope {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<TokenScope> {
        match value.as_i64()? {
            0 => Ok(TokenScope::Read),
            1 => Ok(TokenScope::Send),
            2 => Ok(TokenScope::All),
            _ => Err(wrong("a scope of a token")),
        }
    }
}

impl ToSql for MessageKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = match self {
            MessageKind::Speech => 0,
            MessageKind::Action => 1,
        };
        Ok(number.into())
    }
}

impl FromSql for MessageKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<MessageKind> {
        match value.as_i64()? {
            0 => Ok(MessageKind::Speech),
            1 => Ok(MessageKind::Action),
            _ => Err(wrong("a kind of message")),
        }
    }
}
