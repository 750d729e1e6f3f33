//! The firewall as a library: rule sets from files, exchanges from bytes.
#![allow(clippy::unwrap_used)]

mod builtin;
mod crs;
mod exchange;
mod libinjection;
mod rules;
mod workspace;
