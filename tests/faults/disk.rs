//! Disks that are full, and stores that somebody else has locked.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::process::{Mount, is_root, wait_up_to};
use crate::support::{Ledger, Server, Speaker, crowd};
use crate::{Outcome, Plan};

/// The size of the disk: enough for all messages, and quickly filled.
const DISK_BYTES: u64 = 96 << 20;

/// The promised time of a stop, and what a busy machine needs.
const STOP_MAX: Duration = Duration::from_secs(5 + 2);

/// The disk fills up while people talk, and is emptied again: senders are refused, nobody sees what is not stored, and
/// the chat goes on without a restart.
pub fn full(plan: &mut Plan) -> Outcome {
    if !is_root() {
        return Outcome::Skipped("only root may mount a disk in memory".to_owned());
    }
    let disk = Mount::in_memory(DISK_BYTES);
    let setup = Server::with_data("", &disk.path.join("data"));
    let server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    let ballast = disk.path.join("ballast");
    for round in 0..plan.rounds {
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            for _ in 0..3 {
                wait_up_to(&mut plan.random, 200);
                fill(&ballast);
                wait_up_to(&mut plan.random, 400);
                fs::remove_file(&ballast).expect("it can be removed");
            }
            wait_up_to(&mut plan.random, 200);
        });
        ledger.settle(&server, &testimonies, &format!("round {round}"));
        // While it is full everything can be read.
        fill(&ballast);
        let mut ana = Speaker::log_in(server.address, "ana").expect("one can log in while the disk is full");
        assert!(!ana.history(1).expect("the history can be read").is_empty());
        drop(ana);
        fs::remove_file(&ballast).expect("it can be removed");
    }
    assert!(ledger.tally.refused > 0, "the disk was never full: {}", ledger.tally);
    ledger.close(&server);
    // A server that has no room for a checkpoint stops and starts cleanly all the same.
    fill(&ballast);
    server.stop();
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    fs::remove_file(&ballast).expect("it can be removed");
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    Outcome::Held(ledger.tally.to_string())
}

/// Writes a file until there is no room.
fn fill(path: &std::path::Path) {
    let mut file = File::create(path).expect("it can be made");
    for size in [1 << 20, 4096] {
        let bytes = vec![0; size];
        while file.write_all(&bytes).is_ok() {}
    }
}

/// Another process holds the lock for writing for 2 seconds: senders are refused, whoever only asks is answered at once,
/// and the chat goes on when the lock is given back. At the end the server is stopped under the lock, in time.
pub fn locked(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut asker = server.register_program("asker");
    let mut ledger = Ledger::open(&server);
    let (mut times, lock) = (Vec::new(), setup.data().join("chat.db"));
    let held = || {
        let other = Connection::open(&lock).expect("the store can be opened");
        other.busy_timeout(Duration::from_secs(30)).expect("it can be set");
        other.execute_batch("BEGIN IMMEDIATE").expect("the lock is given in time");
        other
    };
    for round in 0..plan.rounds {
        let before = ledger.tally.refused;
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 100);
            let (other, start) = (held(), Instant::now());
            while start.elapsed() < Duration::from_secs(2) {
                let asked = Instant::now();
                asker.sync();
                times.push(asked.elapsed());
            }
            other.execute_batch("ROLLBACK").expect("the lock is given back");
            wait_up_to(&mut plan.random, 100);
        });
        ledger.settle(&server, &testimonies, &format!("round {round}"));
        let refused = ledger.tally.refused - before;
        assert!(refused > 0, "round {round}: nothing was refused");
    }
    ledger.close(&server);
    let (other, start) = (held(), Instant::now());
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    let stopped = start.elapsed();
    assert!(stopped < STOP_MAX, "the stop took {stopped:?}");
    drop(other);
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    times.sort();
    let (p99, worst) = (times[times.len() * 99 / 100], times[times.len() - 1]);
    Outcome::Held(format!(
        "{}; {} pings under a lock: p99 {p99:.1?}, worst {worst:.1?}; stopped under a lock in {stopped:.1?}",
        ledger.tally,
        times.len()
    ))
}

/// A limit of the size of files (`ulimit -f`) is met while people talk, and lifted again: senders are refused as on a full
/// disk, and the chat goes on without a restart.
pub fn file_size(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    let process = Pid::from_raw(i32::try_from(server.pid()).expect("a process number"));
    let limit = |bytes: Option<u64>| {
        prlimit(process, Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("it is our process");
    };
    for round in 0..plan.rounds {
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 300);
            limit(Some(64 << 10));
            wait_up_to(&mut plan.random, 1000);
            limit(None);
            wait_up_to(&mut plan.random, 300);
        });
        assert_eq!(server.ended(), None, "round {round}: {}", server.log());
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    assert!(ledger.tally.refused > 0, "the limit was never met: {}", ledger.tally);
    ledger.close(&server);
    server.stop();
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    Outcome::Held(ledger.tally.to_string())
}
