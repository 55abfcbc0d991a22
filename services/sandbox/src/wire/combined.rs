//! A combined order 医保混合收款 as a channel is shown it (`domain.md` §2.3). Read apart from the adapters, on purpose.

use liufang_kernel::Fen;
use liufang_kernel::combined::{AddType, Combined};
use liufang_proto::hooks::v1 as hooks;

/// None: a change of cash of no known type.
pub fn read(order: &hooks::CombinedOrder) -> Option<Combined> {
    let mut added = Vec::new();
    for change in &order.cash_add {
        added.push((AddType::from_word(&change.r#type)?, Fen(change.fee_fen)));
    }
    Some(Combined {
        total: Fen(order.total_fee_fen),
        fund: Fen(order.med_ins_gov_fee_fen),
        account: Fen(order.med_ins_self_fee_fen),
        other: Fen(order.med_ins_other_fee_fen),
        cash: Fen(order.med_ins_cash_fee_fen),
        added,
        reduced: order.cash_reduce.iter().map(|change| Fen(change.fee_fen)).collect(),
        taken: Fen(order.wechat_pay_cash_fee_fen),
    })
}
