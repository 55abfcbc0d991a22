//! Sets of transfers that are booked together or not at all.

use serde::{Deserialize, Serialize};

use super::transfer::Draft;

/// Which set a transfer belongs to; empty when it stands alone. It is part of what the chain hashes, so a set that was
/// whole cannot lose a member unnoticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub id: String,
    /// How many transfers of the same chain are in the set.
    pub size: i64,
}

/// A set of drafts, in the order in which they are booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked(Vec<Draft>);

impl Linked {
    /// Links the drafts under `id`, which no other set has. Drafts that move nothing leave no trace and are not counted.
    pub fn new(id: &str, drafts: Vec<Draft>) -> Linked {
        let drafts: Vec<Draft> = drafts.into_iter().filter(|draft| !draft.entries().is_empty()).collect();
        let link = Link { id: id.to_owned(), size: i64::try_from(drafts.len()).unwrap_or(i64::MAX) };
        Linked(drafts.into_iter().map(|draft| draft.linked(link.clone())).collect())
    }

    pub fn drafts(&self) -> &[Draft] {
        &self.0
    }

    pub fn into_drafts(self) -> Vec<Draft> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::{Fen, Timestamp};

    use super::*;
    use crate::domain::ledger::{Account, ChainEnd, Entry, GENESIS, TransferKind};

    fn draft(reference: &str, fen: i64) -> Draft {
        let entries = vec![
            Entry { account: Account::person("p"), amount: Fen(fen) },
            Entry { account: Account::fund("130300", "310"), amount: Fen(-fen) },
        ];
        Draft::new(TransferKind::Credit, reference, entries, Timestamp(1)).unwrap()
    }

    #[test]
    fn a_set_counts_what_moves_something() {
        let set = Linked::new("set", vec![draft("a", 1), draft("b", 0), draft("c", 3)]);
        let sizes: Vec<(&str, i64)> =
            set.drafts().iter().map(|draft| (draft.reference(), draft.link().size)).collect();
        assert_eq!(sizes, [("a", 2), ("c", 2)]);
    }

    #[test]
    fn the_hash_covers_the_set_and_old_texts_stand() {
        let end = ChainEnd { region: "130300".into(), sequence: 0, hash: GENESIS.into() };
        let text = |draft: Draft| draft.place(&end, "trf_1".into(), str::to_owned).hash;
        let alone = text(draft("a", 1));
        assert!(alone.starts_with("liufang-ledger-2\n130300\n0000"), "{alone}");
        let of = |id: &str, more: Vec<Draft>| {
            let drafts = std::iter::once(draft("a", 1)).chain(more).collect();
            text(Linked::new(id, drafts).into_drafts().remove(0))
        };
        let linked = of("set", vec![draft("b", 2)]);
        assert!(linked.starts_with("liufang-ledger-3\n130300\n3:set:2\n0000"), "{linked}");
        assert!(linked != of("sex", vec![draft("b", 2)]) && linked != of("set", vec![]));
        assert!(linked.ends_with(&alone["liufang-ledger-2\n130300".len()..]), "the rest reads as it did");
    }
}
