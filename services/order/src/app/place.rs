//! Placing an order: check, price, write it down unseen, then hold what it needs. A refusal takes everything back and
//! the order is never seen.

mod consultation;
mod counter;
mod gate;
mod otc;
mod prescription;

use liufang_kernel::{Quantity, Sensitive, Timestamp};
use liufang_platform::{Call, CallMeta};

use super::{App, View};
use crate::domain::{
    Argument, BasketItem, Change, Door, Fees, Fulfilment, Kind, Line, Note, Order, Payers, State, placing,
};
use crate::error::OrderError;
use crate::store::orders;

/// What the patient asks for.
#[derive(Clone)]
pub struct Place {
    pub kind: Kind,
    /// Region pack; used for OTC, where nothing else names it.
    pub region: String,
    /// The pharmacy; empty for a consultation.
    pub fixmedins_code: String,
    pub items: Vec<BasketItem>,
    pub hi_rxno: String,
    /// Lines of the prescription to buy now; empty: everything that is left of it.
    pub line_nos: Vec<u32>,
    pub visit_id: String,
    pub fulfilment: Fulfilment,
    pub door: Option<Sensitive<Door>>,
    pub payers: Payers,
    /// The buyer confirmed the risk warning of prescription drugs.
    pub risk_confirmed: bool,
    /// At the counter alone.
    pub sale: Option<Sale>,
}

/// The sale at the counter that the order takes over.
#[derive(Clone)]
pub struct Sale {
    pub sale_id: String,
    /// Of the claim.
    pub secret: Sensitive<String>,
    /// Lines and how much of them, everything that is left without a quantity; empty: all lines.
    pub lines: Vec<(u32, Option<Quantity>)>,
}

/// A checked and priced basket.
struct Draft {
    person_id: String,
    region: String,
    fixmedins_code: String,
    lines: Vec<Line>,
    fees: Fees,
    cold_chain: bool,
    pay_by: Timestamp,
}

impl App {
    /// Places an order.
    ///
    /// # Errors
    /// The refusals of the contract; nothing is kept then.
    pub async fn place(&self, call: Call<Place>) -> Result<View, OrderError> {
        self.place_seen_by(call, View::for_patient).await
    }

    /// Settles a sale at the counter: places an order in its stead.
    ///
    /// # Errors
    /// The refusals of the contract; nothing is kept then.
    pub async fn place_counter(&self, call: Call<Place>) -> Result<View, OrderError> {
        self.place_seen_by(call, View::for_others).await
    }

    async fn place_seen_by(&self, call: Call<Place>, view: fn(&Order) -> View) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let operation = self.operation(&call.meta);
        let id = self.write_down(&call, &operation).await?;
        self.drive(&id, &operation).await?.or_unreachable()?;
        self.answer(&call.meta, &id, &operation, view).await
    }

    /// The order's id is made of the call, so a repeat after a crash finds what the first one began. An attempt that was
    /// refused is left behind, and the next gets an id, and keys, of its own.
    async fn write_down(&self, call: &Call<Place>, operation: &str) -> Result<String, OrderError> {
        for attempt in 0.. {
            let digest =
                self.deps.cipher.blind("purchase_order.order_id", &format!("{operation}\n{attempt}"));
            let id = format!("ord_{}", &digest[..32]);
            match orders::find(self.deps.db.read(), &self.deps.cipher, &id).await? {
                Some(order) if order.state == State::Refused => {}
                Some(_) => return Ok(id),
                None => {
                    let draft = self.draft(call).await?;
                    self.insert(call, &id, draft, operation).await?;
                    return Ok(id);
                }
            }
        }
        Err(OrderError::Changed)
    }

    async fn draft(&self, call: &Call<Place>) -> Result<Draft, OrderError> {
        let meta = &call.meta;
        match call.body.kind {
            Kind::Otc => self.draft_otc(call, meta.principal.person()?).await,
            Kind::Prescription => self.draft_prescription(call, meta.principal.person()?).await,
            Kind::Consultation => self.draft_consultation(call, meta.principal.person()?).await,
            Kind::Counter => self.draft_counter(call, meta.principal.institution()?).await,
        }
    }

    async fn insert(
        &self,
        call: &Call<Place>,
        id: &str,
        draft: Draft,
        operation: &str,
    ) -> Result<(), OrderError> {
        let mut order = new_order(&call.meta, &call.body, id, draft);
        let work = self.deps.db.begin_step().await?;
        if !orders::insert(work.tx(), &self.deps.cipher, &order).await? {
            // a twin of this call wrote it a moment ago
            return Ok(work.cancel().await?);
        }
        let note = Note { step: "placed", state: State::Placing, detail: String::new() };
        let next = placing(order.kind, call.body.sale.as_ref().map(take_over).unwrap_or_default());
        let change = Change { story: vec![note], next, ..Change::default() };
        self.save(&work, &mut order, State::Placing, &change, operation).await?;
        Ok(work.done().await?)
    }
}

/// What a sale is taken over with; sealed in the journal.
fn take_over(sale: &Sale) -> Argument {
    let (sale_id, secret) = (sale.sale_id.clone(), sale.secret.reveal().clone());
    Argument { sale_id, secret, ..Argument::default() }
}

fn new_order(meta: &CallMeta, body: &Place, id: &str, draft: Draft) -> Order {
    // a pharmacy's machine is no purchase platform
    let platform = if body.kind == Kind::Counter { String::new() } else { meta.principal.client.clone() };
    Order {
        id: id.to_owned(),
        kind: body.kind,
        person_id: draft.person_id,
        platform,
        region: draft.region,
        fixmedins_code: draft.fixmedins_code,
        hi_rxno: body.hi_rxno.clone(),
        visit_id: body.visit_id.clone(),
        fulfilment: body.fulfilment,
        state: State::Placing,
        version: 1,
        story: 0,
        steps: 0,
        lines: draft.lines,
        pay_by: draft.pay_by,
        payers: body.payers.clone(),
        quote: None,
        payment_id: String::new(),
        setl_id: String::new(),
        delivery_id: String::new(),
        fees: draft.fees,
        cold_chain: draft.cold_chain,
        door: body.door.clone(),
        collection_code: Sensitive::default(),
        hand_over_code: Sensitive::default(),
        wrong_codes: 0,
        locked_until: Timestamp::default(),
        sold: Vec::new(),
        recorded: false,
        before: None,
        doomed: String::new(),
        cancel_reason: String::new(),
        return_note: Sensitive::default(),
        created_at: meta.now,
    }
}
