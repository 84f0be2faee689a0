//! Has a change made the server much more expensive? Checks only figures that are stable on a busy machine: ratios to the
//! machine's floor, events per delivery, instructions per message; no wall-clock times.

use std::process::Command;
use std::time::Duration;

use crate::drive::Times;
use crate::report::Report;
use crate::seed::Seed;
use crate::target::Kind;
use crate::throughput;

const TIMES: Times = Times { warm: Duration::from_millis(300), measured: Duration::from_millis(1500) };

/// Upper bounds of the cost of a workload, each several times the measured figure.
struct Bound {
    workload: &'static str,
    cpu_over_floor: f64,
    switches_per_delivery: f64,
    /// Lines per read of the generator: the server cannot have made more sends.
    lines_per_read: f64,
}

const BOUNDS: [Bound; 3] = [
    Bound { workload: "fanout-100-1-1", cpu_over_floor: 4.0, switches_per_delivery: 0.5, lines_per_read: 0.9 },
    Bound { workload: "fanout-100-10-64", cpu_over_floor: 0.08, switches_per_delivery: 0.02, lines_per_read: 30.0 },
    Bound { workload: "rooms-100-10-4", cpu_over_floor: 1.2, switches_per_delivery: 0.4, lines_per_read: 1.0 },
];

/// Instructions to decide and encode a message: seven percent more than the measured number (11,770).
const INSTRUCTIONS_PER_MESSAGE_MAX: u64 = 12_600;
/// Messages by which two runs differ, so that the difference of their instructions is the cost of these.
const MESSAGES: u32 = 20_000;

/// Whether all figures are within their bounds.
pub fn check() -> bool {
    let mut faults = Vec::new();
    for bound in &BOUNDS {
        let workload = bound.workload.parse().expect("a workload");
        let report = throughput::measure(Kind::Text, &workload, Seed::default(), TIMES, "");
        println!(
            "{}: CPU / F1 {:.3} (at most {}), switches/delivery {:.4} (at most {}), lines/read {:.1} (at least {})",
            bound.workload,
            report.cpu_over_floor(),
            bound.cpu_over_floor,
            report.switches_per_delivery(),
            bound.switches_per_delivery,
            lines_per_read(&report),
            bound.lines_per_read
        );
        let is_kept = report.cpu_over_floor() <= bound.cpu_over_floor
            && report.switches_per_delivery() <= bound.switches_per_delivery
            && lines_per_read(&report) >= bound.lines_per_read;
        if !is_kept {
            faults.push(bound.workload);
        }
    }
    match instructions(0).zip(instructions(MESSAGES)) {
        Some((before, after)) => {
            let each = (after - before) / u64::from(MESSAGES);
            println!("core: {each} instructions/message (at most {INSTRUCTIONS_PER_MESSAGE_MAX})");
            if each > INSTRUCTIONS_PER_MESSAGE_MAX {
                faults.push("core");
            }
        }
        None => println!("skipped: instructions are not counted, as there is no valgrind"),
    }
    if !faults.is_empty() {
        println!("too expensive: {}", faults.join(", "));
    }
    faults.is_empty()
}

fn lines_per_read(report: &Report) -> f64 {
    report.measured.deliveries as f64 / report.measured.reads as f64
}

/// The instructions of this program for `messages` messages through the core; `None` without callgrind.
fn instructions(messages: u32) -> Option<u64> {
    let this = std::env::current_exe().expect("this program is a file");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(this).arg(format!("--core={messages}"));
    let output = command.output().ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let count = told.lines().find_map(|line| line.split("Collected : ").nth(1)).expect("callgrind tells the count");
    Some(count.trim().parse().expect("a number of instructions"))
}
