//! The end of a process inside its time: whatever is still open then does not hold it up.

use liufang_proto::identity::v1::ListInstitutionsRequest;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::order::v1::WatchOrderRequest;
use liufang_proto::order::v1::order_service_client::OrderServiceClient;
use liufang_tests::{Shape, World, eventually, logs, servers};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement, TransactionTrait as _};
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_types::StatusExt as _;

use super::cast::*;
use super::otlp::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_end_with_a_word_to_go_on_elsewhere() {
    let setting = "mesh.listen.order=\"127.0.0.1:0\"".to_owned();
    let mut world = World::start_with(Shape::Sqlite, &[setting]).await;
    let cast = Cast::of(&world).await;
    let patient = cast.patient_through("jd", 163).await;
    let order = cast.unpaid_otc(&patient, 163).await;
    let running = world.running.take().unwrap();
    let address = running.ports["order"];
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let body = WatchOrderRequest { order_id: order.order_id, ..WatchOrderRequest::default() };
    let request = patient.session().request(body, None).await.unwrap();
    let mut story = OrderServiceClient::new(channel).watch_order(request).await.unwrap().into_inner();
    assert!(story.message().await.unwrap().is_some(), "it is open");
    let ending = async {
        loop {
            match story.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("ended without a status"),
                Err(status) => return status,
            }
        }
    };
    let (status, ()) = tokio::join!(ending, running.shutdown());
    let reason = status.get_details_error_info().map(|info| info.reason);
    assert_eq!((status.code(), reason.as_deref()), (Code::Unavailable, Some("STOPPING")), "{status}");
    world.stop().await;
}

/// PostgreSQL never ends the statement, and the test does not before the process is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_waits_does_not_hold_the_end_up() {
    logs::install();
    servers::shared().create_databases("stopping");
    let folder = servers::folder("liufang-stopping-");
    let settings = [
        format!("database.url={:?}", servers::shared().postgres_url("stopping_{role}")),
        "database.max_connections=2".to_owned(),
        "database.statement_timeout_ms=0".to_owned(),
        "shutdown_ms=1000".to_owned(),
    ];
    let mut program = Program::start(folder.path(), &settings).await;
    let database = Database::connect(servers::shared().postgres_url("stopping_identity")).await.unwrap();
    let lock = database.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE institution IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut institutions = InstitutionServiceClient::new(program.gateway().await.channel());
    let stopping = async {
        let waiting = "SELECT 1 FROM pg_locks WHERE relation = 'institution'::regclass AND NOT granted \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("the call waits for the lock", || async {
            database.query_one_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap()
        })
        .await;
        program.signal();
        let ended = std::cell::RefCell::new(&mut program);
        let ended = eventually("the process ends", || async { ended.borrow_mut().ended() }).await;
        assert_eq!(ended.code(), Some(0), "stopped in good order");
    };
    let asking = institutions.list_institutions(ListInstitutionsRequest::default());
    let (asked, ()) = tokio::join!(asking, stopping);
    assert!(asked.is_err(), "cut off");
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    for line in ["calls were still running when the time to stop was over", "databases were still in use"] {
        assert!(log.contains(line), "{log}");
    }
    lock.rollback().await.unwrap();
}
