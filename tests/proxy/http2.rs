//! HTTP/2 from clients and to upstreams, in every pairing with HTTP/1.1.

mod client;
mod frames;
mod upstream;

mod lifetime;
mod limits;
mod pairings;
mod requests;

pub(crate) use upstream::{mirror as mirror_http2, never_answering};
