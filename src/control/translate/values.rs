//! The forms of values that annotations and options have, as ingress-nginx reads them.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::rows::Fault;
use crate::{policy::BodyLimit, upstream::Balancer};

/// The spellings that Go's `strconv.ParseBool` takes.
pub(super) fn boolean(value: &str) -> Result<bool, Fault> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Fault::value(format!("{value:?} is neither true nor false"))),
    }
}

/// A whole number of seconds, from 1.
pub(super) fn seconds(value: &str) -> Result<Duration, Fault> {
    match value.parse::<u32>() {
        Ok(0) => Err(Fault::value("0 seconds leave no time at all")),
        Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
        Err(_) => Err(Fault::value(format!(
            "{value:?} is not a whole number of seconds"
        ))),
    }
}

/// A whole number of seconds; 0 is no limit.
pub(super) fn seconds_or_never(value: &str) -> Result<Option<Duration>, Fault> {
    match value {
        "0" => Ok(None),
        value => seconds(value).map(Some),
    }
}

/// A port, from 1.
pub(super) fn port(value: &str) -> Result<u16, Fault> {
    match value.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(Fault::value(format!("{value:?} is not a port"))),
    }
}

/// A whole number.
pub(super) fn number(value: &str) -> Result<u32, Fault> {
    value
        .parse()
        .map_err(|_| Fault::value(format!("{value:?} is not a whole number")))
}

/// A size as nginx writes it: digits, then nothing, `k`, `m` or `g`.
pub(super) fn size(value: &str) -> Result<u64, Fault> {
    let fault = || Fault::value(format!("{value:?} is not a size, such as 8m, 512k or 1g"));
    let (digits, unit) = match value.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&value[..at], 10),
        Some((at, 'm' | 'M')) => (&value[..at], 20),
        Some((at, 'g' | 'G')) => (&value[..at], 30),
        _ => (value, 0),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    let count: u64 = digits.parse().map_err(|_| fault())?;
    count.checked_mul(1 << unit).ok_or_else(fault)
}

/// `client_max_body_size`: 0 is no limit.
pub(super) fn body_limit(value: &str) -> Result<BodyLimit, Fault> {
    size(value).map(|bytes| match bytes {
        0 => BodyLimit::Unlimited,
        bytes => BodyLimit::Bytes(bytes),
    })
}

/// `load-balance`.
pub(super) fn balancer(value: &str) -> Result<Balancer, Fault> {
    match value {
        "round_robin" => Ok(Balancer::RoundRobin),
        "ewma" => Ok(Balancer::Ewma),
        _ => Err(Fault::value(format!(
            "{value:?} is neither round_robin nor ewma"
        ))),
    }
}

/// The status of a redirect.
pub(super) fn redirect_status(value: &str) -> Result<u16, Fault> {
    match value {
        "301" => Ok(301),
        "302" => Ok(302),
        "307" => Ok(307),
        "308" => Ok(308),
        _ => Err(Fault::value(format!(
            "{value:?} is not one of 301, 302, 307 and 308"
        ))),
    }
}

/// Comma-separated texts.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Comma-separated ranges of addresses; an address alone is a range of one.
pub(super) fn ranges(value: &str) -> Result<Vec<IpNet>, Fault> {
    list(value)
        .map(|item| {
            let alone = || item.parse::<IpAddr>().ok().map(IpNet::from);
            let range = item.parse().ok().or_else(alone);
            range.ok_or_else(|| Fault::value(format!("{item:?} is not a range of addresses")))
        })
        .collect()
}
