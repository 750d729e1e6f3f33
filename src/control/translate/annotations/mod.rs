//! The annotations of ingress-nginx, `nginx.ingress.kubernetes.io/`.
//!
//! One file a group, one row an annotation; every name that ingress-nginx 1.15 knows has one. A new
//! annotation moves its row from `unsupported` to a group and writes into [`AnnotationSettings`].
//!
//! Invariant: an annotation that has no effect is reported. Non-goal: what the settings come to for
//! a rule; that is the translation of its Ingress.

mod access;
mod balancing;
mod canary;
mod client_certificate;
mod firewall;
mod protocol;
mod proxy;
mod read;
mod redirect;
mod settings;
mod table;
mod unsupported;

#[cfg(test)]
mod tests;

pub(super) use client_certificate::{CertificateSettings, DENIED};
pub(super) use read::read;
pub(super) use settings::{AnnotationSettings, BackendProtocol};
