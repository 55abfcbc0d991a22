//! How PostgreSQL and Redis are talked to: encrypted and verified, or openly declared not to be.

use super::Config;

/// What is wrong with the addresses of the bus and the databases.
pub(super) fn mistakes(config: &Config) -> Vec<String> {
    let mut found = bus(config);
    if config.is_production() {
        found.extend(databases(config));
    }
    found
}

fn bus(config: &Config) -> Vec<String> {
    let bus = &config.bus;
    if bus.kind != "redis" {
        return Vec::new();
    }
    let urls: Vec<&str> = bus.url.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
    let secured = urls.iter().filter(|url| has_tls(url)).count();
    let mut found = Vec::new();
    if secured != 0 && secured != urls.len() {
        found.push("bus.url: redis:// and rediss:// do not go together".to_owned());
    }
    if urls.iter().any(|url| url.contains('#')) {
        found.push("bus.url: `#insecure` is not taken; name the authority in bus.ca_file".to_owned());
    }
    if !bus.ca_file.is_empty() && secured == 0 && !urls.is_empty() {
        found.push("bus.ca_file: goes with rediss:// in bus.url".to_owned());
    }
    let bare = urls.iter().any(|url| !has_tls(url) && !is_here(url));
    if config.is_production() && bare && !bus.plaintext_in_private_network {
        found.push(
            "bus.url: production needs rediss://, or bus.plaintext_in_private_network = true when nobody else is on the \
             network"
                .to_owned(),
        );
    }
    found
}

fn databases(config: &Config) -> Vec<String> {
    let database = &config.database;
    if database.plaintext_in_private_network {
        return Vec::new();
    }
    let own = database.urls.iter().map(|(role, url)| (format!("database.urls.{role}"), url));
    let all = std::iter::once(("database.url".to_owned(), &database.url)).chain(own);
    all.filter(|(_, url)| url.starts_with("postgres") && !is_here(url) && !is_verified(url))
        .map(|(name, _)| {
            format!(
                "{name}: production needs sslmode=verify-full (and sslrootcert=…), or \
                 database.plaintext_in_private_network = true when nobody else is on the network"
            )
        })
        .collect()
}

fn has_tls(url: &str) -> bool {
    ["rediss://", "valkeys://"].iter().any(|scheme| url.starts_with(scheme))
}

/// The last word on a key counts.
fn query<'a>(url: &'a str, keys: &[&str]) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    let pairs =
        query.split('#').next().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| keys.contains(key)).map(|(_, value)| value).next_back()
}

/// With anything less the library takes a certificate of anybody, or of any public authority for any name.
fn is_verified(url: &str) -> bool {
    query(url, &["sslmode", "ssl-mode"]).is_some_and(|mode| mode.eq_ignore_ascii_case("verify-full"))
}

/// Whether the server is on this machine: what is said to it passes no network.
fn is_here(url: &str) -> bool {
    if url.starts_with("unix:") || url.starts_with("redis+unix:") {
        return true;
    }
    let named = query(url, &["host", "hostaddr"]);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = named.unwrap_or_else(|| match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    });
    let address = host.parse::<std::net::IpAddr>();
    // an empty host and a path are sockets of this machine
    let socket = host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    socket || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Layers};

    /// What production says of the bus and the databases.
    fn said(settings: &[&str]) -> Vec<String> {
        let mut overrides: Vec<String> =
            ["bus.kind=redis", "database.migrate_at_start=false"].map(str::to_owned).to_vec();
        overrides.extend(settings.iter().map(|setting| (*setting).to_owned()));
        overrides.push("profile=production".to_owned());
        let error = Config::load(&Layers { overrides, ..Layers::default() }).unwrap_err();
        error.0.into_iter().filter(|line| line.starts_with("bus.") || line.starts_with("database.")).collect()
    }

    const VERIFIED: &str =
        "database.url=\"postgres://l@pg:5432/{role}?sslmode=verify-full&sslrootcert=/ca.crt\"";
    const SECURED: &str = "bus.url=\"rediss://:pw@redis:6380/\"";

    #[test]
    fn production_verifies_its_servers() {
        assert_eq!(said(&[VERIFIED, SECURED]), [""; 0]);
        let both = said(&["bus.url=\"redis://redis/\"", "database.url=\"postgres://l@pg/{role}\""]);
        assert!(both.iter().any(|line| line.starts_with("bus.url: production needs rediss://")), "{both:?}");
        let line = "database.url: production needs sslmode=verify-full";
        assert!(both.iter().any(|found| found.starts_with(line)), "{both:?}");
        for mode in ["require", "verify-ca", "prefer", "disable", "verify-full&sslmode=disable"] {
            let url = format!("database.url=\"postgres://l@pg/{{role}}?sslmode={mode}\"");
            assert_eq!(said(&[&url, SECURED]).len(), 1, "{mode}");
        }
        let own = "database.urls.order=\"postgres://l:p@other/orders\"";
        assert!(said(&[VERIFIED, own, SECURED])[0].starts_with("database.urls.order:"));
    }

    #[test]
    fn what_is_plain_is_said_to_be() {
        let bare = ["bus.url=\"redis://redis/\"", "database.url=\"postgres://l@pg/{role}\""];
        let switches =
            ["bus.plaintext_in_private_network=true", "database.plaintext_in_private_network=true"];
        assert_eq!(said(&[&bare[..], &switches[..]].concat()), [""; 0]);
        assert_eq!(said(&[&bare[..], &switches[..1]].concat()).len(), 1);
        for (redis, postgres) in [
            ("redis://127.0.0.1:6379/", "postgres://l@localhost/{role}"),
            ("redis://[::1]:6379/", "postgres://l@[::1]:5432/{role}"),
            ("redis://:p@localhost", "postgres:///{role}?host=/run/postgresql"),
        ] {
            let own = [format!("bus.url={redis:?}"), format!("database.url={postgres:?}")];
            assert_eq!(said(&[&own[0], &own[1]]), [""; 0], "{redis} {postgres}");
        }
        assert_eq!(said(&[SECURED, "database.url=\"postgres://l@localhost/{role}?host=pg\""]).len(), 1);
    }

    #[test]
    fn addresses_and_authorities_go_together() {
        let mixed = "bus.url=\"rediss://a:1,redis://b:1\"";
        assert_eq!(said(&[VERIFIED, mixed, "bus.cluster=true"]).len(), 2);
        assert!(said(&[VERIFIED, "bus.url=\"rediss://a/#insecure\""])[0].contains("#insecure"));
        let file = ["bus.ca_file=/ca.crt", "bus.url=\"redis://localhost\""];
        assert!(said(&[VERIFIED, file[0], file[1]])[0].starts_with("bus.ca_file"));
    }
}
