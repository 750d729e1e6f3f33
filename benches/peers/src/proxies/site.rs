//! What proxies are given to run on: a folder, the backend, a certificate, switches.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::routes;

/// The ground all proxies share.
pub(crate) struct Site {
    /// Folder of configurations, certificates and logs.
    pub folder: PathBuf,
    /// Address of the backend.
    pub backend: SocketAddr,
    /// Core the proxies run on.
    pub core: usize,
    /// Whether access logs are written.
    pub log: bool,
    /// Path of the Envoy program.
    pub envoy: PathBuf,
    /// Path of the Portcullis program.
    pub portcullis: PathBuf,
    /// Folder of the firewall's rules.
    pub waf_rules: Option<PathBuf>,
    /// Held so that no other run shares the folder.
    pub _lock: File,
    /// Programs put in front of every proxy's own command line, as for valgrind.
    pub wrapper: Vec<String>,
}

impl Site {
    /// Writes `text` to the file `name` in the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    /// Path of `name` in the folder, as text for a configuration.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Makes the P-256 certificate that every proxy serves: `tls.crt`, `tls.key`, `tls.pem`.
    pub(crate) fn make_certificate(&self) -> Result<()> {
        let names: Vec<String> = (0..routes::HOSTS)
            .map(|index| format!("DNS:{}", routes::host(index)))
            .collect();
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-subj", "/CN=shop.example.com"])
            .arg("-addext")
            .arg(format!("subjectAltName={}", names.join(",")))
            .args(["-keyout", &self.path("tls.key")])
            .args(["-out", &self.path("tls.crt")])
            .output()
            .context("openssl")?;
        ensure!(
            output.status.success(),
            "openssl: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let read = |name| std::fs::read_to_string(self.folder.join(name));
        self.write("tls.pem", &(read("tls.crt")? + &read("tls.key")?))?;
        Ok(())
    }
}

/// A loopback address with a port that is free now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// The first line that `program` prints when asked with `argument`, for the record.
pub(super) fn version(program: &Path, argument: &str) -> Result<String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .with_context(|| format!("run {}", program.display()))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| !line.trim().is_empty());
    Ok(line.unwrap_or("unknown").trim().to_owned())
}
