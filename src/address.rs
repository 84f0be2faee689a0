//! Addresses of peers, in the unit that limits and bans count.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// One IPv4 address or one IPv6 /64, the usual prefix of a household or a host. The unit of every per-address limit and
/// ban.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address(IpAddr);

impl Address {
    /// The unit of `ip`. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn of(ip: IpAddr) -> Address {
        match ip.to_canonical() {
            IpAddr::V6(v6) => Address(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)))),
            v4 => Address(v4),
        }
    }

    /// Whether the peer is on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_loopback(),
            // `::1`, as far as its /64 tells.
            IpAddr::V6(v6) => v6.is_unspecified(),
        }
    }

    /// What a limit of `max` for an address is for this one. Behind a loopback address may be a tunnel or a proxy with many
    /// people, so it is `loopback_factor` times that there.
    pub fn limit(self, max: u64, loopback_factor: u64) -> u64 {
        if self.is_loopback() { max.saturating_mul(loopback_factor) } else { max }
    }

    /// Parses an address, which may have the length of its unit as a suffix: `/32` for IPv4, `/64` for IPv6. Any other length
    /// means more or fewer addresses than an [`Address`] can, and is no address.
    pub fn parse(text: &str) -> Option<Address> {
        let (ip, length) = text.split_once('/').map_or((text, None), |(ip, length)| (ip, Some(length)));
        let address = Address::of(ip.parse().ok()?);
        let unit = if address.0.is_ipv4() { "32" } else { "64" };
        length.is_none_or(|length| length == unit).then_some(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_by_its_first_64_bits() {
        let check = |text: &str, expected: &str| assert_eq!(Address::parse(text).unwrap().to_string(), expected);
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
        check("2001:db8:1:2::/64", "2001:db8:1:2::/64");
        check("192.0.2.7/32", "192.0.2.7");
        for text in ["ana", "300.1.1.1", "2001:db8::/32", "2001:db8::1/128", "192.0.2.0/24", "192.0.2.7/64", "::1/"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(Address::parse("2001:db8::/064"), None);
        let is_loopback = |text: &str| Address::parse(text).unwrap().is_loopback();
        assert!(is_loopback("127.0.0.1") && is_loopback("::1") && is_loopback("::ffff:127.0.0.2"));
        assert!(!is_loopback("192.0.2.7") && !is_loopback("fe80::1"));
    }

    #[test]
    fn only_a_loopback_address_has_larger_limits() {
        let check = |text: &str, expected| assert_eq!(Address::parse(text).unwrap().limit(5, 8), expected, "{text}");
        check("127.0.0.1", 40);
        check("192.0.2.7", 5);
    }
}
