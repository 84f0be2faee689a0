//! Many connections driven by one thread, by readiness: what there is to read is read, and nothing is waited for but
//! the next socket that has something.

use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::line::{member_name, room_name};
use crate::workload::Workload;

/// How long nothing may come before it is taken for lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

const READ_BYTES: usize = 65536;

/// All connections of a load, in the order of their members' numbers.
pub struct Crowd {
    poll: Poll,
    events: Events,
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

impl Crowd {
    /// Connects everybody, makes their accounts, and brings them into their rooms. Everything that is said of that has
    /// been read when it returns.
    pub fn gather(address: SocketAddr, workload: &Workload) -> Crowd {
        let poll = Poll::new().expect("readiness");
        let mut members = Vec::new();
        for number in 0..workload.members() {
            let socket = std::net::TcpStream::connect(address).expect("the server accepts");
            socket.set_nodelay(true).expect("a connection");
            socket.set_nonblocking(true).expect("a connection");
            let mut socket = TcpStream::from_std(socket);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(number), interest).expect("a connection");
            members.push(Member { socket, partial: Vec::new(), unsent: Vec::new() });
        }
        let (events, buffer) = (Events::with_capacity(1024), vec![0; READ_BYTES]);
        let mut crowd = Crowd { poll, events, members, buffer, reads: 0 };

        let everybody = 0..workload.members();
        let is_first = |member: &usize| member.is_multiple_of(workload.members_per_room);
        let name = |member: usize| member_name(member);
        let room = |member: usize| room_name(workload.room_of(member));
        crowd.ask(everybody.clone(), |member| {
            (format!("register {0} password-of-{0}", name(member)), format!("-- Welcome, {}.", name(member)))
        });
        crowd.ask(everybody.clone().filter(is_first), |member| {
            (format!("/create {}", room(member)), format!("#{}", room(member)))
        });
        crowd.ask(everybody.clone().filter(|member| !is_first(member)), |member| {
            (format!("/join {}", room(member)), format!("-- You joined #{}", room(member)))
        });
        // An answer that comes behind everything that others have been told of.
        crowd.ask(everybody, |_| ("/whois nobody-else".to_owned(), "nobody-else".to_owned()));
        crowd
    }

    /// Has members send a line each, and waits until each has got a line that contains its answer.
    fn ask(&mut self, members: impl Iterator<Item = usize>, question: impl Fn(usize) -> (String, String)) {
        let mut answers = vec![None; self.members.len()];
        let mut missing = 0;
        for member in members {
            let (line, answer) = question(member);
            self.send(member, format!("{line}\r\n").as_bytes());
            answers[member] = Some(answer);
            missing += 1;
        }
        let mut progress = Instant::now();
        while missing > 0 {
            self.wait(|member, line| {
                let line = String::from_utf8_lossy(line);
                assert!(
                    !line.starts_with("-! ") || answers[member].is_none() || line.contains("nobody-else"),
                    "{line}"
                );
                if answers[member].as_ref().is_some_and(|answer| line.contains(answer)) {
                    answers[member] = None;
                    missing -= 1;
                    progress = Instant::now();
                }
            });
            assert!(
                progress.elapsed() < PATIENCE,
                "{missing} answers did not come: {:?}",
                answers.iter().flatten().next()
            );
        }
    }

    /// Sends bytes to a member's server side, later where the socket is full.
    pub fn send(&mut self, member: usize, bytes: &[u8]) {
        let member = &mut self.members[member];
        member.unsent.extend_from_slice(bytes);
        member.flush();
    }

    /// Waits for a moment at most, and gives each whole line that came to `each`, line end included.
    pub fn wait(&mut self, mut each: impl FnMut(usize, &[u8])) {
        match self.poll.poll(&mut self.events, Some(Duration::from_millis(50))) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            Err(error) => panic!("cannot wait: {error}"),
        }
        for event in &self.events {
            let number = event.token().0;
            let member = &mut self.members[number];
            if event.is_writable() {
                member.flush();
            }
            while event.is_readable() {
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
                let mut rest = &self.buffer[..kept + read];
                while !rest.is_empty() {
                    let line = rest;
                    let bytes = rest.skip_until(b'\n').expect("memory can be read");
                    match &line[..bytes] {
                        whole @ [.., b'\n'] => each(number, whole),
                        partial => member.partial.extend_from_slice(partial),
                    }
                }
                // Less than asked for: the socket is empty.
                if kept + read < READ_BYTES {
                    break;
                }
            }
        }
    }
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
