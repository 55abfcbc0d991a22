//! Quotes: a settlement offered until a deadline, and the choices that come before the engine is asked.

use liufang_kernel::region::{Benefit, BenefitQuery, CapRule, RegionPack, combined_cap};
use liufang_kernel::{Date, Fen, Quantity, Timestamp, UnitPrice};
use serde::{Deserialize, Serialize};

use super::accumulate::{Addition, Scope};
use super::benefit::{Leg, OutsideFees, SettledLine, Totals};
use super::decide::Inputs;

/// What a quote is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteKind {
    OtcAccount,
    ChronicRenewal,
    Consultation,
}

/// A priced offer of payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub quote_id: String,
    pub kind: QuoteKind,
    pub order_id: String,
    pub person_id: String,
    pub fixmedins_code: String,
    pub region: String,
    pub region_version: String,
    /// Empty for cash only.
    pub insutype: String,
    pub lines: Vec<SettledLine>,
    pub totals: Totals,
    pub legs: Vec<Leg>,
    pub outside: OutsideFees,
    /// The year so far that the fund share was calculated on; a quote is good only while it stands.
    pub basis: Vec<(Scope, Addition)>,
    /// What capture adds to the person's year.
    pub additions: Vec<(Scope, Addition)>,
    /// Clearing agency of the insured legs.
    pub agency: String,
    /// Year of the accumulators.
    pub year: i32,
    pub expires_at: Timestamp,
    /// What the lines are of, in their order; empty in quotes of before it was kept.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// Empty outside chronic renewal.
    #[serde(default)]
    pub dise_codg: String,
    /// Accounts might be used.
    #[serde(default)]
    pub acct_used: bool,
    /// What decided, so that it can be decided again; `None` in quotes from before it was kept.
    #[serde(default)]
    pub inputs: Option<Inputs>,
    /// The quote as it was offered, where less was captured.
    #[serde(default)]
    pub offered: Option<Box<Quote>>,
}

/// What was charged in a line, as the insurer is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// National code; empty for a fee.
    pub med_list_codg: String,
    pub quantity: Quantity,
    pub price: UnitPrice,
}

impl Quote {
    /// Everything the legs pay.
    pub fn total(&self) -> Fen {
        self.legs.iter().map(|leg| leg.amount).sum()
    }
}

/// One insurance row of a person (1101 `insuinfo`), as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub insutype: String,
    pub psn_type: String,
    /// `insuplc_admdvs`
    pub place: String,
    /// `psn_insu_stas` 1.
    pub normal: bool,
    pub begin: Date,
    pub end: Option<Date>,
}

/// Why nobody's insurance pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverRefusal {
    NotInsured,
    /// Insured, but under another region.
    Elsewhere,
}

/// The row that pays: asked for by type, or the first of the scheme's types. A person may have several rows
/// (`domain.md` §3.1).
///
/// # Errors
/// [`CoverRefusal`] when no row holds on `date` in the region of `pack`.
pub fn choose_cover<'a>(
    pack: &RegionPack,
    covers: &'a [Cover],
    asked: &str,
    insutypes: &[String],
    date: Date,
) -> Result<&'a Cover, CoverRefusal> {
    let wanted = |cover: &&Cover| {
        let listed = insutypes.is_empty() || insutypes.contains(&cover.insutype);
        let holds = cover.normal && cover.begin <= date && cover.end.is_none_or(|end| date <= end);
        holds && listed && (asked.is_empty() || asked == cover.insutype)
    };
    let holding: Vec<&Cover> = covers.iter().filter(wanted).collect();
    let here = holding.iter().filter(|cover| pack.is_insured_place(&cover.place));
    // the scheme's own order of types decides between several rows
    let rank = |cover: &&&Cover| insutypes.iter().position(|own| *own == cover.insutype);
    match here.min_by_key(rank) {
        Some(cover) => Ok(cover),
        None if holding.is_empty() => Err(CoverRefusal::NotInsured),
        None => Err(CoverRefusal::Elsewhere),
    }
}

/// Full years on `date`.
pub fn age(birth: Date, date: Date) -> u32 {
    let before_birthday = (u8::from(date.month()), date.day()) < (u8::from(birth.month()), birth.day());
    u32::try_from(date.year() - birth.year() - i32::from(before_birthday)).unwrap_or(0)
}

/// The cap of the year for somebody registered for `diseases`, of which `query` asks for one.
pub fn annual_cap<'d>(
    pack: &RegionPack,
    row: &Benefit,
    query: &BenefitQuery<'d>,
    diseases: impl Iterator<Item = &'d str>,
) -> Option<Fen> {
    if row.cap_rule == CapRule::EachOwn {
        return row.annual_cap_fen;
    }
    let mut rows: Vec<&Benefit> = Vec::new();
    for code in diseases {
        let found = pack.benefit(&BenefitQuery { disease: Some(code), ..*query });
        // a row for every disease stands once, however many are registered
        rows.extend(found.filter(|found| !rows.iter().any(|known| std::ptr::eq(*known, *found))));
    }
    if rows.is_empty() { row.annual_cap_fen } else { combined_cap(&rows) }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::region::InstitutionKind;
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn pack() -> RegionPack {
        RegionPack::parse(include_str!("../../../../deploy/regions/qinhuangdao.toml")).unwrap()
    }

    fn cover(insutype: &str, place: &str, normal: bool) -> Cover {
        Cover {
            insutype: insutype.into(),
            psn_type: "1101".into(),
            place: place.into(),
            normal,
            begin: date!(2020 - 01 - 01),
            end: None,
        }
    }

    #[test]
    fn the_row_of_the_region_pays() {
        let pack = pack();
        let types = ["310".to_owned(), "390".to_owned()];
        let rows = [cover("390", "130302", true), cover("310", "130303", true)];
        let chosen = |rows: &[Cover], asked: &str| {
            choose_cover(&pack, rows, asked, &types, TODAY).map(|cover| cover.insutype.clone())
        };
        assert_eq!(chosen(&rows, "").as_deref(), Ok("310"), "employee before resident");
        assert_eq!(chosen(&rows, "390").as_deref(), Ok("390"));
        assert_eq!(chosen(&[cover("310", "110105", true)], ""), Err(CoverRefusal::Elsewhere));
        assert_eq!(chosen(&[cover("310", "130302", false)], ""), Err(CoverRefusal::NotInsured));
        assert_eq!(chosen(&[], ""), Err(CoverRefusal::NotInsured));
        let ended = Cover { end: Some(date!(2026 - 11 - 21)), ..cover("310", "130302", true) };
        assert_eq!(chosen(&[ended], ""), Err(CoverRefusal::NotInsured));
    }

    #[test]
    fn caps_of_several_diseases_combine() {
        let pack = pack();
        let query = BenefitQuery {
            insutype: "310",
            psn_type: "1101",
            age: 50,
            disease: Some("M03900"),
            institution_kind: InstitutionKind::Pharmacy,
            level: None,
            date: TODAY,
        };
        let row = pack.benefit(&query).unwrap();
        let one = annual_cap(&pack, row, &query, ["M03900"].into_iter());
        assert_eq!(one, Some(Fen(300_000)));
        let two = annual_cap(&pack, row, &query, ["M03900", "M01600"].into_iter());
        assert_eq!(two, Some(Fen(360_000 + 60_000)), "highest cap and a supplement");
    }

    #[test]
    fn birthdays_count_on_the_day() {
        assert_eq!(age(date!(1956 - 11 - 22), TODAY), 70);
        assert_eq!(age(date!(1956 - 11 - 23), TODAY), 69);
        assert_eq!(age(date!(2030 - 01 - 01), TODAY), 0);
    }
}
