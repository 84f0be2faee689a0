//! Damaged stores: the server refuses them quickly, in one line, and changes nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::Server;
use crate::{Outcome, Plan};

/// The promised time for a refusal.
const REFUSED_MAX: Duration = Duration::from_secs(2);

/// The damage to the folder of a server that was killed (`true`) or stopped cleanly, and a part of the refusal.
type Damage = (&'static str, bool, fn(&Path), &'static str);

fn edit(folder: &Path, name: &str, at: u64, bytes: &[u8]) {
    let file = File::options().write(true).open(folder.join(name)).expect("it is there");
    file.write_all_at(bytes, at).expect("it can be written");
}

fn cut(folder: &Path, name: &str, bytes: u64) {
    File::options().write(true).open(folder.join(name)).expect("it is there").set_len(bytes).expect("it can be cut");
}

const DAMAGES: &[Damage] = &[
    (
        "all of it is zero",
        false,
        |folder| {
            let bytes = fs::metadata(folder.join("chat.db")).expect("it is there").len();
            cut(folder, "chat.db", 0);
            cut(folder, "chat.db", bytes);
        },
        "damaged",
    ),
    ("it is empty", false, |folder| cut(folder, "chat.db", 0), "damaged"),
    ("it is cut in the middle of a page", false, |folder| cut(folder, "chat.db", 10_000), "damaged"),
    (
        "its last page is gone",
        false,
        |folder| {
            let bytes = fs::metadata(folder.join("chat.db")).expect("it is there").len();
            cut(folder, "chat.db", bytes - 4096);
        },
        "damaged",
    ),
    (
        "its header is somebody else's",
        false,
        |folder| edit(folder, "chat.db", 0, b"a diary, not a database"),
        "damaged",
    ),
    ("it belongs to another program", false, |folder| edit(folder, "chat.db", 68, b"MUSI"), "another program"),
    ("it is of a newer version", false, |folder| edit(folder, "chat.db", 60, &[0, 0, 0, 99]), "newer chat-server"),
    ("a page is full of ones", false, |folder| edit(folder, "chat.db", 4096, &[0xff; 4096]), "damaged"),
    ("a page is zero", false, |folder| edit(folder, "chat.db", 8192, &[0; 4096]), "damaged"),
    (
        "it is a folder",
        false,
        |folder| {
            fs::remove_file(folder.join("chat.db")).expect("it is there");
            fs::create_dir(folder.join("chat.db")).expect("it can be made");
        },
        "not a file",
    ),
    (
        "the log is missing",
        true,
        |folder| {
            fs::remove_file(folder.join("chat.db-wal")).expect("it is there");
        },
        "chat.db-wal",
    ),
    (
        "the store is missing and the log is there",
        true,
        |folder| {
            fs::remove_file(folder.join("chat.db")).expect("it is there");
        },
        "chat.db is missing",
    ),
    (
        "the log is of another store",
        true,
        |folder| {
            let other = Server::new();
            let server = other.start();
            server.register("eve").ask("something else");
            server.kill();
            fs::copy(other.data().join("chat.db-wal"), folder.join("chat.db-wal")).expect("it can be copied");
        },
        "",
    ),
    ("a bit of the log has flipped", true, |folder| edit(folder, "chat.db-wal", 40_000, &[0x55; 64]), ""),
];

/// Every file with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it can be read").path());
    entries
        .map(|path| (path.clone(), if path.is_dir() { Vec::new() } else { fs::read(path).expect("it can be read") }))
        .collect()
}

/// Each kind of damage is refused in time, with code 4 and one line, and every byte stays as it was. Where the refusal is
/// empty the damage may go unnoticed: SQLite cannot tell to which store a log belongs. The report tells which did.
pub fn damage(_: &mut Plan) -> Outcome {
    let (mut longest, mut survived) = (Duration::ZERO, Vec::new());
    for (what, killed, damage, refusal) in DAMAGES {
        let setup = Server::new();
        let server = setup.start();
        let mut ana = server.register("ana");
        (0..200).for_each(|number| ana.send(&format!("number {number} {}", "x".repeat(500))));
        ana.sync();
        drop(ana);
        if *killed {
            server.kill()
        } else {
            server.stop()
        }
        damage(&setup.data());
        let before = files(&setup.data());
        let mut command = setup.command("text://127.0.0.1:0");
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let code = loop {
            match child.try_wait().expect("it can be waited for") {
                Some(status) => break status.code(),
                None if start.elapsed() > REFUSED_MAX => break None,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let took = start.elapsed();
        if code.is_none() && refusal.is_empty() {
            child.kill().expect("it can be killed");
            child.wait().expect("it can be waited for");
            survived.push(*what);
            continue;
        }
        let _ = child.kill();
        let output = child.wait_with_output().expect("it can be read");
        let stderr = String::from_utf8(output.stderr).expect("it is UTF-8");
        assert_eq!(code, Some(4), "{what}: {stderr}");
        assert!(stderr.lines().count() == 1 && stderr.contains(refusal), "{what}: {stderr}");
        assert!(files(&setup.data()) == before, "{what}: something was changed");
        longest = longest.max(took);
    }
    let ms = longest.as_millis();
    Outcome::Held(format!("{} kinds, refused within {ms} ms; not noticed: {survived:?}", DAMAGES.len()))
}
