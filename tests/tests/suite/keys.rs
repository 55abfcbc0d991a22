//! Identity's key is changed and nobody is thrown out: tokens of the old key are good while it is listed.

use liufang::client::Operator;
use liufang_platform::auth::{Claims, SigningKey, Tokens};
use liufang_platform::{Clock as _, PrincipalKind};
use liufang_proto::identity::v1::GetKeySetRequest;
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, servers};

use super::cast::*;

mod tokens_of_the_listed_old_key_are_good {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        let folder = servers::folder("liufang-keys-");
        let path = folder.path().join("new.key");
        let new = SigningKey::load(&path, true).unwrap();
        let (old, foreign) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let settings = [
            format!("auth.signing_key_file={:?}", path.display().to_string()),
            format!("auth.verify_keys=[{:?}]", base64(old.public())),
        ];
        let world = World::start_with(Shape::Sqlite, &settings).await;
        run_in(world, async |world: &mut World| {
            let cast = Cast::of(world).await;
            let now = cast.clock.now().seconds();
            let claims = Claims {
                sub: "ops".to_owned(),
                kind: PrincipalKind::Operator,
                client: String::new(),
                region: String::new(),
                iat: now,
                exp: now + 300,
                jti: "j".to_owned(),
                act: String::new(),
                sid: String::new(),
            };
            let with = async |key: &SigningKey| {
                let token = Tokens::signing(key).sign(&claims).unwrap();
                Operator::new(&cast.gateway, &token).get_trial_balance(Default::default()).await.map(|_| ())
            };
            with(&new).await.unwrap();
            with(&old).await.unwrap();
            refused_as(with(&foreign).await, "TOKEN_INVALID");
            let published = cast.public().get_key_set(GetKeySetRequest {}).await.unwrap().jwks_json;
            assert!(published.contains(&new.id()) && published.contains(&old.id()), "{published}");
        })
        .await;
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
