//! The keys that cookies are signed and encrypted with.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
};

/// Fewest bytes of a key.
const SHORTEST: usize = 32;
/// Most bytes of a key.
const LONGEST: usize = 1024;
/// Most keys at a time.
const MOST: usize = 16;
/// Fewest different bytes in a key. 32 random ones have less with a probability of 10^-40; a
/// placeholder has less.
const LEAST_VARIETY: usize = 8;

/// Names a key in a cookie. It is derived from the key, so that the same name with another key is not
/// the same.
pub(super) type KeyId = [u8; 4];

/// Keys, of which one signs and all verify. Equal if they are the same, in the same order.
pub struct CookieKeys {
    /// The first one signs.
    keys: Vec<Key>,
}

/// One key, and what is derived from it.
pub(super) struct Key {
    name: Box<str>,
    /// Tells keys apart.
    fingerprint: [u8; 32],
    pub(super) id: KeyId,
    pub(super) mac: hmac::Key,
    /// Keys for encryption are derived with it.
    cipher: hmac::Key,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieKeysError {
    /// There is none.
    #[error("has no key")]
    None,
    /// There are too many.
    #[error("has more than {MOST} keys")]
    TooMany,
    /// One is too short.
    #[error("has a key {0:?} of fewer than {SHORTEST} bytes")]
    Short(
        /// Its name.
        Box<str>,
    ),
    /// One is too long.
    #[error("has a key {0:?} of more than {LONGEST} bytes")]
    Long(
        /// Its name.
        Box<str>,
    ),
    /// One is a placeholder.
    #[error("has a key {0:?} that is not random")]
    NotRandom(
        /// Its name.
        Box<str>,
    ),
    /// The one that is to sign is not there.
    #[error("has no key {0:?}")]
    NotThere(
        /// The name.
        Box<str>,
    ),
    /// Nothing could be derived from it.
    #[error("has a key {0:?} that cannot be used")]
    Unusable(
        /// Its name.
        Box<str>,
    ),
}

impl CookieKeys {
    /// Keys by their names. The one called `current` signs; where that is not said, the last by its name.
    ///
    /// # Errors
    /// There is none, `current` is not among them, or one cannot be used: to go without it would refuse
    /// cookies that are good.
    pub fn new<'a>(
        keys: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        current: Option<&str>,
    ) -> Result<Self, CookieKeysError> {
        let mut all: Vec<(&str, &[u8])> = keys.into_iter().take(MOST + 1).collect();
        if all.len() > MOST {
            return Err(CookieKeysError::TooMany);
        }
        all.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        if let Some(current) = current {
            let at = all.iter().position(|(name, _)| *name == current);
            let at = at.ok_or_else(|| CookieKeysError::NotThere(current.into()))?;
            all.get_mut(..=at).unwrap_or_default().rotate_right(1);
        }
        if all.is_empty() {
            return Err(CookieKeysError::None);
        }
        let keys = all.into_iter().map(|(name, bytes)| Key::new(name, bytes));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The names, the one that signs first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| &*key.name)
    }

    /// The key that signs.
    pub(super) fn current(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// The keys of an id: one, but for a coincidence.
    pub(super) fn of(&self, id: KeyId) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.id == id)
    }
}

impl Key {
    fn new(name: &str, bytes: &[u8]) -> Result<Self, CookieKeysError> {
        if bytes.len() < SHORTEST {
            return Err(CookieKeysError::Short(name.into()));
        }
        if bytes.len() > LONGEST {
            return Err(CookieKeysError::Long(name.into()));
        }
        let mut seen = [false; 256];
        for byte in bytes {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        if seen.iter().filter(|seen| **seen).count() < LEAST_VARIETY {
            return Err(CookieKeysError::NotRandom(name.into()));
        }
        let secret = Salt::new(HKDF_SHA256, b"portcullis cookie integrity 1").extract(bytes);
        let derive = |what: &str| {
            derived(&secret, what).ok_or_else(|| CookieKeysError::Unusable(name.into()))
        };
        let fingerprint = derive("name")?;
        let [first, second, third, fourth, ..] = fingerprint;
        Ok(Self {
            name: name.into(),
            fingerprint,
            id: [first, second, third, fourth],
            mac: hmac::Key::new(hmac::HMAC_SHA256, &derive("sign")?),
            cipher: hmac::Key::new(hmac::HMAC_SHA256, &derive("encrypt")?),
        })
    }

    /// The key for one cookie: with one of its own for each, random nonces never come to their limit
    /// (NIST SP 800-38D section 8.3).
    pub(super) fn cipher(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let derived = hmac::sign(&self.cipher, salt);
        UnboundKey::new(&AES_256_GCM, derived.as_ref())
            .ok()
            .map(LessSafeKey::new)
    }
}

fn derived(secret: &Prk, what: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    let info = [what.as_bytes()];
    secret
        .expand(&info, HKDF_SHA256)
        .ok()?
        .fill(&mut out)
        .ok()?;
    Some(out)
}

impl PartialEq for CookieKeys {
    fn eq(&self, other: &Self) -> bool {
        let identities = |keys: &Self| -> Vec<(Box<str>, [u8; 32])> {
            let all = keys.keys.iter();
            all.map(|key| (key.name.clone(), key.fingerprint)).collect()
        };
        identities(self) == identities(other)
    }
}

impl Eq for CookieKeys {}

impl fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const A: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    const B: &[u8; 32] = b"vutsrqponmlkjihgfedcba9876543210";

    #[test]
    fn one_signs_and_it_can_be_said_which() {
        let keys = [("a", &A[..]), ("b", &B[..]), ("c", &A[..])];
        for (current, names) in [
            (None, ["c", "b", "a"]),
            (Some("a"), ["a", "c", "b"]),
            (Some("b"), ["b", "c", "a"]),
            (Some("c"), ["c", "b", "a"]),
        ] {
            let keys = CookieKeys::new(keys, current).unwrap();
            assert!(keys.names().eq(names), "{current:?} {keys:?}");
            assert_eq!(keys.current().unwrap().id, keys.keys[0].id);
        }
    }

    #[test]
    fn keys_that_protect_nothing_are_refused() {
        let long = vec![7; LONGEST + 1];
        let named = |name: &str| name.into();
        for (keys, current, expected) in [
            (vec![], None, CookieKeysError::None),
            (
                vec![("a", &A[..31])],
                None,
                CookieKeysError::Short(named("a")),
            ),
            (
                vec![("a", &[0; 32][..])],
                None,
                CookieKeysError::NotRandom(named("a")),
            ),
            (
                vec![("a", &long[..])],
                None,
                CookieKeysError::Long(named("a")),
            ),
            (
                vec![("a", &A[..]), ("b", b"short")],
                None,
                CookieKeysError::Short(named("b")),
            ),
            (
                vec![("a", &A[..])],
                Some("b"),
                CookieKeysError::NotThere(named("b")),
            ),
            (
                vec![("a", &A[..]); MOST + 1],
                None,
                CookieKeysError::TooMany,
            ),
        ] {
            assert_eq!(CookieKeys::new(keys, current), Err(expected));
        }
    }

    #[test]
    fn keys_are_equal_by_what_they_are_and_never_shown() {
        let keys = |name, bytes: &'static [u8]| CookieKeys::new([(name, bytes)], None).unwrap();
        assert_eq!(keys("a", A), keys("a", A));
        assert_ne!(keys("a", A), keys("a", B));
        assert_ne!(keys("a", A), keys("b", A));
        assert_eq!(format!("{:?}", keys("a", A)), r#"["a"]"#);
    }
}
