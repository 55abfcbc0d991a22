//! Prices a basket at one institution.

use std::collections::HashSet;

use liufang_kernel::Date;
use liufang_platform::Call;

use super::listings::unique;
use super::{App, today};
use crate::domain::basket::{self, Rules, Shelf};
use crate::domain::{Ask, Drug, Priced};
use crate::error::InventoryError;
use crate::store;

/// A basket as asked.
#[derive(Clone, Debug)]
pub struct PriceBasket {
    pub institution: String,
    pub asks: Vec<Ask>,
    pub online_otc: bool,
}

impl App {
    /// Prices every line or refuses, naming every line that cannot be sold.
    pub async fn price_basket(&self, call: Call<PriceBasket>) -> Result<Vec<Priced>, InventoryError> {
        let today = today(&call);
        let ask = &call.body;
        let region = self.region_of(&ask.institution).await?;
        let sold = unique(ask.asks.iter().map(|ask| &ask.med_list_codg));
        let shelf = self.shelf(&ask.institution, &sold, &ask.asks, today).await?;
        let rules = Rules {
            online_otc: ask.online_otc,
            policy: self.policy(&region, today),
            banned: self.banned(&region, shelf.drugs.values(), today),
        };
        basket::price(&ask.asks, &shelf, &rules).map_err(InventoryError::Lines)
    }

    /// The region pack an institution is under. Its code carries its district; a district that no pack lists is asked of
    /// identity.
    async fn region_of(&self, institution: &str) -> Result<String, InventoryError> {
        let district = institution.get(1..7).unwrap_or_default();
        match self.regions.of_place(district) {
            Some(pack) => Ok(pack.region.code.clone()),
            None => Ok(self.neighbours.institution(institution).await?.region),
        }
    }

    /// What the institution sells of `sold`, with the prescribed drugs beside them.
    async fn shelf(
        &self,
        institution: &str,
        sold: &[String],
        asks: &[Ask],
        today: Date,
    ) -> Result<Shelf, InventoryError> {
        let conn = self.db.read();
        let shop = [institution.to_owned()];
        let wanted = unique(sold.iter().chain(asks.iter().filter_map(|ask| ask.prescribed_code.as_ref())));
        let mut shelf = Shelf::default();
        for drug in store::drug::by_codes(conn, &wanted).await? {
            shelf.drugs.insert(drug.med_list_codg.clone(), drug);
        }
        for listing in store::listing::of(conn, &shop, sold).await? {
            shelf.listings.insert(listing.med_list_codg.clone(), listing);
        }
        for ((_, drug), free) in store::listing::available(conn, &shop, sold, today).await? {
            shelf.available.insert(drug, free);
        }
        self.beside(&shop, asks, &mut shelf).await?;
        Ok(shelf)
    }

    /// What the institution lists of the same substance as a prescribed drug it does not list, so that the refusal can
    /// say what is different.
    async fn beside(&self, shop: &[String], asks: &[Ask], shelf: &mut Shelf) -> Result<(), InventoryError> {
        let conn = self.db.read();
        let missing = asks.iter().filter_map(|ask| ask.prescribed_code.as_ref());
        let missing = missing.filter(|code| !shelf.listings.contains_key(*code));
        let substances: Vec<String> =
            missing.map(|code| liufang_kernel::codes::substance_key(code).to_owned()).collect();
        let related = store::drug::by_substances(conn, &unique(substances.iter())).await?;
        let codes: Vec<String> = related.iter().map(|drug| drug.med_list_codg.clone()).collect();
        for listing in store::listing::of(conn, shop, &codes).await? {
            shelf.listings.entry(listing.med_list_codg.clone()).or_insert(listing);
        }
        for drug in related {
            shelf.drugs.entry(drug.med_list_codg.clone()).or_insert(drug);
        }
        Ok(())
    }

    /// The drugs that the region's negative list names.
    pub(super) fn banned<'a>(
        &self,
        region: &str,
        drugs: impl Iterator<Item = &'a Drug>,
        today: Date,
    ) -> HashSet<String> {
        let Some(pack) = self.regions.get(region) else { return HashSet::new() };
        let banned = drugs.filter(|drug| pack.online_ban(None, &drug.generic_name, today).is_some());
        banned.map(|drug| drug.med_list_codg.clone()).collect()
    }
}
