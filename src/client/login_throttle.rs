//! Bounds on wrong passwords and new accounts. Shared by all connections.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::chat::Name;
use crate::net::Throttle;

/// How many tries there may be.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// Wrong passwords for one account from one address in a minute. By account *and* address, so that nobody can lock
    /// out the owner, who is elsewhere.
    pub logins_per_min: u64,
    /// Wrong passwords from one address in a minute.
    pub logins_per_address_per_min: u64,
    /// New accounts from one address in an hour.
    pub registrations_per_address_per_hour: u64,
    /// New accounts in all in ten minutes.
    pub registrations_per_10min: u64,
}

/// Counts tries to log in and to register.
#[derive(Debug)]
pub struct LoginThrottle {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    logins: Throttle<(Address, String)>,
    logins_by_address: Throttle<Address>,
    registrations_by_address: Throttle<Address>,
    registrations: Throttle<()>,
}

impl LoginThrottle {
    /// Nothing has been tried.
    pub fn new(limits: LoginLimits) -> LoginThrottle {
        let minute = Duration::from_secs(60);
        let state = State {
            logins: Throttle::new(limits.logins_per_min, minute),
            logins_by_address: Throttle::new(limits.logins_per_address_per_min, minute),
            registrations_by_address: Throttle::new(limits.registrations_per_address_per_hour, 60 * minute),
            registrations: Throttle::new(limits.registrations_per_10min, 10 * minute),
        };
        LoginThrottle { state: Mutex::new(state) }
    }

    /// Counts a try to log in as wrong, before it is known whether it is, so that many at the same time are bounded too.
    /// The error is how long to wait.
    pub fn try_login(&self, address: Address, name: &Name) -> Result<(), Duration> {
        let (mut state, now) = (self.lock(), Instant::now());
        state.logins.count((address, name.folded()), now)?;
        let counted = state.logins_by_address.count(address, now);
        if counted.is_err() {
            state.logins.forgive(&(address, name.folded()));
        }
        counted
    }

    /// Whether another try to log in would be allowed, without counting it; if not, how long to wait.
    pub fn check_login(&self, address: Address, name: &Name) -> Result<(), Duration> {
        let (state, now) = (self.lock(), Instant::now());
        state.logins.check(&(address, name.folded()), now)?;
        state.logins_by_address.check(&address, now)
    }

    /// The try was right.
    pub fn forgive_login(&self, address: Address, name: &Name) {
        let mut state = self.lock();
        state.logins.forgive(&(address, name.folded()));
        state.logins_by_address.forgive(&address);
    }

    /// Counts a new account; the error is how long to wait.
    pub fn try_registration(&self, address: Address) -> Result<(), Duration> {
        let (mut state, now) = (self.lock(), Instant::now());
        state.registrations_by_address.count(address, now)?;
        let counted = state.registrations.count((), now);
        if counted.is_err() {
            state.registrations_by_address.forgive(&address);
        }
        counted
    }

    /// No account was created.
    pub fn forgive_registration(&self, address: Address) {
        let mut state = self.lock();
        state.registrations_by_address.forgive(&address);
        state.registrations.forgive(&());
    }

    /// Nothing is left half done under the lock, so what a panicking thread leaves is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn throttle() -> LoginThrottle {
        LoginThrottle::new(LoginLimits {
            logins_per_min: 2,
            logins_per_address_per_min: 3,
            registrations_per_address_per_hour: 2,
            registrations_per_10min: 3,
        })
    }

    #[test]
    fn wrong_logins_are_bounded_by_account_and_address_and_right_ones_are_not() {
        let (throttle, here, elsewhere) = (throttle(), address("192.0.2.1"), address("192.0.2.2"));
        let (ana, bob) = (name("ana"), name("bob"));
        for _ in 0..9 {
            assert_eq!(throttle.try_login(here, &ana), Ok(()));
            throttle.forgive_login(here, &ana);
        }
        for _ in 0..2 {
            assert_eq!(throttle.check_login(here, &name("ANA")), Ok(()));
            assert_eq!(throttle.try_login(here, &name("ANA")), Ok(()));
        }
        assert!(throttle.check_login(here, &ana).is_err());
        let wait = throttle.try_login(here, &ana).unwrap_err();
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(throttle.try_login(elsewhere, &ana), Ok(()), "the owner is not locked out");
        assert_eq!(throttle.try_login(here, &bob), Ok(()));
        assert!(throttle.check_login(here, &bob).is_err(), "the address has had its three");
        assert!(throttle.try_login(here, &bob).is_err());
        throttle.forgive_login(here, &ana);
        assert_eq!(throttle.try_login(here, &bob), Ok(()), "the refused try was not counted");
    }

    #[test]
    fn new_accounts_are_bounded_by_address_and_in_all() {
        let (throttle, here, elsewhere) = (throttle(), address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..9 {
            assert_eq!(throttle.try_registration(here), Ok(()));
            throttle.forgive_registration(here);
        }
        assert_eq!((throttle.try_registration(here), throttle.try_registration(here)), (Ok(()), Ok(())));
        assert!(throttle.try_registration(here).is_err());
        assert_eq!(throttle.try_registration(elsewhere), Ok(()));
        assert!(throttle.try_registration(elsewhere).is_err(), "three in all");
        throttle.forgive_registration(here);
        assert_eq!(throttle.try_registration(elsewhere), Ok(()), "the refused try was not counted");
    }
}
