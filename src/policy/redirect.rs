//! Redirects to HTTPS, and the header that makes browsers remember them.

/// The port that `https://` means without saying it.
const HTTPS: u16 = 443;

/// Send a request that came in the clear to the same place over HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpsRedirect {
    /// The status of the redirect, 301, 302, 307 or 308. ingress-nginx's default is 308.
    pub status: u16,
    /// The port that clients reach HTTPS at. Default 443, whatever port is listened on.
    pub port: u16,
}

impl Default for HttpsRedirect {
    fn default() -> Self {
        Self {
            status: 308,
            port: HTTPS,
        }
    }
}

/// `Strict-Transport-Security`, RFC 6797; sent on answers over TLS only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hsts {
    /// How long browsers remember it, in seconds.
    pub max_age: u64,
    /// Whether it holds for subdomains.
    pub include_subdomains: bool,
    /// Whether the `preload` token is sent.
    pub preload: bool,
}

impl Default for Hsts {
    /// ingress-nginx's defaults: a year, subdomains included, no preload.
    fn default() -> Self {
        Self {
            max_age: 31_536_000,
            include_subdomains: true,
            preload: false,
        }
    }
}

impl Hsts {
    /// Appends the field's value, RFC 6797 section 6.1.
    pub fn write_value(&self, out: &mut Vec<u8>) {
        let Self {
            max_age,
            include_subdomains,
            preload,
        } = self;
        out.extend_from_slice(b"max-age=");
        out.extend_from_slice(itoa::Buffer::new().format(*max_age).as_bytes());
        if *include_subdomains {
            out.extend_from_slice(b"; includeSubDomains");
        }
        if *preload {
            out.extend_from_slice(b"; preload");
        }
    }
}

/// Appends where a request to `host` goes to over HTTPS at `port`: the same path and query, whatever
/// port the request came to, as ingress-nginx has it. `host` is canonical and not empty; so is
/// `path_and_query`, or `*` for a request to the server as a whole (RFC 9112 section 3.2.4), which has
/// no path.
pub fn write_https_location(host: &[u8], port: u16, path_and_query: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"https://");
    out.extend_from_slice(host);
    if port != HTTPS {
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(port).as_bytes());
    }
    if path_and_query != b"*" {
        out.extend_from_slice(path_and_query);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_location_keeps_path_and_query_and_names_a_port_that_is_not_the_default() {
        for (host, port, path_and_query, expected) in [
            ("a.example", 443, "/", "https://a.example/"),
            ("a.example", 8443, "/", "https://a.example:8443/"),
            (
                "a.example",
                443,
                "/b/?c=d&e=%20",
                "https://a.example/b/?c=d&e=%20",
            ),
            // Never taken for another host: the host always comes first.
            (
                "a.example",
                443,
                "//b.example/",
                "https://a.example//b.example/",
            ),
            ("[2001:db8::1]", 80, "/b", "https://[2001:db8::1]:80/b"),
            ("a.example", 443, "*", "https://a.example"),
        ] {
            let mut out = b"Location: ".to_vec();
            write_https_location(host.as_bytes(), port, path_and_query.as_bytes(), &mut out);
            assert_eq!(out, format!("Location: {expected}").as_bytes());
        }
    }

    #[test]
    fn the_hsts_value_says_what_is_set_and_no_more() {
        let hsts = |max_age, include_subdomains, preload| Hsts {
            max_age,
            include_subdomains,
            preload,
        };
        for (hsts, expected) in [
            (Hsts::default(), "max-age=31536000; includeSubDomains"),
            (hsts(0, false, false), "max-age=0"),
            (hsts(1, false, true), "max-age=1; preload"),
            (
                hsts(u64::MAX, true, true),
                "max-age=18446744073709551615; includeSubDomains; preload",
            ),
        ] {
            let mut out = Vec::new();
            hsts.write_value(&mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
