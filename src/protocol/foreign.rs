//! Recognises clients that speak another protocol to the chat port: from the first bytes they send, however they are cut,
//! and by any line before the login that is the first line of a request of HTTP. What follows such a line is written by
//! whoever made a browser send it, and must not be carried out.
//!
//! Owns the list of such beginnings, so that the caller can answer with the right port and close. Never mistakes a person
//! for a program: words that someone could type count only as programs write them, in capitals.

/// Another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignProtocol {
    /// A browser, a health check or a proxy's client (RFC 9112, and the HTTP/2 preface of RFC 9113).
    Http,
    /// A TLS client on the plain port: a handshake record of any version (RFC 8446).
    Tls,
    /// An SSH client or scanner (RFC 4253).
    Ssh,
    /// An IRC client registering (RFC 2812, IRCv3 capability negotiation).
    Irc,
}

const BEGINNINGS: &[(&[u8], ForeignProtocol)] = &[
    (b"GET /", ForeignProtocol::Http),
    (b"HEAD /", ForeignProtocol::Http),
    (b"POST /", ForeignProtocol::Http),
    (b"PUT /", ForeignProtocol::Http),
    (b"PATCH /", ForeignProtocol::Http),
    (b"DELETE /", ForeignProtocol::Http),
    (b"TRACE /", ForeignProtocol::Http),
    (b"OPTIONS ", ForeignProtocol::Http),
    (b"CONNECT ", ForeignProtocol::Http),
    (b"PRI * HTTP", ForeignProtocol::Http),
    (b"\x16\x03", ForeignProtocol::Tls),
    (b"SSH-", ForeignProtocol::Ssh),
    (b"CAP LS", ForeignProtocol::Irc),
    (b"cap ls", ForeignProtocol::Irc),
    (b"CAP REQ", ForeignProtocol::Irc),
    (b"NICK ", ForeignProtocol::Irc),
    (b"USER ", ForeignProtocol::Irc),
    (b"PASS ", ForeignProtocol::Irc),
];

/// The first bytes of a connection, as they come.
#[derive(Debug, Default)]
pub struct Beginning {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Beginning {
    /// How many bytes are enough to recognise every protocol.
    const BYTES: usize = 16;

    /// Takes what was read next. Returns the protocol that begins with all bytes so far, if there is one; `None` if there
    /// is none, and until the bytes identify one.
    pub fn receive(&mut self, bytes: &[u8]) -> Option<ForeignProtocol> {
        if self.is_over {
            return None;
        }
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(Beginning::BYTES)]);
        self.is_over = self.bytes.len() >= Beginning::BYTES;
        let known = BEGINNINGS.iter().find(|(beginning, _)| self.bytes.starts_with(beginning));
        let known = known.map(|(_, protocol)| *protocol);
        self.is_over |= known.is_some();
        if self.is_over {
            self.bytes = Vec::new();
        }
        known
    }
}

/// Whether a line is the first one of a request of HTTP: `METHOD TARGET HTTP/VERSION`. A method in small letters, which
/// could be a command with a password, counts only before a target that is no name.
pub fn is_request_line(line: &[u8]) -> bool {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty());
    let [Some(method), Some(target), Some(version), None] = [words.next(), words.next(), words.next(), words.next()]
    else {
        return false;
    };
    let is_version = version.strip_prefix(b"HTTP/").and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit);
    let is_method = !method.iter().any(u8::is_ascii_lowercase);
    let is_target = matches!(target[0], b'/' | b'*') || target.windows(3).any(|part| part == b"://");
    is_version && (is_method || is_target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_protocols_are_recognised_and_people_are_not() {
        let check = |first_bytes: &[u8], expected: Option<ForeignProtocol>| {
            assert_eq!(Beginning::default().receive(first_bytes), expected, "{}", first_bytes.escape_ascii());
            let (mut beginning, bytes) = (Beginning::default(), first_bytes.iter());
            let mut found = bytes.map(|byte| beginning.receive(&[*byte])).filter(Option::is_some);
            assert_eq!(found.next().flatten(), expected, "{} byte by byte", first_bytes.escape_ascii());
            assert_eq!(found.next(), None, "only once");
        };
        check(b"GET / HTTP/1.1\r\nHost: chat\r\n", Some(ForeignProtocol::Http));
        check(b"HEAD /status HTTP/1.0\r\n", Some(ForeignProtocol::Http));
        check(b"PATCH /a HTTP/1.1\r\n", Some(ForeignProtocol::Http));
        check(b"DELETE /a HTTP/1.1\r\n", Some(ForeignProtocol::Http));
        check(b"OPTIONS * HTTP/1.1\r\n", Some(ForeignProtocol::Http));
        check(b"CONNECT example.org:443 HTTP/1.1\r\n", Some(ForeignProtocol::Http));
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(ForeignProtocol::Http));
        check(b"\x16\x03\x01\x02\x00\x01", Some(ForeignProtocol::Tls));
        check(b"SSH-2.0-OpenSSH_10.0\r\n", Some(ForeignProtocol::Ssh));
        check(b"CAP LS 302\r\nNICK ana\r\n", Some(ForeignProtocol::Irc));
        check(b"cap ls\r\n", Some(ForeignProtocol::Irc));
        check(b"CAP REQ :sasl\r\n", Some(ForeignProtocol::Irc));
        check(b"PASS secret\r\n", Some(ForeignProtocol::Irc));
        check(b"NICK ana\r\n", Some(ForeignProtocol::Irc));
        check(b"USER ana 0 * :Ana\r\n", Some(ForeignProtocol::Irc));
        check(b"", None);
        check(b"G", None);
        check(b"GET", None);
        check(b"\x16", None);
        check(b"\xff\xfb\x1f", None);
        check(b"get / please\n", None);
        check(b"GET me a tea\n", None);
        check(b"pass the salt\n", None);
        check(b"user ana\n", None);
        check(b"nick ana\n", None);
        check(b"capital\n", None);
        check(b"login ana\n", None);
    }
    #[test]
    fn a_request_line_of_http_is_recognised_in_every_form() {
        let check = |line: &str, expected| assert_eq!(is_request_line(line.as_bytes()), expected, "{line:?}");
        for line in [
            "GET / HTTP/1.1",
            "PATCH /room HTTP/1.1",
            "DELETE /x HTTP/2",
            "PROPFIND /x HTTP/1.1",
            "GET http://chat.example:4000/ HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "CONNECT example.org:443 HTTP/1.1",
            "PRI * HTTP/2.0",
            "BREW pot-1 HTTP/1.1",
            "M-SEARCH * HTTP/1.1\r",
            "GET  /a\tHTTP/1.0 ",
            "post / HTTP/1.1",
            "login / HTTP/1.1",
            "get https://chat.example/ HTTP/3",
        ] {
            check(line, true);
        }
        for line in [
            "",
            "GET / please",
            "GET / HTTP/",
            "GET / HTTP/x",
            "GET /",
            "GET / HTTP/1.1 x",
            "login ana HTTP/1.1",
            "register ana HTTP/2-forever",
            "{\"type\":\"ping\"}",
        ] {
            check(line, false);
        }
    }
}
