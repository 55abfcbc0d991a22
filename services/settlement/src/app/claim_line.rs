//! Lines of a claim: what the agency cuts of them, what the institution says to it.

use liufang_kernel::Fen;
use liufang_platform::{Begun, Call};
use sea_orm::ConnectionTrait;

use crate::app::claim::refused;
use crate::app::{App, is_agency};
use crate::domain::claim::Claim;
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::claim_line::ClaimLine;

/// What is cut of one line.
#[derive(Clone, Debug)]
pub struct Deduction {
    pub payment_id: String,
    pub refund: bool,
    pub deducted: Fen,
    pub reason: String,
}

/// Objections to cuts.
#[derive(Clone, Debug)]
pub struct Appeal {
    pub claim_id: String,
    pub lines: Vec<Objection>,
}

#[derive(Clone, Debug)]
pub struct Objection {
    /// Empty: the cut of the claim as a whole.
    pub payment_id: String,
    pub refund: bool,
    pub text: String,
}

/// Which lines: those of a claim after one.
#[derive(Clone, Debug)]
pub struct LineQuery {
    pub claim_id: String,
    pub after: (String, bool),
    pub size: i64,
}

/// A page of lines.
pub struct LinePage {
    pub lines: Vec<ClaimLine>,
    pub more: bool,
}

/// Writes what a review cuts, line by line, or of the claim as a whole; what an earlier review cut is over.
pub(super) async fn cut(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    lines: &[Deduction],
) -> Result<(), SettlementError> {
    store::claim_line::uncut(conn, &claim.claim_id).await?;
    for line in lines {
        let amount = store::claim_line::amount(conn, claim, &line.payment_id, line.refund).await?;
        let amount = amount.ok_or(Refusal::ClaimLineNotFound)?;
        if line.deducted > amount.or_zero() {
            return Err(Refusal::DeductionTooLarge.into());
        }
        store::claim_line::cut(conn, &claim.claim_id, line).await?;
    }
    if lines.is_empty() && !claim.deducted.is_zero() {
        let whole = Deduction {
            payment_id: String::new(),
            refund: false,
            deducted: claim.deducted,
            reason: claim.deduction_reason.clone(),
        };
        store::claim_line::cut(conn, &claim.claim_id, &whole).await?;
    }
    Ok(())
}

impl App {
    /// The institution objects; the agency reviews once more.
    pub async fn appeal_claim(&self, call: Call<Appeal>) -> Result<Claim, SettlementError> {
        let institution = call.meta.principal.institution()?.to_owned();
        let work = match self.db.begin::<Claim>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(claim) => return Ok(claim),
        };
        let found = store::claim::find(work.tx(), &call.body.claim_id).await?;
        let own = found.filter(|claim| claim.fixmedins_code == institution);
        let mut claim = own.ok_or(Refusal::ClaimNotFound)?;
        let was = (claim.state, claim.paid);
        claim.appeal().map_err(refused)?;
        for line in &call.body.lines {
            if !store::claim_line::appeal(work.tx(), &claim.claim_id, line).await? {
                return Err(Refusal::ClaimLineNotFound.into());
            }
        }
        store::claim::save(work.tx(), &claim, was, "").await?;
        Ok(work.commit(claim).await?)
    }

    /// The lines of a claim, to both sides of it.
    pub async fn list_claim_lines(&self, call: Call<LineQuery>) -> Result<LinePage, SettlementError> {
        let principal = &call.meta.principal;
        let LineQuery { claim_id, after, size } = call.body;
        let found = store::claim::find(self.db.read(), &claim_id).await?;
        let own = found.filter(|claim| {
            principal.institution().is_ok_and(|own| own == claim.fixmedins_code)
                || is_agency(principal, &claim.agency)
        });
        let claim = own.ok_or(Refusal::ClaimNotFound)?;
        let after = (after.0.as_str(), after.1);
        let mut lines = store::claim_line::list(self.db.read(), &claim, after, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = lines.len() > size;
        lines.truncate(size);
        Ok(LinePage { lines, more })
    }
}
