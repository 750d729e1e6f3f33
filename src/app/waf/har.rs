//! Requests of an HTTP archive (HAR 1.2), as browsers and proxies save them.
//!
//! Invariant: each becomes a request of HTTP/1.1 with one `Host` and the length of the body that is in
//! the archive; fields that only frame a message are left out. Non-goal: answers, and what the archive
//! has not kept, such as the names that HTTP/2 gives a request's parts.

use anyhow::{Context, bail};
use serde::Deserialize;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Field>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    #[serde(default)]
    mime_type: String,
    text: Option<String>,
    #[serde(default)]
    params: Vec<Field>,
}

/// The requests of an archive, each as on the wire.
///
/// # Errors
/// When it is not HAR, or has no request.
pub(super) fn requests(text: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let archive: Archive = serde_json::from_slice(text).context("it is not an HTTP archive")?;
    let entries = archive.log.entries;
    if entries.is_empty() {
        bail!("there is no request");
    }
    Ok(entries.iter().map(|entry| wire(&entry.request)).collect())
}

fn wire(request: &Request) -> Vec<u8> {
    let Request {
        method,
        url,
        headers,
        post_data,
    } = request;
    let (host, target) = split(url);
    let body = post_data.as_ref().map(PostData::bytes);
    let root = if target.starts_with('?') { "/" } else { "" };
    let mut out = format!("{method} {root}{target} HTTP/1.1\r\n").into_bytes();
    let mut field = |name: &str, value: &str| {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    };
    let has = |wanted: &str| {
        headers
            .iter()
            .any(|it| it.name.eq_ignore_ascii_case(wanted))
    };
    if !has("host") {
        field("Host", host);
    }
    for Field { name, value } in headers {
        // Those with a colon are HTTP/2's own.
        let frames = ["content-length", "transfer-encoding", "connection"];
        let frames = frames.iter().any(|frame| name.eq_ignore_ascii_case(frame));
        if !frames && !name.starts_with(':') {
            field(name, value);
        }
    }
    if let Some(post) = post_data
        && !has("content-type")
        && !post.mime_type.is_empty()
    {
        field("Content-Type", &post.mime_type);
    }
    if let Some(body) = &body {
        field("Content-Length", &body.len().to_string());
    }
    out.extend_from_slice(b"\r\n");
    out.extend(body.into_iter().flatten());
    out
}

/// Host and target of a URL; a fragment is not sent.
fn split(url: &str) -> (&str, &str) {
    let url = url.split('#').next().unwrap_or(url);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find(['/', '?']) {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "/")),
        None => (rest, "/"),
    }
}

impl PostData {
    fn bytes(&self) -> Vec<u8> {
        if let Some(text) = &self.text {
            return text.clone().into_bytes();
        }
        let mut out = Vec::new();
        for Field { name, value } in &self.params {
            if !out.is_empty() {
                out.push(b'&');
            }
            escape(name, &mut out);
            out.push(b'=');
            escape(value, &mut out);
        }
        out
    }
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn one(request: &str) -> String {
        let text = format!("{{\"log\": {{\"entries\": [{{\"request\": {request}}}]}}}}");
        let requests = requests(text.as_bytes()).unwrap();
        String::from_utf8(requests[0].clone()).unwrap()
    }

    #[test]
    fn requests_of_an_archive_are_put_on_the_wire() {
        for (request, expected) in [
            (
                r#"{"method": "GET", "url": "https://a.example/b?c=%27#d", "headers": [
                    {"name": ":authority", "value": "a.example"},
                    {"name": "Cookie", "value": "e=f"}]}"#,
                "GET /b?c=%27 HTTP/1.1\r\nHost: a.example\r\nCookie: e=f\r\n\r\n",
            ),
            (
                r#"{"method": "POST", "url": "http://a.example:8080", "headers": [
                    {"name": "host", "value": "b.example"},
                    {"name": "content-length", "value": "99"}],
                    "postData": {"mimeType": "application/json", "text": "{\"a\": 1}"}}"#,
                "POST / HTTP/1.1\r\nhost: b.example\r\nContent-Type: application/json\r\n\
                 Content-Length: 8\r\n\r\n{\"a\": 1}",
            ),
            (
                r#"{"method": "POST", "url": "http://a.example?q", "headers": [],
                    "postData": {"mimeType": "application/x-www-form-urlencoded",
                    "params": [{"name": "a b", "value": "c&'"}, {"name": "d"}]}}"#,
                "POST /?q HTTP/1.1\r\nHost: a.example\r\nContent-Type: \
                 application/x-www-form-urlencoded\r\nContent-Length: 14\r\n\r\na+b=c%26%27&d=",
            ),
        ] {
            assert_eq!(one(request), expected);
        }
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        for text in ["{", "{}", "{\"log\": {\"entries\": []}}"] {
            assert!(requests(text.as_bytes()).is_err(), "{text}");
        }
    }
}
