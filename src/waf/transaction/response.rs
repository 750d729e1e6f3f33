//! The response.

use super::{BodyWish, Transaction, Verdict};
use crate::waf::{Variable, body, values::List};

impl Transaction {
    /// Takes over the status line of the response.
    pub fn response_line(&mut self, protocol: &[u8], status: u16, reason: &[u8]) {
        let scalars = &mut self.values.scalars;
        scalars.set_number(Variable::ResponseStatus, status.into());
        scalars.set(Variable::ResponseProtocol, protocol);
        if self.uses(Variable::StatusLine) {
            let mut line = protocol.to_vec();
            line.push(b' ');
            line.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
            line.push(b' ');
            line.extend_from_slice(reason);
            self.values.scalars.set(Variable::StatusLine, &line);
        }
    }

    /// Takes over a header of the response.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.values
            .list_mut(List::ResponseHeaders)
            .push(name, value);
        let scalars = &mut self.values.scalars;
        if name.eq_ignore_ascii_case(b"content-type") {
            scalars.set(Variable::ResponseContentType, value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            scalars.set(Variable::ResponseContentLength, value);
        }
    }

    /// Runs phase 3.
    pub fn run_response_head(&mut self) -> Verdict {
        self.run(3)
    }

    /// What a rule has said for this exchange about the response's body: `ctl:responseBodyAccess`.
    pub fn response_body_access(&self) -> Option<bool> {
        self.state.set.response_access
    }

    /// What the rules want of the response's body. Asked after phase 3.
    pub fn response_body_wish(&self) -> BodyWish {
        let settings = &self.policy.settings;
        let set = &self.state.set;
        let access = set.response_access.unwrap_or(settings.response_body_access);
        let kind = self.values.scalars.value(Variable::ResponseContentType);
        let essence = body::media_type(kind.unwrap_or_default()).essence;
        let listed = settings.response_body_types.iter().any(|listed| {
            listed.eq_ignore_ascii_case(essence) || &**listed == b"(null)" && essence.is_empty()
        });
        let may_stream = essence.eq_ignore_ascii_case(b"text/event-stream");
        if access && (listed && !may_stream || set.force_response_body) {
            BodyWish::Inspect {
                limit: set.response_limit.unwrap_or(settings.response_body_limit),
                over: settings.response_body_limit_action,
            }
        } else {
            BodyWish::Skip
        }
    }

    /// Takes over the response's body, decoded; `whole` unless it was cut at the limit.
    pub fn response_body(&mut self, content: &[u8], whole: bool) {
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::ResponseBody, content);
        if !whole {
            scalars.set(Variable::OutboundDataError, b"1");
        }
    }

    /// Runs phase 4.
    pub fn run_response_body(&mut self) -> Verdict {
        self.run(4)
    }
}
