//! Certificates in Secrets.

use std::{collections::HashMap, sync::Arc};

use k8s_openapi::api::core::v1::Secret;
use thiserror::Error;

use super::{client_certificate, names};
use crate::{
    control::{Key, Objects},
    message::HostMatch,
    policy::{AuthoritiesError, ClientAuthorities},
    tls::{Certificate, CertificateError},
};

/// Why a Secret gives no certificate.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum SecretFault {
    #[error("does not exist")]
    Missing,
    #[error("is known without its key, which an earlier run did not keep")]
    Withheld,
    #[error("has no {0}")]
    NoField(&'static str),
    #[error("cannot be used: {0}")]
    Certificate(CertificateError),
    #[error("has a ca.crt that cannot be used: {0}")]
    Authorities(AuthoritiesError),
    #[error("has a ca.crl, and revocation lists are not supported yet")]
    Revocation,
}

/// Certificates as read, by Secret. Holds at most one entry for a Secret that some Ingress names.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    known: HashMap<Key, Result<Arc<Certificate>, Arc<SecretFault>>>,
    authorities: HashMap<Key, Result<Arc<ClientAuthorities>, Arc<SecretFault>>>,
}

impl Certificates {
    /// The Secret changed.
    pub(super) fn forget(&mut self, secret: &Key) {
        self.known.remove(secret);
        self.authorities.remove(secret);
    }

    /// The authorities for client certificates in a Secret.
    pub(super) fn authorities(
        &mut self,
        secret: &Key,
        objects: &Objects,
    ) -> Result<Arc<ClientAuthorities>, Arc<SecretFault>> {
        if let Some(known) = self.authorities.get(secret) {
            return known.clone();
        }
        let object = names::live(objects.secrets.get(secret), |secret| &secret.metadata);
        let authorities = match object {
            Some(object) => client_certificate::read(object)
                .map(Arc::new)
                .map_err(Arc::new),
            None => Err(Arc::new(SecretFault::Missing)),
        };
        self.authorities.insert(secret.clone(), authorities.clone());
        authorities
    }

    pub(super) fn find(
        &mut self,
        secret: &Key,
        objects: &Objects,
    ) -> Result<Arc<Certificate>, Arc<SecretFault>> {
        if let Some(known) = self.known.get(secret) {
            return known.clone();
        }
        let object = names::live(objects.secrets.get(secret), |secret| &secret.metadata);
        let certificate = match object {
            Some(object) => read(object).map(Arc::new).map_err(Arc::new),
            None => Err(Arc::new(SecretFault::Missing)),
        };
        self.known.insert(secret.clone(), certificate.clone());
        certificate
    }
}

/// The annotation of a Secret of which an earlier run kept a part alone.
pub(in crate::control) const WITHHELD: &str = "portcullis.dev/withheld";

fn read(secret: &Secret) -> Result<Certificate, SecretFault> {
    let annotations = secret.metadata.annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key(WITHHELD)) {
        return Err(SecretFault::Withheld);
    }
    let field = |name| {
        let data = secret.data.as_ref();
        data.and_then(|data| data.get(name))
            .ok_or(SecretFault::NoField(name))
    };
    let (chain, key) = (field("tls.crt")?, field("tls.key")?);
    Certificate::from_pem(&chain.0, &key.0).map_err(SecretFault::Certificate)
}

/// Whether a certificate is for a host. One that names nothing is taken at its owner's word.
pub(super) fn covers(certificate: &Certificate, host: &HostMatch) -> bool {
    let covers = |name: &str| match (host, name.strip_prefix("*.")) {
        (HostMatch::Exact(host), None) => **host == *name,
        (HostMatch::Exact(host), Some(suffix)) => {
            host.split_once('.').is_some_and(|(_, rest)| rest == suffix)
        }
        (HostMatch::Wildcard(host), Some(suffix)) => **host == *suffix,
        (HostMatch::Wildcard(_), None) | (HostMatch::Any, _) => false,
    };
    certificate.names.is_empty() || certificate.names.iter().any(|name| covers(name))
}

/// The names of a certificate as hosts.
pub(super) fn hosts_of(certificate: &Certificate) -> Vec<HostMatch> {
    let host = |name: &str| match name.strip_prefix("*.") {
        Some(suffix) => HostMatch::Wildcard(suffix.into()),
        None => HostMatch::Exact(name.into()),
    };
    certificate.names.iter().map(|name| host(name)).collect()
}
