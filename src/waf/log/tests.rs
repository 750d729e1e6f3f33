//! Whole exchanges, as the log has them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::*;
use crate::waf::{
    Exchange, Policy, RequestLine, RuleSet, Transaction,
    seclang::{self, EngineMode, NoFiles, SourceMap, Trust},
};

/// A policy of these rules.
pub(super) fn policy(rules: &str) -> Policy {
    let mut sources = SourceMap::default();
    let name = "rules/a.conf";
    let parsed = seclang::parse(
        &mut sources,
        &NoFiles,
        Trust::Operator,
        name,
        rules.as_bytes(),
    );
    assert_eq!(parsed.errors, []);
    let compiled = RuleSet::compile(&parsed.directives, &sources, &NoFiles);
    assert!(compiled.errors.is_empty(), "{:?}", compiled.errors);
    compiled.result.unwrap().policy()
}

/// An exchange, in pieces.
pub(super) struct Sent<'a> {
    pub(super) target: &'a [u8],
    pub(super) headers: &'a [(&'a str, &'a [u8])],
    pub(super) body: &'a [u8],
    pub(super) answer: &'a [(&'a str, &'a [u8])],
    pub(super) answer_body: &'a [u8],
}

pub(super) const GET: Sent<'static> = Sent {
    target: b"/",
    headers: &[("Host", b"shop.example:8443")],
    body: b"",
    answer: &[],
    answer_body: b"",
};

/// Runs an exchange through all phases.
pub(super) fn run(policy: Policy, sent: &Sent<'_>) -> Transaction {
    let policy = Arc::new(policy);
    let mut transaction = Transaction::new(Arc::clone(&policy));
    transaction.begin(
        &policy,
        &Exchange {
            client: b"192.0.2.7",
            client_port: 40_000,
            server: b"10.0.0.1",
            server_port: 8443,
            id: b"4f2a",
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_348_800_123),
        },
    );
    let line = [b"POST ", sent.target, b" HTTP/1.1"].concat();
    transaction.request_line(&RequestLine {
        line: &line,
        method: b"POST",
        target: sent.target,
        protocol: b"HTTP/1.1",
    });
    for (name, value) in sent.headers {
        transaction.request_header(name.as_bytes(), value);
    }
    if transaction.run_request_head().passes() {
        transaction.request_body(sent.body, true);
        if transaction.run_request_body().passes() {
            transaction.response_line(b"HTTP/1.1", 200, b"OK");
            for (name, value) in sent.answer {
                transaction.response_header(name.as_bytes(), value);
            }
            if transaction.run_response_head().passes() {
                transaction.response_body(sent.answer_body, true);
                transaction.run_response_body();
            }
        }
    }
    transaction.run_logging();
    transaction
}

fn lines(transaction: &Transaction, masks: &Masks) -> String {
    let mut out = Vec::new();
    error_lines(transaction, &About::default(), masks, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn an_error_line_reads_as_modsecurity_3_has_it() {
    let rule = |actions: &str| {
        format!("SecRuleEngine On\nSecRule ARGS \"@rx sel+ect\" \"id:942100,phase:2,{actions}\"")
    };
    for (name, rules, target, expected) in [
        (
            "a match that refuses nothing",
            rule(
                "pass,log,msg:'SQL: %{MATCHED_VAR_NAME}',logdata:'Found %{MATCHED_VAR}',severity:2,\
                  ver:'OWASP_CRS/4.25.0',rev:'3',maturity:7,accuracy:8,tag:'attack-sqli',tag:'b'",
            ),
            &b"/a%20b?id=select%0d%0a\"%ff\\"[..],
            r#"[client 192.0.2.7] ModSecurity: Warning. Matched "Operator `Rx' with parameter `sel+ect' against variable `ARGS:id' (Value: `select\x0d\x0a\x22\xff\\' ) [file "rules/a.conf"] [line "2"] [id "942100"] [rev "3"] [msg "SQL: ARGS:id"] [data "Found select\x0d\x0a\x22\xff\\"] [severity "2"] [ver "OWASP_CRS/4.25.0"] [maturity "7"] [accuracy "8"] [tag "attack-sqli"] [tag "b"] [hostname "shop.example"] [uri "/a b"] [unique_id "4f2a"] [ref ""]"#,
        ),
        (
            "a refusal, and nothing that may pass for another rule's id",
            rule("deny,status:406,log"),
            b"/?id=select\"] [id \"1\"]",
            r#"[client 192.0.2.7] ModSecurity: Access denied with code 406 (phase 2). Matched "Operator `Rx' with parameter `sel+ect' against variable `ARGS:id' (Value: `select\x22] [id \x221\x22]' ) [file "rules/a.conf"] [line "2"] [id "942100"] [rev ""] [msg ""] [data ""] [severity "0"] [ver ""] [maturity "0"] [accuracy "0"] [hostname "shop.example"] [uri "/"] [unique_id "4f2a"] [ref ""]"#,
        ),
        (
            "a redirection",
            rule("redirect:'https://a/?token=b',log"),
            b"/?id=select",
            r#"[client 192.0.2.7] ModSecurity: Access denied with redirection to https://a/?token=*** using status 302 (phase 2). Matched "Operator `Rx' with parameter `sel+ect' against variable `ARGS:id' (Value: `select' ) [file "rules/a.conf"] [line "2"] [id "942100"] [rev ""] [msg ""] [data ""] [severity "0"] [ver ""] [maturity "0"] [accuracy "0"] [hostname "shop.example"] [uri "/"] [unique_id "4f2a"] [ref ""]"#,
        ),
        (
            "a masked argument, explained by its name alone",
            rule("drop,log,logdata:'Found %{TX.0} in %{MATCHED_VAR}',capture"),
            b"/?user[pass]=select",
            r#"[client 192.0.2.7] ModSecurity: Access denied with connection close (phase 2). Matched "Operator `Rx' with parameter `sel+ect' against variable `ARGS:user[pass]' (Value: `***' ) [file "rules/a.conf"] [line "2"] [id "942100"] [rev ""] [msg ""] [data "***"] [severity "0"] [ver ""] [maturity "0"] [accuracy "0"] [hostname "shop.example"] [uri "/"] [unique_id "4f2a"] [ref ""]"#,
        ),
        (
            "an action that looks at nothing",
            "SecAction \"id:5,phase:1,pass,log,msg:'x'\"".to_owned(),
            b"/",
            r#"[client 192.0.2.7] ModSecurity: Warning. Unconditional match in SecAction. [file "rules/a.conf"] [line "1"] [id "5"] [rev ""] [msg "x"] [data ""] [severity "0"] [ver ""] [maturity "0"] [accuracy "0"] [hostname "shop.example"] [uri "/"] [unique_id "4f2a"] [ref ""]"#,
        ),
    ] {
        let transaction = run(policy(&rules), &Sent { target, ..GET });
        let expected = format!("{expected}\n");
        assert_eq!(lines(&transaction, &Masks::default()), expected, "{name}");
    }
}

#[test]
fn long_values_are_cut() {
    let rules = "SecRule ARGS \"@rx a\" \"id:1,phase:2,pass,log,logdata:'%{MATCHED_VAR}'\"";
    let target = [b"/?b=".to_vec(), vec![b'a'; 300]].concat();
    let transaction = run(
        policy(rules),
        &Sent {
            target: &target,
            ..GET
        },
    );
    let line = lines(&transaction, &Masks::default());
    let cut = format!("{} (100 characters omitted)", "a".repeat(200));
    assert!(line.contains(&format!("(Value: `{cut}' )")), "{line}");
    assert!(line.contains(&format!("[data \"{cut}\"]")), "{line}");
}

fn json(transaction: &Transaction, about: &About<'_>) -> Option<String> {
    let mut out = Vec::new();
    event(transaction, about, &Masks::default(), &mut out).then(|| {
        assert!(out.len() <= super::event::LIMIT);
        String::from_utf8(out).unwrap()
    })
}

#[test]
fn an_event_tells_what_was_found_and_what_became_of_it() {
    const RULES: &str = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.blocking_inbound_anomaly_score=5\"\n\
        SecRule ARGS \"@rx x\" \"id:2,phase:2,deny,log,msg:'M',logdata:'D %{MATCHED_VAR}',\
        severity:CRITICAL,tag:'a',tag:'b'\"";
    let about = About {
        status: 403,
        route: "shop/cart",
        policy: "shop/strict",
        ..About::default()
    };
    let target = b"/p?q=x%ff\"&token=s";
    for (mode, action) in [
        (EngineMode::On, "blocked"),
        (EngineMode::DetectionOnly, "would_block"),
    ] {
        let transaction = run(policy(RULES).in_mode(mode), &Sent { target, ..GET });
        let word = if mode == EngineMode::On {
            "block"
        } else {
            "detect"
        };
        let expected = format!(
            r#"{{"time":"2026-11-22T12:00:00.123Z","request_id":"4f2a","client":"192.0.2.7","host":"shop.example","method":"POST","uri":"/p?q=x%ff\"&token=***","route":"shop/cart","policy":"shop/strict","mode":"{word}","action":"{action}","status":403,"scores":{{"inbound":5}},"matches":[{{"id":2,"phase":2,"msg":"M","data":"D x\\xff\"","severity":"critical","variable":"ARGS:q","value":"x\\xff\"","operator":"rx","argument":"x","file":"rules/a.conf","line":2,"tags":["a","b"],"disruptive":true}}]}}"#
        );
        assert_eq!(json(&transaction, &about), Some(expected + "\n"));
    }
}

#[test]
fn an_event_is_written_where_something_was_found_or_refused() {
    const RULES: &str = "SecRule ARGS \"@rx drop\" \"id:1,phase:2,drop,nolog\"\n\
        SecRule ARGS \"@rx quiet\" \"id:2,phase:2,pass,nolog\"\n\
        SecRule ARGS \"@rx loud\" \"id:3,phase:2,pass,log\"";
    let too_large = About {
        refused: Some("body_too_large"),
        ..About::default()
    };
    for (target, about, action) in [
        (&b"/?a=b"[..], About::default(), None),
        (b"/?a=quiet", About::default(), None),
        (b"/?a=loud", About::default(), Some("passed")),
        (b"/?a=drop", About::default(), Some("dropped")),
        (b"/?a=b", too_large, Some("blocked")),
    ] {
        let rules = policy(RULES).in_mode(EngineMode::On);
        let transaction = run(rules, &Sent { target, ..GET });
        let line = json(&transaction, &about);
        let read = |line: String| serde_json::from_str::<serde_json::Value>(&line).unwrap();
        let found = line.map(|line| read(line)["action"].as_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), action);
    }
}

#[test]
fn an_event_is_bounded_and_says_so() {
    let mut rules = String::new();
    for id in 1..=100 {
        rules += &format!(
            "SecRule ARGS \"@rx a\" \"id:{id},phase:2,pass,log,logdata:'%{{MATCHED_VAR}}',\
             tag:'%{{MATCHED_VAR}}'\"\n"
        );
    }
    let mut target = b"/?b=a".to_vec();
    target.resize(6000, 1);
    let transaction = run(
        policy(&rules),
        &Sent {
            target: &target,
            ..GET
        },
    );
    let line = json(&transaction, &About::default()).unwrap();
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    let shown = read["matches"].as_array().unwrap().len();
    assert!(shown > 1);
    assert_eq!(read["matches_lost"], 100 - shown);
    assert_eq!(read["truncated"], true);
}
