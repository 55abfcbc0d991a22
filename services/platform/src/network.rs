//! Who shares an address with whom.

use std::net::IpAddr;

/// The network whose machines are counted as one caller: an IPv4 address, or an IPv6 /64, which one subscriber commonly holds
/// whole.
pub fn of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
