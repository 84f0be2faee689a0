//! A connection byte by byte, to imitate telnet clients, other programs and broken networks.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt;

use super::output_checker::OutputChecker;
use super::server::PATIENCE;
use super::socket::{connect, prepared};

/// WILL ECHO, which the server sends before a password prompt.
pub const WILL_ECHO: &[u8] = &[255, 251, 1];
/// DONT ECHO, by which telnet confirms WONT ECHO.
pub const DONT_ECHO: &[u8] = &[255, 254, 1];

/// A connection that keeps every byte that it receives.
pub struct Wire {
    socket: TcpStream,
    /// Checks every byte, as for any other client.
    checker: OutputChecker,
    received: Vec<u8>,
    /// The number of bytes that the test has taken.
    looked: usize,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Wire {
        Wire::over(connect(address))
    }

    pub fn over(socket: TcpStream) -> Wire {
        Wire { socket: prepared(socket), checker: OutputChecker::default(), received: Vec::new(), looked: 0 }
    }

    /// Registers an account over this connection, all greetings read.
    #[track_caller]
    pub fn registered(mut self, name: &str) -> Wire {
        self.send(format!("register {name} password-of-{name}\r\n"));
        self.expect("commands you need.\r\n");
        self
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.checker.sent(bytes.as_ref());
        self.socket.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends to a server that may have closed the connection. Returns whether that succeeded.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.checker.sent(bytes.as_ref());
        self.socket.write_all(bytes.as_ref()).is_ok()
    }

    /// Closes the sending side, as `nc` does at the end of its input.
    pub fn finish(&mut self) {
        self.socket.shutdown(Shutdown::Write).expect("it can be shut");
    }

    /// Resets the connection instead of closing it.
    pub fn reset(self) {
        sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)).expect("it can be set");
    }

    /// Reads until `part` arrives. Returns the bytes from the previous part to the end of this one.
    #[track_caller]
    pub fn expect(&mut self, part: impl AsRef<[u8]>) -> Vec<u8> {
        let part = part.as_ref();
        loop {
            let unseen = &self.received[self.looked..];
            if let Some(at) = unseen.windows(part.len()).position(|window| window == part) {
                let found = unseen[..at + part.len()].to_vec();
                self.looked += found.len();
                return found;
            }
            if self.read(PATIENCE).is_none() {
                let (part, unseen) = (part.escape_ascii(), self.received[self.looked..].escape_ascii());
                panic!("the connection ended before {part} came; it had {unseen}");
            }
        }
    }

    /// Reads to the end of the connection. Returns the bytes after the previous part.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.read(PATIENCE).is_some() {}
        let rest = self.received[self.looked..].to_vec();
        self.looked = self.received.len();
        rest
    }

    /// Reads to the end of the connection. Returns the text after the previous part.
    pub fn rest_text(&mut self) -> String {
        String::from_utf8(self.rest()).expect("it is UTF-8")
    }

    /// Reads the bytes that arrive within `wait`. Returns whether the connection is still open.
    pub fn listen(&mut self, wait: Duration) -> bool {
        self.read(wait).is_some()
    }

    /// Every byte received so far.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Reads once. Returns the number of bytes that arrived within `wait`, `None` at the end. Waiting for `PATIENCE` in
    /// vain is a failure.
    fn read(&mut self, wait: Duration) -> Option<usize> {
        self.socket.set_read_timeout(Some(wait)).expect("a timeout can be set");
        let mut buffer = [0; 16384];
        match self.socket.read(&mut buffer) {
            Ok(0) => None,
            Ok(read) => {
                self.received.extend_from_slice(&buffer[..read]);
                self.checker.received(&buffer[..read]);
                Some(read)
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => None,
            Err(error) if error.kind() == ErrorKind::Interrupted => Some(0),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                assert!(wait < PATIENCE, "nothing came in time: {}", self.received[self.looked..].escape_ascii());
                Some(0)
            }
            Err(error) => panic!("cannot read: {error}"),
        }
    }
}
