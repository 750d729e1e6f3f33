//! The operator argument of a rule: `"!@rx ^a"`, or `"^a"` for the same as `"@rx ^a"`.
//!
//! Invariant: a name in the AST is the one that the reference manual has. Non-goal: what the
//! operator makes of its argument.

use super::OperatorCall;
use super::error::{Effect, Finding, NameKind};
use super::left_out::LEFT_OUT;
use super::report::{Report, unknown};
use super::template;
use super::text::{Text, is_space};

/// An operator.
struct Row {
    name: &'static str,
    /// Another name that it has.
    alias: Option<&'static str>,
    /// Whether its argument may hold macros.
    expands: bool,
}

const fn plain(name: &'static str) -> Row {
    Row {
        name,
        alias: None,
        expands: false,
    }
}

const fn expands(name: &'static str) -> Row {
    Row {
        name,
        alias: None,
        expands: true,
    }
}

const fn alias(name: &'static str, alias: &'static str) -> Row {
    Row {
        name,
        alias: Some(alias),
        expands: false,
    }
}

/// The operator where none is named.
const RX: Row = expands("rx");

const ROWS: &[Row] = &[
    expands("beginsWith"),
    expands("contains"),
    expands("containsWord"),
    plain("detectBase64"),
    plain("detectHTML"),
    plain("detectShell"),
    plain("detectSQL"),
    plain("detectSQLi"),
    plain("detectSSRF"),
    plain("detectTraversal"),
    plain("detectXSS"),
    expands("endsWith"),
    expands("eq"),
    expands("ge"),
    plain("geoLookup"),
    expands("gt"),
    plain("ipMatch"),
    alias("ipMatchFromFile", "ipMatchF"),
    expands("le"),
    expands("lt"),
    plain("noMatch"),
    plain("pm"),
    alias("pmFromFile", "pmf"),
    RX,
    expands("rxGlobal"),
    expands("streq"),
    plain("strmatch"),
    plain("unconditionalMatch"),
    plain("validateByteRange"),
    plain("validateUrlEncoding"),
    plain("validateUtf8Encoding"),
    expands("verifyCC"),
    expands("verifyCPF"),
    expands("verifySSN"),
    expands("verifySVNR"),
    expands("within"),
];

/// The operators that rules may use, in the order of the alphabet.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

/// The operator that an argument of `SecRule` calls.
pub(super) fn operator(text: Text<'_>, report: &mut Report) -> Result<OperatorCall, Finding> {
    let start = text.trim_start();
    let (negated, call) = match start.after(b'!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, start),
    };
    let (name, expands, argument) = match call.after(b'@') {
        Some(named) => {
            let (name, argument) = named.split_where(is_space);
            let row = named_row(name, report)?;
            (row.name, row.expands, argument.trim_start())
        }
        None if negated => (RX.name, RX.expands, call),
        // Blanks at its beginning belong to the pattern.
        None => (RX.name, RX.expands, text),
    };
    if expands {
        template::check(argument, report)?;
    }
    Ok(OperatorCall {
        span: text.span(),
        negated,
        name,
        argument: argument.boxed(),
        argument_span: argument.span(),
    })
}

/// Operators that are read so that the rule that has one can be skipped.
const SKIPPED: &[Row] = &[plain("rbl")];

/// The operators for which a rule is skipped, and why.
pub(in crate::waf) fn skipped() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = LEFT_OUT.iter().filter(|row| row.effect == Effect::Skip);
    rows.map(|row| (row.name, row.reason))
}

fn named_row(name: Text<'_>, report: &mut Report) -> Result<&'static Row, Finding> {
    report.check(NameKind::Operator, name, None)?;
    let is_named = |row: &&Row| name.is(row.name) || row.alias.is_some_and(|alias| name.is(alias));
    ROWS.iter()
        .chain(SKIPPED)
        .find(is_named)
        .ok_or_else(|| unknown(NameKind::Operator, name, names()))
}
