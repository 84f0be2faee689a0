//! Tokens: drawing them, their text form, and their digests.
//!
//! A token has 160 random bits, so it cannot be guessed, and a fast hash is enough: a login by token costs no password
//! hash. Only the digest is stored.

use std::fmt;

use blake2::{Blake2s256, Digest};

use crate::chat::{Code, OPERATOR_BYTES, TokenDigest, TokenSecret};

/// Random bytes of a token.
const RANDOM_BYTES: usize = TokenSecret::LENGTH * 5 / 8;

/// The system gave no random numbers.
#[derive(Debug)]
pub struct NoRandomness(getrandom::Error);

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system gives no random numbers: {}", self.0)
    }
}

/// Draws a new token; returns its secret and its digest.
pub fn draw() -> Result<(TokenSecret, TokenDigest), NoRandomness> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(NoRandomness)?;
    let secret = written(&random);
    let digest = digest_of(secret.as_bytes());
    Ok((TokenSecret(secret.into()), digest))
}

/// Draws a one-time code that is kept as a digest; returns both.
pub fn draw_code() -> Result<(Code, TokenDigest), NoRandomness> {
    let mut random = [0; OPERATOR_BYTES];
    getrandom::fill(&mut random).map_err(NoRandomness)?;
    let code = Code::operator(random);
    let digest = digest_of(code.as_str().as_bytes());
    Ok((code, digest))
}

/// The digest of a one-time code as somebody typed it: in any case of letters, with spaces or hyphens. `None` for what has not
/// the form of one.
pub fn code_digest(typed: &[u8]) -> Option<TokenDigest> {
    let typed = str::from_utf8(typed).ok()?;
    let parts: Vec<&str> =
        typed.split(|c: char| c == '-' || c.is_whitespace()).filter(|part| !part.is_empty()).collect();
    let (number, words) = parts.split_last()?;
    let is_code = parts.len() == OPERATOR_BYTES
        && words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && number.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| digest_of(Code::typed(&parts.join("-")).as_str().as_bytes()))
}

/// The digest of a password that has the form of a token; `None` for any other. No password has that form by accident.
pub fn digest(given: &[u8]) -> Option<TokenDigest> {
    let digits = given.strip_prefix(TokenSecret::PREFIX.as_bytes())?;
    let is_token =
        digits.len() == TokenSecret::LENGTH && digits.iter().all(|digit| TokenSecret::DIGITS.contains(digit));
    is_token.then(|| digest_of(given))
}

fn digest_of(token: &[u8]) -> TokenDigest {
    TokenDigest(Blake2s256::digest(token).into())
}

fn written(random: &[u8; RANDOM_BYTES]) -> String {
    let mut token = String::from(TokenSecret::PREFIX);
    // Five bytes are eight digits.
    for bytes in random.chunks(5) {
        let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        token.extend((0..8).rev().map(|place| char::from(TokenSecret::DIGITS[(bits >> (5 * place) & 31) as usize])));
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_digest() {
        let (secret, kept) = draw().unwrap();
        assert_eq!(digest(secret.0.as_bytes()), Some(kept));
        assert_ne!(draw().unwrap().1, kept);
        assert_eq!(secret.0.len(), TokenSecret::PREFIX.len() + TokenSecret::LENGTH);
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
    fn a_code_is_recognised_however_it_is_typed() {
        let (code, kept) = draw_code().unwrap();
        for typed in
            [code.to_string(), code.to_string().to_uppercase(), format!(" {} ", code.to_string().replace('-', " "))]
        {
            assert_eq!(code_digest(typed.as_bytes()), Some(kept), "{typed}");
        }
        assert_ne!(draw_code().unwrap().1, kept);
        for typed in
            ["", "maple-otter-42", "hunter22", "a-b-c-d-e-f", "1-2-3-4-5-6", "maple-otter-river-stone-lamp-42-x"]
        {
            assert_eq!(code_digest(typed.as_bytes()), None, "{typed}");
        }
    }

    #[test]
    fn digits_are_those_of_the_standard() {
        // RFC 4648, section 10, in lower case and without padding.
        assert_eq!(written(b"foobafoobafoobafooba"), format!("token:{}", "mzxw6ytb".repeat(4)));
        assert_eq!(RANDOM_BYTES * 8, 160);
    }
}
