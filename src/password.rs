//! Password hashes: Argon2id with the parameters that OWASP gives as the minimum (19 MiB, 2 passes, 1 lane).
//!
//! A hash takes 19 MiB and about 30 ms of one core, so only a few are computed in parallel, by dedicated threads. In a
//! client's thread it would keep 10 KiB more of the stack resident for the life of the connection, and 19 MiB in the
//! allocator's arenas (measured: 1.4 GiB after 100 logins).
//!
//! A password is text, which people see as letters, and one keyboard sends other bytes for a letter than another. So it is
//! brought to one form before it is hashed ([`Prepared`]).

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Builder;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::chat::PasswordHash;

/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes. Checked before hashing, because hashing long passwords would be a way to overload the
/// server.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// The rule of lengths, for people.
pub const LENGTH_RULE: &str = "A password has at least 8 characters, and at most 256 bytes.";

/// A password that can be set: in the form of the OpaqueString profile of RFC 8265, with a length within the bounds.
#[derive(Debug)]
pub struct Prepared(Zeroizing<Vec<u8>>);

/// Why a password cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordError {
    /// Shorter than [`PASSWORD_MIN_CHARS`] or longer than [`PASSWORD_MAX_BYTES`].
    Length,
    /// Not UTF-8. Only a client of the same encoding could ever type it again.
    Encoding,
}

impl Prepared {
    /// Prepares a new password.
    pub fn new(typed: &[u8]) -> Result<Prepared, PasswordError> {
        let text = std::str::from_utf8(typed).map_err(|_| PasswordError::Encoding)?;
        let prepared = prepare(text);
        match is_length_allowed(&prepared) {
            true => Ok(Prepared(prepared)),
            false => Err(PasswordError::Length),
        }
    }
}

/// The form of a password that is hashed: every space is U+0020 and letters are in normal form C, as OpaqueString says. It
/// forbids control characters; here they are left out, since a client sends them unseen (a NUL that keeps a link alive).
fn prepare(text: &str) -> Zeroizing<Vec<u8>> {
    let letters = text.chars().filter(|c| !c.is_control()).map(|c| if c.is_whitespace() { ' ' } else { c });
    // With this capacity nothing is moved, so that no copy is left behind. A letter in normal form C has at most three
    // times the bytes that it had (UAX 15).
    let mut prepared = Zeroizing::new(Vec::with_capacity(3 * text.len()));
    for c in letters.nfc() {
        prepared.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    prepared
}

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
        hasher.decoy = hasher.hash(&Prepared(Zeroizing::new(b"nobody has this password".into())))?;
        Ok(hasher)
    }

    /// The hash of a new password, in PHC form with a random salt.
    pub fn hash(&self, Prepared(password): &Prepared) -> Result<PasswordHash, HashError> {
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

    /// Whether `typed` is the password of `expected`. Takes the same time if there is nothing to compare with. Fails if the
    /// hash could not be computed, or if its client no longer waited when its turn came.
    ///
    /// Where the prepared form has other bytes than were typed, these are tried too: older versions hashed them. How long
    /// that takes depends on what was typed, and on whether it is right, which the answer tells anyway.
    pub fn verify(
        &self,
        typed: &[u8],
        expected: Option<&PasswordHash>,
        is_wanted: impl Fn() -> bool + Clone + Send + 'static,
    ) -> Result<bool, HashError> {
        let prepared = std::str::from_utf8(typed).ok().map(prepare).filter(|prepared| prepared.as_slice() != typed);
        if let Some(prepared) = prepared
            && self.verify_bytes(&prepared, expected, is_wanted.clone())?
        {
            return Ok(true);
        }
        self.verify_bytes(typed, expected, is_wanted)
    }

    fn verify_bytes(
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

/// Bounds of the costs of a hash that is computed: KiB of memory, rounds and lanes. This server writes 19,456, 2 and 1.
const M_COST_KIB_MAX: u32 = 65_536;
const T_COST_MAX: u32 = 8;
const P_COST_MAX: u32 = 4;

/// The parameters, salt and output of a hash; `None` if it is no PHC string, such as that of the system account, or would
/// cost far more than any that this server has written, as in a damaged store.
fn parts(hash: &PasswordHash) -> Option<(Params, Salt, Output)> {
    let hash = phc::PasswordHash::new(&hash.0).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_bounded =
        params.m_cost() <= M_COST_KIB_MAX && params.t_cost() <= T_COST_MAX && params.p_cost() <= P_COST_MAX;
    is_bounded.then_some((params, hash.salt?, hash.hash?))
}

fn compute(job: &Job, memory: &mut Vec<Block>) -> Result<Output, HashError> {
    memory.resize(job.params.block_count(), Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, job.params.clone());
    argon2.hash_password_into_with_memory(&job.password, &job.salt, &mut output, memory).map_err(failed)?;
    Output::new(&output).map_err(failed)
}

/// Whether a password is neither too short nor too long.
fn is_length_allowed(password: &[u8]) -> bool {
    password.len() <= PASSWORD_MAX_BYTES && String::from_utf8_lossy(password).chars().count() >= PASSWORD_MIN_CHARS
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    use argon2::PasswordVerifier;

    use super::*;

    fn prepared(text: &str) -> Prepared {
        Prepared::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_people_see_as_one_password_is_one() {
        let check = |typed: &str, expected: &str| {
            assert_eq!(String::from_utf8_lossy(&prepared(typed).0), expected, "{typed:?}");
        };
        check("kettle on the hob", "kettle on the hob");
        check("Zoe\u{308} on the hob", "Zo\u{eb} on the hob");
        check("Zo\u{eb} on the hob", "Zo\u{eb} on the hob");
        check("kettle\u{a0}on\u{3000}the hob", "kettle on the hob");
        check("\0kettle\u{85} on the hob", "kettle on the hob");
        // Capital letters, compatibility forms and look-alikes are other letters.
        check("KETTLE ﬁ ａ а", "KETTLE ﬁ ａ а");
        // The longest growth there is.
        check(&"\u{1d160}".repeat(21), &"\u{1d158}\u{1d165}\u{1d16e}".repeat(21));
        assert_eq!(Prepared::new(b"caf\xe9 au lait").unwrap_err(), PasswordError::Encoding);
        assert_eq!(Prepared::new(b"kettle\0\0").unwrap_err(), PasswordError::Length);
        assert_eq!(Prepared::new("e\u{308}".repeat(7).as_bytes()).unwrap_err(), PasswordError::Length);
        assert!(Prepared::new("e\u{308}".repeat(86).as_bytes()).is_ok(), "258 bytes as typed, 172 as hashed");
    }

    #[test]
    fn a_password_is_right_in_each_of_its_forms_and_as_older_versions_hashed_it() {
        let hasher = Hasher::new(1).unwrap();
        let verify = |typed: &[u8], hash: &PasswordHash| hasher.verify(typed, Some(hash), || true).unwrap();
        let (composed, decomposed) = ("Zo\u{eb} on the hob", "Zoe\u{308} on the hob");
        let new = hasher.hash(&prepared(decomposed)).unwrap();
        assert!(verify(composed.as_bytes(), &new) && verify(decomposed.as_bytes(), &new));
        assert!(!verify("Zoe on the hob".as_bytes(), &new));
        for typed in [decomposed.as_bytes(), b"caf\xe9 au lait", b"kettle\0on the hob"] {
            let old = hasher.hash(&Prepared(Zeroizing::new(typed.into()))).unwrap();
            assert!(verify(typed, &old), "{}", typed.escape_ascii());
            assert!(!verify(b"another password", &old));
        }
    }

    /// The number of hashes, and so the time, depends on what was typed alone.
    #[test]
    fn a_wrong_password_costs_the_same_whether_there_is_an_account_or_not() {
        let hasher = Hasher::new(1).unwrap();
        let hash = hasher.hash(&prepared("correct horse")).unwrap();
        static HASHES: AtomicUsize = AtomicUsize::new(0);
        let check = |typed: &[u8], expected| {
            for hash in [None, Some(&hash)] {
                HASHES.store(0, Ordering::SeqCst);
                assert!(!hasher.verify(typed, hash, || HASHES.fetch_add(1, Ordering::SeqCst) < 10).unwrap());
                assert_eq!(HASHES.load(Ordering::SeqCst), expected, "{}", typed.escape_ascii());
            }
        };
        check(b"wrong horse..", 1);
        check(b"caf\xe9 au lait", 1);
        check("Zo\u{eb} on the hob".as_bytes(), 1);
        check("Zoe\u{308} on the hob".as_bytes(), 2);
    }

    #[test]
    fn only_the_right_password_is_right() {
        let hasher = Hasher::new(2).unwrap();
        let hash = hasher.hash(&prepared("correct horse")).unwrap();
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
    fn a_hash_that_costs_more_than_any_that_was_written_is_not_computed() {
        for damaged in ["m=4294967295,t=2,p=1", "m=19456,t=50,p=1", "m=19456,t=2,p=250"] {
            let hash =
                format!("$argon2id$v=19${damaged}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
            assert!(parts(&PasswordHash(hash.into())).is_none(), "{damaged}");
        }
        let sound = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(parts(&PasswordHash(sound.into())).is_some());
    }

    #[test]
    fn what_nobody_waits_for_is_not_computed_and_the_next_is() {
        let hasher = Hasher::new(1).unwrap();
        let hash = hasher.hash(&prepared("correct horse")).unwrap();
        assert!(hasher.verify(b"correct horse", Some(&hash), || false).is_err());
        assert!(hasher.verify(b"correct horse", Some(&hash), || panic!("a fault")).is_err());
        assert!(hasher.verify(b"correct horse", Some(&hash), || true).unwrap());
    }

    #[test]
    fn whether_it_is_wanted_is_asked_when_its_turn_comes() {
        let hasher = Hasher::new(1).unwrap();
        let hash = hasher.hash(&prepared("correct horse")).unwrap();
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
        assert_ne!(
            hasher.hash(&prepared("correct horse")).unwrap().0,
            hasher.hash(&prepared("correct horse")).unwrap().0
        );
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
