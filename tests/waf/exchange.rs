//! Raw requests, cut leniently: these tests are about rules, not about the codec.

use std::{sync::Arc, time::SystemTime};

use portcullis::waf::{BodyWish, Exchange, Policy, RequestLine, Transaction, Verdict};

/// A request, in pieces.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) line: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Default for Response {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

impl Request {
    /// Cuts a request.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let mut request = Self::default();
        let mut rest = raw;
        request.line = next_line(&mut rest).to_vec();
        let mut chunked = false;
        loop {
            let line = next_line(&mut rest);
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = match colon {
                Some(at) => (&line[..at], &line[at + 1..]),
                None => (line, &b""[..]),
            };
            let value = value.trim_ascii();
            chunked |= name.eq_ignore_ascii_case(b"transfer-encoding")
                && value.to_ascii_lowercase().ends_with(b"chunked");
            request.headers.push((name.to_vec(), value.to_vec()));
        }
        let sized = request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
        request.body = match (chunked, sized) {
            (true, _) => unchunk(rest),
            (false, true) => rest.to_vec(),
            (false, false) => Vec::new(),
        };
        request
    }

    /// Method, target and protocol.
    pub(crate) fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let mut parts = self.line.splitn(2, |byte| *byte == b' ');
        let method = parts.next().unwrap_or_default();
        let rest = parts.next().unwrap_or_default();
        match rest.iter().rposition(|byte| *byte == b' ') {
            Some(at) => (method, &rest[..at], &rest[at + 1..]),
            None => (method, rest, b""),
        }
    }
}

fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = match end {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (*rest, &b""[..]),
    };
    *rest = after;
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while !rest.is_empty() {
        let size = String::from_utf8_lossy(next_line(&mut rest)).into_owned();
        let Ok(size) = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16) else {
            break;
        };
        let size = size.min(rest.len());
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
        next_line(&mut rest);
        if size == 0 {
            break;
        }
    }
    body
}

/// Runs a whole exchange. `answer` gives the response to a request that was not refused.
pub(crate) fn run(
    transaction: &mut Transaction,
    policy: &Arc<Policy>,
    request: &Request,
    answer: impl FnOnce(&Request) -> Response,
) -> Verdict {
    begin(transaction, policy);
    run_phases(transaction, request, answer)
}

/// Runs an exchange that has begun.
pub(crate) fn run_phases(
    transaction: &mut Transaction,
    request: &Request,
    answer: impl FnOnce(&Request) -> Response,
) -> Verdict {
    let mut verdict = show_head(transaction, request);
    if verdict.passes() {
        verdict = request_body(transaction, request);
    }
    if verdict.passes() {
        let response = answer(request);
        verdict = response_head(transaction, &response);
        if verdict.passes() {
            verdict = response_body(transaction, &response);
        }
    }
    transaction.run_logging();
    verdict
}

/// The beginning of an exchange, and its first phase.
pub(crate) fn request_head(
    transaction: &mut Transaction,
    policy: &Arc<Policy>,
    request: &Request,
) -> Verdict {
    begin(transaction, policy);
    show_head(transaction, request)
}

pub(crate) fn begin(transaction: &mut Transaction, policy: &Arc<Policy>) {
    transaction.begin(
        policy,
        &Exchange {
            client: b"127.0.0.1",
            client_port: 40_000,
            server: b"127.0.0.1",
            server_port: 80,
            id: b"4f2a",
            at: SystemTime::UNIX_EPOCH,
        },
    );
}

fn show_head(transaction: &mut Transaction, request: &Request) -> Verdict {
    let (method, target, protocol) = request.parts();
    transaction.request_line(&RequestLine {
        line: &request.line,
        method,
        target,
        protocol,
    });
    for (name, value) in &request.headers {
        transaction.request_header(name, value);
    }
    transaction.run_request_head()
}

pub(crate) fn request_body(transaction: &mut Transaction, request: &Request) -> Verdict {
    if let BodyWish::Inspect { limit, .. } = transaction.request_body_wish() {
        let cut = request.body.len().min(limit as usize);
        transaction.request_body(&request.body[..cut], cut == request.body.len());
    }
    transaction.run_request_body()
}

pub(crate) fn response_head(transaction: &mut Transaction, response: &Response) -> Verdict {
    transaction.response_line(b"HTTP/1.1", response.status, b"OK");
    for (name, value) in &response.headers {
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    transaction.run_response_head()
}

pub(crate) fn response_body(transaction: &mut Transaction, response: &Response) -> Verdict {
    if let BodyWish::Inspect { .. } = transaction.response_body_wish() {
        transaction.response_body(&response.body, true);
    }
    transaction.run_response_body()
}
