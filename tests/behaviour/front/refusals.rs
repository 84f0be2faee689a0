//! The code of a refusal that a person was told as a sentence.
//!
//! Derived from the server's own wording: every refusal is put into words with marks in it, and what stands between the
//! marks is what its sentence is known by.

use chat_server::chat::{ClientId, Name, Refusal, RoomLabel, Text, Timestamp};
use chat_server::protocol::text::{Clock, refusal_text};

use super::pattern::fits;

/// What the text front says by itself before anything is asked of the chat, and what a program is told at that point.
const OWN: [(&str, &str); 3] = [
    ("{*} is the wrong way round. {*}", "no_such_messages"),
    ("That is not your password. Nothing was changed.", "wrong_password"),
    ("A password has at least 8 characters, and at most 256 bytes. Your password was not changed.", "password_length"),
];

/// A name, a number and a moment that no sentence has by itself.
const NAME: &str = "zzmark";
const NUMBER: u64 = 987_654;
/// So few seconds are not told as minutes.
const SECONDS: u64 = 97;
const MOMENT: &str = "3000-01-01 00:00";

/// The code of the refusal that `sentence` tells.
pub fn code_of(sentence: &str) -> String {
    let own = OWN.iter().find(|(pattern, _)| fits(pattern, sentence)).map(|(_, code)| *code);
    let known = || patterns().into_iter().find(|(_, pattern)| fits(pattern, sentence)).map(|(code, _)| code);
    own.or_else(known).unwrap_or_else(|| panic!("no refusal is worded so: {sentence}")).to_owned()
}

fn patterns() -> Vec<(&'static str, String)> {
    let clock = Clock::utc();
    let pattern = |refusal: Refusal| {
        let text = refusal_text(&refusal, Timestamp(0), &clock);
        let mut text = text.replace(MOMENT, "{*}").replace(NAME, "{*}");
        for number in [NUMBER, SECONDS] {
            text = text.replace(&number.to_string(), "{*}");
        }
        // A room of people or of one.
        (refusal.code(), text.replace("#{*}", "{*}").replace("@{*}", "{*}"))
    };
    samples().into_iter().map(pattern).collect()
}

/// Each refusal, with marks, in each of its wordings.
fn samples() -> Vec<Refusal> {
    let name = || Name::parse(NAME).expect("a name");
    let room = || RoomLabel::Room(name());
    let direct = || RoomLabel::Direct(name());
    let until = || Some(Timestamp(32_503_680_000_000));
    let why = || Text::from(NAME);
    let mut samples = vec![
        Refusal::NameTaken { name: name() },
        Refusal::NameReserved { name: name() },
        Refusal::WrongPassword,
        Refusal::TooManyLogins { wait_s: SECONDS },
        Refusal::TooManyLogins { wait_s: NUMBER * 60 },
        Refusal::TooManyRegistrations { wait_s: SECONDS },
        Refusal::TooManyRegistrations { wait_s: NUMBER * 60 },
        Refusal::PasswordLength { min_chars: 8, max_bytes: 256 },
        Refusal::AlreadyLoggedIn,
        Refusal::NotLoggedIn,
        Refusal::NoCurrentRoom,
        Refusal::RoomExists { room: name() },
        Refusal::InNamesake { room: name() },
        Refusal::NotInFirstRoom { room: room() },
        Refusal::TooManyRooms { max: NUMBER },
        Refusal::NotToYourself,
        Refusal::AccountGone,
        Refusal::NobodyToReplyTo,
        Refusal::TokenExists { name: name() },
        Refusal::NoSuchToken { name: name() },
        Refusal::TooManyTokens { max: NUMBER },
        Refusal::NoSuchSession { session: ClientId(NUMBER) },
        Refusal::NoSuchInvitation { what: None },
        Refusal::NoSuchInvitation { what: Some(name()) },
        Refusal::WhichInvitation { rooms: vec![name(), name()] },
        Refusal::TooManyCodes,
        Refusal::EmptyText,
        Refusal::TextTooLong { bytes: NUMBER as usize, max: NUMBER },
        Refusal::NoSuchBan,
        Refusal::OperatorOnly,
        Refusal::WrongCode,
        Refusal::LastOperator,
        Refusal::TargetIsOperator { who: name() },
        Refusal::NoSuchAccount { name: name(), suggestion: None },
        Refusal::NoSuchAccount { name: name(), suggestion: Some(name()) },
        Refusal::ServerBanned { until: until(), why: why() },
        Refusal::ServerBanned { until: None, why: why() },
        Refusal::ServerBanned { until: None, why: Text::from("") },
    ];
    for suggestion in [None, Some(name())] {
        for still_in in [None, Some(room())] {
            samples.push(Refusal::NoSuchRoom { room: room(), suggestion: suggestion.clone(), still_in });
        }
        samples.push(Refusal::NoSuchRoom { room: direct(), suggestion, still_in: None });
    }
    for room in [room(), direct()] {
        let (room, who) = (|| room.clone(), name);
        samples.extend([
            Refusal::NotMember { room: room() },
            Refusal::AlreadyMember { room: room() },
            Refusal::NotInDirectRoom { room: room() },
            Refusal::OwnerOnly { room: room() },
            Refusal::ModeratorOnly { room: room() },
            Refusal::RankTooHigh { room: room(), who: who() },
            Refusal::ConfirmDelete { room: room() },
            Refusal::RoomFull { room: room() },
            Refusal::NothingToChange { room: room() },
            Refusal::NotThere { room: room(), who: who() },
            Refusal::AlreadyThere { room: room(), who: who() },
            Refusal::TargetBanned { room: room(), who: who() },
            Refusal::TooManyInvitations { room: room(), max: NUMBER },
            Refusal::NoSuchMessages { room: room(), last: 0 },
            Refusal::NoSuchMessages { room: room(), last: NUMBER },
            Refusal::Banned { room: room(), until: until(), why: why() },
            Refusal::Banned { room: room(), until: until(), why: Text::from("") },
            Refusal::Banned { room: room(), until: None, why: why() },
            Refusal::Banned { room: room(), until: None, why: Text::from("") },
        ]);
    }
    samples
}

#[test]
fn each_sentence_tells_one_code() {
    for sample in samples() {
        let sentence = refusal_text(&sample, Timestamp(0), &Clock::utc());
        let codes = patterns().into_iter().filter(|(_, pattern)| fits(pattern, &sentence)).map(|(code, _)| code);
        let mut codes: Vec<_> = codes.collect();
        codes.dedup();
        assert!(!codes.is_empty() && codes.iter().all(|code| *code == sample.code()), "{sentence}: {codes:?}");
    }
}
