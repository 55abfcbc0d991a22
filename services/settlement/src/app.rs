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
pub mod fetch;
mod lane;
pub mod late;
pub mod ledger;
pub mod less;
pub mod measure;
mod memory;
mod messages;
mod mobile;
pub mod notice;
pub mod order_notice;
pub mod packs;
pub mod quote;
pub mod reconcile;
pub mod refund;
pub mod relatives;
pub mod statement;
mod statements;
pub mod stuck;
mod trial;

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
    packs: packs::Noted,
    channel_key: Arc<str>,
    /// Channels with a key of their own.
    channel_keys: Arc<BTreeMap<&'static str, String>>,
    /// Notices come from services of this mesh, never from outside.
    pub(crate) notices_from_services: bool,
    /// The insurer may leave its calculation out.
    bare_believed: bool,
    memory: memory::Memory,
    lanes: lane::Lanes,
    expiring: Sweep,
    converging: Sweep,
    statements: statements::Statements,
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
            memory: memory::Memory::default(),
            lanes: lane::Lanes::default(),
            packs: packs::Noted::default(),
            channel_keys: Arc::new(own_keys(deps)),
            notices_from_services: from_services(deps),
            bare_believed: !deps.settings.get("production", false),
            expiring: Sweep::new("hold cannot be ended", deps.clock.clone()),
            converging: Sweep::new("payment cannot be brought on", deps.clock.clone()),
            statements: statements::Statements::of(deps),
        }
    }

    /// A digest of the pack's content: equal content, equal version.
    pub(crate) fn region_version(&self, region: &str) -> String {
        self.region_versions.get(region).cloned().unwrap_or_default()
    }

    /// What a channel's notices are signed with.
    pub(crate) fn channel_key(&self, channel: &str) -> &str {
        self.channel_keys.get(channel).map_or(&self.channel_key, String::as_str)
    }

    pub(crate) async fn journal(&self, payment_id: &str) -> Result<Journal, SettlementError> {
        let found = store::payment::find(self.db.read(), payment_id).await?;
        found.ok_or_else(|| Refusal::PaymentNotFound.into())
    }
}

/// Whether services alone bring notices: as it is set, else in production.
fn from_services(deps: &Deps) -> bool {
    match deps.settings.get("notices_from", String::new()).as_str() {
        "services" => true,
        "everybody" => false,
        _ => deps.settings.get("production", false),
    }
}

fn own_keys(deps: &Deps) -> BTreeMap<&'static str, String> {
    const KEYS: [(&str, &str); 4] = [
        ("wechat", "wechat_key"),
        ("alipay", "alipay_key"),
        ("unionpay", "unionpay_key"),
        ("bank_card", "bank_card_key"),
    ];
    let keys = KEYS.into_iter().map(|(word, key)| (word, deps.settings.get(key, String::new())));
    keys.filter(|(_, key)| !key.is_empty()).collect()
}

/// Whether the caller is the clearing agency `agency`. An agency is known by its own code or by its region.
pub(crate) fn is_agency(principal: &Principal, agency: &str) -> bool {
    principal.kind == PrincipalKind::Agency && (principal.subject == agency || principal.region == agency)
}
