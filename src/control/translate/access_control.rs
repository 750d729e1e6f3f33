//! Access control: what settings ask for, none of which is supported yet.
//!
//! Invariant: what is not understood restricts. Non-goal: enforcing it; rules that ask for it are
//! denied.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{report::Reporter, values};
use crate::config::Severity;

/// Ways to restrict who may do what, none of which is supported yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessControl {
    /// Only some addresses are admitted.
    AllowedRanges,
    /// Some addresses are refused.
    DeniedRanges,
    /// Some clients or referrers are refused (options only).
    BlockList,
    /// A password, or another service's word.
    Login,
    /// Another service's word, asked for by the options.
    GlobalLogin,
    /// Inspection by a web application firewall.
    Firewall,
    /// Directives of nginx that refuse requests of the Ingress.
    Snippet,
    /// Directives of nginx that refuse requests for the whole host.
    HostSnippet,
}

impl AccessControl {
    /// Whether ingress-nginx enforces it on every path of a host, whichever Ingress asked for it.
    pub(super) const fn is_host_wide(self) -> bool {
        match self {
            Self::HostSnippet => true,
            Self::AllowedRanges
            | Self::DeniedRanges
            | Self::BlockList
            | Self::Login
            | Self::GlobalLogin
            | Self::Firewall
            | Self::Snippet => false,
        }
    }

    /// Whether `no-auth-locations` are exempt from it.
    pub(super) const fn is_login(self) -> bool {
        matches!(self, Self::Login | Self::GlobalLogin)
    }
}

/// What a value of an access-control setting asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing.
    Silent,
    /// Something else than access control, which is not supported either; what follows.
    Other(&'static str),
    /// Restriction.
    On,
    /// Not to be restricted by what the options say.
    Off,
    /// As `Off`, with a difference that is worth a word: message and consequence.
    OffBut(&'static str, &'static str),
    /// Not to be restricted in this way at all, whatever other settings say.
    Never,
}

/// The access control that the settings of one object ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guards {
    on: Vec<Asked>,
    off: BTreeSet<AccessControl>,
    never: BTreeSet<AccessControl>,
}

/// A setting that asks for access control.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    kind: AccessControl,
    name: &'static str,
    field: String,
}

impl Guards {
    /// Notes what the setting `name` at `field` asks for.
    pub(super) fn note(
        &mut self,
        kind: AccessControl,
        guard: Guard,
        name: &'static str,
        field: String,
    ) {
        match guard {
            Guard::Silent | Guard::Other(_) => {}
            Guard::On => self.on.push(Asked { kind, name, field }),
            Guard::Off | Guard::OffBut(..) => drop(self.off.insert(kind)),
            Guard::Never => drop(self.never.insert(kind)),
        }
    }

    /// What is asked for here, and by `globals` unless it is switched off here.
    pub(super) fn over(&self, globals: &BTreeSet<AccessControl>) -> BTreeSet<AccessControl> {
        let inherited = globals
            .iter()
            .filter(|kind| !self.off.contains(kind))
            .copied();
        let here = self.on.iter().map(|asked| asked.kind);
        inherited
            .chain(here)
            .filter(|kind| !self.never.contains(kind))
            .collect()
    }

    /// Reports what is asked for here, once all settings are known.
    pub(super) fn report(&self, consequence: &str, severity: Severity, reporter: &mut Reporter) {
        for Asked { kind, name, field } in &self.on {
            if !self.never.contains(kind) {
                let message = format!("access control by {name} is not supported yet");
                reporter.report(field.clone(), message, consequence, severity);
            }
        }
    }
}

/// What a list of the only ranges to admit asks for. What admits everybody restricts nobody.
pub(super) fn allowed_ranges(value: &str) -> Guard {
    let Ok(ranges) = values::ranges(value) else {
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
    if values::list(value).next().is_none() {
        Guard::Off
    } else {
        Guard::On
    }
}

/// What a switch asks for whose `false` overrules everything else of its kind.
pub(super) fn main_switch(value: &str) -> Guard {
    match values::boolean(value) {
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
