//! Where the outside parties are: a role of this mesh that plays them, or the address of a real one.

use std::collections::BTreeSet;

use liufang_kernel::codes::is_institution_code;

use super::{Config, ROLES};
use crate::mesh;

/// Parties that a role asks by name. Others are there because a list of providers names them.
const KNOWN: [&str; 4] = ["verification", "payment", "insurer", "courier"];
/// Payment channels that may have an address of their own; the others are at `hooks.payment`.
pub(super) const CHANNELS: [&str; 4] = ["wechat", "alipay", "unionpay", "bank_card"];
/// The role that speaks to payment channels: ours, and none that plays one.
const ADAPTER: &str = "channels";

/// What is wrong with `[hooks]`, one line each.
pub(super) fn mistakes(config: &Config) -> Vec<String> {
    let wrong = |hook: &str, place: &str| mistake(hook, place, config.is_production());
    let places = config.hooks.iter();
    let mut found: Vec<String> =
        places.filter_map(|(hook, place)| Some(format!("hooks.{hook}: {}", wrong(hook, place)?))).collect();
    let asked: Vec<(String, &str)> = asked(config).collect();
    for (setting, provider) in asked.iter().filter(|(_, provider)| !config.hooks.contains_key(*provider)) {
        found.push(format!("{setting}: there is no hooks.{provider}"));
    }
    let known = |hook: &str| {
        KNOWN.contains(&hook)
            || CHANNELS.contains(&hook)
            || asked.iter().any(|(_, provider)| *provider == hook)
    };
    for hook in config.hooks.keys().filter(|hook| !known(hook)) {
        found.push(format!("hooks.{hook}: no such setting, and no list of providers or hospitals names it"));
    }
    found.extend(hospitals(config));
    let from = config.role.get("settlement").and_then(|section| section.get("notices_from")?.as_str());
    if !["", "services", "everybody"].contains(&from.unwrap_or_default()) {
        found.push("role.settlement.notices_from: must be services, everybody or empty".to_owned());
    }
    let lists = config.role.get("identity").into_iter().flatten().filter(|(key, _)| is_list(key));
    for (key, _) in lists.filter(|(_, value)| value.as_array().is_none_or(Vec::is_empty)) {
        found.push(format!("role.identity.{key}: needs at least one provider"));
    }
    found
}

/// Outside parties that lists of roles' settings name, with the setting: identity's providers, and the systems of hospitals.
fn asked(config: &Config) -> impl Iterator<Item = (String, &str)> {
    let lists = config.role.get("identity").into_iter().flatten().filter(|(key, _)| is_list(key));
    let providers = lists.flat_map(|(key, value)| {
        let names = value.as_array().into_iter().flatten();
        names.map(move |name| (format!("role.identity.{key}"), name.as_str().unwrap_or_default()))
    });
    let systems = told(config).filter_map(|row| Some((HOSPITALS.to_owned(), row.split_once('=')?.1)));
    providers.chain(systems)
}

/// The list of hospitals that are told: `<institution>=<hook>`.
const HOSPITALS: &str = "role.prescription.hospitals";

fn told(config: &Config) -> impl Iterator<Item = &str> {
    let list = config.role.get("prescription").and_then(|section| section.get("hospitals"));
    let rows = list.and_then(serde_json::Value::as_array).into_iter().flatten();
    rows.map(|row| row.as_str().unwrap_or_default())
}

fn hospitals(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut codes = BTreeSet::new();
    for row in told(config) {
        let code = row.split_once('=').map_or("", |(code, _)| code);
        if !(code.starts_with('H') && is_institution_code(code)) {
            found.push(format!("{HOSPITALS}: `{row}` is not <institution>=<hook>"));
        } else if !codes.insert(code) {
            found.push(format!("{HOSPITALS}: {code} stands there twice"));
        }
    }
    let days = config.role.get("prescription").and_then(|section| section.get("notice_days"));
    let days = days.and_then(serde_json::Value::as_i64).unwrap_or(1);
    if !(1..=365).contains(&days) {
        found.push("role.prescription.notice_days: must be 1 to 365".to_owned());
    }
    found
}

fn is_list(key: &str) -> bool {
    key.ends_with("_providers")
}

fn mistake(hook: &str, place: &str, production: bool) -> Option<String> {
    if place == ADAPTER {
        let fits = hook == "payment" || CHANNELS.contains(&hook);
        return (!fits).then(|| "the role channels speaks to payment channels alone".to_owned());
    }
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
    use crate::config::Layers;

    /// What is said of the hooks under `settings`.
    fn said(settings: &[&str]) -> Vec<String> {
        let overrides = settings.iter().map(|setting| (*setting).to_owned()).collect();
        match Config::load(&Layers { overrides, ..Layers::default() }) {
            Ok(_) => Vec::new(),
            Err(mistakes) => mistakes.0,
        }
    }

    #[test]
    fn providers_are_hooks_and_hooks_are_asked() {
        let second = "hooks.sms=\"http://127.0.0.1:9000\"";
        let lists = "role.identity.message_providers=[\"sms\",\"verification\"]";
        assert_eq!(said(&[second, lists]), Vec::<String>::new());
        assert_eq!(said(&[lists]), ["role.identity.message_providers: there is no hooks.sms"]);
        assert_eq!(
            said(&[second]),
            ["hooks.sms: no such setting, and no list of providers or hospitals names it"]
        );
        assert_eq!(
            said(&["role.identity.face_providers=[]"]),
            ["role.identity.face_providers: needs at least one provider"]
        );
    }

    #[test]
    fn hospitals_have_addresses() {
        let his = "hooks.his=\"http://127.0.0.1:9000\"";
        let told = |rows: &str| format!("role.prescription.hospitals=[{rows}]");
        let (one, two) = ("\"H13030200001=his\"", "\"H13030200002=his\"");
        assert_eq!(said(&[his, &told(&format!("{one}, {two}"))]), Vec::<String>::new());
        assert_eq!(said(&[&told(one)]), ["role.prescription.hospitals: there is no hooks.his"]);
        assert_eq!(
            said(&[his, &told(&format!("{one}, {one}"))]),
            ["role.prescription.hospitals: H13030200001 stands there twice"]
        );
        assert_eq!(
            said(&[his, &told(&format!("{one}, \"P13030200001=his\", \"his\""))]),
            [
                "role.prescription.hospitals: `P13030200001=his` is not <institution>=<hook>",
                "role.prescription.hospitals: `his` is not <institution>=<hook>"
            ]
        );
        assert_eq!(
            said(&["role.prescription.notice_days=0"]),
            ["role.prescription.notice_days: must be 1 to 365"]
        );
    }

    #[test]
    fn production_takes_addresses_inside_tls_and_nothing_else() {
        for good in ["https://bank", "HTTPS://bank:8443", " https://a , https://b "] {
            assert_eq!(mistake("courier", good, true), None, "{good}");
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
            assert!(mistake("courier", bad, true).is_some(), "{bad}");
        }
    }

    #[test]
    fn the_channels_are_real_and_for_payments_alone() {
        for hook in ["payment", "wechat", "bank_card"] {
            assert_eq!(mistake(hook, "channels", true), None, "{hook}");
        }
        assert!(mistake("insurer", "channels", false).is_some());
        assert!(mistake("wechat", "sandbox", true).is_some());
        assert_eq!(
            said(&["hooks.alipay=channels", "hooks.wechat=\"http://127.0.0.1:9000\""]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn development_takes_roles_and_plain_text_but_nobody_unknown() {
        for good in ["sandbox", "http://127.0.0.1:9000", "HTTP://bank", "https://bank"] {
            assert_eq!(mistake("courier", good, false), None, "{good}");
        }
        for bad in ["nobody", "", "ftp://bank"] {
            assert!(mistake("courier", bad, false).is_some(), "{bad}");
        }
    }
}
