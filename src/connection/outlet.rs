//! Where a client's own thread puts bytes for its client: who owns the writing side tells.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::broker::Request;
use crate::chat::ClientId;
use crate::net::Link;

/// How long a client that is not logged in may take to take what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The writing side, as the client's own thread sees it.
#[derive(Clone, Debug)]
pub enum Outlet {
    /// Before the login the thread writes itself.
    Own(Arc<Link>),
    /// From the login on everything goes through the outbox in the broker.
    Broker(ClientId, Sender<Request>),
}

/// The client cannot be reached any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreachable;

impl Outlet {
    /// Sends bytes, in the order of the calls.
    pub fn write(&self, bytes: Vec<u8>) -> Result<(), Unreachable> {
        match self {
            Outlet::Own(link) => link.write_all(&bytes, Instant::now() + WRITE_TIMEOUT).map_err(|_| Unreachable),
            Outlet::Broker(client, inbox) => inbox.send(Request::Write(*client, bytes)).map_err(|_| Unreachable),
        }
    }
}
