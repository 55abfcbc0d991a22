//! Up to three books of the same facts, compared line by line: an outside party's (the insurer's, a channel's), our own and
//! the institution's (`domain.md` §5.2).
//!
//! Each is a stream of lines in order of their keys, so a comparison needs no more memory than its differences. What is
//! compared besides the key is up to the caller: amounts of a settlement, or one amount of a payment.

use std::fmt;
use std::iter::Peekable;

/// One line of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<K, A> {
    /// By which the books name the same fact; once in a book.
    pub key: K,
    pub says: A,
}

/// Whose book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// The insurer's or the channel's.
    Outside,
    Own,
    Institution,
}

/// What is wrong between our book and another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our line has no counterpart.
    OwnHasMore,
    /// Theirs has none.
    OtherHasMore,
    AmountsDiffer,
}

impl Kind {
    /// The row result of 3202, whose centre 中心 is our side.
    pub fn stmt_rslt(self) -> &'static str {
        match self {
            Kind::OwnHasMore => "101",
            Kind::OtherHasMore => "102",
            Kind::AmountsDiffer => "103",
        }
    }
}

/// One difference between our book and `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<K, A> {
    pub key: K,
    pub with: Book,
    pub ours: Option<A>,
    pub theirs: Option<A>,
}

impl<K, A> Difference<K, A> {
    pub fn kind(&self) -> Kind {
        match (&self.ours, &self.theirs) {
            (_, None) => Kind::OwnHasMore,
            (None, _) => Kind::OtherHasMore,
            (Some(_), Some(_)) => Kind::AmountsDiffer,
        }
    }
}

/// How the books compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<K, A> {
    /// Keys that all books given have, and about which they say the same.
    pub agreed: u64,
    /// By key, the outside party's before the institution's.
    pub differences: Vec<Difference<K, A>>,
}

impl<K, A> Outcome<K, A> {
    pub fn count(&self, kind: Kind) -> u64 {
        self.differences.iter().map(|difference| u64::from(difference.kind() == kind)).sum()
    }
}

/// A book whose lines are not in order, or that has a key twice: it cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder(pub Book);

impl fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lines of book {:?} are out of order", self.0)
    }
}

/// Compares our book with one or two others; `None` is a book nobody handed in.
///
/// # Errors
/// [`OutOfOrder`] names the book; nothing can be said about its lines.
pub fn reconcile<K: Ord + Clone, A: PartialEq + Clone>(
    outside: Option<impl Iterator<Item = Line<K, A>>>,
    own: impl Iterator<Item = Line<K, A>>,
    institution: Option<impl Iterator<Item = Line<K, A>>>,
) -> Result<Outcome<K, A>, OutOfOrder> {
    let mut own = Reader::new(Book::Own, own);
    let mut outside = outside.map(|lines| Reader::new(Book::Outside, lines));
    let mut institution = institution.map(|lines| Reader::new(Book::Institution, lines));
    let mut outcome = Outcome { agreed: 0, differences: Vec::new() };
    loop {
        let heads = [
            own.head(),
            outside.as_mut().and_then(Reader::head),
            institution.as_mut().and_then(Reader::head),
        ];
        let Some(key) = heads.into_iter().flatten().min().cloned() else { return Ok(outcome) };
        let ours = own.take(&key)?;
        let mut agrees = true;
        let mut compare = |with: Book, theirs: Option<A>| {
            if ours != theirs {
                agrees = false;
                let difference = Difference { key: key.clone(), with, ours: ours.clone(), theirs };
                outcome.differences.push(difference);
            }
        };
        if let Some(book) = &mut outside {
            compare(Book::Outside, book.take(&key)?);
        }
        if let Some(book) = &mut institution {
            compare(Book::Institution, book.take(&key)?);
        }
        outcome.agreed += u64::from(agrees);
    }
}

/// A book that is read line by line.
struct Reader<K, A, I: Iterator<Item = Line<K, A>>> {
    book: Book,
    lines: Peekable<I>,
}

impl<K: Ord, A, I: Iterator<Item = Line<K, A>>> Reader<K, A, I> {
    fn new(book: Book, lines: I) -> Reader<K, A, I> {
        Reader { book, lines: lines.peekable() }
    }

    fn head(&mut self) -> Option<&K> {
        self.lines.peek().map(|line| &line.key)
    }

    /// What the book says about `key`, if that is its next line.
    fn take(&mut self, key: &K) -> Result<Option<A>, OutOfOrder> {
        let Some(line) = self.lines.next_if(|line| line.key == *key) else { return Ok(None) };
        match self.lines.peek() {
            Some(next) if next.key <= *key => Err(OutOfOrder(self.book)),
            _ => Ok(Some(line.says)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Few = BTreeMap<u8, i8>;

    fn lines(book: &Few) -> impl Iterator<Item = Line<u8, i8>> {
        book.iter().map(|(key, says)| Line { key: *key, says: *says })
    }

    fn few() -> impl Strategy<Value = Few> {
        prop::collection::btree_map(0_u8..12, 0_i8..3, 0..10)
    }

    proptest! {
        #[test]
        fn every_difference_is_named_once(outside in few(), own in few(), theirs in few(), all in any::<bool>()) {
            let found = reconcile(all.then(|| lines(&outside)), lines(&own), Some(lines(&theirs))).unwrap();
            let mut agreed = 0;
            let mut expected = Vec::new();
            for key in 0..12 {
                let books = [(Book::Outside, &outside), (Book::Institution, &theirs)];
                let books: Vec<_> = books.into_iter().filter(|(book, _)| all || *book != Book::Outside).collect();
                let wrong: Vec<_> = books.iter().filter(|(_, book)| book.get(&key) != own.get(&key)).collect();
                for (with, book) in &wrong {
                    let (ours, theirs) = (own.get(&key).copied(), book.get(&key).copied());
                    expected.push(Difference { key, with: *with, ours, theirs });
                }
                agreed += u64::from(wrong.is_empty() && own.contains_key(&key));
            }
            prop_assert_eq!(found, Outcome { agreed, differences: expected });
        }

        #[test]
        fn a_book_out_of_order_is_not_compared(mut book in few(), at in any::<prop::sample::Index>()) {
            book.insert(1, 1);
            let mut wrong: Vec<Line<u8, i8>> = lines(&book).collect();
            let twice = wrong[at.index(wrong.len())].clone();
            wrong.push(twice);
            let none = None::<std::vec::IntoIter<Line<u8, i8>>>;
            let found = reconcile(none.clone(), lines(&book), Some(wrong.clone().into_iter()));
            prop_assert_eq!(found, Err(OutOfOrder(Book::Institution)));
            prop_assert_eq!(reconcile(none, wrong.into_iter(), Some(lines(&book))), Err(OutOfOrder(Book::Own)));
        }
    }

    #[test]
    fn the_words_of_3202() {
        let book = |pairs: &[(u8, i8)]| pairs.iter().copied().collect::<Few>();
        let (own, theirs) = (book(&[(0, 1), (1, 1), (2, 2), (4, 4)]), book(&[(2, 3), (3, 3), (4, 4)]));
        let none = None::<std::vec::IntoIter<Line<u8, i8>>>;
        let outcome = reconcile(none, lines(&own), Some(lines(&theirs))).unwrap();
        let words: Vec<_> = outcome.differences.iter().map(|row| (row.key, row.kind().stmt_rslt())).collect();
        assert_eq!((outcome.agreed, words), (1, vec![(0, "101"), (1, "101"), (2, "103"), (3, "102")]));
        assert_eq!([Kind::OwnHasMore, Kind::AmountsDiffer].map(|kind| outcome.count(kind)), [2, 1]);
        assert_eq!(OutOfOrder(Book::Own).to_string(), "the lines of book Own are out of order");
    }
}
