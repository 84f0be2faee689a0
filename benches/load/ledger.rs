//! The messages that were sent and received. Every delivery must be the next message of its sender, so none is lost,
//! duplicated or out of order; and all members of a circle that only read must have seen the same order.

use crate::protocol::{Place, Protocol, Received};
use crate::words;
use crate::workload::{Talk, Workload};

pub struct Ledger {
    workload: Workload,
    /// By room, or by reader for direct messages: the server's label of the place.
    labels: Vec<Vec<u8>>,
    /// By member: the number of messages sent.
    pub sent: Vec<u32>,
    /// By member: the number of these that its witness has received.
    pub acknowledged: Vec<u32>,
    /// By member: the number of these that the server has acknowledged.
    stored: Vec<u32>,
    /// By member: its witness.
    witness: Vec<usize>,
    /// By member and sender of its circle: the number of messages received.
    received: Vec<u32>,
    /// By member: a digest of the messages it has received, in their order.
    order: Vec<u64>,
    pub deliveries: u64,
    /// Messages acknowledged by their witness.
    pub messages: u64,
}

/// A message that a member received.
pub struct Delivery {
    pub author: usize,
    pub number: u32,
    /// The author's witness has received it.
    pub is_acknowledged: bool,
}

impl Ledger {
    /// Nothing has been sent.
    pub fn new(workload: Workload, protocol: &dyn Protocol) -> Ledger {
        let members = workload.members();
        let labels = match workload.talk {
            Talk::Rooms { .. } => (0..workload.rooms()).map(|room| protocol.label(Place::Room(room), 0, 0)).collect(),
            Talk::PingPong => (0..members)
                .map(|reader| protocol.label(Place::Direct(reader), workload.witness(reader), reader))
                .collect(),
        };
        Ledger {
            workload,
            labels,
            sent: vec![0; members],
            acknowledged: vec![0; members],
            stored: vec![0; members],
            witness: (0..members).map(|member| workload.witness(member)).collect(),
            received: vec![0; members * workload.senders_per_circle],
            order: vec![0; members],
            deliveries: 0,
            messages: 0,
        }
    }

    /// The number and the place of the next message of a sender.
    pub fn next(&mut self, sender: usize) -> (Place, u32) {
        self.sent[sender] += 1;
        (self.workload.place(sender, self.sent[sender]), self.sent[sender])
    }

    /// Checks a line that a member received, and counts it.
    pub fn receive(&mut self, member: usize, line: &[u8], received: &Received) -> Option<Delivery> {
        let (label, author, number) = match received {
            Received::Message { place, author, number } => (*place, *author, *number),
            Received::Stored => {
                self.stored[member] += 1;
                return None;
            }
            Received::Ping(_) => return None,
            Received::Other => stray(member, line),
        };
        let is_known = author != member && author < self.sent.len();
        if !is_known || self.workload.circle_of(author) != self.workload.circle_of(member) {
            stray(member, line);
        }
        let Some(place) = self.workload.sender(author) else { stray(member, line) };
        let expected = match self.workload.place(author, number) {
            Place::Room(room) => &self.labels[room],
            Place::Direct(to) => &self.labels[to],
        };
        if label != &expected[..] {
            stray(member, line);
        }
        let received = &mut self.received[member * self.workload.senders_per_circle + place];
        if number != *received + 1 || number > self.sent[author] {
            out_of_order(member, author, *received, number);
        }
        *received = number;
        self.deliveries += 1;
        self.order[member] = (self.order[member].rotate_left(5) ^ ((place as u64) << 32 | u64::from(number)))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let is_acknowledged = self.witness[author] == member;
        if is_acknowledged {
            self.acknowledged[author] = number;
            self.messages += 1;
        }
        Some(Delivery { author, number, is_acknowledged })
    }

    /// A message that some member has not received, or that has not been acknowledged, if the server acknowledges.
    pub fn missing(&self, acknowledges: bool) -> Option<String> {
        let senders = self.workload.senders_per_circle;
        for (at, received) in self.received.iter().enumerate() {
            let member = at / senders;
            let author = self.workload.circle_of(member) * self.workload.members_per_circle + at % senders;
            if author != member && *received != self.sent[author] {
                let (name, from) = (words::member_name(member), words::member_name(author));
                return Some(format!("{name} has {received} of the {} messages of {from}", self.sent[author]));
            }
        }
        let unsure = (0..self.sent.len()).find(|member| acknowledges && self.stored[*member] != self.sent[*member]);
        unsure.map(|member| {
            let (stored, sent) = (self.stored[member], self.sent[member]);
            format!("{} got an acknowledgement for {stored} of its {sent} messages", words::member_name(member))
        })
    }

    /// Checks that members who only read saw the same order. Senders get no echo, so their digests differ.
    pub fn check_order(&self) {
        for circle in 0..self.workload.circles {
            let from = circle * self.workload.members_per_circle;
            let readers = from + self.workload.senders_per_circle..from + self.workload.members_per_circle;
            let alike = self.order[readers].windows(2).all(|pair| pair[0] == pair[1]);
            assert!(alike, "not everybody in circle {circle} has seen the same order");
        }
    }
}

#[cold]
fn stray(member: usize, line: &[u8]) -> ! {
    panic!("{} received what nobody sent: {:?}", words::member_name(member), String::from_utf8_lossy(line));
}

#[cold]
fn out_of_order(member: usize, author: usize, last: u32, number: u32) -> ! {
    let (member, author) = (words::member_name(member), words::member_name(author));
    panic!("{member} received message {number} of {author} after {last}");
}
