//! How much has happened, and of how many kinds.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use chat_server::chat::{Answer, Delivery, Event};

/// How much has happened.
#[derive(Default, Debug)]
pub struct Tally {
    pub inputs: u64,
    pub refused: u64,
    pub deliveries: u64,
    pub records: u64,
    pub undone: u64,
    pub loads: u64,
    pub restarts: u64,
    /// All that was delivered at least once: events, refusals, pages and farewells, by their words.
    pub kinds: BTreeSet<String>,
}

impl Tally {
    /// Counts what was delivered.
    pub fn note(&mut self, delivery: &Delivery) {
        self.deliveries += 1;
        let word = match delivery {
            Delivery::Answer(_, Answer::Event(Event::Refused(refusal))) => {
                self.refused += 1;
                refusal.code().into()
            }
            Delivery::Answer(_, Answer::Page(_)) => "Page".into(),
            Delivery::Answer(_, Answer::Event(event) | Answer::Entered(event, _)) => word(event),
            Delivery::Event(_, event) => word(event),
            Delivery::End(_, farewell) => format!("End {}", word(farewell)),
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
        self.loads += other.loads;
        self.restarts += other.restarts;
        self.kinds.extend(other.kinds.iter().cloned());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { inputs, refused, deliveries, records, undone, loads, restarts, kinds } = self;
        write!(f, "{inputs} inputs ({refused} refused), {deliveries} deliveries, {records} records, ")?;
        write!(f, "{undone} turns not stored, {loads} chats compared, {restarts} restarts, {} kinds", kinds.len())
    }
}

/// The name of a variant. Formatting stops there: the rest may be long.
pub fn word(shown: &impl fmt::Debug) -> String {
    let mut word = FirstWord(String::new());
    let _ = write!(word, "{shown:?}");
    word.0
}

struct FirstWord(String);

impl fmt::Write for FirstWord {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
        self.0.push_str(&text[..end]);
        if self.0.is_empty() || text.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}
