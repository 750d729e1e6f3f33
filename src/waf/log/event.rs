//! The event: one line of JSON for an exchange in which something was found.
//!
//! Keys stand in a fixed order; those that say nothing are left out. Invariant: a line is at most
//! [`LIMIT`] bytes; what did not fit is counted, and the line says so.

use super::{
    About, Action, Masks,
    date::Date,
    error_line::host,
    json::{self, Object},
    view::View,
};
use crate::waf::{Match, Transaction, Variable, seclang::EngineMode};

/// Bytes of a line, its line feed included.
pub(super) const LIMIT: usize = 64 << 10;

/// What is kept of them for what follows the matches.
const TAIL: usize = 128;

/// Bytes shown of the target.
const TARGET: usize = 2 << 10;
/// Bytes shown of a value, a message, its data or an operator's argument.
const LONG: usize = 1 << 10;
/// Bytes shown of every other text.
const SHORT: usize = 256;
/// Tags shown of a match.
const TAGS: usize = 32;

/// Names of severities, by number.
pub(in crate::waf) const SEVERITIES: [&str; 8] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "debug",
];

/// Members of `TX` that have the score in the Core Rule Set: 4, then 3.
const INBOUND: [&str; 2] = ["blocking_inbound_anomaly_score", "anomaly_score"];
const OUTBOUND: [&str; 2] = ["blocking_outbound_anomaly_score", "outbound_anomaly_score"];

/// Appends the event of an exchange, its line feed included, if a rule matched that wants to be logged
/// or the exchange was refused. Returns whether there is one.
pub fn event(
    transaction: &Transaction,
    about: &About<'_>,
    masks: &Masks,
    out: &mut Vec<u8>,
) -> bool {
    let found = transaction.matches().next().is_some() || transaction.matches_lost() > 0;
    let told = about.refused.is_some() || about.uninspected.is_some();
    if !found && !told && transaction.refusal().is_none() {
        return false;
    }
    let view = View::new(transaction, about, masks);
    let start = out.len();
    let mut object = Object::new(out);
    let mut cut = head(&view, &mut object);
    let matches = object.key("matches");
    matches.push(b'[');
    let mut lost = transaction.matches_lost();
    for found in transaction.matches() {
        let before = matches.len();
        if matches.last() == Some(&b'}') {
            matches.push(b',');
        }
        cut |= one_match(&view, &found, matches);
        if matches.len() - start > LIMIT - TAIL {
            matches.truncate(before);
            lost += 1;
            cut = true;
        }
    }
    matches.push(b']');
    if lost > 0 {
        object.number("matches_lost", i64::try_from(lost).unwrap_or(i64::MAX));
    }
    if cut {
        object.flag("truncated", true);
    }
    object.end();
    out.push(b'\n');
    true
}

/// Writes what there is to say of the exchange as a whole; returns whether something was cut.
fn head(view: &View<'_>, object: &mut Object<'_>) -> bool {
    let (transaction, about) = (view.transaction, view.about);
    let About {
        status,
        route,
        policy,
        refused,
        action,
        uninspected,
        request_body: _,
        request_body_cut: _,
        response_body: _,
    } = about;
    let value = |variable| transaction.value(variable);
    let mode = match transaction.policy().mode() {
        EngineMode::On => "block",
        EngineMode::DetectionOnly => "detect",
        EngineMode::Off => "off",
    };
    let action = action.unwrap_or_else(|| Action::of(transaction, about).as_str());
    let mut cut = false;
    let time = Date::of(transaction.began()).iso();
    for (key, text, limit) in [
        ("time", time.as_bytes(), SHORT),
        ("request_id", value(Variable::UniqueId), SHORT),
        ("client", value(Variable::RemoteAddr), SHORT),
        ("host", host(transaction), SHORT),
        ("method", &view.text(value(Variable::RequestMethod)), SHORT),
        ("uri", &view.target, TARGET),
        ("route", route.as_bytes(), SHORT),
        ("policy", policy.as_bytes(), SHORT),
        ("mode", mode.as_bytes(), SHORT),
        ("action", action.as_bytes(), SHORT),
        ("refused", refused.unwrap_or_default().as_bytes(), SHORT),
        (
            "uninspected",
            uninspected.unwrap_or_default().as_bytes(),
            SHORT,
        ),
    ] {
        if !text.is_empty() {
            cut |= object.text(key, text, limit);
        }
    }
    if *status > 0 {
        object.number("status", (*status).into());
    }
    let (inbound, outbound) = scores(transaction);
    if inbound.is_some() || outbound.is_some() {
        let mut scores = Object::new(object.key("scores"));
        for (key, score) in [("inbound", inbound), ("outbound", outbound)] {
            if let Some(score) = score {
                scores.number(key, score);
            }
        }
        scores.end();
    }
    cut
}

/// The scores of the request and of the response, where the rules keep them as the Core Rule Set does.
pub fn scores(transaction: &Transaction) -> (Option<i64>, Option<i64>) {
    let score = |names: [&str; 2]| names.iter().find_map(|name| transaction.number(name));
    (score(INBOUND), score(OUTBOUND))
}

fn one_match(view: &View<'_>, found: &Match<'_>, out: &mut Vec<u8>) -> bool {
    let shown = view.shown(found, LONG);
    let info = found.rule;
    let mut cut = false;
    let mut object = Object::new(out);
    object.number("id", i64::try_from(info.id).unwrap_or(i64::MAX));
    object.number("phase", found.phase.into());
    let severity = info
        .severity
        .and_then(|number| SEVERITIES.get(usize::from(number)));
    let operator = match found.negated {
        true => format!("!{}", found.operator),
        false => found.operator.to_owned(),
    };
    for (key, text, limit) in [
        ("msg", &*shown.msg.text, LONG),
        ("data", &*shown.data.text, LONG),
        ("severity", severity.unwrap_or(&"").as_bytes(), SHORT),
        ("variable", &*shown.variable, SHORT),
        ("value", &*shown.value.text, LONG),
        ("operator", operator.as_bytes(), SHORT),
        ("argument", found.argument, LONG),
        ("file", info.file.as_bytes(), SHORT),
    ] {
        if !text.is_empty() {
            cut |= object.text(key, text, limit);
        }
    }
    object.number("line", info.line.into());
    let missing = [&shown.msg, &shown.data, &shown.value];
    cut |= missing.iter().any(|text| text.missing > 0);
    if !shown.tags.is_empty() {
        let tags = shown.tags.iter().take(TAGS).map(|tag| &tag.text);
        cut |= shown.tags.len() > TAGS || shown.tags.iter().any(|tag| tag.missing > 0);
        cut |= json::texts(object.key("tags"), tags, SHORT);
    }
    object.flag("disruptive", found.disruptive);
    if shown.masked {
        object.flag("masked", true);
    }
    object.end();
    cut
}
