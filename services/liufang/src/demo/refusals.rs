//! A handful of refusals that must already be right, and the payment channel's silence.

use anyhow::{Context as _, Result, ensure};
use liufang_proto::common::v1::Channel;
use liufang_proto::inventory::v1::GetStockRequest;
use liufang_proto::order::v1::{Order, OrderState, PlaceOrderRequest};
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::supervision::v1::{CaseKind, ListCasesRequest};

use super::beijing::{GRANULES, PATIENT, PHARMACIST, PHARMACY, REGION, SPOUSE, basket};
use super::stage::{Stage, order_in, refused, until};
use super::story::{Story, yuan};
use crate::client::Patient;
use crate::seed::{Shelf, cast};

/// 阿莫西林胶囊: prescription only.
const ANTIBIOTIC: &str = "XJ01CAA169E001010100527";
/// 盐酸小檗碱片 0.1g×100: 双跨, in the prescription pack.
const DOUBLE_RX_PACK: &str = "XA07AXX143A001010200583";
/// 氨酚伪麻美芬片Ⅱ: never sold online.
const FORBIDDEN: &str = "XR05XAA290A001010100611";
const SUSPENDED: &str = "P11010500002";
const TERMINATED: &str = "P11010800002";
const OFFLINE: &str = "P11010100002";

/// Plays the refusals.
pub async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<()> {
    story.chapter("Refusals 拒付与异常")?;
    let spouse = Patient::sign_in(&stage.gateway, &stage.citizen(SPOUSE)?).await?;
    baskets(stage, story, &spouse).await?;
    mutual_aid(stage, story, &spouse).await?;
    repeats(stage, story, &spouse).await?;
    silence(stage, story, &spouse).await
}

async fn baskets(stage: &Stage, story: &mut Story<'_>, buyer: &Patient) -> Result<()> {
    story.step("R1", "Baskets that may not be sold")?;
    let good = basket(stage, SPOUSE, &[(GRANULES, "1")], &[])?;
    let at = |code: &str| PlaceOrderRequest { fixmedins_code: code.to_owned(), ..good.clone() };
    let cases = [
        (
            "a prescription drug over the counter",
            basket(stage, SPOUSE, &[(ANTIBIOTIC, "1")], &[])?,
            "RX_NOT_ALLOWED",
        ),
        (
            "双跨 in its prescription pack",
            basket(stage, SPOUSE, &[(DOUBLE_RX_PACK, "1")], &[])?,
            "RX_NOT_ALLOWED",
        ),
        ("a drug never sold online", basket(stage, SPOUSE, &[(FORBIDDEN, "1")], &[])?, "ONLINE_FORBIDDEN"),
        ("more than there is", basket(stage, SPOUSE, &[(GRANULES, "500")], &[])?, "SHORT_STOCK"),
        ("a suspended pharmacy 中止", at(SUSPENDED), "INSTITUTION_NOT_DESIGNATED"),
        ("a terminated pharmacy 解除", at(TERMINATED), "INSTITUTION_NOT_DESIGNATED"),
        ("designated, but not for online sale", at(OFFLINE), "INSTITUTION_NOT_CAPABLE"),
    ];
    for (what, body, reason) in cases {
        story.refusal(what, &refused(buyer.place(body).await, reason).context(what)?);
    }
    Ok(())
}

async fn mutual_aid(stage: &Stage, story: &mut Story<'_>, spouse: &Patient) -> Result<()> {
    story.step("R2", "Relatives' accounts 家庭共济")?;
    let other = Patient::sign_in(&stage.gateway, &stage.citizen(PATIENT)?).await?;
    let unfiled = basket(stage, SPOUSE, &[(GRANULES, "1")], &[other.person_id()])?;
    let refusal = refused(spouse.place(unfiled).await, "MUTUAL_AID_NOT_FILED")?;
    story.refusal("the filing goes one way: 151 has not agreed to pay for 152", &refusal);
    let child = Patient::register(&stage.gateway, &stage.citizen(153)?).await?;
    let refusal =
        refused(child.ask_relative(&stage.citizen(154)?, "parent", REGION).await, "INSURED_ELSEWHERE")?;
    story.refusal("a parent insured in Shijiazhuang", &refusal);
    let asked = child.ask_relative(&stage.citizen(156)?, "parent_in_law", REGION).await;
    story.refusal("a parent-in-law", &refused(asked, "RELATION_NOT_ALLOWED")?);
    Ok(())
}

/// The same key twice is one order; cancelling frees the stock.
async fn repeats(stage: &Stage, story: &mut Story<'_>, buyer: &Patient) -> Result<()> {
    story.step("R3", "The same request twice; cancelling before payment")?;
    let pos = stage.pos(PHARMACY)?;
    let reserved = async || -> Result<String> {
        let query = GetStockRequest { med_list_codgs: vec![GRANULES.to_owned()] };
        let levels = pos.get_stock(query).await?.levels;
        Ok(levels.first().map(|level| level.reserved.clone()).unwrap_or_default())
    };
    let before = reserved().await?;
    let buyer_twice = buyer.keyed(&format!("demo-{}", stage.gateway.now().0));
    let body = basket(stage, SPOUSE, &[(GRANULES, "2")], &[])?;
    let (first, second) = (buyer_twice.place(body.clone()).await?, buyer_twice.place(body.clone()).await?);
    ensure!(first.order_id == second.order_id, "one key made two orders");
    story.say(format!("one idempotency key, two calls, one order; reserved {}", reserved().await?));
    let other = basket(stage, SPOUSE, &[(GRANULES, "3")], &[])?;
    let refusal = refused(buyer_twice.place(other).await, "IDEMPOTENCY_KEY_REUSED")?;
    story.refusal("the same key with another body", &refusal);
    let cancelled = buyer.cancel(&first.order_id).await?;
    ensure!(cancelled.state() == OrderState::Cancelled, "cancelled, but {}", cancelled.state().as_str_name());
    until("the stock is free again", async || Ok((reserved().await? == before).then_some(()))).await?;
    story.say(format!("cancelled before payment; reserved {before} as before"));
    Ok(())
}

/// The channel lands the payment and says nothing; a sold code is scanned again; everything is taken back.
async fn silence(stage: &mut Stage, story: &mut Story<'_>, buyer: &Patient) -> Result<()> {
    story.step("R4", "The channel gives no answer 支付结果未知")?;
    let order = buyer.place(basket(stage, SPOUSE, &[(GRANULES, "1")], &[])?).await?;
    stage.public.dial("PaymentChannel/CreatePayment", Dial::LoseAnswer, 0, "").await?;
    stage.public.dial("PaymentChannel/QueryPayment", Dial::Refuse, 0, "").await?;
    let paying = buyer.pay(&order, Channel::Unionpay).await?;
    story
        .say(format!("pay answers {}: pending, no error and no second charge", paying.state().as_str_name()));
    ensure!(paying.state() == OrderState::Paying, "expected a pending payment");
    stage.public.dial("PaymentChannel/CreatePayment", Dial::Unspecified, 0, "").await?;
    stage.public.dial("PaymentChannel/QueryPayment", Dial::Unspecified, 0, "").await?;
    let paid = order_in(buyer, &order.order_id, OrderState::Paid).await?;
    story.say("the channel is back: a worker asked, the payment is captured once");
    resold(stage, story, &paid).await?;
    story.step("R6", "Taking a paid order back 退款")?;
    let before = buyer.account().await?.balance_fen;
    buyer.cancel(&order.order_id).await?;
    order_in(buyer, &order.order_id, OrderState::Refunded).await?;
    let after = buyer.account().await?.balance_fen;
    story.say(format!("refunded leg by leg; the account goes from {} to {}", yuan(before), yuan(after)));
    stage.bought(buyer, &order.order_id).await
}

/// The second sale of a trace code is refused and becomes a case.
async fn resold(stage: &Stage, story: &mut Story<'_>, order: &Order) -> Result<()> {
    story.step("R5", "The same trace code sold twice 追溯码重复销售")?;
    let pos = stage.pos(PHARMACY)?;
    let shelf = Shelf::of(&stage.seed, PHARMACY)?;
    let sold = shelf.sold(&pos, GRANULES).await?.context("the journey sold a pack")?;
    let scan = liufang_proto::order::v1::Scan { line_no: 1, trace_codes: vec![sold.clone()] };
    let pharmacist = stage.practitioner(PHARMACIST)?;
    let refusal =
        refused(pos.hand_out(&order.order_id, &pharmacist, "", vec![scan]).await, "TRACE_CODE_SOLD")?;
    story.refusal("a pack whose code was sold before", &refusal);
    let supervisor = cast::supervisor(&stage.gateway, REGION)?;
    let found = until("the regulator has a case", async || {
        let cases = supervisor.list_cases(ListCasesRequest::default()).await?.cases;
        Ok(cases.into_iter().find(|case| case.kind() == CaseKind::TraceCodeResold && case.subject == sold))
    });
    let case = found.await?;
    story.say(format!("supervision opened a case, severity {}: {}", case.sev_deg, case.evidence));
    Ok(())
}
