//! How this process reaches others and is reached: certificates, peers, outside parties.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use liufang_platform::Ids;
use liufang_platform::config::{Config, GatewayTls};
use liufang_platform::mesh::{
    self, MeshFiles, MeshKey, MeshTls, OutsideTls, Place, PublicTls, Remote, RemoteOptions, Security,
};
use rustls::pki_types::ServerName;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::roles;

/// The certificates of this process.
pub(super) struct Wires {
    mesh: Option<MeshTls>,
    pub public: Option<PublicTls>,
    /// How outside parties are checked.
    outside: OutsideTls,
}

/// How a role's port serves its peers.
pub(super) struct MeshPort {
    pub tls: Option<MeshTls>,
    pub max_connection_age: Duration,
}

impl Wires {
    /// Reads what the configuration names; an error names the setting.
    pub fn load(config: &Config) -> Result<Wires> {
        let files = &config.mesh.tls;
        let mesh = match config.has_mesh_tls() {
            false => None,
            true => {
                let own: Vec<&str> = roles::names(config);
                let files = MeshFiles {
                    ca: files.ca_file.clone().into(),
                    cert: files.cert_file.clone().into(),
                    key: files.key_file.clone().into(),
                };
                Some(MeshTls::load(&files, &own)?)
            }
        };
        let public = GatewayTls::of(config);
        let public = match public.is_on() && roles::has_gateway(config) {
            true => Some(PublicTls::load(Path::new(&public.cert_file), Path::new(&public.key_file))?),
            false => None,
        };
        let outside = OutsideTls::load("hooks_tls.ca_file", &config.hooks_tls.ca_file)?;
        Ok(Wires { mesh, public, outside })
    }

    /// With certificates there is no key that could prove a role.
    pub fn key(&self, config: &Config) -> MeshKey {
        MeshKey::new(if self.mesh.is_some() { "" } else { &config.mesh.secret })
    }

    /// A role of this mesh in another process.
    pub fn peer(&self, config: &Config, role: &str, urls: &str) -> Result<Place> {
        let security = match &self.mesh {
            Some(tls) => Security::Mesh { tls: tls.clone(), name: name(&mesh::dns_name(role))? },
            None => Security::Plain,
        };
        remote(config, role, urls, security, false)
    }

    /// Somebody who is not of this mesh.
    pub fn outside(&self, config: &Config, hook: &str, urls: &str) -> Result<Place> {
        let targets = mesh::parse_targets(urls).map_err(|mistake| anyhow!(mistake))?;
        // every address is checked for the name of its own URL
        for target in targets.iter().filter(|target| target.https) {
            name(&target.host)?;
        }
        let secured = targets.iter().any(|target| target.https);
        let security = if secured { Security::Outside(self.outside.clone()) } else { Security::Plain };
        remote(config, hook, urls, security, true)
    }

    pub fn mesh_port(&self, config: &Config) -> MeshPort {
        let seconds = config.mesh.max_connection_age_seconds.max(1);
        // replicas started together must not all send their callers away together
        let spread = seconds * 1_000 / 5;
        let random: u64 = Ids.digits(9).parse().unwrap_or_default();
        let millis = seconds * 1_000 - spread / 2 + random % spread.max(1);
        MeshPort { tls: self.mesh.clone(), max_connection_age: Duration::from_millis(millis) }
    }

    /// Follows the files for as long as the process runs.
    pub fn follow(&self, config: &Config, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let every = Duration::from_secs(config.mesh.tls.reload_seconds);
        if let Some(tls) = self.mesh.clone() {
            tasks.spawn(tls.watch(every, shutdown.clone()));
        }
        if let Some(tls) = self.public.clone() {
            tasks.spawn(tls.watch(every, shutdown.clone()));
        }
        if !config.hooks_tls.ca_file.is_empty() {
            tasks.spawn(self.outside.clone().watch(every, shutdown.clone()));
        }
    }
}

fn remote(config: &Config, peer: &str, urls: &str, security: Security, outside: bool) -> Result<Place> {
    let targets = mesh::parse_targets(urls).map_err(|mistake| anyhow!(mistake))?;
    Ok(Place::Remote(Remote::new(RemoteOptions {
        peer: peer.to_owned(),
        targets,
        security,
        outside,
        resolve_every: Duration::from_secs(config.mesh.resolve_seconds),
        connect_timeout: Duration::from_millis(config.mesh.client.connect_timeout_ms),
    })))
}

fn name(host: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).with_context(|| format!("`{host}` is not a host name"))
}
