//! An explanation as people read it.

use std::fmt::Write as _;

use super::{
    Evidence, ExplainedLink, ExplainedRule, Explanation, Inventory, Ledger, ListedRule, Posting,
    Shown, Standing, Step, Threshold,
    printed::{escaped, line},
};
use crate::waf::{Amended, Amendment, log::SEVERITIES};

/// Columns of what stands before a value.
const LABEL: usize = 20;

impl Explanation {
    /// The explanation, line by line; `all`: with rules that want no line in any log.
    pub fn to_text(&self, all: bool) -> String {
        let Self {
            target: _,
            rules,
            ledger,
            lost,
        } = self;
        // Writing to a string does not fail, here and below.
        let mut out = String::new();
        for rule in rules.iter().filter(|rule| all || rule.tells) {
            rule.write(&mut out);
            out.push('\n');
        }
        ledger.write(&mut out);
        if *lost > 0 {
            _ = writeln!(out, "{lost} more matches and changes were not noted");
        }
        out
    }
}

impl ExplainedRule {
    fn write(&self, out: &mut String) {
        let Self {
            id,
            file,
            line: at,
            phase,
            msg,
            data,
            tags,
            severity,
            disruptive,
            tells: _,
            links,
        } = self;
        _ = write!(out, "rule {id}");
        if !msg.is_empty() {
            _ = write!(out, ": {}", escaped(msg));
        }
        out.push('\n');
        _ = write!(out, "  {file}:{at}, phase {phase}");
        if let Some(name) = severity.and_then(|number| SEVERITIES.get(usize::from(number))) {
            _ = write!(out, ", {name}");
        }
        if *disruptive {
            out.push_str(", refuses");
        }
        out.push('\n');
        if !data.is_empty() {
            _ = writeln!(out, "  data: {}", line(data, None).text);
        }
        if !tags.is_empty() {
            let tags: Vec<String> = tags.iter().map(|tag| escaped(tag)).collect();
            _ = writeln!(out, "  tags: {}", tags.join(", "));
        }
        for (number, link) in links.iter().enumerate() {
            if number > 0 {
                _ = writeln!(out, "  and");
            }
            link.write(out);
        }
    }
}

impl ExplainedLink {
    fn write(&self, out: &mut String) {
        let Self {
            operator,
            negated,
            evidence,
            more,
        } = self;
        for one in evidence {
            one.write(operator, *negated, out);
        }
        if *more > 0 {
            _ = writeln!(out, "  and {more} more values");
        }
    }
}

impl Evidence {
    fn write(&self, operator: &str, negated: bool, out: &mut String) {
        let Self { variable, shown } = self;
        if variable.is_empty() {
            _ = writeln!(out, "  always");
            return;
        }
        _ = writeln!(out, "  {}", escaped(variable));
        match shown {
            Some(shown) => shown.write(operator, negated, out),
            None => labelled("masked", "***", out),
        }
    }
}

impl Shown {
    fn write(&self, operator: &str, negated: bool, out: &mut String) {
        let Self {
            raw,
            steps,
            argument,
            span,
            branch,
            fingerprint,
            exhausted,
        } = self;
        labelled("value", &line(raw, None).text, out);
        for Step { name, result } in steps {
            match result {
                Some(result) => labelled(&format!("t:{name}"), &line(result, None).text, out),
                None => labelled(&format!("t:{name}"), "as before", out),
            }
        }
        let negation = if negated { "!" } else { "" };
        let shown = line(self.seen(), span.map(|(from, to)| from..to));
        labelled(&format!("{negation}@{operator}"), &shown.text, out);
        if let Some(marked) = shown.marked {
            let carets = "^".repeat(marked.len());
            let indent = LABEL + 4 + marked.start;
            _ = writeln!(out, "{:indent$}{carets}", "");
        }
        if *exhausted {
            labelled(
                "",
                "the search took too many steps, which counts as a match",
                out,
            );
        }
        match (branch, fingerprint) {
            (Some(branch), _) => labelled("branch", &escaped(branch), out),
            (None, Some(fingerprint)) => labelled("fingerprint", &escaped(fingerprint), out),
            (None, None) => {
                if !argument.is_empty() {
                    labelled("argument", &line(argument, None).text, out);
                }
            }
        }
    }
}

fn labelled(label: &str, text: &str, out: &mut String) {
    let row = format!("    {label:<LABEL$}{text}");
    _ = writeln!(out, "{}", row.trim_end());
}

impl Ledger {
    fn write(&self, out: &mut String) {
        let Self {
            postings,
            thresholds,
        } = self;
        if !postings.is_empty() {
            out.push_str("scores\n");
        }
        for Posting {
            rule,
            score,
            before,
            after,
        } in postings
        {
            let (sign, change) = match after.checked_sub(*before) {
                Some(change) if change < 0 => ('-', change.unsigned_abs()),
                Some(change) => ('+', change.unsigned_abs()),
                None => ('+', 0),
            };
            let score = escaped(score);
            _ = writeln!(
                out,
                "  {rule:<9} {score:<40} {before} {sign} {change} = {after}"
            );
        }
        if !thresholds.is_empty() {
            out.push_str("thresholds\n");
        }
        for threshold in thresholds {
            threshold.write(out);
        }
    }
}

impl Threshold {
    fn write(&self, out: &mut String) {
        let Self {
            rule,
            file: _,
            line: _,
            phase,
            score,
            number,
            counted,
            operator,
            negated,
            limit_name,
            limit,
            holds,
            refused,
            removed,
        } = self;
        let number = number.map_or("not set".to_owned(), |number| number.to_string());
        let count = if *counted { "&" } else { "" };
        let negation = if *negated { "!" } else { "" };
        let name = limit_name
            .as_ref()
            .map(|name| format!("{} ", escaped(name)));
        let outcome = match (removed, refused, holds) {
            (true, ..) => "removed",
            (_, true, _) => "holds: refused",
            (_, _, true) => "holds",
            (_, _, false) => "does not hold",
        };
        _ = writeln!(
            out,
            "  {rule:<9} phase {phase}: {count}{} {number} {negation}@{operator} {}{limit}: {outcome}",
            escaped(score),
            name.unwrap_or_default(),
        );
    }
}

impl Inventory {
    /// The rules, file by file, then what has become of others.
    pub fn to_text(&self, amended: &[Amended]) -> String {
        let mut out = String::new();
        let mut file = None;
        for rule in &self.rules {
            if file != Some(&rule.file) {
                file = Some(&rule.file);
                _ = writeln!(out, "{}", rule.file);
            }
            rule.write(&mut out);
        }
        if !amended.is_empty() {
            out.push_str("not as written\n");
        }
        for Amended {
            id,
            file,
            line,
            phase: _,
            msg: _,
            how,
        } in amended
        {
            _ = writeln!(out, "  {id:<9} {file}:{line}: {}", said(how));
        }
        out
    }
}

/// What has become of a rule.
pub(super) fn said(how: &Amendment) -> String {
    match how {
        Amendment::Removed(place) => format!("removed by {}:{}", place.file, place.line),
        Amendment::Retargeted(place) => {
            format!("its targets are changed by {}:{}", place.file, place.line)
        }
        Amendment::Skipped { operator, reason } => {
            format!("not loaded, for its operator `@{operator}`: {reason}")
        }
    }
}

impl ListedRule {
    fn write(&self, out: &mut String) {
        let Self {
            id,
            file: _,
            line,
            phase,
            level,
            severity: _,
            msg,
            standing,
            unless,
        } = self;
        let level = level.map_or(String::new(), |level| format!("PL{level}"));
        let row = format!(
            "  {id:<9} line {line:<5} phase {phase} {level:<3} {}",
            escaped(msg)
        );
        out.push_str(row.trim_end());
        if let Standing::Skipped {
            by,
            setting,
            value,
            relation,
            limit,
        } = standing
        {
            let value = value.map_or("not set".to_owned(), |value| value.to_string());
            let setting = escaped(setting);
            _ = write!(
                out,
                " (skipped by {by}: tx.{setting} is {value}, {relation} {limit})"
            );
        }
        if !unless.is_empty() {
            let ids: Vec<String> = unless.iter().map(u64::to_string).collect();
            _ = write!(out, " (narrowed where {} match)", ids.join(", "));
        }
        out.push('\n');
    }
}
