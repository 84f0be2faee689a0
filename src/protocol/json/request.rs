//! One line from a program: what it asks for.
//!
//! Pure and without memory. A line is bounded before it is parsed: in bytes by whoever cuts it, in depth here.

use serde_json::Value;

use super::DEPTH_MAX;
use super::fields::{Fields, Wrong, bad, missing};
use super::reference::Reference;
use crate::chat::{ClientId, Code, Command, HistoryRange, Keyed, MessageKind, Name, RoomLabel, Seq, Text, Visibility};
use crate::protocol::Secret;

/// What a line asks for, and how its answer is to be known.
#[derive(Debug)]
pub struct Line {
    /// Goes back with the answer.
    pub reference: Option<Reference>,
    /// What is to be done.
    pub asked: Result<Asked, Wrong>,
}

/// What a program asks for.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
pub enum Asked {
    /// Whether the server is there; answered behind everything that was asked before.
    Ping,
    /// To be logged in, by a password or a token. `live`: what is said in its rooms is delivered at once.
    LogIn { name: Name, secret: Secret, live: bool },
    /// A new account.
    Register { name: Name, secret: Secret, live: bool },
    /// Another password.
    SetPassword { old: Secret, new: Secret },
    /// That the account is deleted.
    DeleteAccount { password: Secret },
    /// A token, to be drawn by the caller.
    NewToken { name: Name, seconds: Option<u64> },
    /// A one-time code for a room, to be drawn by the caller.
    InviteByCode { room: RoomLabel },
    /// All that was said after these numbers, and then what is said from now on.
    Resume { after: Vec<(RoomLabel, Seq)> },
    /// This goes to the chat.
    Chat(Command),
}

/// What a line, of which the line end is gone, asks for.
pub fn parse(line: &[u8]) -> Line {
    let mut fields = match object(line) {
        Ok(fields) => fields,
        Err(wrong) => return Line { reference: None, asked: Err(wrong) },
    };
    let reference = match fields.string("ref") {
        Ok(text) => text.map(|text| Reference::of(&text).ok_or_else(|| bad("ref", "a string of up to 64 bytes"))),
        Err(wrong) => Some(Err(wrong)),
    };
    match reference.transpose() {
        Ok(reference) => Line { reference, asked: asked(&mut fields) },
        Err(wrong) => Line { reference: None, asked: Err(wrong) },
    }
}

fn object(line: &[u8]) -> Result<Fields, Wrong> {
    if depth(line) > DEPTH_MAX {
        return Err(Wrong::new("too_deep", format!("Objects and lists may be {DEPTH_MAX} deep. Nothing was done.")));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => Ok(Fields(fields)),
        Ok(_) => Err(Wrong::new("bad_json", "A line must be one JSON object. Nothing was done.")),
        Err(error) => {
            // The library tells where, and what it expected, without repeating what may be a secret.
            let text = format!("That line is not JSON: {error}. Nothing was done.");
            Err(Wrong::new("bad_json", Text::from(&*text).as_str()))
        }
    }
}

/// How deep objects and lists are in each other, at most. Outside of strings only; a line that is no JSON may give
/// anything.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn asked(fields: &mut Fields) -> Result<Asked, Wrong> {
    let kind = fields.string("type")?.ok_or_else(|| missing("type"))?;
    let is_register = kind == "register";
    Ok(match kind.as_str() {
        "ping" => Asked::Ping,
        "login" | "register" => {
            let (name, live) = (fields.name("name")?, fields.flag("live", true)?);
            let token = if is_register { None } else { fields.optional_secret("token")? };
            let secret = match token {
                Some(token) => token,
                None => fields.secret("password")?,
            };
            match is_register {
                true => Asked::Register { name, secret, live },
                false => Asked::LogIn { name, secret, live },
            }
        }
        "set_password" => Asked::SetPassword { old: fields.secret("old")?, new: fields.secret("new")? },
        "delete_account" => Asked::DeleteAccount { password: fields.secret("password")? },
        "new_token" => Asked::NewToken { name: fields.name("name")?, seconds: fields.seconds("seconds")? },
        "invite_code" => Asked::InviteByCode { room: fields.room()? },
        "resume" => Asked::Resume { after: fields.numbers("rooms")? },
        _ => Asked::Chat(match command(&kind, fields)? {
            Some(command) => command,
            None => {
                let kind: String = kind.chars().take(40).collect();
                let text = format!("There is no request of type {kind:?}. Nothing was done.");
                return Err(Wrong::new("unknown_type", Text::from(&*text).as_str()));
            }
        }),
    })
}

/// What goes to the chat as it is; nothing if there is no request of that type.
fn command(kind: &str, fields: &mut Fields) -> Result<Option<Command>, Wrong> {
    Ok(Some(match kind {
        "send" => {
            let kinds = [("speech", MessageKind::Speech), ("action", MessageKind::Action)];
            let kind = fields.choice("kind", &kinds)?.unwrap_or(MessageKind::Speech);
            let keyed = fields.key()?.map(|key| Keyed { key, stored: Vec::new() });
            Command::Say { room: Some(fields.room()?), kind, text: fields.text("text")?, keyed }
        }

        "rooms" => Command::ListRooms { page: page(fields)? },
        "join" => Command::Join { room: fields.room()? },
        "leave" => Command::Leave { room: Some(fields.room()?) },
        "create" => {
            let visibility = fields.choice("visibility", &VISIBILITIES)?.unwrap_or(Visibility::Public);
            Command::Create { name: fields.room_name("room")?, visibility }
        }
        "topic" => {
            let text = fields.string("text")?.map(|text| Text::from(&*text));
            Command::Topic { room: Some(fields.room()?), text }
        }
        "room" => Command::ShowRoom { room: Some(fields.room()?) },
        "set_visibility" => {
            let visibility = fields.choice("visibility", &VISIBILITIES)?.ok_or_else(|| missing("visibility"))?;
            Command::SetVisibility { room: Some(fields.room()?), visibility }
        }
        "rename_room" => Command::RenameRoom { room: Some(fields.room()?), name: fields.room_name("name")? },
        "delete_room" => {
            Command::DeleteRoom { room: Some(fields.room()?), confirmation: fields.optional_name("confirm")? }
        }
        "hand_over" => Command::HandOver { room: Some(fields.room()?), to: fields.name("name")? },

        "invite" => Command::Invite { who: fields.name("name")?, room: Some(fields.room()?) },
        "accept" => match fields.optional_name("code")? {
            Some(code) => Command::Accept { what: Some(code) },
            None => Command::Accept { what: Some(fields.room_name("room")?) },
        },
        "uninvite" => {
            let what = match fields.optional_name("code")? {
                Some(code) => code,
                None => fields.name("name")?,
            };
            Command::Uninvite { what, room: Some(fields.room()?) }
        }

        "who" => Command::Who { room: fields.optional_room()?, page: page(fields)? },
        "whois" => Command::Whois { name: fields.name("name")? },
        "away" => Command::Away { text: fields.optional_text("text")? },
        "back" => Command::Back,

        "history" => Command::History { room: Some(fields.room()?), range: range(fields)? },
        "unread" => Command::Unread,
        "catch_up" => Command::CatchUp { room: fields.optional_room()? },

        _ => return order(kind, fields),
    }))
}

/// Keeping order, the own account, and the end of a session.
fn order(kind: &str, fields: &mut Fields) -> Result<Option<Command>, Wrong> {
    Ok(Some(match kind {
        "kick" => {
            Command::Kick { who: fields.name("name")?, room: Some(fields.room()?), why: fields.optional_text("why")? }
        }
        "ban" => Command::Ban {
            who: fields.name("name")?,
            room: Some(fields.room()?),
            seconds: fields.seconds("seconds")?,
            why: fields.optional_text("why")?,
        },
        "unban" => Command::Unban { who: fields.name("name")?, room: Some(fields.room()?) },
        "bans" => Command::ListBans { room: Some(fields.room()?) },
        "promote" => Command::Promote { who: fields.name("name")?, room: Some(fields.room()?) },
        "demote" => Command::Demote { who: fields.name("name")?, room: Some(fields.room()?) },

        "operator" => match fields.string("code")? {
            Some(code) => Command::ClaimOperator { code: Code::typed(&code) },
            None => return Err(missing("code")),
        },
        "server_kick" => Command::ServerKick { who: fields.name("name")?, why: fields.optional_text("why")? },
        "server_ban" => Command::ServerBan {
            target: fields.ban_target()?,
            seconds: fields.seconds("seconds")?,
            why: fields.optional_text("why")?,
        },
        "server_unban" => Command::ServerUnban { target: fields.ban_target()? },
        "server_bans" => Command::ServerBans,
        "server_promote" => Command::ServerPromote { who: fields.name("name")? },
        "server_demote" => Command::ServerDemote { who: fields.name("name")? },

        "tokens" => Command::ListTokens,
        "revoke_token" => Command::RevokeToken { name: fields.name("name")? },
        "sessions" => Command::ListSessions,
        "close_session" => {
            let session = fields.number("session")?.ok_or_else(|| missing("session"))?;
            Command::CloseSession { session: ClientId(session) }
        }
        "logout" => Command::LogOut,
        "quit" => Command::Quit,
        _ => return Ok(None),
    }))
}

const VISIBILITIES: [(&str, Visibility); 2] = [("public", Visibility::Public), ("private", Visibility::Private)];

fn page(fields: &mut Fields) -> Result<u64, Wrong> {
    match fields.number("page")? {
        Some(0) => Err(bad("page", "a whole number from 1")),
        page => Ok(page.unwrap_or(1)),
    }
}

/// `from` and `to`, either of which may be left out; or the newest `count`; or the newest page.
fn range(fields: &mut Fields) -> Result<HistoryRange, Wrong> {
    let (from, to, count) = (fields.number("from")?, fields.number("to")?, fields.number("count")?);
    match (from, to, count) {
        (None, None, None) => Ok(HistoryRange::Newest),
        (None, None, Some(count)) => Ok(HistoryRange::Last(count)),
        (_, _, Some(_)) => Err(bad("count", "without \"from\" and \"to\"")),
        (from, to, None) => Ok(HistoryRange::Between(from.unwrap_or(1), to.unwrap_or(Seq::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn tea() -> RoomLabel {
        RoomLabel::Room(name("tea"))
    }

    fn check(line: &str, expected: Asked) {
        assert_eq!(parse(line.as_bytes()).asked.unwrap(), expected, "{line}");
    }

    fn check_wrong(line: &str, code: &str, text: &str) {
        let wrong = parse(line.as_bytes()).asked.unwrap_err();
        assert_eq!((wrong.code, wrong.text.as_str()), (code, text), "{line}");
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let check = |line: &str, expected| assert_eq!(depth(line.as_bytes()), expected, "{line}");
        check("1", 0);
        check("{}", 1);
        check(r#"{"a":[],"b":[],"c":{}}"#, 2);
        check(r#"{"a":[[{}]],"b":1}"#, 4);
        check(r#"{"a":"[[[","b":"{{{"}"#, 1);
        check(r#"{"a":"\"[[","b":"\\"}"#, 1);
        check(r#"{"a":"\\","b":[[]]}"#, 3);
        check("]]}[", 1);
    }

    #[test]
    fn a_request_is_known_by_its_type() {
        check(r#"{"type":"ping"}"#, Asked::Ping);
        let login = Asked::LogIn { name: name("ana"), secret: secret("hunter22"), live: true };
        check(r#" { "password" : "hunter22", "name" : "ana", "type" : "login", "colour": [1, {}] } "#, login);
        let login = Asked::LogIn { name: name("ana"), secret: secret("token:x"), live: false };
        check(r#"{"type":"login","name":"ana","token":"token:x","live":false}"#, login);
        check(
            r#"{"type":"resume","rooms":{"tea":3,"@bob":0}}"#,
            Asked::Resume { after: vec![(RoomLabel::Direct(name("bob")), 0), (tea(), 3)] },
        );
        let (room, text) = (Some(RoomLabel::Direct(name("bob"))), Text::from("hi"));
        let kind = MessageKind::Action;
        let keyed = key_of("k1");
        check(
            r#"{"type":"send","room":"@bob","text":"hi","kind":"action","key":"k1"}"#,
            Asked::Chat(Command::Say { room, kind, text, keyed }),
        );
        let history = |range| Asked::Chat(Command::History { room: Some(tea()), range });
        check(r##"{"type":"history","room":"#tea"}"##, history(HistoryRange::Newest));
        check(r#"{"type":"history","room":"tea","count":7}"#, history(HistoryRange::Last(7)));
        check(r#"{"type":"history","room":"tea","from":7}"#, history(HistoryRange::Between(7, u64::MAX)));
        check(r#"{"type":"history","room":"tea","from":7,"to":9}"#, history(HistoryRange::Between(7, 9)));
        check(r#"{"type":"who","page":null}"#, Asked::Chat(Command::Who { room: None, page: 1 }));
    }

    #[test]
    fn every_type_is_a_request_of_its_own() {
        const TYPES: &[(&str, &str)] = &[
            ("set_password", "SetPassword"),
            ("delete_account", "DeleteAccount"),
            ("new_token", "NewToken"),
            ("invite_code", "InviteByCode"),
            ("rooms", "Chat(ListRooms { page: 3 }"),
            ("join", "Chat(Join"),
            ("leave", "Chat(Leave"),
            ("create", "Chat(Create"),
            ("topic", "Chat(Topic"),
            ("room", "Chat(ShowRoom"),
            ("set_visibility", "Chat(SetVisibility"),
            ("rename_room", "Chat(RenameRoom"),
            ("delete_room", "Chat(DeleteRoom"),
            ("hand_over", "Chat(HandOver"),
            ("invite", "Chat(Invite "),
            ("accept", "Chat(Accept"),
            ("uninvite", "Chat(Uninvite"),
            ("who", "Chat(Who "),
            ("whois", "Chat(Whois"),
            ("away", "Chat(Away"),
            ("back", "Chat(Back"),
            ("history", "Chat(History"),
            ("unread", "Chat(Unread"),
            ("catch_up", "Chat(CatchUp"),
            ("kick", "Chat(Kick"),
            ("ban", "Chat(Ban "),
            ("unban", "Chat(Unban"),
            ("bans", "Chat(ListBans"),
            ("promote", "Chat(Promote"),
            ("demote", "Chat(Demote"),
            ("operator", "Chat(ClaimOperator"),
            ("server_kick", "Chat(ServerKick"),
            ("server_ban", "Chat(ServerBan "),
            ("server_unban", "Chat(ServerUnban"),
            ("server_bans", "Chat(ServerBans"),
            ("server_promote", "Chat(ServerPromote"),
            ("server_demote", "Chat(ServerDemote"),
            ("tokens", "Chat(ListTokens"),
            ("revoke_token", "Chat(RevokeToken"),
            ("sessions", "Chat(ListSessions"),
            ("close_session", "Chat(CloseSession"),
            ("logout", "Chat(LogOut"),
            ("quit", "Chat(Quit"),
        ];
        let all = r#""name":"ana","room":"tea","password":"hunter22","old":"hunter22","new":"hunter23","page":3,
            "visibility":"private","session":7,"target":"bob","seconds":60,"code":"maple-otter-42""#;
        for (kind, expected) in TYPES {
            let line = format!(r#"{{"type":"{kind}",{all}}}"#).replace('\n', " ");
            let asked = format!("{:?}", parse(line.as_bytes()).asked.unwrap());
            assert!(asked.starts_with(expected), "{kind}: {asked}");
        }
        let page_0 = parse(br#"{"type":"rooms","page":0}"#).asked.unwrap_err();
        assert_eq!(page_0.text.as_str(), r#""page" must be a whole number from 1. Nothing was done."#);
    }

    fn key_of(text: &str) -> Option<Keyed> {
        Some(Keyed { key: crate::chat::SendKey::parse(text).unwrap(), stored: Vec::new() })
    }

    #[test]
    fn what_is_wrong_is_named() {
        check_wrong(r#"{"type":"dance"}"#, "unknown_type", r#"There is no request of type "dance". Nothing was done."#);
        check_wrong(r#"{}"#, "missing_field", r#""type" is missing. Nothing was done."#);
        check_wrong(r#"{"type":"send","text":"x"}"#, "missing_field", r#""room" is missing. Nothing was done."#);
        check_wrong(r#"{"type":"send","room":5}"#, "bad_field", r#""room" must be a string. Nothing was done."#);
        check_wrong(
            r#"{"type":"who","page":-1}"#,
            "bad_field",
            r#""page" must be a whole number from 0 to 2^63 - 1. Nothing was done."#,
        );
        check_wrong(
            r#"{"type":"send","room":"tea","text":"x","key":""}"#,
            "bad_field",
            r#""key" must be a string of 1 to 64 bytes. Nothing was done."#,
        );
        check_wrong("[]", "bad_json", "A line must be one JSON object. Nothing was done.");
        for line in ["", "hello", "{", r#"{"type":"ping"} x"#, "{\"type\":\"\u{1}\"}", r#"{"type":"ping",}"#] {
            assert_eq!(parse(line.as_bytes()).asked.unwrap_err().code, "bad_json", "{line}");
        }
        assert_eq!(parse(b"{\"type\":\"\xff\"}").asked.unwrap_err().code, "bad_json");
        let nested = |depth: usize| format!(r#"{{"type":"ping","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        check(&nested(DEPTH_MAX - 1), Asked::Ping);
        assert_eq!(parse(nested(DEPTH_MAX).as_bytes()).asked.unwrap_err().code, "too_deep");
        assert_eq!(parse(nested(100_000).as_bytes()).asked.unwrap_err().code, "too_deep");
        check(r#"{"type":"ping","x":"[[[[[[[[[[[[[\"[[["}"#, Asked::Ping);
    }

    #[test]
    fn the_reference_of_a_wrong_request_is_kept() {
        let line = parse(br#"{"type":"dance","ref":"7"}"#);
        assert_eq!(line.reference, Reference::of("7"));
        assert_eq!(line.asked.unwrap_err().code, "unknown_type");
        let long = format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(65));
        assert_eq!(parse(long.as_bytes()).asked.unwrap_err().code, "bad_field");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            parse(&line);
        }

        #[test]
        fn any_fields_are_answered_in_characters_that_may_be_shown(
            kind in "(send|login|history|ban|resume|accept|\\PC{0,50})",
            field in "(room|name|text|page|from|rooms|seconds|key|ref)",
            value in r#"("[^"\\\\]{0,80}"|-?[0-9]{1,25}|null|true|\[\]|\{"tea":-?[0-9]{0,3}\})"#,
        ) {
            let kind = serde_json::to_string(&kind).unwrap();
            let line = parse(format!(r#"{{"type":{kind},"{field}":{value},"name":"ana","room":"tea"}}"#).as_bytes());
            if let Err(wrong) = line.asked {
                prop_assert!(!wrong.text.chars().any(crate::chat::is_forbidden), "{:?}", wrong);
                prop_assert!(wrong.text.chars().count() <= 300, "{:?}", wrong);
            }
        }
    }
}
