//! The word by which a client recognises the answer to its request.

/// Longest reference, in bytes.
pub const REFERENCE_MAX_BYTES: usize = 64;

/// The reference of a request: any text of up to [`REFERENCE_MAX_BYTES`] bytes, which goes back with the answer. It may
/// have characters that must not be sent as they are, so each protocol quotes it in its own way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference(Box<str>);

impl Reference {
    /// The reference `text`, if it is not too long.
    pub fn of(text: &str) -> Option<Reference> {
        (text.len() <= REFERENCE_MAX_BYTES).then(|| Reference(text.into()))
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
