//! Why a connection ends: one reason each, shared by the log, the closing line and the counters.

use std::fmt;
use std::sync::OnceLock;

macro_rules! reasons {
    ($($name:ident, $word:literal, $doc:literal;)*) => {
        /// Why a connection ended.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Reason {
            $(#[doc = $doc] $name,)*
        }

        impl Reason {
            /// All reasons, in the order of their declaration.
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// Its word in logs, counters and protocols. Never changes.
            pub fn word(self) -> &'static str {
                match self { $(Reason::$name => $word,)* }
            }
        }
    };
}

// A macro, so that no reason lacks its word or its meaning.
reasons! {
    Quit, "quit", "The client asked to close the connection.";
    EndOfInput, "end-of-input", "The client closed its sending side; everything it had sent was carried out.";
    Lost, "lost", "The connection broke: reset, or the peer's host did not answer.";
    LoginTimeout, "login-timeout", "No login within the time limit.";
    Garbage, "garbage", "Too many unrecognised lines before the login.";
    WrongProtocol, "wrong-protocol", "The client speaks another protocol.";
    LineTooLong, "line-too-long", "A line without an end exceeded the hard limit.";
    Flooding, "flooding", "The client kept exceeding the rate limit.";
    SlowReader, "slow-reader", "Too much output was pending, or the client read nothing for too long.";
    SignedOut, "signed-out", "The account was deleted, or its password changed on another connection.";
    Kicked, "kicked", "An operator closed the connection.";
    Banned, "banned", "An operator banned the account or the address.";
    Stopping, "stopping", "The server stopped.";
    AddressBanned, "refused-banned", "Refused: the address is banned.";
    AddressFull, "refused-address-full",
        "Refused: too many open or new connections from the address.";
    ServerFull, "refused-full", "Refused: the server is at its limit of connections.";
    NoThread, "refused-no-thread", "Refused: the system gave no thread.";
    Fault, "fault", "A fault in the server ended this connection.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The limits of the server that closing lines name.
#[derive(Clone, Copy, Debug)]
pub struct NamedLimits {
    /// The time to log in, in seconds.
    pub login_timeout_s: u64,
    /// The longest line, in bytes: a longer one ends the connection.
    pub line_cut_bytes: u64,
}

/// Process-wide, like the protocols that say the closing lines, which are constants and know no configuration.
static NAMED_LIMITS: OnceLock<NamedLimits> = OnceLock::new();

impl NamedLimits {
    const DEFAULTS: NamedLimits = NamedLimits { login_timeout_s: 60, line_cut_bytes: 65_536 };

    /// Makes these the limits that closing lines name. Only the first call counts: a process has one configuration.
    pub fn set(self) {
        let _ = NAMED_LIMITS.set(self);
    }

    /// The limits that closing lines name.
    pub fn get() -> NamedLimits {
        NAMED_LIMITS.get().copied().unwrap_or(NamedLimits::DEFAULTS)
    }
}

/// The closing lines of a protocol.
pub trait ClosingLine: Send + Sync + fmt::Debug {
    /// Appends the closing line of a connection that ends for `reason`; nothing if the client has already been sent one, or
    /// is gone.
    fn closing_line(&self, reason: Reason, out: &mut Vec<u8>);

    /// The line end, which also ends a line that was sent in part.
    fn line_end(&self) -> &'static [u8];
}
