//! A client that sends lines and reads lines, and checks every byte that it receives.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::output_checker::OutputChecker;
use super::server::PATIENCE;
use super::socket::{connect, prepared, receive};

/// A connection that speaks in lines.
pub struct Client {
    socket: TcpStream,
    /// Checks what is received, and splits it into lines.
    checker: OutputChecker,
    /// Lines received, not yet taken by the test.
    lines: std::collections::VecDeque<String>,
    /// Counts synchronisations, so that each has its own answer.
    syncs: u32,
    /// Whether it confirms that it hides input, as telnet does.
    confirms_echo: bool,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::over(connect(address))
    }

    /// A client over a connected socket.
    pub fn over(socket: TcpStream) -> Client {
        Client {
            socket: prepared(socket),
            checker: OutputChecker::default(),
            lines: Default::default(),
            syncs: 0,
            confirms_echo: false,
        }
    }

    /// Sends a line, with its end.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.checker.sent(bytes);
        self.socket.write_all(bytes).expect("the server reads");
    }

    /// Tries to send bytes to a server that may have closed the connection.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.checker.sent(bytes);
        self.socket.write_all(bytes).is_ok()
    }

    /// From now on confirms the ECHO option, as telnet does.
    pub fn hide_input_as_telnet(&mut self) {
        self.confirms_echo = true;
    }

    /// The next line; `None` at the end of the connection.
    pub fn line(&mut self) -> Option<String> {
        while self.lines.is_empty() {
            let mut buffer = [0; 16384];
            match receive(&mut self.socket, &mut buffer) {
                Some(0) => {
                    let partial = self.checker.partial();
                    assert!(partial.is_empty(), "the connection ended within a line: {}", partial.escape_ascii());
                    return None;
                }
                Some(read) => self.take(&buffer[..read]),
                None => return None,
            }
        }
        self.lines.pop_front()
    }

    /// Reads lines until one contains `part`, and returns that line.
    #[track_caller]
    pub fn expect(&mut self, part: &str) -> String {
        let start = Instant::now();
        let mut seen = Vec::new();
        while start.elapsed() < PATIENCE {
            match self.line() {
                Some(line) if line.contains(part) => return line,
                Some(line) => seen.push(line),
                None => panic!("the connection ended before {part:?} came; it had {seen:#?}"),
            }
        }
        panic!("{part:?} did not come in time; it had {seen:#?}");
    }

    /// A barrier: sends a request, and returns the lines before its answer. They include everything that the server did for
    /// this client before, and everything that others did before their `sync`.
    #[track_caller]
    pub fn sync(&mut self) -> Vec<String> {
        self.syncs += 1;
        let mark = format!("sync{}", self.syncs);
        self.send(&format!("/whois {mark}"));
        let mut lines = Vec::new();
        loop {
            match self.line() {
                Some(line) if line.contains(&mark) => return lines,
                Some(line) => lines.push(line),
                None => panic!("the connection ended; it had {lines:#?}"),
            }
        }
    }

    /// Sends a line, and returns the lines up to a [`Client::sync`] behind it.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line);
        self.sync()
    }

    /// Sends a line, and returns the lines up to a [`Client::sync`] behind it, with every time of day as `00:00`.
    #[track_caller]
    pub fn answer(&mut self, line: &str) -> Vec<String> {
        self.ask(line).iter().map(|line| timeless(line)).collect()
    }

    /// Reads to the end of the connection; all lines.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// The messages of `speaker` in `#general` among all lines received so far.
    #[track_caller]
    pub fn messages_from(&mut self, speaker: &str) -> Vec<String> {
        let start = format!("[00:00] #general {speaker}: ");
        let lines = self.sync();
        lines.iter().filter_map(|line| timeless(line).strip_prefix(&start).map(str::to_owned)).collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        for line in self.checker.received(bytes) {
            if self.confirms_echo && line.hides_input {
                // DO ECHO. The server may have closed the connection.
                self.try_send(&[255, 253, 1]);
            }
            if !line.text.is_empty() {
                self.lines.push_back(line.text);
            }
        }
    }
}

/// The line with every time of day as `00:00`.
pub fn timeless(line: &str) -> String {
    let mut bytes = line.as_bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(4) {
        let is_digit = |offset: usize| bytes[at + offset].is_ascii_digit();
        if bytes[at + 2] == b':' && [0, 1, 3, 4].into_iter().all(is_digit) {
            bytes[at..at + 5].copy_from_slice(b"00:00");
        }
    }
    String::from_utf8(bytes).expect("digits were replaced by digits")
}
