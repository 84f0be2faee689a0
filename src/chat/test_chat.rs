//! A small chat for unit tests: ana (client 1) and bob (client 2) talk in the first room.

use super::*;

pub const ANA: u64 = 1;
pub const BOB: u64 = 2;

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn text(text: &str) -> Text {
    Text::from(text)
}

pub fn room(text: &str) -> RoomLabel {
    RoomLabel::Room(name(text))
}

pub struct TestChat {
    pub chat: Chat,
    pub effects: Effects,
    pub now: Timestamp,
}

impl TestChat {
    pub fn new() -> TestChat {
        let chat = Chat::load(ChatLimits::default(), Snapshot::default());
        let mut chat = TestChat { chat, effects: Effects::default(), now: Timestamp(0) };
        chat.chat.found(chat.now, &mut chat.effects);
        chat.chat.set_operator_code(Code::typed("operator"));
        for (client, who) in [(ANA, "ana"), (BOB, "bob")] {
            let (name, hash) = (name(who), PasswordHash("!".into()));
            chat.input(client, Input::Register { name, hash, code: None, origin: origin() });
        }
        chat.chat.settle();
        chat.command(ANA, Command::CatchUp { room: None });
        chat.command(BOB, Command::CatchUp { room: None });
        chat.chat.settle();
        chat
    }

    pub fn input(&mut self, client: u64, input: Input) {
        self.effects.clear();
        self.chat.handle(self.now, ClientId(client), input, &mut self.effects);
    }

    /// A request as the broker gives it: the client acts, then the chat decides. Returns whether it was refused.
    pub fn command(&mut self, client: u64, command: Command) -> bool {
        self.chat.act(self.now, ClientId(client), true, &mut Effects::default());
        self.decide(client, command)
    }

    /// A request that is decided without the client having acted. Returns whether it was refused.
    pub fn decide(&mut self, client: u64, command: Command) -> bool {
        self.input(client, Input::Command(command, Facts::default()));
        let answers = self.effects.deliveries.iter().filter_map(|delivery| match delivery {
            Delivery::Answer(_, answer) => Some(answer),
            _ => None,
        });
        let answers: Vec<&Answer> = answers.collect();
        assert_eq!(answers.len(), 1, "one answer a request");
        matches!(answers[0], Answer::Event(Event::Refused(_)))
    }

    /// A message in the first room, stored and delivered.
    pub fn say(&mut self, client: u64, what: &str) {
        let (kind, room) = (MessageKind::Speech, Some(room("general")));
        self.command(client, Command::Say { room, kind, text: text(what), key: None });
        self.chat.settle();
    }

    /// The numbers of an account's unread messages and unread mentions in the first room.
    pub fn missed(&self, client: u64) -> (u64, u64) {
        let account = AccountId(client as i64 + 1);
        self.chat.missed(account).0.first().map_or((0, 0), |missed| (missed.new, missed.mentions))
    }

    /// Logs in the clients that are not, if their accounts still exist.
    pub fn log_in_again(&mut self) {
        for client in [ANA, BOB] {
            let account = AccountId(client as i64 + 1);
            if !self.chat.is_logged_in(ClientId(client)) && self.chat.accounts.get(account).name.is_some() {
                let password_version = self.chat.accounts.get(account).password_version;
                self.input(client, Input::LogIn { account, password_version, origin: origin() });
            }
        }
        self.chat.settle();
    }

    /// The durable state in words, without caches and state that depends on connections.
    pub fn durable(&self) -> String {
        let mut text = String::new();
        for account in self.chat.accounts.iter() {
            let (clients, rooms_created, bans) = (Vec::new(), account.rooms_created, account.bans.clone());
            let tokens = account.tokens.clone();
            let (password_code, notices) = (account.password_code, account.notices.clone());
            let (rooms, invitations) = (account.rooms.clone(), account.invitations.clone());
            let account::Account { id, password_version, created, last_seen, operator, acks, .. } = *account;
            let (name, away) = (account.name.clone(), account.away.clone());
            let account = account::Account {
                lost_invitation: None,
                id,
                name,
                password_version,
                created,
                last_seen,
                away,
                operator,
                acks,
                rooms,
                invitations,
                bans,
                clients,
                rooms_created,
                tokens,
                password_code,
                notices,
            };
            text.push_str(&format!("{account:?}\n"));
        }
        for room in self.chat.rooms.iter() {
            let members: Vec<_> =
                room.members.iter().map(|(id, it)| (id, it.role, it.since, &it.read, &it.mentions)).collect();
            let room::Room { id, kind, created, topic, last_seq, invitations, bans, .. } = room;
            text.push_str(&format!(
                "{id:?} {kind:?} {created:?} {topic:?} {last_seq} {members:?} {invitations:?} {bans:?} {:?}\n",
                self.chat.rooms.codes_of(*id).collect::<Vec<_>>()
            ));
        }
        text.push_str(&format!("{:?} {:?}", self.chat.account_bans, self.chat.address_bans));
        text.push_str(&format!("{:?} {:?}", self.chat.registration, self.chat.registration_codes));
        text.push_str(&format!("{:?}", self.chat.accounts.all_former().collect::<Vec<_>>()));
        text
    }
}

pub fn origin() -> Origin {
    Origin::text(Address::parse("192.0.2.1").unwrap())
}
