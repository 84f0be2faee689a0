//! What does an idle connection cost, and how fast do thousands of them connect, and reconnect after all were cut at once?

use std::time::Instant;

use serde_json::json;

use crate::crowd::Crowd;
use crate::machine;
use crate::report;
use crate::seed::Seed;
use crate::target::{Kind, Target};

const HEAD: &str = "\
| idle connections | first connects/s | connects/s again | RSS KiB each | page tables KiB each | threads each | kernel KiB each, both ends | server CPU ms each |
|---|---|---|---|---|---|---|---|";

/// Connects each number of people, twice; the second time by tokens if the protocol has them.
pub fn measure(kind: Kind, counts: &[usize], settings: &str) {
    println!("\n{HEAD}");
    for count in counts {
        let seed = Seed { accounts: *count, ..Seed::default() };
        let target = Target::start(kind, None, seed, settings);
        let protocol = kind.protocol();
        let (before, kernel) = (target.process.memory(), machine::kernel_kib());
        let (cpu, start) = (target.process.cpu().0, Instant::now());
        let mut crowd = Crowd::new(target.address, &*protocol, 0);
        crowd.enter(*count);
        let first = *count as f64 / start.elapsed().as_secs_f64();
        crowd.sync();
        let (after, kernel_after) = (target.process.memory(), machine::kernel_kib());
        let cpu = target.process.cpu().0 - cpu;
        if protocol.token().is_some() {
            crowd.ask(0..*count, |_| protocol.token(), |member, line| protocol.keep_token(member, line));
        }
        drop(crowd);
        let start = Instant::now();
        let mut crowd = Crowd::new(target.address, &*protocol, 0);
        crowd.enter(*count);
        let again = *count as f64 / start.elapsed().as_secs_f64();
        drop(crowd);
        target.stop();
        let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / *count as f64;
        let resident = each(before.resident_kib, after.resident_kib);
        let tables = each(before.tables_kib, after.tables_kib);
        let threads = each(before.threads, after.threads);
        let kernel = each(kernel, kernel_after);
        let cpu_ms = report::us(cpu) / 1000.0 / *count as f64;
        println!(
            "| {count} | {first:.0} | {again:.0} | {resident:.1} | {tables:.2} | {threads:.2} | {kernel:.1} | {cpu_ms:.3} |"
        );
        report::keep(
            "idle",
            json!({
                "server": kind.name(), "connections": count, "connects_per_s": first, "connects_per_s_again": again,
                "resident_kib_each": resident, "page_tables_kib_each": tables, "threads_each": threads,
                "kernel_kib_each_both_ends": kernel, "server_cpu_ms_each": cpu_ms,
            }),
        );
    }
}
