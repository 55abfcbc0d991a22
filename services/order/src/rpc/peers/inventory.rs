//! Prices, reservations and sales.

use liufang_kernel::{Fen, Quantity, Timestamp, UnitPrice};
use liufang_platform::{PeerFault, outgoing};
use liufang_proto::inventory::v1 as pb;
use pb::offer_service_client::OfferServiceClient;
use pb::reservation_service_client::ReservationServiceClient;
use tonic::Request;

use super::Peers;
use super::numbers::{line_no, number, optional, present};
use super::prescription::PrescribedLine;
use crate::domain::{Argument, Line, Order, Scan, SoldLot, is_outside};
use crate::error::OrderError;

/// A line to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceAsked {
    pub line_no: u32,
    pub med_list_codg: String,
    pub quantity: Quantity,
    /// The hospital's price: the ceiling of a prescription line.
    pub ceiling: Option<UnitPrice>,
    /// The prescribed drug, for maker and specification; empty for none.
    pub prescribed_code: String,
    /// Days of supply that a pack must last; 0: no demand.
    pub use_days: u16,
}

/// A priced line and what decides about its way to the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub line: Line,
    /// Must stay at 2–8 °C.
    pub cold: bool,
    /// Why it may not be sold online, by the catalogue; empty for no reason.
    pub ban: String,
    /// Controlled class; `none` for ordinary drugs.
    pub controlled: String,
}

fn priced(line: pb::PricedLine) -> Result<Priced, OrderError> {
    let drug = present(line.drug)?;
    Ok(Priced {
        cold: drug.storage == "cold_2_8",
        ban: drug.online_forbidden,
        controlled: drug.controlled,
        line: Line {
            line_no: u32::try_from(line.line_no).unwrap_or_default(),
            med_list_codg: drug.med_list_codg,
            name: drug.generic_name,
            quantity: number(&line.quantity)?,
            price: number(&line.price)?,
            amount: Fen(line.amount_fen),
            hi_mark: drug.hi_mark,
            chrgitm_lv: drug.chrgitm_lv,
            first_selfpay: optional(&drug.first_selfpay_ratio)?.unwrap_or_default(),
            pay_standard: optional(&drug.pay_standard)?,
            restricted: drug.restricted,
            hosp_appr_flag: String::new(),
        },
    })
}

impl Peers {
    /// Prices a basket; refusals name every line.
    pub async fn price(
        &self,
        institution: &str,
        lines: &[PriceAsked],
        online_otc: bool,
    ) -> Result<Vec<Priced>, OrderError> {
        let lines = lines.iter().map(|line| pb::BasketLine {
            line_no: line_no(line.line_no),
            med_list_codg: line.med_list_codg.clone(),
            quantity: line.quantity.to_string(),
            hospital_price: line.ceiling.map(|price| price.to_string()).unwrap_or_default(),
            prescribed_code: line.prescribed_code.clone(),
            use_days: line.use_days.into(),
        });
        let request = pb::PriceBasketRequest {
            fixmedins_code: institution.to_owned(),
            lines: lines.collect(),
            online_otc,
        };
        let mut client = OfferServiceClient::new(self.inventory());
        let answer = client.price_basket(Request::new(request)).await.map_err(PeerFault::from)?;
        answer.into_inner().lines.into_iter().map(priced).collect()
    }

    /// Holds the order's goods until it must be paid; of `prescribed` lines, packs that last until they are used up.
    pub async fn reserve(
        &self,
        order: &Order,
        prescribed: &[PrescribedLine],
        key: String,
    ) -> Result<(), OrderError> {
        let use_days = |line: &Line| {
            let own = prescribed.iter().find(|own| own.line_no == line.line_no);
            own.map_or(0, |own| own.use_days)
        };
        let lines = order.lines.iter().map(|line| pb::BasketLine {
            line_no: line_no(line.line_no),
            med_list_codg: line.med_list_codg.clone(),
            quantity: line.quantity.to_string(),
            use_days: use_days(line).into(),
            ..Default::default()
        });
        let request = pb::ReserveRequest {
            order_id: order.id.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            lines: lines.collect(),
            expires_at_us: order.pay_by.0,
        };
        let mut client = ReservationServiceClient::new(self.inventory());
        client.reserve(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Holds them longer.
    pub async fn extend(&self, order: &Order, until: Timestamp, key: String) -> Result<(), OrderError> {
        let request = pb::ExtendRequest { order_id: order.id.clone(), expires_at_us: until.0 };
        let mut client = ReservationServiceClient::new(self.inventory());
        client.extend(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Gives them back.
    pub async fn release(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request = pb::ReleaseRequest { order_id: order.id.clone() };
        let mut client = ReservationServiceClient::new(self.inventory());
        client.release(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Sells them with the scanned codes: 3505.
    pub async fn sell(
        &self,
        order: &Order,
        argument: &Argument,
        key: String,
    ) -> Result<Vec<SoldLot>, OrderError> {
        let request = pb::CommitRequest {
            order_id: order.id.clone(),
            setl_id: order.setl_id.clone(),
            hi_rxno: order.hi_rxno.clone(),
            pharmacist_code: argument.pharmacist.clone(),
            scans: scanned(order, argument),
            insured: order.is_insured(),
        };
        let mut client = ReservationServiceClient::new(self.inventory());
        let answer = client.commit(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        let picks = present(answer.into_inner().reservation)?.picks;
        picks.into_iter().map(sold).collect()
    }

    /// Takes the sale back: 3506.
    pub async fn return_sale(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request = pb::ReturnSaleRequest { order_id: order.id.clone(), scans: Vec::new() };
        let mut client = ReservationServiceClient::new(self.inventory());
        client.return_sale(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }
}

impl Peers {
    /// Takes some goods back into stock (3506); answers line and quantity of what came.
    pub async fn return_goods(
        &self,
        order: &Order,
        scans: &[Scan],
        key: String,
    ) -> Result<Vec<(u32, Quantity)>, OrderError> {
        let scans = scans.iter().map(|scan| pb::ScannedLine {
            line_no: line_no(scan.line_no),
            trace_codes: scan.trace_codes.clone(),
            self_paid: false,
        });
        let request = pb::ReturnSaleRequest { order_id: order.id.clone(), scans: scans.collect() };
        let mut client = ReservationServiceClient::new(self.inventory());
        let answer = client.return_sale(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        let mut goods: Vec<(u32, Quantity)> = Vec::new();
        for row in answer.into_inner().returns {
            let line = order.lines.iter().find(|line| line.med_list_codg == row.med_list_codg);
            let line = line.ok_or(OrderError::Unreadable("a drug of the return"))?;
            let quantity: Quantity =
                row.quantity.parse().map_err(|_| OrderError::Unreadable("a quantity of the return"))?;
            match goods.iter_mut().find(|(known, _)| *known == line.line_no) {
                Some((_, sum)) => *sum += quantity,
                None => goods.push((line.line_no, quantity)),
            }
        }
        Ok(goods)
    }
}

/// The scans as inventory wants them: every line outside the insurance is marked, scanned or not.
fn scanned(order: &Order, argument: &Argument) -> Vec<pb::ScannedLine> {
    let outside =
        |number: u32| order.lines.iter().any(|line| line.line_no == number && is_outside(order, line));
    let scan = |number: u32, trace_codes: Vec<String>| pb::ScannedLine {
        line_no: line_no(number),
        trace_codes,
        self_paid: outside(number),
    };
    let unscanned = order
        .lines
        .iter()
        .map(|line| line.line_no)
        .filter(|number| outside(*number) && argument.scans.iter().all(|scan| scan.line_no != *number));
    let scans = argument.scans.iter().map(|own| scan(own.line_no, own.trace_codes.clone()));
    scans.chain(unscanned.map(|number| scan(number, Vec::new()))).collect()
}

fn sold(pick: pb::ReservedPick) -> Result<SoldLot, OrderError> {
    Ok(SoldLot {
        line_no: u32::try_from(pick.line_no).unwrap_or_default(),
        med_list_codg: pick.med_list_codg,
        manu_lotnum: pick.manu_lotnum,
        quantity: number(&pick.quantity)?,
    })
}
