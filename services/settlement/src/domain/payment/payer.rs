//! Who pays the cash part, and how an insured purchase looks to a channel.

use std::fmt;

use liufang_kernel::Fen;
use liufang_kernel::combined::{AddType, Combined};
use serde::{Deserialize, Serialize};

use super::Journal;
use crate::domain::benefit::LegKind;
use crate::domain::quote::Quote;

/// The payer as the channel knows them, and where they stand.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    pub payer_id: String,
    pub auth_code: String,
    /// The contract's number of the scene.
    pub scene: i32,
    /// The person's authorisation at the mobile-payment centre; empty where there is none.
    #[serde(default)]
    pub pay_auth_no: String,
}

/// Personal data stays out of logs.
impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payer").field("scene", &self.scene).finish_non_exhaustive()
    }
}

/// How the purchase is made up (`domain.md` §2.3); none where insurance pays nothing.
pub fn combined(journal: &Journal, quote: &Quote) -> Option<Combined> {
    if !journal.insured() {
        return None;
    }
    let paid = |kind: LegKind| journal.legs.iter().filter(|leg| leg.kind == kind).map(|leg| leg.amount).sum();
    let (fund, account, other): (Fen, Fen, Fen) =
        (paid(LegKind::Fund), paid(LegKind::Account), paid(LegKind::RelativeAccount));
    let total = quote.totals.medical;
    let freight = journal.freight;
    let changes = [(AddType::Freight, freight), (AddType::Medical, quote.outside.total() - freight)];
    Some(Combined {
        total,
        fund,
        account,
        other,
        cash: total - fund - account - other,
        added: changes.into_iter().filter(|(_, fee)| !fee.is_zero()).collect(),
        reduced: Vec::new(),
        taken: journal.channel_cash(),
    })
}
