//! How many lines a second does the server deliver, and what does each cost?

use std::io::Write;

use serde_json::json;

use crate::crowd::Crowd;
use crate::drive::{self, Times};
use crate::floor;
use crate::paced;
use crate::plot::{self, Curve};
use crate::report::{self, HEAD, Report};
use crate::seed::Seed;
use crate::target::{Kind, Target};
use crate::workload::Workload;

/// Measures workloads one after the other.
pub fn run(kind: Kind, workloads: &[Workload], times: Times, settings: &str) {
    println!("\n{}\n\n{HEAD}", kind.name());
    for workload in workloads {
        let report = measure(kind, workload, Seed::default(), times, settings);
        println!("{}", report.row());
        std::io::stdout().flush().expect("somebody reads");
        report::keep("throughput", report.json());
    }
}

/// Each workload has a new server, so that no workload depends on an earlier one.
pub fn measure(kind: Kind, workload: &Workload, seed: Seed, times: Times, settings: &str) -> Report {
    let target = Target::start(kind, Some(workload), seed, settings);
    let protocol = kind.protocol();
    let mut crowd = Crowd::gather(target.address, &*protocol, workload);
    let before = floor::measure();
    let measured = drive::run(workload, &*protocol, &mut crowd, &target, times);
    let floor = [before, floor::measure()];
    target.stop();
    let (workload, connections) = (workload.to_string(), workload.members());
    Report { server: kind.name(), workload, connections, measured, floor, latency: None }
}

/// A generator that gets no CPU time for a while must not be cut as a slow reader.
const PATIENT: &str = "outbox_max_bytes = 16777216\n";

/// The latency of each of these loads, given as receivers of one room and messages a second in it.
pub fn latencies(kind: Kind, loads: &[(usize, u64)], times: Times, settings: &str) -> Vec<Report> {
    println!(
        "\n| {}: messages/s to N members | deliveries/s | p50 ms | p99 ms | p99.9 ms | max ms | generator late, p99 ms | server cores | CPU / F1 |\n|---|---|---|---|---|---|---|---|---|",
        kind.name()
    );
    let settings = if kind.program().is_some() { "" } else { &format!("{PATIENT}{settings}") };
    let mut reports = Vec::new();
    for (receivers, messages_per_s) in loads {
        // One sender per thousand messages a second, so that one client's thread is not the bottleneck.
        let senders = (messages_per_s / 1000).clamp(1, 10);
        let workload: Workload = format!("fanout-{receivers}-{senders}-1").parse().expect("a workload");
        let target = Target::start(kind, Some(&workload), Seed::default(), settings);
        let protocol = kind.protocol();
        let mut crowd = Crowd::gather(target.address, &*protocol, &workload);
        let before = floor::measure();
        let paced = paced::run(&workload, *messages_per_s, &*protocol, &mut crowd, &target, times);
        let floor = [before, floor::measure()];
        drop(crowd);
        target.stop();
        let (name, connections) = (format!("{messages_per_s}/s to {receivers}"), workload.members());
        let (latency, late) = (paced.latency, paced.lateness);
        let report = Report {
            server: kind.name(),
            workload: name,
            connections,
            measured: paced.measured,
            floor,
            latency: Some(latency),
        };
        println!(
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} |",
            report.workload,
            report::short(report.deliveries_per_s()),
            latency.p50,
            latency.p99,
            latency.p999,
            latency.max,
            late.p99,
            report.measured.server_cpu.as_secs_f64() / report.measured.wall.as_secs_f64(),
            report.cpu_over_floor(),
        );
        let mut result = report.json();
        result["generator_late_ms"] = json!(report::latency(late));
        report::keep("latency", result);
        reports.push(report);
    }
    reports
}

/// Draws latency against offered load.
pub fn draw(reports: &[Report]) {
    let curve = |name: &str, of: fn(paced::Latency) -> f64| {
        let point = |report: &Report| Some((report.deliveries_per_s(), of(report.latency?).max(0.01)));
        Curve { name: name.to_owned(), points: reports.iter().filter_map(point).collect() }
    };
    let curves =
        [curve("p50", |it| it.p50), curve("p99", |it| it.p99), curve("p99.9", |it| it.p999), curve("max", |it| it.max)];
    let path = report::folder().join("latency.svg");
    plot::draw(&path, "Latency against offered load", "deliveries a second", "ms from due to received", &curves);
    println!("drawn: {}", path.display());
}
