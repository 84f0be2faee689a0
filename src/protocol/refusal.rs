//! Refusals as sentences: what happened, in words that every protocol can use.
//!
//! Never says what to type and never more than the refusal carries: a private room and a missing one are one variant, so
//! they get one text. What did not happen, and the next step, are each protocol's own.

use super::Context;
use crate::chat::{Name, Refusal, RoomLabel, Text, TokenScope, Visibility};
use crate::reason::{NamedLimits, Reason};

/// How many rooms are named in a sentence.
const ROOMS_MAX: usize = 5;

/// The first sentence of a closing line; `None` if the client has already been sent the reason, is gone, or gets another
/// closing line.
pub fn connection_ended(reason: Reason) -> Option<String> {
    let limits = NamedLimits::get();
    let sentence = match reason {
        Reason::LoginTimeout => {
            return Some(format!("You did not log in within {} seconds.", limits.login_timeout_s));
        }
        Reason::Garbage => "Too many lines before the login that were not understood.",
        Reason::LineTooLong => {
            let bytes = grouped(limits.line_cut_bytes);
            return Some(format!("That line is too long (more than {bytes} bytes)."));
        }
        Reason::Flooding => "Too many lines, too fast, for too long.",
        Reason::SlowReader => "Your side reads too slowly: too much is waiting for you.",
        Reason::Stopping => "The server stops now. Everything you sent is saved.",
        Reason::AddressBanned => "This address is banned from this server.",
        Reason::AddressFull => "Too many connections from your address.",
        Reason::ServerFull => "The server is full.",
        Reason::NoThread => "The server cannot take another connection now.",
        Reason::Fault => "Something went wrong in the server. Your connection is closed; what you sent before is safe.",
        Reason::Quit
        | Reason::EndOfInput
        | Reason::Lost
        | Reason::WrongProtocol
        | Reason::SignedOut
        | Reason::Kicked
        | Reason::Banned => return None,
    };
    Some(sentence.to_owned())
}

/// A number with a comma in front of each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// What happened: one full sentence or more. A reason that somebody gave is left out; see [`given_reason`].
pub fn happened(refusal: &Refusal, context: Context) -> String {
    match refusal {
        Refusal::NameTaken { name } => format!("\"{name}\" is taken, or looks like a name that is."),
        Refusal::NameReserved { name } => format!("\"{name}\" is a word that the server keeps for itself."),
        Refusal::WrongPassword => "Wrong name or password.".to_owned(),
        Refusal::ServerBanned { until, .. } => {
            let until = context.clock.until(*until, context.now);
            format!("This account or address is banned from the server {until}.")
        }
        Refusal::TooManyLogins { .. } => "Too many passwords from your address.".to_owned(),
        Refusal::TooManyRegistrations { .. } => "Too many new accounts from your address.".to_owned(),
        Refusal::RegistrationClosed => "New accounts cannot be created here.".to_owned(),
        Refusal::RegistrationNeedsCode => "A new account needs a code.".to_owned(),
        Refusal::NewPasswordNeeded => "That is a one-time code, which needs a new password.".to_owned(),
        Refusal::PasswordLength { min_chars, max_bytes } => {
            format!("A password has at least {min_chars} characters, and at most {max_bytes} bytes.")
        }
        Refusal::PasswordEncoding => "That password is not UTF-8, so other clients could not send it.".to_owned(),
        Refusal::AlreadyLoggedIn => "You are logged in already.".to_owned(),
        Refusal::NotLoggedIn => "You are not logged in.".to_owned(),

        Refusal::NoSuchRoom { room: RoomLabel::Room(name), suggestion, .. } => {
            format!("No room #{name}.{}", suggested('#', suggestion.as_ref()))
        }
        Refusal::NoSuchRoom { room: RoomLabel::Direct(name), suggestion, .. } => {
            format!("No direct messages with {name}.{}", suggested('@', suggestion.as_ref()))
        }
        Refusal::NoCurrentRoom => "You have no current room.".to_owned(),
        Refusal::RoomLost { room, .. } => match room {
            RoomLabel::Direct(name) => format!("Your direct messages with {name} are gone."),
            room => format!("You are not in {} any more.", named(room)),
        },
        Refusal::RoomExists { room } => format!("The name #{room} belongs to another room."),
        Refusal::NoSuchRoom { room: room @ RoomLabel::Number(_), .. } => format!("There is no {}.", named(room)),
        Refusal::NotMember { room } => match &**room {
            RoomLabel::Direct(name) => format!("You have no direct messages with {name}."),
            room => format!("You are not in {}.", named(room)),
        },
        Refusal::AlreadyMember { room } => format!("You are in {} already.", named(room)),
        Refusal::NotInDirectRoom { .. } => {
            "Direct messages cannot be left, renamed, deleted or led: that is for rooms.".to_owned()
        }
        Refusal::NotInFirstRoom { room } => {
            let not = "it cannot be made private, renamed, deleted or given away";
            format!("{} belongs to everybody: {not}.", named(room))
        }
        Refusal::Banned { room, until, .. } => {
            format!("You are banned from {} {}.", named(room), context.clock.until(*until, context.now))
        }
        Refusal::OwnerOnly { room } => format!("Only the owner of {} may do that.", named(room)),
        Refusal::ModeratorOnly { room } => format!("Only the owner and the moderators of {} may do that.", named(room)),
        Refusal::RankTooHigh { room, you: true, .. } => format!("You own {} already.", named(room)),
        Refusal::RankTooHigh { room, who, .. } => format!("{who} ranks as high in {} as you, or higher.", named(room)),
        Refusal::ConfirmDelete { room } => format!("Deleting {} needs its name repeated.", named(room)),
        Refusal::ConfirmLeave { room } => {
            format!("You are the last in {}, which is private: when you leave, it is deleted.", named(room))
        }
        Refusal::TooManyRoomsCreated { max, .. } => {
            format!("You have started {} within an hour, which is the most.", count(*max, "conversation"))
        }
        Refusal::TooManyRooms { max } => format!("You own {}, which is the most.", count(*max, "room")),
        Refusal::RoomFull { room } => format!("{} is full.", named(room)),
        Refusal::NothingToChange { room } => format!("{} is like that already.", named(room)),
        Refusal::InNamesake { room } => format!("You are in another room called #{room}."),

        Refusal::NoSuchAccount { name, suggestion } => {
            let suggestion = suggestion.as_ref().map(|other| format!(" Did you mean {other}?")).unwrap_or_default();
            format!("Nobody is called {name}.{suggestion}")
        }
        Refusal::NotThere { room, who } => format!("{who} is not in {}.", named(room)),
        Refusal::AlreadyThere { room, who } => format!("{who} is in {} already.", named(room)),
        Refusal::TargetBanned { room, who } => format!("{who} is banned from {}.", named(room)),
        Refusal::TargetIsOperator { who } => format!("{who} is an operator."),
        Refusal::NotToYourself => "You cannot do that to yourself.".to_owned(),
        Refusal::AccountGone => "That account is deleted, so nobody would read it.".to_owned(),
        Refusal::NobodyToReplyTo => "Nobody has sent you a direct message since you logged in.".to_owned(),

        Refusal::ReplyToWhom { last, before } => {
            format!("{last} has written to you just now, and {before} before that.")
        }
        Refusal::TokenExists { name } => format!("You have a token called {name} already."),
        Refusal::NoSuchToken { name } => format!("You have no token called {name}."),
        Refusal::TooManyTokens { max } => format!("You have {}, which is the most.", count(*max, "token")),
        Refusal::TokenScope { scope } => {
            let allowed = match scope {
                TokenScope::Read => "only read",
                TokenScope::Send => "read and send messages, and nothing else",
                TokenScope::All => "not do that",
            };
            format!("The token that you logged in with may {allowed}.")
        }
        Refusal::PasswordNeeded => "No token may do that, only your password.".to_owned(),
        Refusal::NoSuchSession { session } => format!("You have no connection {session}."),

        Refusal::NoSuchInvitation { what: Some(what), room: Some(room) } => {
            format!("{what} has no open invitation to {}.", named(room))
        }
        Refusal::NoSuchInvitation { what: Some(what), room: None } => {
            format!("No open invitation \"{what}\": it may have been used, revoked, or have expired.")
        }
        Refusal::NoSuchInvitation { what: None, .. } => "You have no open invitation.".to_owned(),
        Refusal::WhichInvitation { rooms, by, more } => {
            let open = rooms.len() as u64 + more;
            let rooms = rooms.iter().zip(by).map(|(room, by)| format!("{} by {by}", named(room)));
            let rooms = few_of(&rooms.collect::<Vec<_>>(), ROOMS_MAX, open);
            format!("You have {}: {rooms}.", count(open, "open invitation"))
        }
        Refusal::WhichRoom { room, visibility, by, .. } => {
            let kind = match visibility {
                Visibility::Public => "public",
                Visibility::Private => "private",
            };
            let room = format!("{} is a {kind} room", named(room));
            let by: Vec<String> = by.iter().map(Name::to_string).collect();
            match by.len() {
                0 => format!("{room}, and your invitation to another of that name has just ended."),
                len => {
                    let by = few_of(&by, ROOMS_MAX, len as u64);
                    format!("{room}, and you are invited to another of that name by {by}.")
                }
            }
        }
        Refusal::TooManyInvitations { room, max } => {
            format!("{} has {max} open invitations, which is the most.", named(room))
        }
        Refusal::TooManyCodes => "Too many wrong codes were tried.".to_owned(),

        Refusal::EmptyText => "There is nothing to see in that text.".to_owned(),
        Refusal::TextTooLong { bytes, max } => format!("That text has {bytes} bytes; {max} is the most."),
        Refusal::NoSuchMessages { room, last: 0 } => format!("{} has no messages yet.", named(room)),
        Refusal::NoSuchMessages { room, last } => {
            format!("No such messages: {} has numbers 1 to {last}.", named(room))
        }

        Refusal::NoSuchBan => "There is no such ban.".to_owned(),
        Refusal::OperatorOnly => "Only an operator of the server may do that.".to_owned(),
        Refusal::WrongCode => "That code is wrong or used up.".to_owned(),
        Refusal::NameNotReserved { name } => format!("{name} is not the name of a deleted account."),
        Refusal::TooManyRegistrationCodes { max } => {
            format!("There are {}, which is the most.", count(*max, "unused code"))
        }
        Refusal::LastOperator => "The last operator cannot be made a plain account.".to_owned(),

        Refusal::NotStored => "Not saved: the server could not write to its disk, so nobody has seen it.".to_owned(),
        Refusal::HistoryBusy => "The history could not be read just now.".to_owned(),
        Refusal::Stopping => "The server is stopping.".to_owned(),
        Refusal::Fault => "The server could not do that.".to_owned(),
    }
}

/// The reason that somebody gave for a ban. It is in their words and may end without a full stop, so a protocol that
/// shows it puts it last.
pub fn given_reason(refusal: &Refusal) -> Option<&Text> {
    match refusal {
        Refusal::Banned { why, .. } | Refusal::ServerBanned { why, .. } if !why.is_empty() => Some(why),
        _ => None,
    }
}

fn named(room: &RoomLabel) -> String {
    match room {
        RoomLabel::Room(name) => format!("#{name}"),
        RoomLabel::Direct(name) => format!("@{name}"),
        RoomLabel::Number(id) => format!("room {id}"),
    }
}

fn suggested(mark: char, suggestion: Option<&crate::chat::Name>) -> String {
    suggestion.map(|name| format!(" Did you mean {mark}{name}?")).unwrap_or_default()
}

/// A number of things: `1 message`, `214 messages`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The first `max` in the middle of a sentence: `#a, #b and #c`, `#a, #b and 5 more`.
pub(super) fn few(items: &[String], max: usize) -> String {
    few_of(items, max, items.len() as u64)
}

/// The same, where `items` are the first of `total`.
pub(super) fn few_of(items: &[String], max: usize, total: u64) -> String {
    let (shown, last) = match items {
        [] => return String::new(),
        [only] => return only.clone(),
        [shown @ .., last] if items.len() <= max && total == items.len() as u64 => (shown, last.clone()),
        _ => {
            let shown = &items[..max.min(items.len())];
            (shown, format!("{} more", total - shown.len() as u64))
        }
    };
    format!("{} and {last}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_names_its_limit() {
        assert_eq!(connection_ended(Reason::LoginTimeout).as_deref(), Some("You did not log in within 60 seconds."));
        let too_long = "That line is too long (more than 65,536 bytes).";
        assert_eq!(connection_ended(Reason::LineTooLong).as_deref(), Some(too_long));
        for (number, expected) in [(0, "0"), (512, "512"), (4096, "4,096"), (16_777_216, "16,777,216")] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn a_few_things_read_as_a_sentence() {
        let check = |count: usize, expected: &str| {
            let items: Vec<String> = (0..count).map(|index| format!("#r{index}")).collect();
            assert_eq!(few(&items, 3), expected);
        };
        check(0, "");
        check(1, "#r0");
        check(2, "#r0 and #r1");
        check(3, "#r0, #r1 and #r2");
        check(4, "#r0, #r1, #r2 and 1 more");
        check(8, "#r0, #r1, #r2 and 5 more");
    }
}
