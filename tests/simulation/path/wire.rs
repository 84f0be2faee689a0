//! What lies between a client and the server: two streams of bytes, each with a bounded buffer, which stall, break, or go
//! dead without notice. The server's end is a [`Wire`], which also notes who writes: exactly one owner at a time may.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use chat_server::chat::{AccountId, ClientId, Event, Message, Timestamp};
use chat_server::net::wire::Wire;
use chat_server::net::{Connection, EndCounters};
use chat_server::protocol::Reference;
use chat_server::protocol::json::Object;

use super::Sabotage;
use super::history::{Fault, Kind};
use crate::support::Random;

/// How many bytes the system takes for a client that does not read.
const BUFFER_MAX_BYTES: u64 = 700;

/// How the flusher cuts a client: the line that was sent in part is ended, even if nothing but its end was missing.
const CUT_LINE: &[u8] = b"\n{\"type\":\"bye\"";

/// Who writes to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Writer {
    #[default]
    Thread,
    Broker,
    Flusher,
}

/// What a client reads: an object with the reference of its request, or a line that is none, since it was sent in part.
pub type Said = Option<(Option<Reference>, Object)>;

/// One connection.
#[derive(Debug, Default)]
pub struct Pipe {
    pub up: VecDeque<u8>,
    /// The client sends no more.
    pub up_ends: bool,
    /// What the system has taken for the client, and where in the stream each line ends.
    down: VecDeque<(u64, Said)>,
    unfinished: Vec<u8>,
    taken: u64,
    read: u64,
    /// The server sends no more.
    down_ends: bool,
    /// It broke, and both sides are notified.
    pub is_broken: bool,
    /// Nothing passes any more, and nobody is notified.
    pub dead_since: Option<Timestamp>,
    /// The account that has logged in, and the server's side: its thread may be gone.
    pub account: Option<AccountId>,
    pub connection: Weak<Connection>,
    pub owner: Writer,
    /// The flusher owns it to its end.
    is_ending: bool,
    /// Messages that were sent since the client last acted.
    delivered: Vec<Message>,
    /// For the sabotage: what follows this many bytes of the next send is sent twice.
    pub repeats_after: Option<usize>,
}

impl Pipe {
    /// Takes bytes as far as there is room: how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let room = BUFFER_MAX_BYTES.saturating_sub(self.taken - self.read);
        let len = bytes.len().min(room as usize);
        for piece in bytes[..len].split_inclusive(|byte| *byte == b'\n') {
            self.taken += piece.len() as u64;
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let is_cut = piece == b"\n" && bytes.starts_with(CUT_LINE);
                let said = Object::decode(self.unfinished.trim_ascii_end()).ok().filter(|_| !is_cut);
                match &said {
                    Some((_, Object::Event(Event::Message(message)))) => self.delivered.push(message.clone()),
                    Some((_, Object::Unread { messages, .. })) => self.delivered.extend_from_slice(messages),
                    _ => {}
                }
                self.down.push_back((self.taken, said));
                self.unfinished.clear();
            }
        }
        len
    }

    /// The client reads up to `max` bytes: the lines that are complete then.
    pub fn read(&mut self, max: u64) -> Vec<Said> {
        self.read = self.taken.min(self.read + max);
        let complete = self.down.iter().take_while(|(end, _)| *end <= self.read).count();
        self.down.drain(..complete).map(|(_, said)| said).collect()
    }

    /// Whether nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.up.is_empty() && self.read == self.taken
    }

    /// Whether the client has read everything that will ever come; and whether the server has ended it cleanly.
    pub fn is_over(&self) -> Option<bool> {
        (self.read == self.taken && (self.is_broken || self.down_ends)).then_some(!self.is_broken)
    }

    /// The client acts: its account, and what was sent to it since it last acted.
    pub fn acted_on(&mut self) -> (AccountId, Vec<Message>) {
        (self.account.expect("it is logged in"), std::mem::take(&mut self.delivered))
    }

    /// The connection is reset: some of what was on its way arrives, in its order, and the rest does not.
    pub fn reset(&mut self, random: &mut Random) {
        self.lose(random);
        self.is_broken = true;
    }

    /// The client is gone without a word.
    pub fn vanish(&mut self, random: &mut Random, now: Timestamp) {
        self.lose(random);
        self.dead_since = Some(now);
    }

    fn lose(&mut self, random: &mut Random) {
        self.up.truncate(random.below(self.up.len() as u64 + 1) as usize);
        self.taken = self.read + random.below(self.taken - self.read + 1);
        self.down.retain(|(end, _)| *end <= self.taken);
    }
}

/// All connections there are and were, and what happens to them.
#[derive(Debug, Default)]
pub struct Network {
    pipes: BTreeMap<ClientId, Pipe>,
    /// Those that the server has not accepted yet.
    pub fresh: VecDeque<ClientId>,
    /// Which part of the server is at work.
    pub at_work: Writer,
    /// The server's process dies after so many sends; then nothing is sent any more.
    pub dies_after: Option<u64>,
    pub sabotage: Sabotage,
    pub happened: Happened,
    /// Why connections ended.
    pub counters: Arc<EndCounters>,
    pub faults: Vec<Fault>,
    /// Every byte that was sent.
    pub bytes: DefaultHasher,
}

/// Counts by what they count.
pub type Happened = BTreeMap<&'static str, u64>;

impl Network {
    pub fn connect(&mut self) -> ClientId {
        let client = ClientId(self.pipes.len() as u64 + 1);
        self.pipes.insert(client, Pipe::default());
        self.fresh.push_back(client);
        client
    }

    pub fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    pub fn pipe(&mut self, client: ClientId) -> &mut Pipe {
        self.pipes.get_mut(&client).expect("pipes are kept")
    }

    pub fn fault(&mut self, kind: Kind, what: String) {
        self.faults.push(Fault { kind, what });
    }

    /// The server's process is gone, and all its connections with it.
    pub fn break_all(&mut self, random: &mut Random) {
        self.fresh.clear();
        self.dies_after = None;
        self.pipes.values_mut().filter(|pipe| !pipe.is_broken).for_each(|pipe| pipe.reset(random));
    }

    fn send(&mut self, client: ClientId, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match &mut self.dies_after {
            Some(0) => return Ok(bytes.len()),
            Some(left) => *left -= 1,
            None => {}
        }
        self.check_writer(client);
        let at_work = self.at_work;
        let pipe = self.pipe(client);
        if pipe.is_broken || pipe.down_ends {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let taken = pipe.take(bytes);
        if at_work == Writer::Broker && taken < bytes.len() {
            pipe.owner = Writer::Flusher;
        }
        if let Some(skipped) = pipe.repeats_after.take().filter(|skipped| *skipped < taken && taken == bytes.len()) {
            pipe.take(&bytes[skipped..]);
        }
        if self.sabotage == Sabotage::KeepListening {
            let is_message = |line: &&[u8]| line.starts_with(br#"{"type":"message""#);
            for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(is_message) {
                self.pipes.values_mut().filter(|pipe| pipe.unfinished.is_empty()).for_each(|pipe| _ = pipe.take(line));
            }
        }
        self.bytes.write_u64(client.0);
        self.bytes.write(&bytes[..taken]);
        Ok(taken)
    }

    /// Only the owner writes. The flusher becomes the owner by an order that no wire can see; then it is so to the end.
    fn check_writer(&mut self, client: ClientId) {
        let at_work = self.at_work;
        let pipe = self.pipe(client);
        if (at_work, pipe.owner) == (Writer::Flusher, Writer::Broker) {
            (pipe.owner, pipe.is_ending) = (Writer::Flusher, true);
        }
        if at_work != pipe.owner || pipe.down_ends {
            let what = format!("{at_work:?} writes to {client}, {:?} owns it, over: {}", pipe.owner, pipe.down_ends);
            self.fault(Kind::Overwritten, what);
        }
    }

    /// The broker is about to learn that the flusher has sent everything: if that is so it takes the writing side back.
    pub fn take_back(&mut self, client: ClientId) {
        let pipe = self.pipe(client);
        let connection = pipe.connection.upgrade();
        let is_drained = connection.is_some_and(|connection| connection.unsent() == 0 && !connection.is_finished());
        if is_drained && pipe.owner == Writer::Flusher && !pipe.is_ending {
            pipe.owner = Writer::Broker;
        }
    }
}

/// The network, as all simulated parts share it.
#[derive(Clone, Debug, Default)]
pub struct Net(Arc<Mutex<Network>>);

impl Net {
    pub fn lock(&self) -> MutexGuard<'_, Network> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

/// The server's end of a connection.
#[derive(Debug)]
pub struct Socket {
    pub net: Net,
    pub client: ClientId,
}

impl Wire for Socket {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut net = self.net.lock();
        let pipe = net.pipe(self.client);
        if pipe.is_broken {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        match io::Read::read(&mut pipe.up, buffer)? {
            0 if !pipe.up_ends => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }

    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        self.net.lock().send(self.client, bytes)
    }

    fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shut_reading(&self) {
        self.net.lock().pipe(self.client).up_ends = true;
    }

    fn shut_writing(&self) {
        let mut net = self.net.lock();
        if net.dies_after != Some(0) {
            net.check_writer(self.client);
            net.pipe(self.client).down_ends = true;
        }
    }

    /// A client that was still to be sent something finds a broken connection.
    fn shut(&self) {
        let mut net = self.net.lock();
        let pipe = net.pipe(self.client);
        pipe.is_broken |= !pipe.down_ends;
        pipe.up_ends = true;
    }

    fn is_broken(&self) -> bool {
        let mut net = self.net.lock();
        let pipe = net.pipe(self.client);
        pipe.is_broken || (pipe.up_ends && pipe.down_ends)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.net.lock().pipe(self.client).down_ends = true;
    }
}
