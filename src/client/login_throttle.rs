//! Bounds on wrong passwords, on passwords at all, and on new accounts. Shared by all connections.

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
    /// Passwords from one address in a minute, right ones too: each costs a hash.
    pub checks_per_address_per_min: u64,
    /// New accounts from one address in an hour.
    pub registrations_per_address_per_hour: u64,
    /// New accounts in all in ten minutes.
    pub registrations_per_10min: u64,
    /// How many times the limits of an address are those of a loopback address.
    pub loopback_factor: u64,
}

/// Counts tries to log in and to register.
#[derive(Debug)]
pub struct LoginThrottle {
    limits: LoginLimits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    logins: Throttle<(Address, String)>,
    logins_by_address: Throttle<Address>,
    checks_by_address: Throttle<Address>,
    registrations_by_address: Throttle<Address>,
    registrations: Throttle<()>,
}

/// A try that counts. It is taken back when it is dropped, so that neither a right password nor a fault of the server
/// counts, unless it is kept.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    throttle: &'a LoginThrottle,
    address: Address,
    /// The account of a try to log in; `None` for a new account.
    login: Option<String>,
    is_kept: bool,
}

impl LoginThrottle {
    /// Nothing has been tried.
    pub fn new(limits: LoginLimits) -> LoginThrottle {
        let minute = Duration::from_secs(60);
        let state = State {
            logins: Throttle::new(minute),
            logins_by_address: Throttle::new(minute),
            checks_by_address: Throttle::new(minute),
            registrations_by_address: Throttle::new(60 * minute),
            registrations: Throttle::new(10 * minute),
        };
        LoginThrottle { limits, state: Mutex::new(state) }
    }

    /// Counts a try to log in, before it is known whether it is wrong, so that many at the same time are bounded too. That a
    /// password was checked stays counted, whatever comes of it. The error is how long to wait.
    pub fn try_login(&self, address: Address, name: &Name) -> Result<Attempt<'_>, Duration> {
        let (mut state, now, key) = (self.lock(), Instant::now(), (address, name.folded()));
        state.logins.check(&key, self.limits.logins_per_min, now)?;
        state.logins_by_address.check(&address, self.logins_by_address(address), now)?;
        let checks = address.limit(self.limits.checks_per_address_per_min, self.limits.loopback_factor);
        state.checks_by_address.count(address, checks, now)?;
        state.logins_by_address.count(address, self.logins_by_address(address), now)?;
        state.logins.count(key.clone(), self.limits.logins_per_min, now)?;
        Ok(Attempt { throttle: self, address, login: Some(key.1), is_kept: false })
    }

    /// Whether another try to log in would be allowed, without counting it; if not, how long to wait.
    pub fn check_login(&self, address: Address, name: &Name) -> Result<(), Duration> {
        let (state, now) = (self.lock(), Instant::now());
        state.logins.check(&(address, name.folded()), self.limits.logins_per_min, now)?;
        state.logins_by_address.check(&address, self.logins_by_address(address), now)
    }

    /// Counts a new account; the error is how long to wait.
    pub fn try_registration(&self, address: Address) -> Result<Attempt<'_>, Duration> {
        let (mut state, now) = (self.lock(), Instant::now());
        state.registrations.check(&(), self.limits.registrations_per_10min, now)?;
        let max = address.limit(self.limits.registrations_per_address_per_hour, self.limits.loopback_factor);
        state.registrations_by_address.count(address, max, now)?;
        state.registrations.count((), self.limits.registrations_per_10min, now)?;
        Ok(Attempt { throttle: self, address, login: None, is_kept: false })
    }

    fn logins_by_address(&self, address: Address) -> u64 {
        address.limit(self.limits.logins_per_address_per_min, self.limits.loopback_factor)
    }

    /// Nothing is left half done under the lock, so what a panicking thread leaves is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was of the kind that is bounded: a wrong password, or a new account.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut state = self.throttle.lock();
        match self.login.take() {
            Some(name) => {
                state.logins.forgive(&(self.address, name));
                state.logins_by_address.forgive(&self.address);
            }
            None => {
                state.registrations_by_address.forgive(&self.address);
                state.registrations.forgive(&());
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

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn throttle() -> LoginThrottle {
        LoginThrottle::new(LoginLimits {
            logins_per_min: 2,
            logins_per_address_per_min: 3,
            checks_per_address_per_min: 20,
            registrations_per_address_per_hour: 2,
            registrations_per_10min: 3,
            loopback_factor: 4,
        })
    }

    #[test]
    fn right_passwords_are_bounded_by_address() {
        let (throttle, here, elsewhere) = (throttle(), address("192.0.2.1"), address("192.0.2.2"));
        for number in 0..20 {
            drop(throttle.try_login(here, &name(&format!("name{}", number % 7))).unwrap());
        }
        let wait = throttle.try_login(here, &name("ana")).unwrap_err();
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(throttle.check_login(here, &name("ana")), Ok(()), "a token costs no hash");
        drop(throttle.try_login(elsewhere, &name("ana")).unwrap());
    }

    #[test]
    fn wrong_logins_are_bounded_by_account_and_address_and_no_others_count() {
        let (throttle, here, elsewhere) = (throttle(), address("192.0.2.1"), address("192.0.2.2"));
        let (ana, bob) = (name("ana"), name("bob"));
        for _ in 0..9 {
            // It was right, or the store was busy, or the client is gone.
            drop(throttle.try_login(here, &ana).unwrap());
        }
        for _ in 0..2 {
            assert_eq!(throttle.check_login(here, &name("ANA")), Ok(()));
            throttle.try_login(here, &name("ANA")).unwrap().keep();
        }
        assert!(throttle.check_login(here, &ana).is_err());
        let wait = throttle.try_login(here, &ana).unwrap_err();
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        throttle.try_login(elsewhere, &ana).expect("the owner is not locked out").keep();
        let third = throttle.try_login(here, &bob).unwrap();
        assert!(throttle.check_login(here, &bob).is_err(), "the address has had its three");
        assert!(throttle.try_login(here, &bob).is_err(), "one that is not decided yet counts");
        drop(third);
        throttle.try_login(here, &bob).expect("the refused try was not counted").keep();
    }

    #[test]
    fn new_accounts_are_bounded_by_address_and_in_all() {
        let (throttle, here, elsewhere) = (throttle(), address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..9 {
            drop(throttle.try_registration(here).unwrap());
        }
        throttle.try_registration(here).unwrap().keep();
        let second = throttle.try_registration(here).unwrap();
        assert!(throttle.try_registration(here).is_err());
        throttle.try_registration(elsewhere).unwrap().keep();
        assert!(throttle.try_registration(elsewhere).is_err(), "three in all");
        drop(second);
        throttle.try_registration(elsewhere).expect("the refused try was not counted").keep();
    }

    #[test]
    fn people_behind_a_tunnel_share_larger_limits_but_for_one_account() {
        let (throttle, tunnel) = (throttle(), address("127.0.0.1"));
        for number in 0..12 {
            throttle.try_login(tunnel, &name(&format!("user{number}"))).unwrap().keep();
        }
        assert!(throttle.try_login(tunnel, &name("user99")).is_err());
        let throttle = self::throttle();
        (0..2).for_each(|_| throttle.try_login(tunnel, &name("ana")).unwrap().keep());
        assert!(throttle.try_login(tunnel, &name("ana")).is_err());
    }
}
