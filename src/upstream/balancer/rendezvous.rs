//! Consistent hashing by highest random weight (rendezvous hashing).
//!
//! Each endpoint scores every key by a hash of both, and the highest score has it. Invariant: when an
//! endpoint joins or leaves (or is left out) only the keys that it has move, evenly; the same key goes
//! to the same endpoint in every worker, process and version. Non-goal: sub-linear choice; a score is
//! a handful of instructions, and a table a cluster and worker would cost memory for all.

use std::rc::Rc;

use crate::upstream::{endpoint::LiveEndpoint, worker::WorkerState};

/// The balancer: one seed an endpoint, made of its address.
#[derive(Debug)]
pub(in crate::upstream) struct Rendezvous {
    seeds: Box<[u64]>,
}

impl Rendezvous {
    pub(super) fn new(endpoints: &[Rc<LiveEndpoint>]) -> Self {
        Self {
            seeds: endpoints.iter().map(|endpoint| seed(endpoint)).collect(),
        }
    }

    /// Without a hash (the request has none of the keys) any one will do.
    #[inline]
    pub(super) fn choose<'a>(
        &self,
        endpoints: &'a [Rc<LiveEndpoint>],
        hash: Option<u64>,
        worker: &WorkerState,
        usable: impl Fn(&LiveEndpoint) -> bool,
    ) -> Option<&'a Rc<LiveEndpoint>> {
        let hash = hash.unwrap_or_else(|| worker.random.borrow_mut().u64(..));
        let scores = self.seeds.iter().map(|seed| mix(hash ^ seed));
        let mut best: Option<(u64, &Rc<LiveEndpoint>)> = None;
        for (score, endpoint) in scores.zip(endpoints) {
            if best.is_none_or(|(highest, _)| score > highest) && usable(endpoint) {
                best = Some((score, endpoint));
            }
        }
        best.map(|(_, endpoint)| endpoint)
    }
}

fn seed(endpoint: &LiveEndpoint) -> u64 {
    let mut hasher = KeyHasher::new();
    match endpoint.address.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => hasher.write(&ip.octets()),
        std::net::IpAddr::V6(ip) => hasher.write(&ip.octets()),
    }
    hasher.write(&endpoint.address.port().to_be_bytes());
    hasher.finish()
}

/// Hashes the text of a request that consistent hashing goes by: the parts as if
/// they were one text (FNV-1a with a final mix). The result is part of what replicas agree on; it must
/// not change between versions.
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    state: u64,
}

impl KeyHasher {
    /// The hash of no text.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Appends to the text.
    #[inline]
    pub fn write(&mut self, text: &[u8]) {
        for byte in text {
            self.state = (self.state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of the text so far.
    #[inline]
    #[must_use]
    pub fn finish(self) -> u64 {
        mix(self.state)
    }
}

impl Default for KeyHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// Spreads every bit over the whole word (the finaliser of MurmurHash3).
#[inline]
fn mix(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}
