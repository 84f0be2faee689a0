//! The history checker: compares what clients know with what the server stored.
//!
//! Each connection gives a [`Testimony`]: the messages it sent, those that were acknowledged or refused, and those it saw.
//! Compared with the stored history of the room, the testimonies sort every message into stored, seen, acknowledged and
//! unknown (sent, but without an answer: it may be stored or not), and show the faults:
//!
//! - **lost**: acknowledged or seen by anybody, but not stored, or stored under another number;
//! - **doubled**: stored twice, or seen twice by one connection;
//! - **unseen**: stored, but not seen by a connection that was open from before the first to after the last message;
//! - **reordered**: seen in another order than that of the numbers, or stored in another order than it was sent in;
//! - **leaked**: seen by an outsider, or seen although it was refused;
//! - **invented**: stored or seen, but sent by nobody;
//! - **gap**: a number is missing.
//!
//! It depends on no protocol: its callers collect the testimonies. Every text is sent once in a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A message of the history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    pub seq: u64,
    pub author: String,
    pub text: String,
}

/// The knowledge of one connection about one room.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// The account's name.
    pub who: String,
    /// The messages it sent, in this order.
    pub said: Vec<String>,
    /// Its acknowledged messages, with their numbers.
    pub saved: Vec<(String, u64)>,
    /// Its messages that were refused.
    pub refused: Vec<String>,
    /// Messages of others that it saw: author and text, in this order.
    pub seen: Vec<(String, String)>,
    /// It was open from before the first message to after the last one.
    pub throughout: bool,
    /// It is an outsider, and may see nothing.
    pub outside: bool,
}

/// A fault of the server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    Lost(String),
    Doubled(String),
    Unseen(String),
    Reordered(String),
    Leaked(String),
    Invented(String),
    Gap(String),
}

/// The numbers of messages of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub said: usize,
    pub stored: usize,
    pub seen: usize,
    pub acknowledged: usize,
    pub refused: usize,
    /// Sent, but neither acknowledged nor refused.
    pub unknown: usize,
    /// Those of the unknown ones that were stored.
    pub unknown_stored: usize,
}

/// Compares the history of a room, without messages from before this run, with all testimonies.
pub fn check(history: &[Stored], testimonies: &[Testimony]) -> (Tally, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut number: BTreeMap<&str, u64> = BTreeMap::new();
    for stored in history {
        if number.insert(&stored.text, stored.seq).is_some() {
            faults.push(Fault::Doubled(format!("{} is stored twice", stored.text)));
        }
    }
    for pair in history.windows(2) {
        if pair[1].seq != pair[0].seq + 1 {
            faults.push(Fault::Gap(format!("number {} follows {}", pair[1].seq, pair[0].seq)));
        }
    }
    let mut author: BTreeMap<&str, &str> = BTreeMap::new();
    for testimony in testimonies {
        for text in &testimony.said {
            assert!(author.insert(text, &testimony.who).is_none(), "a text is said once in a run: {text}");
        }
    }
    for stored in history {
        if author.get(stored.text.as_str()) != Some(&stored.author.as_str()) {
            faults.push(Fault::Invented(format!("number {} {}: {}", stored.seq, stored.author, stored.text)));
        }
    }
    let refused: BTreeSet<&str> = testimonies.iter().flat_map(|it| &it.refused).map(String::as_str).collect();
    for text in &refused {
        if number.contains_key(text) {
            faults.push(Fault::Leaked(format!("{text} was refused, and is stored")));
        }
    }
    for testimony in testimonies {
        check_speaker(testimony, &number, &mut faults);
        check_reader(testimony, history, &number, &author, &refused, &mut faults);
    }
    faults.sort();
    let seen: BTreeSet<&str> = testimonies.iter().flat_map(|it| &it.seen).map(|(_, text)| text.as_str()).collect();
    let acknowledged: BTreeSet<&str> =
        testimonies.iter().flat_map(|it| &it.saved).map(|(text, _)| text.as_str()).collect();
    let unknown: Vec<&str> =
        author.keys().copied().filter(|text| !acknowledged.contains(text) && !refused.contains(text)).collect();
    let tally = Tally {
        said: author.len(),
        stored: history.len(),
        seen: seen.len(),
        acknowledged: acknowledged.len(),
        refused: refused.len(),
        unknown: unknown.len(),
        unknown_stored: unknown.iter().filter(|text| number.contains_key(*text)).count(),
    };
    (tally, faults)
}

/// Checks the messages a connection sent: acknowledged under their numbers, and stored in the order of sending.
fn check_speaker(testimony: &Testimony, number: &BTreeMap<&str, u64>, faults: &mut Vec<Fault>) {
    let who = &testimony.who;
    for (text, seq) in &testimony.saved {
        match number.get(text.as_str()) {
            Some(stored) if stored == seq => {}
            Some(stored) => faults.push(Fault::Lost(format!("{who}: {text} was acknowledged as {seq}, is {stored}"))),
            None => faults.push(Fault::Lost(format!("{who}: {text} was acknowledged as {seq}"))),
        }
    }
    let stored: Vec<u64> = testimony.said.iter().filter_map(|text| number.get(text.as_str()).copied()).collect();
    if !stored.is_sorted() {
        faults.push(Fault::Reordered(format!("{who} said things in another order than {stored:?}")));
    }
}

/// Checks the messages a connection saw: stored, once, in the order of the numbers, and all if it was open throughout.
fn check_reader(
    testimony: &Testimony,
    history: &[Stored],
    number: &BTreeMap<&str, u64>,
    author: &BTreeMap<&str, &str>,
    refused: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
) {
    let who = &testimony.who;
    let (mut seen, mut last) = (BTreeSet::new(), 0);
    for (by, text) in &testimony.seen {
        if testimony.outside {
            faults.push(Fault::Leaked(format!("{who} is outside and saw {text}")));
        }
        if refused.contains(text.as_str()) {
            faults.push(Fault::Leaked(format!("{who} saw {text}, which was refused")));
        }
        if author.get(text.as_str()) != Some(&by.as_str()) {
            faults.push(Fault::Invented(format!("{who} saw {by}: {text}")));
        }
        if !seen.insert(text.as_str()) {
            faults.push(Fault::Doubled(format!("{who} saw {text} twice")));
        }
        match number.get(text.as_str()) {
            None => faults.push(Fault::Lost(format!("{who} saw {text}"))),
            Some(seq) if *seq < last => faults.push(Fault::Reordered(format!("{who} saw {seq} after {last}"))),
            Some(seq) => last = *seq,
        }
    }
    if testimony.throughout {
        let missed = history.iter().filter(|stored| stored.author != *who && !seen.contains(stored.text.as_str()));
        faults.extend(missed.map(|stored| Fault::Unseen(format!("{who} did not see {}", stored.text))));
    }
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.said += other.said;
        self.stored += other.stored;
        self.seen += other.seen;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.unknown_stored += other.unknown_stored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "said={} stored={} seen={} acknowledged={} refused={} unknown={} (stored {})",
            self.said, self.stored, self.seen, self.acknowledged, self.refused, self.unknown, self.unknown_stored
        )
    }
}

mod tests {
    use super::*;

    fn history(texts: &[&str]) -> Vec<Stored> {
        let authors = texts.iter().map(|text| text.split('-').next().unwrap_or_default());
        let rows = texts.iter().zip(authors).zip(2..);
        rows.map(|((text, author), seq)| Stored { seq, author: author.to_owned(), text: (*text).to_owned() }).collect()
    }

    /// Ana sent five messages: two were acknowledged, one was refused; bob, whose connection was open throughout, saw three.
    fn testimonies() -> Vec<Testimony> {
        let texts = |range: std::ops::Range<u32>| range.map(|number| format!("ana-{number}")).collect::<Vec<_>>();
        let ana = Testimony {
            who: "ana".into(),
            said: texts(0..5),
            saved: vec![("ana-0".into(), 2), ("ana-1".into(), 3)],
            refused: texts(4..5),
            ..Testimony::default()
        };
        let seen = texts(0..3).into_iter().map(|text| ("ana".to_owned(), text)).collect();
        let bob = Testimony { who: "bob".into(), seen, throughout: true, ..Testimony::default() };
        vec![ana, bob]
    }

    #[test]
    fn each_fault_is_found_and_what_is_in_order_is_none() {
        let good = history(&["ana-0", "ana-1", "ana-2"]);
        let (tally, faults) = check(&good, &testimonies());
        assert_eq!(faults, []);
        let expected =
            Tally { said: 5, stored: 3, seen: 3, acknowledged: 2, refused: 1, unknown: 2, unknown_stored: 1 };
        assert_eq!(tally, expected);

        let found = |history: &[Stored], change: &dyn Fn(&mut Vec<Testimony>)| {
            let mut testimonies = testimonies();
            change(&mut testimonies);
            let (_, faults) = check(history, &testimonies);
            let kinds =
                faults.iter().map(|fault| format!("{fault:?}").split('(').next().unwrap_or_default().to_owned());
            kinds.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
        };
        let same = |_: &mut Vec<Testimony>| {};
        // Acknowledged; seen only; under another number.
        assert_eq!(found(&history(&["ana-0"]), &same), "Lost");
        assert_eq!(found(&history(&["ana-0", "ana-1"]), &same), "Lost");
        assert_eq!(found(&good, &|all| all[0].saved[1].1 = 9), "Lost");
        assert_eq!(found(&history(&["ana-0", "ana-1", "ana-2", "ana-2"]), &same), "Doubled");
        assert_eq!(
            found(&good, &|all| {
                let again = all[1].seen[2].clone();
                all[1].seen.push(again)
            }),
            "Doubled"
        );
        assert_eq!(found(&history(&["ana-0", "ana-1", "ana-2", "ana-3"]), &same), "Unseen");
        assert_eq!(found(&good, &|all| all[1].seen.swap(1, 2)), "Reordered");
        assert_eq!(found(&good, &|all| all[0].said.swap(1, 2)), "Reordered");
        assert_eq!(found(&good, &|all| all[1].outside = true), "Leaked");
        assert_eq!(found(&good, &|all| all[0].refused.push("ana-2".into())), "Leaked");
        assert_eq!(found(&good, &|all| all[0].said.truncate(2)), "Invented");
        assert_eq!(found(&good, &|all| all[1].seen[0].0 = "cho".into()), "Invented");
        let mut gap = good.clone();
        gap[2].seq = 9;
        assert_eq!(found(&gap, &same), "Gap");
    }
}
