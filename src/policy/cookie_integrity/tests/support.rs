//! A backend that sets cookies and a browser that keeps them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::super::{
    ClientBinding, CookieClient, CookieExchange, CookieFinding, CookieIntegrity, CookieKeys,
    CookieMode, CookiePattern, CookieVerdict,
};

pub(super) const KEY: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
pub(super) const OTHER_KEY: &[u8; 32] = b"vutsrqponmlkjihgfedcba9876543210";
/// 2025-11-22T12:00:05Z
pub(super) const NOW: u64 = 1_763_812_805;

pub(super) const CLIENT: CookieClient<'static> = CookieClient {
    host: b"shop.example.com",
    address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
    user_agent: b"browser",
    certificate: b"",
};

pub(super) fn patterns(texts: &[&str]) -> Vec<CookiePattern> {
    let patterns = texts.iter().map(|text| CookiePattern::new(text));
    patterns.collect::<Result<_, _>>().unwrap()
}

pub(super) fn keys(keys: &[(&str, &[u8])]) -> Arc<CookieKeys> {
    Arc::new(CookieKeys::new(keys.iter().copied(), None).unwrap())
}

/// `sid` and `__Host-*` are signed, `secret` is encrypted.
pub(super) fn settings(mode: CookieMode) -> CookieIntegrity {
    CookieIntegrity {
        mode,
        signed: patterns(&["sid", "__Host-*"]),
        encrypted: patterns(&["secret"]),
        keys: keys(&[("a", KEY)]),
        max_age: None,
        binding: ClientBinding::None,
        secure: false,
        http_only: false,
        same_site: None,
    }
}

pub(super) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The values of `Set-Cookie` that a client is sent for one of the backend's.
pub(super) fn sent(
    settings: &CookieIntegrity,
    client: &CookieClient<'_>,
    line: &str,
) -> Vec<String> {
    sent_at(settings, client, line, NOW)
}

pub(super) fn sent_at(
    settings: &CookieIntegrity,
    client: &CookieClient<'_>,
    line: &str,
    now: u64,
) -> Vec<String> {
    let exchange = CookieExchange::new(&Arc::new(settings.clone()), client);
    if !exchange.takes(line.as_bytes()) {
        return vec![line.to_owned()];
    }
    let mut out = Vec::new();
    exchange.write(line.as_bytes(), at(now), &mut out);
    let text = String::from_utf8(out).unwrap();
    let lines = text.split_terminator("\r\n");
    let lines = lines.map(|line| line.strip_prefix("Set-Cookie: ").unwrap());
    lines.map(str::to_owned).collect()
}

/// What a browser sends back of them.
pub(super) fn kept(lines: &[String]) -> String {
    let pairs = lines.iter().map(|line| line.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The cookie as a browser has it after one `Set-Cookie`.
pub(super) fn cookie(settings: &CookieIntegrity, line: &str) -> String {
    kept(&sent(settings, &CLIENT, line))
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// `None`: what came stands.
    pub(super) value: Option<String>,
    pub(super) refused: bool,
    pub(super) findings: Vec<(CookieFinding, u16)>,
}

pub(super) fn check(
    settings: &CookieIntegrity,
    client: &CookieClient<'_>,
    fields: &[&str],
    now: u64,
) -> Seen {
    let exchange = CookieExchange::new(&Arc::new(settings.clone()), client);
    let checked = exchange.check(client, fields.iter().map(|it| it.as_bytes()), at(now));
    Seen {
        value: checked.value.map(|value| String::from_utf8(value).unwrap()),
        refused: checked.verdict == CookieVerdict::Refuse,
        findings: exchange.findings().iter().collect(),
    }
}

/// What the upstream is sent of one field now.
pub(super) fn passed(settings: &CookieIntegrity, field: &str) -> Seen {
    check(settings, &CLIENT, &[field], NOW)
}
