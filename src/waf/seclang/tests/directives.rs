//! Directives and settings.

use super::support::{error, good, show_actions, show_targets, text};
use crate::waf::seclang::{
    AuditFormat, AuditLogType, AuditMode, AuditParts, DirectiveKind, EngineMode, IdRange,
    LimitAction, Setting,
};

#[test]
fn settings_are_read_as_they_are_written() {
    for (line, expected) in [
        ("SecRuleEngine On", Setting::RuleEngine(EngineMode::On)),
        (
            "secruleengine detectiononly",
            Setting::RuleEngine(EngineMode::DetectionOnly),
        ),
        (
            "SecRequestBodyAccess \"On\"",
            Setting::RequestBodyAccess(true),
        ),
        (
            "SecRequestBodyLimit 13107200",
            Setting::RequestBodyLimit(13_107_200),
        ),
        (
            "SecRequestBodyLimitAction Reject",
            Setting::RequestBodyLimitAction(LimitAction::Reject),
        ),
        (
            "SecRequestBodyJsonDepthLimit 512",
            Setting::RequestBodyJsonDepthLimit(512),
        ),
        ("SecArgumentSeparator &", Setting::ArgumentSeparator(b'&')),
        ("SecCookieFormat 0", Setting::CookieFormat(0)),
        (
            "SecResponseBodyMimeType text/plain \"text/html text/xml\"",
            Setting::ResponseBodyMimeType(vec![
                (*b"text/plain").into(),
                (*b"text/html").into(),
                (*b"text/xml").into(),
            ]),
        ),
        (
            "SecResponseBodyMimeTypesClear",
            Setting::ResponseBodyMimeTypesClear,
        ),
        (
            "SecAuditEngine RelevantOnly",
            Setting::AuditEngine(AuditMode::RelevantOnly),
        ),
        (
            "SecAuditLog /var/log/audit.log",
            Setting::AuditLog((*b"/var/log/audit.log").into()),
        ),
        (
            "SecAuditLogFormat json",
            Setting::AuditLogFormat(AuditFormat::Json),
        ),
        (
            "SecAuditLogType Parallel",
            Setting::AuditLogType(AuditLogType::Concurrent),
        ),
        (
            "SecAuditLogParts ABZ",
            Setting::AuditLogParts(AuditParts(3 | 1 << 25)),
        ),
        (
            "SecUnicodeMapFile unicode.mapping 20127",
            Setting::UnicodeCodePage(20127),
        ),
        (
            "SecUnicodeMapFile unicode.mapping",
            Setting::UnicodeCodePage(20127),
        ),
        ("SecXmlExternalEntity Off", Setting::XmlExternalEntityOff),
        ("SecWebAppId app", Setting::WebAppId((*b"app").into())),
    ] {
        assert_eq!(good(line), [DirectiveKind::Setting(expected)], "{line}");
    }
}

#[test]
fn directives_about_rules_are_read_as_they_are_written() {
    let ids = |directive: &DirectiveKind| match directive {
        DirectiveKind::RemoveById(ids) | DirectiveKind::UpdateTargetById(ids, _) => ids.clone(),
        other => panic!("{other:?}"),
    };
    let range = |first, last| IdRange { first, last };
    let found = good("SecRuleRemoveById 1 \"3-4\" 942100-942199 \"7,8\"");
    let expected = [
        range(1, 1),
        range(3, 4),
        range(942_100, 942_199),
        range(7, 7),
        range(8, 8),
    ];
    assert_eq!(ids(&found[0]), expected);

    let found = good("SecRuleUpdateTargetById 932240-932241 \"!REQUEST_COOKIES:/^_ga$/,!ARGS:a\"");
    assert_eq!(ids(&found[0]), [range(932_240, 932_241)]);
    let DirectiveKind::UpdateTargetById(_, targets) = &found[0] else {
        panic!("{found:?}")
    };
    assert_eq!(show_targets(targets), "!REQUEST_COOKIES/^_ga$/ !ARGS[a]");

    for (line, rules, targets) in [
        (
            "SecRuleUpdateTargetByTag attack-.* ARGS",
            "attack-.*",
            "ARGS",
        ),
        (
            "SecRuleUpdateTargetByMsg \"a b\" \"!ARGS:x\"",
            "a b",
            "!ARGS[x]",
        ),
    ] {
        let (DirectiveKind::UpdateTargetByTag(pattern, list)
        | DirectiveKind::UpdateTargetByMsg(pattern, list)) = &good(line)[0]
        else {
            panic!("{line}")
        };
        assert_eq!((&*text(pattern), &*show_targets(list)), (rules, targets));
    }

    for (line, id, link) in [
        ("SecRuleUpdateActionById 123 \"pass,t:none\"", 123, 0),
        ("SecRuleUpdateActionById 123:1 \"pass,t:none\"", 123, 1),
    ] {
        let DirectiveKind::UpdateActionById(rule, at, actions) = &good(line)[0] else {
            panic!("{line}")
        };
        assert_eq!((*rule, *at), (id, link), "{line}");
        assert_eq!(show_actions(actions), ["Pass", "TransformNone"]);
    }

    let found = good("SecRuleRemoveByTag a b\nSecRuleRemoveByMsg \"c d\"");
    let expected = [
        DirectiveKind::RemoveByTag((*b"a").into()),
        DirectiveKind::RemoveByTag((*b"b").into()),
        DirectiveKind::RemoveByMsg((*b"c d").into()),
    ];
    assert_eq!(found, expected);

    let found = good("SecDefaultAction \"phase:1,pass\"\nSecComponentSignature \"a/1\"");
    assert!(matches!(&found[0], DirectiveKind::DefaultAction(actions) if actions.len() == 2));
    assert_eq!(
        found[1],
        DirectiveKind::ComponentSignature((*b"a/1").into())
    );
    assert!(
        matches!(&good("SecRule ARGS x")[0], DirectiveKind::Rule(rule) if rule.actions.is_empty())
    );
}

#[test]
fn directives_that_cannot_be_read_are_errors() {
    for (line, expected) in [
        (
            "SecRuul ARGS x",
            "there is no directive `SecRuul`; did you mean `SecRule`?",
        ),
        ("Listen 80", "there is no directive `Listen`"),
        (
            "SecRule ARGS",
            "`SecRule` needs targets, an operator and perhaps actions, each in quotes if it holds blanks",
        ),
        (
            "SecRule ARGS x y z",
            "`SecRule` takes targets, an operator and perhaps actions, each in quotes if it holds blanks; this is too much",
        ),
        ("SecMarker", "`SecMarker` needs a name"),
        (
            "SecRuleEngine",
            "`SecRuleEngine` needs `On`, `Off` or `DetectionOnly`",
        ),
        (
            "SecRuleEngine Maybe",
            "`SecRuleEngine` cannot be `Maybe`: expected `On`, `Off` or `DetectionOnly`",
        ),
        (
            "SecRequestBodyLimit 12k",
            "`SecRequestBodyLimit` cannot be `12k`: expected a number of bytes",
        ),
        (
            "SecRequestBodyLimit \"\"",
            "`SecRequestBodyLimit` cannot be ``: expected a number of bytes",
        ),
        (
            "SecResponseBodyMimeTypesClear x",
            "`SecResponseBodyMimeTypesClear` takes nothing; this is too much",
        ),
        (
            "SecAuditLogParts AXZ",
            "`SecAuditLogParts` cannot be `AXZ`: expected letters from `A` to `K` and `Z`",
        ),
        (
            "SecAuditLogType HTTPS",
            "`SecAuditLogType` cannot be `HTTPS`: expected `Serial`, `Concurrent` or `Parallel`",
        ),
        (
            "SecXmlExternalEntity On",
            "`SecXmlExternalEntity` cannot be `On`: expected `Off`: external entities are never read",
        ),
        (
            "SecRuleRemoveById 1 x",
            "`SecRuleRemoveById` cannot be `x`: expected ids and ranges of ids",
        ),
        (
            "SecRuleUpdateTargetById 1 ARGS ARGS",
            "`SecRuleUpdateTargetById` takes ids, and targets; this is too much",
        ),
        (
            "SecRuleUpdateActionById 1:x pass",
            "`SecRuleUpdateActionById` cannot be `1:x`: expected an id, perhaps `:` and which link of its chain, and actions",
        ),
        (
            "SecUnicodeMapFile unicode.mapping 1251",
            "`SecUnicodeMapFile` cannot be `1251`: expected the name of a file, which is not read, and the code page `20127`",
        ),
        (
            "Include a.conf",
            "`a.conf` cannot be included: these rules may name no files",
        ),
        (
            "<IfModule security2_module>",
            "the directive `<IfModule>` is not supported: Apache's sections are not read; what stands in them can stand alone",
        ),
    ] {
        assert_eq!(error(line), expected, "{line}");
    }
}
