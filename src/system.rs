//! What the operating system allows this process, and what it does to a process that wants more.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};

/// The variable by which the C library learns how many arenas it may use.
const ARENAS: &str = "MALLOC_ARENA_MAX";
/// The address space of a connection: its thread's stack of 256 KiB, an outbox of 512 KiB at most, and a page of history.
const CONNECTION_BYTES: u64 = 1 << 20;

/// Starts the program again with one memory arena, if the address space is limited and nobody has chosen a number.
///
/// The C library reserves 64 MiB of address space for each of up to 8 arenas a core, and a Rust program that is denied a
/// few bytes aborts. The number can only be set before the first allocation of a second thread, and only by the
/// environment or by unsafe code. The process keeps its number, its arguments and its open files.
pub fn limit_arenas() {
    if address_space().is_none() || env::var_os(ARENAS).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| "chat-server".into());
    // Returns only if that fails; then the program goes on as it is.
    let _ = Command::new("/proc/self/exe").arg0(name).args(arguments).env(ARENAS, "1").exec();
}

/// How many connections the address space has room for, if `kept_bytes` of what is free now are for other purposes. The
/// most there is if it is not limited.
pub fn connections_by_address_space(kept_bytes: u64) -> u64 {
    match (address_space(), used_bytes()) {
        (Some(limit), Some(used)) => limit.saturating_sub(used).saturating_sub(kept_bytes) / CONNECTION_BYTES,
        _ => u64::MAX,
    }
}

/// The limit of the address space in bytes, if there is one.
fn address_space() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// The address space in use.
fn used_bytes() -> Option<u64> {
    let pages: u64 = fs::read_to_string("/proc/self/statm").ok()?.split(' ').next()?.parse().ok()?;
    Some(pages * page_size() as u64)
}
