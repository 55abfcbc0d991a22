//! The instruments, made once per process, and their way out.

use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _, UpDownCounter};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use prometheus::{Registry, TextEncoder};

use super::{Kind, board, catalog};

/// Upper bounds in seconds.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Series one metric may have in one process; methods times codes and reasons stay far below.
const MOST_SERIES: usize = 10_000;

pub(super) struct Instruments {
    registry: Registry,
    provider: SdkMeterProvider,
    pub rpc_duration: Histogram<f64>,
    pub rpc_in_flight: UpDownCounter<i64>,
    pub rpc_faults: Counter<u64>,
    pub rpc_shed: Counter<u64>,
    pub client_calls: Counter<u64>,
    pub client_retries: Counter<u64>,
    pub worker_step: Histogram<f64>,
    pub worker_failures: Counter<u64>,
    pub bus_handled: Counter<u64>,
    pub bus_dead_letters: Counter<u64>,
}

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();

/// The instruments; made on first use, without OTLP unless [`install`] came first.
pub(super) fn instruments() -> &'static Instruments {
    INSTRUMENTS.get_or_init(|| Instruments::new(Resource::builder_empty().build(), None))
}

/// Makes the instruments, with a second way out over OTLP when `endpoint` is not empty. The first call counts.
pub fn install(resource: Resource, endpoint: &str) -> Result<(), ExporterBuildError> {
    let otlp = match endpoint {
        "" => None,
        endpoint => {
            let exporter =
                opentelemetry_otlp::MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
            Some(exporter)
        }
    };
    INSTRUMENTS.get_or_init(|| Instruments::new(resource, otlp));
    Ok(())
}

/// Everything measured so far, in the text format of Prometheus.
pub fn metrics_text() -> String {
    let families = instruments().registry.gather();
    // the encoder fails on families without a name alone, which our catalog has none of
    TextEncoder::new().encode_to_string(&families).unwrap_or_default()
}

/// Sends what was not sent yet; when the process ends.
pub fn flush() {
    if let Some(instruments) = INSTRUMENTS.get() {
        // there is nobody left to tell
        let _ = instruments.provider.force_flush();
    }
}

impl Instruments {
    fn new(resource: Resource, otlp: Option<opentelemetry_otlp::MetricExporter>) -> Instruments {
        let registry = Registry::new();
        let prometheus = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_units()
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .expect("invariant: a new registry has no other collector");
        let mut builder = SdkMeterProvider::builder().with_resource(resource).with_view(stream);
        builder = builder.with_reader(prometheus);
        if let Some(exporter) = otlp {
            builder = builder.with_reader(PeriodicReader::builder(exporter).build());
        }
        let provider = builder.build();
        let meter = provider.meter("liufang");
        gauges(&meter);
        Instruments {
            rpc_duration: histogram(&meter, catalog::RPC_DURATION),
            rpc_in_flight: meter
                .i64_up_down_counter(catalog::RPC_IN_FLIGHT)
                .with_description(help(catalog::RPC_IN_FLIGHT))
                .build(),
            rpc_faults: counter(&meter, catalog::RPC_FAULTS),
            rpc_shed: counter(&meter, catalog::RPC_SHED),
            client_calls: counter(&meter, catalog::CLIENT_CALLS),
            client_retries: counter(&meter, catalog::CLIENT_RETRIES),
            worker_step: histogram(&meter, catalog::WORKER_STEP),
            worker_failures: counter(&meter, catalog::WORKER_FAILURES),
            bus_handled: counter(&meter, catalog::BUS_HANDLED),
            bus_dead_letters: counter(&meter, catalog::BUS_DEAD_LETTERS),
            registry,
            provider,
        }
    }
}

fn stream(_: &Instrument) -> Option<Stream> {
    Stream::builder().with_cardinality_limit(MOST_SERIES).build().ok()
}

fn help(name: &str) -> &'static str {
    catalog::find(name).map_or("", |metric| metric.help)
}

fn counter(meter: &Meter, name: &'static str) -> Counter<u64> {
    // the exporters add the suffix themselves
    let bare = name.strip_suffix("_total").unwrap_or(name);
    meter.u64_counter(bare).with_description(help(name)).build()
}

fn histogram(meter: &Meter, name: &'static str) -> Histogram<f64> {
    let builder = meter.f64_histogram(name).with_description(help(name)).with_unit("s");
    builder.with_boundaries(BUCKETS.to_vec()).build()
}

/// Every gauge but the one that is counted up and down reads the board.
fn gauges(meter: &Meter) {
    let gauges = catalog::CATALOG.iter().filter(|metric| metric.kind == Kind::Gauge);
    for metric in gauges.filter(|metric| metric.name != catalog::RPC_IN_FLIGHT) {
        let gauge = meter.i64_observable_gauge(metric.name).with_description(metric.help);
        // the meter keeps it
        let _ = gauge
            .with_callback(move |observer| {
                for (labels, value) in board::read(metric.name) {
                    observer.observe(value, &labels);
                }
            })
            .build();
    }
}
