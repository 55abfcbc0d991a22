//! What inventory tells others. It consumes no events.

use liufang_kernel::{Timestamp, UnitPrice};
use liufang_proto::inventory::v1 as pb;

use crate::domain::{Listing, Movement, Reservation};
use crate::wire::render::movements;

/// A sale: the 3505 rows of one order.
pub fn stock_sold(reservation: &Reservation, sales: &[Movement], now: Timestamp) -> pb::StockSold {
    pb::StockSold {
        order_id: reservation.order_id.clone(),
        fixmedins_code: reservation.fixmedins_code.clone(),
        sales: movements(sales.to_vec()),
        at_us: now.0,
    }
}

/// A return: the 3506 rows of this time.
pub fn stock_returned(reservation: &Reservation, returns: &[Movement], now: Timestamp) -> pb::StockReturned {
    pb::StockReturned {
        order_id: reservation.order_id.clone(),
        fixmedins_code: reservation.fixmedins_code.clone(),
        returns: movements(returns.to_vec()),
        at_us: now.0,
    }
}

/// Held stock was given back because nobody paid in time.
pub fn reservation_expired(reservation: &Reservation, now: Timestamp) -> pb::ReservationExpired {
    pb::ReservationExpired {
        order_id: reservation.order_id.clone(),
        fixmedins_code: reservation.fixmedins_code.clone(),
        at_us: now.0,
    }
}

/// A pack was presented for a second sale; the sale was refused.
pub fn trace_code_resold(
    code: &str,
    seller: &str,
    sold_by: &str,
    order_id: &str,
    now: Timestamp,
) -> pb::TraceCodeResold {
    pb::TraceCodeResold {
        drug_trac_codg: code.to_owned(),
        fixmedins_code: seller.to_owned(),
        sold_by_fixmedins_code: sold_by.to_owned(),
        order_id: order_id.to_owned(),
        at_us: now.0,
    }
}

/// A listed price is new.
pub fn price_changed(listing: &Listing, old: Option<UnitPrice>, now: Timestamp) -> pb::PriceChanged {
    pb::PriceChanged {
        fixmedins_code: listing.fixmedins_code.clone(),
        med_list_codg: listing.med_list_codg.clone(),
        old_price: old.map(|price| price.to_string()).unwrap_or_default(),
        new_price: listing.price.to_string(),
        at_us: now.0,
    }
}
