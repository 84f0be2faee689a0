//! Password hashes: Argon2id with the parameters that OWASP gives as the minimum (19 MiB, 2 passes, 1 lane).
//!
//! A hash takes 19 MiB and about 30 ms of one core, so only a few are computed in parallel, by dedicated threads. In a
//! client's thread it would keep 10 KiB more of the stack resident for the life of the connection, and 19 MiB in the
//! allocator's arenas (measured: 1.4 GiB after 100 logins).

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Builder;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use zeroize::Zeroizing;

use crate::chat::PasswordHash;

/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes. Checked before hashing, because hashing long passwords would be a way to overload the
/// server.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// The rule of lengths, for people.
pub const LENGTH_RULE: &str = "A password has at least 8 characters, and at most 256 bytes.";

/// Computes and verifies hashes. Its threads end when it is dropped.
#[derive(Debug)]
pub struct Hasher {
    /// Unbounded, but each client waits for its job, so there is at most one job per client.
    jobs: Sender<Job>,
    /// The hash to verify against if there is no such account, so that this takes the same time.
    decoy: PasswordHash,
}

/// A hash to be computed.
struct Job {
    params: Params,
    password: Zeroizing<Vec<u8>>,
    salt: Vec<u8>,
    /// Whether its client still waits.
    is_wanted: Box<dyn Fn() -> bool + Send>,
    result: Sender<Result<Output, HashError>>,
}

/// A hash could not be computed.
#[derive(Debug)]
pub struct HashError(String);

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn failed(error: impl fmt::Display) -> HashError {
    HashError(error.to_string())
}

impl Hasher {
    /// A hasher with `at_once` threads. Fails if the system gives no thread or no random numbers.
    pub fn new(at_once: usize) -> Result<Hasher, HashError> {
        let (jobs, queue) = unbounded();
        for number in 1..=at_once.max(1) {
            let queue = queue.clone();
            let thread = Builder::new().name(format!("hasher {number}")).spawn(move || work(&queue));
            thread.map_err(failed)?;
        }
        let mut hasher = Hasher { jobs, decoy: PasswordHash("".into()) };
        hasher.decoy = hasher.hash(b"nobody has this password")?;
        Ok(hasher)
    }

    /// The hash of a new password, in PHC form with a random salt.
    pub fn hash(&self, password: &[u8]) -> Result<PasswordHash, HashError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(failed)?;
        let params = Params::default();
        let output = self.compute(params.clone(), password, &salt, || true)?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(failed)?,
            salt: Some(Salt::new(&salt).map_err(failed)?),
            hash: Some(output),
        };
        Ok(PasswordHash(hash.to_string().into()))
    }

    /// Whether `password` matches `expected`. Takes the same time if there is nothing to compare with. Fails if the hash
    /// could not be computed, or if its client no longer waited when its turn came.
    pub fn verify(
        &self,
        password: &[u8],
        expected: Option<&PasswordHash>,
        is_wanted: impl Fn() -> bool + Send + 'static,
    ) -> Result<bool, HashError> {
        let password = if is_length_allowed(password) { password } else { b"" };
        let Some((params, salt, hash)) = parts(expected.unwrap_or(&self.decoy)) else { return Ok(false) };
        let output = self.compute(params, password, salt.as_ref(), is_wanted)?;
        // Compared in constant time.
        Ok(hash == output && expected.is_some())
    }

    /// Queues a job and waits for its result.
    fn compute(
        &self,
        params: Params,
        password: &[u8],
        salt: &[u8],
        is_wanted: impl Fn() -> bool + Send + 'static,
    ) -> Result<Output, HashError> {
        let (result, computed) = bounded(1);
        let (password, salt) = (Zeroizing::new(password.to_vec()), salt.to_vec());
        let job = Job { params, password, salt, is_wanted: Box::new(is_wanted), result };
        self.jobs.send(job).map_err(failed)?;
        computed.recv().map_err(failed)?
    }
}

/// Computes hashes until the hasher is dropped. The memory is reused.
fn work(queue: &Receiver<Job>) {
    let mut memory = Vec::new();
    for job in queue {
        let computed = catch_unwind(AssertUnwindSafe(|| match (job.is_wanted)() {
            true => compute(&job, &mut memory),
            false => Err(failed("its client no longer waits")),
        }));
        let result = job.result.clone();
        // The password is erased before the client goes on.
        drop(job);
        let _ = result.send(computed.unwrap_or_else(|_| Err(failed("it panicked"))));
    }
}

/// The parameters, salt and output of a hash; `None` if it is no PHC string, such as that of the system account.
fn parts(hash: &PasswordHash) -> Option<(Params, Salt, Output)> {
    let hash = phc::PasswordHash::new(&hash.0).ok()?;
    Some((Params::try_from(&hash).ok()?, hash.salt?, hash.hash?))
}

fn compute(job: &Job, memory: &mut Vec<Block>) -> Result<Output, HashError> {
    memory.resize(job.params.block_count(), Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, job.params.clone());
    argon2.hash_password_into_with_memory(&job.password, &job.salt, &mut output, memory).map_err(failed)?;
    Output::new(&output).map_err(failed)
}

/// Whether a password is neither too short nor too long.
pub fn is_length_allowed(password: &[u8]) -> bool {
    password.len() <= PASSWORD_MAX_BYTES && String::from_utf8_lossy(password).chars().count() >= PASSWORD_MIN_CHARS
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let hasher = Hasher::new(2).unwrap();
        let hash = hasher.hash(b"correct horse").unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let check = |password, hash, expected| assert_eq!(hasher.verify(password, hash, || true).unwrap(), expected);
        check(b"correct horse", Some(&hash), true);
        check(b"wrong horse..", Some(&hash), false);
        check(b"nobody has this password", None, false);
        check(b"correct horse", Some(&PasswordHash("!".into())), false);
        // As the library itself verifies it.
        assert!(Argon2::default().verify_password(b"correct horse", &*hash.0).is_ok());
    }

    #[test]
    fn what_nobody_waits_for_is_not_computed_and_the_next_is() {
        let hasher = Hasher::new(1).unwrap();
        let hash = hasher.hash(b"correct horse").unwrap();
        assert!(hasher.verify(b"correct horse", Some(&hash), || false).is_err());
        assert!(hasher.verify(b"correct horse", Some(&hash), || panic!("a fault")).is_err());
        assert!(hasher.verify(b"correct horse", Some(&hash), || true).unwrap());
    }

    #[test]
    fn whether_it_is_wanted_is_asked_when_its_turn_comes() {
        let hasher = Hasher::new(1).unwrap();
        let hash = hasher.hash(b"correct horse").unwrap();
        let (started, has_started) = bounded::<()>(1);
        let (go, may_go) = bounded::<()>(1);
        static IS_WANTED: AtomicBool = AtomicBool::new(true);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                hasher.verify(b"correct horse", Some(&hash), move || {
                    started.send(()).unwrap();
                    may_go.recv().is_ok()
                })
            });
            has_started.recv().unwrap();
            let second =
                scope.spawn(|| hasher.verify(b"correct horse", Some(&hash), || IS_WANTED.load(Ordering::SeqCst)));
            while hasher.jobs.is_empty() {
                thread::yield_now();
            }
            IS_WANTED.store(false, Ordering::SeqCst);
            go.send(()).unwrap();
            assert!(first.join().unwrap().unwrap());
            assert!(second.join().unwrap().is_err());
        });
    }

    #[test]
    fn every_hash_has_a_salt_of_its_own() {
        let hasher = Hasher::new(1).unwrap();
        assert_ne!(hasher.hash(b"correct horse").unwrap().0, hasher.hash(b"correct horse").unwrap().0);
    }

    #[test]
    fn a_length_outside_the_bounds_is_not_hashed() {
        let check = |bytes: usize, expected| assert_eq!(is_length_allowed(&vec![b'x'; bytes]), expected);
        check(7, false);
        check(8, true);
        check(256, true);
        check(257, false);
        assert!(!is_length_allowed("ééééééé".as_bytes()) && is_length_allowed("éééééééé".as_bytes()));
        assert!(LENGTH_RULE.contains(&format!(" {PASSWORD_MIN_CHARS} ")));
        assert!(LENGTH_RULE.contains(&format!(" {PASSWORD_MAX_BYTES} ")));
    }
}
