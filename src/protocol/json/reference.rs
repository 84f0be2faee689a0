//! The word by which a program knows its request again in the answer.

use crate::chat::is_forbidden;

/// Longest reference, in bytes.
pub const REFERENCE_MAX_BYTES: usize = 64;

/// The `ref` of a request: any text of up to [`REFERENCE_MAX_BYTES`] bytes, given back as it came. Kept as the JSON
/// string in which it goes back, in which what may not be sent raw is escaped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference(Box<str>);

impl Reference {
    /// The reference `text`, if it is not too long.
    pub fn of(text: &str) -> Option<Reference> {
        (text.len() <= REFERENCE_MAX_BYTES).then(|| Reference(quoted(text).into()))
    }

    /// As a JSON string, quotation marks included.
    pub(super) fn as_json(&self) -> &str {
        &self.0
    }
}

/// `text` as a JSON string of which every character may be sent.
fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // None of these is beyond the first 65,536 characters, so four digits are enough.
            c if is_forbidden(c) => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_comes_back_as_it_came_and_in_characters_that_may_be_sent() {
        let check = |text: &str| {
            let reference = Reference::of(text).unwrap();
            assert!(!reference.as_json().chars().any(is_forbidden), "{reference:?}");
            assert_eq!(serde_json::from_str::<String>(reference.as_json()).unwrap(), text);
        };
        check("");
        check("17");
        check("a \"quoted\" \\ word");
        check("\u{0}\t\r\n\u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028}\u{feff}");
        check("ünï👋");
        assert!(Reference::of(&"x".repeat(REFERENCE_MAX_BYTES)).is_some());
        assert_eq!(Reference::of(&"x".repeat(REFERENCE_MAX_BYTES + 1)), None);
    }
}
