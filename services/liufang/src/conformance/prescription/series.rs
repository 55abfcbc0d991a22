//! Repeat prescriptions: a use whose window is open is played as any other, and here the second one before it may be filled.

use anyhow::{Context as _, Result};
use liufang_proto::prescription::v1::{ListMyPrescriptionsRequest, Repeat};

use super::player::{DAY, Player};
use super::sheet::Sheet;
use super::table::Edge;

/// Two uses, seven days apart however late the first was filled; the second one may be filled for seven days.
const TWICE: Repeat = Repeat { uses: 2, interval_days: 7, window_days: 7, min_interval_days: 7 };
/// From draft to sold at the counter.
const SOLD: [(&str, &str, &str); 3] = [
    ("ClaimAtCounter", "pharmacy", "counter-held"),
    ("Review", "pharmacy", "counter-passed"),
    ("DispenseAtCounter", "pharmacy", "counter-used"),
];

/// The uses of one signed sheet.
pub(super) struct Series {
    first: Sheet,
    second: Sheet,
}

/// What time decides: a series that nobody has used, and some whose first use is filled late.
pub(super) struct Waiting {
    untouched: Series,
    used_late: Vec<Series>,
}

/// One for each step that leads away from a use that is still too early.
const LATE: usize = 3;

impl Player {
    /// Every cell and step of a use that is not open yet; nothing to do where the table has none.
    pub(super) async fn along_series(&mut self) -> Result<()> {
        if !self.has("later") {
            return Ok(());
        }
        let Series { mut second, .. } = self.series().await?;
        self.begin_at(&mut second, "later").await?;
        let Series { mut first, mut second } = self.series().await?;
        self.sold(&mut first).await?;
        self.begin_at(&mut second, "between").await?;
        for state in ["later", "between"] {
            while let Some(way) = self.steps.next(state) {
                let Series { mut first, mut second } = self.series().await?;
                if state == "between" {
                    self.sold(&mut first).await?;
                }
                if !self.begin_at(&mut second, state).await? || !self.along(&mut second, way).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn series_before_time_passes(&mut self) -> Result<Option<Waiting>> {
        if !self.has("early") {
            return Ok(None);
        }
        let untouched = self.series().await?;
        let mut used_late = Vec::new();
        for _ in 0..LATE {
            used_late.push(self.series().await?);
        }
        Ok(Some(Waiting { untouched, used_late }))
    }

    /// Two days later: the second use opens two days later, too.
    pub(super) async fn use_late(&mut self, waiting: Option<Waiting>) -> Result<Option<Waiting>> {
        let Some(mut waiting) = waiting else { return Ok(None) };
        self.callers.renew(&self.stage).await?;
        for series in &mut waiting.used_late {
            self.sold(&mut series.first).await?;
        }
        Ok(Some(waiting))
    }

    /// After three days and a second: the windows open one after the other, and close.
    pub(super) async fn series_after_time(
        &mut self,
        waiting: Option<Waiting>,
        pass_time: &(dyn Fn(i64) -> String + Send + Sync),
    ) -> Result<()> {
        let Some(Waiting { untouched, used_late }) = waiting else { return Ok(()) };
        let mut open = untouched.second;
        self.begin_at(&mut open, "later").await?;
        let mut early: Vec<Sheet> = used_late.into_iter().map(|series| series.second).collect();
        for sheet in &mut early {
            self.begin_at(sheet, "between").await?;
        }
        self.pass(pass_time, 4 * DAY).await?;
        open = self.after_time(open).await?;
        let mut still = Vec::new();
        for sheet in early {
            still.push(self.after_time(sheet).await?);
        }
        self.pass(pass_time, 2 * DAY).await?;
        for sheet in still.into_iter().filter(|sheet| sheet.state == "early") {
            self.after_time(sheet).await?;
        }
        self.pass(pass_time, 5 * DAY).await?;
        // the last use has a window like the others
        self.after_time(open).await?;
        Ok(())
    }

    /// A series that is signed and uploaded.
    async fn series(&mut self) -> Result<Series> {
        let mut first = self.draft(Some(TWICE)).await?;
        self.walk(&mut first, &[("ReviewDraft", "hospital", "reviewed"), ("Upload", "hospital", "active")])
            .await?;
        let listed =
            self.callers.patient.list_my_prescriptions(ListMyPrescriptionsRequest::default()).await?;
        let second = listed.prescriptions.into_iter();
        let second = second.filter(|rx| rx.series_rxno == first.hi_rxno).find(|rx| rx.use_no == 2);
        let mut second = Sheet::of("later", second.context("the second use of a series")?);
        second.doctor_signature.clone_from(&first.doctor_signature);
        second.pharmacist_signature.clone_from(&first.pharmacist_signature);
        Ok(Series { first, second })
    }

    async fn sold(&mut self, sheet: &mut Sheet) -> Result<()> {
        self.walk(sheet, &SOLD).await
    }

    /// Steps of the table, one after the other.
    async fn walk(&mut self, sheet: &mut Sheet, steps: &[(&str, &str, &str)]) -> Result<()> {
        for (operation, caller, to) in steps {
            let edge = Edge {
                from: sheet.state.clone(),
                operation: (*operation).to_owned(),
                caller: (*caller).to_owned(),
                to: (*to).to_owned(),
            };
            if !self.step(sheet, &edge).await? {
                break;
            }
        }
        Ok(())
    }
}
