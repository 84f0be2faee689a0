//! The thread that finishes what a client did not take at once, so that the broker never waits for anybody; and that lets
//! connections end in peace.
//!
//! Ownership of a writing side passes by message: the broker hands over what is unsent and sends that client nothing itself
//! until the flusher reports that it is drained. A client that takes nothing at all for a while is cut. A connection that
//! is to end comes here in any case: the flusher says its closing line, shuts the writing side, and closes the rest
//! [`LINGER`] later, so that the client gets to read why.
//!
//! [`Flusher::run`] is the thread. A simulation calls [`Flusher::step`] instead, which never waits and reads no clock.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::connection::{Connection, LINGER};
use crate::reason::Reason;

/// How often a wire is tried that has nothing to wait for.
const RETRY: Duration = Duration::from_millis(10);

/// The broker's orders to the flusher.
#[derive(Debug)]
enum Order {
    /// Send these bytes, after those handed over before.
    Send { connection: Arc<Connection>, bytes: Vec<u8> },
    /// The broker owns the writing side again, or the connection is gone.
    TakeBack { number: u64 },
    /// End the connection, discard unsent output, and send the closing line for this reason, if there is one.
    Finish { connection: Arc<Connection>, reason: Option<Reason> },
}

/// The broker's end.
#[derive(Debug)]
pub struct FlusherHandle {
    /// Unbounded, because the broker must not wait; bounded in fact by the outboxes, which count what they hand over.
    orders: Sender<Order>,
    /// A byte here wakes the flusher from its wait for wires.
    wake: UnixStream,
}

/// Finishes sends and connections, until the handle is dropped.
#[derive(Debug)]
pub struct Flusher {
    orders: Receiver<Order>,
    wake: UnixStream,
    stall_timeout: Duration,
    clients: BTreeMap<u64, HandedOver>,
    /// Connections whose writing side is shut, and when the rest is. In the order in which they are due.
    lingering: VecDeque<(Instant, Weak<Connection>)>,
}

/// The pending output of one client.
#[derive(Debug)]
struct HandedOver {
    connection: Arc<Connection>,
    bytes: Vec<u8>,
    /// How many of `bytes` are sent.
    sent: usize,
    /// The wire has taken bytes that it has not sent. Only looked at by an owner: when everything is sent, and the broker
    /// has taken the client back, the wire may be another thread's before the order comes.
    has_pending: bool,
    /// When the wire last took some.
    progress: Instant,
    /// `bytes` are the last ones of the connection, which is given up at this moment.
    give_up_at: Option<Instant>,
}

/// Makes a flusher and its handle. A client that takes nothing for `stall_timeout` is cut.
pub fn flusher(stall_timeout: Duration) -> io::Result<(FlusherHandle, Flusher)> {
    let (sender, receiver) = unbounded();
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    let handle = FlusherHandle { orders: sender, wake };
    let (clients, lingering) = (BTreeMap::new(), VecDeque::new());
    Ok((handle, Flusher { orders: receiver, wake: woken, stall_timeout, clients, lingering }))
}

impl FlusherHandle {
    /// Hands over bytes to be sent to a client, which were counted as unsent.
    pub(super) fn send(&self, connection: Arc<Connection>, bytes: Vec<u8>) {
        self.order(Order::Send { connection, bytes });
    }

    /// The flusher has nothing to do with this client any more.
    pub fn take_back(&self, number: u64) {
        self.order(Order::TakeBack { number });
    }

    /// Ends a connection: what is unsent is dropped, the closing line is said if there is a `reason` to say, and both
    /// directions are shut, the reading one [`LINGER`] later. The writing side is the flusher's from now on.
    pub(super) fn finish(&self, connection: Arc<Connection>, reason: Option<Reason>) {
        self.order(Order::Finish { connection, reason });
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        // A full pipe has woken it already.
        let _ = (&self.wake).write(&[1]);
    }
}

impl Flusher {
    /// Works until the handle is dropped and every order is carried out as far as the wires take it at once. `drained` is
    /// called each time when a client has taken everything, or was cut.
    pub fn run(mut self, mut drained: impl FnMut(u64)) {
        while self.take_orders(Instant::now()) {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(error) => {
                    log::error!("the flusher cannot wait for sockets error={error}");
                    Vec::new()
                }
            };
            self.work(ready, Instant::now(), &mut drained);
        }
    }

    /// Everything that can be done at `now`: takes the orders, offers each client what waits for it, and ends what is due.
    /// Returns whether the handle still exists.
    pub fn step(&mut self, now: Instant, mut drained: impl FnMut(u64)) -> bool {
        let goes_on = self.take_orders(now);
        let everybody = self.clients.keys().copied().collect();
        self.work(everybody, now, &mut drained);
        goes_on
    }

    /// Whether to go on.
    fn take_orders(&mut self, now: Instant) -> bool {
        loop {
            match self.orders.try_recv() {
                // The broker does not know yet that the connection was cut.
                Ok(Order::Send { connection, bytes }) if connection.is_finished() => {
                    connection.take_unsent(bytes.len())
                }
                Ok(Order::Send { connection, bytes }) => {
                    let client = self.client(connection, now);
                    if client.is_drained() {
                        client.progress = now;
                    }
                    client.bytes.extend_from_slice(&bytes);
                    client.has_pending = client.connection.has_pending();
                }
                Ok(Order::TakeBack { number }) => {
                    self.clients.remove(&number);
                }
                Ok(Order::Finish { connection, reason }) => self.finish(connection, reason, now),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn client(&mut self, connection: Arc<Connection>, now: Instant) -> &mut HandedOver {
        self.clients.entry(connection.number()).or_insert_with(|| HandedOver {
            connection,
            bytes: Vec::new(),
            sent: 0,
            has_pending: false,
            progress: now,
            give_up_at: None,
        })
    }

    /// Waits until a client can take more, an order comes, or something is due. Returns the clients that can take more.
    fn wait(&mut self) -> io::Result<Vec<u64>> {
        let waiting: Vec<(u64, &HandedOver)> =
            self.clients.iter().filter(|(_, client)| !client.is_drained()).map(|(number, it)| (*number, it)).collect();
        let (mut polled, mut numbers) = (vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)], Vec::new());
        let (mut ready, mut due) = (Vec::new(), self.lingering.front().map(|(at, _)| *at));
        let mut due_at = |at: Instant| due = Some(due.map_or(at, |due: Instant| due.min(at)));
        for (number, client) in waiting {
            due_at(client.due_at(self.stall_timeout));
            match client.connection.descriptor() {
                Some(descriptor) => {
                    polled.push(PollFd::from_borrowed_fd(descriptor, PollFlags::OUT));
                    numbers.push(number);
                }
                None => {
                    due_at(Instant::now() + RETRY);
                    ready.push(number);
                }
            }
        }
        let timeout = due.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |polled: &PollFd| !polled.revents().is_empty();
        ready
            .extend(numbers.iter().zip(&polled[1..]).filter(|(_, polled)| is_ready(polled)).map(|(number, _)| *number));
        if is_ready(&polled[0]) {
            let _ = (&self.wake).read(&mut [0; 64]);
        }
        Ok(ready)
    }

    fn work(&mut self, ready: Vec<u64>, now: Instant, drained: &mut impl FnMut(u64)) {
        for number in ready {
            self.send(number, now, drained);
        }
        self.end_what_is_due(now, drained);
    }

    fn send(&mut self, number: u64, now: Instant, drained: &mut impl FnMut(u64)) {
        let Some(client) = self.clients.get_mut(&number).filter(|client| !client.is_drained()) else { return };
        let is_last = client.give_up_at.is_some();
        match client.send(now) {
            Err(_) if is_last => self.give_up(number),
            Err(_) => {
                let connection = client.connection.clone();
                self.finish(connection, Some(Reason::Lost), now);
                drained(number);
            }
            Ok(()) if is_last => self.linger_if_sent(number, now),
            Ok(()) => {
                // Read last, and not from the wire: once nothing is unsent the broker may take the client back.
                if client.connection.unsent() == 0 && !client.has_pending {
                    drained(number);
                }
            }
        }
    }

    fn end_what_is_due(&mut self, now: Instant, drained: &mut impl FnMut(u64)) {
        let is_due = |client: &HandedOver| !client.is_drained() && now >= client.due_at(self.stall_timeout);
        let due: Vec<u64> =
            self.clients.iter().filter(|(_, client)| is_due(client)).map(|(number, _)| *number).collect();
        for number in due {
            let client = &self.clients[&number];
            if client.give_up_at.is_some() {
                self.give_up(number);
            } else {
                self.finish(client.connection.clone(), Some(Reason::SlowReader), now);
                drained(number);
            }
        }
        while self.lingering.front().is_some_and(|(at, _)| now >= *at) {
            if let Some(connection) = self.lingering.pop_front().and_then(|(_, connection)| connection.upgrade()) {
                connection.shut();
            }
        }
    }

    /// Discards unsent output, and offers the closing line in its place.
    fn finish(&mut self, connection: Arc<Connection>, reason: Option<Reason>, now: Instant) {
        if !connection.set_finished() {
            return;
        }
        let number = connection.number();
        let client = self.client(connection, now);
        // Named before what is unsent is dropped: the client's thread may be waiting for that, and must not go on.
        let closing = reason.map(|reason| client.connection.closing_bytes(reason)).unwrap_or_default();
        client.connection.take_unsent(client.bytes.len() - client.sent);
        (client.bytes, client.sent) = (closing, 0);
        client.has_pending = client.connection.has_pending();
        client.give_up_at = Some(now + LINGER);
        match client.send(now) {
            Ok(()) => self.linger_if_sent(number, now),
            Err(_) => self.give_up(number),
        }
    }

    /// Once the last byte is sent, the client only has to read it.
    fn linger_if_sent(&mut self, number: u64, now: Instant) {
        if self.clients.get(&number).is_some_and(HandedOver::is_drained)
            && let Some(client) = self.clients.remove(&number)
        {
            client.connection.shut_writing();
            // Not kept alive: when the client's thread has seen the end of input there is nothing left to wait for.
            self.lingering.push_back((now + LINGER, Arc::downgrade(&client.connection)));
        }
    }

    /// The peer does not take even the closing line.
    fn give_up(&mut self, number: u64) {
        if let Some(client) = self.clients.remove(&number) {
            client.connection.shut();
        }
    }
}

impl HandedOver {
    fn is_drained(&self) -> bool {
        self.sent == self.bytes.len() && !self.has_pending
    }

    /// When it is cut, or given up, if it takes nothing until then.
    fn due_at(&self, stall_timeout: Duration) -> Instant {
        self.give_up_at.unwrap_or(self.progress + stall_timeout)
    }

    /// Offers the wire what is left.
    fn send(&mut self, now: Instant) -> io::Result<()> {
        if self.is_drained() {
            return Ok(());
        }
        let sent = self.connection.send_now(&self.bytes[self.sent..])?;
        let was_pending = std::mem::replace(&mut self.has_pending, self.connection.has_pending());
        if was_pending && !self.has_pending {
            self.progress = now;
        }
        if sent == 0 {
            return Ok(());
        }
        self.sent += sent;
        self.progress = now;
        if self.sent == self.bytes.len() {
            (self.bytes, self.sent) = (Vec::new(), 0);
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        // The count comes last: at zero the broker may take the client back. Closing bytes were never counted.
        if self.give_up_at.is_none() {
            self.connection.take_unsent(sent);
        }
        Ok(())
    }
}
