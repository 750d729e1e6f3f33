//! The firewalls of rules: policies, annotations, options and the command line together.
//!
//! The way: each object is read by itself (`spec`, `read`: what it sets and what is wrong with it), then
//! it is known which policies are for what (`index`), and what the policies of all levels make together
//! for a rule (`compose`): Ingress over Service over namespace over the operator's, field by field.
//!
//! Invariant: what is broken or less than the operator's minimum makes no firewall weaker. Non-goal:
//! compiling rules; that is `snapshot`'s.

mod annotation;
mod compose;
mod cookies;
mod exclusions;
mod firewalls;
mod floor;
mod guard;
mod index;
mod mode;
mod policy;
mod read;
mod sets;
mod spec;

pub use annotation::ModSecurityOptions;

pub(super) use annotation::ModSecurity;
pub(super) use cookies::{FoundCookies, NoKeys};
pub(super) use firewalls::{
    Changed, Firewalls, Found, InFront, NO_RULE_SET, SNIPPET, snippet_origin,
};
pub(super) use guard::NOT_IN_FORCE;
