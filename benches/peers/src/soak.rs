//! What must not fail: reloads under load, and upstreams killed under load.
//!
//! Every answer is checked by the load, which ends at the first wrong one, so a soak that ends well
//! had no failure. Not a measurement: figures printed here are what happened on a busy machine.

use std::{
    fs,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    ground::{Backend, Ground, OTHER_CORE},
    load::{LoadArgs, Protocol},
    measure,
    proxies::{self, MANIFESTS, Proxy, SERVICES, ask, free_address, services},
    routes,
    sample::Load,
};

/// Longest time after which a change on disk has to be live, however busy the machine.
const LIVE: Duration = Duration::from_secs(10);

/// Most that resident memory may grow over all reloads, in bytes.
const GROWTH: u64 = 64 << 20;

/// Requests for each reload, on average, at the least.
const REQUESTS_A_RELOAD: u64 = 100;

/// How long a killed upstream stays away, and how long both then serve.
const PAUSE: Duration = Duration::from_millis(250);

/// What to soak.
#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    #[command(flatten)]
    ground: Ground,
    /// Changes on disk, each of which has to be live before the next.
    #[arg(long, default_value_t = 1000)]
    reloads: usize,
    /// Times that one of two upstreams is killed.
    #[arg(long, default_value_t = 40)]
    kills: usize,
}

/// Runs both soaks against Portcullis.
pub(crate) fn run(args: &SoakArgs) -> Result<()> {
    // Two addresses with one port, as the endpoints of one slice have.
    let first = Backend::start(free_address()?)?;
    let twin = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let second = Backend::start(SocketAddr::new(twin, first.address.port()))?;
    let site = args.ground.site(&first)?;
    let proxy = proxies::start("portcullis", &site)?;
    let manifests = site.folder.join(MANIFESTS);
    let both = [first.address, second.address];
    reloads(args, &proxy, &manifests, both)?;
    kills(args, &proxy, &manifests, [first, second])
}

/// Changes routes and endpoints again and again; no request fails, and a tunnel stays.
fn reloads(args: &SoakArgs, proxy: &Proxy, manifests: &Path, both: [SocketAddr; 2]) -> Result<()> {
    let before = measure::resident(&proxy.processes()?)?;
    let mut tunnel = Tunnel::open(proxy.http)?;
    let mut delays = Vec::new();
    let requests = under_load(proxy, &[Protocol::Http1, Protocol::Http2], || {
        for reload in 1..=args.reloads {
            let endpoints = &both[..1 + reload % 2];
            replace(manifests, SERVICES, &services(endpoints)?)?;
            replace(manifests, "soak.yaml", &ingress(reload))?;
            delays.push(await_live(proxy.http, reload)?);
            tunnel.echo()?;
        }
        Ok(())
    })?;
    ensure!(
        requests >= REQUESTS_A_RELOAD * args.reloads as u64,
        "only {requests} requests"
    );
    delays.sort();
    let after = measure::resident(&proxy.processes()?)?;
    println!(
        "{} reloads under {requests} requests: 0 failures; live after {} ms (median), {} ms at \
         most; resident {:.1} MB before, {:.1} MB after",
        args.reloads,
        delays.get(delays.len() / 2).map_or(0, Duration::as_millis),
        delays.last().map_or(0, Duration::as_millis),
        before as f64 / 1e6,
        after as f64 / 1e6,
    );
    ensure!(after < before + GROWTH, "memory grew with reloads");
    Ok(())
}

/// Kills one upstream after the other and brings it back; no idempotent request fails.
fn kills(args: &SoakArgs, proxy: &Proxy, manifests: &Path, backends: [Backend; 2]) -> Result<()> {
    let addresses = backends.each_ref().map(|backend| backend.address);
    replace(manifests, SERVICES, &services(&addresses)?)?;
    replace(manifests, "soak.yaml", &ingress(args.reloads + 1))?;
    await_live(proxy.http, args.reloads + 1)?;
    let mut backends = backends.map(Some);
    let requests = under_load(proxy, &[Protocol::Http1], || {
        for kill in 0..args.kills {
            let turn = kill % 2;
            backends[turn] = None;
            thread::sleep(PAUSE);
            backends[turn] = Some(Backend::start(addresses[turn])?);
            thread::sleep(PAUSE);
        }
        Ok(())
    })?;
    println!(
        "{} upstreams killed under {requests} idempotent requests: 0 failures",
        args.kills
    );
    Ok(())
}

/// Does `work` while windows of load run one after another, and says how many requests they had.
fn under_load(
    proxy: &Proxy,
    protocols: &[Protocol],
    work: impl FnOnce() -> Result<()>,
) -> Result<u64> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut requests = 0;
            for protocol in protocols.iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let mut load = Load::start(&window(proxy, *protocol)?, OTHER_CORE)?;
                requests += load.go()?.requests;
                load.end()?;
            }
            anyhow::Ok(requests)
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let Ok(requests) = load.join() else {
            bail!("the load's thread panicked");
        };
        // A failed request is the cause of what follows from it.
        let requests = requests.context("a request failed")?;
        worked.map(|()| requests)
    })
}

fn window(proxy: &Proxy, protocol: Protocol) -> Result<LoadArgs> {
    let (target, connections) = match protocol {
        Protocol::Http2 => (proxy.http2.context("no HTTP/2")?, 2),
        _ => (proxy.http, 16),
    };
    Ok(LoadArgs {
        target,
        protocol,
        connections,
        streams: 8,
        headers: 12,
        answer: 512,
        post: 0,
        millis: 5000,
        warm_millis: 50,
        requests: 10_000_000,
        hold: false,
    })
}

/// Puts `text` in the place of the file, so that no reader sees half of it.
fn replace(folder: &Path, name: &str, text: &str) -> Result<()> {
    let unfinished = folder.join(format!(".{name}.new"));
    fs::write(&unfinished, text)?;
    fs::rename(unfinished, folder.join(name))?;
    Ok(())
}

/// An Ingress whose path tells which reload it belongs to.
fn ingress(reload: usize) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: soak, namespace: default}}
spec:
  rules:
    - host: soak.example.com
      http:
        paths:
          - path: /reload-{reload}
            pathType: Prefix
            backend: {{service: {{name: {}, port: {{number: 80}}}}}}
",
        routes::SERVICES[0]
    )
}

fn await_live(http: SocketAddr, reload: usize) -> Result<Duration> {
    let start = Instant::now();
    let path = format!("/reload-{reload}/512");
    loop {
        let answer = ask(http, "soak.example.com", &path)?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(start.elapsed());
        }
        ensure!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        ensure!(start.elapsed() < LIVE, "reload {reload} is not live");
        thread::sleep(Duration::from_millis(5));
    }
}

/// An upgraded connection that has to outlive every reload.
struct Tunnel(TcpStream);

impl Tunnel {
    fn open(http: SocketAddr) -> Result<Self> {
        let mut socket = TcpStream::connect(http)?;
        socket.set_read_timeout(Some(LIVE))?;
        let request = format!(
            "GET /{}/upgrade HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            routes::SERVICES[0],
            routes::host(0)
        );
        socket.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 101"), "{head}");
        Ok(Self(socket))
    }

    fn echo(&mut self) -> Result<()> {
        let mut back = [0; 4];
        self.0.write_all(b"ping")?;
        self.0.read_exact(&mut back).context("the tunnel was cut")?;
        ensure!(&back == b"ping", "the tunnel said {back:?}");
        Ok(())
    }
}
