//! What nobody outside may learn of a room: told apart from the model's rules, by what is written in what is delivered.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::{
    AccountId, Chat, ClientId, Command, Effects, Front, HistoryRange, Input, Keyed, Limits, MessageKind, Name, Origin,
    PasswordHash, RoomId, RoomLabel, SendKey, Snapshot, Text, Timestamp, Visibility,
};

use super::model::{Model, Room, Told};
use crate::support::Random;

/// Who may see which room, and know its name.
#[derive(Clone, Debug, Default)]
pub struct Sight(BTreeMap<RoomId, Seen>);

#[derive(Clone, Debug)]
struct Seen {
    name: Option<String>,
    public: bool,
    members: Vec<AccountId>,
    invited: Vec<(AccountId, Timestamp)>,
}

impl Sight {
    pub fn of(model: &Model) -> Sight {
        let seen = |room: &Room| Seen {
            name: room.name.as_ref().map(Name::folded),
            public: room.public,
            members: room.members.keys().copied().collect(),
            invited: room.invited.iter().map(|(account, (_, until))| (*account, *until)).collect(),
        };
        Sight(model.rooms.iter().map(|(id, room)| (*id, seen(room))).collect())
    }

    fn sees(&self, account: AccountId, room: RoomId) -> bool {
        self.0.get(&room).is_some_and(|seen| seen.public || seen.members.contains(&account))
    }

    fn knows(&self, account: AccountId, name: &str, now: Timestamp) -> bool {
        let invited = |seen: &Seen| seen.invited.iter().any(|(invited, until)| *invited == account && now < *until);
        let knows = |seen: &Seen| seen.public || seen.members.contains(&account) || invited(seen);
        self.0.values().any(|seen| seen.name.as_deref() == Some(name) && knows(seen))
    }
}

/// That what a client was told, whose account is `account`, reveals nothing of a room that it could see neither `before`
/// nor `after`. Words of its own question, `asked`, may come back to it.
pub fn check(
    what: &Told,
    account: Option<AccountId>,
    asked: Option<&Input>,
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
        let is_echo =
            || asked.is_some_and(|asked| format!("{asked:?}").to_lowercase().contains(&format!("\"{name}\"")));
        assert!(account.is_some_and(knows) || is_echo(), "{account:?} learns that there is {name}: {what:?}");
    }
}

fn numbers_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]
    })
}

/// That an outsider cannot tell a private or direct room from one that does not exist: all that it can ask is answered
/// alike, to the byte, by the chat as it is stored and by one that never had the room.
pub fn check_outsider(random: &mut Random, limits: &Limits, model: &Model, stored: &Snapshot, now: Timestamp) {
    let hidden: Vec<RoomId> = model.rooms.values().filter(|room| !room.public).map(|room| room.id).collect();
    let Some(room) = random.one_of(&hidden).map(|id| &model.rooms[&id]) else { return };
    let is_outside = |id: &AccountId| !room.members.contains_key(id) && !room.is_invited(*id, now);
    let living = model.accounts.values().filter(|account| account.name.is_some() && account.id.0 > 1);
    let outsiders: Vec<AccountId> = living.map(|account| account.id).filter(is_outside).collect();
    let Some(outsider) = random.one_of(&outsiders) else { return };

    let mut with = stored.clone();
    // Whoever may not log in can ask nothing.
    with.account_bans.clear();
    let mut without = with.clone();
    without.rooms.retain(|stored| stored.id != room.id);
    without.members.retain(|member| member.room != room.id);
    without.mentions.retain(|(id, ..)| *id != room.id);
    without.invitations.retain(|(id, ..)| *id != room.id);
    without.codes.retain(|(_, id, ..)| *id != room.id);
    without.bans.retain(|(id, ..)| *id != room.id);
    let mut chats = [with, without].map(|snapshot| Chat::load(limits.clone(), snapshot));

    let client = ClientId(1);
    let address = chat_server::address::Address::parse("203.0.113.9").unwrap();
    let password_version = model.accounts[&outsider].version;
    let program = Origin { address, front: Front::Json, live: random.percent(50) };
    let origin = random.one_of(&[Origin::text(address), program]).unwrap();
    let mut inputs = vec![Input::LogIn { account: outsider, password_version, origin }];
    let general = Some(RoomLabel::Room(Name::parse("general").unwrap()));
    let names: Vec<Name> = model.rooms.values().filter_map(|room| room.name.clone()).collect();
    let names: BTreeSet<Name> = (0..3).filter_map(|_| random.one_of(&names)).chain(room.name.clone()).collect();
    for name in names {
        inputs.extend(questions(RoomLabel::Room(name.clone())).map(Input::Command));
        inputs.push(Input::Command(Command::Accept { what: Some(name.clone()) }));
    }
    let people: Vec<Name> = model.accounts.values().map(|account| account.label()).collect();
    let members = room.members.keys().map(|member| model.accounts[member].label());
    let people: BTreeSet<Name> = (0..3).filter_map(|_| random.one_of(&people)).chain(members).collect();
    for name in people {
        inputs.push(Input::Command(Command::Whois { name: name.clone() }));
        inputs.push(Input::Command(Command::Invite { who: name.clone(), room: general.clone() }));
        inputs.extend(questions(RoomLabel::Direct(name)).map(Input::Command));
    }
    inputs.push(Input::Command(Command::MarkRead { room: room.id, seq: 1 }));
    inputs
        .extend([Command::Unread, Command::ListRooms { page: 1 }, Command::ListRooms { page: 2 }].map(Input::Command));
    inputs.push(Input::Command(Command::Who { room: None, page: 1 }));
    inputs.push(Input::Command(Command::CatchUp { room: None }));
    let visibility = Visibility::Private;
    let own = Name::parse("own").unwrap();
    inputs.push(Input::Command(Command::Create { name: own.clone(), visibility }));
    if let Some(name) = room.name.clone() {
        inputs.push(Input::Command(Command::RenameRoom { room: Some(RoomLabel::Room(own)), name: name.clone() }));
        inputs.push(Input::Command(Command::Create { name, visibility }));
    }
    inputs.push(Input::Command(Command::ChangePassword { hash: PasswordHash("hash".into()) }));
    inputs.push(Input::Command(Command::Quit));
    for input in inputs {
        let effects = chats.each_mut().map(|chat| {
            let mut effects = Effects::default();
            chat.handle(now, client, input.clone(), &mut effects);
            effects
        });
        assert_eq!(
            effects[0].deliveries, effects[1].deliveries,
            "account {outsider} can tell that there is {room:?} by {input:?}"
        );
    }
}

/// All that can be asked about one room.
fn questions(label: RoomLabel) -> impl Iterator<Item = Command> {
    let room = Some(label.clone());
    let who = Name::parse("ana").unwrap();
    let text = Text::from("hello");
    let keyed = SendKey::parse("key-1").map(|key| Keyed { key, stored: Vec::new() });
    [
        Command::ShowRoom { room: room.clone() },
        Command::Topic { room: room.clone(), text: None },
        Command::Topic { room: room.clone(), text: Some(text.clone()) },
        Command::Who { room: room.clone(), page: 1 },
        Command::History { room: room.clone(), range: HistoryRange::Newest },
        Command::History { room: room.clone(), range: HistoryRange::Between(1, u64::MAX) },
        Command::CatchUp { room: room.clone() },
        Command::ListBans { room: room.clone() },
        Command::SetVisibility { room: room.clone(), visibility: Visibility::Public },
        Command::DeleteRoom { room: room.clone(), confirmation: None },
        Command::HandOver { room: room.clone(), to: who.clone() },
        Command::Uninvite { what: who.clone(), room: room.clone() },
        Command::Kick { who: who.clone(), room: room.clone(), why: text.clone() },
        Command::Ban { who: who.clone(), room: room.clone(), seconds: Some(60), why: text.clone() },
        Command::Unban { who: who.clone(), room: room.clone() },
        Command::Promote { who, room: room.clone() },
        Command::Leave { room: room.clone() },
        Command::Join { room: label.clone() },
        Command::Resume { after: vec![(label.clone(), 0)] },
        Command::Resume { after: vec![(label, u64::MAX)] },
        Command::Say { room: room.clone(), kind: MessageKind::Speech, text: text.clone(), keyed: None },
        Command::Say { room, kind: MessageKind::Speech, text, keyed },
    ]
    .into_iter()
}
