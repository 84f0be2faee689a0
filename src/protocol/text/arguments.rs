//! The words behind a command, taken one by one.

use crate::address::Address;
use crate::chat::{BanTarget, Code, Name, RoomLabel, Text};

use super::line::Typed;
use super::mistake::Mistake;
use super::row::{Found, Row, find};

/// The arguments of a command, consumed from the left. `rest` never starts with white space.
pub struct Arguments<'a> {
    /// The command that mistakes are about.
    row: &'static Row,
    /// The room that stood in front of the word of a subcommand: `/room #tea rename cake`.
    pub(super) room: Option<RoomLabel>,
    pub(super) rest: &'a str,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(row: &'static Row, rest: &'a str) -> Arguments<'a> {
        Arguments { row, room: None, rest }
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_start();
        Some(word)
    }

    pub(super) fn need(&mut self, what: &'static str) -> Result<&'a str, Mistake> {
        self.next().ok_or_else(|| Mistake::missing(what, self.row))
    }

    pub(super) fn take_rest(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn end(&mut self) -> Result<(), Mistake> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(Mistake::unexpected(word, self.row)),
        }
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<Text, Mistake> {
        match self.take_rest() {
            "" => Err(Mistake::missing(what, self.row)),
            text => Ok(Text::from(text)),
        }
    }

    /// Everything that is left, which may be nothing.
    pub(super) fn optional_text(&mut self) -> Text {
        Text::from(self.take_rest())
    }

    /// Goes on with the subcommand that comes next. From there on mistakes are about the subcommand.
    pub(super) fn subcommand(&mut self, what: &'static str) -> Result<Typed, Mistake> {
        let known: Vec<(&'static str, &'static Row)> = self.row.subcommands().collect();
        self.row = self.choose(what, &known)?;
        (self.row.parse)(self)
    }

    /// One of certain words, or a beginning of it.
    pub(super) fn choose<T: Copy + PartialEq>(
        &mut self,
        what: &'static str,
        known: &[(&'static str, T)],
    ) -> Result<T, Mistake> {
        let typed = self.need(what)?;
        match find(typed, known.iter().copied()) {
            Found::One(meaning) => Ok(meaning),
            Found::Several(_) | Found::None => {
                let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
                Err(Mistake::unknown_choice(typed, &words, self.row))
            }
        }
    }

    /// One of certain words, or a beginning of it; anything else is left where it is.
    pub(super) fn optional_choice<T: Copy + PartialEq>(&mut self, known: &[(&'static str, T)]) -> Option<T> {
        let Found::One(meaning) = find(self.peek()?, known.iter().copied()) else { return None };
        self.next();
        Some(meaning)
    }

    pub(super) fn name_of(&self, typed: &str, name: &str) -> Result<Name, Mistake> {
        Name::parse(name).map_err(|error| Mistake::bad_name(typed, error, self.row))
    }

    /// A person. People write `@bob` and, as in speech, `bob:` or `bob,` too.
    pub(super) fn person(&mut self) -> Result<Name, Mistake> {
        let typed = self.need("a name")?;
        let name = typed.strip_prefix('@').unwrap_or(typed);
        self.name_of(typed, name.strip_suffix([':', ',']).unwrap_or(name))
    }

    /// A name with or without the mark of a room.
    pub(super) fn name(&mut self, what: &'static str) -> Result<Name, Mistake> {
        let typed = self.need(what)?;
        self.name_of(typed, typed.strip_prefix('#').unwrap_or(typed))
    }

    pub(super) fn optional_name(&mut self) -> Result<Option<Name>, Mistake> {
        if self.rest.is_empty() { Ok(None) } else { self.name("a name").map(Some) }
    }

    pub(super) fn room(&mut self, what: &'static str) -> Result<RoomLabel, Mistake> {
        let typed = self.need(what)?;
        match typed.strip_prefix('@') {
            Some(name) => self.name_of(typed, name).map(RoomLabel::Direct),
            None => self.name_of(typed, typed.strip_prefix('#').unwrap_or(typed)).map(RoomLabel::Room),
        }
    }

    pub(super) fn optional_room(&mut self) -> Result<Option<RoomLabel>, Mistake> {
        if self.rest.is_empty() { Ok(None) } else { self.room("a room").map(Some) }
    }

    /// A room where a word without one of `marks` means something else.
    pub(super) fn marked_room(&mut self, marks: &[char]) -> Result<Option<RoomLabel>, Mistake> {
        if self.rest.starts_with(marks) { self.optional_room() } else { Ok(None) }
    }

    /// The room that was named before, or else the one that is named here.
    pub(super) fn or_room(&mut self, before: Option<RoomLabel>) -> Result<Option<RoomLabel>, Mistake> {
        if before.is_some() { Ok(before) } else { self.optional_room() }
    }

    /// `[#ROOM] NAME`. `NAME #ROOM` is taken too: who writes that does not mean the current room.
    pub(super) fn room_and_person(&mut self) -> Result<(Option<RoomLabel>, Name), Mistake> {
        let before = self.marked_room(&['#'])?;
        let who = self.person()?;
        let room = if before.is_some() { before } else { self.marked_room(&['#'])? };
        Ok((room, who))
    }

    pub(super) fn ban_target(&mut self) -> Result<BanTarget, Mistake> {
        let typed = self.need("a name or an address")?;
        if let Some(address) = Address::parse(typed) {
            return Ok(BanTarget::Address(address));
        }
        match Name::parse(typed.strip_prefix('@').unwrap_or(typed)) {
            Ok(name) => Ok(BanTarget::Account(name)),
            Err(_) => Err(Mistake::bad_target(typed, self.row)),
        }
    }

    /// A whole number from 1.
    pub(super) fn number(&mut self, what: &'static str) -> Result<u64, Mistake> {
        let word = self.need(what)?;
        self.number_in(word, word)
    }

    /// The number that `digits`, a part of `word`, stand for.
    pub(super) fn number_in(&self, digits: &str, word: &str) -> Result<u64, Mistake> {
        number(digits).ok_or_else(|| Mistake::bad_number(word, self.row))
    }

    /// A page, from 1; the first one if none is given.
    pub(super) fn page(&mut self) -> Result<u64, Mistake> {
        if self.peek().is_some_and(is_numeric) { self.number("a page") } else { Ok(1) }
    }

    /// Seconds, if a time is next, with or without `for`. What is not meant as a time is left where it is.
    pub(super) fn duration(&mut self) -> Result<Option<u64>, Mistake> {
        let mut words = self.rest.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("for"))
            && words.next().is_some_and(|word| Duration::of(word) != Duration::Other)
        {
            self.next();
        }
        match self.peek().map_or(Duration::Other, Duration::of) {
            Duration::Seconds(seconds) => {
                self.next();
                Ok(Some(seconds))
            }
            Duration::Bad => Err(Mistake::bad_duration(self.peek().unwrap_or_default(), self.row)),
            // A time at the end was meant as one too.
            Duration::Other => match self.rest.split_whitespace().next_back() {
                Some(last) if matches!(Duration::of(last), Duration::Seconds(_)) => {
                    Err(Mistake::late_duration(last, self.row))
                }
                _ => Ok(None),
            },
        }
    }

    /// A code, which people may type with spaces.
    pub(super) fn code(&mut self) -> Result<Code, Mistake> {
        let words: Vec<&str> = self.take_rest().split_whitespace().collect();
        if words.is_empty() {
            return Err(Mistake::missing("a code", self.row));
        }
        Ok(Code::typed(&words.join("-")))
    }
}

/// Whether people would call this a number, well written or not.
pub(super) fn is_numeric(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    !digits.is_empty() && is_empty_or_numeric(digits)
}

pub(super) fn is_empty_or_numeric(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

/// A whole number from 1 on that the store can hold.
fn number(digits: &str) -> Option<u64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0)
}

/// A duration, as a word gives it.
#[derive(PartialEq, Eq, Debug)]
enum Duration {
    Seconds(u64),
    /// Begins like a time but is not one. Taken for something else, it would make a short ban a permanent one.
    Bad,
    /// Something else.
    Other,
}

impl Duration {
    const MAX_SECONDS: u64 = 10 * 365 * 86_400;

    /// Whether a word seems to be a time with its unit in front, as in `m30`, or with a letter for a digit, as in `l0m`.
    fn is_mistyped(word: &str) -> bool {
        const UNITS: [char; 6] = ['s', 'm', 'h', 'd', 'w', 'y'];
        let is_count = |count: &str| {
            count.len() <= 4
                && count.contains(|c: char| c.is_ascii_digit())
                && count.chars().all(|c| c.is_ascii_digit() || "oOlI".contains(c))
        };
        let counts = [word.strip_prefix(UNITS), word.strip_suffix(UNITS)];
        counts.into_iter().flatten().any(is_count)
    }

    /// A time is written as numbers with units, as in `30m` or `1h30m`. A word that begins with a digit, whatever signs are
    /// before it, is a time or a mistake.
    fn of(word: &str) -> Duration {
        let mut rest = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        if !rest.starts_with(char::is_numeric) {
            return if Duration::is_mistyped(word) { Duration::Bad } else { Duration::Other };
        }
        // `None` once it is clear that the time is invalid.
        let mut total = if rest.len() == word.len() { Some(0_u64) } else { None };
        while !rest.is_empty() {
            let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_numeric()).unwrap_or(rest.len()));
            let (unit, after) = after.split_at(after.find(char::is_numeric).unwrap_or(after.len()));
            rest = after;
            let seconds = match unit.to_ascii_lowercase().as_str() {
                "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
                "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
                "h" | "hr" | "hrs" | "hour" | "hours" => Some(3600),
                "d" | "day" | "days" => Some(86_400),
                "w" | "week" | "weeks" => Some(7 * 86_400),
                "mo" | "month" | "months" => Some(30 * 86_400),
                "y" | "year" | "years" => Some(365 * 86_400),
                _ => return Duration::Bad,
            };
            let part = number(digits).zip(seconds).and_then(|(count, seconds)| count.checked_mul(seconds));
            total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
        }
        match total {
            Some(seconds) if seconds <= Duration::MAX_SECONDS => Duration::Seconds(seconds),
            _ => Duration::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        let check = |word: &str, expected: Duration| assert_eq!(Duration::of(word), expected, "{word}");
        check("45s", Duration::Seconds(45));
        check("30m", Duration::Seconds(1800));
        check("30MIN", Duration::Seconds(1800));
        check("2h", Duration::Seconds(7200));
        check("2d", Duration::Seconds(172_800));
        check("1w", Duration::Seconds(604_800));
        check("1h30m", Duration::Seconds(5400));
        check("1month", Duration::Seconds(2_592_000));
        check("10y", Duration::Seconds(Duration::MAX_SECONDS));
        check("3651d", Duration::Bad);
        check("11y", Duration::Bad);
        for word in ["0m", "-5m", "+5m", "30", "1h30", "1.5h", "٣m", "18446744073709551615w", "9223372036854775807w"] {
            check(word, Duration::Bad);
        }
        check(&format!("{}w", "9".repeat(400)), Duration::Bad);
        check(&"9999999999999w".repeat(100), Duration::Bad);
        for word in ["30x", "1h,", "1h.", "3rd", "7up", "24/7", "100%", "2x4", "(30m)", "~30m", "'2h'", "½h", "#1"] {
            check(word, Duration::Bad);
        }
        for word in ["m30", "h1", "d2", "l0m", "O5m", "lO0s"] {
            check(word, Duration::Bad);
        }
        for word in ["", "m", "-", "spam", "x30m", "r2d2", "mob", "lol", "s1m0n", "-x", "'tis", "(again)"] {
            check(word, Duration::Other);
        }
    }
}
