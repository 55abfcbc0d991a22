//! Daily totals, closing a day, claims, receivables.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Fen, Timestamp, Violations};
use liufang_platform::{AuthFault, Begun, Call, Principal, PrincipalKind};
use serde::{Deserialize, Serialize};

use crate::app::claim_line::{Deduction, cut};
use crate::app::{App, is_agency};
use crate::domain::claim::{self, Claim, ClaimRefusal, ClaimState, DayTotals};
use crate::domain::ledger;
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::receivable::Side;

/// Which days, of whom.
#[derive(Clone, Debug)]
pub struct TotalsQuery {
    /// First day.
    pub stmt_date: String,
    /// Last day; empty: the first alone.
    pub stmt_enddate: String,
    /// Agencies and supervisors; empty: all.
    pub fixmedins_code: String,
}

/// The institution's own books of a day.
#[derive(Clone, Debug)]
pub struct CloseDay {
    pub stmt_date: String,
    pub totals: DayTotals,
}

/// How closing went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DayClosing {
    pub flat: bool,
    pub differences: Vec<String>,
    pub claims: Vec<Claim>,
}

#[derive(Clone, Debug)]
pub struct Review {
    pub claim_id: String,
    /// Of the whole claim, or the sum of the lines.
    pub deducted: Fen,
    pub reason: String,
    pub lines: Vec<Deduction>,
}

#[derive(Clone, Debug)]
pub struct PayClaim {
    pub claim_id: String,
    pub bank_reference: String,
    /// `None`: all that is left.
    pub amount: Option<Fen>,
}

/// What a debtor owes an institution.
#[derive(Clone, Debug)]
pub struct Receivable {
    pub fixmedins_code: String,
    pub debtor: String,
    /// Of all ages, less what was paid on account.
    pub open: Fen,
    pub oldest_at: Timestamp,
    /// At most 30, 60, 90 days old, and older.
    pub ages: [Fen; 4],
    /// Paid of claims that are not paid whole yet.
    pub on_account: Fen,
}

/// A page of receivables.
#[derive(Clone, Debug)]
pub struct ReceivablePage {
    pub rows: Vec<Receivable>,
    pub more: bool,
}

/// Which receivables: those after an institution and a debtor.
#[derive(Clone, Debug)]
pub struct ReceivableQuery {
    pub fixmedins_code: String,
    pub debtor: String,
    pub size: i64,
}

/// Totals of one institution.
pub struct InstitutionDay {
    pub fixmedins_code: String,
    pub stmt_date: String,
    pub stmt_enddate: String,
    pub totals: DayTotals,
}

impl App {
    /// Our totals of a day or a period.
    pub async fn daily_totals(
        &self,
        call: Call<TotalsQuery>,
    ) -> Result<Vec<InstitutionDay>, SettlementError> {
        let principal = &call.meta.principal;
        let TotalsQuery { stmt_date, stmt_enddate, fixmedins_code } = call.body;
        let last = if stmt_enddate.is_empty() { stmt_date.clone() } else { stmt_enddate.clone() };
        let days_of = (stmt_date.as_str(), last.as_str());
        let institutions = match (principal.institution(), fixmedins_code.is_empty()) {
            (Ok(own), true) => vec![own.to_owned()],
            (Ok(own), false) if own == fixmedins_code => vec![fixmedins_code],
            (Ok(_), false) => return Err(AuthFault::NotAllowed.into()),
            (Err(_), false) => vec![fixmedins_code],
            (Err(_), true) => store::receivable::institutions_of(self.db.read(), days_of).await?,
        };
        let mut days = Vec::new();
        for fixmedins_code in institutions {
            let mut totals = store::receivable::totals(self.db.read(), &fixmedins_code, days_of).await?;
            totals.retain(|key, _| may_see(principal, &key.agency));
            let (stmt_date, stmt_enddate) = (stmt_date.clone(), stmt_enddate.clone());
            days.push(InstitutionDay { fixmedins_code, stmt_date, stmt_enddate, totals });
        }
        Ok(days)
    }

    /// Compares; only totals that agree close the day and open claims.
    pub async fn close_day(&self, call: Call<CloseDay>) -> Result<DayClosing, SettlementError> {
        let Call { meta, body } = call;
        let institution = meta.principal.institution()?.to_owned();
        if body.stmt_date > date_text(meta.now.china_date()) {
            let violations = Violations::of("stmt_date", "must not lie in the future");
            return Err(SettlementError::Invalid(violations));
        }
        // a repeat is answered before identity is asked again
        match self.db.begin::<DayClosing>(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work.cancel().await?,
        }
        let region = self.outside.institution(&institution, meta.now.china_date()).await?.region;
        let work = match self.db.begin::<DayClosing>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let tx = work.tx();
        // nothing is booked between comparing and closing: the institution's bookings hold the same lock
        store::ledger::lock(tx, &region).await?;
        let ours = store::receivable::totals(tx, &institution, (&body.stmt_date, &body.stmt_date)).await?;
        let differences = claim::differences(&ours, &body.totals);
        if store::claim::is_closed(tx, &institution, &body.stmt_date).await? {
            if !differences.is_empty() {
                return Err(Refusal::DayClosed.into());
            }
            let claims = store::claim::of_day(tx, &institution, &body.stmt_date).await?;
            return Ok(work.commit(DayClosing { flat: true, differences, claims }).await?);
        }
        if !differences.is_empty() {
            let closing = DayClosing { flat: false, differences, claims: Vec::new() };
            return Ok(work.commit(closing).await?);
        }
        store::claim::close_day(tx, &institution, &body.stmt_date, meta.now).await?;
        let mut claims = Vec::new();
        for (agency, claimed) in claim::claims(&ours) {
            let claim = self.applied(&institution, agency, &body.stmt_date, claimed);
            store::claim::insert(tx, &claim, meta.now).await?;
            claims.push(claim);
        }
        Ok(work.commit(DayClosing { flat: true, differences, claims }).await?)
    }

    fn applied(&self, institution: &str, agency: String, stmt_date: &str, claimed: Fen) -> Claim {
        Claim {
            claim_id: self.ids.next("clm"),
            fixmedins_code: institution.to_owned(),
            agency,
            stmt_date: stmt_date.to_owned(),
            state: ClaimState::Applied,
            claimed,
            deducted: Fen::ZERO,
            paid: Fen::ZERO,
            deduction_reason: String::new(),
        }
    }

    /// The agency approves, maybe less than claimed.
    pub async fn review_claim(&self, call: Call<Review>) -> Result<Claim, SettlementError> {
        let work = match self.db.begin::<Claim>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(claim) => return Ok(claim),
        };
        let mut claim =
            owed_by(&call.meta.principal, store::claim::find(work.tx(), &call.body.claim_id).await?)?;
        let was = (claim.state, claim.paid);
        claim.review(call.body.deducted, &call.body.reason).map_err(refused)?;
        cut(work.tx(), &claim, &call.body.lines).await?;
        store::claim::save(work.tx(), &claim, was, "").await?;
        Ok(work.commit(claim).await?)
    }

    /// The agency pays, whole or a part; with the last part the receivable closes.
    pub async fn pay_claim(&self, call: Call<PayClaim>) -> Result<Claim, SettlementError> {
        let now = call.meta.now;
        let work = match self.db.begin::<Claim>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(claim) => return Ok(claim),
        };
        let tx = work.tx();
        let mut claim = owed_by(&call.meta.principal, store::claim::find(tx, &call.body.claim_id).await?)?;
        let was = (claim.state, claim.paid);
        let paying = claim.pay(call.body.amount).map_err(refused)?;
        store::claim::save(tx, &claim, was, &call.body.bank_reference).await?;
        let institution = &claim.fixmedins_code;
        // the clearing agency of a region goes by the region's code
        let mut head = store::ledger::lock(tx, &claim.agency).await?;
        let bank_reference = &call.body.bank_reference;
        let payment_no = store::claim_line::insert_payment(tx, &claim, paying, bank_reference, now).await?;
        let reference = claim::payment_reference(&claim.claim_id, payment_no);
        let cut = if paying.closes { claim.deducted } else { Fen::ZERO };
        let draft = ledger::claim_payment(&reference, institution, paying.amount + cut, cut, now)?;
        head.append(tx, &self.ids, &claim.agency, draft).await?;
        head.store(tx).await?;
        if paying.closes {
            store::receivable::close(tx, institution, &claim.agency, &claim.stmt_date).await?;
        }
        Ok(work.commit(claim).await?)
    }

    /// Claims of the institution, or those the agency owes, or all for a supervisor of the region.
    pub async fn list_claims(&self, call: Call<Option<ClaimState>>) -> Result<Vec<Claim>, SettlementError> {
        let principal = &call.meta.principal;
        let institution = principal.institution().unwrap_or_default();
        let state = call.body.map_or("", ClaimState::as_str);
        store::claim::list(self.db.read(), institution, state, agencies(principal)).await
    }

    /// Open receivables by age; an agency sees its own debts.
    pub async fn list_receivables(
        &self,
        call: Call<ReceivableQuery>,
    ) -> Result<ReceivablePage, SettlementError> {
        let principal = &call.meta.principal;
        let ReceivableQuery { fixmedins_code, debtor, size } = call.body;
        let side = match principal.institution() {
            Ok(own) => Side::Creditor(own),
            Err(_) => Side::Debtor([&principal.subject, &principal.region]),
        };
        let today = Timestamp::start_of(call.meta.now.china_date());
        let ages = [30, 60, 90].map(|days| today.plus_seconds(-days * 86_400));
        let after = (fixmedins_code.as_str(), debtor.as_str());
        let mut rows = store::receivable::open(self.db.read(), side, after, ages, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        Ok(ReceivablePage { rows, more })
    }
}

/// Institutions were filtered by their code; agencies see their own debts, supervisors their region.
fn may_see(principal: &Principal, agency: &str) -> bool {
    agencies(principal).is_none_or(|own| !agency.is_empty() && own.contains(&agency))
}

/// The names of the agencies whose claims the caller sees; `None` for all.
fn agencies(principal: &Principal) -> Option<[&str; 2]> {
    match principal.kind {
        PrincipalKind::Agency => Some([&principal.subject, &principal.region]),
        PrincipalKind::Supervisor if !principal.region.is_empty() => Some([&principal.region; 2]),
        _ => None,
    }
}

/// A claim of another agency does not exist for the caller.
fn owed_by(principal: &Principal, found: Option<Claim>) -> Result<Claim, SettlementError> {
    let own = found.filter(|claim| is_agency(principal, &claim.agency));
    own.ok_or_else(|| Refusal::ClaimNotFound.into())
}

pub(super) fn refused(refusal: ClaimRefusal) -> SettlementError {
    match refusal {
        ClaimRefusal::State(state) => SettlementError::in_state(Refusal::ClaimState, state.as_str()),
        ClaimRefusal::DeductionTooLarge => Refusal::DeductionTooLarge.into(),
        ClaimRefusal::PaymentTooLarge => Refusal::ClaimPaymentTooLarge.into(),
    }
}
