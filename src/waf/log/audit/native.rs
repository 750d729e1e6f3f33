//! ModSecurity's sections: `--boundary-A--` and so on to `Z`.
//!
//! Differences: what is not ASCII, and control bytes but for line feeds and tabs, are written as
//! `\xhh`; the rules in section K are told by file, line and id.

use super::{
    super::{About, Masks, date::Date, error_line, escape, view::View},
    bodies::{self, BODY_KEPT},
};
use crate::waf::{
    Match, Transaction, Variable,
    seclang::{AuditParts, EngineMode},
    values::List,
};

/// What wrote an entry.
pub(super) const PRODUCER: &str = concat!("Portcullis/", env!("CARGO_PKG_VERSION"));

/// Appends the entry of an exchange. A and Z are there always, of the others those that
/// `SecAuditLogParts` or `ctl:auditLogParts` name and that hold something: B, C, E, F, H, I, J, K.
pub fn audit_native(
    transaction: &Transaction,
    about: &About<'_>,
    masks: &Masks,
    out: &mut Vec<u8>,
) {
    let view = View::new(transaction, about, masks);
    let parts = transaction.audit_parts();
    let mut sections = vec![(b'A', beginning(&view))];
    for (letter, write) in SECTIONS {
        let content = write(&view, parts);
        if !content.is_empty() {
            sections.push((*letter, content));
        }
    }
    sections.push((b'Z', Vec::new()));
    let boundary = boundary(&view, &sections);
    for (letter, content) in sections {
        out.extend_from_slice(b"--");
        out.extend_from_slice(boundary.as_bytes());
        out.extend_from_slice(&[b'-', letter, b'-', b'-', b'\n']);
        out.extend_from_slice(&content);
        out.push(b'\n');
    }
}

/// What writes a section: nothing where it is not wanted.
type Write = fn(&View<'_>, AuditParts) -> Vec<u8>;

const SECTIONS: &[(u8, Write)] = &[
    (b'B', request_head),
    (b'C', request_body),
    (b'E', response_body),
    (b'F', response_head),
    (b'H', trailer),
    (b'I', form),
    (b'J', uploads),
    (b'K', rules),
];

/// Eight digits that no section holds behind two dashes: what a client sends ends no section.
fn boundary(view: &View<'_>, sections: &[(u8, Vec<u8>)]) -> String {
    let transaction = view.transaction;
    let mut seed = transaction.value(Variable::UniqueId).to_vec();
    seed.extend_from_slice(&Date::of(transaction.began()).millis().to_le_bytes());
    loop {
        let digest = sha1_smol::Sha1::from(&seed).digest();
        let boundary = digest.to_string().get(..8).unwrap_or_default().to_owned();
        let line = format!("--{boundary}-");
        let finder = memchr::memmem::Finder::new(&line);
        if sections
            .iter()
            .all(|(_, content)| finder.find(content).is_none())
        {
            return boundary;
        }
        // At most as often as there are lines that look like one.
        seed = digest.bytes().to_vec();
    }
}

fn beginning(view: &View<'_>) -> Vec<u8> {
    let transaction = view.transaction;
    let mut out = format!("[{}]", Date::of(transaction.began()).common()).into_bytes();
    for variable in [
        Variable::UniqueId,
        Variable::RemoteAddr,
        Variable::RemotePort,
        Variable::ServerAddr,
        Variable::ServerPort,
    ] {
        out.push(b' ');
        text(&mut out, transaction.value(variable));
    }
    out.push(b'\n');
    out
}

fn request_head(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if parts.has(b'B') {
        let value = |variable| view.transaction.value(variable);
        text(&mut out, &view.text(value(Variable::RequestMethod)));
        out.push(b' ');
        text(&mut out, &view.target);
        out.push(b' ');
        text(&mut out, &view.text(value(Variable::RequestProtocol)));
        out.push(b'\n');
        headers(&mut out, view, List::RequestHeaders);
    }
    out
}

fn request_body(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    // As in ModSecurity 2: what need not be put together is shown as it is.
    if parts.has(b'C') || parts.has(b'I') && !is_multipart(view) {
        lines(&mut out, &bodies::request(view));
    }
    out
}

fn response_body(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if parts.has(b'E') {
        lines(&mut out, &bodies::response(view));
    }
    out
}

fn response_head(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if parts.has(b'F') && view.about.status > 0 {
        let protocol = match view.transaction.value(Variable::ResponseProtocol) {
            b"" => b"HTTP/1.1",
            sent => sent,
        };
        text(&mut out, protocol);
        escape::number(&mut out, b" ", view.about.status.into());
        out.push(b'\n');
        headers(&mut out, view, List::ResponseHeaders);
    }
    out
}

fn trailer(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if !parts.has(b'H') {
        return out;
    }
    let transaction = view.transaction;
    for found in audited(transaction) {
        out.extend_from_slice(b"Message: ");
        error_line::write(view, &found, &mut out, false);
    }
    if let Some(refusal) = transaction.refusal() {
        escape::number(
            &mut out,
            b"Action: Intercepted (phase ",
            refusal.phase.into(),
        );
        out.extend_from_slice(b")\n");
    }
    if let Some(cause) = view.about.refused {
        out.extend_from_slice(b"Action: Refused (");
        text(&mut out, cause.as_bytes());
        out.extend_from_slice(b")\n");
    }
    if view.about.request_body_cut {
        escape::number(&mut out, b"Request-Body: cut after ", BODY_KEPT as u64);
        out.extend_from_slice(b" bytes\n");
    }
    out.extend_from_slice(b"Producer: ");
    out.extend_from_slice(PRODUCER.as_bytes());
    for component in &transaction.policy().settings().components {
        out.extend_from_slice(b"; ");
        text(&mut out, component);
    }
    out.extend_from_slice(b".\nEngine-Mode: \"");
    out.extend_from_slice(match transaction.engine() {
        EngineMode::On => b"ENABLED",
        EngineMode::DetectionOnly => b"DETECTION_ONLY",
        EngineMode::Off => b"DISABLED",
    });
    out.extend_from_slice(b"\"\n");
    out
}

/// The fields of a multipart form as if it were an urlencoded one, without uploads.
fn form(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if !parts.has(b'I') || !is_multipart(view) {
        return out;
    }
    for (index, (name, value)) in view.transaction.list(List::Form).iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        let (name, value) = view.argument(name, value);
        urlencode(&mut out, &name);
        out.push(b'=');
        urlencode(&mut out, &value);
        if out.len() > BODY_KEPT {
            out.truncate(BODY_KEPT);
            break;
        }
    }
    if !out.is_empty() {
        out.push(b'\n');
    }
    out
}

fn uploads(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if parts.has(b'J') {
        let sizes = view.transaction.list(List::FileSizes).iter();
        for ((field, file), (_, size)) in view.transaction.list(List::Files).iter().zip(sizes) {
            let (field, file) = view.argument(field, file);
            text(&mut out, size);
            for quoted in [field, file] {
                out.extend_from_slice(b",\"");
                escape::line(&mut out, &quoted, usize::MAX);
                out.push(b'"');
            }
            out.push(b'\n');
        }
    }
    out
}

fn rules(view: &View<'_>, parts: AuditParts) -> Vec<u8> {
    let mut out = Vec::new();
    if parts.has(b'K') {
        for found in audited(view.transaction) {
            let info = found.rule;
            out.extend_from_slice(b"[file \"");
            escape::line(&mut out, info.file.as_bytes(), usize::MAX);
            escape::number(&mut out, b"\"] [line \"", info.line.into());
            escape::number(&mut out, b"\"] [id \"", info.id);
            out.extend_from_slice(b"\"]\n");
        }
    }
    out
}

/// The matches of rules that do not say `noauditlog`.
pub(super) fn audited(transaction: &Transaction) -> impl Iterator<Item = Match<'_>> {
    let asks = |found: &Match<'_>| transaction.rule_of(found).is_some_and(|rule| rule.audit);
    transaction.matches().filter(asks)
}

fn is_multipart(view: &View<'_>) -> bool {
    view.transaction.value(Variable::ReqbodyProcessor) == b"MULTIPART"
}

fn headers(out: &mut Vec<u8>, view: &View<'_>, list: List) {
    for (name, value) in view.transaction.list(list).iter() {
        text(out, name);
        out.extend_from_slice(b": ");
        text(out, &view.header_of(list, name, value));
        out.push(b'\n');
    }
}

/// Appends a text of one line.
fn text(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b' '..=b'~' | b'\t' => out.push(byte),
            _ => escape::hex(out, byte),
        }
    }
}

/// Appends a text of several lines, and ends the last.
fn lines(out: &mut Vec<u8>, content: &[u8]) {
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => text(out, line.strip_suffix(b"\r").unwrap_or(line)),
            None => text(out, line),
        }
        out.push(b'\n');
    }
}

/// Appends a text, or as much of it as fits into an entry.
fn urlencode(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text.get(..BODY_KEPT).unwrap_or(text) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
}
