//! Page tokens: the last order of a page as `<microseconds>.<order id>`.

use liufang_kernel::{Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::order::v1 as pb;

use super::render::{public_states, rendered};
use crate::app::{ListOrders, Page};

const DEFAULT: i32 = 50;
const LARGEST: i32 = 200;

/// Reads a listing.
pub fn list_orders(request: pb::ListOrdersRequest, _: &CallMeta) -> Result<ListOrders, Violations> {
    let mut bad = Violations::new();
    let states = pb::OrderState::try_from(request.state).map(public_states).unwrap_or_else(|_| {
        bad.add("state", "is not a state");
        Vec::new()
    });
    let page = request.page.unwrap_or_default();
    bad.check((0..=LARGEST).contains(&page.page_size), "page.page_size", "must be 1 to 200, or 0 for 50");
    let size = if page.page_size == 0 { DEFAULT } else { page.page_size };
    let after = match page.page_token.as_str() {
        "" => None,
        token => {
            let read = read_token(token);
            bad.check(read.is_some(), "page.page_token", "is not a token of a previous answer");
            read
        }
    };
    bad.finish(Some(ListOrders { states, size: u64::try_from(size).unwrap_or(1), after }))
}

fn read_token(token: &str) -> Option<(Timestamp, String)> {
    let (at, id) = token.split_once('.')?;
    Some((Timestamp(at.parse().ok()?), id.to_owned()))
}

impl From<Page> for pb::ListOrdersResponse {
    fn from(page: Page) -> pb::ListOrdersResponse {
        let next = page.next.map(|(at, id)| format!("{}.{id}", at.0));
        pb::ListOrdersResponse {
            orders: page.orders.into_iter().map(rendered).collect(),
            next_page_token: next.unwrap_or_default(),
        }
    }
}
