//! HAProxy, routing by a prefix map, as its ingress controllers do.

use std::{fmt::Write, path::Path, process::Command};

use anyhow::Result;

use super::{
    Proxy, Site,
    site::{free_address, version},
    started::Recipe,
};
use crate::routes;

const PROGRAM: &str = "/usr/sbin/haproxy";

pub(super) fn start(site: &Site) -> Result<Proxy> {
    let (http, https, status) = (free_address()?, free_address()?, free_address()?);
    let mut map = String::new();
    for index in 0..routes::HOSTS {
        for service in routes::SERVICES {
            writeln!(map, "{}/{service} {service}", routes::host(index))?;
        }
    }
    let map = site.write("haproxy.map", &map)?;
    let mut backends = String::new();
    for service in routes::SERVICES {
        write!(
            backends,
            "backend {service}\n  server one {} pool-max-conn 8192 pool-low-conn 8192\n",
            site.backend
        )?;
    }
    // To standard output, as in a container; here that is a file.
    let (log, httplog) = match site.log {
        true => ("log stdout format raw local0", "option httplog"),
        false => ("", ""),
    };
    let conf = format!(
        "global
  nbthread 1
  maxconn 8000
  {log}
  tune.pool-high-fd-ratio 90
  tune.pool-low-fd-ratio 90
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  log global
  {httplog}
  maxconn 8000
  http-reuse always
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  timeout http-request 10s
frontend edge
  bind {http} backlog 4096
  bind {https} ssl crt {pem} alpn h2,http/1.1 backlog 4096
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Request-ID %[uuid()]
  use_backend %[base,map_beg({map},none)]
backend none
  http-request return status 404
frontend metrics
  bind {status}
  no log
  http-request use-service prometheus-exporter
{backends}",
        pem = site.path("tls.pem"),
        map = map.display(),
    );
    let conf = site.write("haproxy.cfg", &conf)?;
    let mut command = Command::new(PROGRAM);
    command.arg("-db").arg("-f").arg(conf);
    Recipe {
        name: "haproxy",
        version: version(Path::new(PROGRAM), "-v")?,
        command,
        http,
        http2: Some(http),
        https: Some(https),
        log: Some(site.folder.join("haproxy.log")),
        duties: true,
    }
    .start(site)
}
