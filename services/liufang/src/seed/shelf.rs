//! A shop's shelf as its staff see it: which packs lie there, and their trace codes for the scanner.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use liufang_kernel::{Date, Timestamp};
use liufang_proto::inventory::v1::GetTraceCodeRequest;
use liufang_proto::order::v1::{Order, Scan};

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

    /// Scans for every line of an order: the packs that expire first, are still good and have not been sold.
    pub async fn scan(&self, pos: &Pos, order: &Order, now: Timestamp) -> Result<Vec<Scan>> {
        let mut scans = Vec::new();
        for line in &order.lines {
            let packs: usize = line.quantity.split('.').next().unwrap_or_default().parse()?;
            let trace_codes = self.take(pos, &line.med_list_codg, packs, now).await?;
            scans.push(Scan { line_no: line.line_no, trace_codes });
        }
        Ok(scans)
    }

    /// `count` codes of a drug that may be sold now.
    pub async fn take(&self, pos: &Pos, drug: &str, count: usize, now: Timestamp) -> Result<Vec<String>> {
        let mut taken = Vec::new();
        for (expires, code) in self.codes(drug) {
            if taken.len() == count {
                break;
            }
            // a pack marked "good until" a day is good on that day still; the shop keeps a day's margin
            if *expires <= now.china_date() {
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
