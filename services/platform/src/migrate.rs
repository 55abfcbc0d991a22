//! Forward-only migrations in portable SQL, run by SeaORM's migrator.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::db::DbFault;

/// One migration of a service. Names sort by number; a landed one never changes.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub name: &'static str,
    /// Statements separated by `;` at line ends. `BYTEA` becomes `BLOB` on SQLite.
    pub sql: &'static str,
}

/// Tables every service database has.
const PLATFORM: &[Migration] =
    &[Migration { name: "0000_platform", sql: include_str!("migrate/0000_platform.sql") }];

struct Migrator(&'static [Migration]);

impl MigratorTraitSelf for Migrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        PLATFORM
            .iter()
            .chain(self.0)
            .map(|migration| Box::new(Step(*migration)) as Box<dyn MigrationTrait>)
            .collect()
    }
}

struct Step(Migration);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for statement in statements(self.0.sql) {
            let text = if sqlite { statement.replace(" BYTEA", " BLOB") } else { statement };
            connection.execute_unprepared(&text).await?;
        }
        Ok(())
    }
}

/// Statements without comment lines.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let code = code.join("\n");
    code.split(";\n")
        .map(|part| part.trim().trim_end_matches(';').to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

pub(crate) async fn run(
    connection: &DatabaseConnection,
    migrations: &'static [Migration],
) -> Result<(), DbFault> {
    Ok(Migrator(migrations).up(connection, None).await?)
}

pub(crate) async fn pending(
    connection: &DatabaseConnection,
    migrations: &'static [Migration],
) -> Result<usize, DbFault> {
    Ok(Migrator(migrations).get_pending_migrations(connection).await?.len())
}
