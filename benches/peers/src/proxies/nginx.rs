//! nginx, a `server` a host and a `location` a path, as ingress-nginx writes them.

use std::{fmt::Write, path::Path, process::Command};

use anyhow::Result;

use super::{
    Proxy, Site,
    site::{free_address, version},
    started::Recipe,
};
use crate::routes;

const PROGRAM: &str = "/usr/sbin/nginx";

pub(super) fn start(site: &Site) -> Result<Proxy> {
    let (http, http2, https, status) = (
        free_address()?,
        free_address()?,
        free_address()?,
        free_address()?,
    );
    let log = site.folder.join("nginx.log");
    let access_log = if site.log {
        format!(
            "log_format main '$remote_addr - $remote_user [$time_local] \"$request\" $status \
             $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_length \
             $request_time [$proxy_host] $upstream_addr $upstream_response_length \
             $upstream_response_time $upstream_status $request_id';\n  \
             access_log {} main buffer=64k flush=1s;",
            log.display()
        )
    } else {
        "access_log off;".to_owned()
    };
    let mut upstreams = String::new();
    let mut locations = String::new();
    for service in routes::SERVICES {
        writeln!(
            upstreams,
            "  upstream {service} {{ server {}; keepalive 8192; keepalive_requests 1000000000; }}",
            site.backend
        )?;
        writeln!(
            locations,
            "    location /{service} {{ proxy_pass http://{service}; }}"
        )?;
    }
    let mut servers = String::new();
    for index in 0..routes::HOSTS {
        let host = routes::host(index);
        write!(
            servers,
            "  server {{\n    listen {http};\n    listen {http2};\n    listen {https};\n    \
             server_name {host};\n{locations}  }}\n"
        )?;
    }
    let conf = format!(
        "daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
user root;
pid {pid};
error_log {error} warn;
events {{ worker_connections 16384; }}
http {{
  {access_log}
  client_body_temp_path {temp}; proxy_temp_path {temp}; fastcgi_temp_path {temp};
  uwsgi_temp_path {temp}; scgi_temp_path {temp};
  server_names_hash_max_size 4096;
  server_names_hash_bucket_size 128;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_max_body_size 1m;
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  proxy_set_header Connection \"\";
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Request-ID $request_id;
  ssl_certificate {crt};
  ssl_certificate_key {key};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets on;
  ssl_session_cache shared:tls:10m;
{upstreams}
  server {{
    listen {http} default_server backlog=4096;
    listen {http2} default_server http2 backlog=4096;
    listen {https} default_server ssl http2 backlog=4096;
    return 404;
  }}
  server {{ listen {status}; access_log off; location /nginx_status {{ stub_status; }} }}
{servers}}}
",
        pid = site.path("nginx.pid"),
        error = site.path("nginx.err"),
        temp = site.path("nginx-temp"),
        crt = site.path("tls.crt"),
        key = site.path("tls.key"),
    );
    let conf = site.write("nginx.conf", &conf)?;
    let mut command = Command::new(PROGRAM);
    command.arg("-c").arg(conf);
    Recipe {
        name: "nginx",
        version: version(Path::new(PROGRAM), "-v")?,
        command,
        http,
        http2: Some(http2),
        https: Some(https),
        log: Some(log),
        duties: true,
    }
    .start(site)
}
