//! The proxies under comparison, each started on one core with the same duties.
//!
//! The same for all: one worker, the route table of [`crate::routes`], upstream connections kept,
//! `X-Forwarded-For`, `X-Real-IP`, `X-Forwarded-Proto` and `X-Request-ID` set, an access log line a
//! request to a file, metrics on. What a proxy cannot do is left out of its cases, not imitated.

mod envoy;
mod haproxy;
mod nginx;
mod portcullis;
mod relay;
mod site;
mod started;

pub(crate) use portcullis::{MANIFESTS, SERVICES, services};
pub(crate) use site::{Site, free_address};
pub(crate) use started::{Proxy, ask};

use anyhow::{Result, bail};

/// Every name that [`start`] knows, in the order of the table, but for the firewall's, which needs rules.
pub(crate) const NAMES: [&str; 5] = ["relay", "nginx", "haproxy", "envoy", "portcullis"];

/// Starts the proxy called `name` on `site`, and checks that it does its duties.
pub(crate) fn start(name: &str, site: &Site) -> Result<Proxy> {
    match name {
        "relay" => relay::start(site),
        "nginx" => nginx::start(site),
        "haproxy" => haproxy::start(site),
        "envoy" => envoy::start(site),
        "portcullis" => portcullis::start(site),
        portcullis::WITH_RULES => portcullis::start_with_rules(site),
        other => bail!("no proxy is called {other:?}"),
    }
}
