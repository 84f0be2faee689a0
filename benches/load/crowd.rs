//! Many connections driven by one thread, by readiness: what there is to read is read, and nothing is waited for but
//! the next socket that has something.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::front::{Exchange, Front, Heard};
use crate::words::member_name;
use crate::workload::Workload;

/// How long nothing may come before it is taken for lost.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A wait for nothing in particular.
pub const MOMENT: Duration = Duration::from_millis(50);

const READ_BYTES: usize = 65536;

/// All connections of a load, in the order of their members' numbers.
pub struct Crowd<'a> {
    front: &'a dyn Front,
    address: SocketAddr,
    /// The number of the first one as a member; here it is 0.
    first: usize,
    readiness: OwnedFd,
    events: Vec<epoll::Event>,
    members: Vec<Member>,
    /// What one read gave, behind what the read before left of a line.
    buffer: Vec<u8>,
    /// Reads that gave something.
    pub reads: u64,
}

struct Member {
    socket: TcpStream,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// What the socket did not take at once.
    unsent: Vec<u8>,
}

impl<'a> Crowd<'a> {
    /// Nobody is connected. Those who will be are members from number `first` on.
    pub fn new(address: SocketAddr, front: &'a dyn Front, first: usize) -> Crowd<'a> {
        let readiness = epoll::create(epoll::CreateFlags::CLOEXEC).expect("readiness");
        let (events, buffer) = (Vec::with_capacity(1024), vec![0; READ_BYTES]);
        Crowd { front, address, first, readiness, events, members: Vec::new(), buffer, reads: 0 }
    }

    /// Connects everybody and brings them into their rooms. Everything that is said of that has been read when it
    /// returns.
    pub fn gather(address: SocketAddr, front: &'a dyn Front, workload: &Workload) -> Crowd<'a> {
        let mut crowd = Crowd::new(address, front, 0);
        crowd.enter(workload.members());
        for at in 0..workload.rooms_of(0).len() {
            let question = |member: usize| front.join(workload.rooms_of(member).start + at);
            crowd.ask(0..workload.members(), question, |_, _| {});
        }
        crowd.sync();
        crowd
    }

    /// Connects so many more members and gets them in, some at a time.
    pub fn enter(&mut self, count: usize) {
        let (first, end) = (self.members.len(), self.members.len() + count);
        let mut answers: Vec<Option<String>> = vec![None; end];
        let (mut entering, mut progress) = (0, Instant::now());
        while self.members.len() < end || entering > 0 {
            while self.members.len() < end && entering < self.front.entering_max() {
                let member = self.connect();
                let Exchange { question, answer } = self.front.enter(self.first + member);
                answers[member] = Some(answer);
                self.send(member, question.as_bytes());
                entering += 1;
            }
            let front = self.front;
            self.wait(MOMENT, |member, line, _| {
                assert!(!front.is_refusal(line), "{}", String::from_utf8_lossy(line));
                if answers[member].as_ref().is_some_and(|answer| contains(line, answer)) {
                    answers[member] = None;
                    entering -= 1;
                    progress = Instant::now();
                }
            });
            assert!(progress.elapsed() < PATIENCE, "{entering} of members from {first} on do not get in");
        }
    }

    /// Waits until everything that is on its way has been read.
    pub fn sync(&mut self) {
        let front = self.front;
        let barrier = |_| Some(front.barrier());
        self.ask(0..self.members.len(), barrier, |_, _| {});
    }

    fn connect(&mut self) -> usize {
        let socket = TcpStream::connect(self.address).expect("the server accepts");
        socket.set_nodelay(true).and_then(|()| socket.set_nonblocking(true)).expect("a connection");
        let number = self.members.len();
        let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        epoll::add(&self.readiness, &socket, epoll::EventData::new_u64(number as u64), flags).expect("a connection");
        self.members.push(Member { socket, partial: Vec::new(), unsent: Vec::new() });
        number
    }

    /// Has members ask, and waits until each has got a line with its answer, which is given to `answered`.
    pub fn ask(
        &mut self,
        members: impl Iterator<Item = usize>,
        exchange: impl Fn(usize) -> Option<Exchange>,
        mut answered: impl FnMut(usize, &[u8]),
    ) {
        let mut answers = vec![None; self.members.len()];
        let mut missing = 0;
        for member in members {
            let Some(Exchange { question, answer }) = exchange(member) else { continue };
            self.send(member, question.as_bytes());
            answers[member] = Some(answer);
            missing += 1;
        }
        let (front, mut progress) = (self.front, Instant::now());
        while missing > 0 {
            self.wait(MOMENT, |member, line, _| {
                assert!(!front.is_refusal(line), "{}", String::from_utf8_lossy(line));
                if answers[member].as_ref().is_some_and(|answer| contains(line, answer)) {
                    answered(member, line);
                    answers[member] = None;
                    missing -= 1;
                    progress = Instant::now();
                }
            });
            let first = answers.iter().flatten().next();
            assert!(progress.elapsed() < PATIENCE, "{missing} answers did not come: {first:?}");
        }
    }

    /// Sends bytes to a member's server side, later where the socket is full.
    pub fn send(&mut self, member: usize, bytes: &[u8]) {
        let member = &mut self.members[member];
        member.unsent.extend_from_slice(bytes);
        member.flush();
    }

    /// Waits for something, but no longer than `most`, and gives each whole line that came to `each`, with what it is.
    /// Who is asked whether it is there says so.
    pub fn wait(&mut self, most: Duration, mut each: impl FnMut(usize, &[u8], &Heard)) {
        let most = Timespec::try_from(most).expect("a short while");
        self.events.clear();
        match epoll::wait(&self.readiness, spare_capacity(&mut self.events), Some(&most)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return,
            Err(error) => panic!("cannot wait: {error}"),
        }
        for event in self.events.drain(..) {
            let (number, flags) = (event.data.u64() as usize, event.flags);
            let member = &mut self.members[number];
            if flags.contains(epoll::EventFlags::OUT) {
                member.flush();
            }
            let mut is_readable = flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP);
            while is_readable {
                let kept = member.partial.len();
                self.buffer[..kept].copy_from_slice(&member.partial);
                member.partial.clear();
                let read = match member.socket.read(&mut self.buffer[kept..]) {
                    Ok(0) => panic!("the server closed the connection of {}", member_name(number)),
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                    Err(error) => panic!("cannot read for {}: {error}", member_name(number)),
                };
                self.reads += u64::from(read > 0);
                // Less than asked for: the socket is empty.
                is_readable = kept + read == READ_BYTES;
                let mut rest = &self.buffer[..kept + read];
                while let Some(end) = memchr::memchr(b'\n', rest) {
                    let (line, others) = rest.split_at(end + 1);
                    let heard = self.front.hear(line);
                    if let Heard::Ping(answer) = &heard {
                        member.unsent.extend_from_slice(answer);
                        member.flush();
                    }
                    each(number, line, &heard);
                    rest = others;
                }
                member.partial.extend_from_slice(rest);
            }
        }
    }
}

fn contains(line: &[u8], part: &str) -> bool {
    memchr::memmem::find(line, part.as_bytes()).is_some()
}

impl Member {
    fn flush(&mut self) {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("cannot send: {error}"),
            }
        }
    }
}
