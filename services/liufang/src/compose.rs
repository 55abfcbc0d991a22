//! The only place that wires. The same composition serves everything in one process or single roles across a network; the
//! difference is configuration.

mod background;
mod keys;
mod migrate;
mod roles;
mod serve;
mod wires;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::future::join_all;
use liufang_platform::bus::Bus;
use liufang_platform::config::{Config, GatewayTls, Profile};
use liufang_platform::gated::gated;
use liufang_platform::health::{Health, Watched};
use liufang_platform::mesh::{Between, Directory, Mesh, MeshKey, Place};
use liufang_platform::stack::{ServerStack, StackOptions};
use liufang_platform::{
    Cipher, Claims, Db, Deps, Ids, Module, PrincipalKind, Regions, Settings, SharedClock, Tokens, Worker,
    metrics, sealed,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use migrate::migrate;
pub use roles::{Role, all_reasons, by_name as role, of as roles_of};

/// Region packs that ship with the binary.
const PACKS: [(&str, &str); 2] = [
    ("beijing.toml", include_str!("../../../deploy/regions/beijing.toml")),
    ("qinhuangdao.toml", include_str!("../../../deploy/regions/qinhuangdao.toml")),
];

/// Databases that work for calls cut off are waited for this long.
const CLOSING: Duration = Duration::from_secs(1);

/// A running process.
pub struct Running {
    /// Where the gateway listens, when this process has that role.
    pub gateway: Option<SocketAddr>,
    /// Where roles listen for other processes, and under the name of its setting each port of a role's own.
    pub ports: BTreeMap<String, SocketAddr>,
    /// Where probes and scrapers ask.
    pub admin: Option<SocketAddr>,
    /// Background loops of every module, for tests that drive steps themselves.
    pub workers: Vec<Worker>,
    databases: Vec<Db>,
    tokens: Tokens,
    clock: SharedClock,
    health: Health,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    // answers probes until the very end
    probes: JoinSet<()>,
    drain: Duration,
    grace: Duration,
}

/// Starts the roles that `config` names.
pub async fn start(config: &Config, clock: SharedClock) -> Result<Running> {
    start_bent(config, clock, None).await
}

/// The same with something between its roles, for simulations; the command line has none.
pub async fn start_bent(config: &Config, clock: SharedClock, between: Option<Between>) -> Result<Running> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir {}", config.data_dir.display()))?;
    check_settings(config)?;
    let mut builder = Builder { between, ..Builder::new(config, clock)? };
    for role in roles::of(config) {
        builder.add(role).await.with_context(|| format!("role {}", role.name))?;
    }
    builder.finish().await
}

/// Settings of roles that name files nobody else has looked at.
fn check_settings(config: &Config) -> Result<()> {
    if roles::of(config).iter().any(|role| role.name == liufang_identity::ROLE) {
        let section = config.role.get(liufang_identity::ROLE).cloned().unwrap_or_default();
        let checked = liufang_identity::check_settings(&Settings::new(section));
        checked
            .map_err(|mistakes| anyhow!("the configuration is not usable:\n  {}", mistakes.join("\n  ")))?;
    }
    Ok(())
}

/// The region packs of this installation; the error lists every mistake.
pub fn regions(config: &Config) -> Result<Regions> {
    let loaded = match config.regions_dir.as_str() {
        "" => Regions::parse(PACKS),
        folder => Regions::load(Path::new(folder)),
    };
    loaded.map_err(|mistakes| anyhow!("region packs are not usable:\n  {}", mistakes.join("\n  ")))
}

struct Built {
    role: &'static Role,
    db: Db,
    module: Module,
}

struct Builder<'a> {
    config: &'a Config,
    clock: SharedClock,
    cipher: Cipher,
    tokens: Tokens,
    regions: Arc<Regions>,
    directory: Directory,
    mesh_key: MeshKey,
    wires: wires::Wires,
    between: Option<Between>,
    built: Vec<Built>,
}

impl<'a> Builder<'a> {
    fn new(config: &'a Config, clock: SharedClock) -> Result<Builder<'a>> {
        let wires = wires::Wires::load(config)?;
        let mesh_key = wires.key(config);
        Ok(Builder {
            config,
            clock,
            cipher: Cipher::with_keys(&config.crypto.keys()),
            tokens: keys::tokens(config)?,
            regions: Arc::new(regions(config)?),
            directory: Directory::with_limits(mesh_key.clone(), config.mesh.client.clone()),
            mesh_key,
            wires,
            between: None,
            built: Vec::new(),
        })
    }

    async fn add(&mut self, role: &'static Role) -> Result<()> {
        let options = self.config.database_of(role.name);
        let db = Db::connect(&options, self.cipher.clone(), self.clock.clone()).await?;
        let section = self.config.section_of(role.name);
        let deps = Deps {
            role: role.name,
            db: db.clone(),
            peers: self.directory.peers(role.name),
            clock: self.clock.clone(),
            ids: Ids,
            cipher: self.cipher.clone(),
            tokens: self.tokens.clone(),
            regions: self.regions.clone(),
            settings: Settings::new(section),
        };
        let module = (role.module)(deps).gauge(sealed::gauge(&db));
        if !module.mistakes.is_empty() {
            bail!("settings that cannot be used:\n  {}", module.mistakes.join("\n  "));
        }
        self.built.push(Built { role, db, module });
        Ok(())
    }

    fn stack(&self, built: &Built) -> ServerStack {
        let options = StackOptions {
            role: built.role.name,
            tokens: self.tokens.clone(),
            mesh_key: self.mesh_key.clone(),
            clock: self.clock.clone(),
            max_in_flight: self.config.mesh.max_in_flight,
            max_deadline: Duration::from_millis(self.config.mesh.max_deadline_ms),
        };
        ServerStack::new(gated(built.module.routes.clone(), built.db.gate()), options)
    }

    /// Late binding: all modules exist, now they learn where their peers are.
    fn bind(&self) -> Result<HashMap<String, ServerStack>> {
        let mut places = HashMap::new();
        for (role, url) in &self.config.mesh.peers {
            let peer = self.wires.peer(self.config, role, url);
            places.insert(role.clone(), peer.with_context(|| format!("mesh.peers.{role}"))?);
        }
        let mut stacks = HashMap::new();
        for built in &self.built {
            let (role, stack) = (built.role.name, self.stack(built));
            let place = match &self.between {
                Some(between) => Place::Bent(between(role, stack.clone())),
                None => Place::Local(stack.clone()),
            };
            places.insert(role.to_owned(), place);
            stacks.insert(role.to_owned(), stack);
        }
        for (hook, target) in &self.config.all_hooks() {
            let place = match places.get(target) {
                Some(place) => Some(place.clone()),
                None if target.contains("://") => {
                    let outside = self.wires.outside(self.config, hook, target);
                    Some(outside.with_context(|| format!("hooks.{hook}"))?)
                }
                // a role that lives elsewhere and is not needed by the roles of this process
                None => None,
            };
            places.extend(place.map(|place| (format!("hook.{hook}"), place)));
        }
        self.directory.bind(places);
        Ok(stacks)
    }

    async fn finish(mut self) -> Result<Running> {
        let stacks = self.bind()?;
        let shutdown = CancellationToken::new();
        let (mut tasks, mut probes) = (JoinSet::new(), JoinSet::new());
        self.wires.follow(self.config, &mut tasks, &shutdown);
        let bus = background::Carrier::of(self.config)?;
        let health = self.health(bus.publisher());
        health.start().await?;
        for built in &mut self.built {
            let Some(look) = built.module.opening.take() else { continue };
            look().await.map_err(|why| anyhow!("{} does not start: {why}", built.role.name))?;
        }
        let workers = background::spawn(self.config, &mut self.built, bus, &mut tasks, &shutdown);
        let (watch, stop) = (health.clone(), shutdown.clone());
        tasks.spawn(async move { watch.run(stop).await });
        let mut ports = BTreeMap::new();
        for (role, address) in &self.config.mesh.listen {
            let Some(stack) = stacks.get(role) else {
                bail!("mesh.listen.{role}: this process does not have the role")
            };
            let mesh = self.wires.mesh_port(self.config);
            let port =
                serve::role(stack.clone(), address, mesh, health.clone(), &mut tasks, &shutdown).await?;
            ports.insert(role.clone(), port);
        }
        for port in self.built.iter_mut().flat_map(|built| std::mem::take(&mut built.module.http)) {
            let name = port.setting.to_owned();
            ports.insert(name, serve::outside(port, &mut tasks, &shutdown).await?);
        }
        self.measure(&health, &mut tasks, &shutdown);
        let gateway = match roles::has_gateway(self.config) {
            true => Some(self.gateway(serve::readiness(&health), &mut tasks, &shutdown).await?),
            false => None,
        };
        let admin = match self.config.admin.listen.as_str() {
            "" => None,
            listen => Some(serve::admin(listen, health.clone(), &mut probes, &shutdown).await?),
        };
        let databases = self.built.drain(..).map(|built| built.db).collect();
        Ok(Running {
            gateway,
            ports,
            admin,
            workers,
            databases,
            tokens: self.tokens,
            clock: self.clock,
            health,
            shutdown,
            tasks,
            probes,
            drain: Duration::from_millis(self.config.drain_ms),
            grace: Duration::from_millis(self.config.shutdown_ms),
        })
    }

    fn health(&self, bus: Arc<dyn Bus>) -> Health {
        let watched = self.built.iter().map(|built| Watched {
            role: built.role.name,
            db: built.db.clone(),
            migrations: built.role.migrations,
            sealed: built.role.sealed,
        });
        let services = self.built.iter().flat_map(|built| built.module.services.iter().copied()).collect();
        Health::new(watched.collect(), bus, services, self.config.database.migrate_at_start)
    }

    /// Starts what reads gauges.
    fn measure(&mut self, health: &Health, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let mut names: Vec<_> = self.built.iter().map(|built| built.role.name).collect();
        if roles::has_gateway(self.config) {
            names.push(liufang_gateway::ROLE);
        }
        for role in names {
            metrics::role(role);
            let report = health.subscribe();
            metrics::ready(role, move || report.borrow().ready);
        }
        for built in &mut self.built {
            let watched = metrics::Watched {
                role: built.role.name,
                db: built.db.clone(),
                max_connections: self.config.database.max_connections,
                gauges: std::mem::take(&mut built.module.gauges),
                every: Duration::from_secs(self.config.telemetry.gauges_seconds),
            };
            tasks.spawn(metrics::watch(watched, shutdown.clone()));
        }
    }

    async fn gateway(
        &self,
        ready: serve::Ready,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Result<SocketAddr> {
        let mut section = self.config.gateway.clone();
        GatewayTls::KEYS.into_iter().for_each(|key| drop(section.remove(key)));
        let config: liufang_gateway::GatewayConfig =
            serde_json::from_value(section.into()).context("[gateway]")?;
        let listen =
            self.config.gateway.get("listen").and_then(|value| value.as_str()).unwrap_or("127.0.0.1:8080");
        let peers = self.directory.peers("gateway");
        let identity = peers.mesh("identity");
        let resolve = Arc::new(move |role: &str| peers.forwarding(role));
        let ended = liufang_gateway::Ended::default();
        let every = Duration::from_millis(config.recheck_ms.max(1));
        tasks.spawn(ended.clone().follow(identity.clone(), every, shutdown.clone()));
        let authenticate = liufang_gateway::by_token(self.tokens.clone(), self.clock.clone());
        let router = liufang_gateway::Gateway::new(resolve, authenticate, config)
            .identity(identity)
            .ended(ended)
            .ready(ready)
            .reasons(all_reasons())
            .closing(shutdown.clone())
            .router()
            .map_err(|violations| anyhow!("[gateway] {violations}"))?;
        serve::gateway(router, listen, self.wires.public.clone(), tasks, shutdown).await
    }
}

impl Running {
    /// A one-hour operator token, for loading data into an installation whose keys are at hand.
    pub fn operator_token(&self) -> Result<String> {
        token(&self.tokens, &self.clock, PrincipalKind::Operator, "ops")
    }

    /// Ends when a background task ends early: a panic in a worker ends the process.
    pub async fn failed(&mut self) -> anyhow::Error {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                return anyhow!("a background task failed: {error}");
            }
        }
        anyhow!("every background task has ended")
    }

    /// Whether the process can do its work, and why not.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Says that it is not ready, goes on for the time others need to hear of it, stops taking calls, lets running ones
    /// finish inside the configured time, ends. A database whose connections are still in use then is left a moment later.
    pub async fn shutdown(mut self) {
        let over = tokio::time::Instant::now() + self.grace;
        self.health.drain();
        tokio::time::sleep(self.drain).await;
        self.shutdown.cancel();
        tracing::info!("no more calls are taken");
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(over, drained).await.is_err() {
            tracing::warn!("calls were still running when the time to stop was over");
        }
        let closed = join_all(self.databases.iter().map(Db::close));
        if tokio::time::timeout_at(over + CLOSING, closed).await.is_err() {
            tracing::warn!("databases were still in use when the process ended");
        }
        self.probes.abort_all();
    }
}

/// A connection to an outside party as the role that calls it has it. `own` means a role of this installation's
/// development mesh that plays one.
///
/// # Errors
/// The address or the certificates of the configuration cannot be used.
pub fn hook(config: &Config, caller: &str, hook: &str, url: &str, own: bool) -> Result<Mesh> {
    let wires = wires::Wires::load(config)?;
    let place = if own { wires.peer(config, "sandbox", url) } else { wires.outside(config, hook, url) };
    let directory = Directory::with_limits(wires.key(config), config.mesh.client.clone());
    let name = format!("hook.{hook}");
    directory.bind(HashMap::from([(name.clone(), place?)]));
    Ok(directory.peers(caller).mesh(&name))
}

/// A one-hour token signed with this installation's key.
pub fn token(tokens: &Tokens, clock: &SharedClock, kind: PrincipalKind, subject: &str) -> Result<String> {
    let now = clock.now().seconds();
    let claims = Claims {
        sub: subject.to_owned(),
        kind,
        client: String::new(),
        region: String::new(),
        iat: now,
        exp: now + 3600,
        jti: Ids.next("tok"),
        act: String::new(),
        sid: String::new(),
    };
    tokens.sign(&claims).map_err(|_| anyhow!("this process does not have the private signing key"))
}

/// A token for the command line, from the configured signing key.
pub fn token_from_config(
    config: &Config,
    clock: &SharedClock,
    kind: PrincipalKind,
    subject: &str,
) -> Result<String> {
    if config.profile == Profile::Production && config.auth.signing_key_file.is_empty() {
        bail!("auth.signing_key_file: needed to sign tokens");
    }
    token(&keys::tokens(config)?, clock, kind, subject)
}
