//! What can be known of the chat without asking it: the tables, the sessions as their inputs and answers tell, who hears
//! which room since when, and what everybody has read.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, ClientId, Command, Grant, Name, Origin, Record, RoomId, RoomLabel, Seq, Text, Timestamp, TokenDigest,
};

use super::reading::{Read, Reading};
use super::request::Request;
use super::store::Store;

/// Messages: a room, and the first and last number.
pub type Range = (RoomId, Seq, Seq);

/// Who requests something.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub client: ClientId,
    pub account: AccountId,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Client {
    pub account: AccountId,
    pub origin: Origin,
    /// Whether it reads by acting.
    pub reads: bool,
    pub since: Timestamp,
    pub active: Timestamp,
    /// By which it was logged in.
    pub token: Option<(Name, TokenDigest)>,
    /// Its current room, by what it was last shown.
    pub room: Option<RoomId>,
    /// The current room that it lost by another's hand, as it was shown.
    pub lost: Option<RoomLabel>,
    /// The rooms that it hears, each with the number after which it hears everything.
    pub hears: BTreeMap<RoomId, Seq>,
    /// Whose absence it was notified of, and how they were absent.
    pub absent: BTreeMap<AccountId, Option<Text>>,
    /// What was delivered to it in earlier turns since it last acted: it is read when the client acts.
    delivered: Vec<Range>,
    /// What is delivered to it in this turn.
    fresh: Vec<Range>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub now: Timestamp,
    pub store: Store,
    pub clients: BTreeMap<ClientId, Client>,
    pub reading: Reading,
}

impl State {
    pub fn asker(&self, client: ClientId) -> Option<Asker> {
        self.clients.get(&client).map(|it| Asker { client, account: it.account })
    }

    pub fn clients_of(&self, account: AccountId) -> impl Iterator<Item = ClientId> {
        self.clients.iter().filter(move |(_, it)| it.account == account).map(|(client, _)| *client)
    }

    pub fn clients_at(&self, address: Address) -> impl Iterator<Item = ClientId> {
        self.clients.iter().filter(move |(_, it)| it.origin.address == address).map(|(client, _)| *client)
    }

    /// The sessions whose tokens have expired, in the order in which they did.
    pub fn expired(&self) -> Vec<ClientId> {
        let until = |(client, it): (&ClientId, &Client)| {
            let (name, digest) = it.token.as_ref()?;
            let token = self.store.tokens.get(&(it.account, name.clone())).expect("a session ends with its token");
            assert_eq!(token.digest, *digest, "a session ends with its token");
            Some((token.until.filter(|until| *until <= self.now)?, *client))
        };
        let mut expired: Vec<_> = self.clients.iter().filter_map(until).collect();
        expired.sort();
        expired.into_iter().map(|(_, client)| client).collect()
    }

    pub fn hearers(&self, room: RoomId) -> impl Iterator<Item = ClientId> {
        self.clients.iter().filter(move |(_, it)| it.hears.contains_key(&room)).map(|(client, _)| *client)
    }

    pub fn is_online(&self, account: AccountId) -> bool {
        self.clients_of(account).next().is_some()
    }

    /// The room that somebody means: the labelled one, or the current one.
    pub fn find(&self, asker: Asker, label: Option<&RoomLabel>) -> Option<RoomId> {
        match label {
            Some(label) => self.store.find(asker.account, label, self.now),
            None => self.clients[&asker.client].room,
        }
    }

    /// How many messages an account has not read in a room, and how many of them name it.
    pub fn missed(&self, room: RoomId, account: AccountId) -> (u64, u64) {
        let read = self.reading.of(room, account);
        let mentions = self.store.mentions_of(room, account, |seq| !read.contains(seq));
        (read.unread(self.store.rooms[&room].last_seq), mentions)
    }

    /// Whether something was delivered to a client, or will be with this turn, that is read once it acts.
    pub fn has_pending(&self, client: ClientId) -> bool {
        let of = |it: &Client| it.reads && !(it.delivered.is_empty() && it.fresh.is_empty());
        self.clients.get(&client).is_some_and(of)
    }

    /// What somebody will have read in a room once it acts.
    pub fn read_by_acting(&self, asker: Asker, room: RoomId) -> Read {
        let mut read = self.reading.of(room, asker.account).clone();
        let it = &self.clients[&asker.client];
        let pending = it.delivered.iter().chain(&it.fresh).filter(|_| it.reads);
        read.mark_all(pending.filter(|(other, ..)| *other == room).map(|(_, from, to)| (*from, *to)).collect());
        read
    }

    /// A session begins.
    pub fn begin(&mut self, asker: Asker, origin: Origin, token: Option<(Name, TokenDigest)>) {
        let heard = self.store.rooms_of(asker.account).filter(|_| origin.live);
        let hears = heard.map(|room| (room.id, room.last_seq)).collect();
        let (since, active) = (self.now, self.now);
        let (absent, delivered, fresh) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (account, reads) = (asker.account, origin.reads.unwrap_or(token.is_none()));
        let client = Client {
            account,
            origin,
            reads,
            since,
            active,
            token,
            room: None,
            lost: None,
            hears,
            absent,
            delivered,
            fresh,
        };
        self.clients.insert(asker.client, client);
    }

    /// Whether a client pays attention when it asks for this: not while it is away, unless it says something.
    pub fn attends(&self, client: ClientId, request: &Request) -> bool {
        let says =
            matches!(request.command(), Some(Command::Say { .. } | Command::Tell { .. } | Command::Reply { .. }));
        let is_away = |it: &Client| self.store.accounts[&it.account].away.is_some();
        says || !self.clients.get(&client).is_some_and(is_away)
    }

    /// A client has sent a request: what was delivered to it is read, if it has arrived. The rooms in which that changed
    /// something.
    pub fn act(&mut self, client: ClientId, arrived: bool) -> BTreeSet<RoomId> {
        let now = self.now;
        let Some(it) = self.clients.get_mut(&client) else { return BTreeSet::new() };
        it.active = now;
        if !arrived || !it.reads {
            return BTreeSet::new();
        }
        let account = it.account;
        let delivered = std::mem::take(&mut it.delivered);
        let changes = |(room, from, to): &Range| self.reading.mark(*room, account, *from, *to);
        delivered.into_iter().filter(changes).map(|(room, ..)| room).collect()
    }

    /// An account has set its position in a room. If that was backwards, what was said before no longer becomes read by acting.
    pub fn set_read(&mut self, room: RoomId, account: AccountId, up_to: Seq) -> bool {
        if up_to < self.reading.of(room, account).prefix() {
            for it in self.clients.values_mut().filter(|it| it.account == account) {
                it.delivered.retain(|(other, ..)| *other != room);
                it.fresh.retain(|(other, ..)| *other != room);
            }
        }
        self.reading.set(room, account, up_to)
    }

    /// A message is delivered to a client in this turn.
    pub fn deliver(&mut self, client: ClientId, room: RoomId, seq: Seq) {
        self.clients.get_mut(&client).expect("it has a session").fresh.push((room, seq, seq));
    }

    /// A page has been delivered to a client.
    pub fn show(&mut self, client: ClientId, ranges: &[Range]) {
        let it = self.clients.get_mut(&client).expect("it has a session");
        it.reads |= it.origin.reads.is_none() && it.origin.traits.cursor;
        it.delivered.extend(ranges);
    }

    /// A client was granted a page of a backlog: it hears the rooms of which nothing is left, and those it did not name.
    pub fn resume(&mut self, asker: Asker, grant: &Grant) {
        for room in self.store.rooms_of(asker.account) {
            let range = grant.ranges.iter().find(|range| range.room.id == room.id);
            if range.is_none_or(|range| range.to == range.last) {
                let hears = &mut self.clients.get_mut(&asker.client).expect("it has a session").hears;
                hears.entry(room.id).or_insert(room.last_seq);
            }
        }
    }

    /// The turn is stored.
    pub fn settle(&mut self) {
        for client in self.clients.values_mut() {
            client.delivered.append(&mut client.fresh);
        }
    }

    /// The server was killed: what is known is what is stored.
    pub fn restart(&mut self) {
        self.clients.clear();
        self.reading.restart(&self.store);
    }

    /// A record changes the tables, who hears what, and what authors have read.
    pub fn apply(&mut self, record: &Record) {
        self.store.apply(record);
        match *record {
            Record::MemberAdded { room, account, .. } => {
                let last = self.store.rooms[&room].last_seq;
                self.reading.join(room, account, last);
                for it in self.clients.values_mut().filter(|it| it.account == account) {
                    it.hears.insert(room, last);
                }
            }
            Record::MemberRemoved { room, account } => {
                self.reading.leave(room, account);
                for it in self.clients.values_mut().filter(|it| it.account == account) {
                    it.hears.remove(&room);
                }
            }
            Record::RoomDeleted { id } => {
                self.reading.forget(id);
                for it in self.clients.values_mut() {
                    it.hears.remove(&id);
                }
            }
            Record::MessageSaid { room, seq, author, .. } if self.store.is_member(room, author) => {
                self.reading.mark(room, author, seq, seq);
            }
            Record::ReadSet { room, account, ref read } => self.reading.check(room, account, read),
            _ => {}
        }
    }
}
