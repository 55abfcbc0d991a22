//! Identity through the gateway: sign-ins that are listed and ended, guesses of tills, providers that stand in for another.

use liufang::client::verification::Verifier;
use liufang::client::{MachineKey, Patient, Pos, Refusal, Session};
use liufang_platform::Clock as _;
use liufang_platform::auth::SigningKey;
use liufang_proto::common::v1::Caller;
use liufang_proto::identity::v1::person_service_client::PersonServiceClient;
use liufang_proto::identity::v1::token_service_client::TokenServiceClient;
use liufang_proto::identity::v1::verification_service_client::VerificationServiceClient;
use liufang_proto::identity::v1::{
    DecodeInsuranceCodeRequest, GetMeRequest, ListSessionsRequest, ListVerificationEventsRequest, Purpose,
    RevokeSessionRequest, Session as SignedIn, SignInRequest, StepState, VerificationEvent,
    VerifyFaceRequest,
};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere sign_ins_are_listed_and_ended);
behaviour!(everywhere a_provider_still_at_work_is_asked_again);
behaviour!(everywhere tills_do_not_guess_more_than_their_pharmacy);

async fn sessions(patient: &Patient) -> Vec<SignedIn> {
    let answer = patient.session().read(ListSessionsRequest {}, |channel, request| async move {
        TokenServiceClient::new(channel).list_sessions(request).await
    });
    answer.await.unwrap().sessions
}

async fn end(patient: &Patient, session_id: &str) -> Result<(), Refusal> {
    let body = RevokeSessionRequest { session_id: session_id.to_owned() };
    let answer = patient.session().write(body, |channel, request| async move {
        TokenServiceClient::new(channel).revoke_session(request).await
    });
    answer.await.map(|_| ())
}

async fn tried(patient: &Patient) -> Vec<VerificationEvent> {
    let body = ListVerificationEventsRequest::default();
    let answer = patient.session().read(body, |channel, request| async move {
        VerificationServiceClient::new(channel).list_verification_events(request).await
    });
    answer.await.unwrap().events
}

async fn sign_ins_are_listed_and_ended(world: &mut World) {
    let cast = Cast::of(world).await;
    let lost = cast.patient(1).await;
    let other = cast.patient(2).await;
    let through = cast.patient_through("jd", 1).await;
    let kept = Patient::sign_in(&cast.gateway, &cast.citizen(1)).await.unwrap();
    let listed = sessions(&kept).await;
    let platforms: Vec<&str> = listed.iter().map(|session| session.platform.as_str()).collect();
    assert_eq!(platforms, ["", "jd", ""], "newest first");
    assert_eq!(sessions(&through).await.len(), 1, "a platform sees what came through it");
    let oldest = &listed[2].session_id;
    refused_as(end(&through, oldest).await, "SESSION_NOT_FOUND");
    refused_as(end(&other, oldest).await, "SESSION_NOT_FOUND");
    end(&kept, oldest).await.unwrap();
    assert_eq!(sessions(&kept).await.len(), 2);
    // every step of all three sign-ins is on record, and nobody else's
    assert_eq!(tried(&kept).await.len(), 15);
    assert!(tried(&kept).await.iter().all(|event| ["pass", "code_sent"].contains(&event.outcome.as_str())));
    assert_eq!(tried(&other).await.len(), 5);
    // the access token that is out is refused within seconds, at every gateway there is
    let token = lost.session().token().await.unwrap();
    for gateway in [world.gateway().await, world.gateway().await] {
        eventually("the gateway hears of the end", || async {
            let session = Session::fixed(&gateway, &token);
            let asked = session.read(GetMeRequest {}, |channel, request| async move {
                PersonServiceClient::new(channel).get_me(request).await
            });
            asked.await.err().map(|refusal| assert_eq!(refusal.reason, "SIGN_IN_ENDED"))
        })
        .await;
    }
    refused_as(lost.me().await, "SIGN_IN_ENDED");
    kept.me().await.unwrap();
    // and when it is over there is no other for it
    cast.clock.advance_seconds(11 * 60);
    refused_as(lost.me().await, "TOKEN_REVOKED");
    kept.me().await.unwrap();
}

async fn a_provider_still_at_work_is_asked_again(world: &mut World) {
    let cast = Cast::of(world).await;
    cast.patient(1).await;
    let app = Verifier::new(&Session::anonymous(&cast.gateway));
    let verification_id = app.open(&cast.citizen(1), Purpose::SignIn).await.unwrap();
    app.phone(&verification_id, &cast.citizen(1).phone).await.unwrap();
    let capture_ref = "face-pending-1".to_owned();
    let body =
        VerifyFaceRequest { verification_id: verification_id.clone(), capture_ref, ..Default::default() };
    let told = app.check_face(body).await.unwrap().verification.unwrap();
    assert_eq!(told.steps[3].state, i32::from(StepState::Pending));
    let sign_in = || SignInRequest { verification_id: verification_id.clone() };
    refused_as(app.sign_in(sign_in()).await, "VERIFICATION_INCOMPLETE");
    let signed = eventually("the provider says how it ended", || async {
        cast.clock.advance_seconds(1);
        app.sign_in(sign_in()).await.ok()
    });
    assert!(!signed.await.person_id.is_empty());
}

async fn tills_do_not_guess_more_than_their_pharmacy(world: &mut World) {
    let cast = Cast::of(world).await;
    let mut tills = Vec::new();
    for till in 0..4 {
        let key = || MachineKey::new(&format!("till-{till}"), SigningKey::from_pkcs8(&pkcs8(till)).unwrap());
        cast.operator().register_client(key().registration(Caller::Pos, OTC_SHOP, BEIJING)).await.unwrap();
        tills.push(Pos::new(&cast.gateway, key(), OTC_SHOP));
    }
    let guess = async |till: usize| {
        let body = DecodeInsuranceCodeRequest { code: "7".repeat(28), business_type: "02121".to_owned() };
        refused(tills[till].decode_insurance_code(body).await)
    };
    for till in 0..3 {
        for left in (0..10).rev() {
            let refusal = guess(till).await;
            assert_eq!(refusal.reason, "INSURANCE_CODE_INVALID");
            assert_eq!(refusal.meta("attempts_left"), left.to_string());
        }
        assert_eq!(guess(till).await.meta("scope"), "caller");
    }
    let refusal = guess(3).await;
    assert_eq!((refusal.reason.as_str(), refusal.meta("scope")), ("CODE_GUESSING", "institution"));
    let until: i64 = refusal.meta("retry_at_us").parse().unwrap();
    assert!(cast.clock.now().0 < until);
}

/// An Ed25519 key in PKCS#8 (RFC 8410) that is another for every till.
fn pkcs8(till: u8) -> Vec<u8> {
    let head =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&head[..], &[till + 1; 32]].concat()
}

mod the_next_provider_stands_in {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        // nobody listens there
        let settings = [
            "hooks.gone=\"http://127.0.0.1:9\"".to_owned(),
            "role.identity.registry_providers=[\"gone\",\"verification\"]".to_owned(),
            "role.identity.message_providers=[\"gone\",\"verification\"]".to_owned(),
            "role.identity.carrier_providers=[\"gone\",\"verification\"]".to_owned(),
        ];
        let world = World::start_with(Shape::Sqlite, &settings).await;
        run_in(world, async |world: &mut World| {
            let cast = Cast::of(world).await;
            let patient = cast.patient(1).await;
            let providers = tried(&patient).await.into_iter().map(|event| event.provider);
            let asked: Vec<String> = providers.filter(|provider| !provider.is_empty()).collect();
            assert_eq!(asked, ["verification"; 4]);
        })
        .await;
    }
}
