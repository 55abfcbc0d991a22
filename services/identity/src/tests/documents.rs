use liufang_proto::identity::v1 as pb;

use super::town::{Human, Refusal, Town, human, reason, row};

fn foreigner() -> Human {
    Human { name: "TEST PERSON", certno: "TEST00001".to_owned(), phone: "19900000011" }
}

/// An import row with a passport.
fn with_passport(human: &Human, cert_type: &str) -> pb::PersonRow {
    pb::PersonRow {
        psn_cert_type: cert_type.to_owned(),
        gend: "2".to_owned(),
        brdy: "2021-02-03".to_owned(),
        ..row(human, "310", "110105")
    }
}

impl Town {
    async fn start_with(
        &self,
        human: &Human,
        cert_type: &str,
        certno: &str,
    ) -> Result<pb::Verification, Refusal> {
        let body = pb::StartVerificationRequest {
            purpose: pb::Purpose::Register.into(),
            psn_name: human.name.to_owned(),
            psn_cert_type: cert_type.to_owned(),
            certno: certno.to_owned(),
            phone: human.phone.to_owned(),
        };
        let answer =
            self.verifications().start_verification(self.call(body, "")).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().verification.unwrap())
    }

    async fn refused_row(&self, row: pb::PersonRow) -> String {
        let operator = self.token(liufang_platform::PrincipalKind::Operator, "operator", "");
        let request = self.call(pb::ImportPersonsRequest { rows: vec![row] }, &operator);
        let answer = self.persons().import_persons(request).await.unwrap().into_inner();
        answer.errors.first().map(|error| error.message.clone()).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_passport_walks_through_every_step_with_its_type() {
    let town = Town::new().await;
    let foreigner = foreigner();
    town.import(vec![with_passport(&foreigner, "08")]).await;
    let opened = town.start_with(&foreigner, "08", " test00001 ").await.unwrap();
    let id = opened.verification_id;
    town.send(&id).await.unwrap();
    town.type_code(&id, &town.provider.code()).await.unwrap();
    assert!(town.face(&id).await.unwrap().complete);
    let checks = ["identity 08", "carrier 08", "face 08"];
    assert_eq!(town.provider.shown(), checks, "providers are told what kind of document it is");
    let token = town.sign_in(&id).await.unwrap().tokens.unwrap().access_token;
    let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &token)).await.unwrap().into_inner();
    let me = me.person.unwrap();
    assert_eq!((me.psn_cert_type.as_str(), me.certno_masked.as_str()), ("08", "TEST00001"));
    assert_eq!((me.gend.as_str(), me.birth_date.as_str()), ("2", "2021-02-03"), "as imported");
    // the same characters on another kind of document are somebody else
    let other = Human { certno: "E12345678".to_owned(), ..foreigner.clone() };
    town.import(vec![with_passport(&other, "16")]).await;
    assert!(town.start_with(&other, "16", "e12345678").await.is_ok());
    assert_eq!(reason(town.start_with(&other, "08", "E12345678").await), "NOT_INSURED");
}

#[tokio::test]
async fn every_bad_field_of_a_document_is_named() {
    let town = Town::new().await;
    let person = foreigner();
    let bad = pb::PersonRow { gend: "3".to_owned(), brdy: String::new(), ..with_passport(&person, "08") };
    let told = town.refused_row(pb::PersonRow { certno: "A1".to_owned(), ..bad.clone() }).await;
    assert!(told.contains("certno"), "{told}");
    let told = town.refused_row(bad).await;
    assert!(told.contains("brdy: is required") && told.contains("gend: must be 0, 1, 2 or 9"), "{told}");
    let told = town.refused_row(with_passport(&person, "99")).await;
    assert!(told.contains("psn_cert_type"), "{told}");
    let future = pb::PersonRow { brdy: "2099-01-01".to_owned(), ..with_passport(&person, "08") };
    assert!(town.refused_row(future).await.contains("brdy: must not lie in the future"));
    // a number that says birth and sex is believed, and nobody says otherwise
    let resident = human("测试丁", "11010519850918002", "19900000012");
    let own = pb::PersonRow { gend: "1".to_owned(), ..row(&resident, "310", "110105") };
    let told = town.refused_row(pb::PersonRow { brdy: "1985-09-19".to_owned(), ..own }).await;
    assert!(
        told.contains("brdy: must be as the number says")
            && told.contains("gend: must be as the number says"),
        "{told}"
    );
    let same = pb::PersonRow {
        brdy: "1985-09-18".to_owned(),
        gend: "2".to_owned(),
        ..row(&resident, "310", "110105")
    };
    assert_eq!(town.refused_row(same).await, "");
    let refused = town.start_with(&resident, "17", &resident.certno).await;
    assert_eq!(reason(refused), "INVALID_REQUEST", "a resident's number is on no residence permit");
}
