//! Reading and auditing the ledger.

use liufang_kernel::Fen;
use liufang_platform::Call;

use crate::app::App;
use crate::domain::ledger::{Account, ChainAudit, Transfer};
use crate::error::SettlementError;
use crate::store;

/// Which transfers.
#[derive(Clone, Debug)]
pub struct TransferQuery {
    pub after: i64,
    pub reference: String,
    pub size: i64,
}

/// Result of an audit.
pub struct Audited {
    pub transfers: i64,
    pub head_hash: String,
    pub problems: Vec<String>,
}

/// Transfers read at once by the audit.
const PAGE: i64 = 1_000;

impl App {
    /// Every account's balance.
    pub async fn trial_balance(&self, _: Call<()>) -> Result<Vec<(Account, Fen)>, SettlementError> {
        store::ledger::balances(self.db.read()).await
    }

    /// Transfers in order; one that does not sum to zero is never shown as if it did.
    pub async fn list_transfers(&self, call: Call<TransferQuery>) -> Result<Vec<Transfer>, SettlementError> {
        let TransferQuery { after, reference, size } = call.body;
        let transfers = store::ledger::transfers(self.db.read(), after, &reference, size).await?;
        match transfers.iter().all(|transfer| transfer.is_balanced()) {
            true => Ok(transfers),
            false => Err(SettlementError::Stored("transfer does not sum to zero")),
        }
    }

    /// Recomputes chain, balances, accounts, holds and receivables.
    pub async fn audit_ledger(&self, _: Call<()>) -> Result<Audited, SettlementError> {
        let mut audit = ChainAudit::new(store::ledger::digest);
        // the books move while they are read: balances are compared only when the head stood still
        let mut still = false;
        for _ in 0..5 {
            let before = self.feed(&mut audit).await?;
            let balances = store::ledger::balances(self.db.read()).await?;
            let wrong = self.cross_checks().await?;
            if store::ledger::head(self.db.read()).await?.0 == before {
                audit.compare(&balances);
                wrong.into_iter().for_each(|problem| audit.problem(problem));
                still = true;
                break;
            }
        }
        if !still {
            audit.problem("the ledger moved during the audit; balances were not compared".to_owned());
        }
        let ChainAudit { chain, problems, .. } = audit;
        Ok(Audited { transfers: chain.checked, head_hash: chain.head, problems })
    }

    /// Feeds what the audit has not seen yet; answers the head it has reached.
    async fn feed(&self, audit: &mut ChainAudit) -> Result<i64, SettlementError> {
        loop {
            let page = store::ledger::transfers(self.db.read(), audit.chain.last, "", PAGE).await?;
            if page.is_empty() {
                break;
            }
            page.iter().for_each(|transfer| audit.feed(transfer));
        }
        let (sequence, hash) = store::ledger::head(self.db.read()).await?;
        if sequence == audit.chain.last && hash != audit.chain.head {
            audit.problem("the head does not match the last transfer".to_owned());
        }
        Ok(audit.chain.last)
    }

    async fn cross_checks(&self) -> Result<Vec<String>, SettlementError> {
        let db = self.db.read();
        let counts = [
            ("personal accounts differ from the ledger", store::account::mismatches(db).await?),
            ("personal accounts hold another amount than their holds", store::hold::mismatches(db).await?),
            ("receivable accounts differ from open receivables", store::receivable::mismatches(db).await?),
        ];
        Ok(counts.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect())
    }
}
