//! What a signature is made of, as bytes and as text.
//!
//! A tag is 48 bytes, 64 characters: version, flags, the key's id, when it was issued, how long the
//! cookie lives, how long its Domain is, and an HMAC-SHA-256. An encrypted cookie begins with the same 16
//! bytes and goes on with what its key is derived from, a nonce, and what AES-256-GCM makes of the value.

use super::{base64, binding::ClientBinding, keys::KeyId};

/// Bytes of a header.
const HEADER: usize = 16;
/// Bytes of an HMAC-SHA-256.
const MAC: usize = 32;
/// Characters of a tag.
pub(super) const TAG_TEXT: usize = base64::encoded_len(HEADER + MAC);
/// Bytes that the key of an encrypted cookie is derived from.
pub(super) const SALT: usize = 12;
/// Bytes of a nonce of AES-GCM.
pub(super) const NONCE: usize = 12;
/// Bytes that AES-GCM adds.
pub(super) const GCM_TAG: usize = 16;
/// Before the tag, after the value.
pub(super) const SEPARATOR: u8 = b'.';

const SIGNED: u8 = 0xc1;
const ENCRYPTED: u8 = 0xc2;

const HOST_ONLY: u8 = 1;
const QUOTED: u8 = 1 << 1;
const COMPANION: u8 = 1 << 2;
const BINDING_AT: u8 = 4;
const KNOWN: u8 = HOST_ONLY | QUOTED | COMPANION | 3 << BINDING_AT;

/// What is known of a cookie by its tag. It is true once the tag is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Whether the value itself is encrypted.
    pub(super) encrypted: bool,
    /// Whether it is for the host alone, rather than for all under its Domain.
    pub(super) host_only: bool,
    /// Whether the backend had quotes around the value.
    pub(super) quoted: bool,
    /// Whether the tag is in a cookie of its own.
    pub(super) companion: bool,
    /// What of the client it is bound to.
    pub(super) binding: ClientBinding,
    pub(super) key: KeyId,
    /// Seconds since 1970.
    pub(super) issued: u64,
    /// Seconds that it lives; 0: as long as the browser's session.
    pub(super) lifetime: u32,
    /// Bytes of its Domain, which is the end of the host's name.
    pub(super) domain_len: u8,
}

/// A tag as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) header: Header,
    pub(super) mac: [u8; MAC],
}

/// An encrypted value as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) header: Header,
    pub(super) salt: [u8; SALT],
    pub(super) nonce: [u8; NONCE],
    /// With what AES-GCM adds.
    pub(super) text: Vec<u8>,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let Self {
            encrypted,
            host_only,
            quoted,
            companion,
            binding,
            key: [key0, key1, key2, key3],
            issued,
            lifetime,
            domain_len,
        } = self;
        let version = if encrypted { ENCRYPTED } else { SIGNED };
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        let flags = flag(host_only, HOST_ONLY)
            | flag(quoted, QUOTED)
            | flag(companion, COMPANION)
            | binding.code() << BINDING_AT;
        let [_, _, _, issued @ ..] = issued.to_be_bytes();
        let [i0, i1, i2, i3, i4] = issued;
        let [l0, l1, l2, l3] = lifetime.to_be_bytes();
        [
            version, flags, key0, key1, key2, key3, i0, i1, i2, i3, i4, l0, l1, l2, l3, domain_len,
        ]
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [
            version,
            flags,
            key0,
            key1,
            key2,
            key3,
            i0,
            i1,
            i2,
            i3,
            i4,
            l0,
            l1,
            l2,
            l3,
            domain_len,
        ] = *header;
        if !matches!(version, SIGNED | ENCRYPTED) || flags & !KNOWN != 0 {
            return None;
        }
        let header = Self {
            encrypted: version == ENCRYPTED,
            host_only: flags & HOST_ONLY != 0,
            quoted: flags & QUOTED != 0,
            companion: flags & COMPANION != 0,
            binding: ClientBinding::of_code(flags >> BINDING_AT),
            key: [key0, key1, key2, key3],
            issued: u64::from_be_bytes([0, 0, 0, i0, i1, i2, i3, i4]),
            lifetime: u32::from_be_bytes([l0, l1, l2, l3]),
            domain_len,
        };
        Some((header, rest))
    }
}

impl Tag {
    /// Appends the tag's text.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut bytes = [0; HEADER + MAC];
        let all = self.header.to_bytes().into_iter().chain(self.mac);
        for (place, byte) in bytes.iter_mut().zip(all) {
            *place = byte;
        }
        base64::encode(&bytes, out);
    }

    /// Reads the text of a tag.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        if text.len() != TAG_TEXT {
            return None;
        }
        let bytes = base64::decode(text)?;
        let (header, mac) = Header::read(&bytes)?;
        (!header.encrypted).then_some(Self {
            header,
            mac: *mac.first_chunk()?,
        })
    }

    /// The value and the tag of one that is signed in place.
    pub(super) fn split(text: &[u8]) -> Option<(&[u8], Self)> {
        let at = text.len().checked_sub(TAG_TEXT + 1)?;
        let (value, tag) = text.split_at_checked(at)?;
        let (separator, tag) = tag.split_first()?;
        let tag = Self::read(tag).filter(|tag| !tag.header.companion)?;
        (*separator == SEPARATOR).then_some((value, tag))
    }
}

impl Sealed {
    /// Characters of an encrypted value of so many bytes.
    pub(super) const fn text_len(value: usize) -> usize {
        base64::encoded_len(HEADER + SALT + NONCE + value + GCM_TAG)
    }

    /// Appends the value's text.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Self {
            header,
            salt,
            nonce,
            text,
        } = self;
        let bytes = [&header.to_bytes()[..], salt, nonce, text].concat();
        base64::encode(&bytes, out);
    }

    /// Reads the text of an encrypted value.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        // Most texts are none, and need not be decoded: this is the version's first digit.
        if text.len() < Self::text_len(0) || text.first() != Some(&b'w') {
            return None;
        }
        let bytes = base64::decode(text)?;
        let (header, rest) = Header::read(&bytes)?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, text) = rest.split_first_chunk()?;
        (header.encrypted && !header.companion).then(|| Self {
            header,
            salt: *salt,
            nonce: *nonce,
            text: text.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn header() -> Header {
        Header {
            encrypted: false,
            host_only: true,
            quoted: true,
            companion: false,
            binding: ClientBinding::Certificate,
            key: [1, 2, 3, 4],
            issued: (1 << 40) - 1,
            lifetime: u32::MAX,
            domain_len: 255,
        }
    }

    #[test]
    fn a_tag_is_64_characters_and_is_read_as_it_was_written() {
        for (quoted, companion) in [(false, false), (true, false), (true, true)] {
            let header = Header {
                quoted,
                companion,
                ..header()
            };
            let tag = Tag {
                header,
                mac: [7; MAC],
            };
            let mut text = Vec::new();
            tag.write(&mut text);
            assert_eq!(text.len(), 64);
            assert_eq!(Tag::read(&text), Some(tag));
            assert_eq!(Sealed::read(&text), None);
            let signed = [b"a.b.", &text[..]].concat();
            let expected = (!companion).then_some((&b"a.b"[..], tag));
            assert_eq!(Tag::split(&signed), expected);
            assert_eq!(Tag::split(&text), None);
            text[1] = b'x';
            assert_eq!(Tag::read(&text), None);
        }
    }

    #[test]
    fn an_encrypted_value_is_read_as_it_was_written() {
        let sealed = Sealed {
            header: Header {
                encrypted: true,
                ..header()
            },
            salt: [1; SALT],
            nonce: [2; NONCE],
            text: vec![3; 5 + GCM_TAG],
        };
        let mut text = Vec::new();
        sealed.write(&mut text);
        assert_eq!(text.len(), Sealed::text_len(5));
        assert_eq!(Sealed::read(&text), Some(sealed));
        assert_eq!(Tag::read(&text), None);
        assert_eq!(Sealed::read(b"x"), None);
        assert_eq!(Sealed::read(&[b'A'; 200]), None);
    }
}
