//! Paths of Ingress rules.

use crate::{
    message::{Slashes, TargetError, canonical_path},
    routing::PathMatch,
};

/// Reads a path and its type. `ImplementationSpecific` and no type at all behave as `Prefix`, save
/// that an empty path is `/` and that what validation forbids is brought into canonical form.
///
/// # Errors
/// Says what is wrong, and whether it is the type.
pub(super) fn parse(
    path: Option<&str>,
    path_type: &str,
    slashes: Slashes,
) -> Result<PathMatch, PathFault> {
    let path = path.unwrap_or_default();
    match path_type {
        "Exact" => {
            validate(path)?;
            Ok(PathMatch::Exact(canonical(path, slashes)?))
        }
        "Prefix" => {
            validate(path)?;
            Ok(prefix(&canonical(path, slashes)?))
        }
        "ImplementationSpecific" | "" if path.is_empty() => Ok(prefix("/")),
        "ImplementationSpecific" | "" => Ok(prefix(&canonical(path, slashes)?)),
        _ => Err(PathFault::Type(format!(
            "{path_type:?} is not one of Exact, Prefix and ImplementationSpecific"
        ))),
    }
}

/// What is wrong with a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PathFault {
    /// With the path itself.
    Path(String),
    /// With its type.
    Type(String),
}

/// `/foo/` and `/foo` are the same prefix; one form makes that visible.
fn prefix(path: &str) -> PathMatch {
    let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty());
    PathMatch::Prefix(trimmed.unwrap_or(path).into())
}

/// What the Ingress API forbids in Exact and Prefix paths.
fn validate(path: &str) -> Result<(), PathFault> {
    let fault = |what: String| Err(PathFault::Path(what));
    if !path.starts_with('/') {
        return fault(format!("{path:?} does not begin with a slash"));
    }
    for forbidden in ["//", "/./", "/../", "%2f", "%2F"] {
        if path.contains(forbidden) {
            return fault(format!("{path:?} contains {forbidden}"));
        }
    }
    for forbidden in ["/..", "/."] {
        if path.ends_with(forbidden) {
            return fault(format!("{path:?} ends with {forbidden}"));
        }
    }
    Ok(())
}

/// The form that requests' paths have when they are compared.
fn canonical(path: &str, slashes: Slashes) -> Result<Box<str>, PathFault> {
    let escaped = escape(path);
    canonical_path(&escaped, slashes)
        .map(String::into_boxed_str)
        .map_err(|error| {
            PathFault::Path(match error {
                TargetError::Form => format!("{path:?} does not begin with a slash"),
                error => format!("{path:?} matches no request: {error}"),
            })
        })
}

/// Manifests hold text where requests hold escapes.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii() && byte != b' ' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
