//! The control plane over real files.

#![allow(clippy::unwrap_used)]

mod api_server;
mod crds;
mod diagnostics;
mod files;
mod firewall;
mod kube;
mod minimum;
mod policies;
mod watch;
