//! The floor, as if it were a proxy: see [`crate::relay`].

use std::process::Command;

use anyhow::Result;

use super::{Proxy, Site, site::free_address, started::Recipe};

pub(super) fn start(site: &Site) -> Result<Proxy> {
    let http = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("relay")
        .args(["--listen", &http.to_string()])
        .args(["--upstream", &site.backend.to_string()]);
    Recipe {
        name: "relay",
        version: "bytes copied, no protocol: the floor".to_owned(),
        command,
        http,
        http2: None,
        https: None,
        log: None,
        duties: false,
    }
    .start(site)
}
