//! Files of requests: as on the wire, or HAR.
//!
//! Invariant: bytes of a request stay as they are, but for line ends of a head that has no carriage
//! return in it, which is how editors write one. Non-goal: reading requests; the codec does.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context, bail};

use super::har;
use crate::proxy::RehearsalError;

/// Bytes of a file of requests.
const MOST: u64 = 64 << 20;

/// Requests that were read.
#[derive(Debug)]
pub(super) enum Requests {
    /// One after the other, as a connection carries them.
    Wire(Vec<u8>),
    /// Each on its own.
    Each(Vec<Vec<u8>>),
}

impl Requests {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, holds no request, or too much.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let named = || path.display().to_string();
        let mut bytes = Vec::new();
        let read = match path.to_str() {
            Some("-") => io::stdin().take(MOST + 1).read_to_end(&mut bytes),
            _ => File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)),
        };
        read.with_context(named)?;
        if bytes.len() as u64 > MOST {
            bail!("{}: more than {} MiB of requests", named(), MOST >> 20);
        }
        match bytes.trim_ascii_start().first() {
            None => bail!("{}: there is no request", named()),
            // No method begins so.
            Some(b'{') => {
                let requests = har::requests(&bytes).with_context(named)?;
                Ok(Self::Each(requests))
            }
            Some(_) => Ok(Self::Wire(bytes)),
        }
    }

    /// Hands over each request, with whatever follows it; `take` says how many bytes are its own.
    ///
    /// # Errors
    /// Those of `take`, with the number of the request.
    pub(super) fn each(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<usize, RehearsalError>,
    ) -> anyhow::Result<()> {
        let context = |number: usize| move || format!("request {number}");
        match self {
            Self::Each(requests) => {
                for (index, request) in requests.iter().enumerate() {
                    take(request).with_context(context(index + 1))?;
                }
            }
            Self::Wire(bytes) => {
                let (mut rest, mut number) = (&bytes[..], 0);
                while !rest.trim_ascii_start().is_empty() {
                    number += 1;
                    let (wire, added) = on_the_wire(rest);
                    if added > 0 && number == 1 {
                        let note =
                            b"note: lines of the head end in a line feed alone; they are read as \
                                     if they ended as on the wire\n";
                        let _ = io::stderr().write_all(note);
                    }
                    let used = take(&wire).with_context(context(number))?;
                    let used = used.saturating_sub(added).clamp(1, rest.len());
                    rest = rest.get(used..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }
}

/// A request whose head has carriage returns, and how many were added.
fn on_the_wire(rest: &[u8]) -> (Vec<u8>, usize) {
    let end = memchr::memmem::find(rest, b"\n\n").map(|at| at + 2);
    let Some(head) = end.and_then(|end| rest.get(..end)) else {
        return (rest.to_vec(), 0);
    };
    if memchr::memchr(b'\r', head).is_some() {
        return (rest.to_vec(), 0);
    }
    let mut wire = Vec::with_capacity(rest.len() + 64);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        wire.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    let added = wire.len() - head.len();
    wire.extend_from_slice(rest.get(head.len()..).unwrap_or_default());
    (wire, added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_that_an_editor_wrote_are_read_and_others_left_alone() {
        for (text, wire, added) in [
            (
                "GET / HTTP/1.1\nHost: a\n\nb\nc",
                "GET / HTTP/1.1\r\nHost: a\r\n\r\nb\nc",
                3,
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\n\n",
                "GET / HTTP/1.1\r\nHost: a\n\n",
                0,
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\n\r\nb\n\nc",
                "GET / HTTP/1.1\r\nHost: a\r\n\r\nb\n\nc",
                0,
            ),
            ("GET", "GET", 0),
        ] {
            let found = on_the_wire(text.as_bytes());
            assert_eq!(found, (wire.as_bytes().to_vec(), added), "{text:?}");
        }
    }

    #[test]
    fn requests_follow_one_another_until_only_blanks_are_left() {
        let text = "GET /1 HTTP/1.1\nHost: a\n\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n\n\n";
        let mut seen = Vec::new();
        let done = Requests::Wire(text.into()).each(|wire| {
            let end = memchr::memmem::find(wire, b"\r\n\r\n").map_or(wire.len(), |at| at + 4);
            seen.push(wire[..end].to_vec());
            Ok(end)
        });
        assert!(done.is_ok());
        let seen: Vec<_> = seen
            .iter()
            .map(|wire| wire.escape_ascii().to_string())
            .collect();
        assert_eq!(
            seen,
            [
                "GET /1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n",
                "GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
            ]
        );
        let cut = Requests::Wire(b"GET".to_vec()).each(|_| Err(RehearsalError::CutHead));
        let said = cut.err().map(|error| format!("{error:#}"));
        assert_eq!(
            said.as_deref(),
            Some("request 1: the request ends within its head")
        );
    }
}
