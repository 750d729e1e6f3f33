//! Client certificates.

use super::settings::AnnotationSettings;
use crate::{
    control::translate::rows::{Fault, Meaning, Row},
    policy::{CertificateDemand, SubjectPattern},
};

/// `auth-tls-*`, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::control::translate) struct CertificateSettings {
    /// `auth-tls-secret`
    pub(in crate::control::translate) secret: Option<String>,
    /// `auth-tls-verify-client`; `Some(None)` is `off`.
    pub(in crate::control::translate) verify: Option<Option<CertificateDemand>>,
    /// `auth-tls-verify-depth`
    pub(in crate::control::translate) depth: Option<u32>,
    /// `auth-tls-match-cn`
    pub(in crate::control::translate) subject: Option<SubjectPattern>,
    /// `auth-tls-pass-certificate-to-upstream`
    pub(in crate::control::translate) pass_on: bool,
    /// One of them has no meaning, and nobody may be admitted.
    pub(in crate::control::translate) is_broken: bool,
}

/// What follows from one that has no meaning: a broken security setting fails closed.
pub(in crate::control::translate) const DENIED: &str = "requests for its hosts are answered 403";

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "auth-tls-secret",
        meaning: Meaning::Setting(|value, settings| {
            settings.certificate.secret = Some(value.to_owned());
            Ok(())
        }),
    },
    Row {
        name: "auth-tls-verify-client",
        meaning: Meaning::Setting(|value, settings| {
            settings.certificate.verify = Some(match value {
                "on" => Some(CertificateDemand::Required),
                "off" => None,
                "optional" => Some(CertificateDemand::Optional),
                "optional_no_ca" => Some(CertificateDemand::OptionalUnverified),
                _ => {
                    return Err(Fault::warning(
                        format!("{value:?} is not one of on, off, optional and optional_no_ca"),
                        "it is taken for on, as in ingress-nginx",
                    ));
                }
            });
            Ok(())
        }),
    },
    Row {
        name: "auth-tls-verify-depth",
        meaning: Meaning::Setting(|value, settings| {
            let depth = value
                .parse()
                .map_err(|_| Fault::value(format!("{value:?} is not a whole number")))?;
            settings.certificate.depth = Some(depth);
            Ok(())
        }),
    },
    Row {
        name: "auth-tls-match-cn",
        meaning: Meaning::Setting(|value, settings| match SubjectPattern::new(value) {
            Ok(subject) => {
                settings.certificate.subject = Some(subject);
                Ok(())
            }
            Err(error) => {
                settings.certificate.is_broken = true;
                Err(Fault::error(
                    format!("{value:?} cannot be used: {error}"),
                    DENIED,
                ))
            }
        }),
    },
    Row {
        name: "auth-tls-pass-certificate-to-upstream",
        meaning: Meaning::Setting(|value, settings| {
            settings.certificate.pass_on = crate::control::translate::values::boolean(value)?;
            Ok(())
        }),
    },
    Row {
        name: "auth-tls-error-page",
        meaning: Meaning::Unsupported {
            harmless: &[""],
            consequence: "requests without a good certificate are answered 400",
        },
    },
];
