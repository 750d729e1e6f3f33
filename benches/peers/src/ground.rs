//! What everything stands on: the cores, the folder, and the backend as a process.

use std::{
    fs::{self, File},
    io,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::proxies::{self, Site, ask, free_address};

/// Core of the proxy under measurement.
pub(crate) const PROXY_CORE: usize = 0;

/// Core of load and backend, unless all share one.
pub(crate) const OTHER_CORE: usize = 1;

/// What proxies are started on.
#[derive(Debug, Args)]
pub(crate) struct Ground {
    /// Without access logs.
    #[arg(long)]
    no_log: bool,
    /// Folder for configurations and logs.
    #[arg(long)]
    folder: PathBuf,
    /// Path of the Envoy program.
    #[arg(long, default_value = "envoy")]
    envoy: PathBuf,
    /// Path of the Portcullis program.
    #[arg(long, default_value = "portcullis")]
    portcullis: PathBuf,
    /// Folder of the rules of `portcullis-waf`, for example an unpacked Core Rule Set.
    #[arg(long)]
    waf_rules: Option<PathBuf>,
}

impl Ground {
    /// A site for proxies in front of `backend`.
    pub(crate) fn site(&self, backend: &Backend) -> Result<Site> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join("lock"))?;
        lock.try_lock()
            .with_context(|| format!("another run has its files in {}", self.folder.display()))?;
        let site = Site {
            folder: self.folder.canonicalize()?,
            backend: backend.address,
            core: PROXY_CORE,
            log: !self.no_log,
            envoy: self.envoy.clone(),
            portcullis: self.portcullis.clone(),
            waf_rules: self.waf_rules.clone(),
            _lock: lock,
            wrapper: Vec::new(),
        };
        site.make_certificate()?;
        Ok(site)
    }
}

/// Serves with the proxy called `name` until standard input ends, for a look by hand.
pub(crate) fn serve(ground: &Ground, name: &str) -> Result<()> {
    let backend = Backend::start(free_address()?)?;
    let proxy = proxies::start(name, &ground.site(&backend)?)?;
    println!("http {}", proxy.http);
    for (scheme, address) in [("http2", proxy.http2), ("https", proxy.https)] {
        if let Some(address) = address {
            println!("{scheme} {address}");
        }
    }
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// The upstream, in a process of its own; ended when dropped.
pub(crate) struct Backend {
    /// Where it serves.
    pub address: SocketAddr,
    child: Child,
}

impl Backend {
    /// Starts one at `address`, and waits until it answers.
    pub(crate) fn start(address: SocketAddr) -> Result<Self> {
        let child = Command::new("taskset")
            .args(["-c", &OTHER_CORE.to_string()])
            .arg(std::env::current_exe()?)
            .args(["backend", "--listen", &address.to_string()])
            .spawn()
            .context("start the backend")?;
        let backend = Self { address, child };
        for _ in 0..500 {
            if ask(address, "backend", "/open").is_ok() {
                return Ok(backend);
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("the backend does not answer")
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Moves it to `core`.
    pub(crate) fn pin(&self, core: usize) -> Result<()> {
        let pinned = Command::new("taskset")
            .args(["-a", "-cp", &core.to_string(), &self.child.id().to_string()])
            .output()?;
        ensure!(
            pinned.status.success(),
            "taskset could not move the backend"
        );
        Ok(())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // A child that has ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
