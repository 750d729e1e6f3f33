//! From objects to configuration: Ingresses, Services, EndpointSlices and Secrets in, a
//! [`Config`](crate::config::Config) and problems out.
//!
//! The way: what an Ingress says by itself (`outline`: class, hosts, annotations), what Ingresses
//! that share a host make of it together (`hosts`), then routes, backends and certificates of each
//! (`ingress`), clusters of the Services that they use (`clusters`), and at last who
//! owns what two claim (`conflict`). Each result is kept until something that it was made of
//! changes, so one change costs what it touches and a walk over the rest.
//!
//! Invariant: the result depends on the objects alone, not on the order in which they came. Non-goal:
//! reading objects; that is a source's.

mod access_control;
mod annotations;
mod assembled;
mod backend;
mod changes;
mod class;
mod client_certificate;
mod clusters;
mod conflict;
mod firewall;
mod host;
mod hosts;
mod ingress;
mod names;
mod options;
mod outline;
mod path;
mod policy;
mod references;
mod report;
mod rows;
mod secret;
mod service;
mod settings;
mod solver;
mod tls;
mod translator;
mod users;
mod values;

#[cfg(test)]
mod tests;

pub use access_control::AccessControl;
pub use firewall::ModSecurityOptions;
pub use options::{GlobalOptions, options_from_config_map};
pub use references::{NamespaceReferences, References, is_foreign, references, served_ingresses};
pub(super) use secret::WITHHELD;
pub use settings::{ClassSelection, DefaultFirewall, TranslateSettings};
pub use translator::{Translation, Translator};
