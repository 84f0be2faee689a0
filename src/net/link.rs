//! One connection, as all who carry its bytes share it: the socket, who is at the other end, and why it ended.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{SendFlags, sockopt};

use super::admission::Permit;
use super::reason::{EndCounters, Reason, Voice};
use crate::address::Address;

/// What is set on each socket.
#[derive(Clone, Copy, Debug)]
pub struct SocketOptions {
    /// The kernel's send buffer; without a bound a reader that never reads pins about 4 MiB of kernel memory.
    pub send_buffer_bytes: usize,
    /// When the first keep-alive probe is sent on an idle connection.
    pub keepalive_idle: Duration,
    /// The time between probes.
    pub keepalive_interval: Duration,
    /// How many probes may stay unanswered.
    pub keepalive_probes: u32,
    /// How long sent data may stay unacknowledged by the peer's host.
    pub user_timeout: Duration,
}

/// A connection. It is closed when the last who shares it lets it go; its end is then logged and counted.
#[derive(Debug)]
pub struct Link {
    socket: TcpStream,
    peer: SocketAddr,
    number: u64,
    voice: Voice,
    since: Instant,
    ending: OnceLock<Reason>,
    counters: Arc<EndCounters>,
    /// How many bytes the flusher still has to send. Only the broker raises it.
    unsent: AtomicUsize,
    /// Makes room for another connection when this one is closed.
    _permit: Permit,
}

impl Link {
    /// Takes over a socket that was admitted.
    pub fn new(
        socket: TcpStream,
        peer: SocketAddr,
        number: u64,
        voice: Voice,
        permit: Permit,
        options: &SocketOptions,
        counters: Arc<EndCounters>,
    ) -> io::Result<Link> {
        socket.set_nodelay(true)?;
        sockopt::set_socket_send_buffer_size(&socket, options.send_buffer_bytes)?;
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, options.keepalive_idle)?;
        sockopt::set_tcp_keepintvl(&socket, options.keepalive_interval)?;
        sockopt::set_tcp_keepcnt(&socket, options.keepalive_probes)?;
        let user_timeout_ms = u32::try_from(options.user_timeout.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(&socket, user_timeout_ms)?;
        let (ending, unsent) = (OnceLock::new(), AtomicUsize::new(0));
        Ok(Link { socket, peer, number, voice, since: Instant::now(), ending, counters, unsent, _permit: permit })
    }

    /// Its number: unique in the life of the process.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Who is at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// From which address, as limits and bans count it.
    pub fn address(&self) -> Address {
        Address::of(self.peer.ip())
    }

    /// How its last line is said.
    pub fn voice(&self) -> Voice {
        self.voice
    }

    /// When it was accepted.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Names the reason why it ends. The first one named counts; whether it was this one.
    pub fn end(&self, reason: Reason) -> bool {
        self.ending.set(reason).is_ok()
    }

    /// Why it ends, once that is known.
    pub fn ending(&self) -> Option<Reason> {
        self.ending.get().copied()
    }

    /// How many bytes wait for the client outside the kernel.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Acquire)
    }

    /// The flusher gets so many bytes more to send.
    pub(super) fn add_unsent(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The flusher has sent so many bytes, or gives up on them. Whether nothing waits any more.
    pub(super) fn take_unsent(&self, bytes: usize) -> bool {
        self.unsent.fetch_sub(bytes, Ordering::AcqRel) == bytes
    }

    /// Whether it is known to be of no use any more: reset by the peer, or shut. A peer that has only ended what it sends
    /// may still read.
    pub fn is_broken(&self) -> bool {
        is_broken(&self.socket)
    }

    /// Closes both directions: whoever reads or writes wakes up. What was sent before still arrives.
    pub fn shut(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Whoever reads wakes up and finds the end of input behind what has arrived.
    pub fn shut_reading(&self) {
        let _ = self.socket.shutdown(Shutdown::Read);
    }

    /// How long [`Link::read`] waits at most from now on; `None` for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // A timeout of zero is not allowed.
        self.socket.set_read_timeout(timeout.map(|timeout| timeout.max(Duration::from_millis(1))))
    }

    /// Waits for bytes. 0 at the end of input.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.socket).read(buffer)
    }

    /// Sends all of `bytes`, waiting for the peer to take them, until `deadline`.
    pub fn write_all(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.socket.set_write_timeout(Some(left))?;
            match rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sends as much of `bytes` as the kernel takes at once. How many it took.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let sent = rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        match sent {
            Ok(sent) => Ok(sent),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_broken(socket: &TcpStream) -> bool {
    // The two that are looked for without being asked for.
    let mut sockets = [PollFd::new(socket, PollFlags::empty())];
    let polled = rustix::event::poll(&mut sockets, Some(&Timespec::default()));
    polled.is_ok() && sockets[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let reason = self.ending().unwrap_or(Reason::Lost);
        self.counters.count(reason);
        log::debug!(
            "connection ended client={} reason={reason} seconds={}",
            self.number,
            self.since.elapsed().as_secs()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    /// A reset may take a moment, even within one machine.
    fn becomes_broken(socket: &TcpStream) -> bool {
        (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            is_broken(socket)
        })
    }

    #[test]
    fn a_connection_is_broken_by_a_reset_and_not_by_an_end_of_input() {
        let (mut client, server) = pair();
        assert!(!is_broken(&server));
        client.write_all(b"login ana\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!((&server).read(&mut [0; 99]).unwrap(), 10);
        assert_eq!((&server).read(&mut [0; 99]).unwrap(), 0);
        assert!(!is_broken(&server), "it still reads");
        sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        drop(client);
        assert!(becomes_broken(&server));
    }

    #[test]
    fn a_connection_is_broken_once_it_is_shut() {
        let (_client, server) = pair();
        server.shutdown(Shutdown::Both).unwrap();
        assert!(is_broken(&server));
    }
}
