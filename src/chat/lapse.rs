//! Lapses: invitations, codes and bans that have ended are removed, and so are rooms that nobody can enter any more. Nobody
//! requests that, so it is done in bounded pieces, with the turns.

use super::record::Undo;
use super::{AccountId, Chat, Code, Effects, GENERAL, Record, RoomId, Timestamp, TokenDigest};
use crate::address::Address;

/// Most of what has lapsed that one turn removes.
const LAPSES_PER_TURN_MAX: usize = 100;
/// Most members of deleted rooms that one turn removes from memory.
const FORGOTTEN_PER_TURN_MAX: usize = 500;

/// Something that ends at a time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Lapse {
    Invitation(RoomId, AccountId),
    Code(Code),
    Ban(RoomId, AccountId),
    AccountBan(AccountId),
    PasswordCode(AccountId),
    RegistrationCode(TokenDigest),
    AddressBan(Address),
}

impl Chat {
    /// Removes a bounded piece of what has ended by now. Returns whether more is left.
    pub fn sweep(&mut self, now: Timestamp, effects: &mut Effects) -> bool {
        for (room, account) in self.rooms.forget_members(FORGOTTEN_PER_TURN_MAX) {
            let account = self.accounts.get_mut(account);
            account.rooms.remove(&room);
        }
        for _ in 0..LAPSES_PER_TURN_MAX {
            let Some(record) = self.next_lapse(now) else { break };
            effects.address_bans_changed |= matches!(record, Record::AddressBanRemoved { .. });
            match record {
                Record::InvitationRemoved { room, account } => self.end_invitation(now, room, account, None, effects),
                record => self.record(record, effects),
            }
        }
        self.rooms.has_deleted() || !self.abandoned.is_empty() || self.lapses.first().is_some_and(|(at, _)| *at <= now)
    }

    /// The removal of an abandoned room, or of what ended first.
    fn next_lapse(&mut self, now: Timestamp) -> Option<Record> {
        while let Some(id) = self.abandoned.pop_first() {
            if self.rooms.try_get(id).is_some() && self.is_abandoned(id) {
                self.undo.push(Undo::of(move |chat| _ = chat.abandoned.insert(id)));
                return Some(Record::RoomDeleted { id });
            }
        }
        loop {
            let (at, _) = self.lapses.first().filter(|(at, _)| *at <= now)?;
            let (at, lapse) = (*at, self.lapses.pop_first()?.1);
            // What has been replaced ends at another time. What was removed with its room is not there, unless that is undone.
            if self.until(&lapse) != Some(at) {
                self.undo.push(Undo::of(move |chat| _ = chat.lapses.insert((at, lapse))));
            } else {
                self.lapses.insert((at, lapse.clone()));
                return Some(match lapse {
                    Lapse::Invitation(room, account) => Record::InvitationRemoved { room, account },
                    Lapse::Code(code) => Record::CodeRemoved { code },
                    Lapse::Ban(room, account) => Record::BanRemoved { room, account },
                    Lapse::AccountBan(account) => Record::AccountBanRemoved { account },
                    Lapse::AddressBan(address) => Record::AddressBanRemoved { address },
                    Lapse::PasswordCode(account) => Record::PasswordCodeRemoved { account },
                    Lapse::RegistrationCode(digest) => Record::RegistrationCodeRemoved { digest },
                });
            }
        }
    }

    /// When it ends; `None` if it is not there, or does not end.
    fn until(&self, lapse: &Lapse) -> Option<Timestamp> {
        match lapse {
            Lapse::Invitation(room, account) => {
                self.rooms.try_get(*room)?.invitations.get(account).map(|invitation| invitation.until)
            }
            Lapse::Code(code) => self.rooms.code(code).map(|open| open.until),
            Lapse::Ban(room, account) => self.rooms.try_get(*room)?.bans.get(account)?.until,
            Lapse::AccountBan(account) => self.account_bans.get(account)?.until,
            Lapse::AddressBan(address) => self.address_bans.get(address)?.until,
            Lapse::PasswordCode(account) => self.accounts.get(*account).password_code.map(|code| code.until),
            Lapse::RegistrationCode(digest) => self.registration_codes.get(digest).map(|(_, until)| *until),
        }
    }

    /// Notes that something ends at `new` from now on, and no longer at `old`.
    pub(super) fn lapses_at(&mut self, lapse: Lapse, old: Option<Timestamp>, new: Option<Timestamp>) {
        if let Some(at) = new {
            self.lapses.insert((at, lapse.clone()));
        }
        if let Some(at) = old.filter(|_| old != new) {
            self.lapses.remove(&(at, lapse));
        }
    }

    /// Whether a room has lost its last member, and nobody can enter it or would find anything there.
    pub(super) fn is_abandoned(&self, id: RoomId) -> bool {
        let room = self.rooms.get(id);
        room.members.is_empty() && room.is_lost_without_members() && id != GENERAL
    }

    /// An invitation to a room, or a code for it, is gone: the room may be abandoned now.
    pub(super) fn lost_a_way_in(&mut self, id: RoomId) {
        if self.rooms.try_get(id).is_some_and(|room| room.members.is_empty()) {
            self.abandoned.insert(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, room, text};
    use super::super::{
        BanTarget, Command, Notice, PASSWORD_CODE_LIFETIME_S, REGISTRATION_CODE_LIFETIME_S, Visibility,
    };
    use super::*;

    /// What is removed, without the notices of it.
    fn swept(chat: &mut TestChat, seconds: u64) -> Vec<Record> {
        let mut effects = Effects::default();
        while chat.chat.sweep(chat.now.plus_seconds(seconds), &mut effects) {}
        effects.records.retain(|record| !matches!(record, Record::NoticeLeft { .. }));
        effects.records
    }

    /// A room of ana's with an invitation, a code and bans, which end after 86,400, 60 and 70 seconds or never.
    fn with_ends() -> TestChat {
        let mut chat = TestChat::new();
        let (tea, seconds, why) = (Some(room("tea")), Some(60), text(""));
        chat.command(ANA, Command::ClaimOperator { code: Code::typed("operator") });
        chat.command(ANA, Command::Create { name: name("tea"), visibility: Visibility::Private });
        chat.command(ANA, Command::Invite { who: name("bob"), room: tea.clone() });
        chat.command(ANA, Command::InviteByCode { room: tea.clone(), code: Code::typed("maple-otter-42") });
        let general = Some(room("general"));
        chat.command(ANA, Command::Ban { who: name("bob"), room: general, seconds, why: why.clone() });
        let target = BanTarget::Address(Address::parse("192.0.2.9").unwrap());
        chat.command(ANA, Command::ServerBan { target, seconds: Some(70), why: why.clone() });
        let target = BanTarget::Address(Address::parse("192.0.2.8").unwrap());
        chat.command(ANA, Command::ServerBan { target, seconds: None, why });
        chat.chat.settle();
        chat
    }

    #[test]
    fn what_has_ended_is_removed_and_nothing_else() {
        let mut chat = with_ends();
        assert_eq!(swept(&mut chat, 59), []);
        let (general, address) = (GENERAL, Address::parse("192.0.2.9").unwrap());
        let expected =
            [Record::BanRemoved { room: general, account: AccountId(3) }, Record::AddressBanRemoved { address }];
        assert_eq!(swept(&mut chat, 70), expected);
        assert_eq!(swept(&mut chat, 70), []);
        let code = Code::typed("maple-otter-42");
        let expected =
            [Record::InvitationRemoved { room: RoomId(2), account: AccountId(3) }, Record::CodeRemoved { code }];
        assert_eq!(swept(&mut chat, 86_400), expected);
        assert_eq!(swept(&mut chat, u64::MAX), [], "one ban is permanent");
    }

    #[test]
    fn that_an_invitation_expired_is_left_to_both() {
        let mut chat = with_ends();
        let mut effects = Effects::default();
        while chat.chat.sweep(chat.now.plus_seconds(86_400), &mut effects) {}
        let notices = effects.records.iter().filter_map(|record| match record {
            Record::NoticeLeft { account, notice, .. } => Some((*account, notice.clone())),
            _ => None,
        });
        let over = Notice::InvitationOver { room: name("tea"), by: name("ana"), revoked: false };
        let unused = Notice::InvitationUnused { room: name("tea"), who: name("bob"), revoked: false };
        assert_eq!(notices.collect::<Vec<_>>(), [(AccountId(3), over), (AccountId(2), unused)]);
        assert_eq!(effects.deliveries.len(), 2, "both are online");
    }

    #[test]
    fn codes_for_passwords_and_accounts_are_removed() {
        let mut chat = TestChat::new();
        let digest = TokenDigest([7; 32]);
        chat.command(ANA, Command::ClaimOperator { code: Code::typed("operator") });
        chat.command(ANA, Command::MakePasswordCode { who: name("bob"), code: Code::typed("b"), digest });
        chat.command(ANA, Command::MakeRegistrationCode { code: Code::typed("a"), digest });
        chat.chat.settle();
        assert_eq!(swept(&mut chat, PASSWORD_CODE_LIFETIME_S - 1), []);
        let account = AccountId(3);
        assert_eq!(swept(&mut chat, PASSWORD_CODE_LIFETIME_S), [Record::PasswordCodeRemoved { account }]);
        assert_eq!(swept(&mut chat, REGISTRATION_CODE_LIFETIME_S), [Record::RegistrationCodeRemoved { digest }]);
        assert_eq!(swept(&mut chat, u64::MAX), []);
    }

    #[test]
    fn what_was_removed_in_vain_is_removed_again() {
        let mut chat = with_ends();
        let before = chat.durable();
        assert_eq!(swept(&mut chat, 100_000).len(), 4);
        chat.chat.roll_back();
        assert_eq!(chat.durable(), before);
        assert_eq!(swept(&mut chat, 100_000).len(), 4);
    }

    #[test]
    fn what_was_replaced_ends_at_its_new_time() {
        let mut chat = with_ends();
        let ban = |seconds| Command::Ban { who: name("bob"), room: Some(room("general")), seconds, why: text("") };
        assert!(!chat.command(ANA, ban(Some(1000))));
        chat.chat.settle();
        assert_eq!(swept(&mut chat, 69), []);
        assert!(!chat.command(ANA, ban(None)));
        chat.chat.settle();
        assert_eq!(swept(&mut chat, 1_001).len(), 1, "the address");
    }

    #[test]
    fn one_turn_removes_a_bounded_piece() {
        let mut chat = TestChat::new();
        chat.command(ANA, Command::ClaimOperator { code: Code::typed("operator") });
        for number in 0..250 {
            let target = BanTarget::Address(Address::parse(&format!("198.51.100.{number}")).unwrap());
            chat.command(ANA, Command::ServerBan { target, seconds: Some(1), why: text("") });
            chat.chat.settle();
        }
        let mut pieces = Vec::new();
        loop {
            let mut effects = Effects::default();
            let is_more = chat.chat.sweep(chat.now.plus_seconds(1), &mut effects);
            pieces.push(effects.records.len());
            if !is_more {
                break;
            }
        }
        assert_eq!(pieces, [100, 100, 50]);
    }

    #[test]
    fn a_room_that_nobody_can_enter_any_more_is_deleted() {
        let check = |visibility, says: bool, is_deleted| {
            let mut chat = TestChat::new();
            chat.command(ANA, Command::Create { name: name("tea"), visibility });
            if says {
                let (kind, room) = (super::super::MessageKind::Speech, Some(room("tea")));
                chat.command(ANA, Command::Say { room, kind, text: text("hello"), key: None });
            }
            let confirmation = Some(name("tea"));
            assert!(!chat.command(ANA, Command::Leave { room: Some(room("tea")), confirmation }));
            let deleted = chat.effects.records.contains(&Record::RoomDeleted { id: RoomId(2) });
            assert_eq!(deleted, is_deleted, "{visibility:?} {says}");
        };
        check(Visibility::Private, true, true);
        check(Visibility::Private, false, true);
        check(Visibility::Public, false, true);
        check(Visibility::Public, true, false);
    }

    #[test]
    fn a_room_with_an_open_invitation_stays_until_that_has_lapsed() {
        let mut chat = TestChat::new();
        chat.command(ANA, Command::Create { name: name("tea"), visibility: Visibility::Private });
        chat.command(ANA, Command::Invite { who: name("bob"), room: Some(room("tea")) });
        let leave = Command::Leave { room: Some(room("tea")), confirmation: None };
        assert!(!chat.command(ANA, leave.clone()), "it need not be confirmed");
        chat.chat.settle();
        assert_eq!(swept(&mut chat, 0), []);
        let removed = Record::InvitationRemoved { room: RoomId(2), account: AccountId(3) };
        assert_eq!(swept(&mut chat, 86_400), [removed, Record::RoomDeleted { id: RoomId(2) }]);
    }

    #[test]
    fn an_account_takes_the_rooms_with_it_in_which_it_is_alone() {
        let mut chat = TestChat::new();
        for visibility in [Visibility::Private, Visibility::Public] {
            let name = if visibility == Visibility::Private { name("tea") } else { name("cake") };
            chat.command(BOB, Command::Create { name, visibility });
        }
        assert!(!chat.command(BOB, Command::DeleteAccount));
        let deleted = |record: &&Record| matches!(record, Record::RoomDeleted { .. });
        assert_eq!(chat.effects.records.iter().filter(deleted).count(), 2);
    }

    #[test]
    fn rooms_that_were_abandoned_earlier_are_deleted_too() {
        use super::super::{ChatLimits, Snapshot, StoredRoom};
        let stored = |id, text, visibility, last_seq| StoredRoom {
            id: RoomId(id),
            name: Some(name(text)),
            visibility: Some(visibility),
            created: Timestamp(0),
            topic: None,
            last_seq,
        };
        let rooms = vec![
            stored(1, "general", Visibility::Public, 0),
            stored(2, "tea", Visibility::Private, 5),
            stored(3, "cake", Visibility::Public, 5),
            stored(4, "mate", Visibility::Public, 0),
        ];
        let snapshot = Snapshot { rooms, last_room: 4, ..Snapshot::default() };
        let mut chat = Chat::load(ChatLimits::default(), snapshot);
        let mut effects = Effects::default();
        while chat.sweep(Timestamp(0), &mut effects) {}
        let deleted = [2, 4].map(|id| Record::RoomDeleted { id: RoomId(id) });
        assert!(effects.records.len() == 2 && deleted.iter().all(|record| effects.records.contains(record)));
    }
}
