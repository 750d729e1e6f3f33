//! What the options come to.

use std::collections::BTreeSet;

use crate::{
    config::Options,
    control::translate::{AccessControl, firewall::ModSecurityOptions},
    policy::{Hsts, HttpsRedirect},
    upstream::Balancer,
};

/// Options for the whole proxy, and for the translation of every object.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalOptions {
    /// What the proxy needs to know. `defaults.https_redirect` and `defaults.hsts` are what a host
    /// with TLS gets unless its Ingress says otherwise.
    pub options: Options,
    /// How a redirect to HTTPS is made where one is asked for (`http-redirect-code`). Its port is the
    /// external one (`https-port`).
    pub https_redirect: HttpsRedirect,
    /// Let redirects name the port that is listened on (`use-port-in-redirects`).
    pub port_in_redirects: bool,
    /// The balancer of Services whose Ingress names none (`load-balance`).
    pub balancer: Balancer,
    /// Reach Services at their cluster IP unless their Ingress says otherwise (`service-upstream`).
    pub by_cluster_ip: bool,
    /// Paths of Ingresses that begin so are never redirected to HTTPS (`no-tls-redirect-locations`).
    pub no_https_redirect: Vec<Box<str>>,
    /// Paths of Ingresses that begin so are exempt from logins (`no-auth-locations`).
    pub no_login: Vec<Box<str>>,
    /// The firewall that is asked for everywhere (`enable-modsecurity`).
    pub firewall: ModSecurityOptions,
    /// Access control that is asked for everywhere.
    pub access_control: BTreeSet<AccessControl>,
}

impl Default for GlobalOptions {
    fn default() -> Self {
        Draft::default().finish(BTreeSet::new())
    }
}

/// Options while they are being read: several keys may make one option.
pub(super) struct Draft {
    pub(super) options: Options,
    pub(super) ssl_redirect: bool,
    pub(super) https_redirect: HttpsRedirect,
    pub(super) port_in_redirects: bool,
    pub(super) send_hsts: bool,
    pub(super) hsts: Hsts,
    pub(super) balancer: Balancer,
    pub(super) by_cluster_ip: bool,
    pub(super) no_https_redirect: Vec<Box<str>>,
    pub(super) no_login: Vec<Box<str>>,
    pub(super) firewall: ModSecurityOptions,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            options: Options::default(),
            ssl_redirect: true,
            https_redirect: HttpsRedirect::default(),
            port_in_redirects: false,
            send_hsts: true,
            hsts: Hsts::default(),
            balancer: Balancer::default(),
            by_cluster_ip: false,
            no_https_redirect: vec![ACME.into()],
            no_login: vec![ACME.into()],
            firewall: ModSecurityOptions::default(),
        }
    }
}

/// Where certificate authorities look for proofs (RFC 8555 section 8.3), in the clear.
const ACME: &str = "/.well-known/acme-challenge";

impl Draft {
    pub(super) fn finish(self, access_control: BTreeSet<AccessControl>) -> GlobalOptions {
        let Self {
            mut options,
            ssl_redirect,
            https_redirect,
            port_in_redirects,
            send_hsts,
            hsts,
            balancer,
            by_cluster_ip,
            no_https_redirect,
            no_login,
            firewall,
        } = self;
        options.defaults.https_redirect = ssl_redirect.then_some(https_redirect);
        options.defaults.hsts = send_hsts.then_some(hsts);
        GlobalOptions {
            options,
            https_redirect,
            port_in_redirects,
            balancer,
            by_cluster_ip,
            no_https_redirect,
            no_login,
            firewall,
            access_control,
        }
    }
}
