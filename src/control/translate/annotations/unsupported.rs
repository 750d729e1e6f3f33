//! Annotations that are not supported yet, and what follows from that.

use super::settings::AnnotationSettings;
use crate::control::translate::rows::{Meaning, Row};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    // Hosts and paths.
    row("server-alias", &[], "the aliases are not served"),
    row(
        "app-root",
        &[],
        "requests for / are forwarded, not redirected",
    ),
    row(
        "rewrite-target",
        &[],
        "paths are matched as they stand and forwarded unchanged",
    ),
    row(
        "use-regex",
        FALSE,
        "paths are matched as they stand, element by element",
    ),
    row("x-forwarded-prefix", &[], "X-Forwarded-Prefix is not sent"),
    row(
        "upstream-vhost",
        &[],
        "the upstream sees the Host of the request",
    ),
    // Redirects.
    row(
        "from-to-www-redirect",
        FALSE,
        "the host with or without www. is not redirected",
    ),
    row(
        "permanent-redirect",
        &[],
        "requests are forwarded, not redirected",
    ),
    row("permanent-redirect-code", &[], "it has no effect"),
    row(
        "preserve-trailing-slash",
        TRUE,
        "redirects to HTTPS keep the path as it is",
    ),
    row(
        "relative-redirects",
        FALSE,
        "redirects name scheme and host",
    ),
    row(
        "temporal-redirect",
        &[],
        "requests are forwarded, not redirected",
    ),
    row("temporal-redirect-code", &[], "it has no effect"),
    // Bodies, buffers and retries.
    row(
        "client-body-buffer-size",
        &[],
        "bodies are streamed through buffers of the proxy's own",
    ),
    row(
        "proxy-buffer-size",
        &[],
        "responses are streamed through buffers of the proxy's own",
    ),
    row("proxy-buffering", OFF, "responses are streamed"),
    row(
        "proxy-buffers-number",
        &[],
        "responses are streamed through buffers of the proxy's own",
    ),
    row(
        "proxy-busy-buffers-size",
        &[],
        "responses are streamed through buffers of the proxy's own",
    ),
    row(
        "proxy-http-version",
        &["1.1"],
        "HTTP/1.1 is spoken to the backends",
    ),
    row(
        "proxy-max-temp-file-size",
        &[],
        "nothing is written to disk",
    ),
    row(
        "proxy-next-upstream",
        &[],
        "the proxy's own rules for retries apply",
    ),
    row(
        "proxy-next-upstream-timeout",
        &[],
        "the proxy's own rules for retries apply",
    ),
    row(
        "proxy-next-upstream-tries",
        &[],
        "the proxy's own rules for retries apply",
    ),
    row(
        "proxy-request-buffering",
        OFF,
        "request bodies are streamed",
    ),
    // Headers and cookies.
    row(
        "connection-proxy-header",
        &[],
        "the proxy decides on Connection by itself",
    ),
    row("custom-headers", &[], "the headers are not sent"),
    row("http2-push-preload", FALSE, "nothing is pushed"),
    row(
        "proxy-cookie-domain",
        OFF,
        "Set-Cookie is passed on unchanged",
    ),
    row(
        "proxy-cookie-path",
        OFF,
        "Set-Cookie is passed on unchanged",
    ),
    row(
        "proxy-redirect-from",
        OFF,
        "Location is passed on unchanged",
    ),
    row("proxy-redirect-to", OFF, "Location is passed on unchanged"),
    // Cross-origin requests.
    row(
        "enable-cors",
        FALSE,
        "no Access-Control fields are sent, and OPTIONS is forwarded",
    ),
    row(
        "cors-allow-credentials",
        &[],
        "no Access-Control fields are sent",
    ),
    row(
        "cors-allow-headers",
        &[],
        "no Access-Control fields are sent",
    ),
    row(
        "cors-allow-methods",
        &[],
        "no Access-Control fields are sent",
    ),
    row(
        "cors-allow-origin",
        &[],
        "no Access-Control fields are sent",
    ),
    row(
        "cors-expose-headers",
        &[],
        "no Access-Control fields are sent",
    ),
    row("cors-max-age", &[], "no Access-Control fields are sent"),
    // Errors.
    row(
        "custom-http-errors",
        &[],
        "responses with these statuses are passed on",
    ),
    row(
        "default-backend",
        &[],
        "503 is answered where the backend has no endpoints",
    ),
    row("disable-proxy-intercept-errors", &[], "it has no effect"),
    // Limits.
    row("limit-allowlist", &[], "it has no effect"),
    row("limit-whitelist", &[], "it has no effect"),
    row("limit-burst-multiplier", &[], "it has no effect"),
    row("limit-connections", ZERO, "connections are not limited"),
    row("limit-rate", ZERO, "the rate of responses is not limited"),
    row(
        "limit-rate-after",
        &[],
        "the rate of responses is not limited",
    ),
    row("limit-rpm", ZERO, "the rate of requests is not limited"),
    row("limit-rps", ZERO, "the rate of requests is not limited"),
    // Affinity and balancing.
    row(
        "affinity",
        &[],
        "a client's requests may go to any endpoint",
    ),
    row("affinity-canary-behavior", &[], "it has no effect"),
    row("affinity-mode", &[], "it has no effect"),
    row(
        "session-cookie-change-on-failure",
        FALSE,
        "it has no effect",
    ),
    row(
        "session-cookie-conditional-samesite-none",
        FALSE,
        "it has no effect",
    ),
    row("session-cookie-domain", &[], "it has no effect"),
    row("session-cookie-expires", &[], "it has no effect"),
    row("session-cookie-max-age", &[], "it has no effect"),
    row("session-cookie-name", &[], "it has no effect"),
    row("session-cookie-path", &[], "it has no effect"),
    row("session-cookie-samesite", &[], "it has no effect"),
    row("session-cookie-secure", &[], "it has no effect"),
    row(
        "upstream-hash-by-subset",
        FALSE,
        "hashing chooses among all endpoints",
    ),
    row(
        "upstream-hash-by-subset-size",
        &[],
        "hashing chooses among all endpoints",
    ),
    // TLS.
    row(
        "proxy-ssl-ciphers",
        &[],
        "the proxy's own ciphers are offered to the backends",
    ),
    row("proxy-ssl-name", &[], "the backends' names are not checked"),
    row(
        "proxy-ssl-protocols",
        &[],
        "TLS 1.2 and 1.3 are offered to the backends",
    ),
    row(
        "proxy-ssl-secret",
        &[],
        "no client certificate is sent to the backends",
    ),
    row(
        "proxy-ssl-server-name",
        OFF,
        "no name is sent to the backends in SNI",
    ),
    row(
        "proxy-ssl-verify",
        OFF,
        "the backends' certificates are not checked",
    ),
    row(
        "proxy-ssl-verify-depth",
        &[],
        "the backends' certificates are not checked",
    ),
    row("ssl-ciphers", &[], "the proxy's own ciphers are offered"),
    row("ssl-passthrough", FALSE, "TLS ends at the proxy"),
    row("ssl-prefer-server-ciphers", &[], "it has no effect"),
    // Other backends.
    row("fastcgi-index", &[], "FastCGI is not spoken"),
    row("fastcgi-params-configmap", &[], "FastCGI is not spoken"),
    row("mirror-host", &[], "requests are not mirrored"),
    row("mirror-request-body", &[], "requests are not mirrored"),
    row("mirror-target", &[], "requests are not mirrored"),
    // Seeing.
    row(
        "enable-access-log",
        TRUE,
        "requests are written to the access log",
    ),
    row("enable-opentelemetry", FALSE, "no spans are sent"),
    row("enable-rewrite-log", FALSE, "no rewrites are logged"),
    row("opentelemetry-operation-name", &[], "no spans are sent"),
    row(
        "opentelemetry-trust-incoming-span",
        &[],
        "no spans are sent",
    ),
    // Directives of nginx.
    row("stream-snippet", &[], "the directives have no effect"),
];

const TRUE: &[&str] = &["true"];
const FALSE: &[&str] = &["false"];
const OFF: &[&str] = &["off", "false"];
const ZERO: &[&str] = &["0"];

const fn row(
    name: &'static str,
    harmless: &'static [&'static str],
    consequence: &'static str,
) -> Row<AnnotationSettings> {
    Row {
        name,
        meaning: Meaning::Unsupported {
            harmless,
            consequence,
        },
    }
}
