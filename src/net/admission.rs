//! Who may connect: caps in all and by address, and banned addresses. Decided before a thread is spent.
//!
//! A connection that ends without having sent anything, such as a health check, is a probe. It does not count as a new one
//! of its address, up to a cap of its own, so that a watchman does not lock out whoever shares its address.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Probes from one address in ten minutes that do not count as new ones.
    pub probes_per_address_and_window: u64,
    /// How many times the caps of an address are those of a loopback address.
    pub loopback_factor: u64,
}

/// Why a connection is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// What its peer is told.
    pub reason: Reason,
    /// The setting by which it is refused, for the operator; none for a ban.
    pub setting: Option<&'static str>,
}

impl Refused {
    fn by(reason: Reason, setting: &'static str) -> Refused {
        Refused { reason, setting: Some(setting) }
    }
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
    /// Probes since then that do not count as new.
    probes: u64,
    since: Instant,
}

/// An admitted connection; dropping it makes room for another.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    address: Address,
    number: u64,
    has_sent: AtomicBool,
}

impl Admission {
    /// Nobody is connected or banned.
    pub fn new(caps: Caps) -> Arc<Admission> {
        Arc::new(Admission { caps, state: Mutex::default() })
    }

    /// Admits connection `number` from `address`, or says why not.
    pub fn admit(self: &Arc<Self>, address: Address, number: u64, now: Instant) -> Result<Permit, Refused> {
        let mut state = self.lock();
        if state.is_banned(address) {
            return Err(Refused { reason: Reason::AddressBanned, setting: None });
        }
        if state.open >= self.caps.total {
            return Err(Refused::by(Reason::ServerFull, "connections_max"));
        }
        if state.addresses.len() > ADDRESSES_KEPT {
            state.addresses.retain(|_, count| count.open > 0 || now.duration_since(count.since) < WINDOW);
        }
        let count = state.addresses.entry(address).or_insert(Count { open: 0, new: 0, probes: 0, since: now });
        if now.duration_since(count.since) >= WINDOW {
            (count.new, count.probes, count.since) = (0, 0, now);
        }
        let cap = |cap| address.limit(cap, self.caps.loopback_factor);
        if count.open >= cap(self.caps.per_address) {
            return Err(Refused::by(Reason::AddressFull, "connections_per_address_max"));
        }
        if count.new >= cap(self.caps.per_address_and_window) {
            return Err(Refused::by(Reason::AddressFull, "connections_per_address_per_10min_max"));
        }
        count.open += 1;
        count.new += 1;
        state.open += 1;
        Ok(Permit { admission: self.clone(), address, number, has_sent: AtomicBool::new(false) })
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

impl Permit {
    /// The peer has sent something: it is no probe.
    pub(super) fn has_sent(&self) {
        self.has_sent.store(true, Ordering::Relaxed);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let caps = self.admission.caps;
        let probes_max = self.address.limit(caps.probes_per_address_and_window, caps.loopback_factor);
        let mut state = self.admission.lock();
        state.open -= 1;
        state.connections.remove(&self.number);
        if let Some(count) = state.addresses.get_mut(&self.address) {
            count.open -= 1;
            // It may be of an earlier window.
            if !*self.has_sent.get_mut() && count.probes < probes_max && count.new > 0 {
                count.new -= 1;
                count.probes += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    const WIDE: Caps = Caps {
        total: 99,
        per_address: 99,
        per_address_and_window: 99,
        probes_per_address_and_window: 99,
        loopback_factor: 1,
    };

    /// Admits a connection that sends something.
    fn admit(admission: &Arc<Admission>, text: &str, now: Instant) -> Result<Permit, Refused> {
        let permit = admission.admit(address(text), 1, now);
        permit.as_ref().map(Permit::has_sent).ok();
        permit
    }

    fn address_full(setting: &'static str) -> Refused {
        Refused::by(Reason::AddressFull, setting)
    }

    #[test]
    fn caps_hold_and_room_is_made() {
        let admission = Admission::new(Caps { total: 3, per_address: 2, per_address_and_window: 3, ..WIDE });
        let now = Instant::now();
        let admit = |text: &str, now| admit(&admission, text, now);
        let server_full = Refused::by(Reason::ServerFull, "connections_max");
        let one = admit("192.0.2.1", now).unwrap();
        let two = admit("192.0.2.1", now).unwrap();
        assert_eq!(admit("192.0.2.1", now).unwrap_err(), address_full("connections_per_address_max"));
        let three = admit("192.0.2.2", now).unwrap();
        assert_eq!(admit("192.0.2.3", now).unwrap_err(), server_full);
        drop((one, three));
        let one = admit("192.0.2.1", now).unwrap();
        drop((one, two));
        let refused = admit("192.0.2.1", now).unwrap_err();
        assert_eq!(refused, address_full("connections_per_address_per_10min_max"), "three new ones in the window");
        assert!(admit("192.0.2.1", now + WINDOW).is_ok());
        assert_eq!(admission.open(), 0);
    }

    #[test]
    fn probes_do_not_count_as_new_connections_up_to_their_own_cap() {
        let caps = Caps { per_address: 2, per_address_and_window: 3, probes_per_address_and_window: 5, ..WIDE };
        let (admission, now) = (Admission::new(caps), Instant::now());
        let probe = || drop(admission.admit(address("192.0.2.1"), 1, now).expect("it is admitted"));
        (0..5).for_each(|_| probe());
        drop(admit(&admission, "192.0.2.1", now).unwrap());
        // The cap is used up: from now on they count.
        (0..2).for_each(|_| probe());
        assert!(admit(&admission, "192.0.2.1", now).is_err());
        assert!(admit(&admission, "192.0.2.2", now).is_ok());
        // While it is open, a silent connection counts like every other.
        let open = [1, 2].map(|number| admission.admit(address("192.0.2.3"), number, now).unwrap());
        assert_eq!(admit(&admission, "192.0.2.3", now).unwrap_err(), address_full("connections_per_address_max"));
        // One of an earlier window takes nothing off the next.
        let later = now + WINDOW;
        drop(open);
        for _ in 0..3 {
            drop(admit(&admission, "192.0.2.3", later).unwrap());
        }
        assert!(admit(&admission, "192.0.2.3", later).is_err());
    }

    #[test]
    fn a_loopback_address_has_larger_caps() {
        let caps = Caps { per_address: 2, per_address_and_window: 3, loopback_factor: 4, ..WIDE };
        let (admission, now) = (Admission::new(caps), Instant::now());
        for text in ["127.0.0.1", "::1"] {
            let open: Vec<Permit> = (0..8).map(|_| admit(&admission, text, now).expect("it is admitted")).collect();
            assert!(admit(&admission, text, now).is_err());
            drop(open);
            (0..4).for_each(|_| drop(admit(&admission, text, now).expect("it is admitted")));
            assert!(admit(&admission, text, now).is_err(), "twelve new ones");
        }
    }

    #[test]
    fn a_banned_address_is_refused_until_its_time() {
        let admission = Admission::new(WIDE);
        let bans = [("192.0.2.1", None), ("192.0.2.2", Some(1)), ("2001:db8::1", Some(i64::MAX))];
        admission.ban(bans.iter().map(|(text, until)| (address(text), *until)));
        let check = |text: &str, expected| {
            let refused = admission.admit(address(text), 1, Instant::now()).err();
            assert_eq!(refused.map(|refused| refused.reason), expected, "{text}");
        };
        check("192.0.2.1", Some(Reason::AddressBanned));
        check("192.0.2.2", None);
        check("2001:db8::2", Some(Reason::AddressBanned));
    }
}
