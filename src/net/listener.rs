//! Accepting connections: with back-off where the system has no room, and never a thread for one that is refused.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::SendFlags;

use super::admission::Admission;
use super::link::{Link, SocketOptions};
use super::reason::{EndCounters, Reason, Voice};
use crate::address::Address;
use crate::shutdown::Quit;

/// How long accepting rests when the system has no descriptor or memory for another connection.
const REST: Duration = Duration::from_millis(100);

/// How many may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// What all listeners share.
#[derive(Debug)]
pub struct Door {
    /// Decides who may enter.
    pub admission: Arc<Admission>,
    /// What is set on each socket.
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
    /// Listens at `address`, a `HOST:PORT`.
    pub fn bind(address: &str) -> io::Result<Listener> {
        let socket = TcpListener::bind(address)?;
        // The library's 128 are too few for a thousand clients that come back at once: who finds the queue full tries again
        // only a second later.
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(Listener { socket })
    }

    /// The address with the true port.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Wakes [`Listener::run`]: on Linux a blocked accept returns when its socket is shut down.
    pub fn wake(&self) {
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }

    /// Accepts until it is time to stop, and gives each admitted connection to `serve`, which must return at once; it
    /// fails if the connection cannot be served, and is then told so.
    pub fn run(&self, door: &Door, quit: &Quit, voice: Voice, serve: impl Fn(Arc<Link>) -> io::Result<()>) {
        let mut resting = false;
        while !quit.is_set() {
            match self.socket.accept() {
                Ok((socket, peer)) => {
                    resting = false;
                    door.receive(socket, peer, voice, &serve);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    if !quit.is_set() && !resting {
                        log::warn!("cannot accept connections for now error={error}");
                    }
                    resting = true;
                    quit.wait_timeout(REST);
                }
            }
        }
    }
}

impl Door {
    fn receive(&self, socket: TcpStream, peer: SocketAddr, voice: Voice, serve: &impl Fn(Arc<Link>) -> io::Result<()>) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let permit = match self.admission.admit(Address::of(peer.ip()), number, Instant::now()) {
            Ok(permit) => permit,
            Err(reason) => {
                self.counters.count(reason);
                log::debug!("connection refused client={number} peer={peer} reason={reason}");
                refuse(&socket, voice, reason);
                return;
            }
        };
        // A socket that is dead already cannot be set up: it is no loss, and no event.
        let link = Link::new(socket, peer, number, voice, permit, &self.options, self.counters.clone());
        let Ok(link) = link else { return };
        let link = Arc::new(link);
        self.admission.remember(&link);
        log::debug!("connection accepted client={number} peer={peer}");
        if let Err(error) = serve(link.clone()) {
            log::warn!("cannot start a thread for a connection client={number} error={error}");
            link.end(Reason::NoThread);
            let line = (voice.last_line)(Reason::NoThread).unwrap_or_default();
            let _ = link.send_now(&line);
            link.shut();
        }
    }
}

/// One line, if the kernel takes it at once.
fn refuse(socket: &TcpStream, voice: Voice, reason: Reason) {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let _ = rustix::net::send(socket, &(voice.last_line)(reason).unwrap_or_default(), flags);
}

/// Errors of accept that concern one connection that is gone already, or nothing at all (accept(2)).
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw_os_error),
        Some(
            Errno::CONNABORTED
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
