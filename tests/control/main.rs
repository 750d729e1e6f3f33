//! The control plane over real files.

#![allow(clippy::unwrap_used)]

mod crds;
mod diagnostics;
mod files;
mod firewall;
mod policies;
mod watch;
