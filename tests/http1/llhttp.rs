//! llhttp's own test vectors: where we differ from it, the difference is deliberate and listed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::http1::{
    self, BodyDecoder, BodyLength, ChunkLimits, HeadError, HeadLimits, Parsed, RequestFraming,
};
use portcullis::message::{Method, RequestHead, ResponseHead};

/// Where the vectors are, beside the project.
const CORPUS: &str = "../shared/corpora/llhttp";

/// What we refuse and llhttp does not, or the other way round, and why.
const DIFFERENCES: &[(&str, &[&str])] = &[
    (
        "no transfer coding but chunked alone is taken, since the next hop might read it otherwise",
        &[
            "request/transfer-encoding: POST with `chunked` as last transfer-encoding",
            "request/transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)",
            "response/transfer-encoding: `chunked` before other transfer-encoding",
            "response/transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding",
            "response/transfer-encoding: multiple transfer-encoding where chunked is not the last one",
        ],
    ),
    (
        "fields that describe or frame a message do not belong into its trailers",
        &["request/transfer-encoding: Trailing headers"],
    ),
    (
        "a response that cannot have a body must not announce one",
        &[
            "response/connection: HTTP 101 response with Upgrade and Content-Length header",
            "response/connection: HTTP 101 response with Upgrade and Transfer-Encoding header",
        ],
    ),
    (
        "empty lines are skipped before requests only: what stands before a response is not its own",
        &[
            "response/connection: HTTP 100 first, then 400",
            "response/connection: HTTP 304 with Content-Length",
            "response/pipelining: Should parse multiple events",
            "response/sample: Response starting with CRLF",
        ],
    ),
    (
        "a request target has no fragment",
        &["request/uri: Fragment in URI"],
    ),
    (
        "HTTP/0.9, RTSP and ICE are not spoken",
        &[
            "request/method: ANNOUNCE request with RTSP",
            "request/method: OPTIONS request with RTSP",
            "request/method: SOURCE request with ICE",
            "request/sample: No HTTP version",
            "response/sample: HTTP version 0.9",
            "response/sample: ICE response",
            "response/sample: RTSP response",
        ],
    ),
    (
        "any token is a method, and forwarded",
        &[
            "request/invalid: HTTP protocol and ANNOUNCE method",
            "request/invalid: Invalid method",
            "request/method: PRI request HTTP2",
        ],
    ),
    (
        "fields are judged when the head is complete, which it is not here",
        &[
            "request/content-length: Error on `Content-Length` overflow",
            "request/content-length: Error on duplicate `Content-Length`",
        ],
    ),
];

#[test]
fn every_difference_from_llhttp_is_a_listed_one() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join(CORPUS);
    if !corpus.is_dir() {
        println!("skipped: {} is absent", corpus.display());
        return;
    }
    let mut listed: BTreeSet<&str> = DIFFERENCES
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    let mut unlisted = Vec::new();
    let mut count = 0;
    for file in files(&corpus) {
        for case in cases(&file, &fs::read_to_string(corpus.join(&file)).unwrap()) {
            count += 1;
            let ours = case.ours();
            // What llhttp takes in a lenient mode we may refuse, but never read otherwise.
            let is_refused_leniency = case.kind.contains("-lenient-") && ours.end == End::Refused;
            if ours == case.theirs || is_refused_leniency || listed.remove(&*case.name) {
                continue;
            }
            unlisted.push(format!("{}: {ours:?}, not {:?}", case.name, case.theirs));
        }
    }
    assert_eq!(unlisted, Vec::<String>::new());
    assert_eq!(listed, BTreeSet::new(), "listed, but no difference");
    assert_eq!(
        count, 251,
        "the corpus is another than the one that was looked through"
    );
}

/// What becomes of a stream: how many whole messages are read, and how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdict {
    messages: usize,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All that came is used.
    Used,
    /// What follows belongs to another protocol.
    Upgraded,
    /// A message is refused.
    Refused,
}

struct Case {
    /// The file, then the title.
    name: String,
    kind: String,
    /// As for the answer to a HEAD request.
    skips_body: bool,
    input: Vec<u8>,
    theirs: Verdict,
}

impl Case {
    fn ours(&self) -> Verdict {
        let mut messages = 0;
        let end = if self.kind.starts_with("request") {
            requests(&self.input, self.skips_body, &mut messages)
        } else {
            let to_head = if self.skips_body {
                Method::Head
            } else {
                Method::Get
            };
            responses(&self.input, to_head, &mut messages)
        };
        Verdict { messages, end }
    }
}

fn requests(input: &[u8], skips_body: bool, messages: &mut usize) -> End {
    let mut head = RequestHead::default();
    head.buffer.extend_from_slice(input);
    loop {
        match http1::parse_request(&mut head, &HeadLimits::default()) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) => return End::Used,
            Err(_) => return End::Refused,
        }
        let Ok(framing) = framing_with_host(&head) else {
            return End::Refused;
        };
        let is_connect = head.method == Method::Connect;
        head.advance();
        let length = if skips_body {
            BodyLength::Empty
        } else {
            framing.body
        };
        match body(&mut head.buffer, length) {
            Some(true) => *messages += 1,
            Some(false) => return End::Used,
            None => return End::Refused,
        }
        if framing.upgrade || is_connect {
            return End::Upgraded;
        }
        if !framing.keep_alive && !head.buffer.is_empty() {
            return End::Refused;
        }
    }
}

fn responses(input: &[u8], request_method: Method, messages: &mut usize) -> End {
    let mut head = ResponseHead::default();
    head.buffer.extend_from_slice(input);
    loop {
        match http1::parse_response(&mut head, &HeadLimits::default()) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) => return End::Used,
            Err(_) => return End::Refused,
        }
        let Ok(framing) = http1::response_framing(&head, request_method) else {
            return End::Refused;
        };
        let status = head.status;
        head.advance();
        match body(&mut head.buffer, framing.body) {
            Some(true) => *messages += 1,
            Some(false) => return End::Used,
            None => return End::Refused,
        }
        if status == 101 {
            return End::Upgraded;
        }
        if !framing.keep_alive && !head.buffer.is_empty() {
            return End::Refused;
        }
    }
}

/// Most vectors have no `Host`, which is not what they are about.
fn framing_with_host(head: &RequestHead) -> Result<RequestFraming, HeadError> {
    match http1::request_framing(head) {
        Err(HeadError::NoHost) => {}
        outcome => return outcome,
    }
    let mut bytes = head.buffer[..head.head_len - 2].to_vec();
    bytes.extend_from_slice(b"Host: a\r\n\r\n");
    let mut head = RequestHead::default();
    head.buffer = bytes;
    http1::parse_request(&mut head, &HeadLimits::default())?;
    http1::request_framing(&head)
}

/// Takes a body off the front of `buffer`; tells whether it is whole, and gives nothing if it is
/// refused.
fn body(buffer: &mut Vec<u8>, length: BodyLength) -> Option<bool> {
    let mut decoder = BodyDecoder::new(length, ChunkLimits::default());
    while !decoder.is_done() && !buffer.is_empty() {
        let decoded = decoder.decode(buffer).ok()?;
        buffer.drain(..decoded.consumed);
    }
    Some(decoder.is_done())
}

fn files(corpus: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["request", "response"] {
        for entry in fs::read_dir(corpus.join(folder)).unwrap() {
            files.push(Path::new(folder).join(entry.unwrap().file_name()));
        }
    }
    files.sort();
    files
}

/// Reads the cases of a file: headings, then for each a comment with its kind, the stream, and the
/// calls that llhttp makes.
fn cases(file: &Path, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut title, mut meta, mut input) = ("", "", Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("##") {
            title = heading.trim_start_matches('#').trim();
        } else if line.starts_with("<!-- meta=") {
            meta = line;
        } else if line.starts_with("```") {
            let block: Vec<&str> = lines
                .by_ref()
                .take_while(|l| !l.starts_with("```"))
                .collect();
            match line {
                "```http" => input = stream(&block),
                _ => cases.push(Case {
                    name: format!("{}: {title}", file.with_extension("").display()),
                    kind: meta.split('"').nth(3).unwrap().to_owned(),
                    skips_body: meta.contains("skipBody"),
                    input: std::mem::take(&mut input),
                    theirs: verdict(&block),
                }),
            }
        }
    }
    cases
}

/// The bytes that a block stands for: its lines end with CR LF, the last has no end, a backslash
/// at the end joins two, and escapes are C's.
fn stream(block: &[&str]) -> Vec<u8> {
    let joined = block.join("\n").replace("\\\n", "").replace('\n', "\r\n");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&byte, more)) = rest.split_first() {
        rest = more;
        bytes.push(match (byte, more) {
            (b'\\', [escape @ (b'r' | b'n' | b't' | b'f'), more @ ..]) => {
                rest = more;
                match escape {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    _ => 0x0c,
                }
            }
            (b'\\', [b'x', high, low, more @ ..]) => {
                rest = more;
                let digits = [*high, *low];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            _ => byte,
        });
    }
    bytes
}

fn verdict(log: &[&str]) -> Verdict {
    let messages = log
        .iter()
        .filter(|l| l.ends_with("message complete"))
        .count();
    let error = log.iter().find_map(|l| l.split_once("error code="));
    let end = match error {
        None => End::Used,
        Some((_, error)) if error.starts_with("22 ") => End::Upgraded,
        Some(_) => End::Refused,
    };
    Verdict { messages, end }
}
