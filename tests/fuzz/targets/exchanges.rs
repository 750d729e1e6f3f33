//! Whole exchanges under the built-in rules: what comes of one is what evaluating the rules one by one
//! gives, and nothing of one exchange is left in the next. The input is a request, then a zero and a
//! line end, and a response.
#![no_main]

#[allow(dead_code)]
#[path = "../../waf/exchange.rs"]
mod exchange;

use std::{
    cell::RefCell,
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use portcullis::waf::{
    Policy, RuleSet, Transaction,
    seclang::{EngineMode, Memory, SourceMap, Trust, parse},
};

use self::exchange::{Request, Response, run};

/// What ends the request.
const END: &[u8] = b"\0\n";

// Compiling the rules is not counted as time of the first input.
libfuzzer_sys::fuzz_target!(init: { policies(); }, |input: &[u8]| {
    let end = input.windows(END.len()).position(|window| window == END);
    let (request, response) = match end {
        Some(at) => (&input[..at], &input[at + END.len()..]),
        None => (input, &b""[..]),
    };
    let request = Request::parse(request);
    thread_local! {
        static TRANSACTIONS: RefCell<[Transaction; 2]> =
            RefCell::new(policies().clone().map(Transaction::new));
    }
    TRANSACTIONS.with_borrow_mut(|[used, reference]| {
        let [policy, one_by_one] = policies();
        let expected = outcome(reference, one_by_one, &request, response);
        assert_eq!(outcome(used, policy, &request, response), expected);
        // Another exchange between, in case something is kept.
        outcome(used, policy, &Request::parse(b"GET / HTTP/1.1\n\n"), b"");
        assert_eq!(outcome(used, policy, &request, response), expected);
    });
});

/// The verdict, and each match with what it is about.
fn outcome(
    transaction: &mut Transaction,
    policy: &Arc<Policy>,
    request: &Request,
    response: &[u8],
) -> (String, Vec<(u64, Vec<u8>, Vec<u8>)>) {
    let verdict = run(transaction, policy, request, |_| answer(response));
    let matches = transaction.matches();
    let matches = matches.map(|it| (it.rule.id, it.variable.to_vec(), it.value.to_vec()));
    (format!("{verdict:?}"), matches.collect())
}

/// A response from bytes: a status line, fields and a body.
fn answer(bytes: &[u8]) -> Response {
    let parsed = Request::parse(bytes);
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let fields = parsed.headers.iter();
    let (_, status, _) = parsed.parts();
    Response {
        status: std::str::from_utf8(status)
            .ok()
            .and_then(|it| it.parse().ok())
            .unwrap_or(200),
        headers: fields
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        body: parsed.body,
    }
}

/// The built-in rules at the highest level, with answers inspected: as they run, and one by one.
fn policies() -> &'static [Arc<Policy>; 2] {
    static POLICIES: OnceLock<[Arc<Policy>; 2]> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let levels = ["blocking_paranoia_level", "detection_paranoia_level"];
        let policy = rules().policy().with_presets(levels.map(|it| (it, "4")));
        let policy = policy.in_mode(EngineMode::DetectionOnly);
        [policy.clone(), policy.one_by_one()].map(Arc::new)
    })
}

fn rules() -> RuleSet {
    let mut files = Memory::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    for entry in fs::read_dir(folder).expect("the rules are there") {
        let path = entry.expect("a readable folder").path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            let text = fs::read(&path).expect("a readable file");
            files.insert(name.to_string_lossy().into_owned(), text);
        }
    }
    let mut sources = SourceMap::default();
    let top = b"Include engine.conf\nSecResponseBodyAccess On\nInclude [0-9]*.conf\n";
    let parsed = parse(&mut sources, &files, Trust::Operator, "top.conf", top);
    assert!(parsed.errors.is_empty());
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    assert!(compiled.errors.is_empty());
    compiled.result.expect("rules that compile")
}
