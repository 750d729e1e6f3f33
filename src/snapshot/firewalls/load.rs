//! From the text of rules to compiled ones, and everything that is wrong with them.

use super::{files::SourceFiles, finding::Finding};
use crate::{
    config::{self, RuleSource, Severity},
    waf::{
        Amended, Compiled, CustomRules, Fault, FaultKind, RuleSet,
        seclang::{self, Directive, Parsed, RuleFiles, SourceMap, Trust},
    },
};

/// Rules, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Loaded<T> {
    /// `None` where anything of it is an error.
    pub(super) result: Option<T>,
    pub(super) findings: Vec<Finding>,
}

/// Compiles a rule set.
pub(super) fn load_set(source: &RuleSource) -> Loaded<RuleSet> {
    let (reading, compiled) = compile_set(source);
    reading.finish(compiled)
}

/// Compiles rules around a rule set.
pub(super) fn load_custom(
    set: &RuleSet,
    before: Option<&RuleSource>,
    after: Option<&RuleSource>,
) -> Loaded<CustomRules> {
    let (reading, compiled) = compile_custom(set, before, after);
    reading.finish(compiled)
}

/// The rules of a firewall that are not evaluated as they were written. They are compiled for this
/// alone, since nobody who serves requests needs to know.
pub fn amended_rules(settings: &config::Firewall) -> Vec<Amended> {
    let (_, set) = compile_set(&settings.rules);
    let mut amended = set.amended;
    let (before, after) = (settings.before.as_deref(), settings.after.as_deref());
    if let Some(set) = &set.result
        && (before.is_some() || after.is_some())
    {
        let (_, mut custom) = compile_custom(set, before, after);
        amended.append(&mut custom.amended);
    }
    amended
}

fn compile_set(source: &RuleSource) -> (Reading, Compiled<RuleSet>) {
    let files = SourceFiles::new([source]);
    let mut reading = Reading::default();
    let directives = reading.parse(source, &files);
    let compiled = RuleSet::compile(&directives, &reading.sources, &files);
    (reading, compiled)
}

fn compile_custom(
    set: &RuleSet,
    before: Option<&RuleSource>,
    after: Option<&RuleSource>,
) -> (Reading, Compiled<CustomRules>) {
    let files = SourceFiles::new(before.into_iter().chain(after));
    let mut reading = Reading::default();
    let mut parse = |source: Option<&RuleSource>| match source {
        Some(source) => reading.parse(source, &files),
        None => Vec::new(),
    };
    let (before, after) = (parse(before), parse(after));
    let compiled = CustomRules::compile(set, &before, &after, &reading.sources, &files);
    (reading, compiled)
}

struct Reading {
    sources: SourceMap,
    findings: Vec<Finding>,
    /// Whether every source is there.
    is_whole: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            sources: SourceMap::default(),
            findings: Vec::new(),
            is_whole: true,
        }
    }
}

impl Reading {
    fn parse(&mut self, source: &RuleSource, files: &dyn RuleFiles) -> Vec<Directive> {
        let RuleSource {
            name: _,
            entry,
            files: texts,
            trusted,
        } = source;
        let trust = if *trusted {
            Trust::Operator
        } else {
            Trust::Tenant
        };
        let Some(text) = texts.get(entry) else {
            // Whoever could not read it has said so.
            self.is_whole = false;
            return Vec::new();
        };
        let Parsed {
            directives,
            warnings,
            errors,
        } = seclang::parse(&mut self.sources, files, trust, entry, text);
        for (severity, findings) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
            for seclang::Finding { span, kind } in findings {
                self.findings
                    .push(Finding::at(severity, span, &kind, &self.sources));
            }
        }
        directives
    }

    fn finish<T>(mut self, compiled: Compiled<T>) -> Loaded<T> {
        let Compiled {
            result,
            errors,
            warnings,
            amended: _,
        } = compiled;
        for (severity, faults) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
            for Fault { span, kind } in faults {
                let finding = Finding::at(severity, span, &kind, &self.sources);
                match kind {
                    // Not to be among those that are left out where there are many.
                    FaultKind::Skipped { .. } => self.findings.insert(0, finding),
                    _ => self.findings.push(finding),
                }
            }
        }
        // What was compiled without a directive that could not be read is not what was written.
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        let is_whole = self.is_whole && !self.findings.iter().any(is_error);
        Loaded {
            result: result.filter(|_| is_whole),
            findings: self.findings,
        }
    }
}
