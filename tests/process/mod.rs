//! The process as its operator meets it: starting, stopping, limits, logs, exit codes; and clients that cost it much.

mod starting;
mod stopping;
mod hanging;
mod output;
mod limits;
mod bounds;
mod pace;
mod login_limits;
mod slow_readers;
mod closing;
mod cut;
mod departures;
mod writers;
mod storing;
mod damaged;
mod moved_store;
mod tools;
mod secrets;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{signal, wait_for};

const ANYWHERE: &str = "text://127.0.0.1:0";

/// What everybody connected is sent when the server stops.
const STOPPING: &str = "-- The server stops now. Everything you sent is saved. Come back in a while.";

/// A process that is killed when the test is done with it.
struct Process(Child);

impl Process {
    fn of(command: &mut Command) -> Process {
        Process(command.spawn().expect("it can be started"))
    }

    /// Waits until it ends; its exit code.
    fn end(&mut self) -> Option<i32> {
        wait_for(&mut self.0).code()
    }

    fn signal(&self, name: &str) {
        signal(&self.0, name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process that ends by itself wrote, and its exit code.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let mut process = Process::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let code = process.end();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    process.0.stdout.take().expect("it is piped").read_to_string(&mut stdout).expect("it is text");
    process.0.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("it is text");
    (code, stdout, stderr)
}

/// The same command under a shell that does `before` first, such as closing an output.
fn under_shell(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before}; exec \"$@\"")).arg("sh").arg(command.get_program()).args(command.get_args());
    shell
}

/// Every file below a folder, with its mode and content.
fn files(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.expect("it can be read").path();
        let mode = path.metadata().expect("it is there").permissions().mode();
        let content = if path.is_dir() { Vec::new() } else { fs::read(&path).expect("it can be read") };
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.insert(path.display().to_string(), (mode, content));
    }
    found
}

/// Reads what a server says until it says where it listens.
fn listening_address(stdout: impl Read) -> SocketAddr {
    let lines = BufReader::new(stdout).lines().map(|line| line.expect("it is text"));
    let listening = lines.filter_map(|line| line.strip_prefix("listening text://").map(str::to_owned)).next();
    listening.expect("it listens").parse().expect("an address")
}
