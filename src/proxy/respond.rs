//! Answers of our own: errors and redirects.

use super::{clock::Clock, error::ProxyError, forwarded::write_field};
use crate::{
    http1::{
        HeadError,
        encode::{reason_phrase, write_status_line},
    },
    policy::Hsts,
};

/// What a client is told whom the firewall refuses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// HTML, with `%{id}` for the request's id.
    pub page: Option<&'a str>,
    /// Where it is sent. It has no byte that ends a line.
    pub location: Option<&'a [u8]>,
}

/// What an answer of our own depends on.
pub(super) struct Answer<'a> {
    /// The request's id.
    pub id: &'a [u8],
    /// Whether it answers HEAD and has no body.
    pub head_only: bool,
    /// Whether the connection is closed after it.
    pub close: bool,
    /// Whether the client speaks HTTP/1.0 and has to be told that the connection stays open.
    pub tell_keep_alive: bool,
    /// Sent on answers over TLS.
    pub hsts: Option<&'a Hsts>,
}

impl Answer<'_> {
    /// Writes the answer to an error. It says nothing of the inside; the id leads to the log.
    /// Returns the length of the body.
    pub(super) fn write_error(self, out: &mut Vec<u8>, clock: &Clock, error: ProxyError) -> u64 {
        let status = error.status();
        let mut body = Vec::with_capacity(96);
        write_error_body(&mut body, status, self.id);
        if error == ProxyError::RequestHead(HeadError::NoVersion) {
            // A client that speaks HTTP/0.9 takes all of it for the page.
            out.extend_from_slice(&body);
            return body.len() as u64;
        }
        write_status_line(status, out);
        write_field(out, b"Content-Type", b"text/plain; charset=utf-8");
        if matches!(error, ProxyError::MethodNotAllowed) {
            write_field(
                out,
                b"Allow",
                b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS",
            );
        }
        if matches!(error, ProxyError::Overloaded) {
            write_field(out, b"Retry-After", b"1");
        }
        self.finish(out, clock, &body)
    }

    /// Writes the answer to a request that the firewall refuses. Returns the length of the body.
    pub(super) fn write_block(
        self,
        out: &mut Vec<u8>,
        clock: &Clock,
        status: u16,
        block: Block<'_>,
    ) -> u64 {
        let Block { page, location } = block;
        let mut body = Vec::with_capacity(page.map_or(96, |page| page.len() + 64));
        write_status_line(status, out);
        if let Some(location) = location {
            write_field(out, b"Location", location);
            return self.finish(out, clock, b"");
        }
        match page {
            Some(page) => {
                write_field(out, b"Content-Type", b"text/html; charset=utf-8");
                write_page(&mut body, page, self.id);
            }
            None => {
                write_field(out, b"Content-Type", b"text/plain; charset=utf-8");
                write_error_body(&mut body, status, self.id);
            }
        }
        self.finish(out, clock, &body)
    }

    /// Writes a redirect to `location`. Returns the length of the body.
    pub(super) fn write_redirect(
        self,
        out: &mut Vec<u8>,
        clock: &Clock,
        status: u16,
        location: &[u8],
    ) -> u64 {
        write_status_line(status, out);
        write_field(out, b"Location", location);
        self.finish(out, clock, b"")
    }

    fn finish(self, out: &mut Vec<u8>, clock: &Clock, body: &[u8]) -> u64 {
        let Self {
            id,
            head_only,
            close,
            tell_keep_alive,
            hsts,
        } = self;
        clock.write_date_field(out);
        out.extend_from_slice(b"Content-Length: ");
        out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
        out.extend_from_slice(b"\r\n");
        write_field(out, b"X-Request-ID", id);
        if let Some(hsts) = hsts {
            out.extend_from_slice(b"Strict-Transport-Security: ");
            hsts.write_value(out);
            out.extend_from_slice(b"\r\n");
        }
        if close {
            write_field(out, b"Connection", b"close");
        } else if tell_keep_alive {
            write_field(out, b"Connection", b"keep-alive");
        }
        out.extend_from_slice(b"\r\n");
        if head_only {
            return 0;
        }
        out.extend_from_slice(body);
        body.len() as u64
    }
}

/// The body that an error has, over whatever protocol.
pub(super) fn write_error_body(body: &mut Vec<u8>, status: u16, id: &[u8]) {
    body.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
    body.push(b' ');
    body.extend_from_slice(reason_phrase(status).as_bytes());
    body.extend_from_slice(b"\nrequest id: ");
    body.extend_from_slice(id);
    body.push(b'\n');
}

/// Writes a page with the id in its places. An id that a trusted peer chose is still only text.
fn write_page(body: &mut Vec<u8>, page: &str, id: &[u8]) {
    for (place, piece) in page.split("%{id}").enumerate() {
        if place > 0 {
            for byte in id {
                match byte {
                    b'<' => body.extend_from_slice(b"&lt;"),
                    b'&' => body.extend_from_slice(b"&amp;"),
                    b'"' => body.extend_from_slice(b"&quot;"),
                    b'\'' => body.extend_from_slice(b"&#39;"),
                    byte => body.push(*byte),
                }
            }
        }
        body.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_request_and_nothing_else() {
        let mut body = Vec::new();
        write_page(&mut body, "<p>%{id}</p><p>%{ID} %{id}", b"a<b&\"'");
        let shown = "a&lt;b&amp;&quot;&#39;";
        let expected = format!("<p>{shown}</p><p>%{{ID}} {shown}");
        assert_eq!(body, expected.as_bytes());
    }
}
