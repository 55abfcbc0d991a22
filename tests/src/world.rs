//! A whole installation for one test, seeded with the demo rows through the public API.
//!
//! Seeding happens once per kind of database; every test gets a copy.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use futures::FutureExt as _;
use liufang::client::Gateway;
use liufang::compose::{self, Running};
use liufang::seed::{self, SeedSet};
use liufang_platform::config::{Config, Layers};
use liufang_platform::mesh::Between;
use liufang_platform::{Clock as _, Ids, PrincipalKind, SharedClock, SystemClock};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::clock::StoryClock;
use crate::logs::Announced;
use crate::processes::Processes;
use crate::{audit, logs, servers, shelf};

/// How an installation is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One process, SQLite, local bus.
    Sqlite,
    /// One process, PostgreSQL and Redis.
    Postgres,
    /// Two processes of every role inside mutual TLS, PostgreSQL and Redis inside TLS. Tests use one installation in turn.
    Processes,
}

/// A running installation.
pub struct World {
    pub shape: Shape,
    /// Turned by tests; everything of the installation goes by it.
    pub clock: StoryClock,
    /// The gateway's address.
    pub url: String,
    pub config: Config,
    pub running: Option<Running>,
    pub processes: Option<Processes>,
    /// Installations that may crash have threads of their own, so that nothing of them outlives the crash.
    threads: Threads,
    folder: TempDir,
    /// Where the processes go back to.
    place: Option<shelf::Place>,
    /// What befalls calls between the roles of one process.
    between: Option<Between>,
    /// Settings of its own; processes get them one by one.
    settings: Vec<String>,
    /// What the test announced; ends with the world.
    announced: Vec<Announced>,
    watch: Watch,
}

/// Takes the loud lines of a test that panics: they are not the next one's.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tell(&logs::take_unannounced());
        }
    }
}

/// Where an installation's tasks run.
enum Threads {
    OfTheTest,
    Own(Option<(Runtime, String)>),
}

impl Drop for Threads {
    fn drop(&mut self) {
        // a runtime cannot be waited for inside another one
        if let Threads::Own(own) = self
            && let Some((runtime, _)) = own.take()
        {
            runtime.shutdown_background();
        }
    }
}

/// Runs one test in a world of its own and checks that nothing unannounced was logged.
pub async fn run(shape: Shape, test: impl AsyncFnOnce(&mut World)) {
    run_in(World::start(shape).await, test).await;
}

/// The same in a world that may [`World::crash`]: one process on SQLite, with something between its roles.
pub async fn run_mortal(between: Between, test: impl AsyncFnOnce(&mut World)) {
    run_in(World::start_mortal(between).await, test).await;
}

/// The same in a world that was made for the test.
pub async fn run_in(mut world: World, test: impl AsyncFnOnce(&mut World)) {
    // a failed test gives its connections back too
    let outcome = AssertUnwindSafe(test(&mut world)).catch_unwind().await;
    if let Err(panic) = outcome {
        world.tell_what_processes_said();
        world.processes.take();
        world.end().await;
        tell(&logs::take_unannounced());
        std::panic::resume_unwind(panic);
    }
    world.stop().await;
}

impl World {
    pub async fn start(shape: Shape) -> World {
        World::start_with(shape, &[]).await
    }

    /// One process on SQLite that may crash.
    pub async fn start_mortal(between: Between) -> World {
        logs::install();
        World::start_at(None, Some(between), Threads::Own(None), Shape::Sqlite, &[]).await
    }

    /// With settings of its own, e.g. `bus.url="redis://…"`.
    pub async fn start_with(shape: Shape, settings: &[String]) -> World {
        logs::install();
        let place = match shape == Shape::Processes && settings.is_empty() {
            true => Some(shelf::turn().await),
            false => None,
        };
        World::start_at(place, None, Threads::OfTheTest, shape, settings).await
    }

    async fn start_at(
        mut place: Option<shelf::Place>,
        between: Option<Between>,
        threads: Threads,
        shape: Shape,
        settings: &[String],
    ) -> World {
        if let Some(shelf::Installation { processes, config, folder }) =
            place.as_mut().and_then(|place| place.take())
        {
            let started = std::time::Instant::now();
            shelf::reset(&config).await;
            logs::note(&format!("installation taken back after {} ms", started.elapsed().as_millis()));
            let clock = StoryClock::shared(folder.path(), story_offset_seconds());
            let mut world = World { place, ..World::of(shape, clock, config, folder) };
            match processes {
                None => world.launch().await,
                Some(mut processes) => {
                    processes.begin_test();
                    world.url = processes.gateway();
                    world.processes = Some(processes);
                }
            }
            return world;
        }
        let folder = servers::folder("liufang-world-");
        let clock = match shape {
            Shape::Processes => StoryClock::shared(folder.path(), story_offset_seconds()),
            Shape::Sqlite | Shape::Postgres => story_clock(),
        };
        let config = match shape {
            Shape::Sqlite => {
                copy_folder(sqlite_template().await, folder.path());
                config(folder.path(), settings)
            }
            Shape::Postgres | Shape::Processes => {
                let template = postgres_template().await;
                copy_folder(&template.join("keys"), &folder.path().join("keys"));
                let name = clone_databases().await;
                let secured = shape == Shape::Processes;
                postgres_config(folder.path(), &name, secured, settings)
            }
        };
        let settings = settings.to_vec();
        let mut world =
            World { place, between, threads, settings, ..World::of(shape, clock, config, folder) };
        if world.place.is_some() {
            shelf::set_aside(&world.config).await;
        }
        world.launch().await;
        world
    }

    /// On servers of the test's own, named by `settings`, seeded there.
    pub async fn alone(settings: &[String]) -> World {
        logs::install();
        let folder = servers::folder("liufang-world-");
        let config = config(folder.path(), settings);
        seed_into(&config).await;
        World::with(Shape::Postgres, config, folder).await
    }

    /// An empty installation with the settings given, started, ready or not.
    pub async fn bare(settings: &[String]) -> World {
        logs::install();
        let folder = servers::folder("liufang-world-");
        let config = config(folder.path(), settings);
        World::with(Shape::Postgres, config, folder).await
    }

    /// An installation whose databases hold something already when it first starts: `prepare` puts it there. Then seeded.
    pub async fn prepared(shape: Shape, prepare: impl AsyncFnOnce(&Config)) -> World {
        logs::install();
        let folder = servers::folder("liufang-world-");
        let config = match shape {
            Shape::Sqlite => config(folder.path(), &[]),
            Shape::Postgres | Shape::Processes => {
                let name = format!("p{}", Ids.digits(9));
                servers::shared().create_databases(&name);
                postgres_config(folder.path(), &name, false, &[])
            }
        };
        prepare(&config).await;
        seed_into(&config).await;
        World::with(shape, config, folder).await
    }

    /// Processes of `program`, e.g. the release before, on databases that it migrated and seeded itself.
    pub async fn of_program(program: &Path) -> World {
        logs::install();
        let folder = servers::folder("liufang-world-");
        let name = format!("p{}", Ids.digits(9));
        servers::shared().create_databases(&name);
        let secured = audit::unknown(program, &["bus.ca_file=\"\"".to_owned()]).is_empty();
        let config = postgres_config(folder.path(), &name, secured, &[]);
        // `seed` signs by the machine's clock
        let clock = StoryClock::shared(folder.path(), 0);
        let ran = audit::program_of(program, &config, &["migrate"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let processes = Processes::start_program(program.to_owned(), &config, folder.path(), &[]);
        let url = processes.gateway();
        let ran = audit::program_of(program, &config, &["seed", "--gateway", &url]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        World { url, processes: Some(processes), ..World::of(Shape::Processes, clock, config, folder) }
    }

    async fn with(shape: Shape, config: Config, folder: TempDir) -> World {
        let mut world = World::of(shape, story_clock(), config, folder);
        world.launch().await;
        world
    }

    /// Nothing of it runs yet.
    fn of(shape: Shape, clock: StoryClock, config: Config, folder: TempDir) -> World {
        World {
            shape,
            clock,
            url: String::new(),
            config,
            running: None,
            processes: None,
            threads: Threads::OfTheTest,
            folder,
            place: None,
            between: None,
            settings: Vec::new(),
            announced: Vec::new(),
            watch: Watch,
        }
    }

    /// Starts the installation; after [`World::crash`] on the same data.
    pub async fn launch(&mut self) {
        if self.shape == Shape::Processes {
            let processes = Processes::start(&self.config, self.folder.path(), &self.settings);
            self.url = processes.gateway();
            self.processes = Some(processes);
            return;
        }
        let clock: SharedClock = Arc::new(self.clock.clone());
        let (config, between) = (self.config.clone(), self.between.clone());
        let starting =
            async move { compose::start_bent(&config, clock, between).await.expect("installation starts") };
        let running = match &mut self.threads {
            Threads::OfTheTest => starting.await,
            Threads::Own(own) => {
                let (runtime, _) = own.insert(threads());
                runtime.spawn(starting).await.expect("installation starts")
            }
        };
        let gateway = running.gateway.expect("gateway");
        self.url = format!("http://{gateway}");
        self.running = Some(running);
    }

    /// Ends a mortal installation in the middle of everything: every task is dropped where it stands, open
    /// transactions are rolled back, callers lose their connection. [`World::launch`] opens the same door again.
    pub async fn crash(&mut self) {
        let Threads::Own(own) = &mut self.threads else { panic!("only a mortal world can crash") };
        let (runtime, name) = own.take().expect("a running installation");
        logs::forgive(&name);
        let running = self.running.take();
        let door = self.url.trim_start_matches("http://").to_owned();
        self.config.gateway.insert("listen".to_owned(), door.into());
        let dying = move || {
            runtime.shutdown_timeout(std::time::Duration::from_secs(10));
            drop(running);
        };
        tokio::task::spawn_blocking(dying).await.expect("dead");
    }

    /// An outside connection to the gateway, by the world's clock.
    pub async fn gateway(&self) -> Gateway {
        connect(&self.url, &self.clock).await
    }

    /// A token of an operator, agency or supervisor, signed with the installation's key.
    pub fn token(&self, kind: PrincipalKind, subject: &str) -> String {
        let clock: SharedClock = Arc::new(self.clock.clone());
        compose::token_from_config(&self.config, &clock, kind, subject).expect("signing key")
    }

    pub fn operator_token(&self) -> String {
        self.token(PrincipalKind::Operator, "ops")
    }

    /// Announces that log lines containing `part` may appear until this world has ended.
    pub fn expect_log(&mut self, part: &str) {
        self.announced.push(logs::announce(part));
    }

    /// A direct look into a role's database.
    pub async fn database(&self, role: &str) -> DatabaseConnection {
        Database::connect(&self.config.database_of(role).url).await.expect("database")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the test: what runs in this process ends, processes that are well wait for the next test, and nothing that
    /// nobody announced was logged.
    pub async fn stop(mut self) {
        self.come_to_rest().await;
        let mut loud = self.processes.as_ref().map(Processes::unannounced).unwrap_or_default();
        let announced = std::mem::take(&mut self.announced);
        self.end().await;
        drop(announced);
        loud.extend(logs::take_unannounced());
        assert!(loud.is_empty(), "logged without announcement:\n{}", loud.join("\n"));
    }

    /// What the test set going arrives, so that nothing of it meets the rows of the next test. Processes of a turned clock
    /// end with the test instead.
    async fn come_to_rest(&mut self) {
        if self.place.is_some()
            && !self.clock.is_turned()
            && self.processes.as_mut().is_some_and(Processes::are_well)
        {
            shelf::calm(&self.config).await;
        }
    }

    async fn end(self) {
        let World { shape, clock, config, running, processes, folder, place, watch, .. } = self;
        if let Some(running) = running {
            running.shutdown().await;
        }
        if shape == Shape::Postgres {
            drop_databases(&config.bus.prefix).await;
        }
        if shape == Shape::Processes && place.is_none() {
            drop(processes);
            drop_databases(&config.bus.prefix).await;
        } else if let (Some(mut processes), Some(mut place)) = (processes, place)
            && processes.are_well()
        {
            let processes = (!clock.is_turned()).then_some(processes);
            *place = Some(shelf::Installation { processes, config, folder });
        }
        drop(watch);
    }

    /// For whoever reads why a test failed.
    fn tell_what_processes_said(&self) {
        let parts = [" WARN ", " ERROR ", "navailable", "xceeded", "unreachable"];
        let loud: Vec<String> =
            self.processes.iter().flat_map(|processes| processes.logged(&parts)).collect();
        tell(&loud);
    }
}

/// The last of the lines, cut.
fn tell(lines: &[String]) {
    for line in lines.iter().rev().take(60).rev() {
        logs::note(&line.chars().take(400).collect::<String>());
    }
}

fn threads() -> (Runtime, String) {
    let name = Ids.next("mortal");
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).thread_name(&name).enable_all();
    (builder.build().expect("threads"), name)
}

/// The story's day, 2026-11-22, begins for everybody at ten in the morning in China, whatever day the tests run on.
fn story_clock() -> StoryClock {
    StoryClock::new(story_offset_seconds())
}

/// What the machine's clock lacks to the story's; the same for every world and process of a run.
fn story_offset_seconds() -> i64 {
    static OFFSET: LazyLock<i64> = LazyLock::new(|| STORY_BEGINS_S - SystemClock.now().seconds());
    *OFFSET
}

/// 2026-11-22T10:00:00+08:00
const STORY_BEGINS_S: i64 = 1_795_312_800;

async fn connect(url: &str, clock: &StoryClock) -> Gateway {
    Gateway::connect(url).await.expect("gateway answers").with_clock(Arc::new(clock.clone()))
}

fn config(folder: &Path, settings: &[String]) -> Config {
    let mut overrides = vec![
        format!("data_dir={:?}", folder.display().to_string()),
        "gateway.listen=\"127.0.0.1:0\"".to_owned(),
        // one test is one caller, and races send hundreds of calls at once
        "gateway.per_caller_per_second=0".to_owned(),
        "shutdown_ms=5000".to_owned(),
    ];
    overrides.extend_from_slice(settings);
    Config::load(&Layers { overrides, ..Layers::default() }).expect("test configuration")
}

/// `secured`: inside TLS, with a login that PostgreSQL lets in no other way.
fn postgres_config(folder: &Path, name: &str, secured: bool, settings: &[String]) -> Config {
    let servers = servers::shared();
    let database = format!("{name}_{{role}}");
    let (database, redis, ca_file) = match secured {
        true => (servers.secured_postgres_url(&database), servers.secured_redis_url(), servers.ca_file()),
        false => (servers.postgres_url(&database), servers.redis_url(), PathBuf::new()),
    };
    let own = [
        format!("database.url={database:?}"),
        "database.max_connections=6".to_owned(),
        "bus.kind=\"redis\"".to_owned(),
        format!("bus.url={redis:?}"),
        format!("bus.ca_file={:?}", ca_file.display().to_string()),
        format!("bus.prefix={name:?}"),
    ];
    // a test's own setting comes instead of ours
    let key = |setting: &String| setting.split('=').next().unwrap_or_default().to_owned();
    let own = own.into_iter().filter(|setting| settings.iter().all(|other| key(other) != key(setting)));
    config(folder, &own.chain(settings.iter().cloned()).collect::<Vec<_>>())
}

const TEMPLATE: &str = "template";

async fn sqlite_template() -> &'static Path {
    static FOLDER: OnceCell<TempDir> = OnceCell::const_new();
    let make = || async {
        let folder = servers::folder("liufang-seed-");
        seed_into(&config(folder.path(), &[])).await;
        folder
    };
    FOLDER.get_or_init(make).await.path()
}

async fn postgres_template() -> &'static Path {
    static FOLDER: OnceCell<TempDir> = OnceCell::const_new();
    let make = || async {
        let folder = servers::folder("liufang-seed-");
        let admin = admin().await;
        for role in compose_roles() {
            execute(&admin, &format!("CREATE DATABASE {TEMPLATE}_{role}")).await;
        }
        // a copy has another prefix, so what is kept as published there would be published again
        let forget = ["bus.keep_published_seconds=0".to_owned()];
        seed_into(&postgres_config(folder.path(), TEMPLATE, false, &forget)).await;
        folder
    };
    FOLDER.get_or_init(make).await.path()
}

async fn seed_into(config: &Config) {
    let clock = story_clock();
    let running = compose::start(config, Arc::new(clock.clone())).await.expect("installation starts");
    let token = running.operator_token().expect("signing key");
    let gateway = connect(&format!("http://{}", running.gateway.expect("gateway")), &clock).await;
    seed::load(&gateway, &token, SeedSet::Demo).await.expect("seed data loads");
    running.shutdown().await;
}

/// Copies the seeded databases under a new name.
async fn clone_databases() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // a template may have no connection while it is copied, and copies of one template exclude each other
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = ONE_AT_A_TIME.lock().await;
    let name = format!("w{}_{}", NEXT.fetch_add(1, Ordering::SeqCst), Ids.digits(6));
    let admin = admin().await;
    for role in compose_roles() {
        execute(
            &admin,
            &format!("CREATE DATABASE {name}_{role} TEMPLATE {TEMPLATE}_{role} STRATEGY FILE_COPY"),
        )
        .await;
    }
    name
}

/// Hundreds of copies would fill a small disk.
async fn drop_databases(name: &str) {
    let admin = admin().await;
    for role in compose_roles() {
        execute(&admin, &format!("DROP DATABASE IF EXISTS {name}_{role} WITH (FORCE)")).await;
    }
}

fn compose_roles() -> impl Iterator<Item = &'static str> {
    crate::processes::ROLES.into_iter().filter(|role| *role != "gateway")
}

async fn admin() -> DatabaseConnection {
    Database::connect(servers::shared().postgres_url("postgres")).await.expect("PostgreSQL answers")
}

async fn execute(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder").flatten() {
        let target: PathBuf = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}
