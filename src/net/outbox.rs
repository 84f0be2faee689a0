//! What waits to be sent to one client. Owned by the broker; nothing here ever waits.
//!
//! The send-queue contract: pushing returns at once; each turn ends in one send for each client that was pushed to;
//! what the kernel does not take at once is lent to the flusher; a client that leaves more than a bound of bytes unread
//! is ended with a reason, so one slow reader cannot hold up a room.

use std::sync::Arc;

use super::flusher::FlusherHandle;
use super::link::Link;
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
        if self.is_lent {
            return self.lend(bytes, flusher);
        }
        if bytes.is_empty() {
            return Flushed::Dry;
        }
        match self.link.send_now(bytes) {
            Ok(sent) if sent == bytes.len() => Flushed::Dry,
            Ok(sent) => self.lend(&bytes[sent..], flusher),
            Err(_) => self.end(Reason::Lost),
        }
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

    /// Gives the flusher what is left to send.
    fn lend(&mut self, rest: &[u8], flusher: &FlusherHandle) -> Flushed {
        if self.link.unsent() + rest.len() > self.max_bytes {
            return self.end(Reason::SlowReader);
        }
        if !rest.is_empty() {
            self.is_lent = true;
            self.link.add_unsent(rest.len());
            flusher.lend(self.link.clone(), rest.to_vec());
        }
        Flushed::Lent
    }

    /// Ends the connection, with a last line if the kernel takes it.
    pub fn end(&mut self, reason: Reason) -> Flushed {
        let voice = self.link.voice();
        if self.link.end(reason)
            && let Some(line) = (voice.last_line)(reason)
        {
            // The line before it may have been sent in part.
            let _ = self.link.send_now(&[voice.line_end.as_bytes(), &line].concat());
        }
        self.link.shut();
        Flushed::Ended
    }
}
