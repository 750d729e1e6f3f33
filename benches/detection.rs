//! What rule sets find in corpora of attacks, and what they take for one, side by side.
//!
//!     detection [--level N] [--corpora DIR] [--crs DIR] [--texts FILE]... [--attacks FILE]...
//!               [--only SET] [--missed WORD]... [--found WORD]... [--rules] [--data]
//!
//! Every request goes through the whole engine, in blocking mode at a paranoia level (1). What
//! gotestwaf's files say goes where they say; parameter values and libinjection's strings go into the
//! query, a form, JSON, a cookie and a header. `--texts` adds harmless texts, one a line, with `\n`
//! for line ends, `--attacks`
//! attacks. `--missed`
//! and `--found` print what was missed and what was found in rows whose name contains a word, `--data`
//! with what each rule found; `--rules` counts the matches of each rule. Corpora that are not there are passed over.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use portcullis::waf::{
    BodyWish, Exchange, Policy, RequestLine, RuleSet, Transaction,
    body::coding::{CodingLimits, Decoder},
    seclang::{EngineMode, Memory, SourceMap, Trust, parse},
};
use serde::Deserialize;

/// Where the rules of this project are.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");

/// What every request has besides.
const HEADERS: [(&str, &str); 5] = [
    ("Host", "shop.example.com"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    (
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
];

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    match Options::read(arguments).and_then(|options| options.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("detection: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Adds what a corpus holds.
type Read = fn(&Path, &mut Vec<Case>) -> Outcome<()>;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Debug)]
struct Options {
    level: String,
    corpora: PathBuf,
    crs: PathBuf,
    rules: PathBuf,
    texts: Vec<(PathBuf, bool)>,
    only: Option<String>,
    missed: Vec<String>,
    found: Vec<String>,
    by_rule: bool,
    data: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut options = Self {
            level: "1".to_owned(),
            corpora: root.join("../shared/corpora"),
            crs: root.join("target/conformance/crs"),
            rules: PathBuf::from(RULES),
            texts: Vec::new(),
            only: None,
            missed: Vec::new(),
            found: Vec::new(),
            by_rule: false,
            data: false,
        };
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{option} needs a value"));
            match option.as_str() {
                "--level" => options.level = value()?,
                "--corpora" => options.corpora = value()?.into(),
                "--crs" => options.crs = value()?.into(),
                "--builtin" => options.rules = value()?.into(),
                "--texts" => options.texts.push((value()?.into(), false)),
                "--attacks" => options.texts.push((value()?.into(), true)),
                "--only" => options.only = Some(value()?),
                "--missed" => options.missed.push(value()?),
                "--found" => options.found.push(value()?),
                "--rules" => options.by_rule = true,
                "--data" => options.data = true,
                _ => return Err(format!("there is no option {option}").into()),
            }
        }
        Ok(options)
    }

    fn run(&self) -> Outcome<()> {
        let cases = self.cases()?;
        let mut sets = Vec::new();
        for name in ["builtin", "crs"] {
            if self.only.as_deref().is_some_and(|only| only != name) {
                continue;
            }
            match self.rule_set(name) {
                Ok(policy) => sets.push((name, Arc::new(policy))),
                Err(error) => println!("skipped: {name}: {error}"),
            }
        }
        let mut tallies: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
        let mut totals: BTreeMap<(bool, &str), usize> = BTreeMap::new();
        for case in &cases {
            *totals.entry((case.attack, &case.row)).or_default() += 1;
        }
        for (place, (name, policy)) in sets.iter().enumerate() {
            let mut transaction = Transaction::new(Arc::clone(policy));
            let mut by_rule: BTreeMap<u64, [usize; 2]> = BTreeMap::new();
            for case in &cases {
                let blocked = !case.request.passes(&mut transaction, policy);
                let tally = tallies.entry((case.attack, &case.row));
                let tally = tally.or_insert_with(|| vec![0; sets.len()]);
                tally[place] += usize::from(blocked);
                let mut ids: Vec<u64> = transaction.matches().map(|it| it.rule.id).collect();
                ids.sort_unstable();
                ids.dedup();
                for id in &ids {
                    by_rule.entry(*id).or_default()[usize::from(case.attack)] += 1;
                }
                let words = if blocked { &self.found } else { &self.missed };
                if words.iter().any(|word| case.row.contains(word.as_str())) {
                    let text: Vec<u8> = case.shown.iter().rev().take(160).rev().copied().collect();
                    println!("{name} {} {ids:?} {}", case.row, text.escape_ascii());
                    for it in transaction.matches().filter(|_| self.data) {
                        println!("    {} {}", it.rule.id, it.data.escape_ascii());
                    }
                }
            }
            if self.by_rule {
                println!("\n{name}: requests in which a rule matched, attacks and harmless ones");
                for (id, [harmless, attacks]) in by_rule {
                    println!("{id:>10} {attacks:>8} {harmless:>8}");
                }
            }
        }
        let names: Vec<&str> = sets.iter().map(|(name, _)| *name).collect();
        println!("\nlevel {}: blocked of all {:?}", self.level, names);
        for ((attack, row), tally) in &tallies {
            let total = totals.get(&(*attack, row)).copied().unwrap_or_default();
            let kind = if *attack { "attack  " } else { "harmless" };
            print!("{kind} {row:<44} {total:>7}");
            for blocked in tally {
                let share = 100.0 * *blocked as f64 / total.max(1) as f64;
                print!(" {blocked:>7} {share:>6.2} %");
            }
            println!();
        }
        Ok(())
    }

    fn rule_set(&self, name: &str) -> Outcome<Policy> {
        let mut files = Memory::default();
        let engine = self.rules.join("engine.conf");
        files.insert("engine.conf", fs::read(engine)?);
        let top = match name {
            "builtin" => {
                add_folder(&mut files, &self.rules, "rules")?;
                "Include engine.conf\nInclude rules/[0-9]*.conf\n"
            }
            _ => {
                files.insert("setup.conf", fs::read(self.crs.join("crs-setup.conf"))?);
                add_folder(&mut files, &self.crs.join("rules"), "rules")?;
                "Include engine.conf\nInclude setup.conf\nInclude rules/*.conf\n"
            }
        };
        let mut sources = SourceMap::default();
        let trust = Trust::Operator;
        let parsed = parse(&mut sources, &files, trust, "top.conf", top.as_bytes());
        if !parsed.errors.is_empty() {
            let errors = parsed.errors.iter().map(|error| error.render(&sources));
            return Err(errors.collect::<Vec<_>>().join("\n").into());
        }
        let compiled = RuleSet::compile(&parsed.directives, &sources, &files);
        if !compiled.errors.is_empty() {
            let errors = compiled.errors.iter().map(|fault| {
                let place = sources.locate(fault.span);
                format!("{place:?}: {}", fault.kind)
            });
            return Err(errors.collect::<Vec<_>>().join("\n").into());
        }
        let rules = compiled.result.ok_or("no rules")?;
        let levels = ["blocking_paranoia_level", "detection_paranoia_level"];
        let presets = levels.map(|member| (member, self.level.as_str()));
        Ok(rules.policy().in_mode(EngineMode::On).with_presets(presets))
    }

    fn cases(&self) -> Outcome<Vec<Case>> {
        let mut cases = Vec::new();
        for (folder, read) in [
            ("gotestwaf/testcases", gotestwaf as Read),
            ("httpparams/payload_full.csv", http_params),
            ("libinjection/data", libinjection),
        ] {
            let path = self.corpora.join(folder);
            if path.exists() {
                read(&path, &mut cases)?;
            } else {
                println!("skipped: {} is absent", path.display());
            }
        }
        for (path, attack) in &self.texts {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            for text in fs::read(path)?.split(|byte| *byte == b'\n') {
                if !text.is_empty() {
                    everywhere(&name, "text", &lines(text), *attack, &mut cases);
                }
            }
        }
        Ok(cases)
    }
}

fn add_folder(files: &mut Memory, folder: &Path, name: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(format!("{name}/{file}"), fs::read(&path)?);
        }
    }
    Ok(())
}

/// A request, and what it stands for.
struct Case {
    /// The line of the table that it counts in.
    row: String,
    attack: bool,
    shown: Vec<u8>,
    request: Request,
}

#[derive(Clone, Default)]
struct Request {
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn get(target: Vec<u8>) -> Self {
        Self {
            method: "GET".to_owned(),
            target,
            ..Self::default()
        }
    }

    fn post(content_type: &str, body: Vec<u8>) -> Self {
        Self::get(b"/".to_vec()).with_body("POST", content_type, body)
    }

    fn with_body(mut self, method: &str, content_type: &str, body: Vec<u8>) -> Self {
        method.clone_into(&mut self.method);
        if !content_type.is_empty() {
            self = self.with("Content-Type", content_type.as_bytes());
        }
        self.body = body;
        self
    }

    /// With a header that no line end breaks, instead of the one of its name.
    fn with(mut self, name: &str, value: &[u8]) -> Self {
        let value = value.iter().map(|byte| match byte {
            b'\r' | b'\n' | 0 => b' ',
            byte => *byte,
        });
        let value: Vec<u8> = value.collect();
        self.headers
            .push((name.to_owned(), value.trim_ascii().to_vec()));
        self
    }

    fn passes(&self, transaction: &mut Transaction, policy: &Arc<Policy>) -> bool {
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
        let mut line = self.method.clone().into_bytes();
        for piece in [b" ".as_slice(), &self.target, b" HTTP/1.1"] {
            line.extend_from_slice(piece);
        }
        transaction.request_line(&RequestLine {
            line: &line,
            method: self.method.as_bytes(),
            target: &self.target,
            protocol: b"HTTP/1.1",
        });
        let is_set = |name: &str| self.headers.iter().any(|(set, _)| set == name);
        for (name, value) in HEADERS.iter().filter(|(name, _)| !is_set(name)) {
            transaction.request_header(name.as_bytes(), value.as_bytes());
        }
        let mut decoded = None;
        for (name, value) in &self.headers {
            transaction.request_header(name.as_bytes(), value);
            if name.eq_ignore_ascii_case("content-encoding") {
                decoded = Some(self.decode(value));
            }
        }
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            transaction.request_header(b"Content-Length", length.as_bytes());
        }
        let head = transaction.run_request_head();
        // What does not decode is refused by the proxy.
        let body = match &decoded {
            Some(None) => return false,
            Some(Some(decoded)) => decoded,
            None => &self.body,
        };
        let passed = head.passes() && {
            if let BodyWish::Inspect { .. } = transaction.request_body_wish() {
                transaction.request_body(body, true);
            }
            transaction.run_request_body().passes()
        };
        transaction.run_logging();
        passed
    }

    fn decode(&self, coding: &[u8]) -> Option<Vec<u8>> {
        let mut decoder = Decoder::new(coding, CodingLimits::default()).ok()?;
        let mut decoded = Vec::new();
        decoder.push(&self.body, &mut decoded).ok()?;
        decoder.finish().ok()?;
        Some(decoded)
    }
}

/// Adds a text in each of five positions.
fn everywhere(corpus: &str, class: &str, text: &[u8], attack: bool, cases: &mut Vec<Case>) {
    let escaped = percent(text);
    let with = |before: &str| [before.as_bytes(), &escaped].concat();
    let cookie = with("session=3f2a9c; theme=dark; q=");
    let positions = [
        ("query", Request::get(with("/search?page=2&q="))),
        (
            "form",
            Request::post("application/x-www-form-urlencoded", with("page=2&q=")),
        ),
        ("json", Request::post("application/json", json(text))),
        (
            "cookie",
            Request::get(b"/".to_vec()).with("Cookie", &cookie),
        ),
        ("header", Request::get(b"/".to_vec()).with("X-Search", text)),
    ];
    for (position, request) in positions {
        cases.push(Case {
            row: format!("{corpus} {class} {position}"),
            attack,
            shown: text.to_vec(),
            request,
        });
    }
}

fn json(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    serde_json::json!({"page": 2, "q": text})
        .to_string()
        .into_bytes()
}

fn percent(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// A text of one line, with its line ends, tabs and backslashes as they were.
fn lines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let (byte, taken) = match (first, behind.first()) {
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'\\')) => (b'\\', 2),
            (byte, _) => (*byte, 1),
        };
        out.push(byte);
        rest = &rest[taken..];
    }
    out
}

/// The file of HttpParamsDataset: a value, its length, what it is, and whether it is that.
fn http_params(path: &Path, cases: &mut Vec<Case>) -> Outcome<()> {
    let text = fs::read(path)?;
    for record in records(&text).into_iter().skip(1) {
        let [value, _, class, _] = record.as_slice() else {
            continue;
        };
        let class = String::from_utf8_lossy(class).into_owned();
        everywhere("httpparams", &class, value, class != "norm", cases);
    }
    Ok(())
}

/// The records of a file whose fields stand in quotes.
fn records(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    let (mut record, mut field) = (Vec::new(), Vec::new());
    let mut quoted = false;
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&&b'"') => {
                bytes.next();
                field.push(b'"');
            }
            b'"' => quoted = !quoted,
            b',' if !quoted => record.push(std::mem::take(&mut field)),
            b'\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            b'\r' if !quoted => {}
            byte => field.push(*byte),
        }
    }
    records
}

/// libinjection's strings, percent-encoded, one a line.
fn libinjection(folder: &Path, cases: &mut Vec<Case>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let class = match name.split('-').next() {
            Some("sqli") => "sql",
            Some("xss") => "xss",
            _ => continue,
        };
        let text = fs::read(&path)?;
        let lines = text.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty() && line[0] != b'#') {
            everywhere("libinjection", class, &unescaped(line), true, cases);
        }
    }
    Ok(())
}

fn unescaped(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line;
    while let [first, behind @ ..] = rest {
        rest = behind;
        let code = behind.get(..2).and_then(|two| {
            let two = std::str::from_utf8(two).ok()?;
            u8::from_str_radix(two, 16).ok()
        });
        out.push(match (first, code) {
            (b'%', Some(code)) => {
                rest = &behind[2..];
                code
            }
            (b'+', _) => b' ',
            (byte, _) => *byte,
        });
    }
    out
}

/// A file of gotestwaf.
#[derive(Deserialize)]
struct Tests {
    payload: Vec<String>,
    encoder: Vec<String>,
    placeholder: Vec<Placeholder>,
    #[serde(default, rename = "type")]
    class: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Placeholder {
    Name(String),
    Detailed(BTreeMap<String, Details>),
}

#[derive(Clone, Deserialize)]
struct Details {
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

fn gotestwaf(folder: &Path, cases: &mut Vec<Case>) -> Outcome<()> {
    let mut files = Vec::new();
    for group in fs::read_dir(folder)? {
        for entry in fs::read_dir(group?.path())? {
            files.push(entry?.path());
        }
    }
    files.sort_unstable();
    for path in files {
        // Go's parser takes this escape, which YAML 1.2 does not have.
        let text = fs::read_to_string(&path)?.replace("\"\\'", "\"'");
        let tests: Tests =
            serde_saphyr::from_str(&text).map_err(|error| format!("{path:?}: {error}"))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let attack = !path.to_string_lossy().contains("false-pos");
        let class = tests.class.unwrap_or_else(|| stem.clone().into_owned());
        for payload in &tests.payload {
            for encoder in &tests.encoder {
                let encoded = encode(encoder, payload);
                for placeholder in &tests.placeholder {
                    let Some((name, request)) = place(placeholder, &encoded) else {
                        continue;
                    };
                    for row in [
                        "gotestwaf".to_owned(),
                        format!("gotestwaf by class: {class}"),
                        format!("gotestwaf by place: {name} {encoder}"),
                    ] {
                        cases.push(Case {
                            row,
                            attack,
                            shown: format!("{name} {encoder} {payload}").into_bytes(),
                            request: request.clone(),
                        });
                    }
                }
            }
        }
    }
    Ok(())
}

fn encode(encoder: &str, payload: &str) -> Vec<u8> {
    match encoder {
        "URL" => percent(payload.as_bytes()),
        "Base64Flat" => base64(payload.as_bytes()),
        _ => payload.as_bytes().to_vec(),
    }
}

/// Without padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            out.push(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]);
        }
    }
    out
}

fn place(placeholder: &Placeholder, encoded: &[u8]) -> Option<(String, Request)> {
    let (name, details) = match placeholder {
        Placeholder::Name(name) => (name, None),
        Placeholder::Detailed(map) => {
            let (name, details) = map.iter().next()?;
            (name, Some(details))
        }
    };
    let with = |before: &str| [before.as_bytes(), encoded].concat();
    let request = match (name.as_str(), details) {
        ("URLParam", _) => Request::get(with("/?c4f1=")),
        ("URLPath", _) => Request::get(with("/")),
        ("HTMLForm", _) => Request::post("application/x-www-form-urlencoded", with("c4f1=")),
        ("HTMLMultipartForm", _) => {
            let mut body = with("--b7d1\r\nContent-Disposition: form-data; name=\"c4f1\"\r\n\r\n");
            body.extend_from_slice(b"\r\n--b7d1--\r\n");
            Request::post("multipart/form-data; boundary=b7d1", body)
        }
        ("JSONRequest", _) => {
            let text = String::from_utf8_lossy(encoded);
            let body = serde_json::json!({"test": true, "c4f1": text});
            Request::post("application/json", body.to_string().into_bytes())
        }
        ("Header", _) => Request::get(b"/".to_vec()).with("X-C4f1", encoded),
        ("UserAgent", _) => Request::get(b"/".to_vec()).with("User-Agent", encoded),
        ("XMLBody", _) => Request::post("text/xml", encoded.to_vec()),
        ("SOAPBody", _) => {
            let mut body = with(
                "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\
                 \"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><ab1><a>",
            );
            body.extend_from_slice(b"</a></ab1></soap:Body></soap:Envelope>");
            Request::post("text/xml", body)
        }
        ("GraphQL", Some(details)) if details.method == "GET" => {
            Request::get(with("/graphql?query="))
        }
        ("GraphQL", _) => Request::post("application/json", encoded.to_vec()),
        // The proxy passes these on without a look.
        ("gRPC", _) => {
            Request::get(b"/".to_vec()).with_body("POST", "application/grpc", Vec::new())
        }
        ("RawRequest", Some(details)) => {
            let text = String::from_utf8_lossy(encoded);
            let body = details.body.replace("{{payload}}", &text);
            let is_form = |(name, value): (&String, &String)| {
                name.eq_ignore_ascii_case("content-type") && value.contains("multipart")
            };
            let body = match details.headers.iter().any(is_form) {
                true => body.replace('\n', "\r\n"),
                false => body,
            };
            let target = details.path.clone().into_bytes();
            let mut request = Request::get(target).with_body(&details.method, "", body.into());
            for (name, value) in &details.headers {
                request = request.with(name, value.as_bytes());
            }
            request
        }
        _ => return None,
    };
    Some((name.clone(), request))
}
