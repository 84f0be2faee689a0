//! Open loop: messages are sent when they are due, whatever has become of those before, and the latency of each delivery
//! counts from when its message was due. A server that stalls cannot hide that by holding up the sender.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::crowd::{Crowd, MOMENT};
use crate::drive::{self, Measured, Sample, Times};
use crate::front::Front;
use crate::ledger::Ledger;
use crate::target::Target;
use crate::workload::Workload;

/// The longest latency that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(60);

/// What came of an offered load.
pub struct Paced {
    pub measured: Measured,
    /// From when a message was due until somebody had it, in microseconds.
    pub latency: Latency,
    /// How late the generator was itself, of which the latency is a part.
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
    Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3).expect("the bounds are in order")
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
    front: &dyn Front,
    crowd: &mut Crowd,
    target: &Target,
    times: Times,
) -> Paced {
    let mut ledger = Ledger::new(*workload, front);
    let senders = workload.senders_per_circle as u64;
    let schedule = Schedule { start: Instant::now(), interval: Duration::from_secs(1) / messages_per_s as u32 };
    let (warm, end) = (schedule.start + times.warm, schedule.start + times.warm + times.measured);
    let (mut latency, mut lateness) = (histogram(), histogram());
    // Taking the sample looks at every thread of the server, which takes some milliseconds of the generator's time: what
    // was due meanwhile does not count.
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
            front.say(place, number, &mut lines[sender]);
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
        crowd.wait(most, |member, line, heard| {
            if let Some(delivery) = ledger.receive(member, line, heard) {
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
    drive::finish(crowd, &mut ledger, front);
    Paced { measured, latency: Latency::of(&latency), lateness: Latency::of(&lateness) }
}
