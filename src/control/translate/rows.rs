//! The form of the two tables of settings: annotations of an Ingress, and options for the whole proxy.
//!
//! Every name that ingress-nginx knows has one row, supported or not, so that nothing is dropped in
//! silence.

use super::{
    access_control::{AccessControl, Guard, Guards},
    report::Reporter,
};
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

/// Applies one value, and reports what it has no effect on; access control is only noted.
pub(super) fn apply<T>(
    row: &Row<T>,
    value: &str,
    (target, guards): (&mut T, &mut Guards),
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
            match guard {
                Guard::Silent | Guard::Off | Guard::Never | Guard::On => {}
                Guard::Other(consequence) => {
                    unsupported(row.name, consequence, field.clone(), reporter);
                }
                Guard::OffBut(message, consequence) => {
                    reporter.warning(field.clone(), message, consequence);
                }
            }
            guards.note(kind, guard, row.name, field);
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
