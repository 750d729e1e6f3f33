//! Files to directives.
//!
//! Included files stand in the place of what includes them. Invariant: a directive about which an
//! error is reported is not among those returned, and none is without that. Non-goal: what rules
//! mean to one another.

use std::sync::Arc;

use super::directives::{self, Form};
use super::error::{Finding, FindingKind, NameKind};
use super::files::{FileError, RuleFile, RuleFiles};
use super::lexer::{Lexer, Statement, Token};
use super::report::{MAX_FINDINGS, Report, Trust, unknown};
use super::text::Text;
use super::{Directive, DirectiveKind, FileId, SourceMap, Span};

/// How deep files may include one another.
const MAX_DEPTH: usize = 16;

/// Most files of a rule set, each counted as often as it is included.
const MAX_FILES: usize = 1000;

/// Most bytes of them in all. The Core Rule Set has fewer than a million; parsed, a byte may come to
/// fifty.
const fn max_bytes(trust: Trust) -> usize {
    match trust {
        Trust::Operator => 8 << 20,
        Trust::Tenant => 2 << 20,
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The directives, in order.
    pub directives: Vec<Directive>,
    /// What is there and will not have the effect that it would have elsewhere.
    pub warnings: Vec<Finding>,
    /// What is wrong. Where there is any, the directives are not all that was written.
    pub errors: Vec<Finding>,
}

/// Reads a file's text and what it includes. Everything read is added to `sources`, from which
/// findings and directives have their places. `name` is the file's, as `files` would name it.
pub fn parse(
    sources: &mut SourceMap,
    files: &dyn RuleFiles,
    trust: Trust,
    name: &str,
    text: &[u8],
) -> Parsed {
    let mut parser = Parser {
        sources,
        files,
        report: Report::new(trust),
        max_bytes: max_bytes(trust),
        directives: Vec::new(),
        open: Vec::new(),
        count: 0,
        bytes: 0,
        stopped: false,
    };
    let file = RuleFile {
        name: name.to_owned(),
        text: text.into(),
    };
    parser.file(&file, None);
    let Report {
        mut errors,
        warnings,
        ..
    } = parser.report;
    if let Some(last) = errors.get(MAX_FINDINGS - 1) {
        errors.push(Finding {
            span: last.span,
            kind: FindingKind::TooMany {
                limit: MAX_FINDINGS,
            },
        });
    }
    Parsed {
        directives: parser.directives,
        warnings,
        errors,
    }
}

struct Parser<'a> {
    sources: &'a mut SourceMap,
    files: &'a dyn RuleFiles,
    report: Report,
    max_bytes: usize,
    directives: Vec<Directive>,
    /// The names of the files that are being read, each included by the one before it.
    open: Vec<String>,
    /// Files so far.
    count: usize,
    /// Bytes in them.
    bytes: usize,
    /// Nothing more is read.
    stopped: bool,
}

impl Parser<'_> {
    /// Reads a file, included by the path at `include` if it is.
    fn file(&mut self, file: &RuleFile, include: Option<Span>) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(file.text.len());
        let fits = self.count <= MAX_FILES && self.bytes <= self.max_bytes;
        let text: &[u8] = if fits { &file.text } else { b"" };
        let Some(id) = self.sources.add(&file.name, text) else {
            return;
        };
        if !fits {
            let start = Span {
                file: id,
                start: 0,
                end: 0,
            };
            self.report.error(Finding {
                span: include.unwrap_or(start),
                kind: FindingKind::TooLarge {
                    files: MAX_FILES,
                    bytes: self.max_bytes,
                },
            });
            self.stopped = true;
            return;
        }
        self.open.push(file.name.clone());
        self.statements(id, &file.text);
        self.open.pop();
    }

    fn statements(&mut self, file: FileId, text: &Arc<[u8]>) {
        let mut lexer = Lexer::new(file, text);
        while !self.stopped {
            match lexer.token() {
                None => return,
                Some(Token::Statement(statement)) => self.statement(&statement),
                Some(Token::Hidden(finding)) => self.report.warn(finding),
                Some(Token::Fault(finding)) => self.report.error(finding),
            }
            self.stopped |= self.report.faults >= MAX_FINDINGS;
        }
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        let Some((name, arguments)) = statement.words.split_first() else {
            return;
        };
        let faults = self.report.faults;
        match self.directive(*name, arguments) {
            // What is wrong with parts of it has been reported.
            Ok(_) if self.report.faults > faults => {}
            Ok(kinds) => {
                for kind in kinds {
                    self.warn_of_backslashes(statement, &kind);
                    let span = statement.span;
                    self.directives.push(Directive { span, kind });
                }
            }
            Err(finding) => self.report.error(finding),
        }
    }

    fn directive(
        &mut self,
        name: Text<'_>,
        arguments: &[Text<'_>],
    ) -> Result<Vec<DirectiveKind>, Finding> {
        let value = arguments.first().copied();
        let left_out = self.report.check(NameKind::Directive, name, value)?;
        let Some(row) = directives::ROWS.iter().find(|row| name.is(row.name)) else {
            if left_out {
                return Ok(Vec::new());
            }
            let known = directives::ROWS.iter().map(|row| row.name);
            return Err(unknown(NameKind::Directive, name, known));
        };
        let kinds = directives::read(row, name, arguments, &mut self.report)?;
        if let (Form::Include { optional }, Some(path)) = (&row.form, value) {
            self.include(path, *optional)?;
        }
        Ok(kinds)
    }

    fn include(&mut self, path: Text<'_>, optional: bool) -> Result<(), Finding> {
        if self.open.len() >= MAX_DEPTH {
            return Err(FindingKind::TooDeep { limit: MAX_DEPTH }.at(path));
        }
        let from = self.open.last().map_or("", String::as_str);
        let found = match self.files.read(from, path.bytes()) {
            Ok(found) => found,
            Err(FileError::NotFound) if optional => return Ok(()),
            Err(error) => {
                let path_shown = path.shown();
                let kind = FindingKind::Include {
                    path: path_shown,
                    error,
                };
                return Err(kind.at(path));
            }
        };
        for file in found {
            if self.stopped {
                break;
            }
            if self.open.contains(&file.name) {
                let file = file.name.into();
                self.report.error(FindingKind::Cycle { file }.at(path));
                continue;
            }
            self.file(&file, Some(path.span()));
        }
        Ok(())
    }

    /// Warns of a pattern that other engines read in another way.
    fn warn_of_backslashes(&mut self, statement: &Statement<'_>, kind: &DirectiveKind) {
        let DirectiveKind::Rule(rule) = kind else {
            return;
        };
        let operator = &rule.operator;
        if !matches!(operator.name, "rx" | "rxGlobal") {
            return;
        }
        let pattern = operator.argument_span;
        let within = |at: &&u32| (pattern.start..pattern.end).contains(*at);
        if let Some(&start) = statement.doubled.iter().find(within) {
            let span = Span {
                start,
                end: start + 2,
                ..pattern
            };
            let kind = FindingKind::DoubledBackslash;
            self.report.warn(Finding { span, kind });
        }
    }
}
