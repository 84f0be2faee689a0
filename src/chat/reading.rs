//! Reading what was said: which part of the history somebody may read, and up to where it has read.

use super::room::Room;
use super::{
    AccountId, Ask, Chat, Effects, Event, Grant, GrantedRange, HistoryRange, Purpose, ReadMark, Record, Refusal,
    RoomId, RoomLabel, Seq,
};

impl Chat {
    pub(super) fn history(
        &mut self,
        ask: &mut Ask,
        label: Option<&RoomLabel>,
        range: HistoryRange,
    ) -> Result<(), Refusal> {
        let id = self.find_room(ask, label)?;
        let last = self.rooms.get(id).last_seq;
        let label = self.label(id, ask.account);
        if last == 0 {
            ask.answer(Event::NoMessages { room: label });
            return Ok(());
        }
        let most = self.limits.history_page_max_lines;
        let newest = |lines: u64| (last.saturating_sub(lines.clamp(1, most)) + 1, last);
        let (from, to) = match range {
            HistoryRange::Newest => newest(self.limits.history_page_lines),
            HistoryRange::Last(lines) => newest(lines),
            HistoryRange::Between(from, to) if from > last || from > to || from == 0 => {
                return Err(Refusal::NoSuchMessages { room: label, last });
            }
            HistoryRange::Between(from, to) => (from, to.min(last).min(from.saturating_add(most - 1))),
        };
        let ranges = vec![GrantedRange { room: id, label, from, to, last }];
        ask.effects.grant(ask.client, Grant { ranges, purpose: Purpose::History });
        Ok(())
    }

    /// What is unread, one page: first where the asker talks, then room by room in the order in which they were made.
    pub(super) fn unread(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        let current = self.session(ask.client).room;
        let rooms = &self.accounts.get(ask.account).rooms;
        let ordered = current.into_iter().chain(rooms.iter().copied().filter(|id| Some(*id) != current));
        let mut ranges = Vec::new();
        let (mut room_left, mut remaining) = (self.limits.history_page_lines, 0);
        for id in ordered.filter(|id| rooms.contains(id)) {
            let room = self.rooms.get(id);
            let unread = room.unread(ask.account);
            let lines = unread.min(room_left);
            room_left -= lines;
            remaining += unread - lines;
            if lines > 0 {
                let from = room.members[&ask.account].read + 1;
                let label = self.label(id, ask.account);
                ranges.push(GrantedRange { room: id, label, from, to: from + lines - 1, last: room.last_seq });
            }
        }
        if ranges.is_empty() {
            ask.answer(Event::NothingUnread);
        } else {
            ask.effects.grant(ask.client, Grant { ranges, purpose: Purpose::Unread { remaining } });
        }
        Ok(())
    }

    pub(super) fn catch_up(&mut self, ask: &mut Ask, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let ids: Vec<RoomId> = match label {
            Some(_) => vec![self.find_own_room(ask, label)?],
            None => self.accounts.get(ask.account).rooms.iter().copied().collect(),
        };
        let (mut messages, mut rooms) = (0, 0);
        for id in ids {
            let room = self.rooms.get_mut(id);
            let unread = room.unread(ask.account);
            if unread > 0 {
                messages += unread;
                rooms += 1;
                let last = room.last_seq;
                let is_heard = room.is_heard(&self.accounts.get(ask.account).clients);
                set_read(room, ask.account, last, is_heard, ask.effects);
            }
        }
        ask.answer(if rooms == 0 { Event::NothingUnread } else { Event::CaughtUp { messages, rooms } });
        Ok(())
    }

    /// The asker has been shown its unread messages up to `seq`. It may have left the room meanwhile.
    pub(super) fn mark_read(&mut self, ask: &mut Ask, id: RoomId, seq: Seq) -> Result<(), Refusal> {
        let Some(room) = self.rooms.try_get_mut(id) else { return Ok(()) };
        let seq = seq.min(room.last_seq);
        if room.members.get(&ask.account).is_some_and(|member| !member.follows && member.read < seq) {
            let is_heard = room.is_heard(&self.accounts.get(ask.account).clients);
            set_read(room, ask.account, seq, is_heard, ask.effects);
        }
        Ok(())
    }
}

/// Moves a read position forward; a member who has read everything follows from then on, if one of its connections hears
/// the room.
fn set_read(room: &mut Room, account: AccountId, seq: Seq, is_heard: bool, effects: &mut Effects) {
    let (id, last) = (room.id, room.last_seq);
    let member = room.members.get_mut(&account).expect("only members have read positions");
    member.read = seq;
    member.follows = is_heard && seq == last;
    member.mentions.retain(|mention| *mention > seq);
    effects.store(Record::ReadSet { room: id, account, read: ReadMark::up_to(seq) });
}

#[cfg(test)]
mod tests {
    use super::super::*;

    /// A chat in which ana and bob are, as clients 1 and 2.
    struct Two {
        chat: Chat,
        effects: Effects,
    }

    impl Two {
        fn new() -> Two {
            let mut two = Two { chat: Chat::load(Limits::default(), Snapshot::default()), effects: Effects::default() };
            two.chat.found(Timestamp(0), &mut two.effects);
            for (client, name) in [(1, "ana"), (2, "bob")] {
                let (name, hash) = (Name::parse(name).unwrap(), PasswordHash("!".into()));
                let address = Address::parse("192.0.2.1").unwrap();
                two.at(0, client, Input::Register { name, hash, origin: Origin::text(address) });
            }
            two
        }

        fn at(&mut self, second: i64, client: u64, input: Input) {
            self.effects.clear();
            self.chat.handle(Timestamp(second * 1000), ClientId(client), input, &mut self.effects);
        }

        fn say(&mut self, second: i64, client: u64, text: &str) {
            let (kind, text) = (MessageKind::Speech, Text::from(text));
            self.at(second, client, Input::Command(Command::Say { room: None, kind, text, keyed: None }));
        }

        /// What bob has not read: messages, and those that name him.
        fn missed_by_bob(&self) -> (u64, u64) {
            let missed = self.chat.missed(AccountId(3));
            (missed[0].new, missed[0].mentions)
        }
    }

    #[test]
    fn what_was_sent_to_a_dead_connection_is_unread() {
        let mut two = Two::new();
        two.say(10, 1, "bob: long before");
        two.say(500, 1, "bob: when the lid was closed");
        two.say(590, 1, "and a bit later");
        two.at(595, 2, Input::Lost);
        assert_eq!(two.missed_by_bob(), (2, 1));
    }

    #[test]
    fn what_came_before_a_client_was_last_heard_is_read() {
        let mut two = Two::new();
        two.say(500, 1, "bob: are you there?");
        two.say(510, 2, "yes");
        two.say(520, 1, "bob: good");
        two.at(530, 2, Input::Lost);
        // To the second, rather one too many.
        assert_eq!(two.missed_by_bob(), (2, 1));
    }

    #[test]
    fn what_was_sent_to_a_connection_that_closed_in_order_is_read() {
        let mut two = Two::new();
        two.say(500, 1, "bob: bye");
        two.at(501, 2, Input::Disconnected);
        assert_eq!(two.missed_by_bob(), (0, 0));
        two.say(502, 1, "bob: one more");
        assert_eq!(two.missed_by_bob(), (1, 1));
    }
}
