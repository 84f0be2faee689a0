//! Clients: people, who are shown what happens while they are there, and programs, which send again what was not
//! acknowledged and come back for what they have missed. Both read and write the bytes of the JSON protocol.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chat_server::chat::{
    AccountId, Ask, ClientId, Command, Event, HistoryRange, Message, MessageKind, Name, Query, Refusal, RoomId,
    RoomLabel, SendKey, Seq, Text, Timestamp,
};
use chat_server::protocol::json::{self, LoginOptions, Object};
use chat_server::protocol::{Reference, Secret};

use super::disk::Disk;
use super::history::{History, Kind};
use super::run::{PRIVATE, ROOMS, room_id};
use super::wire::Network;
use crate::support::Random;

/// Most messages that a client has under way.
const PENDING_MAX: usize = 5;
/// Most bytes that are read at once.
const READ_MAX_BYTES: u64 = 1000;

/// How it is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Comes back at this moment.
    Away(Timestamp),
    /// Has asked to be let in.
    Entering,
    /// Waits for all it has missed.
    Resuming,
    Here,
    /// Has asked to be logged out, and then logs in again.
    LoggingOut,
    /// Has closed its side, and reads what is left.
    Leaving,
}

/// A request that is not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Asked {
    LogIn,
    /// This text. It is acknowledged to programs only.
    Talk(String),
    Resume,
    Query,
    Other,
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

/// A message of a program that is not acknowledged.
#[derive(Clone, Debug)]
struct Pending {
    text: String,
    room: RoomLabel,
    is_under_way: bool,
    times: u64,
}

#[derive(Debug)]
pub struct Client {
    name: Name,
    account: AccountId,
    token: String,
    is_program: bool,
    pub link: Option<ClientId>,
    pub state: State,
    pub stalled_until: Timestamp,
    rooms: BTreeMap<RoomLabel, Position>,
    pending: Vec<Pending>,
    /// By their references, in their order.
    asked: VecDeque<(u64, Asked)>,
    /// Rooms that it was put out of while it waited for a page. If it is back in before its question is answered, the page
    /// has again what it was given before: it had not asked for anything else.
    put_out: BTreeSet<RoomLabel>,
    /// What it was given in this session.
    given: BTreeSet<(RoomId, Seq)>,
    /// The last thing it read was the closing line, or a line that was sent in part.
    is_closed: bool,
    is_torn: bool,
    last: u64,
}

/// Where a client looks around.
pub struct Surroundings<'a> {
    pub net: &'a mut Network,
    pub random: &'a mut Random,
    pub history: &'a mut History,
    pub disk: &'a Disk,
    pub now: Timestamp,
    /// Nobody goes away any more, or says something new.
    pub is_calm: bool,
}

impl Surroundings<'_> {
    fn a_room(&mut self) -> RoomLabel {
        RoomLabel::Room(Name::parse(self.random.one_of(&ROOMS).unwrap()).unwrap())
    }
}

impl Client {
    pub fn new(name: Name, account: AccountId, token: String, is_program: bool) -> Client {
        Client {
            name,
            account,
            token,
            is_program,
            link: None,
            state: State::Away(Timestamp(0)),
            stalled_until: Timestamp(0),
            rooms: BTreeMap::new(),
            pending: Vec::new(),
            asked: VecDeque::new(),
            put_out: BTreeSet::new(),
            given: BTreeSet::new(),
            is_closed: false,
            is_torn: false,
            last: 0,
        }
    }

    /// Does the next thing.
    pub fn act(&mut self, around: &mut Surroundings) {
        let Some(link) = self.link else {
            if !matches!(self.state, State::Away(until) if around.now < until) {
                self.link = Some(around.net.connect());
                (self.is_closed, self.is_torn) = (false, false);
                self.enter(around);
            }
            return;
        };
        if around.now < self.stalled_until {
            return;
        }
        for said in around.net.pipe(link).read(1 + around.random.below(READ_MAX_BYTES)) {
            if self.is_closed || (self.is_torn && !matches!(said, Some((_, Object::Bye(_))))) {
                around.history.fault(Kind::Unfinished, format!("{} is sent more than the closing line", self.name));
            }
            match said {
                Some((reference, object)) => self.take(reference, object, around),
                None => self.is_torn = true,
            }
        }
        if let Some(is_clean) = around.net.pipe(link).is_over() {
            if is_clean && !self.is_closed {
                let what = format!("the connection of {} ends without a closing line", self.name);
                around.history.fault(Kind::Unfinished, what);
            }
            self.go_away(around.random, around.now, around.is_calm);
            return;
        }
        match self.state {
            State::Here => self.do_something(link, around),
            // A login that could not be stored is tried again.
            State::Entering if self.asked.is_empty() => self.enter(around),
            _ => {}
        }
    }

    /// It has no connection any more, and comes back later.
    pub fn go_away(&mut self, random: &mut Random, now: Timestamp, is_calm: bool) {
        let seconds = if is_calm { 1 } else { random.one_of(&[0, 0, 1, 5, 30]).unwrap() };
        self.link = None;
        self.state = State::Away(now.plus_seconds(seconds));
        self.forget_session();
    }

    fn forget_session(&mut self) {
        self.given.clear();
        self.put_out.clear();
        self.asked.clear();
        self.pending.iter_mut().for_each(|pending| pending.is_under_way = false);
    }

    fn enter(&mut self, around: &mut Surroundings) {
        // A program is silent until it resumes.
        let options = LoginOptions { live: !self.is_program, ..LoginOptions::default() };
        let (name, secret) = (self.name.clone(), Secret::new(self.token.clone().into()));
        self.request(around.net, json::Request::LogIn { name, secret, options }, Asked::LogIn);
        self.state = State::Entering;
    }

    fn ask(&mut self, net: &mut Network, ask: impl Into<Ask>, asked: Asked) {
        self.request(net, json::Request::Chat(ask.into()), asked);
    }

    fn request(&mut self, net: &mut Network, request: json::Request, asked: Asked) {
        self.last += 1;
        self.asked.push_back((self.last, asked));
        let mut line = Vec::new();
        json::encode(&request, Reference::of(&self.last.to_string()).as_ref(), &mut line);
        net.pipe(self.link.expect("it is connected")).up.extend(line);
    }

    fn do_something(&mut self, link: ClientId, around: &mut Surroundings) {
        if let Some(index) = self.pending.iter().position(|pending| !pending.is_under_way) {
            return self.send(index, around);
        }
        if around.is_calm {
            return;
        }
        match around.random.below(100) {
            0..40 if self.pending.len() < PENDING_MAX => self.say(around),
            40..42 => {
                around.net.pipe(link).up_ends = true;
                self.state = State::Leaving;
            }
            42..45 => {
                let room = around.a_room();
                self.ask(around.net, Command::Join { room, visibility: None }, Asked::Other);
            }
            45..48 => {
                let (who, why) = (around.random.one_of(&["bob", "cho", "dee"]).unwrap(), Text::from("loud"));
                let (who, room) = (Name::parse(who).unwrap(), Some(around.a_room()));
                let kick = match around.random.percent(30) {
                    true => Command::ServerKick { who, why },
                    false => Command::Kick { who, room, why },
                };
                self.ask(around.net, kick, Asked::Other);
            }
            // Asks again for what it has.
            48..50 if self.is_program => self.resume(around),
            50..54 => self.ask(around.net, Query::Unread, Asked::Query),
            54..56 => {
                let (room, range) = (Some(around.a_room()), HistoryRange::Last(3));
                self.ask(around.net, Query::History { room, range }, Asked::Query);
            }
            56..58 => self.ask(around.net, Query::Who { room: None, page: 1 }, Asked::Query),
            58 => {
                self.ask(around.net, Command::LogOut, Asked::Other);
                self.state = State::LoggingOut;
            }
            _ => {}
        }
    }

    fn say(&mut self, around: &mut Surroundings) {
        let Some(room) = around.random.one_of(&self.rooms.keys().cloned().collect::<Vec<_>>()) else { return };
        let text = format!("{}-{}", self.name, around.now.0 * 1000 + around.random.below(1000) as i64);
        around.history.send(self.account, room_id(&room), &text);
        match self.is_program {
            true => {
                self.pending.push(Pending { text, room, is_under_way: false, times: 0 });
                self.send(self.pending.len() - 1, around);
            }
            // Nobody sends again by hand what may have arrived.
            false => self.send_text(text, room, None, around),
        }
    }

    fn send(&mut self, index: usize, around: &mut Surroundings) {
        let pending = &mut self.pending[index];
        pending.times += 1;
        pending.is_under_way = true;
        let Pending { text, room, .. } = pending.clone();
        let key = SendKey::parse(&text);
        self.send_text(text, room, key, around);
    }

    fn send_text(&mut self, text: String, room: RoomLabel, key: Option<SendKey>, around: &mut Surroundings) {
        let said = Command::Say { room: Some(room), kind: MessageKind::Speech, text: Text::from(&*text), key };
        self.ask(around.net, said, Asked::Talk(text));
    }

    /// Asks for what came after what it knows.
    fn resume(&mut self, around: &mut Surroundings) {
        let after = self.rooms.iter_mut().map(|(label, position)| (label.clone(), position.reached())).collect();
        self.ask(around.net, Command::Resume { after }, Asked::Resume);
        self.state = State::Resuming;
    }

    /// Takes one thing that the server sends.
    fn take(&mut self, reference: Option<Reference>, object: Object, around: &mut Surroundings) {
        let asked = reference.and_then(|reference| self.answered(&reference, around));
        match object {
            Object::Event(event) => self.hear(asked, event, around),
            Object::Resumed { .. } => {
                self.state = State::Here;
                self.put_out.clear();
            }
            Object::History { messages, .. } => {
                messages.iter().for_each(|message| _ = self.know(message, "shown on a page", true, around));
            }
            Object::Unread { messages, .. } => {
                messages.iter().for_each(|message| _ = self.know(message, "shown as unread", false, around));
            }
            Object::LoggedOut { .. } => {
                self.forget_session();
                self.enter(around);
            }
            Object::Bye(_) => self.is_closed = true,
            other => around.history.fault(Kind::Invented, format!("{} is sent {other:?}", self.name)),
        }
    }

    /// Each request has one answer, and they come in the order of the requests.
    fn answered(&mut self, reference: &Reference, around: &mut Surroundings) -> Option<Asked> {
        let number: u64 = reference.as_str().parse().expect("references are numbers");
        let is_silent = |(own, asked): &mut (u64, Asked)| *own < number && matches!(asked, Asked::Talk(_));
        while !self.is_program && self.asked.pop_front_if(is_silent).is_some() {}
        match self.asked.pop_front() {
            Some((own, asked)) if own == number => Some(asked),
            other => {
                let what = format!("{} is answered {number}, and waits for {other:?}", self.name);
                around.history.fault(Kind::Unanswered, what);
                None
            }
        }
    }

    fn hear(&mut self, asked: Option<Asked>, event: Event, around: &mut Surroundings) {
        match event {
            Event::LoggedIn(welcome) => {
                let last: BTreeMap<_, _> = welcome.missed.into_iter().map(|row| (row.room.label, row.last)).collect();
                self.rooms.retain(|label, _| self.is_program && last.contains_key(label));
                for (label, last) in last {
                    self.rooms.entry(label).or_insert(Position::at(last));
                }
                match self.is_program {
                    true => self.resume(around),
                    false => self.state = State::Here,
                }
            }
            Event::Message(message) => self.see(&message, around),
            Event::Stored { room, seq, .. } => self.stored(asked, &room, seq, around),
            Event::Refused(refusal) => self.refused(asked, &refusal, around),
            Event::YouLeft { room, .. } => {
                around.net.note("put out of a room");
                self.rooms.remove(&room);
                if self.state == State::Resuming {
                    self.put_out.insert(room.label);
                }
            }
            Event::Entered(entered) if entered.joined => {
                self.rooms.insert(entered.room.label, Position::at(entered.messages));
            }
            _ => {}
        }
    }

    fn stored(&mut self, asked: Option<Asked>, room: &RoomLabel, seq: Seq, around: &mut Surroundings) {
        let id = room_id(room);
        match asked {
            Some(Asked::Talk(text)) => {
                if let Some(index) = self.pending.iter().position(|pending| pending.text == text)
                    && self.pending.remove(index).times > 1
                {
                    around.net.note("sent again and acknowledged");
                }
                around.history.acknowledge(&text, id, seq);
            }
            other => around.history.fault(Kind::Invented, format!("{} is told of {seq} in {id}: {other:?}", self.name)),
        }
        if let Some(position) = self.rooms.get_mut(room).filter(|position| seq > position.seq) {
            position.own.insert(seq);
        }
    }

    fn refused(&mut self, asked: Option<Asked>, refusal: &Refusal, around: &mut Surroundings) {
        let is_not_stored = *refusal == Refusal::NotStored;
        match asked {
            Some(Asked::Resume) => {
                if !is_not_stored {
                    let what = format!("{} cannot resume from {:?}: {refusal:?}", self.name, self.rooms);
                    around.history.fault(Kind::Lost, what);
                }
                around.net.note("resumed again after a refusal");
                self.resume(around);
            }
            Some(Asked::Talk(text)) => {
                let index = self.pending.iter().position(|pending| pending.text == text);
                match index {
                    Some(index) if is_not_stored => self.pending[index].is_under_way = false,
                    _ => {
                        index.map(|index| self.pending.remove(index));
                        around.history.refuse(&text);
                    }
                }
            }
            Some(Asked::Query) if is_not_stored => {
                around.history.fault(Kind::Unanswered, format!("a query of {} is not answered", self.name));
            }
            _ => {}
        }
    }

    fn know(&self, message: &Message, how: &'static str, is_history: bool, around: &mut Surroundings) -> RoomId {
        let id = room_id(&message.room);
        around.net.note(how);
        // Anybody may read the history of a public room.
        let moment = (!is_history || id == PRIVATE).then(|| around.disk.contents().log.len());
        around.history.see(self.account, id, message.seq, message.text.as_str(), moment);
        id
    }

    /// Every number comes once, in order, and without a gap; but one's own messages are acknowledged instead.
    fn see(&mut self, message: &Message, around: &mut Surroundings) {
        let is_resuming = self.state == State::Resuming;
        let id = self.know(message, if is_resuming { "given to resume" } else { "given at once" }, false, around);
        let seq = message.seq;
        let is_own = message.author == self.name;
        let whom = format!("{} in {id}", self.name);
        let may_be_again = is_resuming && self.put_out.contains(&message.room.label);
        if !self.given.insert((id, seq)) && !may_be_again {
            around.history.fault(Kind::Doubled, format!("{whom} is given {seq} twice in one session"));
        }
        let Some(position) = self.rooms.get_mut(&message.room) else {
            // Another connection of the account has entered it just now.
            self.rooms.insert(message.room.label.clone(), Position::at(seq));
            return;
        };
        let next = position.reached() + 1;
        match seq {
            seq if seq == next => position.seq = seq,
            // What it knows by the acknowledgement.
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
    pub fn check_done(&mut self, history: &mut History, disk: &Disk) {
        for (label, position) in &mut self.rooms {
            let (id, reached) = (room_id(label), position.reached());
            let last = disk.contents().messages.get(&id).map_or(0, Vec::len) as u64;
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
    pub fn is_done(&self, net: &mut Network) -> bool {
        let is_answered = |(_, asked): &(u64, Asked)| !self.is_program && matches!(asked, Asked::Talk(_));
        let is_quiet = self.link.is_some_and(|link| net.pipe(link).is_quiet());
        is_quiet && self.state == State::Here && self.pending.is_empty() && self.asked.iter().all(is_answered)
    }
}
