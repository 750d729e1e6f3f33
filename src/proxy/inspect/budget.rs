//! Bytes that all bodies together may take while they are held for inspection, and what one client may
//! have of them.
//!
//! Invariant: nobody holds more than is left for all others, so that some is left however many take what
//! they can: of `n` of them each has one part of `n + 1`, and one part is free (Choudhury and Hahne,
//! "Dynamic queue length thresholds for shared-memory packet switches", 1998). Non-goal: how long
//! something is held.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, hash_map::Entry};

/// What is taken from the budget at once, so that few of a body's reads touch what workers share.
const STEP: usize = 16 << 10;
/// Parts of the table of clients, each with a lock of its own.
const PARTS: usize = 16;

/// A number of bytes for the whole process.
#[derive(Debug)]
pub(super) struct Budget {
    size: usize,
    taken: AtomicUsize,
    /// What each client holds. Those that hold nothing are not in it, so that there are no more than
    /// there are steps in the budget.
    clients: [Mutex<HashMap<Network, usize, RandomState>>; PARTS],
}

/// Who counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address.
type Network = IpAddr;

/// A client of whose exchanges bodies are held.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    budget: Arc<Budget>,
    network: Network,
}

/// What is held of one exchange; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    holder: Holder,
    taken: usize,
    used: usize,
}

impl Budget {
    /// `size` in bytes.
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            taken: AtomicUsize::new(0),
            clients: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// A client, by its address.
    pub(super) fn holder(self: &Arc<Self>, address: IpAddr) -> Holder {
        Holder {
            budget: Arc::clone(self),
            network: network_of(address),
        }
    }

    /// Takes so much for a client, unless it would then hold more than is left; what is refused is seen
    /// by nobody else, not for an instant.
    fn take(&self, network: Network, bytes: usize) -> bool {
        self.with(network, |clients| {
            let held = clients.get(&network).copied().unwrap_or_default();
            let held = held.saturating_add(bytes);
            let taken = self
                .taken
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                    let after = taken.checked_add(bytes)?;
                    let left = self.size.checked_sub(after)?;
                    (held <= left).then_some(after)
                });
            if taken.is_ok() {
                clients.insert(network, held);
            }
            taken.is_ok()
        })
    }

    fn give_back(&self, network: Network, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.with(network, |clients| {
            if let Entry::Occupied(mut held) = clients.entry(network) {
                let rest = held.get().saturating_sub(bytes);
                if rest == 0 {
                    held.remove();
                } else {
                    held.insert(rest);
                }
            }
            self.taken.fetch_sub(bytes, Ordering::Relaxed);
        });
    }

    fn with<T>(
        &self,
        network: Network,
        run: impl FnOnce(&mut HashMap<Network, usize, RandomState>) -> T,
    ) -> T {
        let octets = match network {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
        };
        // Neighbours are spread; who shares a part with whom matters to nobody.
        let part = octets.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        let [first, ..] = &self.clients;
        let clients = self.clients.get(part as usize).unwrap_or(first);
        run(&mut clients.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Holder {
    /// A share without bytes.
    pub(super) fn share(&self) -> Share {
        Share {
            holder: self.clone(),
            taken: 0,
            used: 0,
        }
    }
}

impl Share {
    /// Takes so many bytes more; whether they were there.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let used = self.used.saturating_add(bytes);
        if used > self.taken {
            let Some(more) = (used - self.taken).checked_next_multiple_of(STEP) else {
                return false;
            };
            let Holder { budget, network } = &self.holder;
            if !budget.take(*network, more) {
                return false;
            }
            self.taken += more;
        }
        self.used = used;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Holder { budget, network } = &self.holder;
        budget.give_back(*network, self.taken);
    }
}

fn network_of(address: IpAddr) -> Network {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::AtomicBool;

    use super::*;

    fn budget(steps: usize) -> Arc<Budget> {
        Arc::new(Budget::new(steps * STEP))
    }

    fn holder(budget: &Arc<Budget>, address: &str) -> Holder {
        budget.holder(address.parse().unwrap())
    }

    fn known(budget: &Budget) -> usize {
        let clients = budget.clients.iter();
        clients.map(|part| part.lock().unwrap().len()).sum()
    }

    #[test]
    fn shares_are_taken_in_steps_and_given_back_whole() {
        let budget = budget(8);
        let taken = || budget.taken.load(Ordering::Relaxed);
        let client = holder(&budget, "192.0.2.1");
        let mut one = client.share();
        assert!(one.grow(0) && taken() == 0, "nothing costs nothing");
        assert_eq!(known(&budget), 0);
        assert!(one.grow(1) && one.grow(STEP - 1));
        assert_eq!(taken(), STEP);
        assert!(one.grow(1));
        assert_eq!(taken(), 2 * STEP);
        assert!(!one.grow(usize::MAX));
        let mut two = client.share();
        assert!(two.grow(2 * STEP));
        assert_eq!((taken(), known(&budget)), (4 * STEP, 1));
        drop(two);
        assert_eq!((taken(), known(&budget)), (2 * STEP, 1));
        drop(one);
        assert_eq!((taken(), known(&budget)), (0, 0));
    }

    #[test]
    fn nobody_holds_more_than_is_left_for_all_others() {
        let budget = budget(12);
        let mut shares = Vec::new();
        let mut take = |address: &str| {
            let mut share = holder(&budget, address).share();
            let taken = share.grow(STEP);
            shares.push(share);
            taken
        };
        for turn in 0..6 {
            assert!(take("192.0.2.1"), "{turn}");
        }
        assert!(!take("192.0.2.1"), "6 of 12 are held and 6 left");
        for turn in 0..3 {
            assert!(take("2001:db8::1"), "{turn}");
        }
        assert!(!take("2001:db8::2"), "of one network");
        assert!(!take("192.0.2.1") && !take("::ffff:192.0.2.1"));
        assert!(take("2001:db8:0:1::"), "another network");
        assert!(take("192.0.2.2"));
        assert!(!take("192.0.2.2"), "1 is left, and 1 held");
        shares.clear();
        assert_eq!(
            (known(&budget), budget.taken.load(Ordering::Relaxed)),
            (0, 0)
        );
    }

    #[test]
    fn what_one_is_refused_is_refused_to_nobody_else() {
        let budget = budget(12);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let greedy = scope.spawn(|| {
                let client = holder(&budget, "192.0.2.1");
                let mut tries = 0_u32;
                while !is_over.load(Ordering::Relaxed) || tries == 0 {
                    assert!(!client.share().grow(12 * STEP));
                    tries += 1;
                }
            });
            let (client, same) = (holder(&budget, "192.0.2.2"), holder(&budget, "192.0.2.2"));
            for _ in 0..100_000 {
                let (mut one, mut other) = (client.share(), same.share());
                let both = one.grow(STEP) && other.grow(5 * STEP);
                if !both {
                    is_over.store(true, Ordering::Relaxed);
                }
                assert!(both, "6 of 12, and nobody else holds any");
            }
            is_over.store(true, Ordering::Relaxed);
            greedy.join().unwrap();
        });
        assert_eq!(
            (known(&budget), budget.taken.load(Ordering::Relaxed)),
            (0, 0)
        );
    }
}
