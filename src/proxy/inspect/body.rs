//! Phase 2: a request's body, held until it was inspected.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Inspection, Uninspected,
    budget::Share,
    inspectors::keep,
    work::{Coding, Content, Fault, Work},
};
use crate::{
    config,
    http1::{BodyLength, RequestFraming, ResponseHeadBuilder},
    message::{FieldId, Fields, RequestHead, ResponseHead, Version},
    policy::BodyLimit,
    proxy::{
        account::Account,
        error::ProxyError,
        relay::LIMITS,
        scratch::Scratch,
        sides::{FromClient, ToClient, UpstreamFraming},
        ticker::Slot,
        worker::Worker,
    },
    waf::{
        BodyWish, Transaction,
        body::{
            coding::{CodingError, CodingLimits, Decoder},
            media_type,
        },
        seclang::{EngineMode, LimitAction},
    },
};

/// Most room that a held body is given at once before it has come. After that it is as much again as has
/// come: who sends little holds little.
const FIRST_ROOM: usize = 64 << 10;
/// The least room that it is given then: what one read takes in.
const NEXT_ROOM: usize = 16 << 10;
/// Bytes that have to come each second on the average, once the time that any body has is over; as Apache
/// httpd's mod_reqtimeout has it (`MinRate=500`).
const LEAST_RATE: u64 = 500;

/// How a body comes.
pub(super) struct Reading<'a> {
    pub(super) slot: &'a Slot,
    pub(super) framing: &'a RequestFraming,
    /// What the rule lets through at the most.
    pub(super) limit: BodyLimit,
    /// Between two reads.
    pub(super) idle: Duration,
    /// What any body may take; each [`LEAST_RATE`] bytes add a second.
    pub(super) least: Duration,
    /// Whether the upstream speaks HTTP/2, as gRPC does.
    pub(super) to_http2: bool,
}

/// What was read of a body.
pub(super) struct HeldBody {
    pub(super) bytes: Vec<u8>,
    /// Whether these are what the body's codings came to, which the request then has no more.
    pub(super) is_decoded: bool,
}

/// How much of a body is inspected.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// In bytes.
    pub(super) limit: u64,
    /// Whether what lies beyond passes.
    pub(super) passes_beyond: bool,
}

/// Whether a body is inspected.
#[derive(Clone, Copy)]
pub(super) enum Measure {
    /// No rule asks for it.
    Nothing,
    /// It passes as it comes, for its type.
    Streamed,
    UpTo(Extent),
}

/// Reads the body as far as it is inspected, and inspects it. What was read has not been forwarded
/// and is given back; `None`: nothing was read, and all of it passes as it comes.
pub(super) async fn hold<F: FromClient, C: ToClient>(
    account: &mut Account<'_>,
    (from, to): (&mut F, &mut C),
    reading: &Reading<'_>,
    scratch: &mut Scratch,
) -> Result<Option<HeldBody>, ProxyError> {
    let worker = account.worker;
    let Some(inspection) = account.inspection.as_deref_mut() else {
        return Ok(None);
    };
    if is_without_body(reading.framing, from) {
        // Phase 2 has been run with the head.
        return Ok(None);
    }
    let Some(extent) = extent(inspection, worker, &scratch.request, reading.to_http2)? else {
        let nothing = Work::RequestBody(Content::nothing());
        inspection.run(worker, nothing).await?;
        return Ok(None);
    };
    if let BodyLength::Sized(length) = reading.framing.body
        && length > extent.limit
        && !extent.passes_beyond
    {
        // Known before the client sends it.
        inspection.lacks(worker, Uninspected::PastLimit, ProxyError::BodyTooLong)?;
    }
    let mut held = Held {
        bytes: std::mem::take(&mut scratch.pump),
        share: None,
        has_room: true,
        is_decoded: false,
    };
    held.read(inspection, worker, (from, to), reading, extent, scratch)
        .await?;
    if held.has_room {
        held.inspect(inspection, worker, &*from, extent, &scratch.request)
            .await?;
    } else {
        let cut = Content {
            whole: false,
            ..Content::nothing()
        };
        inspection.run(worker, Work::RequestBody(cut)).await?;
    }
    inspection.share = held.share;
    Ok(Some(HeldBody {
        bytes: held.bytes,
        is_decoded: held.is_decoded,
    }))
}

/// Whether nothing comes after the head, not even trailers.
pub(in crate::proxy) fn is_without_body(framing: &RequestFraming, from: &impl FromClient) -> bool {
    matches!(framing.body, BodyLength::Empty | BodyLength::Sized(0)) && from.is_done()
}

/// How much of the body is inspected; `None`: nothing of it.
fn extent(
    inspection: &mut Inspection,
    worker: &Worker,
    head: &RequestHead,
    to_http2: bool,
) -> Result<Option<Extent>, ProxyError> {
    let firewall = Arc::clone(&inspection.firewall);
    let blocks = inspection.blocks();
    let measured = inspection.ask(worker, |transaction| {
        measure(transaction, &firewall.settings, blocks, head, to_http2)
    })?;
    Ok(match measured {
        None | Some(Measure::Nothing) => None,
        Some(Measure::Streamed) => {
            inspection.passes(worker, Uninspected::Streamed);
            None
        }
        Some(Measure::UpTo(extent)) => Some(extent),
    })
}

/// How much of a body is inspected by what the rules, the policy and its type say. gRPC passes only to
/// upstreams that may speak it, which is over HTTP/2: others may read such a body whatever its type.
pub(super) fn measure(
    transaction: &Transaction,
    settings: &config::Firewall,
    blocks: bool,
    head: &RequestHead,
    to_http2: bool,
) -> Measure {
    let BodyWish::Inspect { limit, over } = transaction.request_body_wish() else {
        return Measure::Nothing;
    };
    if transaction.engine() == EngineMode::Off {
        return Measure::Nothing;
    }
    let mut kinds = head.fields().filter(|it| it.id == FieldId::ContentType);
    let kind = media_type(kinds.next().map(|it| it.value).unwrap_or_default());
    let streams = to_http2 && is_streamed(kind.essence, b"application/grpc*")
        || settings
            .streamed_types
            .iter()
            .any(|pattern| is_streamed(kind.essence, pattern.as_bytes()));
    // A type that can be read in two ways is not taken for one that streams.
    if streams && !kind.mangled && kinds.next().is_none() {
        return Measure::Streamed;
    }
    Measure::UpTo(Extent {
        limit: settings.request_body_limit.unwrap_or(limit),
        passes_beyond: !blocks || settings.pass_past_limit || over == LimitAction::ProcessPartial,
    })
}

/// Whether a type is one of `pattern`, whose `*` at its end stands for any ending. Of
/// `application/grpc*` that is `+proto` and the like, but not `application/grpcx`.
fn is_streamed(essence: &[u8], pattern: &[u8]) -> bool {
    let Some(start) = pattern.strip_suffix(b"*") else {
        return essence.eq_ignore_ascii_case(pattern);
    };
    let Some((head, rest)) = essence.split_at_checked(start.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(start)
        && (pattern != b"application/grpc*" || matches!(rest.first(), None | Some(b'+' | b'-')))
}

/// A body that is held.
struct Held {
    bytes: Vec<u8>,
    /// What they draw on.
    share: Option<Share>,
    /// Whether there was room for all that is inspected.
    has_room: bool,
    /// Whether `bytes` are what the body's codings came to.
    is_decoded: bool,
}

impl Held {
    /// Reads until the body ends, or is longer than what is inspected.
    async fn read<F: FromClient, C: ToClient>(
        &mut self,
        inspection: &mut Inspection,
        worker: &Worker,
        (from, to): (&mut F, &mut C),
        reading: &Reading<'_>,
        extent: Extent,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError> {
        let bytes = &mut self.bytes;
        let share = self.share.insert(inspection.holder(worker).share());
        let begun = Instant::now();
        bytes.clear();
        scratch.out.clear();
        from.take_in_hand(reading.limit, UpstreamFraming::Bare, scratch)?;
        bytes.extend_from_slice(&scratch.out);
        let mut counted = 0;
        if !from.is_done() {
            if let BodyLength::Sized(length) = reading.framing.body {
                let room = usize::try_from(length.min(extent.limit)).unwrap_or(usize::MAX);
                bytes.reserve(room.min(FIRST_ROOM).saturating_sub(bytes.len()));
            }
            if reading.framing.expect_continue && from.received() == 0 {
                ask_to_go_on(to, &mut scratch.response).await?;
            }
        }
        loop {
            if let BodyLength::Sized(length) = reading.framing.body
                && bytes.capacity() - bytes.len() < NEXT_ROOM
            {
                // Never more than the rest of it needs.
                let end = length.min(extent.limit.saturating_add(1));
                let rest = end.saturating_sub(bytes.len() as u64);
                let rest = usize::try_from(rest).unwrap_or(usize::MAX);
                bytes.reserve_exact(rest.min(bytes.len().max(NEXT_ROOM)));
            }
            if !share.grow(bytes.capacity().saturating_sub(counted)) {
                self.has_room = false;
                inspection.lacks(worker, Uninspected::NoRoom, ProxyError::Overloaded)?;
                break;
            }
            counted = counted.max(bytes.capacity());
            if from.is_done() {
                break;
            }
            if bytes.len() as u64 > extent.limit {
                break;
            }
            let (wait, over) = reading.wait(begun, bytes.len(), inspection.deadline);
            let read = match wait {
                Duration::ZERO => Err(ProxyError::BodyTimedOut),
                _ => {
                    from.more(&mut scratch.body, bytes, reading.slot, wait)
                        .await
                }
            };
            match (read, over) {
                (Err(ProxyError::BodyTimedOut), Over::Exchange) => {
                    return Err(ProxyError::RequestTimedOut);
                }
                (Err(ProxyError::BodyTimedOut), Over::Body) => {
                    self.has_room = false;
                    inspection.lacks(worker, Uninspected::TooSlow, ProxyError::BodyTimedOut)?;
                    break;
                }
                (read, _) => read?,
            }
        }
        Ok(())
    }

    /// Shows what was read to the rules.
    async fn inspect<F: FromClient>(
        &mut self,
        inspection: &mut Inspection,
        worker: &Worker,
        from: &F,
        extent: Extent,
        head: &RequestHead,
    ) -> Result<(), ProxyError> {
        let is_over = self.bytes.len() as u64 > extent.limit;
        if is_over {
            if !extent.passes_beyond {
                return inspection.lacks(worker, Uninspected::PastLimit, ProxyError::BodyTooLong);
            }
            inspection.passes(worker, Uninspected::PastLimit);
        }
        inspection.ask(worker, |transaction| {
            // They go upstream, so they are looked at.
            for field in from.trailers() {
                transaction.request_header(field.name, field.value);
            }
        })?;
        let holder = inspection.holder(worker);
        let coding = coding_of(head.fields()).map(|name| Coding {
            name,
            limit: extent.limit,
            share: holder.share(),
            decoded: 0,
            cut: extent.passes_beyond,
            lenient: !inspection.blocks(),
            replaces: inspection.blocks(),
        });
        let shown = usize::try_from(extent.limit).unwrap_or(usize::MAX);
        let content = Content {
            shown: self.bytes.len().min(shown),
            bytes: std::mem::take(&mut self.bytes),
            whole: !is_over,
            coding,
            share: self.share.take(),
            keep: keep(worker, &holder),
            ..Content::nothing()
        };
        let (work, fault) = inspection.run(worker, Work::RequestBody(content)).await?;
        if let Work::RequestBody(content) = work {
            self.bytes = content.bytes;
            self.share = content.share;
            if let Some(coding) = content.coding.filter(|coding| coding.replaces) {
                self.is_decoded = fault.is_none() && !is_over;
                if self.is_decoded {
                    self.share = Some(coding.share);
                }
            }
        }
        match fault {
            None => Ok(()),
            Some(Fault::Coding(CodingError::TooLarge)) if extent.passes_beyond => {
                inspection.passes(worker, Uninspected::PastLimit);
                Ok(())
            }
            Some(Fault::Coding(error)) => inspection.lacks(
                worker,
                Uninspected::Undecoded,
                ProxyError::RequestCoding(error),
            ),
            Some(Fault::NoRoom) => {
                inspection.lacks(worker, Uninspected::NoRoom, ProxyError::Overloaded)
            }
        }
    }
}

/// What is over where nothing has come for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The client's time between two pieces.
    Idle,
    /// The time for a body that is held.
    Body,
    /// The time for the exchange.
    Exchange,
}

impl Reading<'_> {
    /// How long more of the body is waited for, of which `length` bytes have come since `begun`, and what
    /// is over then.
    fn wait(&self, begun: Instant, length: usize, deadline: Option<Instant>) -> (Duration, Over) {
        let now = Instant::now();
        let earned = Duration::from_secs(length as u64 / LEAST_RATE);
        let body = (self.least + earned).saturating_sub(now.duration_since(begun));
        let exchange = deadline.map(|deadline| deadline.saturating_duration_since(now));
        let mut first = (self.idle, Over::Idle);
        for (left, over) in [(Some(body), Over::Body), (exchange, Over::Exchange)] {
            if let Some(left) = left.filter(|left| *left < first.0) {
                first = (left, over);
            }
        }
        first
    }
}

/// The codings of a body, in one list, if it has any (RFC 9110 section 8.4).
pub(super) fn coding_of(fields: Fields<'_>) -> Option<Vec<u8>> {
    let mut list = Vec::new();
    for field in fields.filter(|field| field.id == FieldId::ContentEncoding) {
        if !list.is_empty() {
            list.push(b',');
        }
        list.extend_from_slice(field.value);
    }
    // A list that cannot be understood is a coding, too.
    let decoder = Decoder::new(&list, CodingLimits::default());
    let is_identity = decoder.is_ok_and(|decoder| decoder.is_identity());
    (!is_identity).then_some(list)
}

/// Sends `100 (Continue)`: the upstream will see nothing of the request for a while.
async fn ask_to_go_on<C: ToClient>(
    to: &mut C,
    response: &mut ResponseHead,
) -> Result<(), ProxyError> {
    ResponseHeadBuilder::new(response, LIMITS, 100, Version::Http11)
        .and_then(ResponseHeadBuilder::finish)
        .map_err(ProxyError::UpstreamHead)?;
    to.interim(response).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_stream_are_told_by_their_names_alone() {
        for (essence, pattern, expected) in [
            ("application/grpc", "application/grpc*", true),
            ("application/GRPC+proto", "application/grpc*", true),
            ("application/grpc-web", "application/grpc*", true),
            ("application/grpcx", "application/grpc*", false),
            ("application/grp", "application/grpc*", false),
            ("", "application/grpc*", false),
            ("application/x-ndjson", "application/x-ndjson", true),
            ("application/x-ndjson2", "application/x-ndjson", false),
            ("video/mp4", "video/*", true),
        ] {
            let streams = is_streamed(essence.as_bytes(), pattern.as_bytes());
            assert_eq!(streams, expected, "{essence} {pattern}");
        }
    }
}
