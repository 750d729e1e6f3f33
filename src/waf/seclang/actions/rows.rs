//! Each action: its name, what its value can be, and how that is read.

use super::super::error::{Finding, NameKind};
use super::super::report::{Report, unknown};
use super::super::targets;
use super::super::template::template;
use super::super::text::Text;
use super::super::values::{self, Fault};
use super::super::{ActionKind, AllowScope, Change, SetVar, Template};
use crate::waf::{Transformation, Variable};

/// An action.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// What its value can be.
    pub(super) expected: &'static str,
    pub(super) form: Form,
}

/// How an action is read.
pub(super) enum Form {
    /// It has no value.
    Bare(fn() -> ActionKind),
    /// It may have a value.
    Maybe(for<'a> fn(Option<Text<'a>>) -> Result<ActionKind, Fault<'a>>),
    /// It has a value.
    Value(for<'a> fn(Text<'a>, &mut Report) -> Result<ActionKind, Fault<'a>>),
    /// One `ctl` that names several targets is several.
    Ctl,
}

const fn bare(name: &'static str, make: fn() -> ActionKind) -> Row {
    Row {
        name,
        expected: "",
        form: Form::Bare(make),
    }
}

const fn valued(
    name: &'static str,
    expected: &'static str,
    make: for<'a> fn(Text<'a>, &mut Report) -> Result<ActionKind, Fault<'a>>,
) -> Row {
    Row {
        name,
        expected,
        form: Form::Value(make),
    }
}

const TEXT: &str = "text, perhaps with macros";
const WORDS: &str = "text";

pub(super) const ROWS: &[Row] = &[
    valued("accuracy", "a number from 0 to 9", |value, _| {
        values::of(value, values::within(value, 0..=9)).map(ActionKind::Accuracy)
    }),
    Row {
        name: "allow",
        expected: "nothing, `phase` or `request`",
        form: Form::Maybe(allow),
    },
    bare("auditlog", || ActionKind::AuditLog),
    bare("block", || ActionKind::Block),
    bare("capture", || ActionKind::Capture),
    bare("chain", || ActionKind::Chain),
    Row {
        name: "ctl",
        expected: "`option=value`",
        form: Form::Ctl,
    },
    bare("deny", || ActionKind::Deny),
    bare("drop", || ActionKind::Drop),
    valued("expirevar", "`collection.member=seconds`", expirevar),
    valued("id", "a number", |value, _| {
        values::of(value, values::number(value)).map(ActionKind::Id)
    }),
    valued("initcol", "`collection=key`", initcol),
    bare("log", || ActionKind::Log),
    valued("logdata", TEXT, |value, report| {
        Ok(ActionKind::LogData(template(value, report)?))
    }),
    valued("maturity", "a number from 0 to 9", |value, _| {
        values::of(value, values::within(value, 0..=9)).map(ActionKind::Maturity)
    }),
    valued("msg", TEXT, |value, report| {
        Ok(ActionKind::Msg(template(value, report)?))
    }),
    bare("multiMatch", || ActionKind::MultiMatch),
    bare("noauditlog", || ActionKind::NoAuditLog),
    bare("nolog", || ActionKind::NoLog),
    bare("pass", || ActionKind::Pass),
    valued("phase", "1 to 5, `request`, `response` or `logging`", phase),
    valued("redirect", TEXT, |value, report| {
        Ok(ActionKind::Redirect(template(value, report)?))
    }),
    valued("rev", WORDS, |value, _| Ok(ActionKind::Rev(value.boxed()))),
    valued("setenv", "`name` or `name=value`", setenv),
    valued("setrsc", TEXT, |value, report| {
        Ok(ActionKind::SetRsc(template(value, report)?))
    }),
    valued("setsid", TEXT, |value, report| {
        Ok(ActionKind::SetSid(template(value, report)?))
    }),
    valued("setuid", TEXT, |value, report| {
        Ok(ActionKind::SetUid(template(value, report)?))
    }),
    valued(
        "setvar",
        "`collection.member`, `=value`, `=+value` or `=-value` after it, or `!` before it",
        setvar,
    ),
    valued(
        "severity",
        "0 to 7, or `EMERGENCY`, `ALERT`, `CRITICAL`, `ERROR`, `WARNING`, `NOTICE`, `INFO` or `DEBUG`",
        severity,
    ),
    valued("skip", "a number from 1 on", |value, _| {
        values::of(value, values::within(value, 1..=u64::from(u32::MAX))).map(ActionKind::Skip)
    }),
    valued(
        "skipAfter",
        "a marker's name, or a rule's id",
        |value, _| Ok(ActionKind::SkipAfter(value.boxed())),
    ),
    valued("status", "a status from 100 to 599", |value, _| {
        values::of(value, values::within(value, 100..=599)).map(ActionKind::Status)
    }),
    valued("t", "`none` or a transformation", transformation),
    valued("tag", TEXT, |value, report| {
        Ok(ActionKind::Tag(template(value, report)?))
    }),
    valued("ver", WORDS, |value, _| Ok(ActionKind::Ver(value.boxed()))),
    valued("xmlns", "`prefix=namespace`", |value, _| {
        let (prefix, namespace) = values::of(value, value.split_once(b'='))?;
        Ok(ActionKind::XmlNs(prefix.boxed(), namespace.boxed()))
    }),
];

fn allow(value: Option<Text<'_>>) -> Result<ActionKind, Fault<'_>> {
    const SCOPES: [(&str, AllowScope); 2] = [
        ("phase", AllowScope::Phase),
        ("request", AllowScope::Request),
    ];
    let scope = match value {
        None => AllowScope::Exchange,
        Some(value) => values::of(value, values::choice(value, &SCOPES))?,
    };
    Ok(ActionKind::Allow(scope))
}

fn phase<'a>(value: Text<'a>, _: &mut Report) -> Result<ActionKind, Fault<'a>> {
    const NAMES: [(&str, u8); 3] = [("request", 2), ("response", 4), ("logging", 5)];
    let phase = values::choice(value, &NAMES).or_else(|| values::within(value, 1..=5));
    values::of(value, phase).map(ActionKind::Phase)
}

fn severity<'a>(value: Text<'a>, _: &mut Report) -> Result<ActionKind, Fault<'a>> {
    const NAMES: [(&str, u8); 8] = [
        ("EMERGENCY", 0),
        ("ALERT", 1),
        ("CRITICAL", 2),
        ("ERROR", 3),
        ("WARNING", 4),
        ("NOTICE", 5),
        ("INFO", 6),
        ("DEBUG", 7),
    ];
    let severity = values::choice(value, &NAMES).or_else(|| values::within(value, 0..=7));
    values::of(value, severity).map(ActionKind::Severity)
}

fn transformation<'a>(value: Text<'a>, _: &mut Report) -> Result<ActionKind, Fault<'a>> {
    if value.is("none") {
        return Ok(ActionKind::TransformNone);
    }
    let found = std::str::from_utf8(value.bytes())
        .ok()
        .and_then(Transformation::by_name);
    let unknown = || {
        let known = Transformation::all().map(Transformation::name);
        unknown(NameKind::Transformation, value, known)
    };
    Ok(ActionKind::Transform(found.ok_or_else(unknown)?))
}

fn setenv<'a>(value: Text<'a>, report: &mut Report) -> Result<ActionKind, Fault<'a>> {
    let (name, set) = match value.split_once(b'=') {
        Some((name, set)) => (name, template(set, report)?),
        None => (value, one()),
    };
    if name.is_empty() || name.first() == Some(b'!') {
        return Err(Fault::Value(value));
    }
    Ok(ActionKind::SetEnv(template(name, report)?, set))
}

fn setvar<'a>(value: Text<'a>, report: &mut Report) -> Result<ActionKind, Fault<'a>> {
    let (named, change) = match value.after(b'!') {
        Some(named) => (named, Change::Unset),
        None => match value.split_once(b'=') {
            None => (value, Change::Set(one())),
            Some((named, set)) => (named, change(set, report)?),
        },
    };
    let (collection, member) = member(named, report)?;
    Ok(ActionKind::SetVar(SetVar {
        collection,
        name: template(member, report)?,
        change,
    }))
}

fn change(value: Text<'_>, report: &mut Report) -> Result<Change, Finding> {
    if let Some(more) = value.after(b'+') {
        return template(more, report).map(Change::Add);
    }
    if let Some(less) = value.after(b'-') {
        return template(less, report).map(Change::Subtract);
    }
    template(value, report).map(Change::Set)
}

/// What a variable is set to where no value is written.
fn one() -> Template {
    Template::new(b"1")
}

fn expirevar<'a>(value: Text<'a>, report: &mut Report) -> Result<ActionKind, Fault<'a>> {
    let (named, seconds) = values::of(value, value.split_once(b'='))?;
    let (collection, member) = member(named, report)?;
    let member = template(member, report)?;
    Ok(ActionKind::ExpireVar(
        collection,
        member,
        template(seconds, report)?,
    ))
}

fn initcol<'a>(value: Text<'a>, report: &mut Report) -> Result<ActionKind, Fault<'a>> {
    let (name, key) = values::of(value, value.split_once(b'='))?;
    let collection = targets::variable(name, report)?;
    let persistent = Some(collection).filter(|collection| PERSISTENT.contains(collection));
    let collection = values::of(name, persistent)?;
    Ok(ActionKind::InitCol(collection, template(key, report)?))
}

const PERSISTENT: [Variable; 5] = [
    Variable::Global,
    Variable::Ip,
    Variable::Resource,
    Variable::Session,
    Variable::User,
];

/// The collection and the member of `collection.member`, where rules can write there.
fn member<'a>(named: Text<'a>, report: &mut Report) -> Result<(Variable, Text<'a>), Fault<'a>> {
    let (name, member) = values::of(named, named.split_once(b'.'))?;
    let collection = targets::variable(name, report)?;
    let writable = collection == Variable::Tx || PERSISTENT.contains(&collection);
    if !writable || member.is_empty() {
        return Err(Fault::Value(named));
    }
    Ok((collection, member))
}
