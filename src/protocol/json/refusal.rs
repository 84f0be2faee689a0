//! Refusals as objects: a stable code, a sentence for people, and what the code is about.

use serde::Serialize;

use super::value::{Label, Moment, Word, name, names, why};
use crate::chat::Refusal;

/// What a refusal is about. Each code has its own of these fields.
#[derive(Serialize, Default)]
pub(super) struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Label<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Word<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<Word<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<Word<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Word<'a>>,
}

impl Details<'_> {
    pub fn of(refusal: &Refusal) -> Details<'_> {
        let none = Details::default();
        match refusal {
            Refusal::NameTaken { name: who } | Refusal::NameReserved { name: who } => {
                Details { name: Some(name(who)), ..none }
            }
            Refusal::ServerBanned { until, why: reason } => {
                Details { until: until.map(Moment), why: why(reason), ..none }
            }
            Refusal::TooManyLogins { wait_s } | Refusal::TooManyRegistrations { wait_s } => {
                Details { wait_s: Some(*wait_s), ..none }
            }
            Refusal::NoSuchRoom { room, suggestion, still_in: _ } => {
                Details { room: Some(Label(room)), suggestion: suggestion.as_ref().map(name), ..none }
            }
            Refusal::RoomExists { room } | Refusal::InNamesake { room } => Details { name: Some(name(room)), ..none },
            Refusal::NotMember { room }
            | Refusal::AlreadyMember { room }
            | Refusal::NotInDirectRoom { room }
            | Refusal::NotInFirstRoom { room }
            | Refusal::OwnerOnly { room }
            | Refusal::ModeratorOnly { room }
            | Refusal::ConfirmDelete { room }
            | Refusal::RoomFull { room }
            | Refusal::NothingToChange { room } => Details { room: Some(Label(room)), ..none },
            Refusal::Banned { room, until, why: reason } => {
                Details { room: Some(Label(room)), until: until.map(Moment), why: why(reason), ..none }
            }
            Refusal::RankTooHigh { room, who }
            | Refusal::NotThere { room, who }
            | Refusal::AlreadyThere { room, who }
            | Refusal::TargetBanned { room, who } => Details { room: Some(Label(room)), name: Some(name(who)), ..none },
            Refusal::TooManyRooms { max } | Refusal::TooManyTokens { max } => Details { max: Some(*max), ..none },
            Refusal::NoSuchAccount { name: who, suggestion } => {
                Details { name: Some(name(who)), suggestion: suggestion.as_ref().map(name), ..none }
            }
            Refusal::TargetIsOperator { who } => Details { name: Some(name(who)), ..none },
            Refusal::TokenExists { name: token } | Refusal::NoSuchToken { name: token } => {
                Details { name: Some(name(token)), ..none }
            }
            Refusal::NoSuchSession { session } => Details { session: Some(session.0), ..none },
            Refusal::NoSuchInvitation { what } => Details { name: what.as_ref().map(name), ..none },
            Refusal::WhichInvitation { rooms } => Details { rooms: Some(names(rooms)), ..none },
            Refusal::TooManyInvitations { room, max } => Details { room: Some(Label(room)), max: Some(*max), ..none },
            Refusal::TextTooLong { bytes, max } => Details { bytes: Some(*bytes), max: Some(*max), ..none },
            Refusal::NoSuchMessages { room, last } => Details { room: Some(Label(room)), last: Some(*last), ..none },
            Refusal::WrongPassword
            | Refusal::PasswordLength { .. }
            | Refusal::AlreadyLoggedIn
            | Refusal::NotLoggedIn
            | Refusal::NoCurrentRoom
            | Refusal::NotToYourself
            | Refusal::AccountGone
            | Refusal::NobodyToReplyTo
            | Refusal::TooManyCodes
            | Refusal::EmptyText
            | Refusal::NoSuchBan
            | Refusal::OperatorOnly
            | Refusal::WrongCode
            | Refusal::LastOperator
            | Refusal::NotStored
            | Refusal::HistoryBusy
            | Refusal::Stopping
            | Refusal::Fault => none,
        }
    }
}
