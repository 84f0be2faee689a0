//! Text that is safe to show: one event stays one line, and no text can move a reader's cursor.

use std::fmt;
use std::sync::Arc;

/// Replaces a forbidden character visibly.
pub const PLACEHOLDER: char = '\u{FFFD}';

/// Text that may be shown as part of a line: valid UTF-8 without control characters, bidirectional overrides and
/// isolates, or line and paragraph separators.
///
/// A tab has become a space and each forbidden character [`PLACEHOLDER`], so that a reader sees that something was
/// there. Letters of every script, emoji with their joiners, and right-to-left letters are left as they are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Cleans received bytes: those that are not UTF-8 become [`PLACEHOLDER`] too, and white space at both ends is removed.
    pub fn clean(received: &[u8]) -> Text {
        // Most text is printable ASCII, in which nothing is replaced.
        if received.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && let Ok(plain) = std::str::from_utf8(received.trim_ascii())
        {
            return Text(plain.into());
        }
        let text = String::from_utf8_lossy(received);
        let shown: String = text.chars().map(shown).collect();
        Text(shown.trim().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its length in bytes, which the limits count.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::clean(text.as_bytes())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        c if is_forbidden(c) => PLACEHOLDER,
        c => c,
    }
}

/// Whether `c` may never be sent to a client inside a line: C0 and C1 controls, bidirectional embeddings, overrides and
/// isolates (Unicode TR 9), line and paragraph separators, and interlinear annotation marks.
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_shown_becomes_a_visible_placeholder() {
        let check = |received: &[u8], expected: &str| assert_eq!(Text::clean(received).as_str(), expected);
        check(b"hello", "hello");
        check(b"  a\tb  ", "a b");
        check("x\u{1b}[31mred".as_bytes(), "x\u{FFFD}[31mred");
        check(
            "a\u{202e}b\u{2066}c\u{2028}d\u{9b}e\u{85}f".as_bytes(),
            "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e\u{FFFD}f",
        );
        check(b"a\xc3\x28b\xffc\0d\re", "a\u{FFFD}(b\u{FFFD}c\u{FFFD}d\u{FFFD}e");
        check("שלום 👩‍👩‍👧 añb".as_bytes(), "שלום 👩‍👩‍👧 añb");
        check(b"   ", "");
    }

    #[test]
    fn overlong_and_surrogate_encodings_do_not_pass() {
        for bad in [&b"\xed\xa0\x80"[..], b"\xf4\x90\x80\x80", b"\xc0\xaf"] {
            assert!(Text::clean(bad).as_str().chars().all(|c| c == PLACEHOLDER));
        }
    }
}
