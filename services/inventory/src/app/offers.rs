//! OTC drugs near a point.

use std::collections::HashMap;

use liufang_kernel::{Date, Quantity, UnitPrice};
use liufang_platform::Call;

use super::listings::unique;
use super::{App, Page, today};
use crate::domain::Drug;
use crate::domain::geo::Point;
use crate::error::InventoryError;
use crate::store;

/// A search as asked.
#[derive(Clone, Debug)]
pub struct SearchOffers {
    pub query: String,
    pub near: Point,
    pub radius_m: i64,
    pub region: String,
    pub only_hi_mark: bool,
    /// Distance, institution and drug of the last row seen.
    pub after: Option<(i64, String, String)>,
    pub page_size: usize,
}

/// A drug at a pharmacy.
#[derive(Clone, Debug)]
pub struct DrugOffer {
    pub drug: Drug,
    pub fixmedins_code: String,
    pub fixmedins_name: String,
    pub distance_m: i64,
    pub price: UnitPrice,
    /// At least one pack can be sold now.
    pub in_stock: bool,
}

/// A page of offers.
pub type OfferPage = Page<DrugOffer>;

/// Capability a pharmacy needs to sell OTC drugs online.
const ONLINE: &str = "otc_online";
/// Pharmacies asked in one statement.
const CHUNK: usize = 50;

type Shop = (i64, String, String);

impl App {
    /// What pharmacies within the radius sell online without prescription, nearest first.
    pub async fn search_offers(&self, call: Call<SearchOffers>) -> Result<OfferPage, InventoryError> {
        let ask = &call.body;
        let today = today(&call);
        let shops = self.shops_near(ask).await?;
        let mut items = Vec::new();
        for chunk in shops.chunks(CHUNK) {
            if ask.page_size < items.len() {
                break;
            }
            items.extend(self.offers_of(chunk, ask, today).await?);
        }
        let more = ask.page_size < items.len();
        items.truncate(ask.page_size);
        let token = |offer: &DrugOffer| {
            format!("{}|{}|{}", offer.distance_m, offer.fixmedins_code, offer.drug.med_list_codg)
        };
        let next = items.last().filter(|_| more).map(token).unwrap_or_default();
        Ok(Page { items, next })
    }

    /// Distance, code and name of the pharmacies that still have to be shown, nearest first.
    async fn shops_near(&self, ask: &SearchOffers) -> Result<Vec<Shop>, InventoryError> {
        let mut shops: Vec<Shop> = Vec::new();
        for shop in self.neighbours.pharmacies(&ask.region, ONLINE).await? {
            let Some(location) = shop.location else { continue };
            let distance_m = ask.near.distance_m(location);
            let seen = ask.after.as_ref().is_some_and(|(after_m, after_code, _)| {
                (distance_m, &shop.fixmedins_code) < (*after_m, after_code)
            });
            if distance_m <= ask.radius_m && !seen {
                shops.push((distance_m, shop.fixmedins_code, shop.fixmedins_name));
            }
        }
        shops.sort();
        Ok(shops)
    }

    async fn offers_of(
        &self,
        shops: &[Shop],
        ask: &SearchOffers,
        today: Date,
    ) -> Result<Vec<DrugOffer>, InventoryError> {
        let conn = self.db.read();
        let codes: Vec<String> = shops.iter().map(|(_, code, _)| code.clone()).collect();
        let rows = store::listing::online_offers(conn, &codes, &ask.query, ask.only_hi_mark).await?;
        let drug_codes = unique(rows.iter().map(|row| &row.med_list_codg));
        let drugs: HashMap<String, Drug> = store::drug::by_codes(conn, &drug_codes)
            .await?
            .into_iter()
            .map(|drug| (drug.med_list_codg.clone(), drug))
            .collect();
        let banned = self.banned(&ask.region, drugs.values(), today);
        let available = store::listing::available(conn, &codes, &drug_codes, today).await?;
        let mut offers = Vec::new();
        for (distance_m, shop, name) in shops {
            for row in rows.iter().filter(|row| row.fixmedins_code == *shop) {
                let place = (*distance_m, shop.clone(), row.med_list_codg.clone());
                let seen = ask.after.as_ref().is_some_and(|after| place <= *after);
                let Some(drug) = drugs.get(&row.med_list_codg) else { continue };
                if seen || banned.contains(&row.med_list_codg) {
                    continue;
                }
                let free = available.get(&(shop.clone(), row.med_list_codg.clone()));
                offers.push(DrugOffer {
                    drug: drug.clone(),
                    fixmedins_code: shop.clone(),
                    fixmedins_name: name.clone(),
                    distance_m: *distance_m,
                    price: UnitPrice(row.price_micro),
                    in_stock: Quantity::whole(1) <= free.map(|free| free.for_use(0)).unwrap_or_default(),
                });
            }
        }
        Ok(offers)
    }
}
