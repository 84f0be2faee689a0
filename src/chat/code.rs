//! One-time codes that can be read out, such as `maple-otter-42`.

use std::fmt;
use std::sync::Arc;

/// The words of codes: short, common, and hard to mishear. There are 256, so each word has 8 bits.
const WORDS: [&str; 256] = include!("words.in");

/// Random bytes of [`Code::invitation`].
pub const INVITATION_BYTES: usize = 3;
/// Random bytes of [`Code::operator`].
pub const OPERATOR_BYTES: usize = 6;

/// A one-time code: words and a two-digit number, joined by `-`, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// A code that lets one person into a room: two words and a number, one of 5.9 million. That is enough because a code
    /// expires and wrong codes are limited per account.
    pub fn invitation(random: [u8; INVITATION_BYTES]) -> Code {
        Code::of(&random)
    }

    /// A code that makes somebody an operator: five words and a number, one of 10^14.
    pub fn operator(random: [u8; OPERATOR_BYTES]) -> Code {
        Code::of(&random)
    }

    /// A code as somebody typed it, in lower case. Any text is accepted; the lookup shows whether there is such a code.
    pub fn typed(text: &str) -> Code {
        Code(text.to_ascii_lowercase().into())
    }

    /// Whether there is something in `text` that has the form of a code, in any case of letters: alone also with spaces, as
    /// codes are read out.
    pub fn is_in(text: &str) -> bool {
        let is_separator = |c: char| !c.is_ascii_alphanumeric();
        let is_word = |part: &&str| WORDS.iter().any(|known| known.eq_ignore_ascii_case(part));
        // An operator's code ends like one for a room.
        let has_form = |parts: &[&str]| {
            let Some((number, words)) = parts.split_last() else { return false };
            number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit()) && words.iter().all(is_word)
        };
        let whole: Vec<&str> = text.split(is_separator).filter(|part| !part.is_empty()).collect();
        let is_joined = |word: &str| {
            let parts: Vec<&str> = word.split('-').collect();
            parts.windows(INVITATION_BYTES).any(has_form)
        };
        (whole.len() >= INVITATION_BYTES && has_form(&whole))
            || text.split(|c: char| is_separator(c) && c != '-').any(is_joined)
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last random byte chooses the number, each of the others a word.
    fn of(random: &[u8]) -> Code {
        let (number, words) = random.split_last().expect("a code has random bytes");
        let mut code = String::new();
        for byte in words {
            code.push_str(WORDS[usize::from(*byte)]);
            code.push('-');
        }
        code.push_str(&(10 + u32::from(*number) * 90 / 256).to_string());
        Code(code.into())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A code is a secret, so it is never logged.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Name;

    #[test]
    fn a_code_is_words_and_a_number() {
        let code = Code::invitation([0, 255, 255]);
        assert_eq!(code.as_str(), format!("{}-{}-99", WORDS[0], WORDS[255]));
        assert_eq!(Code::operator([1, 2, 3, 4, 5, 0]).as_str().split('-').count(), 6);
    }

    #[test]
    fn the_form_of_a_code_is_recognised() {
        let code = Code::operator([1, 2, 3, 4, 5, 0]);
        let check = |text: &str, expected: bool| assert_eq!(Code::is_in(text), expected, "{text}");
        for text in [
            code.as_str(),
            "maple-otter-42",
            "MAPLE-Otter-42",
            "maple otter 42",
            " maple-otter-42.",
            "maple - otter - 42",
        ] {
            check(text, true);
        }
        check(&format!("operator {code}"), true);
        check("the code is \"maple-otter-42\", once", true);
        check("/accept:maple-otter-42", true);
        check("x-maple-otter-42-x", true);
        for text in
            ["maple-otter", "maple otter", "otter-42", "maple-otter-4", "maple-otter-421", "hello 42", "42", "", "---"]
        {
            check(text, false);
        }
        check("we saw a maple otter 42 times", false);
        check("sha-256 on 2026-11-22", false);
    }

    #[test]
    fn words_are_distinct_short_and_plain() {
        let mut words = WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 256);
        assert!(words.iter().all(|word| (3..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn an_invitation_code_fits_where_a_name_does() {
        let longest = WORDS.iter().enumerate().max_by_key(|(_, word)| word.len()).unwrap().0;
        let code = Code::invitation([u8::try_from(longest).unwrap(), u8::try_from(longest).unwrap(), 7]);
        assert!(Name::parse(code.as_str()).is_ok());
    }
}
