//! A request as it would go, without a connection: read by the codec, routed by the snapshot and shown to
//! the firewall as in [`super`], with everything noted that an explanation needs.
//!
//! Invariant: what is read, shown and obeyed is so by the code that serves. Non-goal: what is decided by
//! the connection (certificates, trusted proxies) or the upstream; requests count as sent over TLS.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use super::{
    Inspection, Uninspected,
    body::{Extent, Measure, coding_of, measure},
    budget::Budget,
    conclude::{REFUSED_HEAD, outcome_of},
    guard::guarded,
    head::{show, show_refused},
    inspection::Course,
    inspectors::BUFFERED_BYTES,
    work::{Coding, Content, Fault, Found, Work, perform_guarded},
};
use crate::{
    http1::{
        BodyDecoder, BodyLength, ChunkLimits, Decoded, HeadLimits, Parsed, RequestFraming,
        parse_request, request_framing,
    },
    message::{RequestHead, Target},
    policy::BodyLimit,
    proxy::{
        error::ProxyError,
        metrics::FirewallOutcome,
        pipeline::{check_expectation, check_method},
    },
    snapshot::{Action, Firewall, Rule, Snapshot},
    waf::{Exchange, Transaction, body::coding::CodingError},
};

/// How requests are rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// The routes and their firewalls.
    pub snapshot: &'a Snapshot,
    /// The client's address.
    pub client: IpAddr,
    /// The host by which the rule is found; `None`: the request's.
    pub host: Option<&'a str>,
    /// The path by which the rule is found; `None`: the request's.
    pub path: Option<&'a str>,
    /// Whether a request that no rule is for counts as forwarded, where there are no routes to speak
    /// of.
    pub without_routes: bool,
}

/// How a request would go.
#[derive(Debug)]
pub struct Rehearsed {
    /// The method as sent; empty where none could be read.
    pub method: Vec<u8>,
    /// The host, empty where none could be read.
    pub host: Vec<u8>,
    /// The rule that answers it.
    pub rule: Option<Arc<Rule>>,
    /// The firewall in front of it.
    pub firewall: Option<Arc<Firewall>>,
    /// What the firewall has found.
    pub transaction: Option<Box<Transaction>>,
    /// The body that rules were shown, decoded, up to the inspected limit.
    pub body: Vec<u8>,
    /// Why it is not forwarded.
    pub refusal: Option<ProxyError>,
    /// What the firewall makes of it; `None`: there is none.
    pub outcome: Option<FirewallOutcome>,
    /// Why something of it was not inspected.
    pub uninspected: Option<Uninspected>,
    /// How many bytes belong to it.
    pub length: usize,
}

/// Why a request cannot be rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The bytes end before the head does.
    #[error("the request ends within its head")]
    CutHead,
    /// The bytes end before the body does.
    #[error("the request ends within its body, of which {0} bytes are there")]
    CutBody(usize),
}

impl Rehearsal<'_> {
    /// Rehearses the request that `wire` begins with.
    ///
    /// # Errors
    /// When it is not all there: a proxy would wait for more.
    pub fn run(&self, wire: &[u8]) -> Result<Rehearsed, RehearsalError> {
        let options = &self.snapshot.config.options;
        let limits = HeadLimits {
            max_head: options.max_head_bytes,
            max_fields: options.max_fields,
            max_target: options.max_target_bytes,
        };
        let mut head = RequestHead {
            buffer: wire.to_vec(),
            ..RequestHead::default()
        };
        match parse_request(&mut head, &limits) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) => return Err(RehearsalError::CutHead),
            Err(error) => return Ok(self.refused(head, ProxyError::RequestHead(error))),
        }
        let mut target = Target::default();
        let framing = match self.admitted(&head, &mut target) {
            Ok(framing) => framing,
            Err(error) => return Ok(self.refused(head, error)),
        };
        let mut course = self.routed(&head, &target, &framing);
        let (body, used) = course.body(&head, &framing)?;
        course.run(&head, &framing, body);
        let mut rehearsed = course.end();
        rehearsed.length = head.head_len + used;
        Ok(rehearsed)
    }

    /// What is asked of a head before its rule is looked for.
    fn admitted(
        &self,
        head: &RequestHead,
        target: &mut Target,
    ) -> Result<RequestFraming, ProxyError> {
        let framing = request_framing(head).map_err(ProxyError::RequestHead)?;
        check_method(head)?;
        check_expectation(head)?;
        target
            .resolve(head, self.snapshot.config.options.slashes)
            .map_err(ProxyError::RequestTarget)?;
        Ok(framing)
    }

    /// A head that is refused before it comes to a rule, shown to the default firewall.
    fn refused(&self, head: RequestHead, error: ProxyError) -> Rehearsed {
        let firewall = self.snapshot.default_firewall.as_ref();
        let mut transaction = firewall.and_then(|firewall| self.begun(firewall));
        if let Some(transaction) = &mut transaction {
            show_refused(transaction, &head, REFUSED_HEAD);
            if transaction.run_request_head().passes() {
                transaction.run_request_body();
            }
            transaction.response_line(b"HTTP/1.1", error.status(), b"");
            transaction.run_logging();
        }
        Rehearsed {
            method: head.method_bytes().to_vec(),
            host: Vec::new(),
            rule: None,
            outcome: transaction.is_some().then_some(FirewallOutcome::Malformed),
            firewall: firewall.cloned(),
            transaction,
            body: Vec::new(),
            refusal: Some(error),
            uninspected: None,
            // The connection is closed: what follows is no request.
            length: head.buffer.len(),
        }
    }

    fn routed(&self, head: &RequestHead, target: &Target, framing: &RequestFraming) -> Way {
        let host = self.host.map_or(target.host(), str::as_bytes);
        let path = self.path.map_or(target.path(), str::as_bytes);
        let rule = self.snapshot.routes.find(host, path, target.query(), head);
        let firewall = match rule {
            Some(rule) => rule.firewall.as_ref(),
            None => self.snapshot.default_firewall.as_ref(),
        };
        let inspection = firewall.map(|firewall| {
            let mut inspection = Inspection::new(firewall);
            inspection.transaction = self.begun(firewall);
            inspection
        });
        let decision = match rule {
            Some(rule) => decided(rule, target, framing),
            None if self.without_routes => Ok(()),
            None => Err(ProxyError::NoRoute),
        };
        Way {
            rehearsed: Rehearsed {
                method: head.method_bytes().to_vec(),
                host: host.to_vec(),
                rule: rule.map(Arc::clone),
                firewall: firewall.cloned(),
                transaction: None,
                body: Vec::new(),
                refusal: None,
                outcome: None,
                uninspected: None,
                length: 0,
            },
            inspection,
            decision,
        }
    }

    /// A transaction of the firewall, if it has rules, that notes what it does.
    fn begun(&self, firewall: &Firewall) -> Option<Box<Transaction>> {
        let policy = firewall.policy.as_ref()?;
        let mut transaction = Box::new(Transaction::new(Arc::clone(policy)));
        let client = self.client.to_string();
        transaction.begin(
            policy,
            &Exchange {
                client: client.as_bytes(),
                client_port: 1024,
                server: b"127.0.0.1",
                server_port: 443,
                id: b"rehearsal",
                at: SystemTime::now(),
            },
        );
        transaction.record();
        Some(transaction)
    }
}

/// What the rule makes of a request that the firewall passes.
fn decided(rule: &Rule, target: &Target, framing: &RequestFraming) -> Result<(), ProxyError> {
    if let Action::Deny(reason) = rule.action {
        return Err(ProxyError::Denied(reason));
    }
    if rule.policy.refuse_encoded_slashes && target.has_encoded_slash() {
        return Err(ProxyError::EncodedSlash);
    }
    if let BodyLength::Sized(length) = framing.body
        && !rule.policy.body_limit.allows(length)
    {
        return Err(ProxyError::BodyTooLong);
    }
    match rule.action {
        Action::Forward { .. } => Ok(()),
        Action::Deny(reason) => Err(ProxyError::Denied(reason)),
        Action::Unavailable => Err(ProxyError::Unavailable),
        Action::NotFound => Err(ProxyError::NoRoute),
    }
}

/// A request on its way.
struct Way {
    rehearsed: Rehearsed,
    inspection: Option<Box<Inspection>>,
    decision: Result<(), ProxyError>,
}

/// A body that has come whole, or what is wrong with it.
type Body = Result<(Vec<u8>, BodyDecoder), ProxyError>;

impl Way {
    /// The body, and how many bytes it takes after the head.
    fn body(
        &self,
        head: &RequestHead,
        framing: &RequestFraming,
    ) -> Result<(Body, usize), RehearsalError> {
        let limit = match &self.rehearsed.rule {
            Some(rule) => rule.policy.body_limit,
            None => BodyLimit::Unlimited,
        };
        let mut decoder = BodyDecoder::new(framing.body, ChunkLimits::default());
        let (mut body, mut used) = (Vec::new(), 0);
        while !decoder.is_done() {
            let rest = head.rest().get(used..).unwrap_or_default();
            let Decoded {
                consumed,
                data,
                done: _,
            } = match decoder.decode(rest) {
                Ok(decoded) => decoded,
                // What follows may be anything.
                Err(error) => return Ok((Err(ProxyError::RequestBody(error)), head.rest().len())),
            };
            body.extend_from_slice(rest.get(data).unwrap_or_default());
            used += consumed;
            if consumed == 0 {
                return Err(RehearsalError::CutBody(body.len()));
            }
        }
        if !limit.allows(body.len() as u64) {
            return Ok((Err(ProxyError::BodyTooLong), used));
        }
        Ok((Ok((body, decoder)), used))
    }

    /// Phases 1 and 2.
    fn run(&mut self, head: &RequestHead, framing: &RequestFraming, body: Body) {
        let refusal = self.inspected(head, framing, body).err();
        self.rehearsed.refusal = refusal;
    }

    fn inspected(
        &mut self,
        head: &RequestHead,
        framing: &RequestFraming,
        body: Body,
    ) -> Result<(), ProxyError> {
        let is_empty = matches!(framing.body, BodyLength::Empty | BodyLength::Sized(0));
        let alone = self.decision.is_err() || is_empty;
        if let Some(inspection) = &mut self.inspection {
            if let Some(transaction) = &mut inspection.transaction {
                show(transaction, head);
                let length = head.head_len;
                let work = Work::RequestHead { length, alone };
                self.rehearsed.perform(inspection, work)?;
            } else {
                let reason = Uninspected::NoRules;
                self.rehearsed
                    .lacks(inspection, reason, ProxyError::NoRules)?;
            }
        }
        self.decision?;
        let (bytes, decoder) = match body {
            _ if alone => return Ok(()),
            Ok(body) => body,
            Err(error) => return Err(error),
        };
        match &mut self.inspection {
            Some(inspection) => self.rehearsed.inspect(inspection, head, (bytes, &decoder)),
            None => Ok(()),
        }
    }

    /// Phase 5, and what came of it.
    fn end(self) -> Rehearsed {
        let Self {
            mut rehearsed,
            inspection,
            decision: _,
        } = self;
        let Some(mut inspection) = inspection else {
            return rehearsed;
        };
        if let Some(mut transaction) = inspection.transaction.take() {
            if let Some(refusal) = rehearsed.refusal {
                transaction.response_line(b"HTTP/1.1", refusal.status(), b"");
            }
            if guarded(|| transaction.run_logging()).is_ok() {
                rehearsed.transaction = Some(transaction);
            }
        }
        rehearsed.outcome = Some(match inspection.course {
            Course::Blocked => FirewallOutcome::Blocked,
            Course::Refused => FirewallOutcome::Refused,
            Course::Open => outcome_of(rehearsed.transaction.as_deref()),
        });
        rehearsed
    }
}

impl Rehearsed {
    /// Shows the body to the rules.
    fn inspect(
        &mut self,
        inspection: &mut Inspection,
        head: &RequestHead,
        (bytes, decoder): (Vec<u8>, &BodyDecoder),
    ) -> Result<(), ProxyError> {
        let blocks = inspection.blocks();
        let settings = Arc::clone(&inspection.firewall.settings);
        let Some(transaction) = &mut inspection.transaction else {
            return Ok(());
        };
        let Extent {
            limit,
            passes_beyond,
        } = match measure(transaction, &settings, blocks, head, false) {
            Measure::UpTo(extent) => extent,
            Measure::Nothing => {
                return self.perform(inspection, Work::RequestBody(Content::nothing()));
            }
            Measure::Streamed => {
                self.uninspected = Some(Uninspected::Streamed);
                return self.perform(inspection, Work::RequestBody(Content::nothing()));
            }
        };
        let is_over = bytes.len() as u64 > limit;
        if is_over && !passes_beyond {
            let reason = Uninspected::PastLimit;
            return self.lacks(inspection, reason, ProxyError::BodyTooLong);
        }
        if is_over {
            self.uninspected = Some(Uninspected::PastLimit);
        }
        for field in decoder.trailers() {
            transaction.request_header(field.name, field.value);
        }
        let budget = Arc::new(Budget::new(BUFFERED_BYTES));
        let holder = budget.holder(inspection.client);
        let coding = coding_of(head.fields()).map(|name| Coding {
            name,
            limit,
            share: holder.share(),
            decoded: 0,
            cut: passes_beyond,
            lenient: !blocks,
            replaces: false,
        });
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let shown = bytes.len().min(shown);
        self.body = bytes.get(..shown).unwrap_or_default().to_vec();
        let content = Content {
            shown,
            bytes,
            whole: !is_over,
            coding,
            ..Content::nothing()
        };
        self.perform(inspection, Work::RequestBody(content))
    }

    /// Does a piece of work and obeys the verdict.
    fn perform(&mut self, inspection: &mut Inspection, mut work: Work) -> Result<(), ProxyError> {
        let Some(mut transaction) = inspection.transaction.take() else {
            return Ok(());
        };
        let Some(Found { verdict, fault }) = perform_guarded(&mut transaction, &mut work) else {
            return self.lacks(inspection, Uninspected::Panicked, ProxyError::Internal);
        };
        inspection.transaction = Some(transaction);
        inspection.obey(verdict)?;
        let cut = match &work {
            Work::RequestBody(content) => content.coding.as_ref().is_some_and(|it| it.cut),
            Work::RequestHead { .. } | Work::ResponseHead | Work::ResponseBody(_) => false,
        };
        match fault {
            None => Ok(()),
            Some(Fault::Coding(CodingError::TooLarge)) if cut => {
                self.uninspected = Some(Uninspected::PastLimit);
                Ok(())
            }
            Some(Fault::Coding(error)) => {
                let error = ProxyError::RequestCoding(error);
                self.lacks(inspection, Uninspected::Undecoded, error)
            }
            Some(Fault::NoRoom) => {
                self.lacks(inspection, Uninspected::NoRoom, ProxyError::Overloaded)
            }
        }
    }

    /// Notes that something cannot be inspected, as [`Inspection::lacks`] does.
    fn lacks(
        &mut self,
        inspection: &mut Inspection,
        reason: Uninspected,
        error: ProxyError,
    ) -> Result<(), ProxyError> {
        self.uninspected.get_or_insert(reason);
        match inspection.refuses_uninspected(reason) {
            true => Err(error),
            false => Ok(()),
        }
    }
}
