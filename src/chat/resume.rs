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
