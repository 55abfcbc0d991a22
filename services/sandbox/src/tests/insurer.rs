//! The centre's books: settlements, years and accounts, and what the dials do to them.

use super::*;
use crate::domain::insurer::tests::claim;
use crate::domain::insurer::{Claim, OPENING, YearSum};

const PERSON: &str = "per_1";

fn second() -> Claim {
    Claim { msgid: "P13030200001202611221200000002".to_owned(), ..claim() }
}

impl House {
    async fn settle(&self, claim: Claim) -> Settled {
        self.app.settle(claim, PERSON).await.unwrap()
    }

    /// Deductible, scope, fund, account of the year, and the balance.
    async fn year(&self) -> ([i64; 4], i64) {
        let year = self.world.deps.clock.now().china_date().year();
        let book = self.app.year_sums(PERSON, year).await.unwrap();
        let sums = |row: &YearSum| [row.deductible.0, row.scope.0, row.fund.0, row.account.0];
        (book.rows.first().map(sums).unwrap_or_default(), OPENING.0 - book.balance.0)
    }
}

#[tokio::test]
async fn a_message_id_is_one_settlement() {
    let house = House::build().await;
    let msgid = claim().msgid;
    assert_eq!(house.app.query_message(&msgid).await.unwrap(), Settled::NotFound);
    assert_eq!(house.app.reverse("m2", &msgid).await.unwrap(), Settled::NotFound);
    assert_eq!(house.app.revoke("m2", &msgid).await.unwrap(), Settled::NotFound);
    house.dial("InsurerHook/Settle", Dial::LoseAnswer, 1, "").await;
    refused(house.app.settle(claim(), PERSON).await, "OUTSIDE_NO_ANSWER");
    let known = house.app.query_message(&msgid).await.unwrap();
    assert_eq!(house.settle(claim()).await, known);
    let other = Claim { insutype: "390".to_owned(), ..claim() };
    assert!(matches!(house.settle(other).await, Settled::Rejected { .. }));
    assert_eq!(house.year().await, ([150, 900, 600, 300], 300), "once");
    for _ in 0..2 {
        assert!(matches!(house.app.reverse("m3", &msgid).await.unwrap(), Settled::Success { .. }));
    }
    assert_eq!(house.year().await, ([0; 4], 0), "taken back once");
    assert!(matches!(house.settle(claim()).await, Settled::Rejected { .. }), "never again");
}

#[tokio::test]
async fn a_trial_calculates_and_books_nothing() {
    let house = House::build().await;
    let tried = house.app.trial(claim(), PERSON).await.unwrap();
    let Settled::Success { setl_id, answer, .. } = tried else { panic!("refused") };
    assert_eq!((setl_id.as_str(), answer.balc), ("", Some(OPENING - Fen(300))));
    assert_eq!(house.year().await, ([0; 4], 0));
    assert_eq!(house.app.query_message(&claim().msgid).await.unwrap(), Settled::NotFound);
    let mut bent = claim();
    bent.sheet.psn_part_amt += Fen(1);
    let Settled::Rejected { err_msg } = house.app.trial(bent, PERSON).await.unwrap() else {
        panic!("an identity is broken")
    };
    assert!(err_msg.contains("I6"), "{err_msg}");
}

#[tokio::test]
async fn the_centre_may_calculate_otherwise_and_books_that() {
    let house = House::build().await;
    house.dial("InsurerHook/Settle", Dial::WrongAmount, 1, "").await;
    let Settled::Success { answer, .. } = house.settle(claim()).await else { panic!("refused") };
    assert_eq!((answer.fund_pay_sumamt, answer.psn_cash_pay), (Fen(599), Fen(101)));
    assert_eq!(house.year().await, ([150, 900, 599, 300], 300));
    let again = house.settle(claim()).await;
    assert!(
        matches!(again, Settled::Success { answer, .. } if answer.fund_pay_sumamt == Fen(599)),
        "it stays"
    );
    house.app.revoke("m9", &claim().msgid).await.unwrap();
    assert_eq!(house.year().await, ([0; 4], 0));
}

#[tokio::test]
async fn an_account_pays_no_more_than_it_has() {
    let house = House::build().await;
    house.settle(claim()).await;
    let mut dear = second();
    let left = OPENING.0 - 300;
    for amount in [&mut dear.medfee_sumamt, &mut dear.acct_pay] {
        *amount += Fen(left);
    }
    dear.sheet.medfee_sumamt += Fen(left);
    dear.sheet.fulamt_ownpay_amt += Fen(left);
    dear.sheet.psn_part_amt += Fen(left);
    dear.sheet.acct_pay += Fen(left);
    let line = &mut dear.sheet.lines[1];
    (line.pric, line.cnt) = (String::new(), String::new());
    line.det_item_fee_sumamt += Fen(left);
    line.fulamt_ownpay_amt += Fen(left);
    let Settled::Rejected { err_msg } = house.settle(dear).await else { panic!("more than it has") };
    assert!(err_msg.contains("账户"), "{err_msg}");
}

#[tokio::test]
async fn books_come_in_pages() {
    let house = House::build().await;
    for n in 1..=5 {
        house.settle(Claim { msgid: format!("P1303020000120261122120000000{n}"), ..claim() }).await;
    }
    let mut page = Page { after: (0, String::new()), size: 2 };
    let mut seen = Vec::new();
    loop {
        let (rows, more) = house.app.insurer_book(page.clone()).await.unwrap();
        let last = rows.last().unwrap();
        page.after = (last.at.0, last.claim.msgid.clone());
        seen.extend(rows.iter().map(|row| row.claim.msgid.clone()));
        if !more {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    seen.dedup();
    assert_eq!(seen.len(), 5, "each once");
}
