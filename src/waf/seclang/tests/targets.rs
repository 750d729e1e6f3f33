//! Targets and operators.

use super::support::{error, read, rule, show_targets, text};

#[test]
fn targets_are_read_as_they_are_written() {
    for (list, expected) in [
        ("ARGS", "ARGS"),
        ("args|Request_Headers:Host", "ARGS REQUEST_HEADERS[Host]"),
        ("ARGS,ARGS_NAMES", "ARGS ARGS_NAMES"),
        ("\"ARGS | ARGS_NAMES\"", "ARGS ARGS_NAMES"),
        ("ARGS||ARGS_NAMES|", "ARGS ARGS_NAMES"),
        ("&ARGS", "&ARGS"),
        ("&TX:a", "&TX[a]"),
        ("ARGS|!ARGS:/x/", "ARGS !ARGS/x/"),
        ("ARGS:/^a|b$/", "ARGS/^a|b$/"),
        ("ARGS:/^a|b$/|ARGS_NAMES", "ARGS/^a|b$/ ARGS_NAMES"),
        ("ARGS:/a,b/,ARGS_NAMES", "ARGS/a,b/ ARGS_NAMES"),
        ("ARGS:'/a b|c/'", "ARGS/a b|c/"),
        ("ARGS:'a b'|ARGS_NAMES", "ARGS[a b] ARGS_NAMES"),
        (r"ARGS:'it\'s'", "ARGS[it\\'s]"),
        (r"ARGS:'a\d'", "ARGS[a\\\\d]"),
        ("ARGS:''", "ARGS[]"),
        ("ARGS://", "ARGS//"),
        (r"ARGS:/a\/|b/", r"ARGS/a\\/|b/"),
        ("ARGS:/a/b/", "ARGS/a/b/"),
        ("ARGS:/a|ARGS_NAMES", "ARGS[/a] ARGS_NAMES"),
        ("ARGS:/", "ARGS[/]"),
        (
            "REQUEST_COOKIES:/\\x22?\\x24Version/",
            "REQUEST_COOKIES/\\\\x22?\\\\x24Version/",
        ),
        (
            "!REQUEST_COOKIES:/^_ga(?:_\\w+)?$/",
            "!REQUEST_COOKIES/^_ga(?:_\\\\w+)?$/",
        ),
        ("XML:/*", "XMLtext"),
        ("XML:/*|XML://@*|ARGS:/x/", "XMLtext XMLattributes ARGS/x/"),
        ("TX:/MSC_/", "TX/MSC_/"),
        ("ARGS:a.b[c]", "ARGS[a.b[c]]"),
        ("REQUEST_HEADERS:User-Agent", "REQUEST_HEADERS[User-Agent]"),
    ] {
        let quoted = if list.starts_with('"') {
            list.to_owned()
        } else {
            format!("\"{list}\"")
        };
        let rule = rule(format!("SecRule {quoted} \"@rx x\" \"id:1\""));
        assert_eq!(show_targets(&rule.targets), expected, "{list}");
    }
}

#[test]
fn targets_that_cannot_be_read_are_errors() {
    for (list, expected) in [
        ("", "a variable is missing here"),
        (" | ", "a variable is missing here"),
        ("!", "a variable is missing here"),
        ("ARGS:", "the member is missing after the colon"),
        ("ARGZ", "there is no variable `ARGZ`; did you mean `ARGS`?"),
        ("TX.a", "there is no variable `TX.a`"),
        (
            "ARGS:a b",
            "a separator must follow; a value with blanks or separators stands in single quotes",
        ),
        (
            "ARGS:'a'b",
            "a separator must follow; a value with blanks or separators stands in single quotes",
        ),
        (
            "ARGS:'a",
            "this single quote is not closed; between single quotes, one is written as `\\'`",
        ),
        (
            "REQUEST_METHOD:x",
            "`REQUEST_METHOD` has no members to choose from",
        ),
        ("XML:/a/b", "of XPath only `/*` and `//@*` are supported"),
        ("!&ARGS", "`!` cannot stand here"),
        (
            "JSON",
            "the variable `JSON` is not supported: the members of JSON bodies are in ARGS",
        ),
    ] {
        let found = error(format!("SecRule \"{list}\" \"@rx x\" \"id:1\""));
        assert_eq!(found, expected, "{list}");
    }
}

#[test]
fn operators_are_read_as_they_are_written() {
    for (written, negated, name, argument) in [
        ("@rx ^a", false, "rx", "^a"),
        ("^a", false, "rx", "^a"),
        ("!^a", true, "rx", "^a"),
        ("! ^a", true, "rx", "^a"),
        (" ^a ", false, "rx", " ^a "),
        ("", false, "rx", ""),
        ("!@rx ^a", true, "rx", "^a"),
        ("! @rx ^a", true, "rx", "^a"),
        (" @RX  ^a ", false, "rx", "^a "),
        ("@pmf a.data", false, "pmFromFile", "a.data"),
        ("@ipMatchF a.data", false, "ipMatchFromFile", "a.data"),
        ("@eq 0", false, "eq", "0"),
        ("!@within %{tx.a}", true, "within", "%{tx.a}"),
        ("@detectSQLi", false, "detectSQLi", ""),
        ("@unconditionalMatch ", false, "unconditionalMatch", ""),
        (r#"@contains \"q\""#, false, "contains", r#"\"q\""#),
        (r"a@rx", false, "rx", "a@rx"),
    ] {
        let rule = rule(format!("SecRule ARGS \"{written}\" \"id:1\""));
        let found = (
            rule.operator.negated,
            rule.operator.name,
            text(&rule.operator.argument),
        );
        assert_eq!(found, (negated, name, argument.to_owned()), "{written}");
    }
    for (written, expected) in [
        ("@rxx a", "there is no operator `@rxx`; did you mean `@rx`?"),
        ("@", "there is no operator `@`"),
        ("!@begins a", "there is no operator `@begins`"),
    ] {
        let found = error(format!("SecRule ARGS \"{written}\" \"id:1\""));
        assert_eq!(found, expected);
    }
}

#[test]
fn all_that_is_wrong_with_a_rule_is_said_at_once() {
    let (directives, errors, _) = read(r#"SecRule ARGZ|ARGS|FOO "@foo" "id:x,denny,pass""#);
    assert_eq!(directives, []);
    assert_eq!(errors.len(), 5, "{errors:?}");
}
