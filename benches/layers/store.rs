//! How long does a commit take, and reading a page of a large room?

use std::path::Path;

use chat_server::chat::{
    AccountId, GENERAL, GrantedRange, MessageKind, Name, PasswordHash, Record, RoomKind, RoomLabel, ShownRoom, Text,
    Timestamp, Visibility,
};
use chat_server::store::{self, Folder, Reader, Store as _, Writer};
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_760_000_000_000);
const ANA: AccountId = AccountId(2);
/// Messages in a large room.
const LARGE: u64 = 1_000_000;

/// A new store with one room and one account, on the disk of the project.
fn opened() -> (TempDir, Writer, Reader) {
    let folder = TempDir::new_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let (mut writer, reader) = store::open(&Folder::open(folder.path()).expect("a folder"), 1).expect("a new store");
    let name = |text: &str| Name::parse(text).expect("a name");
    let records = [
        Record::AccountCreated { id: ANA, name: name("ana"), hash: PasswordHash("!".into()), at: NOW },
        Record::RoomCreated { id: GENERAL, kind: RoomKind::Named(name("general"), Visibility::Public), at: NOW },
    ];
    writer.commit(&records).expect("room on the disk");
    (folder, writer, reader)
}

fn said(seq: u64) -> Record {
    let text = Text::from("what people say to each other in a room, of an ordinary length, one line");
    Record::MessageSaid {
        room: GENERAL,
        seq,
        at: NOW,
        author: ANA,
        kind: MessageKind::Speech,
        program: false,
        text,
        key: None,
    }
}

#[divan::bench(args = [1, 16, 256])]
fn commit(bencher: Bencher, records: u64) {
    let (_folder, mut writer, _reader) = opened();
    let mut seq = 0;
    bencher.counter(ItemsCount::new(records)).bench_local(|| {
        let batch: Vec<Record> = (seq + 1..=seq + records).map(said).collect();
        seq += records;
        writer.commit(&batch).expect("room on the disk");
        writer.checkpoint();
    });
}

/// The newest page, one from the middle, and the oldest.
#[divan::bench(args = [LARGE - 99, LARGE / 2, 1])]
fn page(bencher: Bencher, from: u64) {
    let (_folder, mut writer, reader) = opened();
    for start in (0..LARGE).step_by(10_000) {
        let batch: Vec<Record> = (start + 1..=start + 10_000).map(said).collect();
        writer.commit(&batch).expect("room on the disk");
        writer.checkpoint();
    }
    let label = RoomLabel::Room(Name::parse("general").expect("a name"));
    let room = ShownRoom { id: GENERAL, label };
    let range = GrantedRange { room, from, to: from + 99, last: LARGE };
    bencher.counter(ItemsCount::new(100_u64)).bench_local(|| {
        let page = reader.page(&range).expect("it can be read");
        assert_eq!(page.len(), 100);
        page
    });
}
