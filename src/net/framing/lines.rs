//! Decodes the bytes of one client into lines, and does the editing inside them that a terminal left to the server.
//!
//! Owns the unfinished line of a connection and the bytes received after it. A line ends at LF, CR LF, CR NUL (RFC 854) or
//! a lone CR. Backspace, Ctrl-U and Ctrl-W are always honoured: busybox telnet sends the keys one by one as soon as echo is
//! off, so they come inside passwords (measured). NUL, by which some clients keep their link alive, and the sequences of
//! other keys are dropped.
//!
//! Never reads a wire, and never decides what a line means or whether its text is clean. Never keeps more than
//! `line_max_bytes` of an unfinished line. An idle client has no buffer.

use std::collections::VecDeque;
use std::mem;

use super::key_sequence::{KeySequence, Part};

const NUL: u8 = 0x00;
const ESCAPE: u8 = 0x1b;
const END_OF_TRANSMISSION: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const DELETE: u8 = 0x7f;

/// The lines of one client, pulled one at a time, so that the caller can limit their rate.
///
/// Push what one read gave, pull with [`next`](Self::next) until it gives nothing, then read again: so the bytes that are
/// not decoded are never more than one read, unless the caller looks ahead.
pub struct LineDecoder {
    line_max_bytes: usize,
    line_cut_bytes: usize,
    /// A person's keys edit the line, and each kind of line end counts.
    edits: bool,
    /// Received, and decoded up to `unread_start`.
    unread: Vec<u8>,
    unread_start: usize,
    /// The places in `unread` at which the client pressed Ctrl-C or the like, in ascending order.
    interruptions: VecDeque<usize>,
    /// The unfinished line, edited. Empty while the line is too long.
    line: Vec<u8>,
    /// All bytes of the line so far, including erased and dropped ones, so that editing cannot continue without end.
    line_bytes: usize,
    key: KeySequence,
    is_too_long: bool,
    /// There was an escape in the line that is no key.
    is_garbled: bool,
    /// The beginning of the line was discarded, so its rest is too.
    is_discarded: bool,
    /// The last byte was a CR: its line has ended, and an LF or NUL that follows belongs to it.
    is_after_cr: bool,
    is_overlong: bool,
}

/// A decoded piece of input.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A line, edited, without its end.
    Line(Vec<u8>),
    /// The end of a line that was longer than `line_max_bytes`. Nothing of it is kept, so nothing of it can be obeyed.
    TooLong,
    /// The end of a line with an escape character that is not part of the sequence of a key: what is text in it and what is
    /// not cannot be known, so nothing of it is kept.
    Garbled,
    /// Ctrl-C or the like, at its place between the lines. The unfinished line before it is dropped.
    Interrupted,
    /// Ctrl-D on an empty line: the client wants to leave.
    EndOfTransmission,
    /// A line longer than `line_cut_bytes`, which no person typed: the connection is to be closed. Nothing comes after it.
    Overlong,
}

impl LineDecoder {
    /// Accepts lines of up to `line_max_bytes` without their end, and stops decoding at a line longer than
    /// `line_cut_bytes`, erased bytes included.
    pub fn new(line_max_bytes: usize, line_cut_bytes: usize) -> Self {
        Self {
            line_max_bytes,
            line_cut_bytes,
            edits: true,
            unread: Vec::new(),
            unread_start: 0,
            interruptions: VecDeque::new(),
            line: Vec::new(),
            line_bytes: 0,
            key: KeySequence::None,
            is_too_long: false,
            is_garbled: false,
            is_discarded: false,
            is_after_cr: false,
            is_overlong: false,
        }
    }

    /// The same for programs: a line ends at LF or CR LF, and every other byte is data.
    pub fn unedited(line_max_bytes: usize, line_cut_bytes: usize) -> Self {
        Self { edits: false, ..Self::new(line_max_bytes, line_cut_bytes) }
    }

    /// Takes received bytes, which are kept until they are pulled.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.is_overlong {
            return;
        }
        if self.unread_start > 0 {
            self.unread.drain(..self.unread_start);
            self.interruptions.iter_mut().for_each(|place| *place -= self.unread_start);
            self.unread_start = 0;
        }
        self.unread.extend_from_slice(bytes);
    }

    /// The client pressed Ctrl-C or the like behind the bytes pushed so far.
    pub fn interrupt(&mut self) {
        if !self.is_overlong {
            self.interruptions.push_back(self.unread.len());
        }
    }

    /// How many bytes were pushed and are not decoded.
    pub fn unread_bytes(&self) -> usize {
        self.unread.len() - self.unread_start
    }

    /// Whether an interruption was pushed and is not pulled.
    pub fn is_interruption_ahead(&self) -> bool {
        !self.interruptions.is_empty()
    }

    /// The next piece of the bytes pushed so far; `None` once all are decoded.
    // Not an `Iterator`: more may come after `None`.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Decoded> {
        loop {
            if self.interruptions.front() == Some(&self.unread_start) {
                self.interruptions.pop_front();
                self.clear_line();
                return Some(Decoded::Interrupted);
            }
            let Some(&byte) = self.unread.get(self.unread_start) else { break };
            let is_after_cr = mem::take(&mut self.is_after_cr);
            if self.is_special(byte) || self.key.is_begun() || (is_after_cr && byte == NUL) {
                self.unread_start += 1;
                match byte {
                    b'\n' | NUL if is_after_cr => continue,
                    b'\n' => {
                        if let Some(line) = self.end_line() {
                            return Some(line);
                        }
                    }
                    b'\r' if self.edits => {
                        self.is_after_cr = true;
                        if let Some(line) = self.end_line() {
                            return Some(line);
                        }
                    }
                    END_OF_TRANSMISSION if self.edits && self.is_line_empty() && !self.is_discarded => {
                        self.line_bytes = 0;
                        return Some(Decoded::EndOfTransmission);
                    }
                    _ => self.edit(byte),
                }
            } else {
                self.take_plain();
            }
            if self.line_bytes > self.line_cut_bytes {
                self.clear_line();
                self.clear_unread();
                self.is_overlong = true;
                return Some(Decoded::Overlong);
            }
        }
        self.clear_unread();
        None
    }

    /// What is left when the client has ended its input; pull until it gives nothing. A last line without an end counts:
    /// `printf /quit | nc host 4000` means it.
    pub fn finish(&mut self) -> Option<Decoded> {
        let decoded = self.next();
        if decoded.is_some() || self.is_line_empty() {
            return decoded;
        }
        self.end_line()
    }

    /// Drops the unfinished line: what was received of it, and what is still to come. Bytes that are not decoded stay.
    pub fn discard_line(&mut self) {
        if self.line_bytes > 0 {
            let line_bytes = self.line_bytes;
            self.clear_line();
            (self.is_discarded, self.line_bytes) = (true, line_bytes);
        }
    }

    /// Forgets the unfinished line, whatever it was, as after an interruption.
    fn clear_line(&mut self) {
        self.line = Vec::new();
        self.line_bytes = 0;
        self.key = KeySequence::None;
        (self.is_too_long, self.is_garbled, self.is_discarded) = (false, false, false);
    }

    fn clear_unread(&mut self) {
        self.unread = Vec::new();
        self.unread_start = 0;
        self.interruptions = VecDeque::new();
    }

    /// Whether nothing is left of the unfinished line that its end would give.
    fn is_line_empty(&self) -> bool {
        let is_refused = self.is_too_long || self.is_garbled || self.key.is_begun();
        (self.line.is_empty() && !is_refused) || self.is_discarded
    }

    /// Moves the bytes up to the next special one, or interruption, to the line.
    fn take_plain(&mut self) {
        let stop = self.interruptions.front().copied().unwrap_or(self.unread.len());
        let unread = &self.unread[self.unread_start..stop];
        let end = unread.iter().position(|byte| self.is_special(*byte));
        let plain = &unread[..end.unwrap_or(unread.len())];
        self.unread_start += plain.len();
        self.line_bytes += plain.len();
        if self.is_discarded {
            return;
        }
        if self.line.len() + plain.len() > self.line_max_bytes {
            self.is_too_long = true;
            self.line = Vec::new();
        }
        if !self.is_too_long {
            self.line.extend_from_slice(plain);
        }
    }

    fn edit(&mut self, byte: u8) {
        self.line_bytes += 1;
        match self.key.take(byte) {
            Part::Text => {}
            Part::Key => return,
            Part::Stray => self.is_garbled = true,
        }
        match byte {
            NUL => {}
            BACKSPACE | DELETE => erase_character(&mut self.line),
            CTRL_U => {
                self.line.clear();
                self.is_garbled = false;
            }
            CTRL_W => erase_word(&mut self.line),
            // Ctrl-D inside a line is text, which is cleaned later.
            _ if self.is_too_long || self.is_discarded => {}
            _ if self.line.len() == self.line_max_bytes => {
                self.is_too_long = true;
                self.line = Vec::new();
            }
            _ => self.line.push(byte),
        }
    }

    /// The finished line; `None` if it is discarded.
    fn end_line(&mut self) -> Option<Decoded> {
        let mut line = mem::take(&mut self.line);
        let decoded = if self.is_discarded {
            None
        } else if self.is_too_long {
            Some(Decoded::TooLong)
        } else if self.is_garbled || self.key.is_begun() {
            Some(Decoded::Garbled)
        } else {
            if !self.edits && line.last() == Some(&b'\r') {
                line.pop();
            }
            Some(Decoded::Line(line))
        };
        self.clear_line();
        decoded
    }

    fn is_special(&self, byte: u8) -> bool {
        match byte {
            b'\n' => true,
            NUL | ESCAPE | b'\r' | END_OF_TRANSMISSION | BACKSPACE | CTRL_U | CTRL_W | DELETE => self.edits,
            _ => false,
        }
    }
}

/// Erases what a person sees as the last character: its base and the marks on it. Of bytes that are not UTF-8 it erases
/// one.
fn erase_character(line: &mut Vec<u8>) {
    while let Some(character) = last_character(line) {
        line.truncate(line.len() - character.len_utf8());
        if !is_mark(character) {
            return;
        }
    }
    line.pop();
}

fn last_character(line: &[u8]) -> Option<char> {
    let starts = (line.len().saturating_sub(4)..line.len()).rev();
    let mut tails = starts.filter_map(|start| str::from_utf8(&line[start..]).ok());
    tails.next()?.chars().next()
}

/// Marks drawn on the character before them: the blocks of combining marks, and variation selectors.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Erases the last word and the blanks after it, as a terminal does.
fn erase_word(line: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let word_end = line.iter().rposition(|byte| !is_blank(byte));
    let word_end = word_end.map_or(0, |last| last + 1);
    let word_start = line[..word_end].iter().rposition(is_blank);
    line.truncate(word_start.map_or(0, |blank| blank + 1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX_BYTES: usize = 8;
    const CUT_BYTES: usize = 32;

    /// The decode of bytes that come in these pieces, and then end.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Decoded> {
        let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
        let mut found = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(decoded) = decoder.next() {
                found.push(decoded);
            }
            assert!(decoder.unread.is_empty() && decoder.line.len() <= MAX_BYTES);
        }
        while let Some(decoded) = decoder.finish() {
            found.push(decoded);
        }
        found
    }

    /// Lines in quotes, then the other decode by name, joined by spaces.
    fn check(pieces: &[&[u8]], expected: &str) {
        let named = |decoded: Decoded| match decoded {
            Decoded::Line(line) => format!("'{}'", line.escape_ascii()),
            other => format!("{other:?}"),
        };
        let found: Vec<String> = decode(pieces.iter().copied()).into_iter().map(named).collect();
        assert_eq!(found.join(" "), expected, "{pieces:?}");
    }

    #[test]
    fn every_line_end_ends_one_line() {
        check(&[b""], "");
        check(&[b"a\r\nb\nc\r\0d\re"], "'a' 'b' 'c' 'd' 'e'");
        check(&[b"a\r", b"\nb\r", b"\0c\r", b"", b"d"], "'a' 'b' 'c' 'd'");
        check(&[b"\r\n\r\n"], "'' ''");
        check(&[b"\n\n"], "'' ''");
        check(&[b"\r\r\n"], "'' ''");
        check(&[b"a\r\0\0b\n\0c"], "'a' 'b' 'c'");
        check(&[b"a\r\0\nb"], "'a' '' 'b'");
    }

    #[test]
    fn a_carriage_return_ends_the_line_before_more_is_known() {
        let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
        decoder.push(b"a\r");
        assert_eq!(decoder.next(), Some(Decoded::Line(b"a".to_vec())));
        assert_eq!(decoder.next(), None);
        assert_eq!(decoder.finish(), None);
    }

    #[test]
    fn a_line_is_edited_by_whole_characters_and_words() {
        check(&[b"ab\x08c\n"], "'ac'");
        // Measured: busybox telnet in a password.
        check(&[b"s", b"x", b"\x7f", b"e", b"\r\0"], "'se'");
        check(&[b"\x08\x7f\x15\x17a\n"], "'a'");
        check(&["aé\x7fb\n".as_bytes()], "'ab'");
        check(&["a€\x7f🫖\x08b\n".as_bytes()], "'ab'");
        check(&["ae\u{301}\u{308}\x7f\n".as_bytes()], "'a'");
        check(&["\u{301}\x7fb\n".as_bytes()], "'b'");
        check(&[b"a\xc3\x7f\n"], "'a'");
        check(&[b"a\xa9\xa9\x7f\n"], "'a\\xa9'");
        check(&[b"a\xe2\x82\x7f\n"], "'a\\xe2'");
        check(&[b"abc\x15d\n"], "'d'");
        check(&[b"ab cd\x17e\n"], "'ab e'");
        check(&[b"ab c \x17\n"], "'ab '");
        check(&[b"ab\x17\n"], "''");
        check(&[b"  \x17\n"], "''");
    }

    #[test]
    fn an_overlong_line_is_reported_once_and_nothing_of_it_is_left() {
        check(&[b"12345678\n"], "'12345678'");
        check(&[b"123456789\n"], "TooLong");
        check(&[b"12345678", b"9", b"a", b"\r", b"\nb\n"], "TooLong 'b'");
        check(&[b"123456789\x08\x08\x08\n"], "TooLong");
        check(&[b"123456789\x15ab\n"], "TooLong");
        check(&[b"123456789\x17\x04ab"], "TooLong");
        check(&[b"12345678\x04\n"], "TooLong");
        check(&[b"12345678\x089\n"], "'12345679'");
        let (longest, beyond) = ([b'x'; CUT_BYTES], [b'x'; CUT_BYTES + 1]);
        check(&[&longest, b"\nb\n"], "TooLong 'b'");
        check(&[&beyond, b"\nb\n"], "Overlong");
        check(&[b"a\n", &longest, b"\x08", b"b\n"], "'a' Overlong");
        check(&[&b"\x15".repeat(CUT_BYTES + 1)], "Overlong");
    }

    #[test]
    fn end_of_transmission_counts_on_an_empty_line_only() {
        check(&[b"\x04"], "EndOfTransmission");
        check(&[b"a\r", b"\n\x04b\n"], "'a' EndOfTransmission 'b'");
        check(&[b"a\x04\n"], "'a\\x04'");
        check(&[b"a\x08\x04"], "EndOfTransmission");
    }

    #[test]
    fn a_program_is_taken_at_its_word() {
        let decode = |bytes: &[u8]| {
            let mut decoder = LineDecoder::unedited(MAX_BYTES, CUT_BYTES);
            decoder.push(bytes);
            let found: Vec<Decoded> = std::iter::from_fn(|| decoder.next()).collect();
            found.into_iter().chain(decoder.finish()).collect::<Vec<_>>()
        };
        let line = |bytes: &[u8]| Decoded::Line(bytes.to_vec());
        assert_eq!(
            decode(b"a\x7f\x08\x15\x04b\n\r\nc\rd\r\n"),
            [line(b"a\x7f\x08\x15\x04b"), line(b""), line(b"c\rd")]
        );
        assert_eq!(decode(b"\x04\0e"), [line(b"\x04\0e")]);
        assert_eq!(decode(b"123456789\nab"), [Decoded::TooLong, line(b"ab")]);
        assert_eq!(decode(&[b'x'; CUT_BYTES + 1]), [Decoded::Overlong]);
    }

    #[test]
    fn keys_and_what_keeps_a_link_alive_leave_nothing_in_the_line() {
        check(&[b"\0/a\0b\n"], "'/ab'");
        check(&[b"\x1b[A/ab\n"], "'/ab'");
        check(&[b"a\x1b[D\x1b[3~b\n"], "'ab'");
        check(&[b"\x1b", b"[", b"1;", b"5", b"Da\n"], "'a'");
        check(&[b"\x1bOA\x1b[[A\x1b]0;t\x07\x1bPq\x1b\\a\n"], "'a'");
        // What is erased is the character before the key.
        check(&[b"ab\x1b[D\x7fc\n"], "'ac'");
        // An escape that is no key: nobody knows what was meant as text.
        check(&[b"\x1b/msg\n"], "Garbled");
        check(&[b"\x1bbab\nc\n"], "Garbled 'c'");
        check(&[b"ab\x1b\nc\n"], "Garbled 'c'");
        check(&[b"\x1b]0;a\r\nc\n"], "Garbled 'c'");
        check(&[b"\x1b[/a\n"], "Garbled");
        check(&[b"\x1b"], "Garbled");
        check(&[b"\x1b/a\x15bc\n"], "'bc'");
        check(&[b"\x1b\x04a\n\x04"], "Garbled EndOfTransmission");
        check(&[b"\x1b/23456789\n"], "TooLong");
    }

    /// The decode of bytes in which `!` stands for an interruption.
    fn decode_interrupted(decoder: &mut LineDecoder, bytes: &str) -> Vec<Decoded> {
        for (index, piece) in bytes.split('!').enumerate() {
            if index > 0 {
                decoder.interrupt();
            }
            decoder.push(piece.as_bytes());
        }
        std::iter::from_fn(|| decoder.next()).collect()
    }

    #[test]
    fn an_interruption_keeps_its_place_and_drops_the_half_line_before_it() {
        let check = |bytes: &str, expected: &[Decoded]| {
            let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
            assert_eq!(decode_interrupted(&mut decoder, bytes), expected, "{bytes:?}");
            assert!(!decoder.is_interruption_ahead() && decoder.unread_bytes() == 0);
        };
        let line = |text: &str| Decoded::Line(text.as_bytes().to_vec());
        let key = || Decoded::Interrupted;
        check("!", &[key()]);
        check("one\n!two\n", &[line("one"), key(), line("two")]);
        check("ha!lf\n", &[key(), line("lf")]);
        check("much too long!a\n", &[key(), line("a")]);
        check("\x1b[!A\n", &[key(), line("A")]);
        check("\x1bx!a\n", &[key(), line("a")]);
        check("a\r!\nb\n", &[line("a"), key(), line("b")]);
        check("a\n!!b\n!", &[line("a"), key(), key(), line("b"), key()]);
    }

    #[test]
    fn what_is_pushed_ahead_keeps_its_interruptions() {
        let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
        decoder.push(b"one\ntwo\n");
        assert_eq!(decoder.next(), Some(Decoded::Line(b"one".to_vec())));
        decoder.interrupt();
        decoder.push(b"three\n");
        assert!(decoder.is_interruption_ahead());
        assert_eq!(decoder.unread_bytes(), 10);
        assert_eq!(decoder.next(), Some(Decoded::Line(b"two".to_vec())));
        decoder.push(b"four\n");
        assert_eq!(decoder.next(), Some(Decoded::Interrupted));
        assert_eq!(decoder.next(), Some(Decoded::Line(b"three".to_vec())));
        assert_eq!(decoder.next(), Some(Decoded::Line(b"four".to_vec())));
        assert_eq!(decoder.next(), None);
    }

    #[test]
    fn a_discarded_line_is_discarded_to_its_end() {
        let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
        for half in ["half", "much too long", "x\x7f", "\x1bx"] {
            assert_eq!(decode_interrupted(&mut decoder, half), []);
            decoder.discard_line();
            let rest = decode_interrupted(&mut decoder, " its\x15 end\x04 too\nb\n");
            assert_eq!(rest, [Decoded::Line(b"b".to_vec())], "{half:?}");
        }
        decoder.discard_line();
        assert_eq!(decode_interrupted(&mut decoder, "a\n"), [Decoded::Line(b"a".to_vec())], "there was none");
        assert_eq!(decode_interrupted(&mut decoder, "a"), []);
        decoder.discard_line();
        let rest = decode_interrupted(&mut decoder, "b!c\n");
        assert_eq!(rest, [Decoded::Interrupted, Decoded::Line(b"c".to_vec())], "Ctrl-C erases it");
        assert_eq!(decode_interrupted(&mut decoder, "a"), []);
        decoder.discard_line();
        assert_eq!(decode_interrupted(&mut decoder, &"b".repeat(CUT_BYTES)), [Decoded::Overlong]);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_lines(
            bytes in proptest::collection::vec(
                prop_oneof![
                    3 => proptest::sample::select(&b"\r\n\0\x04\x08\x15\x17\x7f \xcc\x81\x1b[O"[..]),
                    5 => any::<u8>(),
                ], 0..300),
            piece_bytes in 1..40usize,
        ) {
            let whole = decode([&bytes[..]]);
            for decoded in &whole {
                if let Decoded::Line(line) = decoded {
                    prop_assert!(line.len() <= MAX_BYTES);
                    prop_assert!(!line.iter().any(|byte| b"\r\n\x08\x15\x17\x7f".contains(byte)));
                    prop_assert!(!line.contains(&0) && !line.contains(&ESCAPE));
                }
            }
            prop_assert_eq!(&whole, &decode(bytes.chunks(piece_bytes)));
            prop_assert_eq!(&whole, &decode(bytes.chunks(1)));
        }

        #[test]
        fn plain_lines_come_out_as_they_went_in(lines in proptest::collection::vec("[a-zé ]{0,4}", 0..9)) {
            let sent: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let expected: Vec<Decoded> = lines.into_iter().map(|line| Decoded::Line(line.into())).collect();
            prop_assert_eq!(decode([sent.as_bytes()]), expected);
        }
    }
}
