//! The insurer's books: one settlement per message id (`domain.md` §11), reversed at most once.

use liufang_kernel::region::MutualAidConvention;
use liufang_kernel::{Fen, Timestamp};

use serde::{Deserialize, Serialize};

use super::sheet::Sheet;

/// What a settlement asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub msgid: String,
    pub fixmedins_code: String,
    pub insutype: String,
    pub medfee_sumamt: Fen,
    pub fund_pay_sumamt: Fen,
    pub acct_pay: Fen,
    pub acct_mulaid_pay: Fen,
    pub psn_cash_pay: Fen,
    /// The caller's calculation in full.
    pub sheet: Sheet,
}

/// A settlement in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub claim: Claim,
    pub setl_id: String,
    pub reversed: bool,
    /// What the centre calculated.
    pub answer: Sheet,
    /// Blind index of the person.
    pub person_index: String,
    pub at: Timestamp,
}

/// Sums of one insurance type in a year (5206).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearSum {
    pub insutype: String,
    pub deductible: Fen,
    pub scope: Fen,
    pub fund: Fen,
    pub account: Fen,
}

impl Settlement {
    /// What it adds to the year; a reversal takes the same back.
    pub fn year_sum(&self, convention: MutualAidConvention) -> YearSum {
        let Sheet { act_pay_dedc, inscp_scp_amt, fund_pay_sumamt, acct_mulaid_pay, .. } = self.answer;
        YearSum {
            insutype: self.claim.insutype.clone(),
            deductible: act_pay_dedc,
            scope: inscp_scp_amt,
            fund: fund_pay_sumamt,
            account: self.answer.own_part(convention) + acct_mulaid_pay,
        }
    }
}

/// Balance of an account the centre has not seen before: no test buys so much.
pub const OPENING: Fen = Fen(100_000_000);

/// Why the centre refuses a claim, in its words; `None`: it is fine.
///
/// `msgid` = institution code (12) + `yyyyMMddHHmmss` + sequence (4). Every identity of `domain.md` §3.4 is recomputed.
pub fn objection(claim: &Claim, convention: MutualAidConvention) -> Option<String> {
    let digits = claim.msgid.get(12..).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if claim.msgid.len() != 30 || !digits || !claim.msgid.starts_with(&claim.fixmedins_code) {
        return Some("报文ID格式不正确 msgid malformed".to_owned());
    }
    let sheet = &claim.sheet;
    if *sheet == Sheet::default() {
        return bare(claim).map(str::to_owned);
    }
    let told = [
        (claim.medfee_sumamt, sheet.medfee_sumamt),
        (claim.fund_pay_sumamt, sheet.fund_pay_sumamt),
        (claim.acct_pay, sheet.acct_pay),
        (claim.acct_mulaid_pay, sheet.acct_mulaid_pay),
        (claim.psn_cash_pay, sheet.psn_cash_pay),
    ];
    if told.iter().any(|(sum, detail)| sum != detail) {
        return Some("汇总金额与明细不符 the sums are not those of setlinfo".to_owned());
    }
    sheet.broken(convention).map(|name| format!("恒等式{name}不成立 identity {name} does not hold"))
}

/// Of a caller of the release before, which tells sums alone.
fn bare(claim: &Claim) -> Option<&'static str> {
    let parts = [claim.fund_pay_sumamt, claim.acct_pay, claim.acct_mulaid_pay];
    if parts.iter().chain([&claim.medfee_sumamt, &claim.psn_cash_pay]).any(|part| *part < Fen::ZERO) {
        return Some("金额不能为负 negative amount");
    }
    let insured = parts.into_iter().try_fold(Fen::ZERO, Fen::checked_add);
    let exceeds = insured.is_none_or(|insured| insured > claim.medfee_sumamt);
    exceeds.then_some("基金与账户支付超过总费用 insured parts exceed the total")
}

#[cfg(test)]
pub mod tests {
    use super::super::sheet::tests::sound;
    use super::*;

    /// A claim that passes.
    pub fn claim() -> Claim {
        let sheet = sound();
        Claim {
            msgid: "P13030200001202611221200000001".into(),
            fixmedins_code: "P13030200001".into(),
            insutype: "310".into(),
            medfee_sumamt: sheet.medfee_sumamt,
            fund_pay_sumamt: sheet.fund_pay_sumamt,
            acct_pay: sheet.acct_pay,
            acct_mulaid_pay: sheet.acct_mulaid_pay,
            psn_cash_pay: sheet.psn_cash_pay,
            sheet,
        }
    }

    #[test]
    fn a_sound_claim_passes() {
        assert_eq!(objection(&claim(), MutualAidConvention::Inside), None);
        let before = Claim { sheet: Sheet::default(), ..claim() };
        assert_eq!(
            objection(&before, MutualAidConvention::Inside),
            None,
            "the release before tells sums alone"
        );
    }

    #[test]
    fn unsound_claims_are_named() {
        let mut bent = claim();
        bent.sheet.hosp_part_amt = Fen(1);
        let cases = [
            (Claim { msgid: "P1303020000120261122120000".into(), ..claim() }, "msgid"),
            (Claim { fixmedins_code: "P13030200002".into(), ..claim() }, "msgid"),
            (Claim { acct_pay: Fen(-1), ..claim() }, "sums"),
            (Claim { acct_pay: Fen(i64::MAX), ..claim() }, "sums"),
            (Claim { sheet: Sheet::default(), acct_pay: Fen(401), ..claim() }, "exceed"),
            (bent, "I6"),
        ];
        for (case, word) in cases {
            let said = objection(&case, MutualAidConvention::Inside).unwrap();
            assert!(said.contains(word), "{said}");
        }
    }
}
