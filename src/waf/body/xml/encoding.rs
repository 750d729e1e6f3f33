//! The encoding that a document gives itself (XML 1.0 section 4.3.3 and appendix F).

use super::super::charset::sniff;

/// Longest XML declaration that is looked at, in bytes.
const LONGEST: usize = 256;

/// The charset of a document that nothing else tells: by its first bytes, or by its declaration. To be
/// given to [`to_utf8`](super::super::charset::to_utf8) before the document is parsed.
pub fn encoding(document: &[u8]) -> Option<&[u8]> {
    sniff(document).or_else(|| declared(document))
}

fn declared(document: &[u8]) -> Option<&[u8]> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let declaration = document.strip_prefix(b"<?xml")?;
    let declaration = declaration.get(..LONGEST).unwrap_or(declaration);
    let end = memchr::memmem::find(declaration, b"?>")?;
    let declaration = declaration.get(..end)?;
    let name = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration.get(name + b"encoding".len()..)?;
    let value = value.trim_ascii_start().strip_prefix(b"=")?;
    let (quote @ (b'"' | b'\''), value) = value.trim_ascii_start().split_first()? else {
        return None;
    };
    value.split(|byte| byte == quote).next()
}
