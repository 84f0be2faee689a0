//! The store at its path is the store that is written. A store that is removed, replaced or moved away under a running
//! server ends it, and nothing is acknowledged from then on; and no two servers write to one store.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use super::{ANYWHERE, files, run};
use crate::support::Server;

type Change = fn(&Path);

/// What may happen to a data folder.
const CHANGES: [(&str, Change); 9] = [
    ("the folder removed", |data| fs::remove_dir_all(data).expect("it is there")),
    ("the folder moved", |data| fs::rename(data, data.with_extension("old")).expect("it is there")),
    ("the folder replaced by a copy", |data| {
        fs::rename(data, data.with_extension("old")).expect("it is there");
        copy(&data.with_extension("old"), data);
    }),
    ("the store removed", |data| fs::remove_file(data.join("chat.db")).expect("it is there")),
    ("the store renamed", |data| fs::rename(data.join("chat.db"), data.join("old.db")).expect("it is there")),
    ("the store replaced by a copy", |data| replace(&data.join("chat.db"))),
    ("the log removed", |data| fs::remove_file(data.join("chat.db-wal")).expect("it is there")),
    ("the log replaced by a copy", |data| replace(&data.join("chat.db-wal"))),
    ("the index of the log removed", |data| fs::remove_file(data.join("chat.db-shm")).expect("it is there")),
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        fs::copy(&path, to.join(path.file_name().expect("it has a name"))).expect("it can be copied");
    }
}

fn replace(file: &Path) {
    let other = file.with_extension("other");
    fs::copy(file, &other).expect("it can be copied");
    fs::rename(&other, file).expect("it can be renamed");
}

#[test]
fn a_store_that_is_not_at_its_path_any_more_ends_the_server_and_everybody_is_told() {
    for (what, change) in CHANGES {
        let setup = Server::new();
        let mut server = setup.start();
        let mut ana = server.register("ana");
        let mut bob = server.register_program("bob");
        change(&setup.data());
        // Nobody sends anything.
        ana.expect("-! The server cannot write to its disk any more, so it stops.");
        assert_eq!(bob.expect("bye")["reason"], "stopping", "{what}");
        assert_eq!(server.wait().code(), Some(6), "{what}");
        let log = server.log();
        assert!(log.contains("while the server ran"), "{what}: {log}");
    }
}

#[test]
fn nothing_is_acknowledged_or_shown_once_the_store_is_not_at_its_path() {
    for (what, change) in CHANGES {
        let setup = Server::new();
        let mut server = setup.start();
        let (mut ana, mut bob) = (server.register_program("ana"), server.register_program("bob"));
        assert_eq!(ana.ask(json!({"type": "send", "room": "general", "text": "before"}))["type"], "stored");
        change(&setup.data());
        ana.send(&json!({"type": "send", "room": "general", "text": "lost words", "ref": "after"}));
        for program in [&mut ana, &mut bob] {
            let seen = program.rest();
            assert!(!seen.iter().any(|object| object["ref"] == "after"), "{what}: {seen:#?}");
            assert!(!seen.iter().any(|object| object["text"] == "lost words"), "{what}: {seen:#?}");
        }
        assert_eq!(server.wait().code(), Some(6), "{what}");
    }
}

#[test]
fn a_server_that_is_told_to_stop_does_not_report_success_for_a_store_that_is_gone() {
    let setup = Server::new();
    let mut server = setup.start();
    server.register("ana");
    fs::remove_dir_all(setup.data()).expect("it is there");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(6));
}

#[test]
fn a_stop_without_the_file_running_is_a_clean_one() {
    let setup = Server::new();
    let server = setup.start();
    server.register("ana");
    fs::remove_file(setup.data().join("running")).expect("it is there");
    server.stop();
    setup.start().login("ana");
}

#[test]
fn a_store_with_a_second_name_in_another_folder_has_one_server() {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register("ana");
    let other = Server::with_data("", &setup.path().join("snapshot"));
    fs::create_dir(other.data()).expect("it can be made");
    for entry in fs::read_dir(setup.data()).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        fs::hard_link(&path, other.data().join(path.file_name().expect("it has a name"))).expect("it can be linked");
    }
    let before = files(&other.data());
    let (code, _, stderr) = run(&mut other.command(ANYWHERE));
    assert_eq!(code, Some(5), "{stderr}");
    assert!(stderr.contains("in use by another chat-server, which has it by another name"), "{stderr}");
    assert!(files(&other.data()) == before, "the refused one changed something");
    ana.send("still here");
    assert!(ana.answer("/history 1")[0].ends_with("ana: still here"));
    server.stop();
}

#[test]
fn a_link_in_place_of_the_store_is_followed_after_a_stop_and_after_a_kill() {
    for name in ["chat.db", "store.db"] {
        let home = Server::new();
        let server = home.start();
        server.register("ana");
        server.stop();
        let target = home.data().join(name);
        fs::rename(home.data().join("chat.db"), &target).expect("it is there");
        let setup = Server::new();
        fs::create_dir(setup.data()).expect("it can be made");
        symlink(&target, setup.data().join("chat.db")).expect("it can be linked");
        for round in 0..4 {
            let server = setup.start();
            let mut ana = server.login("ana");
            ana.send(&format!("round {round}"));
            assert!(ana.answer("/history 1")[0].ends_with(&format!("ana: round {round}")), "{name}");
            match round % 2 {
                0 => server.kill(),
                _ => server.stop(),
            }
        }
        // The link is the only thing in the folder, and whoever uses the store by its own name is kept out.
        assert_eq!(fs::read_dir(setup.data()).expect("it can be read").count(), 1, "{name}");
        let _server = setup.start();
        if name == "chat.db" {
            assert_eq!(run(&mut home.command(ANYWHERE)).0, Some(5));
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_is_refused() {
    let setup = Server::new();
    fs::create_dir(setup.data()).expect("it can be made");
    symlink(setup.path().join("nowhere.db"), setup.data().join("chat.db")).expect("it can be linked");
    let (code, _, stderr) = run(&mut setup.command(ANYWHERE));
    assert_eq!(code, Some(4));
    assert!(stderr.contains("is a link that leads nowhere"), "{stderr}");
    assert!(!setup.path().join("nowhere.db").exists());
}
