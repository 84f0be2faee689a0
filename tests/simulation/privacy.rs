//! What nobody outside may learn of a room: told apart from the model's rules, by what is written in what is delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use chat_server::chat::{
    AccountId, Chat, ChatLimits, ClientId, Command, Delivery, Effects, Facts, HistoryRange, Input, MessageKind, Name,
    Notice, Origin, PasswordHash, Query, RoomId, RoomLabel, SYSTEM, SendKey, Text, Timestamp, Visibility,
};

use super::request::Request;
use super::state::State;
use super::store::Store;
use crate::support::Random;

/// Who may see which room, and know its name.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    rooms: BTreeMap<RoomId, Seen>,
    /// Names in the notices of accounts, which knew the rooms when these were left.
    noticed: Vec<(AccountId, String)>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// Its bearer may know the room, whoever it is.
    codes: Vec<String>,
    name: Option<String>,
    public: bool,
    members: Vec<AccountId>,
    invited: Vec<(AccountId, Timestamp)>,
}

impl Sight {
    pub fn of(store: &Store) -> Sight {
        let seen = |id: RoomId| Seen {
            codes: store.codes.iter().filter(|(_, it)| it.0 == id).map(|(code, _)| code.as_str().to_owned()).collect(),
            name: store.rooms[&id].name.as_ref().map(Name::folded),
            public: store.is_public(id),
            members: store.members_of(id).map(|member| member.account).collect(),
            invited: store
                .invitations
                .iter()
                .filter(|((of, _), _)| *of == id)
                .map(|((_, who), it)| (*who, it.1))
                .collect(),
        };
        let name = |notice: &Notice| match notice {
            Notice::InvitationOver { room, .. } | Notice::InvitationUnused { room, .. } => Some(room.folded()),
            Notice::PasswordCode { .. } => None,
        };
        let noticed = store.notices.iter().filter_map(|(of, _, notice)| Some((*of, name(notice)?)));
        Sight { rooms: store.rooms.keys().map(|id| (*id, seen(*id))).collect(), noticed: noticed.collect() }
    }

    fn sees(&self, account: AccountId, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|seen| seen.public || seen.members.contains(&account))
    }

    fn knows(&self, account: AccountId, name: &str, now: Timestamp) -> bool {
        let invited = |seen: &Seen| seen.invited.iter().any(|(invited, until)| *invited == account && now < *until);
        let knows = |seen: &Seen| seen.public || seen.members.contains(&account) || invited(seen);
        let is_noticed = self.noticed.iter().any(|(of, noticed)| *of == account && noticed == name);
        is_noticed || self.rooms.values().any(|seen| seen.name.as_deref() == Some(name) && knows(seen))
    }

    /// Whether an account had an invitation to a room of this name, which may have expired.
    fn was_invited(&self, account: AccountId, name: &str) -> bool {
        let mut named = self.rooms.values().filter(|seen| seen.name.as_deref() == Some(name));
        named.any(|seen| seen.invited.iter().any(|(invited, _)| *invited == account))
    }

    /// Whether a request shows a code for a room of this name.
    fn is_borne(&self, request: &str, name: &str) -> bool {
        let mut named = self.rooms.values().filter(|seen| seen.name.as_deref() == Some(name));
        named.any(|seen| seen.codes.iter().any(|code| request.contains(&format!("\"{code}\""))))
    }
}

/// That what a client is shown, whose account is `account`, reveals nothing of a room that it could see neither `before`
/// nor `after`. Words of its own request may come back to it.
pub fn check(
    what: &impl Debug,
    account: Option<AccountId>,
    request: Option<&Request>,
    before: &Sight,
    after: &Sight,
    now: Timestamp,
) {
    let shown = format!("{what:?}").to_lowercase();
    for number in numbers_after(&shown, "<") {
        let room = RoomId(number.parse().expect("marks are numbers"));
        let sees = account.is_some_and(|account| before.sees(account, room) || after.sees(account, room));
        assert!(sees || room.0 == 0, "{account:?} learns what was said in room {room}: {what:?}");
    }
    for number in numbers_after(&shown, "hid-") {
        let name = format!("hid-{number}");
        let knows = |account| before.knows(account, &name, now) || after.knows(account, &name, now);
        let is_known_by_request = || {
            let request = format!("{:?}", request?).to_lowercase();
            Some(request.contains(&format!("\"{name}\"")) || before.is_borne(&request, &name))
        };
        // An invitation that expired is removed in the turn in which the invited person logs in and is told.
        let is_told = shown.contains(&format!("invitationover {{ room: \"{name}\""));
        let is_over = is_told && account.is_some_and(|account| before.was_invited(account, &name));
        let knows = account.is_some_and(knows) || is_over || is_known_by_request() == Some(true);
        assert!(knows, "{account:?} learns that there is {name}: {what:?}");
    }
}

fn numbers_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]
    })
}

/// That an outsider cannot tell a private or direct room from one that does not exist: all that it can request is answered
/// alike, to the byte, by the chat as it is stored and by one that never had the room.
pub fn check_outsider(random: &mut Random, limits: &ChatLimits, state: &State) {
    let (store, now) = (&state.store, state.now);
    let hidden: Vec<RoomId> = store.rooms.keys().copied().filter(|room| !store.is_public(*room)).collect();
    let Some(room) = random.one_of(&hidden) else { return };
    let is_outside = |id: &AccountId| !store.is_member(room, *id) && !store.is_invited(room, *id, now);
    let outsiders: Vec<AccountId> = store.living().map(|account| account.id).filter(is_outside).collect();
    let Some(outsider) = random.one_of(&outsiders) else { return };

    let mut with = store.snapshot();
    // Whoever may not log in can request nothing.
    with.account_bans.clear();
    let mut without = with.clone();
    without.rooms.retain(|stored| stored.id != room);
    without.members.retain(|member| member.room != room);
    without.mentions.retain(|(id, ..)| *id != room);
    without.invitations.retain(|(id, ..)| *id != room);
    without.codes.retain(|(_, id, ..)| *id != room);
    without.bans.retain(|(id, ..)| *id != room);
    let mut chats = [with, without].map(|snapshot| Chat::load(limits.clone(), snapshot));

    let client = ClientId(1);
    let address = chat_server::address::Address::parse("203.0.113.9").unwrap();
    let password_version = store.accounts[&outsider].password_version;
    let program = Origin { live: random.percent(50), ..Origin::json(address) };
    let origin = random.one_of(&[Origin::text(address), program]).unwrap();
    let mut requests = vec![Request::Input(Input::LogIn { account: outsider, password_version, origin })];
    let general = Some(RoomLabel::Room(Name::parse("general").unwrap()));
    let own_name = store.rooms[&room].name.clone();
    let names: Vec<Name> = store.rooms.values().filter_map(|room| room.name.clone()).collect();
    let names: BTreeSet<Name> = (0..3).filter_map(|_| random.one_of(&names)).chain(own_name.clone()).collect();
    for name in names {
        requests.extend(about(RoomLabel::Room(name.clone())));
        requests.push(command(Command::Accept { what: Some(name), by: None }));
    }
    let people: Vec<AccountId> = store.accounts.keys().copied().filter(|account| *account != SYSTEM).collect();
    let members = store.members_of(room).map(|member| member.account);
    let people: BTreeSet<AccountId> = (0..3).filter_map(|_| random.one_of(&people)).chain(members).collect();
    for name in people.into_iter().map(|account| store.person(account)) {
        requests.push(Request::Query(Query::Whois { name: name.clone() }));
        requests.push(command(Command::Invite { who: name.clone(), room: general.clone() }));
        requests.extend(about(RoomLabel::Direct(name)));
    }
    let queries = [
        Query::Unread,
        Query::Rooms { page: 1 },
        Query::Rooms { page: 2 },
        Query::Who { room: None, page: 1 },
        Query::Sessions { page: 1 },
    ];
    requests.extend(queries.map(Request::Query));
    requests.push(command(Command::CatchUp { room: None }));
    let visibility = Visibility::Private;
    let own = Name::parse("own").unwrap();
    requests.push(command(Command::Create { name: own.clone(), visibility }));
    if let Some(name) = own_name {
        requests.push(command(Command::RenameRoom { room: Some(RoomLabel::Room(own)), name: name.clone() }));
        requests.push(command(Command::Create { name, visibility }));
    }
    requests.push(command(Command::ChangePassword { hash: PasswordHash("hash".into()) }));
    requests.push(command(Command::Quit));
    for request in requests {
        let delivered = chats.each_mut().map(|chat| {
            let mut effects = Effects::default();
            match &request {
                Request::Input(input) => chat.handle(now, client, input.clone(), &mut effects),
                Request::Query(query) => {
                    effects.deliveries.push(Delivery::Answer(client, chat.ask(now, client, query)))
                }
            }
            effects.deliveries
        });
        assert_eq!(delivered[0], delivered[1], "account {outsider} can tell that there is room {room} by {request:?}");
    }
}

fn command(command: Command) -> Request {
    Request::Input(Input::Command(command, Facts::default()))
}

/// All that can be requested about one room.
fn about(label: RoomLabel) -> Vec<Request> {
    let room = Some(label.clone());
    let who = Name::parse("ana").unwrap();
    let text = Text::from("hello");
    let queries = [
        Query::Room { room: room.clone() },
        Query::Topic { room: room.clone() },
        Query::Who { room: room.clone(), page: 1 },
        Query::History { room: room.clone(), range: HistoryRange::Newest },
        Query::History { room: room.clone(), range: HistoryRange::Between(1, u64::MAX) },
        Query::Bans { room: room.clone(), page: 1 },
    ];
    let commands = [
        Command::SetTopic { room: room.clone(), text: text.clone() },
        Command::CatchUp { room: room.clone() },
        Command::SetRead { room: label.clone(), up_to: 1 },
        Command::SetVisibility { room: room.clone(), visibility: Visibility::Public },
        Command::DeleteRoom { room: room.clone(), confirmation: None },
        Command::HandOver { room: room.clone(), to: who.clone() },
        Command::Uninvite { what: who.clone(), room: room.clone() },
        Command::Kick { who: who.clone(), room: room.clone(), why: text.clone() },
        Command::Ban { who: who.clone(), room: room.clone(), seconds: Some(60), why: text.clone() },
        Command::Unban { who: who.clone(), room: room.clone() },
        Command::Promote { who, room: room.clone() },
        Command::Leave { room: room.clone(), confirmation: None },
        Command::Join { room: label.clone(), visibility: None },
        Command::Resume { after: vec![(label.clone(), 0)] },
        Command::Resume { after: vec![(label, u64::MAX)] },
        Command::Say { room: room.clone(), kind: MessageKind::Speech, text: text.clone(), key: None },
        Command::Say { room, kind: MessageKind::Speech, text, key: SendKey::parse("key-1") },
    ];
    queries.into_iter().map(Request::Query).chain(commands.into_iter().map(command)).collect()
}
