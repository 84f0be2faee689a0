//! Stopping is bounded whatever the disk does, and claims nothing that it does not know.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{PATIENCE, Running, Server};

/// The time for a stop, the second that the broker may add, and what a busy machine needs.
const STOP_MAX: Duration = Duration::from_secs(2 + 6);

/// A disk whose next sync takes longer, once it is armed.
struct HangingDisk {
    folder: TempDir,
    seconds: u64,
}

impl HangingDisk {
    fn new(seconds: u64) -> HangingDisk {
        let folder = TempDir::new().expect("a temporary folder");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/shim.c");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-o"]).arg(folder.path().join("shim.so"));
        let status = compile.arg(source).args(["-ldl", "-lpthread"]).status();
        assert!(status.expect("SQLite was compiled, so there is a C compiler").success());
        HangingDisk { folder, seconds }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, setup: &Server) -> Running {
        setup.start_by(|mut command| {
            command.env("LD_PRELOAD", self.path("shim.so")).env("SHIM_CALL", "sync").env("SHIM_NTH", "1");
            command.env("SHIM_ARMED", self.path("armed")).env("SHIM_DONE", self.path("done"));
            command.env("SHIM_HANG_S", self.seconds.to_string());
            command
        })
    }

    fn arm(&self) {
        std::fs::write(self.path("armed"), "").expect("it can be written");
    }

    /// Waits until a sync hangs.
    fn wait_until_it_hangs(&self) {
        wait_for(&self.path("done"));
    }
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < PATIENCE, "{} does not come", path.display());
        std::thread::yield_now();
    }
}

/// Two people are connected, a sync hangs in a turn of one of them, and the server is asked to stop.
fn stop_while_a_sync_hangs(settings: &str) {
    let setup = Server::with(&format!("stop_timeout_s = 1\n{settings}"));
    let disk = HangingDisk::new(60);
    let mut server = disk.start(&setup);
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    ana.send("/set acks on");
    ana.sync();
    disk.arm();
    ana.send("said into a hanging disk");
    disk.wait_until_it_hangs();
    (0..20).for_each(|number| bob.send(&format!("number {number}")));
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(6), "{}", server.log());
    assert!(start.elapsed() < STOP_MAX, "{:?}", start.elapsed());
    for lines in [ana.rest(), bob.rest()] {
        let claimed = lines.iter().find(|line| line.contains("saved") || line.contains("hanging disk"));
        assert_eq!(claimed, None, "{lines:#?}");
    }
    let log = server.log();
    let reason = "chat-server: the store failed, so the server stopped: a read, write or sync did not return in time";
    assert!(log.lines().any(|line| line.contains(reason)), "{log}");
    // What was hanging may have been stored or not; the next server starts and goes on.
    let server = setup.start();
    let mut ana = server.login("ana");
    assert_eq!(ana.ask("/who"), ["-- 1 online: ana."]);
    server.stop();
}

#[test]
fn a_sync_that_hangs_does_not_hold_a_stop_up() {
    stop_while_a_sync_hangs("");
}

#[test]
fn a_full_inbox_does_not_hold_a_stop_up() {
    stop_while_a_sync_hangs("inbox_events = 1");
}

#[test]
fn a_sync_that_is_slow_only_delays_a_stop() {
    let setup = Server::with("inbox_events = 1");
    let disk = HangingDisk::new(1);
    let mut server = disk.start(&setup);
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    ana.send("/set acks on");
    ana.sync();
    disk.arm();
    ana.send("said into a slow disk");
    disk.wait_until_it_hangs();
    server.signal("TERM");
    ana.expect("-- saved #general 2");
    bob.expect("#general ana: said into a slow disk");
    let stopping = "-- The server stops now. Everything you sent is saved. Come back in a while.";
    assert_eq!(ana.rest(), [stopping]);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}
