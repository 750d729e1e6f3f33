//! The choice of an endpoint.

use super::settings::AnnotationSettings;
use crate::{
    control::translate::{
        rows::{Fault, Meaning, Row},
        values,
    },
    upstream::HashKey,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "load-balance",
        meaning: Meaning::Setting(|value, settings| {
            settings.load_balance = Some(values::balancer(value)?);
            Ok(())
        }),
    },
    Row {
        name: "upstream-hash-by",
        meaning: Meaning::Setting(|value, settings| {
            settings.hash_by = Some(hash_keys(value)?);
            Ok(())
        }),
    },
    Row {
        name: "service-upstream",
        meaning: Meaning::Setting(|value, settings| {
            settings.by_cluster_ip = Some(values::boolean(value)?);
            Ok(())
        }),
    },
];

/// The parts of an `upstream-hash-by` text: nginx variables between literals.
fn hash_keys(value: &str) -> Result<Vec<HashKey>, Fault> {
    let mut keys = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        let (literal, variable) = rest.split_at(at);
        push_literal(&mut keys, literal);
        let variable = &variable[1..];
        let (name, after) = match variable.strip_prefix('{') {
            Some(braced) => braced
                .split_once('}')
                .ok_or_else(|| Fault::value(format!("{value:?} has a brace that is not closed")))?,
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                variable.split_at(variable.find(|c| !is_name(c)).unwrap_or(variable.len()))
            }
        };
        keys.push(hash_key(name)?);
        rest = after;
    }
    push_literal(&mut keys, rest);
    if keys.iter().all(|key| matches!(key, HashKey::Literal(_))) {
        return Err(Fault::value(format!(
            "{value:?} is the same for every request"
        )));
    }
    Ok(keys)
}

fn push_literal(keys: &mut Vec<HashKey>, text: &str) {
    if !text.is_empty() {
        keys.push(HashKey::Literal(text.into()));
    }
}

fn hash_key(variable: &str) -> Result<HashKey, Fault> {
    let field = |name: &str| name.to_ascii_lowercase().replace('_', "-").into_boxed_str();
    Ok(match variable {
        "request_uri" => HashKey::RequestUri,
        "uri" | "document_uri" => HashKey::Path,
        "host" | "best_http_host" => HashKey::Host,
        "remote_addr" | "binary_remote_addr" | "the_real_ip" => HashKey::ClientAddress,
        _ => {
            if let Some(name) = prefixed(variable, "http_") {
                HashKey::Header(field(name))
            } else if let Some(name) = prefixed(variable, "cookie_") {
                HashKey::Cookie(name.into())
            } else if let Some(name) = prefixed(variable, "arg_") {
                HashKey::Query(name.into())
            } else {
                return Err(Fault::value(format!(
                    "the variable ${variable} is not supported"
                )));
            }
        }
    })
}

fn prefixed<'a>(variable: &'a str, prefix: &str) -> Option<&'a str> {
    variable
        .strip_prefix(prefix)
        .filter(|name| !name.is_empty())
}
