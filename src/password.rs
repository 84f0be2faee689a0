//! Password hashes: Argon2id with the parameters that OWASP gives as the minimum (19 MiB, 2 passes, 1 lane).
//!
//! A hash takes about 30 ms of one core, so it is made by the thread of whoever needs it, never by the broker, and only
//! a few at a time.

use argon2::Argon2;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier, phc};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::chat::PasswordHash;

/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes: checked before hashing, or the hash itself would be a way to keep the server busy.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// The rule, for people.
pub const LENGTH_RULE: &str = "A password has at least 8 characters, and at most 256 bytes.";

/// Makes and checks hashes, so many at once.
#[derive(Debug)]
pub struct Hasher {
    /// Has a slot for each hash that may be made at a time.
    enter: Sender<()>,
    leave: Receiver<()>,
    /// What a password is checked against where there is no account, so that this takes the same time.
    decoy: PasswordHash,
}

impl Hasher {
    /// A hasher that makes at most `at_once` hashes at a time. Fails if the system gives no random numbers.
    pub fn new(at_once: usize) -> Result<Hasher, password_hash::Error> {
        let (enter, leave) = bounded(at_once.max(1));
        Ok(Hasher { enter, leave, decoy: hash(b"nobody has this password")? })
    }

    /// The hash of a new password, in PHC form with a salt of its own.
    pub fn hash(&self, password: &[u8]) -> Result<PasswordHash, password_hash::Error> {
        self.in_turn(|| hash(password))
    }

    /// Whether `password` is the one of `expected`. Takes equally long where there is nothing to compare with.
    pub fn verify(&self, password: &[u8], expected: Option<&PasswordHash>) -> bool {
        let password = if is_length_allowed(password) { password } else { b"" };
        let matches = self.in_turn(|| verify(password, expected.unwrap_or(&self.decoy)));
        matches && expected.is_some()
    }

    fn in_turn<T>(&self, work: impl FnOnce() -> T) -> T {
        let _ = self.enter.send(());
        let result = work();
        let _ = self.leave.recv();
        result
    }
}

/// Whether a password is neither too short nor too long.
pub fn is_length_allowed(password: &[u8]) -> bool {
    password.len() <= PASSWORD_MAX_BYTES && String::from_utf8_lossy(password).chars().count() >= PASSWORD_MIN_CHARS
}

fn hash(password: &[u8]) -> Result<PasswordHash, password_hash::Error> {
    let hash = Argon2::default().hash_password(password)?;
    Ok(PasswordHash(hash.to_string().into()))
}

fn verify(password: &[u8], expected: &PasswordHash) -> bool {
    match phc::PasswordHash::new(&expected.0) {
        Ok(expected) => Argon2::default().verify_password(password, &expected).is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let hasher = Hasher::new(2).unwrap();
        let hash = hasher.hash(b"correct horse").unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify(b"correct horse", Some(&hash)));
        assert!(!hasher.verify(b"wrong horse..", Some(&hash)));
        assert!(!hasher.verify(b"nobody has this password", None));
        assert!(!hasher.verify(b"correct horse", Some(&PasswordHash("!".into()))));
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
