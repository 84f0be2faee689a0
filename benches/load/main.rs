//! How does the server do under load, and beside others?
//!
//! The real server, optimised, with every message stored before anybody sees it, in a folder of its own; real sockets;
//! and one thread that plays all the people. Without arguments everything is measured that needs no other server.
//! `cargo bench --bench load -- fanout-100-10-64` runs one workload, `-- growth --long` one question at length, `-- peers`
//! compares with InspIRCd and ngIRCd. What the figures mean stands in `docs/performance.md`.

mod compare;
mod core;
mod crowd;
mod drive;
mod floor;
mod front;
mod growth;
mod history;
mod idle;
mod ledger;
mod machine;
mod paced;
mod plot;
mod report;
mod seed;
mod slow;
mod smoke;
mod start;
mod target;
mod throughput;
mod words;
mod workload;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use drive::Times;
use target::Kind;
use workload::Workload;

const USUAL_TIMES: Times = Times { warm: Duration::from_secs(1), measured: Duration::from_secs(5) };
const QUICK_TIMES: Times = Times { warm: Duration::from_millis(300), measured: Duration::from_secs(1) };

/// Messages a second to a hundred people, up to where no machine of today follows.
const LOADS: [u64; 7] = [10, 100, 300, 1000, 3000, 6000, 12_000];

#[derive(Parser)]
#[command(about = "Measures the server under load")]
struct Arguments {
    /// Workloads such as fanout-100-10-64, rooms-100-10-4, pairs-100 or spread-1000-16; or questions: throughput,
    /// latency, idle, history, slow, start, growth, peers, smoke.
    what: Vec<String>,
    /// What is driven where a choice is given: text, json, inspircd or ngircd.
    #[arg(long, default_value = "text")]
    front: Kind,
    /// A setting of the server, as name=value.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Measures for a fifth of the time.
    #[arg(long)]
    quick: bool,
    /// Measures sizes that take long: 10,000,000 stored messages.
    #[arg(long)]
    long: bool,
    /// How often each is measured beside the peers.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Cargo adds this one.
    #[arg(long, hide = true)]
    bench: bool,
    /// The pure core alone, so many messages: what `smoke` counts the instructions of.
    #[arg(long, hide = true)]
    core: Option<u32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(messages) = arguments.core {
        core::run(messages);
        return ExitCode::SUCCESS;
    }
    machine::allow_many_descriptors();
    let Arguments { front, quick, long, rounds, .. } = arguments;
    let times = if quick { QUICK_TIMES } else { USUAL_TIMES };
    let settings: String = arguments.settings.iter().map(|it| it.replacen('=', " = ", 1) + "\n").collect();
    let everything = ["throughput", "latency", "idle", "history", "slow", "start", "growth"].map(str::to_owned);
    let what = if arguments.what.is_empty() { everything.to_vec() } else { arguments.what };
    println!("{}, commit {}", machine::describe(), machine::commit());
    let (questions, names): (Vec<_>, Vec<_>) = what.into_iter().partition(|it| !it.contains('-'));
    let workloads = match names.iter().map(|name| name.parse()).collect::<Result<Vec<Workload>, _>>() {
        Ok(workloads) => workloads,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    // Named workloads are measured beside the peers if those are asked for too.
    if !workloads.is_empty() && !questions.iter().any(|question| question == "peers") {
        throughput::run(front, &workloads, times, &settings);
    }
    for question in questions {
        let stored = if long { 10_000_000 } else { 1_000_000 };
        match question.as_str() {
            "throughput" => {
                let usual: Vec<_> = workload::USUAL.iter().map(|name| name.parse().expect("a workload")).collect();
                throughput::run(front, &usual, times, &settings);
            }
            "latency" => {
                throughput::latencies(front, &[(500, 10)], times, &settings);
                let loads = LOADS.map(|messages_per_s| (100, messages_per_s));
                throughput::draw(&throughput::latencies(front, &loads, times, &settings));
            }
            "idle" => idle::measure(front, &[1000, 5000, 9000], &settings),
            "history" => history::measure(stored, times, &settings),
            "slow" => slow::measure(times, &settings),
            "start" => start::measure(100_000, stored, &settings),
            "growth" => growth::measure(stored, times, &settings),
            "peers" => compare::run(front, &workloads, rounds, times, &settings),
            "smoke" => {
                if !smoke::check() {
                    return ExitCode::FAILURE;
                }
            }
            unknown => {
                eprintln!("no question \"{unknown}\": --help lists them");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
