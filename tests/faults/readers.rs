//! Readers that never read, and a flooder: the latency that others see, and the memory that they cost.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::audience::{Audience, Sent, speak};
use crate::probe::Latencies;
use crate::process::resident_kib;
use crate::support::{PATIENCE, Server, Wire};
use crate::{Outcome, Plan};

const MEMBERS: usize = 200;
const STALLED: usize = 100;
/// Of the stalled, those that begin to read again.
const RELEASED: usize = 50;
const PER_S: u64 = 500;
const MESSAGES: usize = 6000;
/// The promise for one stalled reader.
const STALLED_MAX_KIB: u64 = 512;

/// Five accounts share the messages, so that there are several senders.
fn say_all(server_address: std::net::SocketAddr, sent: &Arc<Sent>) -> Vec<thread::JoinHandle<()>> {
    let speakers = 5;
    let spawn = |which: usize| {
        let sent = Arc::clone(sent);
        thread::spawn(move || {
            let numbers = (which..MESSAGES).step_by(speakers);
            speak(server_address, &format!("speaker{which}"), &sent, numbers, PER_S / speakers as u64);
        })
    };
    (0..speakers).map(spawn).collect()
}

/// 100 of 200 members stop to read; half of them begin again at random moments.
pub fn stalled(plan: &mut Plan) -> Outcome {
    let server = Server::start_new();
    Audience::register(&server, MEMBERS);
    (0..5).for_each(|which| drop(server.register(&format!("speaker{which}"))));
    let mut quiet = Vec::new();
    let mut figures = String::new();
    for stalls in [false, true] {
        let sent = Sent::new(MESSAGES);
        let mut audience = Audience::log_in(&server, MEMBERS, &sent);
        let is_stalled = |index: usize| stalls && index < STALLED;
        let mut release_at: Vec<Duration> = Vec::new();
        for index in 0..STALLED {
            audience.seats[index].reads = !stalls;
            // The rest never read again.
            let at = if index < RELEASED { 500 + plan.random.below(8000) } else { u64::MAX / 2 };
            release_at.push(Duration::from_millis(at));
        }
        let base = resident_kib(server.pid());
        let mut peak = base;
        let speakers = say_all(server.address, &sent);
        let start = Instant::now();
        while !speakers.iter().all(thread::JoinHandle::is_finished) {
            audience.read(|index| !is_stalled(index));
            for (index, at) in release_at.iter().enumerate().filter(|_| stalls) {
                audience.seats[index].reads |= start.elapsed() > *at;
            }
            peak = peak.max(resident_kib(server.pid()));
        }
        speakers.into_iter().for_each(|it| it.join().expect("it speaks"));
        // Those who were there all the time get all of it.
        let start = Instant::now();
        let is_done = |audience: &Audience| {
            audience.seats.iter().enumerate().all(|(index, seat)| is_stalled(index) || seat.numbers.len() == MESSAGES)
        };
        while !is_done(&audience) {
            assert!(start.elapsed() < PATIENCE, "not everybody got everything");
            audience.read(|_| false);
        }
        // Those who began again: everything, or a beginning without a gap until they were cut.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1500) {
            (0..STALLED).for_each(|index| audience.seats[index].reads = true);
            audience.read(|_| false);
        }
        let order = audience.seats[MEMBERS - 1].numbers.clone();
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), MESSAGES, "nothing comes twice");
        let (mut whole, mut cut) = (0, 0);
        for (index, seat) in audience.seats.iter().enumerate() {
            assert_eq!(seat.numbers, order[..seat.numbers.len()], "seat {index}: out of order, or a gap");
            if !is_stalled(index) {
                assert!(seat.numbers.len() == MESSAGES && !seat.is_ended, "seat {index} lost something");
            } else if seat.is_ended {
                cut += 1;
            } else {
                assert_eq!(seat.numbers.len(), MESSAGES, "seat {index} was not cut and has not got everything");
                whole += 1;
            }
        }
        let latencies = Latencies::of(std::mem::take(&mut audience.taken));
        latencies.check("200 members");
        if stalls {
            let each = (peak - base) / STALLED as u64;
            assert!(each <= STALLED_MAX_KIB, "{each} KiB for each stalled reader");
            assert!(cut >= STALLED - RELEASED, "only {cut} were cut");
            let ratio = latencies.ratio(&Latencies::of(std::mem::take(&mut quiet)));
            figures += &format!(
                "stalled {latencies}, ratio of p99 {ratio:.2}; {each} KiB each; of those released {whole} got all, {} cut",
                cut + RELEASED - STALLED
            );
        } else {
            figures += &format!("quiet {latencies}; ");
            quiet = latencies.into_taken();
        }
        drop(audience);
    }
    server.stop();
    Outcome::Held(figures)
}

/// Four flood, with the default rate limits; others talk.
pub fn flooder(_: &mut Plan) -> Outcome {
    let defaults = "rate_burst_lines = 10\nrate_lines_per_s = 5";
    let server = Server::with(defaults).into_running();
    let mut talkers: Vec<_> = (0..20).map(|number| server.register(&format!("talker{number}"))).collect();
    let mut listener = server.register("listener");
    let mut measure = |flooded: bool| {
        let mut taken = Vec::new();
        for round in 0..8 {
            for (index, talker) in talkers.iter_mut().enumerate() {
                let word = format!("word {flooded} {round} {index}.");
                let start = Instant::now();
                talker.send(&word);
                listener.expect(&word);
                taken.push(start.elapsed());
                thread::sleep(Duration::from_millis(10));
            }
        }
        Latencies::of(taken)
    };
    let quiet = measure(false);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut flooders = Vec::new();
    for number in 0..4 {
        let (is_over, address) = (Arc::clone(&is_over), server.address);
        let name = format!("flooder{number}");
        drop(server.register(&name));
        flooders.push(thread::spawn(move || {
            let mut ends = 0;
            while !is_over.load(Ordering::Relaxed) {
                let mut wire = Wire::over(TcpStream::connect(address).expect("the server accepts"));
                wire.try_send(format!("login {name} password-of-{name}\r\n"));
                let lines = "flood\r\n".repeat(100);
                while !is_over.load(Ordering::Relaxed) && wire.try_send(&lines) {
                    wire.listen(Duration::from_millis(1));
                }
                ends += 1;
            }
            ends
        }));
    }
    let flooded = measure(true);
    is_over.store(true, Ordering::Relaxed);
    let ends: u32 = flooders.into_iter().map(|it| it.join().expect("it floods")).sum();
    flooded.check("flooded");
    server.stop();
    let ratio = flooded.ratio(&quiet);
    Outcome::Held(format!("quiet {quiet}; with 4 flooders {flooded}, ratio of p99 {ratio:.2}; they ended {ends} times"))
}
