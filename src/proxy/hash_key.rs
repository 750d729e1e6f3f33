//! The number that consistent hashing takes from a request.

use std::net::IpAddr;

use crate::{
    message::{FieldId, RequestHead, Target},
    upstream::{HashKey, KeyHasher},
};

/// Hashes the parts in order; `None` where there are none. The same request gives the same number on
/// every worker, in every process and after every restart.
pub(super) fn hash_of(
    keys: &[HashKey],
    head: &RequestHead,
    target: &Target,
    client: IpAddr,
) -> Option<u64> {
    if keys.is_empty() {
        return None;
    }
    let mut hasher = KeyHasher::new();
    for key in keys {
        match key {
            HashKey::Literal(text) => hasher.write(text.as_bytes()),
            HashKey::RequestUri => hasher.write(head.target()),
            HashKey::Path => hasher.write(target.path()),
            HashKey::Host => hasher.write(target.host()),
            HashKey::ClientAddress => match client {
                IpAddr::V4(address) => hasher.write(&address.octets()),
                IpAddr::V6(address) => hasher.write(&address.octets()),
            },
            HashKey::Header(name) => hasher.write(header(head, name.as_bytes())),
            HashKey::Cookie(name) => hasher.write(cookie(head, name.as_bytes())),
            HashKey::Query(name) => hasher.write(argument(target, name.as_bytes())),
        }
    }
    Some(hasher.finish())
}

fn header<'a>(head: &'a RequestHead, name: &[u8]) -> &'a [u8] {
    head.fields()
        .find(|field| field.name.eq_ignore_ascii_case(name))
        .map_or(&[], |field| field.value)
}

fn cookie<'a>(head: &'a RequestHead, name: &[u8]) -> &'a [u8] {
    head.fields()
        .filter(|field| field.id == FieldId::Cookie)
        .flat_map(|field| field.value.split(|byte| *byte == b';'))
        .find_map(|pair| value_of(pair.trim_ascii(), name))
        .unwrap_or_default()
}

fn argument<'a>(target: &'a Target, name: &[u8]) -> &'a [u8] {
    let query = target.query().unwrap_or_default();
    query
        .split(|byte| *byte == b'&')
        .find_map(|pair| value_of(pair, name))
        .unwrap_or_default()
}

fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    pair.strip_prefix(name)?.strip_prefix(b"=")
}
