//! Bodies: what is read and what is refused.

use portcullis::http1::{BodyDecoder, BodyError, BodyLength, ChunkLimits, HeadError, encode};
use portcullis::message::FieldId;

const LIMITS: ChunkLimits = ChunkLimits {
    max_extensions: 20,
    max_trailers: 40,
    max_trailer_fields: 2,
};

#[test]
fn a_sized_body_ends_after_its_bytes() {
    let mut body = BodyDecoder::new(BodyLength::Sized(5), LIMITS);
    assert_eq!(body.remaining(), Some(5));
    let decoded = body.decode(b"abc").unwrap();
    assert_eq!(
        (decoded.consumed, decoded.data, decoded.done),
        (3, 0..3, false)
    );
    assert_eq!(body.on_eof(), Err(BodyError::Truncated));
    let decoded = body.decode(b"deGET").unwrap();
    assert_eq!(
        (decoded.consumed, decoded.data, decoded.done),
        (2, 0..2, true)
    );
    assert_eq!(body.remaining(), Some(0));
    assert_eq!(body.on_eof(), Ok(()));
    assert_eq!(body.decode(b"GET").unwrap().consumed, 0);
}

#[test]
fn no_body_is_done_at_once() {
    for length in [BodyLength::Empty, BodyLength::Sized(0)] {
        let mut body = BodyDecoder::new(length, LIMITS);
        assert!(body.is_done());
        let decoded = body.decode(b"GET").unwrap();
        assert_eq!(
            (decoded.consumed, decoded.data, decoded.done),
            (0, 0..0, true)
        );
    }
}

#[test]
fn a_body_until_close_ends_with_the_stream() {
    let mut body = BodyDecoder::new(BodyLength::UntilClose, LIMITS);
    let decoded = body.decode(b"abc").unwrap();
    assert_eq!(
        (decoded.consumed, decoded.data, decoded.done),
        (3, 0..3, false)
    );
    assert_eq!((body.is_done(), body.remaining()), (false, None));
    assert_eq!(body.on_eof(), Ok(()));
}

#[test]
fn a_call_gives_one_range_and_the_framing_after_it() {
    let mut body = BodyDecoder::new(BodyLength::Chunked, LIMITS);
    let input = b"2;a\r\nab\r\n3\r\ncde\r\n0\r\nX: y\r\n\r\nGET";
    let decoded = body.decode(input).unwrap();
    assert_eq!(
        (decoded.consumed, decoded.data, decoded.done),
        (12, 5..7, false)
    );
    let decoded = body.decode(&input[12..]).unwrap();
    assert_eq!(
        (decoded.consumed, decoded.data, decoded.done),
        (16, 0..3, true)
    );
    let trailers: Vec<_> = body.trailers().map(|f| (f.id, f.name, f.value)).collect();
    assert_eq!(trailers, [(FieldId::Other, &b"X"[..], &b"y"[..])]);
    assert_eq!(body.decode(b"GET").unwrap().consumed, 0);
}

#[test]
fn each_fault_of_a_chunked_body_has_its_error() {
    use BodyError::*;
    let cases: &[(&str, &str, BodyError)] = &[
        ("no size", "\r\n", ChunkSize),
        ("a size that is no number", "g\r\n", ChunkSize),
        ("a size with a sign", "+1\r\na\r\n", ChunkSize),
        ("a size with a prefix", "0x1\r\na\r\n", ChunkSize),
        ("a blank before the size", " 1\r\na\r\n", ChunkSize),
        ("a blank after the size", "1 \r\na\r\n", ChunkSize),
        ("a blank before an extension", "1 ;a\r\na\r\n", ChunkSize),
        ("a size line that ends with LF", "1\na\r\n", ChunkSize),
        ("a size line that ends with CR", "1\ra\r\n", ChunkEnd),
        (
            "a size over 64 bits",
            "10000000000000001\r\n",
            ChunkSizeTooLong,
        ),
        (
            "a size with too many zeros",
            "00000000000000001\r\na\r\n",
            ChunkSizeTooLong,
        ),
        ("no extension", "1;\r\na\r\n", ChunkExtension),
        (
            "no extension between two",
            "1;a;;b\r\na\r\n",
            ChunkExtension,
        ),
        ("no extension value", "1;a=\r\na\r\n", ChunkExtension),
        ("a LF in an extension", "1;a\nb\r\na\r\n", ChunkExtension),
        ("a CR in an extension", "1;a\rb\r\na\r\n", ChunkEnd),
        ("a NUL in an extension", "1;a\0\r\na\r\n", ChunkExtension),
        (
            "a line end in quotes",
            "1;a=\"\r\n\"\r\na\r\n",
            ChunkExtension,
        ),
        ("a LF in quotes", "1;a=\"\n\"\r\na\r\n", ChunkExtension),
        (
            "an escaped CR in quotes",
            "1;a=\"\\\r\"\r\na\r\n",
            ChunkExtension,
        ),
        (
            "something after quotes",
            "1;a=\"b\"c\r\na\r\n",
            ChunkExtension,
        ),
        (
            "a blank after an extension",
            "1;a \r\na\r\n",
            ChunkExtension,
        ),
        (
            "too long an extension",
            "1;a=567890123456789012\r\na\r\n",
            ChunkExtensionsTooLong,
        ),
        (
            "too long extensions together",
            "1;a=5678\r\na\r\n1;a=5678\r\na\r\n1;a=5678\r\na\r\n",
            ChunkExtensionsTooLong,
        ),
        ("more data than its size", "1\r\nab\r\n", ChunkEnd),
        ("less data than its size", "3\r\na\r\n0\r\n\r\n", ChunkEnd),
        ("data that ends with LF", "1\r\na\n1\r\n", ChunkEnd),
        ("data that ends with CR", "1\r\na\r1\r\n", ChunkEnd),
        ("a last chunk that ends with LF", "0\n\r\n", ChunkSize),
        (
            "trailers that end with LF",
            "0\r\n\n",
            Trailer(HeadError::BareLf),
        ),
        (
            "trailers that end with CR",
            "0\r\n\ra\n",
            Trailer(HeadError::BareCr),
        ),
        (
            "a bad trailer",
            "0\r\nX Y: z\r\n\r\n",
            Trailer(HeadError::BlankBeforeColon),
        ),
        (
            "a folded trailer",
            "0\r\nX: y\r\n z\r\n\r\n",
            Trailer(HeadError::FoldedLine),
        ),
        (
            "a NUL in a trailer",
            "0\r\nX: \0\r\n\r\n",
            Trailer(HeadError::FieldValue),
        ),
        (
            "a length in the trailers",
            "0\r\nContent-Length: 1\r\n\r\n",
            ForbiddenTrailer,
        ),
        (
            "a coding in the trailers",
            "0\r\nTransfer-Encoding: chunked\r\n\r\n",
            ForbiddenTrailer,
        ),
        (
            "a host in the trailers",
            "0\r\nX: y\r\nhost: a\r\n\r\n",
            ForbiddenTrailer,
        ),
        (
            "credentials in the trailers",
            "0\r\nAuthorization: a\r\n\r\n",
            ForbiddenTrailer,
        ),
        (
            "an address in the trailers",
            "0\r\nX-Forwarded-For: a\r\n\r\n",
            ForbiddenTrailer,
        ),
        (
            "too many trailers",
            "0\r\na:\r\nb:\r\nc:\r\n\r\n",
            TrailersTooLarge,
        ),
        (
            "too long trailers",
            "0\r\na: 4567890123456789012345678901234567\r\n\r\n",
            TrailersTooLarge,
        ),
        (
            "too long a trailer",
            "0\r\na: 4567890123456789012345678901234567890",
            TrailersTooLarge,
        ),
    ];
    for (what, bytes, error) in cases {
        assert_eq!(decode_whole(bytes.as_bytes()), Err(*error), "{what}");
        assert_eq!(
            decode_bytewise(bytes.as_bytes()),
            Err(*error),
            "{what}, byte by byte"
        );
        assert!([400, 431].contains(&error.status()), "{what}");
    }
}

#[test]
fn what_the_limits_allow_is_read() {
    for bytes in [
        "1;a=56789012345678901\r\na\r\n0\r\n\r\n",
        "1;a=567\r\na\r\n1;b=\"234567890\"\r\na\r\n0\r\n\r\n",
        "0\r\na:\r\nb:\r\n\r\n",
        "0\r\na: 456789012345678901234567890123456\r\n\r\n",
        "000000000000000A\r\n0123456789\r\n0000000000000000\r\n\r\n",
    ] {
        assert_eq!(decode_whole(bytes.as_bytes()), Ok(true), "{bytes:?}");
        assert_eq!(decode_bytewise(bytes.as_bytes()), Ok(true), "{bytes:?}");
    }
}

#[test]
fn a_chunked_body_cut_off_anywhere_is_truncated() {
    let bytes = b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n";
    for cut in 0..bytes.len() {
        let mut body = BodyDecoder::new(BodyLength::Chunked, LIMITS);
        feed(&mut body, &bytes[..cut]).unwrap();
        assert_eq!(body.on_eof(), Err(BodyError::Truncated), "{cut}");
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut head = Vec::new();
    for (length, expected) in [
        (1, "1\r\n"),
        (10, "a\r\n"),
        (16, "10\r\n"),
        (0xabcdef, "abcdef\r\n"),
        (usize::MAX, "ffffffffffffffff\r\n"),
    ] {
        head.clear();
        encode::write_chunk_header(length, &mut head);
        assert_eq!(head, expected.as_bytes());
    }
    let mut source = BodyDecoder::new(BodyLength::Chunked, LIMITS);
    feed(&mut source, b"0\r\nX: y\r\nz:\r\n\r\n").unwrap();
    let mut encoded = Vec::new();
    encode::write_chunk_header(3, &mut encoded);
    encoded.extend_from_slice(b"abc");
    encoded.extend_from_slice(encode::CHUNK_END);
    encode::write_trailers(source.trailers(), &mut encoded);
    assert_eq!(encoded, b"3\r\nabc\r\n0\r\nX: y\r\nz: \r\n\r\n");
    assert_eq!(decode_whole(&encoded), Ok(true));
    assert_eq!(decode_whole(encode::LAST_CHUNK), Ok(true));
}

#[test]
fn a_status_line_has_the_registered_phrase() {
    for (status, expected) in [
        (200, "HTTP/1.1 200 OK\r\n"),
        (431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"),
        (299, "HTTP/1.1 299 \r\n"),
    ] {
        let mut line = Vec::new();
        encode::write_status_line(status, &mut line);
        assert_eq!(line, expected.as_bytes());
    }
}

fn decode_whole(bytes: &[u8]) -> Result<bool, BodyError> {
    let mut body = BodyDecoder::new(BodyLength::Chunked, LIMITS);
    feed(&mut body, bytes)?;
    Ok(body.is_done())
}

fn decode_bytewise(bytes: &[u8]) -> Result<bool, BodyError> {
    let mut body = BodyDecoder::new(BodyLength::Chunked, LIMITS);
    for byte in bytes {
        feed(&mut body, std::slice::from_ref(byte))?;
    }
    Ok(body.is_done())
}

fn feed(body: &mut BodyDecoder, bytes: &[u8]) -> Result<(), BodyError> {
    let mut rest = bytes;
    while !rest.is_empty() && !body.is_done() {
        let decoded = body.decode(rest)?;
        rest = &rest[decoded.consumed..];
    }
    Ok(())
}
