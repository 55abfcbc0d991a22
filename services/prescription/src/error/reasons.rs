//! The registry rows of this service.

use liufang_kernel::{Class, ReasonDoc};

use super::Missing;
use crate::domain::refusal::Refusal;

macro_rules! reasons {
    ($($name:ident $class:ident $zh:literal $en:literal;)*) => {
        $(pub static $name: ReasonDoc = ReasonDoc::new(stringify!($name), Class::$class, $zh, $en);)*
        /// Every reason this service answers by itself.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name,)*];
    };
}

reasons! {
    PRESCRIPTION_NOT_FOUND NotFound "处方不存在或无权查看" "no such prescription, or not yours to see";
    NOTICE_NOT_FOUND NotFound "通知不存在、已送达或不属于本院" "no such notice that waits for the hospital; metadata names it";
    VISIT_NOT_FOUND NotFound "就诊记录不存在或无权查看" "no such visit, or not yours to see";
    SLOT_NOT_FOUND NotFound "号源不存在" "no such slot";
    PRESCRIPTION_NOT_ACTIVE Precondition "处方未生效或当前状态不允许此操作" "the prescription is in another state; metadata names it";
    PRESCRIPTION_EXPIRED Precondition "处方已失效" "the prescription has expired";
    PRESCRIPTION_REVOKED Precondition "处方已撤销" "the prescriber revoked the prescription";
    PRESCRIPTION_REFUSED Precondition "处方未通过医院药师审核" "the hospital pharmacist refused the prescription";
    PRESCRIPTION_HELD Precondition "处方已被药店领取" "a pharmacy holds the prescription; it must give it back first";
    PRESCRIPTION_USED Precondition "处方已使用" "something has been dispensed on the prescription";
    PRESCRIPTION_NOT_HELD Precondition "本药店未持有该处方" "the caller does not hold the prescription; claim it first";
    CIRCULATION_TOKEN_INVALID Precondition "流转令牌无效或不属于本药店" "the circulation token is unknown, replaced, or of another pharmacy";
    CLAIM_SECRET_INVALID Precondition "领取密钥错误" "the claim secret is wrong; recover a new one";
    PRACTITIONER_NOT_ALLOWED PermissionDenied "该医师或药师不得执行此操作" "this practitioner may not do this; metadata names the cause";
    REVIEW_ALREADY_DONE Precondition "处方已审核" "the verdict was given before";
    REVIEW_NOT_PASSED Precondition "处方尚未通过药店药师审核" "the pharmacy pharmacist has not passed the prescription";
    SECOND_REVIEW_NEEDED Precondition "本处方须由第二名药师复核" "the region asks for a second pharmacist's review; metadata names the cause";
    SIGNATURE_INVALID Precondition "电子签名验证失败" "a signature does not verify; metadata names whose";
    TRACE_CODE_SPENT Precondition "处方追溯码已使用" "one code, one upload: the trace code was spent";
    TRACE_CODE_OF_OTHER_PRESCRIPTION Precondition "追溯码与处方不符" "the trace code is not the one of this prescription";
    PRESCRIPTION_OF_OTHER_ORDER Precondition "处方已关联其他订单" "another order has the prescription";
    PRESCRIPTION_ARCHIVED Precondition "处方已过保存期，个人信息已清除" "kept long enough: the document is gone, metadata holds its hash";
    QR_INVALID Precondition "处方二维码无效、已使用或已过期" "the QR is unknown, used, replaced or older than five minutes; show a fresh one";
    COUNTER_TOKEN_INVALID Precondition "柜台令牌无效或已过期" "the counter token is unknown, over or of another pharmacy; scan again";
    PRESCRIPTION_NOT_OPEN Precondition "处方尚未到可取药时间" "a later use of a repeat prescription is not open yet; metadata tells when";
    REPEAT_NOT_ALLOWED Precondition "处方不能按此重复使用" "the prescription may not repeat so; metadata names the cause";
    LINE_NOT_DISPENSABLE Precondition "处方明细不能按此发药" "a line cannot be dispensed so; metadata names line and cause";
    VISIT_STATE_MISMATCH Precondition "就诊当前状态不允许此操作" "the visit is in another state; metadata names it";
    VISIT_ALREADY_BOOKED AlreadyExists "该号源已预约" "the person has an open visit in this slot";
    SLOT_FULL Precondition "号源已满" "no vacancy is left in the slot";
    SLOT_OVER Precondition "号源已过期" "the slot is over";
    FIRST_VISIT_ONLINE Precondition "互联网不得首诊，须凭首诊处方复诊" "a first visit cannot be made online";
    DISEASE_NOT_IN_SCHEME Precondition "病种不在线上续方范围" "the disease is not part of the scheme";
    DISEASE_NOT_REGISTERED Precondition "未办理该门诊慢特病登记" "the chronic disease is not registered for the person on the date";
    INSTITUTION_NOT_DESIGNATED Precondition "机构当日未定点或未开通续方" "no active agreement on the date, or the capability is missing; metadata names the cause";
    IDENTITY_NOT_VERIFIED Precondition "未完成实名核验" "the person has not passed real-name verification";
    CONSULTATION_FEE_UNKNOWN Precondition "未设定该级别医院诊察费" "no consultation fee is set for the hospital's level";
    DOCTOR_NOT_INSURED Precondition "非本院在册医保医师" "not an active insured doctor of this hospital; metadata names the cause";
    PRACTICE_TOO_SHORT Precondition "医师独立临床工作经验不足三年（或未登记首次执业注册日期），不得开展互联网诊疗" "a doctor works online after three years of independent practice; metadata names the cause";
    PRESCRIPTION_BLOCKED Precondition "处方预核验不通过" "rules forbid the prescription; metadata lists every finding";
    OVERRIDE_NEEDED Precondition "存在警示，须填写理由" "warnings need the doctor's written reason; metadata lists them";
    HOSP_RXNO_USED AlreadyExists "院内处方号重复" "the hospital used this number before";
    ROW_UNREADABLE Internal "数据读取失败" "stored data cannot be read";
    INVALID_ROW Invalid "该行数据有误" "the row has bad fields";
    SLOT_BELOW_BOOKED Precondition "容量小于已预约数" "the new capacity is below what is booked";
    NOT_OWN_INSTITUTION PermissionDenied "只能维护本机构数据" "a machine client names its own institution only";
}

pub(super) fn of_missing(missing: Missing) -> &'static ReasonDoc {
    match missing {
        Missing::Slot => &SLOT_NOT_FOUND,
        Missing::Visit => &VISIT_NOT_FOUND,
        Missing::Prescription => &PRESCRIPTION_NOT_FOUND,
    }
}

pub(super) fn of_refusal(refusal: &Refusal) -> &'static ReasonDoc {
    match refusal {
        Refusal::NotActive(_) => &PRESCRIPTION_NOT_ACTIVE,
        Refusal::Expired => &PRESCRIPTION_EXPIRED,
        Refusal::Revoked => &PRESCRIPTION_REVOKED,
        Refusal::DraftRefused => &PRESCRIPTION_REFUSED,
        Refusal::Held => &PRESCRIPTION_HELD,
        Refusal::Used => &PRESCRIPTION_USED,
        Refusal::NotHeld => &PRESCRIPTION_NOT_HELD,
        Refusal::TokenInvalid => &CIRCULATION_TOKEN_INVALID,
        Refusal::SecretInvalid => &CLAIM_SECRET_INVALID,
        Refusal::PractitionerNotAllowed(_) => &PRACTITIONER_NOT_ALLOWED,
        Refusal::AlreadyReviewed => &REVIEW_ALREADY_DONE,
        Refusal::SecondReviewNeeded(_) => &SECOND_REVIEW_NEEDED,
        Refusal::ReviewNotPassed => &REVIEW_NOT_PASSED,
        Refusal::SignatureInvalid(_) => &SIGNATURE_INVALID,
        Refusal::TraceCodeSpent => &TRACE_CODE_SPENT,
        Refusal::TraceCodeMismatch => &TRACE_CODE_OF_OTHER_PRESCRIPTION,
        Refusal::OtherOrder => &PRESCRIPTION_OF_OTHER_ORDER,
        Refusal::Archived { .. } => &PRESCRIPTION_ARCHIVED,
        Refusal::QrInvalid => &QR_INVALID,
        Refusal::CounterTokenInvalid => &COUNTER_TOKEN_INVALID,
        Refusal::NotOpen(_) => &PRESCRIPTION_NOT_OPEN,
        Refusal::RepeatNotAllowed(_) => &REPEAT_NOT_ALLOWED,
        Refusal::Line { .. } => &LINE_NOT_DISPENSABLE,
        Refusal::VisitState(_) => &VISIT_STATE_MISMATCH,
        Refusal::SlotFull => &SLOT_FULL,
        Refusal::SlotOver => &SLOT_OVER,
        Refusal::FirstVisitOnline => &FIRST_VISIT_ONLINE,
        Refusal::DiseaseNotInScheme => &DISEASE_NOT_IN_SCHEME,
        Refusal::DiseaseNotRegistered => &DISEASE_NOT_REGISTERED,
        Refusal::NotDesignated(_) => &INSTITUTION_NOT_DESIGNATED,
        Refusal::IdentityNotVerified => &IDENTITY_NOT_VERIFIED,
        Refusal::FeeUnknown => &CONSULTATION_FEE_UNKNOWN,
        Refusal::DoctorNotInsured(_) => &DOCTOR_NOT_INSURED,
        Refusal::PracticeTooShort(_) => &PRACTICE_TOO_SHORT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_unique() {
        let mut names: Vec<_> = REASONS.iter().map(|doc| doc.reason.as_ref()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REASONS.len());
    }
}
