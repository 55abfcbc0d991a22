use proptest::prelude::*;

use super::*;

const SHOP: Point = Point { lat_e6: 39_935_000, lng_e6: 119_600_000 };

fn north(metres: i32) -> Point {
    Point { lat_e6: SHOP.lat_e6 + metres * 9, ..SHOP }
}

fn courier(code: &str, position: Point, capacity: usize, cold_box: bool) -> Courier {
    Courier { courier_code: code.into(), position, capacity, cold_box }
}

fn task(id: &str, to: Point) -> Task {
    Task {
        delivery_id: id.into(),
        from: SHOP,
        to,
        cold_chain: false,
        due_seconds: 3600,
        place: Place::Pharmacy { assigned_to: None },
    }
}

/// `a: +d1 +d2 -d1 -d2 | waiting: d3`
fn render(plan: &Plan) -> String {
    let name = |index: usize| plan.tasks[index].delivery_id.as_str();
    let mut text = String::new();
    for route in &plan.routes {
        text.push_str(&format!("{}:", route.courier_code));
        for stop in &route.stops {
            let word = match *stop {
                Stop::PickUp(index) => format!(" +{}", name(index)),
                Stop::Drop(index) => format!(" -{}", name(index)),
            };
            text.push_str(&word);
        }
        text.push_str(" | ");
    }
    let waiting: Vec<&str> = plan.waiting.iter().map(|index| name(*index)).collect();
    text + &format!("waiting: {}", waiting.join(" "))
}

#[track_caller]
fn check(couriers: Vec<Courier>, tasks: Vec<Task>, expected: &str) {
    assert_eq!(render(&plan(couriers, tasks)), expected);
}

#[test]
fn the_nearer_courier_goes() {
    let couriers = vec![courier("far", north(4000), 5, false), courier("near", north(200), 5, false)];
    check(couriers, vec![task("d1", north(1000))], "far: | near: +d1 -d1 | waiting: ");
}

#[test]
fn neighbours_ride_together() {
    let couriers = vec![courier("a", SHOP, 5, false)];
    let tasks = vec![task("d1", north(1000)), task("d2", north(1100))];
    check(couriers, tasks, "a: +d2 +d1 -d1 -d2 | waiting: ");
}

#[test]
fn a_full_box_leaves_goods_waiting() {
    let couriers = vec![courier("a", SHOP, 1, false)];
    let tasks = vec![task("d1", north(500)), Task { due_seconds: 600, ..task("d2", north(500)) }];
    check(couriers, tasks, "a: +d2 -d2 | waiting: d1");
}

#[test]
fn cold_goods_need_an_insulated_box() {
    let couriers = vec![courier("warm", SHOP, 5, false), courier("x-cold", north(5000), 5, true)];
    let tasks = vec![Task { cold_chain: true, ..task("d1", north(100)) }];
    check(couriers, tasks, "warm: | x-cold: +d1 -d1 | waiting: ");
}

#[test]
fn an_assigned_courier_keeps_it_unless_much_is_saved() {
    let assigned = |code: &str| Place::Pharmacy { assigned_to: Some(code.into()) };
    let kept = Task { place: assigned("a"), ..task("d1", north(500)) };
    let couriers = vec![courier("a", north(900), 5, false), courier("b", SHOP, 5, false)];
    check(couriers, vec![kept.clone()], "a: +d1 -d1 | b: | waiting: ");
    let couriers = vec![courier("a", north(3000), 5, false), courier("b", SHOP, 5, false)];
    check(couriers, vec![kept], "a: | b: +d1 -d1 | waiting: ");
}

#[test]
fn whoever_is_due_earlier_goes_first_and_nobody_else_is_put_off() {
    let assigned =
        Task { place: Place::Pharmacy { assigned_to: Some("a".into()) }, ..task("d1", north(500)) };
    let urgent = Task { due_seconds: 600, ..task("d2", north(500)) };
    let couriers = vec![courier("a", SHOP, 1, false)];
    check(couriers.clone(), vec![assigned.clone(), urgent], "a: +d2 -d2 | waiting: d1");
    check(couriers, vec![task("d0", north(400)), assigned], "a: +d1 -d1 | waiting: d0");
}

#[test]
fn goods_on_board_stay_on_board() {
    let on_board = Place::OnBoard { courier: "a".into() };
    let tasks = vec![Task { place: on_board, ..task("d1", north(3000)) }, task("d2", north(300))];
    let couriers = vec![courier("a", north(2900), 1, false)];
    check(couriers, tasks, "a: -d1 | waiting: d2");
}

fn near() -> impl Strategy<Value = Point> {
    (-50_000..50_000_i32, -50_000..50_000_i32)
        .prop_map(|(lat, lng)| Point { lat_e6: SHOP.lat_e6 + lat, lng_e6: SHOP.lng_e6 + lng })
}

fn fleet() -> impl Strategy<Value = Vec<Courier>> {
    prop::collection::vec((near(), 1..4_usize, any::<bool>()), 0..4).prop_map(|rows| {
        let numbered = rows.into_iter().enumerate();
        numbered.map(|(n, (at, capacity, cold))| courier(&format!("c{n}"), at, capacity, cold)).collect()
    })
}

fn work() -> impl Strategy<Value = Vec<Task>> {
    prop::collection::vec((near(), near(), any::<bool>(), -1000..7200_i64, 0..6_usize), 0..9).prop_map(
        |rows| {
            let numbered = rows.into_iter().enumerate();
            numbered
                .map(|(n, (from, to, cold_chain, due_seconds, place))| {
                    let code = format!("c{}", place % 3);
                    let place = match place {
                        0 => Place::OnBoard { courier: code },
                        1 | 2 => Place::Pharmacy { assigned_to: Some(code) },
                        _ => Place::Pharmacy { assigned_to: None },
                    };
                    Task { delivery_id: format!("d{n}"), from, to, cold_chain, due_seconds, place }
                })
                .collect()
        },
    )
}

/// Who is to fetch what, planned four times over while nothing moves.
fn four_rounds(couriers: &[Courier], tasks: Vec<Task>) -> Vec<Vec<Option<String>>> {
    let mut current = tasks;
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let planned = plan(couriers.to_vec(), current);
        current = planned.tasks.clone();
        let mut now = vec![None; current.len()];
        for route in &planned.routes {
            for index in route.tasks() {
                if let Place::Pharmacy { assigned_to } = &mut current[index].place {
                    *assigned_to = Some(route.courier_code.clone());
                    now[index] = Some(route.courier_code.clone());
                }
            }
        }
        for index in planned.waiting {
            current[index].place = Place::Pharmacy { assigned_to: None };
        }
        rounds.push(now);
    }
    rounds
}

fn fits(courier: &Courier, task: &Task) -> bool {
    courier.cold_box || !task.cold_chain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]
    #[test]
    fn every_plan_can_be_ridden(couriers in fleet(), tasks in work()) {
        let plan = plan(couriers.clone(), tasks);
        let mut seen = vec![0; plan.tasks.len()];
        for route in &plan.routes {
            let who = couriers.iter().find(|c| c.courier_code == route.courier_code).unwrap();
            let mut picked = Vec::new();
            for stop in &route.stops {
                match *stop {
                    Stop::PickUp(index) => {
                        prop_assert!(fits(who, &plan.tasks[index]));
                        picked.push(index);
                    }
                    Stop::Drop(index) => {
                        let aboard = plan.tasks[index].place == Place::OnBoard { courier: route.courier_code.clone() };
                        prop_assert!(aboard || picked.contains(&index), "dropped before picked up");
                        seen[index] += 1;
                    }
                }
            }
            let aboard = route.tasks().len() - picked.len();
            prop_assert!(picked.is_empty() || picked.len() + aboard <= who.capacity);
        }
        for &index in &plan.waiting {
            prop_assert_eq!(seen[index], 0);
            for who in couriers.iter().filter(|who| fits(who, &plan.tasks[index])) {
                let route = plan.routes.iter().find(|r| r.courier_code == who.courier_code).unwrap();
                prop_assert!(route.tasks().len() >= who.capacity, "a fitting box had room");
            }
            seen[index] = 1;
        }
        for (index, count) in seen.iter().enumerate() {
            let stranded = matches!(&plan.tasks[index].place, Place::OnBoard { courier } if !couriers.iter().any(|c| c.courier_code == *courier));
            prop_assert_eq!(*count, i32::from(!stranded), "task {} planned once", index);
        }
    }

    #[test]
    fn the_order_of_input_does_not_matter(couriers in fleet(), tasks in work()) {
        let (mut turned_couriers, mut turned_tasks) = (couriers.clone(), tasks.clone());
        turned_couriers.reverse();
        turned_tasks.reverse();
        prop_assert_eq!(plan(couriers, tasks), plan(turned_couriers, turned_tasks));
    }

    #[test]
    fn couriers_are_not_sent_to_and_fro(couriers in fleet(), tasks in work()) {
        let rounds = four_rounds(&couriers, tasks);
        prop_assert_eq!(&rounds[2], &rounds[3]);
    }
}
