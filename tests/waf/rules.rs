//! What rules mean to one another: order, chains, captures, scores, exclusions, refusals.

use std::sync::Arc;

use portcullis::waf::{
    CustomRules, RuleSet, Transaction, Verdict,
    seclang::{EngineMode, Memory, SourceMap, Trust, parse},
};

use crate::exchange::{Request, Response, run};

/// Compiles a text that has no fault.
fn rules(text: &str) -> RuleSet {
    let mut sources = SourceMap::default();
    let files = Memory::default();
    let parsed = parse(
        &mut sources,
        &files,
        Trust::Operator,
        "a.conf",
        text.as_bytes(),
    );
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    assert!(compiled.errors.is_empty(), "{text}: {:?}", compiled.errors);
    compiled.result.unwrap()
}

/// The faults of a text, as they are said.
fn faults(text: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let files = Memory::default();
    let parsed = parse(
        &mut sources,
        &files,
        Trust::Operator,
        "a.conf",
        text.as_bytes(),
    );
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    assert_eq!(compiled.result.is_some(), compiled.errors.is_empty());
    let all = compiled.errors.iter().chain(&compiled.warnings);
    all.map(|fault| {
        let place = sources.locate(fault.span);
        format!("{}:{}: {}", place.line, place.column, fault.kind)
    })
    .collect()
}

fn request(line: &str, headers: &str, body: &str) -> Request {
    Request::parse(format!("{line}\r\n{headers}\r\n{body}").as_bytes())
}

/// The rules that matched, with the matcher and one by one alike.
fn found(text: &str, request: &Request) -> Vec<(u64, String, String)> {
    let policy = rules(text).policy().in_mode(EngineMode::DetectionOnly);
    let mut all = Vec::new();
    for policy in [policy.clone(), policy.one_by_one()] {
        let policy = Arc::new(policy);
        let mut transaction = Transaction::new(Arc::clone(&policy));
        // Twice: what an exchange leaves behind must not tell in the next one.
        for _ in 0..2 {
            run(&mut transaction, &policy, request, |_| Response::default());
            let matches = transaction.matches().map(|found| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                (found.rule.id, text(found.variable), text(found.data))
            });
            all.push(matches.collect::<Vec<_>>());
        }
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
    all.swap_remove(0)
}

fn ids(text: &str, line: &str) -> Vec<u64> {
    let request = request(line, "Host: a.example\r\nX-Two: b\r\nCookie: c=d\r\n", "");
    found(text, &request).iter().map(|(id, ..)| *id).collect()
}

#[test]
fn rules_match_what_they_name_and_nothing_else() {
    let get = "GET /dir/page.php?a=1&b=two%20words&A=3 HTTP/1.1";
    let cases: [(&str, &str, &[u64]); 22] = [
        (
            "an argument by name, in any case",
            r#"SecRule ARGS:a "@streq 3" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "another value of it",
            r#"SecRule ARGS:a "@streq 4" "id:1,phase:2,pass""#,
            &[],
        ),
        (
            "every argument but one",
            r#"SecRule ARGS|!ARGS:b "@rx words" "id:1,phase:2,pass""#,
            &[],
        ),
        (
            "every argument but some",
            r#"SecRule ARGS|!ARGS:/^b/ "@rx words" "id:1,phase:2,pass""#,
            &[],
        ),
        (
            "arguments by expression",
            r#"SecRule ARGS:/^b$/ "@rx words" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "names",
            r#"SecRule ARGS_NAMES "@streq b" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "how many there are",
            r#"SecRule &ARGS "@eq 3" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "how many of a name there are",
            r#"SecRule &ARGS:a "@eq 2" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "that there is none",
            r#"SecRule &REQUEST_HEADERS:X-No "@eq 0" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "none is not an empty one",
            r#"SecRule REQUEST_HEADERS:X-No "!@rx ." "id:1,phase:1,pass""#,
            &[],
        ),
        (
            "what does not hold",
            r#"SecRule REQUEST_HEADERS:X-Two "!@rx ^a" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "a cookie",
            r#"SecRule REQUEST_COOKIES:c "@streq d" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "the path",
            r#"SecRule REQUEST_FILENAME "@endsWith /page.php" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "the last segment",
            r#"SecRule REQUEST_BASENAME "@streq page.php" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "the query",
            r#"SecRule QUERY_STRING "@beginsWith a=1" "id:1,phase:1,pass""#,
            &[1],
        ),
        (
            "the query, undecoded",
            r#"SecRule QUERY_STRING "@contains two words" "id:1,phase:1,pass""#,
            &[],
        ),
        (
            "after transformations",
            r#"SecRule ARGS:b "@streq twowords" "id:1,phase:2,pass,t:removeWhitespace""#,
            &[1],
        ),
        (
            "transformations in order",
            r#"SecRule ARGS:b "@streq 9" "id:1,phase:2,pass,t:length""#,
            &[1],
        ),
        (
            "t:none forgets",
            r#"SecRule ARGS:b "@streq two words" "id:1,phase:2,pass,t:length,t:none""#,
            &[1],
        ),
        (
            "any of the steps with multiMatch",
            r#"SecRule ARGS:b "@streq two words" "id:1,phase:2,pass,multiMatch,t:length""#,
            &[1],
        ),
        (
            "a phrase of a list",
            r#"SecRule ARGS "@pm words thing" "id:1,phase:2,pass""#,
            &[1],
        ),
        (
            "nothing, where it wants no log",
            r#"SecRule ARGS "@rx ." "id:1,phase:2,pass,nolog""#,
            &[],
        ),
    ];
    for (what, text, expected) in cases {
        assert_eq!(ids(text, get), expected, "{what}");
    }
}

#[test]
fn rules_run_in_order_and_skip_as_they_say() {
    let cases: [(&str, &str, &[u64]); 9] = [
        (
            "phases before places",
            r#"SecAction "id:1,phase:2,pass"
               SecAction "id:2,phase:1,pass""#,
            &[2, 1],
        ),
        (
            "skipAfter a marker",
            r#"SecAction "id:1,phase:1,pass,skipAfter:END"
               SecAction "id:2,phase:1,pass"
               SecMarker END
               SecAction "id:3,phase:1,pass""#,
            &[1, 3],
        ),
        (
            "skipAfter a rule",
            r#"SecAction "id:1,phase:1,pass,skipAfter:2"
               SecAction "id:2,phase:1,pass"
               SecAction "id:3,phase:1,pass""#,
            &[1, 3],
        ),
        (
            "a marker of the same name above is none",
            r#"SecMarker END
               SecAction "id:1,phase:1,pass,skipAfter:END"
               SecAction "id:2,phase:1,pass"
               SecMarker END
               SecAction "id:3,phase:1,pass""#,
            &[1, 3],
        ),
        (
            "a marker that is missing skips the phase",
            r#"SecAction "id:1,phase:1,pass,skipAfter:NO"
               SecAction "id:2,phase:1,pass"
               SecAction "id:3,phase:2,pass""#,
            &[1, 3],
        ),
        (
            "skip counts rules of the phase",
            r#"SecAction "id:1,phase:1,pass,skip:1"
               SecAction "id:2,phase:2,pass"
               SecAction "id:3,phase:1,pass"
               SecAction "id:4,phase:1,pass""#,
            &[1, 4, 2],
        ),
        (
            "a rule that does not match skips nothing",
            r#"SecRule ARGS:a "@streq 0" "id:1,phase:1,pass,skipAfter:END"
               SecAction "id:2,phase:1,pass"
               SecMarker END"#,
            &[2],
        ),
        (
            "what a gate lets through later is looked at although it was not asked about",
            r#"SecRule TX:open "@lt 1" "id:1,phase:1,pass,nolog,skipAfter:END"
               SecRule ARGS "@rx ^1$" "id:2,phase:1,pass"
               SecMarker END
               SecRule ARGS "@rx ^1$" "id:3,phase:1,pass,setvar:tx.open=1"
               SecRule TX:open "@lt 1" "id:4,phase:2,pass,nolog,skipAfter:END2"
               SecRule ARGS "@rx ^1$" "id:5,phase:2,pass"
               SecMarker END2"#,
            &[2, 3, 5],
        ),
        (
            "removal is of what stands above",
            r#"SecAction "id:1,phase:1,pass"
               SecRuleRemoveById 1-9
               SecAction "id:2,phase:1,pass""#,
            &[2],
        ),
    ];
    for (what, text, expected) in cases {
        assert_eq!(ids(text, "GET /?a=1 HTTP/1.1"), expected, "{what}");
    }
}

#[test]
fn chains_match_as_a_whole_and_see_what_came_before() {
    type Found<'a> = &'a [(u64, &'a str, &'a str)];
    let cases: [(&str, &str, Found<'_>); 8] = [
        (
            "both links",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:2,pass,chain"
               SecRule ARGS:b "@streq 2" """#,
            &[(1, "ARGS:b", "")],
        ),
        (
            "one link is not enough",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:2,pass,chain"
               SecRule ARGS:b "@streq 3" """#,
            &[],
        ),
        (
            "what the first link captured",
            r#"SecRule ARGS:c "@rx ^(x+)(y)" "id:1,phase:2,pass,capture,logdata:'%{tx.0} %{tx.1} %{TX.2} %{tx.3}',chain"
               SecRule TX:1 "@streq xx" """#,
            &[(1, "TX:1", "xxy xx y ")],
        ),
        (
            "what has matched, transformed",
            r#"SecRule ARGS:d "@rx ABC" "id:1,phase:2,pass,t:uppercase,logdata:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}',chain"
               SecRule MATCHED_VAR "@streq ABC" """#,
            &[(1, "MATCHED_VAR", "MATCHED_VAR=ABC")],
        ),
        (
            "all that have matched",
            r#"SecRule ARGS "@rx ^\d$" "id:1,phase:2,pass,chain"
               SecRule MATCHED_VARS_NAMES "@streq ARGS:b" """#,
            &[(1, "MATCHED_VARS_NAMES:ARGS:b", "")],
        ),
        (
            "a line for each target of the last link",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:2,pass,logdata:'%{MATCHED_VAR}',chain"
               SecRule ARGS:a|ARGS:b "@rx \d" """#,
            &[(1, "ARGS:a", "1"), (1, "ARGS:b", "2")],
        ),
        (
            "actions of a link happen when it matches",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:2,pass,chain,setvar:tx.first=+1"
               SecRule ARGS:b "@streq 3" "setvar:tx.second=+1"
               SecRule TX:/./ "@rx ." "id:2,phase:2,pass,logdata:'%{MATCHED_VAR_NAME}'""#,
            &[(2, "TX:first", "TX:first")],
        ),
        (
            "captures go when another match captures less",
            r#"SecRule ARGS:c "@rx (x)(x)(y)" "id:1,phase:2,pass,nolog,capture"
               SecRule ARGS:d "@rx (a)" "id:2,phase:2,pass,capture,logdata:'%{tx.1}-%{tx.2}'""#,
            &[(2, "ARGS:d", "a-")],
        ),
    ];
    for (what, text, expected) in cases {
        let request = request("GET /?a=1&b=2&c=xxy&d=abc HTTP/1.1", "Host: a\r\n", "");
        let found = found(text, &request);
        let found: Vec<_> = found
            .iter()
            .map(|(id, variable, data)| (*id, variable.as_str(), data.as_str()))
            .collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn scores_add_up_for_every_target() {
    let text = r#"
        SecAction "id:1,phase:1,pass,nolog,setvar:tx.score=0,setvar:tx.five=5"
        SecRule ARGS "@rx bad" "id:2,phase:2,pass,nolog,setvar:tx.score=+%{tx.five},setvar:'tx.seen_%{MATCHED_VAR_NAME}=1'"
        SecRule TX:score "@ge %{tx.five}" "id:3,phase:2,pass,logdata:'%{tx.score}'"
        SecRule TX:/^seen_/ "@eq 1" "id:4,phase:2,pass"
        SecAction "id:5,phase:2,pass,nolog,setvar:tx.score=-100,setvar:!tx.five"
        SecRule TX:score "@eq 0" "id:6,phase:2,pass"
        SecRule &TX:five "@eq 0" "id:7,phase:2,pass""#;
    let request = request("GET /?x=bad&y=good&z=bad HTTP/1.1", "Host: a\r\n", "");
    let found = found(text, &request);
    let found: Vec<_> = found
        .iter()
        .map(|(id, variable, data)| (*id, variable.as_str(), data.as_str()))
        .collect();
    let expected = [
        (3, "TX:score", "10"),
        (4, "TX:seen_ARGS:x", ""),
        (4, "TX:seen_ARGS:z", ""),
        (6, "TX:score", ""),
        (7, "&TX:five", ""),
    ];
    assert_eq!(found, expected);
}

#[test]
fn exclusions_take_away_what_they_name() {
    let all = r#"
        SecRule ARGS "@rx bad" "id:10,phase:2,pass,tag:'attack-a',msg:'One'"
        SecRule ARGS "@rx bad" "id:11,phase:2,pass,tag:'attack-b',msg:'Two'"
        "#;
    let cases: [(&str, &str, &str, &[u64]); 9] = [
        ("a rule by id", "", "SecRuleRemoveById 10", &[11]),
        ("rules by tag", "", "SecRuleRemoveByTag attack-b$", &[10]),
        ("rules by message", "", "SecRuleRemoveByMsg ^T", &[10]),
        (
            "a target by id",
            "",
            r#"SecRuleUpdateTargetById 10 "!ARGS:x""#,
            &[11],
        ),
        (
            "a target by tag",
            "",
            r#"SecRuleUpdateTargetByTag attack "!ARGS:/^X$/""#,
            &[],
        ),
        (
            "another target",
            "",
            r#"SecRuleUpdateTargetById 10 "!ARGS:y""#,
            &[10, 11],
        ),
        (
            "a rule while it runs",
            r#"SecRule REQUEST_URI "@beginsWith /" "id:1,phase:1,pass,nolog,ctl:ruleRemoveById=10-10""#,
            "",
            &[11],
        ),
        (
            "rules by tag while it runs",
            r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=attack-.""#,
            "",
            &[],
        ),
        (
            "a target while it runs",
            r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=attack-a;ARGS:x""#,
            "",
            &[11],
        ),
    ];
    for (what, before, after, expected) in cases {
        let text = format!("{before}\n{all}\n{after}");
        assert_eq!(ids(&text, "GET /?x=bad HTTP/1.1"), expected, "{what}");
        assert_eq!(
            custom(before, all, after),
            expected,
            "{what}, around a rule set"
        );
    }
}

/// The same where the exclusions are a route's, and the rules those of a set that is shared.
fn custom(before: &str, all: &str, after: &str) -> Vec<u64> {
    let set = rules(all);
    let mut sources = SourceMap::default();
    let files = Memory::default();
    let [before, after] = [before, after].map(|text| {
        let parsed = parse(
            &mut sources,
            &files,
            Trust::Tenant,
            "t.conf",
            text.as_bytes(),
        );
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        parsed.directives
    });
    let compiled = CustomRules::compile(&set, &before, &after, &sources, &files);
    assert!(compiled.errors.is_empty(), "{:?}", compiled.errors);
    let policy = Arc::new(compiled.result.unwrap().policy());
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let request = request("GET /?x=bad HTTP/1.1", "Host: a\r\n", "");
    run(&mut transaction, &policy, &request, |_| Response::default());
    transaction.matches().map(|found| found.rule.id).collect()
}

#[test]
fn refusals_are_carried_out_where_rules_are_obeyed() {
    let deny = |status| Verdict::Deny {
        status,
        named: true,
    };
    let unnamed = Verdict::Deny {
        status: 403,
        named: false,
    };
    let redirect = Verdict::Redirect {
        status: 302,
        location: b"/why?a=bad"[..].into(),
    };
    let cases: [(&str, &str, Verdict); 13] = [
        (
            "deny",
            r#"SecRule ARGS "@rx bad" "id:1,phase:2,deny""#,
            unnamed.clone(),
        ),
        (
            "deny that names the status that it would have had",
            r#"SecRule ARGS "@rx bad" "id:1,phase:2,deny,status:403""#,
            deny(403),
        ),
        (
            "deny with a status",
            r#"SecRule ARGS "@rx bad" "id:1,phase:1,deny,status:418""#,
            deny(418),
        ),
        (
            "drop",
            r#"SecRule ARGS "@rx bad" "id:1,phase:2,drop""#,
            Verdict::Drop,
        ),
        (
            "redirect",
            r#"SecRule ARGS "@rx bad" "id:1,phase:2,redirect:'/why?a=%{MATCHED_VAR}'""#,
            redirect.clone(),
        ),
        (
            "redirect with a status that is none of a redirection",
            r#"SecRule ARGS "@rx bad" "id:1,phase:2,status:403,redirect:'/why?a=%{MATCHED_VAR}'""#,
            redirect,
        ),
        (
            "deny where the default is to redirect",
            r#"SecDefaultAction "phase:2,log,redirect:'/why'"
               SecRule ARGS "@rx bad" "id:1,phase:2,deny""#,
            unnamed.clone(),
        ),
        (
            "block where the default names no status",
            r#"SecDefaultAction "phase:2,log,deny"
               SecRule ARGS "@rx bad" "id:1,phase:2,block""#,
            unnamed,
        ),
        (
            "block is what the default says",
            r#"SecDefaultAction "phase:2,log,deny,status:409"
               SecRule ARGS "@rx bad" "id:1,phase:2,block""#,
            deny(409),
        ),
        (
            "block passes where the default does",
            r#"SecDefaultAction "phase:2,log,pass"
               SecRule ARGS "@rx bad" "id:1,phase:2,block""#,
            Verdict::Pass,
        ),
        (
            "allow keeps later rules from refusing",
            r#"SecAction "id:1,phase:1,allow"
               SecRule ARGS "@rx bad" "id:2,phase:2,deny""#,
            Verdict::Pass,
        ),
        (
            "allow:phase does so in its phase alone",
            r#"SecAction "id:1,phase:1,allow:phase"
               SecRule ARGS "@rx bad" "id:2,phase:1,deny"
               SecRule ARGS "@rx bad" "id:3,phase:2,deny,status:410""#,
            deny(410),
        ),
        (
            "a rule may turn the engine to detection",
            r#"SecAction "id:1,phase:1,pass,ctl:ruleEngine=DetectionOnly"
               SecRule ARGS "@rx bad" "id:2,phase:2,deny""#,
            Verdict::Pass,
        ),
    ];
    let request = request("GET /?a=bad HTTP/1.1", "Host: a\r\n", "");
    for (what, text, expected) in cases {
        let obeyed = Arc::new(rules(text).policy().in_mode(EngineMode::On));
        let mut transaction = Transaction::new(Arc::clone(&obeyed));
        let verdict = run(&mut transaction, &obeyed, &request, |_| Response::default());
        assert_eq!(verdict, expected, "{what}");
        let watched = Arc::new(rules(text).policy().in_mode(EngineMode::DetectionOnly));
        let verdict = run(&mut transaction, &watched, &request, |_| {
            Response::default()
        });
        assert_eq!(verdict, Verdict::Pass, "{what}, in detection");
    }
}

#[test]
fn a_transaction_says_whether_rules_are_obeyed_as_rules_have_left_it() {
    use EngineMode::{DetectionOnly, Off, On};
    let request = request("GET /?a=bad HTTP/1.1", "Host: a\r\n", "");
    for (action, expected) in [
        ("pass", On),
        ("pass,ctl:ruleEngine=Off", Off),
        ("pass,ctl:ruleEngine=DetectionOnly", DetectionOnly),
        ("pass,ctl:ruleEngine=Off,ctl:ruleEngine=On", On),
    ] {
        let text = format!(r#"SecRule ARGS "@rx bad" "id:1,phase:1,{action}""#);
        let policy = Arc::new(rules(&text).policy().in_mode(On));
        let mut transaction = Transaction::new(Arc::clone(&policy));
        run(&mut transaction, &policy, &request, |_| Response::default());
        assert_eq!(transaction.engine(), expected, "{action}");
        let other = Arc::new(rules("").policy().in_mode(DetectionOnly));
        run(&mut transaction, &other, &request, |_| Response::default());
        assert_eq!(transaction.engine(), DetectionOnly, "of the next exchange");
    }
}

#[test]
fn bodies_are_read_by_type_and_what_cannot_be_read_is_told() {
    let text = r#"
        SecRequestBodyAccess On
        SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQBODY_ERROR "@eq 1" "id:3,phase:2,pass"
        SecRule ARGS|XML:/*|XML://@*|FILES "@contains bad" "id:4,phase:2,pass"
        SecRule REQUEST_BODY "@contains bad" "id:5,phase:2,pass"
        SecRule REQBODY_PROCESSOR "@streq JSON" "id:6,phase:2,pass""#;
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"bad.txt\"\r\n\r\nx\r\n--b--\r\n";
    let cases: [(&str, &str, &str, &[u64]); 8] = [
        (
            "a form",
            "application/x-www-form-urlencoded",
            "a=1&b=b%61d",
            &[4],
        ),
        (
            "a form, undecoded",
            "application/x-www-form-urlencoded",
            "a=bad",
            &[4, 5],
        ),
        (
            "JSON",
            "application/json",
            r#"{"a":["x",{"b":"bad"}]}"#,
            &[4, 6],
        ),
        (
            "JSON that breaks off is seen",
            "application/json",
            r#"{"a":"bad"#,
            &[3, 4, 6],
        ),
        ("XML text", "text/xml", "<a>b<b>ad</b></a>", &[4]),
        ("an XML attribute", "text/xml", "<a b='bad'/>", &[4]),
        (
            "an upload's name",
            "multipart/form-data; boundary=b",
            multipart,
            &[4],
        ),
        ("a type that nothing reads", "text/plain", "bad", &[]),
    ];
    for (what, kind, body, expected) in cases {
        let headers = format!(
            "Host: a\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
            body.len()
        );
        let request = request("POST / HTTP/1.1", &headers, body);
        let found: Vec<u64> = found(text, &request).iter().map(|(id, ..)| *id).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn rules_by_the_thousand_may_all_lead_to_the_last() {
    // Rule by rule over rule by rule would be a billion steps.
    let count = 30_000;
    let mut text = String::new();
    for id in 1..=count {
        let to = if id % 2 == 0 { "END" } else { "40000" };
        text += &format!(
            "SecAction \"id:{id},phase:{},pass,nolog,skipAfter:{to}\"\n",
            id % 2 + 1
        );
    }
    text +=
        "SecAction \"id:40000,phase:2,pass\"\nSecMarker END\nSecAction \"id:40001,phase:1,pass\"";
    assert_eq!(faults(&text), [""; 0]);
}

#[test]
fn choosing_rules_may_take_so_much_and_not_more() {
    let rules: String = (1..=4000)
        .map(|id| format!("SecAction \"id:{id},phase:1,pass,tag:'t{id}'\"\n"))
        .collect();
    let expected =
        "too many directives and `ctl` choose among too many rules: from here on none is followed";
    for (directive, count) in [
        ("SecRuleUpdateTargetById 1-9999 \"!ARGS:a\"\n", 400),
        ("SecRuleRemoveByTag none\n", 1200),
    ] {
        let told = faults(&(rules.clone() + &directive.repeat(count)));
        let told = told.iter().filter(|fault| fault.ends_with(expected));
        assert_eq!(told.count(), 1, "{directive}");
        let few = faults(&(rules.clone() + &directive.repeat(50)));
        assert!(
            !few.iter().any(|fault| fault.ends_with(expected)),
            "{directive}"
        );
    }
}

#[test]
fn faults_have_places_and_keep_a_rule_set_from_being_compiled() {
    let cases: [(&str, &[&str]); 9] = [
        (
            r#"SecRule ARGS "@rx a" "phase:2,pass""#,
            &["1:1: the rule has no `id`"],
        ),
        (
            "SecAction \"id:1,pass\"\nSecAction \"id:1,pass\"",
            &["2:1: there is a rule 1 already"],
        ),
        (
            r#"SecRule ARGS "@rx a" "id:1,pass,chain""#,
            &["1:1: the chain ends with `chain`: a rule must follow"],
        ),
        (
            "SecRule ARGS \"@rx a\" \"id:1,phase:1,pass,chain\"\nSecRule ARGS \"@rx b\" \"phase:2\"",
            &["2:23: the rule is in phase 1: its chain cannot be in another"],
        ),
        (
            "SecRule ARGS \"@rx a\" \"id:1,pass,chain\"\nSecRule ARGS \"@rx b\" \"id:2\"",
            &["2:23: `id` belongs to the first rule of a chain"],
        ),
        (
            r#"SecAction "id:1,pass,skipAfter:NO""#,
            &["1:1: nothing below is called `NO`: the rest of the phase is skipped"],
        ),
        (
            "SecRuleRemoveById 7",
            &["1:1: no rule above has this id: nothing is changed"],
        ),
        (
            r#"SecAction "id:1,pass,initcol:ip=%{REMOTE_ADDR}""#,
            &["1:22: `initcol` has no effect: nothing is kept between exchanges"],
        ),
        (r#"SecAction "id:1,pass""#, &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text), expected, "{text}");
    }
    for (chain, expected) in [
        ("t:lowercase,".repeat(32), &[][..]),
        (
            "t:lowercase,".repeat(33),
            &["1:1: a rule may have 32 transformations in a row, and not more"],
        ),
        ("t:hexEncode,".repeat(4), &[]),
        ("t:hexEncode,".repeat(5) + "t:none,", &[]),
        (
            "t:hexEncode,".repeat(5) + "t:md5,",
            &[
                "1:1: the transformations may make a value more than 16 times as long, which a client could use",
            ],
        ),
    ] {
        let text = format!(r#"SecRule ARGS "@rx a" "id:1,pass,{chain}nolog""#);
        assert_eq!(faults(&text), expected, "{chain}");
    }
    let broken = faults(r#"SecRule ARGS "@rx (" "id:1,pass""#);
    assert!(
        broken.len() == 1 && broken[0].starts_with("1:19: the pattern"),
        "{broken:?}"
    );
}
