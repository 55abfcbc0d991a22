//! The totals of the national settlement, `setlinfo` (`domain.md` §3.3).

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

/// All amounts in fen; field names follow the national ones in the comments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// `medfee_sumamt`: never delivery, packing or unmarked goods.
    pub medical: Fen,
    /// `fulamt_ownpay_amt`
    pub full_selfpay: Fen,
    /// `overlmt_selfpay`
    pub over_limit: Fen,
    /// `preselfpay_amt`
    pub first_selfpay: Fen,
    /// `inscp_scp_amt`
    pub in_scope: Fen,
    /// `act_pay_dedc`
    pub deductible: Fen,
    /// `hifp_pay`
    pub basic_fund: Fen,
    /// `pool_prop_selfpay`: the fund's ratio; empty without a fund share or when several ratios were applied.
    pub fund_ratio: String,
    /// `hifob_pay`
    pub large_amount_fund: Fen,
    /// `hifmi_pay`
    pub serious_illness_fund: Fen,
    /// `fund_pay_sumamt`
    pub fund: Fen,
    /// `psn_part_amt`
    pub personal: Fen,
    /// `acct_pay`: own account; with convention I7b the relatives' accounts too.
    pub account: Fen,
    /// `acct_mulaid_pay`
    pub mutual_aid: Fen,
    /// `psn_cash_pay`: cash of the insured total, without outside fees.
    pub cash: Fen,
    /// Fees outside the insurance.
    pub outside: Fen,
}
