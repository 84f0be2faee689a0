//! Who is shown what besides the answer: foretold from the records of a request, from the tables, and from the sessions.
//! Each notice is put into a few words, so that those who must get it and those who got it can be compared.

use std::collections::BTreeSet;

use chat_server::chat::{
    AccountId, Answer, Audience, ClientId, Command, Delivery, Event, Input, Message, Notice, PresenceChange, Record,
    Role, RoomChange, RoomId, SYSTEM,
};

use super::request::{Request, is_refused};
use super::state::{Asker, State};
use super::tally::word;

pub type Notices = Vec<(ClientId, String)>;

/// What was delivered, except the answer.
pub fn delivered(deliveries: &[Delivery]) -> Notices {
    let mut notices = Vec::new();
    for delivery in deliveries {
        match delivery {
            Delivery::Answer(..) => {}
            Delivery::End(client, _) => notices.push((*client, "End".into())),
            Delivery::Event(audience, event) => {
                let words = words(event);
                match audience {
                    Audience::One(client) => notices.push((*client, words)),
                    Audience::Many(clients, except) => {
                        let clients = clients.iter().filter(|client| Some(**client) != *except);
                        notices.extend(clients.map(|client| (*client, words.clone())));
                    }
                }
            }
        }
    }
    notices
}

fn words(event: &Event) -> String {
    match event {
        Event::Message(Message { room, seq, author, text, .. }) => format!("Message {room:?} {seq} {author} {text}"),
        Event::MemberJoined { room, who } => format!("MemberJoined {room:?} {who}"),
        Event::MemberLeft { room, who, .. } => format!("MemberLeft {room:?} {who}"),
        Event::YouLeft { room, .. } => format!("YouLeft {room:?}"),
        Event::RoomChanged { room, change, .. } => format!("RoomChanged {room:?} {change:?}"),
        Event::InvitationReceived(row) => format!("InvitationReceived {:?} {} {:?}", row.room, row.by, row.until),
        Event::OperatorSet { who, operator, you, .. } => format!("OperatorSet {who} {operator} {you}"),
        Event::Notice { notice, .. } => format!("Notice {notice:?}"),
        Event::Presence { who, change } => format!("Presence {} {change:?}", who.name),
        Event::NotHere { who } => format!("NotHere {} {} {:?}", who.name, who.online, who.away),
        Event::People { room, page, .. } => format!("People {room:?} {page}"),
        Event::ReadSet { room, unread, mentions, .. } => format!("ReadSet {room:?} {unread} {mentions}"),
        other => word(other),
    }
}

/// The clients whose sessions end by a request that is not refused.
pub fn must_end(before: &State, client: ClientId, request: &Request, records: &[Record]) -> BTreeSet<ClientId> {
    let mut ended = BTreeSet::new();
    for record in records {
        match record {
            Record::PasswordSet { id, .. } => ended.extend(before.clients_of(*id).filter(|other| *other != client)),
            Record::AccountDeleted { id, .. } | Record::AccountBanCreated { account: id, .. } => {
                ended.extend(before.clients_of(*id));
            }
            Record::AddressBanCreated { address, .. } => ended.extend(before.clients_at(*address)),
            _ => {}
        }
    }
    let account = before.clients.get(&client).map(|it| it.account);
    match (request, request.command()) {
        (Request::Input(Input::Gone), _) | (_, Some(Command::Quit | Command::LogOut)) => drop(ended.insert(client)),
        (_, Some(Command::CloseSession { session, .. })) => drop(ended.insert(*session)),
        (_, Some(Command::ServerKick { who, .. })) => {
            ended.extend(before.store.named(who).into_iter().flat_map(|id| before.clients_of(id)));
        }
        (_, Some(Command::RevokeToken { name, .. })) => {
            let token = account.and_then(|account| before.store.tokens.get(&(account, name.clone())));
            let uses_it = |other: &ClientId| {
                let session = &before.clients[other];
                Some(session.account) == account && session.token.as_ref().map(|it| it.1) == token.map(|it| it.digest)
            };
            ended.extend(before.clients.keys().copied().filter(uses_it));
        }
        _ => {}
    }
    ended.retain(|client| before.clients.contains_key(client));
    ended
}

/// Everything that a request must show to others and to the requester, besides the answer. `after` is the state with the
/// records applied, and with the sessions that began and ended.
pub fn expected(
    before: &State,
    after: &mut State,
    client: ClientId,
    request: &Request,
    answer: Option<&Answer>,
    records: &[Record],
    ended: &[ClientId],
) -> Notices {
    let mut notices = Notices::new();
    let hands_over = matches!(request.command(), Some(Command::HandOver { .. }));
    for record in records {
        match record {
            Record::MessageSaid { room, seq, author, text, .. } => {
                let name = after.store.person(*author);
                for hearer in after.hearers(*room).filter(|it| *it != client || after.clients[it].origin.traits.echoes)
                {
                    let label = after.store.shown(*room, after.clients[&hearer].account);
                    notices.push((hearer, format!("Message {label:?} {seq} {name} {text}")));
                }
                notices.extend(absence(after, client, *room, *author));
            }
            Record::MemberAdded { room, account, .. } if !after.store.is_direct(*room) => {
                let words =
                    format!("MemberJoined {:?} {}", after.store.shown(*room, *account), after.store.person(*account));
                tell_hearers(after, *room, Some(client), &words, &mut notices);
            }
            Record::MemberRemoved { room, account } => {
                let (label, name) = (before.store.shown(*room, *account), before.store.person(*account));
                let left = after.clients_of(*account).filter(|it| *it != client);
                notices.extend(left.map(|it| (it, format!("YouLeft {label:?}"))));
                tell_hearers(after, *room, Some(client), &format!("MemberLeft {label:?} {name}"), &mut notices);
            }
            // Whoever was the last to leave it knows.
            Record::RoomDeleted { id } if !records.iter().any(|record| is_departure_from(*id, record)) => {
                for member in before.store.members_of(*id) {
                    let label = before.store.shown(*id, member.account);
                    let left = after.clients_of(member.account).filter(|it| *it != client);
                    notices.extend(left.map(|it| (it, format!("YouLeft {label:?}"))));
                }
            }
            Record::TopicSet { id, topic } => {
                let change = RoomChange::Topic(topic.as_ref().map(|(text, ..)| text.clone()));
                tell_change(before, after, *id, Some(client), &change, &mut notices);
            }
            Record::VisibilitySet { id, visibility } => {
                tell_change(before, after, *id, Some(client), &RoomChange::Visibility(*visibility), &mut notices);
            }
            Record::RoomRenamed { id, name } => {
                let change = RoomChange::Renamed(name.clone());
                tell_change(before, after, *id, Some(client), &change, &mut notices);
                // Connections in whose silence the room is know it by its name too.
                let words =
                    format!("RoomChanged {:?} {change:?}", before.store.shown(*id, before.clients[&client].account));
                let members = after.store.members_of(*id).flat_map(|member| after.clients_of(member.account));
                let silent = members.filter(|it| *it != client && !after.clients[it].hears.contains_key(id));
                notices.extend(silent.map(|it| (it, words.clone())));
            }
            Record::RoleSet { room, account, role } => {
                // The answer to a hand-over shows the new owner; what the old one is now is a notice, to the requester too.
                let is_old_owner = hands_over && *role != Role::Owner;
                let change = RoomChange::Role { who: before.store.person(*account), role: *role };
                let except = Some(client).filter(|_| !is_old_owner);
                tell_change(before, after, *room, except, &change, &mut notices);
            }
            Record::InvitationRemoved { room, account } => {
                let is_used = records.iter().any(|record| match record {
                    Record::MemberAdded { room: entered, account: who, .. } => (entered, who) == (room, account),
                    Record::AccountDeleted { id, .. } => id == account,
                    _ => false,
                });
                if !is_used {
                    let by = before.clients.get(&client).map(|session| session.account);
                    of_ended_invitation(before, after, (*room, *account), by, &mut notices);
                }
            }
            Record::InvitationCreated { room, account, by, until } => {
                let shown = before.store.shown(*room, *account);
                let words = format!("InvitationReceived {shown:?} {} {until:?}", before.store.person(*by));
                notices.extend(after.clients_of(*account).map(|it| (it, words.clone())));
            }
            Record::PasswordCodeMade { account, .. } => {
                let by = before.asker(client).map(|asker| before.store.person(asker.account));
                let words = format!("Notice {:?}", Notice::PasswordCode { by });
                notices.extend(after.clients_of(*account).map(|it| (it, words.clone())));
            }
            Record::OperatorSet { id, on } => {
                let words = format!("OperatorSet {} {on} true", before.store.person(*id));
                notices.extend(after.clients_of(*id).filter(|it| *it != client).map(|it| (it, words.clone())));
            }
            Record::AwaySet { id, text } => {
                let change = if text.is_some() { PresenceChange::Away } else { PresenceChange::Back };
                tell_presence(after, before, *id, change, &mut notices);
            }
            _ => {}
        }
    }
    if let Some(asker) = after.asker(client) {
        let is_first = !before.clients.contains_key(&client) && after.clients_of(asker.account).count() == 1;
        if is_first {
            tell_presence(after, after, asker.account, PresenceChange::Online, &mut notices);
        }
        let traits = after.clients[&client].origin.traits;
        if let Some(Answer::Entered(Event::Entered(room), _)) = answer
            && traits.member_lists
        {
            notices.push((client, format!("People {:?} 1", Some(&room.room))));
        }
    }
    let mut living = before.clone();
    for gone in ended {
        let account = living.clients.remove(gone).expect("it had a session").account;
        let is_answer = matches!(answer, Some(Answer::Event(Event::Ended { .. })));
        if *gone != client || !(is_answer || matches!(request, Request::Input(Input::Gone))) {
            notices.push((*gone, "Ended".into()));
        }
        if !matches!(request, Request::Input(Input::Gone)) {
            notices.push((*gone, "End".into()));
        }
        if !living.is_online(account) {
            tell_presence(&living, before, account, PresenceChange::Offline, &mut notices);
        }
    }
    assert!(!answer.is_some_and(is_refused) || notices.is_empty(), "refused, but it leads to {notices:?}");
    notices
}

/// That an invitation ended unused is shown to whoever was invited, and to whoever invited and may know of the room: `by` has
/// revoked it, or else it has expired.
pub fn of_ended_invitation(
    before: &State,
    after: &State,
    (room, account): (RoomId, AccountId),
    by: Option<AccountId>,
    notices: &mut Notices,
) {
    let store = &before.store;
    let (inviter, _) = store.invitations[&(room, account)];
    let name = store.rooms[&room].name.clone().expect("nobody is invited to a direct room");
    let revoked = by.is_some();
    let over = Notice::InvitationOver { room: name.clone(), by: store.person(inviter), revoked };
    notices.extend(after.clients_of(account).map(|it| (it, format!("Notice {over:?}"))));
    let is_open = store.is_public(room) && !store.is_banned(room, inviter, before.now);
    if by != Some(inviter) && (is_open || store.is_member(room, inviter)) {
        let unused = Notice::InvitationUnused { room: name, who: store.person(account), revoked };
        notices.extend(after.clients_of(inviter).map(|it| (it, format!("Notice {unused:?}"))));
    }
}

/// Whether a record is that somebody is no longer a member of the room.
fn is_departure_from(id: RoomId, record: &Record) -> bool {
    matches!(record, Record::MemberRemoved { room, .. } if *room == id)
}

/// That positions have moved is shown to the account's other sessions that requested it.
pub fn moved(state: &State, asker: Asker, rooms: impl IntoIterator<Item = RoomId>) -> Notices {
    let mut notices = Notices::new();
    for room in rooms {
        let (unread, mentions) = state.missed(room, asker.account);
        let words = format!("ReadSet {:?} {unread} {mentions}", state.store.shown(room, asker.account));
        let wants = |it: &ClientId| *it != asker.client && state.clients[it].origin.traits.read_positions;
        notices.extend(state.clients_of(asker.account).filter(wants).map(|it| (it, words.clone())));
    }
    notices
}

fn tell_hearers(state: &State, room: RoomId, except: Option<ClientId>, words: &str, notices: &mut Notices) {
    notices.extend(state.hearers(room).filter(|it| Some(*it) != except).map(|it| (it, words.to_owned())));
}

fn tell_change(
    before: &State,
    after: &State,
    room: RoomId,
    except: Option<ClientId>,
    change: &RoomChange,
    notices: &mut Notices,
) {
    let shown = before.store.shown(room, SYSTEM);
    tell_hearers(after, room, except, &format!("RoomChanged {shown:?} {change:?}"), notices);
}

/// To sessions that requested it and whose accounts share a room with this one.
fn tell_presence(sessions: &State, tables: &State, id: AccountId, change: PresenceChange, notices: &mut Notices) {
    let words = format!("Presence {} {change:?}", tables.store.person(id));
    for (client, it) in &sessions.clients {
        if it.origin.traits.presence && it.account != id && tables.store.share_a_room(it.account, id) {
            notices.push((*client, words.clone()));
        }
    }
}

/// The sender of a direct message is notified once that the other one is away or offline, until that changes.
fn absence(after: &mut State, client: ClientId, room: RoomId, author: AccountId) -> Option<(ClientId, String)> {
    let partner = after.store.partner(room, author)?;
    let (online, away) = (after.is_online(partner), after.store.accounts[&partner].away.clone());
    let name = after.store.person(partner);
    let absent = &mut after.clients.get_mut(&client)?.absent;
    if online && away.is_none() {
        absent.remove(&partner);
        return None;
    }
    let how = away.clone().filter(|_| online);
    let is_news = absent.insert(partner, how.clone()) != Some(how);
    is_news.then(|| (client, format!("NotHere {name} {online} {away:?}")))
}
