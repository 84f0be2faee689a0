//! Tokens: how they are drawn, written and known again.
//!
//! A token has 160 random bits, so nobody finds it by trying, and a plain fast hash of it is enough: logging in by a
//! token costs no password hash. The chat keeps digests only.

use std::fmt;

use blake2::{Blake2s256, Digest};

use crate::chat::{TokenDigest, TokenSecret};

/// What every token starts with, so that people and programs know one when they see it.
pub const PREFIX: &str = "token:";
/// How many random bytes a token has.
const RANDOM_BYTES: usize = 20;
/// Digits of base 32 (RFC 4648, in lower case): five bits each.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// How many digits a token has.
const LENGTH: usize = RANDOM_BYTES * 8 / 5;

/// The system gave no random numbers.
#[derive(Debug)]
pub struct NoRandomness(getrandom::Error);

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system gives no random numbers: {}", self.0)
    }
}

/// A new token and its digest.
pub fn draw() -> Result<(TokenSecret, TokenDigest), NoRandomness> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(NoRandomness)?;
    let secret = written(&random);
    let digest = digest_of(secret.as_bytes());
    Ok((TokenSecret(secret.into()), digest))
}

/// The digest of what somebody gave as a password, if it is written like a token. No password has that form by accident.
pub fn digest(given: &[u8]) -> Option<TokenDigest> {
    let digits = given.strip_prefix(PREFIX.as_bytes())?;
    let is_token = digits.len() == LENGTH && digits.iter().all(|digit| DIGITS.contains(digit));
    is_token.then(|| digest_of(given))
}

fn digest_of(token: &[u8]) -> TokenDigest {
    TokenDigest(Blake2s256::digest(token).into())
}

fn written(random: &[u8; RANDOM_BYTES]) -> String {
    let mut token = String::from(PREFIX);
    // Five bytes are eight digits.
    for bytes in random.chunks(5) {
        let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        token.extend((0..8).rev().map(|place| char::from(DIGITS[(bits >> (5 * place) & 31) as usize])));
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_by_its_digest_alone() {
        let (secret, kept) = draw().unwrap();
        assert_eq!(digest(secret.0.as_bytes()), Some(kept));
        assert_ne!(draw().unwrap().1, kept);
        assert_eq!(secret.0.len(), PREFIX.len() + LENGTH);
    }

    #[test]
    fn a_password_is_no_token() {
        let check = |given: &str, expected: bool| assert_eq!(digest(given.as_bytes()).is_some(), expected, "{given}");
        check(&format!("token:{}", "a2".repeat(16)), true);
        check(&format!("token:{}", "A2".repeat(16)), false);
        check(&format!("token:{}", "a2".repeat(15)), false);
        check(&"a2".repeat(16), false);
        check("token:hunter22", false);
    }

    #[test]
    fn digits_are_those_of_the_standard() {
        // RFC 4648, section 10, in lower case and without padding.
        assert_eq!(written(b"foobafoobafoobafooba"), format!("token:{}", "mzxw6ytb".repeat(4)));
        assert_eq!(RANDOM_BYTES * 8, 160);
    }
}
