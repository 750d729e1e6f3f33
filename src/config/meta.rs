//! Names of the objects that a piece of configuration came from.

use std::{fmt, sync::Arc};

/// The kinds that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// `networking.k8s.io/v1` Ingress and its legacy forms.
    Ingress,
    /// `networking.k8s.io/v1` IngressClass.
    IngressClass,
    /// Core Service.
    Service,
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice,
    /// Core Secret.
    Secret,
    /// Core ConfigMap.
    ConfigMap,
    /// `portcullis.dev/v1alpha1` WafPolicy.
    WafPolicy,
    /// `portcullis.dev/v1alpha1` ClusterWafPolicy.
    ClusterWafPolicy,
    /// A file itself, where no object in it could be told.
    File,
}

impl ObjectKind {
    /// The kind as manifests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::IngressClass => "IngressClass",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::WafPolicy => "WafPolicy",
            Self::ClusterWafPolicy => "ClusterWafPolicy",
            Self::File => "File",
        }
    }
}

/// An object's name. `namespace` is empty for kinds without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        if namespace.is_empty() {
            write!(f, "{} {name}", kind.as_str())
        } else {
            write!(f, "{} {namespace}/{name}", kind.as_str())
        }
    }
}

/// What a rule is called in logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleMeta {
    /// The object that the rule stands in.
    pub object: ObjectRef,
    /// The Service that it forwards to, empty if it does not.
    pub service: Arc<str>,
    /// The Service port as written, a name or a number; empty where there is none.
    pub service_port: Arc<str>,
    /// The host as written, `*` wildcards included, empty for every host.
    pub host: Arc<str>,
    /// The path as written.
    pub path: Arc<str>,
}
