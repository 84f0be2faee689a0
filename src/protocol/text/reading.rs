//! Reading: pages of earlier messages, and what is unread.

use crate::chat::{Command, Grant, GrantedRange, HistoryRange, Message, Query, Refusal, RoomLabel, Seq};
use crate::protocol::Context;

use super::arguments::{Arguments, is_empty_or_numeric, is_numeric};
use super::line::Typed;
use super::mistake::{Mistake, Quote};
use super::pen::{Pen, count, notice};
use super::refusal::Advice;
use super::room::Label;
use super::row::{Group, NOTHING_DONE, Row};
use super::talk::{message, numbered};

/// Refused: `/more` without a page to continue.
pub const NOTHING_MORE: &str = "There is nothing more to show.";

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "history",
        aliases: &[],
        group: Group::Reading,
        usages: &["/history [ROOM] [COUNT | FROM-TO]"],
        summary: "read what was said before",
        help: "Shows the newest messages of your current room or of the one named: a page, or as many as you \
               say. The messages of a room have numbers, which are shown; FROM-TO reads from one to another. A room \
               whose name is a number needs its #.",
        examples: &["/history 50", "/history #tea 10-20"],
        undone: NOTHING_DONE,
        parse: history,
    },
    Row {
        name: "unread",
        aliases: &[],
        group: Group::Reading,
        usages: &["/unread"],
        summary: "read what was said while you were away",
        help: "Shows what you have not read yet, in all your rooms, in order and page by page. What was shown counts \
               as read. /catchup marks all as read without showing it.",
        examples: &["/unread", "/unr"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::query(Query::Unread)),
    },
    Row {
        name: "catchup",
        aliases: &[],
        group: Group::Reading,
        usages: &["/catchup [ROOM]"],
        summary: "mark as read, in one room or in all",
        help: "Marks all messages as read without showing them: in the room named, or in all your rooms. They stay in \
               /history.",
        examples: &["/catchup", "/catchup #tea"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::CatchUp { room: arguments.optional_room()? })),
    },
    Row {
        name: "more",
        aliases: &[],
        group: Group::Reading,
        usages: &["/more"],
        summary: "show the next page of the last long list",
        help: "Shows the next page of whatever last said that there is more: history, unread messages, a list, or \
               help.",
        examples: &["/more", "/mo"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::More),
    },
];

/// `/history [ROOM] [COUNT | FROM-TO]`. What looks like numbers is taken for numbers, unless it has a `#`.
fn history(arguments: &mut Arguments) -> Result<Typed, Mistake> {
    let is_range = |word: &&str| {
        is_numeric(word) || word.chars().any(char::is_numeric) && word.split('-').all(is_empty_or_numeric)
    };
    let room = if arguments.peek().as_ref().is_some_and(is_range) { None } else { arguments.optional_room()? };
    let range = match arguments.peek().filter(is_range) {
        None => HistoryRange::Newest,
        Some(word) => {
            arguments.next();
            history_range(word, arguments)?
        }
    };
    Ok(Typed::query(Query::History { room, range }))
}

fn history_range(word: &str, arguments: &Arguments) -> Result<HistoryRange, Mistake> {
    let Some((from, to)) = word.split_once('-') else {
        return Ok(HistoryRange::Last(arguments.number_in(word, word)?));
    };
    let (from, to): (Seq, Seq) = (arguments.number_in(from, word)?, arguments.number_in(to, word)?);
    if from <= to {
        return Ok(HistoryRange::Between(from, to));
    }
    let next = "The smaller number is first: /history #tea 10-20";
    Err(Mistake::new(format!("{} is the wrong way round. {NOTHING_DONE} {next}", Quote(word))))
}

/// Appends a page of a room's history. Numbers are shown, because a reader may want to refer to a message.
pub fn history_page(messages: &[Message], grant: &Grant, context: Context, out: &mut Vec<u8>) {
    messages.iter().for_each(|message| numbered(message, context, out));
    grant.ranges.iter().for_each(|range| position(range, out));
}

/// Appends the newest messages of a room that was entered.
pub fn recent_page(messages: &[Message], context: Context, out: &mut Vec<u8>) {
    messages.iter().for_each(|said| message(said, context, out));
}

/// Appends the newest messages of the first room, and how to go on, for an account that was just registered.
pub fn welcome_page(messages: &[Message], context: Context, out: &mut Vec<u8>) {
    recent_page(messages, context, out);
    notice("Just type to talk. /help shows the ten commands you need.", out);
}

/// Appends a page of what was unread. Numbers are shown, because a reader may want to refer to a message.
pub fn unread_page(messages: &[Message], grant: &Grant, context: Context, out: &mut Vec<u8>) {
    messages.iter().for_each(|message| numbered(message, context, out));
    match grant.remaining {
        0 => notice("That is all. Nothing is unread now.", out),
        remaining => notice(&format!("{remaining} more unread. /unread goes on."), out),
    }
}

/// How many bytes a message takes on a page, at most.
pub fn message_bytes(message: &Message) -> usize {
    // Time, room, number, name, line end.
    const AROUND: usize = 100;
    AROUND + message.text.len()
}

/// Says where the page stands in its room, and the ranges of the same size before and after it. Each command is at the
/// end of its line, where it is copied without a full stop, and has two numbers, as one alone would be a count.
fn position(range: &GrantedRange, out: &mut Vec<u8>) {
    let (label, from, to, last) = (Label(&range.room), range.from, range.to, range.last);
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

/// Nothing is unread.
pub(super) fn nothing_unread(pen: &mut Pen<'_>) {
    pen.say("Nothing is unread.");
}

/// What was unread is marked as read.
pub(super) fn caught_up(messages: u64, rooms: u64, pen: &mut Pen<'_>) {
    pen.say(&match messages {
        0 => "Nothing was unread.".to_owned(),
        _ => format!("{} in {} marked as read.", count(messages, "message"), count(rooms, "room")),
    });
}

/// The read position of a room.
pub(super) fn read_set(room: &RoomLabel, up_to: Seq, pen: &mut Pen<'_>) {
    pen.say(&format!("{} is read up to {up_to}.", Label(room)));
}

/// A room has no messages.
pub(super) fn no_messages(room: &RoomLabel, pen: &mut Pen<'_>) {
    pen.say(&match room {
        RoomLabel::Direct(name) => format!("No messages with {name} yet."),
        RoomLabel::Room(_) | RoomLabel::Number(_) => format!("No messages in {} yet.", Label(room)),
    });
}

/// The advice of a refusal about reading: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::NoSuchMessages { last: 0, .. } => Advice::new("Nothing was shown.", "Write the first one."),
        Refusal::NoSuchMessages { room, .. } => {
            Advice::new("Nothing was shown.", format!("For the newest: /history {}", Label(room)))
        }
        Refusal::HistoryBusy => Advice::new("Nothing was shown.", "Try again in a moment."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        NOW, check, check_command, check_line, check_mistake, check_query, check_refusal, checked_lines, direct, room,
        said, with_id,
    };
    use super::*;
    use crate::chat::Event;
    use crate::protocol::text::Text;
    use crate::protocol::{Clock, Protocol};

    #[test]
    fn lines_about_reading() {
        let history = |room, range| Query::History { room, range };
        let named = |name: &str| Some(room(name));
        check_query("/history", history(None, HistoryRange::Newest));
        check_query("/hi 50", history(None, HistoryRange::Last(50)));
        check_query("/history 10-20", history(None, HistoryRange::Between(10, 20)));
        check_query("/history 7-7", history(None, HistoryRange::Between(7, 7)));
        check_query("/history tea", history(named("tea"), HistoryRange::Newest));
        check_query("/history #50", history(named("50"), HistoryRange::Newest));
        check_query("/history #10-20", history(named("10-20"), HistoryRange::Newest));
        check_query("/history 2-go 5", history(named("2-go"), HistoryRange::Last(5)));
        check_query("/history @bob 1-9", history(Some(direct("bob")), HistoryRange::Between(1, 9)));
        check_query("/unread", Query::Unread);
        check_command("/catchup", Command::CatchUp { room: None });
        check_command("/catchup tea", Command::CatchUp { room: named("tea") });
        check_line("/more", Typed::More);
        check_mistake(
            "/history 20-10",
            r#""20-10" is the wrong way round. Nothing was done. The smaller number is first: /history #tea 10-20"#,
        );
    }

    #[test]
    fn a_read_position_is_shown_only_as_an_answer() {
        let (clock, mut shown, mut answered) = (Clock::utc(), Vec::new(), Vec::new());
        let context = Context { now: NOW, clock: &clock };
        let event = Event::ReadSet { room: with_id(room("tea")), up_to: 12, unread: 3, mentions: 0 };
        Text.event(&event, context, &mut shown);
        Text.answer(&event, None, context, &mut answered);
        assert_eq!(shown, b"");
        assert_eq!(checked_lines(&answered), ["-- #tea is read up to 12."]);
    }

    #[test]
    fn what_was_read_is_counted() {
        check(Event::NothingUnread, &["-- Nothing is unread."]);
        check(Event::CaughtUp { messages: 0, rooms: 0 }, &["-- Nothing was unread."]);
        check(Event::CaughtUp { messages: 1, rooms: 1 }, &["-- 1 message in 1 room marked as read."]);
        check(Event::CaughtUp { messages: 12, rooms: 3 }, &["-- 12 messages in 3 rooms marked as read."]);
        check(Event::NoMessages { room: with_id(room("tea")) }, &["-- No messages in #tea yet."]);
        check(Event::NoMessages { room: with_id(direct("bob")) }, &["-- No messages with bob yet."]);
    }

    type Page = fn(&[Message], &Grant, Context, &mut Vec<u8>);

    fn check_page(
        ranges: &[(RoomLabel, Seq, Seq, Seq)],
        remaining: u64,
        messages: &[Message],
        page: Page,
        expected: &[&str],
    ) {
        let granted = |(label, from, to, last): &(RoomLabel, Seq, Seq, Seq)| GrantedRange {
            room: with_id(label.clone()),
            from: *from,
            to: *to,
            last: *last,
        };
        let grant = Grant { ranges: ranges.iter().map(granted).collect(), remaining };
        let (clock, mut out) = (Clock::utc(), Vec::new());
        page(messages, &grant, Context { now: NOW, clock: &clock }, &mut out);
        assert_eq!(checked_lines(&out), expected);
    }

    #[test]
    fn a_history_page_shows_numbers_and_how_to_go_on() {
        let range = |from, to, last| vec![(room("tea"), from, to, last)];
        let history = |from, to, last, expected: &[&str]| {
            check_page(&range(from, to, last), 0, &[], history_page, expected);
        };
        check_page(
            &range(1, 2, 2),
            0,
            &[said(room("tea"), 1, "2026-11-21T18:02:00Z", "hi"), said(room("tea"), 2, "2026-11-22T09:33:00Z", "yes")],
            history_page,
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
        check_page(
            &[(direct("bob"), 3, 4, 4)],
            0,
            &[said(direct("bob"), 4, "2026-11-22T09:33:00Z", "yes")],
            history_page,
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
        check_page(&ranges, 30, &messages, unread_page, &[lines[0], lines[1], "-- 30 more unread. /unread goes on."]);
        check_page(&ranges, 0, &messages, unread_page, &[lines[0], lines[1], "-- That is all. Nothing is unread now."]);
    }

    #[test]
    fn the_last_few_messages_are_shown_plainly() {
        let messages = [said(room("general"), 212, "2026-11-22T09:11:00Z", "morning all")];
        let (clock, mut recent, mut welcome) = (Clock::utc(), Vec::new(), Vec::new());
        let context = Context { now: NOW, clock: &clock };
        recent_page(&messages, context, &mut recent);
        welcome_page(&messages, context, &mut welcome);
        let line = "[09:11] #general bob: morning all";
        assert_eq!(checked_lines(&recent), [line]);
        let first_steps = "-- Just type to talk. /help shows the ten commands you need.";
        assert_eq!(checked_lines(&welcome), [line, first_steps]);
    }

    #[test]
    fn no_range_is_too_large_to_place() {
        let mut out = Vec::new();
        let range = GrantedRange { room: with_id(room("tea")), from: u64::MAX, to: 0, last: u64::MAX };
        position(&range, &mut out);
        position(&GrantedRange { from: 2, to: u64::MAX - 1, ..range }, &mut out);
        checked_lines(&out);
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::NoSuchMessages { room: with_id(room("tea")), last: 214 },
            "No such messages: #tea has numbers 1 to 214. Nothing was shown. For the newest: /history #tea",
        );
        check_refusal(
            Refusal::NoSuchMessages { room: with_id(room("tea")), last: 0 },
            "#tea has no messages yet. Nothing was shown. Write the first one.",
        );
        check_refusal(
            Refusal::HistoryBusy,
            "The history could not be read just now. Nothing was shown. Try again in a moment.",
        );
    }
}
