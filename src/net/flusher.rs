//! The thread that finishes what a client did not take at once, so that the broker never waits for anybody.
//!
//! Ownership passes by message: the broker lends what is unsent and sends that client nothing itself until the flusher
//! says that it is dry. A client that takes nothing at all for a while is ended.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::link::Link;
use super::reason::Reason;

/// What the broker tells the flusher.
#[derive(Debug)]
enum Order {
    /// Send these bytes, after those lent before.
    Lend { link: Arc<Link>, bytes: Vec<u8> },
    /// The broker sends to this client itself again, or it is gone.
    Forget { number: u64 },
}

/// The broker's end.
#[derive(Debug)]
pub struct FlusherHandle {
    /// Unbounded, because the broker must not wait; bounded in fact by the outboxes, which count what they lend.
    orders: Sender<Order>,
    /// A byte here wakes the flusher from its wait for sockets.
    wake: UnixStream,
}

/// Finishes sends. Runs in a thread of its own until the handle is dropped.
#[derive(Debug)]
pub struct Flusher {
    orders: Receiver<Order>,
    wake: UnixStream,
    stall_timeout: Duration,
    clients: BTreeMap<u64, Lent>,
}

/// What one client has not taken.
#[derive(Debug)]
struct Lent {
    link: Arc<Link>,
    bytes: Vec<u8>,
    /// How many of `bytes` are sent.
    sent: usize,
    /// When the kernel last took some.
    progress: Instant,
}

/// Makes a flusher and its handle. A client that takes nothing for `stall_timeout` is ended.
pub fn flusher(stall_timeout: Duration) -> io::Result<(FlusherHandle, Flusher)> {
    let (sender, receiver) = unbounded();
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    let handle = FlusherHandle { orders: sender, wake };
    Ok((handle, Flusher { orders: receiver, wake: woken, stall_timeout, clients: BTreeMap::new() }))
}

impl FlusherHandle {
    /// Lends bytes to be sent to a client, which were counted as unsent.
    pub fn lend(&self, link: Arc<Link>, bytes: Vec<u8>) {
        self.order(Order::Lend { link, bytes });
    }

    /// The flusher has nothing to do with this client any more.
    pub fn forget(&self, number: u64) {
        self.order(Order::Forget { number });
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        // A full pipe has woken it already.
        let _ = (&self.wake).write(&[1]);
    }
}

impl Flusher {
    /// Sends until the handle is dropped. `dry` is told each time a client has taken everything.
    pub fn run(mut self, dry: impl Fn(u64)) {
        while self.take_orders() {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(error) => {
                    log::error!("the flusher cannot wait for sockets error={error}");
                    Vec::new()
                }
            };
            for number in ready {
                self.send(number, &dry);
            }
            self.end_stalled(&dry);
        }
    }

    /// Whether to go on.
    fn take_orders(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Lend { link, bytes }) => {
                    let lent = self.clients.entry(link.number()).or_insert_with(|| Lent {
                        link,
                        bytes: Vec::new(),
                        sent: 0,
                        progress: Instant::now(),
                    });
                    if lent.is_dry() {
                        lent.progress = Instant::now();
                    }
                    lent.bytes.extend_from_slice(&bytes);
                }
                Ok(Order::Forget { number }) => {
                    self.clients.remove(&number);
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Waits until a client can take more, an order comes, or a client has stalled for too long. Who can take more.
    fn wait(&mut self) -> io::Result<Vec<u64>> {
        let waiting: Vec<(&u64, &Lent)> = self.clients.iter().filter(|(_, lent)| !lent.is_dry()).collect();
        let mut polled = vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        polled.extend(waiting.iter().map(|(_, lent)| PollFd::from_borrowed_fd(lent.link.as_fd(), PollFlags::OUT)));
        let first_stall = waiting.iter().map(|(_, lent)| lent.progress + self.stall_timeout).min();
        let timeout = first_stall.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |polled: &PollFd| !polled.revents().is_empty();
        let ready = waiting.iter().zip(&polled[1..]).filter(|(_, polled)| is_ready(polled));
        let ready = ready.map(|((number, _), _)| **number).collect();
        if is_ready(&polled[0]) {
            let _ = (&self.wake).read(&mut [0; 64]);
        }
        Ok(ready)
    }

    fn send(&mut self, number: u64, dry: impl Fn(u64)) {
        let Some(lent) = self.clients.get_mut(&number) else { return };
        match lent.link.send_now(&lent.bytes[lent.sent..]) {
            Ok(0) => {}
            Ok(sent) => {
                lent.sent += sent;
                lent.progress = Instant::now();
                if lent.is_dry() {
                    (lent.bytes, lent.sent) = (Vec::new(), 0);
                } else if lent.sent > lent.bytes.len() / 2 {
                    lent.bytes.drain(..lent.sent);
                    lent.sent = 0;
                }
                // The count comes last: at zero the broker may take the client back.
                if lent.link.take_unsent(sent) {
                    dry(number);
                }
            }
            Err(_) => self.end(number, Reason::Lost, dry),
        }
    }

    fn end_stalled(&mut self, dry: impl Fn(u64)) {
        let now = Instant::now();
        let stalled = |lent: &Lent| !lent.is_dry() && now.duration_since(lent.progress) >= self.stall_timeout;
        let numbers = self.clients.iter().filter(|(_, lent)| stalled(lent)).map(|(number, _)| *number);
        for number in numbers.collect::<Vec<_>>() {
            self.end(number, Reason::SlowReader, &dry);
        }
    }

    /// Nothing more is sent: the broker learns that nothing waits any more, and the client's own thread wakes up.
    fn end(&mut self, number: u64, reason: Reason, dry: impl Fn(u64)) {
        if let Some(lent) = self.clients.remove(&number) {
            lent.link.end(reason);
            lent.link.shut();
            lent.link.take_unsent(lent.bytes.len() - lent.sent);
            dry(number);
        }
    }
}

impl Lent {
    fn is_dry(&self) -> bool {
        self.sent == self.bytes.len()
    }
}
