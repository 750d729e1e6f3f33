//! What the operator's policies say of cookies, kept where there is a minimum.
//!
//! Invariant: what the operator protects, no tenant protects less. Non-goal: cookies of which the operator
//! says nothing, and whose keys they are.

use super::{
    cookies::CookieFields,
    guard::Minimum,
    spec::{CookieSwitch, SameSiteSpec},
};
use crate::{
    control::translate::report::Reporter,
    policy::{ClientBinding, CookieMode},
};

/// What follows where a tenant's value is less.
const OPERATORS: &str = "what stands above this policy decides";

impl Minimum {
    /// Lets go of what a tenant sets for cookies that is less than what the operator sets. The operator's
    /// names are added to those of the tenant.
    pub(super) fn raise(&self, tenant: &mut CookieFields, reporter: &mut Reporter) {
        let CookieFields {
            mode,
            names,
            encrypt,
            keys: _,
            max_age,
            bind_to,
            secure,
            http_only,
            same_site,
            faults,
        } = &self.cookies;
        let lists = [names, encrypt].into_iter().flatten();
        let protects = faults.any || lists.flatten().next().is_some();
        let mode = match mode {
            _ if faults.mode => CookieSwitch::On(CookieMode::Refuse),
            Some(mode) => *mode,
            None => CookieSwitch::On(CookieMode::Drop),
        };
        if !self.binds() || !protects || mode == CookieSwitch::Off {
            return;
        }
        for (own, operators) in [(&mut tenant.names, names), (&mut tenant.encrypt, encrypt)] {
            if let (Some(own), Some(operators)) = (own, operators) {
                let missing = operators.iter().filter(|it| !own.contains(it));
                let missing: Vec<_> = missing.cloned().collect();
                own.extend(missing);
            }
        }
        let tell = |field: &str| {
            let message = format!("{} allows no namespace to weaken it", self.policy);
            reporter.error(format!("spec.cookieIntegrity.{field}"), message, OPERATORS);
        };
        let mut floor = Floor(tell);
        floor.keep("mode", &mut tenant.mode, |own| *own < mode);
        floor.keep("maxAge", &mut tenant.max_age, |own| {
            max_age.is_some_and(|most| *own > most)
        });
        floor.keep("bindTo", &mut tenant.bind_to, |own| {
            bind_to.is_some_and(|to| to != ClientBinding::None && *own != to)
        });
        floor.keep("secure", &mut tenant.secure, |own| {
            !own && *secure == Some(true)
        });
        floor.keep("httpOnly", &mut tenant.http_only, |own| {
            !own && *http_only == Some(true)
        });
        let least = same_site.unwrap_or(SameSiteSpec::Keep);
        floor.keep("sameSite", &mut tenant.same_site, |own| *own < least);
    }
}

/// Tells of what is less.
struct Floor<F>(F);

impl<F: FnMut(&str)> Floor<F> {
    fn keep<T>(&mut self, field: &str, own: &mut Option<T>, is_less: impl FnOnce(&T) -> bool) {
        if own.as_ref().is_some_and(is_less) {
            *own = None;
            (self.0)(field);
        }
    }
}
