//! What is set for a rule: annotations over the options for the whole proxy.

use std::sync::Arc;

use super::{annotations::AnnotationSettings, settings::TranslateSettings};
use crate::policy::{
    ClientCertificatePolicy, CookieIntegrity, HttpsRedirect, RoutePolicy, Timeouts,
};

/// Makes policies, and shares the ones made last: most rules have one of very few.
#[derive(Debug, Default)]
pub(super) struct PolicyMaker {
    recent: Vec<Arc<RoutePolicy>>,
}

/// What a rule's policy takes over from its host, and from the policies of the firewall.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostPolicy<'a> {
    /// Whether it has TLS.
    pub(super) tls: bool,
    /// What is asked of client certificates.
    pub(super) certificate: Option<&'a Arc<ClientCertificatePolicy>>,
    /// What is done to cookies.
    pub(super) cookies: Option<&'a Arc<CookieIntegrity>>,
    /// Nothing of this may be redirected.
    pub(super) never_redirected: bool,
}

/// How many policies are remembered.
const RECENT: usize = 32;

impl PolicyMaker {
    /// `path` is as written in the Ingress.
    pub(super) fn make(
        &mut self,
        annotations: &AnnotationSettings,
        settings: &TranslateSettings,
        host: HostPolicy<'_>,
        path: &str,
    ) -> Arc<RoutePolicy> {
        let policy = policy(annotations, settings, host, path);
        if let Some(known) = self.recent.iter().find(|known| ***known == policy) {
            return Arc::clone(known);
        }
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        let policy = Arc::new(policy);
        self.recent.push(Arc::clone(&policy));
        policy
    }
}

fn policy(
    annotations: &AnnotationSettings,
    settings: &TranslateSettings,
    host: HostPolicy<'_>,
    path: &str,
) -> RoutePolicy {
    let globals = &settings.options;
    let RoutePolicy {
        https_redirect,
        hsts,
        names_server,
        client_certificate: _,
        cookies: _,
        body_limit,
        timeouts,
        refuse_encoded_slashes,
    } = &globals.options.defaults;
    let Timeouts {
        connect,
        read,
        send,
        request,
    } = *timeouts;
    let force = annotations
        .force_ssl_redirect
        .unwrap_or(globals.options.force_https_redirect);
    let if_tls = annotations.ssl_redirect.unwrap_or(https_redirect.is_some());
    let exempt = host.never_redirected
        || globals
            .no_https_redirect
            .iter()
            .any(|start| path.starts_with(&**start));
    let redirected = !exempt && (force || (if_tls && host.tls));
    let mut redirect = globals.https_redirect;
    let names_port = annotations
        .port_in_redirects
        .unwrap_or(globals.port_in_redirects);
    // Whoever says which port clients use knows better than the one that listens.
    if names_port && redirect.port == HttpsRedirect::default().port {
        redirect.port = settings.https_port.unwrap_or(redirect.port);
    }
    RoutePolicy {
        https_redirect: redirected.then_some(redirect),
        hsts: hsts.filter(|_| host.tls),
        names_server: *names_server,
        client_certificate: host.certificate.cloned(),
        cookies: host.cookies.cloned(),
        body_limit: annotations.body_limit.unwrap_or(*body_limit),
        timeouts: Timeouts {
            connect: annotations.connect_timeout.unwrap_or(connect),
            read: annotations.read_timeout.unwrap_or(read),
            send: annotations.send_timeout.unwrap_or(send),
            request: annotations.request_timeout.unwrap_or(request),
        },
        refuse_encoded_slashes: *refuse_encoded_slashes,
    }
}
