//! Recognises programs that speak another protocol to the chat port, from the first bytes they send.
//!
//! Owns the list of such beginnings, so that the caller can answer with the right port and close. Never
//! mistakes a person for a program: words that someone could type count only as programs write them, in
//! capitals. Never answers, and never waits: undecided is nobody.

/// A client of another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// A browser, a health check or a proxy's client (RFC 9112, and the HTTP/2 preface of RFC 9113).
    Http,
    /// A TLS client on the plain port: a handshake record of any version (RFC 8446).
    Tls,
    /// An SSH client or scanner (RFC 4253).
    Ssh,
    /// An IRC client registering (RFC 2812, IRCv3 capability negotiation).
    Irc,
}

const BEGINNINGS: &[(&[u8], Stranger)] = &[
    (b"GET /", Stranger::Http),
    (b"HEAD /", Stranger::Http),
    (b"POST /", Stranger::Http),
    (b"PUT /", Stranger::Http),
    (b"OPTIONS ", Stranger::Http),
    (b"CONNECT ", Stranger::Http),
    (b"PRI * HTTP", Stranger::Http),
    (b"\x16\x03", Stranger::Tls),
    (b"SSH-", Stranger::Ssh),
    (b"CAP LS", Stranger::Irc),
    (b"cap ls", Stranger::Irc),
    (b"CAP REQ", Stranger::Irc),
    (b"NICK ", Stranger::Irc),
    (b"USER ", Stranger::Irc),
    (b"PASS ", Stranger::Irc),
];

/// Who began with these bytes, or nothing if it is none of them or too early to say.
pub fn recognise(first_bytes: &[u8]) -> Option<Stranger> {
    BEGINNINGS.iter().find(|(beginning, _)| first_bytes.starts_with(beginning)).map(|(_, stranger)| *stranger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_recognised_and_people_are_not() {
        let check = |first_bytes: &[u8], expected: Option<Stranger>| {
            assert_eq!(recognise(first_bytes), expected, "{}", first_bytes.escape_ascii());
        };
        check(b"GET / HTTP/1.1\r\nHost: chat\r\n", Some(Stranger::Http));
        check(b"HEAD /status HTTP/1.0\r\n", Some(Stranger::Http));
        check(b"OPTIONS * HTTP/1.1\r\n", Some(Stranger::Http));
        check(b"CONNECT example.org:443 HTTP/1.1\r\n", Some(Stranger::Http));
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Stranger::Http));
        check(b"\x16\x03\x01\x02\x00\x01", Some(Stranger::Tls));
        check(b"SSH-2.0-OpenSSH_10.0\r\n", Some(Stranger::Ssh));
        check(b"CAP LS 302\r\nNICK ana\r\n", Some(Stranger::Irc));
        check(b"cap ls\r\n", Some(Stranger::Irc));
        check(b"CAP REQ :sasl\r\n", Some(Stranger::Irc));
        check(b"PASS secret\r\n", Some(Stranger::Irc));
        check(b"NICK ana\r\n", Some(Stranger::Irc));
        check(b"USER ana 0 * :Ana\r\n", Some(Stranger::Irc));
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
}
