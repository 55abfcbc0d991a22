//! Everything inventory can refuse, with the published reasons.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc, Timestamp, Violations};
use liufang_platform::rpc::Invalid;
use liufang_platform::{AuthFault, DbFault, PeerFault};
use sea_orm::DbErr;

use crate::domain::book::RowReason;
use crate::domain::dispense::ScanRefusal;
use crate::domain::give_back::ReturnRefusal;
use crate::domain::{LineReason, LineRefusal, ReservationState};

/// A refusal or failure of this service.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("drug is not in the catalogue")]
    DrugNotFound { med_list_codg: String },
    #[error("lot is not known")]
    LotNotFound { lot_id: String },
    #[error("trace code is not known")]
    TraceCodeNotFound,
    #[error("prescription is not known to this caller")]
    PrescriptionNotFound,
    #[error("prescription is not active")]
    PrescriptionNotActive,
    #[error("prescription is used up")]
    PrescriptionUsed,
    #[error("{} lines cannot be sold here", .0.len())]
    Lines(Vec<LineRefusal>),
    #[error("scan refused")]
    Scan(ScanRefusal),
    #[error("return refused")]
    Return(ReturnRefusal),
    #[error("deadline is not ahead")]
    DeadlinePassed { deadline: Timestamp },
    #[error("order has no reservation")]
    ReservationNotFound { order_id: String },
    #[error("order has a reservation for something else")]
    ReservationDiffers { order_id: String },
    #[error("reservation is {}", .0.word())]
    ReservationState(ReservationState),
    #[error("reservation has run out")]
    ReservationExpired { expired_at: Timestamp },
    #[error("stored row cannot be read: {0}")]
    Corrupt(&'static str),
}

impl From<PeerFault> for InventoryError {
    fn from(fault: PeerFault) -> InventoryError {
        InventoryError::Peer(Box::new(fault))
    }
}

impl From<DbErr> for InventoryError {
    fn from(error: DbErr) -> InventoryError {
        InventoryError::Db(DbFault::from(error))
    }
}

impl InventoryError {
    /// Somebody else changed the same stock in between: the use case may be tried again from the start.
    pub fn lost_race() -> InventoryError {
        InventoryError::Db(DbFault::LostRace)
    }

    pub fn is_lost_race(&self) -> bool {
        matches!(self, InventoryError::Db(DbFault::LostRace))
    }

    /// One bad field that only a use case can find.
    pub fn bad_field(field: &str, problem: &str) -> InventoryError {
        InventoryError::Invalid(Invalid(Violations::of(field, problem)))
    }
}

macro_rules! reasons {
    ($($name:ident: $class:ident, $word:literal, $zh:literal, $en:literal;)*) => {
        $(static $name: ReasonDoc = ReasonDoc::new($word, Class::$class, $zh, $en);)*

        /// Every reason of this service.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name),*];
    };
}

reasons! {
    DRUG_NOT_FOUND: NotFound, "DRUG_NOT_FOUND", "目录中没有该药品", "the catalogue has no such drug";
    LOT_NOT_FOUND: NotFound, "LOT_NOT_FOUND", "没有该批次", "the institution has no such lot";
    TRACE_CODE_NOT_FOUND: NotFound, "TRACE_CODE_NOT_FOUND", "没有该追溯码的记录", "nothing is known of this trace code";
    PRESCRIPTION_NOT_FOUND: NotFound, "PRESCRIPTION_NOT_FOUND", "没有该处方", "the caller has no such prescription";
    PRESCRIPTION_NOT_ACTIVE: Precondition, "PRESCRIPTION_NOT_ACTIVE", "处方不在有效状态", "the prescription is not active";
    PRESCRIPTION_USED: Precondition, "PRESCRIPTION_USED", "处方已全部使用", "nothing of the prescription is left to fill";
    NOT_LISTED: Precondition, "NOT_LISTED", "该机构未上架此药品", "the institution does not list this drug";
    SHORT_STOCK: Precondition, "SHORT_STOCK", "库存不足，未占用任何库存", "there is not enough saleable stock; nothing was held";
    PRICE_ABOVE_HOSPITAL: Precondition, "PRICE_ABOVE_HOSPITAL", "价格高于医院价格", "the price is above the hospital's";
    OTHER_MAKER: Precondition, "OTHER_MAKER", "生产企业与医院用药不一致", "the product is of another maker than the hospital's";
    OTHER_SPECIFICATION: Precondition, "OTHER_SPECIFICATION", "规格与医院用药不一致", "the product has another specification than the hospital's";
    RX_NOT_ALLOWED: Precondition, "RX_NOT_ALLOWED", "处方药（含非OTC包装的双跨药品）不得按非处方药销售", "a prescription drug, or a 双跨 drug not in its OTC pack, cannot be sold over the counter";
    ONLINE_FORBIDDEN: Precondition, "ONLINE_FORBIDDEN", "该药品禁止网络销售", "this drug may not be sold online";
    NOT_SOLD_ONLINE: Precondition, "NOT_SOLD_ONLINE", "该机构未在线销售此药品", "the institution does not sell this drug online";
    SPLIT_PACK: Precondition, "SPLIT_PACK", "线上订单不拆零", "packs are not split for an order";
    DEADLINE_PASSED: Precondition, "DEADLINE_PASSED", "截止时间已过", "the deadline is not in the future";
    RESERVATION_NOT_FOUND: NotFound, "RESERVATION_NOT_FOUND", "该订单没有库存占用", "the order has no reservation";
    RESERVATION_EXISTS: AlreadyExists, "RESERVATION_EXISTS", "该订单已占用其他库存", "the order already holds something else";
    RESERVATION_NOT_HELD: Precondition, "RESERVATION_NOT_HELD", "库存占用不在可操作状态", "the reservation is in a state that does not allow this";
    RESERVATION_EXPIRED: Precondition, "RESERVATION_EXPIRED", "库存占用已过期", "the reservation has run out";
    TRACE_CODE_COUNT: Precondition, "TRACE_CODE_COUNT", "追溯码数量与整包数量不符", "there must be one distinct trace code per whole pack";
    TRACE_CODE_UNKNOWN: Precondition, "TRACE_CODE_UNKNOWN", "该追溯码不在本机构库存中", "the trace code is not in stock in this institution";
    TRACE_CODE_MISMATCH: Precondition, "TRACE_CODE_MISMATCH", "追溯码与药品不符", "the trace code belongs to another drug";
    TRACE_CODE_SOLD: Precondition, "TRACE_CODE_SOLD", "该追溯码已销售过，疑似回流药", "the trace code was sold before; the attempt is on record";
    TRACE_CODE_KNOWN: Precondition, "TRACE_CODE_KNOWN", "追溯码已入库", "the trace code is known already";
    TRACE_CODE_INVALID: Precondition, "TRACE_CODE_INVALID", "不是有效的药品追溯码", "this cannot be a drug trace code";
    TRACE_CODE_RETURNED: Precondition, "TRACE_CODE_RETURNED", "该追溯码已退回", "the pack came back before";
    NOTHING_TO_RETURN: Precondition, "NOTHING_TO_RETURN", "没有可退的药品", "nothing of this line is left to come back";
    LOT_EXPIRED: Precondition, "LOT_EXPIRED", "该批次已过有效期", "the lot has expired";
    LOT_EXPIRES_EARLY: Precondition, "LOT_EXPIRES_EARLY", "该批次在疗程用完前过期", "the lot expires before the supply is used up";
    LOT_BLOCKED: Precondition, "LOT_BLOCKED", "该批次已锁定或召回", "the lot is held or recalled";
    LOT_MISMATCH: Precondition, "LOT_MISMATCH", "批号与有效期或追溯码不符", "lot number, expiry date and trace codes do not fit together";
    ROW_INVALID: Invalid, "ROW_INVALID", "该行数据有误", "the row has bad fields";
    ROW_KEY_REUSED: AlreadyExists, "ROW_KEY_REUSED", "该行流水号已用于其他内容", "the row key stands for something else";
    NOT_YOUR_INSTITUTION: PermissionDenied, "NOT_YOUR_INSTITUTION", "只能提交本机构的数据", "a client may only speak for its own institution";
}

/// The word of a bad row.
pub const ROW_INVALID_WORD: &str = "ROW_INVALID";
/// The word of a row that speaks for somebody else.
pub const NOT_YOURS_WORD: &str = "NOT_YOUR_INSTITUTION";

/// The registry row of a line refusal.
pub fn line_doc(reason: LineReason) -> &'static ReasonDoc {
    match reason {
        LineReason::NotListed => &NOT_LISTED,
        LineReason::ShortStock => &SHORT_STOCK,
        LineReason::PriceAboveHospital => &PRICE_ABOVE_HOSPITAL,
        LineReason::OtherMaker => &OTHER_MAKER,
        LineReason::OtherSpecification => &OTHER_SPECIFICATION,
        LineReason::RxNotAllowed => &RX_NOT_ALLOWED,
        LineReason::OnlineForbidden => &ONLINE_FORBIDDEN,
        LineReason::NotSoldOnline => &NOT_SOLD_ONLINE,
        LineReason::SplitPack => &SPLIT_PACK,
    }
}

/// The registry row of a refused movement.
pub fn row_doc(reason: RowReason) -> &'static ReasonDoc {
    match reason {
        RowReason::RowKeyReused => &ROW_KEY_REUSED,
        RowReason::DrugNotFound => &DRUG_NOT_FOUND,
        RowReason::LotMismatch => &LOT_MISMATCH,
        RowReason::LotNotFound => &LOT_NOT_FOUND,
        RowReason::ShortStock => &SHORT_STOCK,
        RowReason::TraceCodeInvalid => &TRACE_CODE_INVALID,
        RowReason::TraceCodeCount => &TRACE_CODE_COUNT,
        RowReason::TraceCodeMismatch => &TRACE_CODE_MISMATCH,
        RowReason::TraceCodeKnown => &TRACE_CODE_KNOWN,
        RowReason::TraceCodeUnknown => &TRACE_CODE_UNKNOWN,
    }
}

fn scan_doc(refusal: &ScanRefusal) -> &'static ReasonDoc {
    match refusal {
        ScanRefusal::Count { .. } => &TRACE_CODE_COUNT,
        ScanRefusal::Unknown { .. } => &TRACE_CODE_UNKNOWN,
        ScanRefusal::Mismatch { .. } => &TRACE_CODE_MISMATCH,
        ScanRefusal::Sold { .. } => &TRACE_CODE_SOLD,
        ScanRefusal::Expired { .. } => &LOT_EXPIRED,
        ScanRefusal::ExpiresEarly { .. } => &LOT_EXPIRES_EARLY,
        ScanRefusal::Blocked { .. } => &LOT_BLOCKED,
    }
}

type Metadata = Vec<(Cow<'static, str>, String)>;

fn scan_metadata(refusal: &ScanRefusal) -> Metadata {
    let entry = |key: &'static str, value: &dyn ToString| (Cow::Borrowed(key), value.to_string());
    match refusal {
        ScanRefusal::Count { line_no, wanted, scanned } => {
            vec![entry("line_no", line_no), entry("wanted", wanted), entry("scanned", scanned)]
        }
        ScanRefusal::Unknown { line_no, code } | ScanRefusal::Mismatch { line_no, code } => {
            vec![entry("line_no", line_no), entry("drug_trac_codg", code)]
        }
        // who sold it first is for the supervisor, not for the second seller
        ScanRefusal::Sold { line_no, code, .. } => {
            vec![entry("line_no", line_no), entry("drug_trac_codg", code)]
        }
        ScanRefusal::Expired { line_no, lot_id }
        | ScanRefusal::ExpiresEarly { line_no, lot_id }
        | ScanRefusal::Blocked { line_no, lot_id } => {
            vec![entry("line_no", line_no), entry("lot_id", lot_id)]
        }
    }
}

/// The first refused line under plain names, then every line under its number.
fn lines_metadata(lines: &[LineRefusal]) -> Metadata {
    let mut metadata: Metadata = Vec::new();
    if let Some(first) = lines.first() {
        metadata.push(("line_no".into(), first.line_no.to_string()));
        metadata.push(("med_list_codg".into(), first.med_list_codg.clone()));
    }
    for line in lines {
        metadata.push((format!("line_{}", line.line_no).into(), line.reason.word().to_owned()));
        if let Some(available) = line.available {
            metadata.push((format!("available_{}", line.line_no).into(), available.to_string()));
        }
    }
    metadata
}

impl Fault for InventoryError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            InventoryError::Db(fault) => fault.doc(),
            InventoryError::Peer(fault) => fault.doc(),
            InventoryError::Auth(fault) => fault.doc(),
            InventoryError::Invalid(fault) => fault.doc(),
            InventoryError::DrugNotFound { .. } => &DRUG_NOT_FOUND,
            InventoryError::LotNotFound { .. } => &LOT_NOT_FOUND,
            InventoryError::TraceCodeNotFound => &TRACE_CODE_NOT_FOUND,
            InventoryError::PrescriptionNotFound => &PRESCRIPTION_NOT_FOUND,
            InventoryError::PrescriptionNotActive => &PRESCRIPTION_NOT_ACTIVE,
            InventoryError::PrescriptionUsed => &PRESCRIPTION_USED,
            InventoryError::Lines(lines) => lines.first().map_or(&NOT_LISTED, |line| line_doc(line.reason)),
            InventoryError::Scan(refusal) => scan_doc(refusal),
            InventoryError::Return(ReturnRefusal::NotSoldHere { .. }) => &TRACE_CODE_UNKNOWN,
            InventoryError::Return(ReturnRefusal::CameBack { .. }) => &TRACE_CODE_RETURNED,
            InventoryError::Return(ReturnRefusal::NothingLeft { .. }) => &NOTHING_TO_RETURN,
            InventoryError::DeadlinePassed { .. } => &DEADLINE_PASSED,
            InventoryError::ReservationNotFound { .. } => &RESERVATION_NOT_FOUND,
            InventoryError::ReservationDiffers { .. } => &RESERVATION_EXISTS,
            InventoryError::ReservationState(ReservationState::Expired) => &RESERVATION_EXPIRED,
            InventoryError::ReservationState(_) => &RESERVATION_NOT_HELD,
            InventoryError::ReservationExpired { .. } => &RESERVATION_EXPIRED,
            InventoryError::Corrupt(_) => DbFault::REASONS[3],
        }
    }

    fn metadata(&self) -> Metadata {
        let one = |key: &'static str, value: &dyn ToString| vec![(Cow::Borrowed(key), value.to_string())];
        match self {
            InventoryError::Peer(fault) => fault.metadata(),
            InventoryError::DrugNotFound { med_list_codg } => one("med_list_codg", med_list_codg),
            InventoryError::LotNotFound { lot_id } => one("lot_id", lot_id),
            InventoryError::Lines(lines) => lines_metadata(lines),
            InventoryError::Scan(refusal) => scan_metadata(refusal),
            InventoryError::Return(
                ReturnRefusal::NotSoldHere { line_no, code } | ReturnRefusal::CameBack { line_no, code },
            ) => {
                vec![("line_no".into(), line_no.to_string()), ("drug_trac_codg".into(), code.clone())]
            }
            InventoryError::Return(ReturnRefusal::NothingLeft { line_no }) => one("line_no", line_no),
            InventoryError::DeadlinePassed { deadline } => one("deadline", deadline),
            InventoryError::ReservationNotFound { order_id }
            | InventoryError::ReservationDiffers { order_id } => one("order_id", order_id),
            InventoryError::ReservationState(state) => one("state", &state.word()),
            InventoryError::ReservationExpired { expired_at } => one("expired_at", expired_at),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            InventoryError::Invalid(fault) => fault.violations(),
            InventoryError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            InventoryError::Peer(fault) => fault.retry_after_ms(),
            InventoryError::Db(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
