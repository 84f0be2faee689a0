//! The thread that owns the chat, the writing side of the store, and every outbox.
//!
//! It works in turns: take what is waiting, decide, commit once, deliver, send once to each client. Batches form by
//! themselves under load; there is no timer and no lingering. It never waits for a client.

mod request;
mod run;
mod turn;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use rustc_hash::FxHashMap;

pub use request::{Gone, Reply, Request};
use run::Run;
use turn::Turn;
use wording::{Batch, Place};

use crate::chat::{Chat, ClientId, Front, Timestamp};
use crate::net::{Admission, Flushed, FlusherHandle, Outbox, Reason};
use crate::protocol::text;
use crate::store::{CommitError, Store as _, Writer};

/// How often the broker looks after what nobody asks for: the date, and the store's housekeeping.
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

/// What the broker works with.
pub struct Broker {
    chat: Chat,
    writer: Writer,
    clients: FxHashMap<ClientId, Client>,
    flusher: FlusherHandle,
    limits: TurnLimits,
    clock: text::Clock,
    admission: Arc<Admission>,
    /// How many people are online, for greetings.
    people: Arc<AtomicUsize>,
    /// The bytes of the current turn, of which clients get parts.
    batch: Batch,
    /// Messages of the current turn to one audience.
    run: Run,
    /// Who gets something in the current turn.
    touched: Vec<ClientId>,
    /// The moment of the last turn, to notice a new day.
    last: Timestamp,
    /// When it was last logged that a turn could not be stored, and how many could not since.
    complained: Timestamp,
    unlogged: u64,
}

/// A logged-in client.
#[derive(Debug)]
struct Client {
    front: Front,
    outbox: Outbox,
    replies: Sender<Reply>,
    /// What to do when all is sent.
    finish: Option<Finish>,
}

/// How a client's session ends once all is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finish {
    Close(Reason),
    Release,
}

/// Why the broker stopped before it was told to: the store cannot be trusted any more.
#[derive(Debug)]
pub struct StoreFailed(pub String);

impl Broker {
    /// A broker with everything it owns. Nobody is connected.
    pub fn new(
        chat: Chat,
        writer: Writer,
        flusher: FlusherHandle,
        limits: TurnLimits,
        clock: text::Clock,
        admission: Arc<Admission>,
        people: Arc<AtomicUsize>,
    ) -> Broker {
        let broker = Broker {
            chat,
            writer,
            clients: FxHashMap::default(),
            flusher,
            limits,
            clock,
            admission,
            people,
            batch: Batch::default(),
            run: Run::default(),
            touched: Vec::new(),
            last: wall_clock(),
            complained: Timestamp(0),
            unlogged: 0,
        };
        broker.publish_bans();
        broker
    }

    /// Works until it is told to stop, or until everybody who could ask is gone. Gives back the store.
    pub fn run(mut self, inbox: &Receiver<Request>) -> Result<Writer, StoreFailed> {
        let worked = self.work_until_stopped(inbox);
        if worked.is_err() {
            self.say_that_the_store_failed();
        }
        self.send_the_rest(inbox);
        worked.map(|()| self.writer)
    }

    fn work_until_stopped(&mut self, inbox: &Receiver<Request>) -> Result<(), StoreFailed> {
        let mut turn = Turn::default();
        loop {
            match inbox.recv_timeout(TICK) {
                Ok(request) => {
                    let waiting = inbox.try_iter().take(self.limits.events_max.saturating_sub(1));
                    if self.work(&mut turn, std::iter::once(request).chain(waiting))? {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.look_after();
        }
    }

    /// Nothing of the turn is delivered or acknowledged; everybody learns that what they sent last may be lost.
    fn say_that_the_store_failed(&mut self) {
        self.batch.clear();
        self.tell_everybody(wording::store_failed);
        self.clients.values_mut().for_each(|client| client.finish = Some(Finish::Close(Reason::Stopping)));
        self.flush();
    }

    /// The same to all clients, in the words of their fronts.
    fn tell_everybody(&mut self, write: impl Fn(Front, &mut Vec<u8>)) {
        let places = Front::ALL.map(|front| self.batch.write(front, |out| write(front, out)));
        let clients: Vec<(ClientId, Front)> = self.clients.iter().map(|(id, client)| (*id, client.front)).collect();
        clients.into_iter().for_each(|(id, front)| self.push(id, places[front as usize]));
    }

    /// One turn. Whether it is time to stop.
    fn work(&mut self, turn: &mut Turn, requests: impl Iterator<Item = Request>) -> Result<bool, StoreFailed> {
        let now = wall_clock();
        let mut stop = false;
        // A turn of many long messages would be more than an outbox may hold, and cut clients that do read.
        let mut bytes_left = self.limits.outbox_max_bytes / 4;
        for request in requests {
            stop |= matches!(request, Request::Stop);
            bytes_left = bytes_left.saturating_sub(request.text_bytes());
            turn.decide(&mut self.chat, &self.writer, now, request);
            if bytes_left == 0 {
                break;
            }
        }
        let committed = match turn.records() {
            [] => Ok(()),
            records => self.writer.commit(records),
        };
        match committed {
            Ok(()) => {
                self.chat.settle();
                self.carry_out(turn, now);
            }
            Err(CommitError::Refused(error)) => {
                self.complain(now, &error);
                self.undo(turn, now)?;
            }
            Err(CommitError::Fatal(error)) => return Err(StoreFailed(error)),
        }
        // Before anybody can read of it: who connects then is greeted with the right number.
        self.people.store(self.chat.people_online(), Ordering::Relaxed);
        self.flush();
        turn.clear();
        self.writer.checkpoint();
        Ok(stop)
    }

    /// Logs that a turn was not stored. On a full disk that may be every one of hundreds a second, so the log has a line a
    /// second of it.
    fn complain(&mut self, now: Timestamp, error: &str) {
        self.unlogged += 1;
        if (now.0 - self.complained.0).unsigned_abs() >= 1000 {
            log::error!("nothing of a turn was stored; its senders are told turns={} error={error}", self.unlogged);
            (self.complained, self.unlogged) = (now, 0);
        }
    }

    /// One send for each client that gets something.
    fn flush(&mut self) {
        let mut gathered = Vec::new();
        for id in std::mem::take(&mut self.touched) {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            match client.outbox.flush(self.batch.of(client.front), &mut gathered, &self.flusher) {
                Flushed::Dry => self.finish(id),
                Flushed::Lent => {}
                Flushed::Ended => self.drop_client(id),
            }
        }
        self.batch.clear();
    }

    /// All is sent: does what was to be done then.
    fn finish(&mut self, id: ClientId) {
        let Some(finish) = self.clients.get(&id).and_then(|client| client.finish) else { return };
        let Some(client) = self.clients.remove(&id) else { return };
        match finish {
            Finish::Close(reason) => {
                client.outbox.link().end(reason);
                client.outbox.link().shut();
            }
            Finish::Release => {
                let _ = client.replies.try_send(Reply::Released);
            }
        }
    }

    /// Nothing more comes from the client. Where something still waits to be sent to it, as to one that has only closed its
    /// own side, that goes on until it is sent or the flusher gives up.
    fn gone(&mut self, id: ClientId) {
        if self.clients.get(&id).is_some_and(|client| client.finish.is_none()) {
            self.drop_client(id);
        }
    }

    fn drop_client(&mut self, id: ClientId) {
        if self.clients.remove(&id).is_some() {
            self.flusher.forget(id.0);
        }
    }

    /// What nobody asks for: a new day is announced, and the store does a bounded piece of its housekeeping.
    fn look_after(&mut self) {
        let now = wall_clock();
        if now.0 - self.last.0 < 1000 && now >= self.last {
            return;
        }
        if !self.clock.is_same_day(self.last, now) {
            let clock = self.clock.clone();
            self.tell_everybody(|front, out| wording::new_day(front, now, &clock, out));
            self.flush();
        }
        self.last = now;
        self.writer.maintain();
    }

    fn push(&mut self, id: ClientId, (from, to): Place) {
        let Some(client) = self.clients.get_mut(&id).filter(|_| from < to) else { return };
        if client.outbox.push(self.batch.of(client.front), from, to) {
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
        match client.front {
            Front::Text => self.write_ahead(id, &[], true),
            Front::Json => {
                client.outbox.end(Reason::SlowReader);
                self.drop_client(id);
            }
        }
    }

    /// Writes bytes ahead of what is held back for a client, and then that too if it is to be `released`.
    fn write_ahead(&mut self, id: ClientId, bytes: &[u8], released: bool) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let held = if released { client.outbox.release() } else { Vec::new() };
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(bytes);
            out.extend_from_slice(&held);
        };
        let (from, to) = self.batch.write(client.front, write);
        if from < to && client.outbox.push_ahead(from, to) {
            self.touched.push(id);
        }
    }

    fn publish_bans(&self) {
        let bans = self.chat.banned_addresses();
        self.admission.ban(bans.map(|(address, until)| (address, until.map(|until| until.0))));
    }

    /// The server stops: gives clients that are slow a short while to take what waits for them, then closes all.
    fn send_the_rest(&mut self, inbox: &Receiver<Request>) {
        let deadline = Instant::now() + self.limits.last_flush;
        while !self.clients.is_empty() {
            match inbox.recv_deadline(deadline) {
                Ok(Request::Dry(id)) => self.dry(id),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let rest: BTreeMap<ClientId, Client> = std::mem::take(&mut self.clients).into_iter().collect();
        for client in rest.values() {
            client.outbox.link().end(Reason::Stopping);
            client.outbox.link().shut();
        }
    }

    fn dry(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id)
            && client.outbox.is_dry(&self.flusher)
        {
            self.finish(id);
        }
    }
}

/// The time by the wall clock. Before 1970 it is 1970.
pub fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
