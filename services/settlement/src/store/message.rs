//! The log of messages to the insurer.

use std::collections::{BTreeMap, HashSet};

use liufang_kernel::Timestamp;
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::Rows;
use sea_orm::ConnectionTrait;
#[cfg(test)]
use sea_orm::QueryResult;

use super::{all, exec};
use crate::domain::payment::{Journal, Message};
use crate::error::SettlementError;

/// A message about to be sent.
pub struct Sending<'a> {
    pub message: Message<'a>,
    /// The payment.
    pub reference: &'a str,
    pub at: Timestamp,
}

impl Sending<'_> {
    /// What a payment's step sends next, if it sends a message.
    pub fn of(journal: &Journal, at: Timestamp) -> Option<Sending<'_>> {
        Some(Sending { message: journal.message()?, reference: &journal.payment_id, at })
    }
}

/// As [`sending`], of several messages.
pub fn sending_all(
    conn: &impl ConnectionTrait,
    messages: &[Sending<'_>],
) -> Result<Option<Part>, SettlementError> {
    let columns = ["msgid", "infno", "reference", "sent_at_us", "sends", "outcome", "answered_at_us"];
    let mut rows = Rows::new(&columns);
    for Sending { message, reference, at } in messages {
        rows.push([
            message.msgid.into(),
            message.infno.into(),
            (*reference).into(),
            at.0.into(),
            1_i64.into(),
            "".into(),
            0_i64.into(),
        ]);
    }
    let once = "ON CONFLICT (msgid) DO UPDATE SET sends = insurer_message.sends + 1";
    Ok(rows.inserted(conn, "insurer_message", once)?)
}

/// As [`answered`], of several messages.
pub fn answered_all(
    conn: &impl ConnectionTrait,
    answers: &BTreeMap<&str, &'static str>,
    now: Timestamp,
) -> Result<Option<Part>, SettlementError> {
    let mut rows = Rows::new(&["msgid", "outcome", "at_us"]);
    for (msgid, outcome) in answers {
        rows.push([(*msgid).into(), (*outcome).into(), now.0.into()]);
    }
    let update = |rows: &str| {
        format!(
            "UPDATE insurer_message SET outcome = v.outcome, answered_at_us = v.at_us FROM {rows} \
             WHERE insurer_message.msgid = v.msgid"
        )
    };
    Ok(rows.part(|| rows.joined(conn, update).map(Part::silent))?)
}

/// Notes that a message is about to be sent; a repeat under its number is counted.
pub async fn sending(
    conn: &impl ConnectionTrait,
    message: &Message<'_>,
    reference: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO insurer_message (msgid, infno, reference, sent_at_us, sends, outcome, answered_at_us) \
               VALUES ($1, $2, $3, $4, 1, '', 0) \
               ON CONFLICT (msgid) DO UPDATE SET sends = insurer_message.sends + 1";
    exec(conn, sql, [message.msgid.into(), message.infno.into(), reference.into(), now.0.into()]).await?;
    Ok(())
}

/// Notes what became of a message; the newest word stands.
pub async fn answered(
    conn: &impl ConnectionTrait,
    msgid: &str,
    outcome: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "UPDATE insurer_message SET outcome = $1, answered_at_us = $2 WHERE msgid = $3";
    exec(conn, sql, [outcome.into(), now.0.into(), msgid.into()]).await?;
    Ok(())
}

/// A row of the log.
#[cfg(test)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub msgid: String,
    pub infno: String,
    /// The payment, or the quote of a trial.
    pub reference: String,
    pub sent_at: Timestamp,
    /// How often it was sent.
    pub sends: i64,
    /// Empty: no answer yet.
    pub outcome: String,
    pub answered_at: Timestamp,
}

#[cfg(test)]
fn logged(row: &QueryResult) -> Result<Logged, SettlementError> {
    Ok(Logged {
        msgid: row.try_get("", "msgid")?,
        infno: row.try_get("", "infno")?,
        reference: row.try_get("", "reference")?,
        sent_at: Timestamp(row.try_get("", "sent_at_us")?),
        sends: row.try_get("", "sends")?,
        outcome: row.try_get("", "outcome")?,
        answered_at: Timestamp(row.try_get("", "answered_at_us")?),
    })
}

/// Those of `numbers` that were ever sent.
pub async fn sent(
    conn: &impl ConnectionTrait,
    numbers: &[String],
) -> Result<HashSet<String>, SettlementError> {
    let places: Vec<String> = (1..=numbers.len()).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT msgid FROM insurer_message WHERE msgid IN ({})", places.join(", "));
    let rows = all(conn, &sql, numbers.iter().map(|number| number.as_str().into())).await?;
    rows.iter().map(|row| Ok(row.try_get("", "msgid")?)).collect()
}

/// The messages about a payment or quote, oldest first.
#[cfg(test)]
pub async fn about(conn: &impl ConnectionTrait, reference: &str) -> Result<Vec<Logged>, SettlementError> {
    let sql = "SELECT msgid, infno, reference, sent_at_us, sends, outcome, answered_at_us FROM insurer_message \
               WHERE reference = $1 ORDER BY sent_at_us, msgid";
    all(conn, sql, [reference.into()]).await?.iter().map(logged).collect()
}
