//! Targets: `ARGS|!ARGS:/^_ga/|&REQUEST_HEADERS:Host|XML:/*`.
//!
//! Separators are `|` and `,`. A member's name in single quotes may hold separators, and so may a
//! regular expression: it ends at the first slash that a separator or nothing follows, as in
//! ModSecurity 3 and Coraza; to ModSecurity 2 it needs the quotes. Non-goal: XPath.

use super::error::{Finding, FindingKind, NameKind};
use super::report::{Report, unknown};
use super::text::{Buffer, Text, is_space};
use super::values::quoted;
use super::{Selector, Target};
use crate::waf::Variable;

/// The targets of a list. Each that cannot be read is reported and left out.
pub(super) fn targets(list: Text<'_>, report: &mut Report) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut unclosed = false;
    if skip(list).is_empty() {
        report.error(FindingKind::NoVariable.at(list));
    }
    let mut rest = skip(list);
    while !rest.is_empty() {
        let (found, after) = target(rest, &mut unclosed, report);
        match found {
            Ok(target) => targets.push(target),
            Err(finding) => report.error(finding),
        }
        let (left, next) = after.split_where(separates);
        if !left.trim().is_empty() {
            report.error(FindingKind::AfterValue.at(left.trim()));
        }
        rest = skip(next);
    }
    targets
}

/// What follows blanks and separators: a list may end in one, or have several side by side.
fn skip(list: Text<'_>) -> Text<'_> {
    list.split_where(|byte| !ends(byte)).1
}

fn separates(byte: u8) -> bool {
    matches!(byte, b'|' | b',')
}

fn ends(byte: u8) -> bool {
    separates(byte) || is_space(byte)
}

/// The target at the front of `text`, and what follows it. `unclosed` says that no regular
/// expression ends in the rest of the list: that is found out once.
fn target<'a>(
    text: Text<'a>,
    unclosed: &mut bool,
    report: &mut Report,
) -> (Result<Target, Finding>, Text<'a>) {
    let (exclude, rest) = flag(text, b'!');
    let (count, rest) = flag(rest, b'&');
    let (name, rest) = rest.split_where(|byte| byte == b':' || ends(byte));
    let variable = variable(name, report);
    let (selector, rest) = match (rest.after(b':'), &variable) {
        (None, _) => (Ok(None), rest),
        (Some(rest), Ok(variable)) => {
            let (selector, rest) = selector(rest, *variable, unclosed);
            (selector.map(Some), rest)
        }
        (Some(rest), Err(_)) => (Ok(None), rest.split_where(separates).1),
    };
    let (whole, _) = text.split_at(text.len() - rest.len());
    let target = variable.and_then(|variable| {
        let selector = selector?;
        if exclude && count {
            return Err(FindingKind::Exclusion.at(whole));
        }
        Ok(Target {
            span: whole.span(),
            count,
            exclude,
            variable,
            selector,
        })
    });
    (target, rest)
}

fn flag(text: Text<'_>, flag: u8) -> (bool, Text<'_>) {
    match text.after(flag) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// The variable of a name, unless it is left out.
pub(super) fn variable(name: Text<'_>, report: &mut Report) -> Result<Variable, Finding> {
    if name.is_empty() {
        return Err(FindingKind::NoVariable.at(name));
    }
    report.check(NameKind::Variable, name, None)?;
    std::str::from_utf8(name.bytes())
        .ok()
        .and_then(Variable::by_name)
        .ok_or_else(|| {
            let known = Variable::all().map(Variable::name);
            unknown(NameKind::Variable, name, known)
        })
}

/// The selector at the front of `text`, which follows the colon, and what follows it.
fn selector<'a>(
    text: Text<'a>,
    variable: Variable,
    unclosed: &mut bool,
) -> (Result<Selector, Finding>, Text<'a>) {
    if text.first() == Some(b'\'') {
        let mut buffer = Buffer::default();
        return match quoted(text, &mut buffer) {
            Ok((end, rest)) => {
                let member = buffer.whole(text.file, end);
                (select(variable, member), rest)
            }
            Err(finding) => (Err(finding), text.split_at(text.len()).1),
        };
    }
    let mut length = None;
    if variable != Variable::Xml && text.first() == Some(b'/') && !*unclosed {
        length = length_of_regex(text);
        *unclosed = length.is_none();
    }
    let (member, rest) = match length {
        Some(length) => text.split_at(length),
        None => text.split_where(ends),
    };
    if member.is_empty() {
        return (Err(FindingKind::EmptySelector.at(member)), rest);
    }
    (select(variable, member), rest)
}

/// The length of a regular expression with its slashes.
fn length_of_regex(text: Text<'_>) -> Option<usize> {
    let mut escaped = false;
    let mut bytes = text.bytes().iter().enumerate().skip(1).peekable();
    while let Some((index, &byte)) = bytes.next() {
        let last = bytes.peek().is_none_or(|(_, next)| ends(**next));
        if byte == b'/' && !escaped && last {
            return Some(index + 1);
        }
        escaped = byte == b'\\' && !escaped;
    }
    None
}

fn select(variable: Variable, member: Text<'_>) -> Result<Selector, Finding> {
    if variable == Variable::Xml {
        return match member.bytes() {
            b"/*" => Ok(Selector::XmlText),
            b"//@*" => Ok(Selector::XmlAttributes),
            _ => Err(FindingKind::XPath.at(member)),
        };
    }
    if !variable.is_collection() {
        let variable = variable.name();
        return Err(FindingKind::NoMembers { variable }.at(member));
    }
    let pattern = member
        .bytes()
        .strip_prefix(b"/")
        .and_then(|rest| rest.strip_suffix(b"/"));
    Ok(match pattern {
        Some(pattern) => Selector::Regex(pattern.into()),
        None => Selector::Name(member.boxed()),
    })
}
