//! Many connections driven by one thread, by readiness: it reads from every readable socket, and waits for nothing else.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::protocol::{Exchange, Protocol, Received};
use crate::words::member_name;
use crate::workload::Workload;

/// Time without input after which a message counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A wait without a particular event.
pub const MOMENT: Duration = Duration::from_millis(50);

const READ_BYTES: usize = 65536;

/// All connections of a load, in the order of their members' numbers.
pub struct Crowd<'a> {
    protocol: &'a dyn Protocol,
    address: SocketAddr,
    /// The member number of the first connection.
    first: usize,
    readiness: OwnedFd,
    events: Vec<epoll::Event>,
    members: Vec<Member>,
    /// The bytes of one read, behind the partial line of the read before.
    buffer: Vec<u8>,
    /// Reads that returned bytes.
    pub reads: u64,
}

struct Member {
    socket: TcpStream,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// Bytes that the socket did not take at once.
    unsent: Vec<u8>,
}

impl<'a> Crowd<'a> {
    /// No connections yet. They will be members from number `first` on.
    pub fn new(address: SocketAddr, protocol: &'a dyn Protocol, first: usize) -> Crowd<'a> {
        let readiness = epoll::create(epoll::CreateFlags::CLOEXEC).expect("readiness");
        let (events, buffer) = (Vec::with_capacity(1024), vec![0; READ_BYTES]);
        Crowd { protocol, address, first, readiness, events, members: Vec::new(), buffer, reads: 0 }
    }

    /// Connects all members and joins them to their rooms. Returns once all output about that has been read.
    pub fn gather(address: SocketAddr, protocol: &'a dyn Protocol, workload: &Workload) -> Crowd<'a> {
        let mut crowd = Crowd::new(address, protocol, 0);
        crowd.enter(workload.members());
        for at in 0..workload.rooms_of(0).len() {
            let question = |member: usize| protocol.join(workload.rooms_of(member).start + at);
            crowd.ask(0..workload.members(), question, |_, _| {});
        }
        crowd.sync();
        crowd
    }

    /// Connects `count` more members and logs them in, a few at a time.
    pub fn enter(&mut self, count: usize) {
        let (first, end) = (self.members.len(), self.members.len() + count);
        let mut answers: Vec<Option<String>> = vec![None; end];
        let (mut entering, mut progress) = (0, Instant::now());
        while self.members.len() < end || entering > 0 {
            while self.members.len() < end && entering < self.protocol.entering_max() {
                let member = self.connect();
                let Exchange { question, answer } = self.protocol.enter(self.first + member);
                answers[member] = Some(answer);
                self.send(member, question.as_bytes());
                entering += 1;
            }
            let protocol = self.protocol;
            self.wait(MOMENT, |member, line, _| {
                assert!(!protocol.is_refusal(line), "{}", String::from_utf8_lossy(line));
                if answers[member].as_ref().is_some_and(|answer| contains(line, answer)) {
                    answers[member] = None;
                    entering -= 1;
                    progress = Instant::now();
                }
            });
            assert!(progress.elapsed() < PATIENCE, "{entering} of members from {first} on do not get in");
        }
    }

    /// Waits until everything that has been sent is read.
    pub fn sync(&mut self) {
        let protocol = self.protocol;
        let barrier = |_| Some(protocol.barrier());
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

    /// Sends a question of each member and waits for the answers, which are passed to `answered`.
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
        let (protocol, mut progress) = (self.protocol, Instant::now());
        while missing > 0 {
            self.wait(MOMENT, |member, line, _| {
                assert!(!protocol.is_refusal(line), "{}", String::from_utf8_lossy(line));
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

    /// Sends bytes on a member's connection; what the socket does not take is sent later.
    pub fn send(&mut self, member: usize, bytes: &[u8]) {
        let member = &mut self.members[member];
        member.unsent.extend_from_slice(bytes);
        member.flush();
    }

    /// Waits for input, at most for `most`, and passes each complete line to `each`, decoded. Answers pings.
    pub fn wait(&mut self, most: Duration, mut each: impl FnMut(usize, &[u8], &Received)) {
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
                // A short read: the socket is empty.
                is_readable = kept + read == READ_BYTES;
                let mut rest = &self.buffer[..kept + read];
                while let Some(end) = memchr::memchr(b'\n', rest) {
                    let (line, others) = rest.split_at(end + 1);
                    let received = self.protocol.decode(line);
                    if let Received::Ping(answer) = &received {
                        member.unsent.extend_from_slice(answer);
                        member.flush();
                    }
                    each(number, line, &received);
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
