//! The people and machines of the stories, ready to act, and the ways to the states most tests begin in.
//!
//! Everybody comes through the gateway with their own credential. What each seed row is for stands in
//! `deploy/seed/README.md`.

mod goods;
mod otc;
mod outside;
mod renewal;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use liufang::client::{
    Agency, Answer, Citizen, Courier, Gateway, His, Operator, Patient, PlatformClient, Pos, Practitioner,
    Public, Refusal, Supervisor,
};
use liufang::seed::{self, Seed, cast};
use liufang_kernel::timestamp::date_text;
use liufang_platform::Clock as _;
use liufang_proto::common::v1::{Channel, Leg};
use liufang_proto::order::v1::{DeliveryAddress, Order, OrderState, PayOrderRequest};
use liufang_proto::settlement::v1::{LegAmount, Quote, SettlementTotals};
use liufang_tests::clock::StoryClock;
use liufang_tests::{World, eventually};
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

pub use goods::packs;
pub use otc::Basket;
pub use outside::{PAY, QUERY};
pub use renewal::{Drug, two_drugs};

/// The hospital of the renewal stories, level 3.
pub const HOSPITAL: &str = "H13030200001";
/// Its online doctors: 心血管内科 and 内分泌科.
pub const DOCTOR: &str = "D130302000001";
pub const DOCTOR_2: &str = "D130302000002";
pub const HOSPITAL_PHARMACIST: &str = "HY130302000001";
pub const OTHER_HOSPITAL: &str = "H13030200002";
pub const OTHER_HOSPITALS_DOCTOR: &str = "D130302000008";
/// Two shops that fill the stories' prescription, with a pharmacist each.
pub const SHOP: &str = "P13030200001";
pub const SHOP_PHARMACIST: &str = "YS130302000001";
pub const SHOP_2: &str = "P13030200002";
pub const SHOP_2_PHARMACIST: &str = "YS130302000003";
pub const RIDER: &str = "PS130300000001";
pub const QINHUANGDAO: &str = "130300";

/// A shop for over-the-counter goods, its pharmacist, a rider.
pub const OTC_SHOP: &str = "P11010500001";
pub const OTC_PHARMACIST: &str = "YS110105000001";
pub const BEIJING_RIDER: &str = "PS110000000001";
pub const BEIJING: &str = "110000";

/// 络活喜 5 mg × 7 and 立普妥 20 mg × 7, with the hospital's prices.
pub const AMLODIPINE: Drug = Drug { code: "XC08CAA456A001010100100", price: "21.30" };
pub const ATORVASTATIN: Drug = Drug { code: "XC10AAA595A001010100100", price: "38.50" };
/// 感冒灵颗粒, marked: 15.58 yuan, 12 good packs, 5 expired ones.
pub const GRANULES: &str = "ZA01AAG2491010100674";
/// 碳酸钙D3片, without the mark: 70.56 yuan, 8 packs.
pub const CALCIUM: &str = "XA12AXT891A001010100765";
/// 蒙脱石散, marked: 18.52 yuan, 6 packs.
pub const SMECTITE: &str = "XA07BCM274P001010100639";

/// The outside world of one installation.
pub struct Cast {
    pub gateway: Gateway,
    pub seed: Seed,
    pub clock: StoryClock,
    operator_token: String,
}

impl Cast {
    pub async fn of(world: &World) -> Cast {
        Cast {
            gateway: world.gateway().await,
            seed: Seed::read().unwrap(),
            clock: world.clock.clone(),
            operator_token: world.operator_token(),
        }
    }

    /// The story's day, `yyyy-MM-dd`.
    pub fn today(&self) -> String {
        date_text(self.clock.now().china_date())
    }

    /// Microseconds since 1970, by the story's clock.
    pub fn clock_now(&self) -> i64 {
        self.clock.now().0
    }

    pub fn public(&self) -> Public {
        Public::new(&self.gateway)
    }

    pub fn operator(&self) -> Operator {
        Operator::new(&self.gateway, &self.operator_token)
    }

    pub fn his(&self, hospital: &str) -> His {
        cast::his(&self.gateway, hospital).unwrap()
    }

    pub fn pos(&self, pharmacy: &str) -> Pos {
        cast::pos(&self.gateway, pharmacy).unwrap()
    }

    pub fn courier(&self, code: &str) -> Courier {
        cast::courier(&self.gateway, code).unwrap()
    }

    pub fn platform(&self, code: &str) -> PlatformClient {
        cast::platform(&self.gateway, code).unwrap()
    }

    pub fn agency(&self, region: &str) -> Agency {
        cast::agency(&self.gateway, region).unwrap()
    }

    pub fn supervisor(&self, region: &str) -> Supervisor {
        cast::supervisor(&self.gateway, region).unwrap()
    }

    pub fn practitioner(&self, code: &str) -> Practitioner {
        seed::practitioner(code).unwrap()
    }

    /// A person of the seed by row.
    pub fn citizen(&self, row: u32) -> Citizen {
        self.seed.person(row).unwrap().citizen()
    }

    /// Verified and signed in with the person's own app.
    pub async fn patient(&self, row: u32) -> Patient {
        Patient::register(&self.gateway, &self.citizen(row)).await.unwrap()
    }

    /// Verified and signed in through a purchase platform.
    pub async fn patient_through(&self, platform: &str, row: u32) -> Patient {
        self.platform(platform).register(&self.citizen(row)).await.unwrap()
    }

    /// The door of a person.
    pub fn door(&self, row: u32) -> DeliveryAddress {
        let person = self.seed.person(row).unwrap();
        DeliveryAddress {
            recipient_name: person.name.clone(),
            recipient_phone: person.phone.clone(),
            address: person.address.clone(),
            location: Some(person.location()),
        }
    }

    /// `holder` lends to `patient`: filed by one, consented by the other. Answers the holder.
    pub async fn lend(&self, patient: &Patient, holder: u32, relation: &str, region: &str) -> Patient {
        let filed = patient.ask_relative(&self.citizen(holder), relation, region).await.unwrap();
        let holder = self.patient(holder).await;
        holder.consent(&filed.mutual_aid_id).await.unwrap();
        holder
    }

    /// Waits until an order is in `state`.
    pub async fn order_in(&self, patient: &Patient, order_id: &str, state: OrderState) -> Order {
        eventually(&format!("{order_id} is {}", state.as_str_name()), || async {
            let order = patient.order(order_id).await.unwrap();
            (order.state() == state).then_some(order)
        })
        .await
    }

    /// Pays by WeChat and waits for the outcome.
    pub async fn pay(&self, patient: &Patient, order: &Order) -> Order {
        let paid = patient.pay(order, Channel::Wechat).await.unwrap();
        match paid.state() {
            OrderState::Paying => self.order_in(patient, &order.order_id, OrderState::Paid).await,
            _ => paid,
        }
    }

    /// Tries to pay an order that has no quote yet.
    pub async fn pay_early(&self, patient: &Patient, order: &Order) -> Answer<()> {
        let body = PayOrderRequest {
            order_id: order.order_id.clone(),
            quote_id: "no-quote-yet".to_owned(),
            channel: Channel::Wechat.into(),
            payer: None,
        };
        patient.pay_order(body).await.map(|_| ())
    }

    /// The books agree with themselves.
    pub async fn books_agree(&self) {
        let operator = self.operator();
        let balance = operator.get_trial_balance(Default::default()).await.unwrap();
        assert_eq!(balance.sum_fen, 0, "{}", show(&balance.balances));
        let mut regions: BTreeMap<&str, i64> = BTreeMap::new();
        for row in &balance.balances {
            *regions.entry(&row.region).or_default() += row.balance_fen;
        }
        assert!(regions.values().all(|sum| *sum == 0), "every region's books sum to zero: {regions:?}");
        let audit = operator.audit_ledger(Default::default()).await.unwrap();
        assert!(audit.ok && audit.problems.is_empty(), "{:?}", audit.problems);
    }

    /// Balance of a ledger account over all regions; zero when it does not exist.
    pub async fn ledger(&self, account: &str) -> i64 {
        self.balances(|own| own == account).await
    }

    /// What all channels together owe an institution.
    pub async fn channels_owe(&self, institution: &str) -> i64 {
        let owed = |own: &str| own.starts_with("receivable:channel:") && own.ends_with(institution);
        self.balances(owed).await
    }

    /// What all channels together have taken for an institution: what they owe, and what they paid out by their statements,
    /// their fees and what waits for a name among it.
    pub async fn channels_took(&self, institution: &str) -> i64 {
        let kinds = ["receivable:channel:", "fee:", "suspense:", "bank:"];
        let taken = |own: &str| kinds.iter().any(|kind| own.starts_with(kind)) && own.ends_with(institution);
        self.balances(taken).await
    }

    async fn balances(&self, own: impl Fn(&str) -> bool) -> i64 {
        let balance = self.operator().get_trial_balance(Default::default()).await.unwrap().balances;
        balance.iter().filter(|row| own(&row.account)).map(|row| row.balance_fen).sum()
    }
}

/// Messages as JSON, for failures: the contract's types print nothing of themselves, as they may hold personal data.
pub fn show<M: Message + Name>(messages: &[M]) -> String {
    let texts: Vec<String> = messages.iter().map(|message| as_json(message).to_string()).collect();
    texts.join("\n")
}

/// A message as the JSON mapping writes it, zeros included.
pub fn as_json<M: Message + Name>(message: &M) -> serde_json::Value {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(liufang_proto::DESCRIPTORS).expect("descriptors"));
    let descriptor = POOL.get_message_by_name(&M::full_name()).expect("a message of the contract");
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).expect("decodes");
    let options = SerializeOptions::new().skip_default_fields(false);
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).expect("JSON")
}

/// The refusal of a call made by hand.
#[track_caller]
pub fn refused_status<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Refusal {
    refused(answer.map_err(Refusal::from))
}

/// The refusal of a call that must not succeed.
#[track_caller]
pub fn refused<T>(answer: Answer<T>) -> Refusal {
    match answer {
        Ok(_) => panic!("expected a refusal, the call succeeded"),
        Err(refusal) => refusal,
    }
}

/// Checks that a call was refused with `reason`.
#[track_caller]
pub fn refused_as<T>(answer: Answer<T>, reason: &str) -> Refusal {
    let refusal = refused(answer);
    assert_eq!(refusal.reason, reason, "{refusal}");
    refusal
}

/// The quote of an order.
#[track_caller]
pub fn quote(order: &Order) -> &Quote {
    order.quote.as_ref().expect("a quote")
}

/// The totals of an order's quote.
#[track_caller]
pub fn totals(order: &Order) -> &SettlementTotals {
    quote(order).totals.as_ref().expect("totals")
}

/// What `leg` pays.
pub fn leg(legs: &[LegAmount], leg: Leg) -> i64 {
    legs.iter().filter(|own| own.leg() == leg).map(|own| own.amount_fen).sum()
}

/// Legs sum to the quote's total, fees outside the insurance lie on the channel only, every leg and line is explained.
#[track_caller]
pub fn quote_adds_up(quote: &Quote) {
    let totals = quote.totals.as_ref().expect("totals");
    assert_eq!(quote.legs.iter().map(|leg| leg.amount_fen).sum::<i64>(), quote.total_fen);
    assert_eq!(quote.outside.iter().map(|fee| fee.amount_fen).sum::<i64>(), totals.outside_fen);
    assert_eq!(totals.medfee_sumamt_fen + totals.outside_fen, quote.total_fen);
    let insured = totals.fund_pay_sumamt_fen + totals.acct_pay_fen + totals.acct_mulaid_pay_fen;
    assert_eq!(
        insured + totals.psn_cash_pay_fen,
        totals.medfee_sumamt_fen,
        "{}",
        show(std::slice::from_ref(totals))
    );
    assert_eq!(leg(&quote.legs, Leg::Fund), totals.fund_pay_sumamt_fen);
    assert_eq!(leg(&quote.legs, Leg::Account), totals.acct_pay_fen);
    assert_eq!(leg(&quote.legs, Leg::RelativeAccount), totals.acct_mulaid_pay_fen);
    assert_eq!(leg(&quote.legs, Leg::Channel), totals.psn_cash_pay_fen + totals.outside_fen);
    let amounts = quote.lines.iter().map(|line| line.det_item_fee_sumamt_fen).sum::<i64>();
    assert_eq!(amounts, totals.medfee_sumamt_fen);
    for line in &quote.lines {
        assert!(!line.explanations.is_empty(), "line {} is not explained", line.line_no);
        let parts = line.fulamt_ownpay_amt_fen + line.overlmt_amt_fen + line.preselfpay_amt_fen;
        assert_eq!(
            parts + line.inscp_scp_amt_fen,
            line.det_item_fee_sumamt_fen,
            "{}",
            show(std::slice::from_ref(line))
        );
    }
    for leg in &quote.legs {
        assert!(!leg.explanations.is_empty(), "{} is not explained", leg.leg().as_str_name());
    }
}
