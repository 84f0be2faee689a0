//! Decodes the bytes of one client into lines, and does the editing inside them that a terminal left to the server.
//!
//! Owns the unfinished line of a connection and the bytes received after it. A line ends at LF, CR LF, CR NUL (RFC 854) or
//! a lone CR. Backspace, Ctrl-U and Ctrl-W are always honoured: busybox telnet sends the keys one by one as soon as echo is
//! off, so they come inside passwords (measured).
//!
//! Never reads a wire, and never decides what a line means or whether its text is clean. Never keeps more than
//! `line_max_bytes` of an unfinished line. An idle client has no buffer.

use std::mem;

const END_OF_TRANSMISSION: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const DELETE: u8 = 0x7f;

/// The lines of one client, pulled one at a time, so that the caller can limit their rate.
///
/// Push what one read gave, pull with [`next`](Self::next) until it gives nothing, then read again: so the bytes that are
/// not decoded are never more than one read.
pub struct LineDecoder {
    line_max_bytes: usize,
    line_cut_bytes: usize,
    /// A person's keys edit the line, and each kind of line end counts.
    edits: bool,
    /// Received, and decoded up to `unread_start`.
    unread: Vec<u8>,
    unread_start: usize,
    /// The unfinished line, edited. Empty while the line is too long.
    line: Vec<u8>,
    /// All bytes of the line so far, including erased and dropped ones, so that editing cannot continue without end.
    line_bytes: usize,
    is_too_long: bool,
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
            line: Vec::new(),
            line_bytes: 0,
            is_too_long: false,
            is_after_cr: false,
            is_overlong: false,
        }
    }

    /// The same for programs: a line ends at LF or CR LF, and every other byte is data.
    pub fn unedited(line_max_bytes: usize, line_cut_bytes: usize) -> Self {
        Self { edits: false, ..Self::new(line_max_bytes, line_cut_bytes) }
    }

    /// Takes received bytes. They are kept until pulled: push after [`next`](Self::next) gave nothing.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_overlong {
            self.unread.extend_from_slice(bytes);
        }
    }

    /// The next piece of the bytes pushed so far; `None` once all are decoded.
    // Not an `Iterator`: more may come after `None`.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Decoded> {
        while let Some(&byte) = self.unread.get(self.unread_start) {
            let is_after_cr = mem::take(&mut self.is_after_cr);
            if self.is_special(byte) || (is_after_cr && byte == 0) {
                self.unread_start += 1;
                match byte {
                    b'\n' | 0 if is_after_cr => continue,
                    b'\n' => return Some(self.end_line()),
                    b'\r' => {
                        self.is_after_cr = true;
                        return Some(self.end_line());
                    }
                    END_OF_TRANSMISSION if self.line.is_empty() && !self.is_too_long => {
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
        if decoded.is_some() || (self.line.is_empty() && !self.is_too_long) {
            return decoded;
        }
        Some(self.end_line())
    }

    /// Drops the unfinished line, also one that is too long, as after an interruption. Bytes that are not decoded stay.
    pub fn clear_line(&mut self) {
        self.line = Vec::new();
        self.line_bytes = 0;
        self.is_too_long = false;
    }

    fn clear_unread(&mut self) {
        self.unread = Vec::new();
        self.unread_start = 0;
    }

    /// Moves the bytes up to the next special one to the line.
    fn take_plain(&mut self) {
        let unread = &self.unread[self.unread_start..];
        let end = unread.iter().position(|byte| self.is_special(*byte));
        let plain = &unread[..end.unwrap_or(unread.len())];
        self.unread_start += plain.len();
        self.line_bytes += plain.len();
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
        match byte {
            BACKSPACE | DELETE => erase_character(&mut self.line),
            CTRL_U => self.line.clear(),
            CTRL_W => erase_word(&mut self.line),
            // Ctrl-D inside a line is text, which is cleaned later.
            _ if self.line.len() == self.line_max_bytes => {
                self.is_too_long = true;
                self.line = Vec::new();
            }
            _ if self.is_too_long => {}
            _ => self.line.push(byte),
        }
    }

    fn end_line(&mut self) -> Decoded {
        let mut line = mem::take(&mut self.line);
        self.line_bytes = 0;
        if mem::take(&mut self.is_too_long) {
            return Decoded::TooLong;
        }
        if !self.edits && line.last() == Some(&b'\r') {
            line.pop();
        }
        Decoded::Line(line)
    }

    fn is_special(&self, byte: u8) -> bool {
        match byte {
            b'\n' => true,
            b'\r' | END_OF_TRANSMISSION | BACKSPACE | CTRL_U | CTRL_W | DELETE => self.edits,
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
        check(&[b"a\r\0\0b\n\0c"], "'a' '\\x00b' '\\x00c'");
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
    fn an_interruption_drops_the_half_line_only() {
        let mut decoder = LineDecoder::new(MAX_BYTES, CUT_BYTES);
        for half in [&b"half"[..], b"much too long"] {
            decoder.push(half);
            assert_eq!(decoder.next(), None);
            decoder.clear_line();
        }
        decoder.push(b"a\nb");
        decoder.clear_line();
        assert_eq!(decoder.next(), Some(Decoded::Line(b"a".to_vec())));
        assert_eq!(decoder.finish(), Some(Decoded::Line(b"b".to_vec())));
        assert_eq!(decoder.finish(), None);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_lines(
            bytes in proptest::collection::vec(
                prop_oneof![
                    3 => proptest::sample::select(&b"\r\n\0\x04\x08\x15\x17\x7f \xcc\x81"[..]),
                    5 => any::<u8>(),
                ], 0..300),
            piece_bytes in 1..40usize,
        ) {
            let whole = decode([&bytes[..]]);
            for decoded in &whole {
                if let Decoded::Line(line) = decoded {
                    prop_assert!(line.len() <= MAX_BYTES);
                    prop_assert!(!line.iter().any(|byte| b"\r\n\x08\x15\x17\x7f".contains(byte)));
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
