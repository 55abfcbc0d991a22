//! The channel and the insurer: what they hear, and what stands in their books.

use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::Dial;

use super::{Cast, show};

pub const PAY: &str = "PaymentChannel/CreatePayment";
pub const QUERY: &str = "PaymentChannel/QueryPayment";

impl Cast {
    /// Pays while the channel answers no question: whatever `dial` does to the payment, its outcome stays unknown until
    /// the channel is asked again.
    pub async fn pays_unheard(&self, patient: &Patient, order: &Order, dial: Dial, calls: i32) {
        let public = self.public();
        public.dial(PAY, dial, calls, "").await.unwrap();
        public.dial(QUERY, Dial::LoseAnswer, 0, "").await.unwrap();
        let paying = patient.pay(order, Channel::Wechat).await.unwrap();
        assert_eq!(
            paying.state().as_str_name(),
            OrderState::Paying.as_str_name(),
            "the outcome is not known"
        );
    }

    /// The channel answers again.
    pub async fn hears_again(&self) {
        for method in [PAY, QUERY] {
            self.public().dial(method, Dial::Unspecified, 0, "").await.unwrap();
        }
    }

    /// So many payments were taken by the channel and settled by the insurer, and no others.
    pub async fn outside_books_show(&self, payments: usize) {
        let channel = self.public().list_channel_book(Default::default()).await.unwrap().rows;
        let paid = channel.iter().filter(|row| row.state == "paid").count();
        assert_eq!(paid, payments, "{}", show(&channel));
        let insurer = self.public().list_insurer_book(Default::default()).await.unwrap().rows;
        let settled = insurer.iter().filter(|row| !row.reversed).count();
        assert_eq!(settled, payments, "{}", show(&insurer));
    }
}
