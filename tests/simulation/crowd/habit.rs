//! What clients do, and how often.

use chat_server::chat::{AccountId, RoomId};

use crate::simulation::store::Store;

/// What a client may do next, and how often of all it does.
pub(super) const HABITS: [(u64, Habit); 56] = [
    (60, Habit::Say),
    (12, Habit::Tell),
    (8, Habit::Reply),
    (8, Habit::OpenDirect),
    (4, Habit::ListRooms),
    (30, Habit::Join),
    (12, Habit::Leave),
    (12, Habit::Create),
    (6, Habit::Topic),
    (4, Habit::ShowTopic),
    (6, Habit::ShowRoom),
    (6, Habit::SetVisibility),
    (6, Habit::Rename),
    (4, Habit::Delete),
    (5, Habit::HandOver),
    (14, Habit::Invite),
    (8, Habit::InviteByCode),
    (8, Habit::Accept),
    (8, Habit::AcceptNamed),
    (8, Habit::AcceptCode),
    (4, Habit::Uninvite),
    (5, Habit::Who),
    (5, Habit::Whois),
    (4, Habit::Away),
    (3, Habit::Back),
    (8, Habit::History),
    (8, Habit::Unread),
    (5, Habit::CatchUp),
    (5, Habit::SetRead),
    (6, Habit::Kick),
    (6, Habit::Ban),
    (5, Habit::Unban),
    (3, Habit::ListBans),
    (8, Habit::Promote),
    (4, Habit::Demote),
    (3, Habit::ClaimOperator),
    (2, Habit::ServerKick),
    (2, Habit::ServerBan),
    (3, Habit::ServerUnban),
    (4, Habit::ChangeOperator),
    (3, Habit::FreeName),
    (2, Habit::SetRegistration),
    (3, Habit::MakeRegistrationCode),
    (3, Habit::MakePasswordCode),
    (4, Habit::ChangePassword),
    (2, Habit::DeleteAccount),
    (3, Habit::SetAcks),
    (7, Habit::NewToken),
    (1, Habit::CollectTokens),
    (1, Habit::CollectCodes),
    (3, Habit::ListTokens),
    (4, Habit::RevokeToken),
    (4, Habit::ListSessions),
    (4, Habit::CloseSession),
    (20, Habit::Resume),
    (12, Habit::End),
];

#[derive(Clone, Copy, Debug)]
pub(super) enum Habit {
    Say,
    Tell,
    Reply,
    OpenDirect,
    ListRooms,
    Join,
    Leave,
    Create,
    Topic,
    ShowTopic,
    ShowRoom,
    SetVisibility,
    Rename,
    Delete,
    HandOver,
    Invite,
    InviteByCode,
    Accept,
    AcceptNamed,
    AcceptCode,
    Uninvite,
    Who,
    Whois,
    Away,
    Back,
    History,
    Unread,
    CatchUp,
    SetRead,
    Kick,
    Ban,
    Unban,
    ListBans,
    Promote,
    Demote,
    ClaimOperator,
    ServerKick,
    ServerBan,
    ServerUnban,
    ChangeOperator,
    FreeName,
    SetRegistration,
    MakeRegistrationCode,
    MakePasswordCode,
    ChangePassword,
    DeleteAccount,
    SetAcks,
    NewToken,
    CollectTokens,
    CollectCodes,
    ListTokens,
    RevokeToken,
    ListSessions,
    CloseSession,
    Resume,
    End,
}

impl Habit {
    /// Whether it takes a rank.
    pub fn leads(self) -> bool {
        use Habit::*;
        matches!(
            self,
            Topic
                | SetVisibility
                | Rename
                | Delete
                | HandOver
                | Invite
                | InviteByCode
                | Uninvite
                | Kick
                | Ban
                | Unban
                | ListBans
                | Promote
                | Demote
        )
    }

    /// Whom it is likely to be about in a room.
    pub fn concerns(self, store: &Store, room: RoomId) -> Vec<AccountId> {
        let of_room = |(of, account): &(RoomId, AccountId)| (*of == room).then_some(*account);
        match self {
            Habit::Kick | Habit::Ban | Habit::Promote | Habit::Demote | Habit::HandOver => {
                store.members_of(room).map(|member| member.account).collect()
            }
            Habit::Unban => store.bans.keys().filter_map(of_room).collect(),
            Habit::Uninvite => store.invitations.keys().filter_map(of_room).collect(),
            _ => Vec::new(),
        }
    }
}
