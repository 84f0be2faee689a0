//! Measurements: `cargo test --release store::tests::speed -- --ignored --nocapture --test-threads=1`.
//!
//! They use the current folder, because a temporary folder may be in memory.

use std::time::{Duration, Instant};

use super::super::Store;
use super::sample::{ANA, TEA, filled, opened, said};
use crate::chat::Record;

#[test]
#[ignore = "a measurement"]
fn rows_a_second() {
    for rows in [1, 64, 512] {
        let temporary = tempfile::tempdir_in(".").unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let (mut seq, mut worst, start) = (40, Duration::ZERO, Instant::now());
        while start.elapsed() < Duration::from_secs(4) {
            let batch: Vec<_> = (seq + 1..=seq + rows).map(|seq| said(TEA, seq, ANA)).collect();
            seq += rows;
            let turn = Instant::now();
            writer.commit(&batch).unwrap();
            writer.checkpoint();
            worst = worst.max(turn.elapsed());
        }
        let rate = (seq - 40) as f64 / start.elapsed().as_secs_f64();
        println!("{rows} rows a commit: {rate:.0} rows/s, slowest commit {worst:?}");
    }
}

#[test]
#[ignore = "a measurement"]
fn time_to_open() {
    let temporary = tempfile::tempdir_in(".").unwrap();
    let (mut writer, _) = filled(temporary.path());
    let mut seq = 40;
    for millions in [1, 4] {
        while seq < millions * 1_000_000 {
            let batch: Vec<_> = (seq + 1..=seq + 5000).map(|seq| said(TEA, seq, ANA)).collect();
            writer.commit(&batch).unwrap();
            writer.checkpoint();
            seq += 5000;
        }
        writer.close().unwrap();
        let start = Instant::now();
        writer = opened(temporary.path()).0;
        writer.load().unwrap();
        println!("{millions} million messages: opened and loaded in {:?}", start.elapsed());
    }
    let start = Instant::now();
    writer.commit(&[Record::RoomDeleted { id: TEA }]).unwrap();
    println!("{seq} messages: room deleted in {:?}", start.elapsed());
}
