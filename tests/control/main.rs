//! The control plane over real files.

#![allow(clippy::unwrap_used)]

mod files;
mod watch;
