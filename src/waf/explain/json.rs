//! An explanation for programs.
//!
//! Bytes are texts as [`printed`](super::printed) escapes them; places count bytes of what they stand
//! for.

use serde_json::{Value, json};

use super::{
    Evidence, ExplainedLink, ExplainedRule, Explanation, Inventory, Ledger, ListedRule, Posting,
    Shown, Standing, Step, Threshold, printed::escaped, text::said,
};
use crate::waf::{Amended, log::SEVERITIES};

impl Explanation {
    /// The explanation; `all`: with rules that want no line in any log.
    pub fn to_json(&self, all: bool) -> Value {
        let Self {
            target: _,
            rules,
            ledger,
            lost,
        } = self;
        let rules = rules.iter().filter(|rule| all || rule.tells);
        json!({
            "rules": rules.map(ExplainedRule::to_json).collect::<Vec<_>>(),
            "scores": ledger.postings_json(),
            "thresholds": ledger.thresholds_json(),
            "lost": lost,
        })
    }

    /// The rules without their evidence.
    pub fn brief_json(&self) -> Value {
        let rules = self.rules.iter().filter(|rule| rule.tells);
        let brief = rules.map(|rule| {
            let mut brief = rule.to_json();
            if let Some(entries) = brief.as_object_mut() {
                entries.remove("links");
            }
            brief
        });
        brief.collect()
    }
}

impl ExplainedRule {
    fn to_json(&self) -> Value {
        let Self {
            id,
            file,
            line,
            phase,
            msg,
            data,
            tags,
            severity,
            disruptive,
            tells: _,
            links,
        } = self;
        json!({
            "id": id,
            "file": &**file,
            "line": line,
            "phase": phase,
            "msg": escaped(msg),
            "data": escaped(data),
            "tags": tags.iter().map(|tag| escaped(tag)).collect::<Vec<_>>(),
            "severity": name_of(*severity),
            "refuses": disruptive,
            "links": links.iter().map(ExplainedLink::to_json).collect::<Vec<_>>(),
        })
    }
}

impl ExplainedLink {
    fn to_json(&self) -> Value {
        let Self {
            operator,
            negated,
            evidence,
            more,
        } = self;
        json!({
            "operator": operator,
            "negated": negated,
            "matches": evidence.iter().map(Evidence::to_json).collect::<Vec<_>>(),
            "more": more,
        })
    }
}

impl Evidence {
    fn to_json(&self) -> Value {
        let Self { variable, shown } = self;
        let variable = escaped(variable);
        let Some(shown) = shown else {
            return json!({ "variable": variable, "masked": true });
        };
        let Shown {
            raw,
            steps,
            argument,
            span,
            branch,
            fingerprint,
            exhausted,
        } = shown;
        let step = |Step { name, result }: &Step| {
            json!({
                "transformation": name,
                "result": result.as_deref().map(escaped),
            })
        };
        json!({
            "variable": variable,
            "value": escaped(raw),
            "steps": steps.iter().map(step).collect::<Vec<_>>(),
            "argument": escaped(argument),
            "matched": span.map(|(from, to)| json!({
                "from": from,
                "to": to,
                "text": escaped(shown.seen().get(from..to).unwrap_or_default()),
            })),
            "branch": branch.as_deref().map(escaped),
            "fingerprint": fingerprint.as_deref().map(escaped),
            "exhausted": exhausted,
        })
    }
}

impl Ledger {
    /// The additions.
    pub fn postings_json(&self) -> Value {
        let posting = |posting: &Posting| {
            let Posting {
                rule,
                score,
                before,
                after,
            } = posting;
            json!({ "rule": rule, "score": escaped(score), "before": before, "after": after })
        };
        self.postings.iter().map(posting).collect()
    }

    /// The comparisons.
    pub fn thresholds_json(&self) -> Value {
        let threshold = |threshold: &Threshold| {
            let Threshold {
                rule,
                file,
                line,
                phase,
                score,
                number,
                counted,
                operator,
                negated,
                limit_name,
                limit,
                holds,
                refused,
                removed,
            } = threshold;
            json!({
                "rule": rule,
                "file": &**file,
                "line": line,
                "phase": phase,
                "score": escaped(score),
                "value": number,
                "counted": counted,
                "operator": operator,
                "negated": negated,
                "threshold": limit_name.as_deref().map(escaped),
                "limit": limit,
                "holds": holds,
                "refused": refused,
                "removed": removed,
            })
        };
        self.thresholds.iter().map(threshold).collect()
    }
}

impl Inventory {
    /// The rules.
    pub fn to_json(&self) -> Value {
        let rule = |rule: &ListedRule| {
            let ListedRule {
                id,
                file,
                line,
                phase,
                level,
                severity,
                msg,
                standing,
                unless,
            } = rule;
            let skipped = match standing {
                Standing::Evaluated => Value::Null,
                Standing::Skipped {
                    by,
                    setting,
                    value,
                    relation,
                    limit,
                } => json!({
                    "by": by,
                    "setting": escaped(setting),
                    "value": value,
                    "relation": relation,
                    "limit": limit,
                }),
            };
            json!({
                "id": id,
                "file": &**file,
                "line": line,
                "phase": phase,
                "paranoia_level": level,
                "severity": name_of(*severity),
                "msg": escaped(msg),
                "skipped": skipped,
                "narrowed_by": unless,
            })
        };
        self.rules.iter().map(rule).collect()
    }

    /// Rules that are not evaluated as they were written.
    pub fn amended_json(amended: &[Amended]) -> Value {
        let one = |amended: &Amended| {
            let Amended {
                id,
                file,
                line,
                phase,
                msg,
                how,
            } = amended;
            json!({
                "id": id,
                "file": &**file,
                "line": line,
                "phase": phase,
                "msg": escaped(msg),
                "how": said(how),
            })
        };
        amended.iter().map(one).collect()
    }
}

fn name_of(severity: Option<u8>) -> Option<&'static str> {
    SEVERITIES.get(usize::from(severity?)).copied()
}
