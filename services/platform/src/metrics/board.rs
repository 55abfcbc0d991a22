//! Gauges as they stand. A reading that fails takes its value off: a missing value says more than a stale one.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use opentelemetry::KeyValue;

type Labels = Vec<(&'static str, &'static str)>;
type Live = Arc<dyn Fn() -> Option<i64> + Send + Sync>;

#[derive(Clone)]
enum Reading {
    Fixed(i64),
    /// Looked up at each scrape; must be quick and must not block.
    Live(Live),
}

#[derive(Default)]
struct Board(BTreeMap<&'static str, BTreeMap<Labels, Reading>>);

static BOARD: LazyLock<Mutex<Board>> = LazyLock::new(Mutex::default);

fn board() -> MutexGuard<'static, Board> {
    BOARD.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(super) fn set(name: &'static str, labels: &[(&'static str, &'static str)], value: i64) {
    board().0.entry(name).or_default().insert(labels.to_vec(), Reading::Fixed(value));
}

pub(super) fn set_live(
    name: &'static str,
    labels: &[(&'static str, &'static str)],
    read: impl Fn() -> Option<i64> + Send + Sync + 'static,
) {
    board().0.entry(name).or_default().insert(labels.to_vec(), Reading::Live(Arc::new(read)));
}

pub(super) fn clear(name: &'static str, labels: &[(&'static str, &'static str)]) {
    if let Some(rows) = board().0.get_mut(name) {
        rows.remove(labels);
    }
}

/// Every present value of a gauge.
pub(super) fn read(name: &'static str) -> Vec<(Vec<KeyValue>, i64)> {
    let rows = board().0.get(name).cloned().unwrap_or_default();
    let value = |reading: Reading| match reading {
        Reading::Fixed(value) => Some(value),
        Reading::Live(read) => read(),
    };
    let labels = |labels: Labels| labels.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
    rows.into_iter().filter_map(|(row, reading)| Some((labels(row), value(reading)?))).collect()
}
