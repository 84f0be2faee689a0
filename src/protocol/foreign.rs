//! Recognises clients that speak another protocol to the chat port, from the first bytes they send.
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

/// The protocol that begins with these bytes. `None` if there is none, and until the bytes identify one.
pub fn recognise(first_bytes: &[u8]) -> Option<ForeignProtocol> {
    BEGINNINGS.iter().find(|(beginning, _)| first_bytes.starts_with(beginning)).map(|(_, protocol)| *protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_protocols_are_recognised_and_people_are_not() {
        let check = |first_bytes: &[u8], expected: Option<ForeignProtocol>| {
            assert_eq!(recognise(first_bytes), expected, "{}", first_bytes.escape_ascii());
        };
        check(b"GET / HTTP/1.1\r\nHost: chat\r\n", Some(ForeignProtocol::Http));
        check(b"HEAD /status HTTP/1.0\r\n", Some(ForeignProtocol::Http));
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
}
