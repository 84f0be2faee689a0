//! What lies between a client and the server: two pipes that hold what is on its way, and may break with it.

use std::collections::{BTreeMap, VecDeque};

use chat_server::chat::{ClientId, Command, Event, Message, Name, Origin, Timestamp, TokenDigest};

use crate::support::Random;

/// A line of a client; the number comes back with its answer.
#[derive(Clone, Debug)]
pub enum Line {
    LogIn { name: Name, digest: TokenDigest, origin: Origin },
    Ask(Command, u64),
}

/// What the server sends.
#[derive(Clone, Debug)]
pub enum Said {
    /// Something that happens, or the answer to a request.
    Event(Option<u64>, Event),
    /// A message of a page.
    Missed(Message),
    /// All that was missed has been sent.
    Resumed,
    /// The client is not logged in.
    Turned,
}

/// As much is with the system on its way to a client before the server has to keep it.
pub const PIPE_MAX: usize = 4;

/// One connection.
#[derive(Debug, Default)]
pub struct Link {
    pub up: VecDeque<Line>,
    pub down: VecDeque<Said>,
    /// The client sends no more.
    pub up_ends: bool,
    /// The server sends no more.
    pub down_ends: bool,
    /// It broke, and both sides are told.
    pub is_broken: bool,
    /// Nothing passes any more, and nobody is told.
    pub dead_since: Option<Timestamp>,
}

impl Link {
    /// Whether the system takes something for the client.
    pub fn has_room(&self) -> bool {
        self.down.len() < PIPE_MAX && !self.is_broken
    }

    /// The connection is reset: some of what was on its way arrives, in its order, and the rest does not.
    pub fn reset(&mut self, random: &mut Random) {
        self.lose(random);
        self.is_broken = true;
    }

    /// The client is gone without a word.
    pub fn vanish(&mut self, random: &mut Random, now: Timestamp) {
        self.lose(random);
        self.down.clear();
        self.dead_since = Some(now);
    }

    fn lose(&mut self, random: &mut Random) {
        let arrives = |random: &mut Random, len: usize| usize::try_from(random.below(len as u64 + 1)).unwrap();
        self.up.truncate(arrives(random, self.up.len()));
        self.down.truncate(arrives(random, self.down.len()));
    }
}

/// All connections there are and were.
#[derive(Debug, Default)]
pub struct Net {
    links: BTreeMap<ClientId, Link>,
    last: u64,
    /// Those that the server has not accepted yet.
    pub fresh: VecDeque<ClientId>,
    /// What has happened to connections, and how often.
    pub happened: Happened,
}

/// Counts by what they count.
pub type Happened = BTreeMap<&'static str, u64>;

impl Net {
    pub fn connect(&mut self) -> ClientId {
        self.last += 1;
        let client = ClientId(self.last);
        self.links.insert(client, Link::default());
        self.fresh.push_back(client);
        client
    }

    pub fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    pub fn link(&mut self, client: ClientId) -> &mut Link {
        self.links.get_mut(&client).expect("links are kept")
    }

    /// The server's process is gone, and all its connections with it.
    pub fn break_all(&mut self, random: &mut Random) {
        self.fresh.clear();
        self.links.values_mut().filter(|link| !link.is_broken).for_each(|link| link.reset(random));
    }
}
