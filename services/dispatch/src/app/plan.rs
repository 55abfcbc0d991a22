//! The assignment step: plan every region with work, write what changed.

use liufang_kernel::Timestamp;
use liufang_platform::Work;

use super::App;
use super::change::Happening;
use super::deliveries::decide;
use crate::domain::assign::{self, Courier, Plan};
use crate::domain::delivery::{Operation, State, Step};
use crate::domain::route::{Place, Task};
use crate::error::DispatchError;
use crate::store;
use crate::store::deliveries::Delivery;

/// Deliveries planned together; later promises wait for a later step.
const BATCH: i64 = 300;

impl App {
    /// Plans all regions once; answers how many deliveries changed their courier.
    pub async fn assign_step(&self) -> Result<usize, DispatchError> {
        let mut changed = 0;
        for region in store::deliveries::regions_with_work(self.db.read()).await? {
            changed += self.assign_region(&region).await?;
        }
        Ok(changed)
    }

    async fn assign_region(&self, region: &str) -> Result<usize, DispatchError> {
        let now = self.clock.now();
        let couriers = store::couriers::on_shift(self.db.read(), region).await?;
        let rows = store::deliveries::plannable(self.db.read(), region, BATCH).await?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in &rows {
            tasks.push(self.task(row, now)?);
        }
        let couriers = couriers.into_iter().map(|shift| Courier {
            courier_code: shift.courier_code,
            position: shift.position,
            capacity: usize::try_from(shift.capacity).unwrap_or(0),
            cold_box: shift.cold_box,
        });
        let plan = assign::plan(couriers.collect(), tasks);
        self.write(&plan, &rows, now).await
    }

    /// Goods that go back are dropped at the pharmacy.
    fn task(&self, row: &Delivery, now: Timestamp) -> Result<Task, DispatchError> {
        let door = self.contact(row)?.door;
        let courier = (!row.courier_code.is_empty()).then(|| row.courier_code.clone());
        let place = match (row.state, courier) {
            (State::PickedUp | State::Returning, Some(courier)) => Place::OnBoard { courier },
            (_, assigned_to) => Place::Pharmacy { assigned_to },
        };
        Ok(Task {
            delivery_id: row.delivery_id.clone(),
            from: row.from,
            to: if row.state == State::Returning { row.from } else { door },
            cold_chain: row.cold_chain,
            due_seconds: row.promised_at.0.saturating_sub(now.0).div_euclid(1_000_000),
            place,
        })
    }

    /// Writes the plan; a delivery that moved on meanwhile loses the race and the whole step is tried again.
    async fn write(&self, plan: &Plan, rows: &[Delivery], now: Timestamp) -> Result<usize, DispatchError> {
        let row = |index: usize| rows.iter().find(|row| row.delivery_id == plan.tasks[index].delivery_id);
        let mut moves = Vec::new();
        for route in &plan.routes {
            let served = route.tasks().into_iter().filter_map(row).zip(1_i32..);
            moves.extend(served.map(|(row, index)| (row, route.courier_code.as_str(), index)));
        }
        moves.extend(plan.waiting.iter().filter_map(|index| row(*index)).map(|row| (row, "", 0)));
        moves.retain(|(row, courier_code, index)| {
            row.courier_code != *courier_code || row.route_index != *index
        });
        if moves.is_empty() {
            return Ok(0);
        }
        let work = self.db.begin_step().await?;
        let mut changed = 0;
        for (row, courier_code, index) in moves {
            changed += usize::from(self.assign(&work, row, courier_code, index, now).await?);
        }
        work.done().await?;
        Ok(changed)
    }

    /// Gives a delivery to a courier, takes it from one (empty code), or moves it within a route.
    async fn assign(
        &self,
        work: &Work,
        row: &Delivery,
        courier_code: &str,
        route_index: i32,
        now: Timestamp,
    ) -> Result<bool, DispatchError> {
        if row.courier_code == courier_code {
            store::deliveries::set_route_index(work.tx(), &row.delivery_id, courier_code, route_index)
                .await?;
            return Ok(false);
        }
        let (operation, note) = match courier_code {
            "" => (Operation::Unassign, "unassigned"),
            _ => (Operation::Assign, "assigned"),
        };
        let Step::To(state) = decide(row, operation)? else { return Ok(false) };
        let after = Delivery { state, courier_code: courier_code.to_owned(), route_index, ..row.clone() };
        let happening = Happening { at: now, position: None, note: note.to_owned() };
        self.change(work, row, after, happening).await?;
        Ok(true)
    }
}
