//! A small store with some rows of each kind.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::super::{Folder, Reader, Store, Writer, open};
use crate::address::Address;
use crate::chat::{
    AccountId, Code, GENERAL, GrantedRange, MessageKind, Name, PasswordHash, ReadMark, Record, Role, RoomId, RoomKind,
    RoomLabel, SYSTEM, Seq, ShownRoom, Text, Timestamp, TokenDigest, TokenScope, Visibility,
};

pub const ANA: AccountId = AccountId(2);
pub const BOB: AccountId = AccountId(3);
pub const TEA: RoomId = RoomId(2);
pub const DIRECT: RoomId = RoomId(3);
/// The time of all its records.
pub const NOW: Timestamp = Timestamp(1_760_000_000_000);

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn account(id: AccountId, text: &str) -> Record {
    let hash = PasswordHash(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${text}").into());
    Record::AccountCreated { id, name: name(text), hash, at: NOW }
}

pub fn member(room: RoomId, account: AccountId, role: Role) -> Record {
    Record::MemberAdded { room, account, role, since: NOW, read: ReadMark::default() }
}

pub fn said(room: RoomId, seq: Seq, author: AccountId) -> Record {
    let text = Text::from(format!("message {seq} of an ordinary length, as people write them").as_str());
    Record::MessageSaid { room, seq, at: NOW, author, kind: MessageKind::Speech, program: false, text, key: None }
}

/// At least one record of each kind that the store keeps.
pub fn records() -> Vec<Record> {
    let why = Text::from("told twice");
    let mut records = vec![
        account(SYSTEM, "system"),
        account(ANA, "Ana"),
        account(BOB, "bob"),
        Record::RoomCreated { id: GENERAL, kind: RoomKind::Named(name("general"), Visibility::Public), at: NOW },
        Record::RoomCreated { id: TEA, kind: RoomKind::Named(name("Tea"), Visibility::Private), at: NOW },
        Record::RoomCreated { id: DIRECT, kind: RoomKind::Direct(ANA, BOB), at: NOW },
        Record::TopicSet { id: TEA, topic: Some((Text::from("kettles"), ANA, NOW)) },
        member(GENERAL, ANA, Role::Member),
        member(GENERAL, BOB, Role::Member),
        member(TEA, ANA, Role::Owner),
        member(TEA, BOB, Role::Moderator),
        member(DIRECT, ANA, Role::Member),
        member(DIRECT, BOB, Role::Member),
        Record::AwaySet { id: BOB, text: Some(Text::from("lunch")) },
        Record::TokenCreated {
            account: ANA,
            name: name("bot"),
            digest: TokenDigest([1; 32]),
            scope: TokenScope::All,
            at: NOW,
            until: None,
        },
        Record::InvitationCreated { room: TEA, account: BOB, by: ANA, until: NOW },
        Record::CodeCreated { room: TEA, code: Code::typed("maple-otter-42"), by: ANA, until: NOW },
        Record::BanCreated { room: TEA, account: BOB, by: ANA, at: NOW, until: None, why: why.clone() },
        Record::AccountBanCreated { account: BOB, by: ANA, at: NOW, until: Some(NOW), why: why.clone() },
        Record::AddressBanCreated { address: address("192.0.2.7"), by: ANA, at: NOW, until: None, why },
    ];
    records.extend((1..=40).map(|seq| said(TEA, seq, if seq % 2 == 0 { ANA } else { BOB })));
    records.extend((1..=3).map(|seq| said(DIRECT, seq, ANA)));
    records.extend([7, 9].map(|seq| Record::Mentioned { room: TEA, seq, account: ANA }));
    records
}

/// Opens the store at `path` as a server does.
pub fn opened(path: &Path) -> (Writer, Reader) {
    open(&Folder::open(path).unwrap(), 2).unwrap()
}

/// A new store at `path` with [`records`] in it.
pub fn filled(path: &Path) -> (Writer, Reader) {
    let (mut writer, reader) = opened(path);
    writer.commit(&records()).unwrap();
    (writer, reader)
}

/// A copy of the folder, which is what a kill at this moment would leave.
pub fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

pub fn range(room: RoomId, from: Seq, to: Seq) -> GrantedRange {
    GrantedRange { room: ShownRoom { id: room, label: RoomLabel::Room(name("tea")) }, from, to, last: to }
}
