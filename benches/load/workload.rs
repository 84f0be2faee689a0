//! Workloads: the number of people in a room, the senders among them, and their windows.

use std::fmt;
use std::str::FromStr;

use crate::protocol::Place;

/// The workloads that run by default.
pub const USUAL: [&str; 12] = [
    "fanout-100-1-1",
    "fanout-100-10-1",
    "fanout-100-1-64",
    "fanout-100-10-64",
    "fanout-1000-1-1",
    "fanout-1000-10-1",
    "fanout-1000-1-64",
    "fanout-1000-10-64",
    "rooms-100-10-4",
    "rooms-1-10-256",
    "pairs-1",
    "pairs-100",
];

/// The workloads of the comparison with other servers.
pub const BESIDE_PEERS: [&str; 7] = [
    "fanout-100-1-1",
    "fanout-100-1-64",
    "fanout-100-10-64",
    "fanout-1000-1-64",
    "fanout-1000-10-64",
    "rooms-100-10-4",
    "pairs-100",
];

const MEMBERS_MAX: usize = 10_000;
const ROOMS_MAX: usize = 100_000;

/// Equal circles of people who read each other's messages. In each the first members send; the others only read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    pub circles: usize,
    pub members_per_circle: usize,
    pub senders_per_circle: usize,
    pub talk: Talk,
}

/// The places of a circle's messages, and what triggers the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talk {
    /// In the circle's rooms, one after the other; a sender may have `window` messages in flight.
    Rooms { rooms_per_circle: usize, window: usize },
    /// Direct messages of two people, who answer each other.
    PingPong,
}

impl Workload {
    /// The number of connections.
    pub fn members(&self) -> usize {
        self.circles * self.members_per_circle
    }

    pub fn rooms(&self) -> usize {
        match self.talk {
            Talk::Rooms { rooms_per_circle, .. } => self.circles * rooms_per_circle,
            Talk::PingPong => 0,
        }
    }

    pub fn circle_of(&self, member: usize) -> usize {
        member / self.members_per_circle
    }

    /// Its place among the senders of its circle, if it sends.
    pub fn sender(&self, member: usize) -> Option<usize> {
        Some(member % self.members_per_circle).filter(|place| *place < self.senders_per_circle)
    }

    pub fn senders(&self) -> impl Iterator<Item = usize> {
        let workload = *self;
        (0..self.members()).filter(move |member| workload.sender(*member).is_some())
    }

    /// The members that send without having received anything.
    pub fn openers(&self) -> impl Iterator<Item = usize> {
        let workload = *self;
        self.senders().filter(move |member| workload.talk != Talk::PingPong || workload.sender(*member) == Some(0))
    }

    /// The rooms of a member's circle.
    pub fn rooms_of(&self, member: usize) -> std::ops::Range<usize> {
        let each = self.rooms() / self.circles;
        let circle = self.circle_of(member);
        circle * each..(circle + 1) * each
    }

    /// The place of a sender's message with this number.
    pub fn place(&self, sender: usize, number: u32) -> Place {
        let rooms = self.rooms_of(sender);
        match self.talk {
            Talk::Rooms { .. } => Place::Room(rooms.start + number as usize % rooms.len()),
            Talk::PingPong => Place::Direct(self.witness(sender)),
        }
    }

    /// The member whose receipt of a message lets its sender send the next: the one that connected last, since servers tend
    /// to serve that one last. A sender gets no echo, so the last member has another witness.
    pub fn witness(&self, sender: usize) -> usize {
        let last = (self.circle_of(sender) + 1) * self.members_per_circle - 1;
        if last == sender { last - 1 } else { last }
    }

    /// The number of messages that a sender may have in flight.
    pub fn window(&self) -> usize {
        match self.talk {
            Talk::Rooms { window, .. } => window,
            Talk::PingPong => 1,
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Workload, String> {
        let unknown = || {
            format!(
                "no workload \"{text}\": fanout-RECEIVERS-SENDERS-WINDOW, rooms-ROOMS-MEMBERS-WINDOW and \
                 spread-ROOMS-WINDOW where everybody sends, or pairs-PAIRS"
            )
        };
        let (kind, numbers) = text.split_once('-').ok_or_else(unknown)?;
        let numbers: Result<Vec<usize>, _> = numbers.split('-').map(str::parse).collect();
        let one_room = |window| Talk::Rooms { rooms_per_circle: 1, window };
        let (circles, members_per_circle, senders_per_circle, talk) = match (kind, numbers.as_deref()) {
            ("fanout", Ok([receivers, senders, window])) => (1, receivers + senders, *senders, one_room(*window)),
            ("rooms", Ok([rooms, members, window])) => (*rooms, *members, *members, one_room(*window)),
            ("spread", Ok([rooms, window])) => {
                (10, 10, 10, Talk::Rooms { rooms_per_circle: rooms / 10, window: *window })
            }
            ("pairs", Ok([pairs])) => (*pairs, 2, 2, Talk::PingPong),
            _ => return Err(unknown()),
        };
        let workload = Workload { circles, members_per_circle, senders_per_circle, talk };
        let is_silent = circles * senders_per_circle * workload.window() == 0
            || members_per_circle < 2
            || (talk != Talk::PingPong && workload.rooms() == 0);
        if is_silent {
            return Err(format!("in \"{text}\" nobody would receive anything"));
        }
        if workload.members() > MEMBERS_MAX || workload.rooms() > ROOMS_MAX {
            return Err(format!("\"{text}\" is too large: at most {MEMBERS_MAX} connections and {ROOMS_MAX} rooms"));
        }
        Ok(workload)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workload { circles, members_per_circle: members, senders_per_circle: senders, talk } = self;
        match talk {
            Talk::PingPong => write!(f, "pairs-{circles}"),
            Talk::Rooms { rooms_per_circle: 1, window } => match members - senders {
                0 => write!(f, "rooms-{circles}-{members}-{window}"),
                receivers => write!(f, "fanout-{receivers}-{senders}-{window}"),
            },
            Talk::Rooms { window, .. } => write!(f, "spread-{}-{window}", self.rooms()),
        }
    }
}
