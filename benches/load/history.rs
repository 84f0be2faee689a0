//! How many pages of history does the server deliver, and how does that affect the live chat?

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use crate::crowd::{Crowd, MOMENT};
use crate::drive::Times;
use crate::paced::{self, Latency};
use crate::protocol::Protocol;
use crate::report::{self, latency};
use crate::seed::Seed;
use crate::target::{Kind, Target};
use crate::words::room_name;
use crate::workload::Workload;

const READERS: usize = 50;
const PAGE_LINES: u64 = 100;
/// Load of the live chat.
const MESSAGES_PER_S: u64 = 100;

/// Reads random pages of a room with `messages` messages, while people chat in it.
pub fn measure(messages: u64, times: Times, settings: &str) {
    let workload: Workload = "fanout-100-1-1".parse().expect("a workload");
    let seed = Seed { accounts: READERS, messages };
    let target = Target::start(Kind::Text, Some(&workload), seed, settings);
    let protocol = Kind::Text.protocol();
    let mut crowd = Crowd::gather(target.address, &*protocol, &workload);
    let quiet = paced::run(&workload, MESSAGES_PER_S, &*protocol, &mut crowd, &target, times);
    let end = AtomicBool::new(false);
    let (beside, (pages, page_time, wall)) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let protocol = Kind::Text.protocol();
            let mut readers = Crowd::new(target.address, &*protocol, workload.members());
            readers.enter(READERS);
            read(&mut readers, &*protocol, messages, &end)
        });
        let beside = paced::run(&workload, MESSAGES_PER_S, &*protocol, &mut crowd, &target, times);
        end.store(true, Ordering::Relaxed);
        (beside, reading.join().expect("readers read"))
    });
    drop(crowd);
    target.stop();
    let (rate, page) = (pages as f64 / wall.as_secs_f64(), Latency::of(&page_time));
    println!(
        "\n| history of {messages} messages | pages/s ({PAGE_LINES} lines, {READERS} readers) | page p50 / p99 ms | chat p50 / p99 ms, quiet | chat p50 / p99 ms, beside | p99 beside over quiet |\n|---|---|---|---|---|---|"
    );
    println!(
        "| {MESSAGES_PER_S} messages/s to 100 | {rate:.0} | {:.1} / {:.1} | {:.2} / {:.2} | {:.2} / {:.2} | {:.1} |",
        page.p50,
        page.p99,
        quiet.latency.p50,
        quiet.latency.p99,
        beside.latency.p50,
        beside.latency.p99,
        beside.latency.p99 / quiet.latency.p99
    );
    report::keep(
        "history",
        json!({
            "messages": messages, "readers": READERS, "pages_per_s": rate, "page_ms": latency(page),
            "chat_quiet_ms": latency(quiet.latency), "chat_beside_ms": latency(beside.latency),
        }),
    );
}

/// Each reader requests one page after the other, until `end` is set. Returns the number of pages, the latencies and the
/// duration.
fn read(
    readers: &mut Crowd,
    protocol: &dyn Protocol,
    messages: u64,
    end: &AtomicBool,
) -> (u64, Histogram<u64>, Duration) {
    let room = room_name(0);
    let (mut times, mut pages, mut random) = (paced::histogram(), 0, 88_172_645_463_325_252_u64);
    let mut asked = vec![(Instant::now(), 0, 0); READERS];
    let mut may_ask: Vec<usize> = (0..READERS).collect();
    let start = Instant::now();
    while !end.load(Ordering::Relaxed) {
        for reader in may_ask.drain(..) {
            // Xorshift chooses the next page.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let from = random % (messages - PAGE_LINES) + 1;
            let to = from + PAGE_LINES - 1;
            asked[reader] = (Instant::now(), from, 0);
            readers.send(reader, format!("/history #{room} {from}-{to}\r\n").as_bytes());
        }
        readers.wait(MOMENT, |reader, line, _| {
            assert!(!protocol.is_refusal(line), "{}", String::from_utf8_lossy(line));
            let (since, from, lines) = &mut asked[reader];
            if line.starts_with(b"[") {
                *lines += 1;
            } else if line.starts_with(format!("-- #{room} {from}-").as_bytes()) {
                assert_eq!(*lines, PAGE_LINES, "a page is whole");
                paced::record(&mut times, since.elapsed());
                pages += 1;
                may_ask.push(reader);
            }
        });
    }
    (pages, times, start.elapsed())
}
