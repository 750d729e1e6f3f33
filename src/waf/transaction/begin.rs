//! The beginning of an exchange, and its time.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use super::Transaction;
use crate::waf::{Variable, policy::Policy, tx::Member};

/// What is known of an exchange before its request.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The client's address, as text.
    pub client: &'a [u8],
    /// The client's port.
    pub client_port: u16,
    /// The address that it reached, as text.
    pub server: &'a [u8],
    /// The port that it reached.
    pub server_port: u16,
    /// What the exchange is called in every log.
    pub id: &'a [u8],
    /// When it began.
    pub at: SystemTime,
}

/// When an exchange began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) began: Option<SystemTime>,
}

impl Transaction {
    /// Begins another exchange under `policy`, and forgets the one before.
    pub fn begin(&mut self, policy: &Arc<Policy>, exchange: &Exchange<'_>) {
        if !Arc::ptr_eq(&self.policy, policy) {
            self.policy = Arc::clone(policy);
        }
        self.values.clear();
        self.state
            .reset(policy.names.len(), &policy.programs, policy.mode);
        self.multipart.clear();
        self.xml.clear();
        self.text.clear();
        self.content_type.clear();
        self.phase = 0;
        for (slot, value) in policy.preset.iter() {
            self.state
                .tx
                .set(&policy.names, Member::Fixed(*slot), value);
        }
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::RemoteAddr, exchange.client);
        scalars.set_part(
            Variable::RemoteHost,
            Variable::RemoteAddr,
            0,
            exchange.client.len(),
        );
        scalars.set_number(Variable::RemotePort, exchange.client_port.into());
        scalars.set(Variable::ServerAddr, exchange.server);
        scalars.set_number(Variable::ServerPort, exchange.server_port.into());
        scalars.set(Variable::UniqueId, exchange.id);
        scalars.set(Variable::Webappid, &policy.settings.web_app_id);
        for (variable, value) in AT_FIRST {
            scalars.set(*variable, value);
        }
        self.clock = Clock {
            began: Some(exchange.at),
        };
    }

    /// Gives the variables of time their values, where a rule asks for them.
    pub(super) fn tell_time(&mut self) {
        if !TIMES.iter().any(|time| self.uses(*time)) {
            return;
        }
        let began = self.clock.began.unwrap_or(UNIX_EPOCH);
        let since = began.duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let lasted = SystemTime::now().duration_since(began).unwrap_or_default();
        let (days, second) = (epoch.div_euclid(86_400), epoch.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let scalars = &mut self.values.scalars;
        for (variable, number) in [
            (Variable::TimeEpoch, epoch),
            (Variable::TimeYear, year),
            // As ModSecurity has it: January is 0, Sunday is 0.
            (Variable::TimeMon, month - 1),
            (Variable::TimeDay, day),
            (Variable::TimeWday, (days + 4).rem_euclid(7)),
            (Variable::TimeHour, hour),
            (Variable::TimeMin, minute),
            (Variable::TimeSec, second),
            (
                Variable::Duration,
                i64::try_from(lasted.as_micros()).unwrap_or(i64::MAX),
            ),
        ] {
            scalars.set_number(variable, number);
        }
        let clock = format!("{hour:02}:{minute:02}:{second:02}");
        scalars.set(Variable::Time, clock.as_bytes());
    }
}

/// Variables of time, all in UTC.
const TIMES: [Variable; 10] = [
    Variable::Time,
    Variable::TimeDay,
    Variable::TimeEpoch,
    Variable::TimeHour,
    Variable::TimeMin,
    Variable::TimeMon,
    Variable::TimeSec,
    Variable::TimeWday,
    Variable::TimeYear,
    Variable::Duration,
];

/// Values that stand until something gives another.
const AT_FIRST: &[(Variable, &[u8])] = &[
    (Variable::ModsecBuild, b"030000000"),
    (Variable::MscPcreError, b"0"),
    (Variable::MscPcreLimitsExceeded, b"0"),
    (Variable::ReqbodyError, b"0"),
    (Variable::ReqbodyProcessor, b""),
    (Variable::ReqbodyProcessorError, b"0"),
    (Variable::UrlencodedError, b"0"),
    (Variable::InboundDataError, b"0"),
    (Variable::OutboundDataError, b"0"),
    (Variable::MultipartBoundaryQuoted, b"0"),
    (Variable::MultipartBoundaryWhitespace, b"0"),
    (Variable::MultipartCrlfLfLines, b"0"),
    (Variable::MultipartDataAfter, b"0"),
    (Variable::MultipartDataBefore, b"0"),
    (Variable::MultipartFileLimitExceeded, b"0"),
    (Variable::MultipartHeaderFolding, b"0"),
    (Variable::MultipartInvalidHeaderFolding, b"0"),
    (Variable::MultipartInvalidPart, b"0"),
    (Variable::MultipartInvalidQuoting, b"0"),
    (Variable::MultipartLfLine, b"0"),
    (Variable::MultipartMissingSemicolon, b"0"),
    (Variable::MultipartStrictError, b"0"),
    (Variable::MultipartUnmatchedBoundary, b"0"),
    (Variable::FilesCombinedSize, b"0"),
    (Variable::ArgsCombinedSize, b"0"),
];

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, in the Gregorian
/// calendar.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    // Years from March on, so that the leap day is the last; eras of 400 years.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_781, (2026, 11, 24)),
            (-1, (1969, 12, 31)),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
