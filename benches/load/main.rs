//! How does the server perform under load, and compared with others?
//!
//! Runs the real, optimised server, which stores every message before anybody sees it, in a temporary folder; with real
//! sockets, and one thread that drives all clients. Without arguments it measures everything that needs no other server.
//! `cargo bench --bench load -- fanout-100-10-64` runs one workload, `-- growth --long` one question at length, `-- peers`
//! compares with InspIRCd and ngIRCd. `docs/performance.md` explains the figures.

mod compare;
mod core;
mod crowd;
mod drive;
mod floor;
mod protocol;
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

/// Messages a second to a hundred people, up to more than the machine can deliver.
const LOADS: [u64; 7] = [10, 100, 300, 1000, 3000, 6000, 12_000];

#[derive(Parser)]
#[command(about = "Measures the server under load")]
struct Arguments {
    /// Workloads such as fanout-100-10-64, rooms-100-10-4, pairs-100 or spread-1000-16; or questions: throughput,
    /// latency, idle, history, slow, start, growth, peers, smoke.
    what: Vec<String>,
    /// The protocol or server under load, for questions that leave the choice: text, json, inspircd or ngircd.
    #[arg(long, default_value = "text")]
    protocol: Kind,
    /// A setting of the server, as name=value.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Measures for a fifth of the time.
    #[arg(long)]
    quick: bool,
    /// Measures sizes that take long: 10,000,000 stored messages.
    #[arg(long)]
    long: bool,
    /// Rounds of the comparison with the peers.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Added by Cargo.
    #[arg(long, hide = true)]
    bench: bool,
    /// Runs this number of messages through the pure core alone; `smoke` counts the instructions.
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
    let Arguments { protocol, quick, long, rounds, .. } = arguments;
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
    // With `peers`, named workloads are measured on the peers too.
    if !workloads.is_empty() && !questions.iter().any(|question| question == "peers") {
        throughput::run(protocol, &workloads, times, &settings);
    }
    for question in questions {
        let stored = if long { 10_000_000 } else { 1_000_000 };
        match question.as_str() {
            "throughput" => {
                let usual: Vec<_> = workload::USUAL.iter().map(|name| name.parse().expect("a workload")).collect();
                throughput::run(protocol, &usual, times, &settings);
            }
            "latency" => {
                throughput::latencies(protocol, &[(500, 10)], times, &settings);
                let loads = LOADS.map(|messages_per_s| (100, messages_per_s));
                throughput::draw(&throughput::latencies(protocol, &loads, times, &settings));
            }
            "idle" => idle::measure(protocol, &[1000, 5000, 9000], &settings),
            "history" => history::measure(stored, times, &settings),
            "slow" => slow::measure(times, &settings),
            "start" => start::measure(100_000, stored, &settings),
            "growth" => growth::measure(stored, times, &settings),
            "peers" => compare::run(protocol, &workloads, rounds, times, &settings),
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
