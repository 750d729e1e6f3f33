//! One HTTP/1.1 exchange: from a request's head until its answer is out.

use std::{cell::RefCell, pin::pin, rc::Rc, time::Duration};

use super::{
    account::Account,
    error::ProxyError,
    forward::{Forward, Forwarded},
    forwarded::Peer,
    head::{BodyMode, LeftOut, write_interim},
    incoming::Incoming,
    inspect,
    io::{Fault, Shared, write_all},
    metrics::Gauge,
    outgoing::Outgoing,
    pipeline::Decision,
    record::Outcome,
    relay::Asked,
    respond::Answer,
    scratch::Scratch,
    sides::FromClient,
    ticker::Slot,
    tunnel::{Ends, tunnel},
    worker::{View, Worker},
};
use crate::{
    http1::{BodyLength, RequestFraming, request_framing},
    message::{FieldId, Method, RequestHead, Version},
    policy::{HttpsRedirect, Timeouts, write_https_location},
    tls::Stream,
    upstream::{Cluster, Http1Connection},
};

/// How long an answer of our own may take to be written.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

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

/// One exchange at work.
pub(super) struct Exchange<'a, 's> {
    account: Account<'a>,
    stream: &'a Shared<'s, Stream>,
    slot: &'a Slot,
    /// Whether the connection may carry another request.
    keep_alive: bool,
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
            account: Account::new(worker, peer),
            stream,
            slot,
            keep_alive: !last,
        }
    }

    /// Serves the request whose head is in `scratch`, or answers what is wrong with it.
    pub(super) async fn run(
        &mut self,
        head: Result<(), ProxyError>,
        scratch: &mut Scratch,
    ) -> Next {
        let (mut incoming, slot) = (Incoming::unknown(self.stream), self.slot);
        let served = slot
            .unless_aborting(pin!(self.serve(head, scratch, &mut incoming)))
            .await;
        let (next, outcome) = match served.unwrap_or(Err(ProxyError::Aborted)) {
            Ok(done) => done,
            Err(error) => {
                tracing::debug!(%error, blame = ?error.blame(), "exchange ended early");
                let next = Box::pin(self.answer_error(error, scratch, &mut incoming)).await;
                (
                    next,
                    error.outcome(self.account.responded && next == Next::Abort),
                )
            }
        };
        self.account.close(
            &scratch.request,
            &scratch.target,
            incoming.received(),
            outcome,
        );
        if next == Next::Another {
            incoming.leave_the_rest(scratch);
        }
        next
    }

    /// Answers 500 after a panic, if nothing has been answered yet.
    pub(super) async fn after_panic(&mut self, scratch: &mut Scratch) -> Next {
        tracing::error!("a request was ended by a panic");
        let mut incoming = Incoming::unknown(self.stream);
        let next = self
            .answer_error(ProxyError::Internal, scratch, &mut incoming)
            .await;
        self.account
            .close(&scratch.request, &scratch.target, 0, Outcome::Internal);
        next
    }

    async fn serve(
        &mut self,
        head: Result<(), ProxyError>,
        scratch: &mut Scratch,
        incoming: &mut Incoming<'_, '_>,
    ) -> Result<(Next, Outcome), ProxyError> {
        head?;
        let Scratch {
            request, target, ..
        } = scratch;
        let framing = request_framing(request).map_err(ProxyError::RequestHead)?;
        incoming.set_length(framing.body);
        self.keep_alive &= framing.keep_alive;
        let (decision, view) = self.account.decide(request, target, &framing)?;
        if self.account.inspection.is_some() {
            // A body that goes nowhere is not looked at.
            let alone = !matches!(decision, Ok(Decision::Forward(_)))
                || inspect::is_without_body(&framing, incoming);
            Box::pin(inspect::inspect_head(&mut self.account, request, alone)).await?;
        }
        match decision? {
            Decision::RedirectToHttps(to) => {
                drop(view);
                Box::pin(self.redirect(to, scratch, incoming)).await
            }
            Decision::Forward(cluster) => {
                self.forward(view, &cluster, &framing, scratch, incoming)
                    .await
            }
        }
    }

    async fn forward(
        &mut self,
        view: Rc<View>,
        cluster: &Rc<Cluster>,
        framing: &RequestFraming,
        scratch: &mut Scratch,
        incoming: &mut Incoming<'_, '_>,
    ) -> Result<(Next, Outcome), ProxyError> {
        let (Some(rule), Some(client)) = (self.account.rule.clone(), self.account.client) else {
            return Err(ProxyError::Internal);
        };
        let asked = Asked {
            method: scratch.request.method,
            version: scratch.request.version,
            websocket: is_websocket(framing, scratch),
        };
        let timeouts = rule.policy.timeouts;
        let worker = self.account.worker;
        let mut outgoing = Outgoing {
            client: self.stream,
            slot: self.slot,
            clock: &worker.clock,
            asked,
            hsts: self.account.hsts().copied(),
            names_server: self.account.names_server(),
            cookies: self.account.cookies.clone(),
            send_timeout: timeouts.send,
            keep_alive: self.keep_alive,
            mode: BodyMode::None,
        };
        let mut forward = Forward {
            account: &mut self.account,
            slot: self.slot,
            from: incoming,
            to: &mut outgoing,
            asked,
            client,
            body_limit: rule.policy.body_limit,
            timeouts,
            left_out: LeftOut::default(),
        };
        let forwarded = if forward.account.inspection.is_none() {
            forward.run(view, cluster, framing, scratch).await?
        } else {
            Box::pin(inspect::forward(forward, view, cluster, framing, scratch)).await?
        };
        match forwarded {
            Forwarded::Answered => {
                let next = match (incoming.is_done(), outgoing.keep_alive) {
                    (false, _) => Next::Linger,
                    (true, false) => Next::Close,
                    (true, true) => Next::Another,
                };
                Ok((next, Outcome::Completed))
            }
            Forwarded::Upgraded(lease, connection) => {
                let done = Box::pin(self.tunnel(*connection, timeouts, scratch)).await;
                drop(lease);
                done
            }
        }
    }

    /// Tells the client that the upstream has agreed to upgrade, and carries bytes both ways.
    async fn tunnel(
        &mut self,
        mut connection: Http1Connection,
        timeouts: Timeouts,
        scratch: &mut Scratch,
    ) -> Result<(Next, Outcome), ProxyError> {
        let Self {
            account,
            stream,
            slot,
            ..
        } = self;
        let Scratch {
            request,
            response,
            out,
            ..
        } = scratch;
        account.status = 101;
        account.responded = true;
        out.clear();
        write_interim(response, true, account.cookies.as_deref(), out);
        slot.arm(timeouts.send);
        match write_all(stream, out, slot).await {
            Ok(()) => {}
            Err(Fault::Gone) => return Err(ProxyError::ClientGone),
            Err(Fault::TimedOut) => return Err(ProxyError::ClientStalled),
        }
        let ends = Ends {
            client: stream,
            upstream: &RefCell::new(connection.stream()),
            from_client: request.rest(),
            from_upstream: response.rest(),
        };
        let worker = account.worker;
        worker.metrics.raise(Gauge::Tunnels);
        let _open = OpenTunnel(worker);
        tunnel(worker, ends, slot, timeouts.read, &mut account.sent).await;
        Ok((Next::Abort, Outcome::Completed))
    }

    async fn redirect(
        &mut self,
        to: HttpsRedirect,
        scratch: &mut Scratch,
        incoming: &mut Incoming<'_, '_>,
    ) -> Result<(Next, Outcome), ProxyError> {
        let close = !incoming.skip_in_hand(&scratch.request) || !self.keep_alive;
        let mut location = Vec::with_capacity(128);
        let HttpsRedirect { status, port } = to;
        write_https_location(
            scratch.target.host(),
            port,
            scratch.target.path_and_query(),
            &mut location,
        );
        let Scratch { request, out, .. } = scratch;
        out.clear();
        self.account.sent = self.answer(close, request).write_redirect(
            out,
            &self.account.worker.clock,
            status,
            &location,
        );
        self.account.status = status;
        let next = self.send_answer(out, close, incoming).await;
        Ok((next, Outcome::Answered))
    }

    async fn answer_error(
        &mut self,
        error: ProxyError,
        scratch: &mut Scratch,
        incoming: &mut Incoming<'_, '_>,
    ) -> Next {
        let silent = matches!(
            error,
            ProxyError::ClientGone | ProxyError::ClientStalled | ProxyError::Dropped
        );
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
        let answer = self.answer(close, request);
        self.account.sent = self.account.write_error(answer, out, error);
        self.account.status = error.status();
        self.send_answer(out, close, incoming).await
    }

    fn answer<'b>(&'b self, close: bool, head: &'b RequestHead) -> Answer<'b> {
        Answer {
            id: self.account.request_id(head),
            head_only: head.method == Method::Head,
            close,
            tell_keep_alive: !close && head.version == Version::Http10,
            hsts: self.account.hsts(),
        }
    }

    async fn send_answer(&mut self, out: &[u8], close: bool, incoming: &Incoming<'_, '_>) -> Next {
        self.account.responded = true;
        self.slot.arm(ANSWER_TIMEOUT);
        match write_all(self.stream, out, self.slot).await {
            Err(_) => Next::Abort,
            Ok(()) if !close => Next::Another,
            Ok(()) if incoming.is_done() => Next::Close,
            Ok(()) => Next::Linger,
        }
    }
}

/// A tunnel for as long as it is counted as open.
struct OpenTunnel<'a>(&'a Worker);

impl Drop for OpenTunnel<'_> {
    fn drop(&mut self) {
        self.0.metrics.lower(Gauge::Tunnels);
    }
}

/// Whether the request is a WebSocket handshake (RFC 6455 section 4.1). No other upgrade passes:
/// `h2c` above all would open a way around every rule.
fn is_websocket(framing: &RequestFraming, scratch: &Scratch) -> bool {
    framing.upgrade
        && matches!(framing.body, BodyLength::Empty | BodyLength::Sized(0))
        && scratch.request.method == Method::Get
        && scratch.request.version == Version::Http11
        && scratch
            .request
            .find(FieldId::Upgrade)
            .is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
}
