//! The codec against the oracle, on valid messages with a few faults, however they arrive.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::check;
use crate::support::config;

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn request_heads_are_read_as_the_oracle_reads_them(
        bytes in mutated(REQUESTS),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        check::request(&bytes, &places(&cuts, bytes.len()));
    }

    #[test]
    fn response_heads_are_read_as_the_oracle_reads_them(
        bytes in mutated(RESPONSES),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        check::response(&bytes, &places(&cuts, bytes.len()));
    }

    #[test]
    fn chunked_bodies_are_read_as_the_oracle_reads_them(
        bytes in mutated(BODIES),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        check::chunked(&bytes, &places(&cuts, bytes.len()));
    }

    #[test]
    fn paths_become_canonical_as_the_oracle_makes_them(path in path()) {
        check::path(path.as_bytes());
    }
}

const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /a/b?c=d HTTP/1.0\r\nContent-Length: 3\r\nX:y\r\n\r\nabc",
    "\r\nOPTIONS * HTTP/1.1\r\nHost: www.example.org:8080\r\nAccept:\r\n\tX: y\r\n\r\n",
    "M-SEARCH http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Forwarded-Host: \t b \t \r\n\r\n",
    "GET /store/items/4711?colour=blue&size=xl&page=2 HTTP/1.1\r\n\
     Upgrade-Insecure-Requests: 1\r\n\
     Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n\
     A-name-that-is-longer-than-two-blocks-of-sixteen: \x7fab\r\n\
     User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n\
     cOOKIE: \u{fc}=\u{20ac}\r\n\
     x_y.z~!#$%&'*+-^`|: 0\r\n\r\n",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.0 404\r\n\r\n",
    "HTTP/1.1 999 \r\nServer: nginx\r\nX:\r\n\r\n",
    "HTTP/1.1 101 Switching \u{fc}ber Protocols, for \t long\r\n\
     Date: Tue, 03 Mar 2026 08:15:42 GMT\r\n\
     Set-Cookie: session=7f3a9c1e5b2d4860; Path=/; HttpOnly; Secure; SameSite=Lax\r\n\
     Proxy-Authenticate: Basic\r\n\
     Transfer-Encoding: chunked \r\n\r\n",
];

const BODIES: &[&str] = &[
    "0\r\n\r\n",
    "3\r\nabc\r\n00000000A\r\n0123456789\r\n0\r\n\r\nHTTP",
    "1;a;b=c ; d = \"e\\\"\tf\" ;g\r\nx\r\n0;last\r\nDate: now\r\nX-Y:  z \r\n\r\n",
    "2\r\n\r\n\r\n1f\r\n0123456789012345678901234567890\r\n000\r\nServer: a\r\n\r\n",
];

/// One of these messages with up to three faults; what would end a head or trailers follows.
fn mutated(messages: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => select(b"\r\n\0\t :;,=\"\\/#aZ09-_\x7f\x80\xff\x1f\x20".to_vec()),
        1 => any::<u8>(),
    ];
    let fault = (0..5, any::<Index>(), any::<Index>(), byte);
    let faults = prop::collection::vec(fault, 0..4);
    (select(messages), faults).prop_map(|(message, faults)| {
        let mut bytes = message.as_bytes().to_vec();
        for (kind, place, other, byte) in faults {
            let at = place.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => {
                    let range = ordered(at, other.index(bytes.len() + 1));
                    let copy = bytes[range.start..range.end.min(range.start + 40)].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes
    })
}

fn ordered(a: usize, b: usize) -> Range<usize> {
    a.min(b)..a.max(b)
}

fn places(cuts: &[Index], length: usize) -> Vec<usize> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(length + 1)).collect();
    places.sort_unstable();
    places
}

/// Paths of pieces that matter to the canonical form.
fn path() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "/",
        "/",
        "/",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2f",
        "%5C",
        "%41",
        "%7e",
        "%fF",
        "%00",
        "%25",
        "%",
        "%2",
        "\\",
        "{",
        "~",
        "[",
        "=",
        "a",
        "b0",
        "%20",
        "-_",
        "0123456789abcdef",
        "@:",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}
