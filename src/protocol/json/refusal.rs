//! Refusals: a stable code, a sentence for people, and what the code is about. A field that a code does not have is left
//! out.

use super::codec::{Fields, Flat, Form, Sparse, Table, Writer, Wrong, bad, form, table};
use super::group::{ShownRooms, SparseRoom};
#[cfg(test)]
use super::sample::Source;
use super::value::SparseWhy;
use crate::chat::Refusal;
use crate::protocol::refusal::happened;

/// `code`, `text` and the fields of the code. The text is not read back.
pub(super) struct Refused;

impl Form<Refusal> for Refused {
    fn write(refusal: &Refusal, _: &'static str, writer: &mut Writer) {
        refusal.write(writer);
    }

    fn read(_: &'static str, fields: &mut Fields) -> Result<Refusal, Wrong> {
        let code: String = fields.get("code")?;
        Refusal::read(&code, fields)?.ok_or_else(|| bad("code", "a code"))
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Refusal {
        let mut samples = Refusal::samples(source);
        let index = usize::from(source.byte()) % samples.len();
        samples.swap_remove(index)
    }
}

table! {
    Refusal, start: coded;

    // Sessions
    "name_taken" = [Refusal::NameTaken { name }] { name };
    "name_reserved" = [Refusal::NameReserved { name }] { name };
    "wrong_password" = [Refusal::WrongPassword] {};
    "server_banned" = [Refusal::ServerBanned { until, why }] { until as Sparse, why as SparseWhy };
    "too_many_logins" = [Refusal::TooManyLogins { wait_s }] { wait_s };
    "too_many_registrations" = [Refusal::TooManyRegistrations { wait_s }] { wait_s };
    "registration_closed" = [Refusal::RegistrationClosed] {};
    "registration_needs_code" = [Refusal::RegistrationNeedsCode] {};
    "new_password_needed" = [Refusal::NewPasswordNeeded] {};
    "password_length" = [Refusal::PasswordLength { min_chars, max_bytes }] {} unsaid { min_chars: 8, max_bytes: 256 };
    "password_encoding" = [Refusal::PasswordEncoding] {};
    "already_logged_in" = [Refusal::AlreadyLoggedIn] {};
    "not_logged_in" = [Refusal::NotLoggedIn] {};

    // Rooms
    "no_such_room" = [Refusal::NoSuchRoom { room, suggestion, still_in }] { room as Flat, suggestion as Sparse }
        unsaid { still_in: None };
    "no_current_room" = [Refusal::NoCurrentRoom] {};
    "room_lost" = [Refusal::RoomLost { room, next }] { room as Flat, next as Sparse };
    "room_exists" = [Refusal::RoomExists { room: name }] { name };
    "not_member" = [Refusal::NotMember { room }] { room as Flat };
    "in_namesake" = [Refusal::InNamesake { room: name }] { name };
    "already_member" = [Refusal::AlreadyMember { room }] { room as Flat };
    "not_in_direct_room" = [Refusal::NotInDirectRoom { room }] { room as Flat };
    "not_in_first_room" = [Refusal::NotInFirstRoom { room }] { room as Flat };
    "banned" = [Refusal::Banned { room, until, why }] { room as Flat, until as Sparse, why as SparseWhy };
    "owner_only" = [Refusal::OwnerOnly { room }] { room as Flat };
    "moderator_only" = [Refusal::ModeratorOnly { room }] { room as Flat };
    "rank_too_high" = [Refusal::RankTooHigh { room, who: name, you }] { room as Flat, name } unsaid { you: false };
    "confirm_leave" = [Refusal::ConfirmLeave { room }] { room as Flat };
    "too_many_rooms_created" = [Refusal::TooManyRoomsCreated { max, wait_s }] { max, wait_s };
    "confirm_delete" = [Refusal::ConfirmDelete { room }] { room as Flat };
    "too_many_rooms" = [Refusal::TooManyRooms { max }] { max };
    "room_full" = [Refusal::RoomFull { room }] { room as Flat };
    "nothing_to_change" = [Refusal::NothingToChange { room }] { room as Flat };

    // People
    "no_such_account" = [Refusal::NoSuchAccount { name, suggestion }] { name, suggestion as Sparse };
    "not_there" = [Refusal::NotThere { room, who: name }] { room as Flat, name };
    "already_there" = [Refusal::AlreadyThere { room, who: name }] { room as Flat, name };
    "target_banned" = [Refusal::TargetBanned { room, who: name }] { room as Flat, name };
    "target_is_operator" = [Refusal::TargetIsOperator { who: name }] { name };
    "not_to_yourself" = [Refusal::NotToYourself] {};
    "account_gone" = [Refusal::AccountGone] {};
    "nobody_to_reply_to" = [Refusal::NobodyToReplyTo] {};
    "reply_to_whom" = [Refusal::ReplyToWhom { last, before }] { last, before };

    // Tokens and sessions
    "token_exists" = [Refusal::TokenExists { name }] { name };
    "no_such_token" = [Refusal::NoSuchToken { name }] { name };
    "too_many_tokens" = [Refusal::TooManyTokens { max }] { max };
    "token_scope" = [Refusal::TokenScope { scope }] { scope };
    "password_needed" = [Refusal::PasswordNeeded] {};
    "no_such_session" = [Refusal::NoSuchSession { session }] { session };

    // Invitations
    "no_such_invitation" = [Refusal::NoSuchInvitation { what: name, room }] { name as Sparse, room as SparseRoom };
    "which_invitation" = [Refusal::WhichInvitation { rooms, by, more }] { rooms as ShownRooms, by, more };
    "which_room" = [Refusal::WhichRoom { room, visibility, rooms, by }]
        { room as Flat, visibility, rooms as ShownRooms, by };
    "too_many_invitations" = [Refusal::TooManyInvitations { room, max }] { room as Flat, max };
    "too_many_codes" = [Refusal::TooManyCodes] {};

    // Talk and reading
    "empty_text" = [Refusal::EmptyText] {};
    "text_too_long" = [Refusal::TextTooLong { bytes, max }] { bytes, max };
    "no_such_messages" = [Refusal::NoSuchMessages { room, last }] { room as Flat, last };

    // Moderation
    "no_such_ban" = [Refusal::NoSuchBan] {};
    "operator_only" = [Refusal::OperatorOnly] {};
    "wrong_code" = [Refusal::WrongCode] {};
    "name_not_reserved" = [Refusal::NameNotReserved { name }] { name };
    "too_many_registration_codes" = [Refusal::TooManyRegistrationCodes { max }] { max };
    "last_operator" = [Refusal::LastOperator] {};

    // The server
    "not_stored" = [Refusal::NotStored] {};
    "history_busy" = [Refusal::HistoryBusy] {};
    "stopping" = [Refusal::Stopping] {};
    "fault" = [Refusal::Fault] {};
}

fn coded(refusal: &Refusal, code: &str, writer: &mut Writer) {
    writer.field("code", code);
    if let Some(context) = writer.context {
        writer.field("text", &*happened(refusal, context));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_code_of_the_chat() {
        let samples = Refusal::samples(&mut Source(&[]));
        let codes: Vec<&str> = samples.iter().map(Refusal::code).collect();
        assert_eq!(codes, Refusal::WORDS);
    }
}
