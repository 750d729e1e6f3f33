//! Hosts of Ingress rules and TLS entries.

use std::net::IpAddr;

use crate::message::HostMatch;

/// Reads a host as the Ingress API validates it: a DNS name, or `*.` and one; no port, no address.
/// Nothing is every host.
///
/// # Errors
/// Says what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<HostMatch, String> {
    if text.is_empty() {
        return Ok(HostMatch::Any);
    }
    let lower = text.to_ascii_lowercase();
    if lower == "*" {
        return Err("a lone \"*\" is not a host; leave the host out to mean every host".to_owned());
    }
    if lower.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(format!("{text:?} is an address; a host is a DNS name"));
    }
    if lower.contains(':') {
        return Err(format!("{text:?} has a port; a host is a DNS name alone"));
    }
    let (name, wildcard) = match lower.strip_prefix("*.") {
        Some(suffix) => (suffix, true),
        None => (lower.as_str(), false),
    };
    if name.contains('*') {
        return Err(format!(
            "{text:?} has a wildcard that is not its whole first label"
        ));
    }
    if lower.len() > 253 || !name.split('.').all(is_label) {
        return Err(format!("{text:?} is not a DNS name"));
    }
    Ok(if wildcard {
        HostMatch::Wildcard(name.into())
    } else {
        HostMatch::Exact(name.into())
    })
}

/// The wildcard that covers an exact host: exactly one label before the suffix.
pub(super) fn wildcard_of(host: &HostMatch) -> Option<HostMatch> {
    let HostMatch::Exact(name) = host else {
        return None;
    };
    name.split_once('.')
        .map(|(_, suffix)| HostMatch::Wildcard(suffix.into()))
}

/// The host as manifests write it, empty for every host.
pub(super) fn written(host: &HostMatch) -> String {
    match host {
        HostMatch::Exact(name) => name.to_string(),
        HostMatch::Wildcard(suffix) => format!("*.{suffix}"),
        HostMatch::Any => String::new(),
    }
}

/// The host as a problem speaks of it.
pub(super) fn described(host: &HostMatch) -> String {
    match host {
        HostMatch::Any => "every other host".to_owned(),
        host => format!("host {}", written(host)),
    }
}

/// RFC 1123: letters, digits and hyphens, a hyphen neither first nor last.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
