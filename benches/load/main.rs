//! How many lines a second does the server deliver, and what does each cost?
//!
//! The real server, optimised, with every message stored before anybody sees it, in a folder of its own; real sockets;
//! and one thread that plays all the people. `cargo bench --bench load -- fanout-100-10-64` runs one workload, `--quick`
//! shortens all, `--set=inbox_events=64` changes a setting of the server. What the figures mean stands in
//! `docs/performance.md`.

mod crowd;
mod drive;
mod floor;
mod line;
mod machine;
mod report;
#[allow(dead_code, unused_imports, reason = "tests need more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;
mod workload;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use crowd::Crowd;
use drive::Times;
use machine::Process;
use report::Report;
use support::Server;
use workload::Workload;

/// A thousand people register at two password hashes at a time, and the last of them waits for all others.
const SETTINGS: &str = "login_timeout_s = 3600\n";

const USUAL_TIMES: Times = Times { warm: Duration::from_secs(1), measured: Duration::from_secs(5) };
const QUICK_TIMES: Times = Times { warm: Duration::from_millis(300), measured: Duration::from_secs(1) };

fn main() -> ExitCode {
    let mut times = USUAL_TIMES;
    let (mut workloads, mut settings) = (Vec::new(), SETTINGS.to_owned());
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("--set=").and_then(|setting| setting.split_once('=')) {
            Some((name, value)) => settings += &format!("{name} = {value}\n"),
            None if argument == "--quick" => times = QUICK_TIMES,
            // Cargo adds this one.
            None if argument == "--bench" => {}
            None => match argument.parse::<Workload>() {
                Ok(workload) => workloads.push(workload),
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::from(2);
                }
            },
        }
    }
    if workloads.is_empty() {
        workloads = workload::USUAL.iter().map(|name| name.parse().expect("a workload")).collect();
    }
    println!("{}\n\n{}", machine::describe(), report::HEAD);
    let mut lines = Vec::new();
    for workload in workloads {
        let report = measure(workload, times, &settings);
        println!("{}", report.row());
        std::io::stdout().flush().expect("somebody reads");
        lines.push(report.json());
    }
    println!();
    lines.iter().for_each(|line| println!("{line}"));
    ExitCode::SUCCESS
}

/// Each workload has a server of its own, so that none finds what another has left.
fn measure(workload: Workload, times: Times, settings: &str) -> Report {
    let server = Server::with(settings).into_running();
    let process = Process::server(server.pid());
    let mut crowd = Crowd::gather(server.address, &workload);
    let floor_before = floor::measure();
    let measured = drive::run(&workload, &mut crowd, &process, times);
    let floor_after = floor::measure();
    server.stop();
    Report { workload, measured, floor_before, floor_after }
}
