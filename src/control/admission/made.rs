//! Certificates that are made here, and the Secret that holds one.
//!
//! Each has an authority of its own, whose key is forgotten when it has signed: nothing that lies about can
//! sign another one.
//!
//! Invariant: a certificate is kept with the authority of the one before it beside its own, so that
//! replicas may show either. Non-goal: talking to the API server.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use k8s_openapi::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use super::authorities::Authorities;
use crate::tls::Certificate;

/// How long a certificate is good.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long before its end another one takes its place.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Clocks that are behind by less than this take it at once.
const BACKDATED: Duration = Duration::from_secs(60 * 60);
/// Authorities that a Secret holds: the one of its certificate, and the last one before.
const KEPT: usize = 2;

const CHAIN: &str = "tls.crt";
const KEY: &str = "tls.key";
const BUNDLE: &str = "ca.crt";

/// The data of a Secret.
pub(super) type Data = BTreeMap<String, ByteString>;

/// A certificate of a Secret.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) certificate: Certificate,
    /// By which it is known.
    pub(super) authorities: Authorities,
}

impl Held {
    /// What a Secret holds; `None`: nothing of use.
    pub(super) fn read(data: &Data) -> Option<Self> {
        let part = |name: &str| data.get(name).map(|bytes| bytes.0.as_slice());
        let certificate = Certificate::from_pem(part(CHAIN)?, part(KEY)?).ok()?;
        let authorities = Authorities::read(part(BUNDLE)?);
        (!authorities.is_empty()).then_some(Self {
            certificate,
            authorities,
        })
    }

    /// Whether it is for these names, and for a good while.
    pub(super) fn is_good(&self, names: &[String], now: SystemTime) -> bool {
        let has = |name: &String| self.certificate.names.iter().any(|own| **own == **name);
        self.certificate.not_after > now + RENEWAL && names.iter().all(has)
    }
}

/// A certificate that is in no Secret yet.
pub(super) struct Made {
    names: Vec<String>,
    not_after: SystemTime,
    /// PEM, as are the others.
    chain: String,
    key: String,
    authority: String,
}

impl Made {
    /// Makes a certificate for these names.
    ///
    /// # Errors
    /// A name cannot stand in a certificate.
    pub(super) fn new(names: &[String], now: SystemTime) -> Result<Self, rcgen::Error> {
        let mut authority = params(Vec::new(), "Portcullis admission webhook authority", now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut leaf = params(names.to_vec(), "Portcullis admission webhook", now)?;
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        Ok(Self {
            names: names.to_vec(),
            not_after: now + VALIDITY,
            chain: leaf.signed_by(&key, &authority)?.pem(),
            key: key.serialize_pem(),
            authority: authority.pem(),
        })
    }

    /// Whether it is for these names, and for a good while.
    pub(super) fn is_good(&self, names: &[String], now: SystemTime) -> bool {
        self.names == names && self.not_after > now + RENEWAL
    }

    /// Its authority and, of those before it, the newest.
    pub(super) fn authorities(&self, before: &Authorities) -> Authorities {
        Authorities::read(self.authority.as_bytes()).after(before, KEPT)
    }

    /// What a Secret is to hold.
    pub(super) fn data(&self, authorities: &Authorities) -> Data {
        let texts = [
            (CHAIN, self.chain.clone()),
            (KEY, self.key.clone()),
            (BUNDLE, authorities.to_pem()),
        ];
        let data = texts.map(|(name, text)| (name.to_owned(), ByteString(text.into_bytes())));
        data.into()
    }
}

fn params(
    names: Vec<String>,
    called: &str,
    now: SystemTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, called);
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + VALIDITY).into();
    Ok(params)
}
