//! The oracle: judges every byte that any test client receives, and every line of every test server's log.
//!
//! What it holds the server to: valid UTF-8; no control character but the line end, and none that changes the direction
//! of text; one event is one line, which says by its first characters whose it is; telnet commands only around password
//! prompts, or as the answer to a client that spoke telnet first; and no password anywhere. Every password of the tests
//! starts with [`MARKER`], so a single search finds them all.

use chat_server::chat::is_forbidden;

/// What every password of the tests starts with. Nobody may ever be sent it, and no log may hold it.
pub const MARKER: &str = "password-of-";

/// Behind these the client does not show what is typed.
const PROMPTS: [&str; 5] = [
    "-- Password:",
    "-- Once more:",
    "-- Your password as it is now:",
    "-- New password, 8 characters or more:",
    "-- The new one once more:",
];

const IAC: u8 = 255;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DONT: u8 = 254;
const ECHO: u8 = 1;

/// The judge of one connection. Panics at the first fault.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Bytes that are no whole line yet.
    partial: Vec<u8>,
    /// The client has sent telnet commands of its own, so the server may answer them.
    speaks_telnet: bool,
    /// The server has announced that it shows what is typed, and has not yet taken that back.
    hides: bool,
    /// It has just announced it: the next line must be a prompt.
    prompt_due: bool,
}

/// A line as the oracle leaves it.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Without its end, and without telnet commands.
    pub text: String,
    /// The server asked in front of it that what is typed be hidden.
    pub hides_input: bool,
}

impl Oracle {
    /// Tells what the client sends: whoever sends a telnet command may be answered by one.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.speaks_telnet |= bytes.contains(&IAC);
    }

    /// Judges what the client has received, and gives the lines that are whole now. Empty ones too.
    #[track_caller]
    pub fn received(&mut self, bytes: &[u8]) -> Vec<Line> {
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut rest = std::mem::take(&mut self.partial);
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            lines.push(self.judge(&rest[..end]));
            rest.drain(..end + 2);
        }
        self.partial = rest;
        lines
    }

    /// What came behind the last whole line.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    #[track_caller]
    fn judge(&mut self, line: &[u8]) -> Line {
        let (mut plain, mut hides_input) = (line, false);
        while let [IAC, verb, option, rest @ ..] = plain {
            match (*verb, *option) {
                // Twice in a row is how the second of two prompts follows the first without showing anything between.
                (WILL, ECHO) => {
                    (self.hides, self.prompt_due, hides_input) = (true, true, true);
                }
                (WONT, ECHO) if self.hides => self.hides = false,
                (WONT | DONT, _) if self.speaks_telnet => {}
                _ => panic!("telnet command nobody asked for: {}", line.escape_ascii()),
            }
            plain = rest;
        }
        let text = String::from_utf8(plain.to_vec()).unwrap_or_else(|_| panic!("not UTF-8: {}", line.escape_ascii()));
        assert!(!text.chars().any(is_forbidden), "forbidden character in {text:?}");
        assert!(!text.contains(MARKER), "a password was sent to a client: {text:?}");
        let is_known = text.is_empty() || ["[", "-- ", "-! "].iter().any(|start| text.starts_with(start));
        assert!(is_known, "a line that does not say whose it is: {text:?}");
        if std::mem::take(&mut self.prompt_due) {
            assert!(PROMPTS.contains(&text.as_str()), "input is hidden and nothing asked: {text:?}");
        }
        Line { text, hides_input }
    }
}

/// Judges the log of a server: each line has a time and a level, or is the last word of a program that ends; nothing in
/// it moves a cursor, and there is no password.
#[track_caller]
pub fn judge_log(log: &str) {
    // A line that a kill has torn apart has no end.
    for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        assert!(!line.contains(MARKER), "a password is in the log: {line}");
        assert!(!line.chars().any(is_forbidden), "forbidden character in the log: {line:?}");
        let level = line.split_once(" [").map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
        let has_level = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level);
        let has_time = line.as_bytes().get(10) == Some(&b'T');
        // What the runtime says when the system gives no memory, for which it needs none.
        let is_last_word = line.starts_with("memory allocation of ") || line.starts_with("skipping backtrace printing");
        let is_own = line.starts_with("chat-server: ") || is_last_word;
        assert!((has_time && has_level) || is_own, "no line of a log: {line:?}");
    }
}

mod tests {
    use super::*;

    /// Whether the oracle lets these bytes pass.
    fn passes(telnet: bool, bytes: &[u8]) -> bool {
        let mut oracle = Oracle { speaks_telnet: telnet, ..Oracle::default() };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| oracle.received(bytes))).is_ok()
    }

    #[test]
    fn the_oracle_lets_pass_what_is_right_and_nothing_else() {
        let right: [&[u8]; 4] = [
            "-- Chat\r\n[09:30] #tea bob: שלום 👩‍👩‍👧\r\n".as_bytes(),
            b"\xff\xfb\x01-- Password:\r\n\xff\xfc\x01-! Wrong\r\n",
            b"\xff\xfb\x01-- Password:\r\n\xff\xfc\x01\xff\xfb\x01-- Once more:\r\n",
            b"\r\n-- a line that is not whole",
        ];
        for bytes in right {
            assert!(passes(false, bytes), "{}", bytes.escape_ascii());
        }
        let wrong: [&[u8]; 11] = [
            b"-- a \xc3( b\r\n",
            b"-- a \x1b[2J b\r\n",
            b"-- a \n b\r\n",
            "-- a \u{202e} b\r\n".as_bytes(),
            "-- a \u{2028} b\r\n".as_bytes(),
            "-- a \u{9b} b\r\n".as_bytes(),
            b"hello\r\n",
            b"[09:30] #tea bob: password-of-ana\r\n",
            b"\xff\xfb\x01-- Welcome\r\n",
            b"\xff\xfc\x01-- Welcome\r\n",
            b"\xff\xfc\x1f-- Welcome\r\n",
        ];
        for bytes in wrong {
            assert!(!passes(false, bytes), "{}", bytes.escape_ascii());
        }
        assert!(passes(true, b"\xff\xfc\x1f-- Welcome\r\n"));
        assert!(!passes(true, b"\xff\xfb\x1f-- Welcome\r\n"));
    }

    #[test]
    fn the_oracle_judges_logs() {
        let judge = |log: &str| std::panic::catch_unwind(|| judge_log(log)).is_ok();
        let line = |text: &str| format!("2026-11-24T09:30:00.000Z [INFO] {text}\n");
        assert!(judge(&line("listening")) && judge("chat-server: cannot listen\n") && judge("torn apar"));
        for wrong in [line("a\x1b[2J"), line("password-of-ana"), "thread panicked at\n".to_owned()] {
            assert!(!judge(&wrong), "{wrong}");
        }
    }
}
