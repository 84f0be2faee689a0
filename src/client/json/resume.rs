//! Giving a program what it missed: page by page, each asked of the broker, until all its rooms are live.

use std::thread;
use std::time::Duration;

use super::Program;
use crate::broker::Waits;
use crate::chat::{Ask, Grant, GrantedRange, Message, Resuming, RoomLabel, Seq};
use crate::client::output::Unreachable;
use crate::client::page::PAGE_MAX_BYTES;
use crate::client::session::{Asked, Session, SessionEnd};
use crate::protocol::{Reference, json};
use crate::reason::Reason;
use crate::store::ReadError;

/// How often to try a page that cannot be read: each try waits a second for a free connection to the store.
const TRIES: u32 = 10;
/// The rest between two tries.
const REST: Duration = Duration::from_millis(50);

impl Program<'_, '_> {
    /// Sends what was said in the client's rooms after the numbers that it knows, as messages, and then one object that
    /// tells that this was all. Rooms become live as their last page is granted, so what is said meanwhile follows it.
    pub(super) fn resume(
        &self,
        after: Vec<(RoomLabel, Seq)>,
        reference: Option<Reference>,
        session: &Session,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let mut backlog = Resuming::new(after);
        loop {
            let ask = Ask::Command(backlog.request());
            let grant = match self.client.ask(ask, reference.clone(), Waits::Page, session)? {
                Asked::Page(grant) => grant,
                // It was refused, and the refusal is in the outbox.
                Asked::Done => return Ok(None),
                Asked::Ended(end) => return Ok(Some(end)),
            };
            let (is_last, mut ending) = (backlog.advance(&grant), Vec::new());
            if is_last {
                json::resumed(&backlog.given, &backlog.gone, reference.as_ref(), &mut ending);
            }
            if !self.send_backlog(&grant, ending, session)? {
                // Rooms may be live already: what cannot be read would be missing without notice.
                return Ok(Some(self.client.close(Reason::Fault)));
            }
            self.client.wait_for_reader();
            // A client that is cut, or a server that stops, is noticed when the next line is waited for.
            if is_last || self.client.is_cut() || self.client.services.quit.is_set() {
                return Ok(None);
            }
        }
    }

    /// Sends all messages of a grant and then `ending`, in parts of a bounded size. Whether they could be read.
    fn send_backlog(&self, grant: &Grant, ending: Vec<u8>, session: &Session) -> Result<bool, Unreachable> {
        let (mut bytes, mut shown) = (Vec::new(), Vec::new());
        for range in grant.ranges.iter().filter(|range| range.from <= range.to) {
            let Some(messages) = self.read_patiently(range) else { return Ok(false) };
            for message in messages {
                json::message(message, &mut bytes);
                if bytes.len() > PAGE_MAX_BYTES {
                    self.client.send_page(std::mem::take(&mut bytes), Vec::new(), true, session)?;
                    self.client.wait_for_reader();
                }
            }
            shown.push((range.room.id, range.from, range.to));
        }
        bytes.extend_from_slice(&ending);
        self.client.send_page(bytes, shown, false, session)?;
        Ok(true)
    }

    /// Everything of a range, tried again while the store is busy.
    fn read_patiently(&self, range: &GrantedRange) -> Option<Vec<Message>> {
        for _ in 0..TRIES {
            match self.client.services.reader.page(range) {
                Ok(messages) => return Some(messages),
                Err(ReadError::Busy) => thread::sleep(REST),
                Err(error) => {
                    log::warn!("cannot read history client={} error={error}", self.client.connection.number());
                    return None;
                }
            }
        }
        None
    }
}
