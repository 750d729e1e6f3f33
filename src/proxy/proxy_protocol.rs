//! The PROXY protocol, versions 1 and 2: what a balancer says of the client before the client's bytes
//! (HAProxy's `doc/proxy-protocol.txt`).
//!
//! Invariant: [`ProxyHeader::parse`] answers the same whatever follows the header, and asks for more
//! exactly while every byte so far could begin one. Non-goal: reading, and whom to believe.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest header of version 1, its CR LF included.
const MAX_V1: usize = 107;
/// The longest header of version 2. The format allows 65,551 bytes; nginx takes 4,096 as well.
const MAX_V2: usize = 4096;
/// The longest header of either version, in bytes.
pub(super) const MAX_HEADER: usize = MAX_V2;

const V1_SIGNATURE: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const V2_FIXED: usize = 16;
/// `PP2_TYPE_CRC32C`
const TYPE_CRC32C: u8 = 3;

/// A header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Its length in bytes: what follows is the client's.
    pub consumed: usize,
    /// Who is connected to whom; `None` where the header does not say (a health check of the
    /// balancer's own, a Unix socket), and the connection's own addresses hold.
    pub addresses: Option<ProxiedAddresses>,
}

/// The two ends of the connection that the balancer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxiedAddresses {
    /// The client.
    pub source: SocketAddr,
    /// Where the client connected to.
    pub destination: SocketAddr,
}

/// Why bytes are not a header. The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyHeaderError {
    /// Neither version begins like this.
    #[error("the connection does not begin with a PROXY header")]
    NotProxy,
    /// Longer than 107 bytes (version 1) or 4,096 (version 2).
    #[error("the PROXY header is too long")]
    TooLong,
    /// A line of version 1 that the format does not allow.
    #[error("the line of the PROXY header is malformed")]
    Line,
    /// A version, command, family or transport that the format does not know.
    #[error("the PROXY header is of an unknown version or kind")]
    Kind,
    /// Too short for the addresses of its family.
    #[error("the PROXY header is too short for its addresses")]
    Addresses,
    /// Additional fields (TLVs) that do not fill the header.
    #[error("the additional fields of the PROXY header are malformed")]
    Fields,
    /// The checksum is not that of the header.
    #[error("the checksum of the PROXY header is wrong")]
    Checksum,
}

impl ProxyHeader {
    /// Reads the header that `bytes` begin with; `None` if more bytes are needed. A caller never has
    /// to hold more than 4,096 bytes.
    ///
    /// # Errors
    /// As soon as no further byte could make a header of it.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, ProxyHeaderError> {
        if bytes.starts_with(V2_SIGNATURE) {
            parse_v2(bytes)
        } else if bytes.starts_with(V1_SIGNATURE) {
            parse_v1(bytes)
        } else if V1_SIGNATURE.starts_with(bytes) || V2_SIGNATURE.starts_with(bytes) {
            Ok(None)
        } else {
            Err(ProxyHeaderError::NotProxy)
        }
    }
}

fn parse_v1(bytes: &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let Some(end) = end else {
        // A CR LF has to fit as well.
        return match bytes.len() + 2 > MAX_V1 {
            true => Err(ProxyHeaderError::TooLong),
            false => Ok(None),
        };
    };
    if end + 2 > MAX_V1 {
        return Err(ProxyHeaderError::TooLong);
    }
    let (line, rest) = bytes.split_at_checked(end).ok_or(ProxyHeaderError::Line)?;
    match rest {
        b"\r" => return Ok(None),
        [b'\r', b'\n', ..] => {}
        _ => return Err(ProxyHeaderError::Line),
    }
    let line = line.strip_prefix(V1_SIGNATURE).unwrap_or_default();
    let addresses = match line.strip_prefix(b"UNKNOWN") {
        // Whatever follows has no meaning.
        Some([] | [b' ', ..]) => None,
        _ => {
            let line = std::str::from_utf8(line).ok();
            Some(line.and_then(v1_addresses).ok_or(ProxyHeaderError::Line)?)
        }
    };
    Ok(Some(ProxyHeader {
        consumed: end + 2,
        addresses,
    }))
}

/// The addresses of a line, without its signature and end.
fn v1_addresses(line: &str) -> Option<ProxiedAddresses> {
    let mut words = line.split(' ');
    let family = words.next()?;
    let mut address = || match family {
        "TCP4" => words.next()?.parse().ok().map(IpAddr::V4),
        "TCP6" => words.next()?.parse().ok().map(IpAddr::V6),
        _ => None,
    };
    let (source, destination) = (address()?, address()?);
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then_some(ProxiedAddresses {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// A port in decimal digits, without the sign and leading zeros that Rust would take.
fn port(word: &str) -> Option<u16> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = word == "0" || !word.starts_with('0');
    (digits && canonical).then(|| word.parse().ok())?
}

fn parse_v2(bytes: &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
    let mut fixed = bytes.iter().skip(V2_SIGNATURE.len()).copied();
    let Some(version_and_command) = fixed.next() else {
        return Ok(None);
    };
    let local = match version_and_command {
        0x20 => true,
        0x21 => false,
        _ => return Err(ProxyHeaderError::Kind),
    };
    let Some(kind) = fixed.next() else {
        return Ok(None);
    };
    // Of a LOCAL header the family has no meaning.
    if !local && (kind >> 4 > 3 || kind & 0xf > 2) {
        return Err(ProxyHeaderError::Kind);
    }
    let (Some(high), Some(low)) = (fixed.next(), fixed.next()) else {
        return Ok(None);
    };
    let consumed = V2_FIXED + usize::from(u16::from_be_bytes([high, low]));
    if consumed > MAX_V2 {
        return Err(ProxyHeaderError::TooLong);
    }
    let Some(header) = bytes.get(..consumed) else {
        return Ok(None);
    };
    let addresses = match local {
        true => None,
        false => v2_addresses(header, kind)?,
    };
    Ok(Some(ProxyHeader {
        consumed,
        addresses,
    }))
}

/// The addresses of a whole header, whose additional fields are checked on the way.
fn v2_addresses(header: &[u8], kind: u8) -> Result<Option<ProxiedAddresses>, ProxyHeaderError> {
    let block = header.get(V2_FIXED..).unwrap_or_default();
    let (addresses, fields) = match kind >> 4 {
        1 => {
            let ([source, destination, ports], fields) = split::<3>(block, [4, 4, 4])?;
            (inet::<4, Ipv4Addr>(source, destination, ports), fields)
        }
        2 => {
            let ([source, destination, ports], fields) = split::<3>(block, [16, 16, 4])?;
            (inet::<16, Ipv6Addr>(source, destination, ports), fields)
        }
        // Two paths of Unix sockets.
        3 => (None, split::<1>(block, [216])?.1),
        // Unspecified: of no known length, and so are fields after it.
        _ => return Ok(None),
    };
    check_fields(header, fields)?;
    // Datagrams and what is unspecified have not come to us over this connection.
    Ok(addresses.filter(|_| kind & 0xf == 1))
}

fn inet<const N: usize, A: From<[u8; N]> + Into<IpAddr>>(
    source: &[u8],
    destination: &[u8],
    ports: &[u8],
) -> Option<ProxiedAddresses> {
    let address = |bytes: &[u8]| <[u8; N]>::try_from(bytes).ok().map(|b| A::from(b).into());
    let &[high, low, to_high, to_low] = ports else {
        return None;
    };
    Some(ProxiedAddresses {
        source: SocketAddr::new(address(source)?, u16::from_be_bytes([high, low])),
        destination: SocketAddr::new(address(destination)?, u16::from_be_bytes([to_high, to_low])),
    })
}

/// Cuts parts of the given lengths off the front.
fn split<const N: usize>(
    bytes: &[u8],
    lengths: [usize; N],
) -> Result<([&[u8]; N], &[u8]), ProxyHeaderError> {
    let mut parts = [&[][..]; N];
    let mut rest = bytes;
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, rest) = rest
            .split_at_checked(length)
            .ok_or(ProxyHeaderError::Addresses)?;
    }
    Ok((parts, rest))
}

/// Passes over the additional fields; a checksum among them has to be right.
fn check_fields(header: &[u8], fields: &[u8]) -> Result<(), ProxyHeaderError> {
    let mut rest = fields;
    let mut checked = false;
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = after
            .split_at_checked(length)
            .ok_or(ProxyHeaderError::Fields)?;
        if *kind == TYPE_CRC32C {
            let sent = <[u8; 4]>::try_from(value).map_err(|_| ProxyHeaderError::Fields)?;
            if std::mem::replace(&mut checked, true) {
                return Err(ProxyHeaderError::Fields);
            }
            let end = header.len() - next.len();
            // The sum is made with zeros in its own place.
            let bytes = header.iter().enumerate();
            let zeroed = bytes.map(|(at, byte)| {
                if (end - 4..end).contains(&at) {
                    0
                } else {
                    *byte
                }
            });
            if crc32c(zeroed) != u32::from_be_bytes(sent) {
                return Err(ProxyHeaderError::Checksum);
            }
        }
        rest = next;
    }
    rest.is_empty()
        .then_some(())
        .ok_or(ProxyHeaderError::Fields)
}

/// CRC-32C, RFC 4960 appendix B, a bit at a time: headers that carry one are short.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg())
        })
    })
}

// Named, since the fuzz targets take this file alone.
#[cfg(test)]
#[path = "proxy_protocol/tests.rs"]
mod tests;
