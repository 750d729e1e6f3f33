//! What many transactions share on a worker, which none must notice.

use std::{collections::VecDeque, sync::Arc};

use portcullis::waf::{
    CustomRules, Policy, RuleSet, Transaction, Verdict, Workspace,
    seclang::{EngineMode, NoFiles, SourceMap, Trust, parse},
};

use crate::{
    builtin, crs,
    exchange::{self, Request, Response, run},
};

/// Transactions that are under way at a time: more than there are phases, so that some wait.
const UNDER_WAY: usize = 7;

/// An exchange that is under way.
struct Running<'a> {
    /// Its number.
    number: usize,
    policy: &'a Arc<Policy>,
    transaction: Transaction,
    /// The phases that were run.
    phase: u8,
    verdict: Verdict,
}

/// Rules, variables, values and what is said of them, and the verdict.
type Found = (Vec<(u64, String, String, String)>, Verdict);

impl Running<'_> {
    /// Runs the next phase; whether it was the last.
    fn step(&mut self, (request, response): &(Request, Response)) -> bool {
        self.phase = match self.verdict.passes() {
            true => self.phase + 1,
            false => 5,
        };
        let transaction = &mut self.transaction;
        self.verdict = match self.phase {
            1 => exchange::request_head(transaction, self.policy, request),
            2 => exchange::request_body(transaction, request),
            3 => exchange::response_head(transaction, response),
            4 => exchange::response_body(transaction, response),
            _ => {
                transaction.run_logging();
                return true;
            }
        };
        false
    }
}

fn found(transaction: &Transaction, verdict: &Verdict) -> Found {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let matches = transaction.matches().map(|found| {
        let [variable, value, data] = [found.variable, found.value, found.data].map(text);
        (found.rule.id, variable, value, data)
    });
    (matches.collect(), verdict.clone())
}

/// The rule set with a few rules around it that change what the others look at.
fn amended(rules: &RuleSet) -> Policy {
    let mut sources = SourceMap::default();
    let mut directives = |text: &str| {
        let text = text.as_bytes();
        let parsed = parse(&mut sources, &NoFiles, Trust::Operator, "custom.conf", text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        parsed.directives
    };
    let before = directives(
        "SecRule REQUEST_METHOD \"@streq POST\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=attack-sqli\"\n\
         SecRule REQUEST_URI \"@contains a\" \"id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=OWASP_CRS;ARGS\"\n",
    );
    let after =
        directives("SecRule ARGS|REQUEST_HEADERS \"@rx [a-f]{3}\" \"id:3,phase:2,pass,log\"\n");
    let compiled = CustomRules::compile(rules, &before, &after, &sources, &NoFiles);
    compiled.result.unwrap().policy()
}

/// Interleaves the phases of exchanges under all policies in turn, one workspace for all, and compares
/// with what each finds that is run from its beginning to its end with a workspace of its own.
fn assert_alike(policies: &[Arc<Policy>], exchanges: &[(Request, Response)]) {
    let mut alone: Vec<_> = policies.iter().cloned().map(Transaction::new).collect();
    let mut workspace = Box::<Workspace>::default();
    let mut spare = Vec::new();
    let mut under_way = VecDeque::new();
    let mut next = 0;
    let mut finding = 0;
    while next < exchanges.len() || !under_way.is_empty() {
        while under_way.len() < UNDER_WAY && next < exchanges.len() {
            // Each turn begins with another policy.
            let policy = &policies[(next + next / policies.len()) % policies.len()];
            let transaction = spare.pop();
            under_way.push_back(Running {
                number: next,
                policy,
                transaction: transaction.unwrap_or_else(|| Transaction::new(Arc::clone(policy))),
                phase: 0,
                verdict: Verdict::Pass,
            });
            next += 1;
        }
        // Now the oldest, now the youngest that waits.
        let running = match (next + under_way.len()) % 3 {
            0 => under_way.pop_back(),
            _ => under_way.pop_front(),
        };
        let mut running = running.unwrap();
        let parts = &exchanges[running.number];
        running.transaction.exchange_workspace(&mut workspace);
        let ended = running.step(parts);
        running.transaction.exchange_workspace(&mut workspace);
        if !ended {
            under_way.push_back(running);
            continue;
        }
        let place = policies
            .iter()
            .position(|it| Arc::ptr_eq(it, running.policy));
        let alone = &mut alone[place.unwrap()];
        let verdict = run(alone, running.policy, &parts.0, |_| Response {
            status: parts.1.status,
            headers: parts.1.headers.clone(),
            body: parts.1.body.clone(),
        });
        let expected = found(alone, &verdict);
        let line = parts.0.line.escape_ascii();
        finding += usize::from(!expected.0.is_empty());
        assert_eq!(
            found(&running.transaction, &running.verdict),
            expected,
            "{line}"
        );
        spare.push(running.transaction);
    }
    assert!(finding * 3 > exchanges.len(), "{finding} found anything");
}

fn policies(rules: &RuleSet, others: &RuleSet) -> Vec<Arc<Policy>> {
    let detecting = |policy: Policy| Arc::new(policy.in_mode(EngineMode::DetectionOnly));
    vec![
        detecting(builtin::at_level(rules, "1")),
        detecting(builtin::at_level(rules, "4")),
        detecting(others.policy()),
        Arc::new(rules.policy().in_mode(EngineMode::On)),
        detecting(amended(rules)),
    ]
}

#[test]
fn transactions_find_alone_what_they_find_among_others_on_one_worker() {
    let rules = builtin::rules();
    // The same rules compiled again are other rules.
    let policies = policies(&rules, &builtin::rules());
    assert_alike(&policies, &builtin::exchanges());
}

#[test]
fn transactions_find_alone_what_they_find_among_others_with_the_core_rule_set() {
    let Some(folder) = crs::folder() else {
        println!("skipped: the Core Rule Set is not unpacked");
        return;
    };
    let rules = crs::load(&folder, "crs.conf");
    let policies = policies(&rules, &builtin::rules());
    assert_alike(&policies, &crs::exchanges(&folder));
}
