//! The mobile-payment interface of a centre (`proto/liufang/hooks/v1/mobile_payment.proto`): the same sale as an order.

use std::io::Write;

use anyhow::Result;
use liufang_platform::Mesh;
use liufang_platform::outgoing::keyed;
use liufang_proto::hooks::v1 as pb;
use pb::mobile_payment_client::MobilePaymentClient;
use tonic::{Request, Status};

use super::{Kit, PATIENCE, failed, patiently, sale};

type Client = MobilePaymentClient<Mesh>;

/// An order at the centre.
#[derive(Clone, Default, PartialEq, Eq)]
struct Order {
    id: String,
    token: String,
}

impl Kit<'_> {
    pub(super) async fn mobile(&mut self, out: &mut impl Write, client: &Client) -> Result<()> {
        let before = self.year().await;
        let order = self.uploaded(out, client).await?;
        self.sums(out, &before, 0, "an order alone moves neither year nor account").await?;
        self.paid(out, client, &order).await?;
        self.sums(out, &before, 1, "the year and the account move by the order").await?;
        self.refunded(out, client, &order).await?;
        self.sums(out, &before, 0, "after the refund they are as before").await?;
        self.revoked(out, client).await?;
        self.unsound_orders(out, client).await?;
        self.sums(out, &before, 0, "and so they stay").await
    }

    async fn uploaded(&mut self, out: &mut impl Write, client: &Client) -> Result<Order> {
        let asked = upload(self.sale.request(self.msgid(), self.clock.now()));
        let first = send(client, asked.clone()).await;
        let order = order(&first);
        let numbered = !order.id.is_empty() && !order.token.is_empty();
        self.note(out, "an upload makes an order with number and token", numbered, taken(&first))?;
        let again = send(client, asked.clone()).await;
        self.note(
            out,
            "the same order number again is the same order",
            order == self::order(&again),
            taken(&again),
        )?;
        let other = send(client, pb::UploadFeeRequest { insutype: String::new(), ..asked.clone() }).await;
        self.note(
            out,
            "the same order number with another content is refused",
            !accepted(&other),
            taken(&other),
        )?;
        let state = ask(client, &order).await;
        let unpaid = state.as_ref().is_ok_and(|state| {
            state.found
                && (0..=2).contains(&state.ord_stas)
                && state.fee_sumamt_fen.is_none()
                && state.fund_pay_fen.is_none()
                && state.med_org_ord == asked.med_org_ord
        });
        self.note(
            out,
            "an order that nobody has paid is told as such, without amounts",
            unpaid,
            stas(&state),
        )?;
        let stranger = Order { token: format!("{}x", order.token), ..order.clone() };
        let state = ask(client, &stranger).await;
        let hidden = state.as_ref().map_or(true, |state| !state.found);
        self.note(out, "another token learns nothing", hidden, stas(&state))?;
        Ok(order)
    }

    async fn paid(&mut self, out: &mut impl Write, client: &Client, order: &Order) -> Result<()> {
        let stranger = Order { token: format!("{}x", order.token), ..order.clone() };
        let heard = self.pay(client, &stranger).await;
        let refused = heard.as_ref().map_or(true, |heard| heard.ord_stas != 6);
        self.note(out, "another token pays nothing", refused, code(&heard))?;
        for case in ["an order is paid as asked for", "paying it again changes nothing"] {
            let heard = self.pay(client, order).await;
            let whole = heard.as_ref().is_ok_and(|heard| {
                let parts = [heard.own_pay_amt_fen, heard.psn_acct_pay_fen, heard.fund_pay_fen];
                heard.ord_stas == 6
                    && heard.pay_ord_id == order.id
                    && parts == [0, sale::FEN, 0]
                    && heard.fee_sumamt_fen == sale::FEN
            });
            self.note(out, case, whole, code(&heard))?;
        }
        let state = ask(client, order).await;
        let told = state.as_ref().is_ok_and(|state| {
            state.ord_stas == 6
                && state.fee_sumamt_fen == Some(sale::FEN)
                && state.own_pay_amt_fen == Some(0)
                && state.psn_acct_pay_fen == Some(sale::FEN)
                && state.fund_pay_fen == Some(0)
        });
        self.note(out, "a question tells that it is paid, and its parts", told, stas(&state))?;
        let heard = revoke(client, order).await;
        let kept = heard.as_ref().map_or(true, |heard| !heard.success);
        self.note(out, "a paid order is not revoked", kept, success(&heard))
    }

    async fn refunded(&mut self, out: &mut impl Write, client: &Client, order: &Order) -> Result<()> {
        let number = self.msgid();
        let whole = refund(order, &number, sale::FEN);
        let more = refund(order, &number, sale::FEN + 1);
        let unsummed = pb::RefundOrderRequest { totl_refd_amt_fen: sale::FEN - 1, ..whole.clone() };
        let cash = pb::RefundOrderRequest {
            cash_refd_amt_fen: 1,
            totl_refd_amt_fen: sale::FEN + 1,
            ..whole.clone()
        };
        for (case, body) in [
            ("more than was paid is not given back", more),
            ("a refund that is not the sum of its parts is not given", unsummed),
            ("the insured part has no cash in it", cash),
        ] {
            let heard = give(client, body).await;
            self.note(out, case, status(&heard) != "SUCC", status(&heard))?;
        }
        for case in
            ["the insured part is given back", "giving it back again under its number changes nothing"]
        {
            let heard = give(client, whole.clone()).await;
            self.note(out, case, status(&heard) == "SUCC", status(&heard))?;
        }
        let number = self.msgid();
        let heard = give(client, refund(order, &number, sale::FEN)).await;
        self.note(out, "nothing is given back twice", status(&heard) != "SUCC", status(&heard))?;
        let state = ask(client, order).await;
        let back = state.as_ref().is_ok_and(|state| matches!(state.ord_stas, 7 | 8));
        self.note(out, "a question tells that it was given back", back, stas(&state))?;
        let heard = self.pay(client, order).await;
        let over = heard.as_ref().map_or(true, |heard| heard.ord_stas != 6);
        self.note(out, "an order that was given back is not paid again", over, code(&heard))
    }

    async fn revoked(&mut self, out: &mut impl Write, client: &Client) -> Result<()> {
        let made = send(client, upload(self.sale.request(self.msgid(), self.clock.now()))).await;
        let order = order(&made);
        for case in ["an unpaid order is revoked", "revoking it again changes nothing"] {
            let heard = revoke(client, &order).await;
            self.note(out, case, heard.as_ref().is_ok_and(|heard| heard.success), success(&heard))?;
        }
        let state = ask(client, &order).await;
        let told = state.as_ref().is_ok_and(|state| state.ord_stas == 12);
        self.note(out, "a question tells that it was revoked: 12", told, stas(&state))?;
        let heard = self.pay(client, &order).await;
        let dead = heard.as_ref().map_or(true, |heard| heard.ord_stas != 6);
        self.note(out, "a revoked order is never paid", dead, code(&heard))
    }

    async fn unsound_orders(&mut self, out: &mut impl Write, client: &Client) -> Result<()> {
        for (case, bend) in sale::BENDS {
            let mut asked = self.sale.request(self.msgid(), self.clock.now());
            bend(&mut asked);
            let heard = send(client, upload(asked)).await;
            self.note(out, &format!("in an order, {case} is refused"), !accepted(&heard), taken(&heard))?;
            if accepted(&heard) {
                revoke(client, &order(&heard)).await.ok();
            }
        }
        Ok(())
    }

    async fn pay(&mut self, client: &Client, order: &Order) -> Result<pb::PayOrderResponse, Status> {
        let key = self.msgid();
        let body = pb::PayOrderRequest {
            pay_ord_id: order.id.clone(),
            pay_token: order.token.clone(),
            org_codg: self.sale.fixmedins_code().to_owned(),
            org_biz_ser: key.clone(),
            acct_used_flag: true,
            pay_auth_no: String::new(),
        };
        patiently(PATIENCE, client.clone().pay_order(keyed(body, key))).await
    }
}

/// The sale as an order.
fn upload(sale: pb::SettleRequest) -> pb::UploadFeeRequest {
    pb::UploadFeeRequest {
        org_codg: sale.fixmedins_code,
        psn_no: sale.psn_no,
        insutype: sale.insutype,
        mdtrt_id: sale.msgid.clone(),
        med_org_ord: sale.msgid,
        begntime_us: sale.begntime_us,
        medfee_sumamt_fen: sale.medfee_sumamt_fen,
        acct_used_flag: sale.acct_used_flag,
        feedetail_list: sale.drugdetail,
        mdtrtarea_admvs: sale.mdtrtarea_admvs,
        setlinfo: sale.setlinfo,
        setldetail: sale.setldetail,
        ..Default::default()
    }
}

fn refund(order: &Order, app_refd_sn: &str, fen: i64) -> pb::RefundOrderRequest {
    pb::RefundOrderRequest {
        pay_ord_id: order.id.clone(),
        pay_token: order.token.clone(),
        app_refd_sn: app_refd_sn.to_owned(),
        app_refd_time: app_refd_sn.get(12..26).unwrap_or_default().to_owned(),
        totl_refd_amt_fen: fen,
        psn_acct_refd_amt_fen: fen,
        refd_type: "HI".to_owned(),
        ..Default::default()
    }
}

async fn send(client: &Client, body: pb::UploadFeeRequest) -> Result<pb::UploadFeeResponse, Status> {
    let key = format!("{}:6201", body.med_org_ord);
    patiently(PATIENCE, client.clone().upload_fee(keyed(body, key))).await
}

async fn ask(client: &Client, order: &Order) -> Result<pb::QueryOrderResponse, Status> {
    let (pay_ord_id, pay_token) = (order.id.clone(), order.token.clone());
    let body = pb::QueryOrderRequest { pay_ord_id, pay_token, ..Default::default() };
    patiently(PATIENCE, client.clone().query_order(Request::new(body))).await
}

async fn give(client: &Client, body: pb::RefundOrderRequest) -> Result<pb::RefundOrderResponse, Status> {
    let key = body.app_refd_sn.clone();
    patiently(PATIENCE, client.clone().refund_order(keyed(body, key))).await
}

async fn revoke(client: &Client, order: &Order) -> Result<pb::RevokeOrderResponse, Status> {
    let (pay_ord_id, pay_token) = (order.id.clone(), order.token.clone());
    let body = pb::RevokeOrderRequest { pay_ord_id, pay_token, ..Default::default() };
    patiently(PATIENCE, client.clone().revoke_order(keyed(body, format!("{}:6401", order.id)))).await
}

fn accepted(heard: &Result<pb::UploadFeeResponse, Status>) -> bool {
    heard.as_ref().is_ok_and(|answer| answer.accepted)
}

fn order(heard: &Result<pb::UploadFeeResponse, Status>) -> Order {
    let whole = |answer: &pb::UploadFeeResponse| Order {
        id: answer.pay_ord_id.clone(),
        token: answer.pay_token.clone(),
    };
    heard.as_ref().ok().filter(|answer| answer.accepted).map(whole).unwrap_or_default()
}

fn taken(heard: &Result<pb::UploadFeeResponse, Status>) -> String {
    heard.as_ref().map_or_else(failed, |answer| format!("accepted {}", answer.accepted))
}

fn stas(heard: &Result<pb::QueryOrderResponse, Status>) -> String {
    heard.as_ref().map_or_else(failed, |answer| answer.ord_stas.to_string())
}

fn code(heard: &Result<pb::PayOrderResponse, Status>) -> String {
    heard.as_ref().map_or_else(failed, |answer| answer.ord_stas.to_string())
}

fn status(heard: &Result<pb::RefundOrderResponse, Status>) -> String {
    heard.as_ref().map_or_else(failed, |answer| answer.ref_status.clone())
}

fn success(heard: &Result<pb::RevokeOrderResponse, Status>) -> String {
    heard.as_ref().map_or_else(failed, |answer| answer.success.to_string())
}
