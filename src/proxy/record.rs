//! What is known of an exchange once it has ended: the one source of the access log and of the
//! request metrics.
//!
//! Invariant: a record is borrowed and plain; making one allocates nothing. Non-goal: how it is shown;
//! that is `access_log` and `metrics`.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use crate::{config::RuleMeta, message::Version, policy::CookieFindings};

/// One exchange, closed when the last byte of the answer is out or the exchange has broken off.
#[derive(Clone, Copy, Debug)]
pub struct RequestRecord<'a> {
    /// When the request head was complete.
    pub received: Instant,
    /// From `received` to the end of the exchange.
    pub duration: Duration,
    /// The client, after trusted hops.
    pub client: IpAddr,
    /// The other end of the connection, after PROXY protocol.
    pub peer: SocketAddr,
    /// The method as sent; empty if no request line could be read.
    pub method: &'a [u8],
    /// The request target as sent; empty if no request line could be read.
    pub target: &'a [u8],
    /// The host that routing saw, without a port.
    pub host: &'a [u8],
    /// The version of the request.
    pub version: Version,
    /// The TLS version of the connection, for example `TLSv1.3`; `None` in the clear.
    pub tls: Option<&'static str>,
    /// The status that was sent; 0 if the client went away before there was one.
    pub status: u16,
    /// Bytes of the request, head and body, without TLS and HTTP/2 framing.
    pub bytes_received: u64,
    /// Bytes of the answer's body, without framing.
    pub bytes_sent: u64,
    /// The value of `X-Request-ID`, the client's or ours.
    pub request_id: &'a [u8],
    /// `User-Agent`, empty if there is none.
    pub user_agent: &'a [u8],
    /// `Referer`, empty if there is none.
    pub referer: &'a [u8],
    /// The rule that answered, if one matched.
    pub rule: Option<&'a RuleMeta>,
    /// The rule's series; [`SeriesId::UNMATCHED`] if none matched.
    pub series: SeriesId,
    /// The upstream that was tried last, if any was.
    pub upstream: Option<UpstreamRecord>,
    /// What was found of its cookies, where some are protected.
    pub cookies: Option<CookieRecord<'a>>,
    /// How the exchange ended.
    pub outcome: Outcome,
}

impl RequestRecord<'_> {
    /// The status as logs and metrics show it: nginx's 499 where the client left before there was
    /// one.
    pub fn shown_status(&self) -> u16 {
        match (self.status, self.outcome) {
            (0, Outcome::ClientAborted) => 499,
            (status, _) => status,
        }
    }
}

/// Names a series of the request metrics: a namespace, an Ingress (or route) and a Service.
///
/// Numbers come from `SeriesRegistry`, when a snapshot is compiled, and survive reloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesId(pub u32);

impl SeriesId {
    /// Requests that no rule matched.
    pub const UNMATCHED: Self = Self(0);
    /// Requests whose rules found no number left.
    pub const OVERFLOW: Self = Self(1);
}

/// What was found of an exchange's cookies.
#[derive(Clone, Copy, Debug)]
pub struct CookieRecord<'a> {
    /// How many of which kind.
    pub findings: CookieFindings,
    /// The pattern, as configured, of the first that somebody should know of.
    pub pattern: Option<&'a str>,
}

/// The upstream's part of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamRecord {
    /// The endpoint that was tried last.
    pub address: SocketAddr,
    /// Its status; 0 if no response head came.
    pub status: u16,
    /// How long the connection took to make, TLS included; `None` where a kept one served.
    pub connect: Option<Duration>,
    /// From the request being ready to be sent to the response head; `None` if no head came.
    pub head_latency: Option<Duration>,
    /// Body bytes that came from it.
    pub bytes: u64,
    /// How many endpoints or connections were tried, the last one included.
    pub attempts: u8,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The upstream's answer was sent whole, or an upgraded connection was closed in order.
    Completed,
    /// The rule itself says the answer, a redirect for example.
    Answered,
    /// The client went away before it had everything.
    ClientAborted,
    /// The request was refused.
    Refused(Refusal),
    /// The upstream did not deliver.
    UpstreamFailed(UpstreamFailure),
    /// A time limit ended it.
    TimedOut(Phase),
    /// Our own fault: answered 500.
    Internal,
    /// The process ended first, when the grace of its shutdown was over.
    Aborted,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It is not HTTP, or ambiguous: 400.
    Malformed,
    /// Its head is longer or has more fields than allowed: 431.
    HeadTooLarge,
    /// Its target is longer than allowed: 414.
    TargetTooLong,
    /// Its body is longer than allowed: 413.
    BodyTooLarge,
    /// CONNECT, or a method that the rule does not take: 405.
    MethodNotAllowed,
    /// No rule matched: 404.
    NoRoute,
    /// The rule refuses everything or this client: 403.
    Denied,
    /// Too much at once; new work is shed: 503.
    Overloaded,
    /// The firewall's rules refuse it.
    Blocked,
    /// The firewall has no rules that could be obeyed: 503.
    NoRules,
    /// Its cookies cannot be verified: 403.
    Cookies,
}

/// How an upstream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamFailure {
    /// There is no endpoint to try: 503.
    NoEndpoint,
    /// No connection could be made: 502.
    Connect,
    /// The TLS handshake failed: 502.
    Tls,
    /// The connection broke before a response head: 502.
    Reset,
    /// What came is not HTTP: 502.
    Malformed,
    /// The connection broke within the answer's body, after its head had been sent.
    Truncated,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The request head: 408.
    RequestHead,
    /// The request body: 408.
    RequestBody,
    /// The connection to the upstream: 504.
    UpstreamConnect,
    /// Sending the request to the upstream: 504.
    UpstreamSend,
    /// The response head: 504.
    UpstreamHead,
    /// The response body, after its head had been sent.
    UpstreamBody,
    /// The client did not take its answer.
    ResponseSend,
    /// The exchange as a whole.
    Exchange,
}

impl Outcome {
    /// Whether the request was refused for what its head is.
    pub(super) const fn is_malformed(self) -> bool {
        matches!(
            self,
            Self::Refused(
                Refusal::Malformed
                    | Refusal::HeadTooLarge
                    | Refusal::TargetTooLong
                    | Refusal::MethodNotAllowed
            )
        )
    }

    /// Every outcome, in the order of [`Outcome::index`].
    pub const ALL: &'static [Self] = &[
        Self::Completed,
        Self::Answered,
        Self::ClientAborted,
        Self::Refused(Refusal::Malformed),
        Self::Refused(Refusal::HeadTooLarge),
        Self::Refused(Refusal::TargetTooLong),
        Self::Refused(Refusal::BodyTooLarge),
        Self::Refused(Refusal::MethodNotAllowed),
        Self::Refused(Refusal::NoRoute),
        Self::Refused(Refusal::Denied),
        Self::Refused(Refusal::Overloaded),
        Self::UpstreamFailed(UpstreamFailure::NoEndpoint),
        Self::UpstreamFailed(UpstreamFailure::Connect),
        Self::UpstreamFailed(UpstreamFailure::Tls),
        Self::UpstreamFailed(UpstreamFailure::Reset),
        Self::UpstreamFailed(UpstreamFailure::Malformed),
        Self::UpstreamFailed(UpstreamFailure::Truncated),
        Self::TimedOut(Phase::RequestHead),
        Self::TimedOut(Phase::RequestBody),
        Self::TimedOut(Phase::UpstreamConnect),
        Self::TimedOut(Phase::UpstreamSend),
        Self::TimedOut(Phase::UpstreamHead),
        Self::TimedOut(Phase::UpstreamBody),
        Self::TimedOut(Phase::ResponseSend),
        Self::TimedOut(Phase::Exchange),
        Self::Internal,
        Self::Refused(Refusal::Blocked),
        Self::Refused(Refusal::NoRules),
        Self::Refused(Refusal::Cookies),
        Self::Aborted,
    ];

    /// The outcome's name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Answered => "answered",
            Self::ClientAborted => "client_aborted",
            Self::Refused(Refusal::Malformed) => "malformed",
            Self::Refused(Refusal::HeadTooLarge) => "head_too_large",
            Self::Refused(Refusal::TargetTooLong) => "target_too_long",
            Self::Refused(Refusal::BodyTooLarge) => "body_too_large",
            Self::Refused(Refusal::MethodNotAllowed) => "method_not_allowed",
            Self::Refused(Refusal::NoRoute) => "no_route",
            Self::Refused(Refusal::Denied) => "denied",
            Self::Refused(Refusal::Overloaded) => "overloaded",
            Self::Refused(Refusal::Blocked) => "blocked",
            Self::Refused(Refusal::NoRules) => "no_rules",
            Self::Refused(Refusal::Cookies) => "cookies",
            Self::UpstreamFailed(UpstreamFailure::NoEndpoint) => "no_endpoint",
            Self::UpstreamFailed(UpstreamFailure::Connect) => "upstream_connect_failed",
            Self::UpstreamFailed(UpstreamFailure::Tls) => "upstream_tls_failed",
            Self::UpstreamFailed(UpstreamFailure::Reset) => "upstream_reset",
            Self::UpstreamFailed(UpstreamFailure::Malformed) => "upstream_malformed",
            Self::UpstreamFailed(UpstreamFailure::Truncated) => "upstream_truncated",
            Self::TimedOut(Phase::RequestHead) => "request_head_timeout",
            Self::TimedOut(Phase::RequestBody) => "request_body_timeout",
            Self::TimedOut(Phase::UpstreamConnect) => "upstream_connect_timeout",
            Self::TimedOut(Phase::UpstreamSend) => "upstream_send_timeout",
            Self::TimedOut(Phase::UpstreamHead) => "upstream_head_timeout",
            Self::TimedOut(Phase::UpstreamBody) => "upstream_body_timeout",
            Self::TimedOut(Phase::ResponseSend) => "response_send_timeout",
            Self::TimedOut(Phase::Exchange) => "exchange_timeout",
            Self::Internal => "internal_error",
            Self::Aborted => "aborted",
        }
    }

    /// The outcome's place in [`Outcome::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Completed => 0,
            Self::Answered => 1,
            Self::ClientAborted => 2,
            Self::Refused(Refusal::Malformed) => 3,
            Self::Refused(Refusal::HeadTooLarge) => 4,
            Self::Refused(Refusal::TargetTooLong) => 5,
            Self::Refused(Refusal::BodyTooLarge) => 6,
            Self::Refused(Refusal::MethodNotAllowed) => 7,
            Self::Refused(Refusal::NoRoute) => 8,
            Self::Refused(Refusal::Denied) => 9,
            Self::Refused(Refusal::Overloaded) => 10,
            Self::UpstreamFailed(UpstreamFailure::NoEndpoint) => 11,
            Self::UpstreamFailed(UpstreamFailure::Connect) => 12,
            Self::UpstreamFailed(UpstreamFailure::Tls) => 13,
            Self::UpstreamFailed(UpstreamFailure::Reset) => 14,
            Self::UpstreamFailed(UpstreamFailure::Malformed) => 15,
            Self::UpstreamFailed(UpstreamFailure::Truncated) => 16,
            Self::TimedOut(Phase::RequestHead) => 17,
            Self::TimedOut(Phase::RequestBody) => 18,
            Self::TimedOut(Phase::UpstreamConnect) => 19,
            Self::TimedOut(Phase::UpstreamSend) => 20,
            Self::TimedOut(Phase::UpstreamHead) => 21,
            Self::TimedOut(Phase::UpstreamBody) => 22,
            Self::TimedOut(Phase::ResponseSend) => 23,
            Self::TimedOut(Phase::Exchange) => 24,
            Self::Internal => 25,
            Self::Refused(Refusal::Blocked) => 26,
            Self::Refused(Refusal::NoRules) => 27,
            Self::Refused(Refusal::Cookies) => 28,
            Self::Aborted => 29,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_outcome_has_its_own_place_and_name() {
        for (place, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(outcome.index(), place, "{}", outcome.as_str());
        }
        let names: HashSet<_> = Outcome::ALL
            .iter()
            .map(|outcome| outcome.as_str())
            .collect();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}
