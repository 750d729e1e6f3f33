//! Request and response heads as every other module sees them.
//!
//! A head is a flat list of fields over one buffer: the bytes stay as they were sent, and nothing is
//! copied into a map to be forwarded. HTTP/2 heads are written into the same shape, so routing,
//! policy and the firewall read one type whatever the protocol.
//!
//! Invariant: every [`Span`] of a head lies inside that head's buffer. Non-goal: parsing; that is
//! [`crate::http1`].

mod authority;
pub(crate) mod block;
mod field;
mod head;
mod host;
mod method;
mod name;
mod path;
mod target;

pub use authority::{HostError, normalize_host};
pub use field::{FieldId, FieldRef, FieldSpan, Span};
pub(crate) use head::Progress;
pub use head::{Fields, RequestHead, ResponseHead, Version};
pub use host::HostMatch;
pub use method::Method;
pub use path::{Slashes, canonical_path};
pub use target::{Target, TargetError, TargetForm};
