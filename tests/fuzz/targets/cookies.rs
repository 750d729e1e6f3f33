//! Cookies: what a backend sets comes back as it set it, and what nobody has set does not.
#![no_main]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis::cookie_integrity::{
    CheckedCookies, ClientBinding, CookieClient, CookieExchange, CookieFinding, CookieIntegrity,
    CookieKeys, CookieMode, CookiePattern,
};

const CLIENT: CookieClient<'static> = CookieClient {
    host: b"a.example.com",
    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    user_agent: b"",
    certificate: b"",
};

fn settings() -> Arc<CookieIntegrity> {
    static SETTINGS: OnceLock<Arc<CookieIntegrity>> = OnceLock::new();
    let pattern = |text| vec![CookiePattern::new(text).expect("a pattern")];
    let make = || {
        let key = &b"0123456789abcdefghijklmnopqrstuv"[..];
        Arc::new(CookieIntegrity {
            mode: CookieMode::Drop,
            signed: pattern("s*"),
            encrypted: pattern("e*"),
            keys: Arc::new(CookieKeys::new([("a", key)], None).expect("a key")),
            max_age: None,
            binding: ClientBinding::Address,
            secure: true,
            http_only: false,
            same_site: None,
        })
    };
    Arc::clone(SETTINGS.get_or_init(make))
}

/// One moment for all runs.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1 << 30)
}

fn check(fields: &[&[u8]]) -> (CheckedCookies, CookieExchange) {
    let exchange = CookieExchange::new(&settings(), &CLIENT);
    let checked = exchange.check(&CLIENT, fields.iter().copied(), now());
    (checked, exchange)
}

fn comes_back(line: &[u8]) {
    let exchange = CookieExchange::new(&settings(), &CLIENT);
    if !exchange.takes(line) {
        return;
    }
    let mut out = Vec::new();
    exchange.write(line, now(), &mut out);
    let text = out.as_slice();
    let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    let (end, lines) = lines.split_last().expect("one piece");
    assert!(end.is_empty() && lines.len() <= 2);
    let pairs: Vec<&[u8]> = lines
        .iter()
        .map(|line| {
            let line = line.strip_prefix(b"Set-Cookie: ").expect("its name");
            let line = line.strip_suffix(b"\r").expect("its end");
            line.split(|byte| *byte == b';').next().unwrap_or_default()
        })
        .collect();
    let found = exchange.findings();
    if found.count(CookieFinding::Signed) + found.count(CookieFinding::Encrypted) == 0 {
        return;
    }
    let (checked, exchange) = check(&[&pairs.join(&b"; "[..])]);
    assert_eq!(exchange.findings().count(CookieFinding::Verified), 1);
    let pair = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let at = pair.iter().position(|byte| *byte == b'=').expect("a name");
    let (name, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
    assert_eq!(checked.value, Some([name, b"=", value].concat()));
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // Heads hold no other control bytes than tabs.
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let fields: Vec<Vec<u8>> = input
        .split(|byte| *byte == b'\n')
        .map(|field| field.iter().copied().filter(|byte| is_text(byte)).collect())
        .collect();
    for line in &fields {
        comes_back(line);
    }
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    let (checked, exchange) = check(&fields);
    if exchange.findings().count(CookieFinding::Verified) > 0 {
        return;
    }
    // What is written anew has a blank after every semicolon.
    let semicolons = input.iter().filter(|byte| **byte == b';').count();
    let length: usize = fields.iter().map(|field| field.len() + 2).sum::<usize>() + semicolons;
    if let Some(value) = checked.value {
        assert!(value.len() <= length);
        // Nothing is left to be found.
        let (again, exchange) = check(&[&value]);
        assert_eq!(again.value, None);
        assert_eq!(exchange.findings().iter().count(), 0);
    } else {
        assert_eq!(exchange.findings().iter().count(), 0);
    }
});
