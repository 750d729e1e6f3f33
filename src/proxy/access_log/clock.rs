//! Wall-clock time for log lines, from instants that were taken anyway.
//!
//! Invariant: a date is spelled once a second. Non-goal: local time; logs are in UTC.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Turns instants into dates.
#[derive(Debug)]
pub(super) struct Clock {
    /// One moment on both clocks; taken anew with every tick, so that steps of the wall clock show.
    anchor: (Instant, Duration),
    /// The second that the dates below spell, since 1970.
    second: u64,
    /// `2026-11-22T12:00:00`
    iso: [u8; 19],
    /// `22/Nov/2026:12:00:00`
    common: [u8; 20],
}

/// A moment, spelled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    /// `2026-11-22T12:00:00`, RFC 3339 without fraction and zone.
    pub(super) iso: &'a [u8; 19],
    /// `22/Nov/2026:12:00:00`, the common log format without the zone.
    pub(super) common: &'a [u8; 20],
    /// Milliseconds within the second.
    pub(super) millis: u32,
}

impl Clock {
    pub(super) fn new(now: Instant, wall: SystemTime) -> Self {
        let mut clock = Self {
            anchor: (now, Duration::ZERO),
            second: 0,
            iso: [0; 19],
            common: [0; 20],
        };
        clock.set(now, wall);
        clock.spell(clock.anchor.1.as_secs());
        clock
    }

    /// Compares the two clocks anew.
    pub(super) fn set(&mut self, now: Instant, wall: SystemTime) {
        // A clock before 1970 is shown as 1970.
        self.anchor = (now, wall.duration_since(UNIX_EPOCH).unwrap_or_default());
    }

    /// Spells the moment at `instant`.
    pub(super) fn at(&mut self, instant: Instant) -> Moment<'_> {
        let (now, wall) = self.anchor;
        let wall = match instant.checked_duration_since(now) {
            Some(later) => wall.saturating_add(later),
            None => wall.saturating_sub(now.duration_since(instant)),
        };
        if wall.as_secs() != self.second {
            self.spell(wall.as_secs());
        }
        Moment {
            iso: &self.iso,
            common: &self.common,
            millis: wall.subsec_millis(),
        }
    }

    fn spell(&mut self, second: u64) {
        self.second = second;
        let (year, month, day) = civil(second / 86_400);
        let of_day = second % 86_400;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let (year_high, year_low) = (two(year / 100), two(year % 100));
        let (month_digits, day) = (two(month), two(day));
        let (hour, minute, second) = (two(hour), two(minute), two(second));
        let name = usize::try_from(month - 1)
            .ok()
            .and_then(|month| MONTHS.get(month));
        let name = *name.expect("a month is 1 to 12");
        fill(
            &mut self.iso,
            &[
                &year_high,
                &year_low,
                b"-",
                &month_digits,
                b"-",
                &day,
                b"T",
                &hour,
                b":",
                &minute,
                b":",
                &second,
            ],
        );
        fill(
            &mut self.common,
            &[
                &day, b"/", name, b"/", &year_high, &year_low, b":", &hour, b":", &minute, b":",
                &second,
            ],
        );
    }
}

fn fill(target: &mut [u8], parts: &[&[u8]]) {
    let bytes = parts.iter().copied().flatten();
    for (place, byte) in target.iter_mut().zip(bytes) {
        *place = *byte;
    }
}

fn two(number: u64) -> [u8; 2] {
    let digit = |n: u64| b'0' + u8::try_from(n % 10).expect("a digit is below 10");
    [digit(number / 10), digit(number)]
}

/// Year, month and day of a day since 1970-01-01 in the proleptic Gregorian calendar, counted in
/// eras of 400 years that begin on March 1st, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(second: u64) -> (String, String) {
        let now = Instant::now();
        let mut clock = Clock::new(now, UNIX_EPOCH + Duration::from_secs(second));
        let moment = clock.at(now);
        (
            String::from_utf8_lossy(moment.iso).into_owned(),
            String::from_utf8_lossy(moment.common).into_owned(),
        )
    }

    #[test]
    fn dates_are_spelled_in_both_forms() {
        for (second, iso, common) in [
            (0, "1970-01-01T00:00:00", "01/Jan/1970:00:00:00"),
            (951_782_399, "2000-02-28T23:59:59", "28/Feb/2000:23:59:59"),
            (951_782_400, "2000-02-29T00:00:00", "29/Feb/2000:00:00:00"),
            (1_763_812_805, "2025-11-22T12:00:05", "22/Nov/2025:12:00:05"),
            (4_102_444_799, "2099-12-31T23:59:59", "31/Dec/2099:23:59:59"),
        ] {
            assert_eq!(
                spelled(second),
                (iso.to_owned(), common.to_owned()),
                "{second}"
            );
        }
    }

    #[test]
    fn days_follow_each_other_as_a_calendar_has_them() {
        let leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..200_000 {
            assert_eq!(civil(days), (year, month, day));
            let length = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn instants_before_and_after_the_anchor_are_told_apart() {
        let now = Instant::now() + Duration::from_secs(10);
        let wall = UNIX_EPOCH + Duration::from_millis(60_000);
        let mut clock = Clock::new(now, wall);
        for (instant, iso, millis) in [
            (now - Duration::from_millis(1), "1970-01-01T00:00:59", 999),
            (now, "1970-01-01T00:01:00", 0),
            (
                now + Duration::from_millis(1250),
                "1970-01-01T00:01:01",
                250,
            ),
        ] {
            let moment = clock.at(instant);
            assert_eq!(
                (moment.iso.as_slice(), moment.millis),
                (iso.as_bytes(), millis)
            );
        }
    }
}
