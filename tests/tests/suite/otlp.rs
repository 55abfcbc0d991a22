//! What operators look with: an OTLP receiver, the metrics page, one program of its own with everything in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use liufang::client::Gateway;
use liufang_tests::{processes, servers};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A received span.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Lower-case hex, as in a traceparent.
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    /// Attributes of the process, e.g. `service.name`.
    pub resource: BTreeMap<String, String>,
    /// Everything the span says, for those who look for what it must not.
    pub text: String,
}

impl Seen {
    pub fn service(&self) -> &str {
        self.resource.get("service.name").map_or("", String::as_str)
    }
}

/// A real OTLP endpoint; cheap to clone.
#[derive(Clone, Default)]
pub struct Receiver {
    spans: Arc<Mutex<Vec<Seen>>>,
    metrics: Arc<Mutex<Vec<String>>>,
    pub endpoint: String,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Receiver { endpoint, ..Receiver::default() };
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()))
            .add_service(MetricsServiceServer::new(receiver.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        receiver
    }

    pub fn spans(&self) -> Vec<Seen> {
        self.spans.lock().unwrap().clone()
    }

    pub fn trace(&self, id: &str) -> Vec<Seen> {
        self.spans().into_iter().filter(|span| span.trace == id).collect()
    }

    /// Names of the metrics that came.
    pub fn metrics(&self) -> Vec<String> {
        self.metrics.lock().unwrap().clone()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(resource: Option<Resource>) -> BTreeMap<String, String> {
    let attributes = resource.unwrap_or_default().attributes;
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    };
    attributes.into_iter().map(|pair| (pair.key, text(pair.value.and_then(|value| value.value)))).collect()
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_process in request.into_inner().resource_spans {
            let resource = attributes(of_process.resource);
            for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let seen = Seen {
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    text: format!("{span:?}"),
                    name: span.name,
                    resource: resource.clone(),
                };
                self.spans.lock().unwrap().push(seen);
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|of| of.scope_metrics);
        let names = scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name);
        self.metrics.lock().unwrap().extend(names);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// One call in plain HTTP: `line` is verb and path. Answers head and body.
pub async fn http(address: &str, line: &str, json: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = json.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{json}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// What an admin port answers.
pub async fn metrics_of(address: &str) -> String {
    let answer = http(address, "GET /metrics", "").await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    body.to_owned()
}

/// The value of one sample, written as on the page: `name{label="value"}`.
pub fn sample(text: &str, series: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))
}

/// Every role in one program of its own, on SQLite.
pub struct Program {
    child: Child,
    pub gateway: String,
    pub admin: String,
    /// Ports of roles, by role.
    pub ports: serde_json::Value,
}

impl Program {
    pub async fn start(folder: &Path, settings: &[String]) -> Program {
        let ready = folder.join("ready.json");
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut command = servers::dies_with_us(&processes::binary());
        command.args(["serve", "--ready-file"]).arg(&ready).stdin(Stdio::null()).stderr(log);
        let own = [
            format!("data_dir={:?}", folder.display().to_string()),
            "gateway.listen=\"127.0.0.1:0\"".to_owned(),
            "admin.listen=\"127.0.0.1:0\"".to_owned(),
            "telemetry.gauges_seconds=1".to_owned(),
        ];
        for setting in own.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        let child = servers::spawn(command);
        let mut program =
            Program { child, gateway: String::new(), admin: String::new(), ports: Default::default() };
        let started = Instant::now();
        while !ready.exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "the program is not ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let text = std::fs::read_to_string(&ready).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&text).unwrap();
        program.gateway = format!("http://{}", ready["gateway"].as_str().unwrap());
        program.admin = ready["admin"].as_str().unwrap().to_owned();
        program.ports = ready["ports"].clone();
        program
    }

    pub async fn gateway(&self) -> Gateway {
        Gateway::connect(&self.gateway).await.unwrap()
    }

    /// Stops it in good order: exporters send what they hold when the process ends.
    pub fn stop(mut self) {
        self.signal();
        assert!(self.child.wait().unwrap().success());
    }

    /// Asks it to stop (SIGTERM) without waiting for its end.
    pub fn signal(&self) {
        let stopped = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(stopped.success());
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
