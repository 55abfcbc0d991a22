//! The only place that wires. The same composition serves everything in one process or single roles across a network; the
//! difference is configuration.

mod keys;
mod roles;
mod serve;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use liufang_platform::bus::{Bus, Consumer, LocalBus, RedisBus};
use liufang_platform::config::{Config, Profile};
use liufang_platform::db::{inbox, outbox};
use liufang_platform::mesh::{Directory, MeshKey, Place};
use liufang_platform::stack::{ServerStack, StackOptions};
use liufang_platform::{
    Cipher, Claims, Db, Deps, Ids, Module, PrincipalKind, Regions, Settings, SharedClock, Tokens, Worker,
    metrics,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;

pub use roles::{Role, all_reasons, by_name as role};

/// Region packs that ship with the binary.
const PACKS: [(&str, &str); 2] = [
    ("beijing.toml", include_str!("../../../deploy/regions/beijing.toml")),
    ("qinhuangdao.toml", include_str!("../../../deploy/regions/qinhuangdao.toml")),
];

/// A running process.
pub struct Running {
    /// Where the gateway listens, when this process has that role.
    pub gateway: Option<SocketAddr>,
    /// Where roles listen for other processes.
    pub ports: BTreeMap<String, SocketAddr>,
    /// Where `/metrics` is, when it is anywhere.
    pub admin: Option<SocketAddr>,
    /// Background loops of every module, for tests that drive steps themselves.
    pub workers: Vec<Worker>,
    databases: Vec<Db>,
    tokens: Tokens,
    clock: SharedClock,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    grace: Duration,
}

/// Starts the roles that `config` names.
pub async fn start(config: &Config, clock: SharedClock) -> Result<Running> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir {}", config.data_dir.display()))?;
    let mut builder = Builder::new(config, clock)?;
    for role in roles::of(config) {
        builder.add(role).await.with_context(|| format!("role {}", role.name))?;
    }
    builder.finish().await
}

/// Runs the pending migrations of the roles that `config` names.
pub async fn migrate(config: &Config, clock: SharedClock) -> Result<Vec<&'static str>> {
    std::fs::create_dir_all(&config.data_dir)?;
    let cipher = Cipher::new(&config.crypto.data_secret);
    let mut done = Vec::new();
    for role in roles::of(config) {
        let db = Db::connect(&config.database_of(role.name), cipher.clone(), clock.clone()).await?;
        db.migrate(role.migrations).await.with_context(|| format!("migrating {}", role.name))?;
        done.push(role.name);
    }
    Ok(done)
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
    built: Vec<Built>,
}

impl<'a> Builder<'a> {
    fn new(config: &'a Config, clock: SharedClock) -> Result<Builder<'a>> {
        let mesh_key = MeshKey::new(&config.mesh.secret);
        Ok(Builder {
            config,
            clock,
            cipher: Cipher::new(&config.crypto.data_secret),
            tokens: keys::tokens(config)?,
            regions: Arc::new(regions(config)?),
            directory: Directory::new(mesh_key.clone()),
            mesh_key,
            built: Vec::new(),
        })
    }

    async fn add(&mut self, role: &'static Role) -> Result<()> {
        let options = self.config.database_of(role.name);
        let db = Db::connect(&options, self.cipher.clone(), self.clock.clone()).await?;
        if self.config.database.migrate_at_start {
            db.migrate(role.migrations).await?;
        }
        let section = self.config.role.get(role.name).cloned().unwrap_or_default();
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
        self.built.push(Built { role, db, module: (role.module)(deps) });
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
        ServerStack::new(built.module.routes.clone(), options)
    }

    /// Late binding: all modules exist, now they learn where their peers are.
    fn bind(&self) -> Result<HashMap<String, ServerStack>> {
        let mut places = HashMap::new();
        for (role, url) in &self.config.mesh.peers {
            places.insert(role.clone(), remote(url).with_context(|| format!("mesh.peers.{role}"))?);
        }
        let stacks: HashMap<String, ServerStack> =
            self.built.iter().map(|built| (built.role.name.to_owned(), self.stack(built))).collect();
        places.extend(stacks.iter().map(|(role, stack)| (role.clone(), Place::Local(stack.clone()))));
        for (hook, target) in &self.config.hooks {
            let place = match places.get(target) {
                Some(place) => Some(place.clone()),
                None if target.contains("://") => {
                    Some(remote(target).with_context(|| format!("hooks.{hook}"))?)
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
        let mut tasks = JoinSet::new();
        let workers = self.spawn_background(&mut tasks, &shutdown).await?;
        let ready = serve::readiness(
            self.built.iter().map(|built| (built.db.clone(), built.role.migrations)).collect(),
        );
        let mut ports = BTreeMap::new();
        for (role, address) in &self.config.mesh.listen {
            let Some(stack) = stacks.get(role) else {
                bail!("mesh.listen.{role}: this process does not have the role")
            };
            let services = self
                .built
                .iter()
                .find(|built| built.role.name == role)
                .map(|built| built.module.services.clone());
            let services = services.unwrap_or_default();
            let port =
                serve::role(stack.clone(), services, address, ready.clone(), &mut tasks, &shutdown).await?;
            ports.insert(role.clone(), port);
        }
        self.measure(&ready, &mut tasks, &shutdown);
        let admin = match self.config.admin.listen.as_str() {
            "" => None,
            listen => Some(serve::admin(listen, &mut tasks, &shutdown).await?),
        };
        let gateway = match roles::has_gateway(self.config) {
            true => Some(self.gateway(ready, &mut tasks, &shutdown).await?),
            false => None,
        };
        let databases = self.built.drain(..).map(|built| built.db).collect();
        let grace = Duration::from_millis(self.config.shutdown_ms);
        Ok(Running {
            gateway,
            ports,
            admin,
            workers,
            databases,
            tokens: self.tokens,
            clock: self.clock,
            shutdown,
            tasks,
            grace,
        })
    }

    /// Starts what reads gauges.
    fn measure(&mut self, ready: &serve::Ready, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let mut names: Vec<_> = self.built.iter().map(|built| built.role.name).collect();
        if roles::has_gateway(self.config) {
            names.push(liufang_gateway::ROLE);
        }
        for role in &names {
            metrics::role(role);
        }
        tasks.spawn(serve::tell_ready(names, ready.clone(), shutdown.clone()));
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
        section.remove("listen");
        let config = serde_json::from_value(section.into()).context("[gateway]")?;
        let listen =
            self.config.gateway.get("listen").and_then(|value| value.as_str()).unwrap_or("127.0.0.1:8080");
        let peers = self.directory.peers("gateway");
        let resolve = Arc::new(move |role: &str| peers.forwarding(role));
        let authenticate = liufang_gateway::by_token(self.tokens.clone(), self.clock.clone());
        let router = liufang_gateway::Gateway::new(resolve, authenticate, config)
            .ready(ready)
            .reasons(all_reasons())
            .closing(shutdown.clone())
            .router()
            .map_err(|violations| anyhow!("[gateway] {violations}"))?;
        serve::gateway(router, listen, tasks, shutdown).await
    }

    async fn spawn_background(
        &mut self,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Result<Vec<Worker>> {
        let mut consumers = Vec::new();
        let mut workers = Vec::new();
        for built in &mut self.built {
            consumers.append(&mut built.module.consumers);
            workers.append(&mut built.module.workers);
            let db = built.db.clone();
            let purge = Worker::new("purge-keys", Duration::from_secs(3600), move || {
                let db = db.clone();
                async move { inbox::purge_step(&db).await }
            });
            workers.push(purge.of(built.role.name));
        }
        let bus = self.bus(consumers, tasks, shutdown).await?;
        for built in &self.built {
            tasks.spawn(relay(built.role.name, built.db.clone(), bus.clone(), shutdown.clone()));
        }
        for worker in &workers {
            let (worker, shutdown) = (worker.clone(), shutdown.clone());
            tasks.spawn(async move { worker.run(shutdown).await });
        }
        Ok(workers)
    }

    async fn bus(
        &self,
        consumers: Vec<Consumer>,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Result<Arc<dyn Bus>> {
        if self.config.bus.kind == "local" {
            let bus = LocalBus::default();
            bus.attach(consumers);
            return Ok(Arc::new(bus));
        }
        let bus =
            RedisBus::connect(&self.config.bus.url, &self.config.bus.prefix).await.context("bus.url")?;
        let replica = Ids.next("replica");
        for consumer in consumers {
            let (bus, replica, shutdown) = (bus.clone(), replica.clone(), shutdown.clone());
            tasks.spawn(async move { bus.consume(consumer, &replica, shutdown).await });
        }
        Ok(Arc::new(bus))
    }
}

fn remote(url: &str) -> Result<Place> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    Ok(Place::Remote(endpoint.connect_lazy()))
}

/// Publishes the outbox of one service: at once after a commit here, and twice a second for what others left.
async fn relay(role: &'static str, db: Db, bus: Arc<dyn Bus>, shutdown: CancellationToken) {
    let step_db = db.clone();
    let worker = Worker::new("outbox-relay", Duration::ZERO, move || {
        let (db, bus) = (step_db.clone(), bus.clone());
        async move { outbox::relay_step(&db, bus.as_ref()).await }
    });
    let worker = worker.of(role);
    while !shutdown.is_cancelled() {
        let pause = match worker.step().await {
            Ok(0) => Duration::from_millis(500),
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!("outbox will be tried again: {error}");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = outbox::wait(&db) => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
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

    /// Stops taking calls, lets running ones finish inside the configured time, ends.
    pub async fn shutdown(mut self) {
        self.shutdown.cancel();
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.grace, drained).await.is_err() {
            tracing::warn!("calls were still running when the time to stop was over");
        }
        for database in &self.databases {
            database.close().await;
        }
    }
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
