//! Shutdown: a quit channel, which is closed, and a wait group, which is waited for.
//!
//! The pattern is from the tutorial "Graceful shutdown of a TCP server" for Go: every holder of a [`Quit`] sees that the
//! one [`QuitSender`] was dropped, and every holder of a [`Running`] is waited for.

use std::convert::Infallible;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use crossbeam_utils::sync::WaitGroup;

/// Dropping it requests all threads to stop.
#[derive(Debug)]
pub struct QuitSender {
    _sender: Sender<Infallible>,
}

/// Whether the server is to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Quit {
    receiver: Receiver<Infallible>,
}

/// Creates both ends of a quit channel.
pub fn quit_channel() -> (QuitSender, Quit) {
    let (sender, receiver) = bounded(0);
    (QuitSender { _sender: sender }, Quit { receiver })
}

impl Quit {
    /// Whether the sender was dropped.
    pub fn is_set(&self) -> bool {
        self.receiver.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Waits until the sender is dropped.
    pub fn wait(&self) {
        let _ = self.receiver.recv();
    }

    /// Waits until the sender is dropped, at most for `timeout`. Returns whether it was.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.receiver.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected)
    }

    /// The channel, for `select!`. It never carries a value, and is disconnected when the sender is dropped.
    pub fn channel(&self) -> &Receiver<Infallible> {
        &self.receiver
    }
}

/// Held by a thread while it runs.
#[derive(Clone, Debug)]
pub struct Running {
    _group: WaitGroup,
}

/// Waits for all holders of a [`Running`].
#[derive(Debug, Default)]
pub struct Threads {
    group: WaitGroup,
}

impl Threads {
    /// No threads yet.
    pub fn new() -> Threads {
        Threads::default()
    }

    /// A handle that a thread holds while it runs.
    pub fn running(&self) -> Running {
        Running { _group: self.group.clone() }
    }

    /// Waits until every [`Running`] is dropped, at most for `timeout`. Returns whether all were.
    pub fn wait_timeout(self, timeout: Duration) -> bool {
        // A wait group has no timeout, so another thread waits for it.
        let (sender, receiver) = bounded::<Infallible>(0);
        let waiter = std::thread::Builder::new().name("wait".into()).spawn(move || {
            self.group.wait();
            drop(sender);
        });
        waiter.is_ok() && receiver.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_the_sender_tells_everybody() {
        let (sender, quit) = quit_channel();
        let other = quit.clone();
        assert!(!quit.is_set() && !quit.wait_timeout(Duration::ZERO));
        drop(sender);
        quit.wait();
        assert!(quit.is_set() && other.is_set());
    }

    #[test]
    fn threads_are_waited_for_within_bounds() {
        let threads = Threads::new();
        let running = threads.running();
        drop(running);
        assert!(threads.wait_timeout(Duration::from_secs(10)));
        let threads = Threads::new();
        let _running = threads.running();
        assert!(!threads.wait_timeout(Duration::from_millis(1)));
    }
}
