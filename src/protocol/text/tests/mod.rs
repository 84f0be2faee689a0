//! What holds for all output, and what the tests of the nouns have in common.

mod arbitrary;

use proptest::prelude::*;

use super::line::{Typed, parse};
use super::pen::{WIDTH, columns};
use super::refusal::refusal_text;
use crate::address::Address;
use crate::chat::{
    BanRow, BanTarget, Code, Command, Event, InvitationRow, Message, MessageKind, Name, Person, Query, Refusal, RoomId,
    RoomLabel, ShownRoom, Text, Timestamp, Visibility, is_forbidden,
};
use crate::protocol::text::Text as TextProtocol;
use crate::protocol::{Clock, Context, Protocol};
use arbitrary::{Arbitrary, arbitrary};

/// Sunday 2026-11-22 09:30 UTC.
pub(super) const NOW: Timestamp = Timestamp(1_795_339_800_000);

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(super) fn with_id(label: RoomLabel) -> ShownRoom {
    ShownRoom { id: RoomId(7), label }
}

pub(super) fn room(text: &str) -> RoomLabel {
    RoomLabel::Room(name(text))
}

pub(super) fn direct(text: &str) -> RoomLabel {
    RoomLabel::Direct(name(text))
}

pub(super) fn said(room: RoomLabel, seq: u64, moment: &str, text: &str) -> Message {
    let kind = MessageKind::Speech;
    Message {
        room: with_id(room),
        seq,
        at: at(moment),
        author: name("bob"),
        kind,
        program: false,
        text: Text::from(text),
    }
}

pub(super) fn online(text: &str) -> Person {
    Person { name: name(text), online: true, away: None, role: None }
}

pub(super) fn invitation() -> InvitationRow {
    InvitationRow {
        room: with_id(room("tea")),
        visibility: Visibility::Private,
        by: name("bob"),
        until: at("2026-11-23T09:32:00Z"),
    }
}

pub(super) fn code() -> Code {
    Code::invitation([1, 2, 3])
}

pub(super) fn tomorrow() -> Option<Timestamp> {
    Some(at("2026-11-23T09:32:00Z"))
}

pub(super) fn ban(target: BanTarget, until: Option<Timestamp>, why: &str) -> BanRow {
    BanRow { target, by: name("ana"), at: at("2026-11-21T22:10:00Z"), until, why: Text::from(why) }
}

pub(super) fn bob() -> BanTarget {
    BanTarget::Account(name("bob"))
}

pub(super) fn address() -> BanTarget {
    BanTarget::Address(Address::parse("2001:db8::1").unwrap())
}

pub(super) fn text(text: &str) -> Text {
    Text::from(text)
}

/// Asserts that a typed line is understood like this.
#[track_caller]
pub(super) fn check_line(line: &str, expected: Typed) {
    assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
}

/// Asserts that a typed line is this command.
#[track_caller]
pub(super) fn check_command(line: &str, expected: Command) {
    check_line(line, Typed::command(expected));
}

/// Asserts that a typed line is this query.
#[track_caller]
pub(super) fn check_query(line: &str, expected: Query) {
    check_line(line, Typed::query(expected));
}

/// Asserts that a typed line is answered by these sentences.
#[track_caller]
pub(super) fn check_mistake(line: &str, expected: &str) {
    match parse(line.as_bytes()) {
        Typed::Wrong(mistake) | Typed::NoPrompt(mistake) | Typed::Hidden(mistake) => {
            assert_eq!(mistake.text(), expected, "{line:?}")
        }
        other => panic!("{line:?} is {other:?}"),
    }
}

/// Asserts that a refusal, read at [`NOW`], is these sentences.
#[track_caller]
pub(super) fn check_refusal(refusal: Refusal, expected: &str) {
    assert_eq!(refusal_text(&refusal, Context { now: NOW, clock: &Clock::utc() }), expected, "{}", refusal.code());
}

/// Asserts that `event`, read at [`NOW`], is these lines.
#[track_caller]
pub(super) fn check(event: Event, expected: &[&str]) {
    assert_eq!(lines_of(&event), expected);
}

/// The lines that tell `event` at [`NOW`], checked.
#[track_caller]
pub(super) fn lines_of(event: &Event) -> Vec<String> {
    let mut out = Vec::new();
    TextProtocol.event(event, Context { now: NOW, clock: &Clock::utc() }, &mut out);
    checked_lines(&out)
}

/// The lines in `out`, after asserting what holds for all output: whole lines, each of UTF-8 without control characters,
/// each with one of the beginnings that the grammar knows.
#[track_caller]
pub(super) fn checked_lines(out: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(out).expect("output is UTF-8");
    let whole = text.strip_suffix("\r\n").expect("output ends with a line end");
    let lines: Vec<String> = whole.split("\r\n").map(str::to_owned).collect();
    for line in &lines {
        assert!(["-- ", "-! ", "["].iter().any(|start| line.starts_with(start)), "{line:?}");
        assert!(!line.contains(is_forbidden), "{line:?}");
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_is_whole_lines_of_plain_text(any in arbitrary()) {
        for event in any.events() {
            lines_of(&event);
        }
    }

    #[test]
    fn no_list_is_wider_than_a_terminal(any in arbitrary()) {
        for event in any.lists() {
            for line in lines_of(&event) {
                prop_assert!(columns(&line) <= WIDTH, "{} columns: {line:?}", columns(&line));
            }
        }
    }

    #[test]
    fn a_message_is_never_cut(any in arbitrary()) {
        let Arbitrary { room, text, name, at, .. } = any;
        let message = Message { room: with_id(room), seq: 1, at, author: name, kind: MessageKind::Speech, program: false, text: text.clone() };
        let mut out = Vec::new();
        super::message(&message, Context { now: NOW, clock: &Clock::utc() }, &mut out);
        let lines = checked_lines(&out);
        prop_assert_eq!(lines.len(), 1);
        let said = format!(": {text}");
        prop_assert!(lines[0].ends_with(&said));
    }
}
