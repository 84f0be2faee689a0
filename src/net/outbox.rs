//! What waits to be sent to one client. Owned by the broker; nothing here ever waits.
//!
//! The send-queue contract: pushing returns at once; each turn ends in one send for each client that was pushed to;
//! what the kernel does not take at once is lent to the flusher; a client that leaves more than a bound of bytes unread
//! is ended with a reason, so one slow reader cannot hold up a room.

use std::io::IoSlice;
use std::sync::Arc;

use super::flusher::FlusherHandle;
use super::link::{Link, SEND_PIECES_MAX};
use super::reason::Reason;

/// A part of the turn's bytes: from, to.
type Segment = (usize, usize);

/// The messages waiting for one client.
#[derive(Debug)]
pub struct Outbox {
    link: Arc<Link>,
    /// What this turn has for the client, as parts of the turn's bytes. Neighbours are merged.
    segments: Vec<Segment>,
    /// What comes while a page of history is being read for the client: it is sent after that.
    held: Option<Vec<u8>>,
    /// The flusher does all sending just now.
    is_lent: bool,
    max_bytes: usize,
}

/// How things stand after a flush.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flushed {
    /// Everything is with the kernel.
    Dry,
    /// The flusher has some of it.
    Lent,
    /// The connection has ended: the client is gone, or read too slowly.
    Ended,
}

impl Outbox {
    /// Nothing waits yet. At most `max_bytes` may wait outside the kernel.
    pub fn new(link: Arc<Link>, max_bytes: usize) -> Outbox {
        Outbox { link, segments: Vec::new(), held: None, is_lent: false, max_bytes }
    }

    /// The connection.
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Adds a part of the turn's bytes. Whether it is the client's first in this turn: it must then be flushed at the end
    /// of the turn.
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

    /// What is pushed from now on waits until [`Outbox::release`].
    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// What was held back, to be pushed again after that for which it waited.
    pub fn release(&mut self) -> Vec<u8> {
        self.held.take().unwrap_or_default()
    }

    /// Whether what is pushed is held back.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether more is held back than may wait.
    pub fn holds_too_much(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.len() > self.max_bytes)
    }

    /// Sends what this turn has for the client, in one call where the kernel takes it.
    pub fn flush(&mut self, batch: &[u8], flusher: &FlusherHandle) -> Flushed {
        let flushed = match self.is_lent {
            false => self.send(batch, flusher),
            true => self.lend(batch, 0, flusher),
        };
        self.segments.clear();
        flushed
    }

    /// The flusher says that it has sent all it had. It may have got more meanwhile.
    pub fn is_dry(&mut self, flusher: &FlusherHandle) -> bool {
        if self.link.unsent() > 0 {
            return false;
        }
        if std::mem::take(&mut self.is_lent) {
            flusher.forget(self.link.number());
        }
        true
    }

    fn send(&mut self, batch: &[u8], flusher: &FlusherHandle) -> Flushed {
        // Most often it is one piece.
        if let [(from, to)] = self.segments[..] {
            return match self.link.send_now(&[IoSlice::new(&batch[from..to])]) {
                Ok(sent) if sent == to - from => Flushed::Dry,
                Ok(sent) => self.lend(batch, sent, flusher),
                Err(_) => self.end(Reason::Lost),
            };
        }
        let mut sent_in_all = 0;
        for group in self.segments.chunks(SEND_PIECES_MAX) {
            let mut pieces = [IoSlice::new(&[]); SEND_PIECES_MAX];
            for (piece, (from, to)) in pieces.iter_mut().zip(group) {
                *piece = IoSlice::new(&batch[*from..*to]);
            }
            let wanted: usize = group.iter().map(|(from, to)| to - from).sum();
            match self.link.send_now(&pieces[..group.len()]) {
                Ok(sent) => {
                    sent_in_all += sent;
                    if sent < wanted {
                        return self.lend(batch, sent_in_all, flusher);
                    }
                }
                Err(_) => return self.end(Reason::Lost),
            }
        }
        Flushed::Dry
    }

    /// Gives the flusher what this turn has for the client, but for the first `sent` bytes.
    fn lend(&mut self, batch: &[u8], mut sent: usize, flusher: &FlusherHandle) -> Flushed {
        let mut rest = Vec::new();
        for (from, to) in &self.segments {
            let skipped = sent.min(to - from);
            sent -= skipped;
            rest.extend_from_slice(&batch[from + skipped..*to]);
        }
        if self.link.unsent() + rest.len() > self.max_bytes {
            return self.end(Reason::SlowReader);
        }
        if rest.is_empty() {
            return Flushed::Lent;
        }
        self.is_lent = true;
        self.link.add_unsent(rest.len());
        flusher.lend(self.link.clone(), rest);
        Flushed::Lent
    }

    /// Ends the connection, with a last line if the kernel takes it.
    pub fn end(&mut self, reason: Reason) -> Flushed {
        let voice = self.link.voice();
        if self.link.end(reason)
            && let Some(line) = (voice.last_line)(reason)
        {
            // The line before it may have been sent in part.
            let _ = self.link.send_now(&[IoSlice::new(voice.line_end.as_bytes()), IoSlice::new(&line)]);
        }
        self.link.shut();
        Flushed::Ended
    }
}
