//! Open loop: each message is sent when it is due, whether or not earlier ones have arrived, and the latency of a delivery
//! counts from when its message was due. So a server that stalls cannot hide that by delaying the sender.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::crowd::{Crowd, MOMENT};
use crate::drive::{self, Measured, Sample, Times};
use crate::ledger::Ledger;
use crate::protocol::Protocol;
use crate::target::Target;
use crate::workload::Workload;

/// The longest latency that is recorded exactly; longer ones count as this.
const LONGEST: Duration = Duration::from_secs(60);

/// The result of an offered load.
pub struct Paced {
    pub measured: Measured,
    /// From when a message was due to when it was received, in microseconds.
    pub latency: Latency,
    /// Lateness of the generator itself, which is included in the latency.
    pub lateness: Latency,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Latency {
    pub fn of(histogram: &Histogram<u64>) -> Latency {
        let ms = |us: u64| us as f64 / 1000.0;
        let at = |quantile| ms(histogram.value_at_quantile(quantile));
        Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: ms(histogram.max()) }
    }
}

pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3).expect("the bounds are valid")
}

pub fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(time.as_micros() as u64);
}

/// When each message is due: `messages_per_s` in all, by the senders in turn.
#[derive(Clone, Copy)]
struct Schedule {
    start: Instant,
    interval: Duration,
}

impl Schedule {
    fn due(&self, message: u64) -> Instant {
        self.start + Duration::from_nanos(self.interval.as_nanos() as u64 * message)
    }
}

/// Offers a load to a workload of one circle; its window does not matter.
pub fn run(
    workload: &Workload,
    messages_per_s: u64,
    protocol: &dyn Protocol,
    crowd: &mut Crowd,
    target: &Target,
    times: Times,
) -> Paced {
    let mut ledger = Ledger::new(*workload, protocol);
    let senders = workload.senders_per_circle as u64;
    let schedule = Schedule { start: Instant::now(), interval: Duration::from_secs(1) / messages_per_s as u32 };
    let (warm, end) = (schedule.start + times.warm, schedule.start + times.warm + times.measured);
    let (mut latency, mut lateness) = (histogram(), histogram());
    // Sampling reads the counters of every thread of the server, which takes some milliseconds: messages that are due
    // meanwhile do not count.
    let (mut message, mut before, mut counted_from) = (0, None, end);
    let mut lines = vec![Vec::new(); senders as usize];
    loop {
        let now = Instant::now();
        if now >= warm && before.is_none() {
            before = Some((target.process.switches(), Sample::take(target, &ledger, crowd)));
            counted_from = Instant::now();
        }
        while schedule.due(message) <= now.min(end) {
            let sender = (message % senders) as usize;
            let (place, number) = ledger.next(sender);
            protocol.say(place, number, &mut lines[sender]);
            if schedule.due(message) >= counted_from {
                record(&mut lateness, now - schedule.due(message));
            }
            message += 1;
        }
        for (sender, lines) in lines.iter_mut().enumerate().filter(|(_, lines)| !lines.is_empty()) {
            crowd.send(sender, lines);
            lines.clear();
        }
        if now >= end {
            break;
        }
        let most = schedule.due(message).min(end).saturating_duration_since(now).min(MOMENT);
        crowd.wait(most, |member, line, received| {
            if let Some(delivery) = ledger.receive(member, line, received) {
                let message = u64::from(delivery.number - 1) * senders + delivery.author as u64;
                let due = schedule.due(message);
                if due >= counted_from {
                    record(&mut latency, due.elapsed());
                }
            }
        });
    }
    let after = Sample::take(target, &ledger, crowd);
    let (switches, before) = before.expect("it was warm before it ended");
    let switches = target.process.switches() - switches;
    let measured = before.to(&after, switches, target.process.memory().resident_kib);
    drive::finish(crowd, &mut ledger, protocol);
    Paced { measured, latency: Latency::of(&latency), lateness: Latency::of(&lateness) }
}
