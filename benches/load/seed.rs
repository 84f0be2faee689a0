//! A filled store, written by the server's store module where the server will open it.
//!
//! All accounts have the same password, with the cheapest hash that Argon2id allows: the cost of a real one is known (30 ms
//! of a core), and would dominate thousands of logins.

use std::path::Path;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use chat_server::chat::{
    AccountId, Chat, ChatLimits, Effects, GENERAL, MessageKind, Name, PasswordHash, ReadMark, Record, Role, RoomId,
    RoomKind, Text, Timestamp, Visibility,
};
use chat_server::store::{self, Folder, Store as _, Writer};

use crate::words::{member_name, room_name};
use crate::workload::Workload;

/// The password of all accounts.
pub const PASSWORD: &str = "a-password-for-all";
/// The first number of accounts and rooms, after those of the system account and `general`.
const FIRST: i64 = 2;
/// Records in one commit.
const BATCH: usize = 10_000;

/// Content beside that of a workload.
#[derive(Clone, Copy, Default)]
pub struct Seed {
    /// Accounts beside the members of the load; they are numbered after those and are members of `general`.
    pub accounts: usize,
    /// Messages in the first room.
    pub messages: u64,
}

/// Creates a store at `path` with the rooms and members of a workload, and the content of `seed`.
pub fn make(path: &Path, workload: Option<&Workload>, seed: Seed) {
    let folder = Folder::open(path).expect("a data folder");
    let (mut writer, reader) = store::open(&folder, 1).expect("a new store");
    let now = chat_server::broker::wall_clock();
    let mut effects = Effects::default();
    Chat::load(ChatLimits::default(), writer.load().expect("a new store")).found(now, &mut effects);
    commit(&mut writer, effects.records.into_iter());
    let members = workload.map_or(0, Workload::members);
    let others = members..members + seed.accounts;
    commit(&mut writer, (0..others.end).map(|member| account(member, now)));
    commit(&mut writer, others.map(|member| member_of(GENERAL, member, now)));
    if let Some(workload) = workload {
        commit(&mut writer, (0..workload.rooms()).map(|number| room(number, now)));
        let memberships = |member| workload.rooms_of(member).map(move |room| member_of(room_id(room), member, now));
        commit(&mut writer, (0..members).flat_map(memberships));
    }
    if seed.messages > 0 && workload.is_none_or(|workload| workload.rooms() == 0) {
        commit(&mut writer, [room(0, now)].into_iter());
    }
    let text = Text::from("a message that was said here before, of an ordinary length, as people write them");
    commit(&mut writer, (1..=seed.messages).map(|seq| said(seq, now, &text)));
    drop(reader);
    writer.close().expect("a store that can be closed");
}

fn commit(writer: &mut Writer, records: impl Iterator<Item = Record>) {
    let mut records = records.peekable();
    while records.peek().is_some() {
        let batch: Vec<Record> = records.by_ref().take(BATCH).collect();
        writer.commit(&batch).expect("records can be stored");
        writer.checkpoint();
    }
}

fn account(member: usize, at: Timestamp) -> Record {
    Record::AccountCreated { id: account_id(member), name: name(&member_name(member)), hash: hash(), at }
}

fn room(number: usize, at: Timestamp) -> Record {
    let kind = RoomKind::Named(name(&room_name(number)), Visibility::Public);
    Record::RoomCreated { id: room_id(number), kind, at }
}

fn member_of(room: RoomId, member: usize, since: Timestamp) -> Record {
    Record::MemberAdded { room, account: account_id(member), role: Role::Member, since, read: ReadMark::default() }
}

fn said(seq: u64, at: Timestamp, text: &Text) -> Record {
    let (room, author) = (room_id(0), account_id(0));
    Record::MessageSaid {
        room,
        seq,
        at,
        author,
        kind: MessageKind::Speech,
        program: false,
        text: text.clone(),
        key: None,
    }
}

fn room_id(number: usize) -> RoomId {
    RoomId(FIRST + number as i64)
}

fn account_id(member: usize) -> AccountId {
    AccountId(FIRST + member as i64)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("our names are valid")
}

fn hash() -> PasswordHash {
    thread_local!(static HASH: Box<str> = cheapest_hash().into());
    PasswordHash(HASH.with(|hash| hash.clone()))
}

fn cheapest_hash() -> String {
    let params =
        Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None).expect("they are allowed");
    let (salt, mut output) = (b"salt of the load", [0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into(PASSWORD.as_bytes(), salt, &mut output).expect("a password can be hashed");
    Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).expect("they can be written"),
        salt: Some(Salt::new(salt).expect("a salt")),
        hash: Some(Output::new(&output).expect("a hash")),
    }
    .to_string()
}
