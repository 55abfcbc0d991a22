//! The sale of the kit, what it adds to the books, and how it may be unsound.

use clap::Args;
use liufang_kernel::Timestamp;
use liufang_proto::hooks::v1 as pb;

/// Amount of the sale: two packs of ten yuan from the own account.
pub const FEN: i64 = 2_000;

/// The test person and what is sold.
#[derive(Args, Clone)]
pub struct Sale {
    /// Institution code of the pharmacy.
    #[arg(long, default_value = "P13030200001")]
    fixmedins_code: String,
    /// The centre's number of the test person.
    #[arg(long, default_value = "per_conformance")]
    psn_no: String,
    /// Insurance type of the test person.
    #[arg(long, default_value = "310")]
    insutype: String,
    /// Region where the sale is settled.
    #[arg(long, default_value = "130300")]
    region: String,
    /// National code of a drug of class 甲.
    #[arg(long, default_value = "XC08CAA001A001010100001")]
    med_list_codg: String,
}

impl Sale {
    pub fn fixmedins_code(&self) -> &str {
        &self.fixmedins_code
    }

    pub fn request(&self, msgid: String, at: Timestamp) -> pb::SettleRequest {
        pb::SettleRequest {
            msgid,
            fixmedins_code: self.fixmedins_code.clone(),
            psn_no: self.psn_no.clone(),
            insutype: self.insutype.clone(),
            medfee_sumamt_fen: FEN,
            acct_pay_fen: FEN,
            mdtrtarea_admvs: self.region.clone(),
            begntime_us: at.0,
            acct_used_flag: true,
            setlinfo: Some(pb::SetlInfo {
                medfee_sumamt_fen: FEN,
                inscp_scp_amt_fen: FEN,
                psn_part_amt_fen: FEN,
                acct_pay_fen: FEN,
                ..Default::default()
            }),
            drugdetail: vec![pb::DrugDetail {
                feedetl_sn: 1,
                med_list_codg: self.med_list_codg.clone(),
                cnt: "2".to_owned(),
                pric: "10".to_owned(),
                det_item_fee_sumamt_fen: FEN,
                inscp_scp_amt_fen: FEN,
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    pub fn year(&self, at: Timestamp) -> pb::GetYearSumsRequest {
        pb::GetYearSumsRequest { psn_no: self.psn_no.clone(), year: at.china_date().year() }
    }

    /// Whether the sums moved by `times` sales.
    pub fn moved(&self, before: &pb::GetYearSumsResponse, now: &pb::GetYearSumsResponse, times: i64) -> bool {
        let row = |sums: &pb::GetYearSumsResponse| {
            let own = sums.rows.iter().find(|row| row.insutype == self.insutype);
            own.map(|row| {
                [row.act_pay_dedc_fen, row.inscp_scp_amt_fen, row.fund_pay_sumamt_fen, row.acct_pay_fen]
            })
            .unwrap_or_default()
        };
        let [deductible, scope, fund, account] = row(before);
        let by = times * FEN;
        let balance = |sums: &pb::GetYearSumsResponse| sums.balc_fen;
        row(now) == [deductible, scope + by, fund, account + by]
            && balance(now) == balance(before).map(|balance| balance - by)
    }
}

/// Whether every amount of a reversal is the negative.
pub fn mirrored(asked: Option<&pb::SetlInfo>, told: &pb::SetlInfo) -> bool {
    let amounts = |info: &pb::SetlInfo| {
        [
            info.medfee_sumamt_fen,
            info.inscp_scp_amt_fen,
            info.fund_pay_sumamt_fen,
            info.psn_part_amt_fen,
            info.acct_pay_fen,
            info.psn_cash_pay_fen,
        ]
    };
    asked.is_some_and(|asked| amounts(asked) == amounts(told).map(|amount| -amount))
}

type Bend = fn(&mut pb::SettleRequest);

/// Ways to be unsound, by the identity that is broken (`domain.md` §3.4).
pub const BENDS: [(&str, Bend); 10] = [
    ("a message id that is none", |sale| sale.msgid = sale.msgid.replace('P', "X")),
    ("a sale without its calculation", |sale| sale.setlinfo = None),
    ("I1: lines that do not add up to the fee", |sale| sale.drugdetail.clear()),
    ("I2: an amount that is not price times quantity", |sale| {
        if let Some(line) = sale.drugdetail.first_mut() {
            line.cnt = "3".to_owned();
        }
    }),
    ("I3: a line whose parts are not its amount", |sale| {
        if let Some(line) = sale.drugdetail.first_mut() {
            line.preselfpay_amt_fen = 1;
        }
    }),
    ("I4: totals that are not the fee", |sale| info(sale, |info| info.preselfpay_amt_fen = 1)),
    ("I5: funds that are not their sum", |sale| info(sale, |info| info.maf_pay_fen = 1)),
    ("I6: a personal part that is not the rest", |sale| {
        info(sale, |info| info.hosp_part_amt_fen = 1);
    }),
    ("I7: accounts and cash that are not the personal part", |sale| {
        sale.psn_cash_pay_fen = 1;
        info(sale, |info| info.psn_cash_pay_fen = 1);
    }),
    ("I10: a deductible above the scope", |sale| info(sale, |info| info.act_pay_dedc_fen = FEN + 1)),
];

fn info(sale: &mut pb::SettleRequest, bend: impl FnOnce(&mut pb::SetlInfo)) {
    if let Some(info) = &mut sale.setlinfo {
        bend(info);
    }
}
