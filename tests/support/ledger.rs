//! What has been said so far in `#general` of one store, over all the servers that came and went on it.

use super::history::{Stored, Tally, Testimony, check};
use super::{Running, Speaker};

/// The name of the account that reads the history.
const READER: &str = "reader";

/// A store's history as it was last read, and what was counted on the way.
#[derive(Default)]
pub struct Ledger {
    history: Vec<Stored>,
    pub tally: Tally,
}

impl Ledger {
    /// A new store: makes the account that reads, and takes what stands in the room by now as given.
    pub fn open(server: &Running) -> Ledger {
        let mut reader = Speaker::register(server.address, READER).expect("the server goes on");
        Ledger { history: reader.history(1).expect("the history can be read"), tally: Tally::default() }
    }

    /// Reads what is new and holds it against what people know. Panics if there is any fault.
    #[track_caller]
    pub fn settle(&mut self, server: &Running, testimonies: &[Testimony], what: &str) {
        let (tally, faults) = self.compare(server, testimonies);
        assert!(faults.is_empty(), "{what}: {faults:#?}");
        self.tally.add(tally);
    }

    /// The same without a judgement: what was counted, and the faults.
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

    /// Reads all from the start: it must be what was read bit by bit.
    #[track_caller]
    pub fn close(&self, server: &Running) {
        let mut reader = Speaker::log_in(server.address, READER).expect("the server goes on");
        let history = reader.history(1).expect("the history can be read");
        assert!(history == self.history, "what was read before has changed");
    }
}
