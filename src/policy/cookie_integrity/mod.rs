//! Cookies that a backend has set come back as it set them: they are signed on their way out, and
//! verified and stripped of the signature on their way in.
//!
//! Invariant: where the mode enforces, what goes upstream under a protected name has been set by the
//! backend, under that name, for that host, within its age. Non-goal: keeping cookies secret from the
//! browser that has them (encryption does), or keeping one that was stolen from being used, unless it is
//! bound to its client.

mod base64;
mod binding;
mod date;
mod exchange;
mod finding;
mod keys;
mod name;
mod request;
mod response;
mod seal;
mod set_cookie;
mod settings;
mod tag;
#[cfg(test)]
mod tests;

pub use binding::{ClientBinding, CookieClient};
pub use exchange::CookieExchange;
pub use finding::{CookieFinding, CookieFindings};
pub use keys::{CookieKeys, CookieKeysError};
pub use name::{CookiePattern, CookiePatternError};
pub use request::{CheckedCookies, CookieVerdict};
pub use settings::{CookieIntegrity, CookieMode, LeastSameSite};
