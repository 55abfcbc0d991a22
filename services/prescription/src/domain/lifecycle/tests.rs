use expect_test::expect;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn status(state: State) -> Status {
    Status {
        state,
        review: Review::Pending,
        used: Use::Unused,
        doctor: "D1".to_owned(),
        hospital_pharmacist: "HY1".to_owned(),
        pharmacy_pharmacist: String::new(),
        nominee: String::new(),
        holder: String::new(),
        order_id: String::new(),
        valid_until: NOW.plus_days(1),
        claim_until: Timestamp(0),
        revoke_asked: false,
        handed: false,
        opens_at: Timestamp(0),
    }
}

fn nominated() -> Status {
    Status { nominee: "P1".to_owned(), order_id: "O1".to_owned(), ..status(State::Active) }
}

fn held() -> Status {
    Status { holder: "P1".to_owned(), claim_until: NOW.plus_seconds(60), ..nominated() }
}

fn situations() -> Vec<(&'static str, Status)> {
    let passed = Status { review: Review::Passed, ..held() };
    vec![
        ("draft", status(State::Draft)),
        ("reviewed", status(State::Reviewed)),
        ("refused", status(State::Refused)),
        ("active", status(State::Active)),
        ("nominated", nominated()),
        ("held", held()),
        ("unreviewed", Status { claim_until: NOW, ..held() }),
        ("passed", passed.clone()),
        ("partly", Status { used: Use::PartlyUsed, handed: true, ..passed.clone() }),
        ("used", Status { used: Use::Used, handed: true, ..passed.clone() }),
        ("rest", Status { used: Use::PartlyUsed, ..status(State::Active) }),
        ("rest held", Status { used: Use::PartlyUsed, ..held() }),
        (
            "at counter",
            Status { order_id: "ctr_1".to_owned(), used: Use::PartlyUsed, handed: true, ..passed.clone() },
        ),
        ("marked", Status { revoke_asked: true, ..passed }),
        ("late", Status { valid_until: NOW, ..held() }),
        ("expired", status(State::Expired)),
        ("revoked", status(State::Revoked)),
    ]
}

fn operations() -> Vec<Operation> {
    let (p1, o1) = ("P1".to_owned(), "O1".to_owned());
    vec![
        Operation::ReviewDraft { pass: true, pharmacist: "HY1".to_owned() },
        Operation::Upload { trace_matches: true, bad_signatures: vec![] },
        Operation::Revoke { doctor: "D1".to_owned(), when_given_back: false },
        Operation::Revoke { doctor: "D1".to_owned(), when_given_back: true },
        Operation::Nominate { pharmacy: p1.clone(), order_id: o1.clone() },
        Operation::ReleaseNomination { order_id: o1.clone() },
        Operation::Claim { pharmacy: p1.clone(), until: NOW.plus_seconds(60) },
        Operation::ClaimAtCounter { pharmacy: "P2".to_owned(), sale_id: "ctr_2".to_owned(), until: NOW },
        Operation::TakeOver {
            pharmacy: p1.clone(),
            secret_matches: true,
            sale_id: "ctr_1".to_owned(),
            order_id: "O2".to_owned(),
        },
        Operation::RecoverSecret { pharmacy: p1.clone() },
        Operation::GiveBack { pharmacy: p1.clone(), secret_matches: true },
        Operation::Review { pharmacy: p1, secret_matches: true, pass: true, pharmacist: "R1".to_owned() },
        Operation::Dispense { order_id: o1.clone(), secret_matches: true },
        Operation::ReverseDispense { order_id: o1 },
        Operation::Expire,
        Operation::LapseClaim,
    ]
}

fn cell(before: &Status, operation: &Operation) -> String {
    match decide(before, operation, NOW) {
        Ok(next) if next.status == *before => "same".to_owned(),
        Ok(next) => {
            let after = &next.status;
            let holder = if after.is_held() { "+held" } else { "" };
            format!("{}/{}{holder}", after.state.word(), after.review.word())
        }
        Err(refusal) => {
            let text = format!("{refusal:?}");
            format!("!{}", text.split(['(', ' ']).next().unwrap_or_default())
        }
    }
}

/// The published table of `operation × situation`; services/prescription/README.md explains the situations.
#[test]
fn the_whole_table() {
    let mut table = String::new();
    for operation in operations() {
        table.push_str(operation.name());
        table.push('\n');
        for (name, before) in situations() {
            table.push_str(&format!("  {name:<11}{}\n", cell(&before, &operation)));
        }
    }
    expect![[r#"
        ReviewDraft
          draft      REVIEWED/PENDING
          reviewed   !AlreadyReviewed
          refused    !DraftRefused
          active     !AlreadyReviewed
          nominated  !AlreadyReviewed
          held       !AlreadyReviewed
          unreviewed !AlreadyReviewed
          passed     !AlreadyReviewed
          partly     !AlreadyReviewed
          used       !AlreadyReviewed
          rest       !AlreadyReviewed
          rest held  !AlreadyReviewed
          at counter !AlreadyReviewed
          marked     !AlreadyReviewed
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        Upload
          draft      !NotActive
          reviewed   ACTIVE/PENDING
          refused    !DraftRefused
          active     !TraceCodeSpent
          nominated  !TraceCodeSpent
          held       !TraceCodeSpent
          unreviewed !TraceCodeSpent
          passed     !TraceCodeSpent
          partly     !TraceCodeSpent
          used       !TraceCodeSpent
          rest       !TraceCodeSpent
          rest held  !TraceCodeSpent
          at counter !TraceCodeSpent
          marked     !TraceCodeSpent
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        Revoke
          draft      REVOKED/PENDING
          reviewed   REVOKED/PENDING
          refused    !DraftRefused
          active     REVOKED/PENDING
          nominated  REVOKED/PENDING
          held       !Held
          unreviewed !Held
          passed     !Held
          partly     !Used
          used       !Used
          rest       !Used
          rest held  !Used
          at counter !Used
          marked     !Held
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        RevokeWhenGivenBack
          draft      REVOKED/PENDING
          reviewed   REVOKED/PENDING
          refused    !DraftRefused
          active     REVOKED/PENDING
          nominated  REVOKED/PENDING
          held       ACTIVE/PENDING+held
          unreviewed ACTIVE/PENDING+held
          passed     ACTIVE/PASSED+held
          partly     !Used
          used       !Used
          rest       !Used
          rest held  !Used
          at counter !Used
          marked     same
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        Nominate
          draft      !NotActive
          reviewed   !NotActive
          refused    !DraftRefused
          active     ACTIVE/PENDING
          nominated  same
          held       !Held
          unreviewed !Held
          passed     !Held
          partly     !Held
          used       !Used
          rest       ACTIVE/PENDING
          rest held  !Held
          at counter !Held
          marked     !Held
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        ReleaseNomination
          draft      same
          reviewed   same
          refused    same
          active     same
          nominated  ACTIVE/PENDING
          held       ACTIVE/PENDING
          unreviewed ACTIVE/PENDING
          passed     ACTIVE/PENDING
          partly     !Used
          used       !Used
          rest       same
          rest held  ACTIVE/PENDING
          at counter same
          marked     REVOKED/PENDING
          late       ACTIVE/PENDING
          expired    same
          revoked    same
        Claim
          draft      !TokenInvalid
          reviewed   !TokenInvalid
          refused    !TokenInvalid
          active     !TokenInvalid
          nominated  ACTIVE/PENDING+held
          held       !Held
          unreviewed !Held
          passed     !Held
          partly     !Held
          used       !Held
          rest       !TokenInvalid
          rest held  !Held
          at counter !Held
          marked     !Held
          late       !Expired
          expired    !TokenInvalid
          revoked    !TokenInvalid
        ClaimAtCounter
          draft      !NotActive
          reviewed   !NotActive
          refused    !DraftRefused
          active     ACTIVE/PENDING+held
          nominated  ACTIVE/PENDING+held
          held       !Held
          unreviewed !Held
          passed     !Held
          partly     !Held
          used       !Used
          rest       ACTIVE/PENDING+held
          rest held  !Held
          at counter !Held
          marked     !Held
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        TakeOverSale
          draft      !NotHeld
          reviewed   !NotHeld
          refused    !DraftRefused
          active     !NotHeld
          nominated  !NotHeld
          held       !OtherOrder
          unreviewed !OtherOrder
          passed     !OtherOrder
          partly     !OtherOrder
          used       !OtherOrder
          rest       !NotHeld
          rest held  !OtherOrder
          at counter !Used
          marked     !OtherOrder
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        RecoverSecret
          draft      !NotHeld
          reviewed   !NotHeld
          refused    !DraftRefused
          active     !NotHeld
          nominated  !NotHeld
          held       same
          unreviewed same
          passed     same
          partly     same
          used       same
          rest       !NotHeld
          rest held  same
          at counter same
          marked     same
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        GiveBack
          draft      !NotHeld
          reviewed   !NotHeld
          refused    !DraftRefused
          active     !NotHeld
          nominated  !NotHeld
          held       ACTIVE/PENDING
          unreviewed ACTIVE/PENDING
          passed     ACTIVE/PENDING
          partly     !Used
          used       !Used
          rest       !NotHeld
          rest held  ACTIVE/PENDING
          at counter ACTIVE/PENDING
          marked     REVOKED/PENDING
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        Review
          draft      !NotHeld
          reviewed   !NotHeld
          refused    !DraftRefused
          active     !NotHeld
          nominated  !NotHeld
          held       ACTIVE/PASSED+held
          unreviewed ACTIVE/PASSED+held
          passed     !AlreadyReviewed
          partly     !AlreadyReviewed
          used       !AlreadyReviewed
          rest       !NotHeld
          rest held  ACTIVE/PASSED+held
          at counter !AlreadyReviewed
          marked     !AlreadyReviewed
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        RecordDispense
          draft      !NotHeld
          reviewed   !NotHeld
          refused    !DraftRefused
          active     !NotHeld
          nominated  !NotHeld
          held       !ReviewNotPassed
          unreviewed !ReviewNotPassed
          passed     ACTIVE/PASSED+held
          partly     same
          used       !Used
          rest       !NotHeld
          rest held  !ReviewNotPassed
          at counter !OtherOrder
          marked     ACTIVE/PASSED+held
          late       !Expired
          expired    !Expired
          revoked    !Revoked
        ReverseDispense
          draft      same
          reviewed   same
          refused    same
          active     same
          nominated  ACTIVE/PENDING
          held       ACTIVE/PENDING
          unreviewed ACTIVE/PENDING
          passed     ACTIVE/PENDING
          partly     ACTIVE/PENDING
          used       ACTIVE/PENDING
          rest       same
          rest held  ACTIVE/PENDING
          at counter same
          marked     REVOKED/PENDING
          late       ACTIVE/PENDING
          expired    same
          revoked    same
        Expire
          draft      same
          reviewed   same
          refused    same
          active     same
          nominated  same
          held       same
          unreviewed same
          passed     same
          partly     same
          used       same
          rest       same
          rest held  same
          at counter same
          marked     same
          late       EXPIRED/PENDING
          expired    same
          revoked    same
        LapseClaim
          draft      same
          reviewed   same
          refused    same
          active     same
          nominated  same
          held       same
          unreviewed ACTIVE/PENDING
          passed     same
          partly     same
          used       same
          rest       same
          rest held  same
          at counter same
          marked     same
          late       same
          expired    same
          revoked    same
    "#]]
    .assert_eq(&table);
}

#[test]
fn an_order_takes_a_reviewed_sale_over_once() {
    let take = |secret_matches: bool, sale: &str| Operation::TakeOver {
        pharmacy: "P1".to_owned(),
        secret_matches,
        sale_id: sale.to_owned(),
        order_id: "O2".to_owned(),
    };
    let waiting = Status { order_id: "ctr_1".to_owned(), ..held() };
    assert_eq!(decide(&waiting, &take(true, "ctr_1"), NOW), Err(Refusal::ReviewNotPassed));
    let passed = Status { review: Review::Passed, ..waiting };
    assert_eq!(decide(&passed, &take(false, "ctr_1"), NOW), Err(Refusal::SecretInvalid));
    assert_eq!(decide(&passed, &take(true, "ctr_2"), NOW), Err(Refusal::OtherOrder));
    let next = decide(&passed, &take(true, "ctr_1"), NOW).unwrap();
    assert_eq!(next.status, Status { order_id: "O2".to_owned(), ..passed.clone() });
    assert!(next.news.is_empty());
    assert_eq!(decide(&next.status, &take(true, "ctr_1"), NOW).unwrap().status, next.status);
    // an order's own number is no sale
    let ordered = Status { order_id: "O1".to_owned(), ..passed };
    assert_eq!(decide(&ordered, &take(true, "O1"), NOW), Err(Refusal::OtherOrder));
}

#[test]
fn a_wrong_credential_comes_before_the_state() {
    let used = Status { used: Use::Used, review: Review::Passed, ..held() };
    let wrong = Operation::GiveBack { pharmacy: "P1".to_owned(), secret_matches: false };
    assert_eq!(decide(&used, &wrong, NOW), Err(Refusal::SecretInvalid));
    let late = Status { valid_until: NOW, ..used };
    assert_eq!(decide(&late, &wrong, NOW), Err(Refusal::Expired));
    let stranger = Operation::Claim { pharmacy: "P2".to_owned(), until: NOW };
    assert_eq!(decide(&held(), &stranger, NOW), Err(Refusal::TokenInvalid));
}

#[test]
fn a_refused_review_releases_and_tells_both() {
    let refuse = Operation::Review {
        pharmacy: "P1".to_owned(),
        secret_matches: true,
        pass: false,
        pharmacist: "R1".to_owned(),
    };
    let next = decide(&held(), &refuse, NOW).unwrap();
    assert_eq!(next.status.review, Review::Refused);
    assert!(!next.status.is_held() && next.status.nominee.is_empty());
    let (order_id, pharmacy) = ("O1".to_owned(), "P1".to_owned());
    assert_eq!(
        next.news,
        [
            News::Reviewed { order_id: order_id.clone(), pharmacy, passed: false },
            News::Released { order_id, reason: ReleaseReason::Refused }
        ]
    );
    let again = Operation::Nominate { pharmacy: "P2".to_owned(), order_id: "O2".to_owned() };
    assert_eq!(decide(&next.status, &again, NOW).unwrap().status.review, Review::Pending);
}

#[test]
fn a_new_choice_tells_the_order_it_replaces() {
    let nominate =
        |order: &str| Operation::Nominate { pharmacy: "P2".to_owned(), order_id: order.to_owned() };
    let told = decide(&nominated(), &nominate("O2"), NOW).unwrap().news;
    assert_eq!(told, [News::Released { order_id: "O1".to_owned(), reason: ReleaseReason::Replaced }]);
    assert_eq!(decide(&nominated(), &nominate("O1"), NOW).unwrap().news, []);
}

#[test]
fn a_claim_is_told_with_its_order_and_pharmacy() {
    let nominated = Status { holder: String::new(), claim_until: Timestamp(0), ..held() };
    let claim = Operation::Claim { pharmacy: "P1".to_owned(), until: NOW.plus_seconds(60) };
    let told = decide(&nominated, &claim, NOW).unwrap().news;
    assert_eq!(told, [News::Claimed { order_id: "O1".to_owned(), pharmacy: "P1".to_owned() }]);
}

#[test]
fn a_later_use_is_chosen_and_claimed_from_its_opening_on() {
    let opens_at = NOW.plus_seconds(1);
    let choose = Operation::Nominate { pharmacy: "P1".to_owned(), order_id: "O1".to_owned() };
    let claim = Operation::Claim { pharmacy: "P1".to_owned(), until: NOW };
    for (status, operation) in [(status(State::Active), &choose), (nominated(), &claim)] {
        let status = Status { opens_at, ..status };
        assert_eq!(decide(&status, operation, NOW), Err(Refusal::NotOpen(opens_at)));
        assert!(decide(&status, operation, opens_at).is_ok());
    }
    let held = Status { opens_at, ..held() };
    assert_eq!(decide(&held, &choose, NOW), Err(Refusal::Held), "what is held comes before");
}

#[test]
fn bad_signatures_are_named() {
    let bad = Operation::Upload { trace_matches: true, bad_signatures: vec!["doctor"] };
    let refused = decide(&status(State::Reviewed), &bad, NOW);
    assert_eq!(refused, Err(Refusal::SignatureInvalid(vec!["doctor"])));
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let pharmacy = prop_oneof![Just("P1".to_owned()), Just("P2".to_owned())];
    let order = prop_oneof![Just("O1".to_owned()), Just("O2".to_owned())];
    (0..operations().len(), pharmacy, order, any::<bool>(), any::<bool>()).prop_map(
        |(index, pharmacy, order_id, secret_matches, pass)| match operations().swap_remove(index) {
            Operation::ReviewDraft { pharmacist, .. } => Operation::ReviewDraft { pass, pharmacist },
            Operation::Revoke { doctor, .. } => Operation::Revoke { doctor, when_given_back: pass },
            Operation::Nominate { .. } => Operation::Nominate { pharmacy, order_id },
            Operation::ReleaseNomination { .. } => Operation::ReleaseNomination { order_id },
            Operation::Claim { until, .. } => Operation::Claim { pharmacy, until },
            Operation::RecoverSecret { .. } => Operation::RecoverSecret { pharmacy },
            Operation::GiveBack { .. } => Operation::GiveBack { pharmacy, secret_matches },
            Operation::Review { pharmacist, .. } => {
                Operation::Review { pharmacy, secret_matches, pass, pharmacist }
            }
            Operation::Dispense { .. } => Operation::Dispense { order_id, secret_matches },
            Operation::ReverseDispense { .. } => Operation::ReverseDispense { order_id },
            other => other,
        },
    )
}

proptest! {
    #[test]
    fn invariants_hold_on_every_walk(walk in prop::collection::vec((any_operation(), 0_i64..40_000), 0..60)) {
        let mut now = NOW;
        let mut status = status(State::Draft);
        for (operation, seconds) in walk {
            now = if seconds < 3_000 { now.plus_seconds(seconds) } else { now };
            let before = status.clone();
            let Ok(next) = decide(&status, &operation, now) else { continue };
            status = next.status;
            prop_assert!(!before.state.is_terminal() || status.state == before.state, "a terminal state moved");
            prop_assert!(!status.is_held() || status.holder == status.nominee, "the holder is the nominee");
            prop_assert_eq!(status.nominee.is_empty(), status.order_id.is_empty());
            prop_assert!(status.state != State::Revoked || !status.is_held());
            let awaited = status.revoke_asked && status.nominee.is_empty() && status.state == State::Active;
            prop_assert!(!awaited, "what nobody has and is to be revoked is revoked");
            let taken_over = before.is_held() && status.is_held() && before.holder != status.holder;
            prop_assert!(!taken_over, "a holder was replaced without a release");
        }
    }
}
