//! A key is changed under rows, on a real SQLite file; the suite does the same to a whole installation on both databases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, Statement};

use super::{MARGIN_SECONDS, SealedTable, step};
use crate::cipher::{Cipher, DataKeys, KeyVersion, version_of};
use crate::clock::ManualClock;
use crate::db::{Db, DbOptions, DbState};
use crate::ids::Ids;
use crate::migrate::Migration;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_notes",
    sql: "CREATE TABLE note (id TEXT NOT NULL, n BIGINT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (id, n));\n",
}];
const SEALED: &[SealedTable] =
    &[SealedTable { table: "note", key: "id", columns: &[("a", "note.a"), ("b", "note.b")] }];

struct Place {
    folder: PathBuf,
    clock: ManualClock,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Place {
    fn new() -> Place {
        let folder = std::env::temp_dir().join(Ids.next("liufang-sealed"));
        std::fs::create_dir_all(&folder).unwrap();
        Place { folder, clock: ManualClock::default() }
    }

    /// A process with these keys, after its first look.
    async fn start(&self, present: KeyVersion, versions: &[KeyVersion]) -> (Db, DbState) {
        let secret = |version: &KeyVersion| (*version, format!("secret number {version}"));
        let secrets: BTreeMap<_, _> = versions.iter().map(secret).collect();
        self.start_with(DataKeys { present, secrets, blind: "secret number 1".to_owned(), pack: true }).await
    }

    async fn start_with(&self, keys: DataKeys) -> (Db, DbState) {
        let options = DbOptions::new(format!("sqlite://{}/test.db", self.folder.display()));
        let db = Db::connect(&options, Cipher::with_keys(&keys), Arc::new(self.clock.clone())).await.unwrap();
        db.migrate(MIGRATIONS).await.unwrap();
        let state = db.look(MIGRATIONS, SEALED).await;
        (db, state)
    }

    async fn started(&self, present: KeyVersion, versions: &[KeyVersion]) -> Db {
        let (db, state) = self.start(present, versions).await;
        assert_eq!(state, DbState::Ready);
        db
    }

    /// Long enough for a walk to begin that can tell something.
    fn wait(&self) {
        self.clock.advance_seconds(MARGIN_SECONDS + 1);
    }
}

async fn exec(db: &Db, sql: &str) {
    let work = db.begin_step().await.unwrap();
    work.tx().execute_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    work.done().await.unwrap();
}

async fn write(db: &Db, id: &str, n: i64, a: &str) {
    let sealed = db.shared.cipher.seal("note.a", a);
    exec(db, &format!("INSERT INTO note (id, n, a, b) VALUES ('{id}', {n}, '{sealed}', '')")).await;
}

async fn texts(db: &Db) -> Vec<String> {
    let sql = "SELECT a FROM note ORDER BY id, n";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "a").unwrap()).collect()
}

async fn in_use(db: &Db) -> Vec<i64> {
    let sql = "SELECT version FROM data_key WHERE version <> 0 AND unused_since_us = 0 ORDER BY version";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "version").unwrap()).collect()
}

/// Walks until there is nothing to do; answers the pages.
async fn walk(db: &Db) -> usize {
    let mut pages = 0;
    while step("test", db, SEALED).await.unwrap() > 0 {
        pages += 1;
        assert!(pages < 100, "the walk has no end");
    }
    pages
}

fn broken(state: &DbState, part: &str) {
    let DbState::Broken(said) = state else { panic!("{state:?}") };
    assert!(said.contains(part), "{part} is missing in {said}");
}

#[tokio::test]
async fn rows_follow_the_key_and_the_old_one_may_go() {
    let place = Place::new();
    let one = place.started(1, &[1]).await;
    for n in 0..450 {
        write(&one, &format!("row-{n:04}"), 0, &format!("text {n}")).await;
    }
    assert_eq!((walk(&one).await, in_use(&one).await), (0, vec![1]), "nothing to do under one key");

    let two = place.started(2, &[1, 2]).await;
    assert_eq!(in_use(&two).await, [1, 2]);
    assert_eq!(walk(&two).await, 0, "somebody may still be sealing with version 1");
    place.wait();
    assert!(3 <= walk(&two).await);
    let sealed = texts(&two).await;
    assert!(sealed.iter().all(|text| version_of(text) == Some(2)));
    assert_eq!(two.shared.cipher.open("note.a", &sealed[449]).as_deref(), Ok("text 449"));
    assert_eq!(in_use(&two).await, [1, 2], "what was read before may be written back");
    broken(&place.start(2, &[2]).await.1, "data key version 1 is not configured");

    place.wait();
    walk(&two).await;
    assert_eq!(in_use(&two).await, [2]);
    place.wait();
    assert_eq!(walk(&two).await, 0, "nothing is walked through for nothing");
    let alone = place.started(2, &[2]).await;
    assert_eq!(alone.shared.cipher.open("note.a", &texts(&alone).await[7]).as_deref(), Ok("text 7"));
}

#[tokio::test]
async fn a_writer_of_before_holds_its_key() {
    let place = Place::new();
    let one = place.started(1, &[1, 2]).await;
    let two = place.started(2, &[1, 2]).await;
    place.wait();
    // the old process goes on, and says so
    step("test", &one, SEALED).await.unwrap();
    walk(&two).await;
    assert_eq!(in_use(&two).await, [1, 2]);
    write(&one, "late", 0, "x").await;
    place.wait();
    walk(&two).await;
    assert_eq!(version_of(&texts(&two).await[0]), Some(2), "the late row follows");
    assert_eq!(in_use(&two).await, [1, 2]);
    place.wait();
    walk(&two).await;
    assert_eq!(in_use(&two).await, [2]);
}

#[tokio::test]
async fn a_change_that_comes_between_is_never_overwritten() {
    let place = Place::new();
    let one = place.started(1, &[1]).await;
    write(&one, "a", 0, "before").await;
    let two = place.started(2, &[1, 2]).await;
    let old = texts(&two).await.remove(0);
    let newer = two.shared.cipher.seal("note.a", "after");
    exec(&two, &format!("UPDATE note SET a = '{newer}'")).await;
    let changes = [("a", old.as_str(), two.shared.cipher.seal("note.a", "before"))];
    super::page::write(&two, &SEALED[0], "a", &changes).await.unwrap();
    assert_eq!(texts(&two).await, [newer]);
}

#[tokio::test]
async fn rows_of_one_key_are_never_left_out() {
    let place = Place::new();
    let one = place.started(1, &[1]).await;
    for n in 0..700 {
        write(&one, if n < 250 { "a" } else { "b" }, n, "x").await;
    }
    let two = place.started(2, &[1, 2]).await;
    place.wait();
    walk(&two).await;
    assert!(texts(&two).await.iter().all(|text| version_of(text) == Some(2)));
}

#[tokio::test]
async fn one_replica_walks_and_another_follows_one_that_died() {
    let place = Place::new();
    let one = place.started(1, &[1]).await;
    for n in 0..450 {
        write(&one, &format!("row-{n:04}"), 0, "x").await;
    }
    let two = place.started(2, &[1, 2]).await;
    place.wait();
    // the replies come first, and there are none
    assert_eq!(step("test", &two, SEALED).await.unwrap(), 1);
    let now = two.shared.clock.now();
    exec(&two, &format!("UPDATE reseal_walk SET leased_until_us = {}", now.plus_seconds(60).0)).await;
    let other = place.started(2, &[1, 2]).await;
    assert_eq!(step("test", &other, SEALED).await.unwrap(), 0, "somebody else walks");
    assert!(texts(&other).await.iter().all(|text| version_of(text) == Some(1)), "and only they");
    place.clock.advance_seconds(61);
    assert!(0 < walk(&other).await, "where the other one stood");
    assert!(texts(&other).await.iter().all(|text| version_of(text) == Some(2)));
}

#[tokio::test]
async fn a_wrong_secret_is_found_out_at_the_start() {
    let place = Place::new();
    let keys = |one: &str, blind: &str| DataKeys {
        present: 1,
        secrets: BTreeMap::from([(1, one.to_owned())]),
        blind: blind.to_owned(),
        pack: true,
    };
    let (db, state) = place.start_with(keys("secret number 1", "index")).await;
    assert_eq!(state, DbState::Ready);
    broken(&place.start_with(keys("another", "index")).await.1, "version 1 is another secret");
    broken(&place.start_with(keys("secret number 1", "another")).await.1, "key of the indexes is another");
    // a database from before keys were noted
    write(&db, "a", 0, "x").await;
    exec(&db, "DELETE FROM data_key").await;
    broken(&place.start_with(keys("another", "index")).await.1, "version 1 is another secret");
    broken(&place.start(2, &[2]).await.1, "data key version 1 is not configured");
    let (after, state) = place.start_with(keys("secret number 1", "index")).await;
    assert_eq!((state, in_use(&after).await), (DbState::Ready, vec![1]));
    exec(&db, "DELETE FROM data_key").await;
    let both = place.started(2, &[1, 2]).await;
    assert_eq!(in_use(&both).await, [1, 2], "the upgrade and the new key at once");
}

#[tokio::test]
async fn what_cannot_be_opened_stays_and_keeps_its_key() {
    let place = Place::new();
    let one = place.started(1, &[1]).await;
    write(&one, "a", 0, "x").await;
    exec(&one, "UPDATE note SET b = '1.AAAA'").await;
    let two = place.started(2, &[1, 2]).await;
    for _ in 0..3 {
        place.wait();
        walk(&two).await;
    }
    assert_eq!(in_use(&two).await, [1, 2]);
    assert_eq!(version_of(&texts(&two).await[0]), Some(2), "its neighbour follows");
}
