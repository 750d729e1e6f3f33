//! Portcullis, from the manifests that it is made for: an Ingress a host, Services, EndpointSlices.

use std::{fmt::Write, fs, net::SocketAddr, path::Path, process::Command};

use anyhow::{Context, Result};

use super::{
    Proxy, Site,
    site::{free_address, version},
    started::Recipe,
};
use crate::routes;

/// Folder of the manifests, within the site's.
pub(crate) const MANIFESTS: &str = "manifests";

/// File in it with the Services and their endpoints.
pub(crate) const SERVICES: &str = "services.yaml";

/// Options as for the others: enough idle upstream connections for the case that counts their memory.
const OPTIONS: &str = "upstream-keepalive-connections: \"8192\"\n";

/// Name of the one with a firewall in front of every route.
pub(super) const WITH_RULES: &str = "portcullis-waf";

pub(super) fn start(site: &Site) -> Result<Proxy> {
    start_as("portcullis", MANIFESTS, None, site)
}

/// The same with the Core Rule Set as it comes, obeyed: paranoia level 1.
pub(super) fn start_with_rules(site: &Site) -> Result<Proxy> {
    let rules = site.waf_rules.as_deref();
    let rules = rules.with_context(|| format!("{WITH_RULES} needs --waf-rules"))?;
    start_as(WITH_RULES, "manifests-waf", Some(rules), site)
}

fn start_as(
    name: &'static str,
    manifests: &str,
    rules: Option<&Path>,
    site: &Site,
) -> Result<Proxy> {
    let (http, https, status, admin) = (
        free_address()?,
        free_address()?,
        free_address()?,
        free_address()?,
    );
    let manifests = site.folder.join(manifests);
    if manifests.exists() {
        fs::remove_dir_all(&manifests)?;
    }
    fs::create_dir_all(&manifests)?;
    fs::write(manifests.join(SERVICES), services(&[site.backend])?)?;
    fs::write(manifests.join("ingresses.yaml"), ingresses()?)?;
    fs::write(manifests.join("tls.yaml"), secret(site)?)?;
    let options = site.write("portcullis.yaml", OPTIONS)?;
    let log = site.folder.join(format!("{name}.log"));
    let mut command = Command::new(&site.portcullis);
    command
        .arg("run")
        .arg("-f")
        .arg(manifests)
        .arg("--config")
        .arg(options)
        .args(["--workers", "1"])
        .args(["--http", &http.to_string()])
        .args(["--https", &https.to_string()])
        .args(["--status", &status.to_string()])
        .args(["--admin", &admin.to_string()])
        .args(["--log-level", "warn", "--shutdown-grace", "2s"])
        .arg("--access-log");
    match site.log {
        true => command.arg(&log),
        false => command.arg("off"),
    };
    match rules {
        Some(rules) => {
            let found = site.folder.join(format!("{name}-found.log"));
            command.arg("--waf-rules").arg(rules);
            command.args(["--waf-mode", "block", "--waf-log"]).arg(found);
        }
        // No other proxy here has a firewall.
        None => drop(command.args(["--waf-rules", "off"])),
    }
    Recipe {
        name,
        version: version(&site.portcullis, "version")?,
        command,
        http,
        http2: Some(http),
        https: Some(https),
        log: Some(log),
        duties: true,
    }
    .start(site)
}

/// Every Service of the route table, with an EndpointSlice that names `backends`, all of one port.
pub(crate) fn services(backends: &[SocketAddr]) -> Result<String> {
    let mut text = String::new();
    let port = backends
        .first()
        .context("a Service without endpoints")?
        .port();
    for service in routes::SERVICES {
        write!(
            text,
            "---
apiVersion: v1
kind: Service
metadata: {{name: {service}, namespace: default}}
spec:
  ports: [{{name: http, port: 80, targetPort: {port}}}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {service}-one
  namespace: default
  labels: {{kubernetes.io/service-name: {service}}}
addressType: IPv4
ports: [{{name: http, port: {port}, protocol: TCP}}]
endpoints:
"
        )?;
        for backend in backends {
            writeln!(
                text,
                "  - addresses: [\"{}\"]\n    conditions: {{ready: true}}",
                backend.ip()
            )?;
        }
    }
    Ok(text)
}

fn ingresses() -> Result<String> {
    let mut text = String::new();
    for index in 0..routes::HOSTS {
        let host = routes::host(index);
        write!(
            text,
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-{index}
  namespace: default
  annotations: {{nginx.ingress.kubernetes.io/ssl-redirect: \"false\"}}
spec:
  tls: [{{hosts: [{host}], secretName: shop-tls}}]
  rules:
    - host: {host}
      http:
        paths:
"
        )?;
        for service in routes::SERVICES {
            write!(
                text,
                "          - path: /{service}
            pathType: Prefix
            backend: {{service: {{name: {service}, port: {{number: 80}}}}}}
"
            )?;
        }
    }
    Ok(text)
}

fn secret(site: &Site) -> Result<String> {
    let indented = |name: &str| -> Result<String> {
        let text = fs::read_to_string(site.folder.join(name)).with_context(|| name.to_owned())?;
        Ok(text.lines().map(|line| format!("    {line}\n")).collect())
    };
    Ok(format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: shop-tls, namespace: default}}
type: kubernetes.io/tls
stringData:
  tls.crt: |
{}  tls.key: |
{}",
        indented("tls.crt")?,
        indented("tls.key")?,
    ))
}
