//! ModSecurity 3's error-log line: what go-ftw and the parsers of others read.
//!
//! `[client ...] ModSecurity: Warning. Matched ... [file ""] [line ""] [id ""] ...`, one line a match.
//! Differences: `[hostname ""]` is the name that the client asked for, as in ModSecurity 2; `[ref ""]`
//! is empty; a negated operator has a `!`; quotes in values are written as `\x22`, so that no value
//! can pass for a field.

use super::{
    About, Masks, escape,
    view::{Shown, View},
};
use crate::waf::{Match, Transaction, Variable, evaluate::Kind};

/// Bytes shown of a text.
const LIMIT: usize = 200;

/// Appends the line of one match, its line feed included. Whoever writes all of an exchange calls
/// [`error_lines`].
pub fn error_line(
    transaction: &Transaction,
    about: &About<'_>,
    found: &Match<'_>,
    masks: &Masks,
    out: &mut Vec<u8>,
) {
    write(&View::new(transaction, about, masks), found, out, true);
}

/// Appends the lines of all matches of an exchange.
pub fn error_lines(transaction: &Transaction, about: &About<'_>, masks: &Masks, out: &mut Vec<u8>) {
    let mut found = transaction.matches().peekable();
    if found.peek().is_none() {
        return;
    }
    let view = View::new(transaction, about, masks);
    for found in found {
        write(&view, &found, out, true);
    }
}

/// Appends the line of a match; `client`: with the client's address before it.
pub(super) fn write(view: &View<'_>, found: &Match<'_>, out: &mut Vec<u8>, client: bool) {
    let transaction = view.transaction;
    let shown = view.shown(found, LIMIT);
    let info = found.rule;
    if client {
        out.extend_from_slice(b"[client ");
        escape::line(out, transaction.value(Variable::RemoteAddr), LIMIT);
        out.extend_from_slice(b"] ");
    }
    out.extend_from_slice(b"ModSecurity: ");
    outcome(view, found, out);
    out.extend_from_slice(&matched(found, &shown, escape::line));
    let number = |number: Option<u8>| number.unwrap_or(0).to_string();
    let cut_field = |out: &mut Vec<u8>, name: &str, value: &[u8], missing| {
        out.extend_from_slice(b" [");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b" \"");
        escape::line(out, value, usize::MAX);
        escape::omitted(out, missing);
        out.extend_from_slice(b"\"]");
    };
    let field = |out: &mut Vec<u8>, name: &str, value: &[u8]| {
        let shown = value.get(..LIMIT).unwrap_or(value);
        cut_field(out, name, shown, value.len() - shown.len());
    };
    field(out, "file", info.file.as_bytes());
    field(out, "line", info.line.to_string().as_bytes());
    field(out, "id", info.id.to_string().as_bytes());
    field(out, "rev", &info.rev);
    cut_field(out, "msg", &shown.msg.text, shown.msg.missing);
    cut_field(out, "data", &shown.data.text, shown.data.missing);
    field(out, "severity", number(info.severity).as_bytes());
    field(out, "ver", &info.ver);
    field(out, "maturity", number(info.maturity).as_bytes());
    field(out, "accuracy", number(info.accuracy).as_bytes());
    for tag in &shown.tags {
        cut_field(out, "tag", &tag.text, tag.missing);
    }
    field(out, "hostname", host(transaction));
    field(out, "uri", &view.path());
    field(out, "unique_id", transaction.value(Variable::UniqueId));
    field(out, "ref", b"");
    out.push(b'\n');
}

/// The host that the client asked for, or the address that it reached.
pub(super) fn host(transaction: &Transaction) -> &[u8] {
    match transaction.value(Variable::ServerName) {
        b"" => transaction.value(Variable::ServerAddr),
        name => name,
    }
}

/// What became of the exchange by this match.
fn outcome(view: &View<'_>, found: &Match<'_>, out: &mut Vec<u8>) {
    let transaction = view.transaction;
    let by_this = transaction
        .refused_by()
        .is_some_and(|rule| std::ptr::eq(rule, found.rule));
    let refusal = transaction
        .refusal()
        .filter(|_| by_this && found.disruptive);
    let Some(refusal) = refusal else {
        out.extend_from_slice(b"Warning. ");
        return;
    };
    match &refusal.kind {
        Kind::Deny { status, .. } => {
            escape::number(out, b"Access denied with code ", (*status).into());
        }
        Kind::Drop => out.extend_from_slice(b"Access denied with connection close"),
        Kind::Redirect(status, to) => {
            out.extend_from_slice(b"Access denied with redirection to ");
            escape::line(out, &view.header(b"location", to), LIMIT);
            escape::number(out, b" using status ", (*status).into());
        }
    }
    escape::number(out, b" (phase ", found.phase.into());
    out.extend_from_slice(b"). ");
}

/// What matched, in words. `push` appends a text, cut after so many bytes.
pub(super) fn matched(
    found: &Match<'_>,
    shown: &Shown<'_>,
    push: fn(&mut Vec<u8>, &[u8], usize),
) -> Vec<u8> {
    if shown.variable.is_empty() {
        return b"Unconditional match in SecAction.".to_vec();
    }
    let mut out = b"Matched \"Operator `".to_vec();
    if found.negated {
        out.push(b'!');
    }
    if let [first, rest @ ..] = found.operator.as_bytes() {
        out.push(first.to_ascii_uppercase());
        out.extend_from_slice(rest);
    }
    out.extend_from_slice(b"' with parameter `");
    push(&mut out, found.argument, LIMIT);
    out.extend_from_slice(b"' against variable `");
    push(&mut out, &shown.variable, LIMIT);
    out.extend_from_slice(b"' (Value: `");
    push(&mut out, &shown.value.text, usize::MAX);
    escape::omitted(&mut out, shown.value.missing);
    out.extend_from_slice(b"' )");
    out
}
