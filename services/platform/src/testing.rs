//! A small world for tests of one service: a database file of its own, a clock that can be turned, development keys, peers
//! that the test plays itself.

pub mod postgres;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use tonic::service::Routes;

use crate::auth::{SigningKey, Tokens};
use crate::cipher::Cipher;
use crate::clock::ManualClock;
use crate::db::{Db, DbOptions};
use crate::ids::Ids;
use crate::mesh::{Directory, MeshKey, Place};
use crate::migrate::Migration;
use crate::module::Deps;
use crate::regions::Regions;
use crate::settings::Settings;
use crate::stack::{ServerStack, StackOptions};

/// Where tests write: into memory where there is room for a whole run, unless `TMPDIR` says otherwise. Databases come and go by
/// the thousand, and on a disk the tests wait for that and not for the program.
pub fn temporary() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let asked = std::env::var_os("TMPDIR").is_some();
        if !asked && free(memory) >= ROOM { memory.to_owned() } else { std::env::temp_dir() }
    });
    &FOLDER
}

/// Bytes; a run was seen to take less than a quarter of it.
const ROOM: u64 = 6 << 30;

/// What can be written there; nothing where that cannot be told.
fn free(folder: &Path) -> u64 {
    let told = Command::new("df").args(["--output=avail", "--block-size=1"]).arg(folder).output();
    let text = told.ok().and_then(|told| String::from_utf8(told.stdout).ok());
    text.and_then(|text| text.lines().last()?.trim().parse().ok()).unwrap_or(0)
}

/// A service's dependencies, plus the handles a test turns.
pub struct World {
    pub deps: Deps,
    pub clock: ManualClock,
    pub directory: Directory,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        // the files are of no use to anybody
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Builds a world with a migrated SQLite database. `regions` are region pack texts. For tests only: it panics on failure.
pub async fn world(role: &'static str, migrations: &'static [Migration], regions: &[&str]) -> World {
    world_at(None, role, migrations, regions).await
}

/// The same on the empty database of a URL, e.g. of [`postgres::database`].
pub async fn world_at(
    url: Option<String>,
    role: &'static str,
    migrations: &'static [Migration],
    regions: &[&str],
) -> World {
    let folder = temporary().join(Ids.next("liufang-test"));
    std::fs::create_dir_all(&folder).expect("temporary folder");
    let clock = ManualClock::default();
    let cipher = Cipher::new("a secret for tests only, long enough");
    let url = url.unwrap_or_else(|| format!("sqlite://{}/{role}.db", folder.display()));
    let options = DbOptions::new(url);
    let db = Db::connect(&options, cipher.clone(), Arc::new(clock.clone())).await.expect("database");
    db.migrate(migrations).await.expect("migrations");
    let key = SigningKey::generate().expect("key");
    let directory = Directory::new(MeshKey::new("test mesh"));
    let packs = Regions::parse(regions.iter().map(|text| ("test", *text))).expect("region packs");
    let deps = Deps {
        role,
        db,
        peers: directory.peers(role),
        clock: Arc::new(clock.clone()),
        ids: Ids,
        cipher,
        tokens: Tokens::signing(&key),
        regions: Arc::new(packs),
        settings: Settings::default(),
    };
    World { deps, clock, directory, folder }
}

impl World {
    /// Puts `routes` behind the server stack, as the composition does.
    pub fn stack(&self, role: &'static str, routes: Routes) -> ServerStack {
        let options = StackOptions {
            role,
            tokens: self.deps.tokens.clone(),
            mesh_key: MeshKey::new("test mesh"),
            clock: self.deps.clock.clone(),
            max_in_flight: 1000,
            max_deadline: std::time::Duration::from_secs(30),
        };
        ServerStack::new(routes, options)
    }

    /// Binds the peers by role or hook name, once.
    pub fn bind(&self, peers: impl IntoIterator<Item = (&'static str, Routes)>) {
        let places = peers
            .into_iter()
            .map(|(name, routes)| (name.to_owned(), Place::Local(self.stack("peer", routes))));
        self.directory.bind(places.collect::<HashMap<_, _>>());
    }
}
