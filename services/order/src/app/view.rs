//! An order as a caller sees it; stored as the reply of a write.

use liufang_kernel::{Sensitive, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::{Fulfilment, Kind, Line, Order, State};

/// What is shown of an order. Replies are stored encrypted, so the codes may be in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub id: String,
    pub kind: Kind,
    pub person_id: String,
    pub platform: String,
    pub region: String,
    pub fixmedins_code: String,
    pub hi_rxno: String,
    pub visit_id: String,
    pub lines: Vec<Line>,
    pub fulfilment: Fulfilment,
    pub state: State,
    /// The quote as the settlement service wrote it, hex; empty for none.
    pub quote: String,
    pub pay_by: Timestamp,
    pub payment_id: String,
    pub delivery_id: String,
    /// Empty but for the patient.
    pub collection_code: String,
    pub cancel_reason: String,
    pub created_at: Timestamp,
    pub version: i64,
}

impl View {
    /// What the pharmacy, the platform and other services see.
    pub fn for_others(order: &Order) -> View {
        View { collection_code: String::new(), ..View::for_patient(order) }
    }

    /// What the patient sees.
    pub fn for_patient(order: &Order) -> View {
        let waits = matches!(order.state, State::AwaitingPharmacy | State::Reserving);
        View {
            id: order.id.clone(),
            kind: order.kind,
            person_id: order.person_id.clone(),
            platform: order.platform.clone(),
            region: order.region.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            hi_rxno: order.hi_rxno.clone(),
            visit_id: order.visit_id.clone(),
            lines: order.lines.clone(),
            fulfilment: order.fulfilment,
            state: order.state,
            quote: order.quote.as_ref().map(|quote| quote.encoded.clone()).unwrap_or_default(),
            // nothing is to be paid before the pharmacist's pass
            pay_by: if waits { Timestamp::default() } else { order.pay_by },
            payment_id: order.payment_id.clone(),
            delivery_id: order.delivery_id.clone(),
            collection_code: order.collection_code.reveal().clone(),
            cancel_reason: order.cancel_reason.clone(),
            created_at: order.created_at,
            version: order.version,
        }
    }
}

/// The answer to dispensing.
#[derive(Clone, Serialize, Deserialize)]
pub struct Dispensed {
    pub order: View,
    /// Delivery only.
    pub hand_over_code: String,
}

impl Dispensed {
    pub fn of(order: &Order) -> Dispensed {
        Dispensed {
            order: View::for_others(order),
            hand_over_code: Sensitive::reveal(&order.hand_over_code).clone(),
        }
    }
}
