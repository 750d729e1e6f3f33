//! What a rule asks of a request, as plain data: a superset of Gateway API's `HTTPRouteMatch`.

use super::{PatternError, conditions::Conditions, host_routes::PathSpan};

/// Which canonical paths a rule belongs to. Paths begin with `/`; comparison is case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// The whole path.
    Exact(Box<str>),
    /// Element-wise: `/foo` and `/foo/` both match `/foo`, `/foo/` and `/foo/bar`, not `/foobar`.
    Prefix(Box<str>),
    /// A regular expression that has to match from the start of the path (it is anchored there).
    Regex {
        /// The pattern, without the anchor.
        pattern: Box<str>,
        /// Whether letters match regardless of case.
        case_insensitive: bool,
    },
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// Equal byte for byte.
    Exact(Box<str>),
    /// A regular expression that has to match the whole text.
    Regex(Box<str>),
}

/// A condition on a request field or query parameter. Parameters are compared form-decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldMatch {
    /// The name; field names are lower-case here and compared without regard to case, query
    /// parameter names are compared byte for byte.
    pub name: Box<str>,
    /// What the value has to be. Where a field is repeated, one equal value is enough.
    pub value: TextMatch,
}

/// All the conditions of one rule; every one of them must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The path.
    pub path: PathMatch,
    /// The method as sent, if it matters.
    pub method: Option<Box<str>>,
    /// Conditions on request fields.
    pub headers: Vec<FieldMatch>,
    /// Conditions on query parameters.
    pub query: Vec<FieldMatch>,
}

impl Match {
    /// A match on the path alone.
    pub const fn path(path: PathMatch) -> Self {
        Self {
            path,
            method: None,
            headers: Vec::new(),
            query: Vec::new(),
        }
    }

    /// Whether the rule can be compiled, so that one that cannot is reported and left out rather
    /// than its whole host.
    ///
    /// # Errors
    /// What [`HostRoutes::build`](super::HostRoutes::build) would fail with because of this rule.
    pub fn check(&self) -> Result<(), PatternError> {
        PathSpan::check(&self.path)?;
        Conditions::compile(self).map(|_| ())
    }
}
