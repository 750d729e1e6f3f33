//! Cookie integrity for programs and people.

use serde_json::{Value, json};

use crate::policy::{CookieIntegrity, CookiePattern, LeastSameSite};

/// What is set for the cookies of a rule; of keys their names alone.
pub fn cookies_to_json(cookies: &CookieIntegrity) -> Value {
    let CookieIntegrity {
        mode,
        signed,
        encrypted,
        keys,
        max_age,
        binding,
        secure,
        http_only,
        same_site,
    } = cookies;
    let written = |patterns: &[CookiePattern]| -> Vec<String> {
        patterns.iter().map(|it| it.as_str().to_owned()).collect()
    };
    json!({
        "mode": mode.as_str(),
        "signed": written(signed),
        "encrypted": written(encrypted),
        "keys": keys.names().collect::<Vec<_>>(),
        "max_age_seconds": max_age,
        "bound_to": binding.as_str(),
        "secure": secure,
        "http_only": http_only,
        "same_site": same_site.map(LeastSameSite::as_str),
    })
}
