//! What was sent, acknowledged and seen, held against what is stored in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chat_server::chat::{AccountId, Record, RoomId, Seq};

use super::disk::{Disk, Kept};

/// What must not happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Acknowledged or seen, and not stored.
    Lost,
    /// Stored twice, or given twice to one reader.
    Doubled,
    /// Passed over, or never given to one who should have it.
    Unseen,
    /// Not in the order of the numbers.
    Reordered,
    /// Given to one who was not in the room.
    Leaked,
    /// Stored without ever being sent so.
    Invented,
    /// Nothing stood in the way, and yet it did not happen.
    Stuck,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub kind: Kind,
    pub what: String,
}

/// How the messages that were sent turned out.
#[derive(Clone, Copy, Default, Debug)]
pub struct Outcome {
    pub sent: u64,
    /// Stored, and the sender knows.
    pub acknowledged: u64,
    /// Stored and seen by others, and the sender does not know, or never asked to.
    pub seen: u64,
    /// Stored, and nobody has seen it.
    pub stored: u64,
    /// Not stored, and the sender was told.
    pub refused: u64,
    /// Not stored, and the sender knows nothing.
    pub unknown: u64,
}

impl Outcome {
    pub fn add(&mut self, other: &Outcome) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.seen += other.seen;
        self.stored += other.stored;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { sent, acknowledged, seen, stored, refused, unknown } = self;
        write!(f, "{sent} messages: stored and {acknowledged} acknowledged, {seen} only seen, {stored} neither; ")?;
        write!(f, "not stored and {refused} refused, {unknown} unknown")
    }
}

/// All that clients know.
#[derive(Debug, Default)]
pub struct History {
    /// By its text, which no other message has: who sent it where.
    sent: BTreeMap<String, (AccountId, RoomId)>,
    acknowledged: BTreeMap<String, (RoomId, Seq)>,
    refused: BTreeSet<String>,
    /// Who saw what, when the log of the store had so many records.
    seen: Vec<(AccountId, RoomId, Seq, String, usize)>,
    /// Numbers that a reader was not given, though it was given later ones; they may only be its own.
    skipped: Vec<(AccountId, RoomId, Seq)>,
    pub faults: Vec<Fault>,
}

impl History {
    pub fn fault(&mut self, kind: Kind, what: String) {
        self.faults.push(Fault { kind, what });
    }

    pub fn send(&mut self, account: AccountId, room: RoomId, text: &str) {
        self.sent.insert(text.to_owned(), (account, room));
    }

    pub fn acknowledge(&mut self, text: &str, room: RoomId, seq: Seq) {
        if let Some(before) = self.acknowledged.insert(text.to_owned(), (room, seq))
            && before != (room, seq)
        {
            self.fault(Kind::Doubled, format!("{text} was acknowledged as {before:?} and as {:?}", (room, seq)));
        }
    }

    pub fn refuse(&mut self, text: &str) {
        self.refused.insert(text.to_owned());
    }

    pub fn see(&mut self, account: AccountId, room: RoomId, seq: Seq, text: &str, moment: usize) {
        self.seen.push((account, room, seq, text.to_owned(), moment));
    }

    pub fn skip(&mut self, account: AccountId, room: RoomId, seq: Seq) {
        self.skipped.push((account, room, seq));
    }

    /// Holds all of it against what is stored.
    pub fn check(&mut self, disk: &Disk, rooms: &[RoomId]) -> Outcome {
        let kept: BTreeMap<RoomId, Vec<Kept>> = rooms.iter().map(|room| (*room, disk.messages(*room))).collect();
        let at = |room: RoomId, seq: Seq| kept[&room].get(usize::try_from(seq).unwrap().wrapping_sub(1));
        let text_at = |room, seq| at(room, seq).map(|kept| kept.text.as_str());
        let mut faults = Vec::new();
        let mut fault = |kind, what| faults.push(Fault { kind, what });
        for (text, (room, seq)) in &self.acknowledged {
            if text_at(*room, *seq) != Some(text) {
                fault(
                    Kind::Lost,
                    format!("{text} was acknowledged as {seq} in {room}, where {:?} is", at(*room, *seq)),
                );
            }
        }
        for (account, room, seq, text, _) in &self.seen {
            if text_at(*room, *seq) != Some(text) {
                fault(Kind::Lost, format!("{account} saw {text} as {seq} in {room}, where {:?} is", at(*room, *seq)));
            }
        }
        let mut stored = BTreeSet::new();
        for (room, messages) in &kept {
            // The first one is the server's welcome.
            for kept in messages.iter().filter(|kept| kept.author != chat_server::chat::SYSTEM) {
                if self.sent.get(kept.text.as_str()) != Some(&(kept.author, *room)) {
                    fault(Kind::Invented, format!("{kept:?} in {room}"));
                }
                if !stored.insert(kept.text.as_str()) {
                    fault(Kind::Doubled, format!("{kept:?} is stored twice"));
                }
            }
        }
        for (account, room, seq) in &self.skipped {
            if at(*room, *seq).is_none_or(|kept| kept.author != *account) {
                fault(Kind::Unseen, format!("{account} was not given {seq} in {room}: {:?}", at(*room, *seq)));
            }
        }
        let stays = Stays::of(&disk.log);
        for (account, room, seq, text, moment) in &self.seen {
            if !stays.allow(*account, *room, *seq, *moment) {
                fault(Kind::Leaked, format!("{account} saw {text}, {seq} in {room}, and was out"));
            }
        }
        let seen: BTreeSet<&str> = self.seen.iter().map(|(_, _, _, text, _)| text.as_str()).collect();
        let outcome = self.outcome(&stored, &seen);
        self.faults.append(&mut faults);
        outcome
    }

    fn outcome(&self, stored: &BTreeSet<&str>, seen: &BTreeSet<&str>) -> Outcome {
        let mut outcome = Outcome::default();
        for text in self.sent.keys().map(String::as_str) {
            outcome.sent += 1;
            let count = match (stored.contains(text), self.acknowledged.contains_key(text)) {
                (true, true) => &mut outcome.acknowledged,
                (true, false) if seen.contains(text) => &mut outcome.seen,
                (true, false) => &mut outcome.stored,
                (false, _) if self.refused.contains(text) => &mut outcome.refused,
                (false, _) => &mut outcome.unknown,
            };
            *count += 1;
        }
        outcome
    }
}

/// When who was a member of which room.
struct Stays(BTreeMap<(AccountId, RoomId), Vec<Stay>>);

/// The change at a place of the log: a member from there on, or not any more with this newest number.
struct Stay {
    moment: usize,
    left_at: Option<Seq>,
}

impl Stays {
    fn of(log: &[Record]) -> Stays {
        let (mut stays, mut last): (BTreeMap<_, Vec<Stay>>, BTreeMap<RoomId, Seq>) = Default::default();
        for (moment, record) in log.iter().enumerate() {
            match record {
                Record::MessageSaid { room, seq, .. } => drop(last.insert(*room, *seq)),
                Record::MemberAdded { room, account, .. } => {
                    stays.entry((*account, *room)).or_default().push(Stay { moment, left_at: None });
                }
                Record::MemberRemoved { room, account } => {
                    let left_at = Some(last.get(room).copied().unwrap_or(0));
                    stays.entry((*account, *room)).or_default().push(Stay { moment, left_at });
                }
                _ => {}
            }
        }
        Stays(stays)
    }

    /// Whether one who was told this then may know it: a member may know all, and one who has left what was said before.
    fn allow(&self, account: AccountId, room: RoomId, seq: Seq, moment: usize) -> bool {
        let changes = self.0.get(&(account, room)).map_or(&[][..], Vec::as_slice);
        let before = changes.iter().rev().find(|stay| stay.moment < moment);
        before.is_some_and(|stay| stay.left_at.is_none_or(|last| seq <= last))
    }
}
