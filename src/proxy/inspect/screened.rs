//! Phases 3 and 4: an answer on its way to the client, held back until it was inspected where rules
//! want to see its body.

use std::{
    ops::Range,
    task::{Context, Poll},
};

use super::{
    Inspection, Uninspected,
    body::coding_of,
    budget::Share,
    inspectors::keep,
    work::{Coding, Content, Work},
};
use crate::{
    http1::{BodyLength, ChunkLimits, ResponseFraming, TrailerFields},
    message::{FieldId, Fields, ResponseHead},
    proxy::{error::ProxyError, sides::ToClient, worker::Worker},
    waf::{BodyWish, Settings, Transaction, body::media_type, seclang::LimitAction},
};

/// The status where an answer is longer than what is inspected, and rules want it refused then; the
/// same as ModSecurity's.
const TOO_LONG: u16 = 500;

/// Types whose bodies are inspected where the policy wants it and the rules list none: those of
/// ModSecurity's recommended configuration.
const USUAL_TYPES: [&[u8]; 3] = [b"text/plain", b"text/html", b"text/xml"];

/// Where an answer goes to, seen by the firewall before.
pub(super) struct Screened<'a, C> {
    to: &'a mut C,
    inspection: Box<Inspection>,
    worker: &'a Worker,
    held: Option<Held>,
    /// Whether bytes of the answer may have gone out.
    released: bool,
}

/// An answer that is held back.
struct Held {
    /// What the client's side made of the head.
    head: Vec<u8>,
    body: Vec<u8>,
    /// Bytes that are inspected at the most.
    limit: usize,
    /// What happens where it is longer.
    over: LimitAction,
    coding: Option<Vec<u8>>,
    share: Share,
    /// The trailers, once it has ended.
    end: Option<TrailerFields>,
    /// Why no more of it is held.
    full: Option<Uninspected>,
}

impl<'a, C: ToClient> Screened<'a, C> {
    pub(super) fn new(to: &'a mut C, inspection: Box<Inspection>, worker: &'a Worker) -> Self {
        Self {
            to,
            inspection,
            worker,
            held: None,
            released: false,
        }
    }

    /// Whether bytes of the answer may have gone out.
    pub(super) const fn is_released(&self) -> bool {
        self.released
    }

    pub(super) fn into_inspection(self) -> Box<Inspection> {
        self.inspection
    }

    /// How the body is held, if rules want to see it.
    fn hold(
        &mut self,
        head: &ResponseHead,
        framing: &ResponseFraming,
    ) -> Result<Option<Held>, ProxyError> {
        if framing.body == BodyLength::Empty
            || matches!(head.status, 204 | 304)
            || self.inspection.is_off()
        {
            return Ok(None);
        }
        let asked = self.inspection.firewall.settings.inspect_responses;
        let wished = self
            .inspection
            .ask(self.worker, |transaction| wish(transaction, asked, head))?;
        let Some((limit, over)) = wished.flatten() else {
            return Ok(None);
        };
        Ok(Some(Held {
            head: Vec::new(),
            body: Vec::new(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            over,
            coding: coding_of(head.fields()),
            share: self.inspection.holder(self.worker).share(),
            end: None,
            full: None,
        }))
    }

    /// Inspects what is held and lets it go. What came beyond is in `out`. Gives back what `out` draws
    /// on then.
    async fn release(
        &mut self,
        mut held: Held,
        out: &mut Vec<u8>,
    ) -> Result<Option<Share>, ProxyError> {
        let Self {
            to,
            inspection,
            worker,
            released,
            ..
        } = self;
        let worker = *worker;
        let beyond = std::mem::take(out);
        match held.full {
            Some(Uninspected::NoRoom) => {
                inspection.lacks(worker, Uninspected::NoRoom, ProxyError::Overloaded)?;
            }
            Some(_) if held.over == LimitAction::Reject => {
                let error = ProxyError::Blocked(TOO_LONG);
                inspection.lacks(worker, Uninspected::PastLimit, error)?;
            }
            Some(reason) => inspection.passes(worker, reason),
            None => {}
        }
        let holder = inspection.holder(worker);
        let coding = held.coding.take().map(|name| Coding {
            name,
            limit: held.limit as u64,
            share: holder.share(),
            decoded: 0,
            cut: true,
            lenient: true,
            replaces: false,
        });
        let content = Content {
            shown: held.body.len(),
            bytes: std::mem::take(&mut held.body),
            whole: held.full.is_none(),
            coding,
            share: Some(held.share),
            keep: keep(worker, &holder),
            ..Content::nothing()
        };
        let (work, fault) = inspection.run(worker, Work::ResponseBody(content)).await?;
        if fault.is_some() {
            // The upstream was asked not to encode it; it is believed to mean well.
            inspection.passes(worker, Uninspected::Undecoded);
        }
        let Work::ResponseBody(content) = work else {
            return Err(ProxyError::Internal);
        };
        inspection.settle(worker);
        *released = true;
        out.append(&mut held.head);
        to.data(&content.bytes, out);
        to.data(&beyond, out);
        if let Some(trailers) = &held.end {
            to.end(trailers.fields(), out);
        }
        Ok(content.share)
    }
}

/// How much of an answer's body is inspected, and what happens where it is longer; `wanted`: whether the
/// policy wants it.
fn wish(
    transaction: &Transaction,
    wanted: Option<bool>,
    head: &ResponseHead,
) -> Option<(u64, LimitAction)> {
    let asked = match transaction.response_body_wish() {
        BodyWish::Inspect { limit, over } => Some((limit, over)),
        BodyWish::Skip => None,
    };
    match wanted {
        Some(false) => None,
        // What rules have switched off for this exchange stays off.
        Some(true) if transaction.response_body_access() == Some(false) => None,
        Some(true) => asked.or_else(|| wish_of_policy(transaction.policy().settings(), head)),
        None => asked,
    }
}

/// The same where the policy wants it and the rules do not.
fn wish_of_policy(rules: &Settings, head: &ResponseHead) -> Option<(u64, LimitAction)> {
    let kind = media_type(head.find(FieldId::ContentType).unwrap_or_default());
    let listed = &rules.response_body_types;
    let is_listed = match listed.is_empty() {
        true => USUAL_TYPES.iter().any(|usual| kind.is(usual)),
        false => listed.iter().any(|listed| kind.is(listed)),
    };
    let told = (rules.response_body_limit, rules.response_body_limit_action);
    (is_listed && !kind.is(b"text/event-stream")).then_some(told)
}

impl<C: ToClient> ToClient for Screened<'_, C> {
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.to.poll_gone(cx)
    }

    fn is_gone(&self) -> bool {
        self.to.is_gone()
    }

    fn withholds(&self) -> bool {
        !self.released
    }

    async fn interim(&mut self, head: &ResponseHead) -> Result<(), ProxyError> {
        self.to.interim(head).await
    }

    fn begin(
        &mut self,
        head: &ResponseHead,
        framing: &ResponseFraming,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        let worker = self.worker;
        self.inspection.tell_response(worker, head)?;
        // Rules of phase 3 may still say that they want the body.
        self.inspection.run_now(worker, Work::ResponseHead)?;
        let Some(mut held) = self.hold(head, framing)? else {
            let nothing = Work::ResponseBody(Content::nothing());
            self.inspection.run_now(worker, nothing)?;
            self.inspection.settle(worker);
            self.released = true;
            return self.to.begin(head, framing, out);
        };
        self.to.begin(head, framing, &mut held.head)?;
        self.held = Some(held);
        Ok(())
    }

    fn data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let Some(held) = &mut self.held else {
            return self.to.data(data, out);
        };
        if held.full.is_some() {
            // Gathered as it came, so that whoever looks at `out` sees that it is time to flush.
            out.extend_from_slice(data);
            return;
        }
        let room = held.limit - held.body.len();
        let (kept, beyond) = data.split_at_checked(room).unwrap_or((data, b""));
        if !held.share.grow(kept.len()) {
            held.full = Some(Uninspected::NoRoom);
            out.extend_from_slice(data);
            return;
        }
        held.body.extend_from_slice(kept);
        if !beyond.is_empty() {
            held.full = Some(Uninspected::PastLimit);
            out.extend_from_slice(beyond);
        }
    }

    fn end(&mut self, trailers: Fields<'_>, out: &mut Vec<u8>) {
        let Some(held) = &mut self.held else {
            return self.to.end(trailers, out);
        };
        let mut kept = TrailerFields::default();
        for field in trailers {
            // They were checked when they came.
            let _ = kept.push(&ChunkLimits::default(), field.name, field.value);
        }
        held.end = Some(kept);
    }

    async fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), ProxyError> {
        if let Some(held) = self.held.take() {
            if held.end.is_none() && held.full.is_none() {
                self.held = Some(held);
                return Ok(());
            }
            let _share = Box::pin(self.release(held, out)).await?;
            return self.to.flush(out).await;
        }
        self.to.flush(out).await
    }

    async fn pass(
        &mut self,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError> {
        if self.held.is_none() {
            return self.to.pass(buffer, at, last).await;
        }
        let mut out = Vec::new();
        self.data(buffer.get(at).unwrap_or_default(), &mut out);
        if last {
            self.end(Fields::default(), &mut out);
        }
        self.flush(&mut out).await
    }

    async fn flush_and_pass(
        &mut self,
        out: &mut Vec<u8>,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError> {
        if self.held.is_none() {
            return self.to.flush_and_pass(out, buffer, at, last).await;
        }
        self.data(buffer.get(at).unwrap_or_default(), out);
        if last {
            self.end(Fields::default(), out);
        }
        self.flush(out).await
    }

    fn note_reset(&mut self, code: u32) {
        self.to.note_reset(code);
    }
}
