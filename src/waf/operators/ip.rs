//! `@ipMatch` and `@ipMatchFromFile`: whether a value is an address of a list.
//!
//! The list is two sorted tables of ranges that do not overlap, so that a look-up takes a few steps
//! whatever its length. Invariant: a value that is no address is in no list. ModSecurity calls that
//! an error and ends the rule, so that `!@ipMatch` lets it pass there.

use std::net::IpAddr;

use ipnet::IpNet;

use super::compile::{CompileEnv, OperatorError, OperatorWarning, shown};
use super::phrases::{files, lines, trim};

/// A list of addresses and networks.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

/// Longest text of an IPv6 address, in bytes: `ffff:` six times and a dotted IPv4 address.
const LONGEST: usize = 45;

impl Addresses {
    /// The list of `@ipMatch`: `192.0.2.1,2001:db8::/32`.
    pub(super) fn from_argument(
        argument: &[u8],
        env: &CompileEnv<'_>,
    ) -> Result<Self, OperatorError> {
        let mut list = Self::default();
        let items = argument.split(|byte| *byte == b',').map(trim);
        for item in items.filter(|item| !item.is_empty()) {
            let net = parse(item).ok_or_else(|| OperatorError::Address(shown(item)))?;
            list.add(net, env)?;
        }
        if list.is_empty() {
            return Err(OperatorError::NoArgument("ipMatch"));
        }
        list.sort();
        Ok(list)
    }

    /// The list of `@ipMatchFromFile`: one address or network a line, `#` before comments.
    pub(super) fn from_files(
        argument: &[u8],
        env: &mut CompileEnv<'_>,
    ) -> Result<Self, OperatorError> {
        const NAME: &str = "ipMatchFromFile";
        let mut list = Self::default();
        for file in files(NAME, argument, env)? {
            for (number, line) in lines(&file.text) {
                let item = line.split(|byte| *byte == b'#').next().map_or(line, trim);
                if item.is_empty() {
                    continue;
                }
                let net = parse(item).ok_or_else(|| OperatorError::AddressInFile {
                    file: file.name.clone(),
                    line: number,
                    text: shown(item),
                })?;
                list.add(net, env)?;
            }
        }
        if list.is_empty() {
            env.warnings.push(OperatorWarning::EmptyFile {
                name: NAME,
                path: shown(argument),
            });
        }
        list.sort();
        Ok(list)
    }

    fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    fn add(&mut self, net: IpNet, env: &CompileEnv<'_>) -> Result<(), OperatorError> {
        if self.v4.len() + self.v6.len() >= env.limits.addresses {
            return Err(OperatorError::TooManyAddresses(env.limits.addresses));
        }
        match net {
            IpNet::V4(net) => self
                .v4
                .push((net.network().to_bits(), net.broadcast().to_bits())),
            IpNet::V6(net) => self
                .v6
                .push((net.network().to_bits(), net.broadcast().to_bits())),
        }
        Ok(())
    }

    fn sort(&mut self) {
        merge(&mut self.v4);
        merge(&mut self.v6);
    }

    /// Whether the value is an address of the list. One of IPv4 that is written as one of IPv6
    /// (`::ffff:192.0.2.1`) is looked for as both.
    pub fn contains(&self, input: &[u8]) -> bool {
        match address(input) {
            Some(IpAddr::V4(address)) => holds(&self.v4, address.to_bits()),
            Some(IpAddr::V6(address)) => {
                let mapped = address.to_ipv4_mapped();
                holds(&self.v6, address.to_bits())
                    || mapped.is_some_and(|address| holds(&self.v4, address.to_bits()))
            }
            None => false,
        }
    }
}

fn address(text: &[u8]) -> Option<IpAddr> {
    if text.len() > LONGEST {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An address or a network. Bits after the prefix may be set.
fn parse(text: &[u8]) -> Option<IpNet> {
    match address(text) {
        Some(address) => Some(IpNet::from(address)),
        None => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

/// Sorts ranges and joins those that overlap.
fn merge<T: Copy + Ord>(ranges: &mut Vec<(T, T)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let overlaps = next.0 <= kept.1;
        if overlaps {
            kept.1 = kept.1.max(next.1);
        }
        overlaps
    });
    ranges.shrink_to_fit();
}

fn holds<T: Copy + Ord>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after
        .checked_sub(1)
        .and_then(|at| ranges.get(at))
        .is_some_and(|(_, last)| address <= *last)
}
