//! Options of the request's way.

use super::global::Draft;
use crate::{
    control::translate::{
        rows::{Fault, Meaning, Row},
        values,
    },
    message::Slashes,
    policy::Hsts,
};

pub(super) const ROWS: &[Row<Draft>] = &[
    // Redirects and HSTS.
    row("ssl-redirect", |value, draft| {
        draft.ssl_redirect = values::boolean(value)?;
        Ok(())
    }),
    row("force-ssl-redirect", |value, draft| {
        draft.options.force_https_redirect = values::boolean(value)?;
        Ok(())
    }),
    row("http-redirect-code", |value, draft| {
        draft.https_redirect.status = values::redirect_status(value)?;
        Ok(())
    }),
    row("https-port", |value, draft| {
        draft.https_redirect.port = values::port(value)?;
        Ok(())
    }),
    row("use-port-in-redirects", |value, draft| {
        draft.port_in_redirects = values::boolean(value)?;
        Ok(())
    }),
    row("no-tls-redirect-locations", |value, draft| {
        draft.no_https_redirect = values::list(value).map(Box::from).collect();
        Ok(())
    }),
    row("server-tokens", |value, draft| {
        draft.options.defaults.names_server = values::boolean(value)?;
        Ok(())
    }),
    row("hsts", |value, draft| {
        draft.send_hsts = values::boolean(value)?;
        Ok(())
    }),
    row("hsts-max-age", |value, draft| {
        let max_age = values::number(value)?.into();
        draft.hsts = Hsts {
            max_age,
            ..draft.hsts
        };
        Ok(())
    }),
    row("hsts-include-subdomains", |value, draft| {
        draft.hsts.include_subdomains = values::boolean(value)?;
        Ok(())
    }),
    row("hsts-preload", |value, draft| {
        draft.hsts.preload = values::boolean(value)?;
        Ok(())
    }),
    // Limits on bodies and time.
    row("proxy-body-size", |value, draft| {
        draft.options.defaults.body_limit = values::body_limit(value)?;
        Ok(())
    }),
    row("proxy-connect-timeout", |value, draft| {
        draft.options.defaults.timeouts.connect = values::seconds(value)?;
        Ok(())
    }),
    row("proxy-read-timeout", |value, draft| {
        draft.options.defaults.timeouts.read = values::seconds(value)?;
        Ok(())
    }),
    row("proxy-send-timeout", |value, draft| {
        draft.options.defaults.timeouts.send = values::seconds(value)?;
        Ok(())
    }),
    row("request-timeout", |value, draft| {
        draft.options.defaults.timeouts.request = values::seconds_or_never(value)?;
        Ok(())
    }),
    row("client-header-timeout", |value, draft| {
        draft.options.head_timeout = values::seconds(value)?;
        Ok(())
    }),
    row("client-body-timeout", |value, draft| {
        draft.options.body_idle_timeout = values::seconds(value)?;
        Ok(())
    }),
    row("firewall-body-timeout", |value, draft| {
        draft.options.held_body_timeout = values::seconds(value)?;
        Ok(())
    }),
    row("large-client-header-buffers", head_buffers),
    row("enable-underscores-in-headers", |value, draft| {
        draft.options.underscores_in_headers = values::boolean(value)?;
        Ok(())
    }),
    row("merge-slashes", |value, draft| {
        draft.options.slashes = match values::boolean(value)? {
            true => Slashes::Merge,
            false => Slashes::Keep,
        };
        Ok(())
    }),
    row("use-http2", |value, draft| {
        draft.options.http2 = values::boolean(value)?;
        Ok(())
    }),
    // Connections.
    row("keep-alive", |value, draft| {
        let seconds = values::number(value)?;
        draft.options.keep_alive = std::time::Duration::from_secs(seconds.into());
        Ok(())
    }),
    row("keep-alive-requests", |value, draft| {
        // nginx closes after the first request at 0; our 0 is no limit.
        draft.options.keep_alive_requests = values::number(value)?.max(1).into();
        Ok(())
    }),
    row("upstream-keepalive-connections", |value, draft| {
        draft.options.upstream_idle_connections = values::number(value)? as usize;
        Ok(())
    }),
    row("upstream-keepalive-timeout", |value, draft| {
        draft.options.upstream_idle_timeout = values::seconds(value)?;
        Ok(())
    }),
    row("load-balance", |value, draft| {
        draft.balancer = values::balancer(value)?;
        Ok(())
    }),
    row("service-upstream", |value, draft| {
        draft.by_cluster_ip = values::boolean(value)?;
        Ok(())
    }),
    // The client's address.
    row("use-forwarded-headers", |value, draft| {
        draft.options.client_address.use_forwarded_headers = values::boolean(value)?;
        Ok(())
    }),
    row("compute-full-forwarded-for", |value, draft| {
        draft.options.client_address.compute_full_forwarded_for = values::boolean(value)?;
        Ok(())
    }),
    row("use-proxy-protocol", |value, draft| {
        draft.options.client_address.use_proxy_protocol = values::boolean(value)?;
        Ok(())
    }),
    row("proxy-real-ip-cidr", |value, draft| {
        draft.options.client_address.trusted = values::ranges(value).map_err(|_| {
            Fault::warning(
                format!("{value:?} is not a list of ranges"),
                "no peer is trusted",
            )
        })?;
        Ok(())
    }),
];

const fn row(name: &'static str, read: fn(&str, &mut Draft) -> Result<(), Fault>) -> Row<Draft> {
    Row {
        name,
        meaning: Meaning::Setting(read),
    }
}

/// `4 8k`: so many buffers of that size; the request line has to fit into one.
fn head_buffers(value: &str, draft: &mut Draft) -> Result<(), Fault> {
    /// Longest head that can be asked for, in bytes: every connection may hold one.
    const MOST: u64 = 1 << 20;
    let fault = || {
        Fault::value(format!(
            "{value:?} is not a number of buffers and their size"
        ))
    };
    let (count, size) = value.split_once(char::is_whitespace).ok_or_else(fault)?;
    let count = values::number(count)?;
    let size = values::size(size.trim())?;
    let all = size.saturating_mul(count.into());
    if all == 0 {
        return Err(fault());
    }
    if all > MOST {
        return Err(Fault::value(format!(
            "{value:?} is more than 1 MiB for one request's head"
        )));
    }
    draft.options.max_head_bytes = all as usize;
    draft.options.max_target_bytes = size as usize;
    Ok(())
}
