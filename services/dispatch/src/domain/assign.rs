//! Who carries what: regret insertion over the couriers on shift, done anew at every step.
//!
//! Goods on board stay with their courier. Everything still at a pharmacy is planned twice: with today's assignments
//! kept, and freely. The free plan wins when it serves more, or what is due earlier, or saves [`SWITCH_SECONDS`] for
//! every courier changed. It does not look at today's assignments, and keeping them adds to them alone, so couriers are
//! never sent to and fro. Invariants: a delivery is planned once at most, picked up before it is dropped, within capacity,
//! cold goods only in an insulated box; what stays unplanned found every fitting box full. The result does not depend on
//! the order of the input.

use super::geo::Point;
use super::route::{Place, Stop, Task, cost};

/// A courier on shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Courier {
    pub courier_code: String,
    pub position: Point,
    /// Deliveries the box holds, on board and planned together.
    pub capacity: usize,
    pub cold_box: bool,
}

/// What a courier does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub courier_code: String,
    /// In the order to serve; indexes into [`Plan::tasks`].
    pub stops: Vec<Stop>,
}

impl Route {
    /// Task indexes in the order of their first stop.
    pub fn tasks(&self) -> Vec<usize> {
        let mut order = Vec::new();
        for stop in &self.stops {
            let (Stop::PickUp(index) | Stop::Drop(index)) = *stop;
            if !order.contains(&index) {
                order.push(index);
            }
        }
        order
    }
}

/// A plan for one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub tasks: Vec<Task>,
    pub routes: Vec<Route>,
    /// Task indexes that wait for a courier.
    pub waiting: Vec<usize>,
}

/// Riding time that a change of courier must save.
const SWITCH_SECONDS: i64 = 300;
/// Regret of a delivery that only one courier can take.
const ONLY_CHANCE: i64 = i64::MAX / 4;

/// Plans all tasks. `couriers` and `tasks` may come in any order.
pub fn plan(mut couriers: Vec<Courier>, mut tasks: Vec<Task>) -> Plan {
    couriers.sort_by(|a, b| a.courier_code.cmp(&b.courier_code));
    couriers.dedup_by(|a, b| a.courier_code == b.courier_code);
    tasks.sort_by(|a, b| (a.due_seconds, &a.delivery_id).cmp(&(b.due_seconds, &b.delivery_id)));
    let kept = Planner::new(&couriers, &tasks, true).solve();
    let free = Planner::new(&couriers, &tasks, false).solve();
    let Draft { routes, waiting, .. } = if free.beats(&kept, &tasks) { free } else { kept };
    Plan { tasks, routes, waiting }
}

/// One way to serve everything.
struct Draft {
    routes: Vec<Route>,
    /// In the order of the tasks.
    waiting: Vec<usize>,
    cost: i64,
    /// Assigned deliveries that change their courier, or lose it.
    switches: i64,
}

impl Draft {
    fn beats(&self, kept: &Draft, tasks: &[Task]) -> bool {
        // tasks are in the order of their due times, and so is what waits
        let due =
            |draft: &Draft| -> Vec<i64> { draft.waiting.iter().map(|&i| tasks[i].due_seconds).collect() };
        let price = self.switches.saturating_mul(SWITCH_SECONDS);
        let order = self.waiting.len().cmp(&kept.waiting.len()).then_with(|| due(kept).cmp(&due(self)));
        order.then(self.cost.saturating_add(price).cmp(&kept.cost)).is_lt()
    }
}

/// The cheapest way to put a task into one courier's route.
#[derive(Clone, Debug)]
struct Insertion {
    added: i64,
    stops: Vec<Stop>,
}

struct Planner<'a> {
    couriers: &'a [Courier],
    tasks: &'a [Task],
    routes: Vec<Vec<Stop>>,
    loads: Vec<usize>,
    /// Assigned deliveries stay with their courier.
    keep: bool,
}

impl<'a> Planner<'a> {
    fn new(couriers: &'a [Courier], tasks: &'a [Task], keep: bool) -> Planner<'a> {
        let routes = vec![Vec::new(); couriers.len()];
        Planner { couriers, tasks, routes, loads: vec![0; couriers.len()], keep }
    }

    fn solve(mut self) -> Draft {
        self.load_boards();
        let at_pharmacy = |index: &usize| matches!(self.tasks[*index].place, Place::Pharmacy { .. });
        let (assigned, mut open): (Vec<usize>, Vec<usize>) = (0..self.tasks.len())
            .filter(at_pharmacy)
            .partition(|&index| self.keep && self.tasks[index].assigned());
        open.append(&mut self.place(assigned));
        open.sort_unstable();
        // whoever cannot stay with a full box may go elsewhere
        self.keep = false;
        let waiting = self.place(open);
        let cost = (0..self.couriers.len())
            .fold(0_i64, |sum, courier| sum.saturating_add(self.cost_of(courier, &self.routes[courier])));
        let routes = self.finish();
        let moved = routes.iter().flat_map(|route| {
            let elsewhere = |index: &usize| self.tasks[*index].assigned_elsewhere(&route.courier_code);
            route.tasks().into_iter().filter(elsewhere)
        });
        let put_off = waiting.iter().filter(|&&index| self.tasks[index].assigned());
        let switches = i64::try_from(moved.count() + put_off.count()).unwrap_or(i64::MAX);
        Draft { routes, waiting, cost, switches }
    }

    /// Goods already in boxes come first, each where it costs least; capacity cannot refuse what is there.
    fn load_boards(&mut self) {
        for index in 0..self.tasks.len() {
            let Place::OnBoard { courier } = &self.tasks[index].place else { continue };
            let Some(at) = self.couriers.iter().position(|c| c.courier_code == *courier) else { continue };
            let before = self.cost_of(at, &self.routes[at]);
            if let Some(best) = self.cheapest(at, before, &[Stop::Drop(index)]) {
                self.routes[at] = best.stops;
            }
            self.loads[at] += 1;
        }
    }

    /// Places the task that would lose most by waiting, until nothing fits any more; answers what waits.
    fn place(&mut self, mut open: Vec<usize>) -> Vec<usize> {
        let mut offers: Vec<Vec<Option<Insertion>>> = open
            .iter()
            .map(|&task| (0..self.couriers.len()).map(|courier| self.offer(courier, task)).collect())
            .collect();
        while let Some((row, courier)) = most_regretted(&offers) {
            open.remove(row);
            if let Some(insertion) = offers.remove(row).swap_remove(courier) {
                self.routes[courier] = insertion.stops;
                self.loads[courier] += 1;
            }
            renew(&mut offers, &open, courier, |task| self.offer(courier, task));
        }
        open
    }

    /// The cheapest insertion of a task at the pharmacy into a courier's route, if the courier can take it.
    fn offer(&self, courier: usize, task: usize) -> Option<Insertion> {
        let (who, what) = (&self.couriers[courier], &self.tasks[task]);
        if self.loads[courier] >= who.capacity || (what.cold_chain && !who.cold_box) {
            return None;
        }
        if self.keep && what.assigned_elsewhere(&who.courier_code) {
            return None;
        }
        let before = self.cost_of(courier, &self.routes[courier]);
        self.cheapest(courier, before, &[Stop::PickUp(task), Stop::Drop(task)])
    }

    /// Tries `new` (one stop, or a pick-up and its drop) at every pair of places of the route, in that order.
    fn cheapest(&self, courier: usize, before: i64, new: &[Stop]) -> Option<Insertion> {
        let route = &self.routes[courier];
        let mut best: Option<Insertion> = None;
        for first in 0..=route.len() {
            let ends = if new.len() == 1 { first..=first } else { first..=route.len() };
            for second in ends {
                let stops = inserted(route, new, first, second);
                let added = self.cost_of(courier, &stops).saturating_sub(before);
                if best.as_ref().is_none_or(|best| added < best.added) {
                    best = Some(Insertion { added, stops });
                }
            }
        }
        best
    }

    fn cost_of(&self, courier: usize, stops: &[Stop]) -> i64 {
        cost(self.couriers[courier].position, stops.iter().copied(), self.tasks)
    }

    fn finish(&mut self) -> Vec<Route> {
        let codes = self.couriers.iter().map(|courier| courier.courier_code.clone());
        codes
            .zip(std::mem::take(&mut self.routes))
            .map(|(courier_code, stops)| Route { courier_code, stops })
            .collect()
    }
}

fn inserted(route: &[Stop], new: &[Stop], first: usize, second: usize) -> Vec<Stop> {
    let mut stops = Vec::with_capacity(route.len() + new.len());
    stops.extend_from_slice(&route[..first]);
    stops.push(new[0]);
    stops.extend_from_slice(&route[first..second]);
    stops.extend(new.get(1));
    stops.extend_from_slice(&route[second..]);
    stops
}

/// The row with the largest gap between its best and second-best courier, and that best courier. Ties go to the earlier
/// row, which is due earlier.
fn most_regretted(offers: &[Vec<Option<Insertion>>]) -> Option<(usize, usize)> {
    let mut chosen: Option<(i64, usize, usize)> = None;
    for (row, couriers) in offers.iter().enumerate() {
        let mut costs: Vec<(i64, usize)> = couriers
            .iter()
            .enumerate()
            .filter_map(|(courier, offer)| offer.as_ref().map(|offer| (offer.added, courier)))
            .collect();
        costs.sort_unstable();
        let Some(&(best, courier)) = costs.first() else { continue };
        let regret = costs.get(1).map_or(ONLY_CHANCE, |(second, _)| second.saturating_sub(best));
        if chosen.is_none_or(|(largest, _, _)| regret > largest) {
            chosen = Some((regret, row, courier));
        }
    }
    chosen.map(|(_, row, courier)| (row, courier))
}

/// Only the changed courier's offers have to be worked out again.
fn renew(
    offers: &mut [Vec<Option<Insertion>>],
    open: &[usize],
    courier: usize,
    offer: impl Fn(usize) -> Option<Insertion>,
) {
    for (row, &task) in offers.iter_mut().zip(open) {
        row[courier] = offer(task);
    }
}

#[cfg(test)]
mod tests;
