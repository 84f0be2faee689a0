//! The keeper's tools: a backup beside a running server, and the full check of a store.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Process, files, run};
use crate::support::Server;

fn tool(data: &Path, words: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.arg("--data").arg(data).args(words);
    command
}

/// Starts a server on a copy of `store`; the numbers and texts of the messages in #general.
fn restored(store: &Path) -> Vec<(u64, String)> {
    let setup = Server::new();
    fs::create_dir(setup.data()).expect("it can be made");
    fs::copy(store, setup.data().join("chat.db")).expect("it can be copied");
    let server = setup.start();
    let mut ana = server.login_program("ana");
    ana.ask(json!({"type": "resume", "rooms": {"general": 0}}));
    let mut messages = Vec::new();
    for object in ana.sync() {
        if object["type"] == "message" {
            let text = object["text"].as_str().expect("a text").to_owned();
            messages.push((object["seq"].as_u64().expect("a number"), text));
        }
    }
    messages
}

#[test]
fn a_backup_beside_a_busy_server_is_a_store_with_a_consistent_prefix_of_the_history() {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register_program("ana");
    let say = |number: u32| json!({"type": "send", "room": "general", "text": format!("number {number}")});
    (0..200).for_each(|number| assert_eq!(ana.ask(say(number))["type"], "stored"));
    let copy = setup.path().join("copy.db");
    let mut command = tool(&setup.data(), &["backup".as_ref(), &copy]);
    let mut backup = Process::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    // Messages are stored while it copies.
    let mut number = 200;
    while backup.0.try_wait().expect("it can be waited for").is_none() {
        assert_eq!(ana.ask(say(number))["type"], "stored");
        number += 1;
    }
    assert_eq!(backup.end(), Some(0));
    assert_eq!(fs::metadata(&copy).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(!setup.path().join("copy.db.unfinished").exists());
    let messages = restored(&copy);
    assert!((201..=u64::from(number) + 1).contains(&(messages.len() as u64)), "{} of {number}", messages.len());
    // The first message is the welcome.
    for (place, (id, text)) in messages.iter().enumerate().skip(1) {
        assert_eq!((*id, text.as_str()), (place as u64 + 1, format!("number {}", place - 1).as_str()));
    }
    assert_eq!(ana.ask(say(number))["type"], "stored");
    server.stop();
}

#[test]
fn a_backup_is_reported_in_one_line_and_nothing_is_overwritten() {
    let setup = Server::new();
    let server = setup.start();
    server.register("ana").answer("hello");
    let copy = setup.path().join("copy.db");
    let backup = || run(&mut tool(&setup.data(), &["backup".as_ref(), &copy]));
    let (code, stdout, stderr) = backup();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let bytes = fs::metadata(&copy).expect("it is there").len();
    assert_eq!(stdout, format!("copied to {}: 2 messages, {bytes} bytes, checked and sound\n", copy.display()));
    let before = fs::read(&copy).expect("it is there");
    let (code, stdout, stderr) = backup();
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, format!("chat-server: {} exists; name a new file\n", copy.display()));
    assert_eq!(fs::read(&copy).expect("it is there"), before);

    // Neither is a name taken that SQLite or the server gives a file of the store.
    for name in ["chat.db-journal", "chat.db.new", "chat.db.schema-3", "running"] {
        let to = setup.data().join(name);
        let (code, _, stderr) = run(&mut tool(&setup.data(), &["backup".as_ref(), &to]));
        assert_eq!(code, Some(2), "{name}: {stderr}");
        assert!(name == "running" || !to.exists(), "{name}");
    }

    // A stopped and a killed store can be copied too, and stay as they were.
    server.kill();
    for (state, name) in ["killed", "stopped"].into_iter().zip(["killed.db", "stopped.db"]) {
        let store = ["chat.db", "chat.db-wal", "running"].map(|name| fs::read(setup.data().join(name)).ok());
        let copy = setup.path().join(name);
        let (code, _, stderr) = run(&mut tool(&setup.data(), &["backup".as_ref(), &copy]));
        assert_eq!(code, Some(0), "{state}: {stderr}");
        let after = ["chat.db", "chat.db-wal", "running"].map(|name| fs::read(setup.data().join(name)).ok());
        let is_log_new = store[1].is_none() && after[1].as_ref().is_some_and(Vec::is_empty);
        assert!(after[0] == store[0] && after[2] == store[2] && (after[1] == store[1] || is_log_new), "{state}");
        assert_eq!(restored(&copy).len(), 2);
        setup.start().stop();
    }
}

#[test]
fn what_cannot_be_copied_is_refused_in_one_line_and_leaves_nothing_behind() {
    let setup = Server::new();
    let copy = setup.path().join("copy.db");
    let check = |data: &Path, to: &Path, code: i32, part: &str| {
        let before = files(setup.path());
        let (found, stdout, stderr) = run(&mut tool(data, &["backup".as_ref(), to]));
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{stderr}");
        assert!(stderr.lines().count() == 1 && stderr.contains(part), "{stderr}");
        assert!(files(setup.path()) == before, "{part}");
    };
    check(&setup.data(), &copy, 4, "No such file");
    fs::create_dir(setup.data()).expect("it can be made");
    check(&setup.data(), &copy, 4, "there is no store in");
    fs::remove_dir(setup.data()).expect("it is empty");
    let server = setup.start();
    server.register("ana");
    server.stop();
    check(&setup.data(), &setup.path().join("missing/copy.db"), 6, "No such file");
    File::create(setup.path().join("copy.db.unfinished")).expect("it can be made");
    check(&setup.data(), &copy, 2, "another backup is being made, or one was interrupted");
    fs::remove_file(setup.path().join("copy.db.unfinished")).expect("it is there");
    let store = File::options().write(true).open(setup.data().join("chat.db")).expect("it is there");
    store.write_all_at(&[0; 4096], 2 * 4096).expect("it can be written");
    let (code, _, stderr) = run(&mut tool(&setup.data(), &["backup".as_ref(), &copy]));
    assert!(code == Some(6) || code == Some(4), "{stderr}");
    assert!(!copy.exists() && !setup.path().join("copy.db.unfinished").exists(), "{stderr}");
}

#[test]
fn a_check_finds_nothing_in_a_sound_store_and_a_line_for_each_fault() {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register("ana");
    (0..100).for_each(|number| ana.send(&format!("number {number} {}", "x".repeat(500))));
    ana.sync();
    let verify = |path: &Path| run(&mut tool(&setup.data(), &["verify".as_ref(), path]));
    let data = setup.data();
    let sound = |path: &Path| (Some(0), format!("{} is sound\n", path.display()), String::new());
    // Beside the server, after a kill, and after a stop; a folder, the default, and a file.
    assert_eq!(verify(&data), sound(&data));
    drop(ana);
    server.kill();
    let before = files(&data);
    assert_eq!(verify(&data), sound(&data));
    assert!(files(&data) == before, "it changed something");
    setup.start().stop();
    let before = files(&data);
    assert_eq!(verify(&data), sound(&data));
    assert_eq!(run(&mut tool(&data, &["verify".as_ref()])), sound(&data));
    let file = data.join("chat.db");
    assert_eq!(verify(&file), sound(&file));
    assert!(files(&data) == before, "it changed something");

    let store = File::options().write(true).open(&file).expect("it is there");
    store.write_all_at(&[0; 8192], 4 * 4096).expect("it can be written");
    let before = files(&data);
    let (code, stdout, stderr) = verify(&data);
    assert_eq!((code, stdout.as_str()), (Some(4), ""));
    assert!(stderr.lines().count() > 0 && stderr.lines().all(|line| line.starts_with("chat-server: ")), "{stderr}");
    assert!(files(&data) == before, "it changed something");
    let (code, _, stderr) = verify(&setup.path().join("nowhere"));
    assert_eq!((code, stderr.lines().count()), (Some(4), 1), "{stderr}");
}

#[test]
fn a_code_for_a_new_password_is_made_for_a_stopped_server() {
    let setup = Server::new();
    let make = |name: &str| run(&mut tool(&setup.data(), &["password".as_ref(), name.as_ref()]));
    let (code, stdout, stderr) = make("ana");
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, format!("chat-server: nobody is called ana in {}\n", setup.data().display()));
    assert!(!setup.data().exists(), "a store is not created by asking for somebody in it");

    let server = setup.start();
    server.register_operator("ana");
    let (code, stdout, stderr) = make("ana");
    assert_eq!((code, stdout.as_str()), (Some(5), ""));
    assert!(stderr.contains("is in use by another chat-server") && stderr.contains("/server password ana"), "{stderr}");
    server.stop();
    assert_eq!(make("nobody").0, Some(2));
    assert_eq!(make("system").0, Some(2));
    let (code, stdout, stderr) = make("Ana");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("one-time code for a new password of Ana, valid until "), "{stdout}");
    let made = stdout.trim_end().rsplit(' ').next().expect("a code").to_owned();

    let server = setup.start();
    let mut program = server.program();
    let reset = json!({"type": "reset_password", "name": "ana", "code": made, "password": "a better one"});
    let answer = program.ask(reset);
    assert_eq!(answer["type"], "logged_in");
    let notice = &answer["notices"][0];
    assert_eq!((&notice["what"], &notice["name"]), (&json!("password-code"), &json!(null)));
}
