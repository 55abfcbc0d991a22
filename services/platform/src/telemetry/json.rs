//! Log lines as JSON. Inside a call each begins with `trace_id`, `span_id` and `request_id`.

use std::fmt;

use opentelemetry::trace::TraceContextExt as _;
use tracing::{Event, Subscriber, dispatcher};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The library's JSON with our ids in front.
pub(super) struct Lines(Format<Json>);

impl Lines {
    pub(super) fn new() -> Lines {
        let format = tracing_subscriber::fmt::format().json();
        Lines(format.flatten_event(true).with_current_span(true).with_span_list(false))
    }
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    JsonFields: for<'writer> FormatFields<'writer>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let Some(rest) = line.strip_prefix('{') else { return writer.write_str(&line) };
        writer.write_char('{')?;
        write_ids(context, &mut writer, event)?;
        writer.write_str(rest)
    }
}

fn write_ids<S>(
    context: &FmtContext<'_, S, JsonFields>,
    writer: &mut Writer<'_>,
    event: &Event<'_>,
) -> fmt::Result
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let scope = context.event_scope().into_iter().flatten();
    // a span may be filtered from the traces: the nearest one that is in them
    let spans = scope.filter_map(|span| {
        let found = dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))?;
        let ids = found.span().span_context().clone();
        ids.is_valid().then_some(ids)
    });
    if let Some(ids) = spans.into_iter().next() {
        write!(writer, "\"trace_id\":\"{}\",\"span_id\":\"{}\",", ids.trace_id(), ids.span_id())?;
    }
    let request_id = crate::stack::request_id();
    // the access log names its own
    if !request_id.is_empty() && event.metadata().fields().field("request_id").is_none() {
        // checked when it was taken: letters, digits, - and _
        write!(writer, "\"request_id\":\"{request_id}\",")?;
    }
    Ok(())
}
