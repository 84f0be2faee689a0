//! Disks that fail: a library in front of the C library makes the n-th sync or write of the store fail.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::wait_up_to;
use crate::support::{Ledger, Server, crowd};
use crate::{Outcome, Plan};

/// "Input/output error" and "No space left on device", as Linux numbers them.
const ERRORS: [i32; 2] = [5, 28];

/// The compiled library.
pub struct Shim {
    folder: TempDir,
}

impl Shim {
    /// Compiles it, if there is a C compiler.
    pub fn build() -> Option<Shim> {
        let folder = TempDir::new().expect("a folder");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/shim.c");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(folder.path().join("shim.so"));
        let status = compile.arg(source).args(["-ldl", "-lpthread"]).status().ok()?;
        assert!(status.success(), "shim.c cannot be compiled");
        Some(Shim { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// With syncs that do nothing.
    pub fn lying(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", self.path("shim.so")).env("SHIM_CALL", "sync");
        command
    }

    /// With the `nth` of these calls failing, counted from the moment at which it is armed.
    fn failing(&self, mut command: Command, call: &str, nth: u64, error: i32) -> Command {
        for name in ["armed", "done"] {
            let _ = fs::remove_file(self.path(name));
        }
        command.env("LD_PRELOAD", self.path("shim.so")).env("SHIM_CALL", call).env("SHIM_NTH", nth.to_string());
        command.env("SHIM_ARMED", self.path("armed")).env("SHIM_DONE", self.path("done"));
        command.env("SHIM_ERRNO", error.to_string());
        command
    }

    fn arm(&self) {
        fs::write(self.path("armed"), "").expect("it can be written");
    }

    fn has_happened(&self) -> bool {
        self.path("done").exists()
    }
}

/// The n-th sync fails, for n from 1 on: nothing is acknowledged any more, and the server ends with code 6.
pub fn failing_sync(plan: &mut Plan) -> Outcome {
    sweep(plan, "sync")
}

/// The n-th write fails, for n from 1 on: its turn is refused and seen by nobody, and the chat goes on.
pub fn failing_write(plan: &mut Plan) -> Outcome {
    sweep(plan, "write")
}

fn sweep(plan: &mut Plan, call: &str) -> Outcome {
    let Some(shim) = Shim::build() else { return Outcome::Skipped("a C compiler is missing".to_owned()) };
    let setup = Server::new();
    let server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    server.stop();
    let (mut stopped, mut went_on, mut at_start) = (0, 0, 0);
    for nth in 1..=plan.rounds {
        let error = ERRORS[usize::try_from(nth).expect("it is small") % 2];
        let what = format!("{call} number {nth} fails with error {error}");
        // While people talk.
        let mut server = setup.start_by(|command| shim.failing(command, call, nth, error));
        let testimonies = crowd::talk(server.address, &format!("{call}-{nth}"), || {
            shim.arm();
            while !shim.has_happened() {
                wait_up_to(&mut plan.random, 10);
            }
            wait_up_to(&mut plan.random, 100);
        });
        match (call, server.ended()) {
            ("sync", _) => {
                assert_eq!(server.wait().code(), Some(6), "{what}: {}", server.log());
                stopped += 1;
            }
            (_, None) => {
                // It went on by itself, without a restart.
                ledger.settle(&server, &testimonies, &what);
                server.stop();
                went_on += 1;
            }
            (_, Some(status)) => panic!("{what}: the server ended with {status}: {}", server.log()),
        }
        let mut again = setup.start();
        if call == "sync" {
            ledger.settle(&again, &testimonies, &what);
        }
        again.signal("KILL");
        again.wait();

        // While a server starts on what a killed one left: it starts, or ends with one line; the next one starts.
        shim.arm();
        let started = setup.try_start_by(|command| {
            let command = shim.failing(command, call, nth.div_ceil(5), error);
            shim.arm();
            command
        });
        if let Err((status, log)) = started {
            assert!(matches!(status.code(), Some(4 | 6)), "{what}, at the start: {status}: {log}");
            at_start += 1;
        }
    }
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    let figures = format!("stopped {stopped} times, went on {went_on} times, did not start {at_start} times");
    Outcome::Held(format!("{figures}; {}", ledger.tally))
}
