//! Making one step: one call to another service.

use super::App;
use crate::domain::{Answer, Kind, Order, Payment, Step};
use crate::error::OrderError;
use crate::store::{journal, orders};

/// What making a step gave.
pub(super) enum Ran {
    Answered(Answer),
    /// The question has no answer yet.
    Wait,
}

impl App {
    pub(super) async fn run(&self, entry: &journal::Entry) -> Result<Ran, OrderError> {
        let order = orders::find(self.deps.db.read(), &self.deps.cipher, &entry.order_id).await?;
        let order = order.ok_or(OrderError::NotFound)?;
        match entry.step {
            Step::AwaitPayment => match self.peers.payment(&order).await? {
                Payment::Pending => Ok(Ran::Wait),
                news => Ok(Ran::Answered(Answer::Payment(news))),
            },
            Step::AwaitRefund => match self.peers.is_refunded(&order).await? {
                false => Ok(Ran::Wait),
                true => Ok(Ran::Answered(Answer::Refund { complete: true })),
            },
            _ => self.call(&order, entry).await.map(Ran::Answered),
        }
    }

    async fn call(&self, order: &Order, entry: &journal::Entry) -> Result<Answer, OrderError> {
        let (peers, key) = (&self.peers, entry.key());
        match entry.step {
            Step::Nominate => peers.nominate(order, key).await?,
            Step::TakeOver => peers.take_over(order, &entry.argument, key).await?,
            Step::Reserve => {
                // how long the supply is for stays with the prescription service, as the disease does
                let prescribed = match order.kind {
                    Kind::Prescription | Kind::Counter => peers.prescription(&order.hi_rxno).await?.lines,
                    _ => Vec::new(),
                };
                peers.reserve(order, &prescribed, key).await?;
            }
            Step::Quote => return self.quote(order, entry, key).await,
            Step::Authorise => {
                let payment_id = peers.authorise(order, &entry.argument, key).await?;
                return Ok(Answer::Authorised { payment_id });
            }
            Step::Capture => return Ok(Answer::Payment(peers.capture(order, key).await?)),
            Step::Extend => {
                let until = self.now().plus_seconds(self.dispense_seconds);
                // the deadline is of this moment, so a repeat is another request; to hold longer twice is harmless
                peers.extend(order, until, format!("{key}:{}", until.0)).await?;
            }
            Step::CreateDelivery => {
                let delivery_id = peers.create_delivery(order, key).await?;
                return Ok(Answer::DeliveryCreated { delivery_id });
            }
            Step::MarkVisitPaid => peers.mark_visit_paid(order, key).await?,
            Step::Commit => return Ok(Answer::Sold(peers.sell(order, &entry.argument, key).await?)),
            Step::RecordDispense => peers.record_dispense(order, &entry.argument.secret, key).await?,
            Step::MarkReady => {
                let hand_over_code = peers.mark_ready(order, key).await?;
                return Ok(Answer::Ready { hand_over_code });
            }
            Step::Void => peers.void(&order.payment_id, key).await?,
            Step::Release => peers.release(order, key).await?,
            Step::ReleaseNomination => peers.release_nomination(order, key).await?,
            Step::ReleaseVisit => peers.release_visit(order, key).await?,
            Step::CancelDelivery => peers.cancel_delivery(order, key).await?,
            Step::ReturnSale => peers.return_sale(order, key).await?,
            Step::ReturnGoods => {
                return Ok(Answer::CameBack(peers.return_goods(order, &entry.argument.scans, key).await?));
            }
            Step::RefundGoods => {
                let amount = peers.refund_goods(order, &entry.argument.goods, key).await?;
                return Ok(Answer::PartlyRefunded(amount));
            }
            Step::ReverseDispense => peers.reverse_dispense(order, key).await?,
            Step::Refund => return Ok(Answer::Refund { complete: peers.refund(order, key).await? }),
            Step::AwaitPayment | Step::AwaitRefund => {
                return Err(OrderError::Unreadable("a question is not a call"));
            }
        }
        Ok(Answer::Done)
    }

    async fn quote(&self, order: &Order, entry: &journal::Entry, key: String) -> Result<Answer, OrderError> {
        // the disease is personal and stays with the prescription service
        let disease = match order.kind {
            Kind::Prescription | Kind::Counter => self.peers.prescription(&order.hi_rxno).await?.dise_codg,
            _ => String::new(),
        };
        let payers = entry.argument.payers.as_ref().unwrap_or(&order.payers);
        let quote = self.peers.quote(order, payers, disease, key).await?;
        Ok(Answer::Quoted { quote, payers: payers.clone() })
    }
}
