//! What is set for the cookies of a rule.

use std::sync::Arc;

use super::{
    binding::ClientBinding,
    keys::CookieKeys,
    name::{self, CookiePattern},
};

/// What is set for the cookies of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieIntegrity {
    /// What happens to a cookie that cannot be verified.
    pub mode: CookieMode,
    /// Cookies that are signed.
    pub signed: Vec<CookiePattern>,
    /// Cookies that are encrypted, which protects them as a signature does.
    pub encrypted: Vec<CookiePattern>,
    /// The keys.
    pub keys: Arc<CookieKeys>,
    /// How long a cookie is good from when the backend set it, in seconds, whatever it says itself.
    pub max_age: Option<u32>,
    /// What a cookie is bound to besides its host.
    pub binding: ClientBinding,
    /// Whether protected cookies get `Secure`.
    pub secure: bool,
    /// Whether protected cookies get `HttpOnly`.
    pub http_only: bool,
    /// The least `SameSite` that protected cookies get.
    pub same_site: Option<LeastSameSite>,
}

/// What happens to a cookie under a protected name that cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CookieMode {
    /// It passes, and that is logged.
    Log,
    /// One without a signature passes, since it may be from before there were any, and that is logged;
    /// any other is left out.
    Learn,
    /// It is left out of the request.
    Drop,
    /// The request is refused.
    Refuse,
}

/// The least `SameSite` of cookies: a stricter one that the backend sets stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeastSameSite {
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
}

impl CookieMode {
    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "Log",
            Self::Learn => "Learn",
            Self::Drop => "Drop",
            Self::Refuse => "Refuse",
        }
    }

    /// Whether nothing passes that cannot be verified.
    pub const fn enforces(self) -> bool {
        matches!(self, Self::Drop | Self::Refuse)
    }
}

impl LeastSameSite {
    /// The attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        }
    }
}

impl CookieIntegrity {
    /// The pattern that protects cookies of a name.
    pub(super) fn protects(&self, name: &[u8]) -> Option<usize> {
        name::find(self.signed.iter().chain(&self.encrypted), name)
    }

    /// Whether cookies of a name are encrypted.
    pub(super) fn encrypts(&self, name: &[u8]) -> bool {
        name::find(&self.encrypted, name).is_some()
    }

    /// A pattern as written, by its place among all.
    pub(super) fn pattern(&self, place: usize) -> Option<&str> {
        let mut all = self.signed.iter().chain(&self.encrypted);
        all.nth(place).map(CookiePattern::as_str)
    }
}
