//! Every metric, in one table.

/// How a metric behaves; the words are those of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    /// Appears as `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// One metric as scraped.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
    /// Shown by every installation; the others need something to be configured (certificates).
    pub always: bool,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help, always: true }
}

pub(super) const RPC_DURATION: &str = "liufang_rpc_duration_seconds";
pub(super) const RPC_IN_FLIGHT: &str = "liufang_rpc_in_flight";
pub(super) const RPC_FAULTS: &str = "liufang_rpc_faults_total";
pub(super) const RPC_SHED: &str = "liufang_rpc_shed_total";
pub(super) const CLIENT_CALLS: &str = "liufang_client_calls_total";
pub(super) const CLIENT_RETRIES: &str = "liufang_client_retries_total";
pub(super) const BREAKER_OPEN: &str = "liufang_breaker_open";
pub(super) const DB_CONNECTIONS: &str = "liufang_db_connections";
pub(super) const DB_CONNECTIONS_MAX: &str = "liufang_db_connections_max";
pub(super) const OUTBOX_WAITING: &str = "liufang_outbox_waiting";
pub(super) const OUTBOX_OLDEST: &str = "liufang_outbox_oldest_seconds";
pub(super) const WORKER_STEP: &str = "liufang_worker_step_seconds";
pub(super) const WORKER_FAILURES: &str = "liufang_worker_failures_total";
pub(super) const BUS_HANDLED: &str = "liufang_bus_handled_total";
pub(super) const BUS_DEAD_LETTERS: &str = "liufang_bus_dead_letters_total";
pub(super) const READY: &str = "liufang_ready";
pub(super) const START_TIME: &str = "liufang_start_time_seconds";
pub(super) const BUILD_INFO: &str = "liufang_build_info";
pub(super) const CERTIFICATE_EXPIRES: &str = "liufang_certificate_expires_seconds";
pub(super) const CERTIFICATE_LIFETIME: &str = "liufang_certificate_lifetime_seconds";

/// Every metric of every role.
pub const CATALOG: &[Metric] = &[
    metric(
        RPC_DURATION,
        Kind::Histogram,
        &["role", "method", "code", "reason"],
        "Calls served: seconds until the answer began. method is the full name, code the gRPC code, reason the \
         published reason of a refusal or empty.",
    ),
    metric(RPC_IN_FLIGHT, Kind::Gauge, &["role"], "Calls being worked on."),
    metric(
        RPC_FAULTS,
        Kind::Counter,
        &["role"],
        "Calls that ended by a fault of ours: INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED, UNKNOWN, DATA_LOSS, or shed. \
         Streams are left out. Service levels count these.",
    ),
    metric(RPC_SHED, Kind::Counter, &["role"], "Calls refused because too many were being worked on."),
    metric(
        CLIENT_CALLS,
        Kind::Counter,
        &["role", "peer", "code"],
        "Calls to other roles and to outside parties (hook.*), by the gRPC code of the last try.",
    ),
    metric(CLIENT_RETRIES, Kind::Counter, &["role", "peer"], "Tries after the first."),
    metric(BREAKER_OPEN, Kind::Gauge, &["role", "peer"], "1 while calls to the peer fail at once."),
    metric(
        DB_CONNECTIONS,
        Kind::Gauge,
        &["role", "state"],
        "Database connections of this process; state is idle or used.",
    ),
    metric(
        DB_CONNECTIONS_MAX,
        Kind::Gauge,
        &["role"],
        "The most database connections this process may open.",
    ),
    metric(OUTBOX_WAITING, Kind::Gauge, &["role"], "Events not published yet."),
    metric(OUTBOX_OLDEST, Kind::Gauge, &["role"], "Age of the oldest event not published yet; 0 for none."),
    metric(WORKER_STEP, Kind::Histogram, &["role", "worker"], "Steps of background workers."),
    metric(
        WORKER_FAILURES,
        Kind::Counter,
        &["role", "worker"],
        "Worker steps that failed and will be tried again.",
    ),
    metric(
        BUS_HANDLED,
        Kind::Counter,
        &["role", "consumer", "outcome"],
        "Deliveries of events; outcome is done, duplicate or failed.",
    ),
    metric(BUS_DEAD_LETTERS, Kind::Counter, &["role", "consumer"], "Events given up; a person must look."),
    metric(READY, Kind::Gauge, &["role"], "1 while the role can do its work."),
    metric(START_TIME, Kind::Gauge, &["role"], "When the process started, in seconds of Unix time."),
    metric(BUILD_INFO, Kind::Gauge, &["version"], "Always 1; the version is the label."),
    Metric {
        name: CERTIFICATE_EXPIRES,
        kind: Kind::Gauge,
        labels: &["use"],
        help: "Seconds until the certificate in use expires; use is mesh or public.",
        always: false,
    },
    Metric {
        name: CERTIFICATE_LIFETIME,
        kind: Kind::Gauge,
        labels: &["use"],
        help: "Seconds the certificate in use was made for; what is left is judged by it.",
        always: false,
    },
    metric(
        "liufang_data_keys_in_use",
        Kind::Gauge,
        &["role"],
        "Data keys that rows may need. More than 1 while a change of the key is under way; the older one may be taken out \
         when it is 1 again.",
    ),
    metric(
        "liufang_saga_oldest_seconds",
        Kind::Gauge,
        &["role"],
        "Age of the oldest step of a purchase that should have been made; 0 for none.",
    ),
    metric(
        "liufang_orders_half_paid",
        Kind::Gauge,
        &["role"],
        "Orders whose payment is neither done nor undone five minutes after its deadline.",
    ),
    metric(
        "liufang_payments_pending_oldest_seconds",
        Kind::Gauge,
        &["role"],
        "Age of the oldest payment whose outcome is not known yet; 0 for none.",
    ),
    metric(
        "liufang_statements_missing",
        Kind::Gauge,
        &["role"],
        "Statements of channels, one a channel, institution and day, that are not there two days after money moved.",
    ),
    metric(
        "liufang_statement_lines_waiting",
        Kind::Gauge,
        &["role", "kind"],
        "Where channels' statements differ from the books: suspended, payments that nobody can name \
         and whose money is not back; unpaid, what the statement of its day did not pay out.",
    ),
    metric(
        "liufang_payments_stuck",
        Kind::Gauge,
        &["role", "ord_stas"],
        "Payments that want a person, by ORD_STAS: 13 and 16 cash without insurance, 14 a refund or reversal that is refused, or a \
         channel that contradicts us.",
    ),
    metric(
        "liufang_ledger_imbalance_fen",
        Kind::Gauge,
        &["role"],
        "By how much the postings or the balances miss zero; anything but 0 is a fault.",
    ),
    metric(
        "liufang_notices_oldest_seconds",
        Kind::Gauge,
        &["role"],
        "Age of the oldest notice on its way to a hospital (7108, 7109); 0 for none.",
    ),
    metric(
        "liufang_notices_given_up",
        Kind::Gauge,
        &["role"],
        "Notices to hospitals that were given up unanswered in the last day.",
    ),
    Metric {
        always: false,
        ..metric(
            "liufang_revocation_list_expires_seconds",
            Kind::Gauge,
            &["role", "authority"],
            "Seconds until the newest revocation list of a trusted authority runs out, negative since it has; 0 when none was \
             ever brought.",
        )
    },
    metric(
        "liufang_trace_code_duplicates",
        Kind::Gauge,
        &["role"],
        "supervision: open cases of a trace code sold twice. inventory: second sales refused in the last day.",
    ),
];

/// The row of a name.
pub(super) fn find(name: &str) -> Option<&'static Metric> {
    CATALOG.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_well_formed() {
        let mut names: Vec<_> = CATALOG.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOG.len());
        for metric in CATALOG {
            assert!(metric.name.starts_with("liufang_") && metric.help.ends_with('.'), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
        }
    }
}
