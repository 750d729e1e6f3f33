//! The Core Rule Set's regression suite, in process: what each test expects, as it is written.
//!
//! `tests/conformance/crs/run unpack` lays the rules and the expanded tests out under `target`;
//! where they are not there, there is nothing to test against, and a line says so.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::waf::{
    RuleSet, Transaction,
    seclang::{Folder, SourceMap, Trust, parse},
};
use serde::Deserialize;

use crate::exchange::{Request, Response, run};

/// Tests whose expectation is not met here, and why. What the codec refuses is not the engine's.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "920181-1",
        "the codec refuses a length together with chunks",
    ),
    (
        "920620-1",
        "two types are two headers here: the front that the test is for joins them",
    ),
    ("921140-1", "the codec refuses a bare CR in a header"),
];

#[derive(Debug, Deserialize)]
struct Stage {
    test: String,
    #[serde(default)]
    request: String,
    #[serde(default)]
    expect_ids: Vec<u64>,
    #[serde(default)]
    no_expect_ids: Vec<u64>,
    #[serde(default)]
    match_regex: Option<String>,
    #[serde(default)]
    no_match_regex: Option<String>,
    #[serde(default)]
    reply: Option<Reply>,
}

#[derive(Debug, Deserialize)]
struct Reply {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

pub(crate) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/conformance/crs");
    folder.join("crs.conf").exists().then_some(folder)
}

/// Loads a rule file with everything that it includes.
pub(crate) fn load(folder: &Path, name: &str) -> RuleSet {
    let mut sources = SourceMap::default();
    let files = Folder::open(folder).unwrap();
    let text = fs::read(folder.join(name)).unwrap();
    let parsed = parse(&mut sources, &files, Trust::Operator, name, &text);
    let errors: Vec<String> = parsed
        .errors
        .iter()
        .map(|error| error.render(&sources))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    let faults: Vec<String> = compiled
        .errors
        .iter()
        .map(|fault| format!("{:?}: {}", sources.locate(fault.span), fault.kind))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    compiled.result.unwrap()
}

#[test]
fn every_test_of_the_core_rule_set_passes_as_it_is_written() {
    let Some(folder) = folder() else {
        println!("skipped: the Core Rule Set is not unpacked");
        return;
    };
    let policy = Arc::new(load(&folder, "crs.conf").policy());
    let stages = fs::read(folder.join("stages.json")).unwrap();
    let stages: Vec<Stage> = serde_json::from_slice(&stages).unwrap();
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let mut failures = BTreeSet::new();
    for stage in &stages {
        let request = Request::parse(&decode(&stage.request));
        run(&mut transaction, &policy, &request, |_| answer(stage));
        if let Some(failure) = check(stage, &transaction) {
            failures.insert(format!("{}: {failure}", stage.test));
        }
    }
    failures.retain(|failure| {
        let test = failure.split(':').next().unwrap();
        !DIFFERENT.iter().any(|(known, _)| *known == test)
    });
    assert!(
        failures.is_empty(),
        "{} of {} stages:\n{}",
        failures.len(),
        stages.len(),
        failures.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_matcher_finds_what_evaluating_rules_one_by_one_finds() {
    let Some(folder) = folder() else {
        println!("skipped: the Core Rule Set is not unpacked");
        return;
    };
    let rules = load(&folder, "crs.conf");
    let policies = [rules.policy(), rules.policy().one_by_one()].map(Arc::new);
    let stages = fs::read(folder.join("stages.json")).unwrap();
    let stages: Vec<Stage> = serde_json::from_slice(&stages).unwrap();
    let mut transactions = policies.clone().map(Transaction::new);
    for stage in &stages {
        let request = Request::parse(&decode(&stage.request));
        let mut found = Vec::new();
        for (transaction, policy) in transactions.iter_mut().zip(&policies) {
            run(transaction, policy, &request, |_| answer(stage));
            let matches = transaction.matches().map(|found| {
                let variable = found.variable.escape_ascii().to_string();
                let value = found.value.escape_ascii().to_string();
                (found.rule.id, variable, value)
            });
            found.push(matches.collect::<Vec<_>>());
        }
        assert_eq!(found[0], found[1], "{}", stage.test);
    }
    assert!(stages.len() > 1000, "{} stages", stages.len());
}

/// The exchanges of the suite.
pub(crate) fn exchanges(folder: &Path) -> Vec<(Request, Response)> {
    let stages = fs::read(folder.join("stages.json")).unwrap();
    let stages: Vec<Stage> = serde_json::from_slice(&stages).unwrap();
    let parts = stages
        .iter()
        .map(|stage| (Request::parse(&decode(&stage.request)), answer(stage)));
    parts.collect()
}

fn answer(stage: &Stage) -> Response {
    let Some(reply) = &stage.reply else {
        return Response::default();
    };
    Response {
        status: if reply.status == 0 { 200 } else { reply.status },
        headers: reply
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        body: decode(&reply.body),
    }
}

fn check(stage: &Stage, transaction: &Transaction) -> Option<String> {
    let found: BTreeSet<u64> = transaction.matches().map(|found| found.rule.id).collect();
    let text = || {
        let lines = transaction.matches().map(|found| {
            format!(
                "[id \"{}\"] [msg \"{}\"] [data \"{}\"]",
                found.rule.id,
                found.msg.escape_ascii(),
                found.data.escape_ascii()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let matches = |pattern: &str| {
        regex::RegexBuilder::new(pattern)
            .size_limit(1 << 20)
            .build()
            .unwrap()
            .is_match(&text())
    };
    for id in &stage.expect_ids {
        if !found.contains(id) {
            return Some(format!("{id} expected, found {found:?}"));
        }
    }
    for id in &stage.no_expect_ids {
        if found.contains(id) {
            return Some(format!("{id} not expected\n{}", text()));
        }
    }
    if let Some(pattern) = &stage.match_regex
        && !matches(pattern)
    {
        return Some(format!("`{pattern}` expected\n{}", text()));
    }
    if let Some(pattern) = &stage.no_match_regex
        && matches(pattern)
    {
        return Some(format!("`{pattern}` not expected\n{}", text()));
    }
    None
}

/// Base 64, as the suite's file has it.
fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}
