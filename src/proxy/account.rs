//! What is known of an exchange while it goes on, whatever the protocols on its two sides.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    cookies,
    error::ProxyError,
    forwarded::{Client, Peer},
    inspect::{self, Inspection},
    pipeline::{self, Decision, Routed},
    record::{CookieRecord, Outcome, RequestRecord, SeriesId, UpstreamRecord},
    request_id::RequestId,
    respond::Answer,
    worker::{View, Worker},
};
use crate::{
    config::AccessLogFormat,
    http1::RequestFraming,
    message::{FieldId, RequestHead, Target},
    policy::{CookieExchange, CookieVerdict, Hsts},
    snapshot::Rule,
};

/// One exchange as its answers, its way to an upstream and its record need it.
pub(super) struct Account<'a> {
    /// Who serves.
    pub worker: &'a Worker,
    /// The downstream connection.
    pub peer: &'a Peer,
    /// When the request head was complete.
    pub started: Instant,
    /// The id that we give the request.
    pub id: RequestId,
    /// Who asks, once the request is routed.
    pub client: Option<Client>,
    /// The rule, once the request is routed.
    pub rule: Option<Arc<Rule>>,
    /// The firewall's part, if there is a firewall.
    pub inspection: Option<Box<Inspection>>,
    /// Its cookies, if the rule protects any.
    pub cookies: Option<Rc<CookieExchange>>,
    /// Bytes by which the request's head is shorter than it came.
    pub(super) shortened: u64,
    /// The status sent, 0 before.
    pub status: u16,
    /// Body bytes sent to the client.
    pub sent: u64,
    /// Whether a byte of the final answer may have reached the client.
    pub responded: bool,
    /// Whether the upstream has sent anything, an interim answer included.
    pub upstream_spoke: bool,
    /// The upstream's part.
    pub upstream: Option<UpstreamRecord>,
    log_format: Option<AccessLogFormat>,
}

impl<'a> Account<'a> {
    /// An exchange whose head has just come.
    pub(super) fn new(worker: &'a Worker, peer: &'a Peer) -> Self {
        Self {
            worker,
            peer,
            started: Instant::now(),
            id: worker.ids.next(),
            client: None,
            rule: None,
            inspection: None,
            cookies: None,
            shortened: 0,
            status: 0,
            sent: 0,
            responded: false,
            upstream_spoke: false,
            upstream: None,
            log_format: worker.view().snapshot.config.options.access_log,
        }
    }

    /// Finds the rule and what happens to the request, under the snapshot of the moment; `Err` where no
    /// rule was looked for. What happens is to be heeded once the firewall has seen the head, in which
    /// cookies stand as the upstream will see them.
    pub(super) fn decide(
        &mut self,
        head: &mut RequestHead,
        target: &mut Target,
        framing: &RequestFraming,
    ) -> Result<(Result<Decision, ProxyError>, Rc<View>), ProxyError> {
        pipeline::check_method(head)?;
        pipeline::check_expectation(head)?;
        let view = self.worker.view();
        let slashes = view.snapshot.config.options.slashes;
        target
            .resolve(head, slashes)
            .map_err(ProxyError::RequestTarget)?;
        let Routed {
            rule,
            client,
            mut decision,
        } = pipeline::route(&view, self.peer, head, target, framing);
        let firewall = match &rule {
            Some(rule) => rule.firewall.as_ref(),
            None => view.snapshot.default_firewall.as_ref(),
        };
        self.inspection = firewall.map(Inspection::new);
        let settings = rule.as_ref().and_then(|rule| rule.policy.cookies.as_ref());
        if let Some(settings) = settings {
            let length = head.head_len;
            let (cookies, verdict) = cookies::check(settings, (client, self.peer), target, head);
            self.cookies = Some(cookies);
            self.shortened = length.saturating_sub(head.head_len) as u64;
            if verdict == CookieVerdict::Refuse && matches!(decision, Ok(Decision::Forward(_))) {
                decision = Err(ProxyError::Cookies);
            }
        }
        self.client = Some(client);
        self.rule = rule;
        Ok((decision, view))
    }

    /// The id that names the request: ours, or the one that a trusted peer has given it.
    pub(super) fn request_id<'b>(&'b self, head: &'b RequestHead) -> &'b [u8] {
        let trusted = self.client.is_some_and(|client| client.trusted);
        let sent = head.find(FieldId::XRequestId);
        match sent.filter(|sent| trusted && !sent.is_empty()) {
            Some(sent) => sent,
            None => self.id.as_bytes(),
        }
    }

    /// Writes the answer to an error. Returns the length of its body.
    pub(super) fn write_error(
        &self,
        answer: Answer<'_>,
        out: &mut Vec<u8>,
        error: ProxyError,
    ) -> u64 {
        let clock = &self.worker.clock;
        match (error, &self.inspection) {
            (ProxyError::Blocked(status), Some(inspection)) => {
                answer.write_block(out, clock, status, inspection.block())
            }
            _ => answer.write_error(out, clock, error),
        }
    }

    /// Notes that another endpoint is tried.
    pub(super) fn note_attempt(
        &mut self,
        address: SocketAddr,
        attempts: u8,
        connect: Option<Duration>,
    ) {
        self.upstream = Some(UpstreamRecord {
            address,
            status: 0,
            connect,
            head_latency: None,
            bytes: 0,
            attempts,
        });
    }

    /// Notes the upstream's final head; returns how long it took from when the request was ready.
    pub(super) fn note_head(&mut self, status: u16, sent_at: Instant) -> Duration {
        let latency = sent_at.elapsed();
        if let Some(upstream) = &mut self.upstream {
            upstream.status = status;
            upstream.head_latency = Some(latency);
        }
        latency
    }

    /// Counts bytes of the body that pass from the upstream to the client.
    pub(super) fn count(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        if let Some(upstream) = &mut self.upstream {
            upstream.bytes += bytes as u64;
        }
    }

    /// `Strict-Transport-Security` on answers over TLS, if the rule has it.
    pub(super) fn hsts(&self) -> Option<&Hsts> {
        let policy = self.rule.as_ref().map(|rule| &rule.policy);
        policy
            .and_then(|policy| policy.hsts.as_ref())
            .filter(|_| self.peer.tls.is_some())
    }

    /// Whether answers without a `Server` get one.
    pub(super) fn names_server(&self) -> bool {
        let rule = self.rule.as_ref();
        rule.is_some_and(|rule| rule.policy.names_server)
    }

    /// Closes the exchange's record: the access log, the firewall's and the request metrics are fed here
    /// and nowhere else.
    pub(super) fn close(
        &mut self,
        request: &RequestHead,
        target: &Target,
        received: u64,
        outcome: Outcome,
    ) {
        let inspection = self.inspection.take();
        let Self {
            worker,
            peer,
            started,
            id: _,
            client,
            rule,
            inspection: _,
            cookies,
            shortened,
            status,
            sent,
            responded: _,
            upstream_spoke: _,
            upstream,
            log_format,
        } = &*self;
        let find = |id| request.find(id).unwrap_or_default();
        let record = RequestRecord {
            received: *started,
            duration: started.elapsed(),
            client: client.map_or(peer.client.ip(), |client| client.address),
            peer: peer.client,
            method: request.method_bytes(),
            target: request.target(),
            host: target.host(),
            version: request.version,
            tls: peer.tls,
            status: *status,
            bytes_received: received + request.head_len as u64 + shortened,
            bytes_sent: *sent,
            request_id: self.request_id(request),
            user_agent: find(FieldId::UserAgent),
            referer: find(FieldId::Referer),
            rule: rule.as_ref().map(|rule| &*rule.meta),
            series: rule
                .as_ref()
                .map_or(SeriesId::UNMATCHED, |rule| SeriesId(rule.series)),
            upstream: *upstream,
            cookies: cookies.as_ref().map(|cookies| CookieRecord {
                findings: cookies.findings(),
                pattern: cookies.remarkable_pattern(),
            }),
            outcome,
        };
        if let Some(format) = log_format {
            worker.log.write(*format, &record);
        }
        worker.metrics.record(&record);
        if let Some(inspection) = inspection {
            inspect::conclude(worker, inspection, &record);
        } else if client.is_none() && outcome.is_malformed() {
            let view = worker.view();
            if let Some(firewall) = &view.snapshot.default_firewall {
                inspect::conclude_refused_head(worker, firewall, peer, request, &record);
            }
        }
    }
}
