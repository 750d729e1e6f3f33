//! What a host asks of client certificates, and what becomes of one.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{authorities::ClientAuthorities, name, subject::SubjectPattern};

/// What a host asks of client certificates: ingress-nginx's `auth-tls-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificatePolicy {
    /// Who may have signed one.
    pub authorities: Arc<ClientAuthorities>,
    /// Whether a client may do without.
    pub demand: CertificateDemand,
    /// Certificates between the client's and an authority's at the most (`auth-tls-verify-depth`).
    pub max_intermediates: u32,
    /// What its subject has to match, else 403 (`auth-tls-match-cn`).
    pub subject: Option<SubjectPattern>,
    /// Whether the upstream is given the certificate itself.
    pub pass_on: bool,
}

/// Whether a client may do without a certificate (`auth-tls-verify-client`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateDemand {
    /// `on`: it may not.
    #[default]
    Required,
    /// `optional`: it may; one that is sent has to be good.
    Optional,
    /// `optional_no_ca`: it may, and one that no authority has signed is the upstream's to judge.
    OptionalUnverified,
}

/// Why a request is refused for its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateRefusal {
    /// There is none.
    Missing,
    /// It is not good.
    Unverified,
    /// Its subject is another one.
    Subject,
}

/// What a chain comes to under one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the client is admitted.
    pub outcome: Result<(), CertificateRefusal>,
    /// The fields that tell the upstream, one line each.
    pub fields: Vec<u8>,
}

impl ClientCertificatePolicy {
    /// Judges the chain that a client has sent and proved to hold the key of; empty: it sent none.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Judgement {
        let Some(leaf) = chain.first() else {
            return Judgement {
                outcome: match self.demand {
                    CertificateDemand::Required => Err(CertificateRefusal::Missing),
                    _ if self.subject.is_some() => Err(CertificateRefusal::Subject),
                    CertificateDemand::Optional | CertificateDemand::OptionalUnverified => Ok(()),
                },
                fields: b"ssl-client-verify: NONE\r\n".to_vec(),
            };
        };
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let now = UnixTime::since_unix_epoch(now);
        let verified = self.authorities.verify(chain, self.max_intermediates, now);
        let (subject, issuer) = names(leaf);
        let is_admitted = match (&verified, self.demand) {
            (Ok(()), _) => true,
            (Err(error), CertificateDemand::OptionalUnverified) => is_of_nobody(error),
            (Err(_), CertificateDemand::Required | CertificateDemand::Optional) => false,
        };
        let has_subject = self.subject.as_ref().is_none_or(|it| it.matches(&subject));
        Judgement {
            outcome: match (is_admitted, has_subject) {
                (false, _) => Err(CertificateRefusal::Unverified),
                (true, false) => Err(CertificateRefusal::Subject),
                (true, true) => Ok(()),
            },
            fields: fields(&verified, &subject, &issuer, leaf, self.pass_on),
        }
    }
}

/// Whether a field of this name tells upstreams of client certificates, so that no client may send it;
/// `_` counts as `-`, as CGI and WSGI have it.
#[must_use]
pub fn is_client_certificate_field(name: &[u8]) -> bool {
    const START: &[u8] = b"ssl-client-";
    const ENDS: [&[u8]; 4] = [b"verify", b"subject-dn", b"issuer-dn", b"cert"];
    let is = |name: &[u8], expected: &[u8]| {
        let dashed = |byte: &u8| match byte {
            b'_' => b'-',
            byte => byte.to_ascii_lowercase(),
        };
        name.len() == expected.len() && name.iter().map(dashed).eq(expected.iter().copied())
    };
    name.split_at_checked(START.len())
        .is_some_and(|(start, end)| is(start, START) && ENDS.iter().any(|it| is(end, it)))
}

/// Whether a chain is sound and leads to no authority that is known.
fn is_of_nobody(error: &webpki::Error) -> bool {
    matches!(
        error,
        webpki::Error::UnknownIssuer | webpki::Error::CaUsedAsEndEntity
    )
}

fn names(leaf: &CertificateDer<'_>) -> (String, String) {
    match X509Certificate::from_der(leaf) {
        Ok((_, leaf)) => (name::text_of(leaf.subject()), name::text_of(leaf.issuer())),
        Err(_) => Default::default(),
    }
}

/// The fields that ingress-nginx sends; those without a value are left out.
fn fields(
    verified: &Result<(), webpki::Error>,
    subject: &str,
    issuer: &str,
    leaf: &CertificateDer<'_>,
    pass_on: bool,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut write = |name: &str, value: &str| {
        if !value.is_empty() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    };
    match verified {
        Ok(()) => write("ssl-client-verify", "SUCCESS"),
        Err(error) => write("ssl-client-verify", &format!("FAILED:{}", reason(error))),
    }
    write("ssl-client-subject-dn", subject);
    write("ssl-client-issuer-dn", issuer);
    if pass_on {
        write("ssl-client-cert", &escaped_pem(leaf));
    }
    out
}

/// The words that OpenSSL has for the usual reasons.
fn reason(error: &webpki::Error) -> &'static str {
    match error {
        webpki::Error::UnknownIssuer => "unable to get local issuer certificate",
        webpki::Error::CaUsedAsEndEntity => "self-signed certificate",
        webpki::Error::CertExpired { .. } => "certificate has expired",
        webpki::Error::CertNotValidYet { .. } => "certificate is not yet valid",
        webpki::Error::MaximumPathDepthExceeded => "certificate chain too long",
        webpki::Error::RequiredEkuNotFoundContext(_) => "unsuitable certificate purpose",
        _ => "certificate signature failure",
    }
}

/// PEM, escaped as a component of a URI is: `$ssl_client_escaped_cert`.
fn escaped_pem(certificate: &CertificateDer<'_>) -> String {
    let mut out = String::with_capacity(certificate.len() * 3 / 2 + 128);
    let mut line = |text: &str| {
        for byte in text.bytes().chain([b'\n']) {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte));
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    };
    line("-----BEGIN CERTIFICATE-----");
    let encoded = base64(certificate);
    for piece in encoded.as_bytes().chunks(64) {
        line(&String::from_utf8_lossy(piece));
    }
    line("-----END CERTIFICATE-----");
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let all = group.iter().enumerate().fold(0_u32, |all, (at, byte)| {
            all | u32::from(*byte) << (16 - 8 * at)
        });
        for place in 0..4 {
            if place <= group.len() {
                out.push(char::from(
                    DIGITS[(all >> (18 - 6 * place)) as usize & 0x3f],
                ));
            } else {
                out.push('=');
            }
        }
    }
    out
}
