//! What holds for everything that is rendered, and the material for rows of tests.

use proptest::prelude::*;

use super::super::clock::Clock;
use super::material::{Material, material};
use super::pen::{WIDTH, columns};
use crate::chat::{
    Code, Event, InvitationRow, Message, MessageKind, Name, Presence, Role, RoomLabel, Text, Timestamp, is_forbidden,
};

/// Sunday 2026-11-22 09:30 UTC.
pub(in super::super) const NOW: Timestamp = Timestamp(1_795_339_800_000);

pub(in super::super) fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
}

pub(in super::super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(in super::super) fn room(text: &str) -> RoomLabel {
    RoomLabel::Room(name(text))
}

pub(in super::super) fn direct(text: &str) -> RoomLabel {
    RoomLabel::Direct(name(text))
}

pub(in super::super) fn said(room: RoomLabel, seq: u64, moment: &str, text: &str) -> Message {
    let kind = MessageKind::Speech;
    Message { room, seq, at: at(moment), author: name("bob"), kind, text: Text::from(text) }
}

pub(super) fn online(text: &str) -> Presence {
    Presence { name: name(text), online: true, away: None, role: Role::Member }
}

pub(super) fn invitation() -> InvitationRow {
    InvitationRow { room: name("tea"), by: name("bob"), until: at("2026-11-23T09:32:00Z") }
}

pub(super) fn code() -> Code {
    Code::invitation([1, 2, 3])
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
    super::event(event, NOW, &Clock::utc(), &mut out);
    checked_lines(&out)
}

/// The lines in `out`, after asserting what holds for all output: whole lines, each of UTF-8 without control characters,
/// each with one of the beginnings that the grammar knows.
#[track_caller]
pub(in super::super) fn checked_lines(out: &[u8]) -> Vec<String> {
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
    fn whatever_happens_is_whole_lines_of_plain_text(material in material()) {
        for event in material.events() {
            lines_of(&event);
        }
    }

    #[test]
    fn no_list_is_wider_than_a_terminal(material in material()) {
        for event in material.lists() {
            for line in lines_of(&event) {
                prop_assert!(columns(&line) <= WIDTH, "{} columns: {line:?}", columns(&line));
            }
        }
    }

    #[test]
    fn a_message_is_never_cut(material in material()) {
        let Material { room, text, name, at, .. } = material;
        let message = Message { room, seq: 1, at, author: name, kind: MessageKind::Speech, text: text.clone() };
        let mut out = Vec::new();
        super::message(&message, NOW, &Clock::utc(), &mut out);
        let lines = checked_lines(&out);
        prop_assert_eq!(lines.len(), 1);
        let said = format!(": {text}");
        prop_assert!(lines[0].ends_with(&said));
    }
}
