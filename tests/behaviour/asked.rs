//! What somebody can ask for, whatever the front. A room is `#tea`, or `@bob` for the one with bob alone.

/// A request of somebody who is logged in.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    Say(&'a str, &'a str),
    /// In a room that one is in.
    Act(&'a str, &'a str),

    ListRooms,
    RoomsPage(u64),
    Join(&'a str),
    Leave(&'a str),
    Create(&'a str),
    CreatePrivate(&'a str),
    ShowTopic(&'a str),
    SetTopic(&'a str, &'a str),
    TakeTopicAway(&'a str),
    ShowRoom(&'a str),
    MakePublic(&'a str),
    MakePrivate(&'a str),
    Rename(&'a str, &'a str),
    /// The second is the name repeated.
    DeleteRoom(&'a str, &'a str),
    HandOver(&'a str, &'a str),

    Invite(&'a str, &'a str),
    InviteByCode(&'a str),
    Accept(&'a str),
    AcceptCode(&'a str),
    Uninvite(&'a str, &'a str),
    UninviteCode(&'a str, &'a str),

    Who,
    Members(&'a str),
    MembersPage(&'a str, u64),
    Whois(&'a str),
    Away(&'a str),
    Back,

    /// A page of the newest messages.
    History(&'a str),
    /// So many of the newest.
    Newest(&'a str, u64),
    Between(&'a str, u64, u64),
    Unread,
    CatchUp,
    CatchUpIn(&'a str),

    /// Room, name, reason.
    Kick(&'a str, &'a str, &'a str),
    /// Room, name, reason; for good.
    Ban(&'a str, &'a str, &'a str),
    /// Room, name, seconds, reason.
    BanFor(&'a str, &'a str, u64, &'a str),
    Unban(&'a str, &'a str),
    Bans(&'a str),
    Promote(&'a str, &'a str),
    Demote(&'a str, &'a str),

    ClaimOperator(&'a str),
    ServerKick(&'a str, &'a str),
    ServerBan(&'a str, &'a str),
    ServerBanAddress(&'a str),
    ServerUnban(&'a str),
    ServerBans,
    ServerPromote(&'a str),
    ServerDemote(&'a str),

    NewToken(&'a str),
    NewTokenFor(&'a str, u64),
    Tokens,
    RevokeToken(&'a str),
    Sessions,
    CloseSession(u64),
    /// The old one, the new one.
    SetPassword(&'a str, &'a str),
    DeleteAccount(&'a str),
    Quit,
}
