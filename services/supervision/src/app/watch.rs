//! Events to findings. Questions to other roles come before the transaction; the inbox makes the effect happen once.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Timestamp, UnitPrice, codes};
use liufang_platform::Event;

use super::App;
use crate::domain::fund::Amounts;
use crate::domain::rules::{self, Price, Sale, Supply};
use crate::error::SupervisionError;
use crate::store::fund::Payment;
use crate::{peers, store};

/// Whose inbox the events go through.
const CONSUMER: &str = "supervision";
/// What a supply lasts when nobody can tell: a normal long prescription (`domain.md` §8).
const USUAL_DAYS: i64 = 28;

/// A refused resale.
pub struct Resold {
    pub code: String,
    pub by: String,
    pub sold_by: String,
    pub order_id: String,
    pub at: Timestamp,
}

/// A sale of one order.
pub struct Sold {
    pub order_id: String,
    pub fixmedins_code: String,
    pub sales: Vec<Sale>,
    pub at: Timestamp,
}

/// A changed price.
pub struct PriceNews {
    pub price: Price,
    /// `None` when the drug is new there.
    pub old: Option<UnitPrice>,
    pub at: Timestamp,
}

/// Dispensed lines of a prescription.
pub struct Dispensed {
    pub hi_rxno: String,
    pub order_id: String,
    pub fixmedins_code: String,
    pub person_id: String,
    pub med_list_codgs: Vec<String>,
    pub at: Timestamp,
}

impl App {
    /// `SV01`.
    pub async fn on_resold(&self, event: &Event, resold: Resold) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        let finding = rules::refused_resale(&resold.code, &resold.by, &resold.sold_by, &resold.order_id);
        self.report(&work, &finding, resold.at).await?;
        Ok(work.done().await?)
    }

    /// `SV02`, `SV03`, `SV04`.
    pub async fn on_sold(&self, event: &Event, sold: Sold) -> Result<(), SupervisionError> {
        let day = date_text(sold.at.china_date());
        let agreed = peers::has_agreement(&self.peers, &sold.fixmedins_code, &day).await?;
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        let mut findings = Vec::new();
        if !agreed {
            findings.push(rules::agreement_breach(&sold.fixmedins_code, &sold.order_id, &day));
        }
        for sale in &sold.sales {
            findings.extend(rules::codes_missing(sale));
            for code in &sale.trace_codes {
                let earlier =
                    store::books::sell_code(work.tx(), code, &sale.order_id, &sale.fixmedins_code).await?;
                let found = earlier.and_then(|(order, by)| rules::known_code_resold(code, sale, &order, &by));
                findings.extend(found);
            }
        }
        for finding in &findings {
            self.report(&work, finding, sold.at).await?;
        }
        Ok(work.done().await?)
    }

    /// Returned codes may be sold again.
    pub async fn on_returned(
        &self,
        event: &Event,
        order_id: &str,
        codes: Vec<String>,
    ) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        for code in codes {
            store::books::return_code(work.tx(), &code, order_id).await?;
        }
        Ok(work.done().await?)
    }

    /// `SV05`, `SV06`. News that comes too late is not judged.
    pub async fn on_price(&self, event: &Event, news: PriceNews) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        let region = self.region_of(&news.price.fixmedins_code);
        if store::books::set_price(work.tx(), &news.price, &region, news.at).await? {
            let others = store::books::other_prices(work.tx(), &news.price, &region).await?;
            let jump = news.old.and_then(|old| rules::price_jump(&news.price, old));
            for finding in jump.into_iter().chain(rules::price_range(&news.price, others)) {
                self.report(&work, &finding, news.at).await?;
            }
        }
        Ok(work.done().await?)
    }

    /// `SV07`.
    pub async fn on_dispensed(&self, event: &Event, dispensed: Dispensed) -> Result<(), SupervisionError> {
        let days = peers::prescribed_days(&self.peers, &dispensed.hi_rxno).await?;
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        for med_list_codg in &dispensed.med_list_codgs {
            let days = days.get(med_list_codg).copied().unwrap_or(USUAL_DAYS).clamp(1, 366);
            let new = Supply {
                order_id: dispensed.order_id.clone(),
                hi_rxno: dispensed.hi_rxno.clone(),
                fixmedins_code: dispensed.fixmedins_code.clone(),
                substance: codes::substance_key(med_list_codg).to_owned(),
                at: dispensed.at,
                lasts_until: dispensed.at.plus_days(days),
            };
            let person = &dispensed.person_id;
            let earlier = store::books::supplies(work.tx(), person, &new.substance, new.at).await?;
            if let Some(finding) = rules::too_soon(&new, &earlier) {
                self.report(&work, &finding, dispensed.at).await?;
            }
            store::books::insert_supply(work.tx(), person, &new).await?;
        }
        Ok(work.done().await?)
    }

    /// The fund view's plus side.
    pub async fn on_captured(
        &self,
        event: &Event,
        payment_id: String,
        fixmedins_code: String,
        amounts: Amounts,
        at: Timestamp,
    ) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        let region = self.region_of(&fixmedins_code);
        let day = date_text(at.china_date());
        store::fund::captured(work.tx(), &Payment { payment_id, fixmedins_code, region, day, amounts })
            .await?;
        Ok(work.done().await?)
    }

    /// A part of a payment went back: the minus side of the fund view.
    pub async fn on_partly_refunded(
        &self,
        event: &Event,
        (refund_id, payment_id): (&str, &str),
        amounts: Amounts,
        at: Timestamp,
    ) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        let day = date_text(at.china_date());
        let part = store::fund::Part { refund_id, payment_id, day: &day, amounts };
        store::fund::partly_refunded(work.tx(), &part).await?;
        Ok(work.done().await?)
    }

    /// The fund view's minus side.
    pub async fn on_refunded(
        &self,
        event: &Event,
        payment_id: &str,
        at: Timestamp,
    ) -> Result<(), SupervisionError> {
        let Some(work) = self.db.begin_event(CONSUMER, event).await? else { return Ok(()) };
        store::fund::refunded(work.tx(), payment_id, &date_text(at.china_date())).await?;
        Ok(work.done().await?)
    }
}
