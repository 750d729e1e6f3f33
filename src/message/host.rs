//! Host names: patterns that configuration uses.

/// Which hosts something is for. Names are lower-case ASCII without a port or a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostMatch {
    /// This name alone.
    Exact(Box<str>),
    /// `*.suffix`: exactly one label before the suffix (Ingress v1). Holds the suffix, without `*.`.
    Wildcard(Box<str>),
    /// Every host that no other host match claims.
    Any,
}
