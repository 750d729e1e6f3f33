//! Authorities: the host and port of `Host`, `:authority` and absolute request targets.

use std::io::Write as _;
use std::net::Ipv6Addr;

use thiserror::Error;

/// Longest host name in bytes (RFC 1035 section 2.3.4, without the root's dot).
const MAX_HOST: usize = 253;

/// Why an authority is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum HostError {
    /// No host stands before the port.
    #[error("the host is empty")]
    Empty,
    /// The host is longer than 253 bytes.
    #[error("the host is too long")]
    TooLong,
    /// User information stands before the host (RFC 9110 section 4.2.4).
    #[error("user information is not allowed")]
    UserInfo,
    /// The host holds something else than letters, digits, `-`, `_` and single dots between them.
    #[error("the host is not a name")]
    Name,
    /// The brackets hold no IPv6 address.
    #[error("the host is not an IPv6 address")]
    Ipv6,
    /// The port is not a number up to 65535.
    #[error("the port is not a port number")]
    Port,
}

/// A valid authority as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority<'a> {
    host: Host<'a>,
    pub(super) port: Option<u16>,
}

/// Appends the normal form of the host of `authority` to `out` and gives the port, if there is one.
///
/// The normal form is lower-case and without a trailing dot; an IPv6 address stands in brackets in
/// the form of RFC 5952. Percent-encoded and otherwise unusual names, which RFC 3986 would allow
/// but no host of the Internet has, are refused.
///
/// # Errors
/// When `authority` is not `host` or `host:port`; `out` then is as it was.
pub fn normalize_host(authority: &[u8], out: &mut Vec<u8>) -> Result<Option<u16>, HostError> {
    let authority = Authority::parse(authority)?;
    authority.write_host(out);
    Ok(authority.port)
}

#[derive(Clone, Copy, Debug)]
enum Host<'a> {
    Name(&'a [u8]),
    Ipv6(Ipv6Addr),
}

impl<'a> Authority<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, HostError> {
        if bytes.contains(&b'@') {
            return Err(HostError::UserInfo);
        }
        if let Some(inner) = bytes.strip_prefix(b"[") {
            return Self::parse_ipv6(inner);
        }
        let (name, port) = match bytes.iter().position(|&b| b == b':') {
            Some(at) => bytes.split_at(at),
            None => (bytes, &[][..]),
        };
        Ok(Self {
            host: Host::Name(check_name(name)?),
            port: parse_port(port)?,
        })
    }

    fn parse_ipv6(inner: &[u8]) -> Result<Self, HostError> {
        let end = inner.iter().position(|&b| b == b']');
        let (address, rest) = end
            .and_then(|end| Some((inner.get(..end)?, inner.get(end + 1..)?)))
            .ok_or(HostError::Ipv6)?;
        let address = std::str::from_utf8(address)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or(HostError::Ipv6)?;
        Ok(Self {
            host: Host::Ipv6(address),
            port: parse_port(rest)?,
        })
    }

    pub(super) fn write_host(self, out: &mut Vec<u8>) {
        match self.host {
            Host::Name(name) => out.extend(name.iter().map(u8::to_ascii_lowercase)),
            Host::Ipv6(address) => {
                // Writing to a vector does not fail.
                let _ = write!(out, "[{address}]");
            }
        }
    }

    pub(super) fn is_same(self, other: Authority<'_>) -> bool {
        let same_host = match (self.host, other.host) {
            (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
            (Host::Ipv6(a), Host::Ipv6(b)) => a == b,
            (Host::Name(_), Host::Ipv6(_)) | (Host::Ipv6(_), Host::Name(_)) => false,
        };
        same_host && self.port == other.port
    }
}

/// Checks a name and takes its trailing dot off.
fn check_name(name: &[u8]) -> Result<&[u8], HostError> {
    let name = match name {
        [] => return Err(HostError::Empty),
        [name @ .., b'.'] => name,
        name => name,
    };
    if name.len() > MAX_HOST {
        return Err(HostError::TooLong);
    }
    let mut before = b'.';
    for &byte in name {
        let fits = match byte {
            b'.' => before != b'.',
            b'-' | b'_' => true,
            _ => byte.is_ascii_alphanumeric(),
        };
        if !fits {
            return Err(HostError::Name);
        }
        before = byte;
    }
    if before == b'.' {
        return Err(HostError::Name);
    }
    Ok(name)
}

/// Reads what follows a host: nothing, or a colon and a port, which may be left out (RFC 3986
/// section 3.2.3).
fn parse_port(rest: &[u8]) -> Result<Option<u16>, HostError> {
    let digits = match rest {
        [] | [b':'] => return Ok(None),
        [b':', digits @ ..] if digits.len() <= 5 => digits,
        _ => return Err(HostError::Port),
    };
    digits
        .iter()
        .try_fold(0u16, |port, &byte| {
            let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
            port.checked_mul(10)?.checked_add(digit)
        })
        .map(Some)
        .ok_or(HostError::Port)
}
