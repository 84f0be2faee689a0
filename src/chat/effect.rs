//! What a decision leads to: records to store, events to deliver, sessions to end, history to be read.

use std::sync::Arc;

use super::{
    AccountId, ClientId, Code, Event, Farewell, MessageKind, Name, PasswordHash, ReadMark, Role, RoomId, RoomLabel,
    SendKey, Seq, Text, Timestamp, TokenDigest, Visibility,
};
use crate::address::Address;

/// One fact to store. All records of a turn are committed together, in their order, before anything else of the turn
/// happens.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A new account.
    AccountMade { id: AccountId, name: Name, hash: PasswordHash, at: Timestamp },
    /// A new password; the version counts up with each.
    PasswordSet { id: AccountId, hash: PasswordHash, version: u64 },
    /// The account has no name and no password any more; what it wrote stays.
    AccountDeleted { id: AccountId, at: Timestamp },
    /// Away with a text, or back.
    AwaySet { id: AccountId, text: Option<Text> },
    /// Whether the account wants acknowledgements.
    AcksSet { id: AccountId, on: bool },
    /// Whether the account is an operator of the server.
    OperatorSet { id: AccountId, on: bool },
    /// When the account was last connected.
    Seen { id: AccountId, at: Timestamp },

    /// A new token, in place of an earlier one of that name.
    TokenMade { account: AccountId, name: Name, digest: TokenDigest, at: Timestamp, until: Option<Timestamp> },
    /// Somebody logged in by a token.
    TokenUsed { account: AccountId, name: Name, at: Timestamp },
    /// A token is taken back or over.
    TokenRemoved { account: AccountId, name: Name },

    /// A new room; `name` and `visibility` are `None` for a direct one.
    RoomMade { id: RoomId, name: Option<Name>, visibility: Option<Visibility>, at: Timestamp },
    /// Another name.
    RoomRenamed { id: RoomId, name: Name },
    /// Public or private.
    VisibilitySet { id: RoomId, visibility: Visibility },
    /// Another topic, by whom and when; or none.
    TopicSet { id: RoomId, topic: Option<(Text, AccountId, Timestamp)> },
    /// The room and all in it is gone.
    RoomDeleted { id: RoomId },

    /// A new member, and what it has read.
    MemberAdded { room: RoomId, account: AccountId, role: Role, since: Timestamp, read: ReadMark },
    /// A member less.
    MemberRemoved { room: RoomId, account: AccountId },
    /// Another role.
    RoleSet { room: RoomId, account: AccountId, role: Role },
    /// What a member has read. Mentions in these messages are removed; one that was removed does not come back when the
    /// mark moves backwards.
    ReadSet { room: RoomId, account: AccountId, read: ReadMark },

    /// A message.
    MessageSaid {
        room: RoomId,
        seq: Seq,
        at: Timestamp,
        author: AccountId,
        kind: MessageKind,
        text: Text,
        key: Option<SendKey>,
    },
    /// A message names a member.
    Mentioned { room: RoomId, seq: Seq, account: AccountId },

    /// An invitation, in place of an earlier one.
    InvitationMade { room: RoomId, account: AccountId, by: AccountId, until: Timestamp },
    /// An invitation is used or taken back.
    InvitationRemoved { room: RoomId, account: AccountId },
    /// A one-time code.
    CodeMade { room: RoomId, code: Code, by: AccountId, until: Timestamp },
    /// A code is used, taken back or expired.
    CodeRemoved { code: Code },

    /// A ban from a room, in place of an earlier one.
    BanMade { room: RoomId, account: AccountId, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// A ban from a room is lifted or over.
    BanRemoved { room: RoomId, account: AccountId },
    /// A ban of an account from the server.
    AccountBanMade { account: AccountId, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// Lifted or over.
    AccountBanRemoved { account: AccountId },
    /// A ban of an address from the server.
    AddressBanMade { address: Address, by: AccountId, at: Timestamp, until: Option<Timestamp>, why: Text },
    /// Lifted or over.
    AddressBanRemoved { address: Address },
}

/// Who is to be told an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Audience {
    /// One client.
    One(ClientId),
    /// All of these but one. The list is shared between the messages of a room.
    Many(Arc<[ClientId]>, Option<ClientId>),
}

/// Something that happens for clients once the records of its turn are stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// These are told something.
    Event(Audience, Event),
    /// The client may read a part of the history. What is delivered to it after this comes after that part.
    Grant(ClientId, Grant),
    /// The client's session has ended by the chat's decision.
    End(ClientId, Farewell),
}

/// What a front is allowed to read from the history for one client, decided once: messages that come later have higher
/// numbers and reach the client live, so there is neither gap nor double.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// What to read, in this order.
    pub ranges: Vec<GrantedRange>,
    /// What for.
    pub purpose: Purpose,
}

/// A part of a room's history that may be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantedRange {
    /// The room.
    pub room: RoomId,
    /// The room as the reader calls it.
    pub label: RoomLabel,
    /// The first number.
    pub from: Seq,
    /// The last number.
    pub to: Seq,
    /// The room's newest number at the time of the grant.
    pub last: Seq,
}

/// What a granted part of the history is read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// `/history`: numbers are shown.
    History,
    /// The last few messages, shown on entering a room.
    Recent,
    /// The last few messages, shown to somebody who has just registered.
    FirstSight,
    /// `/unread`: what is shown counts as read. So many unread messages remain after it.
    Unread {
        /// How many remain.
        remaining: u64,
    },
    /// Messages that a program missed: all of them are given, and count as read.
    Resume,
}

/// What one or more inputs lead to. The caller makes it, the core fills it, the caller carries it out: it stores
/// `records`; if that failed it does nothing else; it carries out the deliveries in their order.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Effects {
    /// To be committed together before anything else happens.
    pub records: Vec<Record>,
    /// To be carried out in this order.
    pub deliveries: Vec<Delivery>,
    /// The address bans have changed: whoever admits connections must be told the new list.
    pub address_bans_changed: bool,
}

impl Effects {
    /// Makes it empty again, keeping its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.deliveries.clear();
        self.address_bans_changed = false;
    }

    pub(super) fn store(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(super) fn tell(&mut self, client: ClientId, event: Event) {
        self.deliveries.push(Delivery::Event(Audience::One(client), event));
    }

    pub(super) fn tell_all(&mut self, clients: Arc<[ClientId]>, except: Option<ClientId>, event: Event) {
        if !clients.is_empty() {
            self.deliveries.push(Delivery::Event(Audience::Many(clients, except), event));
        }
    }

    pub(super) fn grant(&mut self, client: ClientId, grant: Grant) {
        self.deliveries.push(Delivery::Grant(client, grant));
    }

    pub(super) fn end(&mut self, client: ClientId, farewell: Farewell) {
        self.deliveries.push(Delivery::End(client, farewell));
    }
}
