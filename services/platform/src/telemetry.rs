//! Logs and traces of a process. Only the binary installs them; libraries and tests use plain `tracing`.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Telemetry;

/// Keeps the exporters alive; flushes them when it is dropped.
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // the process is ending; there is nobody left to tell
            let _ = provider.shutdown();
        }
    }
}

/// What went wrong while installing telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("telemetry.log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("telemetry is installed already")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// Installs logging to standard error and, when configured, OTLP traces.
pub fn install(config: &Telemetry, service: &str) -> Result<Guard, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log)?;
    let fmt = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let fmt = if config.format == "json" {
        fmt.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        fmt.with_ansi(false).boxed()
    };
    let provider = provider(config, service)?;
    let traces = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("liufang")));
    // the traces have their own filter: turning logs down must not cut spans
    let traces = traces.map(|layer| layer.with_filter(EnvFilter::new("info")));
    tracing_subscriber::registry().with(fmt.with_filter(filter)).with(traces).try_init()?;
    Ok(Guard(provider))
}

fn provider(config: &Telemetry, service: &str) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp_endpoint)
        .build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}
