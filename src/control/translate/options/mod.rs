//! Options for the whole proxy, under the keys of ingress-nginx's ConfigMap.
//!
//! One row a key; every key that ingress-nginx 1.15 knows has one. Invariant: a key that has no
//! effect is reported. Non-goal: where the keys are read from, a ConfigMap or a file.

mod access;
mod firewall;
mod global;
mod logging;
mod proxy;
mod read;
mod table;
mod unsupported;

#[cfg(test)]
mod tests;

pub use global::GlobalOptions;
pub use read::options_from_config_map;
