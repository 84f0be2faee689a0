//! How do slow readers affect the latency of the other clients?

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;
use serde_json::json;

use crate::crowd::Crowd;
use crate::drive::Times;
use crate::paced;
use crate::report::{self, latency};
use crate::seed::Seed;
use crate::target::{Kind, Target};
use crate::workload::Workload;

const HEALTHY: usize = 100;
const SLOW: usize = 10;
/// Bytes of one slow read: less than half of the load.
const SIP_BYTES: usize = 1024;
const SIP_EVERY: Duration = Duration::from_millis(10);
const MESSAGES_PER_S: u64 = 2000;
/// Time for slow readers to fall behind, to be cut, to notice that, and to reconnect.
const MEASURED_AT_LEAST: Duration = Duration::from_secs(8);

/// Measures a room without slow readers, and then with some, which are cut and reconnect.
pub fn measure(times: Times, settings: &str) {
    let times = Times { measured: times.measured.max(MEASURED_AT_LEAST), ..times };
    let workload: Workload = format!("fanout-{HEALTHY}-2-1").parse().expect("a workload");
    // Slow readers are members of the room whose deliveries nobody counts.
    let everybody: Workload = format!("fanout-{}-2-1", HEALTHY + SLOW).parse().expect("a workload");
    let target = Target::start(Kind::Text, Some(&everybody), Seed::default(), settings);
    let protocol = Kind::Text.protocol();
    let mut crowd = Crowd::gather(target.address, &*protocol, &workload);
    let without = paced::run(&workload, MESSAGES_PER_S, &*protocol, &mut crowd, &target, times);
    let end = AtomicBool::new(false);
    let (with, cuts) = thread::scope(|scope| {
        let sipping = scope.spawn(|| sip(target.address, workload.members(), &end));
        let with = paced::run(&workload, MESSAGES_PER_S, &*protocol, &mut crowd, &target, times);
        end.store(true, Ordering::Relaxed);
        (with, sipping.join().expect("slow readers sip"))
    });
    drop(crowd);
    target.stop();
    println!(
        "\n| slow readers among {HEALTHY}, {MESSAGES_PER_S} messages/s | p50 ms | p99 ms | p99.9 ms | server cores |\n|---|---|---|---|---|"
    );
    for (what, it) in [("none".to_owned(), &without), (format!("{SLOW}, cut {cuts} times"), &with)] {
        let cores = it.measured.server_cpu.as_secs_f64() / it.measured.wall.as_secs_f64();
        let paced::Latency { p50, p99, p999, .. } = it.latency;
        println!("| {what} | {p50:.2} | {p99:.2} | {p999:.2} | {cores:.2} |");
    }
    assert!(cuts > 0, "slow readers were not slow enough");
    report::keep(
        "slow readers",
        json!({
            "healthy": HEALTHY, "slow": SLOW, "cuts": cuts, "messages_per_s": MESSAGES_PER_S,
            "without_ms": latency(without.latency), "with_ms": latency(with.latency),
        }),
    );
}

/// Reads a little at intervals on each connection, and reconnects those that were cut. Returns how often that happened.
fn sip(address: SocketAddr, first: usize, end: &AtomicBool) -> u64 {
    let (mut readers, mut cuts) = ((0..SLOW).map(|at| connect(address, first + at)).collect::<Vec<_>>(), 0);
    let mut sip = [0; SIP_BYTES];
    while !end.load(Ordering::Relaxed) {
        thread::sleep(SIP_EVERY);
        for (at, reader) in readers.iter_mut().enumerate() {
            let is_cut = match reader.read(&mut sip) {
                Ok(read) => read == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            };
            if is_cut {
                cuts += 1;
                *reader = connect(address, first + at);
            }
        }
    }
    cuts
}

fn connect(address: SocketAddr, member: usize) -> TcpStream {
    let mut socket = TcpStream::connect(address).expect("the server accepts");
    // The client's kernel should not buffer much in place of the slow reader.
    sockopt::set_socket_recv_buffer_size(&socket, 4096).expect("a connection");
    let enter = Kind::Text.protocol().enter(member);
    socket.write_all(enter.question.as_bytes()).expect("a connection");
    socket.set_nonblocking(true).expect("a connection");
    socket
}
