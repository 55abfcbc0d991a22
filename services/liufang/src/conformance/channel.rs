//! The contract of a payment channel (`proto/liufang/hooks/v1/payment.proto`), tried from outside.
//!
//! The channel's test system has to take a few fen from a test payer, at once or while the kit waits. What was paid is given
//! back. Notices go to `PaymentService.NotifyPayment` and are not listened to here.

mod payer;
mod refunds;
mod unsound;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use liufang_kernel::timestamp::date_text;
use liufang_platform::config::Config;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Mesh, PeerFault, SharedClock};
use liufang_proto::hooks::v1 as pb;
use pb::ChannelState::{Closed, NotFound, Open, Paid, Refused};
use pb::payment_channel_client::PaymentChannelClient;
use tonic::{Code, Request, Status};

use super::{Tally, Target, failed, patiently};
pub use payer::Payer;

/// An answer that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);
/// The most that a statement may hold.
const STATEMENT_BYTES: usize = 3 << 20;

/// Where the channel is, and its test payer.
#[derive(Args, Clone)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    payer: Payer,
}

/// Runs the kit at an address.
///
/// # Errors
/// The address cannot be used, or `out` cannot be written.
pub async fn at(
    config: &Config,
    options: &Options,
    clock: &SharedClock,
    out: &mut impl Write,
) -> Result<bool> {
    let mesh = options.target.mesh(config, "settlement", "payment")?;
    run(mesh, &options.payer, clock, out).await
}

/// Runs the kit over a connection. Answers whether every promise was kept.
///
/// # Errors
/// `out` cannot be written.
pub async fn run(mesh: Mesh, payer: &Payer, clock: &SharedClock, out: &mut impl Write) -> Result<bool> {
    let client = PaymentChannelClient::new(mesh);
    Kit { client, payer, clock, tally: Tally::default() }.run(out).await
}

type Created = Result<pb::CreatePaymentResponse, Status>;
type Told = Result<pb::QueryPaymentResponse, Status>;
type Ended = Result<pb::ClosePaymentResponse, Status>;

struct Kit<'a> {
    client: PaymentChannelClient<Mesh>,
    payer: &'a Payer,
    clock: &'a SharedClock,
    tally: Tally,
}

impl Kit<'_> {
    async fn run(mut self, out: &mut impl Write) -> Result<bool> {
        self.nothing_there(out).await?;
        let order = self.payer.order(self.clock.now());
        if self.payment(out, &order).await? {
            self.refunds(out, &order).await?;
        }
        self.closing(out).await?;
        self.unsound(out).await?;
        self.statements(out).await?;
        self.tally.end(out)
    }

    async fn nothing_there(&mut self, out: &mut impl Write) -> Result<()> {
        let no = payer::number();
        let heard = self.query(&no).await;
        self.note(out, "an unknown payment is not found", is(&heard, NotFound), word(&heard))?;
        let heard = self.close(&no).await;
        self.note(out, "an unknown payment has nothing to close", is(&heard, NotFound), word(&heard))?;
        let heard = self.query(&no).await;
        self.note(out, "a question makes no payment", is(&heard, NotFound), word(&heard))
    }

    /// Whether it was paid.
    async fn payment(&mut self, out: &mut impl Write, order: &pb::CreatePaymentRequest) -> Result<bool> {
        let no = order.channel_order_no.as_str();
        let first = self.create(order).await;
        let made = is(&first, Paid) || is(&first, Open);
        self.note(out, "a payment is made, or waits for its payer", made, word(&first))?;
        if is(&first, Open) {
            let params = first.as_ref().map(|made| made.pay_params.clone()).unwrap_or_default();
            let object = serde_json::from_str::<serde_json::Map<_, _>>(&params).is_ok();
            let seen = format!("{} characters of something else", params.len());
            self.note(out, "who waits says how to pay, as a JSON object", object, seen)?;
        }
        let told = self.until_paid(no).await;
        let amount =
            told.as_ref().is_ok_and(|told| (told.amount_fen, told.refunded_fen) == (order.amount_fen, 0));
        let paid = is(&told, Paid);
        self.note(out, "it is paid, in the amount that was asked for", paid && amount, word(&told))?;
        if !paid {
            return Ok(false);
        }
        let trade_no = told.map(|told| told.channel_trade_no).unwrap_or_default();
        self.note(out, "what is paid has the channel's number", !trade_no.is_empty(), "none".to_owned())?;
        let again = self.create(order).await;
        // an answer that was kept from the first time may say that it waits
        let one = is(&again, Paid) || is(&again, Open);
        self.note(out, "the same number again is the same payment", one, word(&again))?;
        let other = pb::CreatePaymentRequest { amount_fen: order.amount_fen + 1, ..order.clone() };
        let other = self.create(&other).await;
        self.note(out, "the same number with another amount is refused", is_refused(&other), word(&other))?;
        let closed = self.close(no).await;
        self.note(out, "what is paid is not closed, but told", is(&closed, Paid), word(&closed))?;
        let told = self.query(no).await;
        let same = told.as_ref().is_ok_and(|told| {
            told.channel_trade_no == trade_no && (told.amount_fen, told.refunded_fen) == (order.amount_fen, 0)
        });
        let case = "none of this changed the payment";
        self.note(out, case, same && is(&told, Paid), word(&told))?;
        Ok(true)
    }

    async fn closing(&mut self, out: &mut impl Write) -> Result<()> {
        let order = self.payer.idle_order(self.clock.now());
        let no = order.channel_order_no.as_str();
        let made = self.create(&order).await;
        let closed = self.until_closed(no).await;
        if is(&closed, Paid) {
            let told = self.query(no).await;
            self.note(out, "a payer who was faster has paid", is(&told, Paid), word(&told))?;
            return self.give_back(out, &order).await;
        }
        let (kept, seen) =
            (is(&made, Open) && is(&closed, Closed), format!("{}, then {}", word(&made), word(&closed)));
        self.note(out, "a payment that nobody pays is closed", kept, seen)?;
        let again = self.close(no).await;
        self.note(out, "closing again changes nothing", is(&again, Closed), word(&again))?;
        let told = self.query(no).await;
        let ended = is(&told, Closed) || is(&told, NotFound);
        self.note(out, "a question tells that it was closed", ended, word(&told))?;
        let late = self.create(&order).await;
        let dead = is_refused(&late) || is(&late, Closed);
        self.note(out, "what was closed is never paid", dead, word(&late))?;
        let refund = self.refund(&payer::back(&order, &payer::refund_number(), 1)).await;
        let (kept, seen) = refunds::refused(&refund);
        self.note(out, "what was never paid is not given back", kept, seen)
    }

    async fn statements(&mut self, out: &mut impl Write) -> Result<()> {
        let today = self.clock.now();
        let heard = self.statement(&date_text(today.plus_days(-1).china_date())).await;
        if heard.as_ref().is_err_and(|status| status.code() == Code::Unimplemented) {
            return Ok(());
        }
        let kept = heard.as_ref().is_ok_and(|told| match told.state() {
            pb::StatementState::Ready => {
                told.form() != pb::StatementForm::Unspecified
                    && (1..=STATEMENT_BYTES).contains(&told.text.len())
            }
            pb::StatementState::Unspecified => false,
            _ => told.text.is_empty(),
        });
        self.note(out, "yesterday's statement is told, or why there is none", kept, word(&heard))?;
        let heard = self.statement(&date_text(today.china_date())).await;
        let early = heard.as_ref().is_ok_and(|told| told.state() == pb::StatementState::Ready);
        self.note(out, "a day that is not over has no statement yet", !early, word(&heard))?;
        let heard = self.statement("2026-02-30").await;
        let refused = heard.as_ref().is_err_and(turned_down);
        self.note(out, "a day that is none is refused", refused, word(&heard))
    }

    /// How a payment stands once its payer has had the time.
    async fn until_paid(&self, no: &str) -> Told {
        self.until(|told: &Told| told.as_ref().is_ok_and(|told| told.state() != Open), || self.query(no))
            .await
    }

    /// A channel may not know yet whether a code was scanned.
    async fn until_closed(&self, no: &str) -> Ended {
        self.until(|ended: &Ended| ended.as_ref().is_ok_and(|told| told.state() != Open), || self.close(no))
            .await
    }

    async fn until<T>(&self, ended: impl Fn(&T) -> bool, ask: impl AsyncFn() -> T) -> T {
        let until = tokio::time::Instant::now() + self.payer.wait();
        loop {
            let heard = ask().await;
            if ended(&heard) || until <= tokio::time::Instant::now() {
                return heard;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn note(&mut self, out: &mut impl Write, case: &str, kept: bool, seen: String) -> Result<()> {
        self.tally.note(out, case, if kept { Ok(()) } else { Err(seen) })
    }

    async fn create(&self, body: &pb::CreatePaymentRequest) -> Created {
        let mut client = self.client.clone();
        let key = &body.channel_order_no;
        patiently(PATIENCE, client.create_payment(keyed(body.clone(), key))).await
    }

    async fn query(&self, no: &str) -> Told {
        let body = pb::QueryPaymentRequest { channel: self.payer.channel(), channel_order_no: no.to_owned() };
        let mut client = self.client.clone();
        patiently(PATIENCE, client.query_payment(Request::new(body))).await
    }

    async fn close(&self, no: &str) -> Ended {
        let body = pb::ClosePaymentRequest { channel: self.payer.channel(), channel_order_no: no.to_owned() };
        let mut client = self.client.clone();
        patiently(PATIENCE, client.close_payment(keyed(body, format!("{no}:close")))).await
    }

    async fn statement(&self, stmt_date: &str) -> Result<pb::FetchStatementResponse, Status> {
        let body = self.payer.statement(stmt_date);
        let mut client = self.client.clone();
        patiently(PATIENCE, client.fetch_statement(Request::new(body))).await
    }
}

/// Answers that have a state.
trait Answer {
    fn state(&self) -> pb::ChannelState;
}

macro_rules! answers {
    ($($answer:ident),*) => {
        $(impl Answer for pb::$answer {
            fn state(&self) -> pb::ChannelState {
                self.state()
            }
        })*
    };
}
answers!(CreatePaymentResponse, QueryPaymentResponse, ClosePaymentResponse);

fn is(heard: &Result<impl Answer, Status>, state: pb::ChannelState) -> bool {
    heard.as_ref().is_ok_and(|answer| answer.state() == state)
}

/// Refused for good: nothing happened, and repeating does not help.
fn is_refused(heard: &Created) -> bool {
    is(heard, Refused) || heard.as_ref().is_err_and(turned_down)
}

fn turned_down(status: &Status) -> bool {
    PeerFault::from(status.clone()).is_refusal()
}

/// What was heard, for people.
trait Word {
    fn word(&self) -> String;
}

impl<T: Answer> Word for T {
    fn word(&self) -> String {
        self.state().as_str_name().trim_start_matches("CHANNEL_STATE_").to_owned()
    }
}

impl Word for pb::FetchStatementResponse {
    fn word(&self) -> String {
        self.state().as_str_name().trim_start_matches("STATEMENT_STATE_").to_owned()
    }
}

fn word(heard: &Result<impl Word, Status>) -> String {
    match heard {
        Ok(answer) => answer.word(),
        Err(status) => failed(status),
    }
}

#[cfg(test)]
mod tests;
