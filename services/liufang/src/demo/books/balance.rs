//! The trial balance, the ledger's audit, and the outside parties' whole books.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use liufang_proto::sandbox::v1::{ListChannelBookRequest, ListInsurerBookRequest};
use liufang_proto::settlement::v1::{AccountBalance, AuditLedgerRequest, GetTrialBalanceRequest};

use super::super::stage::Stage;
use super::super::story::{Story, yuan};

/// Shows every account, and fails unless they sum to zero and every book outside agrees.
pub async fn trial_balance(stage: &Stage, story: &mut Story<'_>) -> Result<()> {
    let (balances, stated) = all_balances(stage).await?;
    let mut groups: BTreeMap<String, (usize, i64)> = BTreeMap::new();
    for row in &balances {
        // personal accounts are told together
        let name = match row.account.starts_with("person:") {
            true => "person:* 个人账户".to_owned(),
            false => row.account.clone(),
        };
        let group = groups.entry(name).or_default();
        *group = (group.0 + 1, group.1 + row.balance_fen);
    }
    let rows = groups.iter().map(|(name, (count, fen))| {
        let count = if *count == 1 { String::new() } else { format!("{count} accounts") };
        vec![name.clone(), count, yuan(*fen)]
    });
    story.table(&rows.collect::<Vec<_>>());
    let sum: i64 = balances.iter().map(|row| row.balance_fen).sum();
    ensure!(sum == 0 && stated == 0, "the trial balance is {sum}, stated {stated}");
    outside_books(stage, &balances).await?;
    let audit = stage.operator.audit_ledger(AuditLedgerRequest {}).await?;
    ensure!(audit.ok, "the ledger's audit found: {}", audit.problems.join("; "));
    story.say(format!(
        "sum {}; {} transfers, hash chain and every invariant checked",
        yuan(sum),
        audit.transfers
    ));
    story.say("the channels' and the insurer's whole books add up to the ledger's accounts");
    for chain in &audit.chains {
        let head: String = chain.head_hash.chars().take(16).collect();
        story.say(format!("head of the chain of region {} {head}…", chain.region));
    }
    Ok(())
}

/// Page by page; and the sum as the ledger states it.
async fn all_balances(stage: &Stage) -> Result<(Vec<AccountBalance>, i64)> {
    let mut balances = Vec::new();
    let mut body = GetTrialBalanceRequest::default();
    loop {
        let page = stage.operator.get_trial_balance(body.clone()).await?;
        balances.extend(page.balances);
        if page.next_page_token.is_empty() {
            return Ok((balances, page.sum_fen));
        }
        body.page_token = page.next_page_token;
    }
}

/// The outside parties' whole books against the ledger: what channels collected and kept, what the agency paid out.
async fn outside_books(stage: &Stage, balances: &[AccountBalance]) -> Result<()> {
    let ledger = |prefix: &str| -> i64 {
        balances.iter().filter(|row| row.account.starts_with(prefix)).map(|row| row.balance_fen).sum()
    };
    let channel = stage.public.list_channel_book(ListChannelBookRequest::default()).await?.rows;
    let paid = channel.iter().filter(|row| row.state == "paid" || row.state == "refunded");
    let kept: i64 = paid.map(|row| row.amount_fen - row.refunded_fen).sum();
    ensure!(kept == -ledger("channel:"), "channels kept {kept}, the ledger says {}", -ledger("channel:"));
    let insurer = stage.public.list_insurer_book(ListInsurerBookRequest::default()).await?.rows;
    // no region that counts relatives inside acct_pay lets them pay, so nothing is counted twice
    let settled: i64 = insurer
        .iter()
        .filter(|row| !row.reversed)
        .map(|row| row.fund_pay_sumamt_fen + row.acct_pay_fen + row.acct_mulaid_pay_fen)
        .sum();
    ensure!(settled == ledger("bank:"), "the insurer settled {settled}, the agency paid {}", ledger("bank:"));
    Ok(())
}
