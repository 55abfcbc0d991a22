//! The ledger on the wire.

use liufang_kernel::{Fen, Violations};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use crate::app::ledger::{Audited, TransferQuery};
use crate::domain::ledger::{Account, Transfer};

/// `GetTrialBalanceRequest`.
pub fn trial_balance(_: pb::GetTrialBalanceRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn trial_balance_reply(balances: Vec<(Account, Fen)>) -> pb::GetTrialBalanceResponse {
    let row = |(account, balance): &(Account, Fen)| pb::AccountBalance {
        account: account.as_str().to_owned(),
        balance_fen: balance.0,
    };
    pb::GetTrialBalanceResponse {
        sum_fen: balances.iter().map(|(_, balance)| balance.0).sum(),
        balances: balances.iter().map(row).collect(),
    }
}

/// `ListTransfersRequest`.
pub fn transfers(request: pb::ListTransfersRequest, _: &CallMeta) -> Result<TransferQuery, Violations> {
    let mut violations = Violations::new();
    violations.check(request.after_sequence >= 0, "after_sequence", "must not be negative");
    violations.check((0..=500).contains(&request.page_size), "page_size", "must be between 1 and 500");
    let reference = violations.optional_text("reference", &request.reference, 100);
    let size = if request.page_size == 0 { 100 } else { i64::from(request.page_size) };
    violations.finish(Some(TransferQuery { after: request.after_sequence, reference, size }))
}

pub fn transfers_reply(transfers: Vec<Transfer>) -> pb::ListTransfersResponse {
    let transfer = |transfer: Transfer| pb::Transfer {
        sequence: transfer.sequence,
        transfer_id: transfer.transfer_id,
        kind: transfer.kind,
        reference: transfer.reference,
        entries: transfer
            .entries
            .iter()
            .map(|entry| pb::Entry { account: entry.account.as_str().to_owned(), amount_fen: entry.amount.0 })
            .collect(),
        at_us: transfer.at.0,
        hash: transfer.hash,
    };
    pb::ListTransfersResponse { transfers: transfers.into_iter().map(transfer).collect() }
}

/// `AuditLedgerRequest`.
pub fn audit(_: pb::AuditLedgerRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn audit_reply(audited: Audited) -> pb::AuditLedgerResponse {
    pb::AuditLedgerResponse {
        ok: audited.problems.is_empty(),
        transfers: audited.transfers,
        head_hash: audited.head_hash,
        problems: audited.problems,
    }
}
