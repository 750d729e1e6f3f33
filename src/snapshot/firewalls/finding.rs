//! What is wrong with rules, as Problems of whoever wrote them.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::{
    config::{Cause, Config, Location, ObjectKind, ObjectRef, Problem, Severity},
    waf::seclang::{SourceMap, Span},
};

/// Most findings of one source that are told.
const MOST: usize = 50;

/// One thing that is wrong with a rule file.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The file's name.
    pub(super) file: Arc<str>,
    /// From 1.
    pub(super) line: u32,
    /// In bytes, from 1.
    pub(super) column: u32,
    /// Bytes of the file, end exclusive.
    pub(super) span: (usize, usize),
    pub(super) message: String,
}

impl Finding {
    pub(super) fn at(
        severity: Severity,
        span: Span,
        message: &dyn fmt::Display,
        sources: &SourceMap,
    ) -> Self {
        let place = sources.locate(span);
        Self {
            severity,
            file: place.file,
            line: place.line,
            column: place.column,
            span: (span.start as usize, span.end as usize),
            message: message.to_string(),
        }
    }

    /// Where it stands, if that is a file of the machine.
    fn location(&self) -> Option<Location> {
        self.file.starts_with('/').then(|| Location {
            path: Arc::new(PathBuf::from(&*self.file)),
            line: self.line,
            column: self.column,
            span: self.span,
        })
    }
}

/// What is in force of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Used {
    AsWritten,
    LastGood,
    SetAlone,
    NoRules,
}

impl Used {
    const fn consequence(self) -> &'static str {
        match self {
            Self::AsWritten => "the rules are in force all the same",
            Self::LastGood => "the rules that compiled last stay in force",
            Self::SetAlone => "none of these rules is in force, only those that they are added to",
            Self::NoRules => {
                "where the firewall blocks, requests are answered 503; where it detects, they are \
                 not inspected"
            }
        }
    }
}

/// The first findings about a source as Problems, errors first, and how many there are besides.
pub(super) fn problems(
    source: &Arc<str>,
    findings: &[&Finding],
    used: Used,
    config: &Config,
) -> Vec<Problem> {
    let of = |severity: Severity| {
        let findings = findings.iter();
        findings.filter(move |finding| finding.severity == severity)
    };
    let told = of(Severity::Error).chain(of(Severity::Warning)).take(MOST);
    let mut problems: Vec<_> = told
        .map(|finding| Origin::of(&finding.file, source, config).problem(finding, used))
        .collect();
    if let Some(more @ 1..) = findings.len().checked_sub(MOST) {
        let Origin { object, field } = Origin::of(source, source, config);
        problems.push(Problem {
            object,
            field,
            message: format!("there are {more} more findings about these rules"),
            consequence: used.consequence().to_owned(),
            severity: Severity::Warning,
            cause: Cause::Object,
            location: None,
        });
    }
    problems
}

/// Whose fault it is.
struct Origin {
    object: ObjectRef,
    field: String,
}

impl Origin {
    fn of(file: &Arc<str>, source: &Arc<str>, config: &Config) -> Self {
        let origins = &config.rule_origins;
        let origin = origins.get(file).or_else(|| origins.get(source));
        let is_path = file.starts_with('/');
        match origin {
            Some(origin) => Self {
                object: origin.object.clone(),
                field: origin.field.clone(),
            },
            None => Self {
                object: ObjectRef {
                    kind: ObjectKind::File,
                    namespace: "".into(),
                    name: Arc::clone(if is_path { file } else { source }),
                },
                field: String::new(),
            },
        }
    }

    fn problem(self, finding: &Finding, used: Used) -> Problem {
        let location = finding.location();
        let message = match &location {
            Some(_) => finding.message.clone(),
            None => {
                let Finding {
                    file, line, column, ..
                } = finding;
                format!("{file}:{line}:{column}: {}", finding.message)
            }
        };
        Problem {
            object: self.object,
            field: self.field,
            message,
            consequence: used.consequence().to_owned(),
            severity: finding.severity,
            cause: Cause::Object,
            location,
        }
    }
}
