//! What must hold in settlement's books at any moment, and against the statements of channel and insurer.

pub mod outside;

use liufang_platform::audit::{self, Audit, AuditFault, Difference, Findings, Part};
use liufang_platform::db::Snapshot;

use crate::domain::audit::{Booked, flaws};
use crate::domain::ledger::{Flaw, Links};
use crate::error::SettlementError;
use crate::store;

/// Rows read at once.
const PAGE: u64 = 500;

/// Settlement's auditor.
pub struct Books;

#[async_trait::async_trait]
impl Audit for Books {
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        chains(look, found).await?;
        audit::run(look, store::audit::CHECKS, found).await?;
        payments(look, found).await
    }

    async fn orders(&self, look: &Snapshot, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
        audit::ids(look, store::audit::ORDERS, after, limit).await
    }

    async fn parts(&self, look: &Snapshot, orders: &[String]) -> Result<Vec<Part>, AuditFault> {
        audit::parts(look, "payment", store::audit::PARTS, orders).await
    }
}

fn fault(error: SettlementError) -> AuditFault {
    match error {
        SettlementError::Db(fault) => AuditFault::Db(fault),
        other => AuditFault::of(&other),
    }
}

/// Every hash chain link by link, and that its end is where its head says. The chain of the whole installation comes first:
/// those of the regions begin at its end.
async fn chains(look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
    let heads = store::ledger::heads(look.tx()).await.map_err(fault)?;
    let mut whole = Links::new(store::ledger::digest);
    for head in &heads {
        let mut links = match head.region.as_str() {
            "" => whole.clone(),
            region => whole.branch(region),
        };
        chain(look, &mut links, found).await?;
        if links.end != *head {
            let astray = Difference::new("LEDGER_HEAD").with("region", head.region.as_str());
            let astray = astray.with("head_sequence", head.sequence);
            found.push(astray.with("last_sequence", links.end.sequence));
        }
        if head.region.is_empty() {
            whole = links;
        }
    }
    Ok(())
}

async fn chain(look: &Snapshot, links: &mut Links, found: &mut Findings) -> Result<(), AuditFault> {
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    loop {
        let (region, after) = (links.end.region.clone(), links.end.sequence);
        let page = store::ledger::chain(look.tx(), &region, after, limit).await.map_err(fault)?;
        found.looked_at("transfers", page.len());
        for transfer in &page {
            for flaw in links.link(transfer) {
                let flaw = named(flaw).with("region", region.as_str());
                found.push(flaw.with("transfer_id", transfer.transfer_id.as_str()));
            }
        }
        if page.is_empty() {
            return Ok(());
        }
    }
}

fn named(flaw: Flaw) -> Difference {
    match flaw {
        Flaw::Sequence { found, expected } => {
            Difference::new("LEDGER_SEQUENCE").with("sequence", found).with("expected_sequence", expected)
        }
        Flaw::Unbalanced { sequence, fen } => {
            let fen = i64::try_from(fen).unwrap_or(i64::MAX);
            Difference::new("LEDGER_TRANSFER").with("sequence", sequence).with("fen", fen)
        }
        Flaw::Hash { sequence } => Difference::new("LEDGER_HASH").with("sequence", sequence),
        Flaw::Foreign { sequence } => Difference::new("LEDGER_FOREIGN").with("sequence", sequence),
    }
}

/// Every payment against what was booked for it.
async fn payments(look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
    let mut after = String::new();
    loop {
        let page = store::payment::page(look.tx(), &after, PAGE).await.map_err(fault)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        found.looked_at("payments", page.len());
        let ids: Vec<String> = page.iter().map(|(id, _)| id.clone()).collect();
        let booked = store::audit::booked(look.tx(), &ids).await.map_err(fault)?;
        for (payment_id, journal) in page {
            let Some(journal) = journal else {
                found.push(Difference::new("PAYMENT_UNREADABLE").with("payment_id", payment_id));
                continue;
            };
            let none = Booked::default();
            for flaw in flaws(&journal, booked.get(&payment_id).unwrap_or(&none)) {
                let difference = Difference::new(flaw.kind)
                    .with("payment_id", payment_id.as_str())
                    .with("order_id", journal.order_id.as_str())
                    .with("state", journal.state.as_str())
                    .with("expected_fen", flaw.expected.0)
                    .with("found_fen", flaw.found.0);
                found.push(difference);
            }
        }
    }
}
