//! The firewall in front of every rule, and what is done to its cookies, as people and programs read it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use serde_json::{Value, json};

use crate::config::{Action, Config, DenyReason, Firewall, Rule, cookies_to_json};

/// Which firewall is in front of what, and what is done to cookies.
#[derive(Debug)]
pub struct EffectivePolicies<'a> {
    /// Rules in the order of their objects, with what is in front of them.
    rules: Vec<(&'a Rule, Option<&'a Arc<Firewall>>)>,
    unmatched: Option<&'a Arc<Firewall>>,
}

impl<'a> EffectivePolicies<'a> {
    /// Those of a configuration.
    pub fn of(config: &'a Config) -> Self {
        let rules = config.routes.iter().flat_map(|route| &route.rules);
        let mut rules: Vec<_> = rules.map(|rule| (rule, rule.firewall.as_ref())).collect();
        rules.sort_by(|(a, _), (b, _)| {
            let place = |rule: &'a Rule| (&rule.meta.object, &rule.meta.host, &rule.meta.path);
            place(a).cmp(&place(b))
        });
        Self {
            rules,
            unmatched: config.default_firewall.as_ref(),
        }
    }

    /// The firewall of each rule, and that of requests that no rule is for.
    pub fn to_json(&self) -> Value {
        let Self { rules, unmatched } = self;
        let rule = |(rule, firewall): &(&Rule, Option<&Arc<Firewall>>)| {
            json!({
                "object": rule.meta.object.to_string(),
                "host": &*rule.meta.host,
                "path": &*rule.meta.path,
                "firewall": firewall.map(|it| it.to_json()),
                "cookies": cookies(rule),
            })
        };
        json!({
            "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            "unmatched": unmatched.map(|it| it.to_json()),
        })
    }

    /// Each firewall once, with the rules that it is in front of; then what is done to cookies, where
    /// anything is.
    ///
    /// # Errors
    /// `out` fails.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { rules, unmatched } = self;
        let mut covered: BTreeMap<_, (Option<&Firewall>, Vec<String>)> = BTreeMap::new();
        for (rule, firewall) in rules {
            let key = firewall.map(|it| (&it.name, Arc::as_ptr(it)));
            let firewall = firewall.map(|it| &**it);
            let (_, places) = covered.entry(key).or_insert((firewall, Vec::new()));
            places.push(place(rule));
        }
        if let Some(firewall) = unmatched {
            let key = Some((&firewall.name, Arc::as_ptr(firewall)));
            let (_, places) = covered.entry(key).or_insert((Some(firewall), Vec::new()));
            places.push("hosts that no rule is for".to_owned());
        }
        for (firewall, places) in covered.into_values() {
            match firewall {
                Some(firewall) => writeln!(out, "firewall {:#}", firewall.to_json())?,
                None => writeln!(out, "no firewall")?,
            }
            for place in places {
                writeln!(out, "  {place}")?;
            }
        }
        let mut covered: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (rule, _) in rules {
            let cookies = cookies(rule);
            if !cookies.is_null() {
                let places = covered.entry(format!("{cookies:#}")).or_default();
                places.push(place(rule));
            }
        }
        for (cookies, places) in covered {
            writeln!(out, "cookies {cookies}")?;
            for place in places {
                writeln!(out, "  {place}")?;
            }
        }
        Ok(())
    }
}

/// What is done to the cookies of a rule; null: nothing.
fn cookies(rule: &Rule) -> Value {
    match (&rule.action, &rule.policy.cookies) {
        (Action::Deny(DenyReason::BrokenCookieIntegrity), _) => {
            json!("they cannot be verified: requests are answered 503")
        }
        (_, Some(cookies)) => cookies_to_json(cookies),
        (_, None) => Value::Null,
    }
}

fn place(rule: &Rule) -> String {
    let host = match &*rule.meta.host {
        "" => "*",
        host => host,
    };
    format!("{} {host}{}", rule.meta.object, rule.meta.path)
}
