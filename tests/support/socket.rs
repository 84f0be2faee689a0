//! Sockets of test clients.

use std::io::{ErrorKind, Read};
use std::net::{IpAddr, SocketAddr, TcpStream};

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::server::PATIENCE;

/// Prepares the socket of a test client: reads wait at most for `PATIENCE`, and sends are not delayed.
pub(super) fn prepared(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    socket.set_nodelay(true).expect("it can be set");
    socket
}

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).expect("the server accepts")
}

/// Waits for bytes and returns their number, 0 at the end of the connection; `None` if it was reset.
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

/// A connection from the address `source`, which may be any of 127.0.0.0/8.
pub fn connect_from(address: SocketAddr, source: &str) -> TcpStream {
    let source: IpAddr = source.parse().expect("an address");
    let socket = new_socket();
    rustix::net::bind(&socket, &SocketAddr::new(source, 0)).expect("it is an address of this machine");
    rustix::net::connect(&socket, &address).expect("the server accepts");
    socket.into()
}

/// A connection with a small receive buffer, so that the server soon meets backpressure.
pub fn connect_narrow(address: SocketAddr) -> TcpStream {
    let socket = new_socket();
    sockopt::set_socket_recv_buffer_size(&socket, 4096).expect("it can be set");
    rustix::net::connect(&socket, &address).expect("the server accepts");
    socket.into()
}

fn new_socket() -> std::os::fd::OwnedFd {
    rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket can be made")
}
