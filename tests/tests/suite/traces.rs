//! One trace from the gateway through the services to SQL, received by a real OTLP endpoint.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use liufang::client::Gateway;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::identity::v1::{InstitutionKind, ListInstitutionsRequest};
use liufang_tests::processes;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Span names by trace id.
type Spans = Arc<Mutex<Vec<(Vec<u8>, String)>>>;

struct Receiver(Spans);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let spans = spans.flat_map(|scope| scope.spans).map(|span| (span.trace_id, span.name));
        self.0.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_reaches_from_the_gateway_to_sql() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let spans = Spans::default();
    let receiver = TraceServiceServer::new(Receiver(spans.clone()));
    let server = tonic::transport::Server::builder().add_service(receiver);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut command = Command::new(processes::binary());
    command.args(["serve", "--ready-file"]).arg(&ready).stdin(Stdio::null()).stderr(Stdio::null());
    for setting in [
        format!("data_dir={:?}", folder.path().display().to_string()),
        "gateway.listen=\"127.0.0.1:0\"".to_owned(),
        format!("telemetry.otlp_endpoint={endpoint:?}"),
    ] {
        command.args(["--set", &setting]);
    }
    let mut running = Killed(command.spawn().unwrap());
    wait_until(|| ready.exists()).await;
    let text: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
    let gateway = Gateway::connect(&format!("http://{}", text["gateway"].as_str().unwrap())).await.unwrap();
    let body = ListInstitutionsRequest {
        region: "130300".to_owned(),
        kind: InstitutionKind::Hospital.into(),
        ..ListInstitutionsRequest::default()
    };
    let mut request = Request::new(body);
    // a caller's own trace is continued, so its id finds our spans among those of the workers
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    InstitutionServiceClient::new(gateway.channel()).list_institutions(request).await.unwrap();
    // the exporter sends what it holds when the process ends
    let stopped = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(stopped.success() && running.0.wait().unwrap().success());

    let names: BTreeSet<String> = {
        let spans = spans.lock().unwrap();
        let ours = spans
            .iter()
            .filter(|(id, _)| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == trace);
        ours.map(|(_, name)| name.clone()).collect()
    };
    let method = "/liufang.identity.v1.InstitutionService/ListInstitutions";
    assert!(
        names.iter().any(|name| name.contains("InstitutionService/ListInstitutions")),
        "no gateway span in {names:?}"
    );
    assert!(names.contains(method), "no service span in {names:?}");
    assert!(names.iter().any(|name| name.starts_with("sea_orm.")), "no SQL span in {names:?}");
}

async fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "the program is not ready");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
