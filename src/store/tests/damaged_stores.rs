//! A store that is damaged, of another program, or interrupted is opened or refused as it should be; a refused store
//! stays as it was.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::{DATABASE, Folder, Store, Writer, open, schema};
use super::sample::{ANA, TEA, copied, filled, opened, range, said};
use crate::chat::{Record, Snapshot, Text};

/// Few enough that all of them are still in the log.
const MESSAGES: u64 = 600;

/// A store that was closed, and the same one as a kill would have left it.
fn stores() -> (TempDir, TempDir) {
    let closed = tempfile::tempdir().unwrap();
    let (mut writer, reader) = filled(closed.path());
    for seq in 41..=MESSAGES {
        writer.commit(&[said(TEA, seq, ANA)]).unwrap();
    }
    let killed = copied(closed.path());
    drop(reader);
    writer.close().unwrap();
    (closed, killed)
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() })).collect()
}

/// What a server finds in the store, or why it refuses the store; then no file may have changed.
fn start(folder: &TempDir) -> Result<(Snapshot, u64), String> {
    let before = files(folder.path());
    let refused = match Folder::open(folder.path()).and_then(|folder| open(&folder, 1)) {
        Ok((mut writer, reader)) => {
            let found = reader.page(&range(TEA, 1, u64::MAX)).unwrap_or_default().len() as u64;
            let snapshot = writer.load().unwrap();
            return Ok((snapshot, found));
        }
        Err(refused) => refused.to_string(),
    };
    assert!(refused.lines().count() == 1 && !refused.ends_with('.'), "{refused}");
    let after = files(folder.path());
    let changed: Vec<_> = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{refused}: changed {:?}", after.keys());
    Err(refused)
}

/// Checks that a server refuses `store` after `damage`, with `reason`.
fn check(store: &TempDir, damage: impl FnOnce(&Path), reason: &str) {
    let store = copied(store.path());
    damage(store.path());
    let refused = start(&store).expect_err(reason);
    assert!(refused.contains(reason), "{refused}");
}

fn edit(path: &Path, at: u64, bytes: &[u8]) {
    File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

fn cut(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn number_of_pages(store: &TempDir) -> u64 {
    fs::metadata(store.path().join(DATABASE)).unwrap().len() / 4096
}

#[test]
fn a_good_store_is_opened_after_a_stop_and_after_a_kill() {
    let (closed, killed) = stores();
    let first = start(&closed).unwrap();
    assert_eq!(first.1, MESSAGES);
    assert_eq!(start(&killed).unwrap(), first);
}

#[test]
fn a_file_that_is_no_store_of_ours_is_refused() {
    let (closed, killed) = stores();
    for store in [&closed, &killed] {
        let bytes = fs::metadata(store.path().join(DATABASE)).unwrap().len();
        let write = |content: Vec<u8>| move |folder: &Path| fs::write(folder.join(DATABASE), content).unwrap();
        check(store, write(Vec::new()), "has only 0 bytes");
        check(store, write(vec![0; 50]), "has only 50 bytes");
        check(store, write(vec![0; usize::try_from(bytes).unwrap()]), "is not a database");
        check(store, write((0..bytes).map(|n| (n * n % 251) as u8).collect()), "is not a database");
        check(store, write(b"dear diary, ".repeat(2000)), "is not a database");
        let newer = format!("(schema 7, this one knows {})", schema::latest());
        check(store, |folder| edit(&folder.join(DATABASE), 60, &[0, 0, 0, 7]), &newer);
        check(store, |folder| edit(&folder.join(DATABASE), 60, &[0; 4]), "has no schema number");
        check(store, |folder| edit(&folder.join(DATABASE), 68, b"MUSI"), "of another program");
        check(store, |folder| edit(&folder.join(DATABASE), 16, &[0x0f, 0xff]), "has pages of 4095 bytes");
        let become_a_folder = |folder: &Path| {
            fs::remove_file(folder.join(DATABASE)).unwrap();
            fs::create_dir(folder.join(DATABASE)).unwrap();
        };
        check(store, become_a_folder, "is not a file");
        check(store, |folder| fs::write(folder.join("chat.db-journal"), "x").unwrap(), "left by another program");
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let (closed, _) = stores();
    let replace = |folder: &Path| {
        fs::remove_file(folder.join(DATABASE)).unwrap();
        let other = Connection::open(folder.join(DATABASE)).unwrap();
        other.execute_batch("CREATE TABLE song (title TEXT); INSERT INTO song VALUES ('x');").unwrap();
    };
    check(&closed, replace, "of another program");
    let pretend = |folder: &Path| {
        replace(folder);
        let other = Connection::open(folder.join(DATABASE)).unwrap();
        other.execute_batch("PRAGMA application_id = 0x43484154; PRAGMA user_version = 1;").unwrap();
    };
    check(&closed, pretend, "is damaged: account is not as schema 1 has it");
}

#[test]
fn a_truncated_store_is_refused() {
    let (closed, killed) = stores();
    let pages = number_of_pages(&closed);
    for left in [1, 2, pages / 2, pages - 1] {
        check(&closed, |folder| cut(&folder.join(DATABASE), left * 4096), "and should have");
    }
    check(&closed, |folder| cut(&folder.join(DATABASE), pages * 4096 - 1), "and should have");
    check(&closed, |folder| cut(&folder.join(DATABASE), (pages + 1) * 4096), "and should have");
    check(&killed, |folder| cut(&folder.join(DATABASE), 100), "damaged");
}

#[test]
fn a_missing_log_is_noticed() {
    let (_, killed) = stores();
    check(&killed, |folder| fs::remove_file(folder.join("chat.db-wal")).unwrap(), "chat.db-wal is missing");
    check(&killed, |folder| fs::remove_file(folder.join(DATABASE)).unwrap(), "chat.db is missing");
}

#[test]
fn a_zeroed_page_is_noticed() {
    let (closed, _) = stores();
    for page in 1..number_of_pages(&closed) {
        check(&closed, |folder| edit(&folder.join(DATABASE), page * 4096, &[0; 4096]), "damaged");
    }
}

#[test]
fn with_a_flipped_bit_a_store_is_refused_or_no_row_is_missing() {
    let (closed, _) = stores();
    let bytes = fs::read(closed.path().join(DATABASE)).unwrap();
    let (mut refused, mut seed) = (0, 7_u64);
    for round in 0..300_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Half of the flips hit the headers and pointers of pages.
        let within = if round % 2 == 0 { (seed >> 20) % 60 } else { (seed >> 20) % 4096 };
        let at = (seed >> 40) % (bytes.len() as u64 / 4096) * 4096 + within;
        let store = copied(closed.path());
        let flipped = bytes[usize::try_from(at).unwrap()] ^ (1 << (seed >> 33 & 7));
        edit(&store.path().join(DATABASE), at, &[flipped]);
        match start(&store) {
            Err(_) => refused += 1,
            Ok((snapshot, found)) => {
                assert_eq!(found, MESSAGES, "byte {at}");
                assert_eq!((snapshot.accounts.len(), snapshot.rooms.len()), (3, 3), "byte {at}");
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn a_damaged_log_is_noticed_except_at_its_end() {
    let (_, killed) = stores();
    let log = fs::read(killed.path().join("chat.db-wal")).unwrap();
    let frames = (log.len() - 32) / 4120;
    assert!(frames > 500, "{frames}");
    let flip = |at: usize| move |folder: &Path| edit(&folder.join("chat.db-wal"), at as u64, &[!log_byte(folder, at)]);
    for at in [0, 5, 9, 17, 25, 33, 40, 32 + 4120 * (frames / 2) + 700, 32 + 4120 * (frames - 9) + 12] {
        check(&killed, flip(at), "chat.db-wal is damaged");
    }
    // The end of it is known too.
    check(&killed, flip(log.len() - 5), "were committed");
    for left in [0, 31, 32, 33, 4151, log.len() / 2, log.len() - 1] {
        let reason = if left < 32 { "was emptied" } else { "were committed" };
        check(&killed, |folder| cut(&folder.join("chat.db-wal"), left as u64), reason);
    }
    // Without the mark's last line, as after a power cut, damage at the end looks like a transaction that was cut off.
    let store = copied(killed.path());
    fs::write(store.path().join("running"), "A chat-server is running here, or was killed").unwrap();
    flip(log.len() - 5)(store.path());
    assert_eq!(start(&store).unwrap().1, MESSAGES - 1);
}

#[test]
fn a_log_of_another_time_or_store_is_noticed() {
    let (closed, killed) = stores();
    let (_, other) = stores();
    let log = "chat.db-wal";
    let copy = |from: &TempDir, name: &'static str| {
        let content = fs::read(from.path().join(name)).unwrap();
        move |folder: &Path| fs::write(folder.join(name), content).unwrap()
    };
    check(&killed, copy(&other, log), "of another store or of another time");
    check(&closed, copy(&other, log), "is not the log of this store");
    check(&killed, copy(&other, DATABASE), "was replaced after the server was killed");
    let later = copied(closed.path());
    let (mut writer, _reader) = opened(later.path());
    writer.commit(&[said(TEA, MESSAGES + 1, ANA)]).unwrap();
    check(&copied(later.path()), copy(&closed, DATABASE), "was replaced after the server was killed");
    // An older log of the same store: of an earlier run, and of the same one before it was copied into the database.
    let (mut writer, _reader) = opened(killed.path());
    let mut seq = MESSAGES;
    let mut say = |writer: &mut Writer, count: u64| {
        for _ in 0..count {
            seq += 1;
            writer.commit(&[said(TEA, seq, ANA)]).unwrap();
            writer.checkpoint();
        }
    };
    say(&mut writer, 3);
    let before = copied(killed.path());
    say(&mut writer, 2000);
    let after = copied(killed.path());
    check(&after, copy(&before, log), "of another store or of another time");
    check(&after, copy(&other, log), "of another store or of another time");
    assert_eq!(start(&after).unwrap().1, MESSAGES + 2003);
}

#[test]
fn a_mark_that_is_older_than_the_log_does_not_keep_a_store_from_opening() {
    let (_, killed) = stores();
    let (mut writer, _reader) = opened(killed.path());
    let mark = fs::read(killed.path().join("running")).unwrap();
    for seq in MESSAGES + 1..=MESSAGES + 2000 {
        writer.commit(&[said(TEA, seq, ANA)]).unwrap();
        writer.checkpoint();
    }
    // As a power cut may leave it: the position is not synced.
    let store = copied(killed.path());
    assert_ne!(fs::read(store.path().join("running")).unwrap(), mark);
    fs::write(store.path().join("running"), mark).unwrap();
    assert_eq!(start(&store).unwrap().1, MESSAGES + 2000);
}

#[test]
fn a_mark_that_was_removed_is_written_again() {
    let (_, killed) = stores();
    let (mut writer, _reader) = opened(killed.path());
    fs::remove_file(killed.path().join("running")).unwrap();
    writer.maintain().unwrap();
    writer.commit(&[said(TEA, MESSAGES + 1, ANA)]).unwrap();
    let store = copied(killed.path());
    assert_eq!(start(&store).unwrap().1, MESSAGES + 1);
    check(&store, |folder| cut(&folder.join("chat.db-wal"), 0), "was emptied");
}

fn log_byte(folder: &Path, at: usize) -> u8 {
    fs::read(folder.join("chat.db-wal")).unwrap()[at]
}

#[test]
fn rows_that_contradict_one_another_are_noticed() {
    let (closed, _) = stores();
    let run = |sql: &str| {
        let sql = format!("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {sql}");
        move |folder: &Path| {
            let connection = Connection::open(folder.join(DATABASE)).unwrap();
            connection.execute_batch(&sql).unwrap();
        }
    };
    check(&closed, run("DELETE FROM message WHERE seq = 500"), "messages or their room");
    check(&closed, run("DELETE FROM room WHERE id = 2"), "refers to one that is missing");
    check(
        &closed,
        run(
            "INSERT INTO message (room, seq, at, author, kind, body) SELECT 9, seq, at, author, kind, body FROM message WHERE room = 2",
        ),
        "messages or their room",
    );
    check(&closed, run("DELETE FROM account WHERE id = 3"), "refers to one that is missing");
    check(&closed, run("UPDATE account SET name = 'a b' WHERE id = 2"), "not a name");
    check(&closed, run("UPDATE member SET role = 3"), "not a role");
    for read in ["5-5", "41-40", "x", "50-60 45-45"] {
        check(
            &closed,
            run(&format!("UPDATE member SET read = 5, read_above = '{read}'")),
            "not what a member has read",
        );
    }
    for (sql, fault) in [
        ("DELETE FROM member WHERE room = 3 AND account = 2", "direct room 3 does not have two members"),
        ("INSERT INTO member (room, account, role, since, read) VALUES (3, 1, 0, 0, 0)", "does not have two members"),
        ("UPDATE member SET account = 1 WHERE room = 3 AND account = 2", "does not have two members"),
        ("UPDATE room SET name = NULL WHERE id = 2", "a name without a visibility"),
        ("UPDATE room SET visibility = NULL WHERE id = 2", "a name without a visibility"),
        ("UPDATE room SET visibility = 1 WHERE id = 1", "the first room, which is public, is missing"),
        ("DELETE FROM member WHERE room = 1; DELETE FROM room WHERE id = 1", "the first room, which is public"),
        ("UPDATE account SET id = 77 WHERE id = 1", "the server's own account is missing"),
        (
            "INSERT INTO account (id, name, password_version, created) VALUES (-4, 'eve', 1, 0)",
            "no account has the number",
        ),
        (
            "INSERT INTO account (id, name, password_version, created) VALUES (9223372036854775807, 'eve', 1, 0)",
            "no account has the number",
        ),
        ("INSERT INTO room (id, name, visibility, created) VALUES (9223372036854775807, 'oak', 0, 0)", "no room had"),
        ("UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'room'", "no room had the number"),
        ("UPDATE room SET topic_by = 99 WHERE id = 2", "an account that is missing"),
        ("UPDATE invitation SET by = 99", "an invitation refers to"),
        ("UPDATE code SET by = 99", "a one-time code refers to"),
        ("UPDATE ban SET by = 99", "a ban from a room refers to"),
        ("UPDATE account_ban SET by = 99", "a ban refers to"),
        ("UPDATE address_ban SET by = 99", "a ban refers to"),
        ("UPDATE token SET account = 99", "a token refers to"),
        ("UPDATE invitation SET room = 3", "direct room 3 has a topic, a ban, an invitation or a code"),
        ("UPDATE code SET room = 3", "direct room 3 has a topic, a ban, an invitation or a code"),
        ("UPDATE ban SET room = 3", "direct room 3 has a topic, a ban, an invitation or a code"),
        ("UPDATE room SET topic = 'x', topic_by = 2, topic_at = 0 WHERE id = 3", "direct room 3 has a topic"),
        (
            "INSERT INTO room (id, created) VALUES (4, 0); INSERT INTO member (room, account, role, since, read)
             SELECT 4, account, role, since, read FROM member WHERE room = 3",
            "the second one of its two members",
        ),
        ("INSERT INTO deleted_room VALUES (2)", "refers to one that is missing"),
        ("UPDATE member SET read = -1", "out of range"),
        ("UPDATE account SET password_version = -1", "out of range"),
    ] {
        check(&closed, run(sql), fault);
    }
    check(&closed, run("UPDATE address_ban SET address = 'nowhere'"), "not an address");
    check(&closed, run("DROP TABLE mention"), "mention is not as schema 4 has it");
}

#[test]
fn damaged_texts_are_loaded_as_far_as_they_can_be_read() {
    let (closed, _) = stores();
    let connection = Connection::open(closed.path().join(DATABASE)).unwrap();
    connection
        .execute_batch(
            "UPDATE room SET topic = CAST(x'61ff' AS TEXT) WHERE id = 2; UPDATE account SET away = CAST(x'ff62' AS TEXT);
             UPDATE ban SET why = CAST(x'ff' AS TEXT); UPDATE account SET hash = CAST(x'ff' AS TEXT) WHERE id = 2;",
        )
        .unwrap();
    drop(connection);
    let (mut writer, reader) = opened(closed.path());
    let snapshot = writer.load().unwrap();
    assert_eq!(snapshot.rooms[1].topic.as_ref().unwrap().0, Text::from("a\u{FFFD} [damaged]"));
    assert_eq!(snapshot.accounts[1].away, Some(Text::from("\u{FFFD}b [damaged]")));
    assert_eq!(snapshot.bans[0].2.why, Text::from("\u{FFFD} [damaged]"));
    assert!(reader.credential_of(ANA).unwrap().is_some(), "it matches no password");
}

#[test]
fn a_kill_during_the_first_start_does_not_matter() {
    for content in [&b""[..], b"SQLite format 3\0", &[7; 9000]] {
        let folder = tempfile::tempdir().unwrap();
        for name in schema::UNFINISHED {
            fs::write(folder.path().join(name), content).unwrap();
        }
        assert_eq!(start(&folder).unwrap(), (Snapshot::default(), 0));
        let names: Vec<_> = files(folder.path()).into_keys().collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("new")), "{names:?}");
    }
}

#[test]
fn a_path_with_every_kind_of_character_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file: a?b#c%20d&mode=memory é");
    let (writer, reader) = filled(&path);
    drop(reader);
    Writer::close(writer).unwrap();
    assert_eq!(opened(&path).1.page(&range(TEA, 1, 99)).unwrap().len(), 40);
}

#[test]
fn what_a_refused_commit_leaves_in_the_log_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _reader) = filled(folder.path());
    let large = Text::from("x".repeat(4000).as_str());
    let mut refused: Vec<_> = (41..2041).map(|seq| said(TEA, seq, ANA)).collect();
    for record in &mut refused {
        let Record::MessageSaid { text, .. } = record else { unreachable!() };
        *text = large.clone();
    }
    refused.push(said(TEA, 41, ANA));
    for seq in 41..45 {
        assert!(writer.commit(&refused).is_err());
        writer.commit(&[said(TEA, seq, ANA)]).unwrap();
    }
    let killed = copied(folder.path());
    assert!(
        fs::metadata(killed.path().join("chat.db-wal")).unwrap().len() > 4 << 20,
        "it did not overflow into the log"
    );
    assert_eq!(start(&killed).unwrap().1, 44);
}
