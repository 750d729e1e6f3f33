//! Firewalls with rules that fit on a line, and what is common to the tests of them.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use portcullis::{
    config::{Config, Firewall, FirewallMode, RuleSource},
    policy::RoutePolicy,
};

use crate::support::{Plan, TestProxy};

/// A rule for each phase: a word is refused in the query or a header (1), in the body (2), in an
/// answer's header (3) and in its body (4).
pub(super) const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:10,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_LINE|REQUEST_HEADERS|ARGS_GET "@contains evil-head" "id:1,phase:1,deny,log,msg:'head'"
SecRule ARGS|REQUEST_BODY|REQUEST_HEADERS "@contains evil-body" "id:2,phase:2,deny,log,msg:'body'"
SecRule ARGS_GET:late "@streq yes" "id:20,phase:2,deny,status:406,log,msg:'late'"
SecRule ARGS_GET:named "@streq 403" "id:23,phase:1,deny,status:403,nolog"
SecRule REQUEST_HEADERS:X-Drop "@streq yes" "id:21,phase:1,drop,log"
SecRule REQUEST_HEADERS:X-Redirect "@rx ." "id:22,phase:1,redirect:'%{MATCHED_VAR}',log"
SecRule RESPONSE_HEADERS "@contains evil-answer" "id:3,phase:3,deny,log,msg:'answer head'"
SecRule RESPONSE_BODY "@contains evil-answer" "id:4,phase:4,deny,log,msg:'answer body'"
"#;

/// A firewall with these rules.
pub(crate) fn firewall(mode: FirewallMode, rules: &str) -> Firewall {
    let entry = "test.conf".to_owned();
    let text: Arc<[u8]> = rules.as_bytes().into();
    Firewall {
        name: "default/test".into(),
        mode,
        rules: Arc::new(RuleSource {
            name: "test".into(),
            entry: entry.clone(),
            files: BTreeMap::from([(entry, text)]),
            trusted: true,
        }),
        before: None,
        after: None,
        minimum: None,
        presets: Vec::new(),
        request_body_limit: None,
        pass_past_limit: false,
        inspect_responses: None,
        streamed_types: Vec::new(),
        block_status: None,
        block_page: None,
    }
}

/// One that blocks by [`RULES`].
pub(super) fn blocking() -> Firewall {
    firewall(FirewallMode::Block, RULES)
}

/// One that only detects by [`RULES`].
pub(super) fn detecting() -> Firewall {
    firewall(FirewallMode::Detect, RULES)
}

/// A configuration in which everything goes to one upstream, past this firewall.
pub(super) fn guarded(firewall: Firewall, upstream: SocketAddr) -> Config {
    let mut plan = Plan::behind(firewall);
    plan.route("", "/", RoutePolicy::default(), &[upstream]);
    plan.config()
}

/// A proxy with it.
pub(super) fn start(firewall: Firewall, upstream: SocketAddr) -> TestProxy {
    TestProxy::start(guarded(firewall, upstream))
}

/// The status of an answer.
pub(super) fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// A POST whose connection is closed after it.
pub(super) fn post(fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    )
}

/// The same, in chunks.
pub(super) fn post_chunked(fields: &str, pieces: &[&str], trailers: &str) -> String {
    let chunks: String = pieces
        .iter()
        .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
        .collect();
    format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{fields}\r\n\
         {chunks}0\r\n{trailers}\r\n"
    )
}

/// `Content-Type` of a form.
pub(super) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// The firewall's events of a log.
pub(super) fn events(log: &str) -> Vec<serde_json::Value> {
    log.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line.get("policy").is_some())
        .collect()
}

/// The ids of the rules in an event.
pub(super) fn ids(event: &serde_json::Value) -> Vec<u64> {
    let rules = event["matches"].as_array().unwrap();
    let mut ids: Vec<_> = rules
        .iter()
        .map(|rule| rule["id"].as_u64().unwrap())
        .collect();
    // One rule may match in several places.
    ids.dedup();
    ids
}

/// The value of a metric that begins like this.
pub(crate) fn metric(proxy: &TestProxy, start: &str) -> u64 {
    use prometheus::core::Collector as _;
    let text = prometheus::TextEncoder::new()
        .encode_to_string(
            &proxy
                .metrics
                .collect()
                .into_iter()
                .filter(|family| !family.get_metric().is_empty())
                .collect::<Vec<_>>(),
        )
        .unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix(start))
        .filter_map(|rest| rest.trim().parse::<u64>().ok())
        .sum()
}
