//! Where a client's own thread puts bytes for its client. It depends on who owns the writing side.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::broker::Request;
use crate::chat::ClientId;
use crate::net::Connection;

/// How long a client that is not logged in may take to read what it is sent.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The writing side, as the client's own thread sees it.
#[derive(Clone, Debug)]
pub enum Output {
    /// Before the login the thread owns the writing side, and sends.
    Own(Arc<Connection>),
    /// While logged in everything goes through the outbox in the broker. The last is [`Client::is_act`](super::Client).
    Broker(ClientId, Sender<Request>, Rc<Cell<bool>>),
}

/// The client cannot be reached any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreachable;

impl Output {
    /// Sends bytes, in the order of the calls.
    pub fn write(&self, bytes: Vec<u8>) -> Result<(), Unreachable> {
        match self {
            Output::Own(connection) => {
                connection.send_all(&bytes, Instant::now() + WRITE_TIMEOUT).map_err(|_| Unreachable)
            }
            Output::Broker(client, inbox, _) => inbox.send(Request::Write(*client, bytes)).map_err(|_| Unreachable),
        }
    }

    /// The same, as the answer to a request that the thread answers by itself.
    pub fn answer(&self, bytes: Vec<u8>) -> Result<(), Unreachable> {
        match self {
            Output::Broker(client, inbox, is_act) if is_act.take() => {
                inbox.send(Request::Answer(*client, bytes)).map_err(|_| Unreachable)
            }
            _ => self.write(bytes),
        }
    }
}
