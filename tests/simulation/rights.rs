//! Who may do what, by the roles in the tables as they were before the request: told of records, whatever command led to
//! them. And that a refusal says the truth.

use chat_server::chat::{
    AccountId, BanTarget, Command, GENERAL, Input, Name, Notice, Record, Refusal, Registration, Role, RoomId, RoomKind,
    RoomLabel, Timestamp, TokenScope,
};

use super::request::Request;
use super::state::{Asker, State};
use super::store::holds;

/// The accounts whose sessions end by a request, each with the moment at which the session began.
pub type Ended = Vec<(AccountId, Timestamp)>;

/// That a request may lead to a record. `asker` is `None` before the login.
pub fn check(before: &State, asker: Option<Asker>, request: &Request, record: &Record, ended: &Ended) {
    let (store, now) = (&before.store, before.now);
    let registers = matches!(request, Request::Input(Input::Register { .. }));
    let itself = |account: AccountId| asker.is_some_and(|asker| asker.account == account);
    let rank = |room| asker.and_then(|asker| store.rank(room, asker.account));
    let leads = |room, least| !store.is_direct(room) && rank(room) >= Some(least);
    let owns = |room| leads(room, Role::Owner) && room != GENERAL;
    let operates = || asker.is_some_and(|asker| store.is_operator(asker.account));
    let settles = |room| owns(room) || (operates() && store.is_public(room) && room != GENERAL);
    let is_above = |room, account| {
        let other = store.rank(room, account);
        other <= Some(Role::Member) || other < rank(room)
    };
    let is_new = |room: RoomId| room.0 > store.last_room;
    let has_ended = |account: AccountId| ended.iter().any(|(of, _)| *of == account);
    let may_register = || match (store.registration, request) {
        (Registration::Open, _) => true,
        (Registration::ByCode, Request::Input(Input::Register { code: Some(code), .. })) => {
            store.registration_codes.get(code).is_some_and(|(_, until)| now < *until)
        }
        _ => false,
    };
    // By a one-time code a password is set, and what the old one let in is ended.
    let has_code = |account: AccountId| match request {
        Request::Input(Input::ResetPassword { name, digest, .. }) => {
            let code = store.password_codes.get(&account);
            store.named(name) == Some(account) && code.is_some_and(|(kept, until)| kept == digest && now < *until)
        }
        _ => false,
    };
    // Codes are void once who made them is no operator any more, or their owner becomes one or sets a password.
    let voids_codes = || {
        let Request::Input(Input::Command(command, _)) = request else { return false };
        let moves = matches!(command, Command::ServerPromote { .. } | Command::ServerDemote { .. });
        operates() && (moves || matches!(command, Command::DeleteAccount))
    };
    let may = match record {
        Record::AccountCreated { name, .. } => registers && !name.is_reserved() && may_register(),
        Record::PasswordSet { id, .. } => itself(*id) || has_code(*id),
        Record::AccountDeleted { id, .. } => itself(*id),
        Record::NameFreed { .. } | Record::RegistrationSet { .. } | Record::RegistrationCodeMade { .. } => operates(),
        Record::PasswordCodeMade { account, .. } => operates() && !itself(*account) && !store.is_operator(*account),
        Record::PasswordCodeRemoved { account } => has_code(*account) || itself(*account) || voids_codes(),
        Record::NoticeLeft { account, notice, .. } => match notice {
            Notice::PasswordCode { .. } => operates() && !itself(*account),
            Notice::InvitationOver { room, revoked, .. } => {
                let mut invitations = store.invitations_to(room).filter(|(_, invited, ..)| invited == account);
                *revoked && invitations.any(|(id, ..)| leads(id, Role::Moderator) || settles(id))
            }
            Notice::InvitationUnused { room, who, revoked } => {
                let is_meant = |invited, by| store.person(invited) == *who && by == *account;
                let mut invitations = store.invitations_to(room).filter(|(_, invited, by, _)| is_meant(*invited, *by));
                *revoked && !itself(*account) && invitations.any(|(id, ..)| leads(id, Role::Moderator) || settles(id))
            }
        },
        // Whoever logs in is shown them.
        Record::NoticesShown { .. } => asker.is_none(),
        Record::RegistrationCodeRemoved { digest } => {
            registers || store.registration_codes[digest].1 <= now || voids_codes()
        }
        Record::AwaySet { id, .. } | Record::AcksSet { id, .. } => itself(*id),
        Record::TokenCreated { account, .. } => itself(*account),
        Record::TokenRemoved { account, .. } => itself(*account) || has_code(*account),
        Record::TokenUsed { account, at, .. } => ended.contains(&(*account, *at)),
        Record::Seen { id, at } => has_ended(*id) && *at == now,
        Record::OperatorSet { on, .. } => match request {
            Request::Input(Input::Command(Command::ClaimOperator { .. }, _)) => {
                *on && !store.accounts.values().any(|account| account.operator)
            }
            _ => operates(),
        },
        Record::RoomCreated { id, .. } => asker.is_some() && is_new(*id),
        Record::RoomRenamed { id, .. } | Record::RoomDeleted { id } => settles(*id),
        Record::VisibilitySet { id, .. } => owns(*id),
        Record::TopicSet { id, .. } => leads(*id, Role::Moderator),
        Record::MemberAdded { room, account, role, .. } => {
            let is_revived = store.members_of(*room).next().is_none() && *room != GENERAL;
            let may_enter = || {
                let by_code = |code: &Name| {
                    let open = store.codes.iter().find(|(open, _)| open.as_str().eq_ignore_ascii_case(code.as_str()));
                    open.is_some_and(|(_, (of, _, until))| of == room && now < *until)
                };
                let code = match request {
                    Request::Input(Input::Command(Command::Accept { what: Some(code), .. }, _)) => by_code(code),
                    _ => false,
                };
                let is_asked = store.is_public(*room) || store.is_invited(*room, *account, now) || code;
                is_asked && !store.is_banned(*room, *account, now)
            };
            match (is_new(*room), registers) {
                (true, _) => asker.is_some() && (itself(*account) || *role == Role::Member),
                (false, true) => *room == GENERAL && *role == Role::Member,
                (false, false) => itself(*account) && may_enter() && (*role == Role::Owner) == is_revived,
            }
        }
        Record::MemberRemoved { room, account } => {
            !store.is_direct(*room)
                && (itself(*account) || (leads(*room, Role::Moderator) && is_above(*room, *account)))
        }
        Record::RoleSet { room, role, .. } => {
            let leaves = asker.is_some_and(|asker| store.role(*room, asker.account) == Some(Role::Owner));
            let hands_over = matches!(request.command(), Some(Command::HandOver { .. }));
            leads(*room, Role::Owner) || (leaves && *role == Role::Owner) || (hands_over && settles(*room))
        }
        Record::ReadSet { account, .. } => itself(*account) || has_ended(*account),
        Record::MessageSaid { room, author, .. } => {
            itself(*author) && (is_new(*room) || store.is_member(*room, *author))
        }
        Record::Mentioned { account, .. } => !itself(*account),
        Record::InvitationCreated { room, .. } | Record::CodeCreated { room, .. } => {
            let role = asker.and_then(|asker| store.role(*room, asker.account));
            role.is_some() && (store.is_public(*room) || role >= Some(Role::Moderator)) && !store.is_direct(*room)
        }
        Record::InvitationRemoved { room, account } => {
            itself(*account) || leads(*room, Role::Moderator) || !store.is_invited(*room, *account, now)
        }
        Record::CodeRemoved { code } => {
            let (room, _, until) = &store.codes[code];
            let is_accepted = matches!(request, Request::Input(Input::Command(Command::Accept { .. }, _)));
            leads(*room, Role::Moderator) || *until <= now || is_accepted
        }
        // Whoever takes a freed name is banned where its former owner was.
        Record::BanCreated { .. } if registers => true,
        Record::BanCreated { room, account, .. } => leads(*room, Role::Moderator) && is_above(*room, *account),
        Record::BanRemoved { room, .. } => leads(*room, Role::Moderator),
        Record::AccountBanCreated { account, .. } => operates() && !itself(*account) && !store.is_operator(*account),
        Record::AccountBanRemoved { account } => operates() || itself(*account),
        Record::AddressBanCreated { address, .. } => {
            let is_own = asker.is_some_and(|asker| before.clients[&asker.client].origin.address == *address);
            operates() && !is_own
        }
        Record::AddressBanRemoved { .. } => operates(),
    };
    assert!(may, "{asker:?} had no right to {record:?}");
    if let Some(asker) = asker {
        assert!(is_in_scope(before, asker, request, record), "the token of {asker:?} does not allow {record:?}");
    }
}

/// Whether the token of a session, if it has one, allows a record.
fn is_in_scope(before: &State, asker: Asker, request: &Request, record: &Record) -> bool {
    let Some((name, _)) = &before.clients[&asker.client].token else { return true };
    let scope = before.store.tokens[&(asker.account, name.clone())].scope;
    // With these the password is given.
    if let Some(
        Command::ChangePassword { .. }
        | Command::DeleteAccount
        | Command::NewToken { proved: true, .. }
        | Command::RevokeToken { proved: true, .. }
        | Command::CloseSession { proved: true, .. },
    ) = request.command()
    {
        return true;
    }
    match record {
        Record::ReadSet { .. } | Record::Seen { .. } | Record::TokenUsed { .. } => true,
        Record::TokenRemoved { name: removed, .. } => removed == name,
        Record::TokenCreated { .. } | Record::OperatorSet { .. } => false,
        Record::MessageSaid { .. } | Record::Mentioned { .. } | Record::AcksSet { .. } => scope >= TokenScope::Send,
        Record::RoomCreated { kind: RoomKind::Direct(..), .. } => scope >= TokenScope::Send,
        Record::MemberAdded { room, .. } if room.0 > before.store.last_room => scope >= TokenScope::Send,
        _ => scope == TokenScope::All,
    }
}

/// That what was removed by itself, or by a refused request, had expired, or could not be entered any more.
pub fn check_expired(before: &State, record: &Record) {
    let (store, now) = (&before.store, before.now);
    let is_expired = match record {
        Record::InvitationRemoved { room, account } => !store.is_invited(*room, *account, now),
        Record::CodeRemoved { code } => store.codes[code].2 <= now,
        Record::BanRemoved { room, account } => !store.is_banned(*room, *account, now),
        Record::AccountBanRemoved { account } => !holds(store.account_bans[account].until, now),
        Record::AddressBanRemoved { address } => !holds(store.address_bans[address].until, now),
        Record::PasswordCodeRemoved { account } => store.password_codes[account].1 <= now,
        Record::RegistrationCodeRemoved { digest } => store.registration_codes[digest].1 <= now,
        Record::NoticeLeft { account, notice: Notice::InvitationOver { room, by, revoked: false }, .. } => store
            .invitations_to(room)
            .any(|(_, invited, inviter, until)| invited == *account && store.person(inviter) == *by && until <= now),
        Record::NoticeLeft { account, notice: Notice::InvitationUnused { room, who, revoked: false }, .. } => store
            .invitations_to(room)
            .any(|(_, invited, inviter, until)| store.person(invited) == *who && inviter == *account && until <= now),
        Record::RoomDeleted { id } => {
            let invitations = store.invitations.keys().any(|(room, _)| room == id);
            let is_open = invitations || store.codes.values().any(|(room, ..)| room == id);
            let is_empty = if store.is_public(*id) { store.rooms[id].last_seq == 0 } else { !is_open };
            store.members_of(*id).next().is_none() && is_empty && !store.is_direct(*id) && *id != GENERAL
        }
        _ => false,
    };
    assert!(is_expired, "it has not lapsed: {record:?}");
}

/// That a refusal which names a reason is right.
pub fn check_refusal(before: &State, asker: Option<Asker>, refusal: &Refusal) {
    let (store, now) = (&before.store, before.now);
    let Some(asker) = asker else { return };
    let meant = |label: &RoomLabel| store.find(asker.account, label, now);
    let rank = |label| meant(label).and_then(|room| store.rank(room, asker.account));
    let person = |name: &Name| store.named(name);
    let role_of = |label, who: &Name| person(who).and_then(|who| store.role(meant(label)?, who));
    let is_true = match refusal {
        Refusal::NotLoggedIn => false,
        Refusal::NoSuchRoom { room, .. } => meant(room).is_none(),
        Refusal::NoCurrentRoom | Refusal::RoomLost { .. } => before.clients[&asker.client].room.is_none(),
        Refusal::NotMember { room } => meant(room).is_some_and(|room| !store.is_member(room, asker.account)),
        Refusal::AlreadyMember { room } => meant(room).is_some_and(|room| store.is_member(room, asker.account)),
        Refusal::OwnerOnly { room } => rank(room) < Some(Role::Owner),
        Refusal::ModeratorOnly { room } => rank(room) < Some(Role::Moderator),
        Refusal::OperatorOnly => !store.is_operator(asker.account),
        Refusal::RankTooHigh { room, you: true, .. } => {
            meant(room).is_some_and(|room| store.role(room, asker.account) == Some(Role::Owner))
        }
        Refusal::NoSuchInvitation { room: Some(room), what: Some(what) } => {
            let invited = person(what).and_then(|who| Some(store.invitations.contains_key(&(meant(room)?, who))));
            invited != Some(true)
        }
        Refusal::RankTooHigh { room, who, you: false } => {
            let other = person(who).and_then(|who| store.rank(meant(room)?, who));
            other >= rank(room) || other == Some(Role::Owner)
        }
        Refusal::NotInDirectRoom { room } => meant(room).is_some_and(|room| store.is_direct(room)),
        Refusal::NotInFirstRoom { room } => meant(room) == Some(GENERAL),
        Refusal::Banned { room, .. } => {
            let RoomLabel::Room(name) = &**room else { panic!("banned from a direct room") };
            let mut named = store.rooms.values().filter(|room| room.name.as_ref() == Some(name));
            named.any(|room| store.is_banned(room.id, asker.account, now))
        }
        Refusal::NoSuchAccount { name, .. } => person(name).is_none(),
        Refusal::NotThere { room, who } => role_of(room, who).is_none(),
        Refusal::AlreadyThere { room, who } => role_of(room, who).is_some(),
        Refusal::TargetBanned { room, who } => {
            let ban = person(who).and_then(|who| Some(store.is_banned(meant(room)?, who, now)));
            ban == Some(true)
        }
        Refusal::TargetIsOperator { who } => person(who).is_some_and(|who| store.is_operator(who)),
        Refusal::TokenExists { name } => {
            let token = store.tokens.get(&(asker.account, name.clone()));
            token.is_some_and(|token| holds(token.until, now))
        }
        Refusal::NoSuchToken { name } => {
            let token = store.tokens.get(&(asker.account, name.clone()));
            token.is_none_or(|token| !holds(token.until, now))
        }
        Refusal::NoSuchSession { session } => {
            before.clients.get(session).is_none_or(|client| client.account != asker.account)
        }
        Refusal::RegistrationClosed => store.registration == Registration::Closed,
        Refusal::RegistrationNeedsCode => store.registration == Registration::ByCode,
        Refusal::NameNotReserved { name } => store.former_names.get(&name.folded()).is_none_or(|former| former.freed),
        Refusal::LastOperator => store.accounts.values().filter(|account| account.operator).count() == 1,
        Refusal::NoSuchMessages { room, last } => meant(room).is_some_and(|room| store.rooms[&room].last_seq == *last),
        _ => true,
    };
    assert!(is_true, "{asker:?} is refused wrongly: {refusal:?}");
}

/// The bans that are in force, as a list shows them: all of the server (`None`) or of a room.
pub fn bans(state: &State, room: Option<RoomId>) -> Vec<(BanTarget, Option<Timestamp>)> {
    let (store, now) = (&state.store, state.now);
    let account = |account: &AccountId| BanTarget::Account(store.person(*account));
    let all: Vec<(BanTarget, Option<Timestamp>)> = match room {
        Some(room) => {
            let bans = store.bans.iter().filter(|((of, _), _)| *of == room);
            bans.map(|((_, who), ban)| (account(who), ban.until)).collect()
        }
        None => {
            let addresses = store.address_bans.iter().map(|(address, ban)| (BanTarget::Address(*address), ban.until));
            store.account_bans.iter().map(|(who, ban)| (account(who), ban.until)).chain(addresses).collect()
        }
    };
    all.into_iter().filter(|(_, until)| holds(*until, now)).collect()
}
