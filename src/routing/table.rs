//! All hosts together.

use std::{fmt, hash::BuildHasher, sync::Arc};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};

use super::HostRoutes;
use crate::message::{HostMatch, RequestHead};

/// From host and path to the rule that answers; the module says which one does.
pub struct RouteTable<T> {
    exact: Names<T>,
    /// By suffix, without `*.`.
    wildcard: Names<T>,
    any: Option<Arc<HostRoutes<T>>>,
}

/// Hosts by name.
struct Names<T> {
    hosts: HashTable<Host<T>>,
    /// The names, one after another.
    text: Vec<u8>,
    hasher: RandomState,
}

struct Host<T> {
    start: u32,
    length: u32,
    routes: Arc<HostRoutes<T>>,
}

impl<T> RouteTable<T> {
    /// Assembles the table; of two entries for one host the first is taken. Host names are as
    /// [`HostMatch`] says.
    pub fn build(hosts: impl IntoIterator<Item = (HostMatch, Arc<HostRoutes<T>>)>) -> Self {
        let hosts = hosts.into_iter();
        let mut table = Self {
            exact: Names::with_capacity(hosts.size_hint().0),
            wildcard: Names::with_capacity(0),
            any: None,
        };
        for (host, routes) in hosts {
            match host {
                HostMatch::Exact(name) => table.exact.insert(name.as_bytes(), routes),
                HostMatch::Wildcard(suffix) => table.wildcard.insert(suffix.as_bytes(), routes),
                HostMatch::Any => {
                    table.any.get_or_insert(routes);
                }
            }
        }
        table.exact.shrink();
        table.wildcard.shrink();
        table
    }

    /// The rules of a host: of its exact name, else of the wildcard that takes it, else of every
    /// host. `host` has to be canonical: lower-case, without a port or a trailing dot.
    pub fn host(&self, host: &[u8]) -> Option<&HostRoutes<T>> {
        self.exact
            .find(host)
            .or_else(|| self.wildcard.find(parent(host)?))
            .or(self.any.as_deref())
    }

    /// The value of the rule that answers a request; see [`RouteTable::host`] and
    /// [`HostRoutes::find`].
    pub fn find(
        &self,
        host: &[u8],
        path: &[u8],
        query: Option<&[u8]>,
        head: &RequestHead,
    ) -> Option<&T> {
        self.host(host)?.find(path, query, head)
    }
}

impl<T> Default for RouteTable<T> {
    /// No host at all.
    fn default() -> Self {
        Self::build([])
    }
}

impl<T> fmt::Debug for RouteTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTable")
            .field("exact", &self.exact.hosts.len())
            .field("wildcard", &self.wildcard.hosts.len())
            .field("any", &self.any.is_some())
            .finish()
    }
}

impl<T> Names<T> {
    fn with_capacity(hosts: usize) -> Self {
        Self {
            hosts: HashTable::with_capacity(hosts),
            text: Vec::new(),
            hasher: RandomState::default(),
        }
    }

    fn insert(&mut self, name: &[u8], routes: Arc<HostRoutes<T>>) {
        let Self {
            hosts,
            text,
            hasher,
        } = self;
        let short = |length| u32::try_from(length).expect("host names take less than 4 GiB");
        let entry = hosts.entry(
            hasher.hash_one(name),
            |host| host.name(text) == name,
            |host| hasher.hash_one(host.name(text)),
        );
        if let Entry::Vacant(vacant) = entry {
            vacant.insert(Host {
                start: short(text.len()),
                length: short(name.len()),
                routes,
            });
            text.extend_from_slice(name);
        }
    }

    fn find(&self, name: &[u8]) -> Option<&HostRoutes<T>> {
        if self.hosts.is_empty() {
            return None;
        }
        self.hosts
            .find(self.hasher.hash_one(name), |host| {
                host.name(&self.text) == name
            })
            .map(|host| &*host.routes)
    }

    fn shrink(&mut self) {
        let Self {
            hosts,
            text,
            hasher,
        } = self;
        hosts.shrink_to_fit(|host| hasher.hash_one(host.name(text)));
        text.shrink_to_fit();
    }
}

impl<T> Host<T> {
    fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        text.get(start..start + self.length as usize)
            .unwrap_or_default()
    }
}

/// What follows the first label, if that is not empty.
fn parent(host: &[u8]) -> Option<&[u8]> {
    let dot = memchr::memchr(b'.', host).filter(|dot| *dot > 0)?;
    host.get(dot + 1..)
}
