//! What was typed at the last prompts, so that a copy of it is not taken for a line: a person whose login is slow types the
//! password again.

use zeroize::Zeroizing;

use crate::protocol::Secret;

/// After so many other lines no copy is expected any more.
const OTHER_LINES_MAX: u32 = 3;
/// Most secrets that are kept; a change of the password has three.
const SECRETS_MAX: usize = 4;
/// Longest text that is compared by slips; a password has at most 256 bytes.
const SLIPS_MAX_BYTES: usize = 300;

/// The secrets of the last prompts, until a few other lines have come.
#[derive(Debug, Default)]
pub struct RecentSecrets {
    secrets: Vec<Secret>,
    other_lines: u32,
    /// Prompts have failed, and their answer may come as the next line.
    is_awaited: bool,
}

impl RecentSecrets {
    /// Keeps a copy of a secret that was just typed.
    pub fn keep(&mut self, secret: &Secret) {
        if self.secrets.len() == SECRETS_MAX {
            self.secrets.remove(0);
        }
        self.secrets.push(Secret::new(secret.as_bytes().to_vec()));
        self.other_lines = 0;
        self.is_awaited = false;
    }

    /// The prompts have failed: their answer may come yet, from somebody who has not read that.
    pub fn await_another(&mut self) {
        self.is_awaited = true;
    }

    /// Whether `line` is the first since prompts have failed. Not if it is empty or a command, which nobody else hears.
    pub fn is_awaited(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        !line.is_empty() && std::mem::take(&mut self.is_awaited) && (!line.starts_with(b"/") || line.starts_with(b"//"))
    }

    /// Whether `line` is like one of them: the same but for two slips or the case of letters, more than one of them on a
    /// line, or a half of one. Once enough other lines have come they are forgotten, so that nobody at the terminal can
    /// find out a password by trying.
    pub fn is_like(&mut self, line: &[u8]) -> bool {
        if self.secrets.is_empty() || line.trim_ascii().is_empty() {
            return false;
        }
        if self.secrets.iter().any(|secret| are_alike(secret.as_bytes(), line)) {
            return true;
        }
        self.other_lines += 1;
        if self.other_lines >= OTHER_LINES_MAX {
            self.secrets.clear();
        }
        false
    }
}

fn are_alike(secret: &[u8], line: &[u8]) -> bool {
    /// A shorter text is too likely to be part of another by chance.
    const PART_MIN_CHARS: usize = 4;
    let plain = |bytes: &[u8]| Zeroizing::new(String::from_utf8_lossy(bytes).trim().to_lowercase());
    let (secret, line) = (plain(secret), plain(line));
    let (chars, line_chars) = (secret.chars().count(), line.chars().count());
    if secret.is_empty() || *secret == *line {
        return !secret.is_empty();
    }
    let is_inside = chars >= PART_MIN_CHARS && line.contains(secret.as_str());
    let is_half = line_chars >= PART_MIN_CHARS
        && line_chars * 2 >= chars
        && (secret.starts_with(line.as_str()) || secret.ends_with(line.as_str()));
    let slips_max = if chars < 8 { 1 } else { 2 };
    let is_short = secret.len().max(line.len()) <= SLIPS_MAX_BYTES && chars >= PART_MIN_CHARS;
    let has_slips = || is_short && strsim::osa_distance(&secret, &line) <= slips_max;
    is_inside || is_half || has_slips()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(secrets: &[&str]) -> RecentSecrets {
        let mut recent = RecentSecrets::default();
        secrets.iter().for_each(|secret| recent.keep(&Secret::new(secret.as_bytes().to_vec())));
        recent
    }

    #[test]
    fn the_line_after_prompts_that_failed_may_be_their_answer() {
        let mut secrets = recent(&[]);
        assert!(!secrets.is_awaited(b"hello"));
        secrets.await_another();
        assert!(!secrets.is_awaited(b" "), "nothing");
        assert!(secrets.is_awaited(b"kettle on the hob"));
        assert!(!secrets.is_awaited(b"kettle on the hob"), "typed again");
        secrets.await_another();
        assert!(!secrets.is_awaited(b"/who") && !secrets.is_awaited(b"hello"), "who types a command has read it");
        secrets.await_another();
        secrets.keep(&Secret::new(b"kettle".to_vec()));
        assert!(!secrets.is_awaited(b"hello"), "other prompts were answered");
    }

    #[test]
    fn a_copy_is_known_with_slips_doubled_or_by_half() {
        let check = |line: &str, expected: bool| {
            assert_eq!(recent(&["kettle on the hob"]).is_like(line.as_bytes()), expected, "{line:?}");
        };
        for line in [
            "kettle on the hob",
            "  kettle on the hob ",
            "KETTLE on the hob",
            "kettle on teh hob",
            "ketle on the hop",
            "kettle on the hobkettle on the hob",
            "x kettle on the hob",
            "kettle on the",
            "on the hob",
        ] {
            check(line, true);
        }
        for line in ["hello", "the kettle is on the hob", "kettle", "", "/quit"] {
            check(line, false);
        }
        assert!(!recent(&["no"]).is_like(b"nobody"), "too short for anything but equality");
        assert!(recent(&["no"]).is_like(b"no"));
        assert!(!recent(&[""]).is_like(b"hello"));
        assert!(recent(&["\u{e9}\u{e9}\u{e9}\u{e9}1"]).is_like("\u{e9}\u{e9}\u{e9}\u{e9}2".as_bytes()));
    }

    #[test]
    fn all_of_the_last_prompts_count_until_other_lines_have_come() {
        let mut secrets = recent(&["password-one", "something-two", "another-three"]);
        for _ in 0..10 {
            assert!(secrets.is_like(b"password-one") && secrets.is_like(b"another-three") && !secrets.is_like(b" "));
        }
        assert!(!secrets.is_like(b"hello"));
        assert!(!secrets.is_like(b"/history"));
        assert!(secrets.is_like(b"something-two"));
        assert!(!secrets.is_like(b"it is late"));
        assert!(!secrets.is_like(b"something-two"), "they are forgotten");
        assert!(secrets.secrets.is_empty());
    }

    #[test]
    fn no_more_is_kept_than_the_last_prompts_gave() {
        let mut secrets = recent(&["secret-1", "secret-2", "secret-3", "secret-4", "passphrase-5"]);
        assert_eq!(secrets.secrets.len(), SECRETS_MAX);
        assert!(secrets.is_like(b"passphrase-5"));
    }
}
