//! Transfers: balanced entries with a place in the chain.

use liufang_kernel::{Fen, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::linked::Link;

/// What a transfer books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Money put into a personal account.
    Credit,
    /// A captured payment.
    Capture,
    /// Its mirror.
    Refund,
    /// The agency pays a claim.
    ClaimPayment,
    /// A channel pays out what it collected, less its fee.
    ChannelPayout,
    /// A channel's fee by itself, where it is not taken from a payout.
    ChannelFee,
    /// Money that came or went and that nobody can name yet.
    SuspenseIn,
    /// It was named, or is back where it came from.
    SuspenseOut,
}

impl TransferKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TransferKind::Credit => "credit",
            TransferKind::Capture => "capture",
            TransferKind::Refund => "refund",
            TransferKind::ClaimPayment => "claim_payment",
            TransferKind::ChannelPayout => "channel_payout",
            TransferKind::ChannelFee => "channel_fee",
            TransferKind::SuspenseIn => "suspense_in",
            TransferKind::SuspenseOut => "suspense_out",
        }
    }
}

/// One posting; debit positive, credit negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub account: Account,
    pub amount: Fen,
}

/// Entries that do not sum to zero, or none at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entries of a transfer sum to {0} fen")]
pub struct Unbalanced(pub i128);

/// A transfer that may be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    kind: TransferKind,
    reference: String,
    entries: Vec<Entry>,
    at: Timestamp,
    link: Link,
}

/// Sum that cannot wrap.
pub(super) fn sum(entries: &[Entry]) -> i128 {
    entries.iter().map(|entry| i128::from(entry.amount.0)).sum()
}

impl Draft {
    /// Leaves entries of nothing out.
    ///
    /// # Errors
    /// [`Unbalanced`] when the sum is not zero.
    pub fn new(
        kind: TransferKind,
        reference: &str,
        mut entries: Vec<Entry>,
        at: Timestamp,
    ) -> Result<Draft, Unbalanced> {
        entries.retain(|entry| !entry.amount.is_zero());
        match sum(&entries) {
            0 => Ok(Draft { kind, reference: reference.to_owned(), entries, at, link: Link::default() }),
            sum => Err(Unbalanced(sum)),
        }
    }

    pub fn kind(&self) -> TransferKind {
        self.kind
    }

    pub fn reference(&self) -> &str {
        &self.reference
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn linked(self, link: Link) -> Draft {
        Draft { link, ..self }
    }

    /// Whether `other` books the very same under the same client id (kind and reference). When it happened is not part of
    /// it: a repeat comes later.
    pub fn is_repeat_of(&self, other: &Transfer) -> bool {
        self.kind.as_str() == other.kind
            && self.reference == other.reference
            && self.entries == other.entries
            && self.link == other.link
    }

    /// Gives the draft its place at the end of a chain.
    pub fn place(self, end: &ChainEnd, transfer_id: String, hash: fn(&str) -> String) -> Transfer {
        let mut transfer = Transfer {
            region: end.region.clone(),
            sequence: end.sequence + 1,
            transfer_id,
            kind: self.kind.as_str().to_owned(),
            reference: self.reference,
            entries: self.entries,
            at: self.at,
            link: self.link,
            hash: String::new(),
        };
        transfer.hash = hash(&transfer.canonical(&end.hash));
        transfer
    }
}

/// Where a chain ends: what the next transfer follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    /// Empty for the chain of the whole installation, from before each region had its own.
    pub region: String,
    pub sequence: i64,
    pub hash: String,
}

/// A posted transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose chain it stands in; empty for that of the whole installation.
    pub region: String,
    /// Grows by one within the chain.
    pub sequence: i64,
    pub transfer_id: String,
    pub kind: String,
    /// Payment, claim or import row it belongs to; unique for its kind.
    pub reference: String,
    pub entries: Vec<Entry>,
    pub at: Timestamp,
    /// The set it stands or falls with.
    #[serde(default)]
    pub link: Link,
    /// SHA-256 over [`Transfer::canonical`], hex.
    pub hash: String,
}

impl Transfer {
    /// Asserted on reading, as [`Draft::new`] asserts it on writing.
    pub fn is_balanced(&self) -> bool {
        sum(&self.entries) == 0
    }

    /// The text that is hashed. Lengths stand before free text, so no two transfers share one.
    pub fn canonical(&self, previous: &str) -> String {
        // the regions' chains begin at the same hash, so a transfer says in which it stands
        let head = match (self.region.as_str(), &self.link) {
            (region, Link { id, size }) if !id.is_empty() => {
                format!("liufang-ledger-3\n{region}\n{}:{id}:{size}", id.len())
            }
            ("", _) => "liufang-ledger-1".to_owned(),
            (region, _) => format!("liufang-ledger-2\n{region}"),
        };
        let mut text = format!(
            "{head}\n{previous}\n{}\n{}\n{}\n{}:{}\n{}",
            self.sequence,
            self.transfer_id,
            self.kind,
            self.reference.len(),
            self.reference,
            self.at.0,
        );
        for entry in &self.entries {
            let account = entry.account.as_str();
            text.push_str(&format!("\n{}:{account}={}", account.len(), entry.amount.0));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GENESIS, Linked};
    use super::*;

    #[test]
    fn every_kind_is_stored_as_it_is_told() {
        let kinds = [
            TransferKind::Credit,
            TransferKind::Capture,
            TransferKind::Refund,
            TransferKind::ClaimPayment,
            TransferKind::ChannelPayout,
            TransferKind::ChannelFee,
            TransferKind::SuspenseIn,
            TransferKind::SuspenseOut,
        ];
        let words = ["credit", "capture", "refund", "claim_payment", "channel_payout", "channel_fee"];
        let words: Vec<&str> = words.into_iter().chain(["suspense_in", "suspense_out"]).collect();
        assert_eq!(kinds.map(TransferKind::as_str).as_slice(), words);
        for kind in kinds {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_repeat_says_the_same_whenever_it_comes() {
        let draft = |kind, reference: &str, fen: i64, at: i64| {
            let entry = |account, fen| Entry { account, amount: Fen(fen) };
            let entries = vec![entry(Account::bank("P1"), fen), entry(Account::till("P1"), -fen)];
            Draft::new(kind, reference, entries, Timestamp(at)).unwrap()
        };
        let end = ChainEnd { region: String::new(), sequence: 0, hash: GENESIS.to_owned() };
        let there = draft(TransferKind::Credit, "r", 5, 1).place(&end, "trf".into(), str::to_owned);
        assert!(draft(TransferKind::Credit, "r", 5, 2).is_repeat_of(&there));
        let linked = Linked::new("set", vec![draft(TransferKind::Credit, "r", 5, 1)]).into_drafts();
        let others = [
            draft(TransferKind::Refund, "r", 5, 1),
            draft(TransferKind::Credit, "s", 5, 1),
            draft(TransferKind::Credit, "r", 6, 1),
        ];
        for other in others.iter().chain(&linked) {
            assert!(!other.is_repeat_of(&there), "{other:?}");
        }
        let mut bent = there.clone();
        bent.entries[0].amount += Fen(1);
        assert!(there.is_balanced() && !bent.is_balanced());
    }
}
