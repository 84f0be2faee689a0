//! How fast and how often: a rate limiter for lines and bytes, and tries counted by key.
//!
//! By the monotonic clock, which comes in as an argument, so a jump of the wall clock changes nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How fast lines may come.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Lines at once after a rest.
    pub burst_lines: u64,
    /// Lines a second in the long run.
    pub lines_per_s: u64,
}

/// The bytes that come with a token. Lines of this length, the longest of people, may come as fast as any; an average
/// message of the longest kind (2,000 bytes) has half of it.
const TOKEN_BYTES: u32 = 4096;

/// What a read costs at least. Where every key is sent by itself, a person may type eighty keys a second at the default rate.
const READ_MIN_BYTES: u32 = 256;

/// Limits lines, or bytes: a token bucket, kept as the moment at which it will be full again.
#[derive(Debug)]
pub struct RateLimiter {
    interval: Duration,
    /// How far ahead of `now` the moment may be.
    window: Duration,
    full_at: Instant,
    /// Lines that had to wait since the bucket was last full.
    delayed: u64,
}

impl RateLimiter {
    /// A full bucket: the client has sent nothing yet.
    pub fn new(rate: Rate, now: Instant) -> RateLimiter {
        let interval = Duration::from_secs(1) / u32::try_from(rate.lines_per_s).unwrap_or(u32::MAX).max(1);
        let burst = u32::try_from(rate.burst_lines).unwrap_or(u32::MAX).max(1);
        RateLimiter { interval, window: interval.saturating_mul(burst), full_at: now, delayed: 0 }
    }

    /// Takes a token for a line. Returns how long the line must wait.
    pub fn take(&mut self, now: Instant) -> Duration {
        if self.is_full(now) {
            (self.full_at, self.delayed) = (now, 0);
        }
        self.full_at += self.interval;
        let wait = self.full_at.duration_since(now).saturating_sub(self.window);
        if !wait.is_zero() {
            self.delayed += 1;
        }
        wait
    }

    /// Takes the tokens for a read of `bytes` bytes: one for each `TOKEN_BYTES`. Returns how long the next read must wait.
    pub fn take_read(&mut self, bytes: usize, now: Instant) -> Duration {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).max(READ_MIN_BYTES);
        self.full_at = self.full_at.max(now) + self.interval.saturating_mul(bytes) / TOKEN_BYTES;
        self.full_at.duration_since(now).saturating_sub(self.window)
    }

    /// How many lines had to wait since the bucket was last full.
    pub fn delayed(&self) -> u64 {
        self.delayed
    }

    /// Whether the client has rested: the limiter is like a new one.
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// Counts tries by key, in a window of time.
#[derive(Debug)]
pub struct Throttle<K> {
    window: Duration,
    tries: HashMap<K, (u64, Instant)>,
    /// With how many keys those whose window is over are forgotten next.
    clean_at: usize,
}

/// How many keys are kept at least.
const KEYS_KEPT: usize = 4096;

impl<K: Eq + Hash> Throttle<K> {
    /// No tries yet.
    pub fn new(window: Duration) -> Throttle<K> {
        Throttle { window, tries: HashMap::new(), clean_at: KEYS_KEPT }
    }

    /// Whether a try would be one of at most `max` in a window, of which there is at least one; if not, how long until it
    /// is.
    pub fn check(&self, key: &K, max: u64, now: Instant) -> Result<(), Duration> {
        match self.tries.get(key) {
            Some((count, since)) if *count >= max.max(1) && now.duration_since(*since) < self.window => {
                Err(self.window - now.duration_since(*since))
            }
            _ => Ok(()),
        }
    }

    /// Counts a try. If there were `max` it is not counted, and the error is how long until the next one is allowed.
    pub fn count(&mut self, key: K, max: u64, now: Instant) -> Result<(), Duration> {
        if self.tries.len() > self.clean_at {
            let window = self.window;
            self.tries.retain(|_, (_, since)| now.duration_since(*since) < window);
            // Not again until there are twice as many, so that this costs each key a bounded time.
            self.clean_at = KEYS_KEPT.max(2 * self.tries.len());
        }
        self.check(&key, max, now)?;
        let (count, since) = self.tries.entry(key).or_insert((0, now));
        if now.duration_since(*since) >= self.window {
            (*count, *since) = (0, now);
        }
        *count += 1;
        Ok(())
    }

    /// Takes one try back: it was not of the kind that is bounded.
    pub fn forgive(&mut self, key: &K) {
        if let Some((count, _)) = self.tries.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_lines_wait() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(Rate { burst_lines: 3, lines_per_s: 5 }, start);
        let ms = |ms| Duration::from_millis(ms);
        let waits: Vec<_> = (0..5).map(|_| limiter.take(start)).collect();
        assert_eq!(waits, [ms(0), ms(0), ms(0), ms(200), ms(400)]);
        assert_eq!(limiter.delayed(), 2);
        assert_eq!(limiter.take(start + ms(400)), ms(200), "still behind");
        assert_eq!((limiter.is_full(start + ms(1199)), limiter.is_full(start + ms(1200))), (false, true));
        assert_eq!(limiter.take(start + ms(5000)), ms(0));
        assert_eq!(limiter.delayed(), 0, "a rest forgives");
    }

    #[test]
    fn reads_cost_by_their_bytes_and_small_ones_a_sixteenth() {
        let start = Instant::now();
        let interval = Duration::from_secs(1);
        let new = || RateLimiter::new(Rate { burst_lines: 2, lines_per_s: 1 }, start);
        let (mut small, mut large) = (new(), new());
        assert!((0..32).all(|_| small.take_read(1, start).is_zero()), "as much as two tokens");
        assert_eq!(small.take_read(2, start), interval / 16);
        assert_eq!((large.take_read(4096, start), large.take_read(4096, start)), (Duration::ZERO, Duration::ZERO));
        assert_eq!(large.take_read(1024, start), interval / 4);
        assert_eq!(large.take_read(1 << 20, start), interval / 4 + interval * 256);
        assert!((0..100).all(|second| small.take_read(4096, start + Duration::from_secs(second + 2)).is_zero()));
    }

    #[test]
    fn tries_are_bounded_by_key_and_window() {
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut throttle = Throttle::new(minute);
        assert_eq!(throttle.count("ana", 2, start), Ok(()));
        assert_eq!(throttle.count("ana", 2, start), Ok(()));
        assert_eq!(throttle.count("ana", 2, start + minute / 2), Err(minute / 2));
        assert_eq!(throttle.count("bob", 2, start), Ok(()));
        throttle.forgive(&"ana");
        assert_eq!(throttle.count("ana", 2, start), Ok(()));
        assert_eq!(throttle.count("ana", 2, start + minute), Ok(()));
    }

    #[test]
    fn looking_whether_a_try_is_allowed_counts_none() {
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut throttle = Throttle::new(minute);
        assert_eq!(throttle.check(&"ana", 2, start), Ok(()), "never seen");
        assert_eq!(throttle.count("ana", 2, start), Ok(()));
        assert_eq!(throttle.check(&"ana", 2, start), Ok(()), "one is left");
        assert_eq!(throttle.check(&"ana", 2, start), Ok(()), "and still is");
        assert_eq!(throttle.count("ana", 2, start), Ok(()));
        assert_eq!(throttle.check(&"ana", 2, start + minute / 4), Err(minute / 4 * 3));
        assert_eq!(throttle.check(&"bob", 2, start), Ok(()), "each key for itself");
        assert_eq!(throttle.check(&"ana", 2, start + minute), Ok(()), "the window is over");
        assert_eq!(throttle.check(&"ana", 2, start + minute * 2), Ok(()));
    }

    #[test]
    fn only_keys_whose_window_is_over_are_forgotten() {
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut throttle = Throttle::new(minute);
        for key in 0..KEYS_KEPT {
            assert_eq!(throttle.count(key, 1, start), Ok(()));
        }
        assert_eq!(throttle.count(KEYS_KEPT, 1, start + minute / 2), Ok(()));
        assert_eq!(throttle.count(KEYS_KEPT, 1, start + minute), Err(minute / 2), "many others do not free a key");
        assert_eq!(throttle.tries.len(), 1, "the others are over");
        for key in 0..2 * KEYS_KEPT {
            assert_eq!(throttle.count(key, 2, start + minute), Ok(()));
        }
        assert_eq!(throttle.clean_at, 2 * (KEYS_KEPT + 1), "it is not looked for again at each try");
    }
}
