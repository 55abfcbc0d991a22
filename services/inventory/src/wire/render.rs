//! Answers: domain to protobuf.

use liufang_kernel::timestamp::date_text;
use liufang_proto::common::v1::{GeoPoint, RowError};
use liufang_proto::inventory::v1 as pb;

use crate::app::{Dispensed, DrugOffer, MovementPage, OfferPage, Page, Released, Returned, TraceStory};
use crate::domain::geo::Point;
use crate::domain::offer::{Offer, OfferLine};
use crate::domain::stock::StockLevel;
use crate::domain::{Drug, Lot, Movement, Pick, Priced, Reservation, RowReport};

/// A count on the wire.
fn count(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

impl From<Drug> for pb::Drug {
    fn from(drug: Drug) -> pb::Drug {
        pb::Drug {
            med_list_codg: drug.med_list_codg,
            generic_name: drug.generic_name,
            generic_name_en: drug.generic_name_en,
            trade_name: drug.trade_name,
            dosage_form: drug.dosage_form,
            strength: drug.strength,
            pack: drug.pack,
            units_per_pack: i32::try_from(drug.units_per_pack).unwrap_or(i32::MAX),
            billing_unit: drug.billing_unit,
            maker: drug.maker,
            approval_no: drug.approval_no,
            chrgitm_lv: drug.chrgitm_lv,
            first_selfpay_ratio: drug.first_selfpay_ratio.to_string(),
            rx_flag: drug.rx_flag.code().to_owned(),
            otc_class: drug.otc_class,
            restricted: drug.restricted,
            negotiated: drug.negotiated,
            controlled: drug.controlled,
            storage: drug.storage,
            online_forbidden: drug.online_forbidden,
            hi_mark: drug.hi_mark,
            trace_prefix: drug.trace_prefix,
            pay_standard: drug.pay_standard.map(|price| price.to_string()).unwrap_or_default(),
            disease_codes: drug.disease_codes,
        }
    }
}

fn row_errors(report: &RowReport) -> Vec<RowError> {
    let error = |refusal: &crate::domain::RowRefusal| RowError {
        row: count(refusal.row),
        reason: refusal.reason.clone(),
        message: refusal.message.clone(),
    };
    report.refusals.iter().map(error).collect()
}

impl From<RowReport> for pb::ImportDrugsResponse {
    fn from(report: RowReport) -> Self {
        pb::ImportDrugsResponse { errors: row_errors(&report) }
    }
}

impl From<RowReport> for pb::PublishListingsResponse {
    fn from(report: RowReport) -> Self {
        pb::PublishListingsResponse { errors: row_errors(&report) }
    }
}

impl From<RowReport> for pb::RecordMovementsResponse {
    fn from(report: RowReport) -> Self {
        let errors = row_errors(&report);
        pb::RecordMovementsResponse { errors, taken: count(report.taken), known: count(report.known) }
    }
}

impl From<Drug> for pb::GetDrugResponse {
    fn from(drug: Drug) -> Self {
        pb::GetDrugResponse { drug: Some(drug.into()) }
    }
}

/// Found drugs.
pub struct Drugs(pub Vec<Drug>);

impl From<Drugs> for pb::BatchGetDrugsResponse {
    fn from(drugs: Drugs) -> Self {
        pb::BatchGetDrugsResponse { drugs: drugs.0.into_iter().map(Into::into).collect() }
    }
}

impl From<Page<Drug>> for pb::SearchDrugsResponse {
    fn from(page: Page<Drug>) -> Self {
        let drugs = page.items.into_iter().map(Into::into).collect();
        pb::SearchDrugsResponse { drugs, next_page_token: page.next }
    }
}

impl From<Lot> for pb::Lot {
    fn from(lot: Lot) -> pb::Lot {
        pb::Lot {
            lot_id: lot.lot_id,
            manu_lotnum: lot.manu_lotnum,
            expy_end: date_text(lot.expy_end),
            on_hand: lot.on_hand.to_string(),
            reserved: lot.reserved.to_string(),
            state: lot.state.code().to_owned(),
        }
    }
}

impl From<Lot> for pb::SetLotStateResponse {
    fn from(lot: Lot) -> Self {
        pb::SetLotStateResponse { lot: Some(lot.into()) }
    }
}

/// Stock of several drugs.
pub struct Levels(pub Vec<StockLevel>);

impl From<Levels> for pb::GetStockResponse {
    fn from(levels: Levels) -> Self {
        let level = |level: StockLevel| pb::StockLevel {
            med_list_codg: level.med_list_codg,
            on_hand: level.on_hand.to_string(),
            reserved: level.reserved.to_string(),
            available: level.available.to_string(),
            lots: level.lots.into_iter().map(Into::into).collect(),
        };
        pb::GetStockResponse { levels: levels.0.into_iter().map(level).collect() }
    }
}

impl From<Movement> for pb::Movement {
    fn from(row: Movement) -> pb::Movement {
        pb::Movement {
            movement_id: row.movement_id,
            kind: row.kind.number(),
            fixmedins_code: row.fixmedins_code,
            med_list_codg: row.med_list_codg,
            manu_lotnum: row.manu_lotnum,
            quantity: row.quantity.to_string(),
            at_us: row.at.0,
            order_id: row.sale.order_id,
            setl_id: row.sale.setl_id,
            hi_rxno: row.sale.hi_rxno,
            mdtrt_setl_type: row.sale.mdtrt_setl_type,
            trace_codes: row.trace_codes,
            price: row.price.map(|price| price.to_string()).unwrap_or_default(),
        }
    }
}

/// Ledger rows on the wire.
pub fn movements(rows: Vec<Movement>) -> Vec<pb::Movement> {
    rows.into_iter().map(Into::into).collect()
}

impl From<MovementPage> for pb::ListMovementsResponse {
    fn from(page: MovementPage) -> Self {
        pb::ListMovementsResponse { movements: movements(page.items), next_page_token: page.next }
    }
}

impl From<TraceStory> for pb::GetTraceCodeResponse {
    fn from(story: TraceStory) -> Self {
        pb::GetTraceCodeResponse {
            drug_trac_codg: story.record.code,
            state: story.record.state.code().to_owned(),
            med_list_codg: story.record.med_list_codg,
            movements: movements(story.movements),
        }
    }
}

fn geo_point(point: Point) -> GeoPoint {
    GeoPoint { lat_e6: point.lat_e6, lng_e6: point.lng_e6 }
}

impl From<OfferPage> for pb::SearchOffersResponse {
    fn from(page: OfferPage) -> Self {
        let offer = |offer: DrugOffer| pb::DrugOffer {
            drug: Some(offer.drug.into()),
            fixmedins_code: offer.fixmedins_code,
            fixmedins_name: offer.fixmedins_name,
            distance_m: offer.distance_m,
            price: offer.price.to_string(),
            in_stock: offer.in_stock,
        };
        let offers = page.items.into_iter().map(offer).collect();
        pb::SearchOffersResponse { offers, next_page_token: page.next }
    }
}

/// Offers of pharmacies, in order.
pub struct Offers(pub Vec<Offer>);

impl From<Offers> for pb::FindPharmaciesResponse {
    fn from(offers: Offers) -> Self {
        pb::FindPharmaciesResponse { offers: offers.0.into_iter().map(Into::into).collect() }
    }
}

impl From<Offer> for pb::Offer {
    fn from(offer: Offer) -> pb::Offer {
        let line = |line: OfferLine| pb::OfferLine {
            line_no: line.line_no,
            med_list_codg: line.med_list_codg,
            price: line.price.map(|price| price.to_string()).unwrap_or_default(),
            available: line.available.to_string(),
            refusal: line.refusal.map_or("", |reason| reason.word()).to_owned(),
        };
        let fills_all = offer.fills_all();
        pb::Offer {
            fixmedins_code: offer.institution.fixmedins_code,
            fixmedins_name: offer.institution.fixmedins_name,
            location: offer.institution.location.map(geo_point),
            distance_m: offer.distance_m,
            total_fen: offer.total.0,
            lines: offer.lines.into_iter().map(line).collect(),
            fills_all,
        }
    }
}

/// Priced lines, in the order asked.
pub struct Basket(pub Vec<Priced>);

impl From<Basket> for pb::PriceBasketResponse {
    fn from(basket: Basket) -> Self {
        let line = |line: Priced| pb::PricedLine {
            line_no: line.line_no,
            drug: Some(line.drug.into()),
            quantity: line.quantity.to_string(),
            price: line.price.to_string(),
            amount_fen: line.amount.0,
            otc_pack: line.otc_pack,
        };
        pb::PriceBasketResponse { lines: basket.0.into_iter().map(line).collect() }
    }
}

impl From<Reservation> for pb::Reservation {
    fn from(reservation: Reservation) -> pb::Reservation {
        let pick = |pick: Pick| pb::ReservedPick {
            line_no: pick.line_no,
            lot_id: pick.lot_id,
            med_list_codg: pick.med_list_codg,
            manu_lotnum: pick.manu_lotnum,
            quantity: pick.quantity.to_string(),
        };
        pb::Reservation {
            reservation_id: reservation.reservation_id,
            order_id: reservation.order_id,
            fixmedins_code: reservation.fixmedins_code,
            state: reservation.state.number(),
            expires_at_us: reservation.expires_at.0,
            picks: reservation.picks.into_iter().map(pick).collect(),
        }
    }
}

impl From<Reservation> for pb::ReserveResponse {
    fn from(reservation: Reservation) -> Self {
        pb::ReserveResponse { reservation: Some(reservation.into()) }
    }
}

impl From<Reservation> for pb::ExtendResponse {
    fn from(reservation: Reservation) -> Self {
        pb::ExtendResponse { reservation: Some(reservation.into()) }
    }
}

impl From<Released> for pb::ReleaseResponse {
    fn from(released: Released) -> Self {
        pb::ReleaseResponse { reservation: released.0.map(Into::into) }
    }
}

impl From<Dispensed> for pb::CommitResponse {
    fn from(dispensed: Dispensed) -> Self {
        let sales = movements(dispensed.sales);
        pb::CommitResponse { reservation: Some(dispensed.reservation.into()), sales }
    }
}

impl From<Returned> for pb::ReturnSaleResponse {
    fn from(returned: Returned) -> Self {
        let returns = movements(returned.returns);
        pb::ReturnSaleResponse { reservation: Some(returned.reservation.into()), returns }
    }
}
