//! Passwords and tokens on their way in.

use std::fmt;

use zeroize::Zeroize;

/// A password or a token as it was received. Never shown, and wiped from memory when it is dropped.
#[cfg_attr(test, derive(PartialEq))]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret in `bytes`.
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }

    /// The bytes as they were received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
