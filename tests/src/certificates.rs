//! Certificates made for one run: an authority, and what it issues to roles, strangers and the public port.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key in PEM.
pub struct Pair {
    pub cert: String,
    pub key: String,
}

/// The three files a role reads.
pub struct Files {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl Authority {
    pub fn new() -> Authority {
        Authority::named(&liufang_platform::Ids.next("liufang test authority"))
    }

    /// Two authorities may have one name, as an old and a new one of an installation do.
    pub fn named(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For the mesh: good for every one of `roles`.
    pub fn role(&self, roles: &[&str]) -> Pair {
        self.issue(&roles.iter().map(|role| format!("{role}.liufang.mesh")).collect::<Vec<_>>())
    }

    /// For any names, good for an hour.
    pub fn issue(&self, names: &[String]) -> Pair {
        self.issue_until(names, Duration::hours(1))
    }

    /// Good until so long from now, which may be over.
    pub fn issue_until(&self, names: &[String], left: Duration) -> Pair {
        self.issue_between(names, Duration::days(-1), left)
    }

    /// Good from and until so long from now.
    pub fn issue_between(&self, names: &[String], from: Duration, until: Duration) -> Pair {
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = OffsetDateTime::now_utc() + from;
        params.not_after = OffsetDateTime::now_utc() + until;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("key");
        let cert = params.signed_by(&key, &self.0).expect("certificate");
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }
}

impl Files {
    /// Names `<name>.crt`, `<name>.key` and `ca.crt` in a folder.
    pub fn of(folder: &Path, name: &str) -> Files {
        Files {
            ca: folder.join("ca.crt"),
            cert: folder.join(format!("{name}.crt")),
            key: folder.join(format!("{name}.key")),
        }
    }

    pub fn write(&self, authorities: &str, pair: &Pair) {
        std::fs::create_dir_all(self.ca.parent().expect("folder")).expect("folder");
        std::fs::write(&self.ca, authorities).expect("authorities");
        std::fs::write(&self.key, &pair.key).expect("key");
        std::fs::write(&self.cert, &pair.cert).expect("certificate");
    }

    /// As settings of the command line.
    pub fn settings(&self) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        vec![
            format!("mesh.tls.ca_file={:?}", text(&self.ca)),
            format!("mesh.tls.cert_file={:?}", text(&self.cert)),
            format!("mesh.tls.key_file={:?}", text(&self.key)),
        ]
    }
}
