//! The built-in rules: what each finds, what it leaves alone, and that harmless requests pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::waf::{
    Policy, RuleSet, Transaction, Verdict,
    explain::{self, Explanation},
    log::{About, Masks},
    seclang::{EngineMode, Memory, SourceMap, Trust, parse},
};
use serde::Deserialize;

use crate::exchange::{Request, Response, begin, run, run_phases};

/// Rules of which a table of requests cannot show a hit.
const WITHOUT_TABLE: [u64; 1] = [7_501_105];

/// A file in the schema of go-ftw, as far as it is used.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for people")]
    meta: BTreeMap<String, String>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    rule_id: u64,
    test_id: u64,
    desc: String,
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    input: Input,
    output: Output,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    method: String,
    uri: String,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    data: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    log: Log,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Log {
    expect_ids: Vec<u64>,
    no_expect_ids: Vec<u64>,
}

/// What `/reflect` is told to answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reflected {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Input {
    fn request(&self) -> Request {
        let mut request = Request {
            line: format!("{} {} HTTP/1.1", self.method, self.uri).into_bytes(),
            ..Request::default()
        };
        for (name, value) in &self.headers {
            let field = (name.clone().into_bytes(), value.clone().into_bytes());
            request.headers.push(field);
        }
        request.body = self.data.clone().unwrap_or_default().into_bytes();
        request
    }

    fn answer(&self) -> Response {
        if self.uri != "/reflect" {
            return Response::default();
        }
        let Reflected {
            status,
            headers,
            body,
        } = serde_json::from_str(self.data.as_deref().unwrap_or_default()).unwrap();
        Response {
            status,
            headers: headers.into_iter().collect(),
            body: body.into_bytes(),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// The built-in rules behind the engine's settings, with answers inspected.
pub(crate) fn rules() -> RuleSet {
    let mut files = Memory::default();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    let mut sources = SourceMap::default();
    let top = b"Include engine.conf\nSecResponseBodyAccess On\nInclude [0-9]*.conf\n";
    let parsed = parse(&mut sources, &files, Trust::Operator, "top.conf", top);
    let findings = parsed.errors.iter().chain(&parsed.warnings);
    let findings: Vec<String> = findings.map(|it| it.render(&sources)).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    let faults = compiled.errors.iter().chain(&compiled.warnings);
    let faults: Vec<String> = faults
        .map(|fault| format!("{:?}: {}", sources.locate(fault.span), fault.kind))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    compiled.result.unwrap()
}

pub(crate) fn at_level(rules: &RuleSet, level: &str) -> Policy {
    let levels = ["blocking_paranoia_level", "detection_paranoia_level"];
    rules.policy().with_presets(levels.map(|it| (it, level)))
}

fn found(transaction: &Transaction) -> BTreeSet<u64> {
    transaction.matches().map(|it| it.rule.id).collect()
}

/// The exchanges of all tests.
pub(crate) fn exchanges() -> Vec<(Request, Response)> {
    let stages = tests().into_iter().flat_map(|(_, test)| test.stages);
    stages
        .map(|stage| (stage.input.request(), stage.input.answer()))
        .collect()
}

fn tests() -> Vec<(String, Test)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort_unstable();
    let mut tests = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let file: File = serde_saphyr::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        tests.extend(file.tests.into_iter().map(|test| (name.clone(), test)));
    }
    tests
}

#[test]
fn every_rule_finds_what_its_tests_say_with_the_matcher_and_one_by_one() {
    let rules = rules();
    let policy = at_level(&rules, "4").in_mode(EngineMode::DetectionOnly);
    let policies = [policy.clone(), policy.one_by_one()].map(Arc::new);
    let mut transactions = policies.clone().map(Transaction::new);
    let mut failures = Vec::new();
    for (file, test) in tests() {
        for stage in &test.stages {
            let request = stage.input.request();
            let mut all = Vec::new();
            for (transaction, policy) in transactions.iter_mut().zip(&policies) {
                run(transaction, policy, &request, |_| stage.input.answer());
                all.push(found(transaction));
            }
            let Log {
                expect_ids,
                no_expect_ids,
            } = &stage.output.log;
            let wrong = all[0] != all[1]
                || expect_ids.iter().any(|id| !all[0].contains(id))
                || no_expect_ids.iter().any(|id| all[0].contains(id));
            if wrong {
                failures.push(format!(
                    "{file} {}-{} ({}): {} {:?}: found {all:?}",
                    test.rule_id, test.test_id, test.desc, stage.input.uri, stage.input.data
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_has_a_hit_and_a_near_miss() {
    let mut hits = BTreeSet::from(WITHOUT_TABLE);
    let mut misses = BTreeSet::from(WITHOUT_TABLE);
    for (_, test) in tests() {
        for stage in test.stages {
            hits.extend(stage.output.log.expect_ids);
            misses.extend(stage.output.log.no_expect_ids);
        }
    }
    let mut scoring = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("\"id:75") {
            let rule = &text[at + 4..];
            let id: u64 = rule[..7].parse().unwrap();
            // Rules that score say what they are about.
            if rule[7..].starts_with(",phase:") && rule[15..].starts_with(",block") {
                assert!(scoring.insert(id), "{id} is used twice");
            }
        }
    }
    assert!(scoring.len() > 100);
    let missing: Vec<&u64> = scoring.difference(&hits).collect();
    assert!(missing.is_empty(), "no hit: {missing:?}");
    let missing: Vec<&u64> = scoring.difference(&misses).collect();
    assert!(missing.is_empty(), "no near miss: {missing:?}");
}

#[test]
fn two_hosts_or_types_of_a_body_are_found() {
    let policy = Arc::new(rules().policy().in_mode(EngineMode::DetectionOnly));
    let mut transaction = Transaction::new(Arc::clone(&policy));
    for (fields, expected) in [
        ("Host: a.example\r\n", false),
        ("Host: a.example\r\nContent-Type: text/plain\r\n", false),
        ("Host: a.example\r\nHost: b.example\r\n", true),
        (
            "Host: a.example\r\nContent-Type: multipart/form-data; boundary=x\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n",
            true,
        ),
    ] {
        let request = Request::parse(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes());
        run(&mut transaction, &policy, &request, |_| Response::default());
        let found = found(&transaction).contains(&7_501_105);
        assert_eq!(found, expected, "{fields}");
    }
}

#[test]
fn rules_of_higher_levels_rest_and_thresholds_are_the_policys() {
    let rules = rules();
    let request = Request::parse(
        b"GET /?q=a%3Bb%3Bid%3Bc HTTP/1.1\r\nHost: a.example\r\nUser-Agent: Mozilla/5.0 x\r\n\r\n",
    );
    let verdict = |policy: Policy| {
        let policy = Arc::new(policy.in_mode(EngineMode::On));
        let mut transaction = Transaction::new(Arc::clone(&policy));
        let verdict = run(&mut transaction, &policy, &request, |_| Response::default());
        (verdict, found(&transaction))
    };
    let (first, found) = verdict(at_level(&rules, "1"));
    assert_eq!(first, Verdict::Pass, "{found:?}");
    assert!(found.is_empty(), "{found:?}");
    let (second, found) = verdict(at_level(&rules, "2"));
    assert!(matches!(second, Verdict::Deny { status: 403, .. }));
    assert!(found.contains(&7_522_201), "{found:?}");
    let lax = rules.policy().with_presets([
        ("blocking_paranoia_level", "2"),
        ("inbound_anomaly_score_threshold", "100"),
    ]);
    assert_eq!(verdict(lax).0, Verdict::Pass);
    // What is only detected counts for nothing.
    let detected = rules.policy().with_presets([
        ("blocking_paranoia_level", "1"),
        ("detection_paranoia_level", "2"),
    ]);
    let (detected, found) = verdict(detected);
    assert_eq!(detected, Verdict::Pass);
    assert!(found.contains(&7_522_201), "{found:?}");
}

/// Where requests of a kind are.
fn fixtures(kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    folder.join(kind)
}

fn escaped(text: &[u8]) -> String {
    text.iter().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// A text in each place that it may stand in: a query, a form, JSON, a form of parts, a header.
fn everywhere(text: &str) -> [String; 5] {
    let head =
        "Host: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n";
    let form = escaped(text.as_bytes());
    let json = serde_json::json!({ "id": 7, "text": text });
    [
        format!("GET /search?page=2&q={form} HTTP/1.1\r\n{head}\r\n"),
        format!(
            "POST /a HTTP/1.1\r\n{head}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\na=1&text={form}",
            form.len() + 9
        ),
        format!(
            "POST /a HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.to_string().len()
        ),
        format!(
            "POST /a HTTP/1.1\r\n{head}Content-Type: multipart/form-data; boundary=b\r\n\
             Content-Length: 1\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\
             {text}\r\n--b--\r\n"
        ),
        format!("GET / HTTP/1.1\r\n{head}X-Search: {text}\r\n\r\n"),
    ]
}

/// The texts of a kind, with line ends for what stands for them.
fn texts(kind: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(fixtures(kind).join("texts")).unwrap() {
        let lines = fs::read_to_string(entry.unwrap().path()).unwrap();
        let lines = lines.lines();
        for line in lines.filter(|it| !it.is_empty() && !it.starts_with("# ")) {
            let text = line
                .replace("\\\\", "\u{0}")
                .replace("\\n", "\n")
                .replace("\\r", "\r")
                .replace("\\t", "\t")
                .replace('\u{0}', "\\");
            texts.push(text);
        }
    }
    texts
}

/// The whole requests of a kind, each with its file.
fn requests(kind: &str) -> Vec<(String, String)> {
    let mut requests = Vec::new();
    for entry in fs::read_dir(fixtures(kind).join("requests")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut raw = head.replace('\n', "\r\n");
        raw.push_str("\r\n\r\n");
        let multipart = head.contains("multipart/");
        raw.push_str(&if multipart {
            body.replace('\n', "\r\n")
        } else {
            body.trim_end().to_owned()
        });
        requests.push((path.display().to_string(), raw));
    }
    requests
}

/// Those of the requests of a kind that are not answered as expected at level 1. `places`: how many of
/// the places texts are put into.
fn answered_otherwise(kind: &str, places: usize, refused: bool) -> (usize, Vec<String>) {
    let policy = Arc::new(rules().policy().in_mode(EngineMode::On));
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let mut all = requests(kind);
    for text in texts(kind) {
        // No header has line ends.
        let places = places.min(if text.contains('\n') { 4 } else { 5 });
        let placed = everywhere(&text).into_iter().take(places).enumerate();
        all.extend(placed.map(|(place, raw)| (format!("{place} {text}"), raw)));
    }
    let mut failures = Vec::new();
    for (what, raw) in &all {
        let request = Request::parse(raw.as_bytes());
        let verdict = run(&mut transaction, &policy, &request, |_| Response::default());
        if (verdict != Verdict::Pass) != refused {
            let ids = found(&transaction);
            failures.push(format!("{what}: {ids:?}"));
        }
    }
    (all.len(), failures)
}

#[test]
fn harmless_requests_pass_at_level_one() {
    let (count, failures) = answered_otherwise("benign", 5, false);
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 1000, "{count}");
}

#[test]
fn attacks_are_refused_at_level_one() {
    let (count, failures) = answered_otherwise("attacks", 3, true);
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 600, "{count}");
}

/// Operators of our rules that are about a whole value, and so mark no bytes of it.
const UNMARKED: [&str; 8] = [
    "eq",
    "ge",
    "gt",
    "lt",
    "streq",
    "within",
    "validateByteRange",
    "unconditionalMatch",
];

#[test]
fn what_each_rule_finds_is_explained_to_the_byte() {
    let policy = Arc::new(at_level(&rules(), "4").in_mode(EngineMode::DetectionOnly));
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let mut explained = BTreeSet::new();
    for (file, test) in tests() {
        for stage in &test.stages {
            begin(&mut transaction, &policy);
            transaction.record();
            run_phases(&mut transaction, &stage.input.request(), |_| {
                stage.input.answer()
            });
            let explanation = Explanation::of(&transaction, &About::default(), &Masks::none());
            let text = explanation.to_text(false);
            let case = format!("{file} {}-{}:\n{text}", test.rule_id, test.test_id);
            assert_eq!(explanation.lost, 0, "{case}");
            for rule in explanation.rules.iter().filter(|rule| rule.tells) {
                explained.insert(rule.id);
                let msg = explain::escaped(&rule.msg);
                assert!(
                    msg.starts_with(|first: char| first.is_uppercase()),
                    "{case}"
                );
                assert!(
                    text.contains(&format!("rule {}: {msg}\n", rule.id)),
                    "{case}"
                );
                let source = fs::read_to_string(folder().join(&*rule.file)).unwrap();
                let line = source.lines().nth(rule.line as usize - 1).unwrap();
                assert!(line.starts_with("SecRule "), "{}: {line}", rule.id);
                for link in &rule.links {
                    assert!(!link.evidence.is_empty(), "{case}");
                    for one in &link.evidence {
                        let shown = one.shown.as_ref().unwrap();
                        let is_marked = shown.span.is_some()
                            || link.negated
                            || UNMARKED.contains(&link.operator);
                        assert!(is_marked, "{} {case}", rule.id);
                        let span = shown.span.unwrap_or_default();
                        assert!(span.0 <= span.1 && span.1 <= shown.seen().len(), "{case}");
                    }
                }
            }
            // A screen, not a page: what is long is cut where it says nothing.
            assert!(
                text.lines().all(|line| line.chars().count() < 400),
                "{case}"
            );
        }
    }
    let hits = tests().into_iter().flat_map(|(_, test)| test.stages);
    let hits: BTreeSet<u64> = hits.flat_map(|stage| stage.output.log.expect_ids).collect();
    let silent: Vec<&u64> = hits.difference(&explained).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn the_attacks_of_the_quickstart_are_refused() {
    let policy = Arc::new(rules().policy().in_mode(EngineMode::On));
    let mut transaction = Transaction::new(Arc::clone(&policy));
    for target in [
        "/?q=<script>alert(1)</script>",
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/?id=1'%20or%201=1--",
        "/?id=1'+or+1=1--",
        "/?file=../../etc/passwd",
        "/?host=127.0.0.1;cat%20/etc/passwd",
    ] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl/8.5.0\r\n\r\n");
        let request = Request::parse(request.as_bytes());
        let verdict = run(&mut transaction, &policy, &request, |_| Response::default());
        assert!(
            matches!(verdict, Verdict::Deny { status: 403, .. }),
            "{target}"
        );
        assert_eq!(
            transaction.refused_by().map(|rule| rule.id),
            Some(7_590_101)
        );
        assert!(transaction.number("blocking_inbound_anomaly_score") >= Some(5));
    }
}
