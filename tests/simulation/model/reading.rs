//! Which messages somebody may read, and up to where it has read.

use chat_server::chat::{Event, Grant, GrantedRange, HistoryRange, Purpose, RECENT_LINES, RoomId, RoomLabel, Seq};

use super::{Asker, Model, Refused, Told};

impl Model {
    pub(super) fn range(&self, asker: Asker, id: RoomId, from: Seq, to: Seq) -> GrantedRange {
        GrantedRange { room: id, label: self.label(id, asker.account), from, to, last: self.rooms[&id].last }
    }

    pub(super) fn grant(&mut self, asker: Asker, ranges: Vec<GrantedRange>, purpose: Purpose) {
        self.told.push((asker.client, Told::Grant(Grant { ranges, purpose })));
    }

    pub(super) fn grant_recent(&mut self, asker: Asker, id: RoomId, purpose: Purpose) {
        let last = self.rooms[&id].last;
        let ranges = match last {
            0 => Vec::new(),
            last => vec![self.range(asker, id, last.saturating_sub(RECENT_LINES) + 1, last)],
        };
        self.grant(asker, ranges, purpose);
    }

    pub(super) fn history(
        &mut self,
        asker: Asker,
        label: Option<&RoomLabel>,
        range: HistoryRange,
    ) -> Result<(), Refused> {
        let id = self.find(asker, label)?;
        let (last, most) = (self.rooms[&id].last, self.limits.history_page_max_lines);
        if last == 0 {
            return self.answer(asker, Event::NoMessages { room: self.label(id, asker.account) });
        }
        let (from, to) = match range {
            HistoryRange::Newest => (last.saturating_sub(self.limits.history_page_lines) + 1, last),
            HistoryRange::Last(lines) => (last.saturating_sub(lines.clamp(1, most)) + 1, last),
            HistoryRange::Between(from, to) => {
                if from == 0 || from > to || from > last {
                    return Err("no_such_messages");
                }
                (from, last.min(to).min(from + most - 1))
            }
        };
        let range = self.range(asker, id, from, to);
        self.grant(asker, vec![range], Purpose::History);
        Ok(())
    }

    pub(super) fn unread(&mut self, asker: Asker) -> Result<(), Refused> {
        let current = self.sessions[&asker.client].room;
        let mut ids: Vec<RoomId> = self.rooms_of(asker.account);
        ids.sort_by_key(|id| (Some(*id) != current, *id));
        let (mut ranges, mut left, mut remaining) = (Vec::new(), self.limits.history_page_lines, 0);
        for id in ids {
            let unread = self.rooms[&id].unread(asker.account);
            let lines = unread.min(left);
            left -= lines;
            remaining += unread - lines;
            if lines > 0 {
                let read = self.rooms[&id].members[&asker.account].read;
                ranges.push(self.range(asker, id, read + 1, read + lines));
            }
        }
        if ranges.is_empty() {
            return self.answer(asker, Event::NothingUnread);
        }
        self.grant(asker, ranges, Purpose::Unread { remaining });
        Ok(())
    }

    pub(super) fn catch_up(&mut self, asker: Asker, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let ids = match label {
            Some(_) => vec![self.find_own(asker, label)?],
            None => self.rooms_of(asker.account),
        };
        let (mut messages, mut rooms) = (0, 0);
        for id in ids {
            let (unread, last) = (self.rooms[&id].unread(asker.account), self.rooms[&id].last);
            if unread > 0 {
                messages += unread;
                rooms += 1;
                self.set_read(asker, id, last);
            }
        }
        self.answer(asker, if rooms == 0 { Event::NothingUnread } else { Event::CaughtUp { messages, rooms } })
    }

    pub(super) fn mark_read(&mut self, asker: Asker, id: RoomId, seq: Seq) -> Result<(), Refused> {
        let Some(room) = self.rooms.get(&id) else { return Ok(()) };
        let seq = seq.min(room.last);
        if room.members.get(&asker.account).is_some_and(|member| !member.follows && seq > member.read) {
            self.set_read(asker, id, seq);
        }
        Ok(())
    }

    fn set_read(&mut self, asker: Asker, id: RoomId, seq: Seq) {
        let follows = seq == self.rooms[&id].last && self.is_heard(asker.account, id);
        let member = self.room(id).members.get_mut(&asker.account).expect("it is a member");
        member.follows = follows;
        member.read_up_to(seq);
    }
}
