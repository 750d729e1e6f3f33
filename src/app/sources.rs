//! What the translation starts from: options and settings.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use anyhow::Context;

use crate::{
    cli::{SourceSettings, WafMode, WafSettings},
    config::{FirewallMode, Problem},
    control::{
        Key,
        source::manifest::OptionsFile,
        translate::{
            ClassSelection, DefaultFirewall, GlobalOptions, TranslateSettings,
            options_from_config_map,
        },
    },
    upstream::NameTrust,
};

/// Reads a file of options. Without one everything has its default.
///
/// # Errors
/// When the file cannot be read or holds no options. There is no earlier version to go on with, and
/// serving without what it says may be less than safe.
pub(super) fn read_options(path: Option<&Path>) -> anyhow::Result<(GlobalOptions, Vec<Problem>)> {
    let Some(path) = path else {
        return Ok((GlobalOptions::default(), Vec::new()));
    };
    let file = OptionsFile::read(path).with_context(|| path.display().to_string())?;
    let OptionsFile {
        object,
        data,
        places,
        mut problems,
    } = file;
    let (options, of_options) = options_from_config_map(object, Some(places), &data);
    problems.extend(of_options);
    Ok((options, problems))
}

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
        stand_ins: BTreeMap::new(),
        firewall: waf.as_ref().map(default_firewall),
        rule_folders: Arc::default(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_of_options_that_cannot_be_read_stops_the_start() {
        let missing = Path::new("/nonexistent/options.yaml");
        assert!(read_options(Some(missing)).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a: [").unwrap();
        assert!(read_options(Some(file.path())).is_err());
    }

    #[test]
    fn problems_with_options_have_their_place_in_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hsts: false\nproxy-body-size: x\n").unwrap();
        let (options, problems) = read_options(Some(file.path())).unwrap();
        assert_eq!(options.options.defaults.hsts, None);
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        let place = problem.location.as_ref().unwrap();
        assert_eq!((place.line, place.column), (2, 18));
    }
}
