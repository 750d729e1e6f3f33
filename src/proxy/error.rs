//! Everything that can end an exchange early, and what the client is told.

use super::record::{Outcome, Phase, Refusal, UpstreamFailure};
use crate::{
    config::DenyReason,
    http1::{BodyError, HeadError},
    message::TargetError,
    upstream::ConnectError,
    waf::body::coding::CodingError,
};

/// Whose fault it is; decides the log level and the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The client's.
    Client,
    /// The configuration's, or nobody's: nothing is there to answer.
    Configuration,
    /// The upstream's.
    Upstream,
    /// Ours.
    Proxy,
}

/// Why an exchange did not go as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The request head is malformed or too large.
    #[error("request head refused: {0}")]
    RequestHead(HeadError),
    /// The request target or host is malformed.
    #[error("request target refused: {0}")]
    RequestTarget(TargetError),
    /// The path holds an encoded slash and the rule refuses them.
    #[error("encoded slash in the path refused by the rule")]
    EncodedSlash,
    /// The request body's framing is broken.
    #[error("request body refused: {0}")]
    RequestBody(BodyError),
    /// CONNECT, or TRACE with a body and the like: methods that the proxy does not serve.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// An expectation other than `100-continue`.
    #[error("expectation failed")]
    ExpectationFailed,
    /// The head did not come in time.
    #[error("timed out reading the request head")]
    HeadTimedOut,
    /// The body did not come in time.
    #[error("timed out reading the request body")]
    BodyTimedOut,
    /// The body is longer than the rule allows.
    #[error("request body longer than the rule allows")]
    BodyTooLong,
    /// The client went away.
    #[error("client closed the connection")]
    ClientGone,
    /// The client took no bytes for too long.
    #[error("timed out writing to the client")]
    ClientStalled,
    /// No rule matches.
    #[error("no rule matches")]
    NoRoute,
    /// A rule that refuses everything.
    #[error("denied: {0:?}")]
    Denied(DenyReason),
    /// The client sent no certificate, or none that is good.
    #[error("client certificate missing or refused")]
    Certificate,
    /// The client's certificate is for another subject.
    #[error("client certificate of another subject")]
    CertificateSubject,
    /// The connection was made for a host that asks for no client certificate, and this one does.
    #[error("client certificate needed on another connection")]
    Misdirected,
    /// The rule's backend cannot be used.
    #[error("the backend cannot be used")]
    Unavailable,
    /// The cluster has no endpoint.
    #[error("no endpoint to forward to")]
    NoEndpoint,
    /// Too many connections, descriptors or bytes are in use.
    #[error("overloaded")]
    Overloaded,
    /// No endpoint could be connected to.
    #[error("connecting to the upstream failed")]
    ConnectFailed,
    /// An endpoint was connected to, but TLS could not be agreed on.
    #[error("TLS handshake with the upstream failed")]
    UpstreamTls,
    /// Connecting took too long.
    #[error("connecting to the upstream timed out")]
    ConnectTimedOut,
    /// The upstream closed or broke the connection before its answer was complete.
    #[error("upstream closed the connection")]
    UpstreamClosed,
    /// The upstream has not processed the request, and says so (RFC 9113 section 8.7).
    #[error("upstream did not take the request")]
    UpstreamRefused,
    /// The upstream's answer is malformed.
    #[error("upstream's answer refused: {0}")]
    UpstreamHead(HeadError),
    /// The upstream sent 101 unasked, or interim answers without end.
    #[error("upstream sent an interim answer that was not asked for")]
    UnexpectedInterim,
    /// The upstream's body framing is broken.
    #[error("upstream's body refused: {0}")]
    UpstreamBody(BodyError),
    /// The upstream took no bytes for too long.
    #[error("timed out sending to the upstream")]
    UpstreamSendTimedOut,
    /// The upstream said nothing for too long.
    #[error("upstream timed out")]
    UpstreamTimedOut,
    /// The whole exchange took too long.
    #[error("the request took too long")]
    RequestTimedOut,
    /// The firewall's rules refuse it, with this status.
    #[error("refused by the firewall")]
    Blocked(u16),
    /// The firewall's rules want it closed without an answer.
    #[error("dropped by the firewall")]
    Dropped,
    /// The request's body is encoded so that the firewall cannot inspect it.
    #[error("request body cannot be inspected: {0}")]
    RequestCoding(CodingError),
    /// The firewall has no rules that could be obeyed.
    #[error("the firewall has no rules")]
    NoRules,
    /// Cookies of the request cannot be verified, and the rule refuses that.
    #[error("cookies cannot be verified")]
    Cookies,
    /// The process ended before the exchange did.
    #[error("aborted at shutdown")]
    Aborted,
    /// A panic while the request was served.
    #[error("internal error")]
    Internal,
}

impl ProxyError {
    /// What a failed connect means for the exchange.
    pub fn from_connect(error: &ConnectError) -> Self {
        match error {
            ConnectError::TimedOut => Self::ConnectTimedOut,
            ConnectError::Tls(_) | ConnectError::NotHttp2 | ConnectError::Settings(_) => {
                Self::UpstreamTls
            }
            ConnectError::Exhausted(_) => Self::Overloaded,
            ConnectError::Refused | ConnectError::Unreachable(_) | ConnectError::Failed(_) => {
                Self::ConnectFailed
            }
        }
    }

    /// The status that the client is answered with, or that is logged where nobody is left to
    /// answer (499, as nginx has it).
    pub fn status(self) -> u16 {
        match self {
            Self::RequestHead(error) => error.status(),
            Self::RequestTarget(error) => error.status(),
            Self::EncodedSlash | Self::RequestBody(_) | Self::Certificate => 400,
            Self::CertificateSubject | Self::Cookies => 403,
            Self::Misdirected => 421,
            Self::MethodNotAllowed => 405,
            Self::ExpectationFailed => 417,
            Self::HeadTimedOut | Self::BodyTimedOut => 408,
            Self::BodyTooLong => 413,
            Self::ClientGone | Self::ClientStalled => 499,
            Self::NoRoute => 404,
            Self::Denied(reason) => match reason {
                DenyReason::UnsupportedAccessControl | DenyReason::BrokenSecuritySetting => 403,
                DenyReason::BrokenCookieIntegrity => 503,
            },
            Self::Unavailable | Self::NoEndpoint | Self::Overloaded => 503,
            Self::ConnectFailed
            | Self::UpstreamTls
            | Self::UpstreamClosed
            | Self::UpstreamRefused
            | Self::UpstreamHead(_)
            | Self::UnexpectedInterim
            | Self::UpstreamBody(_) => 502,
            Self::ConnectTimedOut
            | Self::UpstreamSendTimedOut
            | Self::UpstreamTimedOut
            | Self::RequestTimedOut => 504,
            Self::Blocked(status) => status,
            // As nginx has it where nothing is answered.
            Self::Dropped => 444,
            Self::RequestCoding(error) => match error {
                // RFC 9110 section 8.4.
                CodingError::Unknown | CodingError::TooMany => 415,
                CodingError::TooLarge | CodingError::Bomb => 413,
                CodingError::Malformed
                | CodingError::Checksum
                | CodingError::Truncated
                | CodingError::Trailing => 400,
            },
            Self::NoRules | Self::Aborted => 503,
            Self::Internal => 500,
        }
    }

    /// Whether the client's connection is closed after it, whatever else: what the client would send
    /// next cannot be trusted to mean what it seems to.
    pub fn ends_connection(self) -> bool {
        match self {
            Self::RequestHead(_)
            | Self::RequestTarget(_)
            | Self::RequestBody(_)
            | Self::Certificate
            | Self::MethodNotAllowed
            | Self::HeadTimedOut
            | Self::BodyTimedOut
            | Self::BodyTooLong
            | Self::ClientGone
            | Self::ClientStalled
            | Self::Overloaded
            | Self::Dropped
            | Self::Aborted
            | Self::Internal => true,
            Self::EncodedSlash
            | Self::CertificateSubject
            | Self::Misdirected
            | Self::ExpectationFailed
            | Self::NoRoute
            | Self::Denied(_)
            | Self::Unavailable
            | Self::NoEndpoint
            | Self::ConnectFailed
            | Self::UpstreamTls
            | Self::ConnectTimedOut
            | Self::UpstreamClosed
            | Self::UpstreamRefused
            | Self::UpstreamHead(_)
            | Self::UnexpectedInterim
            | Self::UpstreamBody(_)
            | Self::UpstreamSendTimedOut
            | Self::UpstreamTimedOut
            | Self::RequestTimedOut
            | Self::Blocked(_)
            | Self::RequestCoding(_)
            | Self::NoRules
            | Self::Cookies => false,
        }
    }

    /// Whose fault it is.
    pub fn blame(self) -> Blame {
        match self {
            Self::RequestHead(_)
            | Self::RequestTarget(_)
            | Self::EncodedSlash
            | Self::RequestBody(_)
            | Self::Certificate
            | Self::CertificateSubject
            | Self::Misdirected
            | Self::MethodNotAllowed
            | Self::ExpectationFailed
            | Self::HeadTimedOut
            | Self::BodyTimedOut
            | Self::BodyTooLong
            | Self::ClientGone
            | Self::ClientStalled
            | Self::Blocked(_)
            | Self::Dropped
            | Self::RequestCoding(_)
            | Self::Cookies => Blame::Client,
            Self::NoRoute
            | Self::Denied(_)
            | Self::Unavailable
            | Self::NoEndpoint
            | Self::NoRules => Blame::Configuration,
            Self::ConnectFailed
            | Self::UpstreamTls
            | Self::ConnectTimedOut
            | Self::UpstreamClosed
            | Self::UpstreamRefused
            | Self::UpstreamHead(_)
            | Self::UnexpectedInterim
            | Self::UpstreamBody(_)
            | Self::UpstreamSendTimedOut
            | Self::UpstreamTimedOut
            | Self::RequestTimedOut => Blame::Upstream,
            Self::Overloaded | Self::Aborted | Self::Internal => Blame::Proxy,
        }
    }

    /// Whether another endpoint may be tried, as long as no byte of an answer has come and no byte
    /// of the request body is gone. Connecting is retried for every method, the rest for idempotent
    /// ones.
    pub fn retryable(self) -> Retry {
        match self {
            Self::ConnectFailed
            | Self::UpstreamTls
            | Self::ConnectTimedOut
            | Self::UpstreamRefused => Retry::Always,
            Self::UpstreamClosed => Retry::Idempotent,
            Self::RequestHead(_)
            | Self::RequestTarget(_)
            | Self::EncodedSlash
            | Self::RequestBody(_)
            | Self::Certificate
            | Self::CertificateSubject
            | Self::Misdirected
            | Self::MethodNotAllowed
            | Self::ExpectationFailed
            | Self::HeadTimedOut
            | Self::BodyTimedOut
            | Self::BodyTooLong
            | Self::ClientGone
            | Self::ClientStalled
            | Self::NoRoute
            | Self::Denied(_)
            | Self::Unavailable
            | Self::NoEndpoint
            | Self::Overloaded
            | Self::UpstreamHead(_)
            | Self::UnexpectedInterim
            | Self::UpstreamBody(_)
            | Self::UpstreamSendTimedOut
            | Self::UpstreamTimedOut
            | Self::RequestTimedOut
            | Self::Blocked(_)
            | Self::Dropped
            | Self::RequestCoding(_)
            | Self::NoRules
            | Self::Cookies
            | Self::Aborted
            | Self::Internal => Retry::Never,
        }
    }

    /// How the exchange is recorded. `begun`: a part of the upstream's answer had been sent.
    pub fn outcome(self, begun: bool) -> Outcome {
        match self {
            Self::RequestHead(error) => match error.status() {
                414 => Outcome::Refused(Refusal::TargetTooLong),
                431 => Outcome::Refused(Refusal::HeadTooLarge),
                _ => Outcome::Refused(Refusal::Malformed),
            },
            Self::RequestTarget(_)
            | Self::EncodedSlash
            | Self::RequestBody(_)
            | Self::ExpectationFailed => Outcome::Refused(Refusal::Malformed),
            Self::MethodNotAllowed => Outcome::Refused(Refusal::MethodNotAllowed),
            Self::HeadTimedOut => Outcome::TimedOut(Phase::RequestHead),
            Self::BodyTimedOut => Outcome::TimedOut(Phase::RequestBody),
            Self::BodyTooLong => Outcome::Refused(Refusal::BodyTooLarge),
            Self::ClientGone => Outcome::ClientAborted,
            Self::ClientStalled => Outcome::TimedOut(Phase::ResponseSend),
            Self::NoRoute => Outcome::Refused(Refusal::NoRoute),
            Self::Denied(_) | Self::Certificate | Self::CertificateSubject | Self::Misdirected => {
                Outcome::Refused(Refusal::Denied)
            }
            Self::Unavailable | Self::NoEndpoint => {
                Outcome::UpstreamFailed(UpstreamFailure::NoEndpoint)
            }
            Self::Overloaded => Outcome::Refused(Refusal::Overloaded),
            Self::ConnectFailed => Outcome::UpstreamFailed(UpstreamFailure::Connect),
            Self::UpstreamTls => Outcome::UpstreamFailed(UpstreamFailure::Tls),
            Self::ConnectTimedOut => Outcome::TimedOut(Phase::UpstreamConnect),
            Self::UpstreamClosed | Self::UpstreamBody(_) if begun => {
                Outcome::UpstreamFailed(UpstreamFailure::Truncated)
            }
            Self::UpstreamClosed | Self::UpstreamRefused => {
                Outcome::UpstreamFailed(UpstreamFailure::Reset)
            }
            Self::UpstreamHead(_) | Self::UnexpectedInterim | Self::UpstreamBody(_) => {
                Outcome::UpstreamFailed(UpstreamFailure::Malformed)
            }
            Self::UpstreamSendTimedOut => Outcome::TimedOut(Phase::UpstreamSend),
            Self::UpstreamTimedOut if begun => Outcome::TimedOut(Phase::UpstreamBody),
            Self::UpstreamTimedOut => Outcome::TimedOut(Phase::UpstreamHead),
            Self::RequestTimedOut => Outcome::TimedOut(Phase::Exchange),
            Self::Blocked(_) | Self::Dropped => Outcome::Refused(Refusal::Blocked),
            Self::RequestCoding(CodingError::TooLarge | CodingError::Bomb) => {
                Outcome::Refused(Refusal::BodyTooLarge)
            }
            Self::RequestCoding(_) => Outcome::Refused(Refusal::Malformed),
            Self::NoRules => Outcome::Refused(Refusal::NoRules),
            Self::Cookies => Outcome::Refused(Refusal::Cookies),
            Self::Aborted => Outcome::Aborted,
            Self::Internal => Outcome::Internal,
        }
    }
}

/// When an attempt that failed may be followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Whatever the method: the upstream has seen nothing.
    Always,
    /// For idempotent methods, RFC 9110 section 9.2.2.
    Idempotent,
    /// Not at all.
    Never,
}
