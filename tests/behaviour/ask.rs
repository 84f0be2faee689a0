//! Short constructors of requests. A room is `#tea`, or `@bob` for the direct room with bob.

use chat_server::address::Address;
use chat_server::chat::{
    BanTarget, ClientId, Code, Command, HistoryRange, MessageKind, Name, Query, Registration, RoomId, RoomLabel, Text,
    TokenScope, Visibility,
};
use chat_server::protocol::Secret;
use chat_server::protocol::json::{LoginOptions, Request};

pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub fn room(label: &str) -> RoomLabel {
    match label.strip_prefix('@') {
        Some(other) => RoomLabel::Direct(name(other)),
        None => RoomLabel::Room(name(label.strip_prefix('#').expect("# or @"))),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

/// Defines constructors of commands and queries.
macro_rules! asks {
    ($($function:ident($($field:ident: $type:ty),*) $ask:expr;)*) => {
        $(pub fn $function($($field: $type),*) -> Request {
            Request::from($ask)
        })*
    };
}

asks! {
    say(label: &str, text: &str)
        Command::Say { room: Some(room(label)), kind: MessageKind::Speech, text: Text::from(text), key: None };
    act(label: &str, text: &str)
        Command::Say { room: Some(room(label)), kind: MessageKind::Action, text: Text::from(text), key: None };

    list_rooms() Query::Rooms { page: 1 };
    rooms_page(page: u64) Query::Rooms { page };
    join(label: &str) Command::Join { room: room(label), visibility: None };
    join_kind(label: &str, visibility: Visibility) Command::Join { room: room(label), visibility: Some(visibility) };
    join_number(id: u64) Command::Join { room: RoomLabel::Number(RoomId(id as i64)), visibility: None };
    leave(label: &str) Command::Leave { room: Some(room(label)), confirmation: None };
    create(text: &str) Command::Create { name: name(text), visibility: Visibility::Public };
    create_private(text: &str) Command::Create { name: name(text), visibility: Visibility::Private };
    show_topic(label: &str) Query::Topic { room: Some(room(label)) };
    set_topic(label: &str, text: &str) Command::SetTopic { room: Some(room(label)), text: Text::from(text) };
    remove_topic(label: &str) Command::SetTopic { room: Some(room(label)), text: Text::from("") };
    show_room(label: &str) Query::Room { room: Some(room(label)) };
    make_public(label: &str) Command::SetVisibility { room: Some(room(label)), visibility: Visibility::Public };
    make_private(label: &str) Command::SetVisibility { room: Some(room(label)), visibility: Visibility::Private };
    rename(label: &str, new: &str) Command::RenameRoom { room: Some(room(label)), name: name(new) };
    delete_room(label: &str, repeated: &str)
        Command::DeleteRoom { room: Some(room(label)), confirmation: Some(name(repeated)) };
    hand_over(label: &str, to: &str) Command::HandOver { room: Some(room(label)), to: name(to) };

    invite(label: &str, who: &str) Command::Invite { room: Some(room(label)), who: name(who) };
    accept(what: &str) Command::Accept { what: Some(name(what)), by: None };
    accept_by(what: &str, by: &str) Command::Accept { what: Some(name(what)), by: Some(name(by)) };
    uninvite(label: &str, what: &str) Command::Uninvite { room: Some(room(label)), what: name(what) };

    who() Query::Who { room: None, page: 1 };
    members(label: &str) Query::Who { room: Some(room(label)), page: 1 };
    members_page(label: &str, page: u64) Query::Who { room: Some(room(label)), page };
    whois(who: &str) Query::Whois { name: name(who) };
    away(text: &str) Command::Away { text: Text::from(text) };
    back() Command::Back;

    history(label: &str) history_of(label, HistoryRange::Newest);
    newest(label: &str, count: u64) history_of(label, HistoryRange::Last(count));
    between(label: &str, from: u64, to: u64) history_of(label, HistoryRange::Between(from, to));
    unread() Query::Unread;
    set_read(label: &str, up_to: u64) Command::SetRead { room: room(label), up_to };
    catch_up() Command::CatchUp { room: None };
    catch_up_in(label: &str) Command::CatchUp { room: Some(room(label)) };

    kick(label: &str, who: &str, why: &str)
        Command::Kick { room: Some(room(label)), who: name(who), why: Text::from(why) };
    ban(label: &str, who: &str, why: &str)
        Command::Ban { room: Some(room(label)), who: name(who), seconds: None, why: Text::from(why) };
    ban_for(label: &str, who: &str, seconds: u64, why: &str)
        Command::Ban { room: Some(room(label)), who: name(who), seconds: Some(seconds), why: Text::from(why) };
    unban(label: &str, who: &str) Command::Unban { room: Some(room(label)), who: name(who) };
    bans_page(label: &str, page: u64) Query::Bans { room: Some(room(label)), page };
    own_rooms(page: u64) Query::OwnRooms { page };
    bans(label: &str) Query::Bans { room: Some(room(label)), page: 1 };
    promote(label: &str, who: &str) Command::Promote { room: Some(room(label)), who: name(who) };
    demote(label: &str, who: &str) Command::Demote { room: Some(room(label)), who: name(who) };

    claim_operator(code: &str) Command::ClaimOperator { code: Code::typed(code) };
    server_kick(who: &str, why: &str) Command::ServerKick { who: name(who), why: Text::from(why) };
    server_ban(who: &str, why: &str)
        Command::ServerBan { target: BanTarget::Account(name(who)), seconds: None, why: Text::from(why) };
    server_ban_address(address: Address)
        Command::ServerBan { target: BanTarget::Address(address), seconds: None, why: Text::from("") };
    server_unban(who: &str) Command::ServerUnban { target: BanTarget::Account(name(who)) };
    server_bans() Query::ServerBans { page: 1 };
    server_promote(who: &str) Command::ServerPromote { who: name(who) };
    server_demote(who: &str) Command::ServerDemote { who: name(who) };
    set_registration(registration: Registration) Command::SetRegistration { registration };
    show_registration() Query::Registration;
    free_name(text: &str) Command::FreeName { name: name(text) };

    tokens() Query::Tokens;
    revoke_token(token: &str) Command::RevokeToken { name: name(token), proved: false };
    sessions() Query::Sessions { page: 1 };
    close_session(session: ClientId) Command::CloseSession { session, proved: false };
    log_out() Command::LogOut;
    quit() Command::Quit;
}

fn history_of(label: &str, range: HistoryRange) -> Query {
    Query::History { room: Some(room(label)), range }
}

pub fn invite_by_code(label: &str) -> Request {
    Request::InviteByCode { room: room(label) }
}

pub fn new_token(token: &str) -> Request {
    new_token_of(token, TokenScope::All)
}

pub fn new_token_for(token: &str, seconds: u64) -> Request {
    Request::NewToken { name: name(token), scope: TokenScope::All, seconds: Some(seconds), password: None }
}

pub fn new_token_of(token: &str, scope: TokenScope) -> Request {
    Request::NewToken { name: name(token), scope, seconds: None, password: None }
}

pub fn set_password(old: &str, new: &str) -> Request {
    Request::SetPassword { old: secret(old), new: secret(new) }
}

pub fn delete_account(password: &str) -> Request {
    Request::DeleteAccount { password: secret(password) }
}

pub fn password_code(who: &str) -> Request {
    Request::PasswordCode { name: name(who) }
}

pub fn registration_code() -> Request {
    Request::RegistrationCode
}

/// A new password by a one-time code.
pub fn reset_password(who: &str, code: &str, new: &str) -> Request {
    let options = LoginOptions::default();
    Request::ResetPassword { name: name(who), code: secret(code), secret: secret(new), options }
}

pub fn register_by_code(who: &str, password: &str, code: &str) -> Request {
    let (code, options) = (Some(secret(code)), LoginOptions::default());
    Request::Register { name: name(who), secret: secret(password), code, options }
}

/// A login by password or by token.
pub fn log_in(who: &str, by: &str) -> Request {
    log_in_with(who, by, LoginOptions::default())
}

pub fn log_in_with(who: &str, by: &str, options: LoginOptions) -> Request {
    Request::LogIn { name: name(who), secret: secret(by), options }
}

pub fn register(who: &str, password: &str) -> Request {
    Request::Register { name: name(who), secret: secret(password), code: None, options: LoginOptions::default() }
}
