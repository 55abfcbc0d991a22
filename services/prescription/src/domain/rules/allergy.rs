//! Registered allergies against the drugs of the sheet, by name and by group.

use super::{Rule, Severity};

/// A drug of a registered allergy forbids, a group with known cross reactions asks for a reason.
pub const ALLERGY: Rule = Rule {
    id: "RX_ALLERGY",
    severities: &[Severity::Block, Severity::Warn],
    finds: "a drug of a registered or stated allergy, or of a group with known cross reactions",
    source: "药品说明书【禁忌】: allergy to the substance or its group",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let severity =
                scene.allergies.iter().filter_map(|substance| hit(substance, &drug.generic_name)).min();
            if let Some(severity) = severity {
                // which allergy it is stays with the person
                report.find(severity, line.line_no, "conflicts with a registered allergy");
            }
        }
    },
};

/// `(a registered allergy holds, a drug name holds, severity)`.
const GROUPS: &[(&str, &str, Severity)] = &[
    ("青霉素", "西林", Severity::Block),
    ("西林", "青霉素", Severity::Block),
    ("西林", "西林", Severity::Block),
    ("青霉素", "头孢", Severity::Warn),
    ("西林", "头孢", Severity::Warn),
    ("头孢", "头孢", Severity::Block),
    ("头孢", "西林", Severity::Warn),
    ("磺胺", "磺胺", Severity::Block),
    ("磺胺", "塞来昔布", Severity::Block),
    ("磺胺", "格列", Severity::Warn),
    ("磺胺", "氢氯噻嗪", Severity::Warn),
    ("磺胺", "吲达帕胺", Severity::Warn),
    ("阿司匹林", "布洛芬", Severity::Block),
    ("阿司匹林", "双氯芬酸", Severity::Block),
    ("普利", "普利", Severity::Block),
    ("他汀", "他汀", Severity::Warn),
];

fn hit(substance: &str, generic_name: &str) -> Option<Severity> {
    let substance = substance.trim();
    if substance.is_empty() {
        return None;
    }
    if generic_name.contains(substance) || substance.contains(generic_name) {
        return Some(Severity::Block);
    }
    let fits = |row: &&(&str, &str, Severity)| {
        // gliptins, gliflozins and glinides share two characters with sulfonylureas and nothing else
        let namesake = row.1 == "格列"
            && ["列汀", "列净", "列奈", "列酮"].iter().any(|part| generic_name.contains(part));
        substance.contains(row.0) && generic_name.contains(row.1) && !namesake
    };
    GROUPS.iter().filter(fits).map(|row| row.2).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_group() {
        assert_eq!(hit("阿司匹林", "阿司匹林肠溶片"), Some(Severity::Block));
        assert_eq!(hit("青霉素", "阿莫西林胶囊"), Some(Severity::Block));
        assert_eq!(hit("青霉素", "头孢克肟胶囊"), Some(Severity::Warn));
        assert_eq!(hit("磺胺类", "格列美脲片"), Some(Severity::Warn));
        assert_eq!(hit("磺胺类", "达格列净片"), None);
        assert_eq!(hit("花生", "阿莫西林胶囊"), None);
        assert_eq!(hit("", "阿莫西林胶囊"), None);
    }
}
