//! Signing and encrypting values, and the way back.
//!
//! Everything that a cookie must not be moved to is part of what is signed: another name, host, Domain,
//! client, time. Signatures are compared in constant time.

use aws_lc_rs::{
    aead::{Aad, Nonce},
    constant_time, hmac, rand,
};

use super::{
    binding::Bound,
    keys::{CookieKeys, Key},
    tag::{GCM_TAG, Header, NONCE, SALT, Sealed, Tag},
};

/// What this is signed for, so that no other use of the keys makes the same.
const PURPOSE: &[u8] = b"portcullis cookie 1\0";

/// What a cookie belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) name: &'a [u8],
    /// The host, or the Domain.
    pub(super) domain: &'a [u8],
    pub(super) bound: &'a Bound,
}

impl Scope<'_> {
    /// Each part of what is signed has a fixed length, or has its length before it; the value is last.
    fn parts(&self, header: &Header, mut add: impl FnMut(&[u8])) {
        let Self {
            name,
            domain,
            bound,
        } = self;
        add(PURPOSE);
        add(&header.to_bytes());
        for part in [name, domain] {
            add(&(part.len() as u64).to_be_bytes());
            add(part);
        }
        add(*bound);
    }
}

/// The tag of a value.
pub(super) fn sign(key: &Key, header: Header, scope: &Scope<'_>, value: &[u8]) -> Tag {
    let mut mac = [0; 32];
    for (place, byte) in mac
        .iter_mut()
        .zip(hash(key, &header, scope, value).as_ref())
    {
        *place = *byte;
    }
    Tag { header, mac }
}

/// Whether a value is what was signed.
pub(super) fn fits(keys: &CookieKeys, tag: &Tag, scope: &Scope<'_>, value: &[u8]) -> bool {
    keys.of(tag.header.key).any(|key| {
        let expected = hash(key, &tag.header, scope, value);
        constant_time::verify_slices_are_equal(expected.as_ref(), &tag.mac).is_ok()
    })
}

fn hash(key: &Key, header: &Header, scope: &Scope<'_>, value: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&key.mac);
    scope.parts(header, |part| context.update(part));
    context.update(value);
    context.sign()
}

/// A value, encrypted; `None`: there is no randomness.
pub(super) fn seal(key: &Key, header: Header, scope: &Scope<'_>, value: &[u8]) -> Option<Sealed> {
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    rand::fill(&mut salt).ok()?;
    rand::fill(&mut nonce).ok()?;
    let mut text = Vec::with_capacity(value.len() + GCM_TAG);
    text.extend_from_slice(value);
    key.cipher(&salt)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated(&header, scope)),
            &mut text,
        )
        .ok()?;
    Some(Sealed {
        header,
        salt,
        nonce,
        text,
    })
}

/// What was encrypted; `None`: it is not what came of that.
pub(super) fn open(keys: &CookieKeys, sealed: &Sealed, scope: &Scope<'_>) -> Option<Vec<u8>> {
    let Sealed {
        header,
        salt,
        nonce,
        text,
    } = sealed;
    keys.of(header.key).find_map(|key| {
        let mut text = text.clone();
        let length = key
            .cipher(salt)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(associated(header, scope)),
                &mut text,
            )
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    })
}

fn associated(header: &Header, scope: &Scope<'_>) -> Vec<u8> {
    let mut all = Vec::with_capacity(128 + scope.name.len() + scope.domain.len());
    scope.parts(header, |part| all.extend_from_slice(part));
    all
}
