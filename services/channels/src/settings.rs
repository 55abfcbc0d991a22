//! `[role.channels]`: who we are at which channel, and the keys of both sides. Every mistake is named at once; none quotes a
//! secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use liufang_platform::https::Https;
use liufang_platform::rsa::{Signer, Verifier};
use serde::Deserialize;

use crate::peers::alipay::Alipay;
use crate::peers::wechat::{Platform, Wechat};
use crate::wire::{alipay, wechat};

/// The settings, ready for use.
pub struct Settings {
    /// Where notices come in; empty: nowhere.
    pub listen: String,
    pub wechat: Option<Wechat>,
    pub alipay: Option<Alipay>,
    /// Signs what settlement is told of WeChat Pay.
    pub wechat_key: String,
    /// Of Alipay.
    pub alipay_key: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WechatSection {
    mchid: String,
    appid: String,
    serial: String,
    key_file: String,
    api_v3_key: String,
    platform_keys: Vec<String>,
    fetch_certificates: bool,
    url: String,
    notice_key: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AlipaySection {
    app_id: String,
    seller_id: String,
    key_file: String,
    public_key_file: String,
    url: String,
    notice_key: String,
}

/// Mistakes with the name of their setting.
struct Mistakes(Vec<String>);

impl Mistakes {
    fn need(&mut self, ok: bool, setting: &str, problem: &str) {
        if !ok {
            self.0.push(format!("role.channels.{setting}: {problem}"));
        }
    }

    fn file<T, E: std::fmt::Display>(
        &mut self,
        setting: &str,
        path: &str,
        read: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Option<T> {
        let content = match std::fs::read(Path::new(path)) {
            Ok(content) => content,
            Err(error) => {
                self.need(false, setting, &format!("`{path}` cannot be read: {}", error.kind()));
                return None;
            }
        };
        match read(&content) {
            Ok(value) => Some(value),
            Err(error) => {
                self.need(false, setting, &error.to_string());
                None
            }
        }
    }

    fn url(&mut self, setting: &str, url: &str) {
        let known = url.starts_with("https://") || url.starts_with("http://");
        self.need(known && !url.ends_with('/'), setting, "must be an address without a slash at its end");
    }
}

impl Settings {
    /// What the section says, and what is wrong with it.
    pub fn read(section: &liufang_platform::Settings) -> (Settings, Vec<String>) {
        let mut mistakes = Mistakes(Vec::new());
        let text = |key: &str| section.get(key, String::new());
        let wechat: WechatSection = section.get("wechat", WechatSection::default());
        let alipay: AlipaySection = section.get("alipay", AlipaySection::default());
        let timeout = Duration::from_millis(section.get("timeout_ms", 4_000_u64));
        let https = match Https::new("role.channels.ca_file", &text("ca_file"), timeout) {
            Ok(https) => Some(https),
            Err(error) => {
                mistakes.0.push(error.to_string());
                None
            }
        };
        let (listen, public_url) = (text("listen"), text("public_url"));
        let served = !wechat.mchid.is_empty() || !alipay.app_id.is_empty();
        if served {
            mistakes.need(!listen.is_empty(), "listen", "needed where a merchant is: notices come in there");
            mistakes.url("public_url", &public_url);
        }
        let (wechat_key, alipay_key) = (wechat.notice_key.clone(), alipay.notice_key.clone());
        let settings = Settings {
            wechat: https.as_ref().and_then(|https| with_wechat(wechat, https, &public_url, &mut mistakes)),
            alipay: https.as_ref().and_then(|https| with_alipay(alipay, https, &public_url, &mut mistakes)),
            listen,
            wechat_key,
            alipay_key,
        };
        (settings, mistakes.0)
    }
}

fn with_wechat(
    section: WechatSection,
    https: &Https,
    public_url: &str,
    mistakes: &mut Mistakes,
) -> Option<Wechat> {
    if section.mchid.is_empty() {
        return None;
    }
    for (setting, value) in [
        ("wechat.appid", &section.appid),
        ("wechat.serial", &section.serial),
        ("wechat.notice_key", &section.notice_key),
    ] {
        mistakes.need(!value.is_empty(), setting, "needed with wechat.mchid");
    }
    mistakes.need(section.api_v3_key.len() == 32, "wechat.api_v3_key", "must be of 32 characters");
    mistakes.url("wechat.url", &section.url);
    let signer = mistakes.file("wechat.key_file", &section.key_file, Signer::from_pem);
    let mut platform = BTreeMap::new();
    for row in &section.platform_keys {
        let setting = "wechat.platform_keys";
        match row.split_once('=').filter(|(serial, file)| !serial.is_empty() && !file.is_empty()) {
            None => mistakes.need(false, setting, &format!("`{row}` is not <serial>=<file>")),
            Some((serial, file)) => {
                let key = mistakes.file(setting, file, Verifier::from_pem);
                let twice = key.is_some_and(|key| platform.insert(serial.to_owned(), key).is_some());
                mistakes.need(!twice, setting, &format!("{serial} stands there twice"));
            }
        }
    }
    let known = !section.platform_keys.is_empty() || section.fetch_certificates;
    mistakes.need(known, "wechat.platform_keys", "needs at least one key, or wechat.fetch_certificates");
    let platform = Platform::new(platform, section.fetch_certificates);
    let merchant = wechat::Merchant {
        mchid: section.mchid,
        appid: section.appid,
        serial: section.serial,
        notify_url: format!("{public_url}/notify/wechat"),
    };
    Some(Wechat::new(merchant, signer?, platform, section.api_v3_key, section.url, https.clone()))
}

fn with_alipay(
    section: AlipaySection,
    https: &Https,
    public_url: &str,
    mistakes: &mut Mistakes,
) -> Option<Alipay> {
    if section.app_id.is_empty() {
        return None;
    }
    for (setting, value) in
        [("alipay.seller_id", &section.seller_id), ("alipay.notice_key", &section.notice_key)]
    {
        mistakes.need(!value.is_empty(), setting, "needed with alipay.app_id");
    }
    mistakes.url("alipay.url", &section.url);
    let signer = mistakes.file("alipay.key_file", &section.key_file, Signer::from_pem);
    let public = mistakes.file("alipay.public_key_file", &section.public_key_file, Verifier::from_pem);
    let merchant = alipay::Merchant {
        app_id: section.app_id,
        seller_id: section.seller_id,
        notify_url: format!("{public_url}/notify/alipay"),
    };
    Some(Alipay::new(merchant, signer?, public?, section.url, https.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(section: serde_json::Value) -> Vec<String> {
        let section = section.as_object().cloned().unwrap_or_default();
        Settings::read(&liufang_platform::Settings::new(section)).1
    }

    #[test]
    fn without_a_merchant_nothing_is_needed() {
        assert_eq!(said(serde_json::json!({})), Vec::<String>::new());
    }

    #[test]
    fn all_mistakes_come_together_and_quote_no_secret() {
        let said = said(serde_json::json!({
            "wechat": { "mchid": "1900000001", "key_file": "/nowhere", "api_v3_key": "hush", "platform_keys": ["x"] },
            "alipay": { "app_id": "2021" },
        }));
        let text = said.join("\n");
        for setting in [
            "listen",
            "public_url",
            "wechat.appid",
            "wechat.serial",
            "wechat.notice_key",
            "wechat.api_v3_key",
            "wechat.url",
            "wechat.key_file",
            "wechat.platform_keys",
            "alipay.seller_id",
            "alipay.notice_key",
            "alipay.url",
            "alipay.key_file",
            "alipay.public_key_file",
        ] {
            assert!(text.contains(&format!("role.channels.{setting}: ")), "{setting} is missing in {text}");
        }
        assert!(!text.contains("hush"));
    }
}
