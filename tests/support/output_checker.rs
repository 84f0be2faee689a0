//! Checks every byte that any test client receives, and every line of every test server's log.
//!
//! Required are: valid UTF-8; no control character except the line end, and none that changes the direction
//! of text; one event is one line, whose first characters give its kind; telnet commands only around rows of password
//! prompts, or to a client that sent one first, as the answer or as the one request for all eight bits; and no password anywhere. Every password of the tests
//! starts with [`MARKER`], so a single search finds any of them.

use chat_server::chat::is_forbidden;

/// The prefix of every password of the tests. It may never be sent to a client or logged.
pub const MARKER: &str = "password-of-";

/// The prompts behind which the client hides input.
const PROMPTS: [&str; 6] = [
    "-- Password:",
    "-- Code:",
    "-- Once more:",
    "-- Current password:",
    "-- New password, 8 characters or more:",
    "-- New password again:",
];

const IAC: u8 = 255;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const BINARY: u8 = 0;
const ECHO: u8 = 1;

/// The checker of one connection. Panics at the first fault.
#[derive(Debug, Default)]
pub struct OutputChecker {
    /// Bytes of a line that is not complete yet.
    partial: Vec<u8>,
    /// The client has sent telnet commands, so the server may answer them.
    speaks_telnet: bool,
    /// The server has sent DO BINARY.
    asked_for_binary: bool,
    /// The server has sent WILL ECHO, and not yet WONT ECHO.
    hides: bool,
    /// The server has just sent WILL ECHO: the next line must be a prompt.
    prompt_due: bool,
}

/// A line that passed the check.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The line without its end and without telnet commands.
    pub text: String,
    /// The server sent WILL ECHO before it.
    pub hides_input: bool,
}

impl OutputChecker {
    /// Records bytes that the client sends: a telnet command may be answered by one.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.speaks_telnet |= bytes.contains(&IAC);
    }

    /// Checks received bytes, and returns the lines that are now complete, including empty ones.
    #[track_caller]
    pub fn received(&mut self, bytes: &[u8]) -> Vec<Line> {
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut rest = std::mem::take(&mut self.partial);
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            lines.push(self.check(&rest[..end]));
            rest.drain(..end + 2);
        }
        self.partial = rest;
        lines
    }

    /// The bytes after the last complete line.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    #[track_caller]
    fn check(&mut self, line: &[u8]) -> Line {
        let (mut plain, mut hides_input) = (line, false);
        while let [IAC, verb, option, rest @ ..] = plain {
            match (*verb, *option) {
                // Once for a row of prompts, so that nothing is shown between them.
                (WILL, ECHO) if !self.hides => {
                    (self.hides, self.prompt_due, hides_input) = (true, true, true);
                }
                (WONT, ECHO) if self.hides => self.hides = false,
                (DO, BINARY) if self.speaks_telnet && !self.asked_for_binary => self.asked_for_binary = true,
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

/// Checks the log of a server: each line has a time and a level, or is the final message of a process that ends; no line
/// holds a control character or a password.
#[track_caller]
pub fn check_log(log: &str) {
    // A line that a kill has truncated has no end.
    for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        assert!(!line.contains(MARKER), "a password is in the log: {line}");
        assert!(!line.chars().any(is_forbidden), "forbidden character in the log: {line:?}");
        let level = line.split_once(" [").map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
        let has_level = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level);
        let has_time = line.as_bytes().get(10) == Some(&b'T');
        // The runtime prints these when an allocation fails.
        let is_last_word = line.starts_with("memory allocation of ") || line.starts_with("skipping backtrace printing");
        let is_own = line.starts_with("chat-server: ") || is_last_word;
        assert!((has_time && has_level) || is_own, "no line of a log: {line:?}");
    }
}

mod tests {
    use super::*;

    /// Whether the checker accepts these bytes.
    fn passes(telnet: bool, bytes: &[u8]) -> bool {
        let mut checker = OutputChecker { speaks_telnet: telnet, ..OutputChecker::default() };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| checker.received(bytes))).is_ok()
    }

    #[test]
    fn correct_output_passes_and_nothing_else() {
        let right: [&[u8]; 4] = [
            "-- Chat\r\n[09:30] #tea bob: שלום 👩‍👩‍👧\r\n".as_bytes(),
            b"\xff\xfb\x01-- Password:\r\n\xff\xfc\x01-! Wrong\r\n",
            b"\xff\xfb\x01-- Password:\r\n-- Once more:\r\n\xff\xfc\x01-! No\r\n",
            b"\r\n-- a line that is not whole",
        ];
        for bytes in right {
            assert!(passes(false, bytes), "{}", bytes.escape_ascii());
        }
        let wrong: [&[u8]; 13] = [
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
            b"\xff\xfb\x01-- Password:\r\n\xff\xfb\x01-- Once more:\r\n",
            b"\xff\xfd\x00-- Welcome\r\n",
        ];
        for bytes in wrong {
            assert!(!passes(false, bytes), "{}", bytes.escape_ascii());
        }
        assert!(passes(true, b"\xff\xfc\x1f-- Welcome\r\n"));
        assert!(!passes(true, b"\xff\xfb\x1f-- Welcome\r\n"));
        assert!(passes(true, b"\xff\xfd\x00-- Welcome\r\n"));
        assert!(!passes(true, b"\xff\xfd\x00-- Welcome\r\n\xff\xfd\x00-- Again\r\n"));
    }

    #[test]
    fn a_log_line_has_a_time_and_a_level_and_no_secret() {
        let passes = |log: &str| std::panic::catch_unwind(|| check_log(log)).is_ok();
        let line = |text: &str| format!("2026-11-24T09:30:00.000Z [INFO] {text}\n");
        assert!(passes(&line("listening")) && passes("chat-server: cannot listen\n") && passes("torn apar"));
        for wrong in [line("a\x1b[2J"), line("password-of-ana"), "thread panicked at\n".to_owned()] {
            assert!(!passes(&wrong), "{wrong}");
        }
    }
}
