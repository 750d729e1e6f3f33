//! One HTTP/2 exchange: a stream, from its head until its answer is out.

use std::{pin::pin, rc::Rc};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::Request;

use super::{fields::read_request, incoming::Incoming, outgoing::Outgoing};
use crate::{
    http1::{BodyLength, HeadError, HeadLimits, RequestFraming, request_framing},
    message::{Method, RequestHead},
    policy::{HttpsRedirect, write_https_location},
    proxy::{
        account::Account,
        error::ProxyError,
        exchange::ANSWER_TIMEOUT,
        forward::Forward,
        forwarded::Peer,
        head::LeftOut,
        inspect,
        panic::catch_panic,
        pipeline::Decision,
        record::Outcome,
        relay::Asked,
        respond::Answer,
        scratch::Scratch,
        sides::FromClient,
        worker::{View, Worker},
    },
    upstream::Cluster,
};

/// Serves one stream to its end. `admitted`: there is room for it.
pub(super) async fn serve(
    worker: Rc<Worker>,
    peer: Rc<Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    admitted: bool,
) {
    let slot = worker.ticker.slot();
    let mut scratch = worker.scratch.take();
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, ());
    let mut incoming = Incoming::new(body);
    let mut exchange = Exchange {
        account: Account::new(&worker, &peer),
        outgoing: Outgoing::new(respond, &slot, &worker.clock, ANSWER_TIMEOUT),
        slot: &slot,
    };
    let ended = {
        let run = pin!(exchange.run(&request, &mut incoming, &mut scratch, admitted));
        catch_panic(run).await
    };
    if ended.is_none() {
        exchange.after_panic(&mut scratch).await;
    }
    worker.scratch.put(scratch);
}

/// One exchange at work.
struct Exchange<'a> {
    account: Account<'a>,
    outgoing: Outgoing<'a>,
    slot: &'a crate::proxy::ticker::Slot,
}

impl Exchange<'_> {
    /// Serves the request, or answers what is wrong with it.
    async fn run(
        &mut self,
        request: &Request<()>,
        incoming: &mut Incoming,
        scratch: &mut Scratch,
        admitted: bool,
    ) {
        let slot = self.slot;
        let served = slot
            .unless_aborting(pin!(self.serve(request, incoming, scratch, admitted)))
            .await;
        let outcome = match served.unwrap_or(Err(ProxyError::Aborted)) {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::debug!(%error, blame = ?error.blame(), "exchange ended early");
                let begun = self.account.responded;
                self.answer_error(error, scratch).await;
                error.outcome(begun)
            }
        };
        self.account.close(
            &scratch.request,
            &scratch.target,
            incoming.received(),
            outcome,
        );
    }

    /// Answers 500 after a panic, if nothing has been answered yet.
    async fn after_panic(&mut self, scratch: &mut Scratch) {
        tracing::error!("a request was ended by a panic");
        self.answer_error(ProxyError::Internal, scratch).await;
        self.account
            .close(&scratch.request, &scratch.target, 0, Outcome::Internal);
    }

    async fn serve(
        &mut self,
        request: &Request<()>,
        incoming: &mut Incoming,
        scratch: &mut Scratch,
        admitted: bool,
    ) -> Result<Outcome, ProxyError> {
        let limits = {
            let view = self.account.worker.view();
            let options = &view.snapshot.config.options;
            HeadLimits {
                max_head: options.max_head_bytes,
                max_fields: options.max_fields,
                max_target: options.max_target_bytes,
            }
        };
        let Scratch {
            request: head,
            target,
            ..
        } = scratch;
        read_request(request, limits, head).map_err(ProxyError::RequestHead)?;
        if !admitted {
            return Err(ProxyError::Overloaded);
        }
        let mut framing = request_framing(head).map_err(ProxyError::RequestHead)?;
        framing.body = incoming.settle(framing.body);
        if incoming.is_done() && matches!(framing.body, BodyLength::Sized(1..)) {
            return Err(ProxyError::RequestHead(HeadError::ContentLength));
        }
        let (decision, view) = self.account.decide(head, target, &framing)?;
        if self.account.inspection.is_some() {
            // A body that goes nowhere is not looked at.
            let alone = !matches!(decision, Ok(Decision::Forward(_)))
                || inspect::is_without_body(&framing, incoming);
            Box::pin(inspect::inspect_head(&mut self.account, head, alone)).await?;
        }
        match decision? {
            Decision::RedirectToHttps(to) => {
                drop(view);
                self.redirect(to, scratch).await
            }
            Decision::Forward(cluster) => {
                self.forward(view, &cluster, &framing, incoming, scratch)
                    .await
            }
        }
    }

    async fn forward(
        &mut self,
        view: Rc<View>,
        cluster: &Rc<Cluster>,
        framing: &RequestFraming,
        incoming: &mut Incoming,
        scratch: &mut Scratch,
    ) -> Result<Outcome, ProxyError> {
        let (Some(rule), Some(client)) = (self.account.rule.clone(), self.account.client) else {
            return Err(ProxyError::Internal);
        };
        let asked = Asked {
            method: scratch.request.method,
            version: scratch.request.version,
            websocket: false,
        };
        self.outgoing.hsts = self.account.hsts().copied();
        self.outgoing.names_server = self.account.names_server();
        self.outgoing.cookies = self.account.cookies.clone();
        self.outgoing.send_timeout = rule.policy.timeouts.send;
        let mut forward = Forward {
            account: &mut self.account,
            slot: self.slot,
            from: incoming,
            to: &mut self.outgoing,
            asked,
            client,
            body_limit: rule.policy.body_limit,
            timeouts: rule.policy.timeouts,
            left_out: LeftOut::default(),
        };
        if forward.account.inspection.is_none() {
            forward.run(view, cluster, framing, scratch).await?;
        } else {
            Box::pin(inspect::forward(forward, view, cluster, framing, scratch)).await?;
        }
        Ok(Outcome::Completed)
    }

    async fn redirect(
        &mut self,
        to: HttpsRedirect,
        scratch: &mut Scratch,
    ) -> Result<Outcome, ProxyError> {
        let mut location = Vec::with_capacity(128);
        let target = &scratch.target;
        let HttpsRedirect { status, port } = to;
        write_https_location(target.host(), port, target.path_and_query(), &mut location);
        let Scratch { request, out, .. } = scratch;
        out.clear();
        let answer = self.answer(request);
        self.account.sent =
            answer.write_redirect(out, &self.account.worker.clock, status, &location);
        self.send_answer(status, out).await;
        Ok(Outcome::Answered)
    }

    async fn answer_error(&mut self, error: ProxyError, scratch: &mut Scratch) {
        let silent = matches!(
            error,
            ProxyError::ClientGone | ProxyError::ClientStalled | ProxyError::Dropped
        );
        if self.account.responded || silent {
            if !self.account.responded {
                self.account.status = error.status();
            }
            self.outgoing.reset(error);
            return;
        }
        let Scratch { request, out, .. } = scratch;
        out.clear();
        let answer = self.answer(request);
        self.account.sent = self.account.write_error(answer, out, error);
        self.send_answer(error.status(), out).await;
    }

    fn answer<'b>(&'b self, head: &'b RequestHead) -> Answer<'b> {
        Answer {
            id: self.account.request_id(head),
            head_only: head.method == Method::Head,
            close: false,
            tell_keep_alive: false,
            hsts: self.account.hsts(),
        }
    }

    async fn send_answer(&mut self, status: u16, written: &[u8]) {
        self.account.status = status;
        self.account.responded = true;
        self.outgoing.send_timeout = ANSWER_TIMEOUT;
        if let Err(error) = self.outgoing.answer(status, written).await {
            self.outgoing.reset(error);
        }
    }
}
