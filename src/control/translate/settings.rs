//! What the operator decides about translation, as opposed to what the objects say.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use super::GlobalOptions;
use crate::{
    config::FirewallMode,
    control::{Key, source::rules::RuleFolders},
    upstream::NameTrust,
};

/// What holds for every object.
#[derive(Clone, Debug)]
pub struct TranslateSettings {
    /// Which Ingresses are served.
    pub class: ClassSelection,
    /// The Secret with the certificate for names that no Ingress binds; `None`: a self-made one.
    pub default_certificate: Option<Key>,
    /// Whether the author of the objects owns the machine. Where they do, a Service without
    /// EndpointSlices is reached at its cluster IP, and names may resolve to loopback.
    pub trust: NameTrust,
    /// Serve rules although they ask for access control that is not supported. Otherwise such rules
    /// are denied with 403.
    pub permit_unsupported_access_control: bool,
    /// Options for the whole proxy.
    pub options: GlobalOptions,
    /// The port of the first HTTPS listener, if there is one.
    pub https_port: Option<u16>,
    /// Addresses that stand in for the endpoints of Services, whether these exist or not.
    pub stand_ins: BTreeMap<Key, Vec<SocketAddr>>,
    /// The firewall of everything that no policy sets one for.
    pub firewall: Option<DefaultFirewall>,
    /// The folders of rules that this and policies name.
    pub rule_folders: Arc<RuleFolders>,
    /// A host belongs to the namespace of the oldest Ingress that has it, and to no other.
    pub strict_hosts: bool,
    /// Reach every Service at its cluster IP and let the network choose the pod, as the annotation
    /// `service-upstream` does for one Ingress.
    pub by_cluster_ip: bool,
    /// The zone that the process runs in: endpoints that EndpointSlices hint at for it go first.
    pub zone: Option<Box<str>>,
}

/// The firewall that the command line sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultFirewall {
    /// A folder of rules.
    pub rules: PathBuf,
    /// Whether requests are refused.
    pub mode: FirewallMode,
}

/// Which Ingresses are served, by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClassSelection {
    /// All, whatever their class.
    #[default]
    Every,
    /// Those of one of these classes: by `spec.ingressClassName`, else by the annotation
    /// `kubernetes.io/ingress.class`, else where the default IngressClass is one of them.
    Named(BTreeSet<String>),
    /// Those of a class whose IngressClass names this controller, found in the same order.
    Controller {
        /// `spec.controller` of the IngressClass.
        name: String,
        /// If there are any: only these classes. They count by name alone where there is no
        /// IngressClass of that name.
        only: BTreeSet<String>,
    },
}
