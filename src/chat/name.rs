//! Names of accounts and rooms: their characters, and how they compare.
//!
//! A [`Name`] in hand is a valid name. Names are ASCII only, so that no two names look alike by letters of another script,
//! and case folding is one function everywhere (Ergo advises the same after years of look-alike reports).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Shortest name, in characters.
pub const NAME_MIN_CHARS: usize = 2;
/// Longest name, in characters.
pub const NAME_MAX_CHARS: usize = 20;

/// Words that nobody may take as an account name: the server uses them, they are words of commands, or they would make
/// people believe that they speak with somebody in charge.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "all",
    "anonymous",
    "chat",
    "code",
    "everyone",
    "ghost",
    "guest",
    "help",
    "here",
    "info",
    "login",
    "me",
    "mod",
    "moderator",
    "nobody",
    "op",
    "operator",
    "owner",
    "quit",
    "register",
    "root",
    "security",
    "server",
    "staff",
    "support",
    "sysop",
    "system",
    "you",
];

/// The name of an account or a room: 2 to 20 ASCII letters, digits, `-` and `_`, starting with a letter or digit,
/// shown as it was first written, compared without case.
#[derive(Clone)]
pub struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// Shorter than [`NAME_MIN_CHARS`] or longer than [`NAME_MAX_CHARS`].
    Length,
    /// Has a character other than ASCII letters, digits, `-` and `_`, or starts with one of the last two.
    Character,
}

impl Name {
    /// Parses a name; its case is kept.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !text.bytes().all(allowed) || !text.bytes().next().is_none_or(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NameError::Character);
        }
        if !(NAME_MIN_CHARS..=NAME_MAX_CHARS).contains(&text.len()) {
            return Err(NameError::Length);
        }
        Ok(Name(text.into()))
    }

    /// The name as it was first written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in lower case, in which names compare.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// Whether no person may register this name: a reserved word, a name that a deleted account is shown by, or what a
    /// reader could confuse with one. `-`, `_` and the digits that stand for letters (`4dm1n`) do not hide a word.
    pub fn is_reserved(&self) -> bool {
        let plain = |text: &str| -> String {
            let letter = |c: char| match c {
                '3' => 'e',
                '4' => 'a',
                '7' => 't',
                other => other,
            };
            skeleton(text).chars().filter(|c| *c != '-').map(letter).collect()
        };
        let name = plain(&self.0);
        name.starts_with(&plain("ghost")) || RESERVED.iter().any(|word| plain(word) == name)
    }

    /// A form that is equal for names that a reader could confuse as they are shown, in either case. Only for comparing, never
    /// shown or stored.
    ///
    /// One class each are `i I l L 1`, `o O 0`, `s 5`, `z 2`, `b 8` and `- _`; `m` is `rn` and `w` is `vv`. No two digits
    /// share a class, so that numbered names (`user1`, `user2`) stay apart. Letters that only some fonts draw alike are not in
    /// it (`g q 9`, `cl d`): that would forbid names such as `clara` beside `dara`.
    pub fn skeleton(&self) -> String {
        skeleton(&self.0)
    }

    fn folded_bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

fn skeleton(text: &str) -> String {
    let mut skeleton = String::with_capacity(text.len());
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            '0' => skeleton.push('o'),
            '1' | 'i' => skeleton.push('l'),
            '2' => skeleton.push('z'),
            '5' => skeleton.push('s'),
            '8' => skeleton.push('b'),
            '_' => skeleton.push('-'),
            // The pair, not the letter: so `rrn` and `rm`, `vvv` and `wv` are the same however they are read.
            'm' => skeleton.push_str("rn"),
            'w' => skeleton.push_str("vv"),
            other => skeleton.push(other),
        }
    }
    skeleton
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        self.folded_bytes().cmp(other.folded_bytes())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded_bytes().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_to_twenty_plain_characters() {
        let check = |text: &str, expected: Result<(), NameError>| {
            assert_eq!(Name::parse(text).map(|_| ()), expected, "{text:?}");
        };
        check("ana", Ok(()));
        check("Ana-Maria_2", Ok(()));
        check("7up", Ok(()));
        check("12345678901234567890", Ok(()));
        check("123456789012345678901", Err(NameError::Length));
        check("a", Err(NameError::Length));
        check("", Err(NameError::Length));
        check("-ana", Err(NameError::Character));
        check("_a", Err(NameError::Character));
        for text in ["ana maria", "аdmin", "ａｄｍ", "adm\u{131}n", "ad\u{200b}min", "@x1", "#x1", "/x1", "a*", "x\n"]
        {
            check(text, Err(NameError::Character));
        }
    }

    #[test]
    fn names_compare_without_case_everywhere() {
        let (one, two) = (Name::parse("Ana").unwrap(), Name::parse("aNA").unwrap());
        assert_eq!(one, two);
        assert_eq!(one.cmp(&two), Ordering::Equal);
        assert_eq!(one.folded(), two.folded());
        assert_eq!(one.as_str(), "Ana");
    }

    #[test]
    fn the_servers_own_words_are_reserved() {
        let check = |text: &str, expected: bool| {
            assert_eq!(Name::parse(text).unwrap().is_reserved(), expected, "{text}");
        };
        check("Server", true);
        check("SYSTEM", true);
        check("ghost", true);
        check("ghost-17", true);
        for text in ["0perator", "m0derator", "r00t", "gh0st-5", "GHO5T", "he1p", "heIp", "5upport", "0p", "adrnin"] {
            check(text, true);
        }
        for text in ["4dm1n", "ad-min", "mod_", "h3lp", "gue57", "s-t-a-f-f"] {
            check(text, true);
        }
        for text in ["ana", "adminka", "operetta", "rooter", "moss", "hope", "you2", "guest7", "gosh", "mode"] {
            check(text, false);
        }
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |text: &str| Name::parse(text).unwrap().skeleton();
        let alike = |one: &str, other: &str| assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        alike("b0b", "Bob");
        alike("al1ce_x", "allce-x");
        alike("alice", "aIice");
        alike("alice", "aLice");
        alike("mary", "rnary");
        alike("will", "vvilI");
        alike("ROSE", "R05E");
        alike("LIZ", "1i2");
        alike("bob", "8OB");
        alike("vvvera", "wvera");
        alike("vwera", "wvera");
        let differ = |one: &str, other: &str| assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        differ("bob", "bop");
        differ("anna", "ama");
        differ("clara", "dara");
        differ("gina", "qina");
        differ("bern", "ben");
        differ("ann", "arn");
        for one in '0'..='9' {
            for other in ('0'..='9').filter(|other| *other != one) {
                differ(&format!("user{one}"), &format!("user{other}"));
            }
        }
    }
}
