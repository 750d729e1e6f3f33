//! `ctl`: settings for one exchange, `ctl:ruleRemoveTargetById=942100;ARGS:text`.
//!
//! Invariant: what takes a list of targets becomes one setting a target. Non-goal: whether the
//! rules that are named are there.

use super::error::{Finding, FindingKind, NameKind};
use super::report::{Report, unknown};
use super::targets::targets;
use super::text::Text;
use super::values::{self, Fault};
use super::{ActionKind, Ctl, PartsChange, Target};

/// An option of `ctl`.
struct Row {
    name: &'static str,
    /// What its value can be.
    expected: &'static str,
    form: Form,
}

/// How a value is read.
enum Form {
    One(fn(Text<'_>) -> Option<Ctl>),
    /// What precedes the first semicolon, for the targets that follow it.
    Targets(fn(Text<'_>, Target) -> Option<Ctl>),
}

const fn one(name: &'static str, expected: &'static str, make: fn(Text<'_>) -> Option<Ctl>) -> Row {
    Row {
        name,
        expected,
        form: Form::One(make),
    }
}

const fn with_targets(
    name: &'static str,
    expected: &'static str,
    make: fn(Text<'_>, Target) -> Option<Ctl>,
) -> Row {
    Row {
        name,
        expected,
        form: Form::Targets(make),
    }
}

const ON_OFF: &str = "`On` or `Off`";
const BYTES: &str = "a number of bytes";
const IDS: &str = "ids and ranges of ids";
const PATTERN: &str = "a regular expression";
const PROCESSORS: &str = "`URLENCODED`, `MULTIPART`, `XML`, `JSON` or `RAW`";

const ROWS: &[Row] = &[
    one("auditEngine", "`On`, `Off` or `RelevantOnly`", |value| {
        values::audit_mode(value).map(Ctl::AuditEngine)
    }),
    one(
        "auditLogParts",
        "letters from `A` to `K` and `Z`, after `+` or `-` perhaps",
        parts,
    ),
    one("debugLogLevel", "a number from 0 to 9", |value| {
        values::within(value, 0..=9).map(Ctl::DebugLogLevel)
    }),
    one("forceRequestBodyVariable", ON_OFF, |value| {
        values::on_off(value).map(Ctl::ForceRequestBodyVariable)
    }),
    one("forceResponseBodyVariable", ON_OFF, |value| {
        values::on_off(value).map(Ctl::ForceResponseBodyVariable)
    }),
    one("requestBodyAccess", ON_OFF, |value| {
        values::on_off(value).map(Ctl::RequestBodyAccess)
    }),
    one("requestBodyLimit", BYTES, |value| {
        values::number(value).map(Ctl::RequestBodyLimit)
    }),
    one("requestBodyProcessor", PROCESSORS, |value| {
        values::body_processor(value).map(Ctl::RequestBodyProcessor)
    }),
    one("responseBodyAccess", ON_OFF, |value| {
        values::on_off(value).map(Ctl::ResponseBodyAccess)
    }),
    one("responseBodyLimit", BYTES, |value| {
        values::number(value).map(Ctl::ResponseBodyLimit)
    }),
    one("responseBodyProcessor", PROCESSORS, |value| {
        values::body_processor(value).map(Ctl::ResponseBodyProcessor)
    }),
    one("ruleEngine", "`On`, `Off` or `DetectionOnly`", |value| {
        values::engine_mode(value).map(Ctl::RuleEngine)
    }),
    one("ruleRemoveById", IDS, |value| {
        values::ids(value).map(Ctl::RemoveById)
    }),
    one("ruleRemoveByMsg", PATTERN, |value| {
        pattern(value).map(Ctl::RemoveByMsg)
    }),
    one("ruleRemoveByTag", PATTERN, |value| {
        pattern(value).map(Ctl::RemoveByTag)
    }),
    with_targets("ruleRemoveTargetById", "`ids;targets`", |value, target| {
        values::ids(value).map(|ids| Ctl::RemoveTargetById(ids, target))
    }),
    with_targets(
        "ruleRemoveTargetByMsg",
        "`pattern;targets`",
        |value, target| pattern(value).map(|pattern| Ctl::RemoveTargetByMsg(pattern, target)),
    ),
    with_targets(
        "ruleRemoveTargetByTag",
        "`pattern;targets`",
        |value, target| pattern(value).map(|pattern| Ctl::RemoveTargetByTag(pattern, target)),
    ),
];

/// The options that rules may use, in the order of the alphabet, and what the value of each can be.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().map(|row| (row.name, row.expected))
}

/// What `option=value` sets.
pub(super) fn ctl(text: Text<'_>, report: &mut Report) -> Result<Vec<ActionKind>, Finding> {
    let (name, value) = match text.split_once(b'=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text.trim(), None),
    };
    let left_out = report.check(NameKind::Ctl, name, value)?;
    let Some(row) = ROWS.iter().find(|row| name.is(row.name)) else {
        if left_out {
            return Ok(Vec::new());
        }
        let known = names().map(|(name, _)| name);
        return Err(unknown(NameKind::Ctl, name, known));
    };
    let Some(value) = value else {
        let kind = FindingKind::MissingValue {
            kind: NameKind::Ctl,
            action: row.name,
            expected: row.expected,
        };
        return Err(kind.at(name));
    };
    let settings = match row.form {
        Form::One(make) => values::of(value, make(value)).map(|setting| vec![setting]),
        Form::Targets(make) => removals(value, make, report),
    };
    match settings {
        Ok(settings) => Ok(settings.into_iter().map(ActionKind::Ctl).collect()),
        Err(fault) => Err(fault.finding(NameKind::Ctl, row.name, row.expected)),
    }
}

fn removals<'a>(
    value: Text<'a>,
    make: fn(Text<'_>, Target) -> Option<Ctl>,
    report: &mut Report,
) -> Result<Vec<Ctl>, Fault<'a>> {
    let (rules, list) = values::of(value, value.split_once(b';'))?;
    let rules = rules.trim();
    let mut removals = Vec::new();
    for target in targets(list, report) {
        if target.exclude {
            let kind = FindingKind::Exclusion;
            let span = target.span;
            return Err(Finding { span, kind }.into());
        }
        removals.push(values::of(rules, make(rules, target))?);
    }
    Ok(removals)
}

fn pattern(value: Text<'_>) -> Option<Box<[u8]>> {
    (!value.is_empty()).then(|| value.boxed())
}

fn parts(value: Text<'_>) -> Option<Ctl> {
    let (change, letters) = match value.first()? {
        b'+' => (PartsChange::Add, value.split_at(1).1),
        b'-' => (PartsChange::Remove, value.split_at(1).1),
        _ => (PartsChange::Set, value),
    };
    values::audit_parts(letters).map(|parts| Ctl::AuditLogParts(change, parts))
}
