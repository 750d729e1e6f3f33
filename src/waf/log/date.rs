//! Moments, spelled as logs have them: in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::waf::transaction::civil;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// A moment, taken apart. One before 1970 is shown as 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Date {
    since: Duration,
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    pub(super) fn of(at: SystemTime) -> Self {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (year, month, day) = civil(i64::try_from(since.as_secs() / 86_400).unwrap_or(0));
        Self {
            since,
            year,
            month,
            day,
        }
    }

    /// RFC 3339: `2026-11-22T12:00:00.123Z`
    pub(super) fn iso(&self) -> String {
        let Self {
            year, month, day, ..
        } = self;
        let (clock, millis) = (self.clock(), self.since.subsec_millis());
        format!("{year:04}-{month:02}-{day:02}T{clock}.{millis:03}Z")
    }

    /// The common log format: `22/Nov/2026:12:00:00 +0000`
    pub(super) fn common(&self) -> String {
        let Self { year, day, .. } = self;
        format!("{day:02}/{}/{year:04}:{} +0000", self.month(), self.clock())
    }

    /// C's `asctime`: `Sun Nov 22 12:00:00 2026`
    pub(super) fn asctime(&self) -> String {
        let Self { year, day, .. } = self;
        // 1970-01-01 was a Thursday.
        let weekday = (self.since.as_secs() / 86_400 + 4) % 7;
        let weekday = DAYS.get(usize::try_from(weekday).unwrap_or(0));
        format!(
            "{} {} {day:2} {} {year:04}",
            weekday.unwrap_or(&""),
            self.month(),
            self.clock()
        )
    }

    /// Milliseconds since 1970.
    pub(super) fn millis(&self) -> u128 {
        self.since.as_millis()
    }

    fn month(&self) -> &'static str {
        let place = usize::try_from(self.month - 1).unwrap_or(0);
        MONTHS.get(place).unwrap_or(&"")
    }

    fn clock(&self) -> String {
        let of_day = self.since.as_secs() % 86_400;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_spelled_in_each_form() {
        let date = Date::of(UNIX_EPOCH + Duration::from_millis(1_795_348_800_123));
        assert_eq!(date.iso(), "2026-11-22T12:00:00.123Z");
        assert_eq!(date.common(), "22/Nov/2026:12:00:00 +0000");
        assert_eq!(date.asctime(), "Sun Nov 22 12:00:00 2026");
        assert_eq!(date.millis(), 1_795_348_800_123);
    }
}
