//! The ledger on the wire.

use liufang_kernel::{Violations, codes};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use crate::app::ledger::{AccountBalance, Audited, AuditedChain, BalanceQuery, TransferQuery, TrialBalance};
use crate::domain::ledger::Transfer;

/// `GetTrialBalanceRequest`; the token is region and account of the last row.
pub fn trial_balance(request: pb::GetTrialBalanceRequest, _: &CallMeta) -> Result<BalanceQuery, Violations> {
    let mut violations = Violations::new();
    violations.check((0..=1_000).contains(&request.page_size), "page_size", "must be between 1 and 1000");
    let after = match request.page_token.as_str() {
        "" => Some(("", "")),
        token => token.split_once('/'),
    };
    violations.check(after.is_some(), "page_token", "is not one of ours");
    let size = if request.page_size == 0 { 1_000 } else { i64::from(request.page_size) };
    violations.finish(after.map(|(region, account)| BalanceQuery {
        region: region.to_owned(),
        account: account.to_owned(),
        size,
    }))
}

pub fn trial_balance_reply(page: TrialBalance) -> pb::GetTrialBalanceResponse {
    let last = page.balances.last().filter(|_| page.more);
    let next_page_token = last.map(|row| format!("{}/{}", row.region, row.account)).unwrap_or_default();
    let row = |row: AccountBalance| pb::AccountBalance {
        account: row.account.as_str().to_owned(),
        balance_fen: row.balance.0,
        region: row.region,
    };
    pb::GetTrialBalanceResponse {
        sum_fen: page.sum.0,
        balances: page.balances.into_iter().map(row).collect(),
        next_page_token,
    }
}

/// `ListTransfersRequest`.
pub fn transfers(request: pb::ListTransfersRequest, _: &CallMeta) -> Result<TransferQuery, Violations> {
    let mut violations = Violations::new();
    violations.check(request.after_sequence >= 0, "after_sequence", "must not be negative");
    violations.check((0..=500).contains(&request.page_size), "page_size", "must be between 1 and 500");
    let reference = violations.optional_text("reference", &request.reference, 100);
    let region = request.region;
    violations.check(region.is_empty() || codes::is_region_code(&region), "region", "must be 6 digits");
    let size = if request.page_size == 0 { 100 } else { i64::from(request.page_size) };
    violations.finish(Some(TransferQuery { region, after: request.after_sequence, reference, size }))
}

pub fn transfers_reply(transfers: Vec<Transfer>) -> pb::ListTransfersResponse {
    let transfer = |transfer: Transfer| pb::Transfer {
        sequence: transfer.sequence,
        transfer_id: transfer.transfer_id,
        kind: transfer.kind,
        reference: transfer.reference,
        link: transfer.link.id,
        link_size: transfer.link.size,
        entries: transfer
            .entries
            .iter()
            .map(|entry| pb::Entry { account: entry.account.as_str().to_owned(), amount_fen: entry.amount.0 })
            .collect(),
        at_us: transfer.at.0,
        hash: transfer.hash,
        region: transfer.region,
    };
    pb::ListTransfersResponse { transfers: transfers.into_iter().map(transfer).collect() }
}

/// `AuditLedgerRequest`.
pub fn audit(_: pb::AuditLedgerRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn audit_reply(audited: Audited) -> pb::AuditLedgerResponse {
    let chain = |chain: AuditedChain| pb::AuditedChain {
        region: chain.end.region,
        transfers: chain.transfers,
        sequence: chain.end.sequence,
        head_hash: chain.end.hash,
    };
    pb::AuditLedgerResponse {
        ok: audited.problems.is_empty(),
        transfers: audited.chains.iter().map(|chain| chain.transfers).sum(),
        head_hash: audited.chains.last().map(|chain| chain.end.hash.clone()).unwrap_or_default(),
        problems: audited.problems,
        chains: audited.chains.into_iter().map(chain).collect(),
    }
}
