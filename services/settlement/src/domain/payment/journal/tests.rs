//! What a row of the journal says of itself, and how it moves.

use super::super::machine::Raised;
use super::*;

const NOW: Timestamp = Timestamp(1_000_000_000);

fn leg(kind: LegKind, fen: i64) -> Leg {
    Leg {
        kind,
        amount: Fen(fen),
        payer_person_id: String::new(),
        debtor: String::new(),
        explanations: Vec::new(),
    }
}

fn journal(state: PaymentState, step: Step) -> Journal {
    Journal {
        payment_id: "pay".into(),
        quote_id: "quo".into(),
        order_id: "ord".into(),
        person_id: "p1".into(),
        fixmedins_code: "P13030200001".into(),
        region: "130300".into(),
        insutype: "310".into(),
        agency: "130300".into(),
        state,
        step,
        attempts: 3,
        next_at: Timestamp(7),
        version: 2,
        legs: vec![leg(LegKind::Fund, 700), leg(LegKind::Channel, 500)],
        cash: Fen(500),
        freight: Fen(0),
        channel: "wechat".into(),
        channel_order_no: "LF1".into(),
        refund_no: String::new(),
        msgid: "first".into(),
        reverse_msgid: String::new(),
        setl_id: "setl".into(),
        hold_expires_at: Timestamp(9),
        captured_at: Timestamp(0),
        refunded: Fen(0),
        failure_reason: String::new(),
        refund_reason: String::new(),
        created_at: Timestamp(1),
        mobile: false,
        returned_stas: 0,
    }
}

fn pending(step: Step) -> Journal {
    journal(PaymentState::Pending, step)
}

#[test]
fn what_it_is() {
    use PaymentState::{Authorised, Captured, Expired, Failed, Pending, Refunded, Refunding, Voided};
    let running = [Authorised, Captured, Expired, Failed, Pending, Refunded, Refunding, Voided]
        .map(|state| journal(state, Step::Idle).is_running());
    assert_eq!(running, [false, false, false, false, true, false, true, false]);
    let cash_alone = Journal { legs: vec![leg(LegKind::Channel, 500)], ..pending(Step::PayChannel) };
    assert_eq!((pending(Step::PayChannel).insured(), cash_alone.insured()), (true, false));
    let till = Journal { channel: TILL.into(), ..pending(Step::Book) };
    assert_eq!((pending(Step::Book).channel_cash(), till.channel_cash()), (Fen(500), Fen::ZERO));
    let parts = [Step::ReversePart, Step::SettleRest, Step::AskRest, Step::RefundPart, Step::BookPart];
    assert!(parts.iter().all(|step| journal(Refunding, *step).returns_a_part()));
    assert!(
        ![Step::ReverseInsurer, Step::RefundChannel]
            .iter()
            .any(|step| journal(Refunding, *step).returns_a_part())
    );
    let wrong = Journal { failure_reason: Failure::WrongAmount.as_str().into(), ..pending(Step::ReturnCash) };
    assert!(wrong.took_another_amount() && !pending(Step::ReturnCash).took_another_amount());
}

#[test]
fn the_fund_is_drawn_on_until_only_something_goes_back() {
    assert!(pending(Step::PayChannel).may_use_fund() && pending(Step::RevokeInsurer).may_use_fund());
    for step in [Step::UndoInsurer, Step::ReturnCash, Step::Fail] {
        assert!(!pending(step).may_use_fund());
    }
    assert!(!journal(PaymentState::Captured, Step::Idle).may_use_fund());
    let account = Journal { legs: vec![leg(LegKind::Account, 1)], ..pending(Step::PayChannel) };
    assert!(!account.may_use_fund());
}

#[test]
fn what_goes_on_begins_its_tries_anew() {
    let moved = |step, next| {
        let mut it = pending(step);
        let at_once = it.advance(next, NOW);
        (at_once, it.step, it.attempts, it.next_at.0 - NOW.0, it.failure_reason)
    };
    let none = String::new;
    assert_eq!(
        moved(Step::PayChannel, Next::Go(Step::SettleInsurer)),
        (true, Step::SettleInsurer, 0, 0, none())
    );
    assert_eq!(
        moved(Step::AskInsurer, Next::Go(Step::RevokeInsurer)),
        (true, Step::RevokeInsurer, 3, 0, none())
    );
    assert_eq!(
        moved(Step::AskInsurer, Next::Later(Step::AskInsurer)),
        (false, Step::AskInsurer, 4, 4_000_000, none())
    );
    assert_eq!(
        moved(Step::SettleInsurer, Next::Failing(Failure::WrongAmount, Step::ReturnCash)),
        (true, Step::ReturnCash, 0, 0, Failure::WrongAmount.as_str().to_owned())
    );
    // raised: not below five seconds, then ever later
    let raised = |attempts, step| {
        let mut it = Journal { attempts, ..pending(step) };
        let at_once = it.advance(Next::Raise(Raised::ReversalRefused, step), NOW);
        (at_once, it.attempts, it.next_at.0 - NOW.0)
    };
    assert_eq!(raised(0, Step::UndoInsurer), (false, 1, 5_000_000));
    assert_eq!(raised(9, Step::UndoInsurer), (false, 10, 256_000_000));
    assert_eq!(raised(0, Step::Contradiction), (false, 1, 5_000_000));
    assert_eq!(raised(9, Step::Contradiction), (false, 10, 30_000_000));
}

#[test]
fn what_is_shown_is_the_first_order_s() {
    let returned = |state, returned_stas| {
        let it = Journal { returned_stas, channel: TILL.into(), ..journal(state, Step::Idle) };
        it.view().ord_stas
    };
    let captured = PaymentState::Captured;
    assert_eq!([0, 8, 11].map(|stas| returned(captured, stas)), [6, 8, 11]);
    let refunded = ord_stas(PaymentState::Refunded, Step::Idle, false, 3);
    assert_eq!(returned(PaymentState::Refunded, 8), refunded, "of a payment that is back the end is shown");

    let till = Journal { channel: TILL.into(), ..pending(Step::Book) };
    assert_eq!((pending(Step::Book).view().ord_stas, till.view().ord_stas), (5, 4), "a till is no channel");

    let mut part = journal(captured, Step::Idle);
    part.part_came_back(true, false, true);
    let first = part.returned_stas;
    assert_eq!(first, after_return(6, true, false, true));
    part.part_came_back(false, true, true);
    assert_eq!(part.returned_stas, after_return(first, false, true, true));
}

#[test]
fn a_person_is_wanted_where_the_machine_cannot_go_on() {
    let tried = |attempts, step| Journal { attempts, ..pending(step) }.wants_a_person();
    assert!(!tried(0, Step::AskInsurer) && tried(9, Step::AskInsurer));
    let ended = Journal { attempts: 9, ..journal(PaymentState::Captured, Step::AskInsurer) };
    assert!(!ended.wants_a_person());
    let mut waiting = pending(Step::AskInsurer);
    waiting.try_now(NOW);
    assert_eq!(waiting.next_at, NOW);
}

#[test]
fn what_was_done_by_hand_goes_on_as_after_a_yes() {
    let by_hand = |step| {
        let mut it = journal(PaymentState::Refunding, step);
        let next = it.done_by_hand(None, "seen", NOW);
        assert_eq!(next.is_some(), it.step != step);
        (next, it.setl_id)
    };
    let kept = || "setl".to_owned();
    let cash = after_channel(Step::ReturnCash, ChannelSays::RefundAccepted, Fen(500), true, true);
    assert_eq!(by_hand(Step::ReturnCash), (Some(cash), kept()));
    let cash = after_channel(Step::RefundChannel, ChannelSays::RefundAccepted, Fen(500), true, true);
    assert_eq!(by_hand(Step::RefundChannel), (Some(cash), kept()));
    assert_eq!(by_hand(Step::RefundPart), (Some(after_cash_back(ChannelSays::RefundAccepted)), kept()));
    for step in [Step::ReverseInsurer, Step::UndoInsurer] {
        assert_eq!(by_hand(step), (Some(after_answer(step, InsurerSays::Done, 3, Fen(500))), kept()));
    }
    for step in [Step::PayChannel, Step::Book, Step::SettleRest, Step::AskRest, Step::ReversePart] {
        assert_eq!(by_hand(step), (None, kept()), "without what it needs, or at all");
    }
}

#[test]
fn a_part_done_by_hand_is_known_by_what_shows_it() {
    let shape = Shape { reverse: true, settle: true, cash: true };
    let by_hand = |step| {
        let mut it = journal(PaymentState::Refunding, step);
        let next = it.done_by_hand(Some((shape, "second")), "shown", NOW);
        (next, it.setl_id, it.msgid)
    };
    let told = |setl: &str, msgid: &str| (setl.to_owned(), msgid.to_owned());
    for step in [Step::SettleRest, Step::AskRest] {
        let (setl, msgid) = told("shown", "first");
        assert_eq!(by_hand(step), (Some(Next::Go(shape.after_insurer())), setl, msgid));
    }
    let (setl, msgid) = told("setl", "second");
    assert_eq!(by_hand(Step::ReversePart), (Some(Next::Go(shape.after_reversal())), setl, msgid));
}

#[test]
fn late_cash_goes_back_and_the_payment_ends_as_it_had() {
    use PaymentState::{Expired, Failed, Voided};
    let late = |state, reason: &str| {
        let mut it = Journal { failure_reason: reason.into(), ..journal(state, Step::Idle) };
        it.return_late_cash(NOW);
        assert_eq!(
            (it.state, it.step, it.attempts, it.next_at),
            (PaymentState::Pending, Step::ReturnCash, 0, NOW)
        );
        (it.failed_as(), it.failure_reason)
    };
    assert_eq!(late(Voided, ""), (Voided, "VOIDED".to_owned()));
    assert_eq!(late(Expired, ""), (Expired, "EXPIRED".to_owned()));
    assert_eq!(late(Expired, "BENEFIT_USED_SINCE"), (Expired, "BENEFIT_USED_SINCE".to_owned()));
    assert_eq!(late(Failed, "INSURER_REFUSED"), (Failed, "INSURER_REFUSED".to_owned()));

    let mut ended = pending(Step::Fail);
    ended.end(Failed);
    assert_eq!((ended.state, ended.step, ended.attempts, ended.next_at.0), (Failed, Step::Idle, 0, 0));
}
