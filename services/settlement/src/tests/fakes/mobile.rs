//! The mobile-payment centre.

use super::*;

/// An order at the centre.
#[derive(Clone, Default)]
pub struct Order {
    pub stas: i32,
    pub cash: i64,
    pub accounts: i64,
    pub fund: i64,
    /// Number of the refund; empty while it stands.
    pub refund: String,
    /// What the person authorised, as each call showed it.
    pub shown: Vec<String>,
}

impl Order {
    /// Paid, and not given back.
    pub fn stands(&self) -> bool {
        self.stas == 6 && self.refund.is_empty()
    }

    fn id(number: &str) -> String {
        format!("MP{number}")
    }
}

fn of<'b>(books: &'b mut Books, pay_ord_id: &str) -> Option<&'b mut Order> {
    books.orders.iter_mut().find(|(number, _)| Order::id(number) == pay_ord_id).map(|(_, order)| order)
}

#[async_trait::async_trait]
impl hooks::mobile_payment_server::MobilePayment for Fakes {
    async fn upload_fee(
        &self,
        request: Request<hooks::UploadFeeRequest>,
    ) -> Result<Response<hooks::UploadFeeResponse>, Status> {
        let body = request.into_inner();
        let lines: i64 = body.feedetail_list.iter().map(|line| line.det_item_fee_sumamt_fen).sum();
        assert_eq!(lines, body.medfee_sumamt_fen);
        self.play("upload", |books, fault| {
            // the same number is the same order: one that is there is not refused any more
            if fault == Some(Fault::Refuse) && !books.orders.contains_key(&body.med_org_ord) {
                return hooks::UploadFeeResponse::default();
            }
            let info = body.setlinfo.unwrap();
            books.orders.entry(body.med_org_ord.clone()).or_insert(Order {
                stas: 1,
                cash: info.psn_cash_pay_fen,
                accounts: body.medfee_sumamt_fen - info.psn_cash_pay_fen - info.fund_pay_sumamt_fen,
                fund: info.fund_pay_sumamt_fen,
                ..Order::default()
            });
            books.orders.get_mut(&body.med_org_ord).unwrap().shown.push(body.pay_auth_no);
            hooks::UploadFeeResponse {
                accepted: true,
                pay_ord_id: Order::id(&body.med_org_ord),
                pay_token: format!("token of {}", body.med_org_ord),
                err_msg: String::new(),
            }
        })
    }

    async fn pay_order(
        &self,
        request: Request<hooks::PayOrderRequest>,
    ) -> Result<Response<hooks::PayOrderResponse>, Status> {
        let body = request.into_inner();
        self.play("pay_order", |books, fault| {
            let order = of(books, &body.pay_ord_id).expect("an uploaded order");
            assert!(body.pay_token.starts_with("token of"), "what 6201 answered");
            order.shown.push(body.pay_auth_no);
            if matches!(order.stas, 0 | 1) {
                order.stas = match fault {
                    Some(Fault::OrdStas(stas)) => stas,
                    Some(Fault::Refuse) => 15,
                    _ => 6,
                };
            }
            if fault == Some(Fault::OtherAmounts) {
                let less = if order.accounts == 0 { &mut order.fund } else { &mut order.accounts };
                *less -= 1;
                order.cash += 1;
            }
            let order = order.clone();
            books.left_in.insert(order.stas);
            hooks::PayOrderResponse {
                pay_ord_id: body.pay_ord_id,
                ord_stas: order.stas,
                fee_sumamt_fen: order.cash + order.accounts + order.fund,
                own_pay_amt_fen: order.cash,
                psn_acct_pay_fen: order.accounts,
                fund_pay_fen: order.fund,
                err_msg: String::new(),
            }
        })
    }

    async fn refund_order(
        &self,
        request: Request<hooks::RefundOrderRequest>,
    ) -> Result<Response<hooks::RefundOrderResponse>, Status> {
        let body = request.into_inner();
        self.play("refund_order", |books, fault| {
            if fault == Some(Fault::Refuse) {
                let ref_status = "FAIL".to_owned();
                return hooks::RefundOrderResponse { pay_ord_id: body.pay_ord_id, ref_status };
            }
            let order = of(books, &body.pay_ord_id).expect("an order");
            order.shown.push(body.pay_auth_no);
            let own = (order.accounts, order.fund, 0);
            assert_eq!((body.psn_acct_refd_amt_fen, body.fund_refd_amt_fen, body.cash_refd_amt_fen), own);
            assert_eq!(body.totl_refd_amt_fen, order.accounts + order.fund);
            assert!(order.refund.is_empty() || order.refund == body.app_refd_sn, "refunded once");
            assert_eq!(body.app_refd_time.len(), 14);
            order.refund = body.app_refd_sn;
            if let Some(Fault::OrdStas(stas)) = fault {
                order.stas = stas;
                let ref_status = "EXP".to_owned();
                return hooks::RefundOrderResponse { pay_ord_id: body.pay_ord_id, ref_status };
            }
            order.stas = 8;
            hooks::RefundOrderResponse { pay_ord_id: body.pay_ord_id, ref_status: "SUCC".to_owned() }
        })
    }

    async fn query_order(
        &self,
        request: Request<hooks::QueryOrderRequest>,
    ) -> Result<Response<hooks::QueryOrderResponse>, Status> {
        let body = request.into_inner();
        self.play("query_order", |books, fault| {
            let Some(order) = of(books, &body.pay_ord_id) else {
                return hooks::QueryOrderResponse::default();
            };
            if let Some(Fault::OrdStas(stas)) = fault {
                order.stas = stas;
            }
            let told = |fen: i64| matches!(order.stas, 6..=8).then_some(fen);
            hooks::QueryOrderResponse {
                found: true,
                pay_ord_id: body.pay_ord_id,
                ord_stas: order.stas,
                fee_sumamt_fen: told(order.cash + order.accounts + order.fund),
                own_pay_amt_fen: told(order.cash),
                psn_acct_pay_fen: told(order.accounts),
                fund_pay_fen: told(order.fund),
                ..Default::default()
            }
        })
    }

    async fn revoke_order(
        &self,
        request: Request<hooks::RevokeOrderRequest>,
    ) -> Result<Response<hooks::RevokeOrderResponse>, Status> {
        let body = request.into_inner();
        self.play("revoke_order", |books, fault| {
            if fault == Some(Fault::Refuse) {
                return hooks::RevokeOrderResponse::default();
            }
            let order = of(books, &body.pay_ord_id);
            let unpaid = order.filter(|order| !matches!(order.stas, 6..=8));
            let success = unpaid.map(|order| order.stas = 12).is_some();
            hooks::RevokeOrderResponse { success, message: String::new() }
        })
    }
}
