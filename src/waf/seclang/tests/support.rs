//! Short ways to read rules and to write down what they came to.

use std::fmt::Write as _;

use crate::waf::seclang::{
    Action, Directive, DirectiveKind, NoFiles, Parsed, Piece, RuleDirective, Selector, SourceMap,
    Target, Template, Trust, parse,
};

/// What an operator's text comes to, with the messages of errors and warnings.
pub(super) fn read(text: impl AsRef<[u8]>) -> (Vec<DirectiveKind>, Vec<String>, Vec<String>) {
    let mut sources = SourceMap::default();
    let parsed = parse(
        &mut sources,
        &NoFiles,
        Trust::Operator,
        "test.conf",
        text.as_ref(),
    );
    messages(parsed)
}

pub(super) fn messages(parsed: Parsed) -> (Vec<DirectiveKind>, Vec<String>, Vec<String>) {
    let kind = |directive: Directive| directive.kind;
    (
        parsed.directives.into_iter().map(kind).collect(),
        parsed.errors.iter().map(|f| f.kind.to_string()).collect(),
        parsed.warnings.iter().map(|f| f.kind.to_string()).collect(),
    )
}

/// The directives of a text with which nothing is wrong.
pub(super) fn good(text: impl AsRef<[u8]>) -> Vec<DirectiveKind> {
    let shown = String::from_utf8_lossy(text.as_ref()).into_owned();
    let (directives, errors, _) = read(text);
    assert_eq!(errors, [""; 0], "{shown}");
    directives
}

/// The only directive of a text, a rule.
pub(super) fn rule(text: impl AsRef<[u8]>) -> RuleDirective {
    let mut directives = good(text);
    match (directives.pop(), directives.as_slice()) {
        (Some(DirectiveKind::Rule(rule)), []) => *rule,
        other => panic!("{other:?}"),
    }
}

/// The error of a text that has one, and no directive with it.
pub(super) fn error(text: impl AsRef<[u8]>) -> String {
    let (directives, errors, _) = read(text);
    match errors.as_slice() {
        [error] if directives.is_empty() => error.clone(),
        other => panic!("{other:?} and {directives:?}"),
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Targets in a spelling of their own: `[name]`, `/regex/`.
pub(super) fn show_targets(targets: &[Target]) -> String {
    let shown: Vec<_> = targets.iter().map(show_target).collect();
    shown.join(" ")
}

fn show_target(target: &Target) -> String {
    let selector = match &target.selector {
        None => String::new(),
        Some(Selector::Name(name)) => format!("[{}]", text(name)),
        Some(Selector::Regex(pattern)) => format!("/{}/", text(pattern)),
        Some(Selector::XmlText) => "text".to_owned(),
        Some(Selector::XmlAttributes) => "attributes".to_owned(),
    };
    let exclude = if target.exclude { "!" } else { "" };
    let count = if target.count { "&" } else { "" };
    format!("{exclude}{count}{}{selector}", target.variable.name())
}

pub(super) fn show_actions(actions: &[Action]) -> Vec<String> {
    let shown = actions.iter().map(|action| format!("{:?}", action.kind));
    shown.collect()
}

/// A template in a spelling of its own: `<VARIABLE.member>` for macros.
pub(super) fn show_template(template: &Template) -> String {
    let mut shown = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Literal(bytes) => shown.push_str(&text(bytes)),
            Piece::Macro(variable, None) => write!(shown, "<{}>", variable.name()).unwrap(),
            Piece::Macro(variable, Some(member)) => {
                write!(shown, "<{}.{}>", variable.name(), text(member)).unwrap();
            }
        }
    }
    shown
}
