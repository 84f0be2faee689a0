//! What is measured: how many people in how many rooms, how many of them send, and how far ahead of the answers.

use std::fmt;
use std::str::FromStr;

/// What runs when nothing is chosen.
pub const USUAL: [&str; 7] = [
    "fanout-100-1-1",
    "fanout-100-1-64",
    "fanout-100-10-1",
    "fanout-100-10-64",
    "fanout-1000-1-64",
    "fanout-1000-10-64",
    "rooms-100-10-4",
];

/// Names are of four digits, so that every line has the same length.
const MEMBERS_MAX: usize = 10_000;

/// Rooms that are all alike. In each the first members send; the others only read.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    pub rooms: usize,
    pub members_per_room: usize,
    pub senders_per_room: usize,
    /// How many messages of a sender may be on their way at a time.
    pub window: usize,
}

impl Workload {
    /// How many connections there are.
    pub fn members(&self) -> usize {
        self.rooms * self.members_per_room
    }

    pub fn room_of(&self, member: usize) -> usize {
        member / self.members_per_room
    }

    /// Its place among the senders of its room, if it sends.
    pub fn sender(&self, member: usize) -> Option<usize> {
        Some(member % self.members_per_room).filter(|place| *place < self.senders_per_room)
    }

    pub fn senders(&self) -> impl Iterator<Item = usize> {
        let workload = *self;
        (0..self.members()).filter(move |member| workload.sender(*member).is_some())
    }

    /// Who makes the first of its room's members send on: the member that connected last, since servers tend to serve
    /// that one last, and it is no sender unless everybody is. A sender gets no echo, so for that one it is another.
    pub fn witness(&self, sender: usize) -> usize {
        let last = (self.room_of(sender) + 1) * self.members_per_room - 1;
        if last == sender { last - 1 } else { last }
    }
}

impl FromStr for Workload {
    type Err = String;

    /// `fanout-RECEIVERS-SENDERS-WINDOW`, or `rooms-ROOMS-MEMBERS-WINDOW` where everybody sends.
    fn from_str(text: &str) -> Result<Workload, String> {
        let unknown =
            || format!("no workload \"{text}\": fanout-RECEIVERS-SENDERS-WINDOW or rooms-ROOMS-MEMBERS-WINDOW");
        let (kind, numbers) = text.split_once('-').ok_or_else(unknown)?;
        let numbers: Result<Vec<usize>, _> = numbers.split('-').map(str::parse).collect();
        let (rooms, members_per_room, senders_per_room, window) = match (kind, numbers.as_deref()) {
            ("fanout", Ok([receivers, senders, window])) => (1, receivers + senders, *senders, *window),
            ("rooms", Ok([rooms, members, window])) => (*rooms, *members, *members, *window),
            _ => return Err(unknown()),
        };
        if rooms * senders_per_room * window == 0 || members_per_room < 2 {
            return Err(format!("in \"{text}\" nobody would receive anything"));
        }
        let workload = Workload { rooms, members_per_room, senders_per_room, window };
        match workload.members() {
            0..=MEMBERS_MAX => Ok(workload),
            members => Err(format!("\"{text}\" has {members} connections: at most {MEMBERS_MAX} are possible")),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workload { rooms, members_per_room: members, senders_per_room: senders, window } = self;
        match members - senders {
            0 => write!(f, "rooms-{rooms}-{members}-{window}"),
            receivers => write!(f, "fanout-{receivers}-{senders}-{window}"),
        }
    }
}
