//! HTTP/2 from clients and to upstreams, in every pairing with HTTP/1.1.

pub(crate) mod client;
mod frames;
pub(crate) mod upstream;

mod lifetime;
mod limits;
mod pairings;
mod requests;

pub(crate) use upstream::{mirror as mirror_http2, never_answering};
