//! A store that can fail at every point between a decision and its being known to be stored.

use chat_server::chat::{
    AccountId, GrantedRange, KeyedMessage, Message, MessageKind, Record, RoomId, SendKey, Snapshot, Text,
};

use crate::simulation::store::Store;
use crate::support::Random;

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// It is on disk.
    Synced,
    /// Nothing of it is stored; the next one may succeed.
    Refused,
    /// The sync failed: nobody knows what is on disk, and nothing may be written any more.
    Doubtful,
    /// The process died before anything was written.
    DiedBefore,
    /// The process, or the power, died between writing and syncing.
    DiedWritten,
}

/// A message as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub author: AccountId,
    pub text: Text,
}

/// What is on disk, and what may be.
#[derive(Debug, Default)]
pub struct Disk {
    synced: Store,
    /// All records that are known to be on disk, in their order.
    pub log: Vec<Record>,
    /// A transaction that is written but not synced.
    written: Option<Vec<Record>>,
}

impl Disk {
    /// Stores all or nothing, or stops somewhere on the way.
    pub fn commit(&mut self, records: &[Record], ends: Committed) -> Committed {
        match ends {
            Committed::Synced => self.sync(records),
            Committed::Refused | Committed::DiedBefore => {}
            Committed::Doubtful | Committed::DiedWritten => self.written = Some(records.to_vec()),
        }
        ends
    }

    fn sync(&mut self, records: &[Record]) {
        self.synced.commit(records);
        self.log.extend_from_slice(records);
    }

    /// The process has started again: what was written survived, whole, or was lost with the power.
    pub fn recover(&mut self, random: &mut Random) {
        if let Some(records) = self.written.take().filter(|_| random.percent(50)) {
            self.sync(&records);
        }
        self.synced.check();
    }

    pub fn snapshot(&self) -> Snapshot {
        self.synced.snapshot()
    }

    pub fn keyed(&self, account: AccountId, key: &SendKey) -> Vec<KeyedMessage> {
        self.synced.keyed(account, key)
    }

    /// All that was ever said in a room, by numbers from 1 on.
    pub fn messages(&self, room: RoomId) -> Vec<Kept> {
        let said = self.log.iter().filter_map(|record| match record {
            Record::MessageSaid { room: in_room, author, text, .. } if *in_room == room => {
                Some(Kept { author: *author, text: text.clone() })
            }
            _ => None,
        });
        said.collect()
    }

    /// What a granted range says.
    pub fn page(&self, range: &GrantedRange) -> Vec<Message> {
        let read = self.log.iter().filter_map(|record| match record {
            Record::MessageSaid { room, seq, at, author, text, .. }
                if *room == range.room && (range.from..=range.to).contains(seq) =>
            {
                let author = self.synced.name(*author).cloned();
                Some(Message {
                    room: range.label.clone(),
                    seq: *seq,
                    at: *at,
                    author: author.expect("nobody is deleted here"),
                    kind: MessageKind::Speech,
                    text: text.clone(),
                })
            }
            _ => None,
        });
        read.collect()
    }
}
