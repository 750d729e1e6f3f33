//! Cookies of a request, checked before anybody looks at them.

use std::{rc::Rc, sync::Arc, time::SystemTime};

use super::forwarded::{Client, Peer};
use crate::{
    message::{FieldId, RequestHead, Target},
    policy::{CookieClient, CookieExchange, CookieIntegrity, CookieVerdict},
};

/// Checks the cookies of a request and leaves in its head what passes, without signatures.
pub(super) fn check(
    settings: &Arc<CookieIntegrity>,
    (client, peer): (Client, &Peer),
    target: &Target,
    head: &mut RequestHead,
) -> (Rc<CookieExchange>, CookieVerdict) {
    let certificate = peer.certificate.as_ref();
    let client = CookieClient {
        host: target.host(),
        address: client.address,
        user_agent: head.find(FieldId::UserAgent).unwrap_or_default(),
        certificate: certificate.map_or(b"", |it| it.leaf()),
    };
    let exchange = CookieExchange::new(settings, &client);
    let fields = head.fields().filter(|field| field.id == FieldId::Cookie);
    let values = fields.map(|field| field.value);
    let checked = exchange.check(&client, values, SystemTime::now());
    if let Some(value) = checked.value {
        let value = (!value.is_empty()).then_some(value);
        head.replace(FieldId::Cookie, value.as_deref());
    }
    (Rc::new(exchange), checked.verdict)
}
