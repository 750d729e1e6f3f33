//! Content codings of requests (RFC 9110 section 8.4.1): `gzip`, `deflate`, `br`, `zstd`, and stacks of
//! them.
//!
//! Decoding is incremental and never holds more than a chunk between two codings; of zstd also its
//! window and one block. What a coding gives is bounded in all and in proportion to what came in, at
//! every layer of a stack, so that a bomb is cut off where it starts. Whatever follows the end of a
//! coding is an error: another decoder may read on. Non-goals: dictionaries, and encoding.

mod brotli;
mod decoder;
mod deflate;
mod error;
mod gzip;
mod zstd;

#[cfg(test)]
mod tests;

pub use self::{
    decoder::{CodingLimits, Decoder},
    error::CodingError,
};
