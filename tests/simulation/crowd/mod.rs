//! The clients: what they ask for next. They know the chat well enough to get far, and badly enough to be refused often.

mod choice;
mod habit;
mod program;

use std::collections::VecDeque;

use chat_server::chat::{
    ClientId, Code, Command, Facts, GENERAL, Input, MessageKind, Name, PasswordHash, Query, Registration, RoomId,
    RoomLabel, SendKey, Text,
};

use habit::{HABITS, Habit};

use super::request::Request;
use super::state::{Asker, Range, State};
use crate::support::Random;

/// Names that people want; some look alike, and some nobody may have.
const PEOPLE: [&str; 14] =
    ["ana", "Bob", "cho", "dee", "Eve", "fay", "gus", "ANA", "b0b", "bob-", "system", "ghost-2", "Ghost-3", "all"];
/// Names that rooms get, one in two cases. The others are called `hid-N`, which is found nowhere else.
const ROOMS: [&str; 5] = ["tea", "Tea", "garden", "gardens", "general"];
const ADDRESSES: [&str; 4] = ["192.0.2.1", "192.0.2.2", "198.51.100.7", "2001:db8::/64"];
/// Most connections at a time.
const CONNECTIONS_MAX: usize = 12;

/// Everybody who is connected.
#[derive(Debug)]
pub struct Crowd {
    random: Random,
    /// How likely each habit is in this run: some are left out, so that others get far.
    weights: Vec<u64>,
    connections: Vec<ClientId>,
    last_client: u64,
    hidden_rooms: u64,
    /// In a hundred connections so many are programs'.
    programs: u64,
    /// What clients have begun and will go on with, each in its order.
    errands: VecDeque<(ClientId, Request)>,
    /// Pages that are on their way.
    pages: VecDeque<(ClientId, Vec<Range>)>,
    /// Keys that were used lately.
    keys: Vec<SendKey>,
    last_key: u64,
    last_token: u64,
    pub operator_code: Code,
}

impl Crowd {
    pub fn new(mut random: Random) -> Crowd {
        let weights = HABITS.iter().map(|(weight, _)| weight * random.one_of(&[0, 1, 1, 1, 4]).unwrap());
        Crowd {
            weights: weights.collect(),
            programs: random.one_of(&[0, 30, 60, 100]).unwrap(),
            random,
            connections: Vec::new(),
            last_client: 0,
            hidden_rooms: 0,
            errands: VecDeque::new(),
            pages: VecDeque::new(),
            keys: Vec::new(),
            last_key: 0,
            last_token: 0,
            operator_code: Code::typed("none"),
        }
    }

    /// All connections are cut.
    pub fn disperse(&mut self) {
        self.connections.clear();
        self.errands.clear();
        self.pages.clear();
    }

    /// What happens next.
    pub fn next(&mut self, state: &State) -> (ClientId, Request) {
        // Long errands are not done in time otherwise.
        if self.random.percent(if self.errands.len() > 5 { 70 } else { 30 })
            && let Some((client, request)) = self.errand()
        {
            return (client, request);
        }
        let is_new = self.connections.len() < CONNECTIONS_MAX && self.random.percent(4);
        if is_new || self.connections.is_empty() {
            self.last_client += 1;
            self.connections.push(ClientId(self.last_client));
        }
        let client = if is_new { self.connections.last().copied() } else { self.random.one_of(&self.connections) };
        let client = client.expect("somebody is connected");
        let request = match state.asker(client) {
            Some(_) if self.random.percent(1) => Request::Input(self.enter(state, client)),
            Some(asker) => self.act(state, asker),
            None => match self.random.below(20) {
                0 => query(Query::Rooms { page: 1 }),
                1 => command(Command::Back),
                2 => Request::Input(Input::Gone),
                _ => Request::Input(self.enter(state, client)),
            },
        };
        if matches!(request, Request::Input(Input::Gone)) {
            self.connections.retain(|other| *other != client);
            self.errands.retain(|(other, _)| *other != client);
        }
        (client, request)
    }

    fn act(&mut self, state: &State, asker: Asker) -> Request {
        let store = &state.store;
        let (_, habit) = HABITS[self.random.weighted(&self.weights)];
        let label = match habit.leads() && self.random.percent(70) {
            true => self.led_room(state, asker),
            false => self.label(state, asker),
        };
        let meant = state.find(asker, label.as_ref());
        let concerned = meant.map(|room| habit.concerns(store, room)).unwrap_or_default();
        let concerned = self.random.one_of(&concerned).filter(|_| self.random.percent(80));
        let person = concerned.map_or_else(|| self.person(state), |account| store.person(account));
        let text = self.text(state, asker, label.as_ref());
        command(match habit {
            Habit::Say => {
                let kind = if self.random.percent(10) { MessageKind::Action } else { MessageKind::Speech };
                Command::Say { room: label, kind, text, key: self.key(asker) }
            }
            Habit::Tell => {
                let to = RoomLabel::Direct(person.clone());
                Command::Tell { to: person, text: self.text(state, asker, Some(&to)) }
            }
            // Whom it answers is not known here.
            Habit::Reply => Command::Reply { text: Text::from("thank you") },
            Habit::OpenDirect => Command::OpenDirect { with: person },
            Habit::ListRooms => return query(Query::Rooms { page: self.page() }),
            Habit::Join => Command::Join { room: RoomLabel::Room(self.room_name(state)), visibility: None },
            // Most people stay in the first room.
            Habit::Leave if meant == Some(GENERAL) && self.random.percent(80) => Command::Back,
            Habit::Leave => {
                let confirmation = label.as_ref().filter(|_| self.random.percent(70)).and_then(|room| match room {
                    RoomLabel::Room(name) => Some(name.clone()),
                    RoomLabel::Direct(_) | RoomLabel::Number(_) => None,
                });
                Command::Leave { room: label, confirmation }
            }
            Habit::Create => {
                let visibility = self.visibility();
                Command::Create { name: self.new_room_name(), visibility }
            }
            Habit::Topic => {
                let text = if self.random.percent(20) { Text::from("") } else { text };
                Command::SetTopic { room: label, text }
            }
            Habit::ShowTopic => return query(Query::Topic { room: label }),
            Habit::ShowRoom => return query(Query::Room { room: label }),
            Habit::SetVisibility => Command::SetVisibility { room: label, visibility: self.visibility() },
            Habit::Rename => {
                let name = if self.random.percent(30) { self.room_name(state) } else { self.new_room_name() };
                Command::RenameRoom { room: label, name }
            }
            Habit::Delete => {
                let meant = meant.and_then(|id| store.rooms[&id].name.clone());
                let confirmation = if self.random.percent(20) { Some(self.room_name(state)) } else { meant };
                Command::DeleteRoom { room: label, confirmation }
            }
            Habit::HandOver => Command::HandOver { room: label, to: person },
            Habit::Invite => Command::Invite { who: person, room: label },
            Habit::InviteByCode => {
                let random = [1, 2, self.random.below(40) as u8 * 6];
                Command::InviteByCode { room: label, code: Code::invitation(random) }
            }
            Habit::Accept => Command::Accept { what: None, by: None },
            Habit::AcceptNamed => {
                let invited = store.invitations.keys().filter(|(_, account)| *account == asker.account);
                let names: Vec<Name> = invited.filter_map(|(room, _)| store.rooms[room].name.clone()).collect();
                let name = self.random.one_of(&names).unwrap_or_else(|| self.room_name(state));
                Command::Accept { what: Some(name), by: None }
            }
            Habit::AcceptCode if self.random.percent(10) => self.guess_codes(asker.client),
            Habit::AcceptCode => Command::Accept { what: Some(self.code(state)), by: None },
            Habit::Uninvite => {
                let codes = store.codes.iter().filter(|(_, (room, ..))| Some(*room) == meant);
                let codes: Vec<Code> = codes.map(|(code, _)| code.clone()).collect();
                let code = self.random.one_of(&codes).filter(|_| self.random.percent(50));
                let what = code.map_or(person, |code| Name::parse(code.as_str()).unwrap());
                Command::Uninvite { what, room: label }
            }
            Habit::Who => {
                let room = if self.random.percent(40) { None } else { label };
                return query(Query::Who { room, page: self.page() });
            }
            Habit::Whois => return query(Query::Whois { name: person }),
            Habit::Away => Command::Away { text: Text::from("lunch") },
            Habit::Back => Command::Back,
            Habit::History => return query(Query::History { room: label, range: self.range() }),
            Habit::Unread => return query(Query::Unread),
            Habit::CatchUp => Command::CatchUp { room: label.filter(|_| self.random.percent(50)) },
            Habit::SetRead => {
                let own: Vec<RoomId> = store.rooms_of(asker.account).map(|room| room.id).collect();
                let room = self.random.one_of(&own).filter(|_| self.random.percent(90));
                let up_to = match room.map(|room| store.rooms[&room].last_seq) {
                    Some(last) if self.random.percent(90) => self.random.below(last + 1),
                    _ => self.number(),
                };
                let unknown = RoomLabel::Room(self.room_name(state));
                let room = room.map_or(unknown, |room| store.label(room, asker.account));
                Command::SetRead { room, up_to }
            }
            Habit::Kick => Command::Kick { who: person, room: label, why: Text::from("loud") },
            Habit::Ban => Command::Ban { who: person, room: label, seconds: self.seconds(), why: Text::from("rude") },
            Habit::Unban => Command::Unban { who: person, room: label },
            Habit::ListBans => return query(Query::Bans { room: label, page: 1 }),
            Habit::Promote => Command::Promote { who: person, room: label },
            Habit::Demote => Command::Demote { who: person, room: label },
            Habit::ClaimOperator => {
                let guess = Code::typed("maple-otter-42");
                let code = if self.random.percent(30) { guess } else { self.operator_code.clone() };
                Command::ClaimOperator { code }
            }
            Habit::ServerKick => Command::ServerKick { who: person, why: Text::from("spam") },
            Habit::ServerBan => {
                let target = self.target(person);
                Command::ServerBan { target, seconds: self.seconds(), why: Text::from("spam") }
            }
            Habit::ServerUnban if self.random.percent(20) => return query(Query::ServerBans { page: 1 }),
            Habit::ServerUnban => Command::ServerUnban { target: self.target(person) },
            Habit::ChangeOperator if self.random.percent(50) => Command::ServerPromote { who: person },
            Habit::ChangeOperator => Command::ServerDemote { who: person },
            Habit::FreeName => {
                let former: Vec<Name> = store.former_names.values().map(|former| former.name.clone()).collect();
                let name = self.random.one_of(&former).filter(|_| self.random.percent(90)).unwrap_or(person);
                Command::FreeName { name }
            }
            Habit::SetRegistration if self.random.percent(20) => return query(Query::Registration),
            Habit::SetRegistration => {
                let mostly_open = [0, 0, 0, 1, 1, 2].map(|number| Registration::ALL[number]);
                Command::SetRegistration { registration: self.random.one_of(&mostly_open).unwrap() }
            }
            Habit::MakeRegistrationCode => {
                let (code, digest) = self.new_code();
                Command::MakeRegistrationCode { code, digest }
            }
            Habit::MakePasswordCode => {
                let (code, digest) = self.new_code();
                Command::MakePasswordCode { who: person, code, digest }
            }
            Habit::ChangePassword => Command::ChangePassword { hash: PasswordHash("hash".into()) },
            Habit::DeleteAccount => Command::DeleteAccount,
            Habit::SetAcks => Command::SetAcks { on: self.random.percent(50) },
            Habit::NewToken => self.new_token(),
            Habit::CollectTokens => return self.collect_tokens(asker.client),
            Habit::CollectCodes => return self.collect_codes(asker.client, label),
            Habit::ListTokens => return query(Query::Tokens),
            Habit::RevokeToken => Command::RevokeToken { name: self.token_name(), proved: self.random.percent(30) },
            Habit::ListSessions => return query(Query::Sessions { page: 1 }),
            Habit::CloseSession => self.close_session(state, asker),
            // Only programs know how to ask for it.
            Habit::Resume if !self.is_program(asker.client) => return query(Query::Unread),
            Habit::Resume => self.resume(state, asker),
            Habit::End => match self.random.below(4) {
                0 => Command::LogOut,
                1 => Command::Quit,
                _ => {
                    self.connections.retain(|other| *other != asker.client);
                    return Request::Input(Input::Gone);
                }
            },
        })
    }
}

fn command(command: Command) -> Request {
    // Whoever owns the store adds the facts.
    Request::Input(Input::Command(command, Facts::default()))
}

fn query(query: Query) -> Request {
    Request::Query(query)
}
