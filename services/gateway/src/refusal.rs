//! The door's refusals as gRPC statuses. The platform renders them; only the codes that belong to the transport
//! (`UNIMPLEMENTED`, `DEADLINE_EXCEEDED`) are set here, for no fault class stands for them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use liufang_platform::status::to_status;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::error::GatewayError;

const DETAILS: &str = "grpc-status-details-bin";

/// gRPC allows binary headers with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A refusal with all its details.
pub(crate) fn status(error: &GatewayError) -> Status {
    let status = to_status(error, None);
    match error.transport_code() {
        Some(code) => {
            Status::with_details(code, status.message().to_owned(), status.details().to_vec().into())
        }
        None => status,
    }
}

/// The status an answer's trailers, or its headers when it has nothing else, carry.
pub(crate) fn read(headers: &HeaderMap) -> Option<Status> {
    let broken = |value: &http::HeaderValue| LENIENT.decode(value.as_bytes()).is_err();
    if headers.get(DETAILS).is_some_and(broken) {
        // tonic panics on details that are not Base64
        let mut headers = headers.clone();
        headers.remove(DETAILS);
        return Status::from_header_map(&headers);
    }
    Status::from_header_map(headers)
}

/// Every refusal names a reason; a deadline that ran out somewhere in a transport does not by itself.
pub(crate) fn explained(answer: Status) -> Status {
    if answer.details().is_empty() && answer.code() == Code::DeadlineExceeded {
        return status(&GatewayError::DeadlineExceeded);
    }
    answer
}

/// The machine-readable reason of a status; empty without one.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transport_codes_keep_the_details() {
        let status = status(&GatewayError::MethodNotFound);
        assert_eq!(status.code(), Code::Unimplemented);
        assert_eq!(reason(&status), "METHOD_NOT_FOUND");
        let status = super::status(&GatewayError::TooLarge { max_bytes: 7 });
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.get_details_error_info().unwrap().metadata["max_bytes"], "7");
        assert!(status.get_details_retry_info().is_none());
        let status = super::status(&GatewayError::RateLimited { retry_after_ms: 250 });
        let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert_eq!((status.code(), delay.as_millis()), (Code::ResourceExhausted, 250));
    }

    #[test]
    fn deadlines_get_a_reason_and_others_stay() {
        let bare = |code: i32| {
            let headers = HeaderMap::from_iter([(Status::GRPC_STATUS, http::HeaderValue::from(code))]);
            reason(&explained(read(&headers).unwrap()))
        };
        assert_eq!((bare(4).as_str(), bare(5).as_str()), ("DEADLINE_EXCEEDED", ""));
    }

    #[test]
    fn broken_details_do_not_panic() {
        let mut headers = HeaderMap::new();
        assert!(read(&headers).is_none());
        headers.insert("grpc-status", "5".parse().unwrap());
        headers.insert(DETAILS, "***".parse().unwrap());
        assert_eq!(read(&headers).unwrap().code(), Code::NotFound);
    }
}
