//! What was sent, acknowledged and seen, held against what is stored in the end.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::{AccountId, Record, RoomId, Seq};

use super::disk::{Contents, Kept};
use super::wire::Happened;

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
    /// A request does not have exactly one answer, in its turn; or a query has none but that nothing is stored.
    Unanswered,
    /// A connection is written to by somebody who does not own its writing side, or behind its end.
    Overwritten,
    /// A session or a connection ends without its last words.
    Unfinished,
    /// A stored read position is ahead of what was delivered and acted after.
    ReadAhead,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub kind: Kind,
    pub what: String,
}

/// All that clients know.
#[derive(Debug, Default)]
pub struct History {
    /// By its text, which no other message has: who sent it where.
    sent: BTreeMap<String, (AccountId, RoomId)>,
    acknowledged: BTreeMap<String, (RoomId, Seq)>,
    refused: BTreeSet<String>,
    /// Who saw what, and how many records the log of the store had then, where only members may see it.
    seen: Vec<(AccountId, RoomId, Seq, String, Option<usize>)>,
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

    pub fn see(&mut self, account: AccountId, room: RoomId, seq: Seq, text: &str, moment: Option<usize>) {
        self.seen.push((account, room, seq, text.to_owned(), moment));
    }

    pub fn skip(&mut self, account: AccountId, room: RoomId, seq: Seq) {
        self.skipped.push((account, room, seq));
    }

    /// Holds all of it against what is stored, and counts how the messages that were sent turned out.
    pub fn check(&mut self, disk: &Contents, happened: &mut Happened) {
        let kept: &BTreeMap<RoomId, Vec<Kept>> = &disk.messages;
        let at = |room: RoomId, seq: Seq| kept.get(&room)?.get(usize::try_from(seq).unwrap().wrapping_sub(1));
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
        for (room, messages) in kept {
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
            if moment.is_some_and(|moment| !stays.allow(*account, *room, *seq, moment)) {
                fault(Kind::Leaked, format!("{account} saw {text}, {seq} in {room}, and was out"));
            }
        }
        let seen: BTreeSet<&str> = self.seen.iter().map(|(_, _, _, text, _)| text.as_str()).collect();
        for text in self.sent.keys().map(String::as_str) {
            let outcome = match (stored.contains(text), self.acknowledged.contains_key(text)) {
                (true, true) => "stored, and acknowledged",
                (true, false) if seen.contains(text) => "stored, and only seen",
                (true, false) => "stored, and known to nobody",
                (false, _) if self.refused.contains(text) => "refused",
                (false, _) => "not stored, and the sender left",
            };
            *happened.entry(outcome).or_default() += 1;
        }
        self.faults.append(&mut faults);
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
