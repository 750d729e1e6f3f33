//! What the engine spends on a request: rules from a file, requests from a folder.
//!
//!     waf RULES CORPUS
//!
//! One of the engines that `benches/peers/waf/run` compares; see there for the files and for the
//! protocol: a line with its name, then for each line `KIND COUNT` on standard input so many requests
//! of a kind, beginning where the last of the kind were, and a line with the matches and the refusals.
//! The kinds of `hostile.rs` need no file.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

mod hostile;

use portcullis::waf::{
    BodyWish, Exchange, Policy, RequestLine, RuleSet, Transaction,
    seclang::{Folder, SourceMap, Trust, parse},
};

/// What every request is answered with.
const REPLY: [(&[u8], &[u8]); 3] = [
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"Content-Length", b"5120"),
    (b"Cache-Control", b"no-cache"),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let (Some(rules), Some(corpus)) = (arguments.next(), arguments.next()) else {
        // As `cargo bench` runs it there is nothing to measure.
        eprintln!("usage: waf RULES CORPUS");
        return ExitCode::SUCCESS;
    };
    match serve(Path::new(&rules), Path::new(&corpus)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("waf: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(rules: &Path, corpus: &Path) -> Result<(), String> {
    let policy = Arc::new(load(rules)?);
    let mut transaction = Transaction::new(Arc::clone(&policy));
    let mut kinds: HashMap<String, (Vec<Request>, usize)> = HashMap::new();
    say(&format!("Portcullis {}", env!("CARGO_PKG_VERSION")))?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let mut words = line.split_whitespace();
        let (Some(kind), Some(count)) = (words.next(), words.next()) else {
            return Err(format!("not a task: {line}"));
        };
        let count: usize = count.parse().map_err(|_| format!("not a task: {line}"))?;
        if !kinds.contains_key(kind) {
            let requests = match hostile::request(kind) {
                Some(message) => vec![cut(&message)?],
                None => read(&corpus.join(format!("{kind}.requests")))?,
            };
            kinds.insert(kind.to_owned(), (requests, 0));
        }
        let Some((requests, next)) = kinds.get_mut(kind) else {
            continue;
        };
        let (matches, refusals) = measured(&mut transaction, &policy, requests, *next, count);
        *next = (*next + count) % requests.len().max(1);
        say(&format!("{matches} {refusals}"))?;
    }
    Ok(())
}

/// Runs requests; instructions are counted in here alone.
#[inline(never)]
fn measured(
    transaction: &mut Transaction,
    policy: &Arc<Policy>,
    requests: &[Request],
    first: usize,
    count: usize,
) -> (usize, usize) {
    let (mut matches, mut refusals) = (0, 0);
    for request in requests.iter().cycle().skip(first).take(count) {
        refusals += usize::from(!run(transaction, policy, request));
        matches += transaction.matches().count();
    }
    (matches, refusals)
}

fn run(transaction: &mut Transaction, policy: &Arc<Policy>, request: &Request) -> bool {
    transaction.begin(
        policy,
        &Exchange {
            client: b"192.0.2.7",
            client_port: 40_000,
            server: b"192.0.2.1",
            server_port: 443,
            id: b"6f1d0c",
            at: SystemTime::UNIX_EPOCH,
        },
    );
    let Request {
        line,
        method,
        target,
        protocol,
        headers,
        body,
    } = request;
    transaction.request_line(&RequestLine {
        line,
        method,
        target,
        protocol,
    });
    for (name, value) in headers {
        transaction.request_header(name, value);
    }
    let passed = transaction.run_request_head().passes()
        && {
            if let BodyWish::Inspect { .. } = transaction.request_body_wish() {
                transaction.request_body(body, true);
            }
            transaction.run_request_body().passes()
        }
        && {
            transaction.response_line(b"HTTP/1.1", 200, b"OK");
            for (name, value) in REPLY {
                transaction.response_header(name, value);
            }
            transaction.run_response_head().passes()
        }
        && transaction.run_response_body().passes();
    transaction.run_logging();
    passed
}

fn load(path: &Path) -> Result<Policy, String> {
    let folder = path.parent().ok_or("the rules are in no folder")?;
    let files = Folder::open(folder).map_err(|error| error.to_string())?;
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let mut sources = SourceMap::default();
    let name = path.to_string_lossy();
    let parsed = parse(&mut sources, &files, Trust::Operator, &name, &text);
    if let Some(error) = parsed.errors.first() {
        return Err(error.render(&sources));
    }
    let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
    if let Some(fault) = compiled.errors.first() {
        return Err(format!("{:?}: {}", sources.locate(fault.span), fault.kind));
    }
    let rules = compiled.result.ok_or("no rules")?;
    Ok(rules.policy())
}

struct Request {
    line: Vec<u8>,
    method: Vec<u8>,
    target: Vec<u8>,
    protocol: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

/// Reads a file of requests: each its length in decimal, a line feed, and the message.
fn read(path: &Path) -> Result<Vec<Request>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rest = bytes.as_slice();
    let mut requests = Vec::new();
    while !rest.is_empty() {
        let line = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("no length")?;
        let length = String::from_utf8_lossy(&rest[..line]);
        let length: usize = length.trim().parse().map_err(|_| "no length")?;
        let end = line + 1 + length;
        requests.push(cut(rest.get(line + 1..end).ok_or("cut short")?)?);
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    Ok(requests)
}

fn cut(message: &[u8]) -> Result<Request, String> {
    let end = message
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("no end of the head")?;
    let mut lines = message[..end].split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default().trim_ascii_end().to_vec();
    let mut words = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec);
    let mut word = || words.next().unwrap_or_default();
    let (method, target, protocol) = (word(), word(), word());
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((
            line[..colon].to_vec(),
            line[colon + 1..].trim_ascii().to_vec(),
        ))
    });
    Ok(Request {
        method,
        target,
        protocol,
        headers: headers.collect(),
        body: message[end + 4..].to_vec(),
        line,
    })
}

fn say(line: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}
