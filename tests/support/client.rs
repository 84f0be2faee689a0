//! A client that sends lines and reads lines, and checks every byte that it receives.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::oracle::Oracle;
use super::server::PATIENCE;

/// A connection.
pub struct Client {
    socket: TcpStream,
    /// Judges what is received, and makes lines of it.
    oracle: Oracle,
    /// Lines received that no test has looked at.
    lines: std::collections::VecDeque<String>,
    /// Counts synchronisations, so that each has its own answer.
    syncs: u32,
    /// It confirms that it hides what is typed when it is asked to, as telnet does.
    confirms_echo: bool,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).expect("the server accepts"))
    }

    /// The same over a socket that is connected already.
    pub fn over(socket: TcpStream) -> Client {
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        socket.set_nodelay(true).expect("it can be set");
        Client { socket, oracle: Oracle::default(), lines: Default::default(), syncs: 0, confirms_echo: false }
    }

    /// Sends a line, with its end.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.oracle.sent(bytes);
        self.socket.write_all(bytes).expect("the server reads");
    }

    /// Tries to send bytes to a server that may have closed the connection.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.oracle.sent(bytes);
        self.socket.write_all(bytes).is_ok()
    }

    /// From now on confirms that it hides what is typed, when it is asked to, as telnet does.
    pub fn hide_input_as_telnet(&mut self) {
        self.confirms_echo = true;
    }

    /// The next line; `None` at the end of the connection.
    pub fn line(&mut self) -> Option<String> {
        while self.lines.is_empty() {
            let mut buffer = [0; 16384];
            match receive(&mut self.socket, &mut buffer) {
                Some(0) => {
                    let partial = self.oracle.partial();
                    assert!(partial.is_empty(), "the connection ended within a line: {}", partial.escape_ascii());
                    return None;
                }
                Some(read) => self.take(&buffer[..read]),
                None => return None,
            }
        }
        self.lines.pop_front()
    }

    /// Reads lines until one contains `part`; that line.
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

    /// Reads the lines up to an answer that comes behind everything that the server did for this client before. What
    /// others did before their own `sync` is among them.
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

    /// Sends a line and gives the lines that come for it.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line);
        self.sync()
    }

    /// The same with every time of day as `00:00`, to compare whole lines.
    #[track_caller]
    pub fn answer(&mut self, line: &str) -> Vec<String> {
        self.ask(line).iter().map(|line| timeless(line)).collect()
    }

    /// Reads to the end of the connection; all lines.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        for line in self.oracle.received(bytes) {
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

/// Waits for bytes: how many came, 0 at the end of the connection; `None` where it was reset.
pub(super) fn receive(socket: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match socket.read(buffer) {
            Ok(read) => return Some(read),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came in time")
            }
            Err(error) => panic!("cannot read: {error}"),
        }
    }
}
