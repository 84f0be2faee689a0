//! Requests: what a client sends, and which answers fit.

use chat_server::chat::{Answer, Command, Event, Input, Query, Record, RoomId, RoomLabel};

use super::tally::word;

/// What a client does next.
#[derive(Clone, Debug)]
pub enum Request {
    Input(Input),
    Query(Query),
}

impl Request {
    /// Whether it is a request of a logged-in client, so that the client has read what was delivered to it before.
    pub fn is_act(&self) -> bool {
        matches!(self, Request::Query(_) | Request::Input(Input::Command(..)))
    }

    pub fn command(&self) -> Option<&Command> {
        match self {
            Request::Input(Input::Command(command, _)) => Some(command),
            _ => None,
        }
    }

    /// Whether this is a kind of answer to it, other than a refusal.
    pub fn fits(&self, answer: &Answer) -> bool {
        let name = match answer {
            Answer::Page(_) => "Page".into(),
            Answer::Event(event) | Answer::Entered(event, _) => word(event),
        };
        let is_entered = matches!(answer, Answer::Entered(..));
        let (expected, enters): (&[&str], bool) = match self {
            Request::Query(query) => (of_query(query), false),
            Request::Input(Input::Register { .. }) => (&["Registered"], true),
            Request::Input(Input::LogIn { .. } | Input::LogInByToken { .. } | Input::ResetPassword { .. }) => {
                (&["LoggedIn"], false)
            }
            Request::Input(Input::Gone | Input::TokenExpired) => (&[], false),
            Request::Input(Input::Command(command, _)) => of_command(command),
        };
        expected.contains(&name.as_str()) && enters == is_entered
    }

    /// The room that it names, or the current one (`Some(None)`), where only that room may change.
    pub fn room(&self) -> Option<Option<&RoomLabel>> {
        use Command::*;
        match self.command()? {
            Say { room, .. }
            | Leave { room, .. }
            | SetTopic { room, .. }
            | SetVisibility { room, .. }
            | RenameRoom { room, .. }
            | DeleteRoom { room, .. }
            | HandOver { room, .. }
            | Invite { room, .. }
            | InviteByCode { room, .. }
            | Uninvite { room, .. }
            | Kick { room, .. }
            | Ban { room, .. }
            | Unban { room, .. }
            | Promote { room, .. }
            | Demote { room, .. } => Some(room.as_ref()),
            SetRead { room, .. } => Some(Some(room)),
            _ => None,
        }
    }
}

fn of_query(query: &Query) -> &'static [&'static str] {
    match query {
        Query::Rooms { .. } => &["RoomList"],
        Query::OwnRooms { .. } => &["OwnRooms"],
        Query::Room { .. } => &["RoomShown"],
        Query::Topic { .. } => &["Topic"],
        Query::Who { .. } => &["People"],
        Query::Whois { .. } => &["Account"],
        Query::History { .. } => &["Page", "NoMessages"],
        Query::Unread => &["Page", "NothingUnread"],
        Query::Bans { .. } | Query::ServerBans { .. } => &["Bans"],
        Query::Registration => &["RegistrationShown"],
        Query::Tokens => &["Tokens"],
        Query::Sessions { .. } => &["Sessions"],
    }
}

fn of_command(command: &Command) -> (&'static [&'static str], bool) {
    use Command::*;
    let answers: &[&str] = match command {
        Say { .. } | Tell { .. } | Reply { .. } => &["Stored"],
        OpenDirect { .. } => return (&["DirectOpened"], true),
        Join { room: RoomLabel::Direct(_), .. } => return (&["DirectOpened"], true),
        Join { room: RoomLabel::Number(_), .. } => return (&["DirectOpened", "Entered"], true),
        Join { .. } | Accept { .. } => return (&["Entered"], true),
        Leave { .. } | DeleteRoom { .. } => &["YouLeft"],
        Create { .. } => &["Created"],
        SetTopic { .. }
        | SetVisibility { .. }
        | RenameRoom { .. }
        | HandOver { .. }
        | Promote { .. }
        | Demote { .. } => &["RoomChanged"],
        Invite { .. } => &["Invited"],
        InviteByCode { .. } => &["CodeCreated"],
        Uninvite { .. } => &["Uninvited"],
        Away { .. } | Back => &["AwaySet"],
        CatchUp { .. } => &["CaughtUp", "NothingUnread"],
        SetRead { .. } => &["ReadSet"],
        Resume { .. } => &["Page"],
        Kick { .. } | Ban { .. } => &["Removed"],
        Unban { .. } | ServerUnban { .. } => &["Unbanned"],
        ClaimOperator { .. } | ServerPromote { .. } | ServerDemote { .. } => &["OperatorSet"],
        SetRegistration { .. } => &["RegistrationShown"],
        MakeRegistrationCode { .. } => &["RegistrationCodeCreated"],
        MakePasswordCode { .. } => &["PasswordCodeCreated"],
        FreeName { .. } => &["NameFreed"],
        ServerKick { .. } => &["ServerKicked"],
        ServerBan { .. } => &["ServerBanned"],
        ChangePassword { .. } => &["PasswordChanged"],
        SetAcks { .. } => &["AcksSet"],
        NewToken { .. } => &["TokenCreated"],
        RevokeToken { .. } => &["TokenRevoked"],
        // Closing one's own session is leaving.
        CloseSession { .. } => &["SessionClosed", "Ended"],
        DeleteAccount | LogOut | Quit => &["Ended"],
    };
    (answers, false)
}

/// The room that a record changes, if it is about one.
pub fn room_of(record: &Record) -> Option<RoomId> {
    use Record::*;
    match record {
        RoomCreated { id, .. }
        | RoomRenamed { id, .. }
        | VisibilitySet { id, .. }
        | TopicSet { id, .. }
        | RoomDeleted { id } => Some(*id),
        MemberAdded { room, .. }
        | MemberRemoved { room, .. }
        | RoleSet { room, .. }
        | ReadSet { room, .. }
        | MessageSaid { room, .. }
        | Mentioned { room, .. }
        | InvitationCreated { room, .. }
        | InvitationRemoved { room, .. }
        | CodeCreated { room, .. }
        | BanCreated { room, .. }
        | BanRemoved { room, .. } => Some(*room),
        _ => None,
    }
}

/// Whether an answer is a refusal.
pub fn is_refused(answer: &Answer) -> bool {
    matches!(answer, Answer::Event(Event::Refused(_)))
}
