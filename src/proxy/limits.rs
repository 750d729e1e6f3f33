//! Limits for the whole process, counted where connections begin and end.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// Counts downstream connections of all workers.
#[derive(Debug, Default)]
pub struct Limits {
    connections: AtomicUsize,
    by_client: Mutex<HashMap<IpAddr, usize>>,
    short_of_memory: AtomicBool,
}

/// One counted connection; gives its place back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    limits: Arc<Limits>,
    client: Option<IpAddr>,
}

impl Limits {
    /// How many downstream connections there are.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Says whether memory runs short; while it does, no connection is admitted.
    pub fn set_short_of_memory(&self, short: bool) {
        self.short_of_memory.store(short, Ordering::Relaxed);
    }

    /// Counts a connection, unless memory runs short or that would be more than `at_most`; 0 is no
    /// limit.
    pub(super) fn admit(self: &Arc<Self>, at_most: usize) -> Option<Place> {
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            limits: Arc::clone(self),
            client: None,
        };
        let fits = at_most == 0 || before < at_most;
        (fits && !self.short_of_memory.load(Ordering::Relaxed)).then_some(place)
    }
}

impl Place {
    /// Counts the connection for its client, unless that would be more than `at_most`; 0 is no
    /// limit. Addresses are kept only while a limit is set: at most one for each connection.
    pub(super) fn claim(&mut self, client: IpAddr, at_most: usize) -> bool {
        if at_most == 0 {
            return true;
        }
        let mut clients = self
            .limits
            .by_client
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_insert(0);
        if *count >= at_most {
            return false;
        }
        *count += 1;
        drop(clients);
        self.client = Some(client);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limits.connections.fetch_sub(1, Ordering::Relaxed);
        if let Some(client) = self.client {
            let mut clients = self
                .limits
                .by_client
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = clients.get_mut(&client) {
                *count -= 1;
                if *count == 0 {
                    clients.remove(&client);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn places_are_counted_in_all_and_for_each_client_and_given_back() {
        let limits = Arc::new(Limits::default());
        let (one, two): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mut first = limits.admit(2).unwrap();
        assert!(first.claim(one, 1));
        let mut second = limits.admit(2).unwrap();
        assert!(!second.claim(one, 1), "one address has one place");
        assert!(second.claim(two, 1));
        assert!(limits.admit(2).is_none(), "two places in all");
        assert_eq!(
            limits.connections(),
            2,
            "a refused connection is not counted"
        );
        drop((first, second));
        assert_eq!(limits.connections(), 0);
        assert!(limits.by_client.lock().unwrap().is_empty());
        assert!(limits.admit(0).unwrap().claim(one, 0));
        limits.set_short_of_memory(true);
        assert!(limits.admit(0).is_none(), "short of memory");
        assert_eq!(limits.connections(), 0);
    }
}
