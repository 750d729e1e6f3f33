//! Cookies on their way out and back.
#![allow(clippy::unwrap_used)]

mod request;
mod response;
mod support;
