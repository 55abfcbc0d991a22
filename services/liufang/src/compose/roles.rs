//! The roles a process can have.

use liufang_kernel::ReasonDoc;
use liufang_platform::config::Config;
use liufang_platform::db::DbFault;
use liufang_platform::rpc::Invalid;
use liufang_platform::stack::StackFault;
use liufang_platform::{AuthFault, Deps, Migration, Module, PeerFault, SealedTable};

/// One service role.
pub struct Role {
    pub name: &'static str,
    pub migrations: &'static [Migration],
    /// Where its tables keep sealed text.
    pub sealed: &'static [SealedTable],
    pub reasons: &'static [&'static ReasonDoc],
    pub module: fn(Deps) -> Module,
}

macro_rules! roles {
    ($($service:ident),*) => {
        [$(Role {
            name: $service::ROLE,
            migrations: $service::MIGRATIONS,
            sealed: $service::SEALED,
            reasons: $service::REASONS,
            module: $service::module,
        }),*]
    };
}

use {
    liufang_channels as channels, liufang_dispatch as dispatch, liufang_identity as identity,
    liufang_inventory as inventory, liufang_order as order, liufang_prescription as prescription,
    liufang_sandbox as sandbox, liufang_settlement as settlement, liufang_supervision as supervision,
};

/// Every service role. The gateway is not among them: it has no database and no RPCs of its own.
pub static ROLES: [Role; 9] =
    roles![identity, prescription, inventory, settlement, order, dispatch, supervision, sandbox, channels];

/// The service roles of this process, in the order they start.
pub fn of(config: &Config) -> Vec<&'static Role> {
    let named = |role: &&Role| {
        let everything = config.roles.is_empty();
        let safe = role.name != sandbox::ROLE || !config.is_production();
        (everything && safe) || config.roles.iter().any(|name| name == role.name)
    };
    ROLES.iter().filter(named).collect()
}

/// Names of all roles of this process, the gateway among them.
pub(super) fn names(config: &Config) -> Vec<&'static str> {
    let gateway = has_gateway(config).then_some(liufang_gateway::ROLE);
    of(config).into_iter().map(|role| role.name).chain(gateway).collect()
}

pub(super) fn has_gateway(config: &Config) -> bool {
    config.roles.is_empty() || config.roles.iter().any(|role| role == liufang_gateway::ROLE)
}

/// A role by name.
pub fn by_name(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

/// The published reason registry: every reason any answer can carry, without doubles.
pub fn all_reasons() -> Vec<&'static ReasonDoc> {
    let platform = AuthFault::REASONS
        .into_iter()
        .chain(Invalid::REASONS)
        .chain(StackFault::REASONS)
        .chain(PeerFault::REASONS)
        .chain(DbFault::REASONS);
    let services = ROLES.iter().flat_map(|role| role.reasons.iter().copied());
    let mut reasons: Vec<_> = platform.chain(services).collect();
    reasons.sort_by(|a, b| a.reason.cmp(&b.reason));
    reasons.dedup_by(|a, b| a.reason == b.reason);
    reasons
}
