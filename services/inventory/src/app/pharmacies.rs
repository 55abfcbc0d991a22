//! Which pharmacies can fill a prescription: same maker and specification, at no more than the hospital's price.

use std::collections::HashMap;

use liufang_kernel::Date;
use liufang_platform::Call;

use super::listings::unique;
use super::{App, today};
use crate::domain::basket::Shelf;
use crate::domain::geo::Point;
use crate::domain::offer::{self, Institution, Need, Offer};
use crate::error::InventoryError;
use crate::store;

/// A search as asked.
#[derive(Clone, Debug)]
pub struct FindPharmacies {
    pub hi_rxno: String,
    pub near: Option<Point>,
    pub include_refused: bool,
}

/// Capability a pharmacy needs to fill renewals.
const RENEWAL: &str = "chronic_renewal";

impl App {
    /// Every pharmacy of the hospital's region that takes part, and the hospital itself, with an answer for every line
    /// that is still open. Somebody else's prescription is not found.
    pub async fn find_pharmacies(&self, call: Call<FindPharmacies>) -> Result<Vec<Offer>, InventoryError> {
        let person = call.meta.principal.person()?;
        let prescription = self.neighbours.prescription(&call.body.hi_rxno).await?;
        if prescription.person_id != person {
            return Err(InventoryError::PrescriptionNotFound);
        }
        if !prescription.active {
            return Err(InventoryError::PrescriptionNotActive);
        }
        if prescription.needs.is_empty() {
            return Err(InventoryError::PrescriptionUsed);
        }
        let today = today(&call);
        let hospital = self.neighbours.institution(&prescription.fixmedins_code).await?;
        let policy = self.policy(&hospital.region, today);
        let institutions = self.candidates(hospital).await?;
        let mut shelves = self.shelves(&institutions, &prescription.needs, today).await?;
        let mut offers: Vec<Offer> = institutions
            .into_iter()
            .map(|institution| {
                let shelf = shelves.remove(&institution.fixmedins_code).unwrap_or_default();
                offer::offer(institution, &prescription.needs, &shelf, policy, call.body.near)
            })
            .filter(|offer| call.body.include_refused || offer.fills_all())
            .collect();
        offer::sort(&mut offers);
        Ok(offers)
    }

    /// The region's pharmacies with the capability and an active agreement, and the hospital's own pharmacy.
    async fn candidates(&self, hospital: Institution) -> Result<Vec<Institution>, InventoryError> {
        let mut found = self.neighbours.pharmacies(&hospital.region, RENEWAL).await?;
        let listed = found.iter().any(|other| other.fixmedins_code == hospital.fixmedins_code);
        if hospital.active && !listed {
            found.push(hospital);
        }
        Ok(found)
    }

    /// For each institution what it lists and has of everything related to the needs, in three statements.
    async fn shelves(
        &self,
        institutions: &[Institution],
        needs: &[Need],
        today: Date,
    ) -> Result<HashMap<String, Shelf>, InventoryError> {
        let conn = self.db.read();
        let codes = unique(needs.iter().map(|need| &need.med_list_codg));
        let substances: Vec<String> =
            codes.iter().map(|code| liufang_kernel::codes::substance_key(code).to_owned()).collect();
        let drugs = store::drug::by_substances(conn, &unique(substances.iter())).await?;
        let related: Vec<String> = drugs.iter().map(|drug| drug.med_list_codg.clone()).collect();
        let shops: Vec<String> = institutions.iter().map(|shop| shop.fixmedins_code.clone()).collect();
        let catalogue: HashMap<String, _> =
            drugs.into_iter().map(|drug| (drug.med_list_codg.clone(), drug)).collect();
        let mut shelves: HashMap<String, Shelf> = HashMap::new();
        for shop in &shops {
            shelves.insert(shop.clone(), Shelf { drugs: catalogue.clone(), ..Shelf::default() });
        }
        for listing in store::listing::of(conn, &shops, &related).await? {
            if let Some(shelf) = shelves.get_mut(&listing.fixmedins_code) {
                shelf.listings.insert(listing.med_list_codg.clone(), listing);
            }
        }
        for ((shop, drug), free) in store::listing::available(conn, &shops, &related, today).await? {
            if let Some(shelf) = shelves.get_mut(&shop) {
                shelf.available.insert(drug, free);
            }
        }
        Ok(shelves)
    }
}
