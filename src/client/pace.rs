//! How fast lines may come: those of a connection from its start to its end, and those of an account over all its
//! connections. And how fast bytes may: those without a line, such as telnet commands, cost the server something too.
//!
//! [`Input`](super::Input) takes every line from here, so each one counts: before the login, at a prompt, and wrong ones.
//! A limiter lives as long as what it limits. The connection's is not renewed by a logout or a login, and the account's is
//! shared by its sessions and outlives them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::chat::Name;
use crate::net::{Rate, RateLimiter};

/// When more accounts than this are known, those that are at rest are forgotten: their limiters are like new.
const ACCOUNTS_KEPT: usize = 4096;

/// How fast lines may come.
#[derive(Clone, Copy, Debug)]
pub struct PaceLimits {
    /// Those of one connection.
    pub rate: Rate,
    /// How many times that is allowed to an account, over all its connections.
    pub account_factor: u64,
    /// How many lines in a row of one connection may be delayed before it is closed.
    pub flood_max_lines: u64,
}

/// The rate limiter of an account, shared by its sessions.
type Shared = Arc<Mutex<RateLimiter>>;

/// The rate limiters of accounts.
#[derive(Debug)]
pub struct AccountPaces {
    rate: Rate,
    limiters: Mutex<HashMap<String, Shared>>,
}

impl AccountPaces {
    /// Nobody has sent anything yet.
    pub fn new(limits: PaceLimits) -> AccountPaces {
        let Rate { burst_lines, lines_per_s } = limits.rate;
        let times = |value: u64| value.saturating_mul(limits.account_factor);
        let rate = Rate { burst_lines: times(burst_lines), lines_per_s: times(lines_per_s) };
        AccountPaces { rate, limiters: Mutex::default() }
    }

    /// The rate limiter of the account of that name.
    fn of(&self, name: &Name, now: Instant) -> Shared {
        let mut limiters = lock(&self.limiters);
        if limiters.len() > ACCOUNTS_KEPT {
            limiters.retain(|_, limiter| Arc::strong_count(limiter) > 1 || !lock(limiter).is_full(now));
        }
        let new = || Arc::new(Mutex::new(RateLimiter::new(self.rate, now)));
        limiters.entry(name.folded()).or_insert_with(new).clone()
    }
}

/// When a line may be carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// At once.
    Now,
    /// After this time. `is_news`: the client is to be notified, which happens once until it has rested.
    Later { wait: Duration, is_news: bool },
    /// Never: the connection was too fast for too long.
    Flooding,
}

/// The pace of one connection.
#[derive(Debug)]
pub struct Pace {
    limits: PaceLimits,
    connection: RateLimiter,
    /// Bytes of the connection, in the tokens of lines.
    reads: RateLimiter,
    /// That of the account, while the connection is logged in.
    account: Option<Shared>,
    is_notified: bool,
}

impl Pace {
    /// A connection that has sent nothing yet.
    pub fn new(limits: PaceLimits, now: Instant) -> Pace {
        let [connection, reads] = [limits.rate; 2].map(|rate| RateLimiter::new(rate, now));
        Pace { limits, connection, reads, account: None, is_notified: false }
    }

    /// How fast lines of one connection may come.
    pub(super) fn rate(&self) -> Rate {
        self.limits.rate
    }

    /// Takes a line.
    pub(super) fn take(&mut self, now: Instant) -> Turn {
        let mut account = self.account.as_ref().map(|account| lock(account));
        if self.connection.is_full(now) && account.as_ref().is_none_or(|account| account.is_full(now)) {
            self.is_notified = false;
        }
        let wait = self.connection.take(now).max(account.as_mut().map_or(Duration::ZERO, |account| account.take(now)));
        if self.connection.delayed() > self.limits.flood_max_lines {
            return Turn::Flooding;
        }
        match wait.is_zero() {
            true => Turn::Now,
            false => Turn::Later { wait, is_news: !std::mem::replace(&mut self.is_notified, true) },
        }
    }

    /// Takes a read of `bytes` bytes, whatever they are. Returns how long the next read must wait.
    pub(super) fn take_read(&mut self, bytes: usize, now: Instant) -> Duration {
        self.reads.take_read(bytes, now)
    }

    /// The connection is logged in: its lines count for the account too, beginning with the one that logged it in.
    pub(super) fn enter(&mut self, accounts: &AccountPaces, name: &Name, now: Instant) {
        let account = accounts.of(name, now);
        lock(&account).take(now);
        self.account = Some(account);
    }

    /// Whether the connection is logged in.
    pub(super) fn is_of_account(&self) -> bool {
        self.account.is_some()
    }

    /// The session is over; the connection's pace goes on.
    pub(super) fn leave(&mut self) {
        self.account = None;
    }
}

/// Nothing is left half done under the locks, so what a panicking thread leaves is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PaceLimits =
        PaceLimits { rate: Rate { burst_lines: 4, lines_per_s: 4 }, account_factor: 2, flood_max_lines: 3 };

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    /// How many of `lines` lines pass at once.
    fn at_once(pace: &mut Pace, lines: usize, now: Instant) -> usize {
        (0..lines).filter(|_| pace.take(now) == Turn::Now).count()
    }

    #[test]
    fn a_logout_or_a_login_does_not_renew_the_burst_of_a_connection() {
        let (start, accounts) = (Instant::now(), AccountPaces::new(LIMITS));
        let mut pace = Pace::new(LIMITS, start);
        assert_eq!(at_once(&mut pace, 2, start), 2, "before the login");
        for account in ["ana", "bob", "cho"] {
            pace.enter(&accounts, &name(account), start);
            at_once(&mut pace, 1, start);
            pace.leave();
        }
        assert_eq!(at_once(&mut pace, 1, start), 0);
    }

    #[test]
    fn bytes_have_a_pace_that_leaves_lines_alone_and_that_a_login_does_not_renew() {
        let (start, accounts) = (Instant::now(), AccountPaces::new(LIMITS));
        let mut pace = Pace::new(LIMITS, start);
        assert!((0..4).all(|_| pace.take_read(4096, start).is_zero()));
        assert!(!pace.take_read(4096, start).is_zero());
        pace.enter(&accounts, &name("ana"), start);
        assert!(!pace.take_read(1, start).is_zero());
        assert_eq!(at_once(&mut pace, 9, start), 4);
    }

    #[test]
    fn an_account_has_a_pace_over_all_its_connections_that_come_and_go() {
        let (start, accounts) = (Instant::now(), AccountPaces::new(LIMITS));
        let mut passed = 0;
        for connection in ["ana", "ANA", "ana", "ana"] {
            let mut pace = Pace::new(LIMITS, start);
            pace.enter(&accounts, &name(connection), start);
            passed += at_once(&mut pace, 3, start);
        }
        // The login counts: 3 + 1, 3 + 1, and all eight of the account's burst are taken.
        assert_eq!(passed, 6);
        let mut other = Pace::new(LIMITS, start);
        other.enter(&accounts, &name("bob"), start);
        assert_eq!(at_once(&mut other, 3, start), 3, "another account has its own");
        let rested = start + Duration::from_secs(4);
        let mut later = Pace::new(LIMITS, rested);
        later.enter(&accounts, &name("ana"), rested);
        assert_eq!(at_once(&mut later, 3, rested), 3);
    }

    #[test]
    fn a_connection_is_notified_once_until_it_has_rested_and_is_closed_for_its_own_speed_only() {
        let (start, accounts) = (Instant::now(), AccountPaces::new(LIMITS));
        let (mut slow, mut fast) = (Pace::new(LIMITS, start), Pace::new(LIMITS, start));
        slow.enter(&accounts, &name("ana"), start);
        for _ in 0..3 {
            fast = Pace::new(LIMITS, start);
            fast.enter(&accounts, &name("ana"), start);
            at_once(&mut fast, 7, start);
        }
        // The account's debt delays the slow one too, which is told once and not closed.
        let news = |turn| matches!(turn, Turn::Later { is_news: true, .. });
        let turns: Vec<Turn> = (1..9).map(|second| slow.take(start + Duration::from_millis(300) * second)).collect();
        assert!(news(turns[0]), "{turns:?}");
        assert_eq!(turns.iter().filter(|turn| news(**turn)).count(), 1, "{turns:?}");
        assert!(!turns.contains(&Turn::Flooding), "{turns:?}");
        assert_eq!(fast.take(start), Turn::Flooding);
    }

    #[test]
    fn only_accounts_at_rest_are_forgotten() {
        let (start, accounts) = (Instant::now(), AccountPaces::new(LIMITS));
        let mut busy = Pace::new(LIMITS, start);
        busy.enter(&accounts, &name("ana"), start);
        at_once(&mut busy, 7, start);
        drop(busy);
        let connected: Vec<Shared> = (0..9).map(|number| accounts.of(&name(&format!("c{number}")), start)).collect();
        for number in 0..=ACCOUNTS_KEPT {
            accounts.of(&name(&format!("n{number}")), start);
        }
        let limiters = lock(&accounts.limiters);
        assert!(limiters.len() < 99, "those at rest are forgotten: {}", limiters.len());
        assert!(limiters.contains_key("ana"), "who is in debt is not");
        assert!(
            (0..connected.len()).all(|number| limiters.contains_key(&format!("c{number}"))),
            "nor who is connected"
        );
    }
}
