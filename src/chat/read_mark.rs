//! Read marks: the messages of a room that a member has read.

use std::fmt::Write;

use super::Seq;

/// Most ranges that a mark keeps above its unbroken part. It bounds memory and the stored row: a member who needs more
/// sees some messages as unread again.
const RANGES_MAX: usize = 16;

/// The messages of a room that a member has read: all from 1 to a number, and some ranges above it.
///
/// The ranges exist because people read live messages, and send messages, while an older backlog is still unread. When
/// more than 16 would be needed, the lowest is dropped: a message may be shown as unread again, but an unread one never
/// counts as read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadMark {
    /// Everything from 1 to this number is read.
    up_to: Seq,
    /// The closed ranges above that are read. They ascend, and at least one unread message lies before each.
    above: Vec<(Seq, Seq)>,
}

impl ReadMark {
    /// Everything from 1 to `seq` is read, and nothing above it.
    pub fn up_to(seq: Seq) -> ReadMark {
        ReadMark { up_to: seq, above: Vec::new() }
    }

    /// Parses the text form of the ranges; `None` unless it is exactly what [`ReadMark::above_text`] gives for some mark
    /// that has read up to `up_to`.
    pub fn parse(up_to: Seq, above: &str) -> Option<ReadMark> {
        let mut mark = ReadMark::up_to(up_to);
        for range in above.split(' ').filter(|range| !range.is_empty()) {
            let (from, to) = range.split_once('-')?;
            mark.mark(from.parse().ok()?, to.parse().ok()?);
        }
        // Any other spelling of a mark is damage, and so is a range that was merged or dropped.
        (mark.above_text() == above).then_some(mark)
    }

    /// The end of the unbroken part: everything from 1 to it is read.
    pub fn read_up_to(&self) -> Seq {
        self.up_to
    }

    /// The ranges above the unbroken part as text for a database column, such as `13-20 25-25`; empty if there are none.
    pub fn above_text(&self) -> String {
        let mut text = String::new();
        for (from, to) in &self.above {
            let space = if text.is_empty() { "" } else { " " };
            write!(text, "{space}{from}-{to}").expect("writing to a string does not fail");
        }
        text
    }

    /// The ranges above the unbroken part, ascending.
    pub fn above(&self) -> &[(Seq, Seq)] {
        &self.above
    }

    /// Marks `from..=to` as read. Returns whether that changed anything. Allocates only if a range is added, because
    /// this runs for every message and recipient.
    pub fn mark(&mut self, from: Seq, to: Seq) -> bool {
        if to <= self.up_to || from > to {
            return false;
        }
        if from <= self.up_to.saturating_add(1) {
            self.raise(to);
            return true;
        }
        // The ranges `first..end` overlap the new one or are adjacent to it.
        let first = self.above.partition_point(|(_, last)| last.saturating_add(1) < from);
        let end = self.above.partition_point(|(start, _)| *start <= to.saturating_add(1));
        if first < end {
            let merged = (from.min(self.above[first].0), to.max(self.above[end - 1].1));
            let is_changed = self.above[first] != merged;
            self.above[first] = merged;
            self.above.drain(first + 1..end);
            return is_changed;
        }
        if self.above.len() < RANGES_MAX {
            self.above.insert(first, (from, to));
            return true;
        }
        // The new range is the lowest itself.
        if first == 0 {
            return false;
        }
        self.above[..first].rotate_left(1);
        self.above[first - 1] = (from, to);
        true
    }

    /// Sets the position explicitly, forwards or backwards, and returns whether that changed anything. Moving forwards
    /// keeps the ranges above `up_to`; moving backwards makes everything above it unread.
    pub fn set(&mut self, up_to: Seq) -> bool {
        if up_to >= self.up_to {
            return self.mark(1, up_to);
        }
        *self = ReadMark::up_to(up_to);
        true
    }

    /// Whether message `seq` is read.
    pub fn contains(&self, seq: Seq) -> bool {
        seq <= self.up_to || self.above.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }

    /// The number of unread messages among `1..=last`.
    pub fn unread(&self, last: Seq) -> u64 {
        self.unread_ranges(last).map(|(from, to)| to - from + 1).sum()
    }

    /// The unread messages among `1..=last`, as closed ranges in ascending order.
    pub fn unread_ranges(&self, last: Seq) -> impl Iterator<Item = (Seq, Seq)> {
        let read_before = std::iter::once(self.up_to).chain(self.above.iter().map(|(_, to)| *to));
        let read_after = self.above.iter().map(|(from, _)| *from).chain(std::iter::once(Seq::MAX));
        read_before
            .zip(read_after)
            .map(move |(before, after)| (before.saturating_add(1), (after - 1).min(last)))
            .filter(|(from, to)| from <= to)
    }

    /// The mark cut at `last`, for a damaged store in which more messages are read than the room has.
    pub fn clamped(&self, last: Seq) -> ReadMark {
        let above = self.above.iter().filter(|(from, _)| *from <= last).map(|(from, to)| (*from, (*to).min(last)));
        ReadMark { up_to: self.up_to.min(last), above: above.collect() }
    }

    /// Extends the unbroken part to `to`, or to the end of a range that is then adjacent to it.
    fn raise(&mut self, to: Seq) {
        self.up_to = to;
        let joined = self.above.partition_point(|(from, _)| *from <= to.saturating_add(1));
        if joined > 0 {
            self.up_to = to.max(self.above[joined - 1].1);
            self.above.drain(..joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn mark(up_to: Seq, above: &str) -> ReadMark {
        ReadMark::parse(up_to, above).unwrap()
    }

    #[test]
    fn what_is_adjacent_or_overlaps_is_merged() {
        let check = |before: (Seq, &str), (from, to), after: (Seq, &str), changes| {
            let mut found = mark(before.0, before.1);
            assert_eq!(found.mark(from, to), changes, "{before:?} {from}-{to}");
            assert_eq!(found, mark(after.0, after.1), "{before:?} {from}-{to}");
        };
        check((0, ""), (1, 1), (1, ""), true);
        check((0, ""), (0, 3), (3, ""), true);
        check((0, ""), (0, 0), (0, ""), false);
        check((5, ""), (6, 6), (6, ""), true);
        check((5, ""), (2, 5), (5, ""), false);
        check((5, ""), (9, 8), (5, ""), false);
        check((5, ""), (7, 7), (5, "7-7"), true);
        check((5, "7-7"), (6, 6), (7, ""), true);
        check((5, "7-7 9-9"), (6, 7), (7, "9-9"), true);
        check((5, "7-7 9-9"), (6, 8), (9, ""), true);
        check((5, "7-7 20-30"), (1, 24), (30, ""), true);
        check((5, "8-9 12-13"), (10, 10), (5, "8-10 12-13"), true);
        check((5, "8-9 12-13"), (10, 11), (5, "8-13"), true);
        check((5, "8-9 12-13"), (7, 20), (5, "7-20"), true);
        check((5, "8-9 12-13"), (8, 9), (5, "8-9 12-13"), false);
        check((5, "8-20"), (9, 10), (5, "8-20"), false);
        check((5, "8-9 20-20"), (15, 15), (5, "8-9 15-15 20-20"), true);
        let last = Seq::MAX;
        check((5, ""), (last, last), (5, &format!("{last}-{last}")), true);
        check((5, &format!("{last}-{last}")), (1, last), (last, ""), true);
        check((last, ""), (last, last), (last, ""), false);
    }

    #[test]
    fn where_one_range_too_many_is_needed_the_lowest_is_dropped() {
        let mut found = ReadMark::default();
        for n in 1..=RANGES_MAX as u64 {
            found.mark(10 * n, 10 * n);
        }
        let mut lower = found.clone();
        assert!(!lower.mark(5, 5), "it is the lowest itself");
        assert_eq!(lower, found);
        assert!(found.mark(15, 15));
        assert!(!found.contains(10) && found.contains(15) && found.contains(20));
        assert!(found.mark(1000, 1000));
        assert!(!found.contains(15) && found.contains(20) && found.contains(1000));
        assert_eq!(found.above().len(), RANGES_MAX);
    }

    #[test]
    fn a_position_that_is_set_forward_keeps_what_is_above_it_and_backwards_nothing() {
        let check = |up_to, after: (Seq, &str), changes| {
            let mut found = mark(5, "13-20 25-25");
            assert_eq!(found.set(up_to), changes, "{up_to}");
            assert_eq!(found, mark(after.0, after.1), "{up_to}");
        };
        check(3, (3, ""), true);
        check(0, (0, ""), true);
        check(5, (5, "13-20 25-25"), false);
        check(8, (8, "13-20 25-25"), true);
        check(12, (20, "25-25"), true);
        check(15, (20, "25-25"), true);
        check(24, (25, ""), true);
        check(40, (40, ""), true);
    }

    #[test]
    fn the_text_form_has_one_spelling() {
        assert_eq!(mark(12, "14-20 25-25").above_text(), "14-20 25-25");
        assert_eq!(ReadMark::parse(0, ""), Some(ReadMark::default()));
        let seventeen: Vec<_> = (1..=17).map(|n| format!("{0}-{0}", 10 * n)).collect();
        let wrong =
            ["14", "14-", "-14", "15-14", "13-13", "12-14", "14-20 21-21", "25-25 14-20", "14-20  25-25", " 14-20"];
        for text in wrong.into_iter().chain(["14-20 ", "+14-20", "014-20", "14-x", "14-20,25-25", &seventeen.join(" ")])
        {
            assert_eq!(ReadMark::parse(12, text), None, "{text:?}");
        }
    }

    #[test]
    fn nothing_above_the_newest_message_counts() {
        let check = |last, after: (Seq, &str)| {
            assert_eq!(mark(5, "13-20 25-25").clamped(last), mark(after.0, after.1), "{last}");
        };
        check(3, (3, ""));
        check(5, (5, ""));
        check(15, (5, "13-15"));
        check(24, (5, "13-20"));
        check(99, (5, "13-20 25-25"));
    }

    /// A mark as a plain set of numbers.
    #[derive(Default)]
    struct Plain(BTreeSet<Seq>);

    impl Plain {
        fn ranges(&self) -> Vec<(Seq, Seq)> {
            let mut ranges: Vec<(Seq, Seq)> = Vec::new();
            for &seq in &self.0 {
                match ranges.last_mut() {
                    Some((_, to)) if *to + 1 == seq => *to = seq,
                    _ => ranges.push((seq, seq)),
                }
            }
            ranges
        }

        fn mark(&mut self, from: Seq, to: Seq) {
            self.0.extend(from..=to);
            let above: Vec<_> = self.ranges().into_iter().filter(|(from, _)| *from > 1).collect();
            if above.len() > RANGES_MAX {
                self.0.retain(|seq| !(above[0].0..=above[0].1).contains(seq));
            }
        }

        fn set(&mut self, up_to: Seq, read_up_to: Seq) {
            if up_to < read_up_to {
                self.0.retain(|seq| *seq <= up_to);
            } else {
                self.mark(1, up_to);
            }
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_what_a_plain_set_of_numbers_would_be(
            steps in proptest::collection::vec((0..40_u8, 1..80_u64, 0..4_u64), 0..120), last in 0..100_u64,
        ) {
            let (mut mark, mut plain) = (ReadMark::default(), Plain::default());
            for (kind, from, more) in steps {
                let before = mark.clone();
                let is_changed = if kind == 0 {
                    plain.set(from, mark.read_up_to());
                    mark.set(from)
                } else {
                    plain.mark(from, from + more);
                    mark.mark(from, from + more)
                };
                prop_assert_eq!(is_changed, mark != before);
                let mut ranges = plain.ranges();
                let up_to = if ranges.first().is_some_and(|(from, _)| *from == 1) { ranges.remove(0).1 } else { 0 };
                prop_assert_eq!((mark.read_up_to(), mark.above()), (up_to, &ranges[..]));
            }
            for seq in 1..100 {
                prop_assert_eq!(mark.contains(seq), plain.0.contains(&seq));
            }
            let unread: Vec<Seq> = (1..=last).filter(|seq| !plain.0.contains(seq)).collect();
            let found: Vec<Seq> = mark.unread_ranges(last).flat_map(|(from, to)| from..=to).collect();
            prop_assert_eq!(mark.unread(last), found.len() as u64);
            prop_assert_eq!(found, unread);
            let clamped = mark.clamped(last);
            prop_assert!((1..200).all(|seq| clamped.contains(seq) == (seq <= last && mark.contains(seq))));
            prop_assert_eq!(ReadMark::parse(mark.read_up_to(), &mark.above_text()), Some(mark));
        }
    }
}
