//! Reading a page of history, cut to what one answer may have.

use crate::chat::{Grant, Message, Purpose, RoomId, Seq};
use crate::store::{ReadError, Reader};

/// Most bytes of one page, and of a part of what is resumed. A page of long messages has fewer of them; the next page goes on there.
pub(super) const PAGE_MAX_BYTES: usize = 60 * 1024;

/// What a page of history loses that gets too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loses {
    /// Its oldest messages: it is read backwards, from the newest on.
    Oldest,
    /// Its newest: it is read from a first message on.
    Newest,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Page {
    /// What was granted, less what did not fit.
    pub grant: Grant,
    pub messages: Vec<Message>,
}

impl Page {
    /// Reads what was granted. `bytes` tells how many a message takes in the words of its front, at most.
    pub fn read(
        reader: &Reader,
        grant: Grant,
        loses: Loses,
        bytes: impl Fn(&Message) -> usize,
    ) -> Result<Page, ReadError> {
        let pages = grant.ranges.iter().map(|range| reader.page(range)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::fit(grant, pages, loses, PAGE_MAX_BYTES, bytes))
    }

    /// Up to where the reader has now read each room. Only what was unread, and what is resumed, counts as read.
    pub fn read_positions(&self) -> Vec<(RoomId, Seq)> {
        match self.grant.purpose {
            Purpose::Unread { .. } | Purpose::Resume => {
                self.grant.ranges.iter().map(|range| (range.room, range.to)).collect()
            }
            Purpose::History | Purpose::Recent | Purpose::FirstSight => Vec::new(),
        }
    }

    /// Leaves out what is more than `max_bytes`: of what is no history the newest.
    fn fit(
        mut grant: Grant,
        pages: Vec<Vec<Message>>,
        loses: Loses,
        max_bytes: usize,
        bytes: impl Fn(&Message) -> usize,
    ) -> Page {
        let (mut left, mut messages, mut dropped) = (max_bytes, Vec::new(), 0);
        let backwards = grant.purpose == Purpose::History && loses == Loses::Oldest;
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
        if let Purpose::Unread { remaining } = &mut grant.purpose {
            *remaining += dropped;
        }
        Page { grant, messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{GrantedRange, MessageKind, Name, RoomLabel, Text, Timestamp};

    fn range(room: i64, from: Seq, to: Seq) -> GrantedRange {
        GrantedRange { room: RoomId(room), label: label(), from, to, last: 9 }
    }

    fn label() -> RoomLabel {
        RoomLabel::Room(Name::parse("tea").unwrap())
    }

    fn messages(from: Seq, to: Seq) -> Vec<Message> {
        let message = |seq| Message {
            room: label(),
            seq,
            at: Timestamp(0),
            author: Name::parse("ana").unwrap(),
            kind: MessageKind::Speech,
            text: Text::from("x".repeat(900).as_str()),
        };
        (from..=to).map(message).collect()
    }

    fn check(purpose: Purpose, ranges: &[(i64, Seq, Seq)], max_bytes: usize, expected: &[(i64, Seq, Seq)]) -> Purpose {
        check_losing(Loses::Oldest, purpose, ranges, max_bytes, expected)
    }

    fn check_losing(
        loses: Loses,
        purpose: Purpose,
        ranges: &[(i64, Seq, Seq)],
        max_bytes: usize,
        expected: &[(i64, Seq, Seq)],
    ) -> Purpose {
        let granted: Vec<_> = ranges.iter().map(|(room, from, to)| range(*room, *from, *to)).collect();
        let pages = ranges.iter().map(|(_, from, to)| messages(*from, *to)).collect();
        let page =
            Page::fit(Grant { ranges: granted, purpose }, pages, loses, max_bytes, |message| message.text.len() + 100);
        let left: Vec<_> = page.grant.ranges.iter().map(|range| (range.room.0, range.from, range.to)).collect();
        assert_eq!(left, expected);
        let seqs: Vec<Seq> = page.messages.iter().map(|message| message.seq).collect();
        let expected: Vec<Seq> = expected.iter().flat_map(|(_, from, to)| *from..=*to).collect();
        assert_eq!(seqs, expected);
        page.grant.purpose
    }

    #[test]
    fn what_does_not_fit_is_left_for_the_next_page() {
        check(Purpose::History, &[(1, 1, 9)], 10_000, &[(1, 1, 9)]);
        check(Purpose::History, &[(1, 1, 9)], 3_000, &[(1, 7, 9)]);
        check(Purpose::History, &[(1, 1, 9)], 10, &[(1, 9, 9)]);
        check_losing(Loses::Newest, Purpose::History, &[(1, 1, 9)], 3_000, &[(1, 1, 3)]);
        let unread = Purpose::Unread { remaining: 5 };
        let purpose = check(unread, &[(1, 1, 2), (2, 4, 9), (3, 1, 1)], 4_000, &[(1, 1, 2), (2, 4, 5)]);
        assert_eq!(purpose, Purpose::Unread { remaining: 10 });
    }
}
