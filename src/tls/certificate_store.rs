//! Which certificate a server name gets, and how that changes while connections come in.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Certificate;
use crate::message::HostMatch;

/// Certificates by server name.
pub struct CertificateStore {
    exact: HashMap<Box<str>, Arc<CertifiedKey>>,
    /// By suffix, without `*.`.
    wildcard: HashMap<Box<str>, Arc<CertifiedKey>>,
    default: Arc<CertifiedKey>,
    /// Hosts that ask for client certificates.
    asking: HashSet<HostMatch>,
    /// Hosts that get no certificate unless one is bound to their name.
    refused: HashSet<HostMatch>,
}

impl CertificateStore {
    /// Assembles a store; of two bindings for one name the first is taken. A binding for
    /// [`HostMatch::Any`] takes the place of `default`.
    pub fn build<'a>(
        bindings: impl IntoIterator<Item = (&'a [HostMatch], &'a Arc<Certificate>)>,
        default: Arc<Certificate>,
    ) -> Self {
        let (mut exact, mut wildcard) = (HashMap::new(), HashMap::new());
        let mut any = None;
        for (hosts, certificate) in bindings {
            let key = || Arc::clone(&certificate.key);
            for host in hosts {
                match host {
                    HostMatch::Exact(name) => {
                        exact.entry(name.clone()).or_insert_with(key);
                    }
                    HostMatch::Wildcard(suffix) => {
                        wildcard.entry(suffix.clone()).or_insert_with(key);
                    }
                    HostMatch::Any => {
                        any.get_or_insert_with(key);
                    }
                }
            }
        }
        Self {
            exact,
            wildcard,
            default: any.unwrap_or_else(|| Arc::clone(&default.key)),
            asking: HashSet::new(),
            refused: HashSet::new(),
        }
    }

    /// The same, with handshakes for these hosts refused as far as no certificate is bound to them;
    /// [`HostMatch::Any`] stands for every name that nothing is bound to.
    #[must_use]
    pub fn refusing(self, hosts: &[HostMatch]) -> Self {
        Self {
            refused: hosts.iter().cloned().collect(),
            ..self
        }
    }

    /// Whether a client that wants this name gets no certificate at all. `sni` is lower-case.
    pub fn refuses(&self, sni: Option<&str>) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let Some(name) = sni.map(|name| name.strip_suffix('.').unwrap_or(name)) else {
            return self.refused.contains(&HostMatch::Any);
        };
        if self.exact.contains_key(name) {
            return false;
        }
        if self.refused.contains(&HostMatch::Exact(name.into())) {
            return true;
        }
        let above = name.split_once('.').map(|(_, suffix)| suffix);
        if above.is_some_and(|suffix| self.wildcard.contains_key(suffix)) {
            return false;
        }
        above.is_some_and(|suffix| self.refused.contains(&HostMatch::Wildcard(suffix.into())))
            || self.refused.contains(&HostMatch::Any)
    }

    /// The same, for hosts of which these ask for client certificates.
    #[must_use]
    pub fn asking(self, hosts: &[HostMatch]) -> Self {
        Self {
            asking: hosts.iter().cloned().collect(),
            ..self
        }
    }

    /// Whether any host asks for client certificates.
    pub fn asks_anybody(&self) -> bool {
        !self.asking.is_empty()
    }

    /// Whether a client that wants this name is asked for a certificate: as the host asks, else the
    /// wildcard one label up, else rules for every host. `sni` is lower-case.
    pub fn asks(&self, sni: Option<&str>) -> bool {
        let by_name = sni.is_some_and(|name| {
            let name = name.strip_suffix('.').unwrap_or(name);
            let above = name.split_once('.').map(|(_, suffix)| suffix);
            self.asking.contains(&HostMatch::Exact(name.into()))
                || above
                    .is_some_and(|suffix| self.asking.contains(&HostMatch::Wildcard(suffix.into())))
        });
        by_name || self.asking.contains(&HostMatch::Any)
    }

    /// The certificate for a server name: bound to it, else to the wildcard one label up, else the
    /// default. `sni` is lower-case, as rustls gives it.
    pub fn select(&self, sni: Option<&str>) -> Arc<CertifiedKey> {
        let found = sni.and_then(|name| {
            let name = name.strip_suffix('.').unwrap_or(name);
            self.exact.get(name).or_else(|| {
                let (label, suffix) = name.split_once('.')?;
                self.wildcard.get(suffix).filter(|_| !label.is_empty())
            })
        });
        Arc::clone(found.unwrap_or(&self.default))
    }
}

impl fmt::Debug for CertificateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateStore")
            .field("exact", &self.exact.len())
            .field("wildcard", &self.wildcard.len())
            .finish_non_exhaustive()
    }
}

/// Gives each handshake its certificate from the store of the moment.
#[derive(Debug)]
pub struct ServerResolver {
    store: ArcSwap<CertificateStore>,
}

impl ServerResolver {
    /// A resolver that begins with `store`.
    pub fn new(store: Arc<CertificateStore>) -> Self {
        Self {
            store: ArcSwap::new(store),
        }
    }

    /// The store of the moment.
    pub(super) fn store(&self) -> Arc<CertificateStore> {
        self.store.load_full()
    }

    /// Puts `store` in the place of the last one, for handshakes that begin from now on.
    pub fn publish(&self, store: Arc<CertificateStore>) {
        self.store.store(store);
    }
}

impl ResolvesServerCert for ServerResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let store = self.store.load();
        let name = hello.server_name();
        (!store.refuses(name)).then(|| store.select(name))
    }
}
