//! Why something was not done. A client's mistake is an answer, not an error.

use super::{ClientId, Name, RoomLabel, Text, Timestamp};

/// Why a request was refused. Nothing of it was done.
///
/// Each has a stable [`code`](Refusal::code) for programs; the fronts for people put it into words.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    // Getting in
    /// The name belongs to somebody, or looks like one that does.
    NameTaken { name: Name },
    /// The name is one of the server's own words.
    NameReserved { name: Name },
    /// Name and password do not belong together; which of the two is wrong is not told.
    WrongPassword,
    /// The account may not use the server, or nobody at this address may.
    ServerBanned { until: Option<Timestamp>, why: Text },
    /// Too many wrong passwords or tokens, from one address. The next try is allowed in so many seconds.
    TooManyLogins { wait_s: u64 },
    /// Too many new accounts, from one address or in all. The next one is allowed in so many seconds.
    TooManyRegistrations { wait_s: u64 },
    /// The new password is too short or too long.
    PasswordLength { min_chars: usize, max_bytes: usize },
    /// The connection is already logged in.
    AlreadyLoggedIn,
    /// The connection is not logged in.
    NotLoggedIn,

    // Rooms
    /// There is no such room, or none that this account may know of. The two are never told apart. `still_in` is where the
    /// client talks, if it wanted to go elsewhere.
    NoSuchRoom { room: RoomLabel, suggestion: Option<Name>, still_in: Option<RoomLabel> },
    /// The client does not talk in any room just now.
    NoCurrentRoom,
    /// The room name belongs to another room.
    RoomExists { room: Name },
    /// The client is not in that room, but could be.
    NotMember { room: RoomLabel },
    /// The account is in another room of that name, and may not be in two.
    InNamesake { room: Name },
    /// The client is in that room already.
    AlreadyMember { room: RoomLabel },
    /// A direct room cannot be left, deleted, renamed, entered by others, or have a topic or roles.
    NotInDirectRoom { room: RoomLabel },
    /// The first room belongs to everybody: it cannot be made private, renamed, deleted or given away.
    NotInFirstRoom { room: RoomLabel },
    /// The account may not enter or speak in the room until the ban ends.
    Banned { room: RoomLabel, until: Option<Timestamp>, why: Text },
    /// Only the room's owner may do that.
    OwnerOnly { room: RoomLabel },
    /// Only the room's owner and its moderators may do that.
    ModeratorOnly { room: RoomLabel },
    /// Nobody may do that to the room's owner, nor a moderator to another one.
    RankTooHigh { room: RoomLabel, who: Name },
    /// Deleting needs the room's name repeated.
    ConfirmDelete { room: RoomLabel },
    /// The account owns as many rooms as it may.
    TooManyRooms { max: u64 },
    /// The room has as many members as it may.
    RoomFull { room: RoomLabel },
    /// The room is as it should become already.
    NothingToChange { room: RoomLabel },

    // People
    /// There is no account of that name.
    NoSuchAccount { name: Name, suggestion: Option<Name> },
    /// That account is not in the room.
    NotThere { room: RoomLabel, who: Name },
    /// That account is in the room already.
    AlreadyThere { room: RoomLabel, who: Name },
    /// That account is banned from the room; the ban must be lifted first.
    TargetBanned { room: RoomLabel, who: Name },
    /// That account is an operator of the server; it must be a plain one first.
    TargetIsOperator { who: Name },
    /// One cannot do that to oneself.
    NotToYourself,
    /// The other one in this direct room has deleted its account.
    AccountGone,
    /// Nobody has written directly since the login.
    NobodyToReplyTo,

    // Tokens and sessions
    /// There is a token of that name.
    TokenExists { name: Name },
    /// There is no token of that name.
    NoSuchToken { name: Name },
    /// The account has as many tokens as it may.
    TooManyTokens { max: u64 },
    /// The account has no such connection.
    NoSuchSession { session: ClientId },

    // Invitations
    /// There is no such invitation, or it has expired or been used; or there is none at all.
    NoSuchInvitation { what: Option<Name> },
    /// There are several invitations: which one?
    WhichInvitation { rooms: Vec<Name> },
    /// The room has as many open invitations and codes as it may.
    TooManyInvitations { room: RoomLabel, max: u64 },
    /// Too many wrong codes were tried.
    TooManyCodes,

    // Talk and reading
    /// There is nothing in the message.
    EmptyText,
    /// The text is longer than it may be; sizes in bytes.
    TextTooLong { bytes: usize, max: u64 },
    /// The message numbers asked for do not exist, or the wrong way round.
    NoSuchMessages { room: RoomLabel, last: u64 },

    // Moderation
    /// There is no such ban.
    NoSuchBan,
    /// Only an operator of the server may do that.
    OperatorOnly,
    /// The operator code is wrong or used up.
    WrongCode,
    /// The last operator stays one.
    LastOperator,

    // The server
    /// The store could not take it. Nobody has seen it.
    NotStored,
    /// The history could not be read just now.
    HistoryBusy,
    /// The server is stopping.
    Stopping,
    /// The server could not do it: a fault, or the system gave no random numbers. Nothing was done.
    Fault,
}

impl Refusal {
    /// A word for programs, the same for ever.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NameTaken { .. } => "name_taken",
            Refusal::NameReserved { .. } => "name_reserved",
            Refusal::WrongPassword => "wrong_password",
            Refusal::ServerBanned { .. } => "server_banned",
            Refusal::TooManyLogins { .. } => "too_many_logins",
            Refusal::TooManyRegistrations { .. } => "too_many_registrations",
            Refusal::PasswordLength { .. } => "password_length",
            Refusal::AlreadyLoggedIn => "already_logged_in",
            Refusal::NotLoggedIn => "not_logged_in",
            Refusal::NoSuchRoom { .. } => "no_such_room",
            Refusal::NoCurrentRoom => "no_current_room",
            Refusal::RoomExists { .. } => "room_exists",
            Refusal::NotMember { .. } => "not_member",
            Refusal::InNamesake { .. } => "in_namesake",
            Refusal::AlreadyMember { .. } => "already_member",
            Refusal::NotInDirectRoom { .. } => "not_in_direct_room",
            Refusal::NotInFirstRoom { .. } => "not_in_first_room",
            Refusal::Banned { .. } => "banned",
            Refusal::OwnerOnly { .. } => "owner_only",
            Refusal::ModeratorOnly { .. } => "moderator_only",
            Refusal::RankTooHigh { .. } => "rank_too_high",
            Refusal::ConfirmDelete { .. } => "confirm_delete",
            Refusal::TooManyRooms { .. } => "too_many_rooms",
            Refusal::RoomFull { .. } => "room_full",
            Refusal::NothingToChange { .. } => "nothing_to_change",
            Refusal::NoSuchAccount { .. } => "no_such_account",
            Refusal::NotThere { .. } => "not_there",
            Refusal::AlreadyThere { .. } => "already_there",
            Refusal::TargetBanned { .. } => "target_banned",
            Refusal::TargetIsOperator { .. } => "target_is_operator",
            Refusal::TooManyInvitations { .. } => "too_many_invitations",
            Refusal::NotToYourself => "not_to_yourself",
            Refusal::AccountGone => "account_gone",
            Refusal::NobodyToReplyTo => "nobody_to_reply_to",
            Refusal::TokenExists { .. } => "token_exists",
            Refusal::NoSuchToken { .. } => "no_such_token",
            Refusal::TooManyTokens { .. } => "too_many_tokens",
            Refusal::NoSuchSession { .. } => "no_such_session",
            Refusal::NoSuchInvitation { .. } => "no_such_invitation",
            Refusal::WhichInvitation { .. } => "which_invitation",
            Refusal::TooManyCodes => "too_many_codes",
            Refusal::EmptyText => "empty_text",
            Refusal::TextTooLong { .. } => "text_too_long",
            Refusal::NoSuchMessages { .. } => "no_such_messages",
            Refusal::NoSuchBan => "no_such_ban",
            Refusal::OperatorOnly => "operator_only",
            Refusal::WrongCode => "wrong_code",
            Refusal::LastOperator => "last_operator",
            Refusal::NotStored => "not_stored",
            Refusal::HistoryBusy => "history_busy",
            Refusal::Stopping => "stopping",
            Refusal::Fault => "fault",
        }
    }
}
