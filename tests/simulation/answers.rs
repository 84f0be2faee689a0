//! That answers say what the tables, the sessions and the log of what was read say.

use chat_server::chat::{
    Answer, Code, Command, Event, Grant, Input, Missed, Query, Record, RoomId, RoomLabel, Seq, SessionRow, StoredRoom,
    TokenRow,
};

use super::request::Request;
use super::rights;
use super::state::{Asker, State};
use super::store::holds;

/// The limits of a page.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    pub unread_lines: u64,
    pub lines_max: u64,
    pub rows: usize,
}

/// `after` is the state after the request; `before` the one before it.
pub fn check(before: &State, after: &State, asker: Asker, request: &Request, answer: &Answer, pages: Pages) {
    let find = |label: &RoomLabel| after.store.find(asker.account, label, after.now).expect("the answer names a room");
    match answer {
        Answer::Page(grant) => check_page(after, asker, request, grant, pages),
        Answer::Event(event) | Answer::Entered(event, _) => {
            check_event(before, after, asker, request, event, find, pages)
        }
    }
    if let Some(Command::Accept { what: Some(what), .. }) = request.command() {
        let is_it = |code: &&Code| code.as_str().eq_ignore_ascii_case(what.as_str());
        let [was_open, is_open] = [before, after].map(|state| state.store.codes.keys().any(|code| is_it(&code)));
        assert!(!was_open || !is_open, "a code can be used again");
    }
    if let Answer::Entered(event, recent) = answer {
        let room = match event {
            Event::Entered(room) | Event::Registered { room, .. } => find(&room.room),
            Event::DirectOpened { with, .. } => find(&RoomLabel::Direct(with.name.clone())),
            other => panic!("a room is entered by {other:?}"),
        };
        let last = after.store.rooms[&room].last_seq;
        let shown: Vec<(RoomId, Seq, Seq)> =
            recent.ranges.iter().map(|range| (range.room.id, range.from, range.to)).collect();
        let newest = (room, last.saturating_sub(chat_server::chat::RECENT_LINES) + 1, last);
        assert_eq!(shown, if last > 0 { vec![newest] } else { Vec::new() }, "the newest messages of a room");
    }
}

fn check_event(
    before: &State,
    after: &State,
    asker: Asker,
    request: &Request,
    event: &Event,
    find: impl Fn(&RoomLabel) -> RoomId,
    pages: Pages,
) {
    let (store, account, now) = (&after.store, asker.account, after.now);
    match event {
        Event::LoggedIn(welcome) => {
            assert_eq!(Some(&welcome.name), store.name(account));
            assert_eq!(welcome.others + 1, after.clients_of(account).count() as u64);
            let missed = |room: RoomId| {
                let ((new, mentions), last) = (after.missed(room, account), store.rooms[&room].last_seq);
                Missed { room: store.shown(room, account), new, mentions, last }
            };
            let expected: Vec<Missed> = store.rooms_of(account).map(|room| missed(room.id)).collect();
            assert_eq!(welcome.missed.len(), expected.len());
            for (said, expected) in welcome.missed.iter().zip(&expected) {
                let is_all = said.new >= expected.new && said.mentions >= expected.mentions;
                assert!(is_all, "unread, but not shown to {account}: {expected:?}, not {said:?}");
                let is_exact = after.reading.of(find(&expected.room), account).exact;
                assert!(!is_exact || said == expected, "{account} has read more: {expected:?}, not {said:?}");
            }
            let invited = store.invitations.iter().filter(|((_, who), (_, until))| *who == account && now < *until);
            let invited: Vec<_> = invited.map(|((room, _), _)| store.shown(*room, account)).collect();
            assert_eq!(welcome.invitations.iter().map(|row| row.room.clone()).collect::<Vec<_>>(), invited);
        }
        Event::RoomList { rows, .. } => {
            assert!(rows.len() <= pages.rows);
            for row in rows.iter().filter(|row| row.joined) {
                check_unread(after, asker, find(&row.room), row.new);
            }
        }
        Event::RoomShown(room) => {
            let id = find(&room.room);
            assert_eq!(room.members, store.members_of(id).count() as u64);
            let online = store.members_of(id).filter(|member| after.is_online(member.account)).count();
            assert_eq!(room.online, online as u64);
            if store.is_member(id, account) {
                check_unread(after, asker, id, room.unread);
            }
        }
        Event::ReadSet { room, up_to, unread, .. } => {
            let id = find(room);
            check_unread(after, asker, id, *unread);
            let read = after.reading.of(id, account);
            assert!(!read.exact || *up_to == read.prefix(), "read up to {up_to}, not {}", read.prefix());
        }
        Event::NothingUnread => {
            let unread = |room: &StoredRoom| match request {
                Request::Query(_) => before.read_by_acting(asker, room.id).unread(room.last_seq),
                Request::Input(_) => before.missed(room.id, account).0,
            };
            let unread: u64 = store.rooms_of(account).map(unread).sum();
            let of_one_room = matches!(request.command(), Some(Command::CatchUp { room: Some(_) }));
            assert!(unread == 0 || of_one_room, "{unread} messages are unread");
        }
        Event::Tokens { rows } => {
            let expected = store.tokens.values().filter(|token| token.account == account && holds(token.until, now));
            let expected = expected.map(|token| {
                let by_it =
                    after.clients.values().filter(|it| it.token.as_ref().is_some_and(|it| it.1 == token.digest));
                let used = by_it.map(|it| it.since).max().max(token.used);
                TokenRow {
                    name: token.name.clone(),
                    scope: token.scope,
                    created: token.created,
                    until: token.until,
                    used,
                }
            });
            assert_eq!(*rows, expected.collect::<Vec<_>>());
        }
        Event::Sessions { rows, .. } => {
            let expected = after.clients_of(account).take(pages.rows).map(|client| {
                let session = &after.clients[&client];
                SessionRow {
                    session: client,
                    protocol: session.origin.protocol,
                    address: session.origin.address,
                    since: session.since,
                    active: session.active,
                    token: session.token.as_ref().map(|(name, _)| name.clone()),
                    own: client == asker.client,
                }
            });
            assert_eq!(*rows, expected.collect::<Vec<_>>());
        }
        Event::Bans { room, rows, total, .. } => {
            let mut expected = rights::bans(after, room.as_ref().map(|room| room.id));
            assert_eq!(*total, expected.len() as u64);
            expected.truncate(pages.rows);
            assert_eq!(rows.iter().map(|row| (row.target.clone(), row.until)).collect::<Vec<_>>(), expected);
        }
        _ => {}
    }
}

/// That the acknowledgement of a message names the one that was stored: just now, or under the same key before.
pub fn check_stored(
    before: &State,
    after: &State,
    asker: Asker,
    request: &Request,
    answer: &Answer,
    records: &[Record],
) {
    let Some(Event::Stored { room, seq, at, .. }) = answer.event() else { return };
    let id = after.store.find(asker.account, room, after.now).expect("the answer names a room");
    let said = records.iter().find_map(|record| match record {
        Record::MessageSaid { room, seq, at, .. } => Some((*room, *seq, *at)),
        _ => None,
    });
    let known = request.command().and_then(Command::key).and_then(|key| {
        let known = before.store.keyed(asker.account, key).into_iter().find(|message| message.room == id);
        known.map(|message| (message.room, message.seq, message.at))
    });
    if let Some(Record::MessageSaid { room, author, text, .. }) =
        records.iter().find(|it| matches!(it, Record::MessageSaid { .. }))
    {
        let mentioned = records.iter().filter_map(|record| match record {
            Record::Mentioned { account, .. } => Some(*account),
            _ => None,
        });
        let mut named = after.store.named_in(*room, text);
        named.remove(author);
        assert_eq!(mentioned.collect::<Vec<_>>(), named.into_iter().collect::<Vec<_>>(), "mentions in {text}");
    }
    assert!(said.is_none() || known.is_none(), "stored again under the same key");
    assert_eq!(said.or(known), Some((id, *seq, *at)), "what is acknowledged");
}

fn check_unread(state: &State, asker: Asker, room: RoomId, said: u64) {
    let read = state.reading.of(room, asker.account);
    let unread = read.unread(state.store.rooms[&room].last_seq);
    let account = asker.account;
    assert!(said >= unread, "unread, but not shown to {account}: {unread} in room {room}, not {said}");
    assert!(!read.exact || said == unread, "{account} has read more: {unread} are unread in room {room}, not {said}");
}

fn check_page(state: &State, asker: Asker, request: &Request, grant: &Grant, pages: Pages) {
    let store = &state.store;
    let lines: u64 = grant.ranges.iter().map(|range| range.to + 1 - range.from).sum();
    assert!(lines <= pages.lines_max, "{lines} lines on a page");
    for range in &grant.ranges {
        let last = store.rooms[&range.room.id].last_seq;
        assert!(
            0 < range.from && range.from <= range.to + 1 && range.to <= range.last && range.last <= last,
            "{range:?}"
        );
        assert!(store.can_see(asker.account, range.room.id, state.now), "{} may not read {range:?}", asker.account);
        assert_eq!(store.shown(range.room.id, asker.account), range.room);
    }
    match request {
        Request::Query(Query::Unread) => {
            let mut count = grant.remaining;
            let (mut unread, mut is_exact) = (0, true);
            for room in store.rooms_of(asker.account) {
                let read = state.read_by_acting(asker, room.id);
                unread += read.unread(room.last_seq);
                is_exact &= read.exact;
            }
            for range in &grant.ranges {
                let read = state.read_by_acting(asker, range.room.id);
                count += range.to + 1 - range.from;
                assert!(
                    !read.exact || !(range.from..=range.to).any(|seq| read.contains(seq)),
                    "shown again: {range:?}"
                );
            }
            assert!(count >= unread && (!is_exact || count == unread), "{unread} messages are unread, not {count}");
            assert!(lines == pages.unread_lines || grant.remaining == 0);
        }
        Request::Input(Input::Command(Command::Resume { after }, _)) => {
            for range in &grant.ranges {
                let named = after.iter().find(|(label, _)| range.room.is_named(label));
                let (_, seq) = named.expect("only what was named is given");
                assert_eq!(range.from, seq + 1, "from the number on that the program knows");
                // What the client hears anyway is not given on a page too.
                let heard = state.clients[&asker.client].hears.get(&range.room.id).copied();
                let end = heard.unwrap_or(store.rooms[&range.room.id].last_seq);
                assert_eq!(range.last, end.max(*seq), "{range:?}");
                assert!(range.to == range.last || lines == pages.lines_max, "a page that could be longer: {range:?}");
            }
        }
        _ => {}
    }
}
