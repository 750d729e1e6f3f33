//! What a transaction does not know of its exchange.

/// What a transaction does not know of its exchange, and logs should tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The status of the answer; 0 where there was none.
    pub status: u16,
    /// The route, for example `shop/cart`; empty where none was found.
    pub route: &'a str,
    /// The firewall's policy.
    pub policy: &'a str,
    /// Why the proxy refused the exchange where no rule did, for example `body_too_large`.
    pub refused: Option<&'a str>,
    /// What happened, where the proxy knows it better than the rules; `None`: what they say.
    pub action: Option<&'a str>,
    /// Why something of the exchange was not inspected.
    pub uninspected: Option<&'a str>,
    /// The request's body as far as it was kept. Without it the audit log has none, and what was found
    /// in an XML body is masked, since names of elements stand nowhere else.
    pub request_body: &'a [u8],
    /// Whether there was more of it than was kept.
    pub request_body_cut: bool,
    /// The response's body as far as it was kept.
    pub response_body: &'a [u8],
}
