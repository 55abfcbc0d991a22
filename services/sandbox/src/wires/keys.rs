//! The keys of both sides: a merchant's as the merchant has them, and the channels'.

use std::path::Path;

use liufang_platform::rsa::{self, Signer, Verifier};

/// Every pair, by the name of its files.
const PAIRS: [&str; 5] = ["wechat-merchant", "wechat-platform", "wechat-platform-2", "alipay-app", "alipay"];

pub struct Keys {
    /// Check what merchants sign.
    pub wechat_merchant: Verifier,
    pub alipay_app: Verifier,
    /// WeChat Pay's own, now and next; the serials are `SANDBOX-1` and `SANDBOX-2`.
    pub wechat: [Signer; 2],
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
        let stranger = rsa::new_pair().map_err(|error| broken(error.to_string()))?;
        Ok(Keys {
            wechat_merchant: verifier("wechat-merchant.pub")?,
            alipay_app: verifier("alipay-app.pub")?,
            wechat: [signer("wechat-platform.key")?, signer("wechat-platform-2.key")?],
            alipay: signer("alipay.key")?,
            stranger: Signer::from_pem(stranger.0.as_bytes()).map_err(|error| broken(error.to_string()))?,
        })
    }
}
