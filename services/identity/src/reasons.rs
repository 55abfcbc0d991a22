//! The published reasons of the identity service, with what they mean and what the caller can do.

use liufang_kernel::{Class, ReasonDoc};

macro_rules! reasons {
    ($($name:ident: $class:ident, $zh:literal, $en:literal;)*) => {
        $(pub static $name: ReasonDoc = ReasonDoc::new(stringify!($name), Class::$class, $zh, $en);)*

        /// Every reason of this service.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name,)*];
    };
}

reasons! {
    VERIFICATION_NOT_FOUND: NotFound, "实名认证会话不存在", "this caller has no such verification session; start one";
    VERIFICATION_LOCKED: Precondition, "尝试次数过多，已锁定，请稍后再试", "too many refused attempts; start again after locked_until_us";
    VERIFICATION_EXPIRED: Precondition, "实名认证已过期，请重新开始", "the verification or its face proof has expired; start again";
    STEP_OUT_OF_ORDER: Precondition, "请先完成前一步认证", "an earlier step has not passed; take next_step first";
    VERIFICATION_INCOMPLETE: Precondition, "实名认证未完成", "a step has not passed; take missing_step";
    VERIFICATION_USED: Precondition, "该认证已使用过，请重新认证", "a verification is used once; start another";
    VERIFICATION_PURPOSE: Precondition, "该认证用途不符", "the verification was made for another purpose";
    VERIFICATION_OTHER_PERSON: Precondition, "该认证不属于本人", "the verification belongs to another person";
    IDENTITY_MISMATCH: Precondition, "姓名与证件号码不符", "the name and the ID number do not belong together; attempts_left until the number is locked";
    NOT_INSURED: Precondition, "未查询到参保信息", "no insured person with this ID number is known here";
    NOT_REGISTERED: Precondition, "尚未注册，请先注册", "the person has not registered yet; use purpose REGISTER";
    PHONE_CODE_NOT_SENT: Precondition, "尚未发送验证码", "no code was sent in this session; send one first";
    PHONE_CODE_EXPIRED: Precondition, "验证码已过期，请重新获取", "the code has expired; send another";
    RESEND_TOO_SOON: Exhausted, "验证码发送过于频繁，请稍后再试", "wait before another code is sent; scope, limit and window_seconds name the rule, retry_at_us its end";
    FACE_PROVIDER_UNKNOWN: Precondition, "未接入该人脸核验机构", "the capture must come from one of providers";
    SESSION_NOT_FOUND: NotFound, "登录会话不存在", "the caller has no such sign-in";
    REFRESH_TOKEN_INVALID: Unauthenticated, "刷新令牌无效", "the refresh token is not one of this caller; sign in again";
    REFRESH_TOKEN_EXPIRED: Unauthenticated, "刷新令牌已过期", "the refresh token has expired; sign in again";
    TOKEN_REVOKED: Unauthenticated, "令牌已撤销", "the sign-in was revoked; sign in again";
    TOKEN_REUSED: Unauthenticated, "刷新令牌重复使用，已全部撤销", "an old refresh token came back, so the sign-in was revoked; sign in again";
    ASSERTION_INVALID: Unauthenticated, "客户端断言无效", "the client assertion is not a valid credential; see claim";
    ASSERTION_REUSED: Unauthenticated, "客户端断言已使用过", "every assertion is used once; sign another with a fresh jti";
    PRACTITIONER_NOT_FOUND: NotFound, "医师或药师不存在", "no practitioner has this code";
    PRACTITIONER_INACTIVE: Precondition, "医师或药师已停用", "the practitioner may not sign now";
    PRACTITIONER_ELSEWHERE: PermissionDenied, "医师或药师不属于本机构", "the practitioner does not belong to the calling institution";
    PRACTITIONER_SIGNATURE_INVALID: Unauthenticated, "签名验证失败", "the signature does not verify with a key that may sign now";
    SIGNATURE_STALE: Unauthenticated, "签名时间超出范围", "issued_at_us must be within two minutes of the server's clock";
    CERTIFICATE_NOT_FOUND: NotFound, "签名证书不存在", "no certificate has this fingerprint";
    CERTIFICATE_TAKEN: AlreadyExists, "签名证书已登记在他人名下", "the certificate is registered for another practitioner";
    CERTIFICATE_KEY_TAKEN: AlreadyExists, "该公钥已登记在他人名下", "another practitioner has a certificate with this key";
    CERTIFICATE_UNTRUSTED: Precondition, "签名证书不是由受信任的机构签发", "no authority this installation trusts vouches for the certificate, see cause; hand over the authorities between, or ask the operator which are trusted";
    CERTIFICATE_REVOKED: Precondition, "签名证书已被签发机构吊销", "the authority's revocation list names the certificate; register another";
    CRL_STALE: Precondition, "证书吊销列表已过期或缺失", "an authority's revocation list is stale or missing and this installation refuses then; import its newest list";
    CRL_UNTRUSTED: Precondition, "吊销列表不是由受信任的机构签发", "no authority this installation trusts signed the list, see cause";
    CRL_FROM_FUTURE: Precondition, "吊销列表的签发时间在未来", "the list begins more than five minutes from now; check the clocks";
    CRL_OLDER: Precondition, "已有更新的吊销列表", "a newer list of this authority is known: this_update_us, number";
    CRL_ROW_ODD: Invalid, "吊销列表中的该行无法采用", "the row was left out, the message says why; the others were taken";
    CERTIFICATE_INVALID: Unauthenticated, "没有有效的签名证书", "none of the practitioner's certificates holds now, or there is none (see cause); register one";
    NONCE_REUSED: Unauthenticated, "随机数已使用过", "every nonce is used once; sign again with a fresh one";
    PERSON_NOT_FOUND: NotFound, "人员不存在", "no person has this id";
    PERSON_NEEDED: Precondition, "尚有未了结事项，暂不能删除个人信息", "something still needs the person; needed_by names the first thing, end it and ask again";
    PURPOSE_NOT_ALLOWED: PermissionDenied, "该服务无权以此目的查询个人信息", "this role may not ask for a person with this purpose";
    CONTACT_NOT_ALLOWED: PermissionDenied, "无权查看联系方式", "only dispatch and prescription may see contact data";
    REGION_UNKNOWN: Precondition, "该统筹区未开通", "no region pack of this code is installed";
    RELATION_NOT_ALLOWED: Precondition, "该亲属关系不能办理家庭共济", "the region does not allow mutual aid within this relation";
    INSURED_ELSEWHERE: Precondition, "参保地不在本统筹区", "party is not insured in this region on this date";
    HOLDER_NOT_EMPLOYEE: Precondition, "共济人未参加职工医保", "the account holder must be in the employee scheme";
    HOLDER_NOT_FOUND: NotFound, "未找到共济人", "no insured person has this name and ID number";
    MUTUAL_AID_EXISTS: AlreadyExists, "家庭共济已备案", "a filing of these two people is waiting or active; see mutual_aid_id";
    MUTUAL_AID_NOT_FOUND: NotFound, "家庭共济备案不存在", "this person has no such filing";
    MUTUAL_AID_STATE: Precondition, "家庭共济备案状态不允许此操作", "the filing is in another state";
    MUTUAL_AID_NOT_FILED: Precondition, "未办理家庭共济备案", "holder_person_id has no active filing for this person; file and consent first";
    CHILD_NOT_FOUND: NotFound, "未找到该儿童的参保信息", "no insured person has this name and document; attempts_left until guessing is refused";
    NOT_A_CHILD: Precondition, "该人员已成年，不需要监护人代办", "the person is of age in their region, or the guardian themselves";
    GUARDIAN_NOT_ADULT: Precondition, "监护人未成年", "a guardian must be of age";
    GUARDIAN_EXISTS: AlreadyExists, "监护关系已存在", "a relation of these two people is waiting or active; see guardianship_id";
    GUARDIAN_NOT_FOUND: NotFound, "监护关系不存在", "the caller has no such relation";
    GUARDIAN_STATE: Precondition, "监护关系状态不允许此操作", "the relation is in another state, see state";
    GUARDIAN_ENDED: PermissionDenied, "监护关系未生效或已结束，不能代办", "the guardian may not act for this person now; see state";
    PRESENCE_TOKEN_INVALID: Precondition, "到场凭证无效、已使用或已过期", "the proof of presence is unknown, used, older than five minutes or of another counter; decode a fresh code";
    INSURANCE_CODE_INVALID: Precondition, "医保码无效或已过期", "the insurance code is unknown, used or older than a minute; show a fresh one";
    CODE_GUESSING: Exhausted, "尝试次数过多，请稍后再试", "too many wrong guesses of the caller or its institution, see scope; wait until retry_at_us";
    INSTITUTION_NOT_FOUND: NotFound, "定点医药机构不存在", "no institution has this code";
    OUTSIDE_REGION: PermissionDenied, "不在本经办机构管辖范围", "the row does not belong to the caller's region";
    AGREEMENT_OUT_OF_TURN: Precondition, "协议变更与时间线不符", "the change does not fit the agreement's timeline";
    STORED_DATA_UNREADABLE: Internal, "系统内部错误", "stored data cannot be read; quote the request id";
}
