//! What the translation starts from.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cli::SourceSettings,
    control::{
        Key,
        translate::{ClassSelection, GlobalOptions, TranslateSettings},
    },
    upstream::NameTrust,
};

/// How manifests from disk are understood.
pub(super) fn translate_settings(
    source: &SourceSettings,
    options: GlobalOptions,
) -> TranslateSettings {
    let SourceSettings {
        paths: _,
        options: _,
        ingress_classes,
        default_tls,
        permit_unsupported_access_control,
    } = source;
    TranslateSettings {
        class: if ingress_classes.is_empty() {
            ClassSelection::Every
        } else {
            ClassSelection::Named(ingress_classes.iter().cloned().collect::<BTreeSet<_>>())
        },
        default_certificate: default_tls
            .as_ref()
            .map(|(namespace, name)| Key::new(namespace, name)),
        trust: NameTrust::Trusted,
        permit_unsupported_access_control: *permit_unsupported_access_control,
        options,
        https_port: None,
        stand_ins: BTreeMap::new(),
    }
}
