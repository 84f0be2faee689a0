//! Moments as people read them, in the server's zone.
//!
//! Owns the zone and the wording of days and times. Never reads the time: the caller says when `now` is.

use std::io::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::chat::Timestamp;

const SECONDS_A_DAY: i64 = 86_400;

/// The wall clock of the server's zone. Cheap to clone and to share between threads.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The clock in the zone of this machine: that of the variable `TZ`, or of `/etc/localtime`. Fails with the reason if
    /// the machine does not know its zone, or has no rules for it.
    pub fn system() -> Result<Clock, String> {
        TimeZone::try_system().map(|zone| Clock { zone }).map_err(|error| error.to_string())
    }

    /// The name of the zone, such as `Europe/Berlin`; `None` for one that is given by a rule or a file alone.
    pub fn zone(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// The clock in UTC.
    pub fn utc() -> Clock {
        Clock { zone: TimeZone::UTC }
    }

    /// The time of day: `09:30`.
    pub fn time_of_day(&self, at: Timestamp) -> String {
        self.civil(at).strftime("%H:%M").to_string()
    }

    /// The day, so that it sorts: `2026-11-21`.
    pub fn date(&self, at: Timestamp) -> String {
        self.civil(at).date().to_string()
    }

    /// The day as it is called: `Sunday 22 November`.
    pub fn long_day(&self, at: Timestamp) -> String {
        self.civil(at).strftime("%A %-d %B").to_string()
    }

    /// A moment as seen at `now`: `today 09:38`, `yesterday 22:10`, `tomorrow 09:32`, or `2026-11-20 09:38`.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        let time = self.time_of_day(at);
        match self.local(at).day - self.local(now).day {
            -1 => format!("yesterday {time}"),
            0 => format!("today {time}"),
            1 => format!("tomorrow {time}"),
            _ => format!("{} {time}", self.date(at)),
        }
    }

    /// The end of something, as seen at `now`: `until tomorrow 09:32`; `permanently` if it has none.
    pub fn until(&self, end: Option<Timestamp>, now: Timestamp) -> String {
        end.map_or_else(|| "permanently".to_owned(), |end| format!("until {}", self.moment(end, now)))
    }

    /// Whether both moments are on the same day here.
    pub fn is_same_day(&self, one: Timestamp, other: Timestamp) -> bool {
        self.local(one).day == self.local(other).day
    }

    /// Appends what a message line starts with: `[09:30] `, or `[2026-11-21 18:02] ` if it is not of today. Written
    /// digit by digit because this runs for each message of each turn.
    pub(in crate::protocol) fn stamp(&self, at: Timestamp, now: Timestamp, out: &mut Vec<u8>) {
        let local = self.local(at);
        out.push(b'[');
        if local.day != self.local(now).day {
            write!(out, "{} ", self.civil(at).date()).expect("a vector takes every byte");
        }
        let digits = |number: i64| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        out.extend_from_slice(&digits(local.minute / 60));
        out.push(b':');
        out.extend_from_slice(&digits(local.minute % 60));
        out.extend_from_slice(b"] ");
    }

    fn local(&self, at: Timestamp) -> Local {
        let instant = instant(at);
        let offset = i64::from(self.zone.to_offset(instant).seconds());
        let seconds = instant.as_millisecond().div_euclid(1000) + offset;
        Local { day: seconds.div_euclid(SECONDS_A_DAY), minute: seconds.rem_euclid(SECONDS_A_DAY) / 60 }
    }

    fn civil(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(instant(at))
    }
}

/// A local moment, as far as comparing days and showing the time needs it.
struct Local {
    /// Days since 1970-01-01.
    day: i64,
    /// Minutes since midnight.
    minute: i64,
}

/// Moments beyond the calendar's range (the end of a very long ban) become its last moment.
fn instant(at: Timestamp) -> jiff::Timestamp {
    let nearest = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
    }

    fn berlin() -> Clock {
        Clock { zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule") }
    }

    #[test]
    fn moments_near_today_have_words_and_others_dates() {
        let check = |moment: &str, expected: &str| {
            assert_eq!(Clock::utc().moment(at(moment), at("2026-11-22T09:30:00Z")), expected);
        };
        check("2026-11-22T00:00:00Z", "today 00:00");
        check("2026-11-22T23:59:59.999Z", "today 23:59");
        check("2026-11-21T23:59:59.999Z", "yesterday 23:59");
        check("2026-11-23T09:32:00Z", "tomorrow 09:32");
        check("2026-11-24T00:00:00Z", "2026-11-24 00:00");
        check("2026-11-20T09:38:00Z", "2026-11-20 09:38");
    }

    #[test]
    fn days_follow_the_zone() {
        assert!(!Clock::utc().is_same_day(at("2026-11-21T23:30:00Z"), at("2026-11-22T00:30:00Z")));
        assert!(berlin().is_same_day(at("2026-11-21T23:30:00Z"), at("2026-11-22T00:30:00Z")));
        assert_eq!(berlin().date(at("2026-11-21T23:30:00Z")), "2026-11-22");
        assert_eq!(berlin().long_day(at("2026-11-21T23:30:00Z")), "Sunday 22 November");
        assert_eq!(berlin().time_of_day(at("2026-07-01T12:00:00Z")), "14:00");
        assert_eq!(berlin().time_of_day(at("2026-12-01T12:00:00Z")), "13:00");
        assert_eq!(Clock::utc().long_day(at("2026-02-03T12:00:00Z")), "Tuesday 3 February");
    }

    #[test]
    fn a_stamp_names_the_day_unless_it_is_today() {
        let check = |clock: &Clock, moment: &str, expected: &str| {
            let mut out = Vec::new();
            clock.stamp(at(moment), at("2026-11-22T09:30:00Z"), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(&Clock::utc(), "2026-11-22T09:05:59Z", "[09:05] ");
        check(&Clock::utc(), "2026-11-21T18:02:00Z", "[2026-11-21 18:02] ");
        check(&Clock::utc(), "1969-12-31T23:59:00Z", "[1969-12-31 23:59] ");
        check(&berlin(), "2026-11-21T23:02:00Z", "[00:02] ");
        check(&berlin(), "2026-10-25T00:30:00Z", "[2026-10-25 02:30] ");
        check(&berlin(), "2026-10-25T01:30:00Z", "[2026-10-25 02:30] ");
    }

    #[test]
    fn no_moment_is_too_far_away_to_tell() {
        assert_eq!(Clock::utc().until(Some(Timestamp(i64::MAX)), Timestamp(0)), "until 9999-12-30 22:00");
        assert_eq!(Clock::utc().until(None, Timestamp(0)), "permanently");
        berlin().moment(Timestamp(i64::MIN), Timestamp(i64::MAX));
    }
}
