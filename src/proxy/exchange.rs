//! One HTTP/1.1 exchange: from a request's head until its answer is out.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use smallvec::SmallVec;

use super::{
    error::{ProxyError, Retry},
    forwarded::{Client, Peer},
    hash_key::hash_of,
    head::{UpstreamHead, write_authority},
    incoming::{Incoming, PumpLimits},
    io::{Fault, Shared, write_all},
    metrics::{Counter, Gauge},
    pipeline::{self, Decision, Routed},
    record::{Outcome, RequestRecord, SeriesId, UpstreamRecord},
    relay::{Asked, Relay, Relayed, alongside},
    request_id::RequestId,
    respond::Answer,
    scratch::Scratch,
    ticker::Slot,
    tunnel::{Ends, tunnel},
    worker::{View, Worker},
};
use crate::{
    config::AccessLogFormat,
    http1::{RequestFraming, request_framing},
    message::{FieldId, Method, Version},
    policy::{Timeouts, write_https_location},
    snapshot::Rule,
    tls::Stream,
    upstream::{Cluster, Http1Connection, Lease},
};

/// Attempts made for one request at the most, over all endpoints.
const MAX_ATTEMPTS: u8 = 3;

/// How long an answer of our own may take to be written.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It may carry another request.
    Another,
    /// It is closed in order.
    Close,
    /// It is closed while the client may still be sending.
    Linger,
    /// It is dropped as it is: an answer broke off and must not look complete.
    Abort,
}

/// What is known of the exchange so far, for its record.
#[derive(Debug, Default)]
pub(super) struct Account {
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
}

/// One exchange at work.
pub(super) struct Exchange<'a, 's> {
    worker: &'a Worker,
    stream: &'a Shared<'s, Stream>,
    peer: &'a Peer,
    slot: &'a Slot,
    /// Whether the connection may carry another request.
    keep_alive: bool,
    started: Instant,
    id: RequestId,
    client: Option<Client>,
    rule: Option<Arc<Rule>>,
    account: Account,
    log_format: Option<AccessLogFormat>,
}

impl<'a, 's> Exchange<'a, 's> {
    /// An exchange whose head has just come. `last`: the connection is closed after it.
    pub(super) fn new(
        worker: &'a Worker,
        stream: &'a Shared<'s, Stream>,
        peer: &'a Peer,
        slot: &'a Slot,
        last: bool,
    ) -> Self {
        Self {
            worker,
            stream,
            peer,
            slot,
            keep_alive: !last,
            started: Instant::now(),
            id: worker.ids.next(),
            client: None,
            rule: None,
            account: Account::default(),
            log_format: worker.view().snapshot.config.options.access_log,
        }
    }

    /// Serves the request whose head is in `scratch`, or answers what is wrong with it.
    pub(super) async fn run(
        &mut self,
        head: Result<(), ProxyError>,
        scratch: &mut Scratch,
    ) -> Next {
        let mut incoming = Incoming::unknown();
        let (next, outcome) = match self.serve(head, scratch, &mut incoming).await {
            Ok(done) => done,
            Err(error) => {
                tracing::debug!(%error, blame = ?error.blame(), "exchange ended early");
                let next = self.answer_error(error, scratch, &mut incoming).await;
                (
                    next,
                    error.outcome(self.account.responded && next == Next::Abort),
                )
            }
        };
        self.close_record(scratch, incoming.received(), outcome);
        if next == Next::Another {
            incoming.leave_the_rest(scratch);
        }
        next
    }

    /// Answers 500 after a panic, if nothing has been answered yet.
    pub(super) async fn after_panic(&mut self, scratch: &mut Scratch) -> Next {
        tracing::error!("a request was ended by a panic");
        let next = self
            .answer_error(ProxyError::Internal, scratch, &mut Incoming::unknown())
            .await;
        self.close_record(scratch, 0, Outcome::Internal);
        next
    }

    async fn serve(
        &mut self,
        head: Result<(), ProxyError>,
        scratch: &mut Scratch,
        incoming: &mut Incoming,
    ) -> Result<(Next, Outcome), ProxyError> {
        head?;
        let framing = request_framing(&scratch.request).map_err(ProxyError::RequestHead)?;
        *incoming = Incoming::new(framing.body);
        self.keep_alive &= framing.keep_alive;
        pipeline::check_method(&scratch.request)?;
        pipeline::check_expectation(&scratch.request)?;
        scratch
            .target
            .resolve(&scratch.request)
            .map_err(ProxyError::RequestTarget)?;
        let view = self.worker.view();
        let Routed {
            rule,
            client,
            decision,
        } = pipeline::route(
            &view,
            self.peer,
            &scratch.request,
            &scratch.target,
            &framing,
        )?;
        self.client = Some(client);
        self.rule = Some(Arc::clone(&rule));
        match decision? {
            Decision::RedirectToHttps(status) => {
                drop(view);
                self.redirect(status, scratch, incoming).await
            }
            Decision::Forward(cluster) => {
                let asked = Asked {
                    method: scratch.request.method,
                    version: scratch.request.version,
                    websocket: is_websocket(&framing, scratch),
                };
                self.write_request(&view, client, &framing, asked, scratch);
                drop(view);
                self.forward(&rule, &cluster, client, asked, scratch, incoming)
                    .await
            }
        }
    }

    /// Writes the head for the upstream into `scratch.out`.
    fn write_request(
        &mut self,
        view: &View,
        client: Client,
        framing: &RequestFraming,
        asked: Asked,
        scratch: &mut Scratch,
    ) {
        let options = &view.snapshot.config.options;
        let Scratch {
            request,
            target,
            authority,
            forwarded,
            out,
            ..
        } = scratch;
        authority.clear();
        write_authority(target, authority);
        forwarded.clear();
        client.write_fields(
            forwarded,
            request,
            self.peer,
            authority,
            &options.client_address,
        );
        out.clear();
        UpstreamHead {
            head: request,
            target,
            host: authority,
            body: framing.body,
            connection: framing.connection,
            websocket: asked.websocket,
            id: &self.id,
            keep_id: client.trusted && request.find(FieldId::XRequestId).is_some(),
            underscores: options.underscores_in_headers,
            forwarded,
        }
        .write(out);
    }

    /// Tries endpoints until one has answered.
    async fn forward(
        &mut self,
        rule: &Rule,
        cluster: &Rc<Cluster>,
        client: Client,
        asked: Asked,
        scratch: &mut Scratch,
        incoming: &mut Incoming,
    ) -> Result<(Next, Outcome), ProxyError> {
        incoming.take_in_hand(rule.policy.body_limit, scratch)?;
        let whole = incoming.is_done();
        let hash = hash_of(
            cluster.hash_keys(),
            &scratch.request,
            &scratch.target,
            client.address,
        );
        cluster.retry_budget().count_request();
        let mut tried = SmallVec::<[SocketAddr; MAX_ATTEMPTS as usize]>::new();
        let mut fresh_only = false;
        let mut last_error = ProxyError::NoEndpoint;
        for attempt in 1..=MAX_ATTEMPTS {
            let Some(lease) = cluster.pick(hash, &tried) else {
                break;
            };
            let connection = match self
                .connection(&lease, &rule.policy.timeouts, fresh_only)
                .await
            {
                Ok(connection) => connection,
                Err(error) => {
                    self.note_attempt(lease.address(), attempt, None);
                    tried.push(lease.address());
                    last_error = error;
                    continue;
                }
            };
            let (connection, connect) = connection;
            self.note_attempt(lease.address(), attempt, connect);
            let reused = connection.is_reused();
            let error = match self
                .attempt(rule, &lease, connection, asked, scratch, incoming)
                .await
            {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let again = match error.retryable() {
                Retry::Never => false,
                Retry::Always => true,
                Retry::Idempotent => asked.method.is_idempotent(),
            };
            if !again || !whole || self.account.upstream_spoke || self.account.responded {
                return Err(error);
            }
            last_error = error;
            if reused {
                // The kept connection was stale: the endpoint deserves a new one, outside the budget.
                fresh_only = true;
            } else if cluster.retry_budget().take_retry() {
                tried.push(lease.address());
            } else {
                return Err(error);
            }
        }
        Err(last_error)
    }

    /// A kept connection, or a new one and how long it took to make.
    async fn connection(
        &self,
        lease: &Lease,
        timeouts: &Timeouts,
        fresh_only: bool,
    ) -> Result<(Http1Connection, Option<Duration>), ProxyError> {
        if !fresh_only && let Some(kept) = lease.checkout() {
            return Ok((kept, None));
        }
        let begun = Instant::now();
        match lease.connect(timeouts.connect).await {
            Ok(connection) => {
                self.worker.metrics.count(Counter::UpstreamConnects);
                Ok((connection, Some(begun.elapsed())))
            }
            Err(error) => {
                self.worker.metrics.count(Counter::UpstreamConnectFailures);
                if error.blames_endpoint() {
                    lease.report(crate::upstream::Outcome::ConnectFailed);
                }
                tracing::debug!(%error, address = %lease.address(), "connecting failed");
                Err(ProxyError::from_connect(&error))
            }
        }
    }

    fn note_attempt(&mut self, address: SocketAddr, attempts: u8, connect: Option<Duration>) {
        self.account.upstream = Some(UpstreamRecord {
            address,
            status: 0,
            connect,
            head_latency: None,
            bytes: 0,
            attempts,
        });
    }

    /// Sends the request over one connection and its answer back.
    async fn attempt(
        &mut self,
        rule: &Rule,
        lease: &Lease,
        mut connection: Http1Connection,
        asked: Asked,
        scratch: &mut Scratch,
        incoming: &mut Incoming,
    ) -> Result<(Next, Outcome), ProxyError> {
        let Self {
            worker,
            stream,
            peer,
            slot,
            keep_alive,
            started,
            account,
            ..
        } = self;
        let timeouts = rule.policy.timeouts;
        let Scratch {
            request,
            response,
            out,
            body,
            pump,
            ..
        } = scratch;
        let upstream = std::cell::RefCell::new(connection.stream());
        slot.arm(timeouts.send);
        let sent_at = Instant::now();
        if write_all(&upstream, out, slot).await == Err(Fault::TimedOut) {
            lease.report(crate::upstream::Outcome::TimedOut);
            return Err(ProxyError::UpstreamSendTimedOut);
        }
        // Where writing failed, the upstream may have answered before it closed: that is read still.
        let mut relay = Relay {
            worker,
            client: stream,
            upstream: &upstream,
            slot,
            asked,
            policy: &rule.policy,
            over_tls: peer.tls.is_some(),
            keep_alive: *keep_alive,
            started: *started,
            sent_at,
            lease,
            account,
        };
        let relayed = if incoming.is_done() {
            relay.run(response, out).await
        } else {
            let pump_slot = worker.ticker.slot();
            let limits = PumpLimits {
                idle: worker.view().snapshot.config.options.body_idle_timeout,
                send: timeouts.send,
            };
            let pumping = incoming.pump(stream, &upstream, body, pump, &pump_slot, limits);
            alongside(pumping, relay.run(response, out)).await
        };
        match relayed {
            Ok(Relayed::Answered { close, reusable }) => {
                if reusable && incoming.is_done() {
                    lease.give_back(connection);
                }
                let next = match (incoming.is_done(), close) {
                    (false, _) => Next::Linger,
                    (true, true) => Next::Close,
                    (true, false) => Next::Another,
                };
                Ok((next, Outcome::Completed))
            }
            Ok(Relayed::Upgraded) => {
                let ends = Ends {
                    client: stream,
                    upstream: &upstream,
                    from_client: request.rest(),
                    from_upstream: response.rest(),
                };
                worker.metrics.raise(Gauge::Tunnels);
                let carried = tunnel(worker, ends, slot, timeouts.read).await;
                worker.metrics.lower(Gauge::Tunnels);
                account.sent += carried;
                Ok((Next::Abort, Outcome::Completed))
            }
            Err(error) => {
                match error {
                    ProxyError::UpstreamTimedOut => {
                        lease.report(crate::upstream::Outcome::TimedOut);
                    }
                    ProxyError::UpstreamClosed
                    | ProxyError::UpstreamHead(_)
                    | ProxyError::UpstreamBody(_) => {
                        lease.report(crate::upstream::Outcome::Broken);
                    }
                    _ => {}
                }
                Err(error)
            }
        }
    }

    async fn redirect(
        &mut self,
        status: u16,
        scratch: &mut Scratch,
        incoming: &mut Incoming,
    ) -> Result<(Next, Outcome), ProxyError> {
        let close = !incoming.skip_in_hand(&scratch.request) || !self.keep_alive;
        let mut location = Vec::with_capacity(128);
        write_https_location(
            scratch.target.host(),
            scratch.target.path_and_query(),
            &mut location,
        );
        let Scratch { request, out, .. } = scratch;
        out.clear();
        self.account.sent = self
            .answer(close, request.method, request.version)
            .write_redirect(out, &self.worker.clock, status, &location);
        self.account.status = status;
        let next = self.send_answer(out, close, incoming).await;
        Ok((next, Outcome::Answered))
    }

    async fn answer_error(
        &mut self,
        error: ProxyError,
        scratch: &mut Scratch,
        incoming: &mut Incoming,
    ) -> Next {
        let silent = matches!(error, ProxyError::ClientGone | ProxyError::ClientStalled);
        if self.account.responded || silent {
            if !self.account.responded {
                self.account.status = error.status();
            }
            return Next::Abort;
        }
        let whole = incoming.skip_in_hand(&scratch.request);
        let close = !whole || !self.keep_alive || error.ends_connection();
        let Scratch { request, out, .. } = scratch;
        out.clear();
        self.account.sent = self
            .answer(close, request.method, request.version)
            .write_error(out, &self.worker.clock, error);
        self.account.status = error.status();
        self.send_answer(out, close, incoming).await
    }

    fn answer(&self, close: bool, method: Method, version: Version) -> Answer<'_> {
        let policy = self.rule.as_ref().map(|rule| &rule.policy);
        Answer {
            id: &self.id,
            head_only: method == Method::Head,
            close,
            tell_keep_alive: !close && version == Version::Http10,
            hsts: policy
                .and_then(|policy| policy.hsts.as_ref())
                .filter(|_| self.peer.tls.is_some()),
        }
    }

    async fn send_answer(&mut self, out: &[u8], close: bool, incoming: &Incoming) -> Next {
        self.account.responded = true;
        self.slot.arm(ANSWER_TIMEOUT);
        match write_all(self.stream, out, self.slot).await {
            Err(_) => Next::Abort,
            Ok(()) if !close => Next::Another,
            Ok(()) if incoming.is_done() => Next::Close,
            Ok(()) => Next::Linger,
        }
    }

    /// Closes the exchange's record: the access log and the request metrics are fed here and nowhere
    /// else.
    fn close_record(&self, scratch: &Scratch, received: u64, outcome: Outcome) {
        let Self {
            worker,
            peer,
            started,
            id,
            client,
            rule,
            account,
            log_format,
            ..
        } = self;
        let request = &scratch.request;
        let find = |id| request.find(id).unwrap_or_default();
        let trusted = client.is_some_and(|client| client.trusted);
        let sent_id = if trusted {
            find(FieldId::XRequestId)
        } else {
            b""
        };
        let record = RequestRecord {
            received: *started,
            duration: started.elapsed(),
            client: client.map_or(peer.client.ip(), |client| client.address),
            peer: peer.client,
            method: request.method_bytes(),
            target: request.target(),
            host: scratch.target.host(),
            version: request.version,
            tls: peer.tls,
            status: account.status,
            bytes_received: received + request.head_len as u64,
            bytes_sent: account.sent,
            request_id: if sent_id.is_empty() {
                id.as_bytes()
            } else {
                sent_id
            },
            user_agent: find(FieldId::UserAgent),
            referer: find(FieldId::Referer),
            rule: rule.as_ref().map(|rule| &*rule.meta),
            series: rule
                .as_ref()
                .map_or(SeriesId::UNMATCHED, |rule| SeriesId(rule.series)),
            upstream: account.upstream,
            outcome,
        };
        if let Some(format) = log_format {
            worker.log.write(*format, &record);
        }
        worker.metrics.record(&record);
    }
}

/// Whether the request is a WebSocket handshake (RFC 6455 section 4.1). No other upgrade passes:
/// `h2c` above all would open a way around every rule.
fn is_websocket(framing: &RequestFraming, scratch: &Scratch) -> bool {
    framing.upgrade
        && scratch.request.method == Method::Get
        && scratch.request.version == Version::Http11
        && scratch
            .request
            .find(FieldId::Upgrade)
            .is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
}
