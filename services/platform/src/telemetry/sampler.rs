//! Which traces are kept. Whoever began a trace decides for everybody in it.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// The caller's decision; without a caller, this share of the traces.
pub(super) fn parent_or(ratio: f64) -> Sampler {
    Sampler::ParentBased(Box::new(Roots { ratio: Sampler::TraceIdRatioBased(ratio) }))
}

/// Beginnings of traces. Workers look into their tables several times a second: a statement outside of any call or event
/// is no trace.
#[derive(Clone, Debug)]
struct Roots {
    ratio: Sampler,
}

impl ShouldSample for Roots {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        if name.starts_with("sea_orm.") {
            let trace_state = parent.map_or_else(TraceState::default, |context| {
                context.span().span_context().trace_state().clone()
            });
            return SamplingResult { decision: SamplingDecision::Drop, attributes: Vec::new(), trace_state };
        }
        self.ratio.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    fn decide(ratio: f64, parent: Option<TraceFlags>, name: &str) -> bool {
        let id = TraceId::from(0x7000_0000_0000_0000_7000_0000_0000_0000_u128);
        let context = parent.map(|flags| {
            let parent = SpanContext::new(id, SpanId::from(7), flags, true, TraceState::default());
            Context::new().with_remote_span_context(parent)
        });
        let result =
            parent_or(ratio).should_sample(context.as_ref(), id, name, &SpanKind::Internal, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn the_caller_decides() {
        for (flags, kept) in [(TraceFlags::SAMPLED, true), (TraceFlags::default(), false)] {
            for ratio in [0.0, 0.5, 1.0] {
                assert_eq!(decide(ratio, Some(flags), "rpc"), kept);
                assert_eq!(decide(ratio, Some(flags), "sea_orm.query"), kept);
            }
        }
    }

    #[test]
    fn without_a_caller_the_share_counts() {
        assert!(decide(1.0, None, "rpc") && !decide(0.0, None, "rpc"));
        assert!(decide(0.9, None, "rpc") && !decide(0.1, None, "rpc"));
    }

    #[test]
    fn a_lonely_statement_is_no_trace() {
        assert!(!decide(1.0, None, "sea_orm.query"));
    }
}
