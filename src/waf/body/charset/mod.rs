//! Charsets: text that an upstream will read otherwise than byte by byte.
//!
//! In a charset that contains ASCII an attack's keywords stand as they are, and its bytes are left
//! alone, as ModSecurity leaves them. It is the others that hide them: UTF-16 and UTF-32, UTF-7, EBCDIC
//! and stateful encodings. Those are decoded to UTF-8; a charset that is not known is told, and is
//! for the engine to refuse.

mod decode;
mod ebcdic;
mod utf;
mod utf7;

#[cfg(test)]
mod tests;

pub use self::decode::{CharsetOutcome, sniff, to_utf8};
