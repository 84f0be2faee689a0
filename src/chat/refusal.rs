//! Refusals: why a request was not carried out. A client's mistake is an answer, not an error.

use super::{ClientId, Name, RoomLabel, ShownRoom, Text, Timestamp, TokenScope, Visibility};

/// Why a request was refused. A refused request has changed nothing.
///
/// Each has a stable [`code`](Refusal::code) for programs; the sentences are each protocol's.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    // Logging in
    /// The name belongs to somebody, or looks like one that does.
    NameTaken { name: Name },
    /// The name is a reserved word.
    NameReserved { name: Name },
    /// Name and password do not match; which of the two is wrong is not disclosed.
    WrongPassword,
    /// The account may not use the server, or nobody at this address may.
    ServerBanned { until: Option<Timestamp>, why: Text },
    /// Too many wrong passwords or tokens from one address. The next attempt is allowed in `wait_s` seconds.
    TooManyLogins { wait_s: u64 },
    /// Too many new accounts from one address, or from all together. The next one is allowed in `wait_s` seconds.
    TooManyRegistrations { wait_s: u64 },
    /// Nobody can create an account.
    RegistrationClosed,
    /// An account is created by a one-time code only, and none was given.
    RegistrationNeedsCode,
    /// The password that was given is a one-time code, which works together with a new password only.
    NewPasswordNeeded,
    /// The new password is too short or too long.
    PasswordLength { min_chars: usize, max_bytes: usize },
    /// The new password is not UTF-8, so another client could never send it.
    PasswordEncoding,
    /// The connection is already logged in.
    AlreadyLoggedIn,
    /// The connection is not logged in.
    NotLoggedIn,

    // Rooms
    /// There is no such room, or none that this account may know of; the two cases are indistinguishable. `still_in` is the
    /// current room of a client that wanted to change it.
    NoSuchRoom { room: RoomLabel, suggestion: Option<Name>, still_in: Option<ShownRoom> },
    /// The client has no current room.
    NoCurrentRoom,
    /// The client's current room was `room` until somebody else, or another connection of the account, took it out of it.
    /// `next` is the first room, if the account is in it.
    RoomLost { room: RoomLabel, next: Option<ShownRoom> },
    /// The room name belongs to another room.
    RoomExists { room: Name },
    /// The requester is not a member of that room, which it may know of.
    NotMember { room: ShownRoom },
    /// The account is already in another room of that name, and nobody may be in two.
    InNamesake { room: Name },
    /// The requester is already a member of that room.
    AlreadyMember { room: ShownRoom },
    /// A direct room cannot be left, deleted, renamed, entered by others, or have a topic or roles.
    NotInDirectRoom { room: ShownRoom },
    /// The first room belongs to everybody: it cannot be made private, renamed, deleted or given away.
    NotInFirstRoom { room: ShownRoom },
    /// The account may not enter or speak in the room until the ban ends.
    Banned { room: ShownRoom, until: Option<Timestamp>, why: Text },
    /// Only the room's owner may do that.
    OwnerOnly { room: ShownRoom },
    /// Only the room's owner and its moderators may do that.
    ModeratorOnly { room: ShownRoom },
    /// Nobody may do that to the room's owner, and no moderator to another moderator. `you`: the requester is the owner.
    RankTooHigh { room: ShownRoom, who: Name, you: bool },
    /// Deleting needs the room's name repeated.
    ConfirmDelete { room: ShownRoom },
    /// The requester is the last member of a private room, which is deleted when it leaves. Leaving needs its name repeated.
    ConfirmLeave { room: ShownRoom },
    /// The account owns as many rooms as it may.
    TooManyRooms { max: u64 },
    /// The account has created as many rooms within an hour as it may, direct ones included. The next one is allowed in
    /// `wait_s` seconds.
    TooManyRoomsCreated { max: u64, wait_s: u64 },
    /// The room has as many members as it may.
    RoomFull { room: ShownRoom },
    /// The room already is as requested.
    NothingToChange { room: ShownRoom },

    // People
    /// There is no account of that name.
    NoSuchAccount { name: Name, suggestion: Option<Name> },
    /// That account is not in the room.
    NotThere { room: ShownRoom, who: Name },
    /// That account is already in the room.
    AlreadyThere { room: ShownRoom, who: Name },
    /// That account is banned from the room; the ban must be lifted first.
    TargetBanned { room: ShownRoom, who: Name },
    /// That account is an operator of the server; that must be revoked first.
    TargetIsOperator { who: Name },
    /// The requester cannot do that to itself.
    NotToYourself,
    /// The other account of this direct room is deleted.
    AccountGone,
    /// No direct message has arrived since the login.
    NobodyToReplyTo,
    /// Within the last seconds `last` has sent a direct message, and before that `before`: either may be meant.
    ReplyToWhom { last: Name, before: Name },

    // Tokens and sessions
    /// There is already a token of that name.
    TokenExists { name: Name },
    /// There is no token of that name.
    NoSuchToken { name: Name },
    /// The account has as many tokens as it may.
    TooManyTokens { max: u64 },
    /// The token by which the session was logged in does not allow that; it is of this scope.
    TokenScope { scope: TokenScope },
    /// No token allows that: the account's password is needed.
    PasswordNeeded,
    /// The account has no such connection.
    NoSuchSession { session: ClientId },

    // Invitations
    /// There is no such invitation, or it has expired or been used; without `what`, there is none at all. With `room`, who
    /// may revoke it is refused.
    NoSuchInvitation { what: Option<Name>, room: Option<ShownRoom> },
    /// The request does not say which of several invitations it means: those to `rooms`, each by the account of `by` at the
    /// same place, and `more`. If it is a single one, another that could have been meant ended a moment ago.
    WhichInvitation { rooms: Vec<ShownRoom>, by: Vec<Name>, more: u64 },
    /// There is a room of that name that the account is in or can enter, and it is invited to others of that name: to `rooms`,
    /// by `by`. If there are none, the last such invitation ended a moment ago.
    WhichRoom { room: ShownRoom, visibility: Visibility, rooms: Vec<ShownRoom>, by: Vec<Name> },
    /// The room has as many open invitations and codes as it may.
    TooManyInvitations { room: ShownRoom, max: u64 },
    /// Too many wrong codes from this account.
    TooManyCodes,

    // Talk and reading
    /// The message is empty, or nothing of a text would show.
    EmptyText,
    /// The text is too long; sizes in bytes.
    TextTooLong { bytes: usize, max: u64 },
    /// The requested message numbers do not exist, or their range is reversed.
    NoSuchMessages { room: ShownRoom, last: u64 },

    // Moderation
    /// There is no such ban.
    NoSuchBan,
    /// Only an operator of the server may do that.
    OperatorOnly,
    /// The code is wrong, was used, or has expired.
    WrongCode,
    /// The name is not that of a deleted account, or is free already.
    NameNotReserved { name: Name },
    /// There are as many unused codes for new accounts as there may be.
    TooManyRegistrationCodes { max: u64 },
    /// The last operator cannot resign.
    LastOperator,

    // The server
    /// The message or change could not be stored. Nobody has seen it.
    NotStored,
    /// The history cannot be read at the moment.
    HistoryBusy,
    /// The server is stopping.
    Stopping,
    /// An internal fault, or the system gave no random numbers.
    Fault,
}

impl Refusal {
    /// A word for programs, which never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NameTaken { .. } => "name_taken",
            Refusal::NameReserved { .. } => "name_reserved",
            Refusal::WrongPassword => "wrong_password",
            Refusal::ServerBanned { .. } => "server_banned",
            Refusal::TooManyLogins { .. } => "too_many_logins",
            Refusal::TooManyRegistrations { .. } => "too_many_registrations",
            Refusal::RegistrationClosed => "registration_closed",
            Refusal::RegistrationNeedsCode => "registration_needs_code",
            Refusal::NewPasswordNeeded => "new_password_needed",
            Refusal::PasswordLength { .. } => "password_length",
            Refusal::PasswordEncoding => "password_encoding",
            Refusal::AlreadyLoggedIn => "already_logged_in",
            Refusal::NotLoggedIn => "not_logged_in",
            Refusal::NoSuchRoom { .. } => "no_such_room",
            Refusal::NoCurrentRoom => "no_current_room",
            Refusal::RoomLost { .. } => "room_lost",
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
            Refusal::ConfirmLeave { .. } => "confirm_leave",
            Refusal::TooManyRoomsCreated { .. } => "too_many_rooms_created",
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
            Refusal::ReplyToWhom { .. } => "reply_to_whom",
            Refusal::TokenExists { .. } => "token_exists",
            Refusal::NoSuchToken { .. } => "no_such_token",
            Refusal::TooManyTokens { .. } => "too_many_tokens",
            Refusal::TokenScope { .. } => "token_scope",
            Refusal::PasswordNeeded => "password_needed",
            Refusal::NoSuchSession { .. } => "no_such_session",
            Refusal::NoSuchInvitation { .. } => "no_such_invitation",
            Refusal::WhichInvitation { .. } => "which_invitation",
            Refusal::WhichRoom { .. } => "which_room",
            Refusal::TooManyCodes => "too_many_codes",
            Refusal::EmptyText => "empty_text",
            Refusal::TextTooLong { .. } => "text_too_long",
            Refusal::NoSuchMessages { .. } => "no_such_messages",
            Refusal::NoSuchBan => "no_such_ban",
            Refusal::OperatorOnly => "operator_only",
            Refusal::WrongCode => "wrong_code",
            Refusal::NameNotReserved { .. } => "name_not_reserved",
            Refusal::TooManyRegistrationCodes { .. } => "too_many_registration_codes",
            Refusal::LastOperator => "last_operator",
            Refusal::NotStored => "not_stored",
            Refusal::HistoryBusy => "history_busy",
            Refusal::Stopping => "stopping",
            Refusal::Fault => "fault",
        }
    }
}
