//! Password hashes: Argon2id with the parameters that OWASP gives as the minimum (19 MiB, 2 passes, 1 lane).
//!
//! A hash takes about 30 ms of one core, so it is made by the thread of whoever needs it, never by the broker, and only
//! a few at a time.

use std::fmt;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
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
    /// The memory for each hash that may be made at a time: whoever holds it makes one. It is kept, because 19 MiB from the
    /// allocator for every client's thread would stay in the arenas of all of them (measured: 1.4 GiB after 100 logins).
    memories: Receiver<Vec<Block>>,
    give_back: Sender<Vec<Block>>,
    /// What a password is checked against where there is no account, so that this takes the same time.
    decoy: PasswordHash,
}

/// A hash could not be made.
#[derive(Debug)]
pub struct HashError(String);

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Hasher {
    /// A hasher that makes at most `at_once` hashes at a time. Fails if the system gives no random numbers.
    pub fn new(at_once: usize) -> Result<Hasher, HashError> {
        let (give_back, memories) = bounded(at_once.max(1));
        for _ in 0..at_once.max(1) {
            let _ = give_back.send(Vec::new());
        }
        let mut hasher = Hasher { memories, give_back, decoy: PasswordHash("".into()) };
        hasher.decoy = hasher.hash(b"nobody has this password")?;
        Ok(hasher)
    }

    /// The hash of a new password, in PHC form with a salt of its own.
    pub fn hash(&self, password: &[u8]) -> Result<PasswordHash, HashError> {
        let failed = |error: &dyn fmt::Display| HashError(error.to_string());
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| failed(&error))?;
        let params = Params::default();
        let output = self.compute(&params, password, &salt).map_err(|error| failed(&error))?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|error| failed(&error))?,
            salt: Some(Salt::new(&salt).map_err(|error| failed(&error))?),
            hash: Some(output),
        };
        Ok(PasswordHash(hash.to_string().into()))
    }

    /// Whether `password` is the one of `expected`. Takes equally long where there is nothing to compare with.
    pub fn verify(&self, password: &[u8], expected: Option<&PasswordHash>) -> bool {
        let password = if is_length_allowed(password) { password } else { b"" };
        let matches = self.matches(password, expected.unwrap_or(&self.decoy)).unwrap_or(false);
        matches && expected.is_some()
    }

    /// `None` for what is no hash at all.
    fn matches(&self, password: &[u8], expected: &PasswordHash) -> Option<bool> {
        let expected = phc::PasswordHash::new(&expected.0).ok()?;
        let params = Params::try_from(&expected).ok()?;
        let output = self.compute(&params, password, expected.salt.as_ref()?.as_ref()).ok()?;
        // Outputs are compared in constant time.
        Some(expected.hash? == output)
    }

    /// Waits for its turn.
    fn compute(&self, params: &Params, password: &[u8], salt: &[u8]) -> Result<Output, HashError> {
        let mut memory = self.memories.recv().map_err(|error| HashError(error.to_string()))?;
        memory.resize(params.block_count(), Block::default());
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let computed = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut memory);
        let _ = self.give_back.send(memory);
        computed.map_err(|error| HashError(error.to_string()))?;
        Output::new(&output).map_err(|error| HashError(error.to_string()))
    }
}

/// Whether a password is neither too short nor too long.
pub fn is_length_allowed(password: &[u8]) -> bool {
    password.len() <= PASSWORD_MAX_BYTES && String::from_utf8_lossy(password).chars().count() >= PASSWORD_MIN_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordVerifier;

    #[test]
    fn only_the_right_password_is_right() {
        let hasher = Hasher::new(2).unwrap();
        let hash = hasher.hash(b"correct horse").unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify(b"correct horse", Some(&hash)));
        assert!(!hasher.verify(b"wrong horse..", Some(&hash)));
        assert!(!hasher.verify(b"nobody has this password", None));
        assert!(!hasher.verify(b"correct horse", Some(&PasswordHash("!".into()))));
        // As the library itself would check it.
        assert!(Argon2::default().verify_password(b"correct horse", &*hash.0).is_ok());
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
