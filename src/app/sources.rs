//! What the translation starts from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    cli::{SourceSettings, WafMode, WafSettings},
    config::FirewallMode,
    control::{
        Key,
        translate::{ClassSelection, DefaultFirewall, GlobalOptions, TranslateSettings},
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
        strict_hosts,
        waf,
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
        firewall: waf.as_ref().map(default_firewall),
        rule_folders: Arc::default(),
        strict_hosts: *strict_hosts,
        by_cluster_ip: false,
        zone: None,
    }
}

fn default_firewall(waf: &WafSettings) -> DefaultFirewall {
    let WafSettings { rules, mode } = waf;
    DefaultFirewall {
        rules: rules.clone(),
        mode: match mode {
            WafMode::Detect => FirewallMode::Detect,
            WafMode::Block => FirewallMode::Block,
        },
    }
}

/// Looks whether the firewall that the command line asks for has rules at all.
///
/// # Errors
/// When its folder cannot be read. There is no earlier version to go on with.
pub(super) fn require_rules(settings: &TranslateSettings) -> anyhow::Result<()> {
    let Some(DefaultFirewall { rules, mode: _ }) = &settings.firewall else {
        return Ok(());
    };
    let read = settings.rule_folders.rules(rules);
    match &read.fault {
        Some(fault) => anyhow::bail!("the firewall's rules: {fault}"),
        None => Ok(()),
    }
}
