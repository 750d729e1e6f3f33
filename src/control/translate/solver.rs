//! cert-manager's Ingresses for HTTP-01 (RFC 8555 section 8.3).
//!
//! Invariant: what is let past redirects, logins and firewalls is GET of one path that holds a token and
//! nothing else. Non-goal: telling whether the token is one that somebody waits for.

use k8s_openapi::api::networking::v1::Ingress;

use crate::routing::{Match, PathMatch};

/// The label that cert-manager gives its solvers.
const LABEL: &str = "acme.cert-manager.io/http01-solver";
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// Whether an Ingress has the label, and one Exact path with a token as its only rule.
pub(super) fn is_solver(ingress: &Ingress) -> bool {
    let labels = ingress.metadata.labels.as_ref();
    let labelled = labels
        .and_then(|all| all.get(LABEL))
        .is_some_and(|value| value == "true");
    let Some(spec) = ingress.spec.as_ref().filter(|_| labelled) else {
        return false;
    };
    let [rule] = spec.rules.as_deref().unwrap_or_default() else {
        return false;
    };
    let paths = rule.http.as_ref().map(|http| http.paths.as_slice());
    let [path] = paths.unwrap_or_default() else {
        return false;
    };
    let token = path
        .path
        .as_deref()
        .and_then(|path| path.strip_prefix(CHALLENGES));
    spec.default_backend.is_none()
        && path.path_type == "Exact"
        && token.is_some_and(|token| !token.is_empty() && token.bytes().all(is_base64url))
}

/// What a solver answers.
pub(super) fn question(path: PathMatch) -> Match {
    Match {
        method: Some("GET".into()),
        ..Match::path(path)
    }
}

/// Tokens are base64url (RFC 8555 section 8.1).
const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn solver() -> Value {
        json!({
            "metadata": {"labels": {LABEL: "true"}},
            "spec": {"rules": [{"host": "a.com", "http": {"paths": [{
                "path": "/.well-known/acme-challenge/a-B_9", "pathType": "Exact",
                "backend": {"service": {"name": "s", "port": {"number": 8089}}},
            }]}}]},
        })
    }

    #[test]
    fn a_solver_has_the_label_and_one_token() {
        let is = |value: Value| is_solver(&serde_json::from_value(value).unwrap());
        assert!(is(solver()));
        let path = "/spec/rules/0/http/paths/0";
        for (at, value) in [
            ("/metadata/labels", json!({})),
            ("/metadata/labels", json!({LABEL: "false"})),
            ("/spec/rules", json!([])),
            (&format!("{path}/pathType"), json!("Prefix")),
            (
                &format!("{path}/path"),
                json!("/.well-known/acme-challenge/"),
            ),
            (
                &format!("{path}/path"),
                json!("/.well-known/acme-challenge/a/b"),
            ),
            (
                &format!("{path}/path"),
                json!("/.well-known/acme-challenge/a%2fb"),
            ),
            (
                &format!("{path}/path"),
                json!("/x/.well-known/acme-challenge/a"),
            ),
            (&format!("{path}/path"), json!("/")),
        ] {
            let mut changed = solver();
            *changed.pointer_mut(at).unwrap() = value.clone();
            assert!(!is(changed), "{at} {value}");
        }
        let mut more = solver();
        let paths = more.pointer_mut("/spec/rules/0/http/paths").unwrap();
        let twice = paths[0].clone();
        paths.as_array_mut().unwrap().push(twice);
        assert!(!is(more));
        let mut default = solver();
        default["spec"]["defaultBackend"] = json!({"service": {"name": "s"}});
        assert!(!is(default));
    }
}
