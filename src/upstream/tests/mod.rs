//! Tests over real sockets; what each module can show alone is beside it.
#![allow(clippy::unwrap_used)]

pub(in crate::upstream) mod fixture;
mod health;
mod http1;
mod http2;
mod tls;
