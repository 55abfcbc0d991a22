//! Rows of orders, and what seals their personal columns.

use liufang_kernel::{Fen, Sensitive, Timestamp};
use liufang_platform::Cipher;
use sea_orm::entity::prelude::*;

use crate::domain::{Fees, Fulfilment, Kind, Line, Order, Payers, State};
use crate::error::OrderError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purchase_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    pub kind: String,
    pub person_id: String,
    pub platform: String,
    pub region: String,
    pub fixmedins_code: String,
    pub hi_rxno: String,
    pub visit_id: String,
    pub fulfilment: String,
    pub state: String,
    pub version: i64,
    pub story_count: i64,
    pub step_count: i64,
    pub pay_by_us: i64,
    pub use_account: bool,
    /// JSON list of person ids.
    pub holders: String,
    /// JSON of the present quote, sealed: it shows what somebody takes; empty for none.
    pub quote: String,
    pub payment_id: String,
    pub setl_id: String,
    pub delivery_id: String,
    pub delivery_fee_fen: i64,
    pub packing_fee_fen: i64,
    pub cold_chain: bool,
    pub door: String,
    pub collection_code: String,
    pub hand_over_code: String,
    pub wrong_codes: i32,
    pub locked_until_us: i64,
    /// JSON list of sold lots.
    pub sold: String,
    pub recorded: bool,
    pub before_state: String,
    pub doomed: String,
    pub cancel_reason: String,
    pub return_note: String,
    pub created_at_us: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) const DOOR: &str = "purchase_order.door";
pub(super) const COLLECTION: &str = "purchase_order.collection_code";
pub(super) const HAND_OVER: &str = "purchase_order.hand_over_code";
pub(super) const QUOTE: &str = "purchase_order.quote";
pub(super) const NOTE: &str = "purchase_order.return_note";

fn seal(cipher: &Cipher, context: &str, plain: &str) -> String {
    if plain.is_empty() { String::new() } else { cipher.seal(context, plain) }
}

fn open(cipher: &Cipher, context: &str, sealed: &str) -> Result<String, OrderError> {
    if sealed.is_empty() { Ok(String::new()) } else { Ok(cipher.open(context, sealed)?) }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, OrderError> {
    serde_json::to_string(value).map_err(|_| OrderError::Unreadable("column value"))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, OrderError> {
    serde_json::from_str(text).map_err(|_| OrderError::Unreadable("column value"))
}

/// The row of an order.
pub fn write(order: &Order, cipher: &Cipher) -> Result<Model, OrderError> {
    let door = match &order.door {
        Some(door) => seal(cipher, DOOR, &json(door.reveal())?),
        None => String::new(),
    };
    let quote = match &order.quote {
        Some(quote) => seal(cipher, QUOTE, &json(quote)?),
        None => String::new(),
    };
    Ok(Model {
        order_id: order.id.clone(),
        kind: order.kind.as_str().to_owned(),
        person_id: order.person_id.clone(),
        platform: order.platform.clone(),
        region: order.region.clone(),
        fixmedins_code: order.fixmedins_code.clone(),
        hi_rxno: order.hi_rxno.clone(),
        visit_id: order.visit_id.clone(),
        fulfilment: order.fulfilment.as_str().to_owned(),
        state: order.state.as_str().to_owned(),
        version: order.version,
        story_count: order.story,
        step_count: order.steps,
        pay_by_us: order.pay_by.0,
        use_account: order.payers.use_account,
        holders: json(&order.payers.holders)?,
        quote,
        payment_id: order.payment_id.clone(),
        setl_id: order.setl_id.clone(),
        delivery_id: order.delivery_id.clone(),
        delivery_fee_fen: order.fees.delivery.0,
        packing_fee_fen: order.fees.packing.0,
        cold_chain: order.cold_chain,
        door,
        collection_code: seal(cipher, COLLECTION, order.collection_code.reveal()),
        hand_over_code: seal(cipher, HAND_OVER, order.hand_over_code.reveal()),
        wrong_codes: i32::try_from(order.wrong_codes).unwrap_or(i32::MAX),
        locked_until_us: order.locked_until.0,
        sold: json(&order.sold)?,
        recorded: order.recorded,
        before_state: order.before.map(State::as_str).unwrap_or_default().to_owned(),
        doomed: order.doomed.clone(),
        cancel_reason: order.cancel_reason.clone(),
        return_note: seal(cipher, NOTE, order.return_note.reveal()),
        created_at_us: order.created_at.0,
    })
}

/// The order of a row and its lines.
pub fn read(row: Model, lines: Vec<Line>, cipher: &Cipher) -> Result<Order, OrderError> {
    let unreadable = || OrderError::Unreadable("order row");
    let door = open(cipher, DOOR, &row.door)?;
    let quote = open(cipher, QUOTE, &row.quote)?;
    Ok(Order {
        kind: Kind::parse(&row.kind).ok_or_else(unreadable)?,
        fulfilment: Fulfilment::parse(&row.fulfilment).ok_or_else(unreadable)?,
        state: State::parse(&row.state).ok_or_else(unreadable)?,
        before: State::parse(&row.before_state),
        payers: Payers { use_account: row.use_account, holders: parse(&row.holders)? },
        quote: if quote.is_empty() { None } else { Some(parse(&quote)?) },
        door: if door.is_empty() { None } else { Some(Sensitive::new(parse(&door)?)) },
        collection_code: Sensitive::new(open(cipher, COLLECTION, &row.collection_code)?),
        hand_over_code: Sensitive::new(open(cipher, HAND_OVER, &row.hand_over_code)?),
        return_note: Sensitive::new(open(cipher, NOTE, &row.return_note)?),
        sold: parse(&row.sold)?,
        fees: Fees { delivery: Fen(row.delivery_fee_fen), packing: Fen(row.packing_fee_fen) },
        wrong_codes: u32::try_from(row.wrong_codes).unwrap_or_default(),
        locked_until: Timestamp(row.locked_until_us),
        pay_by: Timestamp(row.pay_by_us),
        created_at: Timestamp(row.created_at_us),
        id: row.order_id,
        person_id: row.person_id,
        platform: row.platform,
        region: row.region,
        fixmedins_code: row.fixmedins_code,
        hi_rxno: row.hi_rxno,
        visit_id: row.visit_id,
        version: row.version,
        story: row.story_count,
        steps: row.step_count,
        lines,
        payment_id: row.payment_id,
        setl_id: row.setl_id,
        delivery_id: row.delivery_id,
        cold_chain: row.cold_chain,
        recorded: row.recorded,
        doomed: row.doomed,
        cancel_reason: row.cancel_reason,
    })
}
