//! Looks for damage in a store or a copy of one, without changing it: what a start checks, and all that takes longer.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::backup::{find, is_in_use};
use super::error::{OpenError, in_one_line};
use super::files::Files;
use super::query::query;
use super::{READ_ONLY, check, load, reader, schema};
use crate::chat::{Name, RoomId, RoomLabel, ShownRoom};

/// The most findings of one kind.
const FINDINGS_MAX: usize = 100;

/// What is wrong with the store at `path`, which is a data folder or a file, one line each; empty if it is sound. A server
/// may use it meanwhile; then its log is not checked.
pub fn verify(path: &Path) -> Vec<String> {
    look(path).unwrap_or_else(|error| vec![error.to_string()])
}

fn look(path: &Path) -> Result<Vec<String>, OpenError> {
    let cannot_open = |error| OpenError::cannot("open", path, error);
    let files = match fs::metadata(path).map_err(cannot_open)?.is_dir() {
        true => find(path)?,
        false => Files::of(path).map_err(cannot_open)?,
    };
    let path = files.database();
    let failed = |error| check::failed(path, error);
    let (connection, version) = match is_in_use(&files)? {
        true => {
            let connection = Connection::open_with_flags(path, READ_ONLY).map_err(failed)?;
            connection.execute_batch("BEGIN").map_err(failed)?;
            let version = check::check_origin(path, &connection)?;
            (connection, version)
        }
        false => {
            let (connection, version, _) = check::open(&files)?;
            (connection, version)
        }
    };
    let mut findings = structure(&connection).map_err(failed)?;
    if findings.is_empty() {
        findings.extend(check::contradictions(&connection).map_err(failed)?);
    }
    if findings.is_empty() && version == schema::latest() {
        match load::snapshot(&connection) {
            Ok(snapshot) => findings.extend(snapshot.fault()),
            Err(error) => findings.push(check::failed(path, error).to_string()),
        }
    }
    if findings.is_empty() {
        findings.extend(damaged_messages(&connection).map_err(failed)?);
    }
    Ok(findings)
}

/// The messages that are shown as damaged, a line each.
fn damaged_messages(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut all = connection.prepare(query!("check_messages"))?;
    let (mut rows, mut found) = (all.query([])?, Vec::new());
    let label = RoomLabel::Room(Name::parse("any").expect("it is a name"));
    let any = ShownRoom { id: RoomId(0), label };
    while let Some(row) = rows.next()? {
        let (message, is_sound) = reader::message(row, &any)?;
        if !is_sound {
            let room: RoomId = row.get(7)?;
            found.push(format!("message {} of room {room} is damaged", message.seq));
        }
        if found.len() == FINDINGS_MAX {
            break;
        }
    }
    Ok(found)
}

fn structure(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let report: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(report.iter().filter(|line| *line != "ok").map(in_one_line).collect())
}
