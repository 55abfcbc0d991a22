//! Payments at which the machine alone does not get on: who they are, and how an operator helps.

use std::collections::BTreeMap;

use liufang_kernel::Violations;
use liufang_platform::{Begun, Call};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::refund::steps::shape;
use crate::domain::payment::{Journal, Payment, WANTS_A_PERSON, ord_stas};
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::mobile::Centre;
use crate::store::stuck::Resolution;

/// Most that one answer lists; more than that is an outage, not a list.
const MOST: i64 = 200;

/// One of them.
pub struct Stuck {
    pub journal: Journal,
    /// What was raised about it, oldest first.
    pub raised: Vec<String>,
    /// Its order at the mobile-payment centre.
    pub centre: Option<Centre>,
}

/// How to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Ask the outside again now.
    TryNow,
    /// The step was done by hand; go on behind it.
    DoneByHand,
}

/// An operator's word about a payment.
#[derive(Clone, Debug)]
pub struct Resolve {
    pub payment_id: String,
    pub wish: Wish,
    /// What shows that it was done by hand.
    pub evidence: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Noted {}

impl App {
    /// Payments that want a person.
    pub async fn list_stuck(&self, _: Call<()>) -> Result<Vec<Stuck>, SettlementError> {
        let mut stuck = Vec::new();
        for journal in store::stuck::failing(self.db.read(), MOST).await? {
            if journal.wants_a_person() {
                let raised = store::stuck::raised(self.db.read(), &journal.payment_id).await?;
                let centre = match journal.mobile {
                    true => store::mobile::centre(self.db.read(), &journal.msgid).await?,
                    false => None,
                };
                stuck.push(Stuck { journal, raised, centre });
            }
        }
        Ok(stuck)
    }

    /// Goes on with one of them; answers how it stands then. Who said so is kept.
    pub async fn resolve(&self, call: Call<Resolve>) -> Result<Payment, SettlementError> {
        let Call { meta, body } = call;
        if let Begun::Fresh(work) = self.db.begin::<Noted>(&meta).await? {
            let found = store::payment::find(work.tx(), &body.payment_id).await?;
            let mut journal = found.ok_or(Refusal::PaymentNotFound)?;
            if !journal.wants_a_person() {
                return Err(SettlementError::in_state(Refusal::PaymentNotStuck, journal.state.as_str()));
            }
            let step = journal.step;
            let word = match body.wish {
                Wish::TryNow => {
                    journal.try_now(meta.now);
                    "try_now"
                }
                Wish::DoneByHand => {
                    let part = match journal.returns_a_part() {
                        true => Some(self.open_part(&journal).await?),
                        false => None,
                    };
                    let needs = part.as_ref().map(|part| (shape(&journal, part), part.rest_msgid.as_str()));
                    journal.done_by_hand(needs, &body.evidence, meta.now).ok_or_else(not_by_hand)?;
                    "done_by_hand"
                }
            };
            let operator = meta.principal.subject.as_str();
            let said =
                Resolution { payment_id: &body.payment_id, step, word, evidence: &body.evidence, operator };
            store::stuck::note(work.tx(), self.ids.next("res"), &said, meta.now).await?;
            self.sending(&work, &journal, meta.now).await?;
            self.lease(&work, &mut journal, meta.now).await?;
            work.commit(Noted {}).await?;
            tracing::warn!(
                payment_id = body.payment_id,
                step = step.as_str(),
                word,
                "resolved by an operator"
            );
            return self.run(journal).await;
        }
        Ok(self.journal(&body.payment_id).await?.view())
    }

    /// How many payments want a person, by ordStas.
    pub async fn payments_stuck(&self) -> Result<BTreeMap<i32, i64>, SettlementError> {
        let mut counts: BTreeMap<i32, i64> = WANTS_A_PERSON.map(|number| (number, 0)).into();
        for standing in store::stuck::standings(self.db.read()).await? {
            let number = ord_stas(standing.state, standing.step, standing.cash, standing.attempts);
            if let Some(count) = counts.get_mut(&number) {
                *count += standing.payments;
            }
        }
        Ok(counts)
    }
}

fn not_by_hand() -> SettlementError {
    let violations = Violations::of("resolution", "the payment is not at a step that a person can do");
    SettlementError::Invalid(violations)
}
