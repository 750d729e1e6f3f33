//! The forms of values that annotations and options have, as ingress-nginx reads them.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::rows::{Fault, Guard};
use crate::{
    policy::BodyLimit,
    upstream::{Balancer, HashKey},
};

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

/// What a list of the only ranges to admit asks for. What admits everybody restricts nobody.
pub(super) fn allowed_ranges(value: &str) -> Guard {
    let Ok(ranges) = ranges(value) else {
        return Guard::On;
    };
    let all = |net: &IpNet| net.prefix_len() == 0;
    let all_v4 = ranges.iter().any(|net| all(net) && net.addr().is_ipv4());
    let all_v6 = ranges.iter().any(|net| all(net) && net.addr().is_ipv6());
    match (all_v4, all_v6) {
        (true, true) => Guard::Off,
        (true, false) => Guard::OffBut(
            "the list admits every IPv4 address and no IPv6 address",
            "clients with IPv6 addresses are admitted too; add ::/0 to say so",
        ),
        _ if ranges.is_empty() => Guard::Silent,
        _ => Guard::On,
    }
}

/// What a list of ranges to refuse asks for.
pub(super) fn denied_ranges(value: &str) -> Guard {
    if list(value).next().is_none() {
        Guard::Off
    } else {
        Guard::On
    }
}

/// What a switch of access control asks for.
pub(super) fn switch(value: &str) -> Guard {
    match boolean(value) {
        Ok(false) => Guard::Silent,
        Ok(true) | Err(_) => Guard::On,
    }
}

/// What a switch asks for whose `false` overrules everything else of its kind.
pub(super) fn main_switch(value: &str) -> Guard {
    match boolean(value) {
        Ok(false) => Guard::Never,
        Ok(true) | Err(_) => Guard::On,
    }
}

/// What any value at all of access control asks for.
pub(super) fn always(_value: &str) -> Guard {
    Guard::On
}

/// What nginx directives ask for: only some of them refuse requests.
pub(super) fn snippet(value: &str) -> Guard {
    let mut words = value
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}' | '"' | '\'' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        let refuses = match word {
            "return" => next.starts_with('4') || next.starts_with('5'),
            "allow"
            | "deny"
            | "auth_basic"
            | "auth_request"
            | "auth_jwt"
            | "satisfy"
            | "limit_except"
            | "valid_referers"
            | "secure_link"
            | "ssl_verify_client"
            | "internal"
            | "modsecurity"
            | "modsecurity_rules"
            | "modsecurity_rules_file" => true,
            _ => word.starts_with("access_by_lua") || word.starts_with("rewrite_by_lua"),
        };
        if refuses {
            return Guard::On;
        }
    }
    Guard::Other("the directives have no effect")
}

/// The parts of an `upstream-hash-by` text: nginx variables between literals.
pub(super) fn hash_keys(value: &str) -> Result<Vec<HashKey>, Fault> {
    let mut keys = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        let (literal, variable) = rest.split_at(at);
        push_literal(&mut keys, literal);
        let variable = &variable[1..];
        let (name, after) = match variable.strip_prefix('{') {
            Some(braced) => braced
                .split_once('}')
                .ok_or_else(|| Fault::value(format!("{value:?} has a brace that is not closed")))?,
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                variable.split_at(variable.find(|c| !is_name(c)).unwrap_or(variable.len()))
            }
        };
        keys.push(hash_key(name)?);
        rest = after;
    }
    push_literal(&mut keys, rest);
    if keys.iter().all(|key| matches!(key, HashKey::Literal(_))) {
        return Err(Fault::value(format!(
            "{value:?} is the same for every request"
        )));
    }
    Ok(keys)
}

fn push_literal(keys: &mut Vec<HashKey>, text: &str) {
    if !text.is_empty() {
        keys.push(HashKey::Literal(text.into()));
    }
}

fn hash_key(variable: &str) -> Result<HashKey, Fault> {
    let field = |name: &str| name.to_ascii_lowercase().replace('_', "-").into_boxed_str();
    Ok(match variable {
        "request_uri" => HashKey::RequestUri,
        "uri" | "document_uri" => HashKey::Path,
        "host" | "best_http_host" => HashKey::Host,
        "remote_addr" | "binary_remote_addr" | "the_real_ip" => HashKey::ClientAddress,
        _ => {
            if let Some(name) = prefixed(variable, "http_") {
                HashKey::Header(field(name))
            } else if let Some(name) = prefixed(variable, "cookie_") {
                HashKey::Cookie(name.into())
            } else if let Some(name) = prefixed(variable, "arg_") {
                HashKey::Query(name.into())
            } else {
                return Err(Fault::value(format!(
                    "the variable ${variable} is not supported"
                )));
            }
        }
    })
}

fn prefixed<'a>(variable: &'a str, prefix: &str) -> Option<&'a str> {
    variable
        .strip_prefix(prefix)
        .filter(|name| !name.is_empty())
}
