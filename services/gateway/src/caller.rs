//! Under which name a caller's calls are counted.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use liufang_platform::{AuthFault, Principal, PrincipalKind, network};

/// A principal is counted by its own name wherever it calls from; without one, or with a bad credential, the remote
/// address is. Only hashed by the limits, never logged.
pub(crate) fn identity(
    parts: &Parts,
    principal: &Result<Principal, AuthFault>,
    trusted_proxies: usize,
) -> String {
    match principal {
        Ok(principal) if principal.kind != PrincipalKind::Anonymous => {
            format!("{}/{}/{}", principal.kind.label(), principal.subject, principal.client)
        }
        _ => match remote(parts, trusted_proxies) {
            Some(address) => network::of(address),
            None => "unknown".to_owned(),
        },
    }
}

/// The address of the caller: the entry that the outermost trusted proxy wrote, or the socket's peer.
fn remote(parts: &Parts, trusted_proxies: usize) -> Option<IpAddr> {
    let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Some(back) = trusted_proxies.checked_sub(1) else { return peer() };
    let values = parts.headers.get_all("x-forwarded-for").into_iter();
    let entries: Vec<&str> =
        values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    // each proxy appends, so ours are at the end; what stands before them is the caller's own claim
    let entry = entries.iter().rev().nth(back).and_then(|entry| entry.trim().parse().ok());
    entry.or_else(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(forwarded: &[&str], trusted: usize, principal: Result<Principal, AuthFault>) -> String {
        let mut request =
            http::Request::builder().extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 9], 443))));
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        identity(&parts, &principal, trusted)
    }

    #[test]
    fn claims_in_front_of_trusted_entries_are_ignored() {
        let anonymous = || Ok(Principal::anonymous());
        assert_eq!(of(&["1.1.1.1"], 0, anonymous()), "10.0.0.9");
        assert_eq!(of(&["6.6.6.6, 1.1.1.1"], 1, anonymous()), "1.1.1.1");
        assert_eq!(of(&["6.6.6.6, 1.1.1.1", "2.2.2.2"], 2, anonymous()), "1.1.1.1");
        assert_eq!(of(&["nonsense"], 1, anonymous()), "10.0.0.9");
        assert_eq!(of(&["2001:db8:1:2:3:4:5:6"], 1, anonymous()), "2001:db8:1:2::/64");
        assert_eq!(of(&["::ffff:1.2.3.4"], 1, anonymous()), "1.2.3.4");
    }

    #[test]
    fn principals_are_counted_by_name_and_bad_credentials_by_address() {
        let pos = Principal { kind: PrincipalKind::Pos, subject: "P1".into(), ..Principal::anonymous() };
        assert_eq!(of(&[], 0, Ok(pos)), "pos/P1/");
        assert_eq!(of(&[], 0, Err(AuthFault::Invalid)), "10.0.0.9");
    }
}
