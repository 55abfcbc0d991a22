//! The outside: identity with a fixed cast, a channel and an insurer that keep books and can lose words.

mod identity;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use liufang_proto::hooks::v1 as hooks;
use tonic::{Request, Response, Status};

/// What happens to the next calls of a method, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LoseRequest,
    LoseAnswer,
    Refuse,
    /// The payer has not paid yet.
    StayOpen,
    /// Our credential is not accepted.
    Unauthenticated,
}

#[derive(Default)]
pub struct Books {
    pub channel: BTreeMap<String, ChannelRow>,
    /// By msgid: settlement number, and whether it was reversed.
    pub insurer: BTreeMap<String, (String, bool)>,
    /// By msgid: total fee, fund, accounts and cash.
    pub sums: BTreeMap<String, [i64; 4]>,
    /// By refund number.
    pub refunds: BTreeMap<String, i64>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    pub calls: Vec<&'static str>,
}

#[derive(Clone, Default)]
pub struct ChannelRow {
    pub amount: i64,
    pub freight: i64,
    pub refunded: i64,
    pub state: i32,
}

#[derive(Clone, Default)]
pub struct Fakes(Arc<Mutex<Books>>);

impl Fakes {
    pub fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    pub fn dial(&self, method: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.entry(method).or_default().extend(faults);
    }

    /// Takes the faults of a method away.
    pub fn heal(&self, method: &'static str) {
        self.books().faults.remove(method);
    }

    /// What the insurer holds as settled, over all living settlements.
    pub fn settled(&self) -> [i64; 4] {
        let books = self.books();
        let living = books.insurer.iter().filter(|(_, (_, reversed))| !reversed);
        living.fold([0; 4], |sum, (msgid, _)| {
            let own = books.sums[msgid];
            [sum[0] + own[0], sum[1] + own[1], sum[2] + own[2], sum[3] + own[3]]
        })
    }

    /// What the channel keeps.
    pub fn kept(&self) -> i64 {
        self.books().channel.values().map(|row| row.amount - row.refunded).sum()
    }

    /// Plays `effect` under the method's next fault.
    fn play<T>(
        &self,
        method: &'static str,
        effect: impl FnOnce(&mut Books, Option<Fault>) -> T,
    ) -> Result<Response<T>, Status> {
        let mut books = self.books();
        books.calls.push(method);
        let fault = books.faults.get_mut(method).and_then(VecDeque::pop_front);
        if fault == Some(Fault::LoseRequest) {
            return Err(Status::unavailable("lost"));
        }
        if fault == Some(Fault::Unauthenticated) {
            return Err(Status::unauthenticated("who are you"));
        }
        let reply = effect(&mut books, fault);
        if fault == Some(Fault::LoseAnswer) {
            return Err(Status::deadline_exceeded("lost"));
        }
        Ok(Response::new(reply))
    }
}

use hooks::ChannelState as State;

#[async_trait::async_trait]
impl hooks::payment_channel_server::PaymentChannel for Fakes {
    async fn create_payment(
        &self,
        request: Request<hooks::CreatePaymentRequest>,
    ) -> Result<Response<hooks::CreatePaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("create", |books, fault| {
            let first = match fault {
                Some(Fault::Refuse) => State::Refused,
                Some(Fault::StayOpen) => State::Open,
                _ => State::Paid,
            };
            let row = books.channel.entry(body.channel_order_no).or_insert(ChannelRow {
                amount: body.amount_fen,
                freight: body.freight_fen,
                refunded: 0,
                state: first as i32,
            });
            assert_eq!(row.amount, body.amount_fen, "one number, one amount");
            hooks::CreatePaymentResponse { state: row.state, channel_trade_no: "T1".into() }
        })
    }

    async fn query_payment(
        &self,
        request: Request<hooks::QueryPaymentRequest>,
    ) -> Result<Response<hooks::QueryPaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("query", |books, _| match books.channel.get(&body.channel_order_no) {
            Some(row) => hooks::QueryPaymentResponse {
                state: row.state,
                amount_fen: row.amount,
                channel_trade_no: "T1".into(),
                refunded_fen: row.refunded,
            },
            None => hooks::QueryPaymentResponse { state: State::NotFound as i32, ..Default::default() },
        })
    }

    async fn close_payment(
        &self,
        request: Request<hooks::ClosePaymentRequest>,
    ) -> Result<Response<hooks::ClosePaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("close", |books, _| {
            let row = books
                .channel
                .entry(body.channel_order_no)
                .or_insert(ChannelRow { state: State::Closed as i32, ..Default::default() });
            if row.state == State::Open as i32 {
                row.state = State::Closed as i32;
            }
            hooks::ClosePaymentResponse { state: row.state }
        })
    }

    async fn refund_payment(
        &self,
        request: Request<hooks::RefundPaymentRequest>,
    ) -> Result<Response<hooks::RefundPaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("refund", |books, fault| {
            if fault == Some(Fault::Refuse) {
                return hooks::RefundPaymentResponse { accepted: false, reason: "REFUSED".into() };
            }
            let row = books.channel.get_mut(&body.channel_order_no).expect("refund of a known payment");
            let known = *books.refunds.entry(body.refund_no).or_insert_with(|| {
                row.refunded += body.amount_fen;
                body.amount_fen
            });
            assert_eq!(known, body.amount_fen, "one number, one amount");
            assert!(row.refunded <= row.amount, "never more than was paid");
            if row.refunded == row.amount {
                row.state = State::Refunded as i32;
            }
            hooks::RefundPaymentResponse { accepted: true, reason: String::new() }
        })
    }
}

use hooks::InsurerOutcome as Outcome;

#[async_trait::async_trait]
impl hooks::insurer_hook_server::InsurerHook for Fakes {
    async fn settle(
        &self,
        request: Request<hooks::SettleRequest>,
    ) -> Result<Response<hooks::SettleResponse>, Status> {
        let body = request.into_inner();
        assert_eq!(body.msgid.len(), 30);
        self.play("settle", |books, fault| {
            if fault == Some(Fault::Refuse) {
                let err_msg = "refused".into();
                return hooks::SettleResponse {
                    outcome: Outcome::Rejected as i32,
                    setl_id: String::new(),
                    err_msg,
                };
            }
            let next = format!("S{:06}", books.insurer.len() + 1);
            let accounts = body.acct_pay_fen + body.acct_mulaid_pay_fen;
            let sums = [body.medfee_sumamt_fen, body.fund_pay_sumamt_fen, accounts, body.psn_cash_pay_fen];
            assert_eq!(
                *books.sums.entry(body.msgid.clone()).or_insert(sums),
                sums,
                "one message, one content"
            );
            let row = books.insurer.entry(body.msgid).or_insert((next, false));
            hooks::SettleResponse {
                outcome: Outcome::Success as i32,
                setl_id: row.0.clone(),
                err_msg: String::new(),
            }
        })
    }

    async fn reverse(
        &self,
        request: Request<hooks::ReverseRequest>,
    ) -> Result<Response<hooks::ReverseResponse>, Status> {
        let body = request.into_inner();
        self.play("reverse", |books, fault| {
            if fault == Some(Fault::Refuse) {
                return hooks::ReverseResponse { outcome: Outcome::Rejected as i32 };
            }
            let outcome = match books.insurer.get_mut(&body.omsgid) {
                Some(row) => {
                    row.1 = true;
                    Outcome::Success
                }
                None => Outcome::NotFound,
            };
            hooks::ReverseResponse { outcome: outcome as i32 }
        })
    }

    async fn query_message(
        &self,
        request: Request<hooks::QueryMessageRequest>,
    ) -> Result<Response<hooks::QueryMessageResponse>, Status> {
        let body = request.into_inner();
        self.play("query_message", |books, _| match books.insurer.get(&body.msgid) {
            Some((setl_id, reversed)) => hooks::QueryMessageResponse {
                outcome: Outcome::Success as i32,
                setl_id: setl_id.clone(),
                reversed: *reversed,
            },
            None => hooks::QueryMessageResponse { outcome: Outcome::NotFound as i32, ..Default::default() },
        })
    }
}
