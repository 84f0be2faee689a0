//! How many bytes a second do the telnet parser, the line decoder and the grammar process?

use chat_server::net::framing::LineDecoder;
use chat_server::protocol::telnet::Telnet;
use chat_server::protocol::text;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

use crate::words;

const LINES: u32 = 100;

/// Lines of a client.
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

/// Input by the key or by the line, as people type, and all at once, as a program sends.
#[divan::bench(args = [1, 84, 4096])]
fn decode(bencher: Bencher, bytes_at_once: usize) {
    let (bytes, mut decoder) = (sent(), LineDecoder::new(4096, 65536));
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        for part in bytes.chunks(bytes_at_once) {
            decoder.push(part);
            while let Some(decoded) = decoder.next() {
                black_box(decoded);
            }
        }
    });
}

#[divan::bench(args = ["what people say to each other in a room, of an ordinary length, one line", "/say #tea is it four already?", "/history #tea 100-200"])]
fn parse(bencher: Bencher, line: &str) {
    bencher.counter(BytesCount::new(line.len())).bench_local(|| text::parse(black_box(line.as_bytes())));
}
