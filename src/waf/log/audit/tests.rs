use super::super::{
    About, Masks, error_lines, event,
    tests::{GET, Sent, policy, run},
};
use super::*;
use crate::waf::{
    RuleSet, Transaction,
    seclang::{self, EngineMode, NoFiles, SourceMap, Trust},
};

/// The boundary of an entry, replaced.
fn native(transaction: &Transaction, about: &About<'_>) -> String {
    let mut out = Vec::new();
    audit_native(transaction, about, &Masks::default(), &mut out);
    let text = String::from_utf8(out).unwrap();
    let boundary = text.get(..10).unwrap().to_owned();
    text.replace(&boundary, "--0")
}

const RULES: &str = "SecRuleEngine On\n\
    SecComponentSignature \"CRS/4\"\n\
    SecAuditLogParts ABCEFHJKZ\n\
    SecRule ARGS \"@rx x\" \"id:1,phase:2,pass,log,noauditlog\"\n\
    SecRule ARGS \"@rx x\" \"id:2,phase:2,deny,log,msg:'M'\"\n";

const FORM: &[(&str, &[u8])] = &[
    ("Host", b"shop.example"),
    ("Cookie", b"a=b"),
    ("Content-Type", b"application/x-www-form-urlencoded"),
];

#[test]
fn a_native_entry_has_modsecuritys_sections() {
    let sent = Sent {
        target: b"/p?token=t&q=\xff",
        headers: FORM,
        body: b"a=x&password=y",
        ..GET
    };
    let about = About {
        status: 403,
        request_body: sent.body,
        ..About::default()
    };
    let line = r#"ModSecurity: Access denied with code 403 (phase 2). Matched "Operator `Rx' with parameter `x' against variable `ARGS:a' (Value: `x' ) [file "rules/a.conf"] [line "5"] [id "2"] [rev ""] [msg "M"] [data ""] [severity "0"] [ver ""] [maturity "0"] [accuracy "0"] [hostname "shop.example"] [uri "/p"] [unique_id "4f2a"] [ref ""]"#;
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "--0-A--\n[22/Nov/2026:12:00:00 +0000] 4f2a 192.0.2.7 40000 10.0.0.1 8443\n\n\
         --0-B--\nPOST /p?token=***&q=\\xff HTTP/1.1\nHost: shop.example\nCookie: ***\n\
         Content-Type: application/x-www-form-urlencoded\n\n\
         --0-C--\na=x&password=***\n\n\
         --0-F--\nHTTP/1.1 403\n\n\
         --0-H--\nMessage: {line}\nAction: Intercepted (phase 2)\n\
         Producer: Portcullis/{version}; CRS/4.\nEngine-Mode: \"ENABLED\"\n\n\
         --0-K--\n[file \"rules/a.conf\"] [line \"5\"] [id \"2\"]\n\n\
         --0-Z--\n\n"
    );
    assert_eq!(native(&run(policy(RULES), &sent), &about), expected);
}

#[test]
fn a_multipart_form_is_shown_as_fields_and_uploads() {
    let sent = Sent {
        headers: &[("Content-Type", b"multipart/form-data; boundary=b")],
        body: b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx y\r\n\
            --b\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nz\r\n\
            --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\nabc\r\n--b--\r\n",
        ..GET
    };
    let about = About {
        request_body: sent.body,
        ..About::default()
    };
    let transaction = run(policy("SecAuditLogParts AIJZ"), &sent);
    assert_eq!(
        native(&transaction, &about),
        "--0-A--\n[22/Nov/2026:12:00:00 +0000] 4f2a 192.0.2.7 40000 10.0.0.1 8443\n\n\
         --0-I--\na=x+y&pwd=%2a%2a%2a\n\n--0-J--\n3,\"f\",\"n.txt\"\n\n--0-Z--\n\n"
            .replace("%2a%2a%2a", "***")
    );
    let whole = run(policy("SecAuditLogParts ACZ"), &sent);
    let text = native(&whole, &about);
    assert!(
        text.contains("--0-C--\n[left out: it may hold what is masked]\n"),
        "{text}"
    );
}

#[test]
fn nothing_that_is_sent_ends_a_section() {
    let first = run(policy("SecAuditLogParts ACZ"), &GET);
    let mut out = Vec::new();
    audit_native(&first, &About::default(), &Masks::default(), &mut out);
    let forged = [&out[..10], b"-Z--\n\n"].concat();
    let about = About {
        request_body: &forged,
        ..About::default()
    };
    let mut out = Vec::new();
    audit_native(&first, &about, &Masks::default(), &mut out);
    assert!(!out.starts_with(&forged[..10]));
}

#[test]
fn a_json_entry_has_modsecuritys_keys() {
    let sent = Sent {
        target: b"/p?token=t",
        headers: FORM,
        body: b"a=x&password=y",
        ..GET
    };
    let about = About {
        status: 403,
        request_body: sent.body,
        ..About::default()
    };
    let mut out = Vec::new();
    audit_json(
        &run(policy(RULES), &sent),
        &about,
        &Masks::default(),
        &mut out,
    );
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#"{{"transaction":{{"client_ip":"192.0.2.7","time_stamp":"Sun Nov 22 12:00:00 2026","client_port":"40000","host_ip":"10.0.0.1","host_port":"8443","unique_id":"4f2a","request":{{"method":"POST","protocol":"HTTP/1.1","uri":"/p?token=***","body":"a=x&password=***","headers":{{"Host":"shop.example","Cookie":"***","Content-Type":"application/x-www-form-urlencoded"}},"files":{{}}}},"response":{{"http_code":403,"body":"","headers":{{}}}},"producer":{{"modsecurity":"Portcullis/{version}","secrules_engine":"Enabled","components":["CRS/4"]}},"messages":[{{"message":"M","details":{{"match":"Matched \"Operator `Rx' with parameter `x' against variable `ARGS:a' (Value: `x' )","reference":"","ruleId":"2","file":"rules/a.conf","lineNumber":"5","data":"","severity":"0","maturity":"0","accuracy":"0","ver":"","rev":"","tags":[]}}}}]}}}}"#
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected + "\n");
}

#[test]
fn exchanges_are_logged_as_directives_and_rules_say() {
    let rule = "SecRule ARGS \"@rx x\" \"id:1,phase:2,pass,log\"\n";
    let recommended = "SecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\n";
    for (directives, target, status, wanted) in [
        ("SecAuditEngine On\n", &b"/"[..], 200, true),
        ("SecAuditEngine Off\n", b"/?a=x", 500, false),
        ("SecAuditEngine RelevantOnly\n", b"/", 500, false),
        ("SecAuditEngine RelevantOnly\n", b"/?a=x", 200, true),
        (recommended, b"/", 500, true),
        (recommended, b"/", 403, true),
        (recommended, b"/", 404, false),
        (recommended, b"/", 200, false),
        (recommended, b"/", 0, false),
        (
            "SecAction \"id:2,phase:1,pass,nolog,ctl:auditEngine=Off\"\n",
            b"/?a=x",
            200,
            false,
        ),
        (
            "SecAction \"id:2,phase:1,pass,nolog,ctl:auditEngine=On\"\n",
            b"/",
            200,
            true,
        ),
        (
            "SecRule ARGS \"@rx y\" \"id:3,phase:2,pass,nolog,auditlog\"\n",
            b"/?a=y",
            200,
            true,
        ),
        (
            "SecRule ARGS \"@rx y\" \"id:3,phase:2,pass,log,noauditlog\"\n",
            b"/?a=y",
            200,
            false,
        ),
    ] {
        let policy = policy(&format!("{directives}{rule}"));
        let transaction = run(policy, &Sent { target, ..GET });
        let found = wants_audit(&transaction, status);
        assert_eq!(found, wanted, "{directives} {status}");
    }
}

#[test]
fn a_pattern_of_relevant_statuses_that_is_none_is_an_error_of_the_rules() {
    let mut sources = SourceMap::default();
    let text = b"SecAuditLogRelevantStatus \"^(?:5\"";
    let parsed = seclang::parse(&mut sources, &NoFiles, Trust::Operator, "a.conf", text);
    let compiled = RuleSet::compile(&parsed.directives, &sources, &NoFiles);
    assert!(compiled.result.is_none());
    let errors: Vec<_> = compiled
        .errors
        .iter()
        .map(|it| it.kind.to_string())
        .collect();
    assert!(
        matches!(&*errors, [error] if error.contains("a group at byte 1")),
        "{errors:?}"
    );
}

#[test]
fn long_bodies_and_forms_are_cut_and_no_part_of_a_secret_is_left() {
    // The cut is before the secret, in the middle of its name, of it, and behind it.
    for before in (0..64).step_by(3) {
        let long = "x".repeat(BODY_KEPT - before);
        for (kind, body) in [
            (
                "application/x-www-form-urlencoded",
                format!("a={long}&password=zq7hunterzq7&b={long}"),
            ),
            (
                "application/json",
                format!(r#"{{"a":"{long}","password":"zq7hunterzq7","b":"{long}"}}"#),
            ),
            (
                "text/xml",
                format!("<a><b>{long}</b><password>zq7hunterzq7</password><c>{long}</c></a>"),
            ),
        ] {
            let rules = "SecAuditLogParts ABCHZ\n\
                 SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
                 SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
                 SecRule ARGS|XML:/* \"@contains hunter\" \"id:3,phase:2,pass,log,logdata:'%{MATCHED_VAR}'\"\n";
            let sent = Sent {
                headers: &[("Content-Type", kind.as_bytes())],
                body: body.as_bytes(),
                ..GET
            };
            let transaction = run(policy(rules), &sent);
            let about = About {
                request_body: &body.as_bytes()[..BODY_KEPT],
                request_body_cut: true,
                ..About::default()
            };
            for write in [audit_json, audit_native] {
                let mut entry = Vec::new();
                write(&transaction, &about, &Masks::default(), &mut entry);
                assert!(entry.len() < 2 * BODY_KEPT, "{kind}: {} bytes", entry.len());
                let text = String::from_utf8(entry).unwrap();
                assert!(
                    text.contains("ARGS") || kind == "text/xml",
                    "{kind}: rule 3"
                );
                assert!(!text.contains("zq7"), "{kind}, {before} bytes before");
            }
        }
    }
}

#[test]
fn a_long_form_in_parts_is_cut() {
    let long = "x".repeat(BODY_KEPT);
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{long}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nbeyond\r\n--b--\r\n"
    );
    let sent = Sent {
        headers: &[("Content-Type", b"multipart/form-data; boundary=b")],
        body: body.as_bytes(),
        ..GET
    };
    let text = native(
        &run(policy("SecAuditLogParts AIZ"), &sent),
        &About::default(),
    );
    assert!(text.contains("a=xxxx") && !text.contains("beyond"));
    assert!(text.len() < BODY_KEPT + 300, "{} bytes", text.len());
}

#[test]
fn parts_follow_what_rules_set() {
    for (change, letters) in [("+K", "AHKZ"), ("-H", "AZ"), ("AB", "ABZ")] {
        let rules = format!(
            "SecAuditLogParts AHZ\n\
             SecAction \"id:1,phase:1,pass,log,ctl:auditLogParts={change}\""
        );
        let text = native(&run(policy(&rules), &GET), &About::default());
        let marks = text.lines().filter_map(|line| line.strip_prefix("--0-"));
        let found: String = marks.filter_map(|mark| mark.strip_suffix("--")).collect();
        assert_eq!(found, letters, "{change}");
    }
}

/// Rules that find the secret wherever it is, copy it and tell everything of it.
const CURIOUS: &str = r#"
SecRuleEngine DetectionOnly
SecAuditLogParts ABCEFHIJKZ
SecResponseBodyAccess On
SecResponseBodyMimeType text/html application/json
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@contains plain" "id:3,phase:1,pass,nolog,ctl:forceRequestBodyVariable=On"
SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_COOKIES_NAMES|REQUEST_HEADERS|REQUEST_URI|REQUEST_URI_RAW|REQUEST_LINE|QUERY_STRING|REQUEST_FILENAME|REQUEST_BASENAME|REQUEST_BODY|FULL_REQUEST|XML:/*|XML://@*|FILES|FILES_TMP_CONTENT|MULTIPART_PART_HEADERS "@rx zq7.*" "id:10,phase:2,pass,log,capture,setvar:'tx.copy=%{tx.0}',setenv:'copy=%{MATCHED_VAR}',msg:'m %{MATCHED_VAR}',tag:'t %{TX.0}',logdata:'%{TX.0} in %{MATCHED_VAR_NAME}: %{MATCHED_VAR}'"
SecRule ARGS|REQUEST_COOKIES|REQUEST_HEADERS|REQUEST_URI|REQUEST_BODY "@rx ZQ7" "id:11,phase:2,pass,log,t:uppercase,msg:'m',logdata:'%{MATCHED_VAR}'"
SecRule ARGS|REQUEST_COOKIES|REQUEST_HEADERS|REQUEST_BODY|XML:/* "@rx (zq7.*)" "id:12,phase:2,pass,log,capture,chain,logdata:'%{TX.1} %{MATCHED_VARS}'"
  SecRule REQUEST_METHOD "@streq POST"
SecRule TX:copy|ENV:copy "@rx zq7" "id:13,phase:2,pass,log,logdata:'%{MATCHED_VAR} and %{TX.copy}'"
SecRule ARGS|REQUEST_COOKIES|REQUEST_HEADERS|REQUEST_BODY|XML:/* "@rx zq7" "id:14,phase:2,pass,log,chain,logdata:'%{MATCHED_VAR}'"
  SecRule MATCHED_VARS|MATCHED_VAR "@rx zq7"
SecAction "id:15,phase:2,pass,log,msg:'%{REQUEST_LINE}',logdata:'%{REQUEST_HEADERS.Authorization} %{ARGS.password} %{REQUEST_COOKIES} %{QUERY_STRING} %{MATCHED_VAR} %{TX.0} %{ENV.copy}'"
SecRule RESPONSE_HEADERS|RESPONSE_BODY "@rx zq7.*" "id:20,phase:4,pass,log,capture,msg:'%{MATCHED_VAR}',logdata:'%{TX.0} in %{MATCHED_VAR_NAME}: %{MATCHED_VAR}'"
"#;

/// What is planted.
const SECRET: &str = "zq7hunterzq7";

/// An exchange, and what of it every log has all the same.
struct Case {
    name: &'static str,
    target: &'static [u8],
    header: (&'static str, &'static [u8]),
    body: &'static [u8],
    answer: (&'static str, &'static [u8]),
    answer_body: &'static [u8],
}

const CASE: Case = Case {
    name: "",
    target: b"/",
    header: ("Accept", b"*/*"),
    body: b"",
    answer: ("Content-Type", b"text/html"),
    answer_body: b"",
};

fn cases() -> Vec<Case> {
    const FORM: (&str, &[u8]) = ("Content-Type", b"application/x-www-form-urlencoded");
    const JSON: (&str, &[u8]) = ("Content-Type", b"application/json");
    let query = |name, target| Case {
        name,
        target,
        ..CASE
    };
    let header = |name, header| Case {
        name,
        header,
        ..CASE
    };
    let body = |name, header, body| Case {
        name,
        header,
        body,
        ..CASE
    };
    let answer = |name, answer| Case {
        name,
        answer,
        header: ("Cookie", b"a=zq7hunterzq7"),
        ..CASE
    };
    vec![
        query("query", b"/a?b=c&password=zq7hunterzq7"),
        query("query with delimiters", b"/a?password=;,%22zq7hunterzq7"),
        query("query with a nested name", b"/a?user%5Bapi_key%5D=zq7hunterzq7"),
        query("query with an escaped name", b"/a?p%61ssw%6frd=zq7hunterzq7"),
        query("address in the query", b"/a?to=https%3A%2F%2Fb%2F%3Faccess_token%3Dzq7hunterzq7"),
        query("document as a name", b"/a?{\"password\":\"zq7hunterzq7\"}"),
        query("document as a value", b"/a?q={\"password\":\"zq7hunterzq7\"}"),
        query("path parameter", b"/a;jsessionid=zq7hunterzq7"),
        query("user and password", b"http://u:zq7hunterzq7@a/b"),
        header("cookie", ("Cookie", b"theme=zq7hunterzq7")),
        header("authorization", ("Authorization", b"Bearer zq7hunterzq7")),
        header("proxy authorization", ("Proxy-Authorization", b"Basic zq7hunterzq7")),
        header("key in a header", ("X-Api-Key", b"zq7hunterzq7")),
        header("token in a header", ("x-csrf-token", b"zq7hunterzq7")),
        header("referer", ("Referer", b"https://a/b?token=a;b,zq7hunterzq7&c")),
        body("form", FORM, b"a=b&passwd=zq7hunterzq7"),
        body("form with an escaped name", FORM, b"pass%77d=zq7hunterzq7&a=b"),
        body("JSON", JSON, br#"{"a":1,"user":{"password":"zq7hunterzq7"}}"#),
        body("JSON in a list", JSON, br#"[{"b":[{"secret":["x","zq7hunterzq7"]}]}]"#),
        body("JSON with an escaped name", JSON, br#"{"p\u0061ssword":"zq7hunterzq7"}"#),
        body("broken JSON", JSON, br#"{"password":"zq7hunterzq7""#),
        body("GraphQL", JSON, br#"{"query":"mutation{login(password:\"zq7hunterzq7\"){id}}"}"#),
        body(
            "JSON in UTF-16",
            JSON,
            b"\xfe\xff\0{\0\"\0p\0w\0d\0\"\0:\0\"\0z\0q\x007\0h\0u\0n\0t\0e\0r\0z\0q\x007\0\"\0}",
        ),
        body("XML", ("Content-Type", b"text/xml"), b"<a><password>zq7hunterzq7</password></a>"),
        body("XML attribute", ("Content-Type", b"text/xml"), b"<a><b pwd='zq7hunterzq7'/></a>"),
        body("text", ("Content-Type", b"text/plain"), b"my password is zq7hunterzq7"),
        body(
            "multipart",
            ("Content-Type", b"multipart/form-data; boundary=b"),
            b"--b\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nzq7hunterzq7\r\n--b--\r\n",
        ),
        body(
            "upload",
            ("Content-Type", b"multipart/form-data; boundary=b"),
            b"--b\r\nContent-Disposition: form-data; name=\"secret\"; filename=\"a\"\r\n\r\nzq7hunterzq7\r\n--b--\r\n",
        ),
        answer("set-cookie", ("Set-Cookie", b"b=zq7hunterzq7")),
        answer("location", ("Location", b"/c?token=zq7hunterzq7")),
        answer("header sent back", ("X-Echo", b"zq7hunterzq7")),
        Case {
            name: "body sent back",
            header: ("Authorization", b"zq7hunterzq7"),
            answer_body: b"<p>Hello zq7hunterzq7</p>",
            ..CASE
        },
        Case {
            name: "JSON answer",
            answer: ("Content-Type", b"application/json"),
            answer_body: br#"{"access_token":"zq7hunterzq7"}"#,
            ..CASE
        },
    ]
}

/// Every sink's text, without the zeros of UTF-16.
fn sinks(case: &Case, masks: &Masks) -> Vec<(&'static str, String)> {
    let sent = Sent {
        target: case.target,
        headers: &[("Host", b"a"), case.header],
        body: case.body,
        answer: &[case.answer],
        answer_body: case.answer_body,
    };
    let transaction = run(policy(CURIOUS).in_mode(EngineMode::DetectionOnly), &sent);
    let about = About {
        status: 200,
        request_body: case.body,
        response_body: case.answer_body,
        ..About::default()
    };
    let mut texts = [const { Vec::new() }; 5];
    let [lines, line, json, native, audit] = &mut texts;
    error_lines(&transaction, &about, masks, lines);
    event(&transaction, &about, masks, line);
    audit_json(&transaction, &about, masks, json);
    audit_native(&transaction, &about, masks, native);
    // Without bodies, no more is known of fields and no more may be shown.
    let about = About::default();
    audit_json(&transaction, &about, masks, audit);
    error_lines(&transaction, &about, masks, audit);
    let names = ["error lines", "event", "JSON", "native", "without bodies"];
    let texts = texts.map(|text| {
        let text = String::from_utf8(text).unwrap().to_ascii_lowercase();
        text.replace("\\u0000", "").replace("\\x00", "")
    });
    names.into_iter().zip(texts).collect()
}

#[test]
fn no_sink_has_a_secret_wherever_it_was_planted() {
    let mut leaks = Vec::new();
    for case in cases() {
        let name = case.name;
        for (sink, text) in sinks(&case, &Masks::default()) {
            if let Some(at) = text.find(SECRET) {
                let around = &text[at.saturating_sub(150)..text.len().min(at + 50)];
                leaks.push(format!("{name}: {sink}: {around}"));
            }
            let explained = [
                "id:10",
                "id\":10",
                "id \"10",
                "id\":20",
                "id \"20",
                "ruleid\":\"10",
                "ruleid\":\"20",
            ];
            let told = explained.iter().any(|told| text.contains(told)) || name == "JSON in UTF-16";
            assert!(told, "{name}: {sink}: {text}");
        }
        let shown = sinks(&case, &Masks::none());
        let shown = shown.iter().any(|(_, text)| text.contains(SECRET));
        assert!(shown, "{name}: the secret was not found by any rule");
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn what_is_not_masked_is_shown_beside_what_is() {
    let case = Case {
        target: b"/a?q=zq7attack&password=zq7hunterzq7",
        header: ("Cookie", b"a=zq7attackzq7"),
        ..CASE
    };
    for (sink, text) in sinks(&case, &Masks::default()) {
        assert!(
            text.contains("zq7attack in args:q: zq7attack"),
            "{sink}: {text}"
        );
        assert!(text.contains("request_cookies:a"), "{sink}: {text}");
    }
}
