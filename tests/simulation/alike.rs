//! That what was stored is all that counts: snapshots that must be the same, and chats that must answer alike.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::address::Address;
use chat_server::chat::{
    Answer, Chat, ChatLimits, ClientId, Command, Effects, Event, Facts, HistoryRange, Input, Name, Origin, Query,
    Record, RoomLabel, Snapshot,
};

use super::state::{Client, State};

/// A chat that is loaded from the tables. What was read and is not stored yet is taken from the log.
pub fn load(state: &State, limits: &ChatLimits) -> Chat {
    let mut snapshot = state.store.snapshot();
    for member in &mut snapshot.members {
        member.read = state.reading.of(member.room, member.account).as_mark();
    }
    snapshot.mentions.retain(|(room, account, seq)| !state.reading.of(*room, *account).contains(*seq));
    Chat::load(limits.clone(), snapshot)
}

/// That a loaded chat, in which everybody has logged in again, answers every query like the one that lived.
pub fn check_loaded(state: &State, limits: &ChatLimits, lived: &Chat) {
    let mut loaded = load(state, limits);
    for (client, session) in &state.clients {
        log_in_again(state, &mut loaded, *client, session);
    }
    for client in state.clients.keys() {
        compare(state, lived, &loaded, *client);
    }
}

/// That two chats without sessions answer every login and query alike.
pub fn check_empty(state: &State, one: &mut Chat, other: &mut Chat) {
    for account in state.store.living() {
        let client = ClientId(u64::MAX - account.id.0.unsigned_abs());
        let origin = Origin::text(Address::parse("203.0.113.9").unwrap());
        let log_in = Input::LogIn { account: account.id, password_version: account.password_version, origin };
        let handle = |chat: &mut Chat, input: Input| {
            let mut effects = Effects::default();
            chat.handle(state.now, client, input, &mut effects);
            effects
        };
        assert_eq!(handle(one, log_in.clone()), handle(other, log_in), "left: the chat that lived");
        compare(state, one, other, client);
        // Read positions that a turn could not store may follow now.
        handle(one, Input::Gone);
        handle(other, Input::Gone);
    }
}

/// That two chats answer all queries of a client alike.
pub fn compare(state: &State, one: &Chat, other: &Chat, client: ClientId) {
    // A client that has left its current room has none, and logging in again gives it one.
    let is_lost = state.clients.get(&client).is_some_and(|it| it.origin.traits.cursor && it.room.is_none());
    // What the client has been shown and not acted after is not shown again by the chat that lived.
    let was_shown = state.has_pending(client);
    let is_fit = |query: &Query| match query {
        Query::Unread => !is_lost && !was_shown,
        Query::Topic { room: None } => !is_lost,
        _ => true,
    };
    for query in queries(state).into_iter().filter(is_fit) {
        let [one, other] = [one, other].map(|chat| without_token(chat.ask(state.now, client, &query)));
        assert_eq!(one, other, "left: the chat that lived; {query:?} by client {client}");
    }
}

fn log_in_again(state: &State, chat: &mut Chat, client: ClientId, session: &Client) {
    let (account, origin) = (session.account, session.origin);
    let row = &state.store.accounts[&account];
    let by_password = Input::LogIn { account, password_version: row.password_version, origin };
    let by_token = session.token.as_ref().and_then(|(name, digest)| {
        let token = state.store.tokens.get(&(account, name.clone())).filter(|token| token.digest == *digest)?;
        Some(Input::LogInByToken { name: row.name.clone()?, digest: token.digest, origin })
    });
    let mut effects = Effects::default();
    chat.handle(session.since, client, by_token.unwrap_or(by_password), &mut effects);
    // Where it talks is part of what it is asked about.
    if origin.traits.cursor
        && let Some(room) = session.room
    {
        // A token that sends may open direct messages, though it may not enter rooms. The number is that of one room, also
        // where the account is invited to another one of its name.
        let go = match state.store.label(room, account) {
            RoomLabel::Direct(with) => Command::OpenDirect { with },
            _ => Command::Join { room: RoomLabel::Number(room), visibility: None },
        };
        chat.handle(state.now, client, Input::Command(go, Facts::default()), &mut effects);
    }
    // What it was to be shown at its next login, it was shown at the time too.
    let is_shown = |record: &Record| matches!(record, Record::NoticesShown { .. });
    assert!(effects.records.iter().all(is_shown), "a login leads to {:?}", effects.records);
    chat.act(session.active, client, false, &mut effects);
}

/// All that can be asked.
fn queries(state: &State) -> Vec<Query> {
    let mut queries = vec![
        Query::Rooms { page: 1 },
        Query::Rooms { page: 2 },
        Query::Who { room: None, page: 1 },
        Query::Who { room: None, page: 2 },
        Query::Tokens,
        Query::Sessions { page: 1 },
        Query::ServerBans { page: 1 },
        Query::Unread,
        Query::Topic { room: None },
    ];
    let people: Vec<Name> = state.store.accounts.keys().map(|account| state.store.person(*account)).collect();
    queries.extend(people.iter().map(|name| Query::Whois { name: name.clone() }));
    let names = state.store.rooms.values().filter_map(|room| room.name.clone());
    let names: BTreeMap<String, Name> = names.map(|name| (name.folded(), name)).collect();
    for label in names.into_values().map(RoomLabel::Room).chain(people.into_iter().map(RoomLabel::Direct)) {
        let room = Some(label);
        queries.push(Query::Room { room: room.clone() });
        queries.push(Query::Topic { room: room.clone() });
        queries.push(Query::Who { room: room.clone(), page: 1 });
        queries.push(Query::Bans { room: room.clone(), page: 1 });
        queries.push(Query::History { room, range: HistoryRange::Newest });
    }
    queries
}

/// Nobody can log in again by a token that was revoked, so the names of tokens may differ here.
fn without_token(mut answer: Answer) -> Answer {
    if let Answer::Event(Event::Sessions { rows, .. }) = &mut answer {
        rows.iter_mut().for_each(|row| row.token = None);
    }
    answer
}

/// That the store holds what `other` does; else which rows differ.
pub fn assert_same(stored: &Snapshot, other: &Snapshot, name: &str) {
    if stored == other {
        return;
    }
    let rows = |snapshot: &Snapshot| {
        let Snapshot { accounts, rooms, members, mentions, invitations, codes, tokens, .. } = snapshot;
        let mut rows: BTreeSet<String> = accounts.iter().map(|row| format!("{row:?}")).collect();
        rows.extend(rooms.iter().map(|row| format!("{row:?}")));
        rows.extend(members.iter().map(|row| format!("{row:?}")));
        rows.extend(mentions.iter().map(|row| format!("mention {row:?}")));
        rows.extend(invitations.iter().map(|row| format!("invitation {row:?}")));
        rows.extend(codes.iter().map(|row| format!("code {} {row:?}", row.0)));
        rows.extend(tokens.iter().map(|row| format!("{row:?}")));
        rows.extend(snapshot.bans.iter().map(|row| format!("ban {row:?}")));
        rows.extend(snapshot.account_bans.iter().map(|row| format!("account ban {row:?}")));
        rows.extend(snapshot.address_bans.iter().map(|row| format!("address ban {row:?}")));
        rows.extend(snapshot.former_names.iter().map(|row| format!("{row:?}")));
        rows.extend(snapshot.password_codes.iter().map(|row| format!("password code {row:?}")));
        rows.extend(snapshot.notices.iter().enumerate().map(|row| format!("notice {row:?}")));
        rows.extend(snapshot.registration_codes.iter().map(|row| format!("registration code {row:?}")));
        rows.insert(format!("registration {:?}", snapshot.registration));
        rows.insert(format!("last room {}", snapshot.last_room));
        rows
    };
    let (here, there) = (rows(stored), rows(other));
    let only_here: Vec<_> = here.difference(&there).collect();
    let only_there: Vec<_> = there.difference(&here).collect();
    panic!("the store has {only_here:#?}, and {name} has {only_there:#?}");
}
