//! Listen addresses: `text://HOST:PORT` or `json://HOST:PORT`, checked as far as that is possible without the network.
//!
//! Host names are resolved later, when the listener binds.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV6};
use std::str::FromStr;

use crate::protocol::{PROTOCOLS, Protocol, json, text};

/// Each address costs a thread.
const LISTEN_MAX: usize = 64;

/// An address to listen at, and its protocol. Its printed form parses back to the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The name of the protocol.
    pub protocol: &'static str,
    /// `HOST:PORT` for `TcpListener::bind`, in its shortest spelling; port 0 chooses a free one.
    pub address: String,
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.protocol, self.address)
    }
}

impl Listen {
    /// The port, as it is written.
    pub fn port(&self) -> &str {
        self.address.rsplit_once(':').map_or("", |(_, port)| port)
    }

    /// Whether this is an IPv6 address whose port another one of the list uses with IPv4. Then it may not take IPv4
    /// connections too, as `[::]` does on most systems: the port would belong to both.
    pub fn shares_port_with_ipv4(&self, list: &[Listen]) -> bool {
        let is_ipv6 = |listen: &Listen| listen.address.starts_with('[');
        is_ipv6(self) && list.iter().any(|other| !is_ipv6(other) && other.port() == self.port())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        let Some((scheme, address)) = text.split_once("://") else {
            return Err(format!("{text:?} is not of the form text://HOST:PORT or json://HOST:PORT"));
        };
        let Some(protocol) = PROTOCOLS.map(|protocol| protocol.word()).into_iter().find(|word| *word == scheme) else {
            return Err(format!("unknown protocol {scheme:?}: text:// and json:// are supported"));
        };
        let address = check_address(address).map_err(|reason| format!("{text:?} {reason}"))?;
        Ok(Listen { protocol, address })
    }
}

fn check_address(address: &str) -> Result<String, String> {
    let (host, port) = address.rsplit_once(':').ok_or("has no port")?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: Option<u16> = port.parse().ok().filter(|_| digits);
    let port = port.ok_or("has no valid port: 0 to 65535")?;
    if host.is_empty() {
        return Err("has no host: 0.0.0.0 and [::] stand for all addresses".into());
    }
    if host.starts_with('[') {
        let address: Option<SocketAddrV6> = address.parse().ok();
        return Ok(address.ok_or("has no valid IPv6 address")?.to_string());
    }
    if host.contains(':') {
        return Err("has an IPv6 address without brackets: [::1]:4000".into());
    }
    let last_label = host.rsplit('.').next().unwrap_or(host);
    let numeric = last_label.bytes().all(|byte| byte.is_ascii_digit());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err("has no valid IPv4 address".into());
    }
    if host.len() > 253 || !host.bytes().all(allowed) {
        return Err("has no valid host name".into());
    }
    Ok(format!("{}:{port}", host.to_ascii_lowercase()))
}

/// The default addresses: one for people and one for programs, on this machine only.
pub(super) fn default() -> Vec<Listen> {
    let at = |protocol, port| Listen { protocol, address: format!("127.0.0.1:{port}") };
    vec![at(text::Text.word(), 4000), at(json::Json.word(), 4001)]
}

/// Refuses an empty list, one with a duplicate, and one that is too long.
pub(super) fn check(listen: &[Listen]) -> Result<(), String> {
    if !(1..=LISTEN_MAX).contains(&listen.len()) {
        let count = listen.len();
        return Err(format!("listen has {count} addresses: 1 to {LISTEN_MAX} are allowed"));
    }
    for (index, one) in listen.iter().enumerate() {
        if listen[..index].contains(one) {
            return Err(format!("listen names {one} twice"));
        }
        if let Some(other) = listen[..index].iter().find(|other| other.address == one.address && one.port() != "0") {
            return Err(format!("listen has {other} and {one}: an address and port can serve one protocol"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_in_its_shortest_spelling() {
        fn check(text: &str, expected: &str) {
            let listen: Listen = text.parse().unwrap();
            assert_eq!(listen.to_string(), expected);
            assert_eq!(expected.parse(), Ok(listen));
        }
        check("text://127.0.0.1:4000", "text://127.0.0.1:4000");
        check("text://127.0.0.1:0", "text://127.0.0.1:0");
        check("json://localhost:4001", "json://localhost:4001");
        check("text://LocalHost:04000", "text://localhost:4000");
        check("text://chat.example.org:65535", "text://chat.example.org:65535");
        check("text://[::]:4000", "text://[::]:4000");
        check("text://[0:0::0:1]:4000", "text://[::1]:4000");
        check("text://[fe80::1%2]:4000", "text://[fe80::1%2]:4000");
    }

    #[test]
    fn an_address_that_cannot_be_bound_is_refused_with_the_reason() {
        fn check(text: &str, expected: &str) {
            let refusal = text.parse::<Listen>().unwrap_err();
            assert!(refusal.contains(expected), "{text}: {refusal}");
        }
        check("", "text://HOST:PORT");
        check("127.0.0.1:4000", "text://HOST:PORT");
        check("irc://127.0.0.1:6667", "unknown protocol \"irc\"");
        check("TEXT://127.0.0.1:4000", "text:// and json:// are supported");
        check("text://127.0.0.1", "no port");
        check("text://127.0.0.1:", "0 to 65535");
        check("text://127.0.0.1:+1", "0 to 65535");
        check("text://127.0.0.1:65536", "0 to 65535");
        check("text://:4000", "[::] stand for all");
        check("text://::1:4000", "without brackets");
        check("text://[::1:4000", "IPv6");
        check("text://[::1]x:4000", "IPv6");
        check("text://127.1:4000", "IPv4");
        check("text://256.0.0.1:4000", "IPv4");
        check("text://a b:4000", "host name");
        check("text://a\n:4000", "\\n");
    }

    #[test]
    fn ipv6_leaves_a_port_to_ipv4_where_both_are_listed() {
        let parse = |text: &str| text.parse::<Listen>().unwrap();
        let check = |list: &[&str], expected: bool| {
            let list: Vec<Listen> = list.iter().map(|text| parse(text)).collect();
            assert_eq!(list[0].shares_port_with_ipv4(&list), expected, "{list:?}");
        };
        check(&["text://[::]:4000"], false);
        check(&["text://[::]:4000", "text://0.0.0.0:4000"], true);
        check(&["text://[::]:4000", "json://127.0.0.1:4000"], true);
        check(&["text://[::]:4000", "text://0.0.0.0:4001", "text://[::1]:4000"], false);
        check(&["text://0.0.0.0:4000", "text://[::]:4000"], false);
    }

    #[test]
    fn a_list_names_each_address_once() {
        let parse = |text: &str| text.parse::<Listen>().unwrap();
        let (one, two) = (parse("text://localhost:1"), parse("text://localhost:2"));
        assert_eq!(check(&[one.clone(), two.clone()]), Ok(()));
        let refusal = "listen names text://localhost:1 twice";
        assert_eq!(check(&[one.clone(), two, one.clone()]), Err(refusal.into()));
        let (people, programs) = (parse("text://localhost:1"), parse("json://localhost:1"));
        let refusal =
            "listen has text://localhost:1 and json://localhost:1: an address and port can serve one protocol";
        assert_eq!(check(&[people, programs]), Err(refusal.into()));
        assert_eq!(check(&[parse("text://localhost:0"), parse("json://localhost:0")]), Ok(()));
        let refusal = "listen has 0 addresses: 1 to 64 are allowed";
        assert_eq!(check(&[]), Err(refusal.into()));
    }
}
