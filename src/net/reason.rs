//! Why a connection ends: one reason each, shared by the log, the last line to the client and the counters.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a front says the last line of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// What ends a line, also one that was sent in part.
    pub line_end: &'static str,
    /// The line for a reason, with its end; `None` where the client has been told already, or cannot be told.
    pub last_line: fn(Reason) -> Option<Vec<u8>>,
}

macro_rules! reasons {
    ($($name:ident, $word:literal, $last_line:expr, $doc:literal;)*) => {
        /// Why a connection ended.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Reason {
            $(#[doc = $doc] $name,)*
        }

        impl Reason {
            /// All reasons, in the order of their counters.
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// The word by which logs and counters know it.
            pub fn word(self) -> &'static str {
                match self { $(Reason::$name => $word,)* }
            }

            /// What the client is told last; `None` where it has been told already, or cannot be told.
            pub fn last_line(self) -> Option<&'static str> {
                match self { $(Reason::$name => $last_line,)* }
            }
        }
    };
}

// A macro, so that a reason cannot be without its word, its last line and its meaning.
reasons! {
    Quit, "quit", None, "The client said goodbye.";
    EndOfInput, "end-of-input", None, "The client closed its side; all it had sent was done.";
    Lost, "lost", None, "The connection broke: reset, or the peer's host did not answer.";
    LoginTimeout, "login-timeout", Some("Time to log in is over. Connect again to try once more."),
        "Nobody logged in within the time for it.";
    Garbage, "garbage", Some("Too many lines that are no login. Connect again to try once more."),
        "Too many lines before the login that meant nothing.";
    WrongProtocol, "wrong-protocol", None, "Something that is no telnet client spoke first.";
    LineTooLong, "line-too-long", Some("That line has no end. Goodbye."), "A line went on far beyond the limit.";
    Flooding, "flooding", Some("Too many lines, too fast, for too long. Goodbye."),
        "The client went on sending faster than it may.";
    SlowReader, "slow-reader", Some("Your side reads too slowly: too much is waiting for you. Connect again to go on."),
        "Too much was waiting for a client that did not read it, or it read nothing for too long.";
    SignedOut, "signed-out", None, "The account was deleted, or its password changed on another connection.";
    Kicked, "kicked", None, "An operator closed the connection.";
    Banned, "banned", None, "An operator banned the account or the address.";
    Stopping, "stopping", None, "The server stopped.";
    AddressBanned, "refused-banned", Some("This address is banned from this server."), "Refused: the address is banned.";
    AddressFull, "refused-address-full",
        Some("Too many connections from your address. Close one, or wait ten minutes."),
        "Refused: the address has as many connections, or made as many lately, as it may.";
    ServerFull, "refused-full", Some("The server is full. Try again in a while."),
        "Refused: the server has as many connections as it may.";
    NoThread, "refused-no-thread", Some("The server cannot take another connection now. Try again in a while."),
        "Refused: the system gave no thread.";
    Fault, "fault", Some("Something went wrong in the server. Your connection is closed; what you sent before is safe."),
        "A fault in the server ended this connection.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How many connections ended for each reason.
#[derive(Debug)]
pub struct EndCounters {
    counts: Vec<AtomicU64>,
}

impl Default for EndCounters {
    fn default() -> EndCounters {
        EndCounters { counts: Reason::ALL.iter().map(|_| AtomicU64::new(0)).collect() }
    }
}

impl EndCounters {
    /// Counts one end.
    pub fn count(&self, reason: Reason) {
        self.counts[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended for this reason.
    pub fn get(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Display for EndCounters {
    /// `quit=3 lost=1`, those that happened at all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let happened = Reason::ALL.iter().filter(|reason| self.get(**reason) > 0);
        for (index, reason) in happened.enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{reason}={}", self.get(*reason))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_apart() {
        let counters = EndCounters::default();
        counters.count(Reason::Lost);
        counters.count(Reason::Quit);
        counters.count(Reason::Lost);
        assert_eq!(counters.to_string(), "quit=1 lost=2");
    }
}
