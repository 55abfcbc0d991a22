//! The arithmetic of a combined order 医保混合收款: what insurance pays and what the channel takes (`domain.md` §2.3).

use crate::{Class, Fen, ReasonDoc};

/// A channel's order number names one order: whoever serves the hook says so in the same words.
pub static AMOUNT_DIFFERS: ReasonDoc = ReasonDoc::new(
    "CHANNEL_ORDER_AMOUNT_DIFFERS",
    Class::AlreadyExists,
    "该渠道订单号已用于其他金额",
    "the channel order number was used with another amount",
);

/// Why a channel takes another amount than the insurance left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddType {
    /// `DEFAULT_ADD_TYPE`
    Other,
    /// Delivery and packing: outside the insured amount.
    Freight,
    /// `OTHER_MEDICAL_EXPENSES`: goods that no insurance knows.
    Medical,
}

impl AddType {
    pub const ALL: [AddType; 3] = [AddType::Other, AddType::Freight, AddType::Medical];

    pub const fn word(self) -> &'static str {
        match self {
            AddType::Other => "DEFAULT_ADD_TYPE",
            AddType::Freight => "FREIGHT",
            AddType::Medical => "OTHER_MEDICAL_EXPENSES",
        }
    }

    pub fn from_word(word: &str) -> Option<AddType> {
        AddType::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// `mix_pay_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixPay {
    CashOnly,
    InsuranceOnly,
    CashAndInsurance,
}

/// A combined order, all amounts in fen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// `total_fee`: the insured purchase.
    pub total: Fen,
    /// `med_ins_gov_fee`: pool 统筹.
    pub fund: Fen,
    /// `med_ins_self_fee`: own account 个账.
    pub account: Fen,
    /// `med_ins_other_fee`: relatives' accounts.
    pub other: Fen,
    /// `med_ins_cash_fee`: left by the insurance.
    pub cash: Fen,
    /// `cash_add_detail`
    pub added: Vec<(AddType, Fen)>,
    /// `cash_reduce_detail`
    pub reduced: Vec<Fen>,
    /// `wechat_pay_cash_fee`: what the channel takes.
    pub taken: Fen,
}

/// What does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombinedMistake {
    #[error("an amount is negative, or a change of cash is not positive")]
    Negative,
    #[error("total_fee is not the sum of its parts")]
    Total,
    #[error("wechat_pay_cash_fee is not med_ins_cash_fee with what is added and without what is taken off")]
    Cash,
    #[error("another amount is asked of the channel than wechat_pay_cash_fee")]
    Asked,
    #[error("freight is not what cash_add_detail says of it")]
    Freight,
}

impl Combined {
    /// Delivery and packing among what is added.
    pub fn freight(&self) -> Option<Fen> {
        let freight = self.added.iter().filter(|(kind, _)| *kind == AddType::Freight);
        sum(freight.map(|(_, fee)| *fee))
    }

    /// Whether the order adds up, and is the one that the channel is asked for.
    ///
    /// # Errors
    /// The first identity that does not hold; a sum out of range holds none.
    pub fn check(&self, asked: Fen, freight: Fen) -> Result<MixPay, CombinedMistake> {
        let parts = [self.fund, self.account, self.other, self.cash];
        let changes = self.added.iter().map(|(_, fee)| *fee).chain(self.reduced.iter().copied());
        let negative = |fee: &Fen| *fee < Fen::ZERO;
        if parts.iter().any(negative)
            || negative(&self.taken)
            || changes.into_iter().any(|fee| fee <= Fen::ZERO)
        {
            return Err(CombinedMistake::Negative);
        }
        if sum(parts) != Some(self.total) {
            return Err(CombinedMistake::Total);
        }
        let added = sum(self.added.iter().map(|(_, fee)| *fee));
        let with = added.and_then(|added| self.cash.checked_add(added));
        let left = with.zip(sum(self.reduced.iter().copied())).and_then(|(with, off)| with.checked_sub(off));
        if left != Some(self.taken) {
            return Err(CombinedMistake::Cash);
        }
        if self.taken != asked {
            return Err(CombinedMistake::Asked);
        }
        if self.freight() != Some(freight) {
            return Err(CombinedMistake::Freight);
        }
        let insured = self.cash < self.total;
        Ok(match (insured, self.taken.is_zero()) {
            (false, _) => MixPay::CashOnly,
            (true, true) => MixPay::InsuranceOnly,
            (true, false) => MixPay::CashAndInsurance,
        })
    }
}

fn sum(fees: impl IntoIterator<Item = Fen>) -> Option<Fen> {
    fees.into_iter().try_fold(Fen::ZERO, Fen::checked_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order() -> Combined {
        Combined {
            total: Fen(10_000),
            fund: Fen(5_000),
            account: Fen(2_000),
            other: Fen(1_000),
            cash: Fen(2_000),
            added: vec![(AddType::Freight, Fen(800)), (AddType::Medical, Fen(300))],
            reduced: vec![Fen(100)],
            taken: Fen(3_000),
        }
    }

    #[test]
    fn freight_stands_outside_the_insured_amount() {
        assert_eq!(order().check(Fen(3_000), Fen(800)), Ok(MixPay::CashAndInsurance));
        assert_eq!(order().check(Fen(3_000), Fen(0)), Err(CombinedMistake::Freight));
        assert_eq!(order().check(Fen(2_999), Fen(800)), Err(CombinedMistake::Asked));
        let inside = Combined { total: Fen(10_800), ..order() };
        assert_eq!(inside.check(Fen(3_000), Fen(800)), Err(CombinedMistake::Total));
    }

    #[test]
    fn the_kind_follows_from_the_amounts() {
        let none = Combined { total: Fen(5), cash: Fen(5), taken: Fen(5), ..Combined::default() };
        assert_eq!(none.check(Fen(5), Fen(0)), Ok(MixPay::CashOnly));
        let all = Combined { total: Fen(5), fund: Fen(5), ..Combined::default() };
        assert_eq!(all.check(Fen(0), Fen(0)), Ok(MixPay::InsuranceOnly));
        let free = Combined { added: vec![(AddType::Freight, Fen(0))], ..all };
        assert_eq!(free.check(Fen(0), Fen(0)), Err(CombinedMistake::Negative));
        let vast = Combined { fund: Fen(i64::MAX), account: Fen(1), ..Combined::default() };
        assert_eq!(vast.check(Fen(0), Fen(0)), Err(CombinedMistake::Total));
    }

    proptest! {
        /// What adds up is taken; with one amount changed by anything it is refused.
        #[test]
        fn one_changed_amount_is_refused(
            parts in prop::array::uniform4(0_i64..1_000_000),
            freight in 0_i64..10_000,
            medical in 0_i64..10_000,
            off in 0_i64..10_000,
            place in 0_usize..8,
            by in prop_oneof![-10_000_i64..=-1, 1_i64..10_000],
        ) {
            let [fund, account, other, cash] = parts.map(Fen);
            let named = |kind, fee: i64| (fee > 0).then_some((kind, Fen(fee)));
            let taken = cash.0 + freight + medical - off;
            prop_assume!(taken >= 0);
            let order = Combined {
                total: Fen(parts.iter().sum()), fund, account, other, cash,
                added: named(AddType::Freight, freight).into_iter().chain(named(AddType::Medical, medical)).collect(),
                reduced: (off > 0).then_some(Fen(off)).into_iter().collect(),
                taken: Fen(taken),
            };
            prop_assert!(order.check(Fen(taken), Fen(freight)).is_ok());
            let mut bent = order.clone();
            match place {
                0 => bent.total.0 += by,
                1 => bent.fund.0 += by,
                2 => bent.account.0 += by,
                3 => bent.other.0 += by,
                4 => bent.cash.0 += by,
                5 => bent.taken.0 += by,
                6 => bent.added.push((AddType::Freight, Fen(by))),
                _ => bent.reduced.push(Fen(by)),
            }
            prop_assert!(bent.check(Fen(taken), Fen(freight)).is_err());
        }
    }
}
