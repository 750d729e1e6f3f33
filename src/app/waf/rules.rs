//! `waf rules`: which rules there are, firewall by firewall.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use super::{trial, world::World};
use crate::{
    cli::{OutputFormat, WafPlace, WafRulesSettings},
    config::{Problem, RuleMeta},
    message::RequestHead,
    snapshot::{Firewall, amended_rules},
    waf::explain::Inventory,
};

/// A firewall and what it is in front of.
struct Placed {
    firewall: Arc<Firewall>,
    places: Vec<String>,
}

/// Lists them; the exit code.
pub(super) fn list(settings: &WafRulesSettings) -> anyhow::Result<u8> {
    let WafRulesSettings {
        source,
        place,
        output,
    } = settings;
    let world = World::load(source)?;
    world.complain();
    let firewalls = placed(&world, place);
    let mut code = 0;
    let (mut text, mut all) = (String::new(), Vec::new());
    for Placed { firewall, places } in &firewalls {
        let is_usable = world.compiler.is_as_written(firewall);
        code = code.max(trial::code_of(is_usable));
        let inventory = firewall.policy.as_ref().map(Inventory::of);
        let inventory = inventory.unwrap_or_default();
        let amended = amended_rules(&firewall.settings);
        match output {
            OutputFormat::Text => {
                if !text.is_empty() {
                    text.push('\n');
                }
                // Writing to a string does not fail.
                _ = writeln!(text, "firewall {}", firewall.settings.name);
                for place in places {
                    _ = writeln!(text, "  before {place}");
                }
                if !is_usable {
                    text.push_str(
                        "  its rules are not those that are written, which do not load\n",
                    );
                }
                text.push_str(&inventory.to_text(&amended));
            }
            OutputFormat::Json => all.push(json!({
                "firewall": &*firewall.settings.name,
                "before": places,
                "rules_as_written": is_usable,
                "rules": inventory.to_json(),
                "amended": Inventory::amended_json(&amended),
            })),
        }
    }
    let notes = world.compiler.problems();
    match output {
        OutputFormat::Text => {
            if firewalls.is_empty() {
                text.push_str("there is no firewall\n");
            }
            for Problem {
                object,
                message,
                location,
                ..
            } in notes
            {
                let place = location.as_ref().map_or(object.to_string(), |location| {
                    format!("{}:{}", location.path.display(), location.line)
                });
                _ = writeln!(text, "note: {place}: {message}");
            }
        }
        OutputFormat::Json => {
            let notes: Vec<Value> = notes.iter().map(Problem::to_json).collect();
            text = format!("{:#}\n", json!({ "firewalls": all, "notes": notes }));
        }
    }
    trial::print(&text)?;
    Ok(code)
}

/// Every firewall once, or the one in front of a place.
fn placed(world: &World, place: &WafPlace) -> Vec<Placed> {
    let WafPlace { host, path } = place;
    let snapshot = &world.snapshot;
    if host.is_some() || path.is_some() {
        let host = host.as_deref().unwrap_or_default();
        let path = path.as_deref().unwrap_or("/");
        let head = RequestHead::default();
        let routes = &snapshot.routes;
        let rule = routes.find(host.as_bytes(), path.as_bytes(), None, &head);
        let (firewall, named) = match rule {
            Some(rule) => (rule.firewall.clone(), spelled(&rule.meta)),
            None => (snapshot.default_firewall.clone(), UNMATCHED.to_owned()),
        };
        let found = firewall.map(|firewall| Placed {
            firewall,
            places: vec![named],
        });
        return found.into_iter().collect();
    }
    let config = Arc::clone(&snapshot.config);
    let unmatched = snapshot.default_firewall.clone();
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    let mut all: BTreeMap<(Arc<str>, usize), Placed> = BTreeMap::new();
    let of_rules = rules.filter_map(|rule| {
        let firewall = world.compiler.firewall(rule.firewall.as_ref()?)?;
        Some((firewall, spelled(&rule.meta)))
    });
    let of_others = unmatched.map(|firewall| (firewall, UNMATCHED.to_owned()));
    for (firewall, place) in of_rules.chain(of_others) {
        let key = (
            Arc::clone(&firewall.settings.name),
            Arc::as_ptr(&firewall).addr(),
        );
        let placed = all.entry(key).or_insert_with(|| Placed {
            firewall,
            places: Vec::new(),
        });
        if !placed.places.contains(&place) {
            placed.places.push(place);
        }
    }
    all.into_values().collect()
}

/// What is under the default firewall.
const UNMATCHED: &str = "hosts that no rule is for";

fn spelled(meta: &RuleMeta) -> String {
    let host = if meta.host.is_empty() {
        "*"
    } else {
        &meta.host
    };
    format!("{} {host}{}", meta.object, meta.path)
}
