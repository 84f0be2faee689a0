//! Results: tables for people, and lines of JSON, which are kept in a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::drive::Measured;
use crate::floor::Floor;
use crate::machine;
use crate::paced::Latency;

/// The result of a workload, with the machine's floor before and after it.
pub struct Report {
    pub server: &'static str,
    pub workload: String,
    pub connections: usize,
    pub measured: Measured,
    pub floor: [Floor; 2],
    pub latency: Option<Latency>,
}

/// The head of the table.
pub const HEAD: &str = "\
| workload | deliveries/s | messages/s | CPU us/delivery | CPU / F1 | rate x F1 | switches/delivery | lines/read | commits/s | rows/commit | cores: server (busiest thread) + generator + others | RSS MiB | F1 us | sync us | bound by |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

impl Report {
    pub fn row(&self) -> String {
        let measured = &self.measured;
        let [before, after] = self.floor;
        let or_none = |figure: Option<f64>| figure.map_or("-".to_owned(), short);
        format!(
            "| {} | {} | {} | {:.3} | {:.3} | {:.2} | {:.4} | {:.1} | {} | {} | {:.2} ({:.2}) + {:.2} + {:.2} | {:.0} | {:.1} - {:.1} | {:.0} - {:.0} | {} |",
            self.workload,
            short(self.rate(measured.deliveries)),
            short(self.rate(measured.messages)),
            self.cpu_us(),
            self.cpu_over_floor(),
            self.rate(measured.deliveries) * self.floor_us() / 1e6,
            self.switches_per_delivery(),
            measured.deliveries as f64 / measured.reads as f64,
            or_none(self.commits_per_s()),
            or_none(self.rows_per_commit()),
            self.share(measured.server_cpu),
            self.share(measured.busiest_cpu),
            self.share(measured.generator_cpu),
            self.others(),
            measured.resident_kib as f64 / 1024.0,
            us(before.send),
            us(after.send),
            us(before.sync),
            us(after.sync),
            self.bound(),
        )
    }

    pub fn json(&self) -> Value {
        let measured = &self.measured;
        let mut value = json!({
            "server": self.server,
            "workload": self.workload,
            "seconds": measured.wall.as_secs_f64(),
            "deliveries": measured.deliveries,
            "messages": measured.messages,
            "deliveries_per_s": self.deliveries_per_s(),
            "messages_per_s": self.rate(measured.messages),
            "server_cpu_us_per_delivery": self.cpu_us(),
            "send_floor_us": self.floor.map(|floor| us(floor.send)),
            "sync_floor_us": self.floor.map(|floor| us(floor.sync)),
            "cpu_over_send_floor": self.cpu_over_floor(),
            "rate_over_send_floor": self.deliveries_per_s() * self.floor_us() / 1e6,
            "switches_per_delivery": self.switches_per_delivery(),
            "lines_per_read": measured.deliveries as f64 / measured.reads as f64,
            "commits_per_s": self.commits_per_s(),
            "rows_per_commit": self.rows_per_commit(),
            "server_cores": self.share(measured.server_cpu),
            "busiest_thread_cores": self.share(measured.busiest_cpu),
            "generator_cores": self.share(measured.generator_cpu),
            "other_cores": self.others(),
            "resident_kib": measured.resident_kib,
            "connections": self.connections,
            "bound_by": self.bound(),
        });
        if let Some(latency) = self.latency {
            value["latency_ms"] = self::latency(latency);
        }
        value
    }

    pub fn deliveries_per_s(&self) -> f64 {
        self.rate(self.measured.deliveries)
    }

    pub fn cpu_us(&self) -> f64 {
        us(self.measured.server_cpu) / self.measured.deliveries as f64
    }

    pub fn cpu_over_floor(&self) -> f64 {
        self.cpu_us() / self.floor_us()
    }

    pub fn switches_per_delivery(&self) -> f64 {
        self.measured.switches as f64 / self.measured.deliveries as f64
    }

    pub fn commits_per_s(&self) -> Option<f64> {
        self.measured.commits.map(|commits| self.rate(commits.into()))
    }

    pub fn rows_per_commit(&self) -> Option<f64> {
        self.measured.commits.filter(|commits| *commits > 0).map(|it| self.measured.messages as f64 / f64::from(it))
    }

    /// The resource that bounded the rate. One thread can use one core, and all programs share the machine's cores; if
    /// neither is exhausted, something waited: for the disk, or for the next message of a small window.
    pub fn bound(&self) -> &'static str {
        if self.share(self.measured.generator_cpu) > 0.9 {
            "generator"
        } else if self.share(self.measured.busiest_cpu) > 0.9 {
            "busiest thread"
        } else if self.share(self.measured.busy) < 0.93 * machine::cores() as f64 {
            "waiting"
        } else if self.others() > 0.2 {
            "cores, others too"
        } else {
            "cores"
        }
    }

    /// Cores used by programs other than the server and the generator.
    fn others(&self) -> f64 {
        let ours = self.measured.server_cpu + self.measured.generator_cpu;
        self.share(self.measured.busy.saturating_sub(ours))
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.measured.wall.as_secs_f64()
    }

    fn floor_us(&self) -> f64 {
        us(self.floor[0].send + self.floor[1].send) / 2.0
    }

    fn share(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() / self.measured.wall.as_secs_f64()
    }
}

/// The folder of the results.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    fs::create_dir_all(&folder).expect("a folder for results");
    folder
}

/// Appends a result to the file, with time, machine and commit.
pub fn keep(what: &str, mut result: Value) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    result["measured"] = json!(what);
    result["at_unix_s"] = json!(since.as_secs());
    result["commit"] = json!(machine::commit());
    result["machine"] = json!(machine::describe());
    let path = folder().join("results.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file for results");
    writeln!(file, "{result}").expect("room on the disk");
}

pub fn latency(latency: Latency) -> Value {
    json!({ "p50": latency.p50, "p99": latency.p99, "p999": latency.p999, "max": latency.max })
}

pub fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Three significant digits: `1.23 M`, `123 k` or `12.3`.
pub fn short(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e4.. => format!("{:.0} k", rate / 1e3),
        1e3.. => format!("{:.1} k", rate / 1e3),
        1e2.. => format!("{rate:.0}"),
        _ => format!("{rate:.1}"),
    }
}
