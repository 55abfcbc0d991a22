use liufang_kernel::{Quantity, Timestamp, UnitPrice};
use liufang_platform::Clock as _;

use super::peers::*;
use super::world::*;
use crate::domain::prescription::{Line, Prescription};
use crate::domain::state::{Review, State, Use};
use crate::store::prescription::{Record, insert};

fn line(used: Use) -> Line {
    let quantity = Quantity::whole(1);
    Line {
        line_no: 1,
        drug: AMLODIPINE.into(),
        generic_name: String::new(),
        dosage_form: String::new(),
        strength: String::new(),
        maker: String::new(),
        route: "1".into(),
        dose: quantity,
        dose_unit: "片".into(),
        frequency: "11".into(),
        days: quantity,
        quantity,
        billing_unit: "盒".into(),
        price: UnitPrice(1),
        approval: "0".into(),
        dispensed: if used == Use::Used { quantity } else { Quantity::ZERO },
    }
}

/// A prescription at [`PHARMACY`], nominated at `now` plus `number` microseconds.
fn record(number: i64, used: Use, now: Timestamp) -> Record {
    let rx = Prescription {
        hi_rxno: format!("rx{number}"),
        trace_code: format!("{number}"),
        hosp_rxno: format!("h{number}"),
        visit_id: "v".into(),
        person_id: "p".into(),
        hospital: HOSPITAL.into(),
        doctor: DOCTOR.into(),
        disease: "M03900".into(),
        diagnosis: "I10".into(),
        long_rx: false,
        renews: String::new(),
        issued_at: now,
        valid_until: now.plus_days(1),
        lines: vec![line(used)],
        findings: vec![],
        state: State::Active,
        review: Review::Pending,
        used,
        nominee: PHARMACY.into(),
        holder: String::new(),
        order_id: format!("o{number}"),
        hospital_pharmacist: String::new(),
        pharmacy_pharmacist: String::new(),
        second_pharmacist: String::new(),
        review_opinion: String::new(),
        revoke_asked: false,
        series: Default::default(),
        archived_at: Timestamp(0),
        version: 1,
    };
    Record { nominated_at: Timestamp(now.0 + number), token: "token".into(), ..Record::new(rx) }
}

#[tokio::test]
async fn a_busy_day_does_not_hide_who_comes_next() {
    let town = town().await;
    let (deps, now) = (&town.world.deps, town.world.clock.now());
    let work = deps.db.begin_step().await.unwrap();
    for number in 0..500 {
        insert(work.tx(), &deps.cipher, &record(number, Use::Used, now), now).await.unwrap();
    }
    insert(work.tx(), &deps.cipher, &record(500, Use::Unused, now), now).await.unwrap();
    work.done().await.unwrap();
    let waiting: Vec<_> = town.queue(PHARMACY).await.into_iter().map(|item| item.hi_rxno).collect();
    assert_eq!(waiting, ["rx500"]);
}
