//! Giving a program what it missed: page by page, each asked of the broker, until all its rooms are live.

use std::thread;
use std::time::Duration;

use super::Program;
use crate::chat::{Command, Grant, GrantedRange, Message, RoomLabel, Seq};
use crate::connection::outlet::Unreachable;
use crate::connection::page::PAGE_MAX_BYTES;
use crate::connection::session::{Asked, Session, SessionEnd};
use crate::net::Reason;
use crate::protocol::json::{self, Reference};
use crate::store::ReadError;

/// How often a page is tried that cannot be read: each try waits a second for a free connection to the store.
const TRIES: u32 = 10;
/// The rest between two tries.
const REST: Duration = Duration::from_millis(50);

impl Program<'_, '_> {
    /// Sends what was said in the asker's rooms after the numbers that it knows, as messages, and then one object that
    /// tells that this was all. Rooms become live as their last page is granted, so what is said meanwhile follows it.
    pub(super) fn resume(
        &self,
        mut after: Vec<(RoomLabel, Seq)>,
        reference: Option<Reference>,
        session: &Session,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let (mut given, mut gone) = (Vec::new(), Vec::new());
        loop {
            let command = Command::Resume { after: after.clone() };
            let grant = match self.connection.ask_broker(command, reference.clone(), session)? {
                Asked::Granted(grant) => grant,
                // It was refused, which has been said.
                Asked::Done => return Ok(None),
                Asked::Ended(end) => return Ok(Some(end)),
            };
            let is_granted = |label: &RoomLabel| grant.ranges.iter().any(|range| range.label == *label);
            gone.extend(after.into_iter().map(|(label, _)| label).filter(|label| !is_granted(label)));
            let (done, open): (Vec<&GrantedRange>, _) = grant.ranges.iter().partition(|range| range.to == range.last);
            let up_to = |range: &&GrantedRange| (range.label.clone(), range.to);
            given.extend(done.iter().map(up_to));
            after = open.iter().map(up_to).collect();
            let mut ending = Vec::new();
            if after.is_empty() {
                json::resumed(&given, &gone, reference.as_ref(), &mut ending);
            }
            if !self.send_backlog(&grant, ending)? {
                // Rooms may be live already: what cannot be read would be missing without notice.
                return Ok(Some(self.connection.close(Reason::Fault)));
            }
            self.connection.wait_for_reader();
            // A client that is cut, or a server that stops, is noticed when the next line is waited for.
            if after.is_empty() || self.connection.is_cut() || self.connection.services.quit.is_set() {
                return Ok(None);
            }
        }
    }

    /// Sends all messages of a grant and then `ending`, in parts of a bounded size. Whether they could be read.
    fn send_backlog(&self, grant: &Grant, ending: Vec<u8>) -> Result<bool, Unreachable> {
        let (mut bytes, mut read) = (Vec::new(), Vec::new());
        for range in grant.ranges.iter().filter(|range| range.from <= range.to) {
            let Some(messages) = self.read_patiently(range) else { return Ok(false) };
            for message in &messages {
                json::message(message, &mut bytes);
                if bytes.len() > PAGE_MAX_BYTES {
                    self.connection.send_page(std::mem::take(&mut bytes), Vec::new(), true)?;
                    self.connection.wait_for_reader();
                }
            }
            read.push((range.room, range.to));
        }
        bytes.extend_from_slice(&ending);
        self.connection.send_page(bytes, read, false)?;
        Ok(true)
    }

    /// Everything of a range, tried again while the store is busy.
    fn read_patiently(&self, range: &GrantedRange) -> Option<Vec<Message>> {
        for _ in 0..TRIES {
            match self.connection.services.reader.page(range) {
                Ok(messages) => return Some(messages),
                Err(ReadError::Busy) => thread::sleep(REST),
                Err(error) => {
                    log::warn!("cannot read history client={} error={error}", self.connection.link.number());
                    return None;
                }
            }
        }
        None
    }
}
