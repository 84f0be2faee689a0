//! Reading a page of history, cut to what one answer may have.

use crate::chat::{Grant, Message, Refusal, RoomId, Seq};
use crate::store::{ReadError, Reader};

/// Most bytes of one page, and of a part of a backlog. A page of long messages has fewer of them; the next page goes on
/// there.
pub(super) const PAGE_MAX_BYTES: usize = 60 * 1024;

/// What a client is told if the store cannot be read. Trying again helps only if it was busy.
pub(super) fn unread(error: &ReadError) -> Refusal {
    match error {
        ReadError::Busy => Refusal::HistoryBusy,
        ReadError::Failed(_) => Refusal::Fault,
    }
}

/// What a page of history loses that gets too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loses {
    /// Its oldest messages: it is read backwards, from the newest on.
    Oldest,
    /// Its newest: it is read from a first message on.
    Newest,
}

/// A page that was read.
#[derive(Debug)]
pub(super) struct Page {
    /// What was granted, less what did not fit.
    pub grant: Grant,
    pub messages: Vec<Message>,
}

impl Page {
    /// Reads what was granted. `bytes` gives the most that a message takes in its protocol.
    pub fn read(
        reader: &Reader,
        grant: Grant,
        loses: Loses,
        bytes: impl Fn(&Message) -> usize,
    ) -> Result<Page, ReadError> {
        let pages = grant.ranges.iter().map(|range| reader.page(range)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::fit(grant, pages, loses, PAGE_MAX_BYTES, bytes))
    }

    /// The ranges it shows: room, first and last number.
    pub fn shown(&self) -> Vec<(RoomId, Seq, Seq)> {
        self.grant.ranges.iter().map(|range| (range.room.id, range.from, range.to)).collect()
    }

    /// Leaves out what is more than `max_bytes`.
    fn fit(
        mut grant: Grant,
        pages: Vec<Vec<Message>>,
        loses: Loses,
        max_bytes: usize,
        bytes: impl Fn(&Message) -> usize,
    ) -> Page {
        let (mut left, mut messages, mut dropped) = (max_bytes, Vec::new(), 0);
        let backwards = loses == Loses::Oldest;
        for (range, mut page) in grant.ranges.iter_mut().zip(pages) {
            let mut fits = |message: &&Message| {
                let bytes = bytes(message);
                // The first message always fits, or nobody could ever get beyond it.
                let fits = bytes <= left || left == max_bytes;
                left = left.saturating_sub(bytes);
                fits
            };
            let taken = match backwards {
                true => page.iter().rev().take_while(&mut fits).count(),
                false => page.iter().take_while(&mut fits).count(),
            };
            let less = page.len() - taken;
            dropped += less as u64;
            if backwards {
                page.drain(..less);
                range.from += less as u64;
            } else {
                page.truncate(taken);
                range.to -= less as u64;
            }
            messages.append(&mut page);
        }
        grant.ranges.retain(|range| range.from <= range.to);
        grant.remaining += dropped;
        Page { grant, messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{GrantedRange, MessageKind, Name, RoomLabel, ShownRoom, Text, Timestamp};

    fn range(room: i64, from: Seq, to: Seq) -> GrantedRange {
        GrantedRange { room: shown(room), from, to, last: 9 }
    }

    fn shown(room: i64) -> ShownRoom {
        ShownRoom { id: RoomId(room), label: RoomLabel::Room(Name::parse("tea").unwrap()) }
    }

    fn messages(from: Seq, to: Seq) -> Vec<Message> {
        let message = |seq| Message {
            room: shown(1),
            seq,
            at: Timestamp(0),
            author: Name::parse("ana").unwrap(),
            kind: MessageKind::Speech,
            program: false,
            text: Text::from("x".repeat(900).as_str()),
        };
        (from..=to).map(message).collect()
    }

    fn check(loses: Loses, ranges: &[(i64, Seq, Seq)], max_bytes: usize, expected: &[(i64, Seq, Seq)]) -> u64 {
        let granted: Vec<_> = ranges.iter().map(|(room, from, to)| range(*room, *from, *to)).collect();
        let pages = ranges.iter().map(|(_, from, to)| messages(*from, *to)).collect();
        let grant = Grant { ranges: granted, remaining: 5 };
        let page = Page::fit(grant, pages, loses, max_bytes, |message| message.text.len() + 100);
        assert_eq!(page.shown().iter().map(|(room, from, to)| (room.0, *from, *to)).collect::<Vec<_>>(), expected);
        let seqs: Vec<Seq> = page.messages.iter().map(|message| message.seq).collect();
        let expected: Vec<Seq> = expected.iter().flat_map(|(_, from, to)| *from..=*to).collect();
        assert_eq!(seqs, expected);
        page.grant.remaining
    }

    #[test]
    fn what_does_not_fit_is_left_for_the_next_page() {
        check(Loses::Oldest, &[(1, 1, 9)], 10_000, &[(1, 1, 9)]);
        check(Loses::Oldest, &[(1, 1, 9)], 3_000, &[(1, 7, 9)]);
        check(Loses::Oldest, &[(1, 1, 9)], 10, &[(1, 9, 9)]);
        check(Loses::Newest, &[(1, 1, 9)], 3_000, &[(1, 1, 3)]);
        let remaining = check(Loses::Newest, &[(1, 1, 2), (2, 4, 9), (3, 1, 1)], 4_000, &[(1, 1, 2), (2, 4, 5)]);
        assert_eq!(remaining, 10);
    }
}
