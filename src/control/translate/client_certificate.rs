//! Client certificates: which Ingress decides for a host, and what that comes to.
//!
//! As in ingress-nginx they hold for the whole host, whichever Ingress asks for them; of two the one with
//! precedence decides.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;

use super::{
    annotations::{AnnotationSettings, CertificateSettings, DENIED},
    report::Reporter,
    secret::{Certificates, SecretFault},
};
use crate::{
    control::{Key, Objects},
    policy::{CertificateDemand, ClientAuthorities, ClientCertificatePolicy, SubjectPattern},
};

/// What an Ingress asks for on its hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It cannot be told what: nobody is admitted.
    Broken,
    /// Certificates.
    Certificates(AskedCertificates),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AskedCertificates {
    /// Holds the authorities.
    pub(super) secret: Key,
    demand: CertificateDemand,
    depth: u32,
    subject: Option<SubjectPattern>,
    pass_on: bool,
}

/// ingress-nginx's default.
const DEPTH: u32 = 1;
const SECRET: &str = "auth-tls-secret";

/// What the annotations of an Ingress ask for.
pub(super) fn asked(
    settings: &AnnotationSettings,
    namespace: &Arc<str>,
    reporter: &mut Reporter,
) -> Option<Asked> {
    let CertificateSettings {
        secret,
        verify,
        depth,
        subject,
        pass_on,
        is_broken,
    } = &settings.certificate;
    if settings.certificate == CertificateSettings::default() {
        return None;
    }
    let demand = verify.unwrap_or(Some(CertificateDemand::default()))?;
    if *is_broken {
        return Some(Asked::Broken);
    }
    let Some(secret) = secret else {
        let message = "auth-tls-secret, which names the authorities, is missing";
        if verify.is_none() && subject.is_none() {
            reporter.warning(
                "metadata.annotations",
                message,
                "no certificate is asked for",
            );
            return None;
        }
        reporter.error("metadata.annotations", message, DENIED);
        return Some(Asked::Broken);
    };
    match secret.split_once('/') {
        Some((of, name)) if *of == **namespace && !name.is_empty() => {
            Some(Asked::Certificates(AskedCertificates {
                secret: Key {
                    namespace: Arc::clone(namespace),
                    name: name.into(),
                },
                demand,
                depth: depth.unwrap_or(DEPTH),
                subject: subject.clone(),
                pass_on: *pass_on,
            }))
        }
        Some((_, name)) if !name.is_empty() => {
            let message = format!("{secret:?} is in another namespace");
            reporter.error(field(), message, DENIED);
            Some(Asked::Broken)
        }
        _ => {
            let message =
                format!("{secret:?} is not a namespace and a name, such as {namespace}/ca");
            reporter.error(field(), message, DENIED);
            Some(Asked::Broken)
        }
    }
}

impl Asked {
    /// What it comes to with the Secrets of the moment.
    ///
    /// # Errors
    /// Nobody can be admitted; `Some` says what is wrong with the Secret.
    pub(super) fn resolve(
        &self,
        certificates: &mut Certificates,
        objects: &Objects,
    ) -> Result<Arc<ClientCertificatePolicy>, Option<Arc<SecretFault>>> {
        let Self::Certificates(AskedCertificates {
            secret,
            demand,
            depth,
            subject,
            pass_on,
        }) = self
        else {
            return Err(None);
        };
        let authorities = certificates.authorities(secret, objects)?;
        Ok(Arc::new(ClientCertificatePolicy {
            authorities,
            demand: *demand,
            max_intermediates: *depth,
            subject: subject.clone(),
            pass_on: *pass_on,
        }))
    }

    /// The Secret that it depends on.
    pub(super) fn secret(&self) -> Option<&Key> {
        match self {
            Self::Broken => None,
            Self::Certificates(asked) => Some(&asked.secret),
        }
    }
}

/// The field that names the Secret.
pub(super) fn field() -> String {
    format!("metadata.annotations[\"nginx.ingress.kubernetes.io/{SECRET}\"]")
}

/// Reads the authorities in a Secret.
pub(super) fn read(secret: &Secret) -> Result<ClientAuthorities, SecretFault> {
    let data = secret.data.as_ref();
    let field = |name| data.and_then(|data| data.get(name));
    let authorities = field("ca.crt").ok_or(SecretFault::NoField("ca.crt"))?;
    if field("ca.crl").is_some() {
        return Err(SecretFault::Revocation);
    }
    ClientAuthorities::from_pem(&authorities.0).map_err(SecretFault::Authorities)
}
