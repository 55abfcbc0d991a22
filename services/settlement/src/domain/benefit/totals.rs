//! The totals of the national settlement, `setlinfo` (`domain.md` §3.3).

use liufang_kernel::Fen;
use liufang_kernel::region::Fund;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::explanation::{Detail, Explanation};

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
    /// `cvlserv_pay`
    #[serde(default)]
    pub civil_servant_fund: Fen,
    /// `hifes_pay`
    #[serde(default)]
    pub enterprise_fund: Fen,
    /// `maf_pay`
    #[serde(default)]
    pub assistance_fund: Fen,
    /// `hifdm_pay`
    #[serde(default)]
    pub serviceman_fund: Fen,
    /// `oth_pay`
    #[serde(default)]
    pub other_fund: Fen,
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
    /// `hosp_part_amt`: borne by the institution. No rule of a pack makes one; a centre may.
    #[serde(default)]
    pub institution: Fen,
    /// `balc`: free on the own account after this; `None` where the account takes no part.
    #[serde(default)]
    pub balance: Option<Fen>,
    /// `setldetail`, fund by fund.
    #[serde(default)]
    pub funds: Vec<FundRow>,
}

impl Totals {
    /// What each fund pays.
    pub fn amounts(&self) -> FundAmounts {
        FundAmounts([
            self.basic_fund,
            self.large_amount_fund,
            self.serious_illness_fund,
            self.civil_servant_fund,
            self.enterprise_fund,
            self.assistance_fund,
            self.serviceman_fund,
            self.other_fund,
        ])
    }

    /// With `amounts` in the fields of the funds.
    pub fn with(self, amounts: &FundAmounts) -> Totals {
        let FundAmounts([basic, large, serious, civil, enterprise, assistance, serviceman, other]) = *amounts;
        Totals {
            basic_fund: basic,
            large_amount_fund: large,
            serious_illness_fund: serious,
            civil_servant_fund: civil,
            enterprise_fund: enterprise,
            assistance_fund: assistance,
            serviceman_fund: serviceman,
            other_fund: other,
            ..self
        }
    }

    /// Why each number that is not zero is what it is: sums of what `lines` lines and the legs explain themselves, made when
    /// somebody reads them. `own`: what the own account pays.
    pub fn explanations(&self, lines: usize, own: Fen) -> Vec<Explanation> {
        let why = |field, amount, rule, detail| Explanation::new(field, amount, rule, detail);
        let of_lines = |field, amount| why(field, amount, "SUM_OF_LINES", Detail::Sum(lines, "lines"));
        let mut all = vec![
            of_lines("medfee_sumamt", self.medical),
            of_lines("fulamt_ownpay_amt", self.full_selfpay),
            of_lines("overlmt_selfpay", self.over_limit),
            of_lines("preselfpay_amt", self.first_selfpay),
            of_lines("inscp_scp_amt", self.in_scope),
            why("act_pay_dedc", self.deductible, "DEDUCTIBLE_OF_SCOPE", Detail::Amount(self.in_scope)),
        ];
        let of_tiers = Detail::Text("its tiers".into());
        all.extend(
            self.amounts()
                .iter()
                .map(|(fund, paid)| why(field(fund), paid, "SUM_OF_TIERS", of_tiers.clone())),
        );
        let funds = self.amounts().iter().filter(|(_, paid)| !paid.is_zero()).count();
        let others = self.fund + self.institution;
        let accounts = self.personal - self.cash;
        all.extend([
            why("fund_pay_sumamt", self.fund, "SUM_OF_FUNDS", Detail::Sum(funds, "funds")),
            why("hosp_part_amt", self.institution, "INSTITUTION_BEARS", Detail::Amount(self.institution)),
            why("psn_part_amt", self.personal, "NOT_OF_FUNDS", Detail::Less(self.medical, others)),
            why("acct_pay", self.account, "SUM_OF_LEGS", Detail::Amount(self.account)),
            why("acct_mulaid_pay", self.mutual_aid, "SUM_OF_LEGS", Detail::Amount(self.mutual_aid)),
            why("psn_cash_pay", self.cash, "NOT_OF_ACCOUNTS", Detail::Less(self.personal, accounts)),
            why("outside", self.outside, "OUTSIDE_INSURANCE", Detail::Amount(self.outside)),
        ]);
        if let Some(balance) = self.balance {
            all.push(why("balc", balance, "ACCOUNT_LESS_OWN_PART", Detail::Less(balance + own, own)));
        }
        all.retain(|explanation| !explanation.amount.is_zero());
        all
    }
}

/// The national field a fund is told in.
pub fn field(fund: Fund) -> &'static str {
    match fund {
        Fund::Basic => "hifp_pay",
        Fund::LargeAmount => "hifob_pay",
        Fund::SeriousIllness => "hifmi_pay",
        Fund::CivilServant => "cvlserv_pay",
        Fund::Enterprise => "hifes_pay",
        Fund::Assistance => "maf_pay",
        Fund::Serviceman => "hifdm_pay",
        Fund::Other => "oth_pay",
    }
}

/// An amount for each fund, in the order of [`Fund::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundAmounts([Fen; 8]);

impl FundAmounts {
    pub fn total(&self) -> Fen {
        self.0.iter().sum()
    }

    pub fn of_mut(&mut self, fund: Fund) -> &mut Fen {
        &mut self.0[fund as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (Fund, Fen)> {
        Fund::ALL.iter().copied().zip(self.0)
    }
}

/// One row of `setldetail` (`domain.md` §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundRow {
    /// `fund_pay_type`
    #[serde(serialize_with = "to_word", deserialize_with = "from_word")]
    pub fund: Fund,
    /// `inscp_scp_amt`: the part of the scope that this fund shares in.
    pub base: Fen,
    /// `crt_payb_lmt_amt`: what the cap leaves it; `None` without a ceiling.
    pub limit: Option<Fen>,
    /// `fund_payamt`
    pub paid: Fen,
}

fn to_word<S: Serializer>(fund: &Fund, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fund.word())
}

fn from_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fund, D::Error> {
    let word = String::deserialize(deserializer)?;
    Fund::from_word(&word).ok_or_else(|| serde::de::Error::custom("no fund"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_on_the_account_is_explained() {
        let totals = Totals { balance: Some(Fen(100)), ..Totals::default() };
        let less = Detail::Less(Fen(130), Fen(30));
        let expected = Explanation::new("balc", Fen(100), "ACCOUNT_LESS_OWN_PART", less);
        assert_eq!(totals.explanations(1, Fen(30)), [expected]);
        let borne = Totals {
            medical: Fen(1_000),
            fund: Fen(300),
            institution: Fen(50),
            personal: Fen(650),
            ..Totals::default()
        };
        let less = Detail::Less(Fen(1_000), Fen(350));
        let expected = Explanation::new("psn_part_amt", Fen(650), "NOT_OF_FUNDS", less);
        assert!(borne.explanations(1, Fen::ZERO).contains(&expected));
    }

    #[test]
    fn each_fund_has_its_own_place() {
        let mut amounts = FundAmounts::default();
        for (n, fund) in (1..).zip(Fund::ALL) {
            *amounts.of_mut(*fund) = Fen(n);
        }
        let totals = Totals::default().with(&amounts);
        assert_eq!(totals.amounts(), amounts);
        assert_eq!(
            (totals.serious_illness_fund, totals.civil_servant_fund, totals.other_fund),
            (Fen(3), Fen(4), Fen(8))
        );
        assert_eq!(amounts.total(), Fen(36));
        assert_eq!(amounts.iter().map(|(fund, paid)| (field(fund), paid.0)).last(), Some(("oth_pay", 8)));
    }

    /// A quote of the version before lacks the fields that came since.
    #[test]
    fn totals_of_before_are_read() {
        let now = serde_json::to_value(Totals { fund: Fen(7), balance: Some(Fen(1)), ..Totals::default() })
            .unwrap();
        let mut old = now.as_object().unwrap().clone();
        let since =
            ["civil_servant_fund", "enterprise_fund", "assistance_fund", "serviceman_fund", "other_fund"];
        for field in since.iter().chain(&["institution", "balance", "funds"]) {
            assert!(old.remove(*field).is_some(), "{field}");
        }
        let read: Totals = serde_json::from_value(old.into()).unwrap();
        assert_eq!(read, Totals { fund: Fen(7), ..Totals::default() });
    }

    #[test]
    fn each_number_of_the_totals_has_one_explanation() {
        let totals = Totals {
            medical: Fen(1000),
            in_scope: Fen(900),
            full_selfpay: Fen(100),
            deductible: Fen(300),
            serious_illness_fund: Fen(480),
            fund: Fen(480),
            personal: Fen(520),
            account: Fen(500),
            cash: Fen(20),
            balance: Some(Fen(40)),
            ..Totals::default()
        };
        let told = totals.explanations(2, Fen(500));
        let lines: Vec<String> =
            told.iter().map(|e| format!("{} {} {} ({})", e.field, e.amount, e.rule, e.detail)).collect();
        expect_test::expect![[r#"
            medfee_sumamt 10.00 SUM_OF_LINES (sum of 2 lines)
            fulamt_ownpay_amt 1.00 SUM_OF_LINES (sum of 2 lines)
            inscp_scp_amt 9.00 SUM_OF_LINES (sum of 2 lines)
            act_pay_dedc 3.00 DEDUCTIBLE_OF_SCOPE (9.00)
            hifmi_pay 4.80 SUM_OF_TIERS (its tiers)
            fund_pay_sumamt 4.80 SUM_OF_FUNDS (sum of 1 funds)
            psn_part_amt 5.20 NOT_OF_FUNDS (10.00 − 4.80)
            acct_pay 5.00 SUM_OF_LEGS (5.00)
            psn_cash_pay 0.20 NOT_OF_ACCOUNTS (5.20 − 5.00)
            balc 0.40 ACCOUNT_LESS_OWN_PART (5.40 − 5.00)"#]]
        .assert_eq(&lines.join("\n"));
    }
}
