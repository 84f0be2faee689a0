//! What a program that comes back is given, and from when on it hears its rooms.

use chat_server::chat::{GrantedRange, Purpose, RoomId, RoomLabel, Seq};

use super::{Asker, Model, Refused};

impl Model {
    /// One page over all named rooms. A room that is silent up to now is heard from the page on that reaches its newest
    /// message, and one that is not named from now on.
    pub(super) fn resume(&mut self, asker: Asker, after: &[(RoomLabel, Seq)]) -> Result<(), Refused> {
        let mut named: Vec<(RoomId, Seq)> = Vec::new();
        for (label, seq) in after {
            let Ok(id) = self.find_own(asker, Some(label)) else { continue };
            if *seq > self.rooms[&id].last {
                return Err("no_such_messages");
            }
            if !named.iter().any(|(other, _)| *other == id) {
                named.push((id, *seq));
            }
        }
        for id in self.rooms_of(asker.account) {
            if !named.iter().any(|(other, _)| *other == id) {
                self.go_live(asker.client, id);
            }
        }
        let (mut ranges, mut left) = (Vec::new(), self.limits.history_page_max_lines);
        for (id, seq) in named {
            // What came since it hears the room it has got.
            let heard_from = self.sessions[&asker.client].hears.get(&id).copied();
            let end = heard_from.unwrap_or(self.rooms[&id].last).max(seq);
            let to = end.min(seq + left);
            left -= to - seq;
            ranges.push(GrantedRange { last: end, ..self.range(asker, id, seq + 1, to) });
            if to == end {
                self.go_live(asker.client, id);
            }
        }
        self.grant(asker, ranges, Purpose::Resume);
        Ok(())
    }
}
