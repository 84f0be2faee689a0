//! The history of `#general` in one store, over all servers that ran on it.

use super::history::{Stored, Tally, Testimony, check};
use super::{Running, Speaker};

/// The name of the account that reads the history.
const READER: &str = "reader";

/// A store's history as it was last read, and the totals so far.
#[derive(Default)]
pub struct Ledger {
    history: Vec<Stored>,
    pub tally: Tally,
}

impl Ledger {
    /// Registers the reading account in a new store, and takes its present history as given.
    pub fn open(server: &Running) -> Ledger {
        let mut reader = Speaker::register(server.address, READER).expect("the server goes on");
        Ledger { history: reader.history(1).expect("the history can be read"), tally: Tally::default() }
    }

    /// Reads the new messages and checks them against the testimonies. Panics if there is a fault.
    #[track_caller]
    pub fn settle(&mut self, server: &Running, testimonies: &[Testimony], what: &str) {
        let (tally, faults) = self.compare(server, testimonies);
        assert!(faults.is_empty(), "{what}: {faults:#?}");
        self.tally.add(tally);
    }

    /// Reads the new messages and compares them; returns the counts and the faults.
    pub fn compare(&mut self, server: &Running, testimonies: &[Testimony]) -> (Tally, Vec<String>) {
        let next = self.history.last().map_or(1, |last| last.seq + 1);
        let mut reader = Speaker::log_in(server.address, READER).expect("the server goes on");
        let new = reader.history(next).expect("the history can be read");
        let (tally, faults) = check(&new, testimonies);
        let mut faults: Vec<String> = faults.iter().map(|fault| format!("{fault:?}")).collect();
        if new.first().is_some_and(|first| first.seq != next) {
            faults.push(format!("the history goes on with {} instead of {next}", new[0].seq));
        }
        self.history.extend(new);
        (tally, faults)
    }

    /// Reads the whole history, which must be equal to the parts that were read.
    #[track_caller]
    pub fn close(&self, server: &Running) {
        let mut reader = Speaker::log_in(server.address, READER).expect("the server goes on");
        let history = reader.history(1).expect("the history can be read");
        assert!(history == self.history, "what was read before has changed");
    }
}
