//! Daily totals (3201), their comparison with the institution's books, and claims (`domain.md` §5.2).

use std::collections::BTreeMap;

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

/// One call of 3201 is for one of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TotalKey {
    pub insutype: String,
    /// 11 outpatient, 41 pharmacy.
    pub clr_type: String,
    /// Clearing agency, `setl_optins`.
    pub agency: String,
    /// Refunds are rows of their own.
    pub refund: bool,
}

/// Amounts of a row; negative on refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    pub medical: Fen,
    pub fund: Fen,
    /// Own and relatives' accounts.
    pub account: Fen,
    pub cash: Fen,
    pub count: i64,
}

/// Rows of a day by key.
pub type DayTotals = BTreeMap<TotalKey, Amounts>;

/// `clr_type` by the first letter of the institution code (`domain.md` §6.2).
pub fn clr_type(fixmedins_code: &str) -> &'static str {
    if fixmedins_code.starts_with('P') { "41" } else { "11" }
}

/// Every difference between our totals (the centre) and the institution's, named like the row results of 3202: 101
/// centre has more, 102 institution has more, 103 amounts differ.
pub fn differences(ours: &DayTotals, theirs: &DayTotals) -> Vec<String> {
    let mut found = Vec::new();
    for (key, own) in ours {
        match theirs.get(key) {
            None => found.push(format!("101 CENTRE_HAS_MORE {}", name(key))),
            Some(other) => found.extend(amounts_differ(key, own, other)),
        }
    }
    for key in theirs.keys().filter(|key| !ours.contains_key(key)) {
        found.push(format!("102 INSTITUTION_HAS_MORE {}", name(key)));
    }
    found
}

fn name(key: &TotalKey) -> String {
    let TotalKey { insutype, clr_type, agency, refund } = key;
    format!(
        "insutype={insutype} clr_type={clr_type} setl_optins={agency} refd_setl_flag={}",
        u8::from(*refund)
    )
}

fn amounts_differ(key: &TotalKey, ours: &Amounts, theirs: &Amounts) -> Vec<String> {
    let pairs = [
        ("medfee_sumamt", ours.medical, theirs.medical),
        ("fund_pay_sumamt", ours.fund, theirs.fund),
        ("acct_pay", ours.account, theirs.account),
        ("cash_payamt", ours.cash, theirs.cash),
    ];
    let mut found: Vec<String> = pairs
        .into_iter()
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(field, ours, theirs)| {
            format!("103 AMOUNTS_DIFFER {} {field} centre={ours} institution={theirs}", name(key))
        })
        .collect();
    if ours.count != theirs.count {
        found.push(format!(
            "103 AMOUNTS_DIFFER {} fixmedins_setl_cnt centre={} institution={}",
            name(key),
            ours.count,
            theirs.count
        ));
    }
    found
}

/// What each agency owes for the day: fund and accounts, refunds taken off. Agencies with nothing to settle are left
/// out; a day of refunds alone is a negative claim.
pub fn claims(ours: &DayTotals) -> BTreeMap<String, Fen> {
    let mut owed: BTreeMap<String, Fen> = BTreeMap::new();
    for (key, amounts) in ours {
        *owed.entry(key.agency.clone()).or_default() += amounts.fund + amounts.account;
    }
    owed.retain(|_, amount| !amount.is_zero());
    owed
}

/// Clearing status (`domain.md` §5.2): 10 applied, 20 accepted, 50 cleared; an appeal leaves it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    Applied,
    Approved,
    /// The institution objects to a cut; the agency looks again.
    Appealed,
    Paid,
}

impl ClaimState {
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimState::Applied => "applied",
            ClaimState::Approved => "approved",
            ClaimState::Appealed => "appealed",
            ClaimState::Paid => "paid",
        }
    }

    pub fn parse(text: &str) -> Option<ClaimState> {
        [ClaimState::Applied, ClaimState::Approved, ClaimState::Appealed, ClaimState::Paid]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A claim of one institution for one day against one agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub claim_id: String,
    pub fixmedins_code: String,
    pub agency: String,
    pub stmt_date: String,
    pub state: ClaimState,
    pub claimed: Fen,
    pub deducted: Fen,
    pub paid: Fen,
    pub deduction_reason: String,
}

/// Why a claim does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// It is not in the state the step needs.
    State(ClaimState),
    /// More is cut than is claimed.
    DeductionTooLarge,
    /// More is paid than is left.
    PaymentTooLarge,
}

/// What one payment of an agency moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paying {
    pub amount: Fen,
    /// With the last payment what was cut is booked, and the receivable closes.
    pub closes: bool,
}

/// The client id of the n-th payment of a claim in the ledger.
pub fn payment_reference(claim_id: &str, payment_no: i64) -> String {
    if payment_no == 1 { claim_id.to_owned() } else { format!("{claim_id}/{payment_no}") }
}

impl Claim {
    /// What is left to pay.
    pub fn due(&self) -> Fen {
        self.claimed - self.deducted - self.paid
    }

    /// The agency's review, also of an appeal.
    ///
    /// # Errors
    /// Not applied any more, or a cut beyond the claim.
    pub fn review(&mut self, deducted: Fen, reason: &str) -> Result<(), ClaimRefusal> {
        if !matches!(self.state, ClaimState::Applied | ClaimState::Appealed) {
            return Err(ClaimRefusal::State(self.state));
        }
        if deducted < Fen::ZERO || deducted > self.claimed.or_zero() {
            return Err(ClaimRefusal::DeductionTooLarge);
        }
        self.deducted = deducted;
        self.deduction_reason = reason.to_owned();
        self.state = ClaimState::Approved;
        Ok(())
    }

    /// The institution's objection to a cut.
    ///
    /// # Errors
    /// Nothing was cut, or something is paid already: who took a part has agreed to the whole.
    pub fn appeal(&mut self) -> Result<(), ClaimRefusal> {
        if self.state != ClaimState::Approved || self.deducted.is_zero() || !self.paid.is_zero() {
            return Err(ClaimRefusal::State(self.state));
        }
        self.state = ClaimState::Appealed;
        Ok(())
    }

    /// The agency's payment of all that is left, or of a part of it.
    ///
    /// # Errors
    /// Not approved, or paid already; more than is left, or a part of a claim of refunds, which is settled whole.
    pub fn pay(&mut self, part: Option<Fen>) -> Result<Paying, ClaimRefusal> {
        if self.state != ClaimState::Approved {
            return Err(ClaimRefusal::State(self.state));
        }
        let due = self.due();
        let amount = part.unwrap_or(due);
        if amount != due && !(Fen::ZERO < amount && amount < due) {
            return Err(ClaimRefusal::PaymentTooLarge);
        }
        self.paid += amount;
        let closes = self.due().is_zero();
        if closes {
            self.state = ClaimState::Paid;
        }
        Ok(Paying { amount, closes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(refund: bool) -> TotalKey {
        TotalKey { insutype: "310".into(), clr_type: "41".into(), agency: "130300".into(), refund }
    }

    fn amounts(fund: i64, account: i64, count: i64) -> Amounts {
        Amounts {
            medical: Fen(fund + account),
            fund: Fen(fund),
            account: Fen(account),
            cash: Fen::ZERO,
            count,
        }
    }

    #[test]
    fn every_difference_is_named() {
        let ours = DayTotals::from([(key(false), amounts(800, 200, 2)), (key(true), amounts(-80, 0, 1))]);
        assert!(differences(&ours, &ours).is_empty());
        let theirs = DayTotals::from([
            (key(false), amounts(800, 100, 3)),
            (TotalKey { insutype: "390".into(), ..key(false) }, amounts(1, 0, 1)),
        ]);
        expect_test::expect![[r#"
            103 AMOUNTS_DIFFER insutype=310 clr_type=41 setl_optins=130300 refd_setl_flag=0 medfee_sumamt centre=10.00 institution=9.00
            103 AMOUNTS_DIFFER insutype=310 clr_type=41 setl_optins=130300 refd_setl_flag=0 acct_pay centre=2.00 institution=1.00
            103 AMOUNTS_DIFFER insutype=310 clr_type=41 setl_optins=130300 refd_setl_flag=0 fixmedins_setl_cnt centre=2 institution=3
            101 CENTRE_HAS_MORE insutype=310 clr_type=41 setl_optins=130300 refd_setl_flag=1
            102 INSTITUTION_HAS_MORE insutype=390 clr_type=41 setl_optins=130300 refd_setl_flag=0"#]]
        .assert_eq(&differences(&ours, &theirs).join("\n"));
        assert_eq!(claims(&ours), BTreeMap::from([("130300".to_owned(), Fen(920))]));
    }

    #[test]
    fn words_and_references() {
        assert_eq!((clr_type("P13030200001"), clr_type("H13030200001")), ("41", "11"));
        let words = ["applied", "approved", "appealed", "paid"];
        assert_eq!(words.map(|word| ClaimState::parse(word).unwrap().as_str()), words);
        assert_eq!(ClaimState::parse("cut"), None);
        assert_eq!(
            (payment_reference("c", 1), payment_reference("c", 2)),
            ("c".to_owned(), "c/2".to_owned())
        );
    }

    #[test]
    fn what_was_not_cut_is_not_objected_to() {
        let mut claim = claim();
        assert_eq!(claim.review(Fen::ZERO, ""), Ok(()));
        assert_eq!(claim.appeal(), Err(ClaimRefusal::State(ClaimState::Approved)));
        let mut claim = Claim { state: ClaimState::Applied, ..claim };
        assert_eq!(claim.review(Fen(-1), ""), Err(ClaimRefusal::DeductionTooLarge));
        assert_eq!(claim.review(Fen(1_000), "all of it"), Ok(()), "the whole may be cut");
        assert_eq!(claim.pay(None), Ok(Paying { amount: Fen::ZERO, closes: true }));
    }

    #[test]
    fn a_claim_of_refunds_is_settled_whole() {
        let mut claim = claim();
        claim.claimed = Fen(-500);
        assert_eq!(claim.review(Fen::ZERO, ""), Ok(()));
        assert_eq!(claim.pay(Some(Fen(-100))), Err(ClaimRefusal::PaymentTooLarge));
        assert_eq!(claim.pay(None), Ok(Paying { amount: Fen(-500), closes: true }));
    }

    fn claim() -> Claim {
        Claim {
            claim_id: "c".into(),
            fixmedins_code: "P13030200001".into(),
            agency: "130300".into(),
            stmt_date: "2026-11-22".into(),
            state: ClaimState::Applied,
            claimed: Fen(1000),
            deducted: Fen::ZERO,
            paid: Fen::ZERO,
            deduction_reason: String::new(),
        }
    }

    #[test]
    fn a_claim_moves_one_way() {
        let mut claim = claim();
        assert_eq!(claim.pay(None), Err(ClaimRefusal::State(ClaimState::Applied)));
        assert_eq!(claim.appeal(), Err(ClaimRefusal::State(ClaimState::Applied)));
        assert_eq!(claim.review(Fen(1001), "x"), Err(ClaimRefusal::DeductionTooLarge));
        assert_eq!(claim.review(Fen(100), "price above the limit"), Ok(()));
        assert_eq!(claim.review(Fen(0), ""), Err(ClaimRefusal::State(ClaimState::Approved)));
        assert_eq!(claim.appeal(), Ok(()));
        assert_eq!(claim.pay(None), Err(ClaimRefusal::State(ClaimState::Appealed)));
        assert_eq!(claim.review(Fen(60), "a part was right"), Ok(()));
        for wrong in [Fen(941), Fen(0), Fen(-1)] {
            assert_eq!(claim.pay(Some(wrong)), Err(ClaimRefusal::PaymentTooLarge));
        }
        assert_eq!(claim.pay(Some(Fen(900))), Ok(Paying { amount: Fen(900), closes: false }));
        assert_eq!((claim.due(), claim.state), (Fen(40), ClaimState::Approved));
        assert_eq!(claim.appeal(), Err(ClaimRefusal::State(ClaimState::Approved)), "a part was taken");
        assert_eq!(claim.pay(None), Ok(Paying { amount: Fen(40), closes: true }));
        assert_eq!((claim.paid, claim.state), (Fen(940), ClaimState::Paid));
        assert_eq!(claim.pay(None), Err(ClaimRefusal::State(ClaimState::Paid)));
        assert_eq!(claim.appeal(), Err(ClaimRefusal::State(ClaimState::Paid)));
    }
}
