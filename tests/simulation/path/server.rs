//! The server above its sockets: what it consists of, and its connections' threads, which take lines and read pages.

use std::collections::{BTreeMap, VecDeque};

use chat_server::chat::{Chat, ClientId, Command, Grant, Input, Limits, Purpose, RoomId, RoomLabel, Seq, Timestamp};

use super::disk::Disk;
use super::wire::{Line, Net, Said};
use crate::support::Random;

/// As much may wait for a client before it is cut.
pub(super) const OUTBOX_MAX: usize = 12;

/// A way to break the order, to see that it is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    None,
    /// Delivers what is not yet stored.
    DeliverFirst,
    /// Takes what is sent again for something new.
    ForgetKeys,
    /// Lets what is said meanwhile overtake a page.
    NeverHold,
    /// Sends what was held for a page twice.
    ReleaseTwice,
    /// Sends on closing what waited for a page that never came.
    ReleaseUnread,
    /// Goes on with what was decided though it could not be stored.
    KeepUnstored,
    /// Delivers to those who have been put out.
    KeepListening,
}

/// What happens to the server beside what clients ask, in a thousand turns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub refused: u64,
    pub doubtful: u64,
    pub died_before: u64,
    pub died_written: u64,
    /// Dies after the commit, when some clients have been sent what is theirs and others not.
    pub died_sending: u64,
    /// A page cannot be read.
    pub unreadable: u64,
}

/// What the broker is asked.
#[derive(Debug)]
pub(super) enum Request {
    Enter(ClientId, Input),
    Command(ClientId, Command, u64),
    Page { client: ClientId, said: Vec<Said>, read: Vec<(RoomId, Seq)>, more: bool },
    Close(ClientId),
    Gone(ClientId, Input),
}

/// What the broker answers to a connection's thread.
#[derive(Debug)]
pub(super) enum Reply {
    Done,
    Granted(Grant),
    Refused,
}

/// What waits for a client.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub waiting: VecDeque<Said>,
    /// What comes while a page is on its way.
    pub held: Option<Vec<Said>>,
    /// It can resume: of what it is not sent it learns later, so it must not be given more than a page that is missing.
    pub is_program: bool,
    /// Close when all is sent.
    pub finishes: bool,
}

/// What a connection's thread is doing.
#[derive(Debug)]
pub(super) enum Thread {
    /// Waits for a line.
    Reads,
    /// Waits for the broker, which was asked this under this number.
    Waits { reference: u64, reply: Option<Reply> },
    /// Reads a page.
    Pages { reference: u64, grant: Grant },
}

/// What the server runs on.
pub struct Host<'a> {
    pub net: &'a mut Net,
    pub disk: &'a mut Disk,
    pub random: &'a mut Random,
    pub faults: &'a Faults,
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct Server {
    pub(super) chat: Chat,
    limits: Limits,
    pub(super) threads: BTreeMap<ClientId, Thread>,
    pub(super) outboxes: BTreeMap<ClientId, Outbox>,
    pub(super) inbox: VecDeque<Request>,
    pub(super) sabotage: Sabotage,
}

impl Server {
    pub fn start(limits: Limits, disk: &Disk, sabotage: Sabotage) -> Server {
        Server {
            chat: Chat::load(limits.clone(), disk.snapshot()),
            limits,
            threads: BTreeMap::new(),
            outboxes: BTreeMap::new(),
            inbox: VecDeque::new(),
            sabotage,
        }
    }

    pub fn is_asked(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether nothing is on its way to a client.
    pub fn has_served(&self, client: ClientId) -> bool {
        let is_empty = |outbox: &Outbox| outbox.waiting.is_empty() && outbox.held.is_none();
        self.outboxes.get(&client).is_some_and(is_empty) && matches!(self.threads.get(&client), Some(Thread::Reads))
    }

    pub fn accept(&mut self, client: ClientId) {
        self.threads.insert(client, Thread::Reads);
    }

    /// Lets the flusher send what the system takes for one client, and one connection's thread do one thing.
    pub fn serve(&mut self, host: &mut Host) {
        let waiting: Vec<ClientId> = self.outboxes.keys().copied().collect();
        host.random.one_of(&waiting).into_iter().for_each(|client| self.send(host.net, client));
        let connections: Vec<ClientId> = self.threads.keys().copied().collect();
        let Some(client) = host.random.one_of(&connections) else { return };
        let link = host.net.link(client);
        let is_lost = link.is_broken
            || link.down_ends
            || link.dead_since.is_some_and(|since| host.now >= since.plus_seconds(self.limits.dead_peer_s));
        match self.threads.remove(&client).expect("it was chosen") {
            Thread::Reads => {
                let thread = match link.up.pop_front() {
                    Some(Line::LogIn { name, digest, origin }) => {
                        self.inbox.push_back(Request::Enter(client, Input::LogInByToken { name, digest, origin }));
                        Thread::Waits { reference: 0, reply: None }
                    }
                    Some(Line::Ask(command, reference)) => {
                        let waits = command.needs_reply();
                        self.inbox.push_back(Request::Command(client, command, reference));
                        if waits { Thread::Waits { reference, reply: None } } else { Thread::Reads }
                    }
                    None if is_lost => {
                        self.inbox.push_back(Request::Gone(client, Input::Lost));
                        return;
                    }
                    None if link.up_ends => {
                        self.inbox.push_back(Request::Close(client));
                        return;
                    }
                    None => Thread::Reads,
                };
                self.threads.insert(client, thread);
            }
            Thread::Waits { reference, reply } => {
                let thread = match reply {
                    Some(Reply::Granted(grant)) => Thread::Pages { reference, grant },
                    Some(Reply::Done) => Thread::Reads,
                    Some(Reply::Refused) => {
                        // Not logged in, so the writing side is the thread's own.
                        link.down.push_back(Said::Turned);
                        Thread::Reads
                    }
                    // The broker does not answer one whom it has dropped.
                    None if is_lost => {
                        self.inbox.push_back(Request::Gone(client, Input::Lost));
                        return;
                    }
                    None => Thread::Waits { reference, reply: None },
                };
                self.threads.insert(client, thread);
            }
            Thread::Pages { reference, grant } => {
                let is_full = self.outboxes.get(&client).is_some_and(|outbox| outbox.waiting.len() > OUTBOX_MAX / 2);
                let thread = match is_full && !is_lost {
                    true => Some(Thread::Pages { reference, grant }),
                    false => self.give_page(host, client, reference, grant),
                };
                self.threads.extend(thread.map(|thread| (client, thread)));
            }
        }
    }

    /// Sends a page in parts, and asks for the next one, until all rooms are live.
    fn give_page(&mut self, host: &mut Host, client: ClientId, reference: u64, grant: Grant) -> Option<Thread> {
        let page = |said, read, more| Request::Page { client, said, read, more };
        if grant.purpose != Purpose::Resume {
            self.inbox.push_back(page(Vec::new(), Vec::new(), false));
            return Some(Thread::Reads);
        }
        if host.random.below(1000) < host.faults.unreadable {
            host.net.note("a page could not be read");
            self.inbox.push_back(Request::Close(client));
            return None;
        }
        let mut said = Vec::new();
        for range in &grant.ranges {
            said.extend(host.disk.page(range).into_iter().map(Said::Missed));
            if host.random.percent(20) {
                self.inbox.push_back(page(std::mem::take(&mut said), Vec::new(), true));
            }
        }
        let shown = grant.ranges.iter().filter(|range| range.from <= range.to).map(|range| (range.room, range.to));
        let shown = shown.collect();
        let open = grant.ranges.iter().filter(|range| range.to < range.last);
        let after: Vec<(RoomLabel, Seq)> = open.map(|range| (range.label.clone(), range.to)).collect();
        if after.is_empty() {
            said.push(Said::Resumed);
            self.inbox.push_back(page(said, shown, false));
            return Some(Thread::Reads);
        }
        self.inbox.push_back(page(said, shown, false));
        self.inbox.push_back(Request::Command(client, Command::Resume { after }, reference));
        Some(Thread::Waits { reference, reply: None })
    }
}
