//! Portcullis: a Kubernetes ingress controller, a standalone edge proxy and a web application
//! firewall in one program.
//!
//! The way of a configuration: `control` reads objects into a store and translates them to a
//! [`config::Config`] and problems; `snapshot` compiles that and publishes it. The way of a request:
//! [`proxy`] accepts and reads it ([`http1`], [`message`]), finds its rule ([`routing`]), applies its
//! [`policy`], picks an endpoint ([`upstream`]) and forwards it. Where a rule has a firewall, a
//! [`waf::Transaction`] sees the request and its answer on the way.
//!
//! Dependencies point down only: `control`, `proxy`, `admin`, then `snapshot`, then [`config`], then
//! [`routing`], [`policy`], [`tls`], [`upstream`] and [`waf`], then [`message`] and [`http1`]; [`waf`]
//! knows none of the others.

// The bans of clippy.toml are for what ships.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod admin;
pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod echo;
pub mod http1;
pub mod message;
pub mod policy;
pub mod proxy;
pub mod routing;
pub mod shutdown;
pub mod snapshot;
pub mod telemetry;
pub mod tls;
pub mod upstream;
pub mod waf;
