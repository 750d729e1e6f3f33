#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Arc};

use super::{FirewallStates, Firewalls};
use crate::{
    config::{
        self, Action, Config, FirewallMode, ObjectKind, ObjectRef, Route, Rule, RuleMeta,
        RuleOrigin, RuleSource, Severity,
    },
    policy::RoutePolicy,
    routing::{Match, PathMatch},
    waf::seclang::EngineMode,
};

const GOOD: &str = "SecRule ARGS \"@contains a\" \"id:1,phase:2,deny\"\n";
const BAD: &str = "SecRule ARGS \"@nonsense a\" \"id:1,phase:2,deny\"\n";

fn source(name: &str, text: &str) -> Arc<RuleSource> {
    let entry = format!("/rules/{name}");
    Arc::new(RuleSource {
        name: name.into(),
        files: BTreeMap::from([(entry.clone(), text.as_bytes().into())]),
        entry,
        trusted: true,
    })
}

fn firewall(rules: Arc<RuleSource>, after: Option<Arc<RuleSource>>) -> config::Firewall {
    config::Firewall {
        name: "policy".into(),
        mode: FirewallMode::Block,
        rules,
        before: None,
        after,
        minimum: None,
        presets: Vec::new(),
        request_body_limit: None,
        pass_past_limit: false,
        inspect_responses: None,
        streamed_types: Vec::new(),
        block_status: None,
        block_page: None,
    }
}

fn object() -> ObjectRef {
    ObjectRef {
        kind: ObjectKind::Ingress,
        namespace: "default".into(),
        name: "web".into(),
    }
}

fn config(firewalls: impl IntoIterator<Item = Arc<config::Firewall>>) -> Config {
    let rule = |firewall| Rule {
        matches: vec![Match::path(PathMatch::Prefix("/".into()))],
        policy: Arc::new(RoutePolicy::default()),
        firewall: Some(firewall),
        action: Action::NotFound,
        meta: Arc::new(RuleMeta {
            object: object(),
            service: "".into(),
            service_port: "".into(),
            host: "".into(),
            path: "/".into(),
        }),
    };
    Config {
        routes: vec![Arc::new(Route {
            object: object(),
            hosts: Vec::new(),
            rules: firewalls.into_iter().map(rule).collect(),
        })],
        ..Config::default()
    }
}

/// Follows one firewall after another, and gives what each has and what is wrong.
fn follow(
    firewalls: &mut Firewalls,
    settings: config::Firewall,
) -> (Option<Arc<crate::waf::Policy>>, Vec<String>) {
    let settings = Arc::new(settings);
    firewalls.follow(&config([Arc::clone(&settings)]));
    let problems = firewalls.problems().iter().map(ToString::to_string);
    (
        firewalls.of(Some(&settings)).unwrap().policy.clone(),
        problems.collect(),
    )
}

#[test]
fn a_rule_set_is_compiled_once_however_many_rules_are_under_it() {
    let rules = source("set", GOOD);
    let mut firewalls = Firewalls::default();
    let shared = Arc::new(firewall(Arc::clone(&rules), None));
    let alike = (0..9_000).map(|_| Arc::clone(&shared));
    // The same text from elsewhere, and other settings over it.
    let copies = (0..1_000).map(|index| {
        let mut other = firewall(source("set", GOOD), None);
        other.mode = FirewallMode::Detect;
        other.block_status = Some(400 + index % 4);
        Arc::new(other)
    });
    let config = config(alike.chain(copies));
    firewalls.follow(&config);
    assert_eq!(firewalls.compilations(), 1);
    let states = FirewallStates {
        current: 5,
        ..FirewallStates::default()
    };
    assert_eq!(firewalls.states(), states);
    let compiled = firewalls.of(Some(&shared)).unwrap();
    firewalls.follow(&config);
    assert!(Arc::ptr_eq(
        &compiled,
        &firewalls.of(Some(&shared)).unwrap()
    ));
    assert_eq!(firewalls.compilations(), 1);
}

#[test]
fn the_mode_is_the_firewalls_whatever_the_rules_say() {
    let rules = source("set", "SecRuleEngine Off\n");
    let mut settings = firewall(rules, None);
    for (mode, engine) in [
        (FirewallMode::Block, EngineMode::On),
        (FirewallMode::Detect, EngineMode::DetectionOnly),
    ] {
        settings.mode = mode;
        let (policy, _) = follow(&mut Firewalls::default(), settings.clone());
        assert_eq!(policy.unwrap().mode(), engine);
    }
}

#[test]
fn rules_that_never_compiled_are_none() {
    let mut firewalls = Firewalls::default();
    let (policy, problems) = follow(&mut firewalls, firewall(source("set", BAD), None));
    assert!(policy.is_none());
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert!(problem.contains("nonsense"), "{problem}");
    assert!(problem.contains("503"), "{problem}");
    assert_eq!(firewalls.states().missing, 1);
    let location = firewalls.problems()[0].location.clone().unwrap();
    assert_eq!((location.line, location.column), (1, 16));
    assert_eq!(location.path.to_str(), Some("/rules/set"));
}

#[test]
fn a_source_that_could_not_be_read_gives_no_rules() {
    let mut unread = RuleSource::clone(&source("set", GOOD));
    unread.files.clear();
    let (policy, problems) = follow(&mut Firewalls::default(), firewall(unread.into(), None));
    assert!(policy.is_none());
    assert_eq!(problems, [""; 0]);
}

#[test]
fn rules_that_do_not_compile_any_more_leave_the_last_ones_in_force() {
    let mut firewalls = Firewalls::default();
    follow(&mut firewalls, firewall(source("set", GOOD), None));
    let (policy, problems) = follow(&mut firewalls, firewall(source("set", BAD), None));
    assert!(policy.is_some());
    assert!(problems[0].contains("stay in force"), "{problems:?}");
    assert_eq!(firewalls.states().kept, 1);
    // Whoever comes later gets them too, under another name as well.
    let mut other = firewall(source("set", BAD), None);
    other.name = "other".into();
    assert!(follow(&mut firewalls, other).0.is_some());
    // And they are gone with the last who names the source.
    follow(&mut firewalls, firewall(source("another", GOOD), None));
    let (policy, _) = follow(&mut firewalls, firewall(source("set", BAD), None));
    assert!(policy.is_none());
}

#[test]
fn rules_around_a_set_that_do_not_compile_leave_the_last_ones_or_the_set_alone() {
    let own = |text: &str| Some(source("own", text));
    let own_good = "SecRule ARGS \"@contains b\" \"id:2,phase:2,deny\"\n";
    let own_bad = "SecRule ARGS \"@contains b\" \"id:1,phase:2,deny\"\n";
    let mut firewalls = Firewalls::default();
    let set = source("set", GOOD);
    let (policy, problems) = follow(&mut firewalls, firewall(Arc::clone(&set), own(own_bad)));
    assert!(policy.is_some());
    assert!(
        problems[0].contains("there is a rule 1 already"),
        "{problems:?}"
    );
    assert!(problems[0].contains("only those that they are added to"));
    assert_eq!(firewalls.states().reduced, 1);
    follow(&mut firewalls, firewall(Arc::clone(&set), own(own_good)));
    assert_eq!(firewalls.states().current, 1);
    let (_, problems) = follow(&mut firewalls, firewall(set, own(own_bad)));
    assert_eq!(firewalls.states().kept, 1);
    assert!(problems[0].contains("stay in force"), "{problems:?}");
}

#[test]
fn rules_around_a_set_that_do_not_compile_bring_no_older_set_or_minimum_back() {
    let own = |text: &str| Some(source("own", text));
    let good = "SecRuleRemoveById 1\n";
    let bad = "SecRule ARGS \"@nonsense b\" \"id:2,phase:2,deny\"\n";
    let newer = "SecRule ARGS \"@contains a\" \"id:7,phase:2,deny\"\n";
    let bound = |minimum: Option<&str>, settings: config::Firewall| config::Firewall {
        minimum: minimum.map(Into::into),
        ..settings
    };
    for (set, minimum, kept) in [
        (GOOD, None, true),
        (newer, None, false),
        (GOOD, Some("protected: 1"), false),
    ] {
        let mut firewalls = Firewalls::default();
        follow(&mut firewalls, firewall(source("set", GOOD), own(good)));
        let broken = bound(minimum, firewall(source("set", set), own(bad)));
        let (_, problems) = follow(&mut firewalls, broken);
        let states = firewalls.states();
        let expected = (usize::from(kept), usize::from(!kept));
        assert_eq!((states.kept, states.reduced), expected, "{minimum:?} {set}");
        let follows = match kept {
            true => "stay in force",
            false => "only those that they are added to",
        };
        assert!(problems[0].contains(follows), "{problems:?}");
    }
}

#[test]
fn who_borrows_judges_by_the_set_that_is_kept_from_earlier() {
    let mut firewalls = Firewalls::default();
    let shared = firewalls.compiled_sets();
    let broken_around = firewall(source("set", BAD), Some(source("after", BAD)));
    // Nothing is in force yet: nothing can be judged by it.
    let (_, problems) = follow(&mut firewalls, firewall(source("set", BAD), None));
    assert_eq!(problems.len(), 1);
    let (policy, problems) = follow(&mut Firewalls::borrowing(&shared), broken_around.clone());
    assert!(policy.is_none());
    assert!(problems[0].contains("answered 503"), "{problems:?}");
    follow(&mut firewalls, firewall(source("set", GOOD), None));
    let (policy, _) = follow(&mut firewalls, firewall(source("set", BAD), None));
    assert!(policy.is_some());
    let mut borrowing = Firewalls::borrowing(&shared);
    let (policy, problems) = follow(&mut borrowing, broken_around);
    assert!(policy.is_some());
    assert_eq!(borrowing.compilations(), 1);
    let [after, set] = &*problems else {
        panic!("{problems:?}");
    };
    assert!(after.starts_with("File /rules/after: "), "{after}");
    assert!(set.contains("compiled last stay in force"), "{set}");
    // What good rules come to does not depend on it.
    let good = source("after", &GOOD.replace("id:1", "id:2"));
    let good = firewall(source("set", BAD), Some(good));
    let (_, problems) = follow(&mut Firewalls::borrowing(&shared), good);
    assert_eq!(problems.as_slice(), std::slice::from_ref(set));
    // Nobody names the set any more.
    firewalls.follow(&config([]));
    let mut borrowing = Firewalls::borrowing(&shared);
    let (policy, _) = follow(&mut borrowing, firewall(source("set", BAD), None));
    assert!(policy.is_none());
}

#[test]
fn what_compiled_around_a_set_that_is_gone_is_forgotten() {
    let own = "SecRule ARGS \"@contains b\" \"id:2,phase:2,deny\"\n";
    let mut firewalls = Firewalls::default();
    for turn in 0..5 {
        let set = source("set", &format!("{GOOD}# {turn}\n"));
        follow(&mut firewalls, firewall(set, Some(source("own", own))));
        assert_eq!(firewalls.customs.len(), 1, "{turn}");
        assert_eq!(firewalls.sets.len(), 1, "{turn}");
    }
}

#[test]
fn problems_are_told_of_whoever_wrote_the_rules() {
    let mut firewalls = Firewalls::default();
    let mut text = RuleSource::clone(&source("inline", ""));
    text.entry = "policy.conf".to_owned();
    text.files = BTreeMap::from([(text.entry.clone(), BAD.as_bytes().into())]);
    let mut config = config([Arc::new(firewall(text.into(), None))]);
    let origin = RuleOrigin {
        object: object(),
        field: "spec.secLang.after".to_owned(),
    };
    config.rule_origins.insert("inline".into(), origin);
    firewalls.follow(&config);
    let [problem] = firewalls.problems() else {
        panic!("{:?}", firewalls.problems())
    };
    assert_eq!(problem.severity, Severity::Error);
    assert_eq!(problem.field, "spec.secLang.after");
    assert!(
        problem.message.starts_with("policy.conf:1:16: "),
        "{problem}"
    );
    assert_eq!(problem.location, None);
}

#[test]
fn included_files_and_words_are_those_of_the_source_alone() {
    let files = [
        ("top.conf", "Include /set/a.conf\nInclude sub/*.conf\n"),
        (
            "/set/a.conf",
            "SecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2,deny\"\n",
        ),
        ("/set/words.data", "one\ntwo\n"),
        ("sub/b.conf", "Include ../../set/a.conf\n"),
    ];
    let source = RuleSource {
        name: "set".into(),
        entry: "top.conf".to_owned(),
        files: files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().into()))
            .collect(),
        trusted: true,
    };
    let (_, problems) = follow(&mut Firewalls::default(), firewall(source.into(), None));
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert!(problem.contains("sub/b.conf:1:9"), "{problem}");
    assert!(problem.contains("outside of the rule set"), "{problem}");
}
