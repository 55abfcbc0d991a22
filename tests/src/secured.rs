//! TLS of the PostgreSQL and Redis servers that tests start: a certificate for this machine, signed by an authority of the
//! server's own, which clients must be told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::certificates::{Authority, Files, Pair};

/// The login that PostgreSQL lets in inside TLS only. The other one is let in either way.
pub const LOGIN: &str = "liufang_tls";

/// Where a server of a test is reached.
pub const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// The files of one server.
pub struct ServerTls {
    files: Files,
    authority: Authority,
}

impl ServerTls {
    /// Makes them under `folder`.
    pub fn make(folder: &Path) -> ServerTls {
        let files = Files::of(&folder.join("tls"), "server");
        let secured = ServerTls { files, authority: Authority::new() };
        secured.write(&secured.authority.pem(), &secured.authority.issue(&NAMES.map(str::to_owned)));
        secured
    }

    /// Another certificate for the server, and other authorities for its clients; the server must be told.
    pub fn write(&self, authorities: &str, pair: &Pair) {
        self.files.write(authorities, pair);
        let key = &self.files.key;
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        give_to_nobody(key);
    }

    /// The authority that clients are told of first.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What clients check against.
    pub fn ca(&self) -> PathBuf {
        self.files.ca.clone()
    }

    pub(crate) fn postgres_settings(&self) -> [String; 3] {
        [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", self.files.cert.display()),
            format!("ssl_key_file={}", self.files.key.display()),
        ]
    }

    pub(crate) fn redis_arguments(&self, port: u16) -> Vec<String> {
        let mut arguments = vec!["--port".to_owned(), "0".to_owned()];
        for (name, value) in [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", self.files.cert.display().to_string()),
            ("--tls-key-file", self.files.key.display().to_string()),
            ("--tls-ca-cert-file", self.files.ca.display().to_string()),
            ("--tls-auth-clients", "no".to_owned()),
        ] {
            arguments.extend([name.to_owned(), value]);
        }
        arguments
    }

    /// The end of a PostgreSQL address for [`LOGIN`].
    pub(crate) fn query(&self) -> String {
        format!("?sslmode=verify-full&sslrootcert={}", self.files.ca.display())
    }
}

/// Who is let in: [`LOGIN`] inside TLS only, everybody else anyhow.
pub(crate) fn access_rules() -> String {
    format!(
        "local all all trust\nhostssl all {LOGIN} all trust\nhostnossl all {LOGIN} all reject\nhost all all all trust\n"
    )
}

/// Servers started by root run as nobody.
pub(crate) fn give_to_nobody(path: &Path) {
    if crate::servers::is_root() {
        let given = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(path).status().expect("chown");
        assert!(given.success(), "{} cannot be given to nobody", path.display());
    }
}
