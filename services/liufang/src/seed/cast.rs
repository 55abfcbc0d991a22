//! The people and machines of the seed as ready clients: who speaks with which key.

use anyhow::Result;
use liufang_proto::common::v1::{Caller, GeoPoint};
use liufang_proto::identity::v1::RegisterClientRequest;

use super::{PersonRow, Seed, machine_key};
use crate::client::{Agency, Citizen, Courier, Gateway, His, PlatformClient, Pos, Supervisor};

/// Purchase platforms of the seed.
pub const PLATFORMS: [&str; 2] = ["jd", "meituan"];
/// Regions with an agency and a supervisor each.
pub const REGIONS: [&str; 2] = ["110000", "130300"];

impl PersonRow {
    /// What the person types to be verified.
    pub fn citizen(&self) -> Citizen {
        Citizen {
            name: self.name.clone(),
            cert_type: self.cert_type.clone(),
            certno: self.certno.clone(),
            phone: self.phone.clone(),
        }
    }

    /// The person's door.
    pub fn location(&self) -> GeoPoint {
        GeoPoint { lat_e6: self.lat_e6, lng_e6: self.lng_e6 }
    }
}

/// The HIS of a hospital.
pub fn his(gateway: &Gateway, hospital: &str) -> Result<His> {
    Ok(His::new(gateway, machine_key(&format!("his-{hospital}"))?, hospital))
}

/// The POS of a pharmacy.
pub fn pos(gateway: &Gateway, pharmacy: &str) -> Result<Pos> {
    Ok(Pos::new(gateway, machine_key(&format!("pos-{pharmacy}"))?, pharmacy))
}

/// A courier's app.
pub fn courier(gateway: &Gateway, code: &str) -> Result<Courier> {
    Ok(Courier::new(gateway, machine_key(&format!("courier-{code}"))?, code))
}

/// A purchase platform.
pub fn platform(gateway: &Gateway, code: &str) -> Result<PlatformClient> {
    Ok(PlatformClient::new(gateway, machine_key(&format!("platform-{code}"))?, code))
}

/// The agency of a region; its code is the region's.
pub fn agency(gateway: &Gateway, region: &str) -> Result<Agency> {
    Ok(Agency::new(gateway, machine_key(&format!("agency-{region}"))?, region))
}

/// A supervisor of a region.
pub fn supervisor(gateway: &Gateway, region: &str) -> Result<Supervisor> {
    Ok(Supervisor::new(gateway, machine_key(&format!("supervisor-{region}"))?, region))
}

/// Every machine client of the seed, as an operator registers it.
pub fn registrations(seed: &Seed) -> Result<Vec<RegisterClientRequest>> {
    let mut all = Vec::new();
    let mut add = |prefix: &str, kind: Caller, subject: &str, region: &str| -> Result<()> {
        all.push(machine_key(&format!("{prefix}-{subject}"))?.registration(kind, subject, region));
        Ok(())
    };
    for own in &seed.institutions {
        let (prefix, kind) = if own.kind == "pharmacy" { ("pos", Caller::Pos) } else { ("his", Caller::His) };
        add(prefix, kind, &own.code, own.region())?;
    }
    for own in seed.practitioners.iter().filter(|own| own.kind == "courier") {
        // digits 3 to 8 of a courier's code are the region
        add("courier", Caller::Courier, &own.code, own.code.get(2..8).unwrap_or_default())?;
    }
    for code in PLATFORMS {
        add("platform", Caller::Platform, code, "")?;
    }
    for region in REGIONS {
        add("agency", Caller::Agency, region, region)?;
        add("supervisor", Caller::Supervisor, region, region)?;
    }
    Ok(all)
}
