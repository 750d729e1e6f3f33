//! Bodies, query strings and cookies: bytes to names and values.
//!
//! Each parser is a function from bytes to [`Pairs`](super::Pairs), linear in its input and bounded
//! by [`Limits`]. What it cannot read is not lost: up to the fault everything is kept, and the rest
//! follows as one raw value, so that rules see every byte of a body that is refused. Which parser a
//! body gets, and under which charset and codings, is the engine's to say.

pub mod charset;
pub mod coding;
pub mod cookies;
pub mod json;
pub mod multipart;
pub mod urlencoded;
pub mod xml;

mod error;
mod limits;
mod media_type;

pub use self::{
    error::BodyError,
    limits::Limits,
    media_type::{MediaType, media_type},
};
