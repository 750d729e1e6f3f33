//! From the annotations of one object to settings and problems.

use std::collections::BTreeMap;

use super::{
    settings::AnnotationSettings,
    table::{OWN_TABLE, TABLE},
};
use crate::{
    config::Severity,
    control::translate::{access_control::Guards, report::Reporter, rows},
};

/// What the names of annotations begin with, and which there are.
const PREFIXES: [(&str, &[&[rows::Row<AnnotationSettings>]]); 2] = [
    ("nginx.ingress.kubernetes.io/", TABLE),
    ("portcullis.dev/", OWN_TABLE),
];

/// Reads every annotation with one of the prefixes. `permit`: rules are served although access control that
/// they ask for is not supported.
pub(in crate::control::translate) fn read(
    annotations: &BTreeMap<String, String>,
    permit: bool,
    reporter: &mut Reporter,
) -> AnnotationSettings {
    let mut settings = AnnotationSettings::default();
    let mut guards = Guards::default();
    for (key, value) in annotations {
        let known = PREFIXES
            .iter()
            .find_map(|(prefix, table)| Some((key.strip_prefix(prefix)?, *prefix, *table)));
        let Some((name, prefix, table)) = known else {
            continue;
        };
        let field = format!("metadata.annotations[\"{key}\"]");
        match rows::find(table, name) {
            Some(row) => {
                let target = (&mut settings, &mut guards);
                rows::apply(row, value, target, (field, reporter));
            }
            None => {
                let hint = rows::nearest(table, name).map_or(String::new(), |known| {
                    format!("; did you mean {prefix}{known}?")
                });
                reporter.warning(
                    field,
                    format!("there is no such annotation{hint}"),
                    "it has no effect",
                );
            }
        }
    }
    if permit {
        let consequence = "requests are served without it, since the operator permits that";
        guards.report(consequence, Severity::Warning, reporter);
    } else {
        let consequence = "requests for the rules of this Ingress are answered 403";
        guards.report(consequence, Severity::Error, reporter);
    }
    settings.guards = guards;
    settings
}
