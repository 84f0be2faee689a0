//! The floor of the machine, measured before and after each workload because its speed changes: the CPU time of one `send`
//! of one line to a reader on the same machine, and the time of a small synced write.

use std::collections::BTreeMap;
use std::io::{Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;

use crate::machine::thread_cpu;
use crate::words::LINE_BYTES;

const SOCKETS: usize = 100;
/// Rounds before the measurement, because a connection is slow at first.
const WARM_ROUNDS: usize = 50;
/// CPU time after which the error of the system's clock, one tick, is small.
const ENOUGH: Duration = Duration::from_millis(400);

/// About the size of a commit of a few messages.
const SYNCED_BYTES: usize = 4096;
const SYNCS: usize = 101;

/// The lower bounds of any server that sends and stores.
#[derive(Clone, Copy)]
pub struct Floor {
    /// The CPU time of one send.
    pub send: Duration,
    /// The median time until a small write is on disk.
    pub sync: Duration,
}

/// Measures both.
pub fn measure() -> Floor {
    Floor { send: send(), sync: sync() }
}

fn sync() -> Duration {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&[b'x'; SYNCED_BYTES * SYNCS]).and_then(|()| file.sync_all()).expect("room on the disk");
    file.rewind().expect("a file");
    let mut times = [(); SYNCS].map(|()| {
        let start = Instant::now();
        file.write_all(&[b'y'; SYNCED_BYTES]).and_then(|()| file.sync_data()).expect("room on the disk");
        start.elapsed()
    });
    times.sort();
    times[SYNCS / 2]
}

fn send() -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let address = listener.local_addr().expect("a bound address");
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..SOCKETS {
        receivers.push(TcpStream::connect(address).expect("a connection"));
        let (sender, _) = listener.accept().expect("a connection");
        sender.set_nodelay(true).expect("a connection");
        senders.push(sender);
    }
    let reader = thread::spawn(move || read_all(receivers));
    let mut round = || senders.iter_mut().for_each(|socket| socket.write_all(&[b'x'; LINE_BYTES]).expect("a reader"));
    (0..WARM_ROUNDS).for_each(|_| round());
    let (start, mut rounds) = (thread_cpu(), 0);
    let spent = loop {
        (0..100).for_each(|_| round());
        rounds += 100;
        let spent = thread_cpu() - start;
        if spent > ENOUGH {
            break spent;
        }
    };
    drop(senders);
    reader.join().expect("the reader reads to the end");
    spent / (rounds * SOCKETS as u32)
}

/// Reads by readiness, as the generator does, until all are closed.
fn read_all(receivers: Vec<TcpStream>) {
    let readiness = epoll::create(epoll::CreateFlags::CLOEXEC).expect("readiness");
    for (number, socket) in receivers.iter().enumerate() {
        socket.set_nonblocking(true).expect("a connection");
        let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(&readiness, socket, epoll::EventData::new_u64(number as u64), flags).expect("readiness");
    }
    let mut open: BTreeMap<u64, TcpStream> = (0..).zip(receivers).collect();
    let (mut events, mut buffer) = (Vec::with_capacity(1024), [0; 65536]);
    while !open.is_empty() {
        epoll::wait(&readiness, spare_capacity(&mut events), None).expect("readiness");
        for event in events.drain(..) {
            let (number, flags) = (event.data.u64(), event.flags);
            while let Some(socket) = open.get_mut(&number) {
                match socket.read(&mut buffer) {
                    // The end may be reported twice.
                    Ok(0) => drop(open.remove(&number)),
                    // A short read: the socket is empty, unless it is at its end.
                    Ok(read) if read == buffer.len() || flags.contains(epoll::EventFlags::RDHUP) => {}
                    _ => break,
                }
            }
        }
    }
}
