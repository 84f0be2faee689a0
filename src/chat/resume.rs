//! Resuming: the messages after the numbers that a program knows, then live messages, with neither a gap nor a duplicate.
//!
//! A client that logged in silently listens to no room until it resumes. It gets the backlog of a room page by page, each
//! granted by a request, and listens to the room from the page on that reaches the newest message: later messages have
//! higher numbers and are delivered behind that page. In a room that it already listens to, the backlog ends where it
//! began to listen.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Undo;
use super::{
    Actor, Answer, Chat, ClientId, Command, Grant, GrantedRange, Name, Refusal, RoomId, RoomLabel, Seq, ShownRoom,
};

/// The progress of a program that resumes, from page to page.
///
/// The program may name rooms by their names. From the second page on rooms are asked for by their numbers, because a room
/// may be renamed, or the other account of a direct room deleted, between two pages.
#[derive(Debug, Default)]
pub struct Resuming {
    open: Vec<Open>,
    /// The rooms of which everything is given, and up to which number.
    pub given: Vec<(ShownRoom, Seq)>,
    /// The rooms, as the program named them, of which its account is no member.
    pub gone: Vec<RoomLabel>,
}

/// A room of which messages are still to be given.
#[derive(Debug)]
struct Open {
    /// As the next page names it.
    label: RoomLabel,
    /// The number after which the next page begins.
    after: Seq,
    /// As the program named it.
    named: RoomLabel,
}

impl Resuming {
    /// The backlog after these numbers.
    pub fn new(after: Vec<(RoomLabel, Seq)>) -> Resuming {
        let open = after.into_iter().map(|(label, after)| Open { label: label.clone(), after, named: label });
        Resuming { open: open.collect(), ..Resuming::default() }
    }

    /// The request for the next page.
    pub fn request(&self) -> Command {
        Command::Resume { after: self.open.iter().map(|open| (open.label.clone(), open.after)).collect() }
    }

    /// Notes what the answer to [`Resuming::request`] grants. Returns whether that was the last page.
    pub fn advance(&mut self, grant: &Grant) -> bool {
        for open in std::mem::take(&mut self.open) {
            match grant.ranges.iter().find(|range| range.room.is_named(&open.label)) {
                Some(range) if range.to < range.last => {
                    let label = RoomLabel::Number(range.room.id);
                    self.open.push(Open { label, after: range.to, named: open.named });
                }
                Some(_) => {}
                None => self.gone.push(open.named),
            }
        }
        let done = grant.ranges.iter().filter(|range| range.to == range.last);
        self.given.extend(done.map(|range| (range.room.clone(), range.to)));
        self.open.is_empty()
    }
}

impl Chat {
    /// Grants one page of the messages after the numbers in `after`, room by room. Each room has a range, which may be
    /// empty; once a room's range reaches `last`, the client listens to the room. It listens at once to rooms that are not
    /// named. Rooms of which the requester is not a member are left out.
    pub(super) fn resume(&mut self, actor: Actor, after: &[(RoomLabel, Seq)]) -> Result<Answer, Refusal> {
        let (mut named, mut ids): (Vec<(RoomId, Seq)>, _) = (Vec::new(), BTreeSet::new());
        // One walk through the account's own rooms: a request may name thousands of rooms that do not exist, and thousands
        // of rooms may have one name.
        let rooms: BTreeSet<RoomId> = self.rooms_of(actor.account).map(|room| room.id).collect();
        let own: BTreeMap<&Name, RoomId> =
            self.rooms_of(actor.account).filter_map(|room| Some((room.name()?, room.id))).collect();
        let find = |label: &RoomLabel| match label {
            RoomLabel::Room(name) => own.get(name).copied(),
            RoomLabel::Direct(name) => self.own_direct(actor.account, name),
            RoomLabel::Number(id) => rooms.get(id).copied(),
        };
        for (label, seq) in after {
            let Some(id) = find(label) else { continue };
            let last = self.rooms.get(id).last_seq;
            if *seq > last {
                return Err(Refusal::NoSuchMessages { room: self.label(id, actor.account), last });
            }
            if ids.insert(id) {
                named.push((id, *seq));
            }
        }
        for id in rooms {
            if !ids.contains(&id) {
                self.listen(actor.client, id);
            }
        }
        let mut lines_left = self.limits.history_page_max_lines;
        let mut ranges = Vec::new();
        for (id, seq) in named {
            let room = self.rooms.get(id);
            let end = room.listens_since(actor.client).unwrap_or(room.last_seq).max(seq);
            let lines = (end - seq).min(lines_left);
            lines_left -= lines;
            let to = seq + lines;
            if to == end {
                self.listen(actor.client, id);
            }
            ranges.push(GrantedRange { room: self.label(id, actor.account), from: seq + 1, to, last: end });
        }
        Ok(Answer::Page(Grant { ranges, remaining: 0 }))
    }

    /// The client listens to the room from now on, unless it already does.
    fn listen(&mut self, client: ClientId, id: RoomId) {
        let room = self.rooms.get_mut(id);
        if !room.listens(client) {
            room.listen(client);
            self.undo.push(Undo::of(move |chat| {
                if let Some(room) = chat.rooms.try_get_mut(id) {
                    room.stop_listening(client);
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name as name_of, origin, room};
    use super::super::{
        AccountId, Audience, Delivery, Event, Input, MessageKind, Origin, Query, Timestamp, Visibility,
    };
    use super::*;

    /// Bob's only connection is a program that is silent until it resumes.
    fn program() -> TestChat {
        let mut chat = TestChat::new();
        chat.command(BOB, Command::Quit);
        let origin = Origin { live: false, ..origin() };
        chat.input(BOB, Input::LogIn { account: AccountId(3), password_version: 1, origin });
        chat.chat.settle();
        chat
    }

    fn resume(chat: &mut TestChat, seq: Seq) {
        chat.command(BOB, Command::Resume { after: vec![(room("general"), seq)] });
    }

    /// Whether the last message is delivered to bob.
    fn reaches_bob(chat: &TestChat) -> bool {
        let reaches = |delivery: &Delivery| match delivery {
            Delivery::Event(Audience::Many(clients, _), Event::Message(_)) => clients.contains(&ClientId(BOB)),
            _ => false,
        };
        chat.effects.deliveries.iter().any(reaches)
    }

    #[test]
    fn a_message_in_a_silent_room_is_unread_even_if_all_before_it_was_read() {
        let mut chat = program();
        chat.say(ANA, "one");
        assert!(!reaches_bob(&chat));
        chat.chat.act(Timestamp(0), ClientId(BOB), true, &mut chat.effects);
        assert_eq!(chat.missed(BOB), (1, 0));
    }

    #[test]
    fn a_room_that_was_resumed_in_vain_is_silent_again() {
        let mut chat = program();
        resume(&mut chat, 1);
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(!reaches_bob(&chat));
        assert_eq!(chat.missed(BOB), (1, 0));
    }

    #[test]
    fn a_silent_room_that_was_left_in_vain_is_still_silent() {
        let mut chat = program();
        chat.command(BOB, Command::Leave { room: Some(room("general")), confirmation: None });
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(!reaches_bob(&chat));
    }

    #[test]
    fn a_connection_that_ended_in_a_turn_in_vain_hears_nothing() {
        let mut chat = program();
        resume(&mut chat, 1);
        chat.chat.settle();
        chat.command(BOB, Command::Leave { room: Some(room("general")), confirmation: None });
        chat.command(BOB, Command::Quit);
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(!reaches_bob(&chat));
    }

    #[test]
    fn a_resumed_room_stays_live_after_a_turn_that_could_not_be_stored() {
        let mut chat = program();
        resume(&mut chat, 1);
        chat.chat.settle();
        chat.command(BOB, Command::Leave { room: Some(room("general")), confirmation: None });
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(reaches_bob(&chat));
    }

    /// The numbers of bob's backlog of a room, which takes two pages; `between` happens between them.
    fn given_around(
        chat: &mut TestChat,
        label: RoomLabel,
        between: impl FnOnce(&mut TestChat),
    ) -> (Resuming, Vec<Seq>) {
        let mut backlog = Resuming::new(vec![(label, 0)]);
        let mut between = Some(between);
        let mut seqs = Vec::new();
        loop {
            chat.command(BOB, backlog.request());
            let Delivery::Answer(_, Answer::Page(grant)) = &chat.effects.deliveries[0] else { panic!() };
            seqs.extend(grant.ranges.iter().flat_map(|range| range.from..=range.to));
            let is_last = backlog.advance(&grant.clone());
            chat.chat.settle();
            match between.take() {
                Some(between) => between(chat),
                None => assert!(is_last),
            }
            if is_last {
                return (backlog, seqs);
            }
        }
    }

    #[test]
    fn a_room_that_is_renamed_between_two_pages_is_given_whole() {
        let mut chat = program();
        for name in ["tea", "mate"] {
            chat.command(ANA, Command::Create { name: name_of(name), visibility: Visibility::Public });
            chat.command(BOB, Command::Join { room: room(name), visibility: None });
        }
        let say = |room| Command::Say { room: Some(room), kind: MessageKind::Speech, text: "x".into(), key: None };
        (0..150).for_each(|_| assert!(!chat.command(ANA, say(room("tea")))));
        (0..9).for_each(|_| assert!(!chat.command(ANA, say(room("mate")))));
        chat.command(BOB, Command::Quit);
        let origin = Origin { live: false, ..origin() };
        chat.input(BOB, Input::LogIn { account: AccountId(3), password_version: 1, origin });
        chat.chat.settle();
        let (backlog, seqs) = given_around(&mut chat, room("tea"), |chat| {
            let rename = |from, to| Command::RenameRoom { room: Some(room(from)), name: name_of(to) };
            assert!(!chat.command(ANA, rename("tea", "cake")));
            assert!(!chat.command(ANA, rename("mate", "tea")), "its name passes on to another room");
        });
        assert_eq!(seqs, (1..=150).collect::<Vec<_>>());
        assert_eq!(backlog.given, [(ShownRoom { id: RoomId(2), label: room("cake") }, 150)]);
        assert_eq!(backlog.gone, []);
    }

    #[test]
    fn direct_messages_of_an_account_that_is_deleted_between_two_pages_are_given_whole() {
        let mut chat = program();
        (0..150).for_each(|_| assert!(!chat.command(ANA, Command::Tell { to: name_of("bob"), text: "x".into() })));
        chat.command(BOB, Command::Quit);
        let origin = Origin { live: false, ..origin() };
        chat.input(BOB, Input::LogIn { account: AccountId(3), password_version: 1, origin });
        chat.chat.settle();
        let (backlog, seqs) = given_around(&mut chat, RoomLabel::Direct(name_of("ana")), |chat| {
            assert!(!chat.command(ANA, Command::DeleteAccount));
        });
        assert_eq!(seqs, (1..=150).collect::<Vec<_>>());
        assert_eq!(backlog.given, [(ShownRoom { id: RoomId(2), label: RoomLabel::Direct(name_of("ghost-2")) }, 150)]);
    }

    #[test]
    fn a_room_that_is_left_between_two_pages_is_gone_as_it_was_named() {
        let mut chat = program();
        (0..150).for_each(|_| chat.say(ANA, "x"));
        let (backlog, seqs) = given_around(&mut chat, room("general"), |chat| {
            chat.command(BOB, Command::Leave { room: Some(room("general")), confirmation: None });
        });
        assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
        assert_eq!((backlog.given, backlog.gone), (vec![], vec![room("general")]));
    }

    #[test]
    fn connections_are_listed_by_their_numbers() {
        let mut chat = program();
        for client in [9, 5] {
            chat.input(client, Input::LogIn { account: AccountId(3), password_version: 1, origin: origin() });
        }
        chat.chat.settle();
        let answer = chat.chat.ask(Timestamp(0), ClientId(BOB), &Query::Sessions { page: 1 });
        let Some(Event::Sessions { rows, .. }) = answer.event() else { panic!("{answer:?}") };
        assert_eq!(rows.iter().map(|row| row.session.0).collect::<Vec<_>>(), [2, 5, 9]);
    }
}
