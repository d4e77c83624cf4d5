//! IP addresses in bytes: what `FromStr` takes, and nothing else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::number::digit;

pub(crate) fn ip(field: &[u8]) -> Option<IpAddr> {
    ipv4(field).map(IpAddr::V4).or_else(|| ipv6(field).map(IpAddr::V6))
}

pub(crate) fn ipv4(field: &[u8]) -> Option<Ipv4Addr> {
    let (address, rest) = ipv4_start(field)?;
    rest.is_empty().then_some(address)
}

pub(crate) fn ipv6(field: &[u8]) -> Option<Ipv6Addr> {
    // Most texts that are none are known by this.
    field.first().filter(|byte| byte.is_ascii_hexdigit() || **byte == b':')?;
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The address at the start of `text`, and what follows it.
pub(crate) fn ipv4_start(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (first, rest) = octet(text)?;
    let (second, rest) = octet(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet(rest.strip_prefix(b".")?)?;
    Some((Ipv4Addr::new(first, second, third, fourth), rest))
}

/// Up to three digits; a zero has no more behind it, for some take it as a sign of octal digits.
fn octet(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, mut rest) = next_digit(text)?;
    let mut value = u16::from(first);
    for _ in 0..2 {
        let Some((digit, after)) = next_digit(rest) else { break };
        if value == 0 {
            return None;
        }
        (value, rest) = (value * 10 + u16::from(digit), after);
    }
    Some((u8::try_from(value).ok()?, rest))
}

fn next_digit(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = text.split_first()?;
    Some((digit(*first)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_follows_an_address_is_left() {
        let address = Ipv4Addr::new(10, 8, 0, 255);
        assert_eq!(ipv4_start(b"10.8.0.255:1194"), Some((address, &b":1194"[..])));
        assert_eq!(ipv4_start(b"10.8.0.2550"), Some((address, &b"0"[..])));
        assert_eq!(ipv4_start(b"10.8.0.256"), None);
    }

    proptest! {
        #[test]
        fn addresses_are_read_as_std_reads_them(
            text in "([0-9]{1,3}\\.){3}[0-9]{1,3}|[012]{0,4}(\\.[0-9]{0,3}){0,5}|[0-9a-fA-F:.]{0,24}|\\PC{0,5}"
        ) {
            prop_assert_eq!(ipv4(text.as_bytes()), text.parse().ok());
            prop_assert_eq!(ipv6(text.as_bytes()), text.parse().ok());
            prop_assert_eq!(ip(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn addresses_are_read_back(address in any::<IpAddr>()) {
            prop_assert_eq!(ip(address.to_string().as_bytes()), Some(address));
        }

        #[test]
        fn bytes_that_are_no_text_are_no_address(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let by_std = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
            prop_assert_eq!(ip(&bytes), by_std);
        }
    }
}
