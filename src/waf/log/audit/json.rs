//! An audit log entry as ModSecurity 3 has it in JSON: `{"transaction":{...}}`, one line.
//!
//! Differences: numbers that are numbers are written so; headers that repeat are keys that repeat.

use super::{
    super::{
        About, Masks,
        date::Date,
        error_line::matched,
        escape,
        json::{Object, texts},
        view::View,
    },
    bodies,
    native::{PRODUCER, audited},
};
use crate::waf::{Match, Transaction, Variable, seclang::EngineMode, values::List};

/// Texts are bounded by what the exchange holds.
const WHOLE: usize = usize::MAX;

/// Bytes of messages after which no other begins.
const MESSAGES: usize = 256 << 10;

/// Bytes shown of a message, its data or a tag.
const LIMIT: usize = 4 << 10;

/// Appends the entry of an exchange, its line feed included, with the parts that `SecAuditLogParts` or
/// `ctl:auditLogParts` name: A always, and B, C, E, F, H, I, J where they are.
pub fn audit_json(transaction: &Transaction, about: &About<'_>, masks: &Masks, out: &mut Vec<u8>) {
    let view = View::new(transaction, about, masks);
    let parts = transaction.audit_parts();
    let value = |variable| transaction.value(variable);
    let mut entry = Object::new(out);
    let mut object = Object::new(entry.key("transaction"));
    let time = Date::of(transaction.began()).asctime();
    object.text("client_ip", value(Variable::RemoteAddr), WHOLE);
    object.text("time_stamp", time.as_bytes(), WHOLE);
    object.text("client_port", value(Variable::RemotePort), WHOLE);
    object.text("host_ip", value(Variable::ServerAddr), WHOLE);
    object.text("host_port", value(Variable::ServerPort), WHOLE);
    object.text("unique_id", value(Variable::UniqueId), WHOLE);
    let mut request = Object::new(object.key("request"));
    request.text("method", &view.text(value(Variable::RequestMethod)), WHOLE);
    request.text(
        "protocol",
        &view.text(value(Variable::RequestProtocol)),
        WHOLE,
    );
    request.text("uri", &view.target, WHOLE);
    if parts.has(b'C') || parts.has(b'I') {
        request.text("body", &bodies::request(&view), WHOLE);
        if about.request_body_cut {
            request.flag("truncated", true);
        }
    }
    if parts.has(b'B') {
        headers(&view, List::RequestHeaders, request.key("headers"));
    }
    if parts.has(b'J') {
        uploads(&view, request.key("files"));
    }
    request.end();
    let mut response = Object::new(object.key("response"));
    response.number("http_code", about.status.into());
    if parts.has(b'E') {
        response.text("body", &bodies::response(&view), WHOLE);
    }
    if parts.has(b'F') {
        headers(&view, List::ResponseHeaders, response.key("headers"));
    }
    response.end();
    if parts.has(b'H') {
        producer(&view, object.key("producer"));
        if let Some(cause) = about.refused {
            object.text("refused", cause.as_bytes(), WHOLE);
        }
        let lost = messages(&view, object.key("messages")) + transaction.matches_lost();
        if lost > 0 {
            object.number("messages_lost", i64::try_from(lost).unwrap_or(i64::MAX));
        }
    }
    object.end();
    entry.end();
    out.push(b'\n');
}

fn headers(view: &View<'_>, list: List, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    for (name, value) in view.transaction.list(list).iter() {
        object.text_of(name, &view.header_of(list, name, value));
    }
    object.end();
}

fn uploads(view: &View<'_>, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    for (field, file) in view.transaction.list(List::Files).iter() {
        let (field, file) = view.argument(field, file);
        object.text_of(&field, &file);
    }
    object.end();
}

fn producer(view: &View<'_>, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    object.text("modsecurity", PRODUCER.as_bytes(), WHOLE);
    let engine = match view.transaction.engine() {
        EngineMode::On => "Enabled",
        EngineMode::DetectionOnly => "DetectionOnly",
        EngineMode::Off => "Disabled",
    };
    object.text("secrules_engine", engine.as_bytes(), WHOLE);
    let components = &view.transaction.policy().settings().components;
    texts(object.key("components"), components, WHOLE);
    object.end();
}

/// Writes the messages; returns how many found no room.
fn messages(view: &View<'_>, out: &mut Vec<u8>) -> u64 {
    out.push(b'[');
    let (start, mut lost) = (out.len(), 0);
    for found in audited(view.transaction) {
        if out.len() - start > MESSAGES {
            lost += 1;
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        message(view, &found, out);
    }
    out.push(b']');
    lost
}

fn message(view: &View<'_>, found: &Match<'_>, out: &mut Vec<u8>) {
    let shown = view.shown(found, LIMIT);
    let info = found.rule;
    let mut object = Object::new(out);
    object.text("message", &shown.msg.text, WHOLE);
    let mut details = Object::new(object.key("details"));
    details.text("match", &matched(found, &shown, escape::raw), WHOLE);
    details.text("reference", b"", WHOLE);
    details.text("ruleId", info.id.to_string().as_bytes(), WHOLE);
    details.text("file", info.file.as_bytes(), WHOLE);
    details.text("lineNumber", info.line.to_string().as_bytes(), WHOLE);
    details.text("data", &shown.data.text, WHOLE);
    for (key, number) in [
        ("severity", info.severity),
        ("maturity", info.maturity),
        ("accuracy", info.accuracy),
    ] {
        details.text(key, number.unwrap_or(0).to_string().as_bytes(), WHOLE);
    }
    details.text("ver", &info.ver, WHOLE);
    details.text("rev", &info.rev, WHOLE);
    texts(
        details.key("tags"),
        shown.tags.iter().map(|tag| &tag.text),
        WHOLE,
    );
    let missing = shown.msg.missing + shown.data.missing;
    if missing > 0 {
        details.flag("truncated", true);
    }
    details.end();
    object.end();
}
