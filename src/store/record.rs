//! Maps each record to the statement that stores it.

use rusqlite::{Connection, ToSql, params};

use super::query::query;
use super::value::number;
use crate::chat::{Name, Notice, Record, RoomKind};

/// Stores records in their order, in the transaction that the caller has begun. Nearly all are messages, so their
/// statement is taken from the cache only once.
pub(super) fn apply_all(connection: &Connection, records: &[Record]) -> rusqlite::Result<()> {
    let mut said = None;
    for record in records {
        let Record::MessageSaid { room, seq, at, author, kind, program, text, key } = record else {
            apply(connection, record)?;
            continue;
        };
        let said = match &mut said {
            Some(said) => said,
            None => said.insert(connection.prepare_cached(query!("message_said"))?),
        };
        said.execute(params![room, number(*seq), at, author, kind, text, key, program])?;
    }
    Ok(())
}

/// Stores one record, in the transaction that the caller has begun.
///
/// Changing or removing a row that does not exist does nothing. Adding a row that exists is an error.
fn apply(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    let run = |query: &str, values: &[&dyn ToSql]| connection.prepare_cached(query)?.execute(values).map(|_| ());
    match record {
        Record::AccountCreated { id, name, hash, at } => {
            run(query!("former_name_taken"), params![name])?;
            run(query!("account_made"), params![id, name, hash, at])
        }
        Record::PasswordSet { id, hash, version } => run(query!("password_set"), params![id, hash, number(*version)]),
        Record::AccountDeleted { id, at } => {
            run(query!("name_reserved"), params![id])?;
            run(query!("password_code_removed"), params![id])?;
            run(query!("notices_shown"), params![id])?;
            run(query!("account_deleted"), params![id, at])
        }
        Record::AwaySet { id, text } => run(query!("away_set"), params![id, text]),
        Record::AcksSet { id, on } => run(query!("acks_set"), params![id, on]),
        Record::OperatorSet { id, on } => run(query!("operator_set"), params![id, on]),
        Record::Seen { id, at } => run(query!("seen"), params![id, at]),
        Record::NameFreed { name } => run(query!("name_freed"), params![name]),
        Record::PasswordCodeMade { account, digest, until } => {
            run(query!("password_code_made"), params![account, digest, until])
        }
        Record::PasswordCodeRemoved { account } => run(query!("password_code_removed"), params![account]),
        Record::NoticeLeft { account, at, notice } => {
            let (kind, room, who) = notice_columns(notice);
            run(query!("notice_left"), params![account, at, kind, room, who])
        }
        Record::NoticesShown { account } => run(query!("notices_shown"), params![account]),
        Record::RegistrationSet { registration } => run(query!("registration_set"), params![registration.number()]),
        Record::RegistrationCodeMade { digest, by, until } => {
            run(query!("registration_code_made"), params![digest, by, until])
        }
        Record::RegistrationCodeRemoved { digest } => run(query!("registration_code_removed"), params![digest]),

        Record::TokenCreated { account, name, digest, scope, at, until } => {
            run(query!("token_made"), params![account, name, digest, at, until, scope])
        }
        Record::TokenUsed { account, name, at } => run(query!("token_used"), params![account, name, at]),
        Record::TokenRemoved { account, name } => run(query!("token_removed"), params![account, name]),

        Record::RoomCreated { id, kind, at } => {
            let (name, visibility) = match kind {
                RoomKind::Named(name, visibility) => (Some(name), Some(visibility)),
                RoomKind::Direct(..) => (None, None),
            };
            run(query!("room_made"), params![id, name, visibility, at])
        }
        Record::RoomRenamed { id, name } => run(query!("room_renamed"), params![id, name]),
        Record::VisibilitySet { id, visibility } => run(query!("visibility_set"), params![id, visibility]),
        Record::TopicSet { id, topic } => {
            let (text, by, at) = match topic {
                Some((text, by, at)) => (Some(text), Some(by), Some(at)),
                None => (None, None, None),
            };
            run(query!("topic_set"), params![id, text, by, at])
        }
        Record::RoomDeleted { id } => {
            run(query!("room_deleted"), params![id])?;
            run(query!("room_name_freed"), params![id])?;
            run(query!("room_invitations_removed"), params![id])?;
            run(query!("room_codes_removed"), params![id])
        }

        Record::MemberAdded { room, account, role, since, read } => {
            let (up_to, above) = (number(read.read_up_to()), read.above_text());
            run(query!("member_added"), params![room, account, role, since, up_to, above])
        }
        Record::MemberRemoved { room, account } => run(query!("member_removed"), params![room, account]),
        Record::RoleSet { room, account, role } => run(query!("role_set"), params![room, account, role]),
        Record::ReadSet { room, account, read } => {
            let (up_to, above) = (number(read.read_up_to()), read.above_text());
            run(query!("read_set"), params![room, account, up_to, above])?;
            let ranges = std::iter::once((1, read.read_up_to())).chain(read.above().iter().copied());
            for (from, to) in ranges {
                run(query!("mentions_read"), params![room, account, number(from), number(to)])?;
            }
            Ok(())
        }

        Record::MessageSaid { .. } => unreachable!("apply_all stores messages"),
        Record::Mentioned { room, seq, account } => run(query!("mentioned"), params![room, account, number(*seq)]),

        Record::InvitationCreated { room, account, by, until } => {
            run(query!("invitation_made"), params![room, account, by, until])
        }
        Record::InvitationRemoved { room, account } => run(query!("invitation_removed"), params![room, account]),
        Record::CodeCreated { room, code, by, until } => run(query!("code_made"), params![code, room, by, until]),
        Record::CodeRemoved { code } => run(query!("code_removed"), params![code]),

        Record::BanCreated { room, account, by, at, until, why } => {
            run(query!("ban_made"), params![room, account, by, at, until, why])
        }
        Record::BanRemoved { room, account } => run(query!("ban_removed"), params![room, account]),
        Record::AccountBanCreated { account, by, at, until, why } => {
            run(query!("account_ban_made"), params![account, by, at, until, why])
        }
        Record::AccountBanRemoved { account } => run(query!("account_ban_removed"), params![account]),
        Record::AddressBanCreated { address, by, at, until, why } => {
            run(query!("address_ban_made"), params![address, by, at, until, why])
        }
        Record::AddressBanRemoved { address } => run(query!("address_ban_removed"), params![address]),
    }
}

/// The columns `kind`, `room` and `who` of a notice.
fn notice_columns(notice: &Notice) -> (i64, Option<&Name>, Option<&Name>) {
    match notice {
        Notice::PasswordCode { by } => (0, None, by.as_ref()),
        Notice::InvitationOver { room, by, revoked } => (1 + i64::from(*revoked), Some(room), Some(by)),
        Notice::InvitationUnused { room, who, revoked } => (3 + i64::from(*revoked), Some(room), Some(who)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::tests::sample::{
        ANA, BOB, DIRECT, NOW, TEA, account, address, filled, member, name, range, records,
    };
    use super::*;
    use crate::chat::{
        AccountId, AccountRow, Code, FormerName, GENERAL, KeyedMessage, MemberRow, MessageKind, PasswordHash, ReadMark,
        Registration, Role, RoomId, SYSTEM, SendKey, Snapshot, StoredBan, StoredRoom, StoredToken, Text, Timestamp,
        TokenDigest, TokenScope, Visibility,
    };

    const LATER: Timestamp = Timestamp(NOW.0 + 1);

    /// Checks that storing `record` in the sample changes what is loaded in exactly this way.
    fn check(record: Record, change: impl FnOnce(&mut Snapshot)) {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let mut expected = writer.load().unwrap();
        change(&mut expected);
        writer.commit(std::slice::from_ref(&record)).unwrap();
        assert_eq!(writer.load().unwrap(), expected, "{record:?}");
    }

    fn ban(by: AccountId, until: Option<Timestamp>) -> StoredBan {
        StoredBan { by, at: LATER, until, why: Text::from("why") }
    }

    #[test]
    fn the_sample_is_loaded_as_it_was_stored() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let loaded = writer.load().unwrap();
        let names: Vec<_> = loaded.accounts.iter().map(|account| account.name.as_ref().unwrap().as_str()).collect();
        assert_eq!(names, ["system", "Ana", "bob"]);
        let last: Vec<_> = loaded.rooms.iter().map(|room| (room.id, room.last_seq)).collect();
        assert_eq!(last, [(GENERAL, 0), (TEA, 40), (DIRECT, 3)]);
        assert_eq!(loaded.rooms[1].topic, Some((Text::from("kettles"), ANA, NOW)));
        assert_eq!(loaded.members.len(), 6);
        assert_eq!(loaded.mentions, [(TEA, ANA, 7), (TEA, ANA, 9)]);
        assert_eq!(loaded.last_room, 3);
    }

    #[test]
    fn records_of_accounts_are_stored() {
        check(account(AccountId(9), "cho"), |snapshot| {
            snapshot.accounts.push(AccountRow {
                id: AccountId(9),
                name: Some(name("cho")),
                password_version: 1,
                created: NOW,
                last_seen: None,
                away: None,
                operator: false,
                acks: false,
            });
        });
        check(Record::PasswordSet { id: ANA, hash: PasswordHash("$x".into()), version: 2 }, |snapshot| {
            snapshot.accounts[1].password_version = 2;
        });
        check(Record::AccountDeleted { id: BOB, at: LATER }, |snapshot| {
            snapshot.accounts[2].name = None;
            snapshot.accounts[2].away = None;
            snapshot.former_names = vec![FormerName { name: name("bob"), account: BOB, freed: false }];
        });
        check(Record::AwaySet { id: ANA, text: Some(Text::from("tea")) }, |snapshot| {
            snapshot.accounts[1].away = Some(Text::from("tea"));
        });
        check(Record::AwaySet { id: BOB, text: None }, |snapshot| snapshot.accounts[2].away = None);
        check(Record::AcksSet { id: ANA, on: true }, |snapshot| snapshot.accounts[1].acks = true);
        check(Record::OperatorSet { id: ANA, on: true }, |snapshot| snapshot.accounts[1].operator = true);
        check(Record::Seen { id: ANA, at: LATER }, |snapshot| snapshot.accounts[1].last_seen = Some(LATER));
    }

    #[test]
    fn a_deleted_account_leaves_its_name_and_nothing_else_of_it() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let notice = Notice::PasswordCode { by: None };
        let (made, left) = (
            Record::PasswordCodeMade { account: BOB, digest: TokenDigest([7; 32]), until: LATER },
            Record::NoticeLeft { account: BOB, at: NOW, notice },
        );
        writer.commit(&[made, left, Record::AccountDeleted { id: BOB, at: LATER }]).unwrap();
        let loaded = writer.load().unwrap();
        assert_eq!((loaded.password_codes, loaded.notices), (vec![], vec![]));
        let former = |freed| vec![FormerName { name: name("bob"), account: BOB, freed }];
        assert_eq!(loaded.former_names, former(false));
        writer.commit(&[Record::NameFreed { name: name("BOB") }]).unwrap();
        assert_eq!(writer.load().unwrap().former_names, former(true));
        writer.commit(&[account(AccountId(9), "Bob")]).unwrap();
        assert_eq!(writer.load().unwrap().former_names, [], "the name is taken again");
    }

    #[test]
    fn records_of_codes_notices_and_registration_are_stored() {
        let (digest, other) = (TokenDigest([7; 32]), TokenDigest([8; 32]));
        let made = |digest| Record::PasswordCodeMade { account: ANA, digest, until: LATER };
        check(made(digest), |snapshot| snapshot.password_codes.push((ANA, digest, LATER)));
        for registration in Registration::ALL {
            check(Record::RegistrationSet { registration }, |snapshot| snapshot.registration = registration);
        }
        let registration = Record::RegistrationCodeMade { digest, by: ANA, until: LATER };
        check(registration.clone(), |snapshot| snapshot.registration_codes.push((digest, ANA, LATER)));
        let (room, who) = (name("tea"), name("zed"));
        let notices = [
            Notice::PasswordCode { by: None },
            Notice::PasswordCode { by: Some(who.clone()) },
            Notice::InvitationOver { room: room.clone(), by: who.clone(), revoked: false },
            Notice::InvitationOver { room: room.clone(), by: who.clone(), revoked: true },
            Notice::InvitationUnused { room: room.clone(), who: who.clone(), revoked: false },
            Notice::InvitationUnused { room, who, revoked: true },
        ];
        for notice in &notices {
            let left = Record::NoticeLeft { account: ANA, at: LATER, notice: notice.clone() };
            check(left, |snapshot| snapshot.notices.push((ANA, LATER, notice.clone())));
        }

        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let left = |account| Record::NoticeLeft { account, at: NOW, notice: notices[0].clone() };
        let records = [made(digest), made(other), registration, left(ANA), left(BOB), left(ANA)];
        writer.commit(&records).unwrap();
        let loaded = writer.load().unwrap();
        assert_eq!(loaded.password_codes, [(ANA, other, LATER)], "a later code takes the place of an earlier one");
        assert_eq!(loaded.notices.iter().map(|notice| notice.0).collect::<Vec<_>>(), [ANA, BOB, ANA]);
        writer
            .commit(&[
                Record::PasswordCodeRemoved { account: ANA },
                Record::RegistrationCodeRemoved { digest },
                Record::NoticesShown { account: ANA },
            ])
            .unwrap();
        let loaded = writer.load().unwrap();
        assert_eq!((loaded.password_codes, loaded.registration_codes), (vec![], vec![]));
        assert_eq!(loaded.notices.iter().map(|notice| notice.0).collect::<Vec<_>>(), [BOB]);
    }

    #[test]
    fn records_of_tokens_are_stored() {
        let token = |text: &str, until, used| StoredToken {
            account: ANA,
            name: name(text),
            digest: TokenDigest([7; 32]),
            scope: TokenScope::Send,
            created: LATER,
            until,
            used,
        };
        let made = |text: &str, until| Record::TokenCreated {
            account: ANA,
            name: name(text),
            digest: TokenDigest([7; 32]),
            scope: TokenScope::Send,
            at: LATER,
            until,
        };
        check(made("Zulu", None), |snapshot| snapshot.tokens.push(token("Zulu", None, None)));
        check(made("alpha", Some(NOW)), |snapshot| snapshot.tokens.insert(0, token("alpha", Some(NOW), None)));
        check(Record::TokenUsed { account: ANA, name: name("BOT"), at: LATER }, |snapshot| {
            snapshot.tokens[0].used = Some(LATER);
        });
        check(Record::TokenRemoved { account: ANA, name: name("Bot") }, |snapshot| snapshot.tokens.clear());
    }

    #[test]
    fn a_message_is_found_by_its_key() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let key = SendKey::parse("k-1").unwrap();
        assert_eq!(writer.keyed(ANA, &key).unwrap(), []);
        let record = |room, seq, author| Record::MessageSaid {
            room,
            seq,
            at: NOW,
            author,
            kind: MessageKind::Speech,
            program: false,
            text: Text::from("once"),
            key: Some(key.clone()),
        };
        writer.commit(&[record(TEA, 41, ANA), record(DIRECT, 4, ANA), record(TEA, 42, BOB)]).unwrap();
        let found = |room, seq| KeyedMessage { room, seq, at: NOW };
        assert_eq!(writer.keyed(ANA, &key).unwrap(), [found(TEA, 41), found(DIRECT, 4)]);
        assert_eq!(writer.keyed(BOB, &key).unwrap(), [found(TEA, 42)]);
        assert_eq!(writer.keyed(BOB, &SendKey::parse("K-1").unwrap()).unwrap(), []);
        assert!(writer.commit(&[record(TEA, 43, ANA)]).is_err(), "a key stands for one message");
        writer.commit(&[Record::RoomDeleted { id: TEA }]).unwrap();
        while writer.remove_some().unwrap() {}
        assert_eq!(writer.keyed(ANA, &key).unwrap(), [found(DIRECT, 4)]);
    }

    #[test]
    fn records_of_rooms_are_stored() {
        let room =
            |name, visibility| StoredRoom { id: RoomId(8), name, visibility, created: NOW, topic: None, last_seq: 0 };
        let public = Some(Visibility::Public);
        check(
            Record::RoomCreated { id: RoomId(8), kind: RoomKind::Named(name("Oak"), Visibility::Public), at: NOW },
            |snapshot| {
                snapshot.rooms.push(room(Some(name("Oak")), public));
                snapshot.last_room = 8;
            },
        );
        check(Record::RoomCreated { id: RoomId(8), kind: RoomKind::Direct(ANA, BOB), at: NOW }, |snapshot| {
            snapshot.rooms.push(room(None, None));
            snapshot.last_room = 8;
        });
        check(Record::RoomRenamed { id: TEA, name: name("mate") }, |snapshot| {
            snapshot.rooms[1].name = Some(name("mate"))
        });
        check(Record::VisibilitySet { id: TEA, visibility: Visibility::Public }, |snapshot| {
            snapshot.rooms[1].visibility = public;
        });
        let topic = Some((Text::from("x"), BOB, LATER));
        check(Record::TopicSet { id: TEA, topic: topic.clone() }, |snapshot| snapshot.rooms[1].topic = topic);
        check(Record::TopicSet { id: TEA, topic: None }, |snapshot| snapshot.rooms[1].topic = None);
        check(Record::RoomDeleted { id: TEA }, |snapshot| {
            snapshot.rooms.remove(1);
            snapshot.members.retain(|member| member.room != TEA);
            snapshot.mentions.clear();
            snapshot.invitations.clear();
            snapshot.codes.clear();
            snapshot.bans.clear();
        });
        check(Record::RoomDeleted { id: DIRECT }, |snapshot| {
            snapshot.rooms.remove(2);
            snapshot.members.retain(|member| member.room != DIRECT);
            assert_eq!(snapshot.last_room, 3, "the number is not given again");
        });
    }

    #[test]
    fn records_of_members_are_stored() {
        check(member(GENERAL, AccountId(1), Role::Member), |snapshot| {
            let row = MemberRow {
                room: GENERAL,
                account: AccountId(1),
                role: Role::Member,
                since: NOW,
                read: ReadMark::default(),
            };
            snapshot.members.insert(0, row);
        });
        check(Record::MemberRemoved { room: TEA, account: ANA }, |snapshot| {
            snapshot.members.remove(2);
            snapshot.mentions.clear();
        });
        check(Record::RoleSet { room: TEA, account: BOB, role: Role::Owner }, |snapshot| {
            snapshot.members[3].role = Role::Owner;
        });
        check(Record::ReadSet { room: TEA, account: ANA, read: ReadMark::up_to(8) }, |snapshot| {
            snapshot.members[2].read = ReadMark::up_to(8);
            snapshot.mentions = vec![(TEA, ANA, 9)];
        });
        let read = ReadMark::parse(3, "9-12 40-40").unwrap();
        check(Record::ReadSet { room: TEA, account: ANA, read: read.clone() }, |snapshot| {
            snapshot.members[2].read = read;
            snapshot.mentions = vec![(TEA, ANA, 7)];
        });
        let read = ReadMark::parse(7, "9-9").unwrap();
        let added = Record::MemberAdded { room: DIRECT, account: SYSTEM, role: Role::Member, since: NOW, read };
        check(added, |snapshot| {
            let read = ReadMark::parse(7, "9-9").unwrap();
            let row = MemberRow { room: DIRECT, account: SYSTEM, role: Role::Member, since: NOW, read };
            snapshot.members.insert(4, row);
        });
        check(Record::Mentioned { room: TEA, seq: 40, account: BOB }, |snapshot| {
            snapshot.mentions.push((TEA, BOB, 40))
        });
        check(Record::Mentioned { room: TEA, seq: 9, account: ANA }, |_| {});
    }

    #[test]
    fn records_of_invitations_are_stored() {
        check(Record::InvitationCreated { room: TEA, account: ANA, by: BOB, until: LATER }, |snapshot| {
            snapshot.invitations.insert(0, (TEA, ANA, BOB, LATER));
        });
        check(Record::InvitationCreated { room: TEA, account: BOB, by: BOB, until: LATER }, |snapshot| {
            snapshot.invitations = vec![(TEA, BOB, BOB, LATER)];
        });
        check(Record::InvitationRemoved { room: TEA, account: BOB }, |snapshot| snapshot.invitations.clear());
        let code = Code::typed("acorn-aspen-11");
        check(Record::CodeCreated { room: TEA, code: code.clone(), by: ANA, until: LATER }, |snapshot| {
            snapshot.codes.insert(0, (code, TEA, ANA, LATER));
        });
        check(Record::CodeRemoved { code: Code::typed("maple-otter-42") }, |snapshot| snapshot.codes.clear());
    }

    #[test]
    fn records_of_bans_are_stored() {
        let why = || Text::from("why");
        check(
            Record::BanCreated { room: TEA, account: ANA, by: BOB, at: LATER, until: None, why: why() },
            |snapshot| {
                snapshot.bans.insert(0, (TEA, ANA, ban(BOB, None)));
            },
        );
        check(
            Record::BanCreated { room: TEA, account: BOB, by: BOB, at: LATER, until: Some(NOW), why: why() },
            |snapshot| {
                snapshot.bans = vec![(TEA, BOB, ban(BOB, Some(NOW)))];
            },
        );
        check(Record::BanRemoved { room: TEA, account: BOB }, |snapshot| snapshot.bans.clear());
        check(Record::AccountBanCreated { account: BOB, by: BOB, at: LATER, until: None, why: why() }, |snapshot| {
            snapshot.account_bans = vec![(BOB, ban(BOB, None))];
        });
        check(Record::AccountBanRemoved { account: BOB }, |snapshot| snapshot.account_bans.clear());
        let known = address("192.0.2.7");
        check(Record::AddressBanCreated { address: known, by: BOB, at: LATER, until: None, why: why() }, |snapshot| {
            snapshot.address_bans = vec![(known, ban(BOB, None))];
        });
        // Sorted as texts, these two would be in the opposite order.
        for (text, place) in [("2001:db8::/64", 1), ("20.0.0.1", 0)] {
            let new = address(text);
            check(
                Record::AddressBanCreated { address: new, by: BOB, at: LATER, until: None, why: why() },
                |snapshot| {
                    snapshot.address_bans.insert(place, (new, ban(BOB, None)));
                },
            );
        }
        check(Record::AddressBanRemoved { address: known }, |snapshot| snapshot.address_bans.clear());
    }

    #[test]
    fn a_message_comes_back_as_it_was_said() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let text = Text::from("שלום 👩‍👩‍👧 'quoted'; DROP TABLE message; \u{0}");
        let record = Record::MessageSaid {
            room: TEA,
            seq: 41,
            at: Timestamp(-5),
            author: ANA,
            kind: MessageKind::Action,
            program: true,
            text: text.clone(),
            key: None,
        };
        writer.commit(&[record]).unwrap();
        let page = reader.page(&range(TEA, 41, 41)).unwrap();
        let [message] = &page[..] else { panic!("{page:?}") };
        assert_eq!(
            (message.seq, message.at, message.kind, &message.text),
            (41, Timestamp(-5), MessageKind::Action, &text)
        );
        assert_eq!(message.author, name("ana"));
        writer.commit(&[Record::RoomDeleted { id: TEA }]).unwrap();
        while writer.remove_some().unwrap() {}
        assert_eq!(reader.page(&range(TEA, 1, 41)).unwrap(), []);
        assert_eq!(reader.page(&range(DIRECT, 1, 3)).unwrap().len(), 3);
    }

    #[test]
    fn names_are_unique_without_case_and_free_again_afterwards() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let room = |id, text| Record::RoomCreated {
            id: RoomId(id),
            kind: RoomKind::Named(name(text), Visibility::Public),
            at: NOW,
        };
        assert!(writer.commit(&[account(AccountId(9), "aNA")]).is_err());
        assert!(writer.commit(&[room(9, "GENERAL")]).is_err());
        writer.commit(&[Record::AccountDeleted { id: ANA, at: NOW }, Record::RoomDeleted { id: GENERAL }]).unwrap();
        writer.commit(&[account(AccountId(9), "aNA"), room(9, "GENERAL")]).unwrap();
    }

    #[test]
    fn a_deleted_room_is_gone_at_once_and_removed_in_pieces() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let crowd = (10..1510).map(AccountId);
        let accounts = crowd.clone().map(|id| account(id, &format!("guest{id}")));
        let members = crowd.clone().map(|id| member(TEA, id, Role::Member));
        let mentions = crowd.clone().map(|account| Record::Mentioned { room: TEA, seq: 1, account });
        let records: Vec<Record> = accounts.chain(members).chain(mentions).collect();
        writer.commit(&records).unwrap();
        let mut expected = writer.load().unwrap();
        expected.rooms.retain(|room| room.id != TEA);
        expected.members.retain(|member| member.room != TEA);
        (expected.mentions, expected.invitations, expected.codes, expected.bans) = Default::default();
        writer.commit(&[Record::RoomDeleted { id: TEA }]).unwrap();
        assert_eq!(writer.load().unwrap(), expected);
        writer.close().unwrap();
        // It is removed after a restart too.
        let (mut writer, _reader) = super::super::tests::sample::opened(temporary.path());
        while writer.remove_some().unwrap() {}
        assert_eq!(writer.load().unwrap(), expected);
        writer.close().unwrap();
        let database = rusqlite::Connection::open(temporary.path().join(super::super::DATABASE)).unwrap();
        for table in ["member", "mention", "message", "ban", "invitation", "code"] {
            let count = format!("SELECT count(*) FROM {table} WHERE room = {TEA}");
            assert_eq!(database.query_row(&count, [], |row| row.get::<_, i64>(0)), Ok(0), "{table}");
        }
        let rows = "SELECT (SELECT count(*) FROM room WHERE id = 2) + (SELECT count(*) FROM deleted_room)";
        assert_eq!(database.query_row(rows, [], |row| row.get::<_, i64>(0)), Ok(0));
    }

    #[test]
    fn private_rooms_may_share_a_name() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        for id in [8, 9] {
            let kind = RoomKind::Named(name("tea"), Visibility::Private);
            writer.commit(&[Record::RoomCreated { id: RoomId(id), kind, at: NOW }]).unwrap();
        }
        let public = |id| [Record::VisibilitySet { id: RoomId(id), visibility: Visibility::Public }];
        writer.commit(&public(8)).unwrap();
        assert!(writer.commit(&public(9)).is_err());
    }

    #[test]
    fn order_matters() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = super::super::tests::sample::opened(temporary.path());
        let mut backwards = records();
        backwards.reverse();
        assert!(writer.commit(&backwards).is_err());
        assert_eq!(writer.load().unwrap(), Snapshot::default());
        assert!(writer.commit(&[member(TEA, ANA, Role::Member)]).is_err(), "there is no such room");
    }
}
