//! How many connections ended for each reason.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reason::Reason;

/// How many connections ended for each reason.
#[derive(Debug)]
pub struct EndCounters {
    counts: Vec<AtomicU64>,
}

impl Default for EndCounters {
    fn default() -> EndCounters {
        EndCounters { counts: Reason::ALL.iter().map(|_| AtomicU64::new(0)).collect() }
    }
}

impl EndCounters {
    /// Counts one end.
    pub fn count(&self, reason: Reason) {
        self.counts[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended for this reason.
    pub fn get(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Display for EndCounters {
    /// `quit=3 lost=1`, those that occurred at all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let happened = Reason::ALL.iter().filter(|reason| self.get(**reason) > 0);
        for (index, reason) in happened.enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{reason}={}", self.get(*reason))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_apart() {
        let counters = EndCounters::default();
        counters.count(Reason::Lost);
        counters.count(Reason::Quit);
        counters.count(Reason::Lost);
        assert_eq!(counters.to_string(), "quit=1 lost=2");
    }
}
