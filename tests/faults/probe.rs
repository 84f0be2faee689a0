//! Two people who talk with each other all the time: the latency that everybody else sees during a fault.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::{Client, Running};

/// Time between two words.
const PAUSE: Duration = Duration::from_millis(4);

/// The two people.
pub struct Probe {
    pair: [Client; 2],
}

/// The two while they talk.
pub struct Talking {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(Probe, Latencies)>,
}

impl Probe {
    /// Two new accounts.
    pub fn new(server: &Running) -> Probe {
        Probe { pair: ["probe-one", "probe-two"].map(|name| server.register(name)) }
    }

    /// The same two, on a later server.
    pub fn again(server: &Running) -> Probe {
        Probe { pair: ["probe-one", "probe-two"].map(|name| server.login(name)) }
    }

    /// Lets them talk in a thread of their own: each word is stored and delivered before the next one.
    pub fn start(mut self) -> Talking {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut taken = Vec::new();
            while !over.load(Ordering::Relaxed) {
                // In turn, so that either reads what else it is told.
                let [one, two] = &mut self.pair;
                let is_even = taken.len() % 2 == 0;
                let (from, to, name) = if is_even { (one, two, "probe-two") } else { (two, one, "probe-one") };
                let start = Instant::now();
                let word = format!("word {}.", taken.len());
                from.send(&format!("/msg {name} {word}"));
                to.expect(&word);
                taken.push(start.elapsed());
                thread::sleep(PAUSE);
            }
            (self, Latencies::of(taken))
        });
        Talking { is_over, thread }
    }

    /// Lets them talk for this time.
    pub fn talk_for(self, time: Duration) -> (Probe, Latencies) {
        let talking = self.start();
        thread::sleep(time);
        talking.stop()
    }
}

impl Talking {
    /// Ends the talk; fails if a word did not arrive.
    pub fn stop(self) -> (Probe, Latencies) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("every word arrives")
    }
}

/// How long things took.
pub struct Latencies {
    sorted: Vec<Duration>,
}

impl Latencies {
    pub fn of(mut taken: Vec<Duration>) -> Latencies {
        assert!(!taken.is_empty(), "nothing was measured");
        taken.sort_unstable();
        Latencies { sorted: taken }
    }

    /// The latency that `of_1000` of a thousand did not exceed.
    pub fn permille(&self, of_1000: usize) -> Duration {
        self.sorted[(self.sorted.len() * of_1000 / 1000).min(self.sorted.len() - 1)]
    }

    pub fn p99(&self) -> Duration {
        self.permille(990)
    }

    /// What was measured.
    pub fn into_taken(self) -> Vec<Duration> {
        self.sorted
    }

    /// Fails if the p99 is above a second, which is far above what is promised, so that a busy machine does not fail
    /// it. The figure is reported.
    #[track_caller]
    pub fn check(&self, what: &str) {
        assert!(self.p99() < Duration::from_secs(1), "{what}: {self}");
    }

    /// How many times as long as in `quiet` 99 of 100 took.
    pub fn ratio(&self, quiet: &Latencies) -> f64 {
        self.p99().as_secs_f64() / quiet.p99().as_secs_f64()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |of_1000| self.permille(of_1000).as_secs_f64() * 1000.0;
        write!(f, "n={} p50={:.2} p99={:.2} max={:.2} ms", self.sorted.len(), ms(500), ms(990), ms(1000))
    }
}
