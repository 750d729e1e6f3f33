//! The route table every proxy is given, and the requests that exercise it.
//!
//! One table for all: what differs between proxies is only how their configuration spells it.
//! Not a model of routing: a fixed set of hosts and prefixes.

/// Hosts in the table, each with every [`SERVICES`] prefix.
pub(crate) const HOSTS: usize = 100;

/// Services, each with a path prefix of its name and a pool of upstream connections of its own.
pub(crate) const SERVICES: [&str; 3] = ["blog", "store", "api"];

/// Name of the host at `index`, below [`HOSTS`].
pub(crate) fn host(index: usize) -> String {
    format!("shop-{index}.example.com")
}

/// A path under `service` that the backend answers with `bytes` bytes of body.
pub(crate) fn path(service: &str, bytes: usize) -> String {
    format!("/{service}/items/{bytes}")
}

/// A path under `service` whose answers the backend holds until `count` such requests wait.
pub(crate) fn hold_path(service: &str, count: usize) -> String {
    format!("/{service}/hold/{count}")
}

/// A path under `service` that the backend answers with the request head it received.
pub(crate) fn head_path(service: &str) -> String {
    format!("/{service}/head")
}

/// The fields a request has besides `Host`: none for 2 headers but `Accept`, a browser's for 12.
pub(crate) fn fields(headers: usize) -> Vec<(&'static str, &'static str)> {
    if headers <= 2 {
        return vec![("accept", "*/*")];
    }
    vec![
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        ),
        (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        ),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br"),
        ("referer", "https://shop.example.com/items?page=1"),
        (
            "cookie",
            "session=0123456789abcdef0123456789abcdef; _ga=GA1.2.1234567890.1234567890",
        ),
        ("if-none-match", "W/\"0123456789abcdef\""),
        ("cache-control", "max-age=0"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "same-origin"),
        ("dnt", "1"),
    ]
}
