//! What a cookie is bound to besides its host.

use std::net::IpAddr;

use aws_lc_rs::digest;

/// What of its client a cookie is bound to, so that nobody else can use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientBinding {
    /// Nothing: whoever has it can use it.
    #[default]
    None,
    /// Its address: all of an IPv4 address, the first 64 bits of an IPv6 address.
    Address,
    /// Its `User-Agent`.
    UserAgent,
    /// Its certificate; none is a value as well.
    Certificate,
}

/// The client of a request.
#[derive(Clone, Copy, Debug)]
pub struct CookieClient<'a> {
    /// The host that it asks, in its normal form and without a port.
    pub host: &'a [u8],
    /// Its address.
    pub address: IpAddr,
    /// Its `User-Agent`, empty if there is none.
    pub user_agent: &'a [u8],
    /// Its certificate, DER, empty if there is none.
    pub certificate: &'a [u8],
}

/// What stands for the client in what is signed.
pub(super) type Bound = [u8; 32];

impl ClientBinding {
    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Address => "Address",
            Self::UserAgent => "UserAgent",
            Self::Certificate => "Certificate",
        }
    }

    /// Two bits.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Address => 1,
            Self::UserAgent => 2,
            Self::Certificate => 3,
        }
    }

    pub(super) const fn of_code(code: u8) -> Self {
        match code & 3 {
            0 => Self::None,
            1 => Self::Address,
            2 => Self::UserAgent,
            _ => Self::Certificate,
        }
    }

    /// What stands for a client.
    pub(super) fn bound(self, client: &CookieClient<'_>) -> Bound {
        let mut all = digest::Context::new(&digest::SHA256);
        all.update(&[self.code()]);
        match self {
            Self::None => return [0; 32],
            Self::Address => match client.address.to_canonical() {
                IpAddr::V4(address) => all.update(&address.octets()),
                IpAddr::V6(address) => {
                    let [network @ .., _, _, _, _, _, _, _, _] = address.octets();
                    all.update(&network);
                }
            },
            Self::UserAgent => all.update(client.user_agent),
            Self::Certificate => all.update(client.certificate),
        }
        let mut out = [0; 32];
        for (place, byte) in out.iter_mut().zip(all.finish().as_ref()) {
            *place = *byte;
        }
        out
    }
}
