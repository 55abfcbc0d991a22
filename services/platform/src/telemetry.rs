//! Logs, traces and metrics of a process. Only the binary installs them; libraries and tests use plain `tracing`.

mod json;
mod sampler;

use std::sync::mpsc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Telemetry;
use crate::metrics;

/// A receiver that does not answer holds the end of the process up no longer than this.
const FLUSH: Duration = Duration::from_secs(2);

/// Keeps the exporters alive; flushes them when it is dropped, for two seconds at most.
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        let provider = self.0.take();
        let flush = move || {
            // both at once: each may wait for the same receiver
            let metrics = std::thread::spawn(metrics::flush);
            if let Some(provider) = provider {
                // the process is ending; there is nobody left to tell
                let _ = provider.shutdown_with_timeout(FLUSH);
            }
            let _ = metrics.join();
        };
        within(FLUSH, flush);
    }
}

/// Whether `work` ended in time; otherwise it is left alone.
fn within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        work();
        // fails when nobody waits any more
        let _ = done.send(());
    });
    ended.recv_timeout(limit).is_ok()
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

/// The name of a process in traces: that of its role when it has one alone.
pub fn service_name(roles: &[String]) -> String {
    match roles {
        [role] => format!("liufang-{role}"),
        _ => "liufang".to_owned(),
    }
}

/// Installs logging to standard error and, when configured, OTLP.
///
/// JSON lines carry the trace of the call they were written in, whether or not it is exported.
pub fn install(config: &Telemetry, service: &str) -> Result<Guard, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log)?;
    let is_json = config.format == "json";
    let fmt = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let fmt = if is_json {
        fmt.fmt_fields(JsonFields::new()).event_format(json::Lines::new()).boxed()
    } else {
        fmt.with_ansi(false).boxed()
    };
    let resource = resource(service);
    let exports = !config.otlp_endpoint.is_empty();
    let provider = match exports || is_json {
        true => Some(provider(config, resource.clone())?),
        false => None,
    };
    let traces = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("liufang")));
    // the traces have their own filter: turning logs down must not cut spans. Spans of SQL are of use to exporters alone.
    let spans = if exports { "info" } else { "off,liufang=info" };
    let traces = traces.map(|layer| layer.with_filter(EnvFilter::new(spans)));
    tracing_subscriber::registry().with(fmt.with_filter(filter)).with(traces).try_init()?;
    let endpoint = if config.otlp_metrics { config.otlp_endpoint.as_str() } else { "" };
    metrics::install(resource, endpoint)?;
    Ok(Guard(provider))
}

/// Who we are. Kubernetes' words (pod, node) come from `OTEL_RESOURCE_ATTRIBUTES`, which the builder reads.
fn resource(service: &str) -> Resource {
    let builder = Resource::builder().with_service_name(service.to_owned());
    let instance = uuid::Uuid::new_v4().to_string();
    builder
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
        ])
        .build()
}

fn provider(config: &Telemetry, resource: Resource) -> Result<SdkTracerProvider, TelemetryError> {
    let builder = SdkTracerProvider::builder()
        .with_sampler(sampler::parent_or(config.sample_ratio))
        .with_resource(resource);
    if config.otlp_endpoint.is_empty() {
        return Ok(builder.build());
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp_endpoint)
        .build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_after_its_only_role() {
        assert_eq!(service_name(&["order".to_owned()]), "liufang-order");
        assert_eq!(service_name(&[]), "liufang");
        assert_eq!(service_name(&["order".to_owned(), "gateway".to_owned()]), "liufang");
    }

    #[test]
    fn nobody_waits_for_a_receiver_that_does_not_answer() {
        let (never, answer) = mpsc::channel::<()>();
        assert!(!within(Duration::from_millis(1), move || {
            let _ = answer.recv();
        }));
        assert!(within(Duration::from_secs(60), || {}));
        drop(never);
    }
}
