//! What a hospital is to be told: written in the unit of work of what causes it, so nothing is lost and nothing invented.

use liufang_kernel::Timestamp;
use liufang_platform::Work;

use super::{App, Outcome};
use crate::domain::dispense::HandOut;
use crate::domain::notice::{Content, Goods, Reviewed, Settled, Sold};
use crate::store::{self, notice::Notice, prescription::Record};

/// What one sale handed out, or what of it came back.
pub(super) struct Sale<'a> {
    /// Order, or sale at the counter.
    pub sale_id: &'a str,
    pub pharmacy: &'a str,
    pub reversed: bool,
    pub parts: &'a [HandOut],
}

impl App {
    /// A pharmacy has passed or refused (7108). `record` is the row after it.
    pub(super) async fn tell_reviewed(&self, work: &Work, record: &Record, review: Reviewed) -> Outcome<()> {
        let now = review.at;
        self.tell(work, record, Content::Review(review), now).await
    }

    /// Lines were handed out or came back (7109). `record` is the row after it.
    pub(super) async fn tell_settled(
        &self,
        work: &Work,
        record: &Record,
        sale: Sale<'_>,
        now: Timestamp,
    ) -> Outcome<()> {
        let rx = &record.rx;
        let taken =
            |line_no: i32| rx.lines.iter().any(|line| line.line_no == line_no && line.as_use().is_taken());
        let lines = sale.parts.iter().map(|part| Sold {
            line_no: part.line_no,
            drug: part.drug.clone(),
            quantity: part.quantity,
            lot: part.lot.clone(),
            batch: part.batch.clone(),
            taken: taken(part.line_no),
            goods: Goods::default(),
        });
        let settled = Settled {
            hosp_rxno: rx.hosp_rxno.clone(),
            pharmacy: sale.pharmacy.to_owned(),
            pharmacy_name: String::new(),
            sale_id: sale.sale_id.to_owned(),
            reversed: sale.reversed,
            at: now,
            state: rx.state,
            used: rx.used,
            paid: None,
            lines: lines.collect(),
        };
        self.tell(work, record, Content::Settlement(Box::new(settled)), now).await
    }

    async fn tell(&self, work: &Work, record: &Record, content: Content, now: Timestamp) -> Outcome<()> {
        let rx = &record.rx;
        if self.hospitals.hook(&rx.hospital).is_none() {
            return Ok(());
        }
        let notice = Notice {
            notice_id: self.deps.ids.next("ntc"),
            hi_rxno: rx.hi_rxno.clone(),
            hospital: rx.hospital.clone(),
            sequence: rx.version,
            complete: matches!(content, Content::Review(_)),
            content,
            attempts: 0,
            created_at: now,
        };
        let give_up_at = self.hospitals.give_up_at(now);
        Ok(store::notice::insert(work.tx(), &self.deps.cipher, &notice, give_up_at).await?)
    }
}
