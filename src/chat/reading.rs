//! Reading: the parts of the history that an account may read, and the messages that it has read.
//!
//! The rule: a message that was delivered to a connection is read once the client acts after it, by any request, leaving
//! included, unless the rate limiter has delayed that request. Pages of unread messages and of a backlog count as deliveries;
//! an account's own messages are never unread. While an account is away its connections read nothing, until it is back or
//! says something. A connection that was logged in by a token, or with `reads: false`, reads nothing by itself; explicit
//! requests move positions, backwards too. One with a cursor, at which a person may sit, reads from its first page of unread
//! messages on.
//!
//! So a message may be shown as unread again, but an unread one never counts as read. Positions are stored when a session
//! ends, when they are set or answered by `CatchUp` or `SetRead`, and by the first act after ten minutes without. So a crash
//! makes at most what was read by acting in the ten minutes before the last act unread again, also where a query or an event
//! has told of it, and read mentions do not accumulate.

use super::room::Room;
use super::{
    AccountId, Actor, Answer, Chat, ClientId, Effects, Event, Grant, GrantedRange, HistoryRange, ReadMark, Record,
    Refusal, RoomId, RoomLabel, Seq, Timestamp,
};

/// How long a session may read without having its positions stored.
const POSITIONS_STORED_S: u64 = 600;

impl Chat {
    /// The client has sent a request, which is about to be decided. `arrived`: the connection has taken everything that was
    /// delivered in earlier turns, so the client may have read it.
    pub fn act(&mut self, now: Timestamp, client: ClientId, arrived: bool, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut_without_undo(client) else { return };
        session.active = now;
        if !arrived || !session.reads {
            return;
        }
        let (id, stored) = (session.account, session.positions_stored);
        self.read_delivered(client, effects);
        if now < stored || now >= stored.plus_seconds(POSITIONS_STORED_S) {
            self.session_mut(client).positions_stored = now;
            self.store_positions(id, effects);
        }
    }

    /// Whether what was delivered to a client counts as read when it acts: not while its account is away, unless it `says`
    /// something.
    pub fn attends(&self, client: ClientId, says: bool) -> bool {
        says || self.account_of(client).is_none_or(|account| self.accounts.get(account).away.is_none())
    }

    /// What was delivered to the client in earlier turns is read.
    fn read_delivered(&mut self, client: ClientId, effects: &mut Effects) {
        let settled_turns = self.settled_turns;
        let session = self.sessions.get_mut_without_undo(client).expect("the client has a session");
        let since = std::mem::replace(&mut session.acted, settled_turns);
        if since == settled_turns && session.shown.is_empty() {
            return;
        }
        let id = session.account;
        let (shown, session) = (std::mem::take(&mut session.shown), &*session);
        let mut moved = Vec::new();
        // A position that was set earlier in this turn may be taken back; what is read now is not.
        let mut marked = (!self.undo.is_empty()).then_some(&mut self.marked);
        let mut read = |room: &mut Room, from, to| {
            if let Some(member) = room.members.get_mut(&id)
                && member.mark(from, to)
            {
                moved.push(room.id);
            }
            if let Some(marked) = &mut marked {
                marked.push((room.id, id, from, to));
            }
        };
        for id_of_room in &self.accounts.get(id).rooms {
            if let Some(room) = self.rooms.try_get_mut(*id_of_room)
                && room.settled_turn > since
                && let Some(after) = session.listens_after(room, client)
            {
                read(room, after + 1, room.settled_seq);
            }
        }
        for (id_of_room, from, to) in shown {
            if let Some(room) = self.rooms.try_get_mut(id_of_room) {
                read(room, from, to);
            }
        }
        moved.sort();
        moved.dedup();
        self.notify_read(id, client, &moved, effects);
    }

    /// Stores the read positions of an account that have moved since they were stored.
    pub(super) fn store_positions(&mut self, id: AccountId, effects: &mut Effects) {
        let members = self.rooms_of(id).map(|room| (room.id, &room.members[&id])).filter(|(_, member)| member.moved);
        let moved: Vec<(RoomId, ReadMark)> = members.map(|(room, member)| (room, member.read.clone())).collect();
        for (room, read) in moved {
            self.record(Record::ReadSet { room, account: id, read }, effects);
        }
    }

    /// Stores the read position of a member if it has moved since it was stored: what is answered survives a crash.
    fn store_position(&mut self, id: RoomId, account: AccountId, effects: &mut Effects) {
        let member = &self.rooms.get(id).members[&account];
        if member.moved {
            let read = member.read.clone();
            self.record(Record::ReadSet { room: id, account, read }, effects);
        }
    }

    /// A page was delivered to the client: these messages are read once it acts.
    pub fn show(&mut self, client: ClientId, ranges: impl IntoIterator<Item = (RoomId, Seq, Seq)>) {
        let Some(session) = self.sessions.get_mut_without_undo(client) else { return };
        session.reads |= session.reads_once_paged;
        if session.reads {
            for (room, from, to) in ranges {
                match session.shown.last_mut() {
                    Some((last, _, end)) if *last == room && *end + 1 == from => *end = to,
                    _ => session.shown.push((room, from, to)),
                }
            }
        }
    }

    pub(super) fn history(
        &self,
        actor: Actor,
        label: Option<&RoomLabel>,
        range: HistoryRange,
    ) -> Result<Answer, Refusal> {
        let id = self.find_room(actor, label)?;
        let last = self.rooms.get(id).last_seq;
        let room = self.label(id, actor.account);
        if last == 0 {
            return Ok(Answer::Event(Event::NoMessages { room }));
        }
        let most = self.limits.history_page_max_lines;
        let newest = |lines: u64| (last.saturating_sub(lines.clamp(1, most)) + 1, last);
        let (from, to) = match range {
            HistoryRange::Newest => newest(self.limits.history_page_lines),
            HistoryRange::Last(lines) => newest(lines),
            HistoryRange::Between(from, to) if from > last || from > to || from == 0 => {
                return Err(Refusal::NoSuchMessages { room, last });
            }
            HistoryRange::Between(from, to) => (from, to.min(last).min(from.saturating_add(most - 1))),
        };
        let ranges = vec![GrantedRange { room, from, to, last }];
        Ok(Answer::Page(Grant { ranges, remaining: 0 }))
    }

    /// One page of unread messages: the current room first, then room by room in the order of their creation. Messages that
    /// this connection was sent already, or is sent with this turn, are left out: they become read when the client acts.
    pub(super) fn unread(&self, actor: Actor) -> Answer {
        let session = self.session(actor.client);
        let current = session.cursor.room();
        let rooms = &self.accounts.get(actor.account).rooms;
        let ordered = current.into_iter().chain(rooms.iter().copied().filter(|id| Some(*id) != current));
        let mut ranges = Vec::new();
        let (mut lines_left, mut remaining) = (self.limits.history_page_lines, 0);
        for room in ordered.filter(|id| rooms.contains(id)).filter_map(|id| self.rooms.try_get(id)) {
            let id = room.id;
            let mut read = room.members[&actor.account].read.clone();
            for (_, from, to) in session.shown.iter().filter(|(shown, ..)| *shown == id) {
                read.mark(*from, *to);
            }
            if let Some(after) = session.listens_after(room, actor.client).filter(|_| session.reads) {
                read.mark(after + 1, room.last_seq);
            }
            for (from, to) in read.unread_ranges(room.last_seq) {
                let lines = (to - from + 1).min(lines_left);
                lines_left -= lines;
                remaining += to - from + 1 - lines;
                if lines > 0 {
                    let (to, last) = (from + lines - 1, room.last_seq);
                    ranges.push(GrantedRange { room: self.label(id, actor.account), from, to, last });
                }
            }
        }
        match ranges.is_empty() {
            true => Answer::Event(Event::NothingUnread),
            false => Answer::Page(Grant { ranges, remaining }),
        }
    }

    pub(super) fn catch_up(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let ids: Vec<RoomId> = match label {
            Some(_) => vec![self.find_own_room(actor, label)?],
            None => self.rooms_of(actor.account).map(|room| room.id).collect(),
        };
        let (mut messages, mut moved) = (0, Vec::new());
        for id in ids {
            let room = self.rooms.get(id);
            let unread = room.unread(actor.account);
            if unread > 0 {
                messages += unread;
                moved.push(id);
                let read = ReadMark::up_to(room.last_seq);
                self.record(Record::ReadSet { room: id, account: actor.account, read }, effects);
            } else {
                self.store_position(id, actor.account, effects);
            }
        }
        self.notify_read(actor.account, actor.client, &moved, effects);
        let rooms = moved.len() as u64;
        Ok(if rooms == 0 { Event::NothingUnread } else { Event::CaughtUp { messages, rooms } })
    }

    /// Sets a read position, forwards or backwards.
    pub(super) fn set_read(
        &mut self,
        actor: Actor,
        label: &RoomLabel,
        up_to: Seq,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_own_room(actor, Some(label))?;
        let room = self.rooms.get(id);
        if up_to > room.last_seq {
            return Err(Refusal::NoSuchMessages { room: self.label(id, actor.account), last: room.last_seq });
        }
        let mut read = room.members[&actor.account].read.clone();
        if up_to < read.read_up_to() {
            self.set_back(id, actor.account);
        }
        if read.set(up_to) {
            self.record(Record::ReadSet { room: id, account: actor.account, read }, effects);
            self.notify_read(actor.account, actor.client, &[id], effects);
        } else {
            self.store_position(id, actor.account, effects);
        }
        Ok(self.read_set(id, actor.account))
    }

    /// What was said in a room so far is unread again: that the account's connections go on is no sign that it was read.
    fn set_back(&mut self, id: RoomId, account: AccountId) {
        let last_seq = self.rooms.get(id).last_seq;
        for client in self.accounts.get(account).clients.clone() {
            let session = self.session_mut(client);
            session.set_back.insert(id, last_seq);
            session.shown.retain(|(room, ..)| *room != id);
        }
    }

    /// Where the read position of a client's account is in a room; `None` without a session, or outside the room.
    pub fn read_position(&self, client: ClientId, id: RoomId) -> Option<Event> {
        let account = self.account_of(client)?;
        self.rooms.try_get(id)?.members.contains_key(&account).then(|| self.read_set(id, account))
    }

    fn read_set(&self, id: RoomId, account: AccountId) -> Event {
        let room = self.rooms.get(id);
        let member = &room.members[&account];
        Event::ReadSet {
            room: self.label(id, account),
            up_to: member.read.read_up_to(),
            unread: room.unread(account),
            mentions: member.unread_mentions(),
        }
    }

    /// Notifies the account's other sessions that requested it of read positions that moved.
    fn notify_read(&self, account: AccountId, except: ClientId, moved: &[RoomId], effects: &mut Effects) {
        let clients = &self.accounts.get(account).clients;
        if moved.is_empty() || clients.len() < 2 {
            return;
        }
        let clients = clients.iter().copied();
        let wanted = |client: &ClientId| *client != except && self.session(*client).origin.traits.read_positions;
        for client in clients.filter(wanted) {
            moved.iter().for_each(|room| effects.notify(client, self.read_set(*room, account)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, origin, room, text};
    use super::super::{
        Command, Delivery, Input, MessageKind, Name, Origin, TokenDigest, TokenScope, TokenSecret, Traits,
    };
    use super::*;

    /// Another connection of bob.
    const OTHER: u64 = 3;

    fn log_in(chat: &mut TestChat, client: u64, origin: Origin) {
        chat.input(client, Input::LogIn { account: AccountId(3), password_version: 1, origin });
        chat.chat.settle();
    }

    fn act(chat: &mut TestChat, client: u64) {
        chat.chat.act(Timestamp(0), ClientId(client), true, &mut Effects::default());
    }

    #[test]
    fn what_is_delivered_is_read_once_the_client_acts_after_it() {
        let mut chat = TestChat::new();
        chat.say(ANA, "bob: are you there?");
        assert_eq!(chat.missed(BOB), (1, 1));
        act(&mut chat, BOB);
        assert_eq!(chat.missed(BOB), (0, 0));
    }

    #[test]
    fn positions_of_a_long_session_are_stored_and_what_was_read_is_forgotten() {
        let mut chat = TestChat::new();
        let acts = |chat: &mut TestChat, seconds| {
            let mut effects = Effects::default();
            chat.chat.act(Timestamp(0).plus_seconds(seconds), ClientId(BOB), true, &mut effects);
            effects.records
        };
        for minute in 0..60 {
            chat.say(ANA, "bob: another one");
            let stored = acts(&mut chat, minute * 60);
            assert_eq!(stored.len(), usize::from(minute > 0 && minute % 10 == 0), "after {minute} minutes: {stored:?}");
        }
        let general = chat.chat.rooms.get(super::super::GENERAL);
        assert_eq!(general.members[&AccountId(3)].mentions.len(), 9, "those since the last time");
        assert_eq!(acts(&mut chat, 1800).len(), 1, "also when the clock went back");
    }

    #[test]
    fn what_was_sent_to_a_connection_that_broke_is_unread() {
        let mut chat = TestChat::new();
        chat.say(ANA, "one");
        act(&mut chat, BOB);
        chat.say(ANA, "bob: two");
        chat.input(BOB, Input::Gone);
        assert_eq!(chat.missed(BOB), (1, 1));
        assert!(
            chat.effects.records.iter().any(|record| matches!(record, Record::ReadSet { .. })),
            "the rest is stored"
        );
    }

    #[test]
    fn who_leaves_by_its_own_request_has_read_what_was_delivered() {
        let mut chat = TestChat::new();
        chat.say(ANA, "bye");
        chat.command(BOB, Command::Quit);
        chat.chat.settle();
        assert_eq!(chat.missed(BOB), (0, 0));
        chat.say(ANA, "bob: one more");
        assert_eq!(chat.missed(BOB), (1, 1));
    }

    #[test]
    fn what_is_decided_in_the_turn_of_an_act_is_not_read_by_it() {
        let mut chat = TestChat::new();
        let (kind, room) = (MessageKind::Speech, Some(room("general")));
        chat.command(ANA, Command::Say { room, kind, text: text("now"), key: None });
        act(&mut chat, BOB);
        chat.chat.settle();
        assert_eq!(chat.missed(BOB), (1, 0));
    }

    #[test]
    fn what_is_delivered_with_the_same_turn_is_not_given_again_by_a_page() {
        let mut chat = TestChat::new();
        let (kind, room) = (MessageKind::Speech, Some(room("general")));
        chat.command(ANA, Command::Say { room, kind, text: text("now"), key: None });
        act(&mut chat, BOB);
        let page = chat.chat.ask(Timestamp(0), ClientId(BOB), &super::super::Query::Unread);
        assert_eq!(page, Answer::Event(Event::NothingUnread));
    }

    #[test]
    fn what_has_not_arrived_is_not_read() {
        let mut chat = TestChat::new();
        chat.say(ANA, "a long text, which still waits for a slow reader");
        chat.chat.act(Timestamp(0), ClientId(BOB), false, &mut Effects::default());
        assert_eq!(chat.missed(BOB), (1, 0));
    }

    #[test]
    fn own_words_and_live_lines_are_read_though_a_backlog_is_not() {
        let mut chat = TestChat::new();
        chat.command(BOB, Command::Quit);
        chat.chat.settle();
        chat.say(ANA, "one");
        chat.say(ANA, "two");
        log_in(&mut chat, BOB, origin());
        chat.say(ANA, "three");
        chat.say(BOB, "four");
        assert_eq!(chat.missed(BOB), (2, 0));
        let Answer::Page(grant) = chat.chat.ask(Timestamp(0), ClientId(BOB), &super::super::Query::Unread) else {
            panic!()
        };
        assert_eq!(grant.ranges.iter().map(|range| (range.from, range.to)).collect::<Vec<_>>(), [(2, 3)]);
        chat.input(BOB, Input::Gone);
        assert_eq!(chat.missed(BOB), (2, 0));
    }

    #[test]
    fn a_page_is_read_once_the_client_acts_after_it() {
        let mut chat = TestChat::new();
        chat.command(BOB, Command::Quit);
        chat.chat.settle();
        chat.say(ANA, "bob: one");
        log_in(&mut chat, BOB, origin());
        chat.chat.show(ClientId(BOB), [(super::super::GENERAL, 2, 2)]);
        assert_eq!(chat.missed(BOB), (1, 1), "asking for it is no sign that it has arrived");
        let next = chat.chat.ask(Timestamp(0), ClientId(BOB), &super::super::Query::Unread);
        assert_eq!(next, Answer::Event(Event::NothingUnread), "but it is not given twice");
        act(&mut chat, BOB);
        assert_eq!(chat.missed(BOB), (0, 0));
    }

    #[test]
    fn a_connection_that_reads_nothing_by_itself_moves_positions_explicitly() {
        let mut chat = TestChat::new();
        log_in(&mut chat, OTHER, Origin { reads: Some(false), ..origin() });
        chat.input(BOB, Input::Gone);
        chat.say(ANA, "one");
        chat.say(ANA, "two");
        act(&mut chat, OTHER);
        assert_eq!(chat.missed(BOB), (2, 0));
        let set = |up_to| Command::SetRead { room: room("general"), up_to };
        assert!(!chat.command(OTHER, set(3)));
        assert_eq!(chat.missed(BOB), (0, 0));
        assert!(!chat.command(OTHER, set(1)));
        assert_eq!(chat.missed(BOB), (2, 0), "backwards too");
        assert!(chat.command(OTHER, set(4)), "there is no such message");
        chat.say(OTHER, "three");
        assert_eq!(chat.missed(BOB), (2, 0), "own words are never unread");
    }

    /// Bob has only this connection, by a token.
    fn by_token(origin: Origin) -> TestChat {
        let mut chat = TestChat::new();
        let (digest, scope) = (TokenDigest([7; 32]), TokenScope::All);
        let (name, secret) = (name("bot"), TokenSecret("x".into()));
        chat.command(BOB, Command::NewToken { name, secret, digest, scope, seconds: None, proved: false });
        chat.command(BOB, Command::Quit);
        chat.input(OTHER, Input::LogInByToken { name: name_of_bob(), digest, origin });
        chat.chat.settle();
        chat
    }

    fn name_of_bob() -> Name {
        name("bob")
    }

    #[test]
    fn a_program_reads_in_its_owners_place_only_if_it_says_so() {
        let check = |reads, cursor, expected| {
            let traits = Traits { cursor, ..Traits::default() };
            let mut chat = by_token(Origin { reads, traits, ..origin() });
            chat.say(ANA, "bob: are you there?");
            act(&mut chat, OTHER);
            act(&mut chat, OTHER);
            assert_eq!(chat.missed(BOB), (expected, expected), "{reads:?} {cursor}");
        };
        check(None, false, 1);
        check(None, true, 1);
        check(Some(false), false, 1);
        check(Some(true), false, 0);
    }

    #[test]
    fn a_person_with_a_token_reads_from_the_first_page_of_unread_messages_on() {
        let mut chat = by_token(Origin { reads: None, ..origin() });
        chat.say(ANA, "one");
        chat.chat.show(ClientId(OTHER), [(super::super::GENERAL, 2, 2)]);
        act(&mut chat, OTHER);
        assert_eq!(chat.missed(BOB), (0, 0));
        chat.say(ANA, "two");
        act(&mut chat, OTHER);
        assert_eq!(chat.missed(BOB), (0, 0));
    }

    #[test]
    fn who_is_away_reads_nothing_until_back_or_the_next_word() {
        for returns in [Command::Back, Command::Tell { to: name("ana"), text: text("here") }] {
            let mut chat = TestChat::new();
            chat.command(BOB, Command::Away { text: text("lunch") });
            chat.chat.settle();
            chat.say(ANA, "bob: one");
            assert!(!chat.chat.attends(ClientId(BOB), false));
            let says = matches!(returns, Command::Tell { .. });
            assert_eq!(chat.chat.attends(ClientId(BOB), says), says);
            chat.decide(BOB, returns);
            chat.chat.settle();
            assert_eq!(chat.chat.attends(ClientId(BOB), false), !says, "a word does not end the absence");
        }
    }

    #[test]
    fn a_position_that_was_answered_is_stored_with_the_answer() {
        for ask in [Command::CatchUp { room: None }, Command::SetRead { room: room("general"), up_to: 2 }] {
            let mut chat = TestChat::new();
            chat.say(ANA, "one");
            chat.command(BOB, ask.clone());
            let stored = |record: &Record| matches!(record, Record::ReadSet { read, .. } if read.contains(2));
            assert!(chat.effects.records.iter().any(stored), "{ask:?}: {:?}", chat.effects.records);
            chat.chat.settle();
            chat.command(BOB, ask);
            assert!(chat.effects.records.is_empty(), "nothing has moved since");
        }
    }

    #[test]
    fn a_position_that_was_moved_backwards_stays_until_something_new_is_read() {
        let mut chat = TestChat::new();
        chat.say(ANA, "one");
        chat.say(ANA, "bob: two");
        chat.command(BOB, Command::SetRead { room: room("general"), up_to: 1 });
        assert_eq!(chat.missed(BOB), (2, 1), "as what is stored says");
        chat.say(ANA, "three");
        act(&mut chat, BOB);
        assert_eq!(chat.missed(BOB), (2, 1), "only the third has been read since");
    }

    #[test]
    fn other_connections_that_requested_it_are_shown_positions_that_moved() {
        let mut chat = TestChat::new();
        let traits = Traits { read_positions: true, ..Traits::default() };
        log_in(&mut chat, OTHER, Origin { reads: Some(false), traits, ..origin() });
        chat.say(ANA, "one");
        chat.effects.clear();
        let TestChat { chat: core, effects, .. } = &mut chat;
        core.act(Timestamp(0), ClientId(BOB), true, effects);
        let shown = |delivery: &Delivery| match delivery {
            Delivery::Event(audience, Event::ReadSet { up_to, unread, .. }) => {
                Some((audience.clone(), *up_to, *unread))
            }
            _ => None,
        };
        let shown: Vec<_> = effects.deliveries.iter().filter_map(shown).collect();
        assert_eq!(shown, [(super::super::Audience::One(ClientId(OTHER)), 2, 0)]);
    }
}
