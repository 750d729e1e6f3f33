//! What is answered to a review.

use serde_json::{Value, json};

use crate::config::{Cause, Problem, Severity};

/// Most Problems that are told of one object in one way.
const TOLD: usize = 32;
/// Bytes of what is told of one Problem.
const WORDS: usize = 1024;

/// Whether an object may come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// Why not, a line each in the words of `portcullis check`; empty: it may.
    pub refusals: Vec<String>,
    /// What there is to say besides, in the same words.
    pub warnings: Vec<String>,
}

impl Ruling {
    /// What follows from what is wrong with an object, and from what would newly be wrong with others.
    /// An object that stays as it is, or is not to blame, is not refused.
    pub(super) fn of(own: &[Problem], others: &[&Problem], is_unchanged: bool) -> Self {
        let is_refusal = |problem: &&Problem| {
            problem.severity == Severity::Error && problem.cause == Cause::Object && !is_unchanged
        };
        let refusals = own.iter().filter(is_refusal);
        let warnings = own.iter().filter(|it| !is_refusal(it));
        Self {
            refusals: told(refusals),
            warnings: told(warnings.chain(others.iter().copied())),
        }
    }

    /// Whether the object may come in.
    pub fn is_allowed(&self) -> bool {
        self.refusals.is_empty()
    }

    /// The AdmissionReview that answers the one with this identifier.
    pub fn to_review(&self, uid: &str) -> Value {
        let Self { refusals, warnings } = self;
        let mut response = json!({"uid": uid, "allowed": self.is_allowed()});
        if !self.is_allowed() {
            let message = refusals.join("\n");
            response["status"] = json!({"code": 422, "reason": "Invalid", "message": message});
        }
        if !warnings.is_empty() {
            response["warnings"] = json!(warnings);
        }
        json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": response,
        })
    }
}

fn told<'a>(problems: impl Iterator<Item = &'a Problem>) -> Vec<String> {
    let mut problems = problems.peekable();
    let mut told: Vec<String> = problems
        .by_ref()
        .take(TOLD)
        .map(|problem| bounded(problem.to_string()))
        .collect();
    let more = problems.count();
    if more > 0 {
        told.push(format!("there are {more} more problems"));
    }
    told
}

fn bounded(mut text: String) -> String {
    if text.len() > WORDS {
        let mut end = WORDS;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}
