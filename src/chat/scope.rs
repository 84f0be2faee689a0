//! What a session may ask for that was logged in by a token. The one place in which that is decided, for every request:
//! [`Command::need`] and [`Query::need`] name each of them, so a new one does not compile before it has its line.

use super::{Actor, Chat, Command, Query, Refusal};

/// What a token allows, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TokenScope {
    /// To read, and to move read positions.
    Read,
    /// Also to send messages.
    Send,
    /// Everything that the account may do, except to change how it is logged in to and who operates the server.
    All,
}

/// What a request needs of its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A token of at least this scope, or the password.
    Scope(TokenScope),
    /// The password: what it leads to outlives the token, or ends sessions of its owner.
    Password,
}

const READ: Need = Need::Scope(TokenScope::Read);
const SEND: Need = Need::Scope(TokenScope::Send);
const ALL: Need = Need::Scope(TokenScope::All);

impl Command {
    /// What it needs of a session that was logged in by a token.
    pub fn need(&self) -> Need {
        match self {
            Command::Quit
            | Command::LogOut
            | Command::CatchUp { .. }
            | Command::SetRead { .. }
            | Command::Resume { .. } => READ,

            Command::Say { .. }
            | Command::Tell { .. }
            | Command::Reply { .. }
            | Command::OpenDirect { .. }
            // Scripts that send wait for acknowledgements.
            | Command::SetAcks { .. } => SEND,

            Command::Join { .. }
            | Command::Leave { .. }
            | Command::Create { .. }
            | Command::SetTopic { .. }
            | Command::SetVisibility { .. }
            | Command::RenameRoom { .. }
            | Command::DeleteRoom { .. }
            | Command::HandOver { .. }
            | Command::Invite { .. }
            | Command::InviteByCode { .. }
            | Command::Accept { .. }
            | Command::Uninvite { .. }
            | Command::Away { .. }
            | Command::Back
            | Command::Kick { .. }
            | Command::Ban { .. }
            | Command::Unban { .. }
            | Command::Promote { .. }
            | Command::Demote { .. }
            | Command::ServerKick { .. }
            | Command::ServerBan { .. }
            | Command::ServerUnban { .. }
            | Command::SetRegistration { .. }
            | Command::MakeRegistrationCode { .. }
            | Command::FreeName { .. } => ALL,

            Command::ClaimOperator { .. }
            | Command::ServerPromote { .. }
            | Command::ServerDemote { .. }
            // It lets its bearer into another account.
            | Command::MakePasswordCode { .. } => Need::Password,

            // Whoever asks for these has given the password with the request.
            Command::ChangePassword { .. } | Command::DeleteAccount => READ,
            Command::NewToken { proved, .. }
            | Command::RevokeToken { proved, .. }
            | Command::CloseSession { proved, .. } => if *proved { READ } else { Need::Password },
        }
    }
}

impl Query {
    /// What it needs of a session that was logged in by a token.
    pub fn need(&self) -> Need {
        match self {
            Query::Rooms { .. }
            | Query::OwnRooms { .. }
            | Query::Room { .. }
            | Query::Topic { .. }
            | Query::Who { .. }
            | Query::Whois { .. }
            | Query::History { .. }
            | Query::Unread => READ,
            // Who is banned, and from where the account's owner is connected.
            Query::Bans { .. }
            | Query::ServerBans { .. }
            | Query::Registration
            | Query::Tokens
            | Query::Sessions { .. } => ALL,
        }
    }
}

impl Chat {
    /// Whether the session of the requester may ask for what needs this.
    pub(super) fn check_need(&self, actor: Actor, need: Need) -> Result<(), Refusal> {
        let Some(token) = &self.session(actor.client).token else { return Ok(()) };
        match need {
            Need::Scope(scope) if scope <= token.scope => Ok(()),
            Need::Scope(_) => Err(Refusal::TokenScope { scope: token.scope }),
            Need::Password => Err(Refusal::PasswordNeeded),
        }
    }

    /// The same for a command. A token may end itself and its own session.
    pub(super) fn check_command(&self, actor: Actor, command: &Command) -> Result<(), Refusal> {
        let is_own = match command {
            Command::RevokeToken { name, .. } => {
                self.session(actor.client).token.as_ref().is_some_and(|it| it.name == *name)
            }
            Command::CloseSession { session, .. } => *session == actor.client,
            _ => false,
        };
        if is_own { Ok(()) } else { self.check_need(actor, command.need()) }
    }
}
