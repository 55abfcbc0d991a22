//! Numbers for the metrics: payments nobody knows the end of, those that want a person, and whether the books agree with
//! each other and with the channels' statements.

use std::sync::Arc;

use liufang_platform::metrics::Gauge;

use crate::app::App;
use crate::app::measure::Sum;
use crate::error::SettlementError;

/// The gauges of this service.
pub fn all(app: &App) -> Vec<Gauge> {
    let (pending, ledger) = (app.clone(), app.clone());
    let sum = Arc::new(Sum::default());
    let stuck = [(13, "13"), (14, "14"), (16, "16")].map(|(number, word)| {
        let app = app.clone();
        let read = move || {
            let app = app.clone();
            async move { app.payments_stuck().await.map(|counts| counts.get(&number).copied().unwrap_or(0)) }
        };
        Gauge::new("liufang_payments_stuck", read).of("ord_stas", word)
    });
    let gauges = vec![
        Gauge::new("liufang_payments_pending_oldest_seconds", move || {
            let app = pending.clone();
            async move { app.pending_oldest_seconds().await }
        }),
        Gauge::new("liufang_ledger_imbalance_fen", move || {
            let (app, sum) = (ledger.clone(), sum.clone());
            async move { app.ledger_imbalance_fen(&sum).await }
        }),
    ];
    let missing = app.clone();
    let missing = Gauge::new("liufang_statements_missing", move || {
        let app = missing.clone();
        async move { app.statements_missing().await }
    });
    let waiting = ["suspended", "unpaid"].map(|kind| {
        let app = app.clone();
        let read = move || {
            let app = app.clone();
            async move {
                let (suspended, unpaid) = app.statement_lines_waiting().await?;
                Ok::<_, SettlementError>(if kind == "suspended" { suspended } else { unpaid })
            }
        };
        Gauge::new("liufang_statement_lines_waiting", read).of("kind", kind)
    });
    gauges.into_iter().chain(stuck).chain([missing]).chain(waiting).collect()
}
