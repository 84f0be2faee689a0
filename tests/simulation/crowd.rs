//! The clients: what they type next. They know the chat well enough to get far, and badly enough to be refused often.

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, BanTarget, ClientId, Code, Command, GENERAL, HistoryRange, Input, MessageKind, Name, Origin,
    PasswordHash, Role, RoomId, RoomLabel, Seq, Text, Visibility,
};

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

/// What a client may do next, and how often of all it does.
const HABITS: [(u64, Habit); 44] = [
    (60, Habit::Say),
    (12, Habit::Tell),
    (8, Habit::Reply),
    (8, Habit::OpenDirect),
    (4, Habit::ListRooms),
    (30, Habit::Join),
    (12, Habit::Leave),
    (12, Habit::Create),
    (6, Habit::Topic),
    (4, Habit::ShowTopic),
    (6, Habit::ShowRoom),
    (6, Habit::SetVisibility),
    (6, Habit::Rename),
    (4, Habit::Delete),
    (5, Habit::HandOver),
    (14, Habit::Invite),
    (8, Habit::InviteByCode),
    (8, Habit::Accept),
    (8, Habit::AcceptNamed),
    (8, Habit::AcceptCode),
    (4, Habit::Uninvite),
    (5, Habit::Who),
    (5, Habit::Whois),
    (4, Habit::Away),
    (3, Habit::Back),
    (8, Habit::History),
    (8, Habit::Unread),
    (5, Habit::CatchUp),
    (5, Habit::MarkRead),
    (6, Habit::Kick),
    (6, Habit::Ban),
    (5, Habit::Unban),
    (3, Habit::ListBans),
    (8, Habit::Promote),
    (4, Habit::Demote),
    (3, Habit::ClaimOperator),
    (2, Habit::ServerKick),
    (2, Habit::ServerBan),
    (3, Habit::ServerUnban),
    (4, Habit::ChangeOperator),
    (4, Habit::ChangePassword),
    (2, Habit::DeleteAccount),
    (3, Habit::SetAcks),
    (12, Habit::End),
];

#[derive(Clone, Copy, Debug)]
enum Habit {
    Say,
    Tell,
    Reply,
    OpenDirect,
    ListRooms,
    Join,
    Leave,
    Create,
    Topic,
    ShowTopic,
    ShowRoom,
    SetVisibility,
    Rename,
    Delete,
    HandOver,
    Invite,
    InviteByCode,
    Accept,
    AcceptNamed,
    AcceptCode,
    Uninvite,
    Who,
    Whois,
    Away,
    Back,
    History,
    Unread,
    CatchUp,
    MarkRead,
    Kick,
    Ban,
    Unban,
    ListBans,
    Promote,
    Demote,
    ClaimOperator,
    ServerKick,
    ServerBan,
    ServerUnban,
    ChangeOperator,
    ChangePassword,
    DeleteAccount,
    SetAcks,
    End,
}

impl Habit {
    /// Whether it takes a rank.
    fn leads(self) -> bool {
        use Habit::*;
        matches!(
            self,
            Topic
                | SetVisibility
                | Rename
                | Delete
                | HandOver
                | Invite
                | InviteByCode
                | Uninvite
                | Kick
                | Ban
                | Unban
                | ListBans
                | Promote
                | Demote
        )
    }

    /// Whom it is likely to be about in a room.
    fn concerns(self, room: &Room) -> Vec<AccountId> {
        match self {
            Habit::Kick | Habit::Ban | Habit::Promote | Habit::Demote | Habit::HandOver => {
                room.members.keys().copied().collect()
            }
            Habit::Unban => room.bans.keys().copied().collect(),
            Habit::Uninvite => room.invited.keys().copied().collect(),
            _ => Vec::new(),
        }
    }
}

/// Everybody who is connected.
#[derive(Debug)]
pub struct Crowd {
    random: Random,
    /// How likely each habit is in this run: some are left out, so that others get far.
    weights: Vec<u64>,
    connections: Vec<ClientId>,
    last_client: u64,
    hidden_rooms: u64,
    /// Pages of unread messages that are on the way to a client, with what is then to be marked.
    pages: Vec<(ClientId, RoomId, Seq)>,
    pub operator_code: Code,
}

impl Crowd {
    pub fn new(mut random: Random) -> Crowd {
        let weights = HABITS.iter().map(|(weight, _)| weight * random.one_of(&[0, 1, 1, 1, 4]).unwrap());
        Crowd {
            weights: weights.collect(),
            random,
            connections: Vec::new(),
            last_client: 0,
            hidden_rooms: 0,
            pages: Vec::new(),
            operator_code: Code::typed("none"),
        }
    }

    /// All connections are cut.
    pub fn disperse(&mut self) {
        self.connections.clear();
        self.pages.clear();
    }

    /// A page of unread messages is shown to a client some time later, and is then marked as read.
    pub fn show_page(&mut self, client: ClientId, room: RoomId, seq: Seq) {
        self.pages.push((client, room, seq));
    }

    /// What happens next.
    pub fn next(&mut self, model: &Model) -> (ClientId, Input) {
        if !self.pages.is_empty() && self.random.percent(30) {
            let index = usize::try_from(self.random.below(self.pages.len() as u64)).unwrap();
            let (client, room, seq) = self.pages.remove(index);
            return (client, Input::Command(Command::MarkRead { room, seq }));
        }
        let is_new = self.connections.len() < CONNECTIONS_MAX && self.random.percent(4);
        if is_new || self.connections.is_empty() {
            self.last_client += 1;
            self.connections.push(ClientId(self.last_client));
        }
        let client = if is_new { self.connections.last().copied() } else { self.random.one_of(&self.connections) };
        let client = client.expect("somebody is connected");
        let input = match model.sessions.get(&client) {
            Some(_) if self.random.percent(1) => self.enter(model),
            Some(session) => self.act(model, Asker { client, account: session.account }),
            None => match self.random.below(20) {
                0 => Input::Command(Command::ListRooms { page: 1 }),
                1 => self.hang_up(),
                _ => self.enter(model),
            },
        };
        if matches!(input, Input::Disconnected | Input::Lost) {
            self.connections.retain(|other| *other != client);
        }
        (client, input)
    }

    fn enter(&mut self, model: &Model) -> Input {
        let address = Address::parse(self.random.one_of(&ADDRESSES).unwrap()).unwrap();
        let living = model.accounts.values().filter(|account| account.name.is_some()).count() as u64;
        if self.random.below(30) > living * 3 {
            let name = Name::parse(self.random.one_of(&PEOPLE).unwrap()).unwrap();
            return Input::Register { name, hash: PasswordHash("hash".into()), origin: Origin::text(address) };
        }
        let alive = model.accounts.values().filter(|account| account.name.is_some()).map(|account| account.id);
        let alive: Vec<AccountId> = alive.collect();
        let any = AccountId(self.random.below(model.accounts.len() as u64 + 1) as i64 + 1);
        let account = self.random.one_of(&alive).filter(|_| self.random.percent(90)).unwrap_or(any);
        let version = model.accounts.get(&account).map_or(1, |account| account.version);
        // The system's own account has no password, so nobody gets as far as this for it.
        let account = if account == chat_server::chat::SYSTEM { AccountId(2) } else { account };
        let password_version = if self.random.percent(5) { version.saturating_sub(1) } else { version };
        Input::LogIn { account, password_version, origin: Origin::text(address) }
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
                Command::Say { room: label, kind, text, keyed: None }
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

    fn person(&mut self, model: &Model) -> Name {
        if self.random.percent(10) {
            return Name::parse(self.random.one_of(&PEOPLE).unwrap()).unwrap();
        }
        let ghosts = self.random.percent(10);
        let accounts = model.accounts.values().filter(|account| ghosts || account.name.is_some());
        let labels: Vec<Name> = accounts.map(|account| account.label()).collect();
        self.random.one_of(&labels).expect("there is the system's")
    }

    fn room_name(&mut self, model: &Model) -> Name {
        let empty = self.random.percent(20);
        let rooms = model.rooms.values().filter(|room| empty || !room.members.is_empty());
        let mut names: Vec<Name> = rooms.filter_map(|room| room.name.clone()).collect();
        names.extend(Name::parse("general"));
        match self.random.below(10) {
            0 => Name::parse(self.random.one_of(&ROOMS).unwrap()).unwrap(),
            1 => Name::parse(&format!("hid-{}", self.random.below(self.hidden_rooms + 2))).unwrap(),
            _ => self.random.one_of(&names).expect("there is the first room"),
        }
    }

    fn new_room_name(&mut self) -> Name {
        if self.random.percent(50) {
            return Name::parse(self.random.one_of(&ROOMS).unwrap()).unwrap();
        }
        self.hidden_rooms += 1;
        Name::parse(&format!("hid-{}", self.hidden_rooms)).unwrap()
    }

    /// A room in which the asker has a rank, if there is one.
    fn led_room(&mut self, model: &Model, asker: Asker) -> Option<RoomLabel> {
        let leads = |room: &&Room| room.members.get(&asker.account).is_some_and(|member| member.role > Role::Member);
        let led: Vec<RoomId> = model.rooms.values().filter(leads).map(|room| room.id).collect();
        self.random.one_of(&led).map(|id| model.label(id, asker.account))
    }

    fn label(&mut self, model: &Model, asker: Asker) -> Option<RoomLabel> {
        let direct = self.random.percent(15);
        let own = model.rooms.values().filter(|room| room.members.contains_key(&asker.account));
        let own = own.filter(|room| direct == room.name.is_none()).map(|room| room.id);
        let own: Vec<RoomId> = own.collect();
        match self.random.below(10) {
            0..4 => None,
            4..7 => self.random.one_of(&own).map(|id| model.label(id, asker.account)),
            7..9 => Some(RoomLabel::Room(self.room_name(model))),
            _ if self.random.percent(60) => None,
            _ => Some(RoomLabel::Direct(self.person(model))),
        }
    }

    /// Something to say there, marked with the number of the room, so that it is known wherever it turns up.
    fn text(&mut self, model: &Model, asker: Asker, label: Option<&RoomLabel>) -> Text {
        let room = match (model.find(asker, label), label) {
            (Ok(room), _) => room.0,
            // It would be made now.
            (Err(_), Some(RoomLabel::Direct(_))) => model.last_room + 1,
            (Err(_), _) => 0,
        };
        let text = match self.random.below(20) {
            0 => String::new(),
            1 => format!("<{room}> {}", "long ".repeat(20)),
            2..7 => format!("<{room}> {}, look!", self.person(model)),
            _ => format!("<{room}> hello"),
        };
        Text::from(text.as_str())
    }

    fn code(&mut self, model: &Model) -> Name {
        let first = self.random.percent(20);
        let rooms = model.rooms.values().filter(|room| first || room.id != GENERAL);
        let codes: Vec<Code> = rooms.flat_map(|room| room.codes.keys().cloned()).collect();
        let code = self.random.one_of(&codes).unwrap_or_else(|| Code::invitation([9, 9, 9]));
        Name::parse(code.as_str()).expect("an invitation code fits where a name does")
    }

    fn target(&mut self, person: Name) -> BanTarget {
        match self.random.percent(50) {
            true => BanTarget::Account(person),
            false => BanTarget::Address(Address::parse(self.random.one_of(&ADDRESSES).unwrap()).unwrap()),
        }
    }

    fn seconds(&mut self) -> Option<u64> {
        self.random.one_of(&[None, Some(0), Some(1), Some(60), Some(3600), Some(100_000), Some(u64::MAX)]).unwrap()
    }

    fn visibility(&mut self) -> Visibility {
        if self.random.percent(40) { Visibility::Public } else { Visibility::Private }
    }

    fn page(&mut self) -> u64 {
        self.random.one_of(&[0, 1, 1, 1, 2, 3, u64::MAX]).unwrap()
    }

    fn number(&mut self) -> u64 {
        if self.random.percent(10) { u64::MAX } else { self.random.below(30) }
    }

    fn range(&mut self) -> HistoryRange {
        match self.random.below(3) {
            0 => HistoryRange::Newest,
            1 => HistoryRange::Last(self.number()),
            _ => HistoryRange::Between(self.number(), self.number()),
        }
    }
}
