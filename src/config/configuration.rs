//! A configuration as a whole.

use std::{collections::BTreeMap, sync::Arc};

use super::{ClusterMap, Firewall, Options, Route, RuleOrigin};
use crate::{message::HostMatch, tls::CertificateBinding};

/// Everything that the objects of the moment ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Routes, the one with precedence first: where two claim the same match the first one has it.
    pub routes: Vec<Arc<Route>>,
    /// Every cluster that a route forwards to.
    pub clusters: ClusterMap,
    /// Certificates and the names that they are for, the one with precedence first.
    pub certificates: Vec<Arc<CertificateBinding>>,
    /// The certificate for every other name; without it a self-made one is served.
    pub default_certificate: Option<Arc<CertificateBinding>>,
    /// The firewall of requests that no rule is for, and of heads that the codec refuses.
    pub default_firewall: Option<Arc<Firewall>>,
    /// Hosts that ask clients for certificates, sorted.
    pub certificate_hosts: Vec<HostMatch>,
    /// Hosts whose key is not known at the moment, sorted: they get no certificate rather than one that
    /// is not theirs. [`HostMatch::Any`]: so do all that no certificate is for.
    pub refused_hosts: Vec<HostMatch>,
    /// Where the rules of firewalls were written, by the name of a file of theirs or of their source.
    /// What is wrong with one that is not here is said of a file of its name.
    pub rule_origins: BTreeMap<Arc<str>, RuleOrigin>,
    /// What is set for the whole proxy.
    pub options: Arc<Options>,
}
