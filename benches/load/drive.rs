//! Sends, receives, and checks: every delivery is the next message of its sender, so none is lost, doubled or out of
//! order; who only reads has, at the end, seen the same order as everybody else who only reads.
//!
//! A message counts as acknowledged when its witness, one chosen member of the room, has received it. `/set acks on`
//! would serve as well, but its lines are one more delivery a message: a tenth of the work in a room of ten.

use std::time::{Duration, Instant};

use crate::crowd::{Crowd, PATIENCE};
use crate::line;
use crate::machine::{self, Process};
use crate::workload::Workload;

/// How long a workload runs, and for how long of that it is measured.
#[derive(Clone, Copy)]
pub struct Times {
    pub warm: Duration,
    pub measured: Duration,
}

/// What happened while it was measured.
pub struct Measured {
    pub wall: Duration,
    /// Lines that members received.
    pub deliveries: u64,
    /// Messages acknowledged by their witness.
    pub messages: u64,
    /// Reads of the generator: there cannot have been fewer sends.
    pub reads: u64,
    pub server_cpu: Duration,
    pub broker_cpu: Duration,
    pub generator_cpu: Duration,
    /// Of all programs on the machine.
    pub busy: Duration,
    /// Of the server.
    pub switches: u64,
    /// Of the server, at the end.
    pub resident_kib: u64,
}

/// Counters at one moment.
struct Sample {
    at: Instant,
    deliveries: u64,
    messages: u64,
    reads: u64,
    server_cpu: Duration,
    broker_cpu: Duration,
    generator_cpu: Duration,
    busy: Duration,
}

struct Drive<'a> {
    workload: &'a Workload,
    crowd: &'a mut Crowd,
    ledger: Ledger,
    /// A sender's lines on their way out.
    lines: Vec<u8>,
}

/// What was sent and what was received.
struct Ledger {
    workload: Workload,
    /// By room: what its lines start with.
    starts: Vec<Vec<u8>>,
    /// By member: how many messages it has sent.
    sent: Vec<u32>,
    /// By member: how many of these its witness has received.
    acknowledged: Vec<u32>,
    /// By member: who acknowledges.
    witness: Vec<usize>,
    /// By member and sender of its room: how many messages have been received.
    received: Vec<u32>,
    /// By member: a digest of what it has received, in its order.
    order: Vec<u64>,
    /// Senders that may send on.
    may_send: Vec<usize>,
    deliveries: u64,
    messages: u64,
}

/// Drives a workload over connections that have been gathered for it.
pub fn run(workload: &Workload, crowd: &mut Crowd, server: &Process, times: Times) -> Measured {
    let mut drive = Drive { workload, crowd, ledger: Ledger::new(*workload), lines: Vec::new() };
    let start = Instant::now();
    drive.send();
    drive.until(start + times.warm);
    // Counting switches takes a while with a thousand threads, so the rest is sampled inside of it.
    let switches = server.switches();
    let before = drive.sample(server);
    drive.until(before.at + times.measured);
    let after = drive.sample(server);
    let switches = server.switches() - switches;
    let resident_kib = server.resident_kib();
    drive.finish();
    Measured {
        wall: after.at - before.at,
        deliveries: after.deliveries - before.deliveries,
        messages: after.messages - before.messages,
        reads: after.reads - before.reads,
        server_cpu: after.server_cpu - before.server_cpu,
        broker_cpu: after.broker_cpu - before.broker_cpu,
        generator_cpu: after.generator_cpu - before.generator_cpu,
        busy: after.busy - before.busy,
        switches,
        resident_kib,
    }
}

impl Drive<'_> {
    fn until(&mut self, end: Instant) {
        let (mut seen, mut progress) = (self.ledger.deliveries, Instant::now());
        loop {
            let now = Instant::now();
            if now >= end {
                return;
            }
            self.crowd.wait(|member, line| self.ledger.receive(member, line));
            self.send();
            if self.ledger.deliveries > seen {
                (seen, progress) = (self.ledger.deliveries, now);
            }
            assert!(now - progress < PATIENCE, "nothing comes any more after {seen} deliveries");
        }
    }

    /// Every sender fills its window.
    fn send(&mut self) {
        let mut senders = std::mem::take(&mut self.ledger.may_send);
        for sender in senders.drain(..) {
            let (sent, acknowledged) = (&mut self.ledger.sent[sender], self.ledger.acknowledged[sender]);
            while (*sent - acknowledged) as usize != self.workload.window {
                *sent += 1;
                line::write(*sent, &mut self.lines);
            }
            self.crowd.send(sender, &self.lines);
            self.lines.clear();
        }
        self.ledger.may_send = senders;
    }

    fn sample(&self, server: &Process) -> Sample {
        let (server_cpu, broker_cpu) = server.cpu();
        Sample {
            at: Instant::now(),
            deliveries: self.ledger.deliveries,
            messages: self.ledger.messages,
            reads: self.crowd.reads,
            server_cpu,
            broker_cpu,
            generator_cpu: machine::own_cpu(),
            busy: machine::busy(),
        }
    }

    /// Receives what is still on its way, and nothing else.
    fn finish(&mut self) {
        let mut progress = Instant::now();
        while let Some(missing) = self.ledger.missing() {
            let seen = self.ledger.deliveries;
            self.crowd.wait(|member, line| self.ledger.receive(member, line));
            if self.ledger.deliveries > seen {
                progress = Instant::now();
            }
            assert!(progress.elapsed() < PATIENCE, "lost: {missing}");
        }
        self.ledger.check_order();
    }
}

impl Ledger {
    fn new(workload: Workload) -> Ledger {
        let members = workload.members();
        Ledger {
            workload,
            starts: (0..workload.rooms).map(line::start_in_room).collect(),
            sent: vec![0; members],
            acknowledged: vec![0; members],
            witness: (0..members).map(|member| workload.witness(member)).collect(),
            received: vec![0; members * workload.senders_per_room],
            order: vec![0; members],
            may_send: workload.senders().collect(),
            deliveries: 0,
            messages: 0,
        }
    }

    /// Checks a line that a member received, and counts it.
    fn receive(&mut self, member: usize, line: &[u8]) {
        let room = self.workload.room_of(member);
        let read = line::read(line, &self.starts[room]);
        let known = read.filter(|(author, _)| *author != member && self.workload.room_of(*author) == room);
        let Some((author, number)) = known else { stray(member, line) };
        let Some(place) = self.workload.sender(author) else { stray(member, line) };
        let received = &mut self.received[member * self.workload.senders_per_room + place];
        if number != *received + 1 || number > self.sent[author] {
            out_of_order(member, author, *received, number);
        }
        *received = number;
        self.deliveries += 1;
        self.order[member] = (self.order[member].rotate_left(5) ^ ((place as u64) << 32 | u64::from(number)))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if self.witness[author] == member {
            self.acknowledged[author] = number;
            self.messages += 1;
            if self.may_send.last() != Some(&author) {
                self.may_send.push(author);
            }
        }
    }

    /// A message that somebody has not received.
    fn missing(&self) -> Option<String> {
        let senders = self.workload.senders_per_room;
        for (at, received) in self.received.iter().enumerate() {
            let member = at / senders;
            let author = self.workload.room_of(member) * self.workload.members_per_room + at % senders;
            if author != member && *received != self.sent[author] {
                let (name, from) = (line::member_name(member), line::member_name(author));
                return Some(format!("{name} has {received} of the {} messages of {from}", self.sent[author]));
            }
        }
        None
    }

    /// Senders get no echo of their own, so their digests differ from each other.
    fn check_order(&self) {
        let readers = |room: usize| {
            let from = room * self.workload.members_per_room;
            &self.order[from + self.workload.senders_per_room..from + self.workload.members_per_room]
        };
        for room in 0..self.workload.rooms {
            let alike = readers(room).windows(2).all(|pair| pair[0] == pair[1]);
            assert!(alike, "not everybody in {} has seen the same order", line::room_name(room));
        }
    }
}

#[cold]
fn stray(member: usize, line: &[u8]) -> ! {
    panic!("{} received what nobody sent: {:?}", line::member_name(member), String::from_utf8_lossy(line));
}

#[cold]
fn out_of_order(member: usize, author: usize, last: u32, number: u32) -> ! {
    let (member, author) = (line::member_name(member), line::member_name(author));
    panic!("{member} received message {number} of {author} after {last}");
}
