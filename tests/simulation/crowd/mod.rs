//! The clients: what they ask for next. They know the chat well enough to get far, and badly enough to be refused often.

mod choice;
mod habit;
mod program;

use std::collections::VecDeque;

use chat_server::chat::{
    ClientId, Code, Command, Front, GENERAL, Input, MessageKind, Name, PasswordHash, RoomId, RoomLabel, SendKey, Text,
};

use habit::{HABITS, Habit};

use super::model::{Asker, Model, Room};
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
    errands: VecDeque<(ClientId, Command)>,
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
    }

    /// What happens next.
    pub fn next(&mut self, model: &Model) -> (ClientId, Input) {
        if self.random.percent(30)
            && let Some((client, command)) = self.errand()
        {
            return (client, Input::Command(command));
        }
        let is_new = self.connections.len() < CONNECTIONS_MAX && self.random.percent(4);
        if is_new || self.connections.is_empty() {
            self.last_client += 1;
            self.connections.push(ClientId(self.last_client));
        }
        let client = if is_new { self.connections.last().copied() } else { self.random.one_of(&self.connections) };
        let client = client.expect("somebody is connected");
        let input = match model.sessions.get(&client) {
            Some(_) if self.random.percent(1) => self.enter(model, client),
            Some(session) => self.act(model, Asker { client, account: session.account }),
            None => match self.random.below(20) {
                0 => Input::Command(Command::ListRooms { page: 1 }),
                1 => self.hang_up(),
                _ => self.enter(model, client),
            },
        };
        if matches!(input, Input::Disconnected | Input::Lost) {
            self.connections.retain(|other| *other != client);
        }
        (client, input)
    }

    fn act(&mut self, model: &Model, asker: Asker) -> Input {
        let (_, habit) = HABITS[self.random.weighted(&self.weights)];
        let label = match habit.leads() && self.random.percent(70) {
            true => self.led_room(model, asker),
            false => self.label(model, asker),
        };
        let concerned = model.find(asker, label.as_ref()).ok().map(|room| habit.concerns(&model.rooms[&room]));
        let concerned = self.random.one_of(&concerned.unwrap_or_default()).filter(|_| self.random.percent(80));
        let person = concerned.map_or_else(|| self.person(model), |account| model.accounts[&account].label());
        let text = self.text(model, asker, label.as_ref());
        Input::Command(match habit {
            Habit::Say => {
                let kind = if self.random.percent(10) { MessageKind::Action } else { MessageKind::Speech };
                Command::Say { room: label, kind, text, keyed: self.key(model, asker) }
            }
            Habit::Tell => {
                let to = RoomLabel::Direct(person.clone());
                Command::Tell { to: person, text: self.text(model, asker, Some(&to)) }
            }
            // Whom it answers is not known here.
            Habit::Reply => Command::Reply { text: Text::from("thank you") },
            Habit::OpenDirect => Command::OpenDirect { with: person },
            Habit::ListRooms => Command::ListRooms { page: self.page() },
            Habit::Join => Command::Join { room: RoomLabel::Room(self.room_name(model)) },
            // Most people stay in the first room.
            Habit::Leave if model.find(asker, label.as_ref()) == Ok(GENERAL) && self.random.percent(80) => {
                Command::Back
            }
            Habit::Leave => Command::Leave { room: label },
            Habit::Create => {
                let visibility = self.visibility();
                Command::Create { name: self.new_room_name(), visibility }
            }
            Habit::Topic => {
                let text = if self.random.percent(20) { Text::from("") } else { text };
                Command::Topic { room: label, text: Some(text) }
            }
            Habit::ShowTopic => Command::Topic { room: label, text: None },
            Habit::ShowRoom => Command::ShowRoom { room: label },
            Habit::SetVisibility => Command::SetVisibility { room: label, visibility: self.visibility() },
            Habit::Rename => {
                let name = if self.random.percent(30) { self.room_name(model) } else { self.new_room_name() };
                Command::RenameRoom { room: label, name }
            }
            Habit::Delete => {
                let meant = model.find(asker, label.as_ref()).ok().and_then(|id| model.rooms[&id].name.clone());
                let confirmation = if self.random.percent(20) { Some(self.room_name(model)) } else { meant };
                Command::DeleteRoom { room: label, confirmation }
            }
            Habit::HandOver => Command::HandOver { room: label, to: person },
            Habit::Invite => Command::Invite { who: person, room: label },
            Habit::InviteByCode => {
                let random = [1, 2, self.random.below(40) as u8 * 6];
                Command::InviteByCode { room: label, code: Code::invitation(random) }
            }
            Habit::Accept => Command::Accept { what: None },
            Habit::AcceptNamed => {
                let invited = |room: &&Room| room.invited.contains_key(&asker.account);
                let names: Vec<Name> =
                    model.rooms.values().filter(invited).filter_map(|room| room.name.clone()).collect();
                let name = self.random.one_of(&names).unwrap_or_else(|| self.room_name(model));
                Command::Accept { what: Some(name) }
            }
            Habit::AcceptCode => Command::Accept { what: Some(self.code(model)) },
            Habit::Uninvite => {
                let codes = model.find(asker, label.as_ref()).ok().map(|room| &model.rooms[&room].codes);
                let codes: Vec<Code> = codes.into_iter().flat_map(|codes| codes.keys().cloned()).collect();
                let code = self.random.one_of(&codes).filter(|_| self.random.percent(50));
                let what = code.map_or(person, |code| Name::parse(code.as_str()).unwrap());
                Command::Uninvite { what, room: label }
            }
            Habit::Who => {
                let room = if self.random.percent(40) { None } else { label };
                Command::Who { room, page: self.page() }
            }
            Habit::Whois => Command::Whois { name: person },
            Habit::Away => Command::Away { text: Text::from("lunch") },
            Habit::Back => Command::Back,
            Habit::History => Command::History { room: label, range: self.range() },
            Habit::Unread => Command::Unread,
            Habit::CatchUp => Command::CatchUp { room: label.filter(|_| self.random.percent(50)) },
            Habit::MarkRead => {
                let room = RoomId(self.random.below(model.last_room as u64 + 2) as i64);
                Command::MarkRead { room, seq: self.number() }
            }
            Habit::Kick => Command::Kick { who: person, room: label, why: Text::from("loud") },
            Habit::Ban => Command::Ban { who: person, room: label, seconds: self.seconds(), why: Text::from("rude") },
            Habit::Unban => Command::Unban { who: person, room: label },
            Habit::ListBans => Command::ListBans { room: label },
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
            Habit::ServerUnban if self.random.percent(20) => Command::ServerBans,
            Habit::ServerUnban => Command::ServerUnban { target: self.target(person) },
            Habit::ChangeOperator if self.random.percent(50) => Command::ServerPromote { who: person },
            Habit::ChangeOperator => Command::ServerDemote { who: person },
            Habit::ChangePassword => Command::ChangePassword { hash: PasswordHash("hash".into()) },
            Habit::DeleteAccount => Command::DeleteAccount,
            Habit::SetAcks => Command::SetAcks { on: self.random.percent(50) },
            Habit::NewToken => self.new_token(),
            Habit::CollectTokens => self.collect_tokens(asker.client),
            Habit::ListTokens => Command::ListTokens,
            Habit::RevokeToken => Command::RevokeToken { name: self.token_name() },
            Habit::ListSessions => Command::ListSessions,
            Habit::CloseSession => self.close_session(model, asker),
            // Only programs know how to ask for it.
            Habit::Resume if model.sessions[&asker.client].origin.front == Front::Text => Command::Unread,
            Habit::Resume => self.resume(model, asker),
            Habit::End => match self.random.below(4) {
                0 => Command::LogOut,
                1 => Command::Quit,
                _ => return self.hang_up(),
            },
        })
    }

    fn hang_up(&mut self) -> Input {
        if self.random.percent(50) { Input::Disconnected } else { Input::Lost }
    }
}
