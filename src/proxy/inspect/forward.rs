//! The way to an upstream and back, with the firewall on it.

use std::rc::Rc;

use super::{
    Inspection,
    body::{HeldBody, Reading, hold},
    buffered::Buffered,
    screened::Screened,
};
use crate::{
    http1::{BodyLength, RequestFraming},
    message::{FieldId, RequestHead},
    proxy::{
        error::ProxyError,
        forward::{Forward, Forwarded},
        head::LeftOut,
        scratch::{KEEP_AT_MOST, Scratch},
        sides::{FromClient, ToClient},
        worker::{View, Worker},
    },
    upstream::{Cluster, Protocol},
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
        least: view.snapshot.config.options.held_body_timeout,
        to_http2: cluster.protocol() == Protocol::Http2,
    };
    let held = hold(account, (from, to), &reading, scratch).await?;
    // Endpoints may have gone while it came.
    let cluster = &view.latest(cluster);
    let mut framing = *framing;
    let held = held.map(|HeldBody { bytes, is_decoded }| {
        if is_decoded {
            let length = scratch.request.head_len;
            as_decoded(&mut scratch.request, &mut framing, bytes.len());
            account.shortened += length.saturating_sub(scratch.request.head_len) as u64;
        }
        bytes
    });
    let framing = &framing;
    let worker = account.worker;
    let inspects_answers = match &mut account.inspection {
        Some(inspection) => may_inspect_answers(inspection, worker)?,
        None => return Err(ProxyError::Internal),
    };
    let Some(mut inspection) = account.inspection.take() else {
        return Err(ProxyError::Internal);
    };
    let left_out = LeftOut {
        // The client has been told to go on, or has sent it all.
        expect: held.is_some(),
        accept_encoding: inspects_answers,
    };
    let share = inspection.share.take();
    let mut from = Buffered::new(from, held.map(|bytes| (bytes, share)), framing.body);
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
    let forwarded = match forwarded {
        // The client has not been told yet.
        Ok(Forwarded::Upgraded(lease, connection)) => inspection
            .see_upgrade(account.worker, &scratch.response)
            .map(|()| Forwarded::Upgraded(lease, connection)),
        other => other,
    };
    account.inspection = Some(inspection);
    let buffer = from.into_buffer();
    if (scratch.pump.capacity()..=KEEP_AT_MOST).contains(&buffer.capacity()) {
        scratch.pump = buffer;
    }
    forwarded
}

/// Makes the head one of a body without codings, `length` bytes long.
fn as_decoded(head: &mut RequestHead, framing: &mut RequestFraming, length: usize) {
    head.replace(FieldId::ContentEncoding, None);
    if let BodyLength::Sized(announced) = &mut framing.body {
        *announced = length as u64;
        head.replace(FieldId::ContentLength, Some(length.to_string().as_bytes()));
    }
}

/// Whether the body of the answer may be inspected: it must come as it is then.
fn may_inspect_answers(inspection: &mut Inspection, worker: &Worker) -> Result<bool, ProxyError> {
    let asked = inspection.firewall.settings.inspect_responses;
    if asked == Some(false) || inspection.is_off() {
        return Ok(false);
    }
    let wishes = inspection.ask(worker, |transaction| {
        let own = transaction.policy().settings().response_body_access;
        transaction
            .response_body_access()
            .unwrap_or(asked.unwrap_or(own))
    })?;
    Ok(wishes.unwrap_or(false))
}
