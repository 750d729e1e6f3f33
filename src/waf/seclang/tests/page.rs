//! `docs/waf/seclang.md` lists what the tables list.

use std::fmt::Write as _;

use crate::waf::seclang::{
    CONFINED, Effect, LEFT_OUT, NameKind, actions, ctl, directives, operators,
};
use crate::waf::{Transformation, Variable};

const PAGE: &str = include_str!("../../../../docs/waf/seclang.md");

/// The lines of a section that list names: rows of a table, or a paragraph that begins with one.
fn section(heading: &str) -> String {
    let begin = format!("\n## {heading}\n");
    let (_, rest) = PAGE
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no section {heading}"));
    let (section, _) = rest.split_once("\n## ").unwrap_or((rest, ""));
    let names = section
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with('`'));
    names.map(|line| format!("{line}\n")).collect()
}

fn table(rows: impl Iterator<Item = (&'static str, &'static str)>) -> String {
    let mut table = String::new();
    for (name, value) in rows {
        writeln!(table, "| `{name}` | {value} |").unwrap();
    }
    table
}

/// Names with commas between, in lines as wide as those of the code.
fn list(prefix: &str, names: impl Iterator<Item = &'static str>) -> String {
    let mut lines = vec![String::new()];
    for name in names {
        let item = format!("`{prefix}{name}`");
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            *line = item;
        } else if line.len() + 2 + item.len() < 100 {
            write!(line, ", {item}").unwrap();
        } else {
            line.push(',');
            lines.push(item);
        }
    }
    lines.join("\n") + "\n"
}

fn left_out() -> String {
    let mut table = String::new();
    for row in LEFT_OUT {
        let effect = match row.effect {
            Effect::Error => "error",
            Effect::Warning => "warning",
            Effect::Skip => "skipped with its rule",
        };
        let unless = match row.harmless {
            [] => String::new(),
            values => format!(", unless it is `{}`", values.join("`, `")),
        };
        let prefix = row.kind.prefix();
        let name = row.name;
        writeln!(
            table,
            "| `{prefix}{name}` | {} | {effect}{unless} | {} |",
            row.kind, row.reason
        )
        .unwrap();
    }
    table
}

fn confined() -> String {
    let rows = CONFINED.iter();
    rows.map(|row| format!("| `{}{}` | {} |\n", row.kind.prefix(), row.name, row.reason))
        .collect()
}

#[test]
fn the_page_lists_what_is_supported_and_what_is_not() {
    let directives = directives::ROWS.iter().map(|row| (row.name, row.arguments));
    let actions = actions::names().map(|(name, value)| match value {
        "" => (name, "nothing"),
        value => (name, value),
    });
    for (heading, expected) in [
        ("Directives", table(directives)),
        ("Variables", list("", Variable::all().map(Variable::name))),
        ("Operators", list("@", operators::names())),
        (
            "Transformations",
            list("t:", Transformation::all().map(Transformation::name)),
        ),
        ("Actions", table(actions)),
        ("Settings for one exchange", table(ctl::names())),
        ("What is left out", left_out()),
        ("What tenants may not use", confined()),
    ] {
        let found = section(heading);
        assert!(
            found == expected,
            "{heading}: expected\n{expected}found\n{found}"
        );
    }
    assert_eq!(NameKind::Operator.prefix(), "@");
}
