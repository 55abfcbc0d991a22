//! Identities and leg rules over random baskets; [`settle`] refuses what breaks an identity, so success is the proof.

use liufang_kernel::region::{Fund, MutualAidConvention, SchemeKind, Tier, TierReading};
use liufang_kernel::{Fen, Quantity, UnitPrice};
use proptest::prelude::*;

use super::case_table::{TODAY, beijing, blank_row, qinhuangdao};
use super::*;

fn line() -> impl Strategy<Value = ChargeLine> {
    let approval = prop_oneof![Just(Approval::NotNeeded), Just(Approval::Approved), Just(Approval::Refused)];
    let class = prop_oneof![Just(ChargeClass::A), Just(ChargeClass::B), Just(ChargeClass::SelfPaid)];
    let standard = proptest::option::of(1_i64..400_000_000);
    (1_i64..400_000_000, 1_i64..300_000, class, 0_i64..=100, standard, any::<bool>(), approval, any::<bool>())
        .prop_map(|(price, quantity, class, percent, standard, restricted, approval, hi_mark)| ChargeLine {
            line_no: 1,
            med_list_codg: "XC08CAB037A001020180517".into(),
            quantity: Quantity(quantity),
            price: UnitPrice(price),
            class,
            first_selfpay: format!("{}", Percent(percent)).parse().ok(),
            pay_standard: standard.map(UnitPrice),
            restricted,
            approval,
            hi_mark,
        })
}

struct Percent(i64);
impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

fn purses() -> impl Strategy<Value = Wallets> {
    let own = proptest::option::of(0_i64..500_000);
    (own, prop::collection::vec(0_i64..100_000, 0..3)).prop_map(|(own, relatives)| Wallets {
        own: own.map(|fen| Purse { person_id: "own".into(), available: Fen(fen) }),
        relatives: relatives
            .into_iter()
            .enumerate()
            .map(|(n, fen)| Purse { person_id: format!("rel{n}"), available: Fen(fen) })
            .collect(),
    })
}

proptest! {
    #[test]
    fn fund_cases_keep_every_identity(
        lines in prop::collection::vec(line(), 0..6),
        wallets in purses(),
        deductible in 0_i64..100_000,
        ratios in (0_i64..=100, 0_i64..=100, 0_i64..=100),
        marks in (1_i64..500_000, 1_i64..500_000),
        by_fund in any::<bool>(),
        used in (0_i64..200_000, 0_i64..900_000, 0_i64..900_000, 0_i64..200_000),
        cap in proptest::option::of(0_i64..300_000),
        delivery in 0_i64..2_000,
    ) {
        let pack = qinhuangdao();
        let mut row = blank_row(&pack);
        row.annual_deductible_fen = Fen(deductible);
        row.tier_reading = if by_fund { TierReading::PaidByFund } else { TierReading::Expense };
        let tier = |above, percent, fund| Tier {
            above_fen: Fen(above), fund_ratio: Percent(percent).to_string().parse().unwrap(), fund,
        };
        row.tiers = vec![
            tier(0, ratios.0, Fund::Basic),
            tier(marks.0, ratios.1, Fund::LargeAmount),
            tier(marks.0 + marks.1, ratios.2, Fund::LargeAmount),
        ];
        let used = Used {
            deductible: Fen(used.0), expense: Fen(used.1), fund_paid: Fen(used.2), cap_used: Fen(used.3),
        };
        let cap = cap.map(Fen);
        let outside = OutsideFees::new(vec![OutsideFee {
            kind: OutsideKind::Delivery, amount: Fen(delivery), name: String::new(),
        }]);
        let case = Case {
            lines: &lines,
            consultation: false,
            outside,
            rules: LineRules { class_b_first_selfpay: row.class_b_first_selfpay, needs_mark: false, row: None },
            scheme: pack.scheme(SchemeKind::ChronicRenewal, TODAY),
            fund: FundRule::Tiered(FundTerms { row: &row, cap, used }),
            wallets,
            convention: MutualAidConvention::Inside,
            agency: "130300",
        };
        let settlement = settle(&case).unwrap();
        let totals = &settlement.totals;
        if let Some(cap) = cap {
            prop_assert!(totals.fund <= (cap - used.cap_used).or_zero());
        }
        let channel: Fen = settlement.legs.iter()
            .filter(|leg| leg.kind == LegKind::Channel).map(|leg| leg.amount).sum();
        prop_assert!(channel >= Fen(delivery), "outside fees stand on the channel leg");
        prop_assert!(totals.fund + totals.account <= totals.medical);
    }

    #[test]
    fn accounts_pay_own_first_and_marked_goods_only(
        lines in prop::collection::vec(line(), 0..6),
        wallets in purses(),
        goods in 0_i64..5_000,
    ) {
        let pack = beijing();
        let case = Case {
            lines: &lines,
            consultation: false,
            outside: OutsideFees::new(vec![OutsideFee {
                kind: OutsideKind::Goods, amount: Fen(goods), name: String::new(),
            }]),
            rules: LineRules { class_b_first_selfpay: Default::default(), needs_mark: true, row: None },
            scheme: pack.scheme(SchemeKind::OtcAccount, TODAY),
            fund: FundRule::None,
            wallets: wallets.clone(),
            convention: MutualAidConvention::Separate,
            agency: "110000",
        };
        let totals = settle(&case).unwrap().totals;
        let payable: Fen = totals.medical - totals.full_selfpay;
        prop_assert_eq!(totals.fund, Fen::ZERO);
        prop_assert!(totals.account + totals.mutual_aid <= payable);
        let own = wallets.own.map_or(Fen::ZERO, |purse| purse.available);
        prop_assert_eq!(totals.account, own.min(payable), "own account first, to the end");
        if totals.cash > totals.full_selfpay {
            let relatives: Fen = wallets.relatives.iter().map(|purse| purse.available).sum();
            prop_assert_eq!(totals.mutual_aid, relatives, "cash only when every account is empty");
        }
    }
}
