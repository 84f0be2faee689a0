//! Accepting connections: with back-off where the system has no room, and never a thread for one that is refused.
//!
//! A refused peer is sent one line, and its connection stays half open for [`LINGER`] so that the peer gets to read the
//! line also if it goes on sending. Nothing is read meanwhile, so such a peer costs a descriptor and what its system
//! buffers. Each listener keeps at most [`Acceptor::refused_max`] of them; when one more comes, the oldest is closed at
//! once. What is guaranteed: the line is sent if the system takes it at once, and the peer has [`LINGER`] to read it, or
//! less while a listener refuses more than that many connections a second.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{SocketAddr, SocketAddrV6, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net;

use super::admission::{Admission, Refused};
use super::connection::{Connection, LINGER};
use super::end_counters::EndCounters;
use super::wire::{SocketOptions, Tcp};
use crate::address::Address;
use crate::logging::LogThrottle;
use crate::reason::{ClosingLine, Reason};
use crate::shutdown::Quit;

/// How long accepting rests when the system has no descriptor or memory for another connection.
const REST: Duration = Duration::from_millis(100);

/// How many connections may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// How many refused connections a listener keeps half open at most; fewer where the system gives few descriptors.
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
    /// How many refused connections each listener keeps half open.
    pub refused_max: usize,
    /// Tells the operator of refused connections.
    pub refusals: Mutex<Refusals>,
}

/// What the log says of refused connections: one line in an interval for each kind, however many there are.
#[derive(Debug)]
pub struct Refusals {
    since: Instant,
    by_setting: BTreeMap<&'static str, LogThrottle>,
    by_threads: LogThrottle,
    by_accepting: LogThrottle,
}

impl Refusals {
    /// Nothing was refused yet.
    pub fn new(since: Instant) -> Refusals {
        let second = LogThrottle::new(1000);
        Refusals { since, by_setting: BTreeMap::new(), by_threads: second.clone(), by_accepting: second }
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// A limit refused a connection. A ban needs no line.
    fn by_limit(&mut self, refused: Refused, address: Address) {
        let Some(setting) = refused.setting else { return };
        let now_ms = self.now_ms();
        let throttle = self.by_setting.entry(setting).or_insert(LogThrottle::new(60_000));
        if let Some(count) = throttle.count(now_ms) {
            let reason = refused.reason;
            log::warn!("connections are refused setting={setting} address={address} reason={reason} count={count}");
        }
    }

    /// The system gave no thread.
    fn by_threads(&mut self, error: &io::Error) {
        let now_ms = self.now_ms();
        if let Some(count) = self.by_threads.count(now_ms) {
            log::warn!("cannot start threads for connections error={error} count={count}");
        }
    }

    /// The system gave no descriptor or memory.
    fn by_accepting(&mut self, error: &io::Error) {
        let now_ms = self.now_ms();
        if let Some(count) = self.by_accepting.count(now_ms) {
            log::warn!("cannot accept connections for now error={error} count={count}");
        }
    }
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
        let mut refused = HalfOpen::default();
        while !quit.is_set() {
            self.wait(refused.next_close());
            refused.close_due(Instant::now());
            match self.socket.accept() {
                Ok((socket, peer)) => {
                    if let Some(connection) = acceptor.receive(socket, peer, closing_line, &serve) {
                        refused.keep(connection, acceptor.refused_max, Instant::now());
                    }
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    if !quit.is_set() {
                        acceptor.refusals().by_accepting(&error);
                    }
                    // They may have the descriptors that are missing.
                    refused = HalfOpen::default();
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
            Err(refused) => {
                self.refusals().by_limit(refused, Address::of(peer.ip()));
                (connection(Tcp::as_it_is(socket), None), refused.reason)
            }
            Ok(permit) => {
                // A socket that is dead already cannot be set up. There is nobody to notify.
                let connection = connection(Tcp::new(socket, &self.options).ok()?, Some(permit));
                self.admission.remember(&connection);
                log::debug!("connection accepted client={number} peer={peer}");
                let Err(error) = serve(connection.clone()) else { return None };
                self.refusals().by_threads(&error);
                (connection, Reason::NoThread)
            }
        };
        log::debug!("connection refused client={number} peer={peer} reason={reason}");
        connection.finish(reason, Instant::now());
        Some(connection)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refused connections whose writing side is shut, and when the rest is.
#[derive(Debug, Default)]
struct HalfOpen {
    connections: VecDeque<(Instant, Arc<Connection>)>,
}

impl HalfOpen {
    fn keep(&mut self, connection: Arc<Connection>, max: usize, now: Instant) {
        if self.connections.len() >= max {
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
