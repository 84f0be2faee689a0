//! The results, as a table for people and as lines of JSON for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::drive::Measured;
use crate::floor::Floor;
use crate::machine;
use crate::workload::Workload;

/// A workload that was measured, between two measurements of the machine's floor.
pub struct Report {
    pub workload: Workload,
    pub measured: Measured,
    pub floor_before: Floor,
    pub floor_after: Floor,
}

/// What each column is, in the table's first lines.
pub const HEAD: &str = "\
| workload | deliveries/s | messages/s | CPU us/delivery | CPU / F1 | rate x F1 | switches/delivery | lines/read | cores: server (broker) + generator + others | RSS MiB | F1 us | sync us | bound by |
|---|---|---|---|---|---|---|---|---|---|---|---|---|";

impl Report {
    pub fn row(&self) -> String {
        let measured = &self.measured;
        let per_delivery = |what: u64| what as f64 / measured.deliveries as f64;
        format!(
            "| {} | {} | {} | {:.2} | {:.3} | {:.2} | {:.4} | {:.1} | {:.2} ({:.2}) + {:.2} + {:.2} | {:.0} | {:.1} - {:.1} | {:.0} - {:.0} | {} |",
            self.workload,
            thousands(self.rate(measured.deliveries)),
            thousands(self.rate(measured.messages)),
            self.cpu_us(),
            self.cpu_us() / self.floor_us(),
            self.rate(measured.deliveries) * self.floor_us() / 1e6,
            per_delivery(measured.switches),
            1.0 / per_delivery(measured.reads),
            self.share(measured.server_cpu),
            self.share(measured.broker_cpu),
            self.share(measured.generator_cpu),
            self.others(),
            measured.resident_kib as f64 / 1024.0,
            us(self.floor_before.send),
            us(self.floor_after.send),
            us(self.floor_before.sync),
            us(self.floor_after.sync),
            self.bound(),
        )
    }

    pub fn json(&self) -> Value {
        let measured = &self.measured;
        json!({
            "workload": self.workload.to_string(),
            "seconds": measured.wall.as_secs_f64(),
            "deliveries": measured.deliveries,
            "messages": measured.messages,
            "deliveries_per_s": self.rate(measured.deliveries),
            "messages_per_s": self.rate(measured.messages),
            "server_cpu_us_per_delivery": self.cpu_us(),
            "send_floor_us": [us(self.floor_before.send), us(self.floor_after.send)],
            "sync_floor_us": [us(self.floor_before.sync), us(self.floor_after.sync)],
            "cpu_over_send_floor": self.cpu_us() / self.floor_us(),
            "rate_over_send_floor": self.rate(measured.deliveries) * self.floor_us() / 1e6,
            "switches_per_delivery": measured.switches as f64 / measured.deliveries as f64,
            "lines_per_read": measured.deliveries as f64 / measured.reads as f64,
            "server_cores": self.share(measured.server_cpu),
            "broker_cores": self.share(measured.broker_cpu),
            "generator_cores": self.share(measured.generator_cpu),
            "other_cores": self.others(),
            "resident_kib": measured.resident_kib,
            "connections": self.workload.members(),
            "bound_by": self.bound(),
        })
    }

    /// What kept the figure from being higher. One thread can use one core, and all programs share the cores that there
    /// are; where neither is used up, somebody waited: for the disk, or for the next line of a small window.
    fn bound(&self) -> &'static str {
        if self.share(self.measured.generator_cpu) > 0.9 {
            "generator"
        } else if self.share(self.measured.broker_cpu) > 0.9 {
            "broker"
        } else if self.share(self.measured.busy) < 0.93 * machine::cores() as f64 {
            "waiting"
        } else if self.others() > 0.2 {
            "cores, others too"
        } else {
            "cores"
        }
    }

    /// Cores that neither the server nor the generator used, but somebody else.
    fn others(&self) -> f64 {
        let ours = self.measured.server_cpu + self.measured.generator_cpu;
        self.share(self.measured.busy.saturating_sub(ours))
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.measured.wall.as_secs_f64()
    }

    fn cpu_us(&self) -> f64 {
        us(self.measured.server_cpu) / self.measured.deliveries as f64
    }

    fn floor_us(&self) -> f64 {
        us(self.floor_before.send + self.floor_after.send) / 2.0
    }

    fn share(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() / self.measured.wall.as_secs_f64()
    }
}

fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// `1.23 M` or `123 k`, as many digits as mean something.
fn thousands(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e4.. => format!("{:.0} k", rate / 1e3),
        _ => format!("{:.1} k", rate / 1e3),
    }
}
