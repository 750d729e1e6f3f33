//! Fields: their places in the buffer and the names that the proxy knows.

/// A range of bytes of a head's buffer: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes that the span covers; empty if it does not lie inside `buffer`.
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        buffer
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Whether no byte is covered.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Where one field stands in its head's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpan {
    /// Which known name it has.
    pub id: FieldId,
    /// The name as sent.
    pub name: Span,
    /// The value as sent, without the blanks around it.
    pub value: Span,
}

/// One field, borrowed from its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRef<'a> {
    /// Which known name it has.
    pub id: FieldId,
    /// The name as sent.
    pub name: &'a [u8],
    /// The value as sent, without the blanks around it.
    pub value: &'a [u8],
}

macro_rules! known_fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The field names that some part of the proxy acts upon; all others are [`FieldId::Other`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum FieldId {
            /// A name that the proxy only carries.
            Other,
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl FieldId {
            /// Every known field with its lower-case name.
            pub const KNOWN: &'static [(Self, &'static str)] = &[$((Self::$variant, $name),)*];

            /// The lower-case name; empty for [`FieldId::Other`].
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Other => "",
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

known_fields! {
    Accept = "accept",
    AcceptEncoding = "accept-encoding",
    Authorization = "authorization",
    CacheControl = "cache-control",
    Connection = "connection",
    ContentEncoding = "content-encoding",
    ContentLength = "content-length",
    ContentType = "content-type",
    Cookie = "cookie",
    Date = "date",
    Expect = "expect",
    Forwarded = "forwarded",
    Host = "host",
    Http2Settings = "http2-settings",
    KeepAlive = "keep-alive",
    Location = "location",
    Origin = "origin",
    ProxyAuthenticate = "proxy-authenticate",
    ProxyAuthorization = "proxy-authorization",
    ProxyConnection = "proxy-connection",
    Referer = "referer",
    SecWebSocketKey = "sec-websocket-key",
    Server = "server",
    SetCookie = "set-cookie",
    StrictTransportSecurity = "strict-transport-security",
    Te = "te",
    Trailer = "trailer",
    TransferEncoding = "transfer-encoding",
    Upgrade = "upgrade",
    UserAgent = "user-agent",
    Via = "via",
    XForwardedFor = "x-forwarded-for",
    XForwardedHost = "x-forwarded-host",
    XForwardedPort = "x-forwarded-port",
    XForwardedPrefix = "x-forwarded-prefix",
    XForwardedProto = "x-forwarded-proto",
    XForwardedScheme = "x-forwarded-scheme",
    XOriginalForwardedFor = "x-original-forwarded-for",
    XRealIp = "x-real-ip",
    XRequestId = "x-request-id",
    XScheme = "x-scheme",
}
