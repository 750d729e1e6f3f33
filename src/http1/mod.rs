//! The HTTP/1.1 codec, both sides: heads, framing, chunks; strict RFC 9112, no I/O.
//!
//! Invariant: what is ambiguous is refused, never repaired. Non-goal: connections and time-outs;
//! those are `proxy` and `upstream`.

mod body;
mod build;
mod chunk;
pub mod encode;
mod error;
mod fields;
mod framing;
mod quick;
mod request;
mod response;
mod scan;
mod trailers;

pub use body::{BodyDecoder, Decoded};
pub use build::{RequestHeadBuilder, ResponseHeadBuilder, TrailerFields};
pub use chunk::{ChunkLimits, Chunks};
pub use error::{BodyError, HeadError};
pub use fields::{HeadLimits, Parsed};
pub use framing::{
    BodyLength, ConnectionOptions, MAX_CONNECTION_OPTIONS, RequestFraming, ResponseFraming,
    connection_lists, request_framing, response_framing,
};
pub use request::{MAX_EMPTY_LINES, MAX_METHOD, parse_request};
pub use response::parse_response;
