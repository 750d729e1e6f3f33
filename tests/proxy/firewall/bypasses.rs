//! Ways around a firewall, each over sockets: the backend never sees the attack, and the event says
//! which rule, or which refusal, it was.
//!
//! The rules are those of `bypasses.conf`: one attack, and what the Core Rule Set has around it.

mod rows;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use portcullis::config::FirewallMode;

use self::rows::{ATTACKED, FORM, charsets, codings, content_types, documents, escapes, parts};
use super::rules::{events, firewall, guarded, ids, status};
use crate::{
    http2::client::{self, uri, whole},
    support::{Plan, TestProxy, Upstream},
};

const RULES: &str = include_str!("bypasses.conf");
const ATTACK: &str = "union select";

/// What the event says.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// A rule.
    Rule(u64),
    /// What could not be inspected.
    Uninspected(&'static str),
    /// The codec's refusal; no rule has matched.
    Malformed,
}

/// A request that either protocol can carry.
struct Row {
    name: &'static str,
    target: &'static str,
    fields: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    told: Told,
}

fn row(name: &'static str, told: Told, kind: &str, body: impl AsRef<[u8]>) -> Row {
    Row {
        name,
        target: "/p",
        fields: vec![("content-type", kind.as_bytes().to_vec())],
        body: body.as_ref().to_vec(),
        told,
    }
}

fn coded(name: &'static str, told: Told, coding: &str, body: Vec<u8>) -> Row {
    let mut row = row(name, told, FORM, body);
    row.fields
        .push(("content-encoding", coding.as_bytes().to_vec()));
    row
}

fn query(name: &'static str, told: Told, target: &'static str) -> Row {
    Row {
        name,
        target,
        fields: Vec::new(),
        body: Vec::new(),
        told,
    }
}

fn rows() -> Vec<Row> {
    [
        content_types(),
        parts(),
        charsets(),
        documents(),
        escapes(),
        codings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Row {
    fn method(&self) -> &'static str {
        match self.body.is_empty() {
            true => "GET",
            false => "POST",
        }
    }

    /// As HTTP/1.1 has it.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
            self.method(),
            self.target
        )
        .into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() {
            let length = format!("Content-Length: {}\r\n", self.body.len());
            bytes.extend_from_slice(length.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// As HTTP/2 has it.
    fn request(&self) -> Request<()> {
        let mut request = Request::builder()
            .method(self.method())
            .uri(uri(self.target))
            .body(())
            .unwrap();
        for (name, value) in &self.fields {
            request.headers_mut().append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        request
    }

    /// The same without the attack, where that is plain to see.
    fn harmless(&self) -> Option<Self> {
        let Told::Rule(100 | 103) = self.told else {
            return None;
        };
        let calm = |bytes: &[u8]| {
            let text = bytes.to_vec();
            let at = memchr::memmem::find(&text, b"union")?;
            let mut text = text;
            text[at..at + 5].copy_from_slice(b"onion");
            Some(text)
        };
        let body = calm(&self.body)?;
        Some(Self {
            name: self.name,
            target: self.target,
            fields: self.fields.clone(),
            body,
            told: self.told,
        })
    }
}

/// A proxy whose refused heads fall under the same rules, and the backend that nothing comes to.
fn guard() -> (TestProxy, Upstream) {
    let upstream = Upstream::mirror();
    let blocking = firewall(FirewallMode::Block, RULES);
    let mut plan = Plan::falling_under(blocking.clone());
    plan.firewall = Some(std::sync::Arc::new(blocking));
    plan.route("", "/", Default::default(), &[upstream.address]);
    (TestProxy::start(plan.config()), upstream)
}

/// Compares what was told with what was to be told, one event a request, in order.
fn compare(log: &str, expected: &[(&str, Told)], answers: &[String]) {
    let events = events(log);
    let mut wrong = Vec::new();
    for (place, (name, told)) in expected.iter().enumerate() {
        let event = events.get(place).cloned().unwrap_or_default();
        let is_told = match told {
            Told::Rule(id) => event["action"] != "passed" && ids(&event).contains(id),
            Told::Uninspected(reason) => event["uninspected"] == *reason,
            Told::Malformed => event["action"] == "malformed",
        };
        let answer = &answers[place];
        let refused = answer.starts_with('4') || answer == "500";
        if !is_told || !refused {
            wrong.push(format!("{name}: {told:?} expected, {answer}: {event}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(events.len(), expected.len(), "one event for each");
}

#[test]
fn no_bypass_comes_to_the_backend_over_http1() {
    let (proxy, upstream) = guard();
    let rows = rows();
    let expected: Vec<_> = rows.iter().map(|row| (row.name, row.told)).collect();
    let answers: Vec<_> = rows
        .iter()
        .map(|row| status(&proxy.ask(row.bytes())).to_owned())
        .collect();
    compare(&proxy.into_log(), &expected, &answers);
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn no_bypass_comes_to_the_backend_over_http2() {
    let (proxy, upstream) = guard();
    let rows = rows();
    let expected: Vec<_> = rows.iter().map(|row| (row.name, row.told)).collect();
    let mut answers = Vec::new();
    client::run(async {
        let client = client::Client::to(proxy.address).await;
        for row in &rows {
            let mut sender = client.sender.clone().ready().await.unwrap();
            let (answer, mut stream) = sender
                .send_request(row.request(), row.body.is_empty())
                .unwrap();
            if !row.body.is_empty() {
                // One that is refused early does not take all of it.
                let _ = stream.send_data(Bytes::copy_from_slice(&row.body), true);
            }
            let answer = whole(answer.await.unwrap()).await;
            answers.push(answer.unwrap().status().to_string());
        }
    });
    compare(&proxy.into_log(), &expected, &answers);
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn the_same_without_the_attack_arrives() {
    let upstream = Upstream::mirror();
    let blocking = firewall(FirewallMode::Block, RULES);
    let proxy = TestProxy::start(guarded(blocking, upstream.address));
    let mut count = 0;
    for row in rows().iter().filter_map(Row::harmless) {
        let answer = proxy.ask(row.bytes());
        assert_eq!(status(&answer), "200", "{}", row.name);
        assert!(answer.contains("onion"), "{}", row.name);
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn crumbs_of_a_cookie_are_one_field() {
    let (proxy, upstream) = guard();
    client::run(async {
        let client = client::Client::to(proxy.address).await;
        let crumbs = Request::get(uri("/"))
            .header("cookie", "one=1")
            .header("cookie", "two=2");
        let answer = client.ask(crumbs.body(()).unwrap(), &[]).await.unwrap();
        assert_eq!(answer.status(), 403);
        let crumbs = Request::get(uri("/"))
            .header("cookie", "a=good")
            .header("cookie", "b=union select");
        let answer = client.ask(crumbs.body(()).unwrap(), &[]).await.unwrap();
        assert_eq!(answer.status(), 403);
    });
    let expected = [("crumbs", Told::Rule(102)), ("a crumb", ATTACKED)];
    compare(&proxy.into_log(), &expected, &["403".into(), "403".into()]);
    assert_eq!(upstream.connections(), 0);
}

/// Requests that only HTTP/1.1 can frame.
fn framings() -> Vec<(&'static str, Told, String)> {
    let chunked = |fields: &str, body: &str| {
        format!(
            "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {FORM}\r\n\
             Transfer-Encoding: chunked\r\n{fields}\r\n{body}"
        )
    };
    let tiny: String = format!("a={ATTACK}")
        .chars()
        .map(|letter| format!("1\r\n{letter}\r\n"))
        .collect();
    vec![
        (
            "chunks with extensions",
            ATTACKED,
            chunked(
                "",
                "8;a=b;c=\"d;e\"\r\na=union \r\n6;x\r\nselect\r\n0;y\r\n\r\n",
            ),
        ),
        (
            "chunks of one byte",
            ATTACKED,
            chunked("", &format!("{tiny}0\r\n\r\n")),
        ),
        (
            "lengths with zeros before them",
            ATTACKED,
            chunked("", "0000e\r\na=union select\r\n000\r\n\r\n"),
        ),
        (
            "a trailer",
            ATTACKED,
            chunked("Trailer: X\r\n", "3\r\na=1\r\n0\r\nX: union select\r\n\r\n"),
        ),
        (
            "a client that waits for 100",
            ATTACKED,
            chunked(
                "Expect: 100-continue\r\n",
                "e\r\na=union select\r\n0\r\n\r\n",
            ),
        ),
        (
            "a length beside chunks",
            Told::Malformed,
            chunked("Content-Length: 3\r\n", "e\r\na=union select\r\n0\r\n\r\n")
                .replace("/p", "/?a=union+select"),
        ),
        (
            "a coding of the transfer",
            Told::Malformed,
            chunked("", "e\r\na=union select\r\n0\r\n\r\n")
                .replace("chunked", "gzip, chunked")
                .replace("/p", "/?a=union+select"),
        ),
        (
            "a field name with a blank",
            Told::Malformed,
            "GET /?a=union+select HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n".to_owned(),
        ),
        (
            "two hosts",
            Told::Malformed,
            "GET /?a=union+select HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
        ),
    ]
}

#[test]
fn no_framing_hides_a_body() {
    let (proxy, upstream) = guard();
    let framings = framings();
    let mut answers = Vec::new();
    for (_, _, request) in &framings {
        let answer = proxy.ask(request);
        let last = answer.rsplit("HTTP/1.1 ").next().unwrap();
        answers.push(last.get(..3).unwrap_or_default().to_owned());
    }
    let expected: Vec<_> = framings.iter().map(|it| (it.0, it.1)).collect();
    compare(&proxy.into_log(), &expected, &answers);
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn a_body_that_ends_early_is_not_forwarded() {
    let (proxy, upstream) = guard();
    let head = format!("POST /p HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\n");
    for framing in [
        "Content-Length: 50\r\n\r\na=union select",
        "Transfer-Encoding: chunked\r\n\r\n50\r\na=union select",
        "Transfer-Encoding: chunked\r\n\r\ne\r\na=union select\r\n",
        "Transfer-Encoding: chunked\r\n\r\ne\r\na=union select\r\n0\r\nX: ",
    ] {
        let mut client = proxy.connect();
        client.send(format!("{head}{framing}"));
        client.finish_sending();
        let answer = client.rest();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{framing:?}: {answer}"
        );
    }
    drop(proxy);
    assert_eq!(upstream.connections(), 0);
}
