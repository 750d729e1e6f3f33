//! How values are spelled on the command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::proxy::AccessLogDestination;

/// A listener's address, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    Off,
    At(SocketAddr),
}

impl Listen {
    pub(super) const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

pub(super) fn listen(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen::Off);
    }
    text.parse().map(Listen::At).map_err(|_| {
        "expected an address and a port such as 0.0.0.0:8080 or [::]:8080, or `off`".to_owned()
    })
}

/// Whole numbers with a unit, `500ms`, `10s`, `5m` or `1h`; seconds without one.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    number
        .parse::<u64>()
        .ok()
        .zip(millis)
        .and_then(|(number, millis)| number.checked_mul(millis))
        .map(Duration::from_millis)
        .ok_or_else(|| "expected a duration such as 500ms, 10s, 5m or 1h".to_owned())
}

/// `NAMESPACE/NAME`.
pub(super) fn namespaced_name(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, name))
            if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
        {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("expected NAMESPACE/NAME".to_owned()),
    }
}

/// `-` is standard output.
pub(super) fn access_log(text: &str) -> Result<AccessLogDestination, String> {
    match text {
        "" => Err("expected a path, `-` for standard output, or `off`".to_owned()),
        "-" => Ok(AccessLogDestination::Stdout),
        "off" => Ok(AccessLogDestination::Off),
        path => Ok(AccessLogDestination::File(PathBuf::from(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        for (text, expected) in [
            ("0", Some(0)),
            ("15", Some(15_000)),
            ("250ms", Some(250)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("10 s", None),
            ("1d", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(
                duration(text).ok(),
                expected.map(Duration::from_millis),
                "{text}"
            );
        }
    }

    #[test]
    fn names_have_a_namespace() {
        for (text, expected) in [
            ("default/tls", Some(("default", "tls"))),
            ("tls", None),
            ("/tls", None),
            ("default/", None),
            ("a/b/c", None),
        ] {
            let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(namespaced_name(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn listeners_can_be_switched_off() {
        for (text, expected) in [
            ("off", Some(None)),
            ("[::]:80", Some("[::]:80".parse().ok())),
            ("localhost:80", None),
            ("8080", None),
        ] {
            assert_eq!(listen(text).ok().map(Listen::address), expected, "{text}");
        }
    }
}
