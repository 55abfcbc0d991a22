//! Payments that are none: each is refused, and nothing is taken.

use std::io::Write;

use anyhow::Result;
use liufang_proto::hooks::v1 as pb;
use pb::ChannelState::{Open, Paid};

use super::payer::{back, refund_number};
use super::{Kit, is, is_refused, word};

type Bend = fn(&mut pb::CreatePaymentRequest);

/// Ways to be unsound (`domain.md` §2.3).
const BENDS: [(&str, Bend); 9] = [
    ("a payment without a number", |order| order.channel_order_no.clear()),
    ("a payment of nothing", |order| order.amount_fen = 0),
    ("a payment of less than nothing", |order| order.amount_fen = -1),
    ("a payment through no channel", |order| order.channel = 0),
    ("freight above the amount", |order| order.freight_fen = order.amount_fen + 1),
    ("a combined order whose parts are not its total", |order| {
        combine(order, |combined| combined.total_fee_fen += 1);
    }),
    ("a combined order whose cash is not what the channel takes", |order| {
        combine(order, |combined| {
            combined.med_ins_cash_fee_fen += 1;
            combined.total_fee_fen += 1;
        });
    }),
    ("a combined order with a negative part", |order| {
        combine(order, |combined| {
            combined.med_ins_gov_fee_fen = -1;
            combined.total_fee_fen -= 1;
        });
    }),
    ("a combined order that asks for another amount", |order| {
        combine(order, |combined| {
            for part in [
                &mut combined.total_fee_fen,
                &mut combined.med_ins_cash_fee_fen,
                &mut combined.wechat_pay_cash_fee_fen,
            ] {
                *part += 1;
            }
        });
    }),
];

/// An insured purchase, all of it left to cash, with one mistake.
fn combine(order: &mut pb::CreatePaymentRequest, bend: impl FnOnce(&mut pb::CombinedOrder)) {
    let mut combined = pb::CombinedOrder {
        total_fee_fen: order.amount_fen,
        med_ins_cash_fee_fen: order.amount_fen,
        wechat_pay_cash_fee_fen: order.amount_fen,
        ..Default::default()
    };
    bend(&mut combined);
    order.combined = Some(combined);
}

impl Kit<'_> {
    pub async fn unsound(&mut self, out: &mut impl Write) -> Result<()> {
        for (case, bend) in BENDS {
            let mut order = self.payer.order(self.clock.now());
            bend(&mut order);
            self.turned_down(out, &format!("{case} is refused"), &order).await?;
        }
        let mut sound = self.payer.order(self.clock.now());
        combine(&mut sound, |combined| {
            combined.med_ins_gov_fee_fen = 1;
            combined.total_fee_fen += 1;
        });
        let heard = self.create(&sound).await;
        let made = is(&heard, Paid) || is(&heard, Open);
        self.note(out, "a combined order that adds up is taken", made, word(&heard))?;
        self.leave_nothing(&sound).await;
        let mut late = self.payer.order(self.clock.now());
        late.expires_at_us = self.clock.now().plus_seconds(-60).0;
        let heard = self.create(&late).await;
        let told = self.query(&late.channel_order_no).await;
        let never = !is(&heard, Paid) && !is(&told, Paid) && !is(&told, Open);
        self.note(out, "what may no longer be paid is not paid", never, word(&told))
    }

    async fn turned_down(
        &mut self,
        out: &mut impl Write,
        case: &str,
        order: &pb::CreatePaymentRequest,
    ) -> Result<()> {
        let heard = self.create(order).await;
        self.note(out, case, is_refused(&heard), word(&heard))?;
        self.leave_nothing(order).await;
        Ok(())
    }

    /// Nothing is kept of a test payer.
    async fn leave_nothing(&self, order: &pb::CreatePaymentRequest) {
        if order.channel_order_no.is_empty() {
            return;
        }
        let closed = self.close(&order.channel_order_no).await;
        if is(&closed, Paid) {
            self.refund(&back(order, &refund_number(), order.amount_fen)).await.ok();
        }
    }
}
