use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::guardian_service_client::GuardianServiceClient;
use tonic::Request;

use super::town::{Human, Refusal, Town, human, reason, row};

const FILED: i32 = pb::GuardianState::Filed as i32;
const ACTIVE: i32 = pb::GuardianState::Active as i32;
const ENDED: i32 = pb::GuardianState::Ended as i32;
const REFUSED: i32 = pb::GuardianState::Refused as i32;

/// A child of seven years, insured in Beijing.
async fn child(town: &Town) -> (Human, String) {
    let child = human("测试幼", "11010520190918001", "19900000009");
    let ids = town.import(vec![row(&child, "390", "110105")]).await;
    (child, ids[0].clone())
}

impl Town {
    fn guardians(&self) -> GuardianServiceClient<liufang_platform::stack::ServerStack> {
        GuardianServiceClient::new(self.stack.clone())
    }

    async fn file(
        &self,
        token: &str,
        child: &Human,
        verification_id: &str,
    ) -> Result<pb::Guardianship, Refusal> {
        let body = pb::FileGuardianRequest {
            child_name: child.name.to_owned(),
            child_certno: child.certno.clone(),
            relation: pb::GuardianRelation::Parent.into(),
            evidence: pb::GuardianEvidence::BirthCertificate.into(),
            evidence_no: "X110000001".to_owned(),
            verification_id: verification_id.to_owned(),
            ..Default::default()
        };
        let answer = self.guardians().file_guardian(self.call(body, token)).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().guardianship.unwrap())
    }

    async fn decide(&self, token: &str, id: &str, confirmed: bool) -> Result<pb::Guardianship, Refusal> {
        let body = pb::DecideGuardianRequest { guardianship_id: id.to_owned(), confirmed };
        let answer = self.guardians().decide_guardian(self.call(body, token)).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().guardianship.unwrap())
    }

    async fn end(&self, token: &str, id: &str) -> Result<pb::Guardianship, Refusal> {
        let body = pb::EndGuardianRequest { guardianship_id: id.to_owned() };
        let answer = self.guardians().end_guardian(self.call(body, token)).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().guardianship.unwrap())
    }

    async fn act(&self, token: &str, id: &str) -> Result<pb::ActForChildResponse, Refusal> {
        let body = pb::ActForChildRequest { guardianship_id: id.to_owned() };
        Ok(self.guardians().act_for_child(self.call(body, token)).await.map_err(Refusal::from)?.into_inner())
    }

    /// What the gateway is told before it forwards a call.
    async fn vouched(&self, guardian: &str, child: &str, method: &str) -> Result<(), Refusal> {
        let body = pb::CheckActingRequest {
            guardian_person_id: guardian.to_owned(),
            child_person_id: child.to_owned(),
            method: method.to_owned(),
        };
        let mut gateway = GuardianServiceClient::new(self.world.directory.peers("gateway").mesh("identity"));
        let answer = gateway.check_acting(Request::new(body)).await;
        answer.map(drop).map_err(Refusal::from)
    }

    async fn readers(&self, token: &str) -> Vec<(String, String)> {
        let page = self.call(pb::ListAccessRecordsRequest { page: None }, token);
        let records = self.persons().list_access_records(page).await.unwrap().into_inner().records;
        records.into_iter().map(|record| (record.reader, record.purpose)).collect()
    }
}

#[tokio::test]
async fn a_guardian_files_the_agency_confirms_and_the_token_says_who_acts() {
    let town = Town::new().await;
    let (guardian_id, token) = town.registered(&town.employee).await;
    let (child, child_id) = child(&town).await;
    let agency = town.token(PrincipalKind::Agency, "110000", "110000");
    let elsewhere = town.token(PrincipalKind::Agency, "130300", "130300");

    let sign_in = town.verified(&town.employee, pb::Purpose::SignIn).await;
    assert_eq!(reason(town.file(&token, &child, &sign_in).await), "VERIFICATION_PURPOSE");
    let proof = town.verified(&town.employee, pb::Purpose::Guardian).await;
    let filed = town.file(&token, &child, &proof).await.unwrap();
    assert_eq!((filed.state, filed.child_name_masked.as_str()), (FILED, "测*幼"));
    let id = filed.guardianship_id.clone();
    assert_eq!(reason(town.act(&token, &id).await), "GUARDIAN_ENDED", "nobody has confirmed it");
    let again = town.verified(&town.employee, pb::Purpose::Guardian).await;
    assert_eq!(reason(town.file(&token, &child, &again).await), "GUARDIAN_EXISTS");

    let list = |token: &str| {
        let request = town.call(pb::ListGuardianFilingsRequest { page: None }, token);
        let mut client = town.guardians();
        async move { client.list_guardian_filings(request).await.unwrap().into_inner().filings }
    };
    assert!(list(&elsewhere).await.is_empty());
    let waiting = list(&agency).await;
    assert_eq!((waiting.len(), waiting[0].evidence_no.as_str()), (1, "X110000001"));
    assert_eq!(reason(town.decide(&elsewhere, &id, true).await), "OUTSIDE_REGION");
    assert_eq!(reason(town.decide(&token, &id, true).await), "CALLER_NOT_ALLOWED", "not by the guardian");
    let active = town.decide(&agency, &id, true).await.unwrap();
    assert_eq!((active.state, active.end_date.as_str()), (ACTIVE, "2037-09-17"));
    assert_eq!(reason(town.decide(&agency, &id, false).await), "GUARDIAN_STATE");

    let acting = town.act(&token, &id).await.unwrap();
    assert_eq!(acting.person_id, child_id);
    let acting = acting.tokens.unwrap();
    assert!(acting.refresh_token.is_empty());
    let principal =
        town.world.deps.tokens.verify(&acting.access_token, liufang_kernel::Timestamp(0)).unwrap();
    assert_eq!((principal.person(), principal.actor()), (Ok(child_id.as_str()), Some(guardian_id.as_str())));
    assert_eq!(principal.region, "110000");
    // the child's own data, as verified as the guardian is
    let me = town.call(pb::GetMeRequest {}, &acting.access_token);
    let me = town.persons().get_me(me).await.unwrap().into_inner().person.unwrap();
    assert!(me.person_id == child_id && me.verified);
    // but not what is in person
    let sessions = town.call(pb::ListSessionsRequest {}, &acting.access_token);
    assert_eq!(reason(town.tokens().list_sessions(sessions).await), "CALLER_NOT_ALLOWED");
    assert_eq!(reason(town.act(&acting.access_token, &id).await), "CALLER_NOT_ALLOWED");

    let own = town.world.deps.tokens.verify(&token, liufang_kernel::Timestamp(0)).unwrap();
    assert!(
        !own.session.is_empty() && principal.session == own.session,
        "it ends with the guardian's sign-in"
    );

    let place = "liufang.order.v1.OrderService/PlaceOrder";
    for _ in 0..3 {
        town.vouched(&guardian_id, &child_id, place).await.unwrap();
    }
    let told = town.readers(&acting.access_token).await;
    let reader = format!("guardian:{guardian_id}");
    let by = |purpose: &str| (reader.clone(), purpose.to_owned());
    assert_eq!(told[0], by("act_for_child:liufang.order.v1.OrderService/PlaceOrder"));
    assert_eq!(told[1], by("act_for_child"));
    assert_eq!(told[2], ("agency:110000".to_owned(), "decide_guardian".to_owned()));
    assert_eq!(told.last().unwrap(), &by("file_guardian"));
    // once for each method in an hour
    let count = async || {
        let told = town.readers(&town.token(PrincipalKind::Patient, &child_id, "")).await;
        told.iter().filter(|(_, purpose)| purpose.starts_with("act_for_child:")).count()
    };
    assert_eq!(count().await, 1);
    town.vouched(&guardian_id, &child_id, "liufang.order.v1.OrderService/GetOrder").await.unwrap();
    assert_eq!(count().await, 2);
    town.world.clock.advance_seconds(3_600);
    town.vouched(&guardian_id, &child_id, place).await.unwrap();
    assert_eq!(count().await, 3);
}

#[tokio::test]
async fn an_end_works_at_once_and_majority_by_itself() {
    let town = Town::new().await;
    let (guardian_id, token) = town.registered(&town.employee).await;
    let (stranger_id, stranger) = town.registered(&town.resident).await;
    let (child, child_id) = child(&town).await;
    let agency = town.token(PrincipalKind::Agency, "110000", "110000");
    let proof = town.verified(&town.employee, pb::Purpose::Guardian).await;
    let id = town.file(&token, &child, &proof).await.unwrap().guardianship_id;
    town.decide(&agency, &id, true).await.unwrap();

    assert_eq!(reason(town.act(&stranger, &id).await), "GUARDIAN_NOT_FOUND", "another's child");
    assert_eq!(reason(town.end(&stranger, &id).await), "GUARDIAN_NOT_FOUND");
    let method = "liufang.prescription.v1.VisitService/ListVisits";
    assert_eq!(reason(town.vouched(&stranger_id, &child_id, method).await), "GUARDIAN_ENDED");
    town.vouched(&guardian_id, &child_id, method).await.unwrap();

    assert_eq!(town.end(&token, &id).await.unwrap().state, ENDED);
    assert_eq!(reason(town.vouched(&guardian_id, &child_id, method).await), "GUARDIAN_ENDED");
    assert_eq!(reason(town.act(&token, &id).await), "GUARDIAN_ENDED");
    assert_eq!(reason(town.end(&token, &id).await), "GUARDIAN_STATE");

    // filed again, and refused
    let proof = town.verified(&town.employee, pb::Purpose::Guardian).await;
    let second = town.file(&token, &child, &proof).await.unwrap().guardianship_id;
    town.decide(&agency, &second, false).await.unwrap();
    assert_eq!(reason(town.act(&token, &second).await), "GUARDIAN_ENDED");
    // a third time, until the child is of age
    let proof = town.verified(&town.employee, pb::Purpose::Guardian).await;
    let third = town.file(&token, &child, &proof).await.unwrap().guardianship_id;
    town.decide(&agency, &third, true).await.unwrap();
    town.vouched(&guardian_id, &child_id, method).await.unwrap();
    town.world.clock.advance_seconds(18 * 366 * 86_400);
    assert_eq!(reason(town.vouched(&guardian_id, &child_id, method).await), "GUARDIAN_ENDED");
    let token = town.token(PrincipalKind::Patient, &guardian_id, "");
    let list = town.call(pb::ListGuardiansRequest {}, &token);
    let all = town.guardians().list_guardians(list).await.unwrap().into_inner().guardianships;
    assert_eq!(all.iter().map(|own| own.state).collect::<Vec<_>>(), [ENDED, REFUSED, ENDED]);
}

#[tokio::test]
async fn children_are_not_guessed_and_adults_have_no_guardian() {
    let town = Town::new().await;
    let (_, token) = town.registered(&town.employee).await;
    let (child, _) = child(&town).await;
    let proof = town.verified(&town.employee, pb::Purpose::Guardian).await;
    assert_eq!(reason(town.file(&token, &town.resident, &proof).await), "NOT_A_CHILD");
    assert_eq!(reason(town.file(&token, &town.employee, &proof).await), "NOT_A_CHILD", "of oneself");
    for left in (0..10).rev() {
        let wrong = Human { name: "测试错", ..child.clone() };
        let refusal = town.file(&token, &wrong, &proof).await.err().unwrap();
        assert_eq!(
            (refusal.reason(), refusal.meta("attempts_left")),
            ("CHILD_NOT_FOUND", left.to_string().as_str())
        );
    }
    assert_eq!(reason(town.file(&token, &child, &proof).await), "CODE_GUESSING");
}

#[tokio::test]
async fn an_agency_imports_what_is_in_its_books() {
    let town = Town::new().await;
    let (child, child_id) = child(&town).await;
    let (guardian_id, token) = town.registered(&town.employee).await;
    let line = |guardian: &Human, child: &Human| pb::GuardianRow {
        guardian_certno: guardian.certno.clone(),
        child_certno: child.certno.clone(),
        relation: pb::GuardianRelation::Grandparent.into(),
        ..Default::default()
    };
    let mut wrong = line(&town.employee, &child);
    (wrong.child_certno, wrong.relation) = ("1".to_owned(), 0);
    let rows = vec![
        line(&town.employee, &child),
        line(&town.employee, &child),
        line(&town.employee, &town.resident),
        line(&town.employee, &town.outsider),
        line(&human("测试无", "11010519740918010", ""), &child),
        wrong,
    ];
    let agency = town.token(PrincipalKind::Agency, "110000", "110000");
    let request = town.call(pb::ImportGuardiansRequest { rows }, &agency);
    let answer = town.guardians().import_guardians(request).await.unwrap().into_inner();
    let reasons: Vec<_> = answer.errors.iter().map(|error| (error.row, error.reason.as_str())).collect();
    let expected = [
        (1, "GUARDIAN_EXISTS"),
        (2, "NOT_A_CHILD"),
        (3, "OUTSIDE_REGION"),
        (4, "PERSON_NOT_FOUND"),
        (5, "INVALID_REQUEST"),
    ];
    assert_eq!(reasons, expected);
    assert!(
        answer.errors[4].message.contains("child_certno") && answer.errors[4].message.contains("relation")
    );
    assert_eq!(town.act(&token, &answer.guardianship_ids[0]).await.unwrap().person_id, child_id);
    town.vouched(&guardian_id, &child_id, "x").await.unwrap();
    // only the gateway asks
    let mut order = GuardianServiceClient::new(town.world.directory.peers("order").mesh("identity"));
    let refused = order.check_acting(Request::new(pb::CheckActingRequest::default())).await;
    assert_eq!(reason(refused), "CALLER_NOT_ALLOWED");
}
