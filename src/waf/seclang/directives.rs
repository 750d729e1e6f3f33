//! Each directive: its name, what its arguments can be, and how they are read.
//!
//! Invariant: names and arguments stand here once, for parsing, messages and the documentation.

mod rows;

use super::error::{Finding, FindingKind, NameKind};
use super::left_out::LEFT_OUT;
use super::report::Report;
use super::text::Text;
use super::values::{self, Fault};
use super::{DirectiveKind, Setting};

pub(super) use rows::ROWS;

/// A directive.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// What its arguments can be.
    pub(super) arguments: &'static str,
    pub(super) form: Form,
}

/// How arguments are read.
pub(super) enum Form {
    /// One argument, a setting's value.
    Setting(fn(Text<'_>) -> Option<Setting>),
    /// At least and at most so many arguments.
    Arguments(usize, usize, Read),
    /// One argument, a path; with `optional`, nothing need be there.
    Include { optional: bool },
}

type Read = for<'a> fn(&[Text<'a>], &mut Report) -> Result<Vec<DirectiveKind>, Fault<'a>>;

/// Whether there is such a directive, or one that is left out.
pub(super) fn is_known(name: &[u8]) -> bool {
    let left_out = LEFT_OUT
        .iter()
        .filter(|row| row.kind == NameKind::Directive)
        .map(|row| row.name);
    ROWS.iter()
        .map(|row| row.name)
        .chain(left_out)
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// What a directive says, or that its name is followed by too little or too much.
pub(super) fn read(
    row: &'static Row,
    name: Text<'_>,
    arguments: &[Text<'_>],
    report: &mut Report,
) -> Result<Vec<DirectiveKind>, Finding> {
    let (least, most) = match row.form {
        Form::Arguments(least, most, _) => (least, most),
        Form::Setting(_) | Form::Include { .. } => (1, 1),
    };
    if arguments.len() < least {
        let kind = FindingKind::MissingArgument {
            directive: row.name,
            arguments: row.arguments,
        };
        return Err(kind.at(name));
    }
    if let Some(extra) = arguments.get(most) {
        let kind = FindingKind::ExtraArgument {
            directive: row.name,
            arguments: row.arguments,
        };
        return Err(kind.at(*extra));
    }
    let read = match (&row.form, arguments) {
        (Form::Setting(read), [value, ..]) => {
            values::of(*value, read(*value)).map(|setting| vec![DirectiveKind::Setting(setting)])
        }
        (Form::Arguments(_, _, read), _) => read(arguments, report),
        (Form::Setting(_) | Form::Include { .. }, _) => Ok(Vec::new()),
    };
    read.map_err(|fault| fault.finding(NameKind::Directive, row.name, row.arguments))
}
