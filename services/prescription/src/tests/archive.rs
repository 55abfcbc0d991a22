//! After the time a sheet is kept its personal data is gone, and everything that can be checked still can.

use liufang_proto::prescription::v1 as pb;
use sea_orm::{ConnectionTrait as _, Statement};

use super::peers::*;
use super::world::*;

const YEAR: i64 = 366 * 86_400;

async fn text(town: &Town, sql: &str) -> String {
    let db = &town.world.deps.db;
    let row = db.read().query_one_raw(Statement::from_string(db.backend(), sql)).await.unwrap().unwrap();
    row.try_get("", "text").unwrap()
}

#[tokio::test]
async fn personal_data_goes_and_the_audit_stays() {
    let town = town().await;
    let rx = town.active("A-1").await;
    let id = rx.hi_rxno.as_str();
    let secret = town.claimed(id, "ord_1").await;
    town.review(id, &secret, true).await.unwrap();
    town.dispense(id, &secret, &[(1, AMLODIPINE, "4"), (2, VALSARTAN, "4")]).await.unwrap();
    let document = || pb::GetSignedDocumentRequest { hi_rxno: id.to_owned() };
    let his = || town.ask(Who::His(HOSPITAL), document());
    let signed = taken(town.prescribing().get_signed_document(his()).await).unwrap();
    town.world.clock.advance_seconds(14 * YEAR);
    town.work().await;
    town.work().await;
    assert_eq!(town.get(Who::Patient(PATIENT), id).await.unwrap().archived_at_us, 0, "fifteen years");
    town.world.clock.advance_seconds(YEAR + 86_400);
    town.work().await;
    assert_eq!(reason(town.get(Who::Patient(PATIENT), id).await), "PRESCRIPTION_NOT_FOUND");
    let kept = town.get(Who::His(HOSPITAL), id).await.unwrap();
    assert!(kept.person_id.is_empty() && kept.findings.is_empty() && 0 < kept.archived_at_us);
    assert!(kept.use_state == pb::UseState::Used as i32 && kept.lines.iter().all(|line| line.taken));
    let gone = taken(town.prescribing().get_signed_document(his()).await).err().unwrap();
    assert_eq!(gone.reason(), "PRESCRIPTION_ARCHIVED");
    let digest = text(&town, "SELECT document_hash AS text FROM prescription").await;
    assert_eq!(digest, liufang_platform::hash::sha256_hex(&signed.document), "a copy can still be proved");
    let left = "SELECT document_sealed || hospital_opinion_sealed || review_opinion_sealed || person_id || diagnosis \
                AS text FROM prescription";
    assert_eq!(text(&town, left).await, "");
    let left = "SELECT condition_sealed || record_sealed || person_id || diagnosis AS text FROM visit";
    assert_eq!(text(&town, left).await, "");
    assert_eq!(text(&town, "SELECT record_hash AS text FROM visit").await.len(), 64);
}
