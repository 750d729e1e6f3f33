//! `--demo`: small backends that stand in for the quickstart's Services.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, runtime::Handle};

use crate::{
    control::Key,
    echo,
    shutdown::{Shutdown, Stage},
};

/// The Services of `deploy/standalone/quickstart`.
const SERVICES: [&str; 2] = ["blogservice", "storeservice"];

/// Starts a backend for each of the quickstart's Services, on a loopback port of the kernel's choice,
/// and says where each is. They end with the process.
///
/// # Errors
/// When no socket can be had.
pub(super) fn start(
    runtime: &Handle,
    shutdown: &Shutdown,
) -> io::Result<BTreeMap<Key, Vec<SocketAddr>>> {
    let mut addresses = BTreeMap::new();
    for service in SERVICES {
        let _entered = runtime.enter();
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from_std(socket)?;
        addresses.insert(Key::new("default", service), vec![listener.local_addr()?]);
        let mut stage = shutdown.watch();
        let server = echo::serve(listener, Arc::from(service));
        // Not waited for: the proxy's last exchanges need them until the process ends.
        runtime.spawn(async move {
            tokio::select! {
                never = server => match never {},
                () = stage.reached(Stage::Aborted) => {}
            }
        });
    }
    Ok(addresses)
}

/// What to try, once everything is being served.
pub(super) fn hints(http: Option<SocketAddr>, https: Option<SocketAddr>) -> String {
    let mut text = String::from("Try:\n");
    if let Some(port) = http.map(|address| address.port()) {
        for path in ["/blog", "/store"] {
            text += &format!("  curl -H 'Host: myapp.com' http://127.0.0.1:{port}{path}\n");
        }
    }
    if let Some(port) = https.map(|address| address.port()) {
        text += &format!(
            "  curl -k --resolve myapp.com:{port}:127.0.0.1 https://myapp.com:{port}/store\n"
        );
    }
    text
}
