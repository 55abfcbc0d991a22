//! What an order is.

use liufang_kernel::{Fen, Quantity, Ratio, Sensitive, Timestamp, UnitPrice};
use serde::{Deserialize, Serialize};

use super::State;

/// Kinds of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OTC drugs from personal accounts (`domain.md` §9.1).
    Otc,
    /// Prescription renewal with a fund share (`domain.md` §9.3).
    Prescription,
    /// Consultation fee 诊察费 of a visit.
    Consultation,
    /// A prescription filled over the counter (外配处方).
    Counter,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Otc => "otc",
            Kind::Prescription => "prescription",
            Kind::Consultation => "consultation",
            Kind::Counter => "counter",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        let all = [Kind::Otc, Kind::Prescription, Kind::Consultation, Kind::Counter];
        all.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether goods change hands.
    pub fn has_goods(self) -> bool {
        self != Kind::Consultation
    }

    /// Whether a prescription is filled.
    pub fn has_prescription(self) -> bool {
        matches!(self, Kind::Prescription | Kind::Counter)
    }
}

/// How the goods reach the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    PickUp,
    Delivery,
    /// Nothing to hand over.
    None,
}

impl Fulfilment {
    pub fn as_str(self) -> &'static str {
        match self {
            Fulfilment::PickUp => "pick_up",
            Fulfilment::Delivery => "delivery",
            Fulfilment::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Fulfilment> {
        [Fulfilment::PickUp, Fulfilment::Delivery, Fulfilment::None]
            .into_iter()
            .find(|own| own.as_str() == text)
    }
}

/// Payment channel of the cash part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 微信支付
    Wechat,
    /// 支付宝
    Alipay,
    /// 银联
    Unionpay,
    /// 银行卡
    BankCard,
    /// The pharmacy's own, at the counter.
    Till,
}

/// A drug and how many of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketItem {
    pub med_list_codg: String,
    pub quantity: Quantity,
}

/// A priced line: what a quote needs to know of the drug, frozen when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// From 1.
    pub line_no: u32,
    /// National code; empty for a consultation.
    pub med_list_codg: String,
    /// Generic name, or the name of the fee.
    pub name: String,
    pub quantity: Quantity,
    pub price: UnitPrice,
    /// `round₂(price × quantity)`.
    pub amount: Fen,
    /// 医保 mark.
    pub hi_mark: bool,
    /// 1 甲, 2 乙, 3 自费.
    pub chrgitm_lv: String,
    /// First self-pay share of class 乙.
    pub first_selfpay: Ratio,
    /// 支付标准 per billing unit.
    pub pay_standard: Option<UnitPrice>,
    /// 限制使用.
    pub restricted: bool,
    /// `hosp_appr_flag` of the prescription line; empty without a prescription.
    pub hosp_appr_flag: String,
}

/// Whose accounts pay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payers {
    /// `acct_used_flag`.
    pub use_account: bool,
    /// Relatives' accounts in the order to use.
    pub holders: Vec<String>,
}

/// The present quote. Its whole text belongs to the settlement service and is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub id: String,
    pub expires_at: Timestamp,
    pub total: Fen,
    /// A part is left for the channel.
    pub has_cash: bool,
    /// A fund or account leg takes part.
    pub insured: bool,
    /// An account, own or a relative's, takes part.
    #[serde(default)]
    pub account: bool,
    /// The message of the contract, hex.
    pub encoded: String,
}

/// What the person pays for the way to the door; never insured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    pub delivery: Fen,
    pub packing: Fen,
}

/// Where to bring it; personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    pub recipient_name: String,
    pub recipient_phone: String,
    pub address: String,
    pub lat_e6: i32,
    pub lng_e6: i32,
}

/// Trace codes scanned for a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    pub line_no: u32,
    pub trace_codes: Vec<String>,
}

/// What was sold of a line out of one lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldLot {
    pub line_no: u32,
    pub med_list_codg: String,
    pub manu_lotnum: String,
    pub quantity: Quantity,
}

/// What an order needs of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub person_id: String,
    pub fixmedins_code: String,
    pub booked: bool,
    pub fee: Fen,
    pub pay_by: Timestamp,
}

/// An order. Personal parts are [`Sensitive`]: they are sealed in the database and never printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: String,
    pub kind: Kind,
    pub person_id: String,
    /// Purchase platform; empty for none.
    pub platform: String,
    pub region: String,
    pub fixmedins_code: String,
    pub hi_rxno: String,
    pub visit_id: String,
    pub fulfilment: Fulfilment,
    pub state: State,
    /// Grows with every change; the guard of every update.
    pub version: i64,
    /// How many lines the story has.
    pub story: i64,
    /// The last journal position given out.
    pub steps: i64,
    pub lines: Vec<Line>,
    pub pay_by: Timestamp,
    pub payers: Payers,
    pub quote: Option<Quote>,
    pub payment_id: String,
    pub setl_id: String,
    pub delivery_id: String,
    pub fees: Fees,
    /// Some good must stay at 2–8 °C.
    pub cold_chain: bool,
    pub door: Option<Sensitive<Door>>,
    /// Shown to the patient, pick-up only; empty before payment.
    pub collection_code: Sensitive<String>,
    /// Shown to the pharmacy, delivery only; empty before packing.
    pub hand_over_code: Sensitive<String>,
    pub wrong_codes: u32,
    pub locked_until: Timestamp,
    /// The sale, by lot; empty before it.
    pub sold: Vec<SoldLot>,
    /// The prescription's lines are marked dispensed.
    pub recorded: bool,
    /// The state a taking-back started from; it returns there when the first step is refused.
    pub before: Option<State>,
    /// Why the order must end: set while a payment is pending or the pharmacy dispenses, whose outcome decides how. Goods that were
    /// handed out before it clear it.
    pub doomed: String,
    pub cancel_reason: String,
    /// What the pharmacy wrote when it took goods back; free text, so treated as personal.
    pub return_note: Sensitive<String>,
    pub created_at: Timestamp,
}

impl Order {
    /// Whether an insured leg pays a part: `mdtrt_setl_type` of the sale.
    pub fn is_insured(&self) -> bool {
        self.quote.as_ref().is_some_and(|quote| quote.insured)
    }
}
