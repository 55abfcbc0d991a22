//! The statements of the payment channel and of the insurer against our payments, number by number.
//!
//! A statement is a CSV file with a header; only the named columns are read. Values are numbers and words, so that no
//! quoting is needed. After a restore they name what the outside knows and we have forgotten.

use std::collections::{HashMap, HashSet};

use liufang_kernel::Fen;
use liufang_platform::audit::{AuditFault, Difference, Findings};
use liufang_platform::db::Snapshot;

use super::{PAGE, fault};
use crate::domain::payment::{Journal, PaymentState};
use crate::store;
use crate::store::payment::Number;

/// Payments asked for at once.
const CHUNK: usize = 500;

/// A statement that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// One row of the channel's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ChannelRow {
    number: String,
    /// Taken and not given back.
    kept: Fen,
}

/// One row of the insurer's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InsurerRow {
    setl_id: String,
    msgid: String,
    fund: Fen,
    reversed: bool,
}

/// The statements that were handed in.
#[derive(Debug, Default)]
pub struct Statements {
    channel: Option<Vec<ChannelRow>>,
    insurer: Option<Vec<InsurerRow>>,
}

impl Statements {
    /// Reads the channel's: `channel_order_no,amount_fen,refunded_fen,state`.
    ///
    /// # Errors
    /// The line that cannot be read.
    pub fn read_channel(&mut self, text: &str) -> Result<(), Unreadable> {
        let rows = table(text, ["channel_order_no", "amount_fen", "refunded_fen", "state"])?;
        let read = |(line, [number, amount, refunded, state]): (usize, [&str; 4])| {
            let kept = fen(line, amount)? - fen(line, refunded)?;
            let taken = matches!(state, "paid" | "refunded");
            Ok(ChannelRow { number: number.to_owned(), kept: if taken { kept } else { Fen::ZERO } })
        };
        self.channel = Some(rows.into_iter().map(read).collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Reads the insurer's: `setl_id,msgid,fund_pay_sumamt_fen,reversed`.
    ///
    /// # Errors
    /// The line that cannot be read.
    pub fn read_insurer(&mut self, text: &str) -> Result<(), Unreadable> {
        let rows = table(text, ["setl_id", "msgid", "fund_pay_sumamt_fen", "reversed"])?;
        let read = |(line, [setl_id, msgid, fund, reversed]): (usize, [&str; 4])| {
            Ok(InsurerRow {
                setl_id: setl_id.to_owned(),
                msgid: msgid.to_owned(),
                fund: fen(line, fund)?,
                reversed: match reversed.to_lowercase().as_str() {
                    "t" | "true" | "1" => true,
                    "f" | "false" | "0" | "" => false,
                    other => return Err(Unreadable(format!("line {line}: reversed is {other}"))),
                },
            })
        };
        self.insurer = Some(rows.into_iter().map(read).collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Names every difference.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        if let Some(rows) = &self.channel {
            channel(look, rows, found).await?;
        }
        match &self.insurer {
            Some(rows) => insurer(look, rows, found).await,
            None => Ok(()),
        }
    }
}

/// Lines with their values in the order of `columns`; numbers as `line 2` is the first behind the header.
fn table<'a, const N: usize>(
    text: &'a str,
    columns: [&str; N],
) -> Result<Vec<(usize, [&'a str; N])>, Unreadable> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split(',').map(str::trim).collect()).unwrap_or_default();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        let at = header.iter().position(|name| *name == column);
        *place = at.ok_or_else(|| Unreadable(format!("the header lacks {column}")))?;
    }
    let mut rows = Vec::new();
    for (index, line) in lines {
        let values: Vec<&str> = line.split(',').map(str::trim).collect();
        if values.len() != header.len() {
            return Err(Unreadable(format!("line {}: {} values", index + 1, values.len())));
        }
        rows.push((index + 1, places.map(|place| values[place])));
    }
    Ok(rows)
}

fn fen(line: usize, text: &str) -> Result<Fen, Unreadable> {
    text.parse().map(Fen).map_err(|_| Unreadable(format!("line {line}: {text} is not an amount in fen")))
}

/// What is being asked for will be known later.
fn is_open(journal: &Journal) -> bool {
    matches!(journal.state, PaymentState::Pending | PaymentState::Refunding | PaymentState::Authorised)
}

async fn channel(look: &Snapshot, rows: &[ChannelRow], found: &mut Findings) -> Result<(), AuditFault> {
    found.looked_at("channel rows", rows.len());
    for chunk in rows.chunks(CHUNK) {
        let numbers: Vec<String> = chunk.iter().map(|row| row.number.clone()).collect();
        let ours = store::payment::numbered(look.tx(), Number::Channel, &numbers).await.map_err(fault)?;
        let ours: HashMap<&str, &Journal> =
            ours.iter().map(|journal| (journal.channel_order_no.as_str(), journal)).collect();
        for row in chunk {
            let difference =
                |kind, fen: Fen| Difference::new(kind).with("number", row.number.as_str()).with("fen", fen.0);
            match ours.get(row.number.as_str()) {
                None if row.kept.is_zero() => {}
                None => found.push(difference("CHANNEL_UNKNOWN_TO_US", row.kept)),
                Some(journal) if is_open(journal) => {}
                Some(journal) => {
                    let captured = journal.state == PaymentState::Captured;
                    let mut own = if captured { journal.cash } else { Fen::ZERO };
                    if captured && !journal.refunded.is_zero() {
                        own -=
                            store::refund::cash_back(look.tx(), &journal.payment_id).await.map_err(fault)?;
                    }
                    if own != row.kept {
                        let differs = difference("CHANNEL_DIFFERS", row.kept - own);
                        found.push(differs.with("payment_id", journal.payment_id.as_str()));
                    }
                }
            }
        }
    }
    let told: HashSet<&str> = rows.iter().map(|row| row.number.as_str()).collect();
    let mut after = String::new();
    loop {
        let page = store::payment::page(look.tx(), &after, PAGE).await.map_err(fault)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for journal in page.into_iter().filter_map(|(_, journal)| journal) {
            let paid = journal.state == PaymentState::Captured && !journal.channel_cash().is_zero();
            if paid && !told.contains(journal.channel_order_no.as_str()) {
                let unknown = Difference::new("UNKNOWN_TO_CHANNEL").with("number", journal.channel_order_no);
                found.push(unknown.with("fen", journal.cash.0).with("payment_id", journal.payment_id));
            }
        }
    }
}

async fn insurer(look: &Snapshot, rows: &[InsurerRow], found: &mut Findings) -> Result<(), AuditFault> {
    found.looked_at("insurer rows", rows.len());
    for chunk in rows.chunks(CHUNK) {
        let numbers: Vec<String> = chunk.iter().map(|row| row.msgid.clone()).collect();
        let ours = store::payment::numbered(look.tx(), Number::Message, &numbers).await.map_err(fault)?;
        let ours: HashMap<&str, &Journal> =
            ours.iter().map(|journal| (journal.msgid.as_str(), journal)).collect();
        // a reversal stands under a number of its own, which only the log of messages knows
        let sent = store::message::sent(look.tx(), &numbers).await.map_err(fault)?;
        for row in chunk {
            let difference =
                |kind| Difference::new(kind).with("number", row.setl_id.as_str()).with("fen", row.fund.0);
            match ours.get(row.msgid.as_str()) {
                None if row.reversed || sent.contains(&row.msgid) => {}
                None => found.push(difference("INSURER_UNKNOWN_TO_US")),
                Some(journal) if is_open(journal) => {}
                Some(journal) => {
                    let captured = journal.state == PaymentState::Captured;
                    let ended = matches!(journal.state, PaymentState::Captured | PaymentState::Refunded);
                    if ended && captured == row.reversed {
                        let differs = difference("INSURER_DIFFERS");
                        found.push(differs.with("payment_id", journal.payment_id.as_str()));
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_by_the_names_of_their_columns() {
        let mut statements = Statements::default();
        statements
            .read_channel("\u{feff}state,channel_order_no,amount_fen,refunded_fen\r\npaid,LF1,500,200\r\nopen,LF2,9,0\r\n")
            .unwrap();
        let row = |number: &str, kept| ChannelRow { number: number.into(), kept: Fen(kept) };
        assert_eq!(statements.channel, Some(vec![row("LF1", 300), row("LF2", 0)]));
        statements.read_insurer("setl_id,msgid,fund_pay_sumamt_fen,reversed\nS1,M1,7,False\n").unwrap();
        assert!(!statements.insurer.unwrap()[0].reversed);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |text: &str| Statements::default().read_channel(text).unwrap_err().to_string();
        assert_eq!(read(""), "the header lacks channel_order_no");
        let header = "channel_order_no,amount_fen,refunded_fen,state\n";
        assert_eq!(read(&format!("{header}LF1,5.00,0,paid\n")), "line 2: 5.00 is not an amount in fen");
        assert_eq!(read(&format!("{header}LF1,5\n")), "line 2: 2 values");
    }
}
