//! `@detectSSRF`: URLs that make a server ask its own network.
//!
//! The host of a value that is a URL is read as resolvers and HTTP libraries read it: an address may be
//! one number, octal or hexadecimal, have less than four parts, be wrapped in IPv6, or written in
//! letters that Unicode maps to ASCII. Invariant: only a value that is a URL from its beginning counts;
//! one within a text is not fetched. Non-goal: what a name resolves to.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Which hosts count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Where clouds give out credentials.
    pub metadata: bool,
    /// Addresses that are written so that a filter does not know them, and names that resolve to
    /// whatever address stands in them.
    pub disguised: bool,
    /// The host itself.
    pub loopback: bool,
    /// Networks that are not routed.
    pub private: bool,
}

impl Kinds {
    pub(super) const ALL: Self = Self {
        metadata: true,
        disguised: true,
        loopback: true,
        private: true,
    };
}

/// One of these is in every URL.
pub(super) const WORDS: &[&[u8]] = &[
    b"//", b"/\\", b"\\/", b":/", b":\\", b"\\\\", b"http:", b"https:",
];

/// Longest host that is looked at, in bytes.
const HOST: usize = 255;

/// Names of hosts that give out credentials.
const METADATA: [&str; 8] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
    "rancher-metadata",
];

/// Domains of names that resolve to the address that stands in them, or to the host itself.
const MIRRORS: [&str; 9] = [
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "1u.ms",
    "rbndr.us",
];

/// Names of the host itself, and of what clusters keep inside.
const LOCAL: [&str; 5] = [
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
    "host.docker.internal",
];

const INSIDE: [&str; 4] = [
    "svc.cluster.local",
    "kubernetes.default",
    "localhost",
    "internal",
];

/// Where the host of such a URL stands. Parsers disagree about a `#`, `?` or `\\` before an `@`, so the
/// host behind it counts as well.
pub(super) fn find(input: &[u8], kinds: Kinds) -> Option<Range<usize>> {
    let start = authority(input)?;
    let ends = |byte: &u8| matches!(byte, b'?' | b'#' | b'&' | b'|' | b'\\');
    [
        host(input, start, |byte| ends(byte) || *byte == b'/'),
        host(input, start, |byte| *byte == b'/'),
    ]
    .into_iter()
    .flatten()
    .find(|range| is_inside(input.get(range.clone()).unwrap_or_default(), kinds))
}

fn is_inside(host: &[u8], kinds: Kinds) -> bool {
    let mut buffer = [0; HOST];
    let found = plain_host(host, &mut buffer).and_then(kind);
    found.is_some_and(|found| {
        kinds.metadata && found.metadata
            || kinds.disguised && found.disguised
            || kinds.loopback && found.loopback
            || kinds.private && found.private
    })
}

/// Where user, host and port begin in a value that is a URL.
fn authority(input: &[u8]) -> Option<usize> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let blanks = input.iter().take_while(|byte| **byte <= b' ').count();
    let rest = input.get(blanks..)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let name = rest
        .iter()
        .take(32)
        .take_while(|byte| is_name(byte))
        .count();
    let mut start = match rest.get(name) {
        Some(b':') if name > 1 && rest.first().is_some_and(u8::is_ascii_alphabetic) => name + 1,
        _ => 0,
    };
    // `url:http://...` and `jar:http://...!/`
    let inner = rest.get(start..)?;
    let nested = inner
        .iter()
        .take(16)
        .take_while(|byte| is_name(byte))
        .count();
    if start > 0 && nested > 1 && inner.get(nested) == Some(&b':') {
        start += nested + 1;
    }
    let slashes = rest
        .get(start..)?
        .iter()
        .take_while(|byte| is_slash(byte))
        .count();
    // What browsers read needs no slashes behind the schemes of the web.
    let scheme = rest.get(..start).unwrap_or_default();
    let is_web = scheme.eq_ignore_ascii_case(b"http:") || scheme.eq_ignore_ascii_case(b"https:");
    if slashes == 0 && !is_web || start == 0 && slashes < 2 {
        return None;
    }
    Some(blanks + start + slashes)
}

/// Where the host stands behind `start`: user, password and port left out.
fn host(input: &[u8], start: usize, ends: impl Fn(&u8) -> bool) -> Option<Range<usize>> {
    let after = input.get(start..)?;
    let end = after.iter().position(|byte| ends(byte) || *byte <= b' ');
    let authority = after.get(..end.unwrap_or(after.len()))?;
    let user = authority
        .iter()
        .rposition(|byte| *byte == b'@')
        .map_or(0, |at| at + 1);
    let host = authority.get(user..)?;
    let len = if host.first() == Some(&b'[') {
        host.iter()
            .position(|byte| *byte == b']')
            .map_or(host.len(), |at| at + 1)
    } else {
        let ends = |byte: &u8| matches!(byte, b':' | b'?' | b'#' | b'&' | b'|' | b'\\');
        host.iter().position(ends).unwrap_or(host.len())
    };
    let from = start + user;
    (len > 0).then_some(from..from + len)
}

/// The host in ASCII and lower case: percent-encoded bytes decoded, letters in circles and full width
/// as what they are mapped to, a dot at the end left out.
fn plain_host<'a>(host: &[u8], buffer: &'a mut [u8; HOST]) -> Option<&'a [u8]> {
    let mut len = 0;
    let mut rest = host;
    while !rest.is_empty() {
        let (byte, taken) = letter(rest)?;
        *buffer.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
        rest = rest.get(taken..)?;
    }
    let host = buffer.get(..len)?;
    let host = host.strip_suffix(b".").unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn letter(rest: &[u8]) -> Option<(u8, usize)> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match *rest {
        [b'%', high, low, ..] => {
            let byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
            byte.is_ascii().then_some((byte, 3))
        }
        [first, ..] if first.is_ascii() => Some((first, 1)),
        [0xe2 | 0xe3 | 0xef, second, third, ..] => {
            let first = u32::from(*rest.first()? & 0xf);
            let code = first << 12 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
            let byte = match code {
                0x2460..=0x2468 => code - 0x2460 + u32::from(b'1'),
                0x24b6..=0x24cf => code - 0x24b6 + u32::from(b'a'),
                0x24d0..=0x24e9 => code - 0x24d0 + u32::from(b'a'),
                0x24ea => u32::from(b'0'),
                0x3002 | 0xff61 => u32::from(b'.'),
                0xff01..=0xff5e => code - 0xff01 + 0x21,
                _ => return None,
            };
            Some((u8::try_from(byte).ok()?, 3))
        }
        _ => None,
    }
}

/// What kind of host it is; `None` if it is one of the world's.
fn kind(host: &[u8]) -> Option<Kinds> {
    let none = Kinds::default();
    if let Some(inner) = host.strip_prefix(b"[") {
        let inner = inner.strip_suffix(b"]").unwrap_or(inner);
        let zone = inner
            .iter()
            .position(|byte| *byte == b'%')
            .unwrap_or(inner.len());
        let text = std::str::from_utf8(inner.get(..zone)?).ok()?;
        return of_v6(text.parse().ok()?);
    }
    let text = std::str::from_utf8(host).ok()?;
    if let Some((address, canonical)) = loose_v4(text) {
        let found = of_v4(address);
        if canonical {
            return found;
        }
        return Some(Kinds {
            disguised: true,
            ..found.unwrap_or(none)
        });
    }
    let is_under = |domain: &str| {
        text.strip_suffix(domain)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    if METADATA.contains(&text) {
        return Some(Kinds {
            metadata: true,
            ..none
        });
    }
    if MIRRORS.iter().any(|domain| is_under(domain)) {
        return Some(Kinds {
            disguised: true,
            ..none
        });
    }
    if LOCAL.contains(&text) {
        return Some(Kinds {
            loopback: true,
            ..none
        });
    }
    INSIDE
        .iter()
        .any(|domain| is_under(domain))
        .then_some(Kinds {
            private: true,
            ..none
        })
}

fn of_v6(address: Ipv6Addr) -> Option<Kinds> {
    let none = Kinds::default();
    let [first, .., sixth, seventh, eighth] = address.segments();
    if address.is_loopback() || address.is_unspecified() {
        return Some(Kinds {
            loopback: true,
            ..none
        });
    }
    // AWS's, and Google's address of the same.
    if first == 0xfd00 && address.segments().get(1) == Some(&0x0ec2)
        || first == 0xfd20 && eighth == 0x254
    {
        return Some(Kinds {
            metadata: true,
            ..none
        });
    }
    let [a, b, c, d, e, ..] = address.segments();
    let mapped = [a, b, c, d, e] == [0; 5] && matches!(sixth, 0 | 0xffff);
    if mapped || a == 0x64 && b == 0xff9b {
        let [high, low] = [seventh, eighth].map(u32::from);
        let inner = of_v4(Ipv4Addr::from(high << 16 | low)).unwrap_or(none);
        return Some(Kinds {
            disguised: true,
            ..inner
        });
    }
    let inside = first & 0xffc0 == 0xfe80 || first & 0xfe00 == 0xfc00;
    inside.then_some(Kinds {
        private: true,
        ..none
    })
}

fn of_v4(address: Ipv4Addr) -> Option<Kinds> {
    let none = Kinds::default();
    match address.octets() {
        [169, 254, ..] | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => {
            Some(Kinds {
                metadata: true,
                ..none
            })
        }
        [127 | 0, ..] => Some(Kinds {
            loopback: true,
            ..none
        }),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Some(Kinds {
            private: true,
            ..none
        }),
        _ => None,
    }
}

/// An address as `inet_aton` reads it, and whether it is written as anyone would.
fn loose_v4(text: &str) -> Option<(Ipv4Addr, bool)> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if let Ok(address) = text.parse() {
        return Some((address, true));
    }
    let mut value = 0_u32;
    let mut parts = text.split('.').peekable();
    for count in 1..=4 {
        let part = number(parts.next()?)?;
        if parts.peek().is_some() {
            value = value << 8 | u32::from(u8::try_from(part).ok()?);
            continue;
        }
        // The last part fills what is left.
        let bits = 8 * (5 - count);
        if bits < 32 && part >> bits != 0 {
            return None;
        }
        let left = if bits < 32 { value << bits } else { 0 };
        return Some((Ipv4Addr::from(left | part), false));
    }
    None
}

fn number(part: &str) -> Option<u32> {
    match part.strip_prefix("0x").or(part.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    }
}
