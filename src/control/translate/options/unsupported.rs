//! Keys that are not supported yet, and what follows from that.

use super::global::Draft;
use crate::control::translate::rows::{Meaning, Row};

pub(super) const ROWS: &[Row<Draft>] = &[
    // Headers.
    row("add-headers", &[], "the headers are not added to responses"),
    row(
        "proxy-set-headers",
        &[],
        "the headers are not added to requests",
    ),
    row("hide-headers", EMPTY, "the headers are passed on"),
    row(
        "allow-backend-server-header",
        TRUE,
        "the backend's Server header is passed on",
    ),
    row(
        "forwarded-for-header",
        &["X-Forwarded-For"],
        "the client's address is read from X-Forwarded-For",
    ),
    row(
        "forwarded-for-proxy-protocol-header",
        &["X-Forwarded-For-Proxy-Protocol"],
        NONE,
    ),
    row(
        "forwarded-host-header",
        &["X-Forwarded-Host"],
        "the host is read from X-Forwarded-Host",
    ),
    row(
        "enable-real-ip",
        FALSE,
        "set use-forwarded-headers to take the client's address from a peer",
    ),
    row(
        "proxy-add-original-uri-header",
        FALSE,
        "X-Original-Uri is not sent",
    ),
    row("generate-request-id", TRUE, "X-Request-ID is always sent"),
    row(
        "ignore-invalid-headers",
        TRUE,
        "requests with invalid headers are answered 400",
    ),
    row("global-allowed-response-headers", EMPTY, NONE),
    // Redirects, paths and errors.
    row(
        "custom-http-errors",
        EMPTY,
        "responses with these statuses are passed on",
    ),
    row("disable-proxy-intercept-errors", FALSE, NONE),
    row(
        "default-type",
        &["text/html"],
        "responses without a type are passed on without one",
    ),
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
        "strict-validate-path-type",
        TRUE,
        "paths are checked as the Ingress API checks them",
    ),
    // Bodies, buffers, compression.
    row("client-body-buffer-size", &["8k"], BUFFERS),
    row("client-header-buffer-size", &["1k"], BUFFERS),
    row("grpc-buffer-size-kb", ZERO, BUFFERS),
    row("proxy-buffer-size", &["4k"], BUFFERS),
    row("proxy-buffering", OFF, "responses are streamed"),
    row("proxy-buffers-number", &["4"], BUFFERS),
    row("proxy-busy-buffers-size", EMPTY, BUFFERS),
    row("proxy-headers-hash-bucket-size", &["64"], TUNING),
    row("proxy-headers-hash-max-size", &["512"], TUNING),
    row(
        "proxy-max-temp-file-size",
        &["1024m"],
        "nothing is written to disk",
    ),
    row(
        "proxy-request-buffering",
        OFF,
        "request bodies are streamed",
    ),
    row("ssl-buffer-size", &["4k"], BUFFERS),
    row(
        "enable-brotli",
        FALSE,
        "responses are passed on as the backend coded them",
    ),
    row("brotli-level", &[], NONE),
    row("brotli-min-length", &[], NONE),
    row("brotli-types", &[], NONE),
    row(
        "use-gzip",
        FALSE,
        "responses are passed on as the backend coded them",
    ),
    row("gzip-disable", EMPTY, NONE),
    row("gzip-level", &[], NONE),
    row("gzip-min-length", &[], NONE),
    row("gzip-types", &[], NONE),
    // Upstreams.
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
        "proxy-http-version",
        &["1.1"],
        "HTTP/1.1 is spoken to the backends",
    ),
    row("proxy-next-upstream", &["error timeout"], RETRIES),
    row("proxy-next-upstream-timeout", ZERO, RETRIES),
    row("proxy-next-upstream-tries", &["3"], RETRIES),
    row("retry-non-idempotent", FALSE, RETRIES),
    row(
        "proxy-redirect-from",
        OFF,
        "Location is passed on unchanged",
    ),
    row("proxy-redirect-to", OFF, "Location is passed on unchanged"),
    row("proxy-ssl-location-only", FALSE, NONE),
    row("upstream-hash-by", EMPTY, "set it on the Ingress"),
    row(
        "upstream-hash-by-subset",
        FALSE,
        "hashing chooses among all endpoints",
    ),
    row(
        "upstream-hash-by-subset-size",
        &["3"],
        "hashing chooses among all endpoints",
    ),
    row(
        "upstream-keepalive-requests",
        &["10000"],
        "connections to backends serve any number",
    ),
    row(
        "upstream-keepalive-time",
        &["1h"],
        "connections to backends may live for longer",
    ),
    // Limits.
    row("limit-conn-status-code", &["503"], NONE),
    row("limit-conn-zone-variable", &["$binary_remote_addr"], NONE),
    row("limit-rate", ZERO, "the rate of responses is not limited"),
    row("limit-rate-after", ZERO, NONE),
    row("limit-req-status-code", &["503"], NONE),
    // Downstream protocols and TLS.
    row(
        "http2-max-concurrent-streams",
        &["100"],
        "100 streams at a time are allowed",
    ),
    row(
        "http2-max-field-size",
        EMPTY,
        "the limits on request heads apply",
    ),
    row(
        "http2-max-header-size",
        EMPTY,
        "the limits on request heads apply",
    ),
    row("http2-max-requests", ZERO, "keep-alive-requests applies"),
    row(
        "proxy-protocol-header-timeout",
        &[],
        "client-header-timeout applies",
    ),
    row("enable-ocsp", FALSE, "no OCSP responses are stapled"),
    row("ssl-ciphers", &[], "the proxy's own ciphers are offered"),
    row(
        "ssl-dh-param",
        EMPTY,
        "no finite-field key exchange is offered",
    ),
    row("ssl-early-data", FALSE, "early data is not accepted"),
    row(
        "ssl-ecdh-curve",
        &["auto"],
        "the proxy's own curves are offered",
    ),
    row(
        "ssl-protocols",
        &["TLSv1.2 TLSv1.3"],
        "TLS 1.2 and 1.3 are offered",
    ),
    row(
        "ssl-reject-handshake",
        FALSE,
        "unknown names get the default certificate",
    ),
    row("ssl-session-cache", TRUE, "sessions are resumed by tickets"),
    row(
        "ssl-session-cache-size",
        &["10m"],
        "sessions are resumed by tickets",
    ),
    row(
        "ssl-session-ticket-key",
        EMPTY,
        "keys of tickets are made and rotated by the proxy",
    ),
    row(
        "ssl-session-tickets",
        TRUE,
        "sessions are resumed by tickets",
    ),
    row(
        "ssl-session-timeout",
        &[],
        "the proxy's own lifetime of tickets applies",
    ),
    // Logs and tracing.
    row("access-log-params", EMPTY, LOG),
    row(
        "access-log-path",
        &["/var/log/nginx/access.log", "/dev/stdout"],
        LOG,
    ),
    row("http-access-log-path", EMPTY, LOG),
    row(
        "stream-access-log-path",
        EMPTY,
        "nothing but HTTP is served",
    ),
    row("disable-stream-access-log", &["true", "false"], NONE),
    row(
        "enable-access-log-for-default-backend",
        TRUE,
        "every request is logged",
    ),
    row("enable-auth-access-log", FALSE, NONE),
    row(
        "error-log-level",
        &[],
        "the log's level is set on the command line",
    ),
    row(
        "error-log-path",
        &["/var/log/nginx/error.log"],
        "the log goes to standard error",
    ),
    row("log-format-escape-json", FALSE, "values are always escaped"),
    row("log-format-escape-none", FALSE, "values are always escaped"),
    row("log-format-stream", &[], "nothing but HTTP is served"),
    row("skip-access-log-urls", EMPTY, "every request is logged"),
    row("enable-syslog", FALSE, LOG),
    row("syslog-host", EMPTY, LOG),
    row("syslog-port", &["514"], LOG),
    row(
        "debug-connections",
        EMPTY,
        "no connection is logged in more detail",
    ),
    row("enable-opentelemetry", FALSE, SPANS),
    row("opentelemetry-config", &[], SPANS),
    row("opentelemetry-operation-name", &[], SPANS),
    row("opentelemetry-trust-incoming-span", &[], SPANS),
    row("otel-max-export-batch-size", &[], SPANS),
    row("otel-max-queuesize", &[], SPANS),
    row("otel-sampler", &[], SPANS),
    row("otel-sampler-parent-based", &[], SPANS),
    row("otel-sampler-ratio", &[], SPANS),
    row("otel-schedule-delay-millis", &[], SPANS),
    row("otel-service-name", &[], SPANS),
    row("otlp-collector-host", &[], SPANS),
    row("otlp-collector-port", &[], SPANS),
    // External auth; global-auth-url itself is access control.
    row("global-auth-always-set-cookie", FALSE, NONE),
    row("global-auth-cache-duration", &[], NONE),
    row("global-auth-cache-key", EMPTY, NONE),
    row("global-auth-method", EMPTY, NONE),
    row("global-auth-request-redirect", EMPTY, NONE),
    row("global-auth-response-headers", EMPTY, NONE),
    row("global-auth-signin", EMPTY, NONE),
    row("global-auth-signin-redirect-param", EMPTY, NONE),
    row("global-auth-snippet", EMPTY, NONE),
    // What Ingresses may say.
    row(
        "allow-cross-namespace-resources",
        FALSE,
        "only the Ingress' own namespace is read",
    ),
    row(
        "allow-snippet-annotations",
        FALSE,
        "directives of nginx have no effect",
    ),
    row(
        "annotation-value-word-blocklist",
        EMPTY,
        "values are parsed, so no word is dangerous",
    ),
    row(
        "annotations-risk-level",
        &[],
        "values are parsed, so every supported annotation is allowed",
    ),
    row("main-snippet", EMPTY, SNIPPET),
    row("stream-snippet", EMPTY, SNIPPET),
    // Listeners.
    row(
        "bind-address",
        EMPTY,
        "listeners are set on the command line",
    ),
    row(
        "disable-ipv6",
        FALSE,
        "listeners are set on the command line",
    ),
    row(
        "disable-ipv6-dns",
        FALSE,
        "names are resolved to addresses of both kinds",
    ),
    row("reuse-port", TRUE, "every worker has a socket of its own"),
    row(
        "nginx-status-ipv4-whitelist",
        &["127.0.0.1"],
        "the status listener admits everybody",
    ),
    row(
        "nginx-status-ipv6-whitelist",
        &["::1"],
        "the status listener admits everybody",
    ),
    row("proxy-stream-next-upstream", &[], STREAM),
    row("proxy-stream-next-upstream-timeout", &[], STREAM),
    row("proxy-stream-next-upstream-tries", &[], STREAM),
    row("proxy-stream-responses", &[], STREAM),
    row("proxy-stream-timeout", &[], STREAM),
    // Geography.
    row("geoip2-autoreload-in-minutes", ZERO, NONE),
    row("use-geoip", FALSE, "places are not looked up"),
    row("use-geoip2", FALSE, "places are not looked up"),
    // nginx's own workings.
    row("enable-aio-write", &["true", "false"], TUNING),
    row("enable-multi-accept", &["true", "false"], TUNING),
    row("enable-serial-reloads", &["true", "false"], TUNING),
    row("lua-shared-dicts", &[], TUNING),
    row("map-hash-bucket-size", &[], TUNING),
    row("max-worker-connections", &["16384"], TUNING),
    row("max-worker-open-files", ZERO, TUNING),
    row("plugins", EMPTY, "no plugins are loaded"),
    row("server-name-hash-bucket-size", &[], TUNING),
    row("server-name-hash-max-size", &[], TUNING),
    row("variables-hash-bucket-size", &[], TUNING),
    row("variables-hash-max-size", &[], TUNING),
    row("worker-cpu-affinity", EMPTY, TUNING),
    row(
        "worker-processes",
        &["auto"],
        "workers are set on the command line",
    ),
    row(
        "worker-shutdown-timeout",
        &[],
        "the proxy's own shutdown applies",
    ),
    // Retired by ingress-nginx before 1.15, and still found.
    row("enable-opentracing", FALSE, SPANS),
    row("jaeger-collector-host", &[], SPANS),
    row("jaeger-collector-port", &[], SPANS),
    row("jaeger-endpoint", &[], SPANS),
    row("jaeger-service-name", &[], SPANS),
    row("zipkin-collector-host", &[], SPANS),
    row("zipkin-collector-port", &[], SPANS),
    row("zipkin-service-name", &[], SPANS),
];

const NONE: &str = "it has no effect";
const BUFFERS: &str = "bodies are streamed through buffers of the proxy's own";
const LOG: &str = "where the access log goes is set on the command line";
const RETRIES: &str = "the proxy's own rules for retries apply";
const SNIPPET: &str = "the directives have no effect";
const SPANS: &str = "no spans are sent";
const STREAM: &str = "nothing but HTTP is served";
const TUNING: &str = "it tunes nginx and has no effect here";

const EMPTY: &[&str] = &[""];
const FALSE: &[&str] = &["false"];
const OFF: &[&str] = &["off", "false"];
const TRUE: &[&str] = &["true"];
const ZERO: &[&str] = &["0"];

const fn row(
    name: &'static str,
    harmless: &'static [&'static str],
    consequence: &'static str,
) -> Row<Draft> {
    Row {
        name,
        meaning: Meaning::Unsupported {
            harmless,
            consequence,
        },
    }
}
