//! Which addresses a name may stand for.
//!
//! Invariant: an address is judged in every IPv4 form that is hidden in it. Non-goal: addresses from
//! EndpointSlices, which the API server has checked.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use crate::upstream::settings::NameTrust;

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names no host: unspecified, multicast, broadcast or reserved.
    NoHost,
    Loopback,
    LinkLocal,
    /// A cloud's metadata service.
    Metadata,
    /// One of this proxy's own listeners.
    OwnListener,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHost => "it names no single host",
            Self::Loopback => "it is a loopback address",
            Self::LinkLocal => "it is a link-local address",
            Self::Metadata => "it is a cloud's metadata service",
            Self::OwnListener => "it is a listener of this proxy",
        })
    }
}

/// Metadata services outside the link-local ranges: AWS over IPv6, Google over IPv6, Azure's wire
/// server, Alibaba, Oracle.
const METADATA: [IpAddr; 5] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// The same address of link-local metadata services, for a better reason than "link-local".
const LINK_LOCAL_METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// Why `address` is refused, if it is.
pub(super) fn refusal(
    address: SocketAddr,
    trust: NameTrust,
    listeners: &[SocketAddr],
) -> Option<Refusal> {
    let judged = forms(address.ip()).find_map(|ip| match trust {
        NameTrust::Trusted => no_host(ip),
        NameTrust::Untrusted => no_host(ip).or_else(|| inside(ip)),
    });
    judged.or_else(|| {
        let own = trust == NameTrust::Untrusted && is_own(address, listeners);
        own.then_some(Refusal::OwnListener)
    })
}

/// The address, and the IPv4 address that is hidden in it, if there is one.
fn forms(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let hidden = match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => hidden_ipv4(ip).map(IpAddr::V4),
    };
    [Some(ip), hidden].into_iter().flatten()
}

/// The IPv4 address in a mapped (RFC 4291 section 2.5.5.2), compatible (2.5.5.1), NAT64 (RFC 6052,
/// RFC 8215) or 6to4 (RFC 3056) address.
fn hidden_ipv4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        // The unspecified address and the loopback address are themselves.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

fn no_host(ip: IpAddr) -> Option<Refusal> {
    let refused = match ip {
        // 0.0.0.0/8 is "this network" (RFC 6890); 240.0.0.0/4 is reserved, with the broadcast address.
        IpAddr::V4(ip) => ip.octets()[0] == 0 || ip.octets()[0] >= 240 || ip.is_multicast(),
        IpAddr::V6(ip) => ip.is_unspecified() || ip.is_multicast(),
    };
    refused.then_some(Refusal::NoHost)
}

fn inside(ip: IpAddr) -> Option<Refusal> {
    let (loopback, link_local) = match ip {
        IpAddr::V4(ip) => (ip.is_loopback(), ip.is_link_local()),
        IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unicast_link_local()),
    };
    if loopback {
        Some(Refusal::Loopback)
    } else if METADATA.contains(&ip) || ip == LINK_LOCAL_METADATA {
        Some(Refusal::Metadata)
    } else {
        link_local.then_some(Refusal::LinkLocal)
    }
}

fn is_own(address: SocketAddr, listeners: &[SocketAddr]) -> bool {
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    listeners.iter().any(|listener| {
        listener.port() == address.port()
            && if listener.ip().to_canonical().is_unspecified() {
                is_of_this_host(address)
            } else {
                listener.ip().to_canonical() == address.ip()
            }
    })
}

/// Whether the address is one of this host's: the kernel then takes it as the source of a datagram
/// to itself. Nothing is sent.
fn is_of_this_host(address: SocketAddr) -> bool {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip() == address.ip())
}
