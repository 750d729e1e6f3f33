use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

const TEXT: &[u8] = b"a=<script>alert(1)</script>&a=<script>alert(1)</script>";

/// [`TEXT`], by the reference encoders.
const BROTLI: &[u8] = b"\x1b\x36\x00\xf8\x8d\x94\xac\xf9\x85\x32\x2c\xe6\xa5\x4d\x52\x78\x7a\x34\
    \x21\x96\x94\x42\x8d\x06\x61\x85\x5c\x8e\xa1\x1b\xa6\xb6\x98\x10";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x24\x37\xf5\x00\x00\xa8\x61\x3d\x3c\x73\x63\x72\x69\x70\x74\
    \x3e\x61\x6c\x65\x72\x74\x28\x31\x29\x3c\x2f\x26\x02\x00\x3f\x83\x40\xee\x64\x02\x4a\x80\x43\
    \x04";

/// 64 MiB of zeros in a window of 16 MiB.
const BROTLI_BOMB: &[u8] = b"\xcf\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x9f\xff\xff\xff\
    \xf0\x4f\x00\xc4\x61\x01\x80\xee\xfd\x3f\xff\xff\xff\xe1\x9f\x00\x88\xc3\x22\x00\xdd\xfb\xff\
    \xfc\xff\xff\xc7\x3f\x01\x10\x87\x05\x00\xba\xf7\xff";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A frame of blocks that repeat a zero, 128 KiB each.
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x58".to_vec();
    for index in 1..=blocks {
        let header = (128_u32 << 10) << 3 | 1 << 1 | u32::from(index == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

fn decoded_in(
    pieces: usize,
    header: &str,
    input: &[u8],
    limits: CodingLimits,
) -> (Vec<u8>, Result<(), CodingError>) {
    let mut out = Vec::new();
    let result = Decoder::new(header.as_bytes(), limits).and_then(|mut decoder| {
        for piece in input.chunks(pieces) {
            decoder.push(piece, &mut out)?;
        }
        decoder.finish()
    });
    (out, result)
}

fn decoded(header: &str, input: &[u8]) -> (Vec<u8>, Result<(), CodingError>) {
    let limits = CodingLimits::default();
    let whole = decoded_in(usize::MAX, header, input, limits);
    for pieces in [1, 7] {
        let pieced = decoded_in(pieces, header, input, limits);
        assert_eq!(pieced.1, whole.1, "{header} in pieces of {pieces}");
        assert!(pieced.0.starts_with(&whole.0) || whole.0.starts_with(&pieced.0));
    }
    whole
}

#[test]
fn codings_are_undone_in_whatever_pieces_they_come() {
    let long: Vec<u8> = (0..10_000_u32)
        .flat_map(|n| n.wrapping_mul(n).to_le_bytes())
        .collect();
    let table: &[(&str, Vec<u8>, &[u8])] = &[
        ("", TEXT.to_vec(), TEXT),
        ("identity", TEXT.to_vec(), TEXT),
        ("gzip", gzip(TEXT), TEXT),
        (" X-GZIP ,", gzip(TEXT), TEXT),
        ("gzip", gzip(b""), b""),
        ("gzip", gzip(&long), &long),
        ("deflate", zlib(TEXT), TEXT),
        ("deflate", zlib(&long), &long),
        ("deflate", deflate(TEXT), TEXT),
        ("deflate", deflate(&long), &long),
        ("br", BROTLI.to_vec(), TEXT),
        ("zstd", ZSTD.to_vec(), TEXT),
        ("zstd", zstd(&long), &long),
        (
            "zstd",
            b"\x28\xb5\x2f\xfd\x00\x58\x29\x00\x00hello".to_vec(),
            b"hello",
        ),
        ("gzip, deflate", zlib(&gzip(TEXT)), TEXT),
        ("br,identity, gzip", gzip(BROTLI), TEXT),
        ("deflate, zstd", zstd(&deflate(&long)), &long),
        ("gzip", Vec::new(), b""),
    ];
    for (header, input, expected) in table {
        let (out, result) = decoded(header, input);
        assert_eq!(result, Ok(()), "{header}");
        assert!(out == *expected, "{header}");
    }
}

#[test]
fn a_decoder_may_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Decoder>();
}

#[test]
fn members_and_frames_follow_each_other() {
    let (out, result) = decoded("gzip", &[gzip(b"a"), gzip(b""), gzip(b"b")].concat());
    assert_eq!((out.as_slice(), result), (&b"ab"[..], Ok(())));
    let skipped = b"\x5f\x2a\x4d\x18\x03\x00\x00\x00xyz";
    let empty = b"\x50\x2a\x4d\x18\x00\x00\x00\x00";
    let frames = [skipped, ZSTD, empty, ZSTD, skipped].concat();
    let (out, result) = decoded("zstd", &frames);
    assert_eq!((out, result), ([TEXT, TEXT].concat(), Ok(())));
}

#[test]
fn headers_of_gzip_are_skipped() {
    let plain = gzip(TEXT);
    let extra = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0xyname\0comment\0\x12\x34";
    let (out, result) = decoded("gzip", &[extra, &plain[10..]].concat());
    assert_eq!((out.as_slice(), result), (TEXT, Ok(())));
    let none = b"\x1f\x8b\x08\x04\0\0\0\0\0\x03\0\0";
    let (out, result) = decoded("gzip", &[none, &plain[10..]].concat());
    assert_eq!((out.as_slice(), result), (TEXT, Ok(())));
}

#[test]
fn headers_are_understood_or_refused() {
    let table = [
        ("gzip, br, gzip", CodingError::TooMany),
        ("compress", CodingError::Unknown),
        ("gzip;q=1", CodingError::Unknown),
        ("gzip br", CodingError::Unknown),
        ("*", CodingError::Unknown),
    ];
    for (header, error) in table {
        let decoder = Decoder::new(header.as_bytes(), CodingLimits::default());
        assert_eq!(decoder.err(), Some(error), "{header}");
    }
    for (header, identity) in [("", true), ("identity , ", true), ("br", false)] {
        let decoder = Decoder::new(header.as_bytes(), CodingLimits::default()).unwrap();
        assert_eq!(decoder.is_identity(), identity, "{header}");
    }
}

#[test]
fn what_does_not_decode_is_told() {
    use CodingError::*;
    let changed = |mut bytes: Vec<u8>, from_end: usize| {
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        bytes
    };
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
    let followed = |bytes: &[u8]| [bytes, b"\0"].concat();
    let huge_window = b"\x28\xb5\x2f\xfd\x00\x70\x29\x00\x00hello";
    let huge_block = b"\x28\xb5\x2f\xfd\x00\x58\x0b\x00\x20";
    let table: Vec<(&str, Vec<u8>, CodingError)> = vec![
        ("gzip", TEXT.to_vec(), Malformed),
        ("gzip", zlib(TEXT), Malformed),
        ("gzip", b"\x1f\x8b\x08\xe0".to_vec(), Malformed),
        ("gzip", cut(&gzip(TEXT)), Truncated),
        ("gzip", b"\x1f".to_vec(), Truncated),
        ("gzip", changed(gzip(TEXT), 1), Checksum),
        ("gzip", changed(gzip(TEXT), 8), Checksum),
        ("gzip", followed(&gzip(TEXT)), Trailing),
        ("gzip", [gzip(TEXT), b"\x1f".to_vec()].concat(), Truncated),
        ("deflate", b"\xff".to_vec(), Truncated),
        ("deflate", b"\xff\xff".to_vec(), Malformed),
        ("deflate", cut(&zlib(TEXT)), Truncated),
        ("deflate", changed(zlib(TEXT), 1), Malformed),
        ("deflate", cut(&deflate(TEXT)), Truncated),
        ("deflate", followed(&zlib(TEXT)), Trailing),
        ("deflate", followed(&deflate(TEXT)), Trailing),
        ("br", b"\x11\x01".to_vec(), Malformed),
        ("br", cut(BROTLI), Truncated),
        ("br", followed(BROTLI), Trailing),
        ("zstd", TEXT.to_vec(), Malformed),
        ("zstd", cut(ZSTD), Truncated),
        ("zstd", ZSTD[..3].to_vec(), Truncated),
        ("zstd", changed(ZSTD.to_vec(), 1), Checksum),
        ("zstd", [ZSTD, b"abcd"].concat(), Trailing),
        ("zstd", followed(ZSTD), Truncated),
        ("zstd", huge_window.to_vec(), Malformed),
        ("zstd", huge_block.to_vec(), Malformed),
        ("gzip, deflate", zlib(&cut(&gzip(TEXT))), Truncated),
        ("deflate, gzip", gzip(&followed(&zlib(TEXT))), Trailing),
    ];
    for (header, input, error) in table {
        let (_, result) = decoded(header, &input);
        assert_eq!(result, Err(error), "{header} {}", input.escape_ascii());
    }
}

#[test]
fn bombs_are_cut_off_where_they_start() {
    let zeros = vec![0; 1 << 20];
    let nested = gzip(&zeros);
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("gzip", gzip(&zeros)),
        ("deflate", deflate(&zeros)),
        ("br", BROTLI_BOMB.to_vec()),
        ("zstd", zstd_bomb(16_000)),
        ("gzip, gzip", gzip(&nested)),
        // A layer whose output the next one swallows: empty stored blocks.
        ("deflate, gzip", gzip(&b"\0\0\0\xff\xff".repeat(1 << 17))),
    ];
    for (header, input) in table {
        let limits = CodingLimits::default();
        let (out, result) = decoded_in(usize::MAX, header, &input, limits);
        assert_eq!(result, Err(CodingError::Bomb), "{header}");
        let most = (input.len() as u64 * limits.ratio).max(64 << 10) + (256 << 10);
        assert!((out.len() as u64) < most, "{header} gave {}", out.len());

        let lavish = CodingLimits {
            ratio: u64::MAX,
            size: 100_000,
            ..limits
        };
        let (out, result) = decoded_in(usize::MAX, header, &input, lavish);
        assert_eq!(result, Err(CodingError::TooLarge), "{header}");
        assert!(out.len() <= 100_000, "{header} gave {}", out.len());
    }
}

#[test]
fn a_body_at_its_limit_passes() {
    let limits = CodingLimits {
        size: TEXT.len() as u64,
        ..CodingLimits::default()
    };
    let expected = (TEXT.to_vec(), Ok(()));
    assert_eq!(decoded_in(9, "br", BROTLI, limits), expected);
    assert_eq!(decoded_in(9, "", TEXT, limits), expected);
    let limits = CodingLimits {
        size: TEXT.len() as u64 - 1,
        ..CodingLimits::default()
    };
    for (header, input) in [("br", BROTLI), ("", TEXT)] {
        let (out, result) = decoded_in(9, header, input, limits);
        assert_eq!(result, Err(CodingError::TooLarge));
        assert_eq!(out, TEXT[..TEXT.len() - 1]);
    }
}
