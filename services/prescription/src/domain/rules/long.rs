//! Long prescriptions 长期处方: confirmed by the patient, first made in person, and drugs that stay outside.

use liufang_kernel::Quantity;
use liufang_kernel::codes::therapy_class;

use super::{Rule, Scene, Severity, sale};

/// More than four weeks want the patient's confirmation.
pub const CONSENT: Rule = Rule {
    id: "RX_LONG_CONSENT",
    severities: &[Severity::Block, Severity::Note],
    finds: "a long prescription above four weeks without the patient's signed confirmation; a note that names its record",
    source: "长期处方管理规范（试行）: above 4 weeks the patient confirms by signature (domain.md §8)",
    look: |scene, report| {
        if !above_four_weeks(scene) {
            return;
        }
        let consent = scene.stated.consent.as_str();
        if consent.is_empty() {
            report.find(Severity::Block, 0, "above four weeks without the patient's signed confirmation");
        } else {
            let source = CONSENT.source;
            report.find_by(
                Severity::Note,
                0,
                format!("patient confirmed: record {consent}"),
                (source, consent),
            );
        }
    },
};

/// The first long prescription is made in person: what is renewed is either not from here, or was long itself.
pub const FIRST: Rule = Rule {
    id: "RX_LONG_FIRST",
    severities: &[Severity::Block],
    finds: "a long prescription that renews nothing, or an ordinary one that was written online",
    source: "长期处方管理规范（试行）: the first one is made in person (domain.md §8)",
    look: |scene, report| {
        if scene.long_rx && (scene.renews.is_empty() || scene.renewed_long == Some(false)) {
            report.find(Severity::Block, 0, "the first long prescription is made in person, not online");
        }
    },
};

/// Drugs with special storage needs.
pub const COLD: Rule = Rule {
    id: "RX_LONG_COLD_STORAGE",
    severities: &[Severity::Block],
    finds: "a drug kept at 2–8 °C on a long prescription",
    source: "长期处方管理规范（试行） art. 8 (domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known().filter(|(_, drug)| drug.storage == "cold_2_8") {
            if scene.long_rx {
                report.find(Severity::Block, line.line_no, format!("storage {}", drug.storage));
            }
        }
    },
};

/// Specially managed drugs, whatever else forbids them.
pub const CONTROLLED: Rule = Rule {
    id: "RX_LONG_CONTROLLED",
    severities: &[Severity::Block],
    finds: "a toxic, radioactive, precursor, narcotic or psychotropic drug on a long prescription",
    source: "长期处方管理规范（试行） art. 8 (domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known().filter(|(_, drug)| sale::is_controlled(drug)) {
            if scene.long_rx {
                report.find(Severity::Block, line.line_no, format!("controlled: {}", drug.controlled));
            }
        }
    },
};

/// Antimicrobials; those against tuberculosis (J04) are excepted.
pub const ANTIMICROBIAL: Rule = Rule {
    id: "RX_LONG_ANTIMICROBIAL",
    severities: &[Severity::Block],
    finds: "an antibacterial, antifungal or antiviral drug on a long prescription, those against tuberculosis excepted",
    source: "长期处方管理规范（试行） art. 8 (domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let class = therapy_class(&drug.code);
            if scene.long_rx && ["XJ01", "XJ02", "XJ05"].iter().any(|prefix| class.starts_with(prefix)) {
                report.find(Severity::Block, line.line_no, "antimicrobial on a long prescription");
            }
        }
    },
};

fn above_four_weeks(scene: &Scene<'_>) -> bool {
    let usual = Quantity::whole(i64::from(scene.limits.long_supply_days));
    scene.long_rx && scene.items.iter().any(|item| usual < item.line.days)
}
