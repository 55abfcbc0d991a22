//! A calculation of the centre against the identities and against ours (`domain.md` §3.4: checked on every response).

use liufang_kernel::region::MutualAidConvention;
use liufang_kernel::{Fen, Ratio};

use super::identities::{BrokenIdentity, hold, sums};
use super::line::SettledLine;
use super::totals::{Totals, field};

/// What the centre says a settlement is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calculation {
    /// Without outside fees: the centre knows none.
    pub totals: Totals,
    /// `detlcutinfo`; empty where the centre tells totals alone.
    pub lines: Vec<SettledLine>,
}

/// Why a calculation is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It contradicts itself.
    #[error(transparent)]
    Broken(#[from] BrokenIdentity),
    /// It is sound, and another than ours: the first national field that differs.
    #[error("{0} differs")]
    Differs(&'static str),
}

/// Checks `theirs` for itself and against what was asked for.
///
/// # Errors
/// The first identity that does not hold, or the first field that differs.
pub fn check_answer(
    ours: &Totals,
    lines: &[SettledLine],
    theirs: &Calculation,
    convention: MutualAidConvention,
) -> Result<(), Mismatch> {
    identities(lines, theirs, convention)?;
    for (field, ours, theirs) in fields(ours, &theirs.totals) {
        if ours != theirs {
            return Err(Mismatch::Differs(field));
        }
    }
    let pairs = lines.iter().zip(&theirs.lines);
    let parts = |line: &SettledLine| [line.full_selfpay, line.over_limit, line.first_selfpay, line.in_scope];
    match pairs.clone().all(|(ours, theirs)| parts(ours) == parts(theirs)) {
        true => Ok(()),
        false => Err(Mismatch::Differs("detlcutinfo")),
    }
}

fn identities(
    asked: &[SettledLine],
    theirs: &Calculation,
    convention: MutualAidConvention,
) -> Result<(), BrokenIdentity> {
    let t = &theirs.totals;
    if !theirs.lines.is_empty() {
        hold("I1", t.medical == theirs.lines.iter().map(|line| line.amount).sum())?;
        hold("I2", theirs.lines.len() == asked.len())?;
    }
    for (line, asked) in theirs.lines.iter().zip(asked) {
        // price × quantity is ours to say: both went with the request
        hold("I2", line.line_no == asked.line_no && line.amount == asked.amount)?;
        let parts = [line.full_selfpay, line.over_limit, line.first_selfpay, line.in_scope];
        hold("I3", line.amount == parts.iter().sum())?;
        hold("I10", parts.iter().all(|part| *part >= Fen::ZERO))?;
    }
    sums(t, convention)?;
    single_ratio(t)?;
    hold("I9", t.balance.is_none_or(|left| left >= Fen::ZERO))
}

/// I8, with the payable limit of the fund where it names one.
fn single_ratio(t: &Totals) -> Result<(), BrokenIdentity> {
    let (Ok(ratio), [row]) = (t.fund_ratio.parse::<Ratio>(), t.funds.as_slice()) else { return Ok(()) };
    let share = ratio.of(t.in_scope - t.deductible);
    hold("I8", row.paid == row.limit.map_or(share, |limit| share.min(limit)))
}

/// Name, ours, theirs. The balance is not among them: the account may have moved elsewhere since the quote.
fn fields<'t>(ours: &'t Totals, theirs: &'t Totals) -> impl Iterator<Item = (&'static str, Fen, Fen)> + 't {
    let funds = ours.amounts();
    let of_funds = theirs.amounts();
    let funds =
        funds.iter().zip(of_funds.iter()).map(|((fund, ours), (_, theirs))| (field(fund), ours, theirs));
    let funds: Vec<_> = funds.collect();
    [
        ("medfee_sumamt", ours.medical, theirs.medical),
        ("fulamt_ownpay_amt", ours.full_selfpay, theirs.full_selfpay),
        ("overlmt_selfpay", ours.over_limit, theirs.over_limit),
        ("preselfpay_amt", ours.first_selfpay, theirs.first_selfpay),
        ("inscp_scp_amt", ours.in_scope, theirs.in_scope),
        ("act_pay_dedc", ours.deductible, theirs.deductible),
        ("fund_pay_sumamt", ours.fund, theirs.fund),
        ("hosp_part_amt", ours.institution, theirs.institution),
        ("psn_part_amt", ours.personal, theirs.personal),
        ("acct_pay", ours.account, theirs.account),
        ("acct_mulaid_pay", ours.mutual_aid, theirs.mutual_aid),
        ("psn_cash_pay", ours.cash, theirs.cash),
    ]
    .into_iter()
    .chain(funds)
}

/// Whether `theirs` is the negative of what was settled.
pub fn mirrors(ours: &Totals, theirs: &Totals) -> bool {
    fields(ours, theirs).all(|(_, ours, theirs)| ours == -theirs)
}

#[cfg(test)]
mod tests {
    use liufang_kernel::region::Fund;

    use super::super::totals::FundRow;
    use super::*;

    fn line(line_no: i32, in_scope: i64, full: i64) -> SettledLine {
        SettledLine {
            line_no,
            amount: Fen(in_scope + full),
            full_selfpay: Fen(full),
            over_limit: Fen::ZERO,
            first_selfpay: Fen::ZERO,
            in_scope: Fen(in_scope),
            explanations: Vec::new(),
        }
    }

    fn sound() -> Calculation {
        let totals = Totals {
            medical: Fen(1000),
            full_selfpay: Fen(100),
            in_scope: Fen(900),
            deductible: Fen(300),
            basic_fund: Fen(480),
            fund_ratio: "0.8".into(),
            fund: Fen(480),
            personal: Fen(520),
            account: Fen(400),
            mutual_aid: Fen(100),
            cash: Fen(120),
            balance: Some(Fen(0)),
            funds: vec![FundRow { fund: Fund::Basic, base: Fen(600), limit: None, paid: Fen(480) }],
            ..Totals::default()
        };
        Calculation { totals, lines: vec![line(1, 600, 0), line(2, 300, 100)] }
    }

    fn checked(bend: impl FnOnce(&mut Calculation)) -> Result<(), Mismatch> {
        let ours = sound();
        let mut theirs = sound();
        bend(&mut theirs);
        check_answer(&ours.totals, &ours.lines, &theirs, MutualAidConvention::Inside)
    }

    #[test]
    fn what_agrees_is_believed() {
        assert_eq!(checked(|_| ()), Ok(()));
        assert_eq!(checked(|c| c.lines.clear()), Ok(()), "totals alone are enough");
        assert_eq!(checked(|c| c.totals.balance = Some(Fen(77))), Ok(()), "the account moved elsewhere");
        assert_eq!(checked(|c| c.totals.balance = None), Ok(()));
    }

    /// One bend an identity; each is caught under its own name.
    #[test]
    fn every_identity_is_looked_at() {
        let broken = |name| Err(Mismatch::Broken(BrokenIdentity(name)));
        assert_eq!(checked(|c| c.lines = vec![line(1, 599, 0), line(2, 301, 100)]), broken("I2"));
        assert_eq!(checked(|c| c.totals.medical += Fen(1)), broken("I1"));
        assert_eq!(checked(|c| c.lines.truncate(1)), broken("I1"));
        assert_eq!(checked(|c| c.lines[0].line_no = 7), broken("I2"));
        assert_eq!(checked(|c| c.lines[0].in_scope -= Fen(1)), broken("I3"));
        assert_eq!(checked(|c| c.totals.full_selfpay += Fen(1)), broken("I4"));
        assert_eq!(checked(|c| c.totals.assistance_fund += Fen(1)), broken("I5"));
        assert_eq!(checked(|c| c.totals.funds[0].paid -= Fen(1)), broken("I5"));
        assert_eq!(checked(|c| c.totals.institution += Fen(1)), broken("I6"));
        assert_eq!(checked(|c| c.totals.cash += Fen(1)), broken("I7b"));
        assert_eq!(checked(|c| c.totals.fund_ratio = "0.7".into()), broken("I8"));
        assert_eq!(checked(|c| c.totals.balance = Some(Fen(-1))), broken("I9"));
        assert_eq!(checked(|c| c.totals.deductible = Fen(901)), broken("I10"));
        let apart = check_answer(&sound().totals, &[], &sound(), MutualAidConvention::Separate);
        assert_eq!(apart, broken("I2"), "lines that nobody asked for");
        let totals = Calculation { lines: Vec::new(), ..sound() };
        let apart = check_answer(&sound().totals, &[], &totals, MutualAidConvention::Separate);
        assert_eq!(apart, broken("I7a"));
    }

    #[test]
    fn a_sound_calculation_may_be_another() {
        let differs = |name| Err(Mismatch::Differs(name));
        let less = checked(|c| {
            c.totals.basic_fund -= Fen(1);
            c.totals.fund -= Fen(1);
            c.totals.funds[0].paid -= Fen(1);
            c.totals.fund_ratio.clear();
            c.totals.personal += Fen(1);
            c.totals.cash += Fen(1);
        });
        assert_eq!(less, differs("fund_pay_sumamt"));
        let moved = checked(|c| {
            c.totals.account += Fen(120);
            c.totals.cash -= Fen(120);
        });
        assert_eq!(moved, differs("acct_pay"));
        let other_fund = checked(|c| {
            c.totals.basic_fund = Fen(0);
            c.totals.assistance_fund = Fen(480);
            c.totals.funds[0].fund = Fund::Assistance;
        });
        assert_eq!(other_fund, differs("hifp_pay"));
        let cut = checked(|c| c.lines = vec![line(1, 500, 100), line(2, 400, 0)]);
        assert_eq!(cut, differs("detlcutinfo"));
    }

    #[test]
    fn a_reversal_is_the_negative() {
        let ours = sound().totals;
        let mut back = Totals {
            medical: -ours.medical,
            full_selfpay: -ours.full_selfpay,
            in_scope: -ours.in_scope,
            deductible: -ours.deductible,
            basic_fund: -ours.basic_fund,
            fund: -ours.fund,
            personal: -ours.personal,
            account: -ours.account,
            mutual_aid: -ours.mutual_aid,
            cash: -ours.cash,
            ..Totals::default()
        };
        assert!(mirrors(&ours, &back));
        back.cash += Fen(1);
        assert!(!mirrors(&ours, &back));
    }
}
