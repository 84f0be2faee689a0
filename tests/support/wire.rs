//! A connection byte by byte: what telnet clients, other programs and broken networks do on the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::oracle::Oracle;
use super::server::PATIENCE;

/// What the server sends before it asks for a password.
pub const WILL_ECHO: &[u8] = &[255, 251, 1];
/// What it sends behind the password.
pub const WONT_ECHO: &[u8] = &[255, 252, 1];
/// How a telnet client confirms that it does not show what is typed.
pub const DO_ECHO: &[u8] = &[255, 253, 1];
/// How it confirms that it shows it again.
pub const DONT_ECHO: &[u8] = &[255, 254, 1];

/// A connection that keeps every byte it receives.
pub struct Wire {
    socket: TcpStream,
    /// Judges every byte all the same.
    oracle: Oracle,
    received: Vec<u8>,
    /// How much of it a test has looked at.
    looked: usize,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Wire {
        Wire::over(TcpStream::connect(address).expect("the server accepts"))
    }

    pub fn over(socket: TcpStream) -> Wire {
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        socket.set_nodelay(true).expect("it can be set");
        Wire { socket, oracle: Oracle::default(), received: Vec::new(), looked: 0 }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.oracle.sent(bytes.as_ref());
        self.socket.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends to a server that may have closed the connection; whether it could be sent.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.oracle.sent(bytes.as_ref());
        self.socket.write_all(bytes.as_ref()).is_ok()
    }

    /// Closes the sending side, as `nc` does at the end of its input.
    pub fn finish(&mut self) {
        self.socket.shutdown(Shutdown::Write).expect("it can be shut");
    }

    /// Breaks the connection: the server gets a reset instead of an end.
    pub fn reset(self) {
        sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)).expect("it can be set");
    }

    /// Reads until `part` comes; all bytes from the last part to the end of this one.
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

    /// Reads to the end of the connection; all bytes from the last part on.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.read(PATIENCE).is_some() {}
        let rest = self.received[self.looked..].to_vec();
        self.looked = self.received.len();
        rest
    }

    /// Reads what comes within `wait`, which may be nothing; whether the connection goes on.
    pub fn listen(&mut self, wait: Duration) -> bool {
        self.read(wait).is_some()
    }

    /// Every byte that ever came.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Reads once: how many bytes came in time, or nothing at the end. Nothing in all of a test's patience is a failure.
    fn read(&mut self, wait: Duration) -> Option<usize> {
        self.socket.set_read_timeout(Some(wait)).expect("a timeout can be set");
        let mut buffer = [0; 16384];
        match self.socket.read(&mut buffer) {
            Ok(0) => None,
            Ok(read) => {
                self.received.extend_from_slice(&buffer[..read]);
                self.oracle.received(&buffer[..read]);
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

/// A connection that comes from `source`: every address of 127.0.0.0/8 is this machine.
pub fn connect_from(address: SocketAddr, source: &str) -> TcpStream {
    let source: IpAddr = source.parse().expect("an address");
    let socket = new_socket();
    rustix::net::bind(&socket, &SocketAddr::new(source, 0)).expect("it is an address of this machine");
    rustix::net::connect(&socket, &address).expect("the server accepts");
    socket.into()
}

/// A connection whose system takes little that its program has not read.
pub fn connect_narrow(address: SocketAddr) -> TcpStream {
    let socket = new_socket();
    sockopt::set_socket_recv_buffer_size(&socket, 4096).expect("it can be set");
    rustix::net::connect(&socket, &address).expect("the server accepts");
    socket.into()
}

fn new_socket() -> std::os::fd::OwnedFd {
    rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket can be made")
}
