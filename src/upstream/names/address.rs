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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn judge(ip: &str, trust: NameTrust) -> Option<Refusal> {
        refusal(SocketAddr::new(ip.parse().unwrap(), 80), trust, &[])
    }

    #[test]
    fn untrusted_names_lead_outside_only() {
        use Refusal::{LinkLocal, Loopback, Metadata, NoHost};
        for (ip, expected) in [
            ("10.1.2.3", None),
            ("192.168.1.1", None),
            ("172.16.0.1", None),
            ("100.64.0.1", None),
            ("93.184.216.34", None),
            ("fd12:3456::1", None),
            ("2606:2800:220:1::1", None),
            ("127.0.0.1", Some(Loopback)),
            ("127.255.255.254", Some(Loopback)),
            ("::1", Some(Loopback)),
            ("0.0.0.0", Some(NoHost)),
            ("0.1.2.3", Some(NoHost)),
            ("::", Some(NoHost)),
            ("224.0.0.1", Some(NoHost)),
            ("239.255.255.255", Some(NoHost)),
            ("240.0.0.1", Some(NoHost)),
            ("255.255.255.255", Some(NoHost)),
            ("ff02::1", Some(NoHost)),
            ("169.254.0.1", Some(LinkLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("febf:ffff::1", Some(LinkLocal)),
            ("169.254.169.254", Some(Metadata)),
            ("fd00:ec2::254", Some(Metadata)),
            ("fd20:ce::254", Some(Metadata)),
            ("168.63.129.16", Some(Metadata)),
            ("100.100.100.200", Some(Metadata)),
            ("192.0.0.192", Some(Metadata)),
            // Mapped, compatible, NAT64 of both prefixes, 6to4.
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:169.254.169.254", Some(Metadata)),
            ("::ffff:0.0.0.0", Some(NoHost)),
            ("::ffff:10.1.2.3", None),
            ("::127.0.0.1", Some(Loopback)),
            ("::2", Some(NoHost)),
            ("64:ff9b::7f00:1", Some(Loopback)),
            ("64:ff9b::a9fe:a9fe", Some(Metadata)),
            ("64:ff9b:1:2:3:4:a9fe:a9fe", Some(Metadata)),
            ("64:ff9b::5db8:d822", None),
            ("2002:7f00:1::", Some(Loopback)),
            ("2002:a9fe:a9fe::1", Some(Metadata)),
            ("2002:5db8:d822::1", None),
        ] {
            assert_eq!(judge(ip, NameTrust::Untrusted), expected, "{ip}");
        }
    }

    #[test]
    fn trusted_names_lead_to_any_single_host() {
        for ip in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "169.254.169.254",
            "fe80::1",
        ] {
            assert_eq!(judge(ip, NameTrust::Trusted), None, "{ip}");
        }
        for ip in [
            "0.0.0.0",
            "::",
            "::ffff:0.0.0.0",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            assert_eq!(judge(ip, NameTrust::Trusted), Some(Refusal::NoHost), "{ip}");
        }
    }

    #[test]
    fn untrusted_names_do_not_lead_back_to_us() {
        let judge = |address: &str, listener: &str| {
            let (address, listener) = (address.parse().unwrap(), listener.parse().unwrap());
            refusal(address, NameTrust::Untrusted, &[listener])
        };
        let own = Some(Refusal::OwnListener);
        assert_eq!(judge("10.9.8.7:8080", "10.9.8.7:8080"), own);
        assert_eq!(judge("[::ffff:10.9.8.7]:8080", "10.9.8.7:8080"), own);
        assert_eq!(judge("10.9.8.7:80", "10.9.8.7:8080"), None);
        assert_eq!(judge("10.9.8.8:8080", "10.9.8.7:8080"), None);
        // A documentation address is not this host's, whatever interfaces it has.
        assert_eq!(judge("192.0.2.1:8080", "0.0.0.0:8080"), None);
    }

    #[test]
    fn a_wildcard_listener_has_every_address_of_this_host() {
        let on = |address: &str| is_own(address.parse().unwrap(), &["[::]:8080".parse().unwrap()]);
        assert!(on("127.0.0.1:8080"));
        assert!(!on("127.0.0.1:8081"));
    }
}
