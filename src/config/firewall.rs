//! What the firewall does on a rule, as plain data: the text of its rules included.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::ObjectRef;

/// The firewall on a rule. Shared by every rule under the same policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// What it is called in logs and metrics: the policy, or what stands in for one.
    pub name: Arc<str>,
    /// Whether requests are refused.
    pub mode: FirewallMode,
    /// The rule set. The same source is compiled once, however many name it.
    pub rules: Arc<RuleSource>,
    /// SecLang that comes before the rule set's.
    pub before: Option<Arc<RuleSource>>,
    /// SecLang that comes after it: it may remove and narrow its rules.
    pub after: Option<Arc<RuleSource>>,
    /// What the operator's minimum holds `before` and `after` to, in words of its own; `None`: nothing.
    /// Rules that were written under another do not stay in force.
    pub minimum: Option<Arc<str>>,
    /// Members of `TX` that are set when an exchange begins: paranoia level, thresholds.
    pub presets: Vec<(Arc<str>, Arc<str>)>,
    /// How much of a request's body is inspected, in bytes; `None`: what the rule set says.
    pub request_body_limit: Option<u64>,
    /// Whether what lies past that limit is forwarded uninspected rather than refused with 413.
    pub pass_past_limit: bool,
    /// Whether responses are inspected; `None`: what the rule set says.
    pub inspect_responses: Option<bool>,
    /// Media types, in lower case, whose bodies are forwarded as they come, uninspected, besides
    /// `application/grpc` and its variants. A `*` at the end stands for any ending.
    pub streamed_types: Vec<Arc<str>>,
    /// The status of a refusal where the rule names none of its own; `None`: 403.
    pub block_status: Option<u16>,
    /// The body of a refusal, HTML; `%{id}` stands for the request's id. `None`: the proxy's own page.
    pub block_page: Option<Arc<str>>,
}

impl Firewall {
    /// The firewall for programs and people, without the text of its rules.
    pub fn to_json(&self) -> Value {
        let Self {
            name,
            mode,
            rules,
            before,
            after,
            minimum,
            presets,
            request_body_limit,
            pass_past_limit,
            inspect_responses,
            streamed_types,
            block_status,
            block_page,
        } = self;
        let presets = presets
            .iter()
            .map(|(name, value)| (name.to_string(), json!(&**value)));
        json!({
            "name": &**name,
            "mode": match mode {
                FirewallMode::Detect => "detect",
                FirewallMode::Block => "block",
            },
            "rules": rules.summary(),
            "before": before.as_deref().map(RuleSource::summary),
            "after": after.as_deref().map(RuleSource::summary),
            "minimum": minimum.as_deref(),
            "tx": presets.collect::<serde_json::Map<_, _>>(),
            "request_body_limit_bytes": request_body_limit,
            "pass_past_limit": pass_past_limit,
            "inspect_responses": inspect_responses,
            "streamed_types": streamed_types.iter().map(|it| &**it).collect::<Vec<_>>(),
            "block_status": block_status,
            "block_page": block_page.as_deref(),
        })
    }
}

impl RuleSource {
    /// Its name and its files' names.
    fn summary(&self) -> Value {
        let Self {
            name,
            entry,
            files,
            trusted,
        } = self;
        json!({
            "name": &**name,
            "files": files.keys().filter(|file| *file != entry).collect::<Vec<_>>(),
            "trusted": trusted,
        })
    }
}

/// Whether requests are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirewallMode {
    /// Rules are evaluated and logged, and nothing is refused.
    Detect,
    /// Rules are obeyed.
    Block,
}

/// The text of rules: one file, and those that it names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleSource {
    /// What it is called in messages.
    pub name: Arc<str>,
    /// The file that is read first.
    pub entry: String,
    /// Every file by its name. One that begins with `/` is a path of the machine; any other is
    /// relative to a folder of the source's own, whose files alone it sees. None at all: the source
    /// could not be read, and gives no rules.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// Whether the operator wrote it. What tenants write may name no file or process of the machine.
    pub trusted: bool,
}

/// Where a [`RuleSource`] was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOrigin {
    /// The object, or the file or folder.
    pub object: ObjectRef,
    /// The field of the object; empty: the object.
    pub field: String,
}
