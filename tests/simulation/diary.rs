//! What happened last, told when a run fails.

use std::collections::VecDeque;

use chat_server::chat::Timestamp;

/// How many inputs are shown of a run that fails.
const SHOWN: usize = 20;

/// The last inputs, shown when a run ends by a panic.
#[derive(Debug)]
pub struct Diary {
    pub seed: u64,
    pub step: u64,
    pub last: VecDeque<(u64, Timestamp, String)>,
}

impl Diary {
    pub fn note(&mut self, now: Timestamp, what: String) {
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        self.last.push_back((self.step, now, what));
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the simulation failed: SEED={} STEPS={} make sim", self.seed, self.step);
            for (step, now, what) in &self.last {
                eprintln!("  {step} at {}: {what}", now.0);
            }
        }
    }
}
