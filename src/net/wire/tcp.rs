//! A TCP socket as a wire.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{SendFlags, sockopt};

use super::Wire;

/// The options of each socket.
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

/// A connected socket.
#[derive(Debug)]
pub struct Tcp {
    socket: TcpStream,
}

impl Tcp {
    /// A socket that is to be served. Fails where the peer is gone already.
    pub fn new(socket: TcpStream, options: &SocketOptions) -> io::Result<Tcp> {
        socket.set_nodelay(true)?;
        sockopt::set_socket_send_buffer_size(&socket, options.send_buffer_bytes)?;
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, options.keepalive_idle)?;
        sockopt::set_tcp_keepintvl(&socket, options.keepalive_interval)?;
        sockopt::set_tcp_keepcnt(&socket, options.keepalive_probes)?;
        let user_timeout_ms = u32::try_from(options.user_timeout.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(&socket, user_timeout_ms)?;
        Ok(Tcp::as_it_is(socket))
    }

    /// A socket without options: one that is refused lives too briefly to need any.
    pub fn as_it_is(socket: TcpStream) -> Tcp {
        Tcp { socket }
    }
}

impl Wire for Tcp {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.socket).read(buffer)
    }

    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(sent) => Ok(sent),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // The system takes less than a microsecond for none at all.
        self.socket.set_read_timeout(timeout.map(|timeout| timeout.max(Duration::from_millis(1))))
    }

    fn shut_reading(&self) {
        let _ = self.socket.shutdown(Shutdown::Read);
    }

    fn shut_writing(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    fn shut(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn is_broken(&self) -> bool {
        // These two are reported without being asked for.
        let mut sockets = [PollFd::new(&self.socket, PollFlags::empty())];
        let polled = rustix::event::poll(&mut sockets, Some(&Timespec::default()));
        polled.is_ok() && sockets[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (TcpStream, Tcp) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, Tcp::as_it_is(listener.accept().unwrap().0))
    }

    /// A reset may take a moment, even within one machine.
    fn becomes_broken(wire: &Tcp) -> bool {
        (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            wire.is_broken()
        })
    }

    #[test]
    fn a_wire_is_broken_by_a_reset_and_not_by_an_end_of_input() {
        let (mut client, wire) = pair();
        assert!(!wire.is_broken());
        client.write_all(b"login ana\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(wire.read(&mut [0; 99]).unwrap(), 10);
        assert_eq!(wire.read(&mut [0; 99]).unwrap(), 0);
        assert!(!wire.is_broken(), "the peer still reads");
        sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        drop(client);
        assert!(becomes_broken(&wire));
    }

    #[test]
    fn a_wire_is_broken_once_it_is_shut_in_both_directions() {
        let (_client, wire) = pair();
        wire.shut_writing();
        assert!(!wire.is_broken(), "the peer may still send");
        wire.shut();
        assert!(wire.is_broken());
    }

    #[test]
    fn a_send_takes_what_fits_and_never_waits() {
        let (mut client, wire) = pair();
        let bytes = vec![7; 64 << 20];
        let mut taken = 0;
        loop {
            match wire.send_now(&bytes[taken..]).unwrap() {
                0 => break,
                more => taken += more,
            }
        }
        assert!(taken < bytes.len());
        wire.shut_writing();
        assert_eq!(std::io::copy(&mut client, &mut std::io::sink()).unwrap(), taken as u64);
    }
}
