//! Portcullis beside other proxies: what a request costs each of them.
//!
//! `run` in this folder is the way in. One process of this program is one part: the backend, the
//! load, the relay that marks the floor, or the comparison that starts and measures all others.
//! Everything is loopback, and bounded in count and time.

mod backend;
mod bench;
mod cases;
mod ground;
mod instructions;
mod load;
mod measure;
mod proxies;
mod relay;
mod routes;
mod sample;
mod soak;
mod table;

use std::net::SocketAddr;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(about)]
enum Part {
    /// Serve fixed answers, as the upstream of every proxy.
    Backend {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Copy bytes between clients and the upstream.
    Relay {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Send requests, in step with the comparison.
    Load(load::LoadArgs),
    /// Start one proxy in front of the backend, until standard input ends.
    Serve {
        name: String,
        #[command(flatten)]
        ground: ground::Ground,
    },
    /// Reload and kill upstreams under load.
    Soak(soak::SoakArgs),
    /// Compare proxies.
    Bench(bench::BenchArgs),
}

fn main() -> Result<()> {
    match Part::parse() {
        Part::Backend { listen } => backend::serve(listen),
        Part::Relay { listen, upstream } => relay::serve(listen, upstream),
        Part::Load(args) => load::run(&args),
        Part::Serve { name, ground } => ground::serve(&ground, &name),
        Part::Soak(args) => soak::run(&args),
        Part::Bench(args) => bench::run(&args),
    }
}
