//! How much has happened, and of how many kinds.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::model::Told;

/// How much has happened.
#[derive(Default, Debug)]
pub struct Tally {
    pub inputs: u64,
    pub refused: u64,
    pub deliveries: u64,
    pub records: u64,
    pub undone: u64,
    pub reloads: u64,
    pub restarts: u64,
    /// All that was told at least once: events, refusals, grants and farewells by their words.
    pub kinds: BTreeSet<String>,
}

impl Tally {
    /// A word for what was told.
    pub fn note(&mut self, told: &Told) {
        let word = match told {
            Told::Refused(code) => FirstWord::of(code),
            Told::Event(event) => FirstWord::of(event),
            Told::Grant(grant) => FirstWord::of(&grant.purpose),
            Told::End(farewell) => FirstWord::of(farewell),
        };
        if !self.kinds.contains(&word) {
            self.kinds.insert(word);
        }
    }

    pub fn add(&mut self, other: &Tally) {
        self.inputs += other.inputs;
        self.refused += other.refused;
        self.deliveries += other.deliveries;
        self.records += other.records;
        self.undone += other.undone;
        self.reloads += other.reloads;
        self.restarts += other.restarts;
        self.kinds.extend(other.kinds.iter().cloned());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { inputs, refused, deliveries, records, undone, reloads, restarts, kinds } = self;
        write!(f, "{inputs} inputs ({refused} refused), {deliveries} deliveries, {records} records, ")?;
        write!(f, "{undone} turns not stored, {reloads} reloads, {restarts} restarts, {} kinds of answers", kinds.len())
    }
}

/// The name of a variant. Stops there: the rest may be long.
struct FirstWord(String);

impl FirstWord {
    fn of(shown: &impl fmt::Debug) -> String {
        let mut word = FirstWord(String::new());
        let _ = write!(word, "{shown:?}");
        word.0
    }
}

impl fmt::Write for FirstWord {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let word = text.trim_start_matches('"');
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        self.0.push_str(&word[..end]);
        if self.0.is_empty() || text.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}
