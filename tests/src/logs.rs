//! Captures what the process logs. A WARN or ERROR nobody announced fails a test, and the privacy test reads everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, MutexGuard};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Layer};

#[derive(Default)]
struct Book {
    /// Everything at DEBUG and above from our own crates.
    lines: Vec<String>,
    /// WARN and ERROR that nobody had announced when they came.
    loud: Vec<String>,
    announced: BTreeMap<u64, String>,
    announcements: u64,
    /// Names of threads whose installation is being killed; what it cries then is no complaint.
    dying: Vec<String>,
}

impl Book {
    fn is_announced(&self, line: &str) -> bool {
        self.announced.values().any(|part| line.contains(part))
    }
}

static BOOK: LazyLock<Mutex<Book>> = LazyLock::new(Mutex::default);

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Capture;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        let mut line = Line(format!("{level} {}", event.metadata().target()));
        event.record(&mut line);
        let mut book = book();
        let thread = std::thread::current();
        let dying = book.dying.iter().any(|name| thread.name() == Some(name));
        let is_loud = level <= Level::WARN && event.metadata().target().starts_with("liufang");
        if is_loud && !dying && !book.is_announced(&line.0) {
            book.loud.push(line.0.clone());
        }
        book.lines.push(line.0);
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let mut line = Line(format!("SPAN {}", attributes.metadata().name()));
        attributes.record(&mut line);
        book().lines.push(line.0);
    }
}

/// Installs the capture once per process.
pub fn install() {
    static ONCE: LazyLock<()> = LazyLock::new(|| {
        let filter = EnvFilter::new("liufang=debug,info,sqlx=warn,h2=warn");
        let subscriber = tracing_subscriber::registry().with(Capture.with_filter(filter));
        tracing::subscriber::set_global_default(subscriber).expect("nobody else installs a subscriber");
        cry_at_once();
    });
    LazyLock::force(&ONCE);
}

/// A test that fails says why where it fails, too, and not only when all others have ended: an hour later, or never, when the
/// run was cut off.
fn cry_at_once() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        if name.contains("::") {
            let text: String = panic.to_string().chars().take(CRY).collect();
            // past what collects the output of tests
            let _ = writeln!(std::io::stderr(), "{name} fails: {text}");
        }
    }));
}

/// Characters.
const CRY: usize = 2_000;

/// What a test announced. Ends when it is dropped: keep it until the installation has stopped.
#[must_use = "an announcement ends when it is dropped"]
#[derive(Debug)]
pub struct Announced(u64);

impl Drop for Announced {
    fn drop(&mut self) {
        book().announced.remove(&self.0);
    }
}

/// Announces that lines containing `part` may appear: name the cause, not the kind of line.
pub fn announce(part: &str) -> Announced {
    let mut book = book();
    book.announcements += 1;
    let number = book.announcements;
    book.announced.insert(number, part.to_owned());
    Announced(number)
}

/// Whether a line of another process was announced.
pub fn is_announced(line: &str) -> bool {
    book().is_announced(line)
}

/// The installation on threads of this name is about to be killed.
pub fn forgive(threads: &str) {
    book().dying.push(threads.to_owned());
}

/// Takes the WARN and ERROR lines nobody announced: each fails one test. Tests run side by side, so it may be a
/// neighbour of the one that logged.
pub fn take_unannounced() -> Vec<String> {
    std::mem::take(&mut book().loud)
}

/// Every captured line that contains one of `needles`.
pub fn containing(needles: &[&str]) -> Vec<String> {
    let book = book();
    book.lines.iter().filter(|line| needles.iter().any(|needle| line.contains(needle))).cloned().collect()
}

/// A figure for whoever reads the output of a run (`--nocapture`, or a failed test).
#[allow(clippy::print_stderr)]
pub fn note(text: &str) {
    eprintln!("{text}");
}
