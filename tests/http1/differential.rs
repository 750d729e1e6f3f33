//! The codec against the oracle, on valid messages with a few faults, however they arrive.

use std::ops::Range;

use portcullis::http1::{
    self, BodyDecoder, BodyError, BodyLength, ChunkLimits, HeadError, HeadLimits, Parsed,
};
use portcullis::message::{Fields, RequestHead, ResponseHead};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::oracle::{self, Field, Head};
use crate::support::config;

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn request_heads_are_read_as_the_oracle_reads_them(
        bytes in mutated(REQUESTS),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let expected = oracle::request(&bytes);
        let whole = read_request(&bytes, &[], true);
        match (&whole, &expected) {
            (Some(Ok(read)), Some(expected)) => prop_assert_eq!(read, expected),
            // Nothing but empty lines has come.
            (None, None) => prop_assert!(bytes.iter().all(|b| b"\r\n".contains(b))),
            (Some(Err(_)), None) => {}
            _ => prop_assert!(false, "{:?}, not {:?}", whole, expected),
        }
        prop_assert_eq!(&read_request(&bytes, &[], false), &whole);
        prop_assert_eq!(&read_request(&bytes, &places(&cuts, bytes.len()), true), &whole);
        prop_assert_eq!(&read_request(&bytes, &everywhere(&bytes), true), &whole);
    }

    #[test]
    fn response_heads_are_read_as_the_oracle_reads_them(
        bytes in mutated(RESPONSES),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let expected = oracle::response(&bytes);
        let whole = read_response(&bytes, &[], true);
        match (&whole, &expected) {
            (Some(Ok(read)), Some(expected)) => prop_assert_eq!(read, expected),
            (Some(Err(_)), None) => {}
            _ => prop_assert!(false, "{:?}, not {:?}", whole, expected),
        }
        prop_assert_eq!(&read_response(&bytes, &[], false), &whole);
        prop_assert_eq!(&read_response(&bytes, &places(&cuts, bytes.len()), true), &whole);
        prop_assert_eq!(&read_response(&bytes, &everywhere(&bytes), true), &whole);
    }

    #[test]
    fn chunked_bodies_are_read_as_the_oracle_reads_them(
        bytes in mutated(BODIES),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let expected = oracle::chunked(&bytes);
        let whole = read_chunked(&bytes, &[]);
        match (&whole, &expected) {
            (Ok(read), Some(_)) => prop_assert_eq!(read, &expected),
            (Ok(None) | Err(_), None) => {}
            _ => prop_assert!(false, "{:?}, not {:?}", whole, expected),
        }
        prop_assert_eq!(&read_chunked(&bytes, &places(&cuts, bytes.len())), &whole);
        prop_assert_eq!(&read_chunked(&bytes, &everywhere(&bytes)), &whole);
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

fn everywhere(bytes: &[u8]) -> Vec<usize> {
    (1..bytes.len()).collect()
}

/// The pieces between the cuts.
fn pieces<'a>(bytes: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end])
}

/// Parses what comes in pieces; nothing if the head remains partial. `has_room` is whether the
/// buffer has room to spare.
fn read_request(bytes: &[u8], cuts: &[usize], has_room: bool) -> Option<Result<Head, HeadError>> {
    let mut head = RequestHead::default();
    if has_room {
        head.buffer.reserve(bytes.len() + 100);
    } else {
        head.buffer.reserve_exact(bytes.len());
    }
    for piece in pieces(bytes, cuts) {
        head.buffer.extend_from_slice(piece);
        match http1::parse_request(&mut head, &HeadLimits::default()) {
            Ok(Parsed::Partial) => assert_eq!(head.head_len, 0),
            Ok(Parsed::Complete) => {
                let version = head.version.as_str().as_bytes();
                return Some(Ok(Head {
                    start: [head.method_bytes(), head.target(), version].map(<[u8]>::to_vec),
                    fields: owned(head.fields()),
                    length: head.head_len,
                }));
            }
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

fn read_response(bytes: &[u8], cuts: &[usize], has_room: bool) -> Option<Result<Head, HeadError>> {
    let mut head = ResponseHead::default();
    if has_room {
        head.buffer.reserve(bytes.len() + 100);
    } else {
        head.buffer.reserve_exact(bytes.len());
    }
    for piece in pieces(bytes, cuts) {
        head.buffer.extend_from_slice(piece);
        match http1::parse_response(&mut head, &HeadLimits::default()) {
            Ok(Parsed::Partial) => assert_eq!(head.head_len, 0),
            Ok(Parsed::Complete) => {
                let version = head.version.as_str().as_bytes();
                let status = head.status.to_string();
                return Some(Ok(Head {
                    start: [version, status.as_bytes(), head.reason()].map(<[u8]>::to_vec),
                    fields: owned(head.fields()),
                    length: head.head_len,
                }));
            }
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

type Body = (Vec<u8>, Vec<Field>, usize);

/// Decodes what comes in pieces; nothing if the body does not end.
fn read_chunked(bytes: &[u8], cuts: &[usize]) -> Result<Option<Body>, BodyError> {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, ChunkLimits::default());
    let (mut unread, mut data, mut used) = (Vec::new(), Vec::new(), 0);
    for piece in pieces(bytes, cuts) {
        unread.extend_from_slice(piece);
        while !unread.is_empty() && !decoder.is_done() {
            let decoded = decoder.decode(&unread)?;
            assert_eq!(decoded.done, decoder.is_done());
            assert!(decoded.consumed > 0, "no progress");
            data.extend_from_slice(&unread[decoded.data]);
            unread.drain(..decoded.consumed);
            used += decoded.consumed;
        }
    }
    let is_done = decoder.is_done();
    assert_eq!(decoder.on_eof().is_ok(), is_done);
    Ok(is_done.then(|| (data, owned(decoder.trailers()), used)))
}

fn owned(fields: Fields<'_>) -> Vec<Field> {
    fields
        .map(|field| (field.id, field.name.to_vec(), field.value.to_vec()))
        .collect()
}
