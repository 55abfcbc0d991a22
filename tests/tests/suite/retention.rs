//! What is kept long enough is forgotten: the person goes out of the database, sums and proofs stay.

use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, GetSignedDocumentRequest, GetVisitRequest, UseState,
};
use liufang_tests::processes::replicas;
use liufang_tests::{World, audit, behaviour, eventually};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::cast::*;
use super::otlp::metrics_of;

// the worker looks once a minute and when its process starts: only processes can be started again
behaviour!(processes what_is_kept_long_enough_is_forgotten);

const DAY: i64 = 86_400;

/// Rows that say something, of every table of a database; bytes as hexadecimal digits.
async fn rows_with(database: &DatabaseConnection, needles: &[String]) -> Vec<String> {
    let texts = async |sql: String| -> Vec<String> {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "said").unwrap()).collect()
    };
    let tables = "SELECT table_name::text AS said FROM information_schema.tables \
                  WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let mut found = Vec::new();
    for table in texts(tables.to_owned()).await {
        for row in texts(format!("SELECT t::text AS said FROM {table} t")).await {
            let hex = |needle: &String| needle.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
            let says = |needle: &&String| row.contains(needle.as_str()) || row.contains(&hex(needle));
            found.extend(needles.iter().find(says).map(|needle| format!("{table} says {needle}")));
        }
    }
    found
}

/// Both processes of a role begin anew, by the story's clock, and each worker has looked.
async fn looked_again(world: &mut World, role: &'static str, worker: &str) {
    let processes = world.processes.as_mut().expect("processes");
    tokio::task::block_in_place(|| {
        processes.kill_all(role);
        processes.restart_all(role);
    });
    for replica in 0..replicas(role) {
        let admin = processes.admin(role, replica);
        eventually("the worker has looked", || async {
            let page = metrics_of(&admin).await;
            let counts = page.lines().filter(|line| line.starts_with("liufang_worker_step_seconds_count"));
            let own = format!("worker=\"{worker}\"");
            counts.filter(|line| line.contains(&own)).find(|line| !line.ends_with(" 0")).map(drop)
        })
        .await;
    }
}

/// How many rows still say how somebody is reached.
async fn contacts(database: &DatabaseConnection, role: &str) -> i64 {
    let sql = match role {
        "order" => "SELECT COUNT(*) AS n FROM purchase_order WHERE door <> '' OR collection_code <> ''",
        _ => "SELECT COUNT(*) AS n FROM delivery WHERE contact_sealed <> ''",
    };
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    row.unwrap().unwrap().try_get("", "n").unwrap()
}

behaviour!(processes contacts_are_forgotten_with_the_years);

async fn contacts_are_forgotten_with_the_years(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(151).await;
    let order = cast.paid_otc(&patient, 151).await;
    let dispensed = cast.dispense(&order, OTC_PHARMACIST, "").await;
    cast.bring(&patient, &dispensed, BEIJING_RIDER).await;
    for (days, left) in [(6 * 365 + 1, 1), (3, 0)] {
        world.clock.advance_seconds(days * DAY);
        for role in ["order", "dispatch"] {
            looked_again(world, role, "forget-contacts").await;
            let database = world.database(role).await;
            assert!(left <= contacts(&database, role).await, "{role} keeps it for the years");
            eventually("the contact is as it should be", || async {
                (contacts(&database, role).await == left).then_some(())
            })
            .await;
            database.close().await.unwrap();
        }
    }
    let patient = cast.patient(151).await;
    let seen = patient.order(&order.order_id).await.unwrap();
    assert_eq!(seen.state, i32::from(OrderState::Completed));
    assert!(seen.quote == order.quote, "what was paid stays as it was");
    let delivery = patient.delivery(&order.order_id).await.unwrap().delivery.unwrap();
    assert!(delivery.address.is_empty() && delivery.to.is_none(), "nobody knows where any more");
    let said = audit::agrees(&world.config).await;
    assert!(said.summary.contains("0 difference(s)"), "{}", said.summary);
}

async fn what_is_kept_long_enough_is_forgotten(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    cast.collect(&patient, &order.order_id).await;
    let his = cast.his(HOSPITAL);
    let of_rx = || GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
    let document = || GetSignedDocumentRequest { hi_rxno: order.hi_rxno.clone() };
    let signed = his.get_signed_document(document()).await.unwrap();
    let before = his.get_prescription(of_rx()).await.unwrap().prescription.unwrap();
    audit::agrees(&world.config).await;

    // a day before the fifteen years are over everything is there still
    world.clock.advance_seconds((15 * 365 + 3) * DAY);
    looked_again(world, "prescription", "archive").await;
    let kept = his.get_prescription(of_rx()).await.unwrap().prescription.unwrap();
    assert_eq!((kept.archived_at_us, &kept.person_id), (0, &before.person_id));

    world.clock.advance_seconds(3 * DAY);
    looked_again(world, "prescription", "archive").await;
    let gone = eventually("the sheet is archived", || async {
        let now = his.get_prescription(of_rx()).await.unwrap().prescription.unwrap();
        (0 < now.archived_at_us).then_some(now)
    })
    .await;
    assert!(gone.person_id.is_empty() && gone.findings.is_empty() && gone.diag_code.is_empty());
    assert!(gone.use_state() == UseState::Used && gone.lines.len() == before.lines.len());
    refused_as(his.get_signed_document(document()).await, "PRESCRIPTION_ARCHIVED");
    let patient = cast.patient(1).await;
    refused_as(patient.get_prescription(of_rx()).await, "PRESCRIPTION_NOT_FOUND");
    eventually("the visit is archived", || async {
        let body = GetVisitRequest { visit_id: before.visit_id.clone() };
        patient.get_visit(body).await.is_err().then_some(())
    })
    .await;

    let database = world.database("prescription").await;
    let needles = [before.person_id.clone(), cast.citizen(1).name, cast.citizen(1).certno];
    let said = rows_with(&database, &needles).await;
    assert!(said.is_empty(), "{said:#?}");
    let digest = liufang_platform::hash::sha256_hex(&signed.document);
    assert_eq!(rows_with(&database, &[digest]).await.len(), 1, "a copy can be proved");
    let said = audit::agrees(&world.config).await;
    assert!(said.summary.contains("0 difference(s)"), "{}", said.summary);
    // the operator's token of before is fifteen years old
    Cast::of(world).await.books_agree().await;
}
