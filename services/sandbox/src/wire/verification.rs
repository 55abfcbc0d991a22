//! Verification requests: a provider confirms nothing about somebody who was not named.

use liufang_kernel::Violations;
use liufang_kernel::document::DocumentType;
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as pb;

pub fn identity(
    request: pb::CheckIdentityRequest,
    _: &CallMeta,
) -> Result<pb::CheckIdentityRequest, Violations> {
    let fields = [("psn_name", &request.psn_name), ("certno", &request.certno)];
    named(&fields, &request.psn_cert_type).finish(Some(request))
}

pub fn carrier(
    request: pb::CheckCarrierRequest,
    _: &CallMeta,
) -> Result<pb::CheckCarrierRequest, Violations> {
    let fields = [("psn_name", &request.psn_name), ("certno", &request.certno), ("phone", &request.phone)];
    named(&fields, &request.psn_cert_type).finish(Some(request))
}

pub fn face(request: pb::CheckFaceRequest, _: &CallMeta) -> Result<pb::CheckFaceRequest, Violations> {
    let fields =
        [("psn_name", &request.psn_name), ("certno", &request.certno), ("capture_ref", &request.capture_ref)];
    named(&fields, &request.psn_cert_type).finish(Some(request))
}

fn named(fields: &[(&str, &String)], cert_type: &str) -> Violations {
    let mut violations = Violations::new();
    let known = DocumentType::from_code(cert_type).is_some();
    violations.check(known, "psn_cert_type", "must be empty, 01, 07, 08, 16 or 17");
    for (field, text) in fields {
        violations.check(!text.is_empty(), field, "must not be empty");
    }
    violations
}
