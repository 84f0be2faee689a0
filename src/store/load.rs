//! Reads the whole state except the messages.
//!
//! Texts that people wrote are read as far as they can be; anything else that is wrong is damage.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::query::query;
use super::value::{count, optional_text, text};
use crate::chat::{
    AccountRow, FormerName, MemberRow, Notice, ReadMark, Registration, Snapshot, StoredBan, StoredRoom, StoredToken,
};

/// Everything that the chat needs for its decisions.
pub(super) fn snapshot(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let mut address_bans = rows(connection, query!("load_address_bans"), |row| Ok((row.get(0)?, ban(row, 1)?)))?;
    // The database orders them as texts.
    address_bans.sort_by_key(|(address, _)| *address);
    let last_room: Option<i64> = connection.query_row(query!("load_last_room"), [], |row| row.get(0)).optional()?;
    Ok(Snapshot {
        accounts: rows(connection, query!("load_accounts"), account)?,
        rooms: rows(connection, query!("load_rooms"), room)?,
        members: rows(connection, query!("load_members"), member)?,
        mentions: rows(connection, query!("load_mentions"), |row| Ok((row.get(0)?, row.get(1)?, count(row, 2)?)))?,
        invitations: rows(connection, query!("load_invitations"), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?,
        tokens: rows(connection, query!("load_tokens"), token)?,
        codes: rows(connection, query!("load_codes"), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?,
        bans: rows(connection, query!("load_bans"), |row| Ok((row.get(0)?, row.get(1)?, ban(row, 2)?)))?,
        account_bans: rows(connection, query!("load_account_bans"), |row| Ok((row.get(0)?, ban(row, 1)?)))?,
        address_bans,
        former_names: rows(connection, query!("load_former_names"), |row| {
            Ok(FormerName { name: row.get(0)?, account: row.get(1)?, freed: row.get(2)? })
        })?,
        password_codes: rows(connection, query!("load_password_codes"), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?,
        notices: rows(connection, query!("load_notices"), |row| Ok((row.get(0)?, row.get(1)?, notice(row)?)))?,
        registration: registration(connection)?,
        registration_codes: rows(connection, query!("load_registration_codes"), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?,
        last_room: last_room.unwrap_or(0),
    })
}

fn rows<T>(
    connection: &Connection,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(query)?.query_map([], read)?.collect()
}

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        id: row.get(0)?,
        name: row.get(1)?,
        password_version: count(row, 2)?,
        created: row.get(3)?,
        last_seen: row.get(4)?,
        away: optional_text(row, 5)?,
        operator: row.get(6)?,
        acks: row.get(7)?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    Ok(StoredToken {
        account: row.get(0)?,
        name: row.get(1)?,
        digest: row.get(2)?,
        created: row.get(3)?,
        until: row.get(4)?,
        used: row.get(5)?,
        scope: row.get(6)?,
    })
}

/// The columns `kind`, `room` and `who` of a notice, from the third on.
fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let kind: i64 = row.get(2)?;
    Ok(match kind {
        0 => Notice::PasswordCode { by: row.get(4)? },
        1 | 2 => Notice::InvitationOver { room: row.get(3)?, by: row.get(4)?, revoked: kind == 2 },
        _ => Notice::InvitationUnused { room: row.get(3)?, who: row.get(4)?, revoked: kind == 4 },
    })
}

/// Everybody can register until an operator has chosen otherwise.
fn registration(connection: &Connection) -> rusqlite::Result<Registration> {
    let whose: Option<u8> = connection.query_row(query!("load_registration"), [], |row| row.get(0)).optional()?;
    Ok(whose.and_then(|number| Registration::ALL.get(usize::from(number)).copied()).unwrap_or_default())
}

fn room(row: &Row<'_>) -> rusqlite::Result<StoredRoom> {
    let topic = match optional_text(row, 4)? {
        Some(text) => Some((text, row.get(5)?, row.get(6)?)),
        None => None,
    };
    Ok(StoredRoom {
        id: row.get(0)?,
        name: row.get(1)?,
        visibility: row.get(2)?,
        created: row.get(3)?,
        topic,
        last_seq: count(row, 7)?,
    })
}

fn member(row: &Row<'_>) -> rusqlite::Result<MemberRow> {
    Ok(MemberRow {
        room: row.get(0)?,
        account: row.get(1)?,
        role: row.get(2)?,
        since: row.get(3)?,
        read: read_mark(row)?,
    })
}

/// The columns `read` and `read_above` of a member.
fn read_mark(row: &Row<'_>) -> rusqlite::Result<ReadMark> {
    let above: String = row.get(5)?;
    ReadMark::parse(count(row, 4)?, &above)
        .ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(5, Type::Text, "not what a member has read".into()))
}

/// The columns `by`, `at`, `until`, `why`, from column `first` on.
fn ban(row: &Row<'_>, first: usize) -> rusqlite::Result<StoredBan> {
    let (why, _) = text(row, first + 3)?;
    Ok(StoredBan { by: row.get(first)?, at: row.get(first + 1)?, until: row.get(first + 2)?, why })
}
