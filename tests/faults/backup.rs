//! A backup beside the chat: what it costs the people who talk, and whether it is a store.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::probe::Probe;
use crate::support::Server;
use crate::{Outcome, Plan};

const MESSAGES: i64 = 1_000_000;
/// How many times as long as without a backup 99 of 100 messages may take.
const RATIO_MAX: f64 = 2.0;

/// Backups of a store of a million messages while two people talk; the best round counts, because the machine may be busy.
pub fn backup(plan: &mut Plan) -> Outcome {
    // In this folder, because a temporary one may be in memory.
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let setup = Server::with_data("", &folder.path().join("data"));
    let mut server = setup.start();
    let probe = Probe::new(&server);
    drop(probe);
    server.signal("TERM");
    server.wait();
    fill(&setup);
    let server = setup.start();
    let mut pair = Probe::again(&server);
    let (mut best, mut rounds) = (f64::INFINITY, Vec::new());
    for round in 0..plan.rounds {
        let (again, quiet) = pair.talk_for(Duration::from_secs(10));
        let talking = again.start();
        let (copy, start) = (folder.path().join(format!("copy-{round}.db")), Instant::now());
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.arg("--data").arg(setup.data()).arg("backup").arg(&copy).stdout(Stdio::piped());
        let output = command.output().expect("it can be started");
        let took = start.elapsed();
        let (again, beside) = talking.stop();
        pair = again;
        assert!(output.status.success(), "round {round}: {output:?}");
        best = best.min(beside.ratio(&quiet));
        rounds.push(format!("quiet {quiet}, beside a backup of {took:.1?} {beside}"));
        let restored = Server::new();
        fs::create_dir(restored.data()).expect("it can be made");
        fs::rename(&copy, restored.data().join("chat.db"))
            .or_else(|_| fs::copy(&copy, restored.data().join("chat.db")).map(drop))
            .expect("it can be copied");
        restored.start().stop();
    }
    server.stop();
    assert!(best <= RATIO_MAX, "{best:.2} times: {rounds:#?}");
    Outcome::Held(format!("p99 {best:.2} times that without a backup, at best of {}", rounds.join("; ")))
}

/// Fills the first room.
fn fill(setup: &Server) {
    let mut store = Connection::open(setup.data().join("chat.db")).expect("it can be opened");
    let filling = store.transaction().expect("nobody uses it");
    let last: i64 =
        filling.query_row("SELECT max(seq) FROM message WHERE room = 1", [], |row| row.get(0)).expect("the welcome");
    let mut say = filling
        .prepare("INSERT INTO message (room, seq, at, author, kind, body) VALUES (1, ?1, 1760000000000, 1, 0, ?2)")
        .expect("the table is there");
    for seq in last + 1..=last + MESSAGES {
        say.execute((seq, format!("message {seq} of an ordinary length, as people write them"))).expect("it is new");
    }
    drop(say);
    filling.commit().expect("there is room");
}
