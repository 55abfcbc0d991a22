//! Where a group is seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber, subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::{Member, Op, shown, stack};

/// Names of spans, with the parent's; and who follows whom.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Spans>>);

#[derive(Default)]
struct Spans {
    names: BTreeMap<u64, &'static str>,
    parents: Vec<(&'static str, Option<&'static str>)>,
    follows: Vec<(&'static str, &'static str)>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        let name = attributes.metadata().name();
        let parent = attributes.parent().map(|parent| spans.names[&parent.into_u64()]);
        spans.parents.push((name, parent));
        spans.names.insert(id.into_u64(), name);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        let pair = (spans.names[&id.into_u64()], spans.names[&follows.into_u64()]);
        spans.follows.push(pair);
    }
}

async fn member(span: Span, request_id: &str, flags: &str) -> Member {
    let asking = async { Member::new(Op::Start("pay1".to_owned()), None) };
    let mut member = stack::with_request_id(request_id.to_owned(), asking).await;
    member.span = span;
    member.traceparent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
    member
}

#[tokio::test]
async fn a_group_is_seen_where_somebody_looks_and_the_others_know_where() {
    let seen = Seen::default();
    let _guard = subscriber::set_default(tracing_subscriber::registry().with(seen.clone()));
    let members = [
        member(Span::none(), "", "").await,
        member(tracing::info_span!("unseen"), "req-1", "00").await,
        member(tracing::info_span!("looked at"), "req-2", "01").await,
        member(tracing::info_span!("looked at as well"), "req-3", "01").await,
    ];
    let request_id = shown("110000", &members.each_ref(), async { stack::request_id() }).await;
    assert_eq!(request_id, "req-2");
    let nobody_looks = [&members[0], &members[1]];
    assert_eq!(shown("110000", &nobody_looks, async { stack::request_id() }).await, "req-1");
    assert_eq!(shown("110000", &[&members[0]], async { stack::request_id() }).await, "");
    let spans = seen.0.lock().unwrap();
    assert_eq!(spans.parents[3..], [("group", Some("looked at")), ("group", Some("unseen"))]);
    assert_eq!(spans.follows, [("unseen", "group"), ("looked at as well", "group")]);
}
