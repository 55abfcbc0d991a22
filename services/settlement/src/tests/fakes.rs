//! The outside: identity with a fixed cast, a channel and an insurer that keep books and can lose words.

mod identity;
mod mobile;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// The refund is neither done nor refused.
    InHand,
    /// Our credential is not accepted.
    Unauthenticated,
    /// The mobile-payment centre leaves the order in this state.
    OrdStas(i32),
    /// The insurer's fund pays a fen less than asked, and the person more.
    OtherAmounts,
}

#[derive(Default)]
pub struct Books {
    pub channel: BTreeMap<String, ChannelRow>,
    /// By msgid: settlement number, and whether it was reversed.
    pub insurer: BTreeMap<String, (String, bool)>,
    /// What was settled, by msgid; the answer repeats it.
    pub sheets: BTreeMap<String, hooks::SettleRequest>,
    /// By refund number.
    pub refunds: BTreeMap<String, i64>,
    /// Refunds in hand, by number: how often they are asked about before they are done.
    pub in_hand: BTreeMap<String, u32>,
    /// Orders of the mobile-payment centre, by our number.
    pub orders: BTreeMap<String, mobile::Order>,
    /// States in which it said that it left them (6202).
    pub left_in: BTreeSet<i32>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    pub calls: Vec<&'static str>,
    /// Who pays, as `create` was told.
    pub payers: Vec<String>,
    /// What the channel says of a day, by `channel date`; else there is none.
    pub bills: BTreeMap<String, hooks::FetchStatementResponse>,
    /// A question about this order is answered only after one about another order.
    pub waits: String,
}

#[derive(Clone, Default)]
pub struct ChannelRow {
    pub amount: i64,
    pub freight: i64,
    pub refunded: i64,
    pub state: i32,
}

impl ChannelRow {
    /// Whether the payer has paid, and maybe got it back.
    pub fn is_paid(&self) -> bool {
        [State::Paid as i32, State::Refunded as i32].contains(&self.state)
    }
}

#[derive(Clone, Default)]
pub struct Fakes(Arc<Mutex<Books>>, Arc<tokio::sync::Notify>);

impl Fakes {
    pub fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    pub fn dial(&self, method: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.entry(method).or_default().extend(faults);
    }

    /// Whether a fault waits for the next call of a method.
    pub fn is_dialled(&self, method: &str) -> bool {
        self.books().faults.get(method).is_some_and(|faults| !faults.is_empty())
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
            let own = &books.sheets[msgid];
            let accounts = own.acct_pay_fen + own.acct_mulaid_pay_fen;
            let own = [own.medfee_sumamt_fen, own.fund_pay_sumamt_fen, accounts, own.psn_cash_pay_fen];
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
            assert_eq!(body.payer_ref, "", "no number of ours tells a channel who pays");
            books.payers.push(body.payer_id);
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
            hooks::CreatePaymentResponse {
                state: row.state,
                channel_trade_no: "T1".into(),
                pay_params: if row.state == State::Open as i32 {
                    "{\"code_url\":\"c\"}".into()
                } else {
                    String::new()
                },
            }
        })
    }

    async fn query_payment(
        &self,
        request: Request<hooks::QueryPaymentRequest>,
    ) -> Result<Response<hooks::QueryPaymentResponse>, Status> {
        let body = request.into_inner();
        let waits = self.books().waits.clone();
        if waits == body.channel_order_no {
            self.1.notified().await;
        } else if !waits.is_empty() {
            self.1.notify_one();
        }
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
            if fault == Some(Fault::InHand) {
                books.in_hand.insert(body.refund_no, 2);
                let state = hooks::RefundState::Processing.into();
                return hooks::RefundPaymentResponse { accepted: false, reason: "PROCESSING".into(), state };
            }
            if fault == Some(Fault::Refuse) {
                return hooks::RefundPaymentResponse {
                    accepted: false,
                    reason: "REFUSED".into(),
                    state: hooks::RefundState::Refused.into(),
                };
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
            let state = hooks::RefundState::Accepted.into();
            hooks::RefundPaymentResponse { accepted: true, reason: String::new(), state }
        })
    }

    /// One that is in hand is done after being asked about twice.
    async fn query_refund(
        &self,
        request: Request<hooks::QueryRefundRequest>,
    ) -> Result<Response<hooks::QueryRefundResponse>, Status> {
        let body = request.into_inner();
        self.play("query_refund", |books, _| {
            let row = books.channel.get_mut(&body.channel_order_no).expect("refund of a known payment");
            let state = match books.in_hand.get_mut(&body.refund_no) {
                Some(0) => {
                    row.refunded = row.amount;
                    row.state = State::Refunded as i32;
                    hooks::RefundState::Accepted
                }
                Some(left) => {
                    *left -= 1;
                    hooks::RefundState::Processing
                }
                None if books.refunds.contains_key(&body.refund_no) => hooks::RefundState::Accepted,
                None => hooks::RefundState::NotFound,
            };
            hooks::QueryRefundResponse { state: state.into(), amount_fen: row.amount }
        })
    }

    async fn fetch_statement(
        &self,
        request: Request<hooks::FetchStatementRequest>,
    ) -> Result<Response<hooks::FetchStatementResponse>, Status> {
        let body = request.into_inner();
        let key = format!("{} {}", body.channel, body.stmt_date);
        self.play("statement", |books, _| {
            let none = hooks::FetchStatementResponse {
                state: hooks::StatementState::None.into(),
                ..Default::default()
            };
            books.bills.get(&key).cloned().unwrap_or(none)
        })
    }
}

use hooks::InsurerOutcome as Outcome;

/// The answer that repeats what was asked for.
fn echo(setl_id: &str, body: &hooks::SettleRequest) -> hooks::SettleResponse {
    hooks::SettleResponse {
        outcome: Outcome::Success as i32,
        setl_id: setl_id.to_owned(),
        err_msg: String::new(),
        setlinfo: body.setlinfo.clone(),
        setldetail: body.setldetail.clone(),
        detlcutinfo: body.drugdetail.clone(),
    }
}

fn bend(body: &mut hooks::SettleRequest, fault: Option<Fault>) {
    if let (Some(Fault::OtherAmounts), Some(info)) = (fault, &mut body.setlinfo) {
        info.acct_pay_fen -= 1;
        info.psn_cash_pay_fen += 1;
    }
}

fn refused() -> hooks::SettleResponse {
    hooks::SettleResponse {
        outcome: Outcome::Rejected as i32,
        err_msg: "refused".into(),
        ..Default::default()
    }
}

#[async_trait::async_trait]
impl hooks::insurer_hook_server::InsurerHook for Fakes {
    async fn settle(
        &self,
        request: Request<hooks::SettleRequest>,
    ) -> Result<Response<hooks::SettleResponse>, Status> {
        let mut body = request.into_inner();
        assert_eq!(body.msgid.len(), 30);
        self.play("settle", |books, fault| {
            if fault == Some(Fault::Refuse) {
                return refused();
            }
            bend(&mut body, fault);
            let next = format!("S{:06}", books.insurer.len() + 1);
            let (setl_id, _) = books.insurer.entry(body.msgid.clone()).or_insert((next, false));
            echo(setl_id, books.sheets.entry(body.msgid.clone()).or_insert(body))
        })
    }

    async fn trial(
        &self,
        request: Request<hooks::TrialRequest>,
    ) -> Result<Response<hooks::TrialResponse>, Status> {
        let mut body = request.into_inner().settle.unwrap();
        self.play("trial", |_, fault| {
            bend(&mut body, fault);
            let settle = if fault == Some(Fault::Refuse) { refused() } else { echo("", &body) };
            hooks::TrialResponse { settle: Some(settle) }
        })
    }

    async fn reverse(
        &self,
        request: Request<hooks::ReverseRequest>,
    ) -> Result<Response<hooks::ReverseResponse>, Status> {
        let body = request.into_inner();
        self.play("reverse", |books, fault| {
            let refused = fault == Some(Fault::Refuse);
            let outcome = if refused { Outcome::Rejected } else { undo(books, &body.omsgid) };
            hooks::ReverseResponse { outcome: outcome as i32, ..Default::default() }
        })
    }

    async fn revoke(
        &self,
        request: Request<hooks::RevokeRequest>,
    ) -> Result<Response<hooks::RevokeResponse>, Status> {
        let body = request.into_inner();
        assert_eq!(body.oinfno, "2102");
        self.play("revoke", |books, _| hooks::RevokeResponse { outcome: undo(books, &body.omsgid) as i32 })
    }

    async fn query_message(
        &self,
        request: Request<hooks::QueryMessageRequest>,
    ) -> Result<Response<hooks::QueryMessageResponse>, Status> {
        let body = request.into_inner();
        self.play("query_message", |books, _| match books.insurer.get(&body.msgid) {
            Some((setl_id, reversed)) => {
                let told = echo(setl_id, &books.sheets[&body.msgid]);
                hooks::QueryMessageResponse {
                    outcome: told.outcome,
                    setl_id: told.setl_id,
                    reversed: *reversed,
                    setlinfo: told.setlinfo,
                    setldetail: told.setldetail,
                    detlcutinfo: told.detlcutinfo,
                }
            }
            None => hooks::QueryMessageResponse { outcome: Outcome::NotFound as i32, ..Default::default() },
        })
    }

    async fn get_year_sums(
        &self,
        _: Request<hooks::GetYearSumsRequest>,
    ) -> Result<Response<hooks::GetYearSumsResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }
}

fn undo(books: &mut Books, msgid: &str) -> Outcome {
    match books.insurer.get_mut(msgid) {
        Some(row) => {
            row.1 = true;
            Outcome::Success
        }
        None => Outcome::NotFound,
    }
}
