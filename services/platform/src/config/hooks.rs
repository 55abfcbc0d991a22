//! Where the outside parties are: a role of this mesh that plays them, or the address of a real one.

use super::{Config, ROLES};
use crate::mesh;

/// What is wrong with `[hooks]`, one line each.
pub(super) fn mistakes(config: &Config) -> Vec<String> {
    let wrong = |place: &str| mistake(place, config.is_production());
    config.hooks.iter().filter_map(|(hook, place)| Some(format!("hooks.{hook}: {}", wrong(place)?))).collect()
}

fn mistake(place: &str, production: bool) -> Option<String> {
    if ROLES.contains(&place) {
        return production.then(|| format!("production needs a real provider, not the {place}"));
    }
    match mesh::parse_targets(place) {
        Err(mistake) => Some(mistake),
        Ok(targets) if production && targets.iter().any(|target| !target.https) => {
            Some("production needs https://".to_owned())
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_takes_addresses_inside_tls_and_nothing_else() {
        for good in ["https://bank", "HTTPS://bank:8443", " https://a , https://b "] {
            assert_eq!(mistake(good, true), None, "{good}");
        }
        for bad in [
            "http://bank",
            "HTTP://bank",
            " http://bank",
            "\thttp://bank",
            "https://a,http://b",
            "sandbox",
            "order",
            "nobody",
            "bank:443",
            "",
            "https://",
        ] {
            assert!(mistake(bad, true).is_some(), "{bad}");
        }
    }

    #[test]
    fn development_takes_roles_and_plain_text_but_nobody_unknown() {
        for good in ["sandbox", "http://127.0.0.1:9000", "HTTP://bank", "https://bank"] {
            assert_eq!(mistake(good, false), None, "{good}");
        }
        for bad in ["nobody", "", "ftp://bank"] {
            assert!(mistake(bad, false).is_some(), "{bad}");
        }
    }
}
