//! The HTTP/1.1 codec from outside.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

mod heads;
mod llhttp;
