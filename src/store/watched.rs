//! A store that another thread can see at work, so that a disk that hangs is distinguished from other faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{CommitError, Store, StoreError, Writer};
use crate::chat::{AccountId, KeyedMessage, Record, SendKey};

/// A store, and whether it is at work.
#[derive(Debug)]
pub struct Watched<S> {
    store: S,
    watch: Watch,
}

/// Shows whether a [`Watched`] store is at work.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    is_at_work: Arc<AtomicBool>,
}

impl Watch {
    /// Whether a call of the store has not returned yet.
    pub fn is_at_work(&self) -> bool {
        self.is_at_work.load(Ordering::Acquire)
    }

    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_at_work.store(true, Ordering::Release);
        let done = work();
        self.is_at_work.store(false, Ordering::Release);
        done
    }
}

impl<S> Watched<S> {
    /// Watches `store`.
    pub fn new(store: S) -> Watched<S> {
        Watched { store, watch: Watch::default() }
    }

    /// For the thread that watches.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }
}

impl Watched<Writer> {
    /// Closes the store.
    pub fn close(self) -> Result<(), StoreError> {
        self.watch.during(|| self.store.close())
    }
}

impl<S: Store> Store for Watched<S> {
    fn commit(&mut self, records: &[Record]) -> Result<(), CommitError> {
        self.watch.during(|| self.store.commit(records))
    }

    fn keyed(&self, account: AccountId, key: &SendKey) -> Result<Vec<KeyedMessage>, StoreError> {
        self.watch.during(|| self.store.keyed(account, key))
    }

    fn maintain(&mut self) -> Result<(), CommitError> {
        self.watch.during(|| self.store.maintain())
    }

    fn checkpoint(&mut self) {
        self.watch.during(|| self.store.checkpoint());
    }
}
