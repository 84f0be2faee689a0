//! Properties that must hold for any bytes, which the fuzz targets try to break.
//!
//! Each is a function of a slice of bytes that panics if it does not hold. `make fuzz` generates inputs by coverage;
//! `tests/fuzz.rs` generates random ones in every run of the tests, and replays the corpora.

mod session;

use chat_server::chat::{Ask, Command, Name, Timestamp, is_forbidden};
use chat_server::net::framing::{Decoded, LineDecoder};
use chat_server::protocol::json;
use chat_server::protocol::telnet::Telnet;
use chat_server::protocol::text::{Entry, Typed, parse, parse_entry};

pub use session::session;

/// Limits that are small, so that short inputs reach them.
const LINE_MAX_BYTES: usize = 16;
const LINE_CUT_BYTES: usize = 64;

/// A property by the name of its target.
pub type Property = fn(&[u8]);

/// All properties.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("lines", lines),
    ("telnet", telnet),
    ("commands", commands),
    ("entry", entry),
    ("names", names),
    ("session", session),
    ("json", json),
    ("private", private),
];

/// The bytes in pieces, whose sizes are in the first bytes, so that the fuzzer chooses where a read ends.
fn pieces(data: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let (sizes, bytes) = data.split_at(data.len().min(8));
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for size in sizes.iter().cycle().map(|size| usize::from(*size) % 24 + 1) {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = after;
        if sizes.is_empty() {
            break;
        }
    }
    (bytes, pieces)
}

fn cuts<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Decoded> {
    let mut decoder = LineDecoder::new(LINE_MAX_BYTES, LINE_CUT_BYTES);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        found.extend(std::iter::from_fn(|| decoder.next()));
    }
    found.extend(std::iter::from_fn(|| decoder.finish()));
    found
}

/// The answer to any line of a program is one clean line with one object, which has a type and the request's reference.
pub fn json(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let json::Line { reference, request } = json::parse(line);
        let mut out = Vec::new();
        match request {
            Ok(_) => json::pong(Timestamp(0), reference.as_ref(), &mut out),
            Err(wrong) => json::wrong(&wrong, reference.as_ref(), &mut out),
        }
        let text = String::from_utf8(out).expect("UTF-8");
        let object = text.strip_suffix('\n').expect("a whole line");
        assert!(!object.chars().any(is_forbidden), "{object:?}");
        let object: serde_json::Value = serde_json::from_str(object).expect("JSON");
        assert!(object["type"].is_string());
        if reference.is_some() {
            let sent: serde_json::Value = serde_json::from_slice(line).expect("only JSON has a reference");
            assert_eq!(object["ref"], sent["ref"]);
        }
    }
}

/// The decoded lines do not depend on how the bytes are cut into reads; none is too long; and without editing characters
/// they equal a plain split.
pub fn lines(data: &[u8]) {
    let (whole, pieces) = pieces(data);
    let found = cuts([whole]);
    assert_eq!(found, cuts(pieces));
    for cut in &found {
        if let Decoded::Line(line) = cut {
            assert!(line.len() <= LINE_MAX_BYTES);
            assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
        }
    }
    if let Some(overlong) = found.iter().position(|cut| *cut == Decoded::Overlong) {
        assert_eq!(overlong, found.len() - 1, "nothing comes after it");
    }
    let edits = [0, 4, 8, b'\r', 0x15, 0x17, 0x1b, 0x7f];
    if !whole.iter().any(|byte| edits.contains(byte)) {
        assert_eq!(found, plain_cuts(whole));
    }
}

/// The lines of bytes without editing characters.
fn plain_cuts(bytes: &[u8]) -> Vec<Decoded> {
    let mut expected = Vec::new();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for (index, line) in lines.iter().enumerate() {
        match line.len() {
            length if length > LINE_CUT_BYTES => {
                expected.push(Decoded::Overlong);
                return expected;
            }
            // After the last line end there is no line.
            0 if index + 1 == lines.len() => {}
            length if length > LINE_MAX_BYTES => expected.push(Decoded::TooLong),
            _ => expected.push(Decoded::Line(line.to_vec())),
        }
    }
    expected
}

/// The output of a telnet parser.
fn received<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<u8>, bool) {
    let (mut telnet, mut data, mut reply) = (Telnet::new(), Vec::new(), Vec::new());
    for piece in pieces {
        let _ = telnet.receive(piece, &mut data, &mut reply);
    }
    (data, reply, telnet.is_telnet())
}

/// Text and answers do not depend on how the bytes are cut into reads; no answer is longer than the command that it
/// answers, and each refuses, but for the request for all eight bits; and bytes without a telnet command pass unchanged.
pub fn telnet(data: &[u8]) {
    const IAC: u8 = 255;
    const DO_BINARY: [u8; 3] = [IAC, 253, 0];
    let (whole, pieces) = pieces(data);
    let (text, reply, is_telnet) = received([whole]);
    assert_eq!((text.clone(), reply.clone(), is_telnet), received(pieces));
    assert!(text.len() + reply.len() <= whole.len() + DO_BINARY.len());
    for answer in reply.chunks(3) {
        assert!(matches!(answer, [IAC, 252 | 254, _]) || answer == DO_BINARY, "{}", reply.escape_ascii());
    }
    if !whole.contains(&IAC) {
        assert!(text == whole && reply.is_empty() && !is_telnet);
    }
}

/// Any line has one meaning, and its error message is one clean line.
pub fn commands(data: &[u8]) {
    let typed = parse(data);
    assert_eq!(typed, parse(data));
    match typed {
        Typed::Wrong(mistake) | Typed::NoPrompt(mistake) => check_line(mistake.text()),
        Typed::Help(topic) => topic.lines().iter().for_each(|line| check_line(line)),
        Typed::Bare(word, text) => {
            check_line(word.hint());
            check_line(text.as_str());
        }
        // Parsed names, texts and numbers are clean, and so is their printed form.
        Typed::Ask(command) => check_line(&format!("{command:?}")),
        _ => {}
    }
}

/// A command for one person is never said, whatever stands before its slash that does not show, and however the bytes are
/// cut: keys, whole or broken off, control and format characters, bytes that are not UTF-8.
pub fn private(data: &[u8]) {
    const UNSEEN: &[&[u8]] = &[
        b"\x1b[A",
        b"\x1b[1;5D",
        b"\x1b[3~",
        b"\x1b[[A",
        b"\x1bOP",
        b"\x1b]0;t\x07",
        b"\x1bPq\x1b\\",
        b"\x1b",
        b"\x1b[",
        b"\x1b[1;",
        b"\x1bO",
        b"\x1b]0;t",
        b"\x1bP",
        b"\0",
        b"\x0c",
        b"\x01",
        b"\x7f",
        b"\t",
        b" ",
        b"\xff",
        // Of no character of UTF-8, so that it becomes none with what is behind it.
        b"\xf5",
        b"\x9b",
        b"\x9b1;5A",
        b"\xc2\x9b",
        b"\xc2\x9bA",
        b"\xc2\xa0",
        b"\xc2\xad",
        b"\xe2\x80\x8b",
        b"\xef\xbb\xbf",
        b"\xcc\x81",
        b"\xe2\x80\xae",
        b"\xf3\xa0\x81\x81",
        b"x\x7f",
        b"x\x15",
        b"x \x17",
    ];
    const SLASHES: &[&str] = &["/msg bob ", "@bob ", "\u{ff0f}msg bob ", "\u{2215}msg bob ", "\u{ff20}bob "];
    const SECRET: &str = "zqsecretqz";
    let [slash, piece_bytes, choices @ ..] = data else { return };
    let mut line = Vec::new();
    for choice in choices.iter().take(8) {
        line.extend_from_slice(UNSEEN[usize::from(*choice) % UNSEEN.len()]);
    }
    line.extend_from_slice(SLASHES[usize::from(*slash) % SLASHES.len()].as_bytes());
    line.extend_from_slice(SECRET.as_bytes());
    line.push(b'\n');
    let mut decoder = LineDecoder::new(4096, 65_536);
    for piece in line.chunks(usize::from(*piece_bytes % 16) + 1) {
        decoder.push(piece);
        while let Some(decoded) = decoder.next() {
            let Decoded::Line(line) = decoded else { continue };
            match parse(&line) {
                Typed::Ask(Ask::Command(Command::Tell { .. })) | Typed::Direct(_) => {}
                Typed::Ask(ask) => assert!(!format!("{ask:?}").contains(SECRET), "{}", line.escape_ascii()),
                _ => {}
            }
        }
    }
}

/// Any line before the login has one meaning, and its error message is one clean line without the password.
pub fn entry(data: &[u8]) {
    match parse_entry(data) {
        Entry::Wrong(mistake) => check_line(mistake.text()),
        Entry::Login { name, secret } | Entry::Register { name, secret } => {
            check_name(&name);
            if let Some(secret) = secret {
                assert!(data.ends_with(secret.as_bytes()), "a password is what was typed, to the byte");
            }
        }
        Entry::Nothing | Entry::Help | Entry::Quit => {}
    }
}

/// Parsed names obey all rules of names, and names that compare equal have the same skeleton.
pub fn names(data: &[u8]) {
    let (one, other) = data.split_at(data.len() / 2);
    let parsed = [one, other].map(|bytes| std::str::from_utf8(bytes).ok().and_then(|text| Name::parse(text).ok()));
    for name in parsed.iter().flatten() {
        check_name(name);
    }
    if let [Some(one), Some(other)] = parsed {
        assert_eq!(one == other, one.folded() == other.folded());
        assert!(one != other || one.skeleton() == other.skeleton());
    }
}

fn check_name(name: &Name) {
    let text = name.as_str();
    assert!((2..=20).contains(&text.len()));
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    assert!(text.as_bytes()[0].is_ascii_alphanumeric());
    let again = Name::parse(&name.folded()).expect("a folded name is a name");
    assert!(again == *name && again.folded() == name.folded());
    assert_eq!(again.skeleton(), name.skeleton());
    assert_eq!(again.is_reserved(), name.is_reserved());
}

fn check_line(line: &str) {
    assert!(!line.chars().any(is_forbidden), "{line:?}");
}
