//! SecLang of a tenant under the operator's minimum: it adds rules, and weakens none.

use super::firewall::{FORM, World, policy, post};
use portcullis::waf::Verdict;

/// Rules as the Core Rule Set's are: a score, a threshold, a place to jump to, and what they read.
const RULES: &str = r#"
SecAction "id:1000,phase:1,pass,nolog,setvar:tx.limit=5"
SecMarker BEGIN-CHECKS
SecRule ENV:friend "@streq yes" "id:1001,phase:2,pass,nolog,skipAfter:END-CHECKS"
SecRule ARGS "@contains attack" "id:1002,phase:2,pass,nolog,capture,setvar:tx.score=+5"
SecRule TX:score "@ge %{tx.limit}" "id:1003,phase:2,deny,status:499"
SecMarker END-CHECKS
"#;

const OPERATOR: &str = "
{apiVersion: portcullis.dev/v1alpha1, kind: ClusterWafPolicy, metadata: {name: all}, spec: {minimum: \
 {mode: Block}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [\
 {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
---
apiVersion: portcullis.dev/v1alpha1
kind: WafPolicy
metadata: {name: web}
spec:
  secLang:
";

/// What keeps to rules of its own.
const ADDS: &[&str] = &[
    r#"SecRule ARGS "@contains other" "id:1,phase:2,deny""#,
    r#"SecAction "id:1,phase:2,pass,nolog,skip:1""#,
    r#"SecAction "id:1,phase:2,pass,nolog,skip:100000""#,
    r#"SecAction "id:1,phase:2,pass,nolog,skipAfter:END-CHECKS""#,
    "SecAction \"id:1,phase:2,pass,nolog,skipAfter:END-CHECKS\"\nSecMarker END-CHECKS",
    r#"SecAction "id:1,phase:2,pass,nolog,skipAfter:1003""#,
    "SecMarker BEGIN-CHECKS\nSecMarker END-CHECKS",
    "SecDefaultAction \"phase:2,pass,nolog\"\nSecDefaultAction \"phase:1,pass,nolog\"",
    "SecDefaultAction \"phase:2,deny,status:200\"",
    r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.own_score=-5""#,
    r#"SecRule ARGS "@rx (.)" "id:1,phase:2,pass,nolog,capture""#,
    "SecRuleEngine Off",
    "SecRuleEngine DetectionOnly",
];

/// What would weaken others.
const WEAKENS: &[&str] = &[
    r#"SecAction "id:1,phase:2,allow,nolog""#,
    r#"SecAction "id:1,phase:1,allow:request,nolog""#,
    r#"SecAction "id:1,phase:2,allow:phase,nolog""#,
    "SecDefaultAction \"phase:2,allow,nolog\"\nSecAction \"id:1,phase:2,block\"",
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleEngine=Off""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveById=1002""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=.""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=1002;ARGS""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyAccess=Off""#,
    r#"SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML""#,
    "SecRule ARGS \"@rx .\" \"id:1,phase:2,pass,nolog,chain\"\n\
     SecRule ARGS \"@rx .\" \"ctl:ruleEngine=Off\"",
    "SecRuleRemoveById 1002",
    "SecRuleRemoveById 1-9999",
    r#"SecRuleRemoveByTag ".""#,
    r#"SecRuleRemoveByMsg ".""#,
    r#"SecRuleUpdateTargetById 1002 "!ARGS""#,
    r#"SecRuleUpdateActionById 1003 "pass""#,
    r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.score=-5""#,
    r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.limit=1000""#,
    r#"SecAction "id:1,phase:2,pass,nolog,setvar:!tx.limit""#,
    r#"SecAction "id:1,phase:2,pass,nolog,setvar:'tx.%{tx.own_a}limit=1000'""#,
    r#"SecAction "id:1,phase:1,pass,nolog,setenv:friend=yes""#,
    "SecRequestBodyAccess Off",
    "SecRequestBodyLimit 1",
    "SecArgumentsLimit 1",
];

#[test]
fn rules_of_a_tenant_add_to_those_of_the_operator_and_weaken_none() {
    for (all, is_refused) in [(ADDS, false), (WEAKENS, true)] {
        for text in all {
            for field in ["before", "after"] {
                let indented = text.replace('\n', "\n      ");
                let manifest = format!("{OPERATOR}    {field}: |\n      {indented}\n");
                let context = format!("{field}: {text}");
                let world = World::new(RULES);
                let translation = world.translation(&manifest);
                let told = format!("WafPolicy default/web: spec.secLang.{field}: ");
                let problems = translation.problems.iter().map(ToString::to_string);
                let mut problems = problems.filter(|it| it.contains("only to be added"));
                let found = problems.find(|it| it.contains(&told));
                assert_eq!(found.is_some(), is_refused, "{context}: {found:?}");
                let policy = policy(&translation.config);
                let verdict = post(&policy, "a.com", "/", (FORM, "a=attack"));
                let denied = matches!(verdict, Verdict::Deny { status: 499, .. });
                assert!(denied, "{context}: {verdict:?}");
            }
        }
    }
}
