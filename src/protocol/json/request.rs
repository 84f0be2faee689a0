//! Requests: what programs send, a row each. One line, one request.
//!
//! Pure and without memory.

use super::codec::{Fields, Flat, Form, FromJson, Group, Sparse, Table, Writer, Wrong, bad, form, group, table};
use super::line;
use super::object::typed;
#[cfg(test)]
use super::sample::Source;
use super::value::{ByRoom, Why};
use crate::address::Address;
use crate::chat::{
    Ask, ClientId, Command, HistoryRange, MessageKind, Name, Origin, Query, RoomLabel, Seq, Text, TokenScope, Traits,
    Visibility,
};
use crate::protocol::{Reference, Secret};

/// A line as it was understood, and how its answer is to be recognised.
#[derive(Debug)]
pub struct Line {
    /// Goes back with the answer.
    pub reference: Option<Reference>,
    /// The request.
    pub request: Result<Request, Wrong>,
}

/// A request of a program.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
pub enum Request {
    /// A `pong`, behind everything that was requested before.
    Ping,
    /// To be logged in, by a password or a token.
    LogIn { name: Name, secret: Secret, options: LoginOptions },
    /// A new account.
    Register { name: Name, secret: Secret, code: Option<Secret>, options: LoginOptions },
    /// A new password by a one-time code, and to be logged in.
    ResetPassword { name: Name, code: Secret, secret: Secret, options: LoginOptions },
    /// Another password.
    SetPassword { old: Secret, new: Secret },
    /// That the account is deleted.
    DeleteAccount { password: Secret },
    /// A token, to be drawn by the caller. With the account's password if the session was logged in by a token; also below.
    NewToken { name: Name, scope: TokenScope, seconds: Option<u64>, password: Option<Secret> },
    /// That a token is revoked.
    RevokeToken { name: Name, password: Secret },
    /// That a connection of the account is closed.
    CloseSession { session: ClientId, password: Secret },
    /// A one-time code for somebody's new password, to be drawn by the caller.
    PasswordCode { name: Name },
    /// A one-time code for a new account, to be drawn by the caller.
    RegistrationCode,
    /// A one-time code for a room, to be drawn by the caller.
    InviteByCode { room: RoomLabel },
    /// A request to the chat.
    Chat(Ask),
}

impl<T: Into<Ask>> From<T> for Request {
    fn from(ask: T) -> Request {
        Request::Chat(ask.into())
    }
}

/// The options of a login, which hold for its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoginOptions {
    /// The traits of the session.
    pub traits: Traits,
    /// Whether messages in its rooms are delivered at once. Otherwise each room is silent until it is resumed.
    pub live: bool,
    /// Whether what is delivered becomes read once the program acts. Otherwise only `read` moves read positions. Unless it
    /// says so, by a password.
    pub reads: Option<bool>,
    /// Whether what the session sends is a program's. Unless it says so, if it is logged in by a token.
    pub program: Option<bool>,
}

impl LoginOptions {
    /// The origin of a connection from `address` with these options.
    pub fn origin(self, address: Address) -> Origin {
        Origin {
            address,
            protocol: super::WORD,
            traits: self.traits,
            live: self.live,
            reads: self.reads,
            program: self.program,
        }
    }
}

impl Default for LoginOptions {
    fn default() -> LoginOptions {
        LoginOptions { traits: super::TRAITS, live: true, reads: None, program: None }
    }
}

group! {
    LoginOptions = [LoginOptions {
        traits: Traits { cursor, acknowledges, echoes: echo, member_lists, presence, read_positions }, live, reads, program
    }] {
        live or true, reads as Sparse, program as Sparse, presence or false, read_positions or false, member_lists or false, echo or false
    } unsaid { cursor: super::TRAITS.cursor, acknowledges: super::TRAITS.acknowledges }
}

table! {
    Request, start: typed;

    "ping" = [Request::Ping] {};
    "login" = [Request::LogIn { name, secret, options }] { name, secret as Credential, options as Flat };
    "register" = [Request::Register { name, secret: password, code, options }]
        { name, password, code, options as Flat };
    "reset_password" = [Request::ResetPassword { name, code, secret: password, options }]
        { name, code, password, options as Flat };
    "set_password" = [Request::SetPassword { old, new }] { old, new };
    "delete_account" = [Request::DeleteAccount { password }] { password };
    "new_token" = [Request::NewToken { name, scope, seconds, password }]
        { name, scope or TokenScope::All, seconds as Seconds, password as Sparse };
    "revoke_token" if "password" = [Request::RevokeToken { name, password }] { name, password };
    "close_session" if "password" = [Request::CloseSession { session, password }] { session, password };
    "server_password" = [Request::PasswordCode { name }] { name };
    "server_code" = [Request::RegistrationCode] {};
    "invite_code" = [Request::InviteByCode { room }] { room as Flat };

    written(writer) {
        Request::Chat(Ask::Command(command)) => command.write(writer),
        Request::Chat(Ask::Query(query)) => query.write(writer),
    }
}

table! {
    Command, start: typed;

    // Talk and reading
    "send" = [Command::Say { room, text, kind, key }] { room as GivenRoom, text, kind or MessageKind::Speech, key };
    "resume" = [Command::Resume { after: rooms }] { rooms as ByRoom };
    "read" = [Command::SetRead { room, up_to }] { room as Flat, up_to };
    "catch_up" = [Command::CatchUp { room }] { room as Flat };

    // Rooms
    "create" = [Command::Create { name: room, visibility }] { room as RoomName, visibility or Visibility::Public };
    "join" = [Command::Join { room, visibility }] { room as Flat, visibility as Sparse };
    "leave" = [Command::Leave { room, confirmation: confirm }] { room as GivenRoom, confirm };
    "topic" if "text" = [Command::SetTopic { room, text }] { room as GivenRoom, text };
    "set_visibility" = [Command::SetVisibility { room, visibility }] { room as GivenRoom, visibility };
    "rename_room" = [Command::RenameRoom { room, name }] { room as GivenRoom, name as RoomName };
    "delete_room" = [Command::DeleteRoom { room, confirmation: confirm }] { room as GivenRoom, confirm };
    "hand_over" = [Command::HandOver { room, to: name }] { room as GivenRoom, name };

    // Invitations
    "invite" = [Command::Invite { room, who: name }] { room as GivenRoom, name };
    "accept" = [Command::Accept { what: room, by }] { room as RoomOrCode, by as Sparse };
    "uninvite" = [Command::Uninvite { room, what: name }] { room as GivenRoom, name as NameOrCode };

    // People
    "away" = [Command::Away { text }] { text or Text::from("") };
    "back" = [Command::Back] {};

    // Moderation
    "kick" = [Command::Kick { room, who: name, why }] { room as GivenRoom, name, why as Why };
    "ban" = [Command::Ban { room, who: name, seconds, why }] { room as GivenRoom, name, seconds as Seconds, why as Why };
    "unban" = [Command::Unban { room, who: name }] { room as GivenRoom, name };
    "promote" = [Command::Promote { room, who: name }] { room as GivenRoom, name };
    "demote" = [Command::Demote { room, who: name }] { room as GivenRoom, name };

    // The server
    "operator" = [Command::ClaimOperator { code }] { code };
    "server_kick" = [Command::ServerKick { who: name, why }] { name, why as Why };
    "server_ban" = [Command::ServerBan { target, seconds, why }] { target as Flat, seconds as Seconds, why as Why };
    "server_unban" = [Command::ServerUnban { target }] { target as Flat };
    "server_promote" = [Command::ServerPromote { who: name }] { name };
    "server_demote" = [Command::ServerDemote { who: name }] { name };
    "server_registration" if "registration" = [Command::SetRegistration { registration }] { registration };
    "server_free" = [Command::FreeName { name }] { name };

    // The own account
    "revoke_token" = [Command::RevokeToken { name, proved }] { name } unsaid { proved: false };
    "close_session" = [Command::CloseSession { session, proved }] { session } unsaid { proved: false };
    "logout" = [Command::LogOut] {};
    "quit" = [Command::Quit] {};

    written(_writer) {
        // What programs say by other requests, or not at all.
        command @ (Command::Tell { .. }
        | Command::Reply { .. }
        | Command::OpenDirect { .. }
        | Command::InviteByCode { .. }
        | Command::NewToken { .. }
        | Command::MakePasswordCode { .. }
        | Command::MakeRegistrationCode { .. }
        | Command::ChangePassword { .. }
        | Command::DeleteAccount
        | Command::SetAcks { .. }) => panic!("no request says {command:?}"),
    }
}

table! {
    Query, start: typed;

    "rooms" = [Query::Rooms { page }] { page as Page };
    "own_rooms" = [Query::OwnRooms { page }] { page as Page };
    "room" = [Query::Room { room }] { room as GivenRoom };
    "topic" = [Query::Topic { room }] { room as GivenRoom };
    "who" = [Query::Who { room, page }] { room as Flat, page as Page };
    "whois" = [Query::Whois { name }] { name };
    "history" = [Query::History { room, range }] { room as GivenRoom, range as Flat };
    "unread" = [Query::Unread] {};
    "bans" = [Query::Bans { room, page }] { room as GivenRoom, page as Page };
    "server_bans" = [Query::ServerBans { page }] { page as Page };
    "server_registration" = [Query::Registration] {};
    "tokens" = [Query::Tokens] {};
    "sessions" = [Query::Sessions { page }] { page as Page };
}

// Forms

/// A field that may have either of two names; it is written under the second.
fn either<T>(first: Result<Option<T>, Wrong>, second: impl FnOnce() -> Result<T, Wrong>) -> Result<T, Wrong> {
    first?.map_or_else(second, Ok)
}

/// A `token`, or a `password`.
struct Credential;

impl Form<Secret> for Credential {
    fn write(secret: &Secret, _: &'static str, writer: &mut Writer) {
        writer.field(if secret.as_bytes().starts_with(b"token:") { "token" } else { "password" }, secret);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Secret, Wrong> {
        either(fields.get("token"), || fields.get("password"))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Secret {
        Secret::new(source.one_of(&["hunter22", "token:k3uxz5ql2wd7nhs6ymjtr4vabcf2oep7"]).into())
    }
}

/// A room that this protocol requires, by its name or its number.
struct GivenRoom;

impl Form<Option<RoomLabel>> for GivenRoom {
    fn write(room: &Option<RoomLabel>, _: &'static str, writer: &mut Writer) {
        Group::write(room, writer);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Option<RoomLabel>, Wrong> {
        Group::read(fields).map(Some)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<RoomLabel> {
        Some(Group::sample(source))
    }
}

/// The name of a room that is no direct one, as `tea` or `#tea`.
struct RoomName;

impl Form<Name> for RoomName {
    fn write(name: &Name, field: &'static str, writer: &mut Writer) {
        writer.field(field, name);
    }

    fn read(field: &'static str, fields: &mut Fields) -> Result<Name, Wrong> {
        let text: String = fields.get(field)?;
        Name::read(text.strip_prefix('#').unwrap_or(&text).into()).map_err(|rule| bad(field, &rule))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Name {
        FromJson::sample(source)
    }
}

/// Which invitation: that to a `room`, or the one of a `code`. The lookup distinguishes the two.
struct RoomOrCode;

impl Form<Option<Name>> for RoomOrCode {
    fn write(what: &Option<Name>, _: &'static str, writer: &mut Writer) {
        writer.field("room", what);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Option<Name>, Wrong> {
        either(fields.get("code"), || RoomName::read("room", fields)).map(Some)
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<Name> {
        Some(FromJson::sample(source))
    }
}

/// The same: that of an account by `name`, or a `code`.
struct NameOrCode;

impl Form<Name> for NameOrCode {
    fn write(what: &Name, _: &'static str, writer: &mut Writer) {
        writer.field("name", what);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Name, Wrong> {
        either(fields.get("code"), || fields.get("name"))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Name {
        FromJson::sample(source)
    }
}

/// A page of a list: 1 unless it is given.
struct Page;

impl Form<u64> for Page {
    fn write(page: &u64, name: &'static str, writer: &mut Writer) {
        writer.field(name, page);
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<u64, Wrong> {
        match fields.get(name)? {
            Some(0) => Err(bad(name, "a whole number from 1")),
            page => Ok(page.unwrap_or(1)),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> u64 {
        1 + u64::from(source.byte())
    }
}

/// How long something lasts: up to ten years; permanently where it is not given.
struct Seconds;

impl Form<Option<u64>> for Seconds {
    fn write(seconds: &Option<u64>, name: &'static str, writer: &mut Writer) {
        writer.field(name, seconds);
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Option<u64>, Wrong> {
        const MAX: u64 = 10 * 365 * 86_400;
        match fields.get(name)? {
            Some(seconds) if !(1..=MAX).contains(&seconds) => Err(bad(name, "1 to 315360000 seconds")),
            seconds => Ok(seconds),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<u64> {
        source.flag().then(|| 1 + u64::from(source.byte()))
    }
}

/// `from` and `to`, either of which may be left out; or the newest `count`; or the newest page.
impl Group for HistoryRange {
    fn write(&self, writer: &mut Writer) {
        match self {
            HistoryRange::Newest => {}
            HistoryRange::Last(count) => writer.field("count", count),
            HistoryRange::Between(from, to) => {
                writer.field("from", from);
                writer.field("to", &Some(*to).filter(|to| *to < Seq::MAX));
            }
        }
    }

    fn read(fields: &mut Fields) -> Result<HistoryRange, Wrong> {
        let (from, to, count) = (fields.get("from")?, fields.get("to")?, fields.get("count")?);
        match (from, to, count) {
            (None, None, None) => Ok(HistoryRange::Newest),
            (None, None, Some(count)) => Ok(HistoryRange::Last(count)),
            (_, _, Some(_)) => Err(bad("count", "without \"from\" and \"to\"")),
            (from, to, None) => Ok(HistoryRange::Between(from.unwrap_or(1), to.unwrap_or(Seq::MAX))),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> HistoryRange {
        match source.byte() % 4 {
            0 => HistoryRange::Newest,
            1 => HistoryRange::Last(source.number()),
            2 => HistoryRange::Between(source.number(), source.number()),
            _ => HistoryRange::Between(source.number(), Seq::MAX),
        }
    }
}

// Lines

/// The request of a line, without its line end.
pub fn parse(line: &[u8]) -> Line {
    let mut fields = match line::fields(line) {
        Ok(fields) => fields,
        Err(wrong) => return Line { reference: line::reference_of_broken(line), request: Err(wrong) },
    };
    match line::reference(&mut fields) {
        Ok(reference) => Line { reference, request: request(&mut fields) },
        Err(wrong) => Line { reference: None, request: Err(wrong) },
    }
}

/// Refuses a field that no request knows beside a time. It may be a misspelt `seconds`, without which a ban or a token would
/// last for ever. An explicit `"seconds":null` means that.
fn check_fields(fields: &Fields) -> Result<(), Wrong> {
    const KNOWN: [&str; 7] = ["address", "name", "password", "room", "room_id", "scope", "why"];
    match fields.0.keys().find(|field| !KNOWN.contains(&field.as_str())) {
        Some(field) => {
            let field: String = field.chars().take(40).collect();
            let text = format!(
                "{field:?} is unknown here, and without \"seconds\" this would last for ever. Nothing was done."
            );
            Err(Wrong::new("bad_field", Text::from(&*text).as_str()))
        }
        None => Ok(()),
    }
}

/// Appends the line of a request. A command that JSON cannot say is a fault of the caller.
pub fn encode(request: &Request, reference: Option<&Reference>, out: &mut Vec<u8>) {
    line::write(request, reference, None, out);
}

fn request(fields: &mut Fields) -> Result<Request, Wrong> {
    let word: String = fields.get("type")?;
    let says_end = fields.0.contains_key("seconds");
    if let Some(request) = Request::read(&word, fields)? {
        if matches!(request, Request::NewToken { seconds: None, .. }) && !says_end {
            check_fields(fields)?;
        }
        return Ok(request);
    }
    if let Some(command) = Command::read(&word, fields)? {
        if matches!(command, Command::Ban { seconds: None, .. } | Command::ServerBan { seconds: None, .. }) && !says_end
        {
            check_fields(fields)?;
        }
        return Ok(Request::from(command));
    }
    if let Some(query) = Query::read(&word, fields)? {
        return Ok(Request::from(query));
    }
    let word: String = word.chars().take(40).collect();
    let text = format!("There is no request of type {word:?}. Nothing was done.");
    Err(Wrong::new("unknown_type", Text::from(&*text).as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::DEPTH_MAX;
    use super::*;
    use crate::chat::SendKey;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn tea() -> RoomLabel {
        RoomLabel::Room(name("tea"))
    }

    fn check(line: &str, expected: Request) {
        assert_eq!(parse(line.as_bytes()).request.unwrap(), expected, "{line}");
    }

    fn check_wrong(line: &str, code: &str, text: &str) {
        let wrong = parse(line.as_bytes()).request.unwrap_err();
        assert_eq!((wrong.code, wrong.text.as_str()), (code, text), "{line}");
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn a_misspelt_time_makes_nothing_permanent() {
        let check = |line: &str, expected: Option<&str>| {
            let request = parse(line.as_bytes()).request;
            assert_eq!(request.as_ref().err().map(|wrong| wrong.code), expected, "{line}: {request:?}");
        };
        for request in [
            r#""type":"ban","room":"tea","room_id":2,"name":"bob","why":"rude","ref":"a""#,
            r#""type":"server_ban","name":"bob""#,
            r#""type":"server_ban","address":"192.0.2.1""#,
            r#""type":"new_token","name":"bot","scope":"read","password":"hunter22""#,
        ] {
            check(&format!("{{{request}}}"), None);
            check(&format!(r#"{{{request},"second":60}}"#), Some("bad_field"));
            check(&format!(r#"{{{request},"second":60,"seconds":null}}"#), None);
            check(&format!(r#"{{{request},"colour":"red","seconds":60}}"#), None);
        }
        check(r#"{"type":"unban","room":"tea","name":"bob","second":60}"#, None);
    }

    #[test]
    fn a_request_is_known_by_its_type() {
        check(r#"{"type":"ping"}"#, Request::Ping);
        let login = Request::LogIn { name: name("ana"), secret: secret("hunter22"), options: LoginOptions::default() };
        check(r#" { "password" : "hunter22", "name" : "ana", "type" : "login", "colour": [1, {}] } "#, login);
        let traits = Traits { acknowledges: true, presence: true, echoes: true, ..Traits::default() };
        let options = LoginOptions { live: false, reads: Some(false), program: None, traits };
        let login = Request::LogIn { name: name("ana"), secret: secret("token:x"), options };
        check(
            r#"{"type":"login","name":"ana","token":"token:x","live":false,"reads":false,"presence":true,"echo":true}"#,
            login,
        );
        let after = vec![(RoomLabel::Direct(name("bob")), 0), (tea(), 3)];
        check(r#"{"type":"resume","rooms":{"tea":3,"@bob":0}}"#, Command::Resume { after }.into());
        let (room, text) = (Some(RoomLabel::Direct(name("bob"))), Text::from("hi"));
        let (kind, key) = (MessageKind::Action, SendKey::parse("k1"));
        check(
            r#"{"type":"send","room":"@bob","text":"hi","kind":"action","key":"k1"}"#,
            Command::Say { room, kind, text, key }.into(),
        );
        check(r#"{"type":"topic","room":"tea"}"#, Query::Topic { room: Some(tea()) }.into());
        check(
            r#"{"type":"topic","room":"tea","text":""}"#,
            Command::SetTopic { room: Some(tea()), text: Text::from("") }.into(),
        );
        let what = Some(name("maple-otter-42"));
        check(r#"{"type":"accept","code":"maple-otter-42"}"#, Command::Accept { what, by: None }.into());
        let history = |range| Request::from(Query::History { room: Some(tea()), range });
        check(r##"{"type":"history","room":"#tea"}"##, history(HistoryRange::Newest));
        check(r#"{"type":"history","room":"tea","count":7}"#, history(HistoryRange::Last(7)));
        check(r#"{"type":"history","room":"tea","from":7}"#, history(HistoryRange::Between(7, u64::MAX)));
        check(r#"{"type":"history","room":"tea","from":7,"to":9}"#, history(HistoryRange::Between(7, 9)));
        check(r#"{"type":"who","page":null}"#, Query::Who { room: None, page: 1 }.into());
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
        check_wrong(
            r#"{"type":"rooms","page":0}"#,
            "bad_field",
            r#""page" must be a whole number from 1. Nothing was done."#,
        );
        check_wrong("[]", "bad_json", "A line must be one JSON object. Nothing was done.");
        for line in ["", "hello", "{", r#"{"type":"ping"} x"#, "{\"type\":\"\u{1}\"}", r#"{"type":"ping",}"#] {
            assert_eq!(parse(line.as_bytes()).request.unwrap_err().code, "bad_json", "{line}");
        }
        assert_eq!(parse(b"{\"type\":\"\xff\"}").request.unwrap_err().code, "bad_json");
        let nested = |depth: usize| format!(r#"{{"type":"ping","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        check(&nested(DEPTH_MAX - 1), Request::Ping);
        assert_eq!(parse(nested(DEPTH_MAX).as_bytes()).request.unwrap_err().code, "too_deep");
        assert_eq!(parse(nested(100_000).as_bytes()).request.unwrap_err().code, "too_deep");
        check(r#"{"type":"ping","x":"[[[[[[[[[[[[[\"[[["}"#, Request::Ping);
    }

    #[test]
    fn the_reference_of_a_wrong_request_is_kept() {
        let line = parse(br#"{"type":"dance","ref":"7"}"#);
        assert_eq!(line.reference, Reference::of("7"));
        assert_eq!(line.request.unwrap_err().code, "unknown_type");
        let long = format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(65));
        assert_eq!(parse(long.as_bytes()).request.unwrap_err().code, "bad_field");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let source = &mut Source(&bytes);
            let mut requests = Request::samples(source);
            requests.extend(Command::samples(source).into_iter().map(Request::from));
            requests.extend(Query::samples(source).into_iter().map(Request::from));
            for request in requests {
                let (mut line, reference) = (Vec::new(), Reference::of("7"));
                encode(&request, reference.as_ref(), &mut line);
                let read = parse(&line);
                prop_assert_eq!(read.reference, reference);
                prop_assert_eq!(read.request, Ok(request), "{}", String::from_utf8_lossy(&line));
            }
        }

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
            if let Err(wrong) = line.request {
                prop_assert!(!wrong.text.chars().any(crate::chat::is_forbidden), "{:?}", wrong);
                prop_assert!(wrong.text.chars().count() <= 300, "{:?}", wrong);
            }
        }
    }
}
