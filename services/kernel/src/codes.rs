//! National code formats (`domain.md` §6.1, §6.2, §4.2). Code lists are extensible, so only the shape is checked.

/// What kind of catalogue entry a national drug code (医疗目录编码) names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrugCodeKind {
    /// 西药, 23 characters.
    Western,
    /// 中成药, 20 characters.
    ChinesePatent,
    /// 中药饮片, 10 characters.
    Herbal,
}

/// Matches `text` against a shape where `A` is an upper-case letter, `9` a digit and anything else itself.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, rule)| match rule {
            b'A' => byte.is_ascii_uppercase(),
            b'9' => byte.is_ascii_digit(),
            literal => byte == literal,
        })
}

/// The kind of a national drug code, or `None` when the shape is wrong.
pub fn drug_code_kind(code: &str) -> Option<DrugCodeKind> {
    if has_shape(code, "XA99AAA999A999999999999") {
        Some(DrugCodeKind::Western)
    } else if has_shape(code, "ZA99AAA9999999999999") {
        Some(DrugCodeKind::ChinesePatent)
    } else if has_shape(code, "T999999999") {
        Some(DrugCodeKind::Herbal)
    } else {
        None
    }
}

/// Substance and dosage form: the first 14 characters of a Western drug code, 11 of a Chinese patent one. Another maker
/// or pack has another code but the same substance key.
pub fn substance_key(code: &str) -> &str {
    match drug_code_kind(code) {
        Some(DrugCodeKind::Western) => &code[..14],
        Some(DrugCodeKind::ChinesePatent) => &code[..11],
        _ => code,
    }
}

/// The therapeutic class part of a code, for duplicate-therapy checks.
pub fn therapy_class(code: &str) -> &str {
    match drug_code_kind(code) {
        Some(DrugCodeKind::Western | DrugCodeKind::ChinesePatent) => &code[..6],
        _ => code,
    }
}

/// `H` or `P` + 6-digit region + 5 serial (定点医药机构编码).
pub fn is_institution_code(code: &str) -> bool {
    has_shape(code, "H99999999999") || has_shape(code, "P99999999999")
}

/// A 6-digit region code; never checked against the census table, pools use codes such as `xx99` (`domain.md` §6.3).
pub fn is_region_code(code: &str) -> bool {
    has_shape(code, "999999")
}

/// The families of drug trace codes (追溯码).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFamily {
    /// 20 digits; the first 7 identify the product (药品标识码).
    Domestic,
    /// GS1 element string, mostly imports.
    Gs1,
    /// A maker's own standard.
    Maker,
}

/// The family of a trace code, or `None` when it cannot be one: empty, over 100 characters, with blanks, or a 13-digit
/// bar code (商品码) beginning with 69.
pub fn trace_family(code: &str) -> Option<TraceFamily> {
    let printable = code.bytes().all(|byte| byte.is_ascii_graphic());
    if code.is_empty() || code.len() > 100 || !printable {
        return None;
    }
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if digits && code.len() == 20 {
        return Some(TraceFamily::Domestic);
    }
    if digits && code.len() == 13 && code.starts_with("69") {
        return None;
    }
    if code.starts_with("(01)") || (code.starts_with("01") && code.len() > 20) {
        return Some(TraceFamily::Gs1);
    }
    (code.len() >= 8).then_some(TraceFamily::Maker)
}

/// The product prefix of a domestic trace code.
pub fn trace_prefix(code: &str) -> Option<&str> {
    (trace_family(code) == Some(TraceFamily::Domestic)).then(|| &code[..7])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drug_codes_by_shape() {
        assert_eq!(drug_code_kind("XC08CAB037A001020180517"), Some(DrugCodeKind::Western));
        assert_eq!(substance_key("XC08CAB037A001020180517"), "XC08CAB037A001");
        assert_eq!(therapy_class("XC08CAB037A001020180517"), "XC08CA");
        assert_eq!(drug_code_kind("T123456789"), Some(DrugCodeKind::Herbal));
        for bad in ["", "XC08CAB037A00102018051", "xC08CAB037A001020180517", "药C08CAB037A001020180517"] {
            assert_eq!(drug_code_kind(bad), None, "{bad}");
        }
    }

    #[test]
    fn trace_codes_by_family() {
        assert_eq!(trace_family("81234567890123456789"), Some(TraceFamily::Domestic));
        assert_eq!(trace_prefix("81234567890123456789"), Some("8123456"));
        assert_eq!(trace_family("(01)06901234567892(21)AB12"), Some(TraceFamily::Gs1));
        assert_eq!(trace_family("MAKER-0001-XY"), Some(TraceFamily::Maker));
        for bad in ["", "6901234567892", "has blank 12345", "短码短码"] {
            assert_eq!(trace_family(bad), None, "{bad}");
        }
    }
}
