//! The firewall's part of one exchange: its transaction, and what its verdicts become.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Instant,
};

use tokio::sync::oneshot;

use super::{
    Uninspected,
    budget::{Holder, Share},
    guard::{Panicked, guarded},
    kept::Kept,
    threads::{Done, Task},
    work::{Fault, Found, Work},
};
use crate::{
    config::FirewallMode,
    message::ResponseHead,
    proxy::{error::ProxyError, respond::Block, worker::Worker},
    snapshot::Firewall,
    waf::{Transaction, Verdict, log::wants_audit, seclang::EngineMode},
};

/// The status of a refusal where neither rule nor policy names a better one.
const FORBIDDEN: u16 = 403;

/// Bytes of bodies up to which a transaction that has seen them is kept for another exchange.
const WORTH_KEEPING: usize = 128 << 10;

/// The firewall's part of one exchange.
#[derive(Debug)]
pub(in crate::proxy) struct Inspection {
    pub(super) firewall: Arc<Firewall>,
    /// `None` before it has begun, where there are no rules, where the engine has panicked, and once
    /// nothing is left to be said.
    pub(super) transaction: Option<Box<Transaction>>,
    /// How it has gone so far.
    pub(super) course: Course,
    /// Why something of it was not inspected, the first reason.
    pub(super) uninspected: Option<Uninspected>,
    /// Who asks, for what is held on its account.
    pub(super) client: IpAddr,
    /// When the exchange is over, if ever.
    pub(super) deadline: Option<Instant>,
    /// What the held body draws on.
    pub(super) share: Option<Share>,
    /// The bodies, as far as the audit log shows them.
    pub(super) request_body: Kept,
    pub(super) response_body: Kept,
    /// Whether the transaction has grown with this exchange to more than is worth keeping.
    pub(super) is_large: bool,
    /// The status of the response, once its head is known; else 0.
    pub(super) status: u16,
    /// Where a refusal sends the client.
    location: Option<Box<[u8]>>,
}

/// How an inspection has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Nothing has been refused.
    Open,
    /// The rules have refused it.
    Blocked,
    /// It was refused because it could not be inspected.
    Refused,
}

impl Inspection {
    /// An inspection that has not begun.
    pub(in crate::proxy) fn new(firewall: &Arc<Firewall>) -> Box<Self> {
        Box::new(Self {
            firewall: Arc::clone(firewall),
            transaction: None,
            course: Course::Open,
            uninspected: None,
            client: Ipv6Addr::UNSPECIFIED.into(),
            deadline: None,
            share: None,
            request_body: Kept::default(),
            response_body: Kept::default(),
            is_large: false,
            status: 0,
            location: None,
        })
    }

    /// Whether the exchange is refused where it cannot be inspected: the policy blocks, and no rule has
    /// switched that off for this exchange.
    pub(super) fn blocks(&self) -> bool {
        let transaction = self.transaction.as_ref();
        self.may_refuse() && transaction.is_none_or(|it| it.engine() == EngineMode::On)
    }

    /// Whether no rule is evaluated any more, because one has said so.
    pub(super) fn is_off(&self) -> bool {
        let transaction = self.transaction.as_ref();
        transaction.is_some_and(|it| it.engine() == EngineMode::Off)
    }

    fn may_refuse(&self) -> bool {
        self.firewall.settings.mode == FirewallMode::Block
    }

    /// What the client is told of a refusal, and where it is sent.
    pub(in crate::proxy) fn block(&self) -> Block<'_> {
        Block {
            page: self.firewall.settings.block_page.as_deref(),
            location: self.location.as_deref(),
        }
    }

    /// Does a piece of work, on a thread of its own if it may take long. Gives the work back, and what
    /// was wrong with a body's coding.
    pub(super) async fn run(
        &mut self,
        worker: &Worker,
        mut work: Work,
    ) -> Result<(Work, Option<Fault>), ProxyError> {
        let Some(mut transaction) = self.transaction.take() else {
            return Ok((work, None));
        };
        if !work.is_long() {
            let found = worker.transactions.perform(&mut transaction, &mut work);
            self.keep(&mut work);
            let fault = self.take_up(worker, found.map(|found| (transaction, found)))?;
            return Ok((work, fault));
        }
        let (done, told) = oneshot::channel();
        let task = Task {
            transaction,
            work,
            done,
        };
        if let Err(task) = worker.inspectors.threads.submit(task) {
            let Task {
                transaction, work, ..
            } = *task;
            self.transaction = Some(transaction);
            self.lacks(worker, Uninspected::NoThread, ProxyError::Overloaded)?;
            return Ok((work, None));
        }
        let told = match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), told).await,
            None => Ok(told.await),
        };
        let Ok(told) = told else {
            // Nobody waits for it any more: what has not begun is not done.
            self.is_late(worker);
            return Err(ProxyError::RequestTimedOut);
        };
        let Ok(Done { mut work, found }) = told else {
            // A thread answers whoever waits; one that does not has taken the body with it.
            return Err(ProxyError::Internal);
        };
        self.is_large |= work.weight() > WORTH_KEEPING;
        self.keep(&mut work);
        let fault = self.take_up(worker, found)?;
        Ok((work, fault))
    }

    /// Takes what was kept of a body, which a refusal leaves behind.
    fn keep(&mut self, work: &mut Work) {
        match work {
            Work::RequestHead { .. } | Work::ResponseHead => {}
            Work::RequestBody(content) => self.request_body = std::mem::take(&mut content.kept),
            Work::ResponseBody(content) => self.response_body = std::mem::take(&mut content.kept),
        }
    }

    /// The same, at once, for work that is short.
    pub(super) fn run_now(&mut self, worker: &Worker, mut work: Work) -> Result<(), ProxyError> {
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(());
        };
        let found = worker.transactions.perform(&mut transaction, &mut work);
        self.take_up(worker, found.map(|found| (transaction, found)))?;
        Ok(())
    }

    /// Takes the transaction back and obeys the verdict.
    fn take_up(
        &mut self,
        worker: &Worker,
        found: Option<(Box<Transaction>, Found)>,
    ) -> Result<Option<Fault>, ProxyError> {
        let Some((transaction, Found { verdict, fault })) = found else {
            self.panicked(worker)?;
            return Ok(None);
        };
        self.transaction = Some(transaction);
        self.obey(verdict)?;
        Ok(fault)
    }

    /// Tells the engine something, or asks it, if there are rules: this, and [`guarded`] where there is no
    /// inspection, is the only way to it.
    ///
    /// # Errors
    /// It panicked, and the firewall blocks.
    pub(super) fn ask<T>(
        &mut self,
        worker: &Worker,
        ask: impl FnOnce(&mut Transaction) -> T,
    ) -> Result<Option<T>, ProxyError> {
        match self.try_ask(ask) {
            Ok(answer) => Ok(answer),
            Err(Panicked) => self.panicked(worker).map(|()| None),
        }
    }

    /// The same; after a panic there is no transaction any more.
    fn try_ask<T>(
        &mut self,
        ask: impl FnOnce(&mut Transaction) -> T,
    ) -> Result<Option<T>, Panicked> {
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(None);
        };
        let answer = guarded(|| ask(&mut transaction))?;
        self.transaction = Some(transaction);
        Ok(Some(answer))
    }

    /// Notes that the engine has panicked, and that there is no transaction any more.
    pub(super) fn panicked(&mut self, worker: &Worker) -> Result<(), ProxyError> {
        self.lacks(worker, Uninspected::Panicked, ProxyError::Internal)
    }

    /// Notes that the exchange has ended before it could be inspected.
    fn is_late(&mut self, worker: &Worker) {
        if self.refuses_uninspected(Uninspected::NoThread) {
            worker.metrics.refuse_uninspected(Uninspected::NoThread);
        }
    }

    /// The client, as what it has held counts.
    pub(super) fn holder(&self, worker: &Worker) -> Holder {
        worker.inspectors.holder(self.client)
    }

    pub(super) fn obey(&mut self, verdict: Verdict) -> Result<(), ProxyError> {
        // Rules may switch themselves on; where the policy says that nothing is refused, nothing is.
        if verdict.passes() || !self.may_refuse() {
            return Ok(());
        }
        self.course = Course::Blocked;
        Err(match verdict {
            Verdict::Pass => return Ok(()),
            Verdict::Drop => ProxyError::Dropped,
            Verdict::Deny { status, named } => {
                ProxyError::Blocked(self.shown_status(Some(status).filter(|_| named)))
            }
            Verdict::Redirect { status, location } => {
                if is_location(&location) {
                    self.location = Some(location);
                    ProxyError::Blocked(match status {
                        301 | 302 | 303 | 307 | 308 => status,
                        _ => 302,
                    })
                } else {
                    ProxyError::Blocked(self.shown_status(None))
                }
            }
        })
    }

    /// The status that a refusal is answered with. One that a rule names stands if an answer with a
    /// body can have it.
    fn shown_status(&self, named: Option<u16>) -> u16 {
        match named {
            Some(status @ (200..=203 | 206..=303 | 305..=599)) => status,
            _ => self.firewall.settings.block_status.unwrap_or(FORBIDDEN),
        }
    }

    /// Notes that something cannot be inspected: that ends the exchange with `error` where the firewall
    /// blocks, and passes otherwise.
    pub(super) fn lacks(
        &mut self,
        worker: &Worker,
        reason: Uninspected,
        error: ProxyError,
    ) -> Result<(), ProxyError> {
        if !self.refuses_uninspected(reason) {
            self.passes(worker, reason);
            return Ok(());
        }
        worker.metrics.refuse_uninspected(reason);
        Err(error)
    }

    /// Whether what cannot be inspected is refused, and if so, notes that it is.
    pub(super) fn refuses_uninspected(&mut self, reason: Uninspected) -> bool {
        let refuses = self.blocks();
        if refuses {
            self.uninspected.get_or_insert(reason);
            self.course = Course::Refused;
        }
        refuses
    }

    /// Notes that something passes uninspected.
    pub(super) fn passes(&mut self, worker: &Worker, reason: Uninspected) {
        self.uninspected.get_or_insert(reason);
        worker.metrics.pass_uninspected(reason);
    }

    /// Tells the response's head.
    pub(super) fn tell_response(
        &mut self,
        worker: &Worker,
        head: &ResponseHead,
    ) -> Result<(), ProxyError> {
        self.status = head.status;
        let told = self.ask(worker, |transaction| {
            let protocol = head.version.as_str().as_bytes();
            transaction.response_line(protocol, head.status, head.reason());
            for field in head.fields() {
                transaction.response_header(field.name, field.value);
            }
        });
        told.map(|_| ())
    }

    /// Shows the head of an answer that agrees to another protocol, behind which nothing is looked at.
    pub(super) fn see_upgrade(
        &mut self,
        worker: &Worker,
        head: &ResponseHead,
    ) -> Result<(), ProxyError> {
        self.tell_response(worker, head)?;
        self.run_now(worker, Work::ResponseHead)?;
        self.settle(worker);
        Ok(())
    }

    /// Gives the transaction back early where nothing is to be said of the exchange, so that an answer
    /// that streams for hours holds neither it nor its rules.
    pub(super) fn settle(&mut self, worker: &Worker) {
        if self.uninspected.is_some() {
            return;
        }
        let Some(mut transaction) = self.transaction.take() else {
            return;
        };
        if transaction.matches().next().is_some() {
            self.transaction = Some(transaction);
            return;
        }
        let ended = worker.transactions.lend(&mut transaction, |transaction| {
            let end = || {
                transaction.run_logging();
                transaction.matches().next().is_some()
                    || worker.firewall_log.audit.is_some() && wants_audit(transaction, self.status)
            };
            guarded(end).ok()
        });
        match ended {
            None => self.passes(worker, Uninspected::Panicked),
            Some(true) => self.transaction = Some(transaction),
            Some(false) => {
                self.request_body = Kept::default();
                self.response_body = Kept::default();
                self.give_back(worker, transaction);
            }
        }
    }

    /// Gives a transaction back that is of no more use here.
    pub(super) fn give_back(&self, worker: &Worker, transaction: Box<Transaction>) {
        if !self.is_large {
            worker.transactions.put(transaction);
        }
    }
}

/// Whether a client may be sent there: it may come from the request, and must not become a line of
/// the answer's head.
fn is_location(location: &[u8]) -> bool {
    !location.is_empty() && location.iter().all(|byte| matches!(byte, 0x21..=0x7e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        config::{self, RuleSource},
        waf::{
            RuleSet,
            seclang::{NoFiles, SourceMap},
        },
    };

    fn inspection(mode: FirewallMode) -> Box<Inspection> {
        let rules = RuleSet::compile(&[], &SourceMap::default(), &NoFiles);
        let policy = rules.result.unwrap().policy().in_mode(match mode {
            FirewallMode::Detect => EngineMode::DetectionOnly,
            FirewallMode::Block => EngineMode::On,
        });
        let policy = Arc::new(policy);
        let settings = config::Firewall {
            name: "test".into(),
            mode,
            rules: Arc::new(RuleSource {
                name: "test".into(),
                entry: String::new(),
                files: BTreeMap::new(),
                trusted: true,
            }),
            before: None,
            after: None,
            minimum: None,
            presets: Vec::new(),
            request_body_limit: None,
            pass_past_limit: false,
            inspect_responses: None,
            streamed_types: Vec::new(),
            block_status: None,
            block_page: None,
        };
        let mut inspection = Inspection::new(&Arc::new(Firewall {
            settings: Arc::new(settings),
            policy: Some(Arc::clone(&policy)),
        }));
        inspection.transaction = Some(Box::new(Transaction::new(policy)));
        inspection
    }

    #[test]
    fn a_panic_of_the_engine_ends_what_it_was_at_work_on_and_is_refused_where_it_blocks() {
        for (mode, refused) in [(FirewallMode::Block, true), (FirewallMode::Detect, false)] {
            let mut inspection = inspection(mode);
            assert_eq!(inspection.try_ask(|it| it.matches().count()), Ok(Some(0)));
            let panics = |_: &mut Transaction| -> () {
                assert_eq!(1, 2, "this panic is part of the test");
            };
            assert_eq!(inspection.try_ask(panics), Err(Panicked));
            assert!(inspection.transaction.is_none(), "{mode:?}");
            assert_eq!(inspection.try_ask(|_| ()), Ok(None), "{mode:?}");
            let refuses = inspection.refuses_uninspected(Uninspected::Panicked);
            assert_eq!(refuses, refused, "{mode:?}");
        }
    }

    #[test]
    fn a_client_is_sent_only_to_what_is_one_line_of_printable_text() {
        for (location, expected) in [
            ("https://example.com/a?b=%0d%0a", true),
            ("/a", true),
            ("", false),
            ("/a\r\nSet-Cookie: b", false),
            ("/a\nb", false),
            ("/a b", false),
            ("/\u{e4}", false),
        ] {
            assert_eq!(is_location(location.as_bytes()), expected, "{location:?}");
        }
    }
}
