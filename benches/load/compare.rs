//! How do we compare with other servers, driven by the same generator in the same minutes?
//!
//! Runs alternate between the servers, so that changes of the machine's speed affect all of them.
//! InspIRCd and ngIRCd store nothing.

use std::process::{Command, Stdio};

use crate::drive::Times;
use crate::report::{self, Report, short};
use crate::seed::Seed;
use crate::target::Kind;
use crate::throughput;
use crate::workload::{BESIDE_PEERS, Workload};

/// Receivers and messages a second of the latency comparison.
const PACE: (usize, u64) = (500, 10);

/// Median, minimum and maximum of several runs.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Spread {
        figures.sort_by(f64::total_cmp);
        Spread { least: figures[0], median: figures[figures.len() / 2], most: figures[figures.len() - 1] }
    }

    fn text(&self, digits: impl Fn(f64) -> String) -> String {
        format!("{} ({} - {})", digits(self.median), digits(self.least), digits(self.most))
    }
}

/// Compares our server with the peers that are installed.
pub fn run(ours: Kind, workloads: &[Workload], rounds: usize, times: Times, settings: &str) {
    let mut kinds = vec![ours];
    kinds.extend([Kind::InspIrcd, Kind::NgIrcd].into_iter().filter(|peer| is_there(*peer)));
    if kinds.len() == 1 {
        println!("skipped: there is no peer to compare with");
        return;
    }
    let usual: Vec<Workload> = BESIDE_PEERS.iter().map(|name| name.parse().expect("a workload")).collect();
    let workloads = if workloads.is_empty() { &usual } else { workloads };
    println!(
        "\nMedian (least - most) of {rounds} runs each, in turn.\n\n| workload | server | deliveries/s | CPU us/delivery | CPU / F1 | switches/delivery | ours: CPU x theirs | ours: rate x theirs | bound by |\n|---|---|---|---|---|---|---|---|---|"
    );
    for workload in workloads {
        let mut reports: Vec<Vec<Report>> = kinds.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (kind, reports) in kinds.iter().zip(&mut reports) {
                let settings = if kind.program().is_some() { "" } else { settings };
                let report = throughput::measure(*kind, workload, Seed::default(), times, settings);
                report::keep("peers", report.json());
                reports.push(report);
            }
        }
        for (kind, theirs) in kinds.iter().zip(&reports) {
            println!("{}", row(workload, *kind, &reports[0], theirs));
        }
    }
    for kind in kinds {
        throughput::latencies(kind, &vec![PACE; rounds], times, "");
    }
}

fn row(workload: &Workload, kind: Kind, ours: &[Report], theirs: &[Report]) -> String {
    let of = |figure: fn(&Report) -> f64| Spread::of(theirs.iter().map(figure).collect());
    // Only runs of one round are compared, since they were close in time.
    let ratio = |figure: fn(&Report) -> f64| {
        let pairs = ours.iter().zip(theirs);
        Spread::of(pairs.map(|(ours, theirs)| figure(ours) / figure(theirs)).collect()).text(|it| format!("{it:.2}"))
    };
    let mut bounds: Vec<&str> = theirs.iter().map(Report::bound).collect();
    bounds.dedup();
    format!(
        "| {workload} | {} | {} | {} | {} | {:.4} | {} | {} | {} |",
        kind.name(),
        of(Report::deliveries_per_s).text(short),
        of(Report::cpu_us).text(|it| format!("{it:.2}")),
        of(Report::cpu_over_floor).text(|it| format!("{it:.3}")),
        of(Report::switches_per_delivery).median,
        if kind.program().is_some() { ratio(Report::cpu_us) } else { "1".to_owned() },
        if kind.program().is_some() { ratio(Report::deliveries_per_s) } else { "1".to_owned() },
        bounds.join(", "),
    )
}

/// Whether a peer is installed; installs it if possible.
fn is_there(peer: Kind) -> bool {
    let program = peer.program().expect("a peer is a program");
    let is_there = || std::path::Path::new(program).exists();
    if !is_there() {
        let package = program.rsplit('/').next().expect("a path has a last part");
        println!("installing {package}");
        let is_root = rustix::process::geteuid().is_root();
        let start = if is_root { &["apt-get"][..] } else { &["sudo", "-n", "apt-get"] };
        for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends", package]] {
            let mut command = Command::new(start[0]);
            command.args(&start[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            // The result is ignored: the caller looks for the program.
            let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
        }
    }
    if !is_there() {
        println!("skipped: {} is not installed and cannot be", peer.name());
    }
    is_there()
}
