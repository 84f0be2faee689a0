//! A store that can fail at every point between a decision and its being known to be stored.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use chat_server::chat::{
    AccountId, GrantedRange, KeyedMessage, Message, MessageKind, Record, RoomId, SendKey, Snapshot, Text, Timestamp,
};
use chat_server::store::{self, CommitError, StoreError};

use super::Sabotage;
use super::history::{Fault, Kind};
use super::reading::Reading;
use super::wire::Net;
use crate::simulation::store::Store;
use crate::support::Random;

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Commit {
    /// It is on disk.
    #[default]
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
    pub at: Timestamp,
    pub author: AccountId,
    pub program: bool,
    pub text: Text,
}

/// What is on disk, and what may be.
#[derive(Debug, Default)]
pub struct Contents {
    synced: Store,
    /// All records that are known to be on disk, in their order.
    pub log: Vec<Record>,
    /// Everything that was ever said, by numbers from 1 on.
    pub messages: BTreeMap<RoomId, Vec<Kept>>,
    /// A transaction that is written but not synced.
    written: Option<Vec<Record>>,
    pub reading: Reading,
    pub faults: Vec<Fault>,
    /// How the next commit ends.
    pub next: Commit,
    /// How the last one ended; `None` since nothing was to be committed.
    pub ended: Option<Commit>,
    /// Keys cannot be looked up.
    pub is_unreadable: bool,
}

/// The store, as the simulation and each life of the server share it.
#[derive(Clone, Debug)]
pub struct Disk {
    contents: Rc<RefCell<Contents>>,
    net: Net,
    sabotage: Sabotage,
}

impl Disk {
    pub fn new(net: Net, sabotage: Sabotage) -> Disk {
        Disk { contents: Rc::default(), net, sabotage }
    }

    pub fn contents(&self) -> Ref<'_, Contents> {
        self.contents.borrow()
    }

    /// Calls `change` with what is stored.
    pub fn with<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> T {
        change(&mut self.contents.borrow_mut())
    }

    /// The process has started again: what was written survived, whole, or was lost with the power.
    pub fn recover(&self, random: &mut Random) {
        let mut contents = self.contents.borrow_mut();
        if let Some(records) = contents.written.take().filter(|_| random.percent(50)) {
            contents.sync(&records);
        }
        contents.synced.check();
    }

    pub fn snapshot(&self) -> Snapshot {
        self.contents().synced.snapshot()
    }

    /// What a granted range says.
    pub fn page(&self, range: &GrantedRange) -> Vec<Message> {
        let contents = self.contents();
        let message = |seq: u64| {
            let kept = &contents.messages[&range.room.id][seq as usize - 1];
            let author = contents.synced.name(kept.author).cloned().expect("nobody is deleted here");
            let (room, kind, text) = (range.room.clone(), MessageKind::Speech, kept.text.clone());
            Message { room, seq, at: kept.at, author, kind, program: kept.program, text }
        };
        (range.from..=range.to).map(message).collect()
    }
}

impl Contents {
    fn sync(&mut self, records: &[Record]) {
        for record in records {
            if let Record::MessageSaid { room, at, author, program, text, .. } = record {
                let kept = Kept { at: *at, author: *author, program: *program, text: text.clone() };
                self.messages.entry(*room).or_default().push(kept);
            }
            if let Some(what) = self.reading.check(record) {
                self.faults.push(Fault { kind: Kind::ReadAhead, what });
            }
        }
        self.synced.commit(records);
        self.log.extend_from_slice(records);
    }
}

impl store::Store for Disk {
    fn commit(&mut self, records: &[Record]) -> Result<(), CommitError> {
        let mut contents = self.contents.borrow_mut();
        let ends = std::mem::take(&mut contents.next);
        contents.ended = Some(ends);
        match ends {
            Commit::Synced if self.sabotage == Sabotage::ForgetKeys => {
                let mut records = records.to_vec();
                for record in &mut records {
                    if let Record::MessageSaid { key, .. } = record {
                        *key = None;
                    }
                }
                contents.sync(&records);
            }
            Commit::Synced => contents.sync(records),
            Commit::Refused if self.sabotage == Sabotage::KeepUnstored => {}
            Commit::Refused => return Err(CommitError::Refused("the disk is full".into())),
            Commit::DiedBefore if self.sabotage == Sabotage::DeliverFirst => {}
            Commit::Doubtful | Commit::DiedBefore | Commit::DiedWritten => {
                if ends != Commit::DiedBefore {
                    contents.written = Some(records.to_vec());
                }
                if ends != Commit::Doubtful {
                    self.net.lock().dies_after = Some(0);
                }
                return Err(CommitError::Fatal("the sync failed".into()));
            }
        }
        Ok(())
    }

    fn keyed(&self, account: AccountId, key: &SendKey) -> Result<Vec<KeyedMessage>, StoreError> {
        let contents = self.contents();
        if contents.is_unreadable {
            return Err(StoreError::Failed("it cannot be read".into()));
        }
        Ok(contents.synced.keyed(account, key))
    }

    fn checkpoint(&mut self) {}

    fn maintain(&mut self) -> Result<(), CommitError> {
        Ok(())
    }
}
