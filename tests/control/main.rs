//! The control plane over real files.

#![allow(clippy::unwrap_used)]

mod diagnostics;
mod files;
mod watch;
