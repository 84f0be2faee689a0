//! Text that is safe to show: one event stays one line, and no text can move a reader's cursor.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;

/// Replaces a forbidden character visibly.
pub const PLACEHOLDER: char = '\u{FFFD}';
/// Most combining marks on one character. No spelling in use has more (Hebrew with cantillation has 5, Tibetan 7); without
/// a bound, marks pile up over the lines of others.
const MARKS_MAX: usize = 8;

/// Text that may be shown as part of a line: valid UTF-8 without control characters, bidirectional overrides and
/// isolates, or line and paragraph separators, and with at most `MARKS_MAX` combining marks on one character.
///
/// A tab has become a space, and each forbidden character and each run of marks beyond the bound [`PLACEHOLDER`], so that
/// a reader sees that something was there. Letters of every script, emoji with their joiners, and right-to-left letters
/// are left as they are.
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
        let (mut shown, mut marks) = (String::with_capacity(text.len()), 0);
        for c in text.chars() {
            match is_combining_mark(c) {
                true => marks += 1,
                // What does not show carries no mark: those after it belong to the character before it.
                false if is_ignorable(c) => {}
                false => marks = 0,
            }
            match c {
                '\t' => shown.push(' '),
                c if is_forbidden(c) => shown.push(PLACEHOLDER),
                _ if marks == MARKS_MAX + 1 && is_combining_mark(c) => shown.push(PLACEHOLDER),
                c if marks <= MARKS_MAX || !is_combining_mark(c) => shown.push(c),
                _ => {}
            }
        }
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

    /// Whether a reader sees nothing of it: it has only white space, characters without a shape, and marks without a
    /// letter to stand on.
    pub fn is_blank(&self) -> bool {
        self.0.chars().all(|c| c.is_whitespace() || is_ignorable(c) || is_combining_mark(c))
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

/// Whether `c` may never be sent to a client inside a line: C0 and C1 controls, bidirectional embeddings, overrides and
/// isolates (Unicode TR 9), line and paragraph separators, and interlinear annotation marks.
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FEFF}')
}

/// Whether `c` has no shape of its own: the default ignorable code points of Unicode (UAX 44) that are no combining marks,
/// the blank Braille pattern, and the anchors and format characters that the list leaves out.
pub fn is_ignorable(c: char) -> bool {
    !c.is_ascii()
        && matches!(c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{8E2}' | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{110BD}' | '\u{13430}'..='\u{1345F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
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
    fn marks_do_not_pile_up_on_one_character() {
        let check = |received: &str, expected: &str| {
            let text = Text::from(received);
            assert_eq!(text.as_str(), expected);
            assert_eq!(Text::from(expected), text, "cleaning it again changes nothing");
        };
        let eight = "\u{300}\u{316}".repeat(4);
        check(&format!("Z{}a", "\u{300}\u{316}".repeat(200)), &format!("Z{eight}\u{FFFD}a"));
        check(&format!("Z{eight}Z{eight}"), &format!("Z{eight}Z{eight}"));
        // Characters without a shape do not begin a new pile.
        check(&format!("Z{}", "\u{300}\u{200b}".repeat(20)), &{
            let (kept, lost) = ("\u{300}\u{200b}".repeat(8), "\u{200b}".repeat(11));
            format!("Z{kept}\u{FFFD}\u{200b}{lost}")
        });
        for spelled in ["Tiếng Việt", "בְּרֵאשִׁ֖ית", "ཧྐྵྨླྺྼྻྂ", "ที่นี่", "🏴\u{E0067}\u{E0062}\u{E007F}", "❤\u{FE0F}"]
        {
            check(spelled, spelled);
        }
    }

    #[test]
    fn a_text_of_which_nothing_shows_is_blank() {
        let check = |text: &str, expected: bool| assert_eq!(Text::from(text).is_blank(), expected, "{text:?}");
        for c in "\u{AD}\u{34F}\u{115F}\u{180B}\u{200B}\u{200E}\u{2060}\u{2800}\u{3000}\u{3164}\u{FE0F}\u{FFA0}\u{13430}\u{E0020}\u{301}".chars() {
            check(&c.to_string(), true);
            check(&format!("{c} {c}{c}"), true);
            check(&format!("{c}a{c}"), false);
        }
        check("", true);
        check("\u{1b}", false);
        check("👩\u{200d}👧", false);
        check(".", false);
    }

    #[test]
    fn overlong_and_surrogate_encodings_do_not_pass() {
        for bad in [&b"\xed\xa0\x80"[..], b"\xf4\x90\x80\x80", b"\xc0\xaf"] {
            assert!(Text::clean(bad).as_str().chars().all(|c| c == PLACEHOLDER));
        }
    }
}
