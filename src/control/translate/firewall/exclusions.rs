//! Exclusions: what rules do not look at, as SecLang.
//!
//! Invariant: no text of a policy gets into SecLang but through a check of its characters. Non-goal:
//! whether the rules are there; that is said when they are compiled.

use std::{fmt::Write as _, ops::Range};

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::spec::{ExclusionSpec, PathKind, PathSpec, VariableSpec};

/// The ids of the operator's rules that exclude for some paths or hosts, end exclusive.
pub(super) const OPERATOR_IDS: Range<u32> = 90_100..93_000;

/// The ids of such rules of tenants, which are compiled together with those of the operator.
pub(super) const TENANT_IDS: Range<u32> = OPERATOR_IDS.end..99_000;

/// How many such exclusions the operator may have: each has one id.
pub(super) const OPERATOR_ROOM: u32 = OPERATOR_IDS.end - OPERATOR_IDS.start;

/// How many such exclusions a namespace may have: a policy for an Ingress and its Service is in one
/// firewall twice.
pub(super) const TENANT_ROOM: u32 = (TENANT_IDS.end - TENANT_IDS.start) / 2;

/// Rule ids from the first to the last, both included.
pub(super) type Ids = (u64, u64);

/// What is excluded, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exclusion {
    /// The name of the file that its SecLang is called in messages.
    pub(super) file: String,
    /// Rules by id; with `tags` empty too: all rules.
    ids: Vec<Ids>,
    /// Rules by tag, each a regular expression.
    tags: Vec<String>,
    /// Targets as SecLang writes them; none: the rules as a whole.
    variables: Vec<String>,
    /// A regular expression for the path, if it is for some paths.
    path: Option<String>,
    /// Escapes of characters of these paths, each after a `|`, which routing keeps apart from them.
    escapes: String,
    /// A regular expression for the host, if it is for some hosts.
    host: Option<String>,
}

impl Exclusion {
    /// Understands an exclusion, but for rules whose ids are `protected`.
    ///
    /// # Errors
    /// Says which field is wrong, and how.
    pub(super) fn read(
        file: String,
        spec: &ExclusionSpec,
        protected: &[Ids],
    ) -> Result<Self, (&'static str, String)> {
        let ExclusionSpec {
            ids,
            tags,
            variables,
            paths,
            hosts,
        } = spec;
        if ids.is_empty() && tags.is_empty() && variables.is_empty() {
            return Err(("", "it names neither ids, nor tags, nor variables".into()));
        }
        let ids = read_ids(ids).map_err(|message| ("ids", message))?;
        if let Some((first, last)) = protected.iter().find(|it| overlaps(&ids, it)) {
            let spelled = spell((*first, *last));
            return Err(("ids", format!("the operator protects {spelled}")));
        }
        if !protected.is_empty() && (ids.is_empty() || !tags.is_empty()) {
            let message = "the operator protects some rules, and whether these are among them cannot \
                           be told; name ids";
            return Err(("", message.into()));
        }
        let tag = |tag: &String| {
            if is_plain(tag) && !tag.is_empty() {
                Ok(format!("^{}$", escape(tag)))
            } else {
                Err(("tags", format!("{tag:?} is not a tag")))
            }
        };
        let variable = |it| target(it).map_err(|message| ("variables", message));
        let path = |it| path_pattern(it).map_err(|message| ("paths", message));
        let host = |it: &String| host_pattern(it).map_err(|message| ("hosts", message));
        let escapes = escapes_of(paths);
        let paths = paths.iter().map(path).collect::<Result<Vec<_>, _>>()?;
        let hosts = hosts.iter().map(host).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            file,
            ids,
            tags: tags.iter().map(tag).collect::<Result<_, _>>()?,
            variables: variables.iter().map(variable).collect::<Result<_, _>>()?,
            path: any_of(&paths, "^(?:", ")"),
            escapes,
            host: any_of(&hosts, "(?i)^(?:", ")$"),
        })
    }

    /// Whether it is for some requests only, so that a rule before those excluded decides.
    pub(super) const fn is_conditional(&self) -> bool {
        self.path.is_some() || self.host.is_some()
    }

    /// Directives that come after the rules.
    pub(super) fn directives(&self, out: &mut String) {
        let targets = self.targets("!");
        let ids: Vec<String> = self.ids.iter().copied().map(spell).collect();
        let ids = if ids.is_empty() && self.tags.is_empty() {
            vec![EVERY_RULE.to_owned()]
        } else {
            ids
        };
        // Writing to a string does not fail.
        for id in &ids {
            let _ = match &targets {
                Some(targets) => writeln!(out, "SecRuleUpdateTargetById {id} \"{targets}\""),
                None => writeln!(out, "SecRuleRemoveById {id}"),
            };
        }
        for tag in &self.tags {
            let _ = match &targets {
                Some(targets) => {
                    writeln!(out, "SecRuleUpdateTargetByTag \"{tag}\" \"{targets}\"")
                }
                None => writeln!(out, "SecRuleRemoveByTag \"{tag}\""),
            };
        }
    }

    /// A rule with this id that comes before the others.
    pub(super) fn rule(&self, id: u32, out: &mut String) {
        let mut actions = String::new();
        let mut ids: Vec<String> = self.ids.iter().copied().map(spell).collect();
        if ids.is_empty() && self.tags.is_empty() {
            ids.push(EVERY_RULE.to_owned());
        }
        let targets: Vec<Option<&String>> = if self.variables.is_empty() {
            vec![None]
        } else {
            self.variables.iter().map(Some).collect()
        };
        for target in targets {
            for id in &ids {
                let _ = match target {
                    Some(target) => write!(actions, ",ctl:'ruleRemoveTargetById={id};{target}'"),
                    None => write!(actions, ",ctl:ruleRemoveById={id}"),
                };
            }
            for tag in &self.tags {
                let _ = match target {
                    Some(target) => write!(actions, ",ctl:'ruleRemoveTargetByTag={tag};{target}'"),
                    None => write!(actions, ",ctl:'ruleRemoveByTag={tag}'"),
                };
            }
        }
        let head = format!("id:{id},phase:1,pass,nolog");
        let path = |pattern: &String| format!("SecRule REQUEST_FILENAME \"@rx {pattern}\"");
        let host = |pattern: &String| format!("SecRule SERVER_NAME \"@rx {pattern}\"");
        // Decoded once, as the proxy does to choose a backend. What it keeps encoded or may not merge
        // would count as a part of another path here: such requests are not excluded from anything.
        let clear = format!(
            r#"SecRule REQUEST_URI "!@rx (?i)^[^?]*(?:%2f|%5c|%25|%[01]{}|\x5c|//)""#,
            self.escapes
        );
        const PATH: &str = "t:none,t:normalizePath";
        let _ = match (&self.path, &self.host) {
            (Some(pattern), None) => writeln!(
                out,
                "{clear} \"{head},t:none,chain\"\n{} \"{PATH}{actions}\"",
                path(pattern)
            ),
            (None, Some(pattern)) => {
                writeln!(out, "{} \"{head},t:none{actions}\"", host(pattern))
            }
            (Some(of_path), Some(of_host)) => writeln!(
                out,
                "{} \"{head},t:none,chain\"\n{clear} \"t:none,chain\"\n{} \"{PATH}{actions}\"",
                host(of_host),
                path(of_path)
            ),
            (None, None) => Ok(()),
        };
    }

    fn targets(&self, mark: &str) -> Option<String> {
        let targets = self.variables.iter().map(|it| format!("{mark}{it}"));
        let targets: Vec<String> = targets.collect();
        (!targets.is_empty()).then(|| targets.join("|"))
    }
}

const EVERY_RULE: &str = "1-999999999";

/// Ids and ranges of them.
///
/// # Errors
/// Says which is none.
pub(super) fn read_ids(ids: &[IntOrString]) -> Result<Vec<Ids>, String> {
    let id = |text: &str| text.trim().parse::<u64>().ok().filter(|id| *id > 0);
    let read = |it: &IntOrString| match it {
        IntOrString::Int(number) => u64::try_from(*number)
            .ok()
            .filter(|id| *id > 0)
            .map(|id| (id, id))
            .ok_or_else(|| format!("{number} is not the id of a rule")),
        IntOrString::String(text) => {
            let range = match text.split_once('-') {
                Some((first, last)) => id(first).zip(id(last)),
                None => id(text).map(|id| (id, id)),
            };
            range
                .filter(|(first, last)| first <= last)
                .ok_or_else(|| format!("{text:?} is neither an id nor a range such as \"1-9\""))
        }
    };
    ids.iter().map(read).collect()
}

pub(super) fn spell((first, last): Ids) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

fn overlaps(ids: &[Ids], (first, last): &Ids) -> bool {
    ids.iter().any(|(a, b)| a <= last && b >= first)
}

fn target(spec: &VariableSpec) -> Result<String, String> {
    let VariableSpec {
        name,
        selector,
        regex,
    } = spec;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("{name:?} is not the name of a variable"));
    }
    let Some(selector) = selector else {
        return Ok(name.clone());
    };
    if selector.is_empty() || !is_plain(selector) || selector.contains(['|', ';']) {
        return Err(format!(
            "{selector:?} cannot be a member: quotes, commas, blanks, `|`, `;` and a backslash at \
             the end cannot be written"
        ));
    }
    if !*regex && selector.starts_with('/') {
        return Err(format!("{selector:?} is a regular expression: say so"));
    }
    Ok(if *regex {
        format!("{name}:/{}/", selector.trim_matches('/'))
    } else {
        format!("{name}:{selector}")
    })
}

fn path_pattern(spec: &PathSpec) -> Result<String, String> {
    let PathSpec { kind, value } = spec;
    if !value.starts_with('/') || !is_plain(value) {
        return Err(format!("{value:?} is not a path"));
    }
    Ok(match kind {
        PathKind::Exact => format!("{}$", escape(value)),
        PathKind::Prefix => match value.trim_end_matches('/') {
            "" => "/".to_owned(),
            value => format!("{}(?:/|$)", escape(value)),
        },
    })
}

/// The escapes of what a path may have in the clear and escaped: `/a;b` is another path than `/a%3Bb`
/// (RFC 3986 section 2.2).
fn escapes_of(paths: &[PathSpec]) -> String {
    let mut escapes = String::new();
    for delimiter in "!$&()*+;=:@".chars() {
        if paths.iter().any(|it| it.value.contains(delimiter)) {
            let _ = write!(escapes, "|%{:02x}", u32::from(delimiter));
        }
    }
    escapes
}

fn host_pattern(host: &str) -> Result<String, String> {
    let (wildcard, name) = match host.strip_prefix("*.") {
        Some(name) => (r"[^.]+\.", name),
        None => ("", host),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("{host:?} is not the name of a host"));
    }
    Ok(format!("{wildcard}{}", escape(name)))
}

fn any_of(patterns: &[String], start: &str, end: &str) -> Option<String> {
    (!patterns.is_empty()).then(|| format!("{start}{}{end}", patterns.join("|")))
}

/// Whether a text can stand in a directive as it is.
fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | '%');
    text.chars().all(is_plain) && !text.ends_with('\\')
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_')) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
