//! The server: the real broker, flusher and connections, driven as `src/broker` says. Only the threads of clients are
//! played, by `thread.rs`.

use std::collections::BTreeMap;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use chat_server::address::Address;
use chat_server::broker::{Broker, Request, StoreFailed, TurnLimits};
use chat_server::chat::{Chat, ChatLimits, ClientId, Timestamp};
use chat_server::net::{self, Admission, Caps, Connection, Flusher};
use chat_server::protocol::Clock;
use chat_server::protocol::json::Json;

use super::Sabotage;
use super::disk::{Commit, Disk};
use super::run::room_id;
use super::thread::Thread;
use super::wire::{Net, Socket, Writer};
use crate::support::Random;

/// Most requests in one turn.
const TURN_MAX: u64 = 6;
/// Most bytes that may wait for a client.
pub const OUTBOX_MAX_BYTES: usize = 2500;
/// How long a client may take nothing before it is cut.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// When the system gives up a peer that does not answer.
const DEAD_PEER_S: u64 = 10;

/// What happens to the server beside what clients request, in a thousand turns, pages or steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub refused: u64,
    pub doubtful: u64,
    pub died_before: u64,
    pub died_written: u64,
    /// Dies after the commit, when some clients have been sent what is theirs and others not.
    pub died_sending: u64,
    /// A page, or a key, cannot be read.
    pub unreadable: u64,
    /// A page takes longer.
    pub slow_page: u64,
    pub stopped: u64,
}

/// What the server runs on.
pub struct Host<'a> {
    pub random: &'a mut Random,
    pub net: &'a Net,
    pub disk: &'a Disk,
    pub faults: &'a Faults,
    pub sabotage: Sabotage,
    /// Goes on steadily; the clock on the wall may be set.
    pub now: Timestamp,
    pub wall: Timestamp,
    /// `now` 0 by the clock of timeouts.
    pub epoch: Instant,
}

impl Host<'_> {
    /// Whether something happens that happens in `times` of a thousand cases.
    pub fn happens(&mut self, times: u64) -> bool {
        self.random.below(1000) < times
    }

    fn how_the_next_commit_ends(&mut self) -> Commit {
        let Faults { refused, doubtful, died_before, died_written, .. } = *self.faults;
        let synced = 1000 - refused - doubtful - died_before - died_written;
        let ends = [Commit::Synced, Commit::Refused, Commit::Doubtful, Commit::DiedBefore, Commit::DiedWritten];
        ends[self.random.weighted(&[synced, refused, doubtful, died_before, died_written])]
    }
}

pub struct Server {
    broker: Broker<Disk>,
    flusher: Flusher,
    threads: BTreeMap<ClientId, Thread>,
    admission: Arc<Admission>,
    inbox: (Sender<Request>, Receiver<Request>),
}

impl Server {
    pub fn start(limits: ChatLimits, host: &Host) -> Server {
        let (handle, flusher) = net::flusher(STALL_TIMEOUT).expect("the system gives a pair of sockets");
        let last_flush = Duration::ZERO;
        let turn_limits = TurnLimits { events_max: 256, outbox_max_bytes: OUTBOX_MAX_BYTES, last_flush };
        let most = u64::MAX;
        let admission = Admission::new(Caps {
            total: most,
            per_address: most,
            per_address_and_window: most,
            probes_per_address_and_window: most,
            loopback_factor: 1,
        });
        let (chat, store) = (Chat::load(limits, host.disk.snapshot()), host.disk.clone());
        let (clock, people) = (Clock::utc(), Arc::default());
        let broker = Broker::new(chat, store, handle, turn_limits, clock, admission.clone(), people, host.wall);
        Server { broker, flusher, threads: BTreeMap::new(), admission, inbox: unbounded() }
    }

    pub fn is_asked(&self) -> bool {
        !self.inbox.1.is_empty()
    }

    /// How many connections are not closed yet.
    pub fn open(&self) -> u64 {
        self.admission.open()
    }

    /// Whether nothing is on its way to a client, or from it.
    pub fn has_served(&self, client: ClientId) -> bool {
        self.threads.get(&client).is_some_and(Thread::is_idle)
    }

    /// One turn of the broker; why the process is gone, if it is.
    pub fn work(&mut self, host: &mut Host) -> Option<&'static str> {
        let ends = host.how_the_next_commit_ends();
        let is_unreadable = host.happens(host.faults.unreadable);
        host.disk.with(|disk| (disk.next, disk.ended, disk.is_unreadable) = (ends, None, is_unreadable));
        let dies_after = host.happens(host.faults.died_sending).then(|| host.random.below(4));
        host.net.lock().dies_after = dies_after;
        host.net.lock().at_work = Writer::Broker;
        let mut left = 1 + host.random.below(TURN_MAX);
        let mut requests = iter::from_fn(|| {
            left = left.checked_sub(1)?;
            let request = self.inbox.1.try_recv().ok()?;
            look_at(&request, host);
            Some(request)
        });
        let worked = self.broker.turn(host.wall, &mut requests);
        let ended = host.disk.contents().ended;
        if worked.is_ok() && host.net.lock().dies_after.is_some() {
            return Some("died while sending");
        }
        match (worked, ended) {
            (_, Some(Commit::DiedBefore)) => return Some("died before writing"),
            (_, Some(Commit::DiedWritten)) => return Some("died between writing and syncing"),
            (Err(StoreFailed(_)), _) => return Some(self.stop(host, "stopped after a failed sync")),
            (Ok(true), _) => return Some(self.stop(host, "stopped")),
            // The chat is not what the store holds any more.
            (_, Some(Commit::Refused)) if host.sabotage == Sabotage::KeepUnstored => return Some("gone on"),
            (_, Some(Commit::Refused)) => host.net.lock().note("a commit refused"),
            _ => {}
        }
        match self.broker.maintain(host.wall) {
            Ok(()) => None,
            Err(StoreFailed(_)) => Some(self.stop(host, "stopped by its housekeeping")),
        }
    }

    fn stop(&mut self, host: &Host, why: &'static str) -> &'static str {
        self.broker.finish();
        self.flush(host);
        why
    }

    /// The flusher sends what the system takes.
    fn flush(&mut self, host: &Host) {
        host.net.lock().at_work = Writer::Flusher;
        let now = host.epoch + Duration::from_millis(host.now.0 as u64);
        self.flusher.step(now, |client| self.inbox.0.send(Request::Drained(ClientId(client))).expect("it is open"));
    }

    /// Accepts who has connected, and lets the flusher work, or one connection's thread do one thing.
    pub fn serve(&mut self, host: &mut Host) {
        let fresh = host.net.lock().fresh.pop_front();
        fresh.into_iter().for_each(|client| self.accept(client, host));
        if host.random.percent(30) {
            return self.flush(host);
        }
        if host.happens(host.faults.stopped) {
            self.inbox.0.send(Request::Stop).expect("it is open");
        }
        let clients: Vec<ClientId> = self.threads.keys().copied().collect();
        let Some(client) = host.random.one_of(&clients) else { return };
        {
            let mut net = host.net.lock();
            net.at_work = Writer::Thread;
            let pipe = net.pipe(client);
            pipe.is_broken |= pipe.dead_since.is_some_and(|since| host.now >= since.plus_seconds(DEAD_PEER_S));
        }
        if !self.threads.get_mut(&client).expect("it was chosen").go_on(host) {
            self.threads.remove(&client);
        }
    }

    fn accept(&mut self, client: ClientId, host: &Host) {
        let (wire, peer) = (Box::new(Socket { net: host.net.clone(), client }), SocketAddr::from(([192, 0, 2, 1], 7)));
        let permit = self.admission.admit(Address::of(peer.ip()), client.0, host.epoch).ok();
        let counters = host.net.lock().counters.clone();
        let connection = Arc::new(Connection::new(wire, peer, client.0, &Json, permit, counters));
        host.net.lock().pipe(client).connection = Arc::downgrade(&connection);
        self.threads.insert(client, Thread::new(connection, self.inbox.0.clone()));
    }
}

/// Notes what follows from a request that a turn is about to take.
fn look_at(request: &Request, host: &Host) {
    let mut net = host.net.lock();
    match request {
        Request::Ask { client, is_act: true, .. } => {
            let (account, messages) = net.pipe(*client).acted_on();
            let shown = messages.iter().map(|message| (room_id(&message.room), message.seq));
            host.disk.with(|disk| shown.for_each(|(room, seq)| disk.reading.allow(account, room, seq)));
        }
        Request::Drained(client) => net.take_back(*client),
        _ => {}
    }
}
