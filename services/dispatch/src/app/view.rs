//! What each viewer gets to see of a delivery.

use liufang_kernel::sensitive::mask;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Principal, PrincipalKind};
use serde::{Deserialize, Serialize};

use super::App;
use crate::domain::delivery::State;
use crate::domain::geo::Point;
use crate::error::DispatchError;
use crate::store::deliveries::Delivery;
use crate::store::sealed;

/// A delivery as one viewer may see it. Not printable: it may hold a contact.
#[derive(Clone, Serialize, Deserialize)]
pub struct View {
    pub delivery_id: String,
    pub order_id: String,
    pub fixmedins_code: String,
    pub state: State,
    pub courier_code: String,
    pub from: Point,
    /// Only for the patient and the assigned courier.
    pub door: Option<Point>,
    pub recipient_name: String,
    pub recipient_phone: String,
    /// Only for the patient and the assigned courier.
    pub address: String,
    pub cold_chain: bool,
    pub promised_at: Timestamp,
    pub fee: Fen,
    pub failed_attempts: i32,
    pub version: i64,
}

/// Who brings it where; sealed as one text.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Contact {
    pub door: Point,
    pub address: String,
    pub name: String,
    pub phone: String,
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Patient,
    AssignedCourier,
    /// Platforms, institutions and other roles.
    Other,
}

impl App {
    pub(super) fn seal_contact(&self, contact: &Contact) -> Result<String, DispatchError> {
        let text = serde_json::to_string(contact).map_err(|_| DispatchError::Unreadable)?;
        Ok(self.cipher.seal(sealed::CONTACT, &text))
    }

    /// Empty once it was forgotten.
    pub(super) fn contact(&self, delivery: &Delivery) -> Result<Contact, DispatchError> {
        if delivery.contact_sealed.is_empty() {
            return Ok(Contact::default());
        }
        let text = self.cipher.open(sealed::CONTACT, &delivery.contact_sealed)?;
        serde_json::from_str(&text).map_err(|_| DispatchError::Unreadable)
    }

    /// The delivery as `viewer` may see it.
    pub(super) fn view(&self, delivery: &Delivery, viewer: Viewer) -> Result<View, DispatchError> {
        let contact = self.contact(delivery)?;
        let near = viewer != Viewer::Other;
        let open = viewer == Viewer::AssignedCourier;
        let shown = |text: &str| if open { text.to_owned() } else { mask(text) };
        Ok(View {
            delivery_id: delivery.delivery_id.clone(),
            order_id: delivery.order_id.clone(),
            fixmedins_code: delivery.fixmedins_code.clone(),
            state: delivery.state,
            courier_code: delivery.courier_code.clone(),
            from: delivery.from,
            door: (near && !delivery.contact_sealed.is_empty()).then_some(contact.door),
            recipient_name: shown(&contact.name),
            recipient_phone: shown(&contact.phone),
            address: if near { contact.address } else { String::new() },
            cold_chain: delivery.cold_chain,
            promised_at: delivery.promised_at,
            fee: delivery.fee,
            failed_attempts: delivery.failed_attempts,
            version: delivery.version,
        })
    }
}

/// How `principal` stands to the delivery; others do not learn that it exists.
pub(super) fn viewer(principal: &Principal, delivery: &Delivery) -> Result<Viewer, DispatchError> {
    let subject = &principal.subject;
    let viewer = match principal.kind {
        PrincipalKind::Patient if *subject == delivery.person_id => Viewer::Patient,
        PrincipalKind::Courier if *subject == delivery.courier_code && !delivery.state.has_ended() => {
            Viewer::AssignedCourier
        }
        // a courier keeps seeing what he brought, without the contact
        PrincipalKind::Courier if *subject == delivery.courier_code => Viewer::Other,
        PrincipalKind::Platform if !subject.is_empty() && *subject == delivery.platform => Viewer::Other,
        PrincipalKind::Pos | PrincipalKind::His if *subject == delivery.fixmedins_code => Viewer::Other,
        PrincipalKind::Service => Viewer::Other,
        _ => return Err(DispatchError::NotFound),
    };
    Ok(viewer)
}
