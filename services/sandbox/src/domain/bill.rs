//! A channel's statement of a day 渠道对账单, as the channel writes it.
//!
//! Columns as WeChat Pay's document "交易账单" (pay.weixin.qq.com, bill type ALL) and Alipay's 业务明细 (opendocs.alipay.com,
//! bill type `trade`) name them. Written apart from the reader in settlement, on purpose.

mod alipay;
mod generic;
mod wechat;

use liufang_kernel::{Date, Fen, Timestamp};

pub use alipay::{details as alipay_details, summary as alipay_summary};
pub use generic::text as generic;
pub use wechat::text as wechat;

/// What the channel keeps of a payment, in ten-thousandths: the usual 0.60 %.
const RATE: i64 = 60;
/// Hour of China at which the statement of the day before is written.
const WRITTEN_HOUR: i64 = 9;

/// A payment, or a refund of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The merchant's number of the payment.
    pub number: String,
    /// The channel's.
    pub trade_no: String,
    /// The merchant's number of the refund; empty on a payment.
    pub refund_no: String,
    /// What the payment was.
    pub paid: Fen,
    /// What moved, without a sign.
    pub moved: Fen,
    pub at: Timestamp,
    /// The merchant's application; empty through the hook.
    pub app: String,
}

impl Movement {
    pub fn is_refund(&self) -> bool {
        !self.refund_no.is_empty()
    }

    /// With its sign.
    fn amount(&self) -> Fen {
        if self.is_refund() { -self.moved } else { self.moved }
    }

    /// What the channel keeps, to the fen, half a fen as one; negative when a refund gives it back.
    fn fee(&self) -> Fen {
        let fee = Fen((self.moved.0 * RATE + 5_000) / 10_000);
        if self.is_refund() { -fee } else { fee }
    }
}

/// Sum of what is told of some movements.
fn sum(movements: &[Movement], refunds: bool, of: impl Fn(&Movement) -> Fen) -> Fen {
    movements.iter().filter(|movement| movement.is_refund() == refunds).map(of).sum()
}

/// How a day stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// Not over yet: no day of a statement.
    Open,
    /// Over; the statement is written in the morning.
    Written,
    /// There is one, if anything moved.
    Ready,
}

/// How `day` stands at `now`.
pub fn standing(day: Date, now: Timestamp) -> Day {
    let over = Timestamp::start_of(day).plus_days(1);
    match now {
        now if now < over => Day::Open,
        now if now < over.plus_seconds(WRITTEN_HOUR * 3_600) => Day::Written,
        _ => Day::Ready,
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::timestamp::parse_date;

    use super::*;

    fn movement(number: &str, refund_no: &str, moved: i64) -> Movement {
        Movement {
            number: number.into(),
            trade_no: "4200000001".into(),
            refund_no: refund_no.into(),
            paid: Fen(7_656),
            moved: Fen(moved),
            at: Timestamp::start_of(parse_date("2026-11-22").unwrap()).plus_seconds(36_000),
            app: "wx1".into(),
        }
    }

    #[test]
    fn a_day_is_written_in_the_morning_after() {
        let day = parse_date("2026-11-22").unwrap();
        let over = Timestamp::start_of(day).plus_days(1);
        assert_eq!(standing(day, over.plus_seconds(-1)), Day::Open);
        assert_eq!(standing(day, over), Day::Written);
        assert_eq!(standing(day, over.plus_seconds(9 * 3_600)), Day::Ready);
    }

    #[test]
    fn fees_are_told_to_the_fen_and_given_back() {
        assert_eq!(movement("LF1", "", 7_656).fee(), Fen(46));
        assert_eq!(movement("LF1", "RF1", 3_000).fee(), Fen(-18));
        assert_eq!(movement("LF1", "", 83).fee(), Fen(0));
        assert_eq!(movement("LF1", "", 84).fee(), Fen(1));
    }

    #[test]
    fn wechat_writes_backticks_and_sums() {
        let text = wechat("1900000001", &[movement("LF1", "", 7_656), movement("LF1", "RF1", 3_000)]);
        let rows: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        let columns = rows[0].split(',').count();
        assert_eq!(columns, 27);
        for row in &rows[1..3] {
            assert_eq!(row.split(",`").count(), columns, "{row}");
        }
        assert!(rows[1].starts_with("`2026-11-22 10:00:00,`wx1,`1900000001,"), "{}", rows[1]);
        assert!(rows[1].contains(",`SUCCESS,") && rows[1].contains(",`0.46000,"), "{}", rows[1]);
        assert!(rows[2].contains(",`REFUND,") && rows[2].contains(",`-0.18000,"), "{}", rows[2]);
        assert_eq!(rows[4], "`2,`76.56,`30.00,`0.00,`0.28000,`76.56,`30.00");
    }

    #[test]
    fn alipay_marks_the_end_of_its_list() {
        let day = parse_date("2026-11-22").unwrap();
        let moved = [movement("LF1", "", 7_656), movement("LF1", "RF1", 3_000)];
        let text = alipay_details("2021000000000001", day, &moved);
        let rows: Vec<&str> = text.lines().collect();
        let head = rows.iter().position(|row| row.starts_with("支付宝交易号,")).unwrap();
        let columns = rows[head].split(',').count();
        assert_eq!(columns, 25);
        assert!(rows[head + 1..head + 3].iter().all(|row| row.split(',').count() == columns));
        assert!(rows[head + 2].contains(",退款,") && rows[head + 2].contains(",-30.00,"));
        assert!(rows[head + 3].contains("业务明细列表结束"));
        assert!(alipay_summary("2021000000000001", day, &moved).contains("合计,,1,1,46.56,46.56,"));
    }

    #[test]
    fn the_plain_form_is_in_fen() {
        let text = generic(&[movement("LF1", "", 7_656), movement("LF1", "RF1", 3_000)]);
        assert_eq!(text, "number,refund_no,amount_fen,fee_fen\nLF1,,7656,46\nLF1,RF1,-3000,-18\n");
    }
}
