//! The authorities by which certificates of the webhook are known.
//!
//! Invariant: none is in them twice, and the newest stands first. Non-goal: saying whether one is good.

use k8s_openapi::ByteString;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

/// Authorities, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Those of a text, PEM, up to the first that cannot be read.
    pub(super) fn read(text: &[u8]) -> Self {
        let all = CertificateDer::pem_slice_iter(text).map_while(Result::ok);
        Self::default().and(all, usize::MAX)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and the first of those before them, so many altogether at the most.
    pub(super) fn after(self, before: &Self, most: usize) -> Self {
        let Self(before) = before;
        self.and(before.iter().cloned(), most)
    }

    /// RFC 7468.
    pub(super) fn to_pem(&self) -> String {
        let Self(all) = self;
        all.iter().map(|der| pem(der)).collect()
    }

    fn and(mut self, more: impl Iterator<Item = CertificateDer<'static>>, most: usize) -> Self {
        for authority in more {
            if !self.0.contains(&authority) {
                self.0.push(authority);
            }
        }
        self.0.truncate(most);
        self
    }
}

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
