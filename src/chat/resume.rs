//! Coming back: what was said after the numbers that a program knows, and then what is said from now on, with neither gap
//! nor double.
//!
//! A client that may resume has each room either silent or live. It is given the backlog of a silent room page by page,
//! each granted on its own, and the room becomes live with the page that reaches its newest message: what is said later
//! has higher numbers and is delivered behind that page. Of a room that is live since its login it is given what came
//! before that.

use super::{Ask, Chat, ClientId, Grant, GrantedRange, Purpose, Refusal, RoomId, RoomLabel, Seq};

impl Chat {
    /// Grants one page of what was said after the numbers in `after`, room by room. Of each room there is a range, which
    /// may be empty; a room of which the range reaches `last` is done and live. Rooms that are not named become live as
    /// they are; those in which the asker is no member are left out.
    pub(super) fn resume(&mut self, ask: &mut Ask, after: &[(RoomLabel, Seq)]) -> Result<(), Refusal> {
        let mut named: Vec<(RoomId, &RoomLabel, Seq)> = Vec::new();
        for (label, seq) in after {
            let Ok(id) = self.find_own_room(ask, Some(label)) else { continue };
            let last = self.rooms.get(id).last_seq;
            if *seq > last {
                return Err(Refusal::NoSuchMessages { room: label.clone(), last });
            }
            if named.iter().all(|(other, ..)| *other != id) {
                named.push((id, label, *seq));
            }
        }
        for id in self.accounts.get(ask.account).rooms.clone() {
            if named.iter().all(|(other, ..)| *other != id) {
                self.go_live(ask.client, id);
            }
        }
        let mut lines_left = self.limits.history_page_max_lines;
        let mut ranges = Vec::new();
        for (room, label, seq) in named {
            let end = self.live_since(ask.client, room).unwrap_or_else(|| self.rooms.get(room).last_seq).max(seq);
            let lines = (end - seq).min(lines_left);
            lines_left -= lines;
            let to = seq + lines;
            if to == end {
                self.go_live(ask.client, room);
            }
            ranges.push(GrantedRange { room, label: label.clone(), from: seq + 1, to, last: end });
        }
        ask.effects.grant(ask.client, Grant { ranges, purpose: Purpose::Resume });
        Ok(())
    }

    /// After which number everything of a room is delivered to the client by itself; `None` while the room is silent.
    fn live_since(&self, client: ClientId, room: RoomId) -> Option<Seq> {
        self.session(client).live.as_ref().map_or(Some(self.rooms.get(room).last_seq), |live| live.get(&room).copied())
    }

    /// What is said in the room from now on is delivered to the client. Does nothing where that is so already.
    pub(super) fn go_live(&mut self, client: ClientId, id: RoomId) {
        let room = self.rooms.get_mut(id);
        if room.listens(client) {
            return;
        }
        room.listen(client);
        let last = room.last_seq;
        let account = self.session(client).account;
        let member = self.rooms.get_mut(id).members.get_mut(&account).expect("only members listen");
        member.follows |= member.read == last;
        self.session_mut(client).go_live(id, last);
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    /// A chat in which ana writes, as client 1, and bob's program is client 2: silent until it resumes.
    struct Program {
        chat: Chat,
        /// All that is stored, which is what the chat is loaded from after a commit that failed.
        stored: Snapshot,
        effects: Effects,
    }

    const GENERAL_LABEL: &str = "general";

    impl Program {
        fn new() -> Program {
            let mut effects = Effects::default();
            let mut chat = Chat::load(Limits::default(), Snapshot::default());
            chat.found(Timestamp(0), &mut effects);
            for (client, name, live) in [(1, "ana", true), (2, "bob", false)] {
                let (name, hash) = (Name::parse(name).unwrap(), PasswordHash("!".into()));
                let address = Address::parse("192.0.2.1").unwrap();
                let origin = Origin { address, front: Front::Json, live };
                chat.handle(Timestamp(0), ClientId(client), Input::Register { name, hash, origin }, &mut effects);
            }
            chat.settle();
            let account = |id, name: &str| AccountRow {
                id: AccountId(id),
                name: Name::parse(name).ok(),
                password_version: 1,
                created: Timestamp(0),
                last_seen: None,
                away: None,
                operator: false,
                acks: false,
            };
            let member = |id| MemberRow {
                room: GENERAL,
                account: AccountId(id),
                role: Role::Member,
                since: Timestamp(0),
                read: ReadMark::up_to(1),
            };
            let general = StoredRoom {
                id: GENERAL,
                name: Name::parse(GENERAL_LABEL).ok(),
                visibility: Some(Visibility::Public),
                created: Timestamp(0),
                topic: None,
                last_seq: 1,
            };
            let stored = Snapshot {
                accounts: vec![account(1, "system"), account(2, "ana"), account(3, "bob")],
                rooms: vec![general],
                members: vec![member(2), member(3)],
                last_room: 1,
                ..Snapshot::default()
            };
            Program { chat, stored, effects }
        }

        fn ask(&mut self, client: u64, command: Command) {
            self.effects.clear();
            self.chat.handle(Timestamp(0), ClientId(client), Input::Command(command), &mut self.effects);
        }

        fn say(&mut self) {
            let (kind, text) = (MessageKind::Speech, Text::from("hello"));
            self.ask(1, Command::Say { room: None, kind, text, keyed: None });
        }

        fn resume(&mut self, seq: Seq) {
            let label = RoomLabel::Room(Name::parse(GENERAL_LABEL).unwrap());
            self.ask(2, Command::Resume { after: vec![(label, seq)] });
        }

        /// Nothing since the last time was stored.
        fn fail(&mut self) {
            self.chat = self.chat.reload(self.stored.clone());
        }

        /// Whether the last message is delivered to bob.
        fn bob_is_told(&self) -> bool {
            let reaches = |delivery: &Delivery| match delivery {
                Delivery::Event(Audience::Many(clients, _), Event::Message(_)) => clients.contains(&ClientId(2)),
                _ => false,
            };
            self.effects.deliveries.iter().any(reaches)
        }

        fn unread_of_bob(&self) -> u64 {
            self.chat.missed(AccountId(3))[0].new
        }
    }

    #[test]
    fn what_is_said_in_a_silent_room_is_unread_though_all_before_was_read() {
        let mut program = Program::new();
        program.ask(2, Command::CatchUp { room: None });
        program.say();
        assert_eq!(program.unread_of_bob(), 1);
        program.ask(2, Command::MarkRead { room: GENERAL, seq: 2 });
        program.say();
        assert_eq!(program.unread_of_bob(), 1);
    }

    #[test]
    fn a_room_that_became_live_in_vain_is_silent_and_unread_again() {
        let mut program = Program::new();
        program.resume(1);
        program.fail();
        program.say();
        assert!(!program.bob_is_told());
        assert_eq!(program.unread_of_bob(), 1);
    }

    #[test]
    fn whoever_has_resumed_and_read_all_has_nothing_unread_after_a_commit_that_failed() {
        let mut program = Program::new();
        program.resume(1);
        program.chat.settle();
        program.ask(2, Command::Leave { room: None });
        program.fail();
        program.say();
        assert!(program.bob_is_told());
        assert_eq!(program.unread_of_bob(), 0);
    }

    #[test]
    fn connections_are_listed_by_their_numbers_also_after_a_commit_that_failed() {
        let mut program = Program::new();
        for client in [9, 5] {
            let origin = Origin::text(Address::parse("192.0.2.1").unwrap());
            let input = Input::LogIn { account: AccountId(3), password_version: 1, origin };
            program.chat.handle(Timestamp(0), ClientId(client), input, &mut program.effects);
        }
        program.chat.settle();
        for _ in 0..2 {
            program.ask(2, Command::ListSessions);
            let Delivery::Event(_, Event::Sessions { rows }) = &program.effects.deliveries[0] else { panic!() };
            assert_eq!(rows.iter().map(|row| row.session.0).collect::<Vec<_>>(), [2, 5, 9]);
            program.fail();
        }
    }
}
