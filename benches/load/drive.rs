//! Closed loop: every sender has a window of messages in flight, and sends the next when one has arrived at its witness.
//!
//! `/set acks on` would serve as well as a witness, but an acknowledgement is one more delivery per message: a tenth of the
//! work in a room of ten. Servers that acknowledge anyway have their acknowledgements counted and checked.

use std::time::{Duration, Instant};

use crate::crowd::{Crowd, MOMENT, PATIENCE};
use crate::ledger::Ledger;
use crate::machine;
use crate::protocol::Protocol;
use crate::target::Target;
use crate::workload::{Talk, Workload};

/// The duration of a run, and the part of it that is measured.
#[derive(Clone, Copy)]
pub struct Times {
    pub warm: Duration,
    pub measured: Duration,
}

/// The counters of the measured part of a run.
pub struct Measured {
    pub wall: Duration,
    /// Lines that members received.
    pub deliveries: u64,
    /// Messages acknowledged by their witness.
    pub messages: u64,
    /// Reads of the generator: there cannot have been fewer sends.
    pub reads: u64,
    /// Commits of the server's store, if it has one.
    pub commits: Option<u32>,
    pub server_cpu: Duration,
    /// CPU time of the server's busiest thread.
    pub busiest_cpu: Duration,
    pub generator_cpu: Duration,
    /// CPU time of all programs on the machine.
    pub busy: Duration,
    /// Context switches of the server.
    pub switches: u64,
    /// Resident memory of the server, at the end.
    pub resident_kib: u64,
}

/// Counters at one moment.
pub struct Sample {
    at: Instant,
    deliveries: u64,
    messages: u64,
    reads: u64,
    commits: Option<u32>,
    server_cpu: Duration,
    busiest_cpu: Duration,
    generator_cpu: Duration,
    busy: Duration,
}

impl Sample {
    pub fn take(target: &Target, ledger: &Ledger, crowd: &Crowd) -> Sample {
        let (server_cpu, busiest_cpu) = target.process.cpu();
        Sample {
            at: Instant::now(),
            deliveries: ledger.deliveries,
            messages: ledger.messages,
            reads: crowd.reads,
            commits: target.commits(),
            server_cpu,
            busiest_cpu,
            generator_cpu: machine::own_cpu(),
            busy: machine::busy(),
        }
    }

    /// The difference between this sample and a later one. Context switches and memory are sampled separately.
    pub fn to(&self, after: &Sample, switches: u64, resident_kib: u64) -> Measured {
        Measured {
            wall: after.at - self.at,
            deliveries: after.deliveries - self.deliveries,
            messages: after.messages - self.messages,
            reads: after.reads - self.reads,
            commits: self.commits.zip(after.commits).map(|(before, after)| after.wrapping_sub(before)),
            server_cpu: after.server_cpu - self.server_cpu,
            busiest_cpu: after.busiest_cpu - self.busiest_cpu,
            generator_cpu: after.generator_cpu - self.generator_cpu,
            busy: after.busy - self.busy,
            switches,
            resident_kib,
        }
    }
}

struct Drive<'a, 'b> {
    workload: &'a Workload,
    protocol: &'a dyn Protocol,
    crowd: &'a mut Crowd<'b>,
    ledger: Ledger,
    /// Senders that may send on.
    may_send: Vec<usize>,
    /// A buffer for the lines of one sender.
    lines: Vec<u8>,
}

/// Drives a workload over connections that have been gathered for it.
pub fn run(workload: &Workload, protocol: &dyn Protocol, crowd: &mut Crowd, target: &Target, times: Times) -> Measured {
    let (ledger, may_send) = (Ledger::new(*workload, protocol), workload.openers().collect());
    let mut drive = Drive { workload, protocol, crowd, ledger, may_send, lines: Vec::new() };
    let start = Instant::now();
    drive.send();
    drive.until(start + times.warm);
    // Counting switches takes a while with a thousand threads, so the other counters are sampled after that, and before it
    // at the end.
    let switches = target.process.switches();
    let before = Sample::take(target, &drive.ledger, drive.crowd);
    drive.until(Instant::now() + times.measured);
    let after = Sample::take(target, &drive.ledger, drive.crowd);
    let switches = target.process.switches() - switches;
    let resident_kib = target.process.memory().resident_kib;
    drive.finish();
    before.to(&after, switches, resident_kib)
}

impl Drive<'_, '_> {
    fn until(&mut self, end: Instant) {
        let (mut seen, mut progress) = (self.ledger.deliveries, Instant::now());
        loop {
            let now = Instant::now();
            if now >= end {
                return;
            }
            self.receive();
            self.send();
            if self.ledger.deliveries > seen {
                (seen, progress) = (self.ledger.deliveries, now);
            }
            assert!(now - progress < PATIENCE, "nothing comes any more after {seen} deliveries");
        }
    }

    fn receive(&mut self) {
        let answers = self.workload.talk == Talk::PingPong;
        let (ledger, may_send) = (&mut self.ledger, &mut self.may_send);
        self.crowd.wait(MOMENT, |member, line, received| {
            if let Some(delivery) = ledger.receive(member, line, received)
                && delivery.is_acknowledged
            {
                let next = if answers { member } else { delivery.author };
                if may_send.last() != Some(&next) {
                    may_send.push(next);
                }
            }
        });
    }

    /// Every sender fills its window.
    fn send(&mut self) {
        let mut senders = std::mem::take(&mut self.may_send);
        for sender in senders.drain(..) {
            while (self.ledger.sent[sender] - self.ledger.acknowledged[sender]) as usize != self.workload.window() {
                let (place, number) = self.ledger.next(sender);
                self.protocol.say(place, number, &mut self.lines);
            }
            self.crowd.send(sender, &self.lines);
            self.lines.clear();
        }
        self.may_send = senders;
    }

    /// Receives the messages in flight.
    fn finish(&mut self) {
        finish(self.crowd, &mut self.ledger, self.protocol);
    }
}

/// Receives the messages in flight, and checks that none is missing.
pub fn finish(crowd: &mut Crowd, ledger: &mut Ledger, protocol: &dyn Protocol) {
    let mut progress = Instant::now();
    while let Some(missing) = ledger.missing(protocol.acknowledges()) {
        let seen = ledger.deliveries;
        crowd.wait(MOMENT, |member, line, received| {
            ledger.receive(member, line, received);
        });
        if ledger.deliveries > seen {
            progress = Instant::now();
        }
        assert!(progress.elapsed() < PATIENCE, "lost: {missing}");
    }
    ledger.check_order();
}
