//! A standard output and a standard error that are broken, full or never read, while people talk and much is logged.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Ledger, Server, crowd};
use crate::{Outcome, Plan};

/// The fault of standard error. Standard output is a pipe whose reader is gone after the server has started.
const FAULTS: [&str; 4] = ["exec 2>&-", "exec 2>/dev/full", "exec 2>\"$BROKEN\"", ":"];

/// The chat does not depend on anybody reading what the server writes.
pub fn broken(plan: &mut Plan) -> Outcome {
    let setup = Server::with("log_level = \"trace\"");
    let server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    server.stop();
    for round in 0..plan.rounds {
        let fault = FAULTS[usize::try_from(round).expect("it is small") % FAULTS.len()];
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        // The pipe is full now, and nobody ever reads it.
        writer.write_all(&[b'x'; 65536]).expect("it fits");
        let unread = fault == ":";
        let mut server = setup.start_by(|command| {
            let mut shell = Command::new("sh");
            let script = format!("{fault}; exec \"$@\"");
            shell.arg("-c").arg(script).arg("sh").arg(command.get_program()).args(command.get_args());
            shell.env("BROKEN", "/dev/full");
            if unread {
                // Standard error, which the server's setup replaces, goes to the pipe that nobody reads.
                let mut wrapped = Command::new("sh");
                wrapped.arg("-c").arg("exec 2>&0; exec \"$@\"").arg("sh");
                wrapped.arg(shell.get_program()).args(shell.get_args()).stdin(Stdio::from(writer));
                return wrapped;
            }
            shell
        });
        server.close_stdout();
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            thread::sleep(Duration::from_millis(200));
        });
        ledger.settle(&server, &testimonies, fault);
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0), "{fault}");
        drop(reader);
    }
    let server = setup.start();
    ledger.close(&server);
    server.stop();
    Outcome::Held(ledger.tally.to_string())
}
