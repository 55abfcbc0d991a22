//! A channel's statement against what it owes an institution: what is paid out, what nobody can name, what is booked.

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::{Fen, Timestamp};
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Draft, Entry, Linked, TransferKind, Unbalanced};
use super::reconcile::{Book, Difference, Line, OutOfOrder, reconcile};
use super::statement::StatementLine;

/// Number of the payment at the channel, number of the refund or nothing.
pub type LineKey = (String, String);

/// Something a channel owes, or is owed: a captured payment or a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub payment_id: String,
    /// Number of the partial return; 0 for the payment and for a return of everything at once.
    pub part_no: i64,
    pub refund: bool,
    pub number: String,
    /// Empty on a payment.
    pub refund_no: String,
    /// Negative on a refund.
    pub amount: Fen,
}

impl Owed {
    fn key(&self) -> LineKey {
        (self.number.clone(), self.refund_no.clone())
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFate {
    /// It says what our books say: the receivable closes.
    Booked,
    /// The money moved and nobody can name it yet.
    Suspended,
    /// Taken and given back, and our books never had it: nothing together.
    Returned,
    /// A fee and nothing else.
    FeeAlone,
}

impl LineFate {
    pub fn as_str(self) -> &'static str {
        match self {
            LineFate::Booked => "booked",
            LineFate::Suspended => "suspended",
            LineFate::Returned => "returned",
            LineFate::FeeAlone => "fee",
        }
    }
}

/// A statement, sorted out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// In the order of the statement.
    pub lines: Vec<(StatementLine, LineFate)>,
    /// What closes with it.
    pub closed: Vec<Owed>,
    /// Lines of earlier statements that can be named now.
    pub cleared: Vec<(StatementLine, Owed)>,
    /// Lines of earlier statements whose money is known to have gone back now.
    pub returned: Vec<StatementLine>,
    pub differences: Vec<NamedDifference>,
}

/// A difference between our books and another's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDifference {
    /// `channel` or `institution`.
    pub with: String,
    /// 101 we have more, 102 they have more, 103 amounts differ.
    pub result: String,
    pub number: String,
    pub refund_no: String,
    pub ours: Option<Fen>,
    pub theirs: Option<Fen>,
}

impl NamedDifference {
    fn of(difference: Difference<LineKey, Fen>) -> NamedDifference {
        let with = match difference.with {
            Book::Institution => "institution",
            Book::Outside | Book::Own => "channel",
        };
        NamedDifference {
            with: with.to_owned(),
            result: difference.kind().stmt_rslt().to_owned(),
            number: difference.key.0,
            refund_no: difference.key.1,
            ours: difference.ours,
            theirs: difference.theirs,
        }
    }
}

/// Compares a statement with what the channel owes by our books (`ours`: what the statement names, and everything of its
/// day), with the institution's own lines when it hands them in, and looks whether an earlier line, that nobody could name, is
/// among `ours` now. A payment that ended without being booked stands in statements as taken and as given back; both together
/// are nothing, and no difference.
///
/// # Errors
/// [`OutOfOrder`] when a book names something twice.
pub fn sort_out(
    statement: Vec<StatementLine>,
    ours: &[Owed],
    institution: Option<BTreeMap<LineKey, Fen>>,
    earlier: Vec<StatementLine>,
) -> Result<Sorted, OutOfOrder> {
    let own: BTreeMap<LineKey, &Owed> = ours.iter().map(|owed| (owed.key(), owed)).collect();
    if own.len() != ours.len() {
        return Err(OutOfOrder(Book::Own));
    }
    let nothing = nothing(statement.iter().chain(&earlier), ours);
    let (mut cleared, mut returned) = (Vec::new(), Vec::new());
    for line in earlier {
        if nothing.contains(&line.number) {
            returned.push(line);
            continue;
        }
        let owed = own.get(&(line.number.clone(), line.refund_no.clone()));
        if let Some(owed) = owed.filter(|owed| owed.amount == line.amount) {
            cleared.push((line, (*owed).clone()));
        }
    }
    // what was paid out with an earlier statement is no line of this one
    let settled: BTreeSet<LineKey> = cleared.iter().map(|(_, owed)| owed.key()).collect();
    let own: BTreeMap<LineKey, &Owed> = own.into_iter().filter(|(key, _)| !settled.contains(key)).collect();
    let moved = statement.iter().filter(|line| !line.amount.is_zero() && !nothing.contains(&line.number));
    let outside =
        moved.map(|line| Line { key: (line.number.clone(), line.refund_no.clone()), says: line.amount });
    let book = own.iter().map(|(key, owed)| Line { key: key.clone(), says: owed.amount });
    let theirs = institution.map(|lines| {
        let told = lines.into_iter().filter(|((number, _), _)| !nothing.contains(number));
        told.map(|(key, says)| Line { key, says })
    });
    let differences = reconcile(Some(outside), book, theirs)?.differences;
    let mut lines = Vec::with_capacity(statement.len());
    let mut closed = Vec::new();
    for line in statement {
        let owed = own.get(&(line.number.clone(), line.refund_no.clone()));
        let fate = match owed.filter(|owed| owed.amount == line.amount) {
            _ if line.amount.is_zero() => LineFate::FeeAlone,
            Some(owed) => {
                closed.push((*owed).clone());
                LineFate::Booked
            }
            None if nothing.contains(&line.number) => LineFate::Returned,
            None => LineFate::Suspended,
        };
        lines.push((line, fate));
    }
    let differences = differences.into_iter().map(NamedDifference::of).collect();
    Ok(Sorted { lines, closed, cleared, returned, differences })
}

/// Numbers that our books owe nothing of, and whose money was taken and went back.
fn nothing<'a>(lines: impl Iterator<Item = &'a StatementLine>, ours: &[Owed]) -> BTreeSet<String> {
    let known: BTreeSet<&str> = ours.iter().map(|owed| owed.number.as_str()).collect();
    let mut moved: BTreeMap<&str, Vec<Fen>> = BTreeMap::new();
    for line in lines.filter(|line| !known.contains(line.number.as_str()) && !line.amount.is_zero()) {
        moved.entry(&line.number).or_default().push(line.amount);
    }
    let gone = moved.into_iter().filter(|(_, amounts)| amounts.iter().copied().sum::<Fen>().is_zero());
    gone.map(|(number, _)| number.to_owned()).collect()
}

/// Amounts and fees of some lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub count: i64,
    pub amount: Fen,
    pub fee: Fen,
}

impl std::ops::Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        Sum { count: self.count + other.count, amount: self.amount + other.amount, fee: self.fee + other.fee }
    }
}

impl Sorted {
    pub fn sum(&self, fate: LineFate) -> Sum {
        let of = self.lines.iter().filter(|(_, own)| *own == fate);
        of.fold(Sum::default(), |sum, (line, _)| Sum {
            count: sum.count + 1,
            amount: sum.amount + line.amount,
            fee: sum.fee + line.fee,
        })
    }

    /// What earlier lines amount to that can be named now; their fees were booked with them.
    pub fn cleared_sum(&self) -> Fen {
        self.cleared.iter().map(|(line, _)| line.amount).sum()
    }

    /// The set of transfers that books it: money in the bank and the fee against the receivable, or against suspense.
    ///
    /// # Errors
    /// Never; asserted all the same.
    pub fn booking(
        &self,
        statement_id: &str,
        (channel, institution): (&str, &str),
        at: Timestamp,
    ) -> Result<Linked, Unbalanced> {
        let entry = |account: Account, amount: Fen| Entry { account, amount };
        let (bank, fee) = (Account::bank(institution), Account::fee(channel, institution));
        let owed = Account::channel_receivable(channel, institution);
        let parked = Account::suspense(channel, institution);
        let paid_out = |kind, sum: Sum, against: &Account| {
            let entries = vec![
                entry(bank.clone(), sum.amount - sum.fee),
                entry(fee.clone(), sum.fee),
                entry(against.clone(), -sum.amount),
            ];
            Draft::new(kind, statement_id, entries, at)
        };
        let cleared = self.cleared_sum();
        // where the way back is in another statement than the way there, suspense holds the money meanwhile
        let unnamed = self.sum(LineFate::Suspended) + self.sum(LineFate::Returned);
        let named = vec![entry(parked.clone(), cleared), entry(owed.clone(), -cleared)];
        let drafts = vec![
            paid_out(TransferKind::ChannelPayout, self.sum(LineFate::Booked), &owed)?,
            paid_out(TransferKind::SuspenseIn, unnamed, &parked)?,
            paid_out(TransferKind::ChannelFee, self.sum(LineFate::FeeAlone), &parked)?,
            Draft::new(TransferKind::SuspenseOut, statement_id, named, at)?,
        ];
        Ok(Linked::new(statement_id, drafts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, refund_no: &str, amount: i64, fee: i64) -> StatementLine {
        StatementLine {
            number: number.into(),
            refund_no: refund_no.into(),
            amount: Fen(amount),
            fee: Fen(fee),
        }
    }

    fn owed(number: &str, refund_no: &str, amount: i64) -> Owed {
        Owed {
            payment_id: format!("pay_{number}"),
            part_no: 0,
            refund: !refund_no.is_empty(),
            number: number.into(),
            refund_no: refund_no.into(),
            amount: Fen(amount),
        }
    }

    fn told(sorted: &Sorted) -> Vec<(&str, &str, &str)> {
        let rows = sorted.differences.iter();
        rows.map(|row| (row.with.as_str(), row.result.as_str(), row.number.as_str())).collect()
    }

    #[test]
    fn only_what_agrees_is_paid_out() {
        let statement = vec![
            line("A", "", 1_000, 6),
            line("A", "R1", -400, -2),
            line("B", "", 500, 3),
            line("D", "", 700, 4),
            line("F", "", 0, 9),
        ];
        let ours = [owed("A", "", 1_000), owed("A", "R1", -400), owed("B", "", 501), owed("C", "", 300)];
        let theirs = [("A", "", 1_000), ("A", "R1", -400), ("B", "", 500)];
        let theirs = theirs.map(|(number, refund, fen)| ((number.into(), refund.into()), Fen(fen)));
        let sorted = sort_out(statement, &ours, Some(theirs.into()), vec![]).unwrap();
        let fates: Vec<&str> = sorted.lines.iter().map(|(_, fate)| fate.as_str()).collect();
        assert_eq!(fates, ["booked", "booked", "suspended", "suspended", "fee"]);
        assert_eq!(
            told(&sorted),
            [
                ("channel", "103", "B"),
                ("institution", "103", "B"),
                ("channel", "101", "C"),
                ("institution", "101", "C"),
                ("channel", "102", "D")
            ]
        );
        assert_eq!(sorted.closed, ours[..2]);
        assert_eq!(sorted.sum(LineFate::Booked), Sum { count: 2, amount: Fen(600), fee: Fen(4) });
        let set = sorted.booking("stm_1", ("wechat", "P1"), Timestamp(1)).unwrap();
        let mut moved: BTreeMap<&str, i64> = BTreeMap::new();
        for entry in set.drafts().iter().flat_map(Draft::entries) {
            *moved.entry(entry.account.as_str()).or_default() += entry.amount.0;
        }
        let expected = [
            ("bank:P1", 600 - 4 + 1_200 - 7 - 9),
            ("fee:wechat:P1", 4 + 7 + 9),
            ("receivable:channel:wechat:P1", -600),
            ("suspense:wechat:P1", -1_200),
        ];
        assert_eq!(moved, BTreeMap::from(expected));
        assert_eq!(set.drafts().len(), 3);
    }

    #[test]
    fn what_was_taken_and_given_back_and_never_booked_is_nothing() {
        let gone = [line("X", "", 900, 5), line("X", "RFX", -900, -5)];
        let strange = [line("Y", "", 300, 1), line("Y", "RFY", -200, 0), line("Z", "RFZ", -100, 0)];
        let statement: Vec<_> = gone.iter().chain(&strange).cloned().collect();
        let own = [("X", ""), ("X", "RFX")].map(|(number, refund)| (number.into(), refund.into()));
        let own = own.into_iter().zip([Fen(900), Fen(-900)]).collect();
        let sorted = sort_out(statement, &[], Some(own), vec![]).unwrap();
        let fates: Vec<&str> = sorted.lines.iter().map(|(_, fate)| fate.as_str()).collect();
        assert_eq!(fates, ["returned", "returned", "suspended", "suspended", "suspended"]);
        assert!(told(&sorted).iter().all(|(_, result, number)| *result == "102" && *number != "X"));
        assert_eq!(sorted.sum(LineFate::Returned), Sum { count: 2, amount: Fen(0), fee: Fen(0) });

        // the way back a day later
        let first = sort_out(gone[..1].to_vec(), &[], None, vec![]).unwrap();
        assert_eq!((first.lines[0].1, told(&first)), (LineFate::Suspended, vec![("channel", "102", "X")]));
        let next = sort_out(gone[1..].to_vec(), &[], None, gone[..1].to_vec()).unwrap();
        assert_eq!((next.lines[0].1, told(&next)), (LineFate::Returned, vec![]));
        assert_eq!((next.returned.as_slice(), next.cleared.len()), (&gone[..1], 0));
        let kept = [first, next].map(|sorted| {
            let set = sorted.booking("stm", ("wechat", "P1"), Timestamp(1)).unwrap();
            let entries = set.drafts().iter().flat_map(Draft::entries);
            let parked = entries.filter(|entry| entry.account.as_str().starts_with("suspense"));
            parked.map(|entry| entry.amount.0).sum::<i64>()
        });
        assert_eq!(kept, [-900, 900]);

        // our books have it with another amount: that is told, whatever went back
        let sorted = sort_out(gone.to_vec(), &[owed("X", "", 901)], None, vec![]).unwrap();
        assert_eq!(told(&sorted), [("channel", "103", "X"), ("channel", "102", "X")]);
    }

    #[test]
    fn a_fee_alone_is_no_money_that_went_back() {
        let statement = vec![line("F", "", 0, 9)];
        let theirs = BTreeMap::from([(("F".to_owned(), String::new()), Fen(300))]);
        let sorted = sort_out(statement, &[], Some(theirs), vec![]).unwrap();
        assert_eq!(told(&sorted), [("institution", "102", "F")]);
    }

    #[test]
    fn sums_are_added_up() {
        let sum = |count, amount, fee| Sum { count, amount: Fen(amount), fee: Fen(fee) };
        assert_eq!(sum(2, 300, 5) + sum(3, 1_000, 11), sum(5, 1_300, 16));
    }

    #[test]
    fn an_earlier_line_is_named_when_our_books_have_it() {
        let earlier = vec![line("A", "", 500, 3), line("B", "", 600, 3)];
        let sorted = sort_out(vec![], &[owed("A", "", 500), owed("B", "", 601)], None, earlier).unwrap();
        assert_eq!(sorted.cleared.iter().map(|(line, _)| line.number.as_str()).collect::<Vec<_>>(), ["A"]);
        assert_eq!(told(&sorted), [("channel", "101", "B")], "what is named now is no difference");
        let set = sorted.booking("stm_2", ("wechat", "P1"), Timestamp(1)).unwrap();
        let entries: Vec<(&str, i64)> =
            set.drafts()[0].entries().iter().map(|entry| (entry.account.as_str(), entry.amount.0)).collect();
        assert_eq!(entries, [("suspense:wechat:P1", 500), ("receivable:channel:wechat:P1", -500)]);
    }
}
