//! The contract of an insurer's centre (`proto/liufang/hooks/v1/insurer.proto`, with `--mobile` also `mobile_payment.proto`), tried
//! from outside.
//!
//! The centre's test system has to know a person without a fund benefit at the pharmacy, whose own account has at least
//! 60 yuan: what such a sale comes to is the same in every region. Everything that is settled is taken back again.

mod mobile;
mod sale;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use liufang_platform::config::Config;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Mesh, SharedClock};
use liufang_proto::hooks::v1 as pb;
use pb::InsurerOutcome::{NotFound, Rejected, Success};
use pb::insurer_hook_client::InsurerHookClient;
use pb::mobile_payment_client::MobilePaymentClient;
use tonic::{Code, Request, Status};

use super::{Tally, Target, failed, patiently};
use sale::Sale;

/// An answer that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the centre is, and its test person.
#[derive(Args, Clone)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    sale: Sale,
    /// Tries the mobile-payment interface too (6201 to 6401), for a centre that has it.
    #[arg(long)]
    mobile: bool,
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
    let mesh = options.target.mesh(config, "settlement", "insurer")?;
    run(mesh, &options.sale, options.mobile, clock, out).await
}

/// Runs the kit over a connection. Answers whether every promise was kept.
///
/// # Errors
/// `out` cannot be written.
pub async fn run(
    mesh: Mesh,
    sale: &Sale,
    mobile: bool,
    clock: &SharedClock,
    out: &mut impl Write,
) -> Result<bool> {
    let payments = mobile.then(|| MobilePaymentClient::new(mesh.clone()));
    let client = InsurerHookClient::new(mesh);
    let kit = Kit { client, payments, sale, clock, sent: 0, tally: Tally::default() };
    kit.run(out).await
}

type Settled = Result<pb::SettleResponse, Status>;

struct Kit<'a> {
    client: InsurerHookClient<Mesh>,
    payments: Option<MobilePaymentClient<Mesh>>,
    sale: &'a Sale,
    clock: &'a SharedClock,
    sent: u32,
    tally: Tally,
}

impl Kit<'_> {
    async fn run(mut self, out: &mut impl Write) -> Result<bool> {
        self.trial(out).await?;
        self.nothing_landed(out).await?;
        let before = self.year().await;
        let sale = self.settlement(out).await?;
        self.sums(out, &before, 1, "the year and the account move by the sale").await?;
        self.reversal(out, &sale).await?;
        self.sums(out, &before, 0, "the year and the account are as before").await?;
        self.revocation(out).await?;
        self.sums(out, &before, 0, "the year and the account are as before again").await?;
        self.unsound(out).await?;
        if let Some(payments) = self.payments.clone() {
            self.mobile(out, &payments).await?;
        }
        self.tally.end(out)
    }

    fn msgid(&mut self) -> String {
        self.sent += 1;
        let time: String = self.clock.now().china_text().chars().filter(char::is_ascii_digit).collect();
        format!("{}{time}{:04}", self.sale.fixmedins_code(), self.sent)
    }

    async fn trial(&mut self, out: &mut impl Write) -> Result<()> {
        let asked = self.sale.request(self.msgid(), self.clock.now());
        let heard = self.ask_trial(asked.clone()).await;
        self.calculated(out, "a trial is calculated as asked for", &asked, &heard)?;
        let number = heard.as_ref().is_ok_and(|answer| answer.setl_id.is_empty());
        self.note(out, "a trial has no settlement number", number, word(&heard))?;
        let query = self.query(&asked.msgid).await;
        self.note(out, "a trial books nothing", said(&query) == Some(NotFound), word(&query))
    }

    async fn nothing_landed(&mut self, out: &mut impl Write) -> Result<()> {
        let unknown = self.msgid();
        let heard = self.query(&unknown).await;
        self.note(out, "an unknown message is not found", said(&heard) == Some(NotFound), word(&heard))?;
        let heard = self.reverse(&unknown).await;
        self.note(out, "nothing to reverse is not found", said(&heard) == Some(NotFound), word(&heard))?;
        let heard = self.revoke(&unknown).await;
        self.note(out, "nothing to revoke is not found", said(&heard) == Some(NotFound), word(&heard))
    }

    async fn settlement(&mut self, out: &mut impl Write) -> Result<pb::SettleRequest> {
        let asked = self.sale.request(self.msgid(), self.clock.now());
        let first = self.settle(asked.clone()).await;
        self.calculated(out, "a sale is settled as asked for", &asked, &first)?;
        let number = first.as_ref().map(|answer| answer.setl_id.clone()).unwrap_or_default();
        self.note(out, "a settlement has a number", !number.is_empty(), word(&first))?;
        let again = self.settle(asked.clone()).await;
        let same =
            again.as_ref().is_ok_and(|answer| answer.setl_id == number) && said(&again) == Some(Success);
        self.note(out, "the same message again is the same settlement", same, word(&again))?;
        let other = self.settle(pb::SettleRequest {
            acct_used_flag: false,
            insutype: String::new(),
            ..asked.clone()
        });
        let other = other.await;
        let refused = said(&other) == Some(Rejected);
        self.note(out, "the same message id with another content is rejected", refused, word(&other))?;
        let query = self.query(&asked.msgid).await;
        let known = query.as_ref().is_ok_and(|answer| {
            answer.outcome() == Success
                && answer.setl_id == number
                && !answer.reversed
                && as_asked(&asked, answer.setlinfo.as_ref())
        });
        self.note(out, "a question tells the settlement and its calculation", known, word(&query))?;
        Ok(asked)
    }

    async fn reversal(&mut self, out: &mut impl Write, sale: &pb::SettleRequest) -> Result<()> {
        let heard = self.reverse(&sale.msgid).await;
        self.note(out, "a settlement is reversed", said(&heard) == Some(Success), word(&heard))?;
        let told = heard.as_ref().ok().and_then(|answer| answer.setlinfo.clone());
        let mirrored = told.is_none_or(|told| sale::mirrored(sale.setlinfo.as_ref(), &told));
        self.note(out, "amounts of a reversal, if told, are the negative", mirrored, word(&heard))?;
        let again = self.reverse(&sale.msgid).await;
        self.note(out, "reversing again changes nothing", said(&again) == Some(Success), word(&again))?;
        let query = self.query(&sale.msgid).await;
        let reversed = query.as_ref().is_ok_and(|answer| answer.reversed);
        self.note(out, "a question tells that it was reversed", reversed, word(&query))?;
        let again = self.settle(sale.clone()).await;
        let stands = said(&again) == Some(Success);
        self.note(out, "a reversed message is not settled again", !stands, word(&again))
    }

    async fn revocation(&mut self, out: &mut impl Write) -> Result<()> {
        let asked = self.sale.request(self.msgid(), self.clock.now());
        let landed = self.settle(asked.clone()).await;
        self.note(out, "a second sale is settled", said(&landed) == Some(Success), word(&landed))?;
        for case in ["a message whose answer was lost is revoked", "revoking again changes nothing"] {
            let heard = self.revoke(&asked.msgid).await;
            self.note(out, case, said(&heard) == Some(Success), word(&heard))?;
        }
        let query = self.query(&asked.msgid).await;
        let reversed = query.as_ref().is_ok_and(|answer| answer.reversed);
        self.note(out, "a question tells that it was revoked", reversed, word(&query))
    }

    async fn unsound(&mut self, out: &mut impl Write) -> Result<()> {
        for (case, bend) in sale::BENDS {
            let mut asked = self.sale.request(self.msgid(), self.clock.now());
            bend(&mut asked);
            let heard = self.settle(asked.clone()).await;
            let refused = said(&heard) == Some(Rejected);
            self.note(out, &format!("{case} is rejected"), refused, word(&heard))?;
            if said(&heard) == Some(Success) {
                self.reverse(&asked.msgid).await.ok();
            }
        }
        Ok(())
    }

    /// The year and the account after `times` sales since `before`.
    async fn sums(
        &mut self,
        out: &mut impl Write,
        before: &Result<pb::GetYearSumsResponse, Status>,
        times: i64,
        case: &str,
    ) -> Result<()> {
        let now = self.year().await;
        let kept = match (before, &now) {
            (Ok(before), Ok(now)) => self.sale.moved(before, now, times),
            _ => false,
        };
        let seen = now.map_or_else(|status| failed(&status), |_| "other sums".to_owned());
        self.note(out, case, kept, seen)
    }

    fn calculated(
        &mut self,
        out: &mut impl Write,
        case: &str,
        asked: &pb::SettleRequest,
        heard: &Settled,
    ) -> Result<()> {
        let kept = heard
            .as_ref()
            .is_ok_and(|answer| answer.outcome() == Success && as_asked(asked, answer.setlinfo.as_ref()));
        self.note(out, case, kept, word(heard))
    }

    fn note(&mut self, out: &mut impl Write, case: &str, kept: bool, seen: String) -> Result<()> {
        self.tally.note(out, case, if kept { Ok(()) } else { Err(seen) })
    }

    async fn ask_trial(&self, body: pb::SettleRequest) -> Settled {
        let mut client = self.client.clone();
        let request = Request::new(pb::TrialRequest { settle: Some(body) });
        Ok(patiently(PATIENCE, client.trial(request)).await?.settle.unwrap_or_default())
    }

    async fn settle(&self, body: pb::SettleRequest) -> Settled {
        let key = body.msgid.clone();
        let mut client = self.client.clone();
        patiently(PATIENCE, client.settle(keyed(body, key))).await
    }

    async fn query(&self, msgid: &str) -> Result<pb::QueryMessageResponse, Status> {
        let mut client = self.client.clone();
        let request = Request::new(pb::QueryMessageRequest { msgid: msgid.to_owned() });
        patiently(PATIENCE, client.query_message(request)).await
    }

    async fn reverse(&mut self, omsgid: &str) -> Result<pb::ReverseResponse, Status> {
        let msgid = self.msgid();
        let body =
            pb::ReverseRequest { msgid: msgid.clone(), omsgid: omsgid.to_owned(), ..Default::default() };
        let mut client = self.client.clone();
        patiently(PATIENCE, client.reverse(keyed(body, msgid))).await
    }

    async fn revoke(&mut self, omsgid: &str) -> Result<pb::RevokeResponse, Status> {
        let msgid = self.msgid();
        let oinfno = "2102".to_owned();
        let body = pb::RevokeRequest { msgid: msgid.clone(), omsgid: omsgid.to_owned(), oinfno };
        let mut client = self.client.clone();
        patiently(PATIENCE, client.revoke(keyed(body, msgid))).await
    }

    async fn year(&self) -> Result<pb::GetYearSumsResponse, Status> {
        let mut client = self.client.clone();
        let request = self.sale.year(self.clock.now());
        patiently(PATIENCE, client.get_year_sums(Request::new(request))).await
    }
}

/// Whether the centre came to what was asked for; the balance is its own.
fn as_asked(asked: &pb::SettleRequest, told: Option<&pb::SetlInfo>) -> bool {
    let without = |info: &pb::SetlInfo| pb::SetlInfo {
        balc_fen: None,
        pool_prop_selfpay: String::new(),
        ..info.clone()
    };
    asked.setlinfo.as_ref().map(without) == told.map(without)
}

/// Answers that have an outcome.
trait Answer {
    fn outcome(&self) -> pb::InsurerOutcome;
}

macro_rules! answers {
    ($($answer:ident),*) => {
        $(impl Answer for pb::$answer {
            fn outcome(&self) -> pb::InsurerOutcome {
                self.outcome()
            }
        })*
    };
}
answers!(SettleResponse, QueryMessageResponse, ReverseResponse, RevokeResponse);

/// `None`: no answer.
fn said(heard: &Result<impl Answer, Status>) -> Option<pb::InsurerOutcome> {
    match heard {
        Ok(answer) => Some(answer.outcome()),
        Err(status) => {
            let refusals =
                [Code::InvalidArgument, Code::AlreadyExists, Code::FailedPrecondition, Code::OutOfRange];
            refusals.contains(&status.code()).then_some(Rejected)
        }
    }
}

fn word(heard: &Result<impl Answer, Status>) -> String {
    match heard {
        Ok(answer) => answer.outcome().as_str_name().trim_start_matches("INSURER_OUTCOME_").to_owned(),
        Err(status) => failed(status),
    }
}

#[cfg(test)]
mod tests;
