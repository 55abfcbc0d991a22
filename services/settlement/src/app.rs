//! Use cases: one async function per RPC, plus the steps of the workers.
//!
//! Invariant: no call to another role or to a hook is awaited while a unit of work is alive.

pub mod account;
pub mod authorise;
pub mod booking;
pub mod capture;
pub mod claim;
pub mod claim_line;
pub mod convergence;
pub mod ledger;
pub mod measure;
pub mod notice;
pub mod quote;
pub mod reconcile;
pub mod statement;

use std::collections::BTreeMap;
use std::sync::Arc;

use liufang_platform::{Cipher, Db, Deps, Ids, Principal, PrincipalKind, Regions, SharedClock, Sweep, hash};

use crate::domain::payment::Journal;
use crate::error::{Refusal, SettlementError};
use crate::rpc::outside::Outside;
use crate::store;

/// Default of the setting `channel_key`, for development alone.
pub const DEV_CHANNEL_KEY: &str = "liufang-dev-channel-key";

/// The application; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) db: Db,
    pub(crate) outside: Outside,
    pub(crate) clock: SharedClock,
    pub(crate) ids: Ids,
    pub(crate) cipher: Cipher,
    pub(crate) regions: Arc<Regions>,
    region_versions: Arc<BTreeMap<String, String>>,
    pub(crate) channel_key: Arc<str>,
    expiring: Sweep,
    converging: Sweep,
}

impl App {
    pub fn new(deps: &Deps) -> App {
        let version = |text: String| hash::sha256_hex(text.as_bytes()).chars().take(16).collect::<String>();
        let versions =
            deps.regions.iter().map(|pack| (pack.region.code.clone(), version(format!("{pack:?}"))));
        App {
            db: deps.db.clone(),
            outside: Outside::new(deps.peers.clone()),
            clock: deps.clock.clone(),
            ids: deps.ids,
            cipher: deps.cipher.clone(),
            regions: deps.regions.clone(),
            region_versions: Arc::new(versions.collect()),
            channel_key: deps.settings.get("channel_key", DEV_CHANNEL_KEY.to_owned()).into(),
            expiring: Sweep::new("hold cannot be ended", deps.clock.clone()),
            converging: Sweep::new("payment cannot be brought on", deps.clock.clone()),
        }
    }

    /// A digest of the pack's content: equal content, equal version.
    pub(crate) fn region_version(&self, region: &str) -> String {
        self.region_versions.get(region).cloned().unwrap_or_default()
    }

    pub(crate) async fn journal(&self, payment_id: &str) -> Result<Journal, SettlementError> {
        let found = store::payment::find(self.db.read(), payment_id).await?;
        found.ok_or_else(|| Refusal::PaymentNotFound.into())
    }
}

/// Whether the caller is the clearing agency `agency`. An agency is known by its own code or by its region.
pub(crate) fn is_agency(principal: &Principal, agency: &str) -> bool {
    principal.kind == PrincipalKind::Agency && (principal.subject == agency || principal.region == agency)
}
