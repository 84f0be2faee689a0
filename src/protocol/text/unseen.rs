//! Commands that are not taken for one, because something that does not show stands before their slash, or because it is
//! another character that looks like one. Said in a room they would show to many what was meant for one.

use unicode_normalization::char::is_combining_mark;

use super::mistake::Mistake;
use super::row::{Found, NOTHING_SENT, Row};
use crate::chat::{PLACEHOLDER, is_forbidden, is_ignorable};

/// Characters that are drawn like a slash.
const SLASHES: &[char] = &[
    '\u{FF0F}', // full-width solidus, of input methods for Chinese and Japanese
    '\u{2044}', '\u{2215}', '\u{29F8}', '\u{29F6}', '\u{2571}', '\u{27CB}', '\u{1735}', '\u{2CC6}', '\u{31D3}',
    '\u{3033}', '\u{4E3F}', '\u{2F03}', '\u{337}', '\u{338}',
];

/// Characters that are drawn like the `@` of a direct message.
const ATS: &[char] = &['\u{FF20}', '\u{FE6B}'];

/// Characters that are near a slash in shape, or stand on its key in some layout. They count where a command follows.
const NEAR: &[char] = &['\\', '\u{FF3C}', '\u{30CE}', '7', ':', '?', '|', '.', '-', '&'];

/// Why a line that would be said is not: it seems to be meant as a command.
pub(super) fn hidden_command(line: &[u8]) -> Option<Mistake> {
    let received = String::from_utf8_lossy(line);
    let text = received.trim_start_matches(is_blank);
    let shown = text.trim_start_matches(|c: char| is_blank(c) || !shows(c));
    let control = "A control character stands before that line, as some keys leave it.";
    let Some(first) = shown.chars().next() else {
        return text.contains(char::is_control).then(|| refused(control, "/"));
    };
    let rest = &shown[first.len_utf8()..];
    if SLASHES.contains(&first) || ATS.contains(&first) || (NEAR.contains(&first) && is_command(rest)) {
        let (looks, plain) = if ATS.contains(&first) { ("an @", "@") } else { ("a slash", "/") };
        return Some(refused(&format!("That line starts with what looks like {looks} and is none."), plain));
    }
    let plain = if first == '@' { "@" } else { "/" };
    if shown.len() < text.len() && matches!(first, '/' | '@') {
        return Some(refused("Something that does not show stands before your command.", plain));
    }
    // What is behind it may be the rest of a key, so where the text begins is not known.
    let unseen = &text[..text.len() - shown.len()];
    if unseen.contains(char::is_control) || begins_with_c1(line) {
        return Some(refused(control, plain));
    }
    None
}

/// White space, as much as is removed from the beginning of a message.
fn is_blank(c: char) -> bool {
    c == '\t' || (c.is_whitespace() && !is_forbidden(c))
}

/// Whether a control character of an encoding with one byte a character, which is no UTF-8, stands before all that shows.
fn begins_with_c1(line: &[u8]) -> bool {
    for chunk in line.utf8_chunks() {
        if chunk.valid().chars().any(|c| !is_blank(c) && shows(c)) {
            return false;
        }
        if chunk.invalid().first().is_some_and(|byte| (0x80..0xa0).contains(byte)) {
            return true;
        }
    }
    false
}

fn refused(what: &str, plain: &str) -> Mistake {
    Mistake::new(format!("{what} {NOTHING_SENT} Type it again with a plain {plain} in front, or begin with a word."))
}

/// Whether the whole first word is one of a command. Full-width letters count, which come with a full-width slash.
fn is_command(rest: &str) -> bool {
    let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    word.len() > 1 && matches!(Row::find(&word), Found::One(row) if row.is_called(&word))
}

/// Whether a reader sees something where `c` stands. Not of what is replaced by a placeholder, what has no shape of its own,
/// what only a private agreement gives a shape, and marks without a letter below them, except those drawn like a slash.
pub(super) fn shows(c: char) -> bool {
    let is_mark = || is_combining_mark(c) && !SLASHES.contains(&c);
    let is_private = matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}');
    let is_replaced = c.is_control() || is_forbidden(c) || c == PLACEHOLDER;
    !(is_replaced || is_ignorable(c) || is_private || is_mark())
}

#[cfg(test)]
mod tests {
    use super::super::line::{Typed, parse};
    use super::*;
    use proptest::prelude::*;

    fn is_refused(line: &[u8]) -> bool {
        matches!(parse(line), Typed::Hidden(mistake) if mistake.text().contains("Nothing was sent."))
    }

    #[test]
    fn a_command_behind_something_unseen_is_refused() {
        let unseen = [
            "\u{c}",
            "\u{7}",
            "\u{1}",
            "\u{200b}",
            "\u{feff}",
            "\u{2060}",
            "\u{ad}",
            "\u{301}",
            "\u{202e}",
            "\u{2800}",
            "\u{3164}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{9b}",
            "\u{9b}A",
            "\u{9b}1;5A",
            " \u{200b} ",
            "\u{a0}\u{200d}",
        ];
        for before in unseen {
            for command in ["/msg bob hi", "@bob hi", "／msg bob hi"] {
                let line = format!("{before}{command}");
                assert!(is_refused(line.as_bytes()), "{line:?}");
            }
        }
        for line in [
            &b"\xff/msg bob hi"[..],
            b"\x9b/msg bob hi",
            b"\x9bA/msg bob hi",
            b"\x9bAmsg bob hi",
            b"\x0cmsg bob hi",
            b"\xc3/msg bob hi",
            b"\x0c",
            b" \x01\x1a ",
            b"\xff\x9bA/msg bob hi",
            b"\xff\t\x9b1;5Amsg bob hi",
        ] {
            assert!(is_refused(line), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_command_behind_another_slash_is_refused() {
        for slash in SLASHES {
            for command in ["msg bob hi", "ｍｓｇ ｂｏｂ hi", " bob"] {
                assert!(is_refused(format!("{slash}{command}").as_bytes()), "{slash:?}");
                assert!(is_refused(format!("  {slash}{command}").as_bytes()), "{slash:?}");
            }
        }
        for line in
            ["＠bob hi", "\\msg bob hi", "7msg bob hi", ":tell bob hi", "?whisper bob hi", "ノmsg bob hi", ".password"]
        {
            assert!(is_refused(line.as_bytes()), "{line:?}");
        }
    }

    #[test]
    fn what_shows_is_said() {
        for line in [
            "hello",
            "1/2",
            "either/or",
            "7 of us",
            "7 msg",
            ":-/",
            "\\o/",
            "...",
            "?",
            "— /r/rust is good",
            "ノート",
            "👩‍🚀 1/2",
            "e\u{301}/a",
            "•/x",
            "Привет /msg",
            "שלום/msg",
            "-1/2",
            ".msgs",
            ":-)",
            "?!",
            "&c",
        ] {
            assert!(matches!(parse(line.as_bytes()), Typed::Ask(_)), "{line:?} is {:?}", parse(line.as_bytes()));
        }
        assert!(matches!(parse(b"\xfcber \x9b"), Typed::Ask(_)), "Latin-1 is said");
        // White space is none of it.
        for line in [" /who", "\t/who", "\u{a0}/who", "\u{3000}/who"] {
            assert!(matches!(parse(line.as_bytes()), Typed::Ask(_)), "{line:?}");
            assert!(hidden_command(line.as_bytes()).is_none(), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_command_behind_unseen_characters_is_said(
            before in proptest::collection::vec(proptest::char::any().prop_filter("unseen", |c| !shows(*c)), 1..6),
            slash in proptest::sample::select(&['/', '@', '\u{FF0F}', '\u{2215}'][..]),
        ) {
            // Tabs alone are white space before a command.
            prop_assume!(before.iter().any(|c| *c != '\t'));
            let before: String = before.into_iter().collect();
            prop_assume!(!before.trim().is_empty());
            let line = format!("{before}{slash}msg bob hi");
            prop_assert!(is_refused(line.as_bytes()), "{:?}", line);
        }
    }
}
