//! Actions: `id:1,phase:2,deny,msg:'a, b',setvar:tx.score=+5`.
//!
//! Separators are commas; a value in single quotes may hold them. Invariant: an action in the AST
//! means what its row says. Non-goal: which actions a rule must have, or may have together.

mod rows;

use super::error::{Finding, FindingKind, NameKind};
use super::report::{Report, unknown};
use super::text::{Buffer, Text, is_space};
use super::values::quoted;
use super::{Action, ActionKind, ctl};
use rows::{Form, ROWS};

/// The actions that rules may use, in the order of the alphabet, and what the value of each can be.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().map(|row| (row.name, row.expected))
}

/// The actions of a list. Each that cannot be read is reported and left out.
pub(super) fn actions(list: Text<'_>, report: &mut Report) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut buffer = Buffer::default();
    let mut rest = skip(list);
    while !rest.is_empty() {
        let (name, after) = rest.split_where(|byte| matches!(byte, b':' | b','));
        let name = name.trim();
        let (value, after) = match after.after(b':') {
            None => (Ok(None), after),
            Some(after) => {
                let (value, after) = value(after.trim_start(), &mut buffer);
                (value.map(Some), after)
            }
        };
        let found = value.and_then(|value| action(name, value, report));
        let (left, next) = after.split_where(|byte| byte == b',');
        let (read, _) = rest.split_at(rest.len() - after.len());
        match found {
            Ok(kinds) => {
                let span = read.trim().span();
                actions.extend(kinds.into_iter().map(|kind| Action { span, kind }));
            }
            Err(finding) => report.error(finding),
        }
        if !left.trim().is_empty() {
            report.error(FindingKind::AfterValue.at(left.trim()));
        }
        rest = skip(next);
    }
    actions
}

/// What follows blanks and separators: a list may end in one, or have several side by side.
fn skip(list: Text<'_>) -> Text<'_> {
    list.split_where(|byte| !(is_space(byte) || byte == b',')).1
}

/// The value at the front of `text`, without its quotes, and what follows it.
fn value<'a, 'b>(text: Text<'a>, buffer: &'b mut Buffer) -> (Result<Text<'b>, Finding>, Text<'a>)
where
    'a: 'b,
{
    if text.first() != Some(b'\'') {
        let (value, rest) = text.split_where(|byte| byte == b',');
        return (Ok(value.trim()), rest);
    }
    buffer.clear();
    match quoted(text, buffer) {
        Ok((end, rest)) => (Ok(buffer.whole(text.file, end)), rest),
        Err(finding) => (Err(finding), text.split_at(text.len()).1),
    }
}

/// What an action says: nothing where it is left out, several things where a `ctl` names several
/// targets.
fn action(
    name: Text<'_>,
    value: Option<Text<'_>>,
    report: &mut Report,
) -> Result<Vec<ActionKind>, Finding> {
    if name.is_empty() {
        return Err(FindingKind::NoAction.at(name));
    }
    if name.first() == Some(b'#') {
        return Err(FindingKind::CommentInDirective.at(name));
    }
    let left_out = report.check(NameKind::Action, name, value)?;
    let Some(row) = ROWS.iter().find(|row| name.is(row.name)) else {
        if left_out {
            return Ok(Vec::new());
        }
        let known = names().map(|(name, _)| name);
        return Err(unknown(NameKind::Action, name, known));
    };
    let value = value.filter(|value| !value.is_empty() || !matches!(row.form, Form::Maybe(_)));
    let kind = match (&row.form, value) {
        (Form::Bare(make), None) => Ok(make()),
        (Form::Bare(_), Some(value)) => {
            return Err(FindingKind::ExtraValue { action: row.name }.at(value));
        }
        (Form::Maybe(make), value) => make(value),
        (Form::Value(_) | Form::Ctl, None) => {
            let kind = FindingKind::MissingValue {
                kind: NameKind::Action,
                action: row.name,
                expected: row.expected,
            };
            return Err(kind.at(name));
        }
        (Form::Value(make), Some(value)) => make(value, report),
        (Form::Ctl, Some(value)) => return ctl::ctl(value, report),
    };
    match kind {
        Ok(kind) => Ok(vec![kind]),
        Err(fault) => Err(fault.finding(NameKind::Action, row.name, row.expected)),
    }
}
