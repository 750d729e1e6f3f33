//! The form of the two tables of settings: annotations of an Ingress, and options for the whole proxy.
//!
//! Every name that ingress-nginx knows has one row, supported or not, so that nothing is dropped in
//! silence.

use std::collections::BTreeSet;

use super::report::Reporter;
use crate::config::Severity;

/// One name and what it means; `T` is what the values are written into.
pub(super) struct Row<T: 'static> {
    /// The annotation's name without prefix, or the option's key.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) meaning: Meaning<T>,
}

/// What a name means.
pub(super) enum Meaning<T: 'static> {
    /// It is supported: reads the value into `T`.
    Setting(fn(&str, &mut T) -> Result<(), Fault>),
    /// It restricts who may do what, and is not supported.
    AccessControl {
        /// What it restricts by.
        kind: AccessControl,
        /// What a value asks for.
        judge: fn(&str) -> Guard,
    },
    /// It is not supported.
    Unsupported {
        /// Values that ask for nothing beyond what happens anyway.
        harmless: &'static [&'static str],
        /// What follows for every other value.
        consequence: &'static str,
    },
}

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
    /// A client certificate; in ingress-nginx this holds for the whole host.
    ClientCertificate,
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
            Self::ClientCertificate | Self::HostSnippet => true,
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

/// The access control that is asked for, none of which is supported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guards {
    on: BTreeSet<AccessControl>,
    off: BTreeSet<AccessControl>,
    never: BTreeSet<AccessControl>,
}

impl Guards {
    fn note(&mut self, kind: AccessControl, guard: Guard) {
        match guard {
            Guard::Silent | Guard::Other(_) => return,
            Guard::On => self.on.insert(kind),
            Guard::Off | Guard::OffBut(..) => self.off.insert(kind),
            Guard::Never => self.never.insert(kind),
        };
    }

    /// What is asked for here, and by `globals` unless it is switched off here.
    pub(super) fn over(&self, globals: &BTreeSet<AccessControl>) -> BTreeSet<AccessControl> {
        let inherited = globals.iter().filter(|kind| !self.off.contains(kind));
        inherited
            .chain(&self.on)
            .filter(|kind| !self.never.contains(kind))
            .copied()
            .collect()
    }
}

/// Why a value cannot be used as written.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    consequence: &'static str,
    severity: Severity,
}

impl Fault {
    /// A value that has no meaning.
    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::warning(message, "the default applies")
    }

    /// Something that has less effect than it says.
    pub(super) fn warning(message: impl Into<String>, consequence: &'static str) -> Self {
        Self {
            message: message.into(),
            consequence,
            severity: Severity::Warning,
        }
    }

    /// Something that keeps the object from being served.
    pub(super) fn error(message: impl Into<String>, consequence: &'static str) -> Self {
        Self {
            message: message.into(),
            consequence,
            severity: Severity::Error,
        }
    }
}

/// How the settings of one object are spoken of.
pub(super) struct Wording {
    /// What follows from access control that is not supported.
    pub(super) denied: &'static str,
    /// How bad that is.
    pub(super) severity: Severity,
}

/// Applies one value, and reports what it has no effect on.
pub(super) fn apply<T>(
    row: &Row<T>,
    value: &str,
    (target, guards): (&mut T, &mut Guards),
    wording: &Wording,
    (field, reporter): (String, &mut Reporter),
) {
    let value = value.trim();
    match row.meaning {
        Meaning::Setting(read) => {
            if let Err(Fault {
                message,
                consequence,
                severity,
            }) = read(value, target)
            {
                reporter.report(field, message, consequence, severity);
            }
        }
        Meaning::AccessControl { kind, judge } => {
            let guard = judge(value);
            guards.note(kind, guard);
            match guard {
                Guard::Silent | Guard::Off | Guard::Never => {}
                Guard::Other(consequence) => unsupported(row.name, consequence, field, reporter),
                Guard::OffBut(message, consequence) => {
                    reporter.warning(field, message, consequence);
                }
                Guard::On => {
                    let message = format!("access control by {} is not supported yet", row.name);
                    reporter.report(field, message, wording.denied, wording.severity);
                }
            }
        }
        Meaning::Unsupported {
            harmless,
            consequence,
        } => {
            if !harmless
                .iter()
                .any(|known| known.eq_ignore_ascii_case(value))
            {
                unsupported(row.name, consequence, field, reporter);
            }
        }
    }
}

fn unsupported(name: &str, consequence: &str, field: String, reporter: &mut Reporter) {
    reporter.warning(field, format!("{name} is not supported yet"), consequence);
}

/// The row for a name.
pub(super) fn find<T>(groups: &[&'static [Row<T>]], name: &str) -> Option<&'static Row<T>> {
    groups
        .iter()
        .flat_map(|rows| rows.iter())
        .find(|row| row.name == name)
}

/// The known name that `name` was probably meant to be: at most two edits away.
pub(super) fn nearest<T>(groups: &[&'static [Row<T>]], name: &str) -> Option<&'static str> {
    let names = groups
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name);
    let scored = names.map(|known| (distance(known, name), known));
    scored
        .filter(|(edits, _)| *edits <= 2)
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein distance in bytes, at least the difference in length.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
