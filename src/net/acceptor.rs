//! Accepting connections: with back-off where the system has no room, and never a thread for one that is refused.
//!
//! A refused peer is sent one line, and its connection stays half open for [`LINGER`] so that the peer gets to read the
//! line also if it goes on sending. Nothing is read meanwhile, so such a peer costs a descriptor and what its system
//! buffers. Each listener keeps at most [`REFUSED_MAX`] of them; when one more comes, the oldest is closed at once. What
//! is guaranteed: the line is sent if the system takes it at once, and the peer has [`LINGER`] to read it, or less while
//! a listener refuses more than [`REFUSED_MAX`] connections a second.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, SocketAddrV6, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net;

use super::admission::Admission;
use super::connection::{Connection, LINGER};
use super::end_counters::EndCounters;
use super::wire::{SocketOptions, Tcp};
use crate::address::Address;
use crate::reason::{ClosingLine, Reason};
use crate::shutdown::Quit;

/// How long accepting rests when the system has no descriptor or memory for another connection.
const REST: Duration = Duration::from_millis(100);

/// How many connections may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// How many refused connections a listener keeps half open.
pub const REFUSED_MAX: usize = 16;

/// What is read and forgotten of a refused peer's input before its connection is closed. A close over unread input is a
/// reset, which is right only for a peer that has sent more than anybody says before the first answer.
const REFUSED_INPUT_MAX_BYTES: usize = 64 * 1024;

/// The parts that all listeners share.
#[derive(Debug)]
pub struct Acceptor {
    /// Decides which connections are accepted.
    pub admission: Arc<Admission>,
    /// The options of each socket.
    pub options: SocketOptions,
    /// Counts the ends of connections.
    pub counters: Arc<EndCounters>,
    /// Numbers connections from 1.
    pub numbers: AtomicU64,
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
}

impl Listener {
    /// Listens at `address`, a `HOST:PORT`. An IPv6 address takes no IPv4 connections if `ipv6_only`.
    pub fn bind(address: &str, ipv6_only: bool) -> io::Result<Listener> {
        let socket = match address.parse() {
            Ok(address) if ipv6_only => bind_ipv6_only(&address)?,
            _ => TcpListener::bind(address)?,
        };
        // The library's 128 are too few for a thousand clients that reconnect at once: a client that finds the queue full
        // tries again only a second later.
        net::listen(&socket, BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Listener { socket })
    }

    /// The address with the true port.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Wakes [`Listener::run`]: on Linux a poll of a listening socket returns when the socket is shut down.
    pub fn wake(&self) {
        let _ = net::shutdown(&self.socket, net::Shutdown::Both);
    }

    /// Accepts until the server stops, and gives each admitted connection to `serve`, which must return at once. If it
    /// fails, the connection is refused.
    pub fn run(
        &self,
        acceptor: &Acceptor,
        quit: &Quit,
        closing_line: &'static dyn ClosingLine,
        serve: impl Fn(Arc<Connection>) -> io::Result<()>,
    ) {
        let mut refused = Refused::default();
        let mut resting = false;
        while !quit.is_set() {
            self.wait(refused.next_close());
            refused.close_due(Instant::now());
            match self.socket.accept() {
                Ok((socket, peer)) => {
                    resting = false;
                    if let Some(connection) = acceptor.receive(socket, peer, closing_line, &serve) {
                        refused.keep(connection, Instant::now());
                    }
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    if !quit.is_set() && !resting {
                        log::warn!("cannot accept connections for now error={error}");
                    }
                    resting = true;
                    // They may have the descriptors that are missing.
                    refused = Refused::default();
                    quit.wait_timeout(REST);
                }
            }
        }
    }

    /// Waits for a connection, until `deadline` at most.
    fn wait(&self, deadline: Option<Instant>) {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        // Where this fails, accepting tells.
        let _ = rustix::event::poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], left.as_ref());
    }
}

/// As [`TcpListener::bind`] does it, which has no way to set the option before it binds.
fn bind_ipv6_only(address: &SocketAddrV6) -> io::Result<TcpListener> {
    let (stream, flags) = (net::SocketType::STREAM, net::SocketFlags::CLOEXEC);
    let socket = net::socket_with(net::AddressFamily::INET6, stream, flags, None)?;
    net::sockopt::set_ipv6_v6only(&socket, true)?;
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

impl Acceptor {
    /// Serves a connection or refuses it. A refused one is given back, its closing line said.
    fn receive(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
        closing_line: &'static dyn ClosingLine,
        serve: &impl Fn(Arc<Connection>) -> io::Result<()>,
    ) -> Option<Arc<Connection>> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let connection = |wire, permit| {
            Arc::new(Connection::new(Box::new(wire), peer, number, closing_line, permit, self.counters.clone()))
        };
        let (connection, reason) = match self.admission.admit(Address::of(peer.ip()), number, Instant::now()) {
            Err(reason) => (connection(Tcp::as_it_is(socket), None), reason),
            Ok(permit) => {
                // A socket that is dead already cannot be set up. There is nobody to notify.
                let connection = connection(Tcp::new(socket, &self.options).ok()?, Some(permit));
                self.admission.remember(&connection);
                log::debug!("connection accepted client={number} peer={peer}");
                let Err(error) = serve(connection.clone()) else { return None };
                log::warn!("cannot start a thread for a connection client={number} error={error}");
                (connection, Reason::NoThread)
            }
        };
        log::debug!("connection refused client={number} peer={peer} reason={reason}");
        connection.finish(reason, Instant::now());
        Some(connection)
    }
}

/// Refused connections whose writing side is shut, and when the rest is.
#[derive(Debug, Default)]
struct Refused {
    connections: VecDeque<(Instant, Arc<Connection>)>,
}

impl Refused {
    fn keep(&mut self, connection: Arc<Connection>, now: Instant) {
        if self.connections.len() == REFUSED_MAX {
            self.close_first();
        }
        self.connections.push_back((now + LINGER, connection));
    }

    fn next_close(&self) -> Option<Instant> {
        self.connections.front().map(|(at, _)| *at)
    }

    fn close_due(&mut self, now: Instant) {
        while self.next_close().is_some_and(|at| at <= now) {
            self.close_first();
        }
    }

    fn close_first(&mut self) {
        if let Some((_, connection)) = self.connections.pop_front() {
            connection.discard_input(REFUSED_INPUT_MAX_BYTES);
        }
    }
}

/// Errors of accept that concern one connection that is gone already, or nothing at all (accept(2)).
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw_os_error),
        Some(
            Errno::AGAIN
                | Errno::CONNABORTED
                | Errno::INTR
                | Errno::PROTO
                | Errno::NETDOWN
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NETUNREACH
                | Errno::NONET
                | Errno::NOPROTOOPT
                | Errno::OPNOTSUPP
        )
    )
}
