//! The way to an upstream and back, with the firewall on it.

use std::rc::Rc;

use super::{
    body::{Reading, hold},
    buffered::Buffered,
    screened::Screened,
};
use crate::{
    http1::RequestFraming,
    proxy::{
        error::ProxyError,
        forward::{Forward, Forwarded},
        head::LeftOut,
        scratch::Scratch,
        sides::{FromClient, ToClient},
        worker::View,
    },
    snapshot::Firewall,
    upstream::Cluster,
};

/// Forwards a request whose head has been inspected: its body and the answer are inspected on the way.
pub(in crate::proxy) async fn forward<F: FromClient, C: ToClient>(
    plain: Forward<'_, '_, F, C>,
    view: Rc<View>,
    cluster: &Rc<Cluster>,
    framing: &RequestFraming,
    scratch: &mut Scratch,
) -> Result<Forwarded, ProxyError> {
    let Forward {
        account,
        slot,
        from,
        to,
        asked,
        client,
        body_limit,
        timeouts,
        left_out: _,
    } = plain;
    let reading = Reading {
        slot,
        framing,
        limit: body_limit,
        idle: view.snapshot.config.options.body_idle_timeout,
        deadline: timeouts
            .request
            .and_then(|limit| account.started.checked_add(limit)),
    };
    let held = hold(account, (from, to), &reading, scratch).await?;
    let Some(inspection) = account.inspection.take() else {
        return Err(ProxyError::Internal);
    };
    let left_out = LeftOut {
        // The client has been told to go on, or has sent it all.
        expect: held.is_some(),
        accept_encoding: may_inspect_answers(&inspection.firewall),
    };
    let mut from = Buffered::new(from, held, framing.body);
    let mut to = Screened::new(to, inspection, account.worker);
    let forwarded = Forward {
        account: &mut *account,
        slot,
        from: &mut from,
        to: &mut to,
        asked,
        client,
        body_limit,
        timeouts,
        left_out,
    }
    .run(view, cluster, framing, scratch)
    .await;
    account.responded |= to.is_released();
    let mut inspection = to.into_inspection();
    if let Ok(Forwarded::Upgraded(..)) = &forwarded {
        inspection.settle(account.worker);
    }
    account.inspection = Some(inspection);
    let buffer = from.into_buffer();
    if scratch.pump.capacity() < buffer.capacity() {
        scratch.pump = buffer;
    }
    forwarded
}

/// Whether bodies of answers may be inspected: they must come as they are then.
fn may_inspect_answers(firewall: &Firewall) -> bool {
    let rules = firewall.policy.as_ref().map(|policy| policy.settings());
    rules.is_some_and(|rules| {
        let asked = firewall.settings.inspect_responses;
        asked.unwrap_or(rules.response_body_access)
    })
}
