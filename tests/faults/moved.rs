//! Stores that are removed, replaced or given a second name under a server while people talk.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{run, wait_until, wait_up_to};
use crate::support::{Ledger, Running, Server, crowd};
use crate::{Outcome, Plan};

/// The store is copied while the server is halted, and then removed, replaced or moved: what the server acknowledges
/// afterwards would be missing from the copy.
pub fn moved(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    let (data, kept) = (setup.data(), setup.path().join("kept"));
    for round in 0..plan.rounds {
        let change = CHANGES[usize::try_from(round).expect("few rounds") % CHANGES.len()];
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 300);
            halt(&server);
            copy(&data, &kept);
            change(&data);
            server.signal("CONT");
            assert_eq!(server.wait().code(), Some(6), "round {round}: {}", server.log());
        });
        let _ = fs::remove_dir_all(&data);
        fs::rename(&kept, &data).expect("the copy is there");
        server = setup.start();
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    ledger.close(&server);
    server.stop();
    Outcome::Held(format!("nothing was acknowledged by a server whose store was gone: {}", ledger.tally))
}

const CHANGES: [fn(&Path); 6] = [
    |data| fs::remove_dir_all(data).expect("it is there"),
    |data| {
        fs::rename(data, data.with_extension("away"))
            .and_then(|()| fs::remove_dir_all(data.with_extension("away")))
            .expect("it is there")
    },
    |data| fs::remove_file(data.join("chat.db")).expect("it is there"),
    |data| replace(&data.join("chat.db")),
    |data| fs::remove_file(data.join("chat.db-wal")).expect("it is there"),
    |data| replace(&data.join("chat.db-wal")),
];

fn replace(file: &Path) {
    let other = file.with_extension("other");
    fs::copy(file, &other).expect("it can be copied");
    fs::rename(&other, file).expect("it can be renamed");
}

fn copy(from: &Path, to: &Path) {
    run("cp", &["-a", from.to_str().expect("it is UTF-8"), to.to_str().expect("it is UTF-8")]);
}

/// Halts a server, and waits until none of its threads runs.
fn halt(server: &Running) {
    server.signal("STOP");
    wait_until("the server halts", Duration::from_secs(10), || {
        let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the process is there");
        threads.flatten().all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
        })
    });
}

/// A snapshot by hard links (`cp -al`) is a second folder with the same store: no second server runs in it while the first
/// one does, and afterwards it is the same history.
pub fn second_name(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    for round in 0..plan.rounds {
        let other = Server::with_data("", &setup.path().join(format!("snapshot-{round}")));
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 300);
            let folders = [setup.data(), other.data()].map(|folder| folder.to_str().expect("it is UTF-8").to_owned());
            run("cp", &["-al", &folders[0], &folders[1]]);
            let mut second: Command = other.command("text://127.0.0.1:0");
            let second = second.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it can be started");
            assert_eq!(second.code(), Some(5), "round {round}");
            wait_up_to(&mut plan.random, 300);
        });
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    ledger.close(&server);
    server.stop();
    Outcome::Held(ledger.tally.to_string())
}
