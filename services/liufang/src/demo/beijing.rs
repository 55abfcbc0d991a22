//! Journey Beijing: over-the-counter drugs through a platform, paid from personal accounts.

use anyhow::{Result, ensure};
use liufang_kernel::{Quantity, UnitPrice};
use liufang_proto::common::v1::{Channel, Fulfilment};
use liufang_proto::identity::v1::MutualAidState;
use liufang_proto::inventory::v1::SearchOffersRequest;
use liufang_proto::order::v1::{BasketItem, DeliveryAddress, OrderKind, OrderState, PlaceOrderRequest};

use super::counter::{self, Crew};
use super::quotes;
use super::stage::{Stage, order_in};
use super::story::{Story, yuan};
use crate::client::Patient;
use crate::seed::cast;

pub const REGION: &str = "110000";
/// Rows of `persons.tsv`: twelve yuan in the account, and the spouse who lends.
pub const PATIENT: u32 = 151;
pub const SPOUSE: u32 = 152;
/// 示例同泽大药房朝阳区三里屯店.
pub const PHARMACY: &str = "P11010500001";
pub const PHARMACIST: &str = "YS110105000001";
const COURIER: &str = "PS110000000001";
/// 感冒灵颗粒 10g×9, marked.
pub const GRANULES: &str = "ZA01AAG2491010100674";
/// 蒙脱石散 3g×10, marked.
const POWDER: &str = "XA07BCM274P001010100639";
/// 风油精 3ml, without the mark.
const OIL: &str = "ZD03AAF5391010100786";

/// Plays the journey.
pub async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<()> {
    story.chapter("Journey Beijing 北京 · 非处方药个人账户线上购药")?;
    let (patient, holder_id) = verify(stage, story).await?;
    search(stage, story, &patient).await?;
    story.step("3", "The quote: own account, then the spouse's, the rest in cash 费用核算")?;
    let items = [(GRANULES, "2"), (POWDER, "1"), (OIL, "1")];
    let order = patient.place(basket(stage, PATIENT, &items, &[&holder_id])?).await?;
    quotes::tell(story, &order)?;
    story.step("4", "Order, pay, scan, deliver at once 下单、支付、发药、配送")?;
    patient.pay(&order, Channel::Alipay).await?;
    let order = order_in(&patient, &order.order_id, OrderState::Paid).await?;
    stage.bought(&patient, &order.order_id).await?;
    story.say(format!("paid; own account afterwards {}", yuan(patient.account().await?.balance_fen)));
    let crew = Crew {
        pos: stage.pos(PHARMACY)?,
        pharmacist: stage.practitioner(PHARMACIST)?,
        secret: String::new(),
        courier: stage.courier(COURIER)?,
    };
    let code = counter::dispense(stage, story, &crew, &order).await?;
    counter::on_shift(stage, &crew.courier, PHARMACY).await?;
    counter::deliver(story, &crew, &patient, &order.order_id, &code).await?;
    stage.bought(&patient, &order.order_id).await
}

/// The platform signs the patient in; the spouse consents with an own face pass. Answers the patient and the holder.
async fn verify(stage: &Stage, story: &mut Story<'_>) -> Result<(Patient, String)> {
    story.step("1", "A platform acts for a verified patient; mutual aid 家庭共济备案")?;
    let jd = cast::platform(&stage.gateway, "jd")?;
    let (citizen, relative) = (stage.citizen(PATIENT)?, stage.citizen(SPOUSE)?);
    let patient = jd.register(&citizen).await?;
    story.say(format!("{} verified through platform jd 京东, tokens bound to it", citizen.name));
    story.say(format!("own account {}", yuan(patient.account().await?.balance_fen)));
    let spouse = Patient::register(&stage.gateway, &relative).await?;
    story.say(format!(
        "{} (spouse 配偶): account {}",
        relative.name,
        yuan(spouse.account().await?.balance_fen)
    ));
    let filed = patient.ask_relative(&relative, "spouse", REGION).await?;
    let active = spouse.consent(&filed.mutual_aid_id).await?;
    ensure!(active.state() == MutualAidState::Active, "consented, but {}", active.state().as_str_name());
    story.say(format!(
        "filed, and consented by the holder's face; valid {} to {}",
        active.begin_date, active.end_date
    ));
    Ok((patient, active.holder_person_id))
}

async fn search(stage: &Stage, story: &mut Story<'_>, patient: &Patient) -> Result<()> {
    story.step("2", "Drugs with the 医保 mark near an address 附近药店")?;
    let query = SearchOffersRequest {
        query: "感冒灵".to_owned(),
        near: Some(stage.seed.person(PATIENT)?.location()),
        radius_m: 10_000,
        region: REGION.to_owned(),
        only_hi_mark: true,
        page: None,
    };
    let offers = patient.search_offers(query).await?.offers;
    ensure!(offers.iter().any(|offer| offer.fixmedins_code == PHARMACY), "{PHARMACY} should be near");
    ensure!(
        !offers.iter().any(|offer| offer.fixmedins_code == "P11010500002"),
        "a suspended pharmacy is offered"
    );
    let rows = offers.iter().map(|offer| {
        let drug = offer.drug.clone().unwrap_or_default();
        let stock = if offer.in_stock { "in stock" } else { "sold out" };
        vec![
            offer.fixmedins_name.clone(),
            format!("{} m", offer.distance_m),
            drug.generic_name,
            price(&offer.price),
            stock.to_owned(),
        ]
    });
    story.table(&rows.collect::<Vec<_>>());
    Ok(())
}

/// A price per pack, as people read it.
fn price(text: &str) -> String {
    text.parse::<UnitPrice>().map(|price| yuan(price.times(Quantity::whole(1)).0)).unwrap_or_default()
}

/// An OTC basket delivered to a seed person's door.
pub fn basket(
    stage: &Stage,
    person: u32,
    items: &[(&str, &str)],
    holders: &[&str],
) -> Result<PlaceOrderRequest> {
    let home = stage.seed.person(person)?;
    let item = |(code, quantity): &(&str, &str)| BasketItem {
        med_list_codg: (*code).to_owned(),
        quantity: (*quantity).to_owned(),
    };
    Ok(PlaceOrderRequest {
        kind: OrderKind::Otc.into(),
        region: REGION.to_owned(),
        fixmedins_code: PHARMACY.to_owned(),
        items: items.iter().map(item).collect(),
        fulfilment: Fulfilment::Delivery.into(),
        delivery: Some(DeliveryAddress {
            recipient_name: home.name.clone(),
            recipient_phone: home.phone.clone(),
            address: home.address.clone(),
            location: Some(home.location()),
        }),
        use_account: true,
        holder_person_ids: holders.iter().map(|id| (*id).to_owned()).collect(),
        ..Default::default()
    })
}
