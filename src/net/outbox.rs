//! The pending output of one client. Owned by the broker; nothing here ever waits.
//!
//! The send-queue contract: pushing returns at once; each turn ends in one send for each client that was pushed to;
//! what the wire does not take at once is handed over to the flusher; a client that leaves more than a bound of bytes
//! unread is cut with a reason, so one slow reader cannot hold up a room.
//!
//! An outbox owns the writing side of its connection, except while it is handed over. Then the outbox sends nothing, not
//! even a closing line: it gives the flusher orders.

use std::sync::Arc;

use super::connection::Connection;
use super::flusher::FlusherHandle;
use crate::reason::Reason;

/// A part of the turn's bytes: from, to.
type Segment = (usize, usize);

/// The messages waiting for one client.
#[derive(Debug)]
pub struct Outbox {
    connection: Arc<Connection>,
    /// The client's output of this turn, as parts of the turn's bytes. Adjacent parts are merged.
    segments: Vec<Segment>,
    /// Output that is held back while a page of history is read for the client; it is sent after that.
    held: Option<Vec<u8>>,
    /// The flusher owns the writing side.
    is_handed_over: bool,
    max_bytes: usize,
}

/// How things stand after a flush.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flushed {
    /// Everything is with the kernel.
    Drained,
    /// The flusher has some of it.
    HandedOver,
    /// The connection was cut: the client is gone, or read too slowly.
    Cut,
}

impl Outbox {
    /// Nothing waits yet. At most `max_bytes` may wait outside the kernel.
    pub fn new(connection: Arc<Connection>, max_bytes: usize) -> Outbox {
        Outbox { connection, segments: Vec::new(), held: None, is_handed_over: false, max_bytes }
    }

    /// The connection.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Adds a part of the turn's bytes. Returns whether it is the client's first in this turn: it must then be flushed at
    /// the end of the turn.
    pub fn push(&mut self, batch: &[u8], from: usize, to: usize) -> bool {
        if let Some(held) = &mut self.held {
            held.extend_from_slice(&batch[from..to]);
            return false;
        }
        self.push_ahead(from, to)
    }

    /// The same, but ahead of what is held back.
    pub fn push_ahead(&mut self, from: usize, to: usize) -> bool {
        match self.segments.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            Some(_) => self.segments.push((from, to)),
            None => {
                self.segments.push((from, to));
                return true;
            }
        }
        false
    }

    /// Holds back output that is pushed from now on, until [`Outbox::release`].
    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// What was held back, to be pushed again after that for which it waited.
    pub fn release(&mut self) -> Vec<u8> {
        self.held.take().unwrap_or_default()
    }

    /// Whether everything that was pushed in earlier turns has been taken by the wire, so that the client may have read it.
    pub fn has_arrived(&self) -> bool {
        !self.is_handed_over && self.held.is_none()
    }

    /// Whether nothing was pushed in this turn, and nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.held.is_none()
    }

    /// Whether more is held back than may wait.
    pub fn holds_too_much(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.len() > self.max_bytes)
    }

    /// Sends what this turn has for the client, in one call where the kernel takes it. What lies apart is put together in
    /// `gathered` first, whose content does not matter: a copy of some kilobytes costs less than a send of many pieces.
    pub fn flush(&mut self, batch: &[u8], gathered: &mut Vec<u8>, flusher: &FlusherHandle) -> Flushed {
        let bytes = match self.segments[..] {
            [(from, to)] => &batch[from..to],
            _ => {
                gathered.clear();
                self.segments.iter().for_each(|(from, to)| gathered.extend_from_slice(&batch[*from..*to]));
                gathered
            }
        };
        self.segments.clear();
        if self.is_handed_over {
            return self.hand_over(bytes, flusher);
        }
        if bytes.is_empty() {
            return Flushed::Drained;
        }
        match self.connection.send_now(bytes) {
            Ok(sent) if sent == bytes.len() && !self.connection.has_pending() => Flushed::Drained,
            Ok(sent) => self.hand_over(&bytes[sent..], flusher),
            Err(_) => {
                self.cut(Reason::Lost, flusher);
                Flushed::Cut
            }
        }
    }

    /// The flusher reports that it has sent everything. Returns whether that is still true: it may have received more
    /// meanwhile.
    /// If it is, the outbox owns the writing side again.
    pub fn is_drained(&mut self, flusher: &FlusherHandle) -> bool {
        // In this order: the flusher marks a connection that it ends before it drops what is unsent.
        if self.connection.has_unsent() || self.connection.is_finished() {
            return false;
        }
        if std::mem::take(&mut self.is_handed_over) {
            flusher.take_back(self.connection.number());
        }
        true
    }

    /// Ends the connection; the outbox is not used any more. Where something is unsent it is dropped and the closing line
    /// says why; else the client has got it with everything else.
    pub fn finish(&mut self, reason: Reason, flusher: &FlusherHandle) {
        match self.is_handed_over {
            true => self.cut(reason, flusher),
            false => {
                self.connection.end(reason);
                self.is_handed_over = true;
                flusher.finish(self.connection.clone(), None);
            }
        }
    }

    /// Ends the connection, drops what is unsent, and has the closing line say why. The outbox is not used any more: the
    /// writing side belongs to the flusher.
    pub fn cut(&mut self, reason: Reason, flusher: &FlusherHandle) {
        // Named at once: the client's thread does nothing more of what has arrived.
        self.connection.end(reason);
        self.is_handed_over = true;
        flusher.finish(self.connection.clone(), Some(reason));
    }

    /// Gives the flusher what is left to send.
    fn hand_over(&mut self, rest: &[u8], flusher: &FlusherHandle) -> Flushed {
        if self.connection.is_finished() {
            return Flushed::Cut;
        }
        if self.connection.unsent() + rest.len() > self.max_bytes {
            self.cut(Reason::SlowReader, flusher);
            return Flushed::Cut;
        }
        if !rest.is_empty() || !self.is_handed_over {
            self.is_handed_over = true;
            self.connection.add_unsent(rest.len());
            flusher.send(self.connection.clone(), rest.to_vec());
        }
        Flushed::HandedOver
    }
}
