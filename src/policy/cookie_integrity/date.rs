//! Dates of `Expires`, as browsers read them: RFC 6265 section 5.1.1.

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// Seconds since 1970 of a date, 0 for any before; `None`: it is none.
pub(super) fn parse(text: &[u8]) -> Option<u64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let ((hour, minute, second), day, month) = (time?, day?, month?);
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    if !(1..=31).contains(&day) || year < 1601 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if year < 1970 {
        return Some(0);
    }
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// A number of so many digits that the token begins with; what follows is no digit.
fn number(token: &[u8], least: usize, most: usize) -> Option<u64> {
    let length = token
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = token.get(..length)?;
    (least..=most).contains(&length).then(|| {
        let digits = digits.iter().map(|byte| u64::from(byte - b'0'));
        digits.fold(0, |number, digit| number * 10 + digit)
    })
}

fn time_of(token: &[u8]) -> Option<(u64, u64, u64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = |part: &[u8]| number(part, 1, 2).filter(|_| part.len() <= 2);
    Some((whole(hour)?, whole(minute)?, number(second, 1, 2)?))
}

/// From 1.
fn month_of(token: &[u8]) -> Option<u64> {
    let start = token.get(..3)?;
    let at = MONTHS
        .iter()
        .position(|it| start.eq_ignore_ascii_case(*it))?;
    u64::try_from(at + 1).ok()
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar, from 1970. A day that its month does
/// not have is one of the next month.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin on March 1st here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_browsers_read_them() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
            ("Thu Jan  1 00:00:00 1970", Some(0)),
            ("Sat, 22 Nov 2025 12:00:05 GMT", Some(1_763_812_805)),
            ("22 november 2025 12:0:5x", Some(1_763_812_805)),
            ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
            ("1 Mar 2000 00:00:00", Some(951_868_800)),
            ("1 Jan 1960 00:00:00", Some(0)),
            ("31 Dec 2099 23:59:59", Some(4_102_444_799)),
            ("1 Jan 69 0:0:0", Some(3_124_224_000)),
            ("1 Jan 1600 00:00:00", None),
            ("32 Jan 2000 00:00:00", None),
            ("1 Jan 2000 24:00:00", None),
            ("1 Jan 2000 00:60:00", None),
            ("1 Jan 2000", None),
            ("1 Foo 2000 00:00:00", None),
            ("0", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
    }
}
