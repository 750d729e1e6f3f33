//! Which rule answers a request: hosts, paths, methods, fields.
//!
//! The rules of one host compile to a [`HostRoutes`], which snapshots share by `Arc`; a
//! [`RouteTable`] is the hosts together, cheap to assemble anew when one of them changes.
//!
//! The host is chosen first and alone: the exact name, else the wildcard for its parent domain, else
//! [`HostMatch::Any`](crate::message::HostMatch::Any). A request whose host was found never falls
//! through to a less specific one, whatever its path.
//!
//! Among the rules of the host that match, the first by this order answers:
//!
//! 1. an `Exact` path before all others;
//! 2. the longest path as written, in bytes, a prefix without its trailing slash and a regular
//!    expression by its pattern: ingress-nginx's order for hosts with regular expressions, and for
//!    prefixes alone that of Ingress v1 and Gateway API;
//! 3. at equal length, `Prefix` before `Regex`;
//! 4. a rule with a method, then more header matches, then more query matches (Gateway API
//!    `HTTPRouteRule.matches`);
//! 5. the rule that was given first.
//!
//! Invariant: look-ups neither allocate nor take a lock, and no request makes one slower than the
//! rules themselves allow. Non-goal: what happens once a rule is found; that is policy and proxy.

mod conditions;
mod host_routes;
mod matches;
mod path_index;
mod pattern;
mod table;
#[cfg(test)]
mod tests;

pub use host_routes::HostRoutes;
pub use matches::{FieldMatch, Match, PathMatch, TextMatch};
pub use pattern::PatternError;
pub use table::RouteTable;
