//! A shop's shelf as its staff see it: which packs lie there, and their trace codes for the scanner.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use liufang_kernel::{Date, Quantity, Timestamp};
use liufang_proto::inventory::v1::GetTraceCodeRequest;
use liufang_proto::order::v1::{Order, Scan};
use liufang_proto::prescription::v1::GetPrescriptionRequest;

use super::Seed;
use super::stock::trace_codes;
use crate::client::Pos;

/// Trace codes of one shop by drug, first expired first out.
pub struct Shelf {
    packs: BTreeMap<String, Vec<(Date, String)>>,
}

impl Shelf {
    /// The shelf of `pharmacy` as the seed stocked it.
    pub fn of(seed: &Seed, pharmacy: &str) -> Result<Shelf> {
        let mut packs: BTreeMap<String, Vec<(Date, String)>> = BTreeMap::new();
        for row in seed.stock.iter().filter(|row| row.pharmacy == pharmacy) {
            let codes = trace_codes(seed, row)?.into_iter().map(|code| (row.expires, code));
            packs.entry(row.drug.clone()).or_default().extend(codes);
        }
        packs.values_mut().for_each(|packs| packs.sort());
        Ok(Shelf { packs })
    }

    /// Every code of a drug with the expiry of its lot, whether sold or not.
    pub fn codes(&self, drug: &str) -> &[(Date, String)] {
        self.packs.get(drug).map_or(&[], Vec::as_slice)
    }

    /// Scans for every line of an order: the packs that expire first, are still good and have not been sold; for a
    /// prescription those that last until the supply is used up.
    pub async fn scan(&self, pos: &Pos, order: &Order, now: Timestamp) -> Result<Vec<Scan>> {
        let days = days_of_supply(pos, &order.hi_rxno).await?;
        let mut scans = Vec::new();
        for line in &order.lines {
            let packs: usize = line.quantity.split('.').next().unwrap_or_default().parse()?;
            let until = now.plus_days(days.get(&line.line_no).copied().unwrap_or_default());
            let trace_codes = self.take_lasting(pos, &line.med_list_codg, packs, now, until).await?;
            scans.push(Scan { line_no: line.line_no, trace_codes });
        }
        Ok(scans)
    }

    /// `count` codes of a drug that may be sold now.
    pub async fn take(&self, pos: &Pos, drug: &str, count: usize, now: Timestamp) -> Result<Vec<String>> {
        self.take_lasting(pos, drug, count, now, now).await
    }

    async fn take_lasting(
        &self,
        pos: &Pos,
        drug: &str,
        count: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>> {
        let mut taken = Vec::new();
        for (expires, code) in self.codes(drug) {
            if taken.len() == count {
                break;
            }
            // a pack marked "good until" a day is good on that day still; the shop keeps a day's margin
            if *expires <= now.china_date() || *expires < until.china_date() {
                continue;
            }
            let body = GetTraceCodeRequest { drug_trac_codg: code.clone() };
            if pos.get_trace_code(body).await.context("trace code")?.state == "in_stock" {
                taken.push(code.clone());
            }
        }
        ensure!(taken.len() == count, "{} of {count} packs of {drug} are on the shelf", taken.len());
        Ok(taken)
    }

    /// A code of a drug that was sold here already.
    pub async fn sold(&self, pos: &Pos, drug: &str) -> Result<Option<String>> {
        for (_, code) in self.codes(drug) {
            let body = GetTraceCodeRequest { drug_trac_codg: code.clone() };
            if pos.get_trace_code(body).await.context("trace code")?.state == "dispensed" {
                return Ok(Some(code.clone()));
            }
        }
        Ok(None)
    }
}

/// Days of supply by line, as the prescription that the shop holds says; a broken day is a day. Empty without one.
async fn days_of_supply(pos: &Pos, hi_rxno: &str) -> Result<BTreeMap<i32, i64>> {
    if hi_rxno.is_empty() {
        return Ok(BTreeMap::new());
    }
    let held = pos.get_prescription(GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() }).await?;
    let mut days = BTreeMap::new();
    for line in held.prescription.context("the held prescription")?.lines {
        let own: Quantity = line.medc_days.parse().context("days of supply")?;
        days.insert(line.line_no, own.0.saturating_add(9_999) / 10_000);
    }
    Ok(days)
}
