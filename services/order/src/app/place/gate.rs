//! What every purchase of goods has to pass: person, scheme, institution, platform, way to the patient.

use liufang_kernel::Timestamp;
use liufang_kernel::region::{self, RegionPack, Scheme, SchemeKind};

use super::super::App;
use super::Place;
use crate::domain::{Fees, Fulfilment};
use crate::error::{self, OrderError};
use crate::rpc::{Institution, Priced};

/// The region's scheme that is open today.
pub(super) fn open_scheme(
    pack: &RegionPack,
    kind: SchemeKind,
    now: Timestamp,
) -> Result<&Scheme, OrderError> {
    pack.scheme(kind, now.china_date()).ok_or_else(|| OrderError::rule(&error::SCHEME_NOT_OPEN))
}

/// Whether the institution may sell under the scheme today. A hospital's own pharmacy need not carry what is asked of
/// retail shops beyond the scheme itself.
pub(super) fn institution(found: &Institution, scheme: &Scheme) -> Result<(), OrderError> {
    if !found.designated {
        return Err(OrderError::rule(&error::INSTITUTION_NOT_DESIGNATED));
    }
    let required = match scheme.kind {
        SchemeKind::ChronicRenewal if found.is_hospital => vec!["chronic_renewal"],
        _ => scheme.required_capabilities.iter().map(String::as_str).collect(),
    };
    match required.into_iter().find(|wanted| !found.capabilities.iter().any(|own| own == wanted)) {
        Some(missing) => Err(OrderError::rule_with(&error::INSTITUTION_NOT_CAPABLE, "capability", missing)),
        None => Ok(()),
    }
}

/// Whether the scheme brings goods this way, and admits the platform the patient came through.
pub(super) fn way(body: &Place, platform: &str, scheme: &Scheme) -> Result<(), OrderError> {
    let wanted = match body.fulfilment {
        Fulfilment::PickUp => region::Fulfilment::PickUp,
        Fulfilment::Delivery => region::Fulfilment::Delivery,
        Fulfilment::None => return Err(OrderError::field("fulfilment", "goods need a way to the patient")),
    };
    if !scheme.fulfilment.contains(&wanted) {
        return Err(OrderError::rule(&error::FULFILMENT_NOT_OFFERED));
    }
    let admitted = platform.is_empty() || scheme.platforms.iter().any(|own| own == platform);
    if admitted { Ok(()) } else { Err(OrderError::rule(&error::PLATFORM_NOT_ADMITTED)) }
}

/// Why a drug may not be sold online in the region: its controlled class or the region's bans.
pub(super) fn online_ban(pack: &RegionPack, drug: &Priced, now: Timestamp) -> Option<String> {
    if !drug.ban.is_empty() {
        return Some(drug.ban.clone());
    }
    if !matches!(drug.controlled.as_str(), "" | "none") {
        return Some(drug.controlled.clone());
    }
    let listed = pack.online_ban(None, &drug.line.name, now.china_date());
    listed.map(|_| "negative_list".to_owned())
}

impl App {
    pub(super) fn pack(&self, region: &str) -> Result<&RegionPack, OrderError> {
        self.deps.regions.get(region).ok_or_else(|| OrderError::rule(&error::SCHEME_NOT_OPEN))
    }

    pub(super) async fn verified(&self, person: &str) -> Result<(), OrderError> {
        if self.peers.is_verified(person).await? {
            Ok(())
        } else {
            Err(OrderError::rule(&error::IDENTITY_NOT_VERIFIED))
        }
    }

    /// When an order placed or reviewed now must be paid.
    pub(in crate::app) fn pay_by(&self, region: &str, now: Timestamp) -> Result<Timestamp, OrderError> {
        let deadlines = self.pack(region)?.deadlines(now.china_date());
        let deadlines = deadlines.ok_or_else(|| OrderError::rule(&error::SCHEME_NOT_OPEN))?;
        Ok(now.plus_seconds(i64::from(deadlines.payment_seconds)))
    }

    pub(super) async fn fees(&self, body: &Place, region: &str, cold: bool) -> Result<Fees, OrderError> {
        match &body.door {
            Some(door) if body.fulfilment == Fulfilment::Delivery => {
                self.peers.delivery_fees(&body.fixmedins_code, region, door.reveal(), cold).await
            }
            _ => Ok(Fees::default()),
        }
    }
}
