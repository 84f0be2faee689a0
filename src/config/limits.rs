//! The limits: every number an operator may change, with its unit, default and range.
//!
//! A limit is declared once, in the list below. The field, its default, its check, its line in `--print-config` and its
//! documentation all come from there, so that they cannot drift apart; this is why it is a macro. `file.rs` reads and
//! prints the config file.

use std::ops::RangeInclusive;

/// More than any load test needs, and small enough to multiply by a second in nanoseconds.
const LOAD_TEST: u64 = 1_000_000_000;

/// The description of one limit.
pub(super) struct Limit {
    /// The name in the file, its unit last.
    pub name: &'static str,
    pub default: u64,
    pub range: RangeInclusive<u64>,
    /// The unit, in the plural.
    pub unit: &'static str,
    /// One sentence for the operator.
    pub doc: &'static str,
    field: fn(&mut Limits) -> &mut u64,
    value: fn(&Limits) -> u64,
}

macro_rules! limits {
    ($(#[doc = $doc:literal] $name:ident: $default:literal, $min:literal..=$max:expr, $unit:literal;)+) => {
        /// The limits in force. Values read from a file are inside their ranges.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $doc] pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($name: $default,)+ }
            }
        }

        /// Every limit, in the order in which they are printed.
        pub(super) static LIMITS: &[Limit] = &[$(Limit {
            name: stringify!($name),
            default: $default,
            range: $min..=$max,
            unit: $unit,
            doc: $doc.trim_ascii_start(),
            field: |limits| &mut limits.$name,
            value: |limits| limits.$name,
        },)+];
    };
}

limits! {
    /// Open connections; 0 is the most that the system's descriptors and memory maps allow.
    connections_max: 0, 0..=LOAD_TEST, "connections";
    /// Open connections from one address (IPv4, or an IPv6 /64).
    connections_per_address_max: 16, 1..=LOAD_TEST, "connections";
    /// New connections from one address within 10 minutes.
    connections_per_address_per_10min_max: 32, 1..=LOAD_TEST, "connections";
    /// Connections from one address within 10 minutes that end without sending anything and so do not count as new.
    probes_per_address_per_10min_max: 600, 1..=LOAD_TEST, "connections";
    /// Limits of a loopback address, which tunnels and proxies share, as a multiple of those of another address.
    loopback_factor: 8, 1..=LOAD_TEST, "times";
    /// Time from the connection to the login; a connection that exceeds it is closed.
    login_timeout_s: 60, 5..=3_600, "seconds";
    /// Unrecognised lines before the login; a connection that sends one more is closed.
    login_bad_lines_max: 20, 1..=1_000_000, "lines";
    /// Wrong passwords within a minute for one account from one address.
    login_tries_per_min_max: 5, 1..=LOAD_TEST, "tries";
    /// Wrong passwords within a minute from one address, for all accounts together.
    login_tries_per_address_per_min_max: 20, 1..=LOAD_TEST, "tries";
    /// Passwords that are checked within a minute for one address, right ones too; tokens cost nothing.
    password_checks_per_address_per_min_max: 60, 1..=LOAD_TEST, "passwords";
    /// Wrong one-time codes within 10 minutes from one account.
    wrong_codes_per_account_per_10min_max: 5, 1..=LOAD_TEST, "codes";
    /// Wrong one-time codes within 10 minutes from one address, from all accounts together.
    wrong_codes_per_address_per_10min_max: 20, 1..=LOAD_TEST, "codes";
    /// New accounts within an hour from one address.
    registrations_per_address_per_hour_max: 5, 1..=LOAD_TEST, "accounts";
    /// New accounts within 10 minutes from all addresses together.
    registrations_per_10min_max: 30, 1..=LOAD_TEST, "accounts";
    /// Longest line of the text protocol; a longer one is refused.
    line_max_bytes: 4_096, 512..=65_536, "bytes";
    /// Longest line of the JSON protocol; a longer one is refused.
    json_line_max_bytes: 16_384, 1_024..=65_536, "bytes";
    /// Bytes without a line end after which the connection is closed.
    line_cut_bytes: 65_536, 512..=16_777_216, "bytes";
    /// Longest message, in bytes of UTF-8.
    message_max_bytes: 2_000, 16..=65_536, "bytes";
    /// Size of the token bucket: lines a connection may send, before the login too, until it is slowed down.
    rate_burst_lines: 10, 1..=LOAD_TEST, "lines";
    /// Refill rate of the token bucket: lines a second that are read of a faster client.
    rate_lines_per_s: 5, 1..=LOAD_TEST, "lines a second";
    /// Rate of an account over all its connections, as a multiple of that of one connection, burst included.
    rate_account_factor: 2, 1..=LOAD_TEST, "times";
    /// Consecutive delayed lines after which a connection is closed for flooding.
    flood_max_lines: 300, 1..=LOAD_TEST, "lines";
    /// Pending output of one client; a client that exceeds it is closed as a slow reader.
    outbox_max_bytes: 262_144, 16_384..=1_073_741_824, "bytes";
    /// Send buffer of each socket in the kernel.
    send_buffer_bytes: 65_536, 4_096..=67_108_864, "bytes";
    /// Time without progress of pending output after which a client is closed.
    stall_timeout_s: 10, 1..=3_600, "seconds";
    /// Idle time after which TCP keep-alive probes start.
    keepalive_idle_s: 60, 1..=32_767, "seconds";
    /// Time between two keep-alive probes.
    keepalive_interval_s: 10, 1..=32_767, "seconds";
    /// Unanswered keep-alive probes after which a connection counts as lost.
    keepalive_probes: 3, 1..=127, "probes";
    /// Time that sent bytes may stay unacknowledged before a connection counts as lost.
    user_timeout_s: 30, 1..=86_400, "seconds";
    /// Lifetime of an invitation.
    invitation_lifetime_h: 24, 1..=8_760, "hours";
    /// Messages on a page of history by default.
    history_page_lines: 50, 1..=1_000, "lines";
    /// Most messages on a page of history.
    history_page_max_lines: 100, 1..=1_000, "lines";
    /// Rows on a page of rooms or members.
    list_page_rows: 100, 1..=1_000, "rows";
    /// Time for a clean stop; the process ends one second later at the latest.
    stop_timeout_s: 4, 1..=60, "seconds";
    /// Capacity of the broker's inbox; when it is full, backpressure reaches the clients.
    inbox_events: 8_192, 1..=1_048_576, "events";
    /// Most events of a turn, which are committed together.
    turn_events_max: 256, 1..=65_536, "events";
    /// Most rooms that one account may own.
    rooms_per_account_max: 100, 1..=LOAD_TEST, "rooms";
    /// Rooms that one account may create within an hour, direct messages with somebody new included.
    rooms_created_per_hour_max: 100, 1..=LOAD_TEST, "rooms";
    /// Most members of one room.
    members_per_room_max: 100_000, 2..=LOAD_TEST, "members";
    /// Longest topic, away text or reason, in bytes of UTF-8.
    topic_max_bytes: 300, 1..=2_000, "bytes";
    /// Database connections for reading history.
    read_connections: 4, 1..=64, "connections";
    /// Password hashes computed in parallel; each takes about 19 MiB of memory.
    password_hashes_at_once: 2, 1..=64, "hashes";
}

/// Pairs of limits of which the first may not exceed the second.
const ORDERED: &[(&str, &str)] = &[
    ("message_max_bytes", "line_max_bytes"),
    ("topic_max_bytes", "line_max_bytes"),
    ("line_max_bytes", "line_cut_bytes"),
    ("json_line_max_bytes", "line_cut_bytes"),
    ("message_max_bytes", "json_line_max_bytes"),
    ("line_max_bytes", "outbox_max_bytes"),
    ("history_page_lines", "history_page_max_lines"),
];

/// The limit of that name.
pub(super) fn find(name: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.name == name)
}

impl Limit {
    /// Sets a value that is in range. `written` is the value as the operator wrote it; `None` is a number too large for
    /// any integer.
    pub fn set(&self, limits: &mut Limits, written: &str, value: Option<u64>) -> Result<(), String> {
        let value = value.filter(|value| self.range.contains(value));
        let Some(value) = value else {
            let (name, allowed) = (self.name, self.allowed());
            return Err(format!("{name} = {written} is out of range: {allowed}"));
        };
        *(self.field)(limits) = value;
        Ok(())
    }

    /// Its value in `limits`.
    pub fn value(&self, limits: &Limits) -> u64 {
        (self.value)(limits)
    }

    /// The range with its unit: `5 to 3600 seconds`.
    pub fn allowed(&self) -> String {
        let (min, max) = (self.range.start(), self.range.end());
        format!("{min} to {max} {}", self.unit)
    }
}

impl Limits {
    /// Refuses limits that contradict each other.
    pub(super) fn check(&self) -> Result<(), String> {
        for (small, large) in ORDERED {
            let [low, high] = [small, large].map(|name| {
                let limit = find(name).expect("ORDERED names limits only");
                limit.value(self)
            });
            if low > high {
                return Err(format!("{small} = {low} is more than {large} = {high}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_range_and_every_limit_says_what_it_is() {
        for limit in LIMITS {
            assert!(limit.range.contains(&limit.default), "{}", limit.name);
            assert!(limit.doc.ends_with('.'), "{}: {}", limit.name, limit.doc);
            assert_eq!(limit.value(&Limits::default()), limit.default);
        }
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_takes_the_ends_of_its_range_and_nothing_beyond() {
        for limit in LIMITS {
            let mut limits = Limits::default();
            let (min, max) = (*limit.range.start(), *limit.range.end());
            for value in [min, max] {
                assert_eq!(limit.set(&mut limits, "", Some(value)), Ok(()));
                assert_eq!(limit.value(&limits), value);
            }
            for value in [min.checked_sub(1), Some(max + 1)] {
                assert!(limit.set(&mut limits, "", value).is_err());
                assert_eq!(limit.value(&limits), max, "a refused value changes nothing");
            }
        }
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        let mut limits = Limits { message_max_bytes: 5_000, ..Limits::default() };
        let refusal = "message_max_bytes = 5000 is more than line_max_bytes = 4096";
        assert_eq!(limits.check(), Err(refusal.into()));
        limits.line_max_bytes = 5_000;
        assert_eq!(limits.check(), Ok(()));
    }
}
