//! Actions, macros and `ctl`.

use super::support::{error, good, read, rule, show_actions, show_targets, show_template};
use crate::waf::Variable;
use crate::waf::seclang::{
    ActionKind, AuditMode, AuditParts, BodyProcessor, Change, Ctl, DirectiveKind, EngineMode,
    IdRange, PartsChange,
};

/// The actions of a list, as `Debug` has them.
fn actions(list: &str) -> Vec<String> {
    show_actions(&rule(format!("SecRule ARGS x \"{list}\"")).actions)
}

/// The only action of a list.
fn action(list: &str) -> ActionKind {
    let rule = rule(format!("SecRule ARGS x \"{list}\""));
    assert_eq!(rule.actions.len(), 1, "{list}");
    rule.actions.into_iter().next().unwrap().kind
}

#[test]
fn actions_are_read_as_they_are_written() {
    for (list, expected) in [
        ("id:1", "[Id(1)]"),
        ("id:'900001'", "[Id(900001)]"),
        ("ID:1, Deny ,PASS", "[Id(1), Deny, Pass]"),
        ("id:1,,deny,", "[Id(1), Deny]"),
        ("", "[]"),
        (
            "phase:2,phase:request,phase:response,phase:logging",
            "[Phase(2), Phase(2), Phase(4), Phase(5)]",
        ),
        (
            "severity:'CRITICAL',severity:7,severity:Notice",
            "[Severity(2), Severity(7), Severity(5)]",
        ),
        (
            "status:403,skip:3,maturity:9,accuracy:0",
            "[Status(403), Skip(3), Maturity(9), Accuracy(0)]",
        ),
        (
            "allow,allow:phase,allow:request",
            "[Allow(Exchange), Allow(Phase), Allow(Request)]",
        ),
        (
            "t:none,t:lowercase,t:normalisePath,t:URLDECODEUNI",
            "[TransformNone, Transform(Lowercase), Transform(NormalizePath), Transform(UrlDecodeUni)]",
        ),
        (
            "log,nolog,auditlog,noauditlog",
            "[Log, NoLog, AuditLog, NoAuditLog]",
        ),
        (
            "block,deny,drop,chain,capture,multiMatch",
            "[Block, Deny, Drop, Chain, Capture, MultiMatch]",
        ),
    ] {
        assert_eq!(
            format!("[{}]", actions(list).join(", ")),
            expected,
            "{list}"
        );
    }
}

#[test]
fn values_are_text_with_macros() {
    for (list, expected) in [
        ("msg:'a, b'", "a, b"),
        ("msg:a b", "a b"),
        ("msg: 'a' ", "a"),
        ("msg:a|b:c", "a|b:c"),
        (r"msg:'it\'s'", "it\\'s"),
        (r"msg:'a\\\\b'", "a\\\\b"),
        (r"msg:'a\d'", "a\\\\d"),
        ("msg:''", ""),
        (
            "msg:'%{tx.score} of %{REQUEST_URI}'",
            "<TX.score> of <REQUEST_URI>",
        ),
        (
            "msg:'%{Args:a.b}%{matched_var_name}'",
            "<ARGS.a.b><MATCHED_VAR_NAME>",
        ),
        ("msg:'%{ARGS}'", "<ARGS>"),
        ("msg:'50% {x} %{tx.a'", "50% {x} %{tx.a"),
        ("msg:'%%{tx.a}}'", "%<TX.a>}"),
    ] {
        let ActionKind::Msg(template) = action(list) else {
            panic!("{list}")
        };
        assert_eq!(show_template(&template), expected, "{list}");
    }
}

#[test]
fn macros_that_name_nothing_are_warned_of_and_are_empty() {
    for list in [
        "msg:'a%{nothing}b'",
        "msg:'a%{}b'",
        "msg:'a%{tx.}b'",
        "msg:'a%{REQUEST_URI.x}b'",
    ] {
        let (directives, errors, warnings) = read(format!("SecAction \"{list}\""));
        assert_eq!(errors, [""; 0]);
        assert!(warnings[0].starts_with("the macro `%{"), "{warnings:?}");
        let [DirectiveKind::Action(actions)] = directives.as_slice() else {
            panic!("{list}")
        };
        let ActionKind::Msg(template) = &actions[0].kind else {
            panic!("{list}")
        };
        assert_eq!(show_template(template), "ab");
    }
    let (_, _, warnings) = read("SecRule ARGS \"@eq %{tx.a}%{tx}%{x}\" \"id:1\"");
    assert_eq!(
        warnings,
        ["the macro `%{x}` names nothing and stands for the empty text"]
    );
}

#[test]
fn setvar_sets_adds_subtracts_and_unsets() {
    for (list, collection, name, expected) in [
        ("setvar:tx.a", Variable::Tx, "a", "=1"),
        ("setvar:tx.a=", Variable::Tx, "a", "="),
        ("setvar:TX.a=b", Variable::Tx, "a", "=b"),
        ("setvar:'tx.a=%{tx.b} c'", Variable::Tx, "a", "=<TX.b> c"),
        (
            "setvar:tx.a=+%{tx.critical}",
            Variable::Tx,
            "a",
            "+<TX.critical>",
        ),
        ("setvar:tx.a=-5", Variable::Tx, "a", "-5"),
        ("setvar:!tx.a", Variable::Tx, "a", "!"),
        (
            "setvar:'tx.h_%{tx.0}=%{tx.0}=x'",
            Variable::Tx,
            "h_<TX.0>",
            "=<TX.0>=x",
        ),
        ("setvar:ip.a.b=1", Variable::Ip, "a.b", "=1"),
    ] {
        let ActionKind::SetVar(set) = action(list) else {
            panic!("{list}")
        };
        let change = match &set.change {
            Change::Set(value) => format!("={}", show_template(value)),
            Change::Add(value) => format!("+{}", show_template(value)),
            Change::Subtract(value) => format!("-{}", show_template(value)),
            Change::Unset => "!".to_owned(),
        };
        let found = (set.collection, show_template(&set.name), change);
        assert_eq!(
            found,
            (collection, name.to_owned(), expected.to_owned()),
            "{list}"
        );
    }
}

#[test]
fn actions_that_cannot_be_read_are_errors() {
    for (list, expected) in [
        ("denny", "there is no action `denny`; did you mean `deny`?"),
        ("id", "the action `id` needs a value: a number"),
        ("id:", "`id` cannot be ``: expected a number"),
        ("id:-1", "`id` cannot be `-1`: expected a number"),
        (
            "id:18446744073709551616",
            "`id` cannot be `18446744073709551616`: expected a number",
        ),
        (
            "phase:6",
            "`phase` cannot be `6`: expected 1 to 5, `request`, `response` or `logging`",
        ),
        (
            "status:42",
            "`status` cannot be `42`: expected a status from 100 to 599",
        ),
        ("deny:403", "the action `deny` takes no value"),
        (
            "allow:all",
            "`allow` cannot be `all`: expected nothing, `phase` or `request`",
        ),
        ("t:lower", "there is no transformation `t:lower`"),
        (
            "t:lowercas",
            "there is no transformation `t:lowercas`; did you mean `t:lowercase`?",
        ),
        (":1", "the name of an action is missing here"),
        (
            "msg:'a",
            "this single quote is not closed; between single quotes, one is written as `\\'`",
        ),
        (
            "msg:'a'b",
            "a separator must follow; a value with blanks or separators stands in single quotes",
        ),
        (
            "setvar:a=1",
            "`setvar` cannot be `a`: expected `collection.member`, `=value`, `=+value` or `=-value` after it, or `!` before it",
        ),
        (
            "setvar:args.a=1",
            "`setvar` cannot be `args.a`: expected `collection.member`, `=value`, `=+value` or `=-value` after it, or `!` before it",
        ),
        (
            "initcol:tx=a",
            "`initcol` cannot be `tx`: expected `collection=key`",
        ),
        (
            "setenv:!a",
            "`setenv` cannot be `!a`: expected `name` or `name=value`",
        ),
        (
            "skip:0",
            "`skip` cannot be `0`: expected a number from 1 on",
        ),
        (
            "exec:/bin/true",
            "the action `exec` is not supported: rules start no process and run no script",
        ),
        (
            "ctl:ruleEngine",
            "the action `ctl:ruleEngine` needs a value: `On`, `Off` or `DetectionOnly`",
        ),
        (
            "ctl:ruleEngine=x",
            "`ctl:ruleEngine` cannot be `x`: expected `On`, `Off` or `DetectionOnly`",
        ),
        (
            "ctl:ruleEngin=On",
            "there is no action `ctl:ruleEngin`; did you mean `ctl:ruleEngine`?",
        ),
        (
            "ctl:ruleRemoveTargetById=1",
            "`ctl:ruleRemoveTargetById` cannot be `1`: expected `ids;targets`",
        ),
        (
            "ctl:ruleRemoveTargetById=x;ARGS",
            "`ctl:ruleRemoveTargetById` cannot be `x`: expected `ids;targets`",
        ),
        ("ctl:ruleRemoveTargetById=1;!ARGS", "`!` cannot stand here"),
        ("ctl:ruleRemoveTargetById=1;", "a variable is missing here"),
        (
            "ctl:ruleRemoveById=9-1",
            "`ctl:ruleRemoveById` cannot be `9-1`: expected ids and ranges of ids",
        ),
    ] {
        assert_eq!(
            error(format!("SecRule ARGS x \"{list}\"")),
            expected,
            "{list}"
        );
    }
}

#[test]
fn ctl_is_read_as_it_is_written() {
    let ids = |ranges: &[(u64, u64)]| -> Vec<IdRange> {
        let ranges = ranges.iter();
        ranges
            .map(|&(first, last)| IdRange { first, last })
            .collect()
    };
    for (list, expected) in [
        ("ctl:ruleEngine=off", Ctl::RuleEngine(EngineMode::Off)),
        (
            "ctl:auditEngine = RelevantOnly",
            Ctl::AuditEngine(AuditMode::RelevantOnly),
        ),
        (
            "ctl:auditLogParts=+E",
            Ctl::AuditLogParts(PartsChange::Add, AuditParts(1 << 4)),
        ),
        (
            "ctl:auditLogParts=-BZ",
            Ctl::AuditLogParts(PartsChange::Remove, AuditParts(2 | 1 << 25)),
        ),
        (
            "ctl:auditLogParts=ab",
            Ctl::AuditLogParts(PartsChange::Set, AuditParts(3)),
        ),
        (
            "ctl:requestBodyProcessor=json",
            Ctl::RequestBodyProcessor(BodyProcessor::Json),
        ),
        (
            "ctl:forceRequestBodyVariable=On",
            Ctl::ForceRequestBodyVariable(true),
        ),
        (
            "ctl:requestBodyLimit=1048576",
            Ctl::RequestBodyLimit(1 << 20),
        ),
        (
            "ctl:ruleRemoveById=942100",
            Ctl::RemoveById(ids(&[(942_100, 942_100)])),
        ),
        (
            "ctl:ruleRemoveById=942100-942199",
            Ctl::RemoveById(ids(&[(942_100, 942_199)])),
        ),
        (
            "ctl:'ruleRemoveById=1,3-4 6'",
            Ctl::RemoveById(ids(&[(1, 1), (3, 4), (6, 6)])),
        ),
        (
            "ctl:ruleRemoveByTag=attack-.*",
            Ctl::RemoveByTag((*b"attack-.*").into()),
        ),
        (
            "ctl:ruleRemoveByMsg=a=b",
            Ctl::RemoveByMsg((*b"a=b").into()),
        ),
    ] {
        assert_eq!(action(list), ActionKind::Ctl(expected), "{list}");
    }
    for (list, expected) in [
        ("ctl:ruleRemoveTargetById=942100;ARGS:foo", "ARGS[foo]"),
        (
            "ctl:ruleRemoveTargetById=942100-942199;REQUEST_COOKIES:/^a|b$/",
            "REQUEST_COOKIES/^a|b$/",
        ),
        (
            "ctl:ruleRemoveTargetByTag=attack-sqli;ARGS:pwd",
            "ARGS[pwd]",
        ),
        ("ctl:ruleRemoveTargetByMsg=a;ARGS", "ARGS"),
        (
            "ctl:'ruleRemoveTargetById=1;ARGS:a,ARGS:b'",
            "ARGS[a] ARGS[b]",
        ),
        ("ctl:ruleRemoveTargetById=1;ARGS:json.a.b", "ARGS[json.a.b]"),
    ] {
        let rule = rule(format!("SecRule ARGS x \"{list}\""));
        let targets = rule.actions.into_iter().map(|action| match action.kind {
            ActionKind::Ctl(
                Ctl::RemoveTargetById(_, target)
                | Ctl::RemoveTargetByTag(_, target)
                | Ctl::RemoveTargetByMsg(_, target),
            ) => target,
            other => panic!("{other:?}"),
        });
        assert_eq!(
            show_targets(&targets.collect::<Vec<_>>()),
            expected,
            "{list}"
        );
    }
}

#[test]
fn actions_stand_where_they_were_written() {
    let text = "SecAction \"id:1,\\\n  msg:'a, b',deny\"";
    let directives = good(text);
    let [DirectiveKind::Action(actions)] = directives.as_slice() else {
        panic!("{directives:?}")
    };
    let spans = actions.iter().map(|action| {
        let span = action.span.start as usize..action.span.end as usize;
        &text[span]
    });
    assert_eq!(spans.collect::<Vec<_>>(), ["id:1", "msg:'a, b'", "deny"]);
}
