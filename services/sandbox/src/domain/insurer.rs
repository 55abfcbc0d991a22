//! The insurer's books: one settlement per message id (`domain.md` §11), reversed at most once.

use liufang_kernel::Fen;

/// What a settlement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub msgid: String,
    pub fixmedins_code: String,
    pub insutype: String,
    pub medfee_sumamt: Fen,
    pub fund_pay_sumamt: Fen,
    pub acct_pay: Fen,
    pub acct_mulaid_pay: Fen,
    pub psn_cash_pay: Fen,
}

/// A settlement in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub claim: Claim,
    pub setl_id: String,
    pub reversed: bool,
}

/// Why the centre refuses a claim, in its words; `None`: it is fine.
///
/// `msgid` = institution code (12) + `yyyyMMddHHmmss` + sequence (4). Insured parts may not exceed the total fee.
pub fn objection(claim: &Claim) -> Option<&'static str> {
    let digits = claim.msgid.get(12..).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if claim.msgid.len() != 30 || !digits || !claim.msgid.starts_with(&claim.fixmedins_code) {
        return Some("报文ID格式不正确 msgid malformed");
    }
    let parts = [claim.fund_pay_sumamt, claim.acct_pay, claim.acct_mulaid_pay];
    if parts.iter().chain([&claim.medfee_sumamt, &claim.psn_cash_pay]).any(|part| *part < Fen::ZERO) {
        return Some("金额不能为负 negative amount");
    }
    let insured = parts.into_iter().try_fold(Fen::ZERO, Fen::checked_add);
    if insured.is_none_or(|insured| insured > claim.medfee_sumamt) {
        return Some("基金与账户支付超过总费用 insured parts exceed the total");
    }
    None
}

/// Whether a repeated message id is the same settlement.
pub fn same(known: &Settlement, claim: &Claim) -> bool {
    known.claim == *claim
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            msgid: "P13030200001202611221200000001".into(),
            fixmedins_code: "P13030200001".into(),
            insutype: "310".into(),
            medfee_sumamt: Fen(1000),
            fund_pay_sumamt: Fen(600),
            acct_pay: Fen(300),
            acct_mulaid_pay: Fen(0),
            psn_cash_pay: Fen(100),
        }
    }

    #[test]
    fn a_sound_claim_passes() {
        assert_eq!(objection(&claim()), None);
    }

    #[test]
    fn unsound_claims_are_named() {
        let cases = [
            Claim { msgid: "P1303020000120261122120000".into(), ..claim() },
            Claim { fixmedins_code: "P13030200002".into(), ..claim() },
            Claim { acct_pay: Fen(-1), ..claim() },
            Claim { acct_pay: Fen(401), ..claim() },
            Claim { acct_pay: Fen(i64::MAX), ..claim() },
        ];
        for case in cases {
            assert!(objection(&case).is_some(), "{case:?}");
        }
    }
}
