//! How many bytes a second do telnet, the line cutter and the grammar take?

use chat_server::net::LineCutter;
use chat_server::protocol::telnet::Telnet;
use chat_server::protocol::text;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

use crate::words;

const LINES: u32 = 100;

/// Lines as a client sends them.
fn sent() -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..LINES {
        words::write(number, &mut bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[divan::bench]
fn telnet(bencher: Bencher) {
    let (bytes, mut telnet) = (sent(), Telnet::new());
    let (mut data, mut reply) = (Vec::new(), Vec::new());
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        data.clear();
        telnet.receive(black_box(&bytes), &mut data, &mut reply)
    });
}

/// What people type, a key or a line at a time, and what a program sends, all at once.
#[divan::bench(args = [1, 84, 4096])]
fn cut(bencher: Bencher, bytes_at_once: usize) {
    let (bytes, mut cutter) = (sent(), LineCutter::new(4096, 65536));
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        for part in bytes.chunks(bytes_at_once) {
            cutter.push(part);
            while let Some(cut) = cutter.next() {
                black_box(cut);
            }
        }
    });
}

#[divan::bench(args = ["what people say to each other in a room, of an ordinary length, one line", "/say #tea is it four already?", "/history #tea 100-200"])]
fn parse(bencher: Bencher, line: &str) {
    bencher.counter(BytesCount::new(line.len())).bench_local(|| text::parse(black_box(line.as_bytes())));
}
