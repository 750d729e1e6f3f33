//! Which names stand for what no log shows.
//!
//! A name is taken as its letters and digits, in lower case: `X-Api-Key`, `api_key` and `apiKey` are
//! one. A long entry names whatever contains it (`user[password]`, `json.user.new_password`), a short
//! one whatever has it as a word (`card_number`, but not `discard`). Non-goal: guessing secrets by
//! their values.

use aho_corasick::AhoCorasick;

/// What is written in the place of what is not shown.
pub(super) const MASK: &[u8] = b"***";

/// Entries of so many bytes name whatever contains them.
const LONG: usize = 5;

/// Which arguments, headers and cookies no log shows.
#[derive(Clone, Debug)]
pub struct Masks {
    words: Vec<Box<[u8]>>,
    /// Finds the long ones.
    long: Option<AhoCorasick>,
    /// The short ones.
    short: Vec<Box<[u8]>>,
    /// Whether every cookie of a request is masked.
    cookies: bool,
    /// Whether every `Set-Cookie` is.
    set_cookies: bool,
}

/// What is masked unless said otherwise.
const DEFAULT: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "contrasena",
    "senha",
    "secret",
    "token",
    "accesstoken",
    "refreshtoken",
    "clientsecret",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "creditcard",
    "cardnumber",
    "sessionid",
    "phpsessid",
    "pass",
    "pwd",
    "pin",
    "otp",
    "jwt",
    "cvv",
    "cvc",
    "card",
    "ssn",
    "iban",
];

impl Default for Masks {
    /// Cookies, `Authorization`, and what is called password, token, key, card or the like.
    fn default() -> Self {
        Self {
            cookies: true,
            set_cookies: true,
            ..Self::none().with(DEFAULT)
        }
    }
}

impl Masks {
    /// Nothing is masked.
    pub fn none() -> Self {
        Self {
            words: Vec::new(),
            long: None,
            short: Vec::new(),
            cookies: false,
            set_cookies: false,
        }
    }

    /// The same, and these names too. `Cookie` and `Set-Cookie` stand for all cookies.
    #[must_use]
    pub fn with<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        for name in names {
            self.change(name.as_ref(), true);
        }
        self.build()
    }

    /// The same without these names. Each is an entry of the list: without `token`, `access_token` is
    /// masked still, which is an entry of its own.
    #[must_use]
    pub fn without<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        for name in names {
            self.change(name.as_ref(), false);
        }
        self.build()
    }

    /// Whether no name is masked.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && !self.cookies && !self.set_cookies
    }

    /// Whether what has this name is not shown.
    pub fn name(&self, name: &[u8]) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let whole = compact(name);
        let contains = |long: &AhoCorasick| long.is_match(&whole);
        if self.long.as_ref().is_some_and(contains) {
            return true;
        }
        words(name).any(|word| {
            let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit());
            let stem = word.get(..word.len() - digits.count()).unwrap_or_default();
            if stem.len() >= LONG {
                return false;
            }
            let mut entries = self.short.iter();
            entries
                .any(|entry| entry.eq_ignore_ascii_case(word) || entry.eq_ignore_ascii_case(stem))
        })
    }

    /// Whether a header of this name is not shown.
    pub fn header(&self, name: &[u8]) -> bool {
        if name.eq_ignore_ascii_case(b"cookie") {
            self.cookies
        } else if name.eq_ignore_ascii_case(b"set-cookie") {
            self.set_cookies
        } else {
            self.name(name)
        }
    }

    /// Whether a cookie of this name is not shown.
    pub fn cookie(&self, name: &[u8]) -> bool {
        self.cookies || self.name(name)
    }

    fn change(&mut self, name: &str, masked: bool) {
        let entry = compact(name.as_bytes());
        match entry.as_slice() {
            b"" => {}
            b"cookie" => self.cookies = masked,
            b"setcookie" => self.set_cookies = masked,
            entry => {
                self.words.retain(|word| **word != *entry);
                if masked {
                    self.words.push(entry.into());
                }
            }
        }
    }

    fn build(mut self) -> Self {
        let (long, short): (Vec<_>, Vec<_>) = self
            .words
            .iter()
            .cloned()
            .partition(|entry| entry.len() >= LONG);
        self.short = short;
        self.long = (!long.is_empty()).then(|| {
            AhoCorasick::new(long).expect("a list of names has fewer than two billion bytes")
        });
        self
    }
}

/// The letters and digits of a name, in lower case.
pub(super) fn compact(name: &[u8]) -> Vec<u8> {
    let kept = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    kept.map(u8::to_ascii_lowercase).collect()
}

/// The words of a name: what lies between other bytes than letters and digits, and from a small letter
/// to a capital.
fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.chunk_by(|left, right| {
        left.is_ascii_alphanumeric() == right.is_ascii_alphanumeric()
            && !(left.is_ascii_lowercase() && right.is_ascii_uppercase())
    })
    .filter(|word| word.first().is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_masked_by_what_they_say() {
        let masks = Masks::default();
        for (name, masked) in [
            ("password", true),
            ("user[password]", true),
            ("json.user.password", true),
            ("json.user.0.newPassword", true),
            ("PASSWD", true),
            ("pwd2", true),
            ("loginPwd", true),
            ("pass", true),
            ("passport", false),
            ("bypass", false),
            ("api_key", true),
            ("apiKey", true),
            ("X-Api-Key", true),
            ("csrftoken", true),
            ("access-token", true),
            ("client_secret", true),
            ("Proxy-Authorization", true),
            ("card_number", true),
            ("discard", false),
            ("cvv", true),
            ("spin", false),
            ("key", false),
            ("author", false),
            ("q", false),
            ("", false),
        ] {
            assert_eq!(masks.name(name.as_bytes()), masked, "{name}");
        }
    }

    #[test]
    fn the_list_can_be_changed() {
        let masks = Masks::default()
            .with(["X-Internal-Id", "dob"])
            .without(["Cookie", "token"]);
        for (name, masked) in [
            ("x-internal-id", true),
            ("user.dob", true),
            ("token", false),
            ("access_token", true),
        ] {
            assert_eq!(masks.name(name.as_bytes()), masked, "{name}");
        }
        for (name, masked) in [("Cookie", false), ("SET-cookie", true), ("Host", false)] {
            assert_eq!(masks.header(name.as_bytes()), masked, "{name}");
        }
        assert!(!masks.cookie(b"theme") && masks.cookie(b"password"));
        assert!(!Masks::none().name(b"password") && !Masks::none().header(b"cookie"));
    }
}
