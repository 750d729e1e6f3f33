//! Bodies as the audit log may show them.
//!
//! Forms and JSON have masked fields replaced. What is not understood, or has a field that cannot be
//! found in it again, is left out as a whole, with a note.

use std::borrow::Cow;

use super::super::view::View;
use crate::waf::Variable;

/// Bytes of a body that an entry shows, and that are worth keeping for it.
pub const BODY_KEPT: usize = 64 << 10;

/// Stands for a body that is left out.
const LEFT_OUT: &[u8] = b"[left out: it may hold what is masked]";

/// The request's body; empty where it was not kept.
pub(super) fn request<'a>(view: &View<'a>) -> Cow<'a, [u8]> {
    let transaction = view.transaction;
    let body = match transaction.decoded_body() {
        _ if view.about.request_body.is_empty() => return Cow::Borrowed(b""),
        b"" => view.about.request_body,
        decoded => decoded,
    };
    let body = body.get(..BODY_KEPT).unwrap_or(body);
    let read = transaction.value(Variable::ReqbodyProcessorError) == b"0";
    let shown = match transaction.value(Variable::ReqbodyProcessor) {
        b"URLENCODED" if read => Cow::Owned(view.query(body)),
        b"JSON" if read => view.text(body),
        _ if view.form_hides() || view.mentions(body) => return Cow::Borrowed(LEFT_OUT),
        _ => Cow::Borrowed(body),
    };
    match view.holds_secret(&shown) {
        true => Cow::Borrowed(LEFT_OUT),
        false => shown,
    }
}

/// The response's body; empty where it was not kept.
pub(super) fn response<'a>(view: &View<'a>) -> Cow<'a, [u8]> {
    let body = view.about.response_body;
    let body = body.get(..BODY_KEPT).unwrap_or(body);
    let kind = view.transaction.value(Variable::ResponseContentType);
    let shown = match memchr::memmem::find(kind, b"json") {
        Some(_) => view.text(body),
        None if view.mentions(body) => return Cow::Borrowed(LEFT_OUT),
        None => Cow::Borrowed(body),
    };
    match view.holds_secret(&shown) {
        true => Cow::Borrowed(LEFT_OUT),
        false => shown,
    }
}
