//! Who may connect: caps in all and by address, and banned addresses. Decided before a thread is spent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connection::Connection;
use crate::address::Address;
use crate::reason::Reason;

/// The time over which new connections of an address are counted.
const WINDOW: Duration = Duration::from_secs(600);
/// When more addresses than this are known, those without a connection are forgotten.
const ADDRESSES_KEPT: usize = 4096;

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In all.
    pub total: u64,
    /// From one address.
    pub per_address: u64,
    /// New ones from one address in ten minutes.
    pub per_address_and_window: u64,
}

/// Counts connections and decides on new ones.
#[derive(Debug)]
pub struct Admission {
    caps: Caps,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: u64,
    addresses: HashMap<Address, Count>,
    /// Until when each may not connect, in milliseconds since 1970; `None` is permanently.
    banned: HashMap<Address, Option<i64>>,
    connections: HashMap<u64, Weak<Connection>>,
}

#[derive(Debug)]
struct Count {
    open: u64,
    /// New connections since `since`.
    new: u64,
    since: Instant,
}

/// An admitted connection; dropping it makes room for another.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    address: Address,
    number: u64,
}

impl Admission {
    /// Nobody is connected or banned.
    pub fn new(caps: Caps) -> Arc<Admission> {
        Arc::new(Admission { caps, state: Mutex::default() })
    }

    /// Admits connection `number` from `address`, or says why not.
    pub fn admit(self: &Arc<Self>, address: Address, number: u64, now: Instant) -> Result<Permit, Reason> {
        let mut state = self.lock();
        if state.is_banned(address) {
            return Err(Reason::AddressBanned);
        }
        if state.open >= self.caps.total {
            return Err(Reason::ServerFull);
        }
        if state.addresses.len() > ADDRESSES_KEPT {
            state.addresses.retain(|_, count| count.open > 0 || now.duration_since(count.since) < WINDOW);
        }
        let count = state.addresses.entry(address).or_insert(Count { open: 0, new: 0, since: now });
        if now.duration_since(count.since) >= WINDOW {
            (count.new, count.since) = (0, now);
        }
        if count.open >= self.caps.per_address || count.new >= self.caps.per_address_and_window {
            return Err(Reason::AddressFull);
        }
        count.open += 1;
        count.new += 1;
        state.open += 1;
        Ok(Permit { admission: self.clone(), address, number })
    }

    /// Remembers a connection, so that it can be ended when the server stops.
    pub fn remember(&self, connection: &Arc<Connection>) {
        self.lock().connections.insert(connection.number(), Arc::downgrade(connection));
    }

    /// Replaces the list of banned addresses. Each is banned until a time in milliseconds since 1970, or permanently.
    pub fn ban(&self, banned: impl Iterator<Item = (Address, Option<i64>)>) {
        self.lock().banned = banned.collect();
    }

    /// The server stops: names the reason for every connection, and lets its thread find the end of input behind what has
    /// arrived. A client that goes on sending may then lose its closing line to a reset.
    pub fn stop_reading(&self, reason: Reason) {
        for connection in self.connections() {
            connection.end(reason);
            connection.shut_reading();
        }
    }

    /// Shuts every connection in both directions. This sends nothing, so it needs no ownership of the writing side.
    pub fn shut_all(&self) {
        self.connections().iter().for_each(|connection| connection.shut());
    }

    /// Not used under the lock: a connection that is dropped takes it to make room.
    fn connections(&self) -> Vec<Arc<Connection>> {
        self.lock().connections.values().filter_map(Weak::upgrade).collect()
    }

    /// How many connections there are.
    pub fn open(&self) -> u64 {
        self.lock().open
    }

    /// Nothing is left half done under the lock, so what a panicking thread leaves is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_banned(&self, address: Address) -> bool {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        match self.banned.get(&address) {
            None => false,
            Some(None) => true,
            Some(Some(until)) => i128::from(*until) > i128::try_from(now()).unwrap_or(i128::MAX),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.admission.lock();
        state.open -= 1;
        state.connections.remove(&self.number);
        if let Some(count) = state.addresses.get_mut(&self.address) {
            count.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn caps_hold_and_room_is_made() {
        let admission = Admission::new(Caps { total: 3, per_address: 2, per_address_and_window: 3 });
        let now = Instant::now();
        let admit = |text: &str, now| admission.admit(address(text), 1, now);
        let one = admit("192.0.2.1", now).unwrap();
        let two = admit("192.0.2.1", now).unwrap();
        assert_eq!(admit("192.0.2.1", now).unwrap_err(), Reason::AddressFull);
        let three = admit("192.0.2.2", now).unwrap();
        assert_eq!(admit("192.0.2.3", now).unwrap_err(), Reason::ServerFull);
        drop((one, three));
        let one = admit("192.0.2.1", now).unwrap();
        drop((one, two));
        assert_eq!(admit("192.0.2.1", now).unwrap_err(), Reason::AddressFull, "three new ones in the window");
        assert!(admit("192.0.2.1", now + WINDOW).is_ok());
        assert_eq!(admission.open(), 0);
    }

    #[test]
    fn a_banned_address_is_refused_until_its_time() {
        let admission = Admission::new(Caps { total: 9, per_address: 9, per_address_and_window: 9 });
        let bans = [("192.0.2.1", None), ("192.0.2.2", Some(1)), ("2001:db8::1", Some(i64::MAX))];
        admission.ban(bans.iter().map(|(text, until)| (address(text), *until)));
        let check = |text: &str, expected| {
            assert_eq!(admission.admit(address(text), 1, Instant::now()).err(), expected, "{text}");
        };
        check("192.0.2.1", Some(Reason::AddressBanned));
        check("192.0.2.2", None);
        check("2001:db8::2", Some(Reason::AddressBanned));
    }
}
