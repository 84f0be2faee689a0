//! Many connections of one thread, each of which can stop to read and begin again, and how long each message takes to
//! each of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::support::{Client, Running};

/// When each numbered message was sent.
pub struct Sent {
    start: Instant,
    at_us: Vec<AtomicU64>,
}

impl Sent {
    pub fn new(messages: usize) -> Arc<Sent> {
        Arc::new(Sent { start: Instant::now(), at_us: (0..messages).map(|_| AtomicU64::new(0)).collect() })
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).expect("not that long")
    }
}

/// Says all messages as `name`, `per_s` a second, each with its number and some words.
pub fn speak(address: SocketAddr, name: &str, sent: &Sent, numbers: impl Iterator<Item = usize>, per_s: u64) {
    let mut speaker = Client::connect(address);
    speaker.send(&format!("login {name} password-of-{name}"));
    speaker.expect("-- Now in #general.");
    speaker.sync();
    let start = Instant::now();
    for (count, number) in (0..).zip(numbers) {
        let due = Duration::from_micros(count * 1_000_000 / per_s);
        thread::sleep(due.saturating_sub(start.elapsed()));
        sent.at_us[number].store(sent.now_us(), Ordering::Relaxed);
        speaker.send(&format!("number {number} {}", "x".repeat(300)));
        if count % 20 == 19 {
            // It must read what others say, or it is closed itself.
            speaker.sync();
        }
    }
    speaker.sync();
}

/// A connection of the audience.
pub struct Seat {
    socket: TcpStream,
    partial: Vec<u8>,
    /// The numbers it has got, in their order.
    pub numbers: Vec<usize>,
    pub reads: bool,
    pub is_ended: bool,
    /// What it was told last.
    pub last_line: String,
}

/// All of them.
pub struct Audience {
    pub seats: Vec<Seat>,
    sent: Arc<Sent>,
    /// How long messages took to those who read all the time.
    pub taken: Vec<Duration>,
}

impl Audience {
    /// Logs in `count` accounts called `seatN`, some at a time; they must exist.
    pub fn log_in(server: &Running, count: usize, sent: &Arc<Sent>) -> Audience {
        let log_in = |number: usize| {
            let mut socket = TcpStream::connect(server.address).expect("the server accepts");
            let line = format!("login seat{number} password-of-seat{number}\r\n");
            socket.write_all(line.as_bytes()).expect("the server reads");
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&seen).contains("Now in #general.\r\n") {
                let read = socket.read(&mut buffer).expect("the server answers");
                assert!(read > 0, "seat {number} is not let in");
                seen.extend_from_slice(&buffer[..read]);
            }
            socket.set_nonblocking(true).expect("it can be set");
            Seat {
                socket,
                partial: Vec::new(),
                numbers: Vec::new(),
                reads: true,
                is_ended: false,
                last_line: String::new(),
            }
        };
        let mut seats = Vec::new();
        for from in (0..count).step_by(8) {
            thread::scope(|scope| {
                let some: Vec<_> =
                    (from..count.min(from + 8)).map(|number| scope.spawn(move || log_in(number))).collect();
                seats.extend(some.into_iter().map(|seat| seat.join().expect("it logs in")));
            });
        }
        Audience { seats, sent: Arc::clone(sent), taken: Vec::new() }
    }

    /// Makes the accounts.
    pub fn register(server: &Running, count: usize) {
        for from in (0..count).step_by(8) {
            thread::scope(|scope| {
                for number in from..count.min(from + 8) {
                    scope.spawn(move || drop(server.register(&format!("seat{number}"))));
                }
            });
        }
    }

    /// Reads what is there, waiting for 2 ms at most; `keeps_time`: whether this seat's latency counts.
    pub fn read(&mut self, keeps_time: impl Fn(usize) -> bool) {
        let reading: Vec<usize> =
            (0..self.seats.len()).filter(|index| self.seats[*index].reads && !self.seats[*index].is_ended).collect();
        let ready: Vec<usize> = {
            let sockets = reading.iter().map(|index| PollFd::new(&self.seats[*index].socket, PollFlags::IN));
            let mut sockets: Vec<PollFd<'_>> = sockets.collect();
            let moment = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
            poll(&mut sockets, Some(&moment)).expect("one can wait for sockets");
            let is_ready = |poll: &PollFd<'_>| !poll.revents().is_empty();
            reading.into_iter().zip(&sockets).filter(|(_, poll)| is_ready(poll)).map(|(index, _)| index).collect()
        };
        let now = self.sent.now_us();
        for index in ready {
            let seat = &mut self.seats[index];
            let before = seat.numbers.len();
            seat.read();
            if keeps_time(index) {
                let sent = seat.numbers[before..].iter().map(|number| self.sent.at_us[*number].load(Ordering::Relaxed));
                self.taken.extend(sent.map(|at| Duration::from_micros(now.saturating_sub(at))));
            }
        }
    }
}

impl Seat {
    /// The connection by itself.
    pub fn into_socket(self) -> TcpStream {
        self.socket.set_nonblocking(false).expect("it can be set");
        self.socket
    }

    fn read(&mut self) {
        let mut buffer = [0; 65536];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.is_ended = true,
            Ok(read) => self.partial.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.is_ended = true,
        }
        let whole = self.partial.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.partial.drain(..whole).collect();
        for line in String::from_utf8(lines).expect("it is UTF-8").lines() {
            if let Some((_, text)) = line.split_once(": number ") {
                let number = text.split(' ').next().and_then(|number| number.parse().ok());
                self.numbers.push(number.expect("a number"));
            }
            line.clone_into(&mut self.last_line);
        }
    }
}
