//! How does the cost of a delivery grow with the members of a room, with rooms, and with stored messages?

use crate::drive::Times;
use crate::plot::{self, Curve};
use crate::report::{self, HEAD};
use crate::seed::Seed;
use crate::target::Kind;
use crate::throughput;

/// Measures each and draws the curves. `messages_max`: the most stored messages.
pub fn measure(messages_max: u64, times: Times, settings: &str) {
    let mut curves = Vec::new();
    println!("\n{HEAD}");
    let members = [100, 400, 1000, 4000].map(|members| (members, format!("fanout-{members}-10-64"), 0));
    curves.push(curve("members of a room", &members, times, settings));
    let rooms = [10, 100, 1000, 10_000].map(|rooms| (rooms, format!("spread-{rooms}-16"), 0));
    curves.push(curve("rooms", &rooms, times, settings));
    let stored = [0, 100_000, 1_000_000, 10_000_000].into_iter().filter(|messages| *messages <= messages_max);
    let stored: Vec<_> = stored.map(|messages| (messages as usize, "fanout-100-10-64".to_owned(), messages)).collect();
    curves.push(curve("stored messages", &stored, times, settings));
    println!();
    for curve in &curves {
        let costs = || curve.points.iter().map(|(_, cost)| *cost);
        let (least, most) = (costs().fold(f64::MAX, f64::min), costs().fold(0.0, f64::max));
        println!("{}: CPU per delivery over F1 from {least:.4} to {most:.4}", curve.name);
    }
    let path = report::folder().join("growth.svg");
    plot::draw(&path, "Cost against size", "how many", "CPU of a delivery / CPU of a send", &curves);
    println!("drawn: {}", path.display());
}

fn curve(name: &str, sizes: &[(usize, String, u64)], times: Times, settings: &str) -> Curve {
    let mut points = Vec::new();
    for (size, workload, messages) in sizes {
        let workload = workload.parse().expect("a workload");
        let seed = Seed { accounts: 0, messages: *messages };
        let report = throughput::measure(Kind::Text, &workload, seed, times, settings);
        println!("{} {name}: {size} |", report.row());
        let mut result = report.json();
        (result["grows"], result["size"]) = (name.into(), (*size).into());
        report::keep("growth", result);
        points.push(((*size).max(1) as f64, report.cpu_over_floor()));
    }
    Curve { name: name.to_owned(), points }
}
