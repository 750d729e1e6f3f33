//! Reads sized HTTP/1.1 answers, and refuses any but the expected one.
//!
//! Never keeps a body: it counts it. Not a codec: chunked answers are refused.

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;

/// Largest answer head, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Progress through one answer.
#[derive(Default)]
pub(super) struct Response {
    head: Vec<u8>,
    body_left: Option<usize>,
}

impl Response {
    /// Takes `bytes` off the wire; true when the answer is whole. Nothing may follow it, as one
    /// request is out at a time.
    pub(super) fn feed(&mut self, bytes: &[u8], expected: usize) -> Result<bool> {
        let body = match self.body_left {
            Some(_) => bytes.len(),
            None if self.head.is_empty() => match memmem::find(bytes, b"\r\n\r\n") {
                Some(end) => {
                    self.body_left = Some(check_head(&bytes[..end], expected)?);
                    bytes.len() - end - 4
                }
                None => {
                    self.head.extend_from_slice(bytes);
                    0
                }
            },
            None => {
                self.head.extend_from_slice(bytes);
                match memmem::find(&self.head, b"\r\n\r\n") {
                    Some(end) => {
                        self.body_left = Some(check_head(&self.head[..end], expected)?);
                        let body = self.head.len() - end - 4;
                        self.head.clear();
                        body
                    }
                    None => 0,
                }
            }
        };
        let Some(left) = self.body_left else {
            ensure!(self.head.len() <= MAX_HEAD, "answer head too long");
            return Ok(false);
        };
        let left = left.checked_sub(body).context("bytes after the answer")?;
        self.body_left = (left > 0).then_some(left);
        Ok(left == 0)
    }
}

fn check_head(head: &[u8], expected: usize) -> Result<usize> {
    ensure!(
        head.starts_with(b"HTTP/1.1 200"),
        "unexpected answer: {}",
        String::from_utf8_lossy(head)
    );
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            let length: usize = std::str::from_utf8(&value[1..])?.trim().parse()?;
            ensure!(
                length == expected,
                "answer of {length} bytes, not {expected}"
            );
            return Ok(length);
        }
    }
    bail!("answer without a Content-Length")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Response;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

    #[test]
    fn an_answer_is_whole_at_its_last_byte_however_it_is_cut() {
        for cut in 1..ANSWER.len() {
            let mut response = Response::default();
            let (first, second) = ANSWER.split_at(cut);
            assert!(!response.feed(first, 5).unwrap(), "cut at {cut}");
            assert!(response.feed(second, 5).unwrap(), "cut at {cut}");
            assert!(response.feed(ANSWER, 5).unwrap(), "the next one");
        }
    }

    #[test]
    fn an_answer_that_is_not_the_expected_one_is_refused() {
        let cases: [(&str, &[u8]); 4] = [
            (
                "another length",
                b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n",
            ),
            (
                "another status",
                b"HTTP/1.1 502 Bad\r\ncontent-length: 5\r\n\r\n",
            ),
            ("no length", b"HTTP/1.1 200 OK\r\n\r\n"),
            (
                "too much",
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello!",
            ),
        ];
        for (name, bytes) in cases {
            assert!(Response::default().feed(bytes, 5).is_err(), "{name}");
        }
    }
}
