//! Routes: the one routing model that Ingress, annotations and later Gateway API lower to.

use std::sync::Arc;

use super::{Firewall, ObjectRef, RuleMeta};
use crate::{message::HostMatch, policy::RoutePolicy, routing::Match, upstream::ClusterId};

/// The rules of one object for some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The object that it came from.
    pub object: ObjectRef,
    /// The hosts that it is for.
    pub hosts: Vec<HostMatch>,
    /// Its rules, in the order written.
    pub rules: Vec<Rule>,
}

/// What to do with requests that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Any of these is enough.
    pub matches: Vec<Match>,
    /// Everything that is set for the rule. Shared, since most rules of an object have the same.
    pub policy: Arc<RoutePolicy>,
    /// The firewall in front of it.
    pub firewall: Option<Arc<Firewall>>,
    /// What happens.
    pub action: Action,
    /// What the rule is called.
    pub meta: Arc<RuleMeta>,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is forwarded.
    Forward(Forward),
    /// It is refused, mostly with 403: a security setting could not be honoured.
    Deny(DenyReason),
    /// It is answered 503: the backend that the rule names cannot be used.
    Unavailable,
    /// It is answered 404: the rule claims its hosts and has no backend for the path.
    NotFound,
}

/// Forward to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The cluster's name.
    pub cluster: ClusterId,
    /// The cluster for requests that came over TLS, where it is another one: ingress-nginx's
    /// `backend-protocol: AUTO_HTTP` speaks to the upstream what the client spoke.
    pub cluster_over_tls: Option<ClusterId>,
}

/// Why a rule refuses everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// An access-control annotation that is not implemented: nobody loses protection by moving here.
    UnsupportedAccessControl,
    /// A security setting whose value could not be understood.
    BrokenSecuritySetting,
    /// Cookies are to be verified, and cannot be: its answer is 503.
    BrokenCookieIntegrity,
}
