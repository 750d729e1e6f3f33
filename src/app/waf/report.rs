//! What came of one request, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::trial::Depth;
use crate::{
    config::{Firewall, FirewallMode},
    proxy::{FirewallOutcome, ProxyError, Rehearsed, Uninspected},
    waf::{
        explain::{Explanation, escaped},
        log::{About, Masks, scores},
    },
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule refuses it.
    Passed,
    /// Rules would refuse it if the firewall blocked.
    WouldBlock,
    /// Rules refuse it.
    Blocked,
    /// Rules have the connection closed.
    Dropped,
    /// Rules send the client elsewhere.
    Redirected,
    /// It is refused whatever the rules say: as a request, or since it cannot be inspected.
    Refused,
}

/// What came of one request.
pub(super) struct Reported {
    method: String,
    host: String,
    target: String,
    route: Option<String>,
    firewall: Option<Described>,
    verdict: Verdict,
    /// What is answered, if that is not the upstream's to say.
    refusal: Option<ProxyError>,
    uninspected: Option<Uninspected>,
    inbound: Option<i64>,
    outbound: Option<i64>,
    explanation: Explanation,
    depth: Depth,
}

/// The firewall in front of a request.
struct Described {
    name: String,
    mode: &'static str,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::WouldBlock => "would_block",
            Self::Blocked => "blocked",
            Self::Dropped => "dropped",
            Self::Redirected => "redirected",
            Self::Refused => "refused",
        }
    }

    fn of(rehearsed: &Rehearsed) -> Self {
        match (rehearsed.outcome, rehearsed.refusal) {
            (Some(FirewallOutcome::Blocked), Some(ProxyError::Dropped)) => Self::Dropped,
            (Some(FirewallOutcome::Blocked), Some(ProxyError::Blocked(300..=399))) => {
                Self::Redirected
            }
            (Some(FirewallOutcome::Blocked), _) => Self::Blocked,
            (Some(FirewallOutcome::Refused | FirewallOutcome::Malformed), _) => Self::Refused,
            // That nothing is there to answer is no verdict on the request.
            (_, Some(ProxyError::NoRoute | ProxyError::Unavailable)) | (_, None) => {
                match rehearsed.outcome {
                    Some(FirewallOutcome::WouldBlock) => Self::WouldBlock,
                    _ => Self::Passed,
                }
            }
            (_, Some(_)) => Self::Refused,
        }
    }
}

impl Reported {
    /// What came of a request, with secrets masked.
    pub(super) fn of(rehearsed: &Rehearsed, masks: &Masks, depth: Depth) -> Self {
        let Rehearsed {
            method,
            host,
            rule,
            firewall,
            transaction,
            body,
            refusal,
            outcome: _,
            uninspected,
            length: _,
        } = rehearsed;
        let about = About {
            status: refusal.map_or(0, ProxyError::status),
            request_body: body,
            ..About::default()
        };
        let explanation = transaction
            .as_ref()
            .map(|transaction| Explanation::of(transaction, &about, masks));
        let explanation = explanation.unwrap_or_default();
        let numbers = transaction.as_ref().map(|transaction| scores(transaction));
        let (inbound, outbound) = numbers.unwrap_or_default();
        let route = rule.as_ref().map(|rule| {
            let meta = &rule.meta;
            let host = if meta.host.is_empty() {
                "*"
            } else {
                &meta.host
            };
            format!("{} {host}{}", meta.object, meta.path)
        });
        Self {
            method: escaped(method),
            host: escaped(host),
            target: escaped(&explanation.target),
            route,
            firewall: firewall
                .as_ref()
                .map(|firewall| described(&firewall.settings)),
            verdict: Verdict::of(rehearsed),
            refusal: *refusal,
            uninspected: *uninspected,
            inbound,
            outbound,
            explanation,
            depth,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// For people. `is_usable`: the rules in force are those that are written.
    pub(super) fn to_text(&self, is_usable: bool) -> String {
        let Self {
            method,
            host,
            target,
            route,
            firewall,
            verdict,
            refusal,
            uninspected,
            inbound,
            outbound,
            explanation,
            depth,
        } = self;
        let mut out = String::new();
        let mut row = |label: &str, text: &str| {
            // Writing to a string does not fail, here and below.
            _ = writeln!(out, "{label:<10} {text}");
        };
        row("request", format!("{method} {host} {target}").trim());
        row("route", route.as_deref().unwrap_or("none"));
        match firewall {
            Some(Described { name, mode }) => row("firewall", &format!("{name} ({mode})")),
            None => row("firewall", "none"),
        }
        if !is_usable {
            row("rules", "not those that are written, which do not load");
        }
        let verdict = verdict.as_str().replace('_', " ");
        match refusal {
            Some(ProxyError::Blocked(status)) => row("verdict", &format!("{verdict}, {status}")),
            Some(ProxyError::Dropped) | None => row("verdict", &verdict),
            Some(error) => row(
                "verdict",
                &format!("{verdict}, {}: {error}", error.status()),
            ),
        }
        if let Some(reason) = uninspected {
            row("uninspected", reason.as_str());
        }
        let scores = [("inbound", inbound), ("outbound", outbound)];
        let scores = scores
            .into_iter()
            .filter_map(|(name, score)| Some((name, (*score)?)));
        let scores: Vec<String> = scores.map(|(name, it)| format!("{name} {it}")).collect();
        if !scores.is_empty() {
            row("scores", &scores.join(", "));
        }
        match depth {
            Depth::Test => self.write_rules(&mut out),
            Depth::Explain { all } => {
                let text = explanation.to_text(*all);
                if !text.is_empty() {
                    out.push('\n');
                    out.push_str(&text);
                }
            }
        }
        out
    }

    /// A line a rule.
    fn write_rules(&self, out: &mut String) {
        let told = self.explanation.rules.iter().filter(|rule| rule.tells);
        for (index, rule) in told.enumerate() {
            let label = if index == 0 { "rules" } else { "" };
            let refuses = if rule.disruptive { " (refuses)" } else { "" };
            let links = rule.links.last();
            let evidence = links.and_then(|link| link.evidence.first());
            let variable = evidence.map(|it| escaped(&it.variable)).unwrap_or_default();
            let text = format!("{} {} {variable}", rule.id, escaped(&rule.msg));
            _ = writeln!(out, "{label:<10} {}{refuses}", text.trim_end());
        }
    }

    /// For programs.
    pub(super) fn to_json(&self, is_usable: bool) -> Value {
        let Self {
            method,
            host,
            target,
            route,
            firewall,
            verdict,
            refusal,
            uninspected,
            inbound,
            outbound,
            explanation,
            depth,
        } = self;
        let mut value = json!({
            "method": method,
            "host": host,
            "target": target,
            "route": route,
            "firewall": firewall.as_ref().map(|it| &it.name),
            "mode": firewall.as_ref().map(|it| it.mode),
            "rules_as_written": is_usable,
            "verdict": verdict.as_str(),
            "status": refusal.map(ProxyError::status),
            "reason": refusal.map(|error| error.to_string()),
            "uninspected": uninspected.map(Uninspected::as_str),
            "scores": { "inbound": inbound, "outbound": outbound },
            "thresholds": explanation.ledger.thresholds_json(),
            "rules": explanation.brief_json(),
        });
        if let (Depth::Explain { all }, Some(entries)) = (depth, value.as_object_mut()) {
            entries.insert("explanation".to_owned(), explanation.to_json(*all));
        }
        value
    }
}

fn described(settings: &Firewall) -> Described {
    Described {
        name: settings.name.to_string(),
        mode: match settings.mode {
            FirewallMode::Detect => "detect",
            FirewallMode::Block => "block",
        },
    }
}
