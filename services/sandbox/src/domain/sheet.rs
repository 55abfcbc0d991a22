//! The money of a settlement as the centre checks it: every identity of `domain.md` §3.4, recomputed from what was sent.

use liufang_kernel::region::MutualAidConvention;
use liufang_kernel::{Fen, Quantity, Ratio, UnitPrice};
use serde::{Deserialize, Serialize};

/// `setlinfo`, `setldetail` and the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// `mdtrtarea_admvs`: where it is settled.
    pub region: String,
    pub medfee_sumamt: Fen,
    pub fulamt_ownpay_amt: Fen,
    pub overlmt_selfpay: Fen,
    pub preselfpay_amt: Fen,
    pub inscp_scp_amt: Fen,
    pub act_pay_dedc: Fen,
    pub pool_prop_selfpay: String,
    /// In the order of [`FUNDS`].
    pub funds: [Fen; 8],
    pub fund_pay_sumamt: Fen,
    pub hosp_part_amt: Fen,
    pub psn_part_amt: Fen,
    pub acct_pay: Fen,
    pub acct_mulaid_pay: Fen,
    pub psn_cash_pay: Fen,
    pub balc: Option<Fen>,
    pub rows: Vec<FundRow>,
    pub lines: Vec<Line>,
}

/// Words of `fund_pay_type` that are funds.
pub const FUNDS: [&str; 8] = ["hifp", "cvlserv", "hifes", "hifmi", "hifob", "maf", "hifdm", "oth"];

/// One row of `setldetail`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundRow {
    pub fund_pay_type: String,
    pub inscp_scp_amt: Fen,
    pub crt_payb_lmt_amt: Option<Fen>,
    pub fund_payamt: Fen,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub feedetl_sn: i32,
    pub med_list_codg: String,
    pub cnt: String,
    pub pric: String,
    pub det_item_fee_sumamt: Fen,
    pub fulamt_ownpay_amt: Fen,
    pub overlmt_amt: Fen,
    pub preselfpay_amt: Fen,
    pub inscp_scp_amt: Fen,
}

impl Line {
    fn parts(&self) -> [Fen; 4] {
        [self.fulamt_ownpay_amt, self.overlmt_amt, self.preselfpay_amt, self.inscp_scp_amt]
    }

    /// I2; a line that tells neither price nor quantity cannot be recomputed.
    fn is_product(&self) -> bool {
        match (self.pric.parse::<UnitPrice>(), self.cnt.parse::<Quantity>()) {
            (Ok(price), Ok(quantity)) => self.det_item_fee_sumamt == price.times(quantity),
            _ => self.pric.is_empty() && self.cnt.is_empty(),
        }
    }
}

fn sum(parts: impl IntoIterator<Item = Fen>) -> Option<Fen> {
    parts.into_iter().try_fold(Fen::ZERO, Fen::checked_add)
}

impl Sheet {
    /// The first identity that does not hold; `None`: the sheet is sound.
    pub fn broken(&self, convention: MutualAidConvention) -> Option<&'static str> {
        let cases: [(&'static str, bool); 10] = [
            ("I10", self.parts().all(|part| part >= Fen::ZERO)),
            ("I1", sum(self.lines.iter().map(|line| line.det_item_fee_sumamt)) == Some(self.medfee_sumamt)),
            ("I2", self.lines.iter().all(Line::is_product)),
            ("I3", self.lines.iter().all(|line| sum(line.parts()) == Some(line.det_item_fee_sumamt))),
            ("I4", self.splits()),
            ("I5", self.funds_add_up()),
            (
                "I6",
                sum([self.psn_part_amt, self.fund_pay_sumamt, self.hosp_part_amt])
                    == Some(self.medfee_sumamt),
            ),
            (
                match convention {
                    MutualAidConvention::Separate => "I7a",
                    MutualAidConvention::Inside => "I7b",
                },
                self.personal(convention),
            ),
            ("I8", self.single_ratio()),
            (
                "I10",
                self.act_pay_dedc <= self.inscp_scp_amt
                    && self.fund_pay_sumamt <= self.inscp_scp_amt
                    && self
                        .rows
                        .iter()
                        .all(|row| row.crt_payb_lmt_amt.is_none_or(|limit| row.fund_payamt <= limit)),
            ),
        ];
        cases.into_iter().find(|(_, holds)| !holds).map(|(name, _)| name)
    }

    fn parts(&self) -> impl Iterator<Item = Fen> {
        let own = [
            self.medfee_sumamt,
            self.fulamt_ownpay_amt,
            self.overlmt_selfpay,
            self.preselfpay_amt,
            self.inscp_scp_amt,
            self.act_pay_dedc,
            self.fund_pay_sumamt,
            self.hosp_part_amt,
            self.psn_part_amt,
            self.acct_pay,
            self.acct_mulaid_pay,
            self.psn_cash_pay,
        ];
        let lines = self.lines.iter().flat_map(Line::parts);
        own.into_iter().chain(self.funds).chain(self.rows.iter().map(|row| row.fund_payamt)).chain(lines)
    }

    /// I4, and that the lines are split as the totals are.
    fn splits(&self) -> bool {
        let totals = [self.fulamt_ownpay_amt, self.overlmt_selfpay, self.preselfpay_amt, self.inscp_scp_amt];
        let of_lines = |part: usize| sum(self.lines.iter().map(|line| line.parts()[part]));
        sum(totals) == Some(self.medfee_sumamt)
            && totals.iter().enumerate().all(|(part, total)| of_lines(part) == Some(*total))
    }

    /// I5: an account's row is not added up.
    fn funds_add_up(&self) -> bool {
        let of = |fund: &str| {
            let rows = self.rows.iter().filter(|row| row.fund_pay_type == fund);
            sum(rows.map(|row| row.fund_payamt))
        };
        sum(self.funds) == Some(self.fund_pay_sumamt)
            && FUNDS.iter().zip(self.funds).all(|(fund, paid)| of(fund) == Some(paid))
    }

    fn personal(&self, convention: MutualAidConvention) -> bool {
        let inside = [self.acct_pay, self.psn_cash_pay];
        match convention {
            MutualAidConvention::Separate => {
                sum(inside.into_iter().chain([self.acct_mulaid_pay])) == Some(self.psn_part_amt)
            }
            MutualAidConvention::Inside => {
                sum(inside) == Some(self.psn_part_amt) && self.acct_mulaid_pay <= self.acct_pay
            }
        }
    }

    /// I8: one ratio, one fund.
    fn single_ratio(&self) -> bool {
        let (Ok(ratio), [row]) = (self.pool_prop_selfpay.parse::<Ratio>(), self.rows.as_slice()) else {
            return true;
        };
        let share = ratio.of(self.inscp_scp_amt - self.act_pay_dedc);
        row.fund_payamt == row.crt_payb_lmt_amt.map_or(share, |limit| share.min(limit))
    }

    /// What the own account pays.
    pub fn own_part(&self, convention: MutualAidConvention) -> Fen {
        match convention {
            MutualAidConvention::Separate => self.acct_pay,
            MutualAidConvention::Inside => self.acct_pay - self.acct_mulaid_pay,
        }
    }

    /// A sound calculation that is another: a fen moves from fund or account to cash.
    #[must_use]
    pub fn otherwise(mut self) -> Sheet {
        match self.funds.iter().position(|paid| *paid > Fen::ZERO) {
            Some(fund) => {
                self.funds[fund] -= Fen(1);
                self.fund_pay_sumamt -= Fen(1);
                self.psn_part_amt += Fen(1);
                self.pool_prop_selfpay.clear();
                let own = self.rows.iter_mut().find(|row| row.fund_pay_type == FUNDS[fund]);
                if let Some(row) = own {
                    row.fund_payamt -= Fen(1);
                }
            }
            None => self.acct_pay -= Fen(1),
        }
        self.psn_cash_pay += Fen(1);
        self
    }
}

#[cfg(test)]
pub mod tests {
    use MutualAidConvention::{Inside, Separate};

    use super::*;

    /// Sound under both conventions.
    pub fn sound() -> Sheet {
        let line = |feedetl_sn, pric: &str, scope: i64, full: i64| Line {
            feedetl_sn,
            pric: pric.to_owned(),
            cnt: "2".to_owned(),
            det_item_fee_sumamt: Fen(scope + full),
            fulamt_ownpay_amt: Fen(full),
            inscp_scp_amt: Fen(scope),
            ..Line::default()
        };
        Sheet {
            medfee_sumamt: Fen(1000),
            fulamt_ownpay_amt: Fen(100),
            inscp_scp_amt: Fen(900),
            act_pay_dedc: Fen(150),
            pool_prop_selfpay: "0.8".to_owned(),
            funds: [Fen(600), Fen(0), Fen(0), Fen(0), Fen(0), Fen(0), Fen(0), Fen(0)],
            fund_pay_sumamt: Fen(600),
            psn_part_amt: Fen(400),
            acct_pay: Fen(300),
            psn_cash_pay: Fen(100),
            rows: vec![FundRow {
                fund_pay_type: "hifp".to_owned(),
                inscp_scp_amt: Fen(750),
                crt_payb_lmt_amt: None,
                fund_payamt: Fen(600),
            }],
            lines: vec![line(1, "3", 600, 0), line(2, "2", 300, 100)],
            ..Sheet::default()
        }
    }

    #[test]
    fn every_identity_is_recomputed() {
        assert_eq!((sound().broken(Separate), sound().broken(Inside)), (None, None));
        let broken = |bend: fn(&mut Sheet)| {
            let mut sheet = sound();
            bend(&mut sheet);
            sheet.broken(Inside)
        };
        assert_eq!(broken(|s| s.lines.truncate(1)), Some("I1"));
        assert_eq!(broken(|s| s.lines[0].cnt = "2.1".into()), Some("I2"));
        assert_eq!(broken(|s| s.lines[0].cnt = "x".into()), Some("I2"));
        assert_eq!(broken(|s| s.lines[0].inscp_scp_amt += Fen(1)), Some("I3"));
        assert_eq!(broken(|s| s.preselfpay_amt = Fen(1)), Some("I4"));
        assert_eq!(broken(|s| s.funds[3] = Fen(1)), Some("I5"));
        assert_eq!(broken(|s| s.rows[0].fund_pay_type = "maf".into()), Some("I5"));
        assert_eq!(broken(|s| s.hosp_part_amt = Fen(1)), Some("I6"));
        assert_eq!(broken(|s| s.psn_cash_pay = Fen(0)), Some("I7b"));
        assert_eq!(broken(|s| s.acct_mulaid_pay = Fen(301)), Some("I7b"));
        assert_eq!(broken(|s| s.pool_prop_selfpay = "0.7".into()), Some("I8"));
        assert_eq!(broken(|s| s.act_pay_dedc = Fen(-1)), Some("I10"));
        assert_eq!(broken(|s| s.medfee_sumamt = Fen(i64::MAX)), Some("I1"));
        let mut shared = sound();
        shared.acct_mulaid_pay = Fen(50);
        assert_eq!(shared.broken(Separate), Some("I7a"), "the region says how it counts");
        assert_eq!((shared.own_part(Inside), shared.own_part(Separate)), (Fen(250), Fen(300)));
    }

    #[test]
    fn another_calculation_is_sound() {
        let other = sound().otherwise();
        assert_eq!(other.broken(Inside), None);
        assert_eq!((other.fund_pay_sumamt, other.psn_cash_pay), (Fen(599), Fen(101)));
    }
}
