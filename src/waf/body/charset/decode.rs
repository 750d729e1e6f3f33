//! From a charset's name to text.

use encoding_rs::Encoding;

use super::utf::{self, ByteOrder};
use super::{ebcdic, utf7};

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharsetOutcome {
    /// The charset contains ASCII: the input is to be read as it is, and nothing was written.
    AsIs,
    /// The text was written as UTF-8.
    Decoded,
    /// The text was written as UTF-8, with `U+FFFD` for what is malformed in it.
    Malformed,
    /// The charset is not known, and nothing was written.
    Unknown,
}

/// How a charset is decoded.
enum Decoding {
    AsIs,
    Utf7,
    Utf16(Option<ByteOrder>),
    Utf32(Option<ByteOrder>),
    Ebcdic(&'static ebcdic::Table),
    Other(&'static Encoding),
}

impl Decoding {
    /// By a name of the IANA registry or one that is in use for it.
    fn of(charset: &[u8]) -> Option<Self> {
        use ByteOrder::{Big, Little};
        const OWN: [(&str, Decoding); 12] = [
            ("utf-7", Decoding::Utf7),
            ("utf7", Decoding::Utf7),
            ("unicode-1-1-utf-7", Decoding::Utf7),
            ("utf-16", Decoding::Utf16(None)),
            ("utf16", Decoding::Utf16(None)),
            ("ucs-2", Decoding::Utf16(None)),
            ("iso-10646-ucs-2", Decoding::Utf16(None)),
            ("utf-16be", Decoding::Utf16(Some(Big))),
            ("utf-16le", Decoding::Utf16(Some(Little))),
            ("utf-32", Decoding::Utf32(None)),
            ("utf-32be", Decoding::Utf32(Some(Big))),
            ("utf-32le", Decoding::Utf32(Some(Little))),
        ];
        let charset = charset.trim_ascii();
        for (name, decoding) in OWN {
            if charset.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(decoding);
            }
        }
        if let Some(table) = ebcdic::table(charset) {
            return Some(Self::Ebcdic(table));
        }
        match Encoding::for_label_no_replacement(charset)? {
            encoding if encoding.is_ascii_compatible() => Some(Self::AsIs),
            encoding => Some(Self::Other(encoding)),
        }
    }
}

/// Appends `input`, which is in `charset`, to `out` as UTF-8, unless it can be read as it is. A byte
/// order mark is dropped, and settles the byte order where the charset leaves it open.
pub fn to_utf8(charset: &[u8], input: &[u8], out: &mut Vec<u8>) -> CharsetOutcome {
    let Some(decoding) = Decoding::of(charset) else {
        return CharsetOutcome::Unknown;
    };
    let well_formed = match decoding {
        Decoding::AsIs => return CharsetOutcome::AsIs,
        Decoding::Utf7 => utf7::decode(input, out),
        Decoding::Utf16(order) => utf::decode_16(input, order, out),
        Decoding::Utf32(order) => utf::decode_32(input, order, out),
        Decoding::Ebcdic(table) => {
            for byte in input {
                table.push(*byte, out);
            }
            true
        }
        Decoding::Other(encoding) => {
            let (text, malformed) = encoding.decode_without_bom_handling(input);
            out.extend_from_slice(text.as_bytes());
            !malformed
        }
    };
    match well_formed {
        true => CharsetOutcome::Decoded,
        false => CharsetOutcome::Malformed,
    }
}

/// The charset that a text's first bytes give away: by a byte order mark, by zeros about ASCII, or by
/// `<?xm` in EBCDIC. For texts that begin with ASCII, as JSON and XML do (RFC 4627 section 3, XML 1.0
/// appendix F). `None` is UTF-8, or what the text says itself.
pub fn sniff(input: &[u8]) -> Option<&'static [u8]> {
    match input {
        [0xff, 0xfe, 0, 0, ..] | [1..=255, 0, 0, 0, ..] => Some(b"utf-32le"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=255, ..] => Some(b"utf-32be"),
        [0xff, 0xfe, ..] | [1..=255, 0, ..] => Some(b"utf-16le"),
        [0xfe, 0xff, ..] | [0, 1..=255, ..] => Some(b"utf-16be"),
        [b'+', b'/', b'v', b'8' | b'9' | b'+' | b'/', ..] => Some(b"utf-7"),
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Some(b"ibm037"),
        _ => None,
    }
}
