//! What the translation starts from: options and settings.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{
    cli::SourceSettings,
    config::{ObjectKind, ObjectRef, Problem},
    control::{
        Key,
        translate::{ClassSelection, GlobalOptions, TranslateSettings, options_from_config_map},
    },
    upstream::NameTrust,
};

/// Largest file of options, in bytes.
const OPTIONS_BYTES: u64 = 1 << 20;

/// Reads a file of options: a mapping of keys to values, or a ConfigMap that holds one. Without a file
/// everything has its default.
///
/// # Errors
/// When the file cannot be read or is no such mapping. There is no earlier version to go on with, and
/// serving without what it says may be less than safe.
pub(super) fn read_options(path: Option<&Path>) -> anyhow::Result<(GlobalOptions, Vec<Problem>)> {
    let Some(path) = path else {
        return Ok((GlobalOptions::default(), Vec::new()));
    };
    let shown = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("{shown}"))?
        .len();
    if size > OPTIONS_BYTES {
        bail!("{shown}: larger than {OPTIONS_BYTES} bytes");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown}"))?;
    let value: Value = serde_saphyr::from_str(&text).with_context(|| format!("{shown}"))?;
    let object = ObjectRef {
        kind: ObjectKind::File,
        namespace: "".into(),
        name: shown.to_string().into(),
    };
    let data = match mapping(value) {
        Some(data) => data,
        None => bail!("{shown}: neither a mapping of options nor a ConfigMap with one"),
    };
    Ok(options_from_config_map(object, None, &data))
}

fn mapping(value: Value) -> Option<BTreeMap<String, String>> {
    let mut entries = match value {
        Value::Object(entries) => entries,
        Value::Null => return Some(BTreeMap::new()),
        _ => return None,
    };
    if entries.get("kind").is_some_and(|kind| kind == "ConfigMap") {
        entries = match entries.remove("data") {
            Some(Value::Object(data)) => data,
            None | Some(Value::Null) => return Some(BTreeMap::new()),
            Some(_) => return None,
        };
    }
    entries
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => Some((key, text)),
            Value::Bool(_) | Value::Number(_) => Some((key, value.to_string())),
            Value::Null => Some((key, String::new())),
            Value::Array(_) | Value::Object(_) => None,
        })
        .collect()
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
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn options_are_a_mapping_or_a_config_map() {
        for (text, expected) in [
            (
                "proxy-body-size: 8m\nhsts: false\nkeep-alive: 30\n",
                Some(3),
            ),
            ("kind: ConfigMap\ndata:\n  proxy-body-size: 8m\n", Some(1)),
            ("kind: ConfigMap\n", Some(0)),
            ("", Some(0)),
            ("- a\n", None),
            ("a: [b]\n", None),
        ] {
            let value: Value = serde_saphyr::from_str(text).unwrap();
            assert_eq!(mapping(value).map(|data| data.len()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_of_options_that_cannot_be_read_stops_the_start() {
        let missing = Path::new("/nonexistent/options.yaml");
        assert!(read_options(Some(missing)).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a: [").unwrap();
        assert!(read_options(Some(file.path())).is_err());
    }
}
