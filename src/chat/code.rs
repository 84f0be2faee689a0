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
