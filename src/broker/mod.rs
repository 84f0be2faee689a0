//! The thread that owns the chat, the store's writing side, and every outbox.
//!
//! It works in turns: take what is waiting, decide, commit once, deliver, send once to each client. Batches form by
//! themselves under load; there is no timer and no lingering. It never waits for a client.
//!
//! # In a simulation
//!
//! [`Broker::run`] is a thread around four methods that read no clock and never wait, so a simulation can drive a broker,
//! over its own [`Store`] and its own [`Wire`](crate::net::wire::Wire)s, in one thread:
//!
//! 1. Give requests to [`Broker::turn`], as clients' threads would. It takes as many as fit into one turn and leaves the
//!    rest in the iterator. Replies are in the channels that came with [`Request::Enter`] when it returns.
//! 2. Call [`Flusher::step`](crate::net::Flusher::step), and make a [`Request::Drained`] of each client that it reports.
//! 3. Call [`Broker::maintain`] now and then. It does its work once a second of the time that it is given.
//! 4. To stop, give it [`Request::Stop`], then call [`Broker::finish`] and step the flusher once more.
//!
//! After `Err(StoreFailed)` everybody has been notified, and the store is not to be used any more: call [`Broker::finish`],
//! and load a new broker from it. `tests/simulation/path` does all of this.

mod batch;
mod request;
mod run;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use rustc_hash::FxHashMap;

use batch::{Batch, Dialect, Place};
pub use request::{Check, Reply, Request, Waits};
use run::Run;
use turn::Turn;

use crate::chat::{Chat, ClientId, Registration, Timestamp};
use crate::logging::LogThrottle;
use crate::net::{Admission, Flushed, FlusherHandle, Outbox};
use crate::protocol::{Clock, Context, Notice};
use crate::reason::Reason;
use crate::store::{CommitError, Store};

/// How often the broker does what no request asks for: the date, and the store's housekeeping.
const TICK: Duration = Duration::from_secs(1);

/// Bounds of the broker's work.
#[derive(Clone, Copy, Debug)]
pub struct TurnLimits {
    /// Most requests in one turn.
    pub events_max: usize,
    /// Most bytes that may wait for one client.
    pub outbox_max_bytes: usize,
    /// How long to send what waits when the server stops.
    pub last_flush: Duration,
}

/// What is told to whoever connects. Written by the broker after each turn, read by the threads of clients.
#[derive(Debug, Default)]
pub struct Greeting {
    people: AtomicUsize,
    registration: AtomicU8,
}

impl Greeting {
    /// How many people are online.
    pub fn people(&self) -> usize {
        self.people.load(Ordering::Relaxed)
    }

    /// Who can create an account.
    pub fn registration(&self) -> Registration {
        let number = usize::from(self.registration.load(Ordering::Relaxed));
        Registration::ALL.get(number).copied().unwrap_or_default()
    }

    fn publish(&self, chat: &Chat) {
        self.people.store(chat.people_online(), Ordering::Relaxed);
        self.registration.store(chat.registration().number(), Ordering::Relaxed);
    }
}

/// The broker and its state.
pub struct Broker<S> {
    chat: Chat,
    store: S,
    clients: FxHashMap<ClientId, Client>,
    flusher: FlusherHandle,
    limits: TurnLimits,
    clock: Clock,
    admission: Arc<Admission>,
    /// What greetings tell.
    greeting: Arc<Greeting>,
    /// The bytes of the current turn, of which clients get parts.
    batch: Batch,
    /// Messages of the current turn to one audience.
    run: Run,
    /// Clients that get something in the current turn.
    touched: Vec<ClientId>,
    /// Replies of the current turn to threads that wait.
    replies: Vec<(ClientId, Reply)>,
    /// Clients whose connections were cut since the last turn. The chat learns of it in the next one.
    lost: Vec<ClientId>,
    /// Empty between turns; kept for its memory.
    turn: Turn,
    /// The moment of the current turn.
    now: Timestamp,
    /// When it last looked for a new day.
    maintained: Timestamp,
    /// An answer before it is known whether it is silence. Empty between answers; kept for its memory.
    scratch: Vec<u8>,
    /// For turns that could not be stored: on a full disk that may be every one of hundreds a second.
    refused: LogThrottle,
}

/// A logged-in client.
#[derive(Debug)]
struct Client {
    dialect: Dialect,
    outbox: Outbox,
    replies: Sender<Reply>,
    /// The end of the connection, once all output is sent.
    finish: Option<Finish>,
}

/// How a client's session ends once all is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finish {
    Close(Reason),
    Release,
}

/// Why the broker stopped by itself: the store cannot be trusted any more.
#[derive(Debug)]
pub struct StoreFailed(pub String);

impl<S: Store> Broker<S> {
    /// A broker with everything it owns. Nobody is connected.
    #[expect(clippy::too_many_arguments, reason = "all that a broker works with, each of its own type")]
    pub fn new(
        chat: Chat,
        store: S,
        flusher: FlusherHandle,
        limits: TurnLimits,
        clock: Clock,
        admission: Arc<Admission>,
        greeting: Arc<Greeting>,
        now: Timestamp,
    ) -> Broker<S> {
        let broker = Broker {
            chat,
            store,
            clients: FxHashMap::default(),
            flusher,
            limits,
            clock,
            admission,
            greeting,
            batch: Batch::default(),
            run: Run::default(),
            touched: Vec::new(),
            replies: Vec::new(),
            lost: Vec::new(),
            turn: Turn::default(),
            now,
            maintained: now,
            scratch: Vec::new(),
            refused: LogThrottle::new(1000),
        };
        broker.publish_bans();
        broker.greeting.publish(&broker.chat);
        broker
    }

    /// Works until it is asked to stop, or until nobody is left who could ask. Gives back the store.
    pub fn run(mut self, inbox: &Receiver<Request>) -> Result<S, StoreFailed> {
        let worked = self.work_until_stopped(inbox);
        self.wait_for_readers(inbox);
        self.finish();
        worked.map(|()| self.store)
    }

    fn work_until_stopped(&mut self, inbox: &Receiver<Request>) -> Result<(), StoreFailed> {
        loop {
            let wait = if self.lost.is_empty() { TICK } else { Duration::ZERO };
            let first = match inbox.recv_timeout(wait) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            // Also without a request, once a second: something may have lapsed.
            if self.turn(wall_clock(), &mut first.into_iter().chain(inbox.try_iter()))? {
                return Ok(());
            }
            self.maintain(wall_clock())?;
        }
    }

    /// Nothing of the turn is delivered or acknowledged; everybody learns that what they sent last may be lost.
    fn say_that_the_store_failed(&mut self) {
        self.batch.clear();
        self.tell_everybody(Notice::StoreFailed);
        self.clients.values_mut().for_each(|client| client.finish = Some(Finish::Close(Reason::Stopping)));
        self.flush();
    }

    fn tell_everybody(&mut self, notice: Notice) {
        let (now, clock) = (self.now, self.clock.clone());
        let context = Context { now, clock: &clock };
        let dialects = self.batch.dialects();
        let write = |dialect| self.batch.write(dialect, |protocol, out| protocol.notice(notice, context, out));
        let places: Vec<Place> = dialects.map(write).collect();
        let open = self.clients.iter().filter(|(_, client)| client.finish.is_none());
        let clients: Vec<(ClientId, Dialect)> = open.map(|(id, client)| (*id, client.dialect)).collect();
        clients.into_iter().for_each(|(id, dialect)| self.push(id, places[dialect.number()]));
    }

    fn context(&self) -> Context<'_> {
        Context { now: self.now, clock: &self.clock }
    }

    /// One turn: as many of `requests` as fit, one after the other, and a piece of what has lapsed. Returns whether it is
    /// time to stop.
    pub fn turn(&mut self, now: Timestamp, requests: &mut dyn Iterator<Item = Request>) -> Result<bool, StoreFailed> {
        self.now = now;
        let mut turn = std::mem::take(&mut self.turn);
        let mut stop = false;
        for client in std::mem::take(&mut self.lost) {
            self.decide(&mut turn, Request::Gone(client));
        }
        for client in self.chat.expired(now) {
            self.decide(&mut turn, Request::Expired(client));
        }
        turn.sweep(&mut self.chat, now);
        // A turn of much output would be more than an outbox may hold, and cut clients that do read.
        let mut bytes_left = self.limits.outbox_max_bytes / 4;
        for request in requests.take(self.limits.events_max) {
            stop |= matches!(request, Request::Stop);
            bytes_left = bytes_left.saturating_sub(request.room_bytes());
            self.decide(&mut turn, request);
            if bytes_left == 0 {
                break;
            }
        }
        let committed = match turn.records() {
            [] => Ok(()),
            records => self.store.commit(records),
        };
        match committed {
            Ok(()) => {
                self.chat.settle();
                self.carry_out(&mut turn);
            }
            Err(CommitError::Refused(error)) => {
                if let Some(turns) = self.refused.count(self.now.0) {
                    log::error!("nothing of a turn was stored; its senders are notified turns={turns} error={error}");
                }
                self.undo(&mut turn);
            }
            Err(CommitError::Fatal(error)) => {
                self.say_that_the_store_failed();
                return Err(StoreFailed(error));
            }
        }
        // Before anybody can read of it: who connects then is greeted with the right number.
        self.greeting.publish(&self.chat);
        self.flush();
        self.send_replies();
        turn.clear();
        self.turn = turn;
        self.store.checkpoint();
        Ok(stop)
    }

    /// One send for each client that gets something.
    fn flush(&mut self) {
        let mut gathered = Vec::new();
        for id in std::mem::take(&mut self.touched) {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            match client.outbox.flush(self.batch.of(client.dialect), &mut gathered, &self.flusher) {
                Flushed::Drained => self.end_session(id),
                Flushed::HandedOver => {}
                Flushed::Cut => self.lose(id),
            }
        }
        self.batch.clear();
    }

    /// The threads that wait go on. Not before the flush: what a client has not taken of its answers counts before its next
    /// request, so that a client which asks much and reads is slowed down, and not cut.
    fn send_replies(&mut self) {
        for (id, reply) in self.replies.drain(..) {
            if let Some(client) = self.clients.get(&id) {
                let _ = client.replies.try_send(reply);
            }
        }
    }

    /// Everything is sent: the session ends, if it is to end then.
    fn end_session(&mut self, id: ClientId) {
        let Some(finish) = self.clients.get(&id).and_then(|client| client.finish) else { return };
        let Some(mut client) = self.clients.remove(&id) else { return };
        assert!(client.outbox.is_empty(), "last words are sent before the session ends");
        match finish {
            Finish::Close(reason) => client.outbox.finish(reason, &self.flusher),
            Finish::Release => {
                let _ = client.replies.try_send(Reply::Released);
            }
        }
    }

    /// Nothing more comes from the client. Where something is still unsent, as to one that has only closed its own side,
    /// that goes on until it is sent or the flusher gives up.
    fn gone(&mut self, id: ClientId) {
        if self.clients.get(&id).is_some_and(|client| client.finish.is_none()) {
            self.clients.remove(&id);
            self.flusher.take_back(id.0);
        }
    }

    /// The client's connection was cut. Its own thread may not notice for a while; the chat learns of it at once.
    fn lose(&mut self, id: ClientId) {
        if self.clients.remove(&id).is_some() {
            self.lost.push(id);
        }
    }

    /// What no request asks for, once a second: a new day is announced, and the store does a bounded piece of its
    /// housekeeping. Fails if the store cannot be used any more.
    pub fn maintain(&mut self, now: Timestamp) -> Result<(), StoreFailed> {
        if now.0 - self.maintained.0 < 1000 && now >= self.maintained {
            return Ok(());
        }
        if !self.clock.is_same_day(self.maintained, now) {
            self.now = now;
            self.tell_everybody(Notice::NewDay);
            self.flush();
        }
        self.maintained = now;
        self.store.maintain().map_err(|error| {
            self.now = now;
            self.say_that_the_store_failed();
            StoreFailed(error.to_string())
        })
    }

    fn push(&mut self, id: ClientId, (from, to): Place) {
        let Some(client) = self.clients.get_mut(&id).filter(|_| from < to) else { return };
        if client.outbox.push(self.batch.of(client.dialect), from, to) {
            self.touched.push(id);
        }
        if client.outbox.holds_too_much() {
            self.give_up_holding(id);
        }
    }

    /// The page for which an outbox is held takes too long. People get what waits out of order rather than not at all; a
    /// program would not notice, so it is cut, and can resume.
    fn give_up_holding(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        if self.batch.protocol(client.dialect).strict_order() {
            client.outbox.cut(Reason::SlowReader, &self.flusher);
            self.lose(id);
        } else {
            self.write_ahead(id, &[], true);
        }
    }

    /// Writes bytes ahead of what is held back for a client, and then that too if it is to be `released`.
    fn write_ahead(&mut self, id: ClientId, bytes: &[u8], released: bool) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let held = if released { client.outbox.release() } else { Vec::new() };
        let (from, to) = self.batch.write(client.dialect, |_, out| {
            out.extend_from_slice(bytes);
            out.extend_from_slice(&held);
        });
        if from < to && client.outbox.push_ahead(from, to) {
            self.touched.push(id);
        }
    }

    fn publish_bans(&self) {
        let bans = self.chat.banned_addresses();
        self.admission.ban(bans.map(|(address, until)| (address, until.map(|until| until.0))));
    }

    /// The server stops: gives clients that are slow a short while to take what waits for them.
    fn wait_for_readers(&mut self, inbox: &Receiver<Request>) {
        let deadline = Instant::now() + self.limits.last_flush;
        self.close_open();
        while !self.clients.is_empty() {
            match inbox.recv_deadline(deadline) {
                Ok(Request::Drained(id)) => {
                    self.drained(id);
                    self.flush();
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
    }

    /// Says the closing line to those whose threads have not asked for it, as they still read a page or check a password.
    fn close_open(&mut self) {
        let open = self.clients.iter().filter(|(_, client)| client.finish.is_none());
        let mut open: Vec<ClientId> = open.map(|(id, _)| *id).collect();
        open.sort_unstable();
        open.into_iter().for_each(|id| self.close(id, Reason::Stopping));
        self.flush();
    }

    /// The server stops: ends the connections of all clients, in the order of their numbers.
    pub fn finish(&mut self) {
        self.close_open();
        let rest: BTreeMap<ClientId, Client> = std::mem::take(&mut self.clients).into_iter().collect();
        for mut client in rest.into_values() {
            client.outbox.finish(Reason::Stopping, &self.flusher);
        }
    }

    /// The flusher has sent everything it had for a client. Should its session be over, it ends with the turn, behind what
    /// the turn still has for it.
    fn drained(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.outbox.connection().is_finished() {
            self.lose(id);
        } else if client.outbox.is_drained(&self.flusher) {
            self.touched.push(id);
        }
    }
}

/// The time by the wall clock. Before 1970 it is 1970.
pub fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
