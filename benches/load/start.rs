//! How long does a start take with a large store?

use serde_json::json;

use crate::crowd::Crowd;
use crate::report;
use crate::seed::Seed;
use crate::target::{Kind, Target};

/// Starts a server on a store with these numbers of accounts, all members of `general`, and messages; one client logs in.
pub fn measure(accounts: usize, messages: u64, settings: &str) {
    let target = Target::start(Kind::Text, None, Seed { accounts, messages }, settings);
    let (seconds, bytes) = (target.started_in.as_secs_f64(), target.store_bytes());
    let resident_kib = target.process.memory().resident_kib;
    let protocol = Kind::Text.protocol();
    Crowd::new(target.address, &*protocol, 0).enter(1);
    target.stop();
    println!("\n| start with | seconds until it listens | RSS MiB | store MiB |\n|---|---|---|---|");
    println!("| {accounts} accounts, {messages} messages | {seconds:.2} | {} | {} |", resident_kib >> 10, bytes >> 20);
    report::keep(
        "start",
        json!({
            "accounts": accounts, "messages": messages, "seconds": seconds, "resident_kib": resident_kib,
            "store_bytes": bytes,
        }),
    );
}
