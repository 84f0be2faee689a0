//! Signals other than SIGINT and SIGTERM: blocked in every thread, and waited for in one.
//!
//! SIGINT and SIGTERM stop the server (`server.rs`, by `ctrlc`). SIGHUP is given to the server. The signals of
//! `HARMLESS` do nothing. SIGXFSZ is among them, so that a write beyond the limit of a file's size fails like one on a full
//! disk. SIGQUIT, SIGTSTP and SIGCONT keep their usual meaning.
//!
//! A signal that was ignored when the program started stays ignored: `nohup` does that with SIGHUP, and a shell with the
//! SIGINT of what a script starts in the background.

use std::fs;
use std::io;
use std::thread::Builder;

use nix::sys::signal::{SigSet, Signal};

/// Signals that would end or stop the process by default, and that nothing here depends on. A write to a terminal from the
/// background is allowed if SIGTTOU is blocked.
const HARMLESS: [Signal; 9] = [
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGIO,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGXFSZ,
];
/// Those that stop the server, unless they were ignored from the start.
const STOPPING: [Signal; 2] = [Signal::SIGINT, Signal::SIGTERM];

/// The signals that are blocked.
#[derive(Debug)]
pub struct Signals {
    blocked: SigSet,
    is_hang_up_ignored: bool,
}

impl Signals {
    /// Blocks them in the calling thread and in all that it starts from now on. Called before the first of these.
    pub fn block() -> Signals {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let is_ignored = |signal: &Signal| is_ignored(&status, *signal);
        let others = STOPPING.into_iter().filter(is_ignored).chain([Signal::SIGHUP]);
        let blocked: SigSet = HARMLESS.into_iter().chain(others).collect();
        // Fails only for a signal that does not exist.
        let _ = blocked.thread_block();
        Signals { blocked, is_hang_up_ignored: is_ignored(&Signal::SIGHUP) }
    }

    /// Takes the signals in a thread, which ends with the process. `hang_up` is called for each SIGHUP.
    pub fn serve(self, hang_up: impl Fn() + Send + 'static) -> io::Result<()> {
        let Signals { blocked, is_hang_up_ignored } = self;
        let serve = move || {
            while let Ok(signal) = blocked.wait() {
                match signal {
                    Signal::SIGHUP if !is_hang_up_ignored => hang_up(),
                    signal => log::debug!("signal ignored signal={signal}"),
                }
            }
        };
        Builder::new().name("signals".into()).spawn(serve).map(drop)
    }
}

/// Whether a process ignores a signal, by its `/proc/PID/status`: `SigIgn` is a mask whose lowest bit is signal 1 (proc(5)).
fn is_ignored(status: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal as i32 - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tchat-server\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0\n";
        assert!(is_ignored(status, Signal::SIGHUP) && is_ignored(status, Signal::SIGINT));
        assert!(is_ignored(status, Signal::SIGPIPE) && !is_ignored(status, Signal::SIGTERM));
        assert!(!is_ignored("", Signal::SIGHUP));
    }
}
