//! A request's way to an upstream: the head that is sent, the attempts, and what an attempt that
//! failed means for the next one.

use std::{
    cell::RefCell,
    future::poll_fn,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use smallvec::SmallVec;

use super::{
    account::Account,
    error::{ProxyError, Retry},
    forwarded::Client,
    hash_key::hash_of,
    head::{LeftOut, UpstreamHead, write_authority},
    http2::Http2Attempt,
    io::{Fault, Shared, write_all},
    metrics::Counter,
    relay::{Asked, Relay, Relayed, Sending, alongside},
    scratch::Scratch,
    sides::{FromClient, ToClient, UpstreamFraming},
    ticker::Slot,
    worker::View,
};
use crate::{
    http1::{BodyLength, RequestFraming},
    message::FieldId,
    policy::{BodyLimit, Timeouts},
    upstream::{Cluster, ConnectError, Http1Connection, Lease, Outcome, Protocol, UpstreamStream},
};

/// Attempts made for one request at the most, over all endpoints.
const MAX_ATTEMPTS: u8 = 3;

/// A request on its way.
pub(super) struct Forward<'a, 'e, F, C> {
    pub account: &'a mut Account<'e>,
    pub slot: &'a Slot,
    pub from: &'a mut F,
    pub to: &'a mut C,
    pub asked: Asked,
    pub client: Client,
    pub body_limit: BodyLimit,
    pub timeouts: Timeouts,
    pub left_out: LeftOut,
}

/// How forwarding ended where nothing went wrong.
#[derive(Debug)]
pub(super) enum Forwarded {
    /// The answer is out.
    Answered,
    /// The upstream has agreed to another protocol: `scratch.response` holds its answer, which the
    /// client has not been told.
    Upgraded(Lease, Box<Http1Connection>),
}

/// How long a request's body may rest, and how long a write of it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct PumpLimits {
    /// Between two reads from the client.
    pub idle: Duration,
    /// For one write to the upstream.
    pub send: Duration,
}

impl<F: FromClient, C: ToClient> Forward<'_, '_, F, C> {
    /// Tries endpoints until one has answered, for as long as the exchange may take.
    pub(super) async fn run(
        &mut self,
        view: Rc<View>,
        cluster: &Rc<Cluster>,
        framing: &RequestFraming,
        scratch: &mut Scratch,
    ) -> Result<Forwarded, ProxyError> {
        let Some(limit) = self.timeouts.request else {
            return self.attempts(view, cluster, framing, scratch).await;
        };
        let slot = self.account.worker.ticker.slot();
        slot.arm(limit.saturating_sub(self.account.started.elapsed()));
        let limit = async {
            poll_fn(|cx| slot.poll_expired(cx)).await;
            Err(ProxyError::RequestTimedOut)
        };
        Box::pin(alongside(
            limit,
            self.attempts(view, cluster, framing, scratch),
        ))
        .await
    }

    async fn attempts(
        &mut self,
        view: Rc<View>,
        cluster: &Rc<Cluster>,
        framing: &RequestFraming,
        scratch: &mut Scratch,
    ) -> Result<Forwarded, ProxyError> {
        let protocol = cluster.protocol();
        self.write_request(&view, protocol, framing, scratch);
        drop(view);
        let head_len = scratch.out.len();
        let (from, limit) = (&mut *self.from, self.body_limit);
        match protocol {
            Protocol::Http1 => from.take_in_hand(limit, UpstreamFraming::Http1, scratch)?,
            Protocol::Http2 => from.take_in_hand(limit, UpstreamFraming::Bare, scratch)?,
        }
        let whole = self.from.is_done();
        let hash = hash_of(
            cluster.hash_keys(),
            &scratch.request,
            &scratch.target,
            self.client.address,
        );
        cluster.retry_budget().count_request();
        let mut tried = SmallVec::<[SocketAddr; MAX_ATTEMPTS as usize]>::new();
        let mut fresh_only = false;
        let mut last_error = ProxyError::NoEndpoint;
        for attempt in 1..=MAX_ATTEMPTS {
            let Some(lease) = cluster.pick(hash, &tried) else {
                break;
            };
            let attempted = match protocol {
                Protocol::Http1 => {
                    self.over_http1(lease, attempt, fresh_only, framing, scratch)
                        .await
                }
                Protocol::Http2 => {
                    let over_tls = cluster.is_over_tls();
                    Box::pin(self.over_http2(lease, attempt, over_tls, head_len, framing, scratch))
                        .await
                }
            };
            let Failed {
                error,
                address,
                stale,
                connected,
            } = match attempted {
                Ok(done) => return Ok(done),
                Err(failed) => failed,
            };
            last_error = error;
            if !connected {
                tried.push(address);
                continue;
            }
            let again = match error.retryable() {
                Retry::Never => false,
                Retry::Always => true,
                Retry::Idempotent => self.asked.method.is_idempotent(),
            };
            if !again || !whole || self.account.upstream_spoke || self.account.responded {
                return Err(error);
            }
            if stale {
                // The kept connection was stale: the endpoint deserves a new one, outside the budget.
                fresh_only = true;
            } else if cluster.retry_budget().take_retry() {
                tried.push(address);
            } else {
                return Err(error);
            }
        }
        Err(last_error)
    }

    /// Writes the head for the upstream into `scratch.out`, as HTTP/1.1 has it.
    fn write_request(
        &self,
        view: &View,
        protocol: Protocol,
        framing: &RequestFraming,
        scratch: &mut Scratch,
    ) {
        let Self {
            account,
            client,
            asked,
            left_out,
            ..
        } = self;
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
            account.peer,
            authority,
            &options.client_address,
        );
        let certificate = account
            .rule
            .as_ref()
            .and_then(|rule| rule.policy.client_certificate.as_ref());
        if let Some(policy) = certificate {
            forwarded.extend_from_slice(&account.peer.judge(policy).fields);
        }
        out.clear();
        UpstreamHead {
            head: request,
            target,
            host: authority,
            body: match protocol {
                Protocol::Http1 => framing.body,
                Protocol::Http2 => BodyLength::Empty,
            },
            connection: framing.connection,
            websocket: asked.websocket,
            id: &account.id,
            keep_id: client.trusted && request.find(FieldId::XRequestId).is_some(),
            underscores: options.underscores_in_headers,
            certificate: certificate.is_some(),
            forwarded,
            left_out: *left_out,
        }
        .write(out);
    }

    /// One attempt at an endpoint that speaks HTTP/1.1.
    async fn over_http1(
        &mut self,
        lease: Lease,
        attempt: u8,
        fresh_only: bool,
        framing: &RequestFraming,
        scratch: &mut Scratch,
    ) -> Result<Forwarded, Failed> {
        let address = lease.address();
        let (mut connection, connect) = match self.connection(&lease, fresh_only).await {
            Ok(connection) => connection,
            Err(error) => {
                self.account.note_attempt(address, attempt, None);
                return Err(Failed::to_connect(error, address));
            }
        };
        self.account.note_attempt(address, attempt, connect);
        let reused = connection.is_reused();

        let exchanged = self.exchange(&lease, &mut connection, framing.expect_continue, scratch);
        match exchanged.await {
            Ok(Relayed::Answered { reusable }) => {
                if reusable && self.from.is_done() {
                    lease.give_back(connection);
                }
                Ok(Forwarded::Answered)
            }
            Ok(Relayed::Upgraded) => Ok(Forwarded::Upgraded(lease, Box::new(connection))),
            Err(error) => {
                let unheard = error == ProxyError::UpstreamClosed && !self.account.upstream_spoke;
                let stale = reused && unheard;
                if !stale {
                    report(&lease, error);
                }
                Err(Failed {
                    error,
                    address,
                    stale,
                    connected: true,
                })
            }
        }
    }

    /// A kept connection, or a new one and how long it took to make.
    async fn connection(
        &self,
        lease: &Lease,
        fresh_only: bool,
    ) -> Result<(Http1Connection, Option<Duration>), ProxyError> {
        if !fresh_only && let Some(kept) = lease.checkout() {
            return Ok((kept, None));
        }
        let begun = Instant::now();
        match Box::pin(lease.connect(self.timeouts.connect)).await {
            Ok(connection) => {
                let metrics = &self.account.worker.metrics;
                metrics.count(Counter::UpstreamConnects);
                Ok((connection, Some(begun.elapsed())))
            }
            Err(error) => Err(self.note_no_connection(lease, &error)),
        }
    }

    fn note_no_connection(&self, lease: &Lease, error: &ConnectError) -> ProxyError {
        let metrics = &self.account.worker.metrics;
        metrics.count(Counter::UpstreamConnectFailures);
        if error.blames_endpoint() {
            lease.report(Outcome::ConnectFailed);
        }
        tracing::debug!(%error, address = %lease.address(), "connecting failed");
        ProxyError::from_connect(error)
    }

    /// Sends the request over one connection and its answer back.
    async fn exchange(
        &mut self,
        lease: &Lease,
        connection: &mut Http1Connection,
        awaits_continue: bool,
        scratch: &mut Scratch,
    ) -> Result<Relayed, ProxyError> {
        let Self {
            account,
            slot,
            from,
            to,
            asked,
            timeouts,
            ..
        } = self;
        let Scratch {
            response,
            out,
            body,
            pump,
            ..
        } = scratch;
        let worker = account.worker;
        let upstream = RefCell::new(connection.stream());
        slot.arm(timeouts.send);
        let sent_at = Instant::now();
        let sent = write_all(&upstream, out, slot).await;
        if sent == Err(Fault::TimedOut) {
            return Err(ProxyError::UpstreamSendTimedOut);
        }
        // Where writing failed, the upstream may have answered before it closed: that is read still.
        let sending = match sent {
            Ok(()) => Sending::new(from.is_done(), awaits_continue && from.received() == 0),
            Err(_) => Sending::cut_short(),
        };
        let mut relay = Relay {
            client: &mut **to,
            upstream: &upstream,
            slot,
            asked: *asked,
            timeouts: *timeouts,
            sent_at,
            lease,
            sending: &sending,
            account,
        };
        if !sending.is_underway() {
            let relayed = relay.run(response, out).await?;
            return Ok(relayed.unless_cut_short(&sending));
        }
        let pump_slot = worker.ticker.slot();
        let limits = PumpLimits {
            idle: worker.view().snapshot.config.options.body_idle_timeout,
            send: timeouts.send,
        };
        let buffers = (body, pump);
        let pumping = pump_body(
            &mut **from,
            &upstream,
            buffers,
            &pump_slot,
            limits,
            &sending,
        );
        let relayed = Box::pin(alongside(pumping, relay.run(response, out))).await?;
        Ok(relayed.unless_cut_short(&sending))
    }

    /// One attempt at an endpoint that speaks HTTP/2.
    async fn over_http2(
        &mut self,
        lease: Lease,
        attempt: u8,
        over_tls: bool,
        head_len: usize,
        framing: &RequestFraming,
        scratch: &mut Scratch,
    ) -> Result<Forwarded, Failed> {
        let address = lease.address();
        let begun = Instant::now();
        let room = match lease.http2(self.timeouts.connect).await {
            Ok(room) => room,
            Err(error) => {
                self.account.note_attempt(address, attempt, None);
                let error = self.note_no_connection(&lease, &error);
                return Err(Failed::to_connect(error, address));
            }
        };
        self.account
            .note_attempt(address, attempt, Some(begun.elapsed()));
        let attempt = Http2Attempt {
            account: &mut *self.account,
            slot: self.slot,
            from: &mut *self.from,
            to: &mut *self.to,
            asked: self.asked,
            timeouts: self.timeouts,
            over_tls,
            awaits_continue: framing.expect_continue && !self.left_out.expect,
            lease: &lease,
        };
        match attempt.run(&room, head_len, scratch).await {
            Ok(()) => Ok(Forwarded::Answered),
            Err(error) => {
                report(&lease, error);
                Err(Failed {
                    error,
                    address,
                    stale: error == ProxyError::UpstreamRefused,
                    connected: true,
                })
            }
        }
    }
}

/// An attempt that failed.
struct Failed {
    error: ProxyError,
    address: SocketAddr,
    /// Whether the connection was kept from before, and may have been closed before the request came.
    stale: bool,
    connected: bool,
}

impl Failed {
    fn to_connect(error: ProxyError, address: SocketAddr) -> Self {
        Self {
            error,
            address,
            stale: false,
            connected: false,
        }
    }
}

/// Reports an attempt that was the endpoint's fault.
fn report(lease: &Lease, error: ProxyError) {
    match error {
        ProxyError::UpstreamTimedOut | ProxyError::UpstreamSendTimedOut => {
            lease.report(Outcome::TimedOut);
        }
        ProxyError::UpstreamClosed | ProxyError::UpstreamHead(_) | ProxyError::UpstreamBody(_) => {
            lease.report(Outcome::Broken);
        }
        _ => {}
    }
}

/// Reads the rest of the body and sends it on. Ends early, without an error, where the upstream
/// takes no more: its answer says why.
async fn pump_body<F: FromClient>(
    from: &mut F,
    upstream: &Shared<'_, UpstreamStream>,
    (room, out): (&mut Vec<u8>, &mut Vec<u8>),
    slot: &Slot,
    limits: PumpLimits,
    sending: &Sending,
) -> Result<(), ProxyError> {
    while !from.is_done() {
        out.clear();
        from.more(room, out, slot, limits.idle).await?;
        sending.awaits_continue.set(false);
        slot.arm(limits.send);
        match write_all(upstream, out, slot).await {
            Ok(()) => {}
            Err(Fault::Gone) => {
                sending.end();
                return Ok(());
            }
            Err(Fault::TimedOut) => return Err(ProxyError::UpstreamSendTimedOut),
        }
    }
    sending.end();
    sending.whole.set(true);
    Ok(())
}
