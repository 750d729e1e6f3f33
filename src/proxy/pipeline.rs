//! One request, from its head to what happens to it: fixed order, small steps, no waiting.

use std::{rc::Rc, sync::Arc};

use super::{
    error::ProxyError,
    forwarded::{Client, Peer},
    worker::View,
};
use crate::{
    http1::{BodyLength, RequestFraming},
    message::{FieldId, Method, RequestHead, Target, TargetError},
    policy::{CertificateRefusal, ClientCertificatePolicy, HttpsRedirect},
    snapshot::{Action, Rule},
    upstream::Cluster,
};

/// What happens to a request.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is forwarded.
    Forward(Rc<Cluster>),
    /// It is sent to the same place over HTTPS.
    RedirectToHttps(HttpsRedirect),
}

/// A request whose rule is known.
#[derive(Debug)]
pub(super) struct Routed {
    /// The rule, if one matches.
    pub rule: Option<Arc<Rule>>,
    /// Who asks.
    pub client: Client,
    /// What happens, or why nothing does.
    pub decision: Result<Decision, ProxyError>,
}

/// What the client expects before it sends the body, RFC 9110 section 10.1.1.
pub(super) fn check_expectation(head: &RequestHead) -> Result<(), ProxyError> {
    match head.find(FieldId::Expect) {
        Some(value) if !value.eq_ignore_ascii_case(b"100-continue") => {
            Err(ProxyError::ExpectationFailed)
        }
        _ => Ok(()),
    }
}

/// Methods that the proxy does not serve: it opens no tunnels to where a client says.
pub(super) fn check_method(head: &RequestHead) -> Result<(), ProxyError> {
    if head.method != Method::Connect {
        return Ok(());
    }
    Err(match Target::refuse_connect(head.target()) {
        TargetError::Connect => ProxyError::MethodNotAllowed,
        error => ProxyError::RequestTarget(error),
    })
}

/// Finds the rule of a request and decides. `target` has been resolved from `head`.
pub(super) fn route(
    view: &View,
    peer: &Peer,
    head: &RequestHead,
    target: &Target,
    framing: &RequestFraming,
) -> Routed {
    let snapshot = &view.snapshot;
    let client = Client::of(head, peer, &snapshot.config.options.client_address);
    let rule = snapshot
        .routes
        .find(target.host(), target.path(), target.query(), head);
    let decision = match rule {
        Some(rule) => decide(view, rule, (client, peer), target, framing),
        None => Err(ProxyError::NoRoute),
    };
    Routed {
        rule: rule.map(Arc::clone),
        client,
        decision,
    }
}

fn decide(
    view: &View,
    rule: &Rule,
    (client, peer): (Client, &Peer),
    target: &Target,
    framing: &RequestFraming,
) -> Result<Decision, ProxyError> {
    if let Action::Deny(reason) = rule.action {
        return Err(ProxyError::Denied(reason));
    }
    if rule.policy.refuse_encoded_slashes && target.has_encoded_slash() {
        return Err(ProxyError::EncodedSlash);
    }
    if !client.https
        && let Some(redirect) = rule.policy.https_redirect
    {
        // HTTP/1.0 may name no host, and then there is nowhere to send it.
        if target.host().is_empty() {
            return Err(ProxyError::RequestTarget(TargetError::NoHost));
        }
        return Ok(Decision::RedirectToHttps(redirect));
    }
    if let Some(policy) = &rule.policy.client_certificate {
        admit(peer, policy)?;
    }
    if let BodyLength::Sized(length) = framing.body
        && !rule.policy.body_limit.allows(length)
    {
        return Err(ProxyError::BodyTooLong);
    }
    match &rule.action {
        Action::Forward { cluster, over_tls } => {
            let cluster = over_tls
                .as_ref()
                .filter(|_| client.https)
                .unwrap_or(cluster);
            view.cluster(cluster)
                .map(Decision::Forward)
                .ok_or(ProxyError::NoEndpoint)
        }
        Action::Deny(reason) => Err(ProxyError::Denied(*reason)),
        Action::Unavailable => Err(ProxyError::Unavailable),
        Action::NotFound => Err(ProxyError::NoRoute),
    }
}

/// Asks the client's certificate. A connection that was made for a name that asks for none is the wrong
/// one (RFC 9110 section 15.5.20): the client has to make another, for this host.
fn admit(peer: &Peer, policy: &Arc<ClientCertificatePolicy>) -> Result<(), ProxyError> {
    match peer.judge(policy).outcome {
        Ok(()) => Ok(()),
        Err(CertificateRefusal::Subject) if peer.certificate.is_some() => {
            Err(ProxyError::CertificateSubject)
        }
        Err(_) if peer.tls.is_some() && peer.certificate.is_none() => Err(ProxyError::Misdirected),
        Err(_) => Err(ProxyError::Certificate),
    }
}
