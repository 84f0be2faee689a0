//! Clients: people, who are told what happens while they are there, and programs, which send again what was not
//! acknowledged and come back for what they have missed.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, ClientId, Command, Event, Front, Keyed, Message, MessageKind, Name, Origin, RoomId, RoomLabel, SendKey,
    Seq, Text, Timestamp, TokenDigest,
};

use super::disk::Disk;
use super::history::{History, Kind};
use super::wire::{Line, Net, Said};
use crate::support::Random;

/// Most messages that a client has under way.
const PENDING_MAX: usize = 5;
/// As much is read at once.
const READ_MAX: u64 = 6;

/// How it is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Comes back at this moment.
    Away(Timestamp),
    /// Has asked to be let in.
    Entering,
    /// Waits for all it has missed; the number of its request.
    Resuming(u64),
    Here,
    /// Has closed its side, and reads what is left.
    Leaving,
}

/// Up to where a client knows a room.
#[derive(Clone, Debug, Default)]
struct Position {
    seq: Seq,
    /// Its own messages beyond that, known by their acknowledgements.
    own: BTreeSet<Seq>,
}

impl Position {
    fn at(seq: Seq) -> Position {
        Position { seq, own: BTreeSet::new() }
    }

    /// Up to where there is no gap.
    fn reached(&mut self) -> Seq {
        while self.own.remove(&(self.seq + 1)) {
            self.seq += 1;
        }
        self.seq
    }
}

/// A message that is not acknowledged.
#[derive(Clone, Debug)]
struct Pending {
    text: String,
    room: RoomLabel,
    /// The number of the request by which it is under way on this connection.
    reference: Option<u64>,
    /// So many times it was sent.
    times: u64,
}

#[derive(Debug)]
pub struct Client {
    pub name: Name,
    account: AccountId,
    digest: TokenDigest,
    is_program: bool,
    pub link: Option<ClientId>,
    pub state: State,
    pub stalled_until: Timestamp,
    rooms: BTreeMap<RoomLabel, Position>,
    pending: Vec<Pending>,
    /// Rooms that it was put out of while it waited for a page. If it is back in before its question is answered, the page
    /// has again what it was told before: it had not asked for anything else.
    put_out: BTreeSet<RoomLabel>,
    /// What it was given on this connection.
    given: BTreeSet<(RoomId, Seq)>,
    last: u64,
}

/// The rooms there are; their names do not change.
pub type Rooms = BTreeMap<RoomLabel, RoomId>;

/// Where a client looks around.
pub struct Surroundings<'a> {
    pub net: &'a mut Net,
    pub random: &'a mut Random,
    pub history: &'a mut History,
    pub disk: &'a Disk,
    pub rooms: &'a Rooms,
    pub now: Timestamp,
    /// Nobody goes away any more, or says something new.
    pub is_calm: bool,
}

impl Client {
    pub fn new(name: Name, account: AccountId, digest: TokenDigest, is_program: bool) -> Client {
        Client {
            name,
            account,
            digest,
            is_program,
            link: None,
            state: State::Away(Timestamp(0)),
            stalled_until: Timestamp(0),
            rooms: BTreeMap::new(),
            pending: Vec::new(),
            put_out: BTreeSet::new(),
            given: BTreeSet::new(),
            last: 0,
        }
    }

    /// Does the next thing.
    pub fn act(&mut self, around: &mut Surroundings) {
        let Some(link) = self.link else {
            if matches!(self.state, State::Away(until) if around.now < until) {
                return;
            }
            self.link = Some(around.net.connect());
            self.enter(around);
            return;
        };
        if around.now < self.stalled_until {
            return;
        }
        for _ in 0..1 + around.random.below(READ_MAX) {
            match around.net.link(link).down.pop_front() {
                Some(said) => self.take(said, around),
                None => break,
            }
            if self.link.is_none() {
                return;
            }
        }
        let end = around.net.link(link);
        if end.down.is_empty() && (end.is_broken || end.down_ends) {
            self.go_away(around.random, around.now, around.is_calm);
            return;
        }
        match self.state {
            State::Here => self.do_something(link, around),
            // A login that could not be stored is tried again.
            State::Entering if self.last == 0 => self.enter(around),
            _ => {}
        }
    }

    /// It has no connection any more, and comes back later.
    pub fn go_away(&mut self, random: &mut Random, now: Timestamp, is_calm: bool) {
        let seconds = if is_calm { 1 } else { random.one_of(&[0, 0, 1, 5, 30]).unwrap() };
        self.link = None;
        self.state = State::Away(now.plus_seconds(seconds));
        self.given.clear();
        self.put_out.clear();
        self.pending.iter_mut().for_each(|pending| pending.reference = None);
        if !self.is_program {
            // Nobody sends again by hand what may have arrived.
            self.pending.clear();
        }
    }

    fn enter(&mut self, around: &mut Surroundings) {
        let link = self.link.expect("it has connected");
        let address = Address::parse("192.0.2.1").unwrap();
        let front = if self.is_program { Front::Json } else { Front::Text };
        let origin = Origin { address, front, live: !self.is_program };
        let line = Line::LogIn { name: self.name.clone(), digest: self.digest, origin };
        around.net.link(link).up.push_back(line);
        self.state = State::Entering;
        self.last = 1;
    }

    fn ask(&mut self, net: &mut Net, command: Command) -> u64 {
        self.last += 1;
        if let Some(link) = self.link {
            net.link(link).up.push_back(Line::Ask(command, self.last));
        }
        self.last
    }

    fn do_something(&mut self, link: ClientId, around: &mut Surroundings) {
        if let Some(index) = self.pending.iter().position(|pending| pending.reference.is_none()) {
            self.send(index, around);
            return;
        }
        if around.is_calm {
            return;
        }
        match around.random.below(100) {
            0..40 if self.pending.len() < PENDING_MAX => self.say(around),
            40..42 => {
                around.net.link(link).up_ends = true;
                self.state = State::Leaving;
            }
            42..45 => {
                let room = around.random.one_of(&around.rooms.keys().cloned().collect::<Vec<_>>()).unwrap();
                self.ask(around.net, Command::Join { room });
            }
            45..47 => {
                let room = around.random.one_of(&around.rooms.keys().cloned().collect::<Vec<_>>());
                let who = Name::parse(around.random.one_of(&["bob", "cho", "dee"]).unwrap()).unwrap();
                self.ask(around.net, Command::Kick { who, room, why: Text::from("loud") });
            }
            // Asks again for what it has.
            47..50 if self.is_program => self.resume(around),
            _ => {}
        }
    }

    fn say(&mut self, around: &mut Surroundings) {
        let Some(room) = around.random.one_of(&self.rooms.keys().cloned().collect::<Vec<_>>()) else { return };
        let text = format!("{}-{}", self.name, around.now.0 * 1000 + around.random.below(1000) as i64);
        around.history.send(self.account, around.rooms[&room], &text);
        self.pending.push(Pending { text, room, reference: None, times: 0 });
        self.send(self.pending.len() - 1, around);
    }

    fn send(&mut self, index: usize, around: &mut Surroundings) {
        let Pending { text, room, .. } = self.pending[index].clone();
        let key = SendKey::parse(&text).expect("it is short");
        let keyed = self.is_program.then(|| Keyed { key, stored: Vec::new() });
        self.pending[index].times += 1;
        let (room, kind, text) = (Some(room), MessageKind::Speech, Text::from(text.as_str()));
        self.pending[index].reference = Some(self.ask(around.net, Command::Say { room, kind, text, keyed }));
    }

    /// Asks for what came after what it knows.
    fn resume(&mut self, around: &mut Surroundings) {
        let after = self.rooms.iter_mut().map(|(label, position)| (label.clone(), position.reached())).collect();
        self.state = State::Resuming(self.ask(around.net, Command::Resume { after }));
    }

    /// Reads one thing that the server says.
    fn take(&mut self, said: Said, around: &mut Surroundings) {
        match said {
            // Tried again.
            Said::Turned => self.last = 0,
            Said::Missed(message) => self.see(&message, true, around),
            Said::Resumed => {
                if matches!(self.state, State::Resuming(_)) {
                    self.state = State::Here;
                    self.put_out.clear();
                }
            }
            Said::Event(reference, event) => self.hear(reference, event, around),
        }
    }

    fn hear(&mut self, reference: Option<u64>, event: Event, around: &mut Surroundings) {
        match event {
            Event::LoggedIn { missed, .. } => {
                let last: BTreeMap<RoomLabel, Seq> = missed.into_iter().map(|row| (row.room, row.last)).collect();
                self.rooms.retain(|label, _| self.is_program && last.contains_key(label));
                for (label, last) in last {
                    self.rooms.entry(label).or_insert(Position::at(last));
                }
                match self.is_program {
                    true => self.resume(around),
                    false => self.state = State::Here,
                }
            }
            Event::Message(message) => self.see(&message, false, around),
            Event::Stored { room, seq, .. } => self.stored(reference, &room, seq, around),
            Event::Refused(refusal) => self.refused(reference, refusal.code(), around),
            Event::YouLeft { room, .. } => {
                around.net.note("put out of a room");
                self.rooms.remove(&room);
                if matches!(self.state, State::Resuming(_)) {
                    self.put_out.insert(room);
                }
            }
            Event::Entered { room, joined: true, messages, .. } => {
                self.rooms.insert(room, Position::at(messages));
            }
            _ => {}
        }
    }

    fn stored(&mut self, reference: Option<u64>, room: &RoomLabel, seq: Seq, around: &mut Surroundings) {
        let id = around.rooms[room];
        match self.pending.iter().position(|pending| reference.is_some() && pending.reference == reference) {
            Some(index) => {
                let pending = self.pending.remove(index);
                if pending.times > 1 {
                    around.net.note("sent again and acknowledged");
                }
                around.history.acknowledge(&pending.text, id, seq);
            }
            None => around.history.fault(Kind::Invented, format!("{} is told of {seq} in {id} unasked", self.name)),
        }
        if let Some(position) = self.rooms.get_mut(room).filter(|position| seq > position.seq) {
            position.own.insert(seq);
        }
    }

    fn refused(&mut self, reference: Option<u64>, code: &str, around: &mut Surroundings) {
        if self.state == State::Resuming(reference.unwrap_or(0)) {
            if code != "not_stored" {
                around.history.fault(Kind::Lost, format!("{} cannot resume from {:?}: {code}", self.name, self.rooms));
            }
            around.net.note("resumed again after a refusal");
            self.resume(around);
            return;
        }
        let Some(index) = self.pending.iter().position(|it| reference.is_some() && it.reference == reference) else {
            return;
        };
        if code == "not_stored" && self.is_program {
            self.pending[index].reference = None;
        } else {
            around.history.refuse(&self.pending.remove(index).text);
        }
    }

    /// Every number comes once, in order, and without a gap; but one's own messages are acknowledged instead.
    fn see(&mut self, message: &Message, missed: bool, around: &mut Surroundings) {
        let (seq, id) = (message.seq, around.rooms[&message.room]);
        around.net.note(if missed { "given on a page" } else { "told at once" });
        around.history.see(self.account, id, seq, message.text.as_str(), around.disk.log.len());
        let is_own = message.author == self.name;
        let whom = format!("{} in {id}", self.name);
        let may_be_again = missed && self.put_out.contains(&message.room);
        if !self.given.insert((id, seq)) && !may_be_again {
            around.history.fault(Kind::Doubled, format!("{whom} is given {seq} twice on one connection"));
        }
        let Some(position) = self.rooms.get_mut(&message.room) else {
            // Another connection of the account has entered it just now.
            self.rooms.insert(message.room.clone(), Position::at(seq));
            return;
        };
        let next = position.reached() + 1;
        match seq {
            seq if seq == next => position.seq = seq,
            // What it was told of by the acknowledgement.
            seq if seq < next && (is_own || may_be_again) => {}
            seq if seq < next => {
                around.history.fault(Kind::Reordered, format!("{whom} has {} and is given {seq}", next - 1));
            }
            seq if self.is_program => {
                around.history.fault(Kind::Unseen, format!("{whom} has {} and is given {seq}", next - 1));
                *position = Position::at(seq);
            }
            seq => {
                (next..seq).for_each(|own| around.history.skip(self.account, id, own));
                position.seq = seq;
            }
        }
    }

    /// That it has all there is, now that nothing is in its way.
    pub fn check_done(&mut self, history: &mut History, disk: &Disk, rooms: &Rooms) {
        for (label, position) in &mut self.rooms {
            let (id, reached) = (rooms[label], position.reached());
            let last = disk.messages(id).len() as u64;
            match self.is_program {
                true if reached != last => {
                    history.fault(Kind::Unseen, format!("{} has {reached} of {last} in {id}", self.name));
                }
                true => {}
                false => (reached + 1..=last).for_each(|own| history.skip(self.account, id, own)),
            }
        }
    }

    /// Whether nothing is left to do for it.
    pub fn is_done(&self, net: &mut Net) -> bool {
        let is_quiet = |link: ClientId| {
            let link = net.link(link);
            link.up.is_empty() && link.down.is_empty()
        };
        self.state == State::Here && self.link.is_some_and(is_quiet) && (!self.is_program || self.pending.is_empty())
    }
}
