//! A cluster as a source of objects: every kind listed and watched at its API server.
//!
//! Base watches read whole kinds, by namespace where namespaces are named; of Secrets they read those of
//! type `kubernetes.io/tls`. Other Secrets and all ConfigMaps are watched by name, as long as some object
//! names them. A kind is synced when every watch of it has had its first list, or cannot have one for a
//! reason that will not go away by itself.
//!
//! Invariant: what cannot be read changes nothing. An object that cannot be understood keeps its last
//! good version and is a Problem; an API server that does not answer leaves the store as it is.
//! Non-goal: writing to the cluster.

mod backoff;
mod client;
mod contact;
mod earlier;
mod ending;
mod events;
mod kinds;
mod named;
mod progress;
mod saved;
mod scope;
mod source;
mod statuses;
mod watch;

use backoff::Backoff;
pub use client::{Client, ConnectError, connect};
pub use contact::Contact;
pub use earlier::{fall_back, keep};
pub(in crate::control) use kinds::{LAST_APPLIED, POLICY_GROUP, POLICY_VERSION};
pub use saved::{Earlier, SavedError, SavedObjects};
pub use source::{KubeSource, WatchSettings};
pub(in crate::control) use statuses::Status;
pub use statuses::Statuses;
