//! What is left out, and what tenants may not use.

use super::support::messages;
use crate::waf::seclang::{CONFINED, Effect, LEFT_OUT, NameKind, NoFiles, SourceMap, Trust, parse};

/// A line that uses what a name names.
fn used(kind: NameKind, name: &str, value: Option<&str>) -> String {
    match kind {
        NameKind::Directive => format!("{name} {}", value.unwrap_or("1")),
        NameKind::Variable => format!("SecRule {name} x"),
        NameKind::Operator => format!("SecRule ARGS \"@{name} x\""),
        NameKind::Action => format!("SecAction \"{name}:'{}'\"", value.unwrap_or("ip.a=1")),
        NameKind::Ctl => format!("SecAction \"ctl:{name}={}\"", value.unwrap_or("1")),
        NameKind::Transformation => format!("SecAction \"t:{name}\""),
    }
}

/// Errors and warnings.
fn read(trust: Trust, line: &str) -> (Vec<String>, Vec<String>) {
    let mut sources = SourceMap::default();
    let parsed = parse(&mut sources, &NoFiles, trust, "test.conf", line.as_bytes());
    let (_, errors, warnings) = messages(parsed);
    (errors, warnings)
}

#[test]
fn what_is_left_out_is_an_error_or_a_warning_as_its_row_says() {
    for row in LEFT_OUT {
        let value = (row.name == "initcol").then_some("ip=1");
        let line = used(row.kind, row.name, value);
        let (errors, warnings) = read(Trust::Operator, &line);
        let said = match row.effect {
            Effect::Error => {
                assert_eq!((errors.len(), warnings.len()), (1, 0), "{line}: {errors:?}");
                errors
            }
            Effect::Warning => {
                assert_eq!(errors, [""; 0], "{line}");
                warnings
            }
            // Whoever compiles it knows which rule that is.
            Effect::Skip => {
                assert_eq!((errors, warnings), (vec![], vec![]), "{line}");
                continue;
            }
        };
        assert!(
            said[0].contains(row.name) && said[0].ends_with(row.reason),
            "{said:?}"
        );
        for value in row.harmless {
            let line = used(row.kind, row.name, Some(value));
            assert_eq!(read(Trust::Operator, &line), (vec![], vec![]), "{line}");
        }
    }
}

#[test]
fn what_is_left_out_is_warned_of_once_a_name() {
    let lines = "SecTmpDir /a\nSecTmpDir /b\nSecDataDir /c\nSecRule IP:a|IP:b %{ip.c}";
    let (errors, warnings) = read(Trust::Operator, lines);
    assert_eq!((errors.len(), warnings.len()), (0, 3), "{warnings:?}");
}

#[test]
fn what_is_the_operators_is_an_error_in_rules_of_tenants_alone() {
    for row in CONFINED {
        let values: &[&str] = match row.name {
            "SecAuditLogFormat" => &["JSON"],
            "SecAuditLogType" => &["Serial"],
            _ => &["1"],
        };
        let line = used(row.kind, row.name, values.first().copied());
        let (errors, _) = read(Trust::Tenant, &line);
        let kind = format!("is the operator's alone: {}", row.reason);
        assert!(
            errors.len() == 1 && errors[0].ends_with(&kind),
            "{line}: {errors:?}"
        );
        assert_eq!(read(Trust::Operator, &line).0, [""; 0], "{line}");
    }
    for line in [
        "SecAction \"msg:'%{env.HOME}'\"",
        "SecRule ARGS \"@contains %{ENV.HOME}\"",
        "SecRule ARGS \"@rx %{ENV.HOME}\"",
        "SecRule ARGS x \"ctl:ruleRemoveTargetById=1;ENV:HOME\"",
        "SecRuleUpdateTargetById 1 ENV",
        "SecAction \"setvar:'tx.a=%{ENV.HOME}'\"",
        "SecAction \"setvar:'tx.%{ENV.HOME}=1'\"",
        "SecAction \"redirect:'https://example.com/%{ENV.HOME}'\"",
    ] {
        assert_eq!(read(Trust::Tenant, line).0.len(), 1, "{line}");
        assert_eq!(read(Trust::Operator, line).0, [""; 0], "{line}");
    }
}

#[test]
fn tables_are_in_the_order_of_the_alphabet() {
    let left_out: Vec<_> = LEFT_OUT.iter().map(|row| (row.kind, row.name)).collect();
    assert!(left_out.is_sorted(), "{left_out:?}");
    let confined: Vec<_> = CONFINED.iter().map(|row| (row.kind, row.name)).collect();
    assert!(confined.is_sorted(), "{confined:?}");
}
