//! The conditions of policies.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

use crate::config::{ObjectRef, Problem, Severity};

/// Longest message, in characters; the API takes 32768 bytes.
const MESSAGE: usize = 2_000;

/// The conditions of a policy of which `generation` is in force, given those that it has.
pub(super) fn conditions(
    before: &[Condition],
    policy: &ObjectRef,
    generation: i64,
    problems: &[Problem],
) -> Vec<Condition> {
    let of_policy = || problems.iter().filter(|problem| problem.object == *policy);
    let errors = of_policy().filter(|problem| problem.severity == Severity::Error);
    let is_accepted = errors.count() == 0;
    let message: Vec<String> = of_policy()
        .map(|problem| match problem.field.as_str() {
            "" => format!("{}; {}", problem.message, problem.consequence),
            field => format!("{field}: {}; {}", problem.message, problem.consequence),
        })
        .collect();
    let message: String = message.join("\n").chars().take(MESSAGE).collect();
    let accepted = match is_accepted {
        true => ("Accepted", "True", "Accepted", message),
        false => ("Accepted", "False", "Invalid", message),
    };
    let programmed = match is_accepted {
        true => (
            "Programmed",
            "True",
            "Programmed",
            "the firewall does what the policy says".to_owned(),
        ),
        false => (
            "Programmed",
            "False",
            "Invalid",
            "a part of the policy is not in force as it was written; Accepted says which"
                .to_owned(),
        ),
    };
    let condition = |(kind, status, reason, message): (&str, &str, &str, String)| {
        let same = before
            .iter()
            .find(|it| it.type_ == kind && it.status == status);
        Condition {
            last_transition_time: match same {
                Some(same) => same.last_transition_time.clone(),
                None => Time(now()),
            },
            message,
            observed_generation: Some(generation),
            reason: reason.to_owned(),
            status: status.to_owned(),
            type_: kind.to_owned(),
        }
    };
    // What others have set stays theirs.
    let foreign = before
        .iter()
        .filter(|it| !["Accepted", "Programmed"].contains(&it.type_.as_str()));
    [condition(accepted), condition(programmed)]
        .into_iter()
        .chain(foreign.cloned())
        .collect()
}

/// To the second, as the API keeps it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObjectKind;

    #[test]
    fn conditions_follow_problems_and_keep_the_time_of_their_last_change() {
        let policy = ObjectRef {
            kind: ObjectKind::WafPolicy,
            namespace: "default".into(),
            name: "p".into(),
        };
        let problem = |severity| Problem {
            object: policy.clone(),
            field: "spec.mode".to_owned(),
            message: "it is odd".to_owned(),
            consequence: "it is off".to_owned(),
            severity,
            cause: Default::default(),
            location: None,
        };
        let of = |before: &[Condition], generation, problems: &[Problem]| {
            conditions(before, &policy, generation, problems)
        };
        let mut good = of(&[], 1, &[problem(Severity::Warning)]);
        let status = |conditions: &[Condition]| -> Vec<String> {
            let all = conditions.iter();
            all.map(|it| format!("{} {} {:?}", it.type_, it.status, it.observed_generation))
                .collect()
        };
        assert_eq!(
            status(&good),
            ["Accepted True Some(1)", "Programmed True Some(1)"]
        );
        assert_eq!(good[0].message, "spec.mode: it is odd; it is off");
        good[0].last_transition_time = Time(Timestamp::UNIX_EPOCH);
        let same = of(&good, 2, &[]);
        assert_eq!(
            status(&same),
            ["Accepted True Some(2)", "Programmed True Some(2)"]
        );
        assert_eq!(same[0].last_transition_time, Time(Timestamp::UNIX_EPOCH));
        let bad = of(&same, 3, &[problem(Severity::Error)]);
        assert_eq!(
            status(&bad),
            ["Accepted False Some(3)", "Programmed False Some(3)"]
        );
        assert_ne!(bad[0].last_transition_time, Time(Timestamp::UNIX_EPOCH));
        assert_eq!(of(&bad, 3, &[problem(Severity::Error)]), bad);
    }
}
