//! Pages of the history, as lines.
//!
//! Owns what is said below a page: where it stands in the room and how to go on. What may be read was decided by the
//! core, which gave the [`Grant`].

use crate::chat::{Grant, GrantedRange, Message, Purpose, Timestamp};

use super::clock::Clock;
use super::render::{Label, count, message, notice, numbered};

/// Appends the lines of a page that was read as `grant` allowed. Where the reader may want to point at a message, its
/// number is shown.
pub fn page(messages: &[Message], grant: &Grant, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    let line = match grant.purpose {
        Purpose::History | Purpose::Unread { .. } => numbered,
        Purpose::Recent | Purpose::FirstSight | Purpose::Resume => message,
    };
    for message in messages {
        line(message, now, clock, out);
    }
    match grant.purpose {
        Purpose::History => grant.ranges.iter().for_each(|range| position(range, out)),
        Purpose::Recent | Purpose::Resume => {}
        Purpose::FirstSight => notice("Just type to talk. /help shows the ten commands you need.", out),
        Purpose::Unread { remaining: 0 } => notice("That is all. Nothing is unread now.", out),
        Purpose::Unread { remaining } => notice(&format!("{remaining} more unread. /unread goes on."), out),
    }
}

/// How many bytes a message takes on a page, at most.
pub fn message_bytes(message: &Message) -> usize {
    // Time, room, number, name, line end.
    const AROUND: usize = 100;
    AROUND + message.text.len()
}

/// Tells where the page stands in its room, and the ranges of the same size before and after it. Each command is at the
/// end of its line, where it is copied without a full stop, and has two numbers, as one alone would be a count.
fn position(range: &GrantedRange, out: &mut Vec<u8>) {
    let (label, from, to, last) = (Label(&range.label), range.from, range.to, range.last);
    if from <= 1 && to >= last {
        return notice(&format!("That is all of {label} ({}).", count(last, "message")), out);
    }
    let size = to.saturating_sub(from) + 1;
    let earlier = (from > 1).then(|| {
        let first = from.saturating_sub(size).max(1);
        format!("Earlier: /history {label} {first}-{}", from - 1)
    });
    let later = (to < last).then(|| {
        let end = to.saturating_add(size).min(last);
        format!("Later: /history {label} {}-{end}", to + 1)
    });
    let (first, second) = if earlier.is_some() { (earlier, later) } else { (later, None) };
    let shown = if from == to { from.to_string() } else { format!("{from}-{to}") };
    notice(&format!("{label} {shown} of {last}. {}", first.unwrap_or_default()), out);
    if let Some(second) = second {
        notice(&second, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::oracle::{NOW, checked_lines, direct, room, said};
    use super::*;
    use crate::chat::{RoomId, RoomLabel, Seq};

    fn check(ranges: &[(RoomLabel, Seq, Seq, Seq)], purpose: Purpose, messages: &[Message], expected: &[&str]) {
        let granted = |(label, from, to, last): &(RoomLabel, Seq, Seq, Seq)| GrantedRange {
            room: RoomId(7),
            label: label.clone(),
            from: *from,
            to: *to,
            last: *last,
        };
        let grant = Grant { ranges: ranges.iter().map(granted).collect(), purpose };
        let mut out = Vec::new();
        page(messages, &grant, NOW, &Clock::utc(), &mut out);
        assert_eq!(checked_lines(&out), expected);
    }

    #[test]
    fn a_history_page_shows_numbers_and_how_to_go_on() {
        let range = |from, to, last| vec![(room("tea"), from, to, last)];
        let history = |from, to, last, expected: &[&str]| {
            check(&range(from, to, last), Purpose::History, &[], expected);
        };
        check(
            &range(1, 2, 2),
            Purpose::History,
            &[said(room("tea"), 1, "2026-11-21T18:02:00Z", "hi"), said(room("tea"), 2, "2026-11-22T09:33:00Z", "yes")],
            &["[2026-11-21 18:02] #tea 1 bob: hi", "[09:33] #tea 2 bob: yes", "-- That is all of #tea (2 messages)."],
        );
        history(1, 1, 1, &["-- That is all of #tea (1 message)."]);
        history(151, 200, 200, &["-- #tea 151-200 of 200. Earlier: /history #tea 101-150"]);
        history(
            151,
            200,
            214,
            &["-- #tea 151-200 of 214. Earlier: /history #tea 101-150", "-- Later: /history #tea 201-214"],
        );
        history(1, 50, 214, &["-- #tea 1-50 of 214. Later: /history #tea 51-100"]);
        history(11, 60, 60, &["-- #tea 11-60 of 60. Earlier: /history #tea 1-10"]);
        history(7, 7, 8, &["-- #tea 7 of 8. Earlier: /history #tea 6-6", "-- Later: /history #tea 8-8"]);
        history(2, 51, 51, &["-- #tea 2-51 of 51. Earlier: /history #tea 1-1"]);
        check(
            &[(direct("bob"), 3, 4, 4)],
            Purpose::History,
            &[said(direct("bob"), 4, "2026-11-22T09:33:00Z", "yes")],
            &["[09:33] @bob 4 bob: yes", "-- @bob 3-4 of 4. Earlier: /history @bob 1-2"],
        );
    }

    #[test]
    fn an_unread_page_shows_numbers_and_what_remains() {
        let ranges = [(room("general"), 12, 12, 12), (direct("bob"), 1, 1, 1)];
        let messages = [
            said(room("general"), 12, "2026-11-22T09:00:00Z", "morning"),
            said(direct("bob"), 1, "2026-11-21T22:00:00Z", "awake?"),
        ];
        let lines = ["[09:00] #general 12 bob: morning", "[2026-11-21 22:00] @bob 1 bob: awake?"];
        check(
            &ranges,
            Purpose::Unread { remaining: 30 },
            &messages,
            &[lines[0], lines[1], "-- 30 more unread. /unread goes on."],
        );
        check(
            &ranges,
            Purpose::Unread { remaining: 0 },
            &messages,
            &[lines[0], lines[1], "-- That is all. Nothing is unread now."],
        );
    }

    #[test]
    fn the_last_few_messages_are_shown_plainly() {
        let messages = [said(room("general"), 212, "2026-11-22T09:11:00Z", "morning all")];
        let ranges = [(room("general"), 212, 214, 214)];
        check(&ranges, Purpose::Recent, &messages, &["[09:11] #general bob: morning all"]);
        check(
            &ranges,
            Purpose::FirstSight,
            &messages,
            &["[09:11] #general bob: morning all", "-- Just type to talk. /help shows the ten commands you need."],
        );
    }

    #[test]
    fn no_range_is_too_large_to_place() {
        let mut out = Vec::new();
        let range = GrantedRange { room: RoomId(1), label: room("tea"), from: u64::MAX, to: 0, last: u64::MAX };
        position(&range, &mut out);
        position(&GrantedRange { from: 2, to: u64::MAX - 1, ..range }, &mut out);
        checked_lines(&out);
    }
}
