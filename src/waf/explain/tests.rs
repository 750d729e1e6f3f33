//! What is said of an exchange.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{sync::Arc, time::UNIX_EPOCH};

use super::{Explanation, Inventory, Standing, printed::escaped};
use crate::waf::{
    Amended, CustomRules, Exchange, Policy, RequestLine, RuleSet, Transaction,
    log::{About, Masks},
    seclang::{Directive, EngineMode, Memory, SourceMap, Trust, parse},
};

/// A rule set in the manner of the Core Rule Set, and an exchange that it refuses.
const RULES: &str = r#"
SecAction "id:100,phase:1,pass,nolog,setvar:tx.threshold=5,setvar:tx.level=1"
SecRule ARGS|REQUEST_COOKIES "@rx (?i)(?:union[\s\x0b]+(?:all|distinct)|or[\s\x0b]+1=1|drop[\s\x0b]+table)" \
    "id:110,phase:2,pass,t:none,t:urlDecodeUni,t:lowercase,capture,severity:CRITICAL,tag:'attack-sqli',\
    tag:'paranoia-level/1',msg:'SQL in %{MATCHED_VAR_NAME}',logdata:'found %{TX.0}',\
    setvar:'tx.sqli=+1',setvar:'tx.score=+5'"
SecRule REQUEST_METHOD "@streq GET" "id:120,phase:2,pass,log,msg:'a chain',chain"
    SecRule ARGS:id "!@rx ^\d+$" "setvar:'tx.score=+3'"
SecRule TX:level "@lt 2" "id:130,phase:2,pass,nolog,skipAfter:END"
SecRule ARGS "@contains '" "id:140,phase:2,pass,tag:'paranoia-level/2',setvar:'tx.score=+5'"
SecMarker END
SecRule TX:score "@ge %{tx.threshold}" "id:149,phase:2,deny,msg:'score %{TX.score}'"
"#;

fn directives(sources: &mut SourceMap, name: &str, text: &str) -> Vec<Directive> {
    let files = Memory::default();
    let parsed = parse(sources, &files, Trust::Operator, name, text.as_bytes());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.directives
}

fn compiled(text: &str) -> (RuleSet, Vec<Amended>, Vec<String>) {
    let mut sources = SourceMap::default();
    let directives = directives(&mut sources, "a.conf", text);
    let compiled = RuleSet::compile(&directives, &sources, &Memory::default());
    let warnings = compiled.warnings.iter().map(|it| it.kind.to_string());
    (
        compiled.result.unwrap(),
        compiled.amended,
        warnings.collect(),
    )
}

fn run(policy: Policy, target: &str, headers: &[(&str, &str)], masks: &Masks) -> Explanation {
    let policy = Arc::new(policy);
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let exchange = Exchange {
        client: b"192.0.2.1",
        client_port: 1,
        server: b"192.0.2.2",
        server_port: 80,
        id: b"id",
        at: UNIX_EPOCH,
    };
    transaction.begin(&policy, &exchange);
    transaction.record();
    transaction.request_line(&RequestLine {
        line: format!("GET {target} HTTP/1.1").as_bytes(),
        method: b"GET",
        target: target.as_bytes(),
        protocol: b"HTTP/1.1",
    });
    for (name, value) in headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    if transaction.run_request_head().passes() {
        transaction.request_body(b"", true);
        transaction.run_request_body();
    }
    transaction.run_logging();
    Explanation::of(&transaction, &About::default(), masks)
}

fn explained(target: &str) -> Explanation {
    let policy = compiled(RULES).0.policy().in_mode(EngineMode::On);
    run(policy, target, &[("Host", "a.example")], &Masks::default())
}

#[test]
fn an_explanation_reads_as_the_page_shows_it() {
    let text = explained("/?id=1%2527%20or%20%201%253D1&x=1").to_text(false);
    assert_eq!(
        text,
        "rule 110: SQL in ARGS:id
  a.conf:3, phase 2, critical
  data: found or  1=1
  tags: attack-sqli, paranoia-level/1
  ARGS:id
    value               1%27 or  1%3D1
    t:urlDecodeUni      1' or  1=1
    t:lowercase         as before
    @rx                 1' or  1=1
                           ^^^^^^^
    branch              (?i)or[\\\\s\\\\x0b]+1=1

rule 120: a chain
  a.conf:7, phase 2
  REQUEST_METHOD
    value               GET
    @streq              GET
                        ^^^
    argument            GET
  and
  ARGS:id
    value               1%27 or  1%3D1
    !@rx                1%27 or  1%3D1
    argument            ^\\\\d+$

rule 149: score 8
  a.conf:12, phase 2, refuses
  TX:score
    value               8
    @ge                 8
                        ^
    argument            5

scores
  110       sqli                                     0 + 1 = 1
  110       score                                    0 + 5 = 5
  120       score                                    5 + 3 = 8
thresholds
  149       phase 2: score 8 @ge threshold 5: holds: refused
"
    );
}

#[test]
fn what_refuses_is_told_with_its_numbers_even_where_it_does_not() {
    let explanation = explained("/?id=x");
    assert!(explanation.rules.iter().all(|rule| rule.id != 149));
    let text = explanation.to_text(false);
    assert!(
        text.ends_with("149       phase 2: score 3 @ge threshold 5: does not hold\n"),
        "{text}"
    );
    // Rules that want no line are there for those who ask.
    assert!(!text.contains("rule 100") && explanation.to_text(true).contains("rule 100\n"));
}

#[test]
fn what_rules_without_a_pattern_add_is_in_the_ledger() {
    let (rules, ..) = compiled(
        r#"SecAction "id:1,phase:1,pass,nolog,setvar:tx.level=1,setvar:tx.part=+3"
           SecRule TX:level "@lt 2" "id:2,phase:1,pass,nolog,setvar:'tx.sum=+%{tx.part}'""#,
    );
    let ledger = run(rules.policy(), "/", &[], &Masks::default()).ledger;
    let postings = ledger.postings.iter();
    let postings: Vec<_> = postings.map(|it| (it.rule, it.before, it.after)).collect();
    assert_eq!(postings, [(1, 0, 3), (2, 0, 3)]);
}

#[test]
fn secrets_are_masked_in_every_part_unless_they_are_asked_for() {
    let target = "/?password=union%20all%20hunter2secret&id=7";
    let headers = [
        ("Host", "a.example"),
        ("Cookie", "sid=union all cookiesecret"),
    ];
    let policy = || compiled(RULES).0.policy().in_mode(EngineMode::On);
    let masked = run(policy(), target, &headers, &Masks::default());
    for shown in [
        masked.to_text(true),
        masked.to_json(true).to_string(),
        escaped(&masked.target),
    ] {
        assert!(!shown.contains("hunter2secret"), "{shown}");
        assert!(!shown.contains("cookiesecret"), "{shown}");
    }
    assert!(
        masked
            .to_text(false)
            .contains("ARGS:password\n    masked              ***\n")
    );
    let plain = run(policy(), target, &headers, &Masks::none()).to_text(false);
    assert!(
        plain.contains("hunter2secret") && plain.contains("cookiesecret"),
        "{plain}"
    );
}

#[test]
fn every_match_of_the_logs_is_explained_with_and_without_the_matcher() {
    let target = "/?a=union+all&b=DROP%20TABLE&id=%27";
    let policy = compiled(RULES)
        .0
        .policy()
        .in_mode(EngineMode::DetectionOnly);
    for policy in [policy.clone(), policy.one_by_one()] {
        let explanation = run(policy, target, &[("Host", "a")], &Masks::default());
        let shown: Vec<_> = explanation
            .rules
            .iter()
            .filter(|rule| rule.tells)
            .map(|rule| {
                let evidence = rule.links.iter().flat_map(|link| &link.evidence);
                let variables = evidence.map(|one| escaped(&one.variable));
                (rule.id, variables.collect::<Vec<_>>().join(" "))
            })
            .collect();
        let expected = [
            (110, "ARGS:a ARGS:b"),
            (120, "REQUEST_METHOD ARGS:id"),
            (149, "TX:score"),
        ];
        assert_eq!(
            shown,
            expected.map(|(id, variables)| (id, variables.to_owned()))
        );
    }
}

#[test]
fn the_bytes_that_matched_are_told_for_each_operator() {
    let long = "x".repeat(300);
    for (operator, value, expected) in [
        ("@contains b", "abc", Some((1, 2))),
        ("@beginsWith ab", "abc", Some((0, 2))),
        ("@endsWith bc", "abc", Some((1, 3))),
        ("@streq abc", "abc", Some((0, 3))),
        ("@within abcdef", "abc", Some((0, 3))),
        ("@pm cd bc", "abc", Some((1, 3))),
        ("@rx b+", "abbc", Some((1, 3))),
        ("!@rx z", "abc", None),
        ("@detectXSS", "<script>", Some((0, 8))),
        ("@validateByteRange 97-99", "abz", Some((2, 3))),
        ("@validateUrlEncoding", "a%zz", Some((1, 4))),
        ("@gt 5", "17", Some((0, 2))),
        ("@rx x$", &long, Some((299, 300))),
    ] {
        let rules = format!("SecRule ARGS:v \"{operator}\" \"id:1,phase:1,pass,t:none,log\"");
        let policy = compiled(&rules).0.policy();
        let target = format!("/?v={}", value.replace('%', "%25"));
        let explanation = run(policy, &target, &[], &Masks::default());
        let rule = explanation.rules.first();
        let rule = rule.unwrap_or_else(|| panic!("{operator} does not match {value}"));
        let shown = rule.links[0].evidence[0].shown.as_ref().unwrap();
        assert_eq!(shown.span, expected, "{operator} on {value}");
        assert_eq!(shown.seen(), value.as_bytes());
    }
}

#[test]
fn a_chain_that_does_not_hold_is_no_match() {
    let rules = "SecRule ARGS a \"id:1,phase:1,pass,log,chain\"\nSecRule ARGS b";
    let policy = compiled(rules).0.policy();
    let explanation = run(policy, "/?x=a", &[], &Masks::default());
    assert!(explanation.rules.is_empty());
}

#[test]
fn what_is_loaded_skipped_and_removed_is_listed_with_its_reason() {
    let text = format!(
        "{RULES}SecRule TX:0 \"@rbl list.example\" \"id:150,phase:2,deny\"\n\
         SecRule ARGS a \"id:151,phase:2,deny,chain\"\n  SecRule ARGS \"@rbl list.example\"\n\
         SecRule ARGS a \"id:152,phase:2,deny\"\nSecRuleRemoveById 152\n\
         SecRuleUpdateTargetById 110 !ARGS:x\n\
         SecRule ARGS:q b \"id:153,phase:1,pass,ctl:ruleRemoveById=110\"\n"
    );
    let (set, amended, warnings) = compiled(&text);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("rule 150 is not loaded, for its operator `@rbl`: "),
        "{warnings:?}"
    );
    let mut sources = SourceMap::default();
    let after = directives(&mut sources, "b.conf", "SecRuleRemoveByTag attack-sqli\n");
    let custom = CustomRules::compile(&set, &[], &after, &sources, &Memory::default());
    let (whole, narrowed) = (set.policy(), custom.result.unwrap().policy());
    let ids = |policy: Policy| -> Vec<u64> {
        let inventory = Inventory::of(&Arc::new(policy));
        inventory.rules.iter().map(|rule| rule.id).collect()
    };
    assert_eq!(ids(whole.clone()), [100, 110, 120, 130, 140, 149, 153]);
    assert_eq!(ids(narrowed), [100, 120, 130, 140, 149, 153]);
    let inventory = Inventory::of(&Arc::new(whole));
    let all: Vec<Amended> = amended.into_iter().chain(custom.amended).collect();
    let text = inventory.to_text(&all);
    for line in [
        "a.conf\n  100       line 2     phase 1\n",
        "  110       line 3     phase 2 PL1 (narrowed where 153 match)\n",
        "  140       line 10    phase 2 PL2 (skipped by 130: tx.level is 1, < 2)\n",
        "  150       a.conf:13: not loaded, for its operator `@rbl`: rules use no network",
        "  151       a.conf:14: not loaded, for its operator `@rbl`: ",
        "  152       a.conf:16: removed by a.conf:17\n",
        "  110       a.conf:3: its targets are changed by a.conf:18\n",
        "  110       a.conf:3: removed by b.conf:1\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let skipped = inventory
        .rules
        .iter()
        .filter(|it| it.standing != Standing::Evaluated);
    assert_eq!(skipped.count(), 1);
    // A preset of a policy goes before what the rules set by themselves only where these let it.
    let json = inventory.to_json();
    assert_eq!(json[4]["skipped"]["by"], 130);
}

#[test]
fn rules_that_only_count_are_in_the_ledger() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.a=3\"\n\
                 SecRule TX:a \"@ge 3\" \"id:2,phase:1,pass,nolog,setvar:tx.score=+%{tx.a}\"\n\
                 SecAction \"id:3,phase:1,pass,nolog,setvar:tx.score=-1\"\n\
                 SecRule TX:score \"@ge 2\" \"id:4,phase:1,deny\"";
    let policy = compiled(rules).0.policy().in_mode(EngineMode::On);
    let text = run(policy, "/", &[], &Masks::default()).to_text(false);
    assert!(
        text.ends_with(
            "scores
  2         score                                    0 + 3 = 3
  3         score                                    3 - 1 = 2
thresholds
  4         phase 1: score 2 @ge 2: holds: refused
"
        ),
        "{text}"
    );
}
