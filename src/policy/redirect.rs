//! Redirects to HTTPS, and the header that makes browsers remember them.

/// Send a request that came in the clear to the same place over HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpsRedirect {
    /// The status of the redirect, 301, 302, 307 or 308. ingress-nginx's default is 308.
    pub status: u16,
}

impl Default for HttpsRedirect {
    fn default() -> Self {
        Self { status: 308 }
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

/// Appends where a request to `host` goes to over HTTPS: the same path and query, at the default
/// port, as ingress-nginx has it.
pub fn write_https_location(host: &[u8], path_and_query: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"https://");
    out.extend_from_slice(host);
    out.extend_from_slice(path_and_query);
}
