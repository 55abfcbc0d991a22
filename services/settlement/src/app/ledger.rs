//! Reading and auditing the ledger.

use liufang_kernel::Fen;
use liufang_platform::Call;

use crate::app::App;
use crate::domain::ledger::{Account, Chain, ChainAudit, ChainEnd, Transfer};
use crate::error::SettlementError;
use crate::store;

/// Which transfers: those after a place in the books.
#[derive(Clone, Debug)]
pub struct TransferQuery {
    /// The chain `after` counts in; the chains of later regions follow it. Empty: that of the whole installation.
    pub region: String,
    pub after: i64,
    pub reference: String,
    pub size: i64,
}

/// Which balances: those after a place in the list.
#[derive(Clone, Debug)]
pub struct BalanceQuery {
    pub region: String,
    pub account: String,
    pub size: i64,
}

/// One account of the books of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// Empty for the books of the whole installation.
    pub region: String,
    pub account: Account,
    pub balance: Fen,
}

/// A page of balances, by region and account.
pub struct TrialBalance {
    pub balances: Vec<AccountBalance>,
    /// Of all balances, not of the page alone; zero in good order.
    pub sum: Fen,
    pub more: bool,
}

/// One chain of an audit.
pub struct AuditedChain {
    pub end: ChainEnd,
    /// How many transfers were checked.
    pub transfers: i64,
}

/// Result of an audit.
pub struct Audited {
    /// Those that have transfers, by region.
    pub chains: Vec<AuditedChain>,
    pub problems: Vec<String>,
}

/// Transfers read at once by the audit.
const PAGE: i64 = 1_000;

impl App {
    /// Every account's balance, in pages.
    pub async fn trial_balance(&self, call: Call<BalanceQuery>) -> Result<TrialBalance, SettlementError> {
        let BalanceQuery { region, account, size } = call.body;
        let db = self.db.read();
        let mut balances = store::ledger::balances(db, (&region, &account), size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = balances.len() > size;
        balances.truncate(size);
        let sum = store::ledger::sums(db).await?.into_iter().map(|(_, sum)| sum).sum();
        Ok(TrialBalance { balances, sum, more })
    }

    /// Transfers in order; one that does not sum to zero is never shown as if it did.
    pub async fn list_transfers(&self, call: Call<TransferQuery>) -> Result<Vec<Transfer>, SettlementError> {
        let TransferQuery { region, after, reference, size } = call.body;
        let db = self.db.read();
        let mut transfers = Vec::new();
        if reference.is_empty() {
            for head in store::ledger::heads(db).await?.into_iter().filter(|head| head.region >= region) {
                let after = if head.region == region { after } else { 0 };
                let left = size - i64::try_from(transfers.len()).unwrap_or(i64::MAX);
                if left <= 0 {
                    break;
                }
                transfers.extend(store::ledger::chain(db, &head.region, after, left).await?);
            }
        } else {
            transfers = store::ledger::of_reference(db, &reference, (&region, after), size).await?;
        }
        match transfers.iter().all(|transfer| transfer.is_balanced()) {
            true => Ok(transfers),
            false => Err(SettlementError::Stored("transfer does not sum to zero")),
        }
    }

    /// Recomputes every region's chain and balances, and accounts, holds and receivables.
    pub async fn audit_ledger(&self, _: Call<()>) -> Result<Audited, SettlementError> {
        let mut audit = ChainAudit::new(store::ledger::digest);
        // the books move while they are read: they are compared only when every head stood still
        let mut still = false;
        for _ in 0..5 {
            let before = store::ledger::heads(self.db.read()).await?;
            for head in &before {
                self.feed(&mut audit, head).await?;
            }
            let mut balances = Vec::new();
            for head in &before {
                balances.push(store::ledger::balances_of(self.db.read(), &head.region).await?);
            }
            let wrong = self.cross_checks().await?;
            if store::ledger::heads(self.db.read()).await? == before {
                for (head, balances) in before.iter().zip(&balances) {
                    if audit.chain(&head.region).links.end != *head {
                        audit.problem(format!(
                            "the head of {:?} does not match the last transfer",
                            head.region
                        ));
                    }
                    audit.compare(&head.region, balances);
                }
                wrong.into_iter().for_each(|problem| audit.problem(problem));
                still = true;
                break;
            }
        }
        if !still {
            audit.problem("the ledger moved during the audit; balances were not compared".to_owned());
        }
        let chain =
            |chain: &Chain| AuditedChain { end: chain.links.end.clone(), transfers: chain.links.checked };
        let chains = audit.chains().filter(|chain| chain.links.checked > 0).map(chain).collect();
        Ok(Audited { chains, problems: audit.problems })
    }

    /// Feeds what the audit has not seen yet of a chain, up to the head that was read.
    async fn feed(&self, audit: &mut ChainAudit, head: &ChainEnd) -> Result<(), SettlementError> {
        loop {
            let seen = audit.chain(&head.region).links.end.sequence;
            let page = store::ledger::chain(self.db.read(), &head.region, seen, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            page.iter().for_each(|transfer| audit.feed(transfer));
        }
    }

    async fn cross_checks(&self) -> Result<Vec<String>, SettlementError> {
        let db = self.db.read();
        let counts = [
            ("personal accounts differ from the ledger", store::account::mismatches(db).await?),
            ("personal accounts hold another amount than their holds", store::hold::mismatches(db).await?),
            ("receivable accounts differ from open receivables", store::receivable::mismatches(db).await?),
            ("postings stand in the books more than once", store::ledger::repeated(db).await?),
            ("sets of linked transfers are not whole", store::ledger::torn(db).await?),
        ];
        Ok(counts.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect())
    }
}
