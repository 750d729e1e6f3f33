//! The codec and the oracle on the same bytes. The fuzz targets use this too.

use portcullis::http1::{
    self, BodyDecoder, BodyError, BodyLength, ChunkLimits, HeadError, HeadLimits, Parsed,
    RequestHeadBuilder,
};
use portcullis::message::{Fields, RequestHead, ResponseHead, Slashes, Target, Version};

use crate::oracle::{self, Field, Head};

/// Checks a request head that is followed by an empty line at the latest at the end, and comes in
/// pieces that end at `cuts`.
pub(crate) fn request(bytes: &[u8], cuts: &[usize]) {
    let whole = read_request(bytes, &[], true);
    match (&whole, oracle::request(bytes)) {
        (Some(Ok(read)), Some(expected)) => assert_eq!(read, &expected),
        // Nothing but empty lines has come.
        (None, None) => assert!(bytes.iter().all(|b| b"\r\n".contains(b))),
        (Some(Err(_)), None) => {}
        (whole, expected) => panic!("{whole:?}, not {expected:?}"),
    }
    assert_eq!(read_request(bytes, &[], false), whole);
    assert_eq!(read_request(bytes, cuts, true), whole);
    assert_eq!(read_request(bytes, &everywhere(bytes), true), whole);
}

/// Checks a response head as [`request`] does.
pub(crate) fn response(bytes: &[u8], cuts: &[usize]) {
    let whole = read_response(bytes, &[], true);
    match (&whole, oracle::response(bytes)) {
        (Some(Ok(read)), Some(expected)) => assert_eq!(read, &expected),
        (Some(Err(_)), None) => {}
        (whole, expected) => panic!("{whole:?}, not {expected:?}"),
    }
    assert_eq!(read_response(bytes, &[], false), whole);
    assert_eq!(read_response(bytes, cuts, true), whole);
    assert_eq!(read_response(bytes, &everywhere(bytes), true), whole);
}

/// Checks a chunked body that comes in pieces that end at `cuts`.
pub(crate) fn chunked(bytes: &[u8], cuts: &[usize]) {
    let whole = read_chunked(bytes, &[]);
    match (&whole, oracle::chunked(bytes)) {
        (Ok(Some(read)), Some(expected)) => assert_eq!(read, &expected),
        (Ok(None) | Err(_), None) => {}
        (whole, expected) => panic!("{whole:?}, not {expected:?}"),
    }
    assert_eq!(read_chunked(bytes, cuts), whole);
    assert_eq!(read_chunked(bytes, &everywhere(bytes)), whole);
}

/// Checks the canonical form of what starts with a slash, and that it is its own.
pub(crate) fn path(path: &[u8]) {
    assert_eq!(path.first(), Some(&b'/'));
    for slashes in [Slashes::Merge, Slashes::Keep] {
        let Some(canonical) = canonical(path, slashes) else {
            return;
        };
        let merge = slashes == Slashes::Merge;
        assert_eq!(canonical, oracle::canonical_path(path, merge));
        if let Some(path) = canonical {
            assert_eq!(self::canonical(&path, slashes), Some(Some(path)));
        }
    }
}

/// The canonical form of a path; nothing if it is refused. Nothing at all if no request line can
/// hold it.
fn canonical(path: &[u8], slashes: Slashes) -> Option<Option<Vec<u8>>> {
    let mut head = RequestHead::default();
    let mut builder = RequestHeadBuilder::new(
        &mut head,
        HeadLimits::default(),
        b"GET",
        path,
        Version::Http11,
    )
    .ok()?;
    builder.push_field(b"host", b"a").ok()?;
    builder.finish().ok()?;
    let mut target = Target::default();
    let outcome = target.resolve(&head, slashes);
    Some(outcome.is_ok().then(|| target.path().to_vec()))
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
