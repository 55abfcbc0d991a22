//! The keys of both sides: a merchant's as the merchant has them, and the channels'.

use std::path::Path;

use liufang_platform::rsa::{self, Signer, Verifier};

/// Every pair, by the name of its files.
const PAIRS: [&str; 5] = ["wechat-merchant", "wechat-platform", "wechat-platform-2", "alipay-app", "alipay"];

/// Serials of WeChat Pay's certificates, now and next.
const SERIALS: [u64; 2] = [0x5A0D_B0C0_0000_0001, 0x5A0D_B0C0_0000_0002];

/// A key of WeChat Pay's and its certificate.
pub struct Own {
    pub signer: Signer,
    /// Upper-case hex.
    pub serial: String,
    /// In PEM.
    pub certificate: String,
}

impl Own {
    fn of(private: &[u8], serial: u64) -> Option<Own> {
        let signer = Signer::from_pem(private).ok()?;
        let text = std::str::from_utf8(private).ok()?;
        let pair = rcgen::KeyPair::from_pem_and_sign_algo(text, &rcgen::PKCS_RSA_SHA256).ok()?;
        let mut wanted = rcgen::CertificateParams::default();
        wanted.serial_number = Some(serial.into());
        (wanted.not_before, wanted.not_after) =
            (rcgen::date_time_ymd(VALID[0], 1, 1), rcgen::date_time_ymd(VALID[1], 1, 1));
        wanted.distinguished_name.push(rcgen::DnType::CommonName, "Simulated payment channel");
        Some(Own {
            signer,
            serial: format!("{serial:X}"),
            certificate: wanted.self_signed(&pair).ok()?.pem(),
        })
    }
}

/// The years in which the certificates begin and end.
pub const VALID: [i32; 2] = [2020, 2060];

pub struct Keys {
    /// Check what merchants sign.
    pub wechat_merchant: Verifier,
    pub alipay_app: Verifier,
    /// WeChat Pay's own, now and next.
    pub wechat: [Own; 2],
    pub alipay: Signer,
    /// Nobody's.
    pub stranger: Signer,
}

impl Keys {
    /// Reads `<name>.key` and `<name>.pub` of a folder, and makes the pairs that are missing. A mistake names the folder.
    pub fn at(folder: &str) -> Result<Keys, String> {
        let folder = Path::new(folder);
        let broken = |problem: String| format!("role.sandbox.keys_dir: `{}` {problem}", folder.display());
        std::fs::create_dir_all(folder).map_err(|error| broken(error.kind().to_string()))?;
        for name in PAIRS {
            let (private, public) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.pub")));
            if private.exists() && public.exists() {
                continue;
            }
            let pair = rsa::new_pair().map_err(|error| broken(error.to_string()))?;
            let written = std::fs::write(private, pair.0).and_then(|()| std::fs::write(public, pair.1));
            written.map_err(|error| broken(error.kind().to_string()))?;
        }
        let read = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| broken(format!("{name}: {}", error.kind())))
        };
        let signer =
            |name: &str| Signer::from_pem(&read(name)?).map_err(|error| broken(format!("{name} {error}")));
        let verifier =
            |name: &str| Verifier::from_pem(&read(name)?).map_err(|error| broken(format!("{name} {error}")));
        let own = |name: &str, serial: u64| {
            Own::of(&read(name)?, serial).ok_or_else(|| broken(format!("{name} makes no certificate")))
        };
        let stranger = rsa::new_pair().map_err(|error| broken(error.to_string()))?;
        Ok(Keys {
            wechat_merchant: verifier("wechat-merchant.pub")?,
            alipay_app: verifier("alipay-app.pub")?,
            wechat: [own("wechat-platform.key", SERIALS[0])?, own("wechat-platform-2.key", SERIALS[1])?],
            alipay: signer("alipay.key")?,
            stranger: Signer::from_pem(stranger.0.as_bytes()).map_err(|error| broken(error.to_string()))?,
        })
    }
}
