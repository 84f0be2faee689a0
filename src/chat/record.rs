//! Records: the changes of durable state, and the one place where they are applied.
//!
//! Handlers check and compute records; [`Chat::apply`] changes the state. It returns the inverse of each change, so that a
//! turn that could not be stored is undone without reading the store again, in time proportional to the turn. State that is
//! not durable and depends on the changes (presence, the listeners of a room) is changed with them.

use std::collections::BTreeMap;
use std::fmt;

use super::account::Account;
use super::lapse::Lapse;
use super::password_code::PasswordCode;
use super::room::{Invitation, Member, OpenCode, Room, RoomKind};
use super::token::Token;
use super::{
    AccountId, Chat, ClientId, Code, Effects, MessageKind, Name, Notice, PasswordHash, ReadMark, Registration, Role,
    RoomId, SendKey, Seq, StoredBan, Text, Timestamp, TokenDigest, TokenScope, Visibility,
};
use crate::address::Address;

/// One change of durable state. All records of a turn are committed in one transaction, in their order, before the turn's
/// deliveries.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A new account. A freed name is taken by it.
    AccountCreated { id: AccountId, name: Name, hash: PasswordHash, at: Timestamp },
    /// A new password; the version counts up with each.
    PasswordSet { id: AccountId, hash: PasswordHash, version: u64 },
    /// The account loses its name, which stays reserved, and its password; its messages stay.
    AccountDeleted { id: AccountId, at: Timestamp },
    /// The account is away with a text, or back.
    AwaySet { id: AccountId, text: Option<Text> },
    /// Whether the account wants acknowledgements.
    AcksSet { id: AccountId, on: bool },
    /// Whether the account is an operator of the server.
    OperatorSet { id: AccountId, on: bool },
    /// When the account was last connected.
    Seen { id: AccountId, at: Timestamp },
    /// The name of a deleted account is free again.
    NameFreed { name: Name },
    /// A code for a new password, in place of an earlier one.
    PasswordCodeMade { account: AccountId, digest: TokenDigest, until: Timestamp },
    /// The code was used.
    PasswordCodeRemoved { account: AccountId },
    /// A notice for the next login of an account.
    NoticeLeft { account: AccountId, at: Timestamp, notice: Notice },
    /// All notices of an account were shown.
    NoticesShown { account: AccountId },
    /// Who can create an account.
    RegistrationSet { registration: Registration },
    /// A code for a new account.
    RegistrationCodeMade { digest: TokenDigest, by: AccountId, until: Timestamp },
    /// A code for a new account was used or has expired.
    RegistrationCodeRemoved { digest: TokenDigest },

    /// A new token, in place of an earlier one of that name.
    TokenCreated {
        account: AccountId,
        name: Name,
        digest: TokenDigest,
        scope: TokenScope,
        at: Timestamp,
        until: Option<Timestamp>,
    },
    /// When a token was last used to log in.
    TokenUsed { account: AccountId, name: Name, at: Timestamp },
    /// A token was revoked or has expired.
    TokenRemoved { account: AccountId, name: Name },

    /// A new room.
    RoomCreated { id: RoomId, kind: RoomKind, at: Timestamp },
    /// A new name of a room.
    RoomRenamed { id: RoomId, name: Name },
    /// A room becomes public or private.
    VisibilitySet { id: RoomId, visibility: Visibility },
    /// A new topic with its author and time, or none.
    TopicSet { id: RoomId, topic: Option<(Text, AccountId, Timestamp)> },
    /// A room is deleted, with everything in it.
    RoomDeleted { id: RoomId },

    /// A new member, with its read mark.
    MemberAdded { room: RoomId, account: AccountId, role: Role, since: Timestamp, read: ReadMark },
    /// Somebody is no longer a member.
    MemberRemoved { room: RoomId, account: AccountId },
    /// A new role of a member.
    RoleSet { room: RoomId, account: AccountId, role: Role },
    /// A new read mark of a member; mentions in it are no longer unread.
    ReadSet { room: RoomId, account: AccountId, read: ReadMark },

    /// A message.
    MessageSaid {
        room: RoomId,
        seq: Seq,
        at: Timestamp,
        author: AccountId,
        kind: MessageKind,
        program: bool,
        text: Text,
        key: Option<SendKey>,
    },
    /// A message names a member.
    Mentioned { room: RoomId, seq: Seq, account: AccountId },

    /// An invitation, in place of an earlier one.
    InvitationCreated { room: RoomId, account: AccountId, by: AccountId, until: Timestamp },
    /// An invitation was used or revoked.
    InvitationRemoved { room: RoomId, account: AccountId },
    /// A one-time code.
    CodeCreated { room: RoomId, code: Code, by: AccountId, until: Timestamp },
    /// A code was used, revoked or has expired.
    CodeRemoved { code: Code },

    /// A ban from a room, in place of an earlier one.
    BanCreated { room: RoomId, account: AccountId, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// A ban from a room was lifted.
    BanRemoved { room: RoomId, account: AccountId },
    /// A ban of an account from the server, in place of an earlier one.
    AccountBanCreated { account: AccountId, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// A ban of an account from the server was lifted.
    AccountBanRemoved { account: AccountId },
    /// A ban of an address from the server, in place of an earlier one.
    AddressBanCreated { address: Address, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// A ban of an address from the server was lifted.
    AddressBanRemoved { address: Address },
}

/// The inverse of one change.
pub(super) struct Undo(Box<dyn FnOnce(&mut Chat) + Send>);

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Undo(..)")
    }
}

impl Undo {
    pub fn of(how: impl FnOnce(&mut Chat) + Send + 'static) -> Undo {
        Undo(Box::new(how))
    }
}

pub(super) fn undo(how: impl FnOnce(&mut Chat) + Send + 'static) -> Undo {
    Undo::of(how)
}

impl Chat {
    /// Applies a record and adds it to those that are stored.
    pub(super) fn record(&mut self, record: Record, effects: &mut Effects) {
        let undo = self.apply(&record);
        self.undo.push(undo);
        effects.records.push(record);
    }

    /// Everything decided so far is stored and about to be delivered: it is not undone any more.
    pub fn settle(&mut self) {
        self.undo.clear();
        self.marked.clear();
        self.settled_turns += u64::from(!self.talked.is_empty());
        self.sessions.settle();
        self.keyed.clear();
        for id in std::mem::take(&mut self.talked) {
            if let Some(room) = self.rooms.try_get_mut(id) {
                (room.settled_seq, room.settled_turn) = (room.last_seq, self.settled_turns);
            }
        }
    }

    /// The decisions since the last [`Chat::settle`] could not be stored: undoes them. Sessions that have ended stay ended,
    /// and the caller has already ended those that began.
    pub fn roll_back(&mut self) {
        self.sessions.roll_back();
        while let Some(Undo(how)) = self.undo.pop() {
            how(self);
        }
        for (room, account, from, to) in std::mem::take(&mut self.marked) {
            let member = self.rooms.try_get_mut(room).and_then(|room| room.members.get_mut(&account));
            member.map(|member| member.mark(from, to));
        }
        self.keyed.clear();
        self.talked.clear();
    }

    /// Changes durable state; nothing else does. The record was decided on this state or an equal one, so everything that it
    /// refers to exists.
    fn apply(&mut self, record: &Record) -> Undo {
        match record {
            Record::AccountCreated { id, name, hash: _, at } => {
                let id = *id;
                let former = self.accounts.take_former(name);
                self.accounts.insert(Account::new(id, name.clone(), *at));
                undo(move |chat| {
                    chat.accounts.remove(id);
                    former.into_iter().for_each(|former| chat.accounts.put_former(former));
                })
            }
            Record::PasswordSet { id, hash: _, version } => {
                let (id, account) = (*id, self.accounts.get_mut(*id));
                let old = std::mem::replace(&mut account.password_version, *version);
                undo(move |chat| chat.accounts.get_mut(id).password_version = old)
            }
            Record::AccountDeleted { id, at: _ } => {
                let id = *id;
                let operator = self.accounts.set_operator(id, false);
                let account = self.accounts.get_mut(id);
                let away = account.away.take();
                let code = account.password_code.take();
                let notices = std::mem::take(&mut account.notices);
                let name = self.accounts.retire_name(id);
                undo(move |chat| {
                    chat.accounts.set_operator(id, operator);
                    let account = chat.accounts.get_mut(id);
                    account.away = away;
                    (account.password_code, account.notices) = (code, notices);
                    if let Some(name) = name {
                        chat.accounts.set_name(id, name);
                    }
                })
            }
            Record::AwaySet { id, text } => {
                let (id, old) = (*id, std::mem::replace(&mut self.accounts.get_mut(*id).away, text.clone()));
                undo(move |chat| chat.accounts.get_mut(id).away = old)
            }
            Record::AcksSet { id, on } => {
                let (id, old) = (*id, std::mem::replace(&mut self.accounts.get_mut(*id).acks, *on));
                undo(move |chat| chat.accounts.get_mut(id).acks = old)
            }
            Record::OperatorSet { id, on } => {
                let (id, old) = (*id, self.accounts.set_operator(*id, *on));
                undo(move |chat| _ = chat.accounts.set_operator(id, old))
            }
            Record::Seen { id, at } => {
                let (id, old) = (*id, self.accounts.get_mut(*id).last_seen.replace(*at));
                undo(move |chat| chat.accounts.get_mut(id).last_seen = old)
            }
            Record::NameFreed { name } => {
                self.accounts.set_freed(name, true);
                let name = name.clone();
                undo(move |chat| chat.accounts.set_freed(&name, false))
            }
            Record::PasswordCodeMade { account, digest, until } => {
                self.set_password_code(*account, Some(PasswordCode { digest: *digest, until: *until }))
            }
            Record::PasswordCodeRemoved { account } => self.set_password_code(*account, None),
            Record::NoticeLeft { account, at, notice } => {
                let account = *account;
                self.accounts.get_mut(account).notices.push((*at, notice.clone()));
                undo(move |chat| _ = chat.accounts.get_mut(account).notices.pop())
            }
            Record::NoticesShown { account } => {
                let (id, old) = (*account, std::mem::take(&mut self.accounts.get_mut(*account).notices));
                undo(move |chat| chat.accounts.get_mut(id).notices = old)
            }
            Record::RegistrationSet { registration } => {
                let old = std::mem::replace(&mut self.registration, *registration);
                undo(move |chat| chat.registration = old)
            }
            Record::RegistrationCodeMade { digest, by, until } => {
                self.set_registration_code(*digest, Some((*by, *until)))
            }
            Record::RegistrationCodeRemoved { digest } => self.set_registration_code(*digest, None),

            Record::TokenCreated { account, name, digest, scope, at, until } => {
                let token = Token { digest: *digest, scope: *scope, created: *at, until: *until, used: None };
                self.set_token(*account, name, Some(token))
            }
            Record::TokenUsed { account, name, at } => {
                let token = self.accounts.get(*account).tokens.get(name).cloned();
                self.set_token(*account, name, token.map(|token| Token { used: Some(*at), ..token }))
            }
            Record::TokenRemoved { account, name } => self.set_token(*account, name, None),

            Record::RoomCreated { id, kind, at } => {
                let id = *id;
                self.rooms.insert(Room::new(id, kind.clone(), *at));
                undo(move |chat| chat.rooms.take_back(id))
            }
            Record::RoomRenamed { id, name } => {
                let (id, old) = (*id, self.rooms.rename(*id, name.clone()));
                undo(move |chat| drop(chat.rooms.rename(id, old)))
            }
            Record::VisibilitySet { id, visibility } => {
                let (id, old) = (*id, self.rooms.set_visibility(*id, *visibility));
                undo(move |chat| _ = chat.rooms.set_visibility(id, old))
            }
            Record::TopicSet { id, topic } => {
                let (id, old) = (*id, std::mem::replace(&mut self.rooms.get_mut(*id).topic, topic.clone()));
                undo(move |chat| chat.rooms.get_mut(id).topic = old)
            }
            Record::RoomDeleted { id } => {
                let id = *id;
                for account in self.rooms.get(id).invitations.keys() {
                    self.accounts.get_mut(*account).invitations.remove(&id);
                }
                let codes = self.rooms.delete(id);
                undo(move |chat| chat.restore_room(id, codes))
            }

            Record::MemberAdded { room, account, role, since, read } => {
                let (room, account) = (*room, *account);
                self.insert_member(room, account, Member::new(*role, *since, read.clone()));
                let clients = &self.accounts.get(account).clients;
                clients.iter().for_each(|client| self.rooms.get_mut(room).listen(*client));
                undo(move |chat| drop(chat.take_member(room, account)))
            }
            Record::MemberRemoved { room, account } => {
                let (room, account) = (*room, *account);
                let (member, listeners) = self.take_member(room, account);
                undo(move |chat| {
                    chat.insert_member(room, account, member);
                    let listeners = listeners.into_iter().filter(|(client, _)| chat.sessions.get(*client).is_some());
                    chat.rooms.get_mut(room).listen_as_before(listeners);
                })
            }
            Record::RoleSet { room, account, role } => {
                let (room, account) = (*room, *account);
                let old = self.rooms.get_mut(room).set_role(account, *role);
                undo(move |chat| _ = chat.rooms.get_mut(room).set_role(account, old))
            }
            Record::ReadSet { room, account, read } => {
                let (room, account) = (*room, *account);
                let member = self.member_mut(room, account);
                let old = (std::mem::replace(&mut member.read, read.clone()), member.mentions.clone(), member.moved);
                member.mentions.retain(|mention| !read.contains(*mention));
                member.moved = false;
                undo(move |chat| {
                    let member = chat.member_mut(room, account);
                    (member.read, member.mentions, member.moved) = old;
                })
            }

            Record::MessageSaid { room, seq, author, .. } => {
                let (id, seq, author) = (*room, *seq, *author);
                self.talked.push(id);
                let room = self.rooms.get_mut(id);
                room.last_seq = seq;
                // An account's own messages are never unread.
                let read = room.members.get_mut(&author).map(|member| {
                    let old = (member.read.clone(), member.moved);
                    member.moved |= member.read.mark(seq, seq);
                    old
                });
                undo(move |chat| {
                    let room = chat.rooms.get_mut(id);
                    room.last_seq = seq - 1;
                    if let (Some(member), Some(old)) = (room.members.get_mut(&author), read) {
                        (member.read, member.moved) = old;
                    }
                })
            }
            Record::Mentioned { room, seq, account } => {
                let (room, account) = (*room, *account);
                self.member_mut(room, account).mentions.push(*seq);
                undo(move |chat| _ = chat.member_mut(room, account).mentions.pop())
            }

            Record::InvitationCreated { room, account, by, until } => {
                self.set_invitation(*room, *account, Some(Invitation { by: *by, until: *until }))
            }
            Record::InvitationRemoved { room, account } => self.set_invitation(*room, *account, None),
            Record::CodeCreated { room, code, by: _, until } => {
                self.set_code(code, Some(OpenCode { room: *room, until: *until }))
            }
            Record::CodeRemoved { code } => self.set_code(code, None),

            Record::BanCreated { room, account, by, at, until, why } => {
                self.set_ban(*room, *account, Some(StoredBan { by: *by, at: *at, until: *until, why: why.clone() }))
            }
            Record::BanRemoved { room, account } => self.set_ban(*room, *account, None),
            Record::AccountBanCreated { account, by, at, until, why } => {
                let ban = StoredBan { by: *by, at: *at, until: *until, why: why.clone() };
                self.set_account_ban(*account, Some(ban))
            }
            Record::AccountBanRemoved { account } => self.set_account_ban(*account, None),
            Record::AddressBanCreated { address, by, at, until, why } => {
                let ban = StoredBan { by: *by, at: *at, until: *until, why: why.clone() };
                self.set_address_ban(*address, Some(ban))
            }
            Record::AddressBanRemoved { address } => self.set_address_ban(*address, None),
        }
    }

    fn set_token(&mut self, account: AccountId, name: &Name, token: Option<Token>) -> Undo {
        // Names compare without case: the key is replaced too.
        let (name, tokens) = (name.clone(), &mut self.accounts.get_mut(account).tokens);
        let old = tokens.remove_entry(&name);
        put(tokens, name.clone(), token);
        undo(move |chat| {
            let tokens = &mut chat.accounts.get_mut(account).tokens;
            tokens.remove(&name);
            tokens.extend(old);
        })
    }

    fn set_password_code(&mut self, id: AccountId, code: Option<PasswordCode>) -> Undo {
        let old = self.put_password_code(id, code);
        undo(move |chat| _ = chat.put_password_code(id, old))
    }

    fn put_password_code(&mut self, id: AccountId, code: Option<PasswordCode>) -> Option<PasswordCode> {
        let old = std::mem::replace(&mut self.accounts.get_mut(id).password_code, code);
        self.lapses_at(Lapse::PasswordCode(id), old.map(|old| old.until), code.map(|code| code.until));
        old
    }

    fn set_registration_code(&mut self, digest: TokenDigest, code: Option<(AccountId, Timestamp)>) -> Undo {
        let old = self.put_registration_code(digest, code);
        undo(move |chat| _ = chat.put_registration_code(digest, old))
    }

    fn put_registration_code(
        &mut self,
        digest: TokenDigest,
        code: Option<(AccountId, Timestamp)>,
    ) -> Option<(AccountId, Timestamp)> {
        let old = put(&mut self.registration_codes, digest, code);
        let end = |code: Option<(AccountId, Timestamp)>| code.map(|(_, until)| until);
        self.lapses_at(Lapse::RegistrationCode(digest), end(old), end(code));
        old
    }

    fn set_invitation(&mut self, room: RoomId, account: AccountId, invitation: Option<Invitation>) -> Undo {
        let old = self.put_invitation(room, account, invitation);
        undo(move |chat| _ = chat.put_invitation(room, account, old))
    }

    fn put_invitation(&mut self, id: RoomId, account: AccountId, invitation: Option<Invitation>) -> Option<Invitation> {
        let new = invitation.as_ref().map(|invitation| invitation.until);
        let (rooms, invitations) =
            (&mut self.accounts.get_mut(account).invitations, &mut self.rooms.get_mut(id).invitations);
        let old = match invitation {
            Some(invitation) => {
                rooms.insert(id);
                invitations.insert(account, invitation)
            }
            None => {
                rooms.remove(&id);
                let old = invitations.remove(&account);
                self.lost_a_way_in(id);
                old
            }
        };
        self.lapses_at(Lapse::Invitation(id, account), old.as_ref().map(|old| old.until), new);
        old
    }

    fn set_code(&mut self, code: &Code, open: Option<OpenCode>) -> Undo {
        let (code, old) = (code.clone(), self.put_code(code, open));
        undo(move |chat| _ = chat.put_code(&code, old))
    }

    fn put_code(&mut self, code: &Code, open: Option<OpenCode>) -> Option<OpenCode> {
        let new = open.as_ref().map(|open| open.until);
        let old = self.rooms.put_code(code, open);
        if new.is_none()
            && let Some(old) = &old
        {
            self.lost_a_way_in(old.room);
        }
        self.lapses_at(Lapse::Code(code.clone()), old.as_ref().map(|old| old.until), new);
        old
    }

    fn set_ban(&mut self, room: RoomId, account: AccountId, ban: Option<StoredBan>) -> Undo {
        let old = self.put_ban(room, account, ban);
        undo(move |chat| _ = chat.put_ban(room, account, old))
    }

    fn put_ban(&mut self, id: RoomId, account: AccountId, ban: Option<StoredBan>) -> Option<StoredBan> {
        let new = end(ban.as_ref());
        let (rooms, bans) = (&mut self.accounts.get_mut(account).bans, &mut self.rooms.get_mut(id).bans);
        let old = match ban {
            Some(ban) => {
                rooms.insert(id);
                bans.insert(account, ban)
            }
            None => {
                rooms.remove(&id);
                bans.remove(&account)
            }
        };
        self.lapses_at(Lapse::Ban(id, account), end(old.as_ref()), new);
        old
    }

    fn set_account_ban(&mut self, account: AccountId, ban: Option<StoredBan>) -> Undo {
        let old = self.put_account_ban(account, ban);
        undo(move |chat| _ = chat.put_account_ban(account, old))
    }

    fn put_account_ban(&mut self, account: AccountId, ban: Option<StoredBan>) -> Option<StoredBan> {
        let new = end(ban.as_ref());
        let old = put(&mut self.account_bans, account, ban);
        self.lapses_at(Lapse::AccountBan(account), end(old.as_ref()), new);
        old
    }

    fn set_address_ban(&mut self, address: Address, ban: Option<StoredBan>) -> Undo {
        let old = self.put_address_ban(address, ban);
        undo(move |chat| _ = chat.put_address_ban(address, old))
    }

    fn put_address_ban(&mut self, address: Address, ban: Option<StoredBan>) -> Option<StoredBan> {
        let new = end(ban.as_ref());
        let old = put(&mut self.address_bans, address, ban);
        self.lapses_at(Lapse::AddressBan(address), end(old.as_ref()), new);
        old
    }

    fn member_mut(&mut self, room: RoomId, account: AccountId) -> &mut Member {
        self.rooms.get_mut(room).members.get_mut(&account).expect("the record is about a member")
    }

    /// Makes an account a member, without its connections hearing the room.
    fn insert_member(&mut self, id: RoomId, account: AccountId, member: Member) {
        let owner = self.accounts.get_mut(account);
        owner.rooms.insert(id);
        self.rooms.insert_member(id, account, member);
        if owner.is_online() {
            self.rooms.get_mut(id).present.insert(account);
        }
    }

    /// Takes a member out. Returns it with those of its connections that listened, and since when.
    fn take_member(&mut self, id: RoomId, account: AccountId) -> (Member, Vec<(ClientId, Seq)>) {
        let owner = self.accounts.get_mut(account);
        owner.rooms.remove(&id);
        let member = self.rooms.remove_member(id, account);
        let room = self.rooms.get_mut(id);
        room.present.remove(&account);
        let listeners =
            owner.clients.iter().filter_map(|client| room.stop_listening(*client).map(|since| (*client, since)));
        (member, listeners.collect())
    }

    /// Restores a deleted room, without the connections that have ended since.
    fn restore_room(&mut self, id: RoomId, codes: Vec<(Code, OpenCode)>) {
        self.rooms.restore(id, codes);
        let room = self.rooms.get_mut(id);
        for account in room.invitations.keys() {
            self.accounts.get_mut(*account).invitations.insert(id);
        }
        room.present.retain(|account| self.accounts.get(*account).is_online());
        room.retain_listeners(|client| self.sessions.get(client).is_some());
    }
}

/// Inserts, replaces or removes the value of a key.
/// Sets or removes a value. Returns the old one.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

fn end(ban: Option<&StoredBan>) -> Option<Timestamp> {
    ban.and_then(|ban| ban.until)
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, room, text};
    use super::super::{BanTarget, Command, TokenSecret};
    use super::*;

    /// A command of each kind, in an order in which all succeed.
    fn commands() -> Vec<(u64, Command)> {
        let tea = || Some(room("tea"));
        let seconds = Some(60);
        vec![
            (ANA, Command::Create { name: name("tea"), visibility: Visibility::Public }),
            (BOB, Command::Join { room: room("tea"), visibility: None }),
            (ANA, Command::Say { room: tea(), kind: MessageKind::Speech, text: text("bob: hi"), key: None }),
            (BOB, Command::CatchUp { room: None }),
            (BOB, Command::SetRead { room: room("tea"), up_to: 0 }),
            (ANA, Command::Tell { to: name("bob"), text: text("psst") }),
            (ANA, Command::SetTopic { room: tea(), text: text("cake") }),
            (ANA, Command::RenameRoom { room: tea(), name: name("cake") }),
            (ANA, Command::RenameRoom { room: Some(room("cake")), name: name("tea") }),
            (ANA, Command::Promote { who: name("bob"), room: tea() }),
            (ANA, Command::Demote { who: name("bob"), room: tea() }),
            (ANA, Command::Kick { who: name("bob"), room: tea(), why: text("") }),
            (ANA, Command::SetVisibility { room: tea(), visibility: Visibility::Private }),
            (ANA, Command::Invite { who: name("bob"), room: tea() }),
            (ANA, Command::Uninvite { what: name("bob"), room: tea() }),
            (ANA, Command::Invite { who: name("bob"), room: tea() }),
            (BOB, Command::Accept { what: None, by: None }),
            (ANA, Command::InviteByCode { room: tea(), code: Code::typed("maple-otter-42") }),
            (ANA, Command::Uninvite { what: name("maple-otter-42"), room: tea() }),
            (ANA, Command::InviteByCode { room: tea(), code: Code::typed("maple-otter-43") }),
            (ANA, Command::HandOver { room: tea(), to: name("bob") }),
            (BOB, Command::HandOver { room: tea(), to: name("ana") }),
            (ANA, Command::Ban { who: name("bob"), room: tea(), seconds, why: text("") }),
            (ANA, Command::Unban { who: name("bob"), room: tea() }),
            (ANA, Command::Invite { who: name("bob"), room: tea() }),
            (ANA, Command::DeleteRoom { room: tea(), confirmation: Some(name("tea")) }),
            (BOB, Command::Away { text: text("lunch") }),
            (BOB, Command::Back),
            (BOB, Command::SetAcks { on: true }),
            (ANA, Command::ClaimOperator { code: Code::typed("operator") }),
            (ANA, Command::ServerPromote { who: name("bob") }),
            (ANA, Command::ServerDemote { who: name("bob") }),
            (ANA, Command::ServerBan { target: address(), seconds, why: text("") }),
            (ANA, Command::ServerUnban { target: address() }),
            (ANA, Command::ServerBan { target: BanTarget::Account(name("bob")), seconds, why: text("") }),
            (ANA, Command::ServerUnban { target: BanTarget::Account(name("bob")) }),
            (ANA, new_token(seconds)),
            (ANA, Command::RevokeToken { name: name("BOT"), proved: false }),
            (ANA, Command::ChangePassword { hash: PasswordHash("!".into()) }),
            (ANA, Command::SetRegistration { registration: Registration::ByCode }),
            (ANA, Command::MakeRegistrationCode { code: Code::typed("a"), digest: DIGEST }),
            (ANA, Command::MakePasswordCode { who: name("bob"), code: Code::typed("b"), digest: DIGEST }),
            (ANA, Command::ServerPromote { who: name("bob") }),
            (ANA, Command::Leave { room: Some(room("general")), confirmation: None }),
            (ANA, Command::DeleteAccount),
            (BOB, Command::FreeName { name: name("ana") }),
        ]
    }

    const DIGEST: TokenDigest = TokenDigest([7; 32]);

    fn new_token(seconds: Option<u64>) -> Command {
        let (name, secret, scope) = (name("bot"), TokenSecret("x".into()), TokenScope::All);
        Command::NewToken { name, secret, digest: DIGEST, scope, seconds, proved: false }
    }

    fn address() -> BanTarget {
        BanTarget::Address(Address::parse("198.51.100.7").unwrap())
    }

    #[test]
    fn what_could_not_be_stored_has_not_happened() {
        let mut chat = TestChat::new();
        for (client, command) in commands() {
            let before = chat.durable();
            let refused = chat.decide(client, command.clone());
            assert!(!refused, "{command:?}");
            assert_ne!(chat.durable(), before, "it changed something: {command:?}");
            chat.chat.roll_back();
            assert_eq!(chat.durable(), before, "{command:?}");
            // Ended sessions do not come back, so the others log in again.
            if !chat.chat.is_logged_in(ClientId(client)) || !chat.chat.is_logged_in(ClientId(BOB)) {
                chat.log_in_again();
            }
            assert!(!chat.decide(client, command));
            chat.chat.settle();
            chat.log_in_again();
        }
    }

    #[test]
    fn what_was_read_in_a_turn_that_could_not_be_stored_stays_read() {
        let mut chat = TestChat::new();
        chat.say(ANA, "one");
        chat.decide(BOB, Command::CatchUp { room: None });
        chat.chat.act(Timestamp(0), ClientId(BOB), true, &mut Effects::default());
        chat.chat.roll_back();
        assert_eq!(chat.missed(BOB), (0, 0));
    }

    #[test]
    fn a_whole_turn_is_undone_in_reverse() {
        let mut chat = TestChat::new();
        let before = chat.durable();
        for (client, command) in commands().into_iter().take(26) {
            assert!(!chat.decide(client, command));
        }
        chat.chat.roll_back();
        assert_eq!(chat.durable(), before);
        chat.say(ANA, "one");
        assert_eq!(chat.missed(BOB), (1, 0), "bob still listens to the room, but has not read the message yet");
    }
}
