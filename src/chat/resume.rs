//! Resuming: the messages after the numbers that a program knows, then live messages, with neither a gap nor a duplicate.
//!
//! A client that logged in silently listens to no room until it resumes. It gets the backlog of a room page by page, each
//! granted by a request, and listens to the room from the page on that reaches the newest message: later messages have
//! higher numbers and are delivered behind that page. In a room that it already listens to, the backlog ends where it
//! began to listen.

use std::collections::BTreeSet;

use super::record::Undo;
use super::{Actor, Answer, Chat, ClientId, Grant, GrantedRange, Refusal, RoomId, RoomLabel, Seq};

impl Chat {
    /// Grants one page of the messages after the numbers in `after`, room by room. Each room has a range, which may be
    /// empty; once a room's range reaches `last`, the client listens to the room. It listens at once to rooms that are not
    /// named. Rooms of which the requester is not a member are left out.
    pub(super) fn resume(&mut self, actor: Actor, after: &[(RoomLabel, Seq)]) -> Result<Answer, Refusal> {
        let (mut named, mut ids): (Vec<(RoomId, &RoomLabel, Seq)>, _) = (Vec::new(), BTreeSet::new());
        for (label, seq) in after {
            let Some(id) = self.own_room(actor, label) else { continue };
            let last = self.rooms.get(id).last_seq;
            if *seq > last {
                return Err(Refusal::NoSuchMessages { room: label.clone(), last });
            }
            if ids.insert(id) {
                named.push((id, label, *seq));
            }
        }
        for id in self.accounts.get(actor.account).rooms.clone() {
            if !ids.contains(&id) {
                self.listen(actor.client, id);
            }
        }
        let mut lines_left = self.limits.history_page_max_lines;
        let mut ranges = Vec::new();
        for (id, label, seq) in named {
            let room = self.rooms.get(id);
            let end = room.listens_since(actor.client).unwrap_or(room.last_seq).max(seq);
            let lines = (end - seq).min(lines_left);
            lines_left -= lines;
            let to = seq + lines;
            if to == end {
                self.listen(actor.client, id);
            }
            ranges.push(GrantedRange { room: id, label: label.clone(), from: seq + 1, to, last: end });
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
    use super::super::test_chat::{ANA, BOB, TestChat, origin, room};
    use super::super::{AccountId, Audience, Command, Delivery, Event, Input, Origin, Query, Timestamp};
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
        chat.command(BOB, Command::Leave { room: Some(room("general")) });
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(!reaches_bob(&chat));
    }

    #[test]
    fn a_connection_that_ended_in_a_turn_in_vain_hears_nothing() {
        let mut chat = program();
        resume(&mut chat, 1);
        chat.chat.settle();
        chat.command(BOB, Command::Leave { room: Some(room("general")) });
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
        chat.command(BOB, Command::Leave { room: Some(room("general")) });
        chat.chat.roll_back();
        chat.say(ANA, "one");
        assert!(reaches_bob(&chat));
    }

    #[test]
    fn connections_are_listed_by_their_numbers() {
        let mut chat = program();
        for client in [9, 5] {
            chat.input(client, Input::LogIn { account: AccountId(3), password_version: 1, origin: origin() });
        }
        chat.chat.settle();
        let answer = chat.chat.ask(Timestamp(0), ClientId(BOB), &Query::Sessions);
        let Some(Event::Sessions { rows }) = answer.event() else { panic!("{answer:?}") };
        assert_eq!(rows.iter().map(|row| row.session.0).collect::<Vec<_>>(), [2, 5, 9]);
    }
}
