//! The table of directives, and how the arguments of each are read.

use super::super::actions::actions;
use super::super::operators::operator;
use super::super::report::Report;
use super::super::targets::targets;
use super::super::text::{Text, is_space};
use super::super::values::{self, Fault};
use super::super::{AuditFormat, AuditLogType, DirectiveKind, RuleDirective, Setting, Target};
use super::{Form, Read, Row};

const fn setting(
    name: &'static str,
    arguments: &'static str,
    read: fn(Text<'_>) -> Option<Setting>,
) -> Row {
    Row {
        name,
        arguments,
        form: Form::Setting(read),
    }
}

const fn directive(
    name: &'static str,
    arguments: &'static str,
    least: usize,
    most: usize,
    read: Read,
) -> Row {
    Row {
        name,
        arguments,
        form: Form::Arguments(least, most, read),
    }
}

const fn include(name: &'static str, optional: bool) -> Row {
    Row {
        name,
        arguments: "the path of a file, perhaps with `*`, `?` or `[a-z]`",
        form: Form::Include { optional },
    }
}

const ANY: usize = usize::MAX;

const ON_OFF: &str = "`On` or `Off`";
const BYTES: &str = "a number of bytes";
const NUMBER: &str = "a number";
const LIMIT_ACTION: &str = "`Reject` or `ProcessPartial`";
const PATTERN: &str = "a regular expression";
const PATTERN_AND_TARGETS: &str = "a regular expression, and targets";
const ACTIONS: &str = "actions";
const NAME: &str = "a name";
const IDS: &str = "ids and ranges of ids";
const CODE_PAGE: &str = "the name of a file, which is not read, and the code page `20127`";

pub(in super::super) const ROWS: &[Row] = &[
    include("Include", false),
    include("IncludeOptional", true),
    directive("SecAction", ACTIONS, 1, 1, |arguments, report| {
        let actions = arguments.iter().flat_map(|&list| actions(list, report));
        Ok(vec![DirectiveKind::Action(actions.collect())])
    }),
    setting(
        "SecArgumentSeparator",
        "one character",
        |value| match value.bytes() {
            [separator] => Some(Setting::ArgumentSeparator(*separator)),
            _ => None,
        },
    ),
    setting("SecArgumentsLimit", NUMBER, |value| {
        values::number(value).map(Setting::ArgumentsLimit)
    }),
    setting("SecAuditEngine", "`On`, `Off` or `RelevantOnly`", |value| {
        values::audit_mode(value).map(Setting::AuditEngine)
    }),
    setting("SecAuditLog", "the path of a file", |value| {
        Some(Setting::AuditLog(value.boxed()))
    }),
    setting("SecAuditLogFormat", "`JSON` or `Native`", |value| {
        const FORMATS: [(&str, AuditFormat); 2] =
            [("JSON", AuditFormat::Json), ("Native", AuditFormat::Native)];
        values::choice(value, &FORMATS).map(Setting::AuditLogFormat)
    }),
    setting(
        "SecAuditLogParts",
        "letters from `A` to `K` and `Z`",
        |value| values::audit_parts(value).map(Setting::AuditLogParts),
    ),
    setting("SecAuditLogRelevantStatus", PATTERN, |value| {
        Some(Setting::AuditLogRelevantStatus(value.boxed()))
    }),
    setting(
        "SecAuditLogType",
        "`Serial`, `Concurrent` or `Parallel`",
        |value| {
            const TYPES: [(&str, AuditLogType); 3] = [
                ("Serial", AuditLogType::Serial),
                ("Concurrent", AuditLogType::Concurrent),
                ("Parallel", AuditLogType::Concurrent),
            ];
            values::choice(value, &TYPES).map(Setting::AuditLogType)
        },
    ),
    setting("SecCollectionTimeout", "a number of seconds", |value| {
        values::number(value).map(Setting::CollectionTimeout)
    }),
    directive("SecComponentSignature", NAME, 1, 1, |arguments, _| {
        Ok(each(arguments, |name| {
            DirectiveKind::ComponentSignature(name.boxed())
        }))
    }),
    setting("SecCookieFormat", "`0` or `1`", |value| {
        values::within(value, 0..=1).map(Setting::CookieFormat)
    }),
    directive("SecDefaultAction", ACTIONS, 1, 1, |arguments, report| {
        let actions = arguments.iter().flat_map(|&list| actions(list, report));
        Ok(vec![DirectiveKind::DefaultAction(actions.collect())])
    }),
    directive("SecMarker", NAME, 1, 1, |arguments, _| {
        Ok(each(arguments, |name| DirectiveKind::Marker(name.boxed())))
    }),
    setting("SecPcreMatchLimit", NUMBER, |value| {
        values::number(value).map(Setting::PcreMatchLimit)
    }),
    setting("SecPcreMatchLimitRecursion", NUMBER, |value| {
        values::number(value).map(Setting::PcreMatchLimitRecursion)
    }),
    setting("SecRequestBodyAccess", ON_OFF, |value| {
        values::on_off(value).map(Setting::RequestBodyAccess)
    }),
    setting("SecRequestBodyInMemoryLimit", BYTES, |value| {
        values::number(value).map(Setting::RequestBodyInMemoryLimit)
    }),
    setting("SecRequestBodyJsonDepthLimit", NUMBER, |value| {
        values::number(value).map(Setting::RequestBodyJsonDepthLimit)
    }),
    setting("SecRequestBodyLimit", BYTES, |value| {
        values::number(value).map(Setting::RequestBodyLimit)
    }),
    setting("SecRequestBodyLimitAction", LIMIT_ACTION, |value| {
        values::limit_action(value).map(Setting::RequestBodyLimitAction)
    }),
    setting("SecRequestBodyNoFilesLimit", BYTES, |value| {
        values::number(value).map(Setting::RequestBodyNoFilesLimit)
    }),
    setting("SecResponseBodyAccess", ON_OFF, |value| {
        values::on_off(value).map(Setting::ResponseBodyAccess)
    }),
    setting("SecResponseBodyLimit", BYTES, |value| {
        values::number(value).map(Setting::ResponseBodyLimit)
    }),
    setting("SecResponseBodyLimitAction", LIMIT_ACTION, |value| {
        values::limit_action(value).map(Setting::ResponseBodyLimitAction)
    }),
    directive(
        "SecResponseBodyMimeType",
        "media types",
        1,
        ANY,
        |arguments, _| {
            let types = arguments.iter().flat_map(|&list| words(list)).collect();
            let setting = Setting::ResponseBodyMimeType(types);
            Ok(vec![DirectiveKind::Setting(setting)])
        },
    ),
    directive("SecResponseBodyMimeTypesClear", "nothing", 0, 0, |_, _| {
        let setting = Setting::ResponseBodyMimeTypesClear;
        Ok(vec![DirectiveKind::Setting(setting)])
    }),
    directive(
        "SecRule",
        "targets, an operator and perhaps actions, each in quotes if it holds blanks",
        2,
        3,
        rule,
    ),
    setting("SecRuleEngine", "`On`, `Off` or `DetectionOnly`", |value| {
        values::engine_mode(value).map(Setting::RuleEngine)
    }),
    directive("SecRuleRemoveById", IDS, 1, ANY, |arguments, _| {
        let mut ranges = Vec::new();
        for &text in arguments {
            ranges.extend(values::of(text, values::ids(text))?);
        }
        Ok(vec![DirectiveKind::RemoveById(ranges)])
    }),
    directive(
        "SecRuleRemoveByMsg",
        "regular expressions",
        1,
        ANY,
        |arguments, _| {
            Ok(each(arguments, |pattern| {
                DirectiveKind::RemoveByMsg(pattern.boxed())
            }))
        },
    ),
    directive(
        "SecRuleRemoveByTag",
        "regular expressions",
        1,
        ANY,
        |arguments, _| {
            Ok(each(arguments, |pattern| {
                DirectiveKind::RemoveByTag(pattern.boxed())
            }))
        },
    ),
    directive(
        "SecRuleUpdateActionById",
        "an id, perhaps `:` and which link of its chain, and actions",
        2,
        2,
        update_actions,
    ),
    directive(
        "SecRuleUpdateTargetById",
        "ids, and targets",
        2,
        2,
        |arguments, report| {
            update_targets(arguments, report, |rules, targets| {
                let ids = values::ids(rules)?;
                Some(DirectiveKind::UpdateTargetById(ids, targets))
            })
        },
    ),
    directive(
        "SecRuleUpdateTargetByMsg",
        PATTERN_AND_TARGETS,
        2,
        2,
        |arguments, report| {
            update_targets(arguments, report, |rules, targets| {
                Some(DirectiveKind::UpdateTargetByMsg(rules.boxed(), targets))
            })
        },
    ),
    directive(
        "SecRuleUpdateTargetByTag",
        PATTERN_AND_TARGETS,
        2,
        2,
        |arguments, report| {
            update_targets(arguments, report, |rules, targets| {
                Some(DirectiveKind::UpdateTargetByTag(rules.boxed(), targets))
            })
        },
    ),
    setting("SecUnicodeCodePage", "the code page `20127`", code_page),
    directive("SecUnicodeMap", CODE_PAGE, 1, 2, unicode_map),
    directive("SecUnicodeMapFile", CODE_PAGE, 1, 2, unicode_map),
    setting("SecUploadFileLimit", "a number of files", |value| {
        values::number(value).map(Setting::UploadFileLimit)
    }),
    setting("SecWebAppId", NAME, |value| {
        Some(Setting::WebAppId(value.boxed()))
    }),
    setting(
        "SecXmlExternalEntity",
        "`Off`: external entities are never read",
        |value| value.is("Off").then_some(Setting::XmlExternalEntityOff),
    ),
];

fn each(arguments: &[Text<'_>], make: fn(Text<'_>) -> DirectiveKind) -> Vec<DirectiveKind> {
    arguments.iter().map(|&argument| make(argument)).collect()
}

/// The words of an argument that may be a list in quotes.
fn words(list: Text<'_>) -> Vec<Box<[u8]>> {
    let words = list.bytes().split(|&byte| is_space(byte));
    let words = words.filter(|word| !word.is_empty());
    words.map(Box::from).collect()
}

fn rule<'a>(arguments: &[Text<'a>], report: &mut Report) -> Result<Vec<DirectiveKind>, Fault<'a>> {
    let [list, call, rest @ ..] = arguments else {
        return Ok(Vec::new());
    };
    let targets = targets(*list, report);
    // The actions are read even so, that all that is wrong is said at once.
    let operator = operator(*call, report).map_err(|finding| report.error(finding));
    let actions = rest.iter().flat_map(|&list| actions(list, report));
    let actions = actions.collect();
    let rule = operator.map(|operator| RuleDirective {
        targets,
        operator,
        actions,
    });
    let rules = rule.into_iter().map(Box::new);
    Ok(rules.map(DirectiveKind::Rule).collect())
}

/// Reads the two arguments of a directive that adds targets to rules.
fn update_targets<'a>(
    arguments: &[Text<'a>],
    report: &mut Report,
    make: fn(Text<'_>, Vec<Target>) -> Option<DirectiveKind>,
) -> Result<Vec<DirectiveKind>, Fault<'a>> {
    let [rules, list] = arguments else {
        return Ok(Vec::new());
    };
    let targets = targets(*list, report);
    values::of(*rules, make(*rules, targets)).map(|directive| vec![directive])
}

fn update_actions<'a>(
    arguments: &[Text<'a>],
    report: &mut Report,
) -> Result<Vec<DirectiveKind>, Fault<'a>> {
    let [rule, list] = arguments else {
        return Ok(Vec::new());
    };
    let (id, link) = match rule.split_once(b':') {
        Some((id, link)) => (id, values::within(link, 0..=1000)),
        None => (*rule, Some(0)),
    };
    let id = values::of(*rule, values::number(id))?;
    let link: u32 = values::of(*rule, link)?;
    let actions = actions(*list, report);
    Ok(vec![DirectiveKind::UpdateActionById(
        id,
        link as usize,
        actions,
    )])
}

fn code_page(value: Text<'_>) -> Option<Setting> {
    values::choice(value, &[("20127", 20127)]).map(Setting::UnicodeCodePage)
}

fn unicode_map<'a>(
    arguments: &[Text<'a>],
    _: &mut Report,
) -> Result<Vec<DirectiveKind>, Fault<'a>> {
    let setting = match arguments {
        [_, page, ..] => values::of(*page, code_page(*page))?,
        _ => Setting::UnicodeCodePage(20127),
    };
    Ok(vec![DirectiveKind::Setting(setting)])
}
