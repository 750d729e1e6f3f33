//! A proxy that runs: its process, its addresses, and the proof that it does its duties.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::Site;
use crate::{measure, routes};

/// Longest time a proxy may take to answer its first request.
const START: Duration = Duration::from_secs(60);

/// Longest time a proxy may take to write a log line it has buffered.
const FLUSH: Duration = Duration::from_secs(15);

/// A started proxy; ended when dropped.
pub(crate) struct Proxy {
    /// Its name in the table.
    pub name: &'static str,
    /// What it says it is.
    pub version: String,
    /// Where it speaks HTTP/1.1.
    pub http: SocketAddr,
    /// Where it speaks HTTP/2 with prior knowledge.
    pub http2: Option<SocketAddr>,
    /// Where it speaks TLS.
    pub https: Option<SocketAddr>,
    child: Child,
    log: Option<PathBuf>,
}

/// How to start one.
pub(super) struct Recipe {
    pub name: &'static str,
    pub version: String,
    pub command: Command,
    pub http: SocketAddr,
    pub http2: Option<SocketAddr>,
    pub https: Option<SocketAddr>,
    /// File the access log goes to; `None` if the proxy has no such duty.
    pub log: Option<PathBuf>,
    /// Whether it routes and adds fields, so that both are to be checked.
    pub duties: bool,
}

impl Recipe {
    /// Starts the proxy pinned to the site's core, and waits until it does its duties.
    pub(super) fn start(self, site: &Site) -> Result<Proxy> {
        let Self {
            name,
            version,
            command,
            http,
            http2,
            https,
            log,
            duties,
        } = self;
        let errors = site.folder.join(format!("{name}.err"));
        let mut pinned = Command::new("taskset");
        pinned
            .args(["-c", &site.core.to_string()])
            .args(&site.wrapper)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stderr(File::create(&errors)?);
        match &log {
            Some(log) => {
                File::create(log)?;
                // Appended to, so that it can be emptied between windows.
                pinned.stdout(File::options().append(true).open(log)?)
            }
            None => pinned.stdout(Stdio::null()),
        };
        let mut proxy = Proxy {
            name,
            version,
            http,
            http2,
            https,
            child: pinned.spawn().with_context(|| format!("start {name}"))?,
            log: log.filter(|_| site.log && duties),
        };
        proxy
            .await_answer()
            .and_then(|()| if duties { proxy.check_duties() } else { Ok(()) })
            .with_context(|| {
                let said = std::fs::read_to_string(&errors).unwrap_or_default();
                format!("{name} does not serve; it said: {said}")
            })?;
        Ok(proxy)
    }
}

impl Proxy {
    /// Ids of its processes.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        measure::process_tree(self.child.id())
    }

    /// Empties its access log, so that a long run needs no disk.
    pub(crate) fn empty_log(&self) -> Result<()> {
        if let Some(log) = &self.log {
            File::options().write(true).open(log)?.set_len(0)?;
        }
        Ok(())
    }

    /// Ends it, gently, and waits until it has ended.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn await_answer(&mut self) -> Result<()> {
        let path = routes::path(routes::SERVICES[0], 512);
        let end = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended at start: {status}");
            }
            match ask(self.http, &routes::host(0), &path) {
                Ok(answer) if answer.starts_with("HTTP/1.1 200") => return Ok(()),
                other if Instant::now() > end => bail!("no answer: {other:?}"),
                _ => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// The proof that it is configured like the others.
    fn check_duties(&self) -> Result<()> {
        for service in routes::SERVICES {
            let host = routes::host(routes::HOSTS - 1);
            let answer = ask(self.http, &host, &routes::head_path(service))?.to_ascii_lowercase();
            for field in [
                // Envoy names the machine's own address in place of a loopback client's.
                "x-forwarded-for: ",
                "x-real-ip: 127.0.0.1",
                "x-forwarded-proto: http",
                "x-request-id: ",
                &format!("host: {host}"),
            ] {
                ensure!(answer.contains(field), "no {field:?} upstream: {answer}");
            }
        }
        let host = format!("x{}", routes::host(0));
        let path = routes::path(routes::SERVICES[0], 512);
        let answer = ask(self.http, &host, &path)?;
        ensure!(
            answer.starts_with("HTTP/1.1 404"),
            "no 404 for an unknown host: {answer}"
        );
        match &self.log {
            Some(log) => self.check_log(log),
            None => Ok(()),
        }
    }

    fn check_log(&self, log: &Path) -> Result<()> {
        let path = routes::path(routes::SERVICES[1], 1234);
        ask(self.http, &routes::host(1), &path)?;
        let end = Instant::now() + FLUSH;
        loop {
            let text = std::fs::read_to_string(log)?;
            match text.matches(&path).count() {
                0 if Instant::now() < end => thread::sleep(Duration::from_millis(100)),
                1 => return Ok(()),
                count => {
                    let start: String = text.chars().take(2000).collect();
                    bail!("{count} access log lines for one request: {start}")
                }
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // A child that has ended already is what is wanted.
        let _ = self.stop();
    }
}

/// One plain request on a connection of its own; the whole answer as text.
pub(crate) fn ask(target: SocketAddr, host: &str, path: &str) -> Result<String> {
    let mut socket = TcpStream::connect(target)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut scratch = [0; 8 << 10];
    loop {
        let read = socket.read(&mut scratch)?;
        answer.extend_from_slice(&scratch[..read]);
        let text = String::from_utf8_lossy(&answer);
        if read == 0 || is_whole(&text) {
            return Ok(text.into_owned());
        }
    }
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    // Without a length the answer ends with its connection, or in its last chunk.
    length.map_or(body.ends_with("0\r\n\r\n"), |length: usize| {
        body.len() >= length
    })
}
