//! Certificates that are made here, and the Secret that holds one.
//!
//! Each has an authority of its own, whose key is forgotten when it has signed: nothing that lies about can
//! sign another one.
//!
//! Invariant: the bundle of a certificate that takes another's place has the authorities of both, so that
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
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::tls::Certificate;

/// How long a certificate is good.
pub(super) const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long before its end another one takes its place.
pub(super) const RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Clocks that are behind by less than this take it at once.
const BACKDATED: Duration = Duration::from_secs(60 * 60);

const CHAIN: &str = "tls.crt";
const KEY: &str = "tls.key";
const BUNDLE: &str = "ca.crt";

/// The data of a Secret.
pub(super) type Data = BTreeMap<String, ByteString>;

/// A certificate of a Secret.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) certificate: Certificate,
    /// The authorities by which it is known, PEM.
    pub(super) bundle: Vec<u8>,
}

impl Held {
    /// What a Secret holds; `None`: nothing of use.
    pub(super) fn read(data: &Data) -> Option<Self> {
        let part = |name: &str| data.get(name).map(|bytes| bytes.0.as_slice());
        let certificate = Certificate::from_pem(part(CHAIN)?, part(KEY)?).ok()?;
        let bundle = part(BUNDLE).filter(|it| !authorities(it).is_empty())?;
        Some(Self {
            certificate,
            bundle: bundle.to_owned(),
        })
    }

    /// Whether it is for these names, and for a good while.
    pub(super) fn is_good(&self, names: &[String], now: SystemTime) -> bool {
        let has = |name: &String| self.certificate.names.iter().any(|own| **own == **name);
        self.certificate.not_after > now + RENEWAL && names.iter().all(has)
    }
}

/// Makes a certificate for these names, in the place of `before`.
///
/// # Errors
/// A name cannot stand in a certificate.
pub(super) fn make(
    names: &[String],
    now: SystemTime,
    before: Option<&Held>,
) -> Result<Data, rcgen::Error> {
    let mut authority = params(Vec::new(), "Portcullis admission webhook authority", now)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let mut leaf = params(names.to_vec(), "Portcullis admission webhook", now)?;
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &authority)?;
    let mut bundle = authority.pem();
    // The newest of those before stands first.
    if let Some(last) = before.and_then(|held| authorities(&held.bundle).into_iter().next()) {
        bundle.push_str(&last);
    }
    let texts = [
        (CHAIN, leaf.pem()),
        (KEY, key.serialize_pem()),
        (BUNDLE, bundle),
    ];
    let data = texts.map(|(name, text)| (name.to_owned(), ByteString(text.into_bytes())));
    Ok(data.into())
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

/// The certificates of a bundle, PEM each.
fn authorities(bundle: &[u8]) -> Vec<String> {
    let all = CertificateDer::pem_slice_iter(bundle).map_while(Result::ok);
    all.map(|der| pem(&der)).collect()
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    let value = serde_json::to_value(ByteString(der.to_vec())).unwrap_or_default();
    let base64 = value.as_str().unwrap_or_default();
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, letter) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}
