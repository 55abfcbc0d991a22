use liufang_platform::access::POOL;
use liufang_proto::identity::v1 as pb;
use proptest::prelude::*;

use super::*;

fn shape(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).unwrap()
}

fn problems(name: &str, json: &str) -> Vec<String> {
    let violations = message(&shape(name), json.as_bytes()).unwrap_err();
    violations.iter().map(|(field, problem)| format!("{field}: {problem}")).collect()
}

#[test]
fn reads_both_spellings_and_numbers_as_strings() {
    let json = r#"{"practitionerCode":"D1","issued_at_us":"1790000000000000","nonce":null}"#;
    let bytes =
        message(&shape("liufang.identity.v1.IssuePractitionerTokenRequest"), json.as_bytes()).unwrap();
    let request = pb::IssuePractitionerTokenRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!((request.practitioner_code.as_str(), request.issued_at_us), ("D1", 1_790_000_000_000_000));
}

#[test]
fn tells_every_problem_at_once() {
    let json = r#"{"rows":[{"psnName":7,"certno":"x","insurances":{}},null,3],"more":1}"#;
    let found = problems("liufang.identity.v1.ImportPersonsRequest", json);
    assert_eq!(
        found,
        [
            "more: unknown field; known are rows",
            "rows[0].insurances: must be a JSON array",
            "rows[0].psnName: must be a string",
            "rows[1]: must not be null",
            "rows[2]: must be a JSON object",
        ]
    );
}

#[test]
fn numbers_are_never_floats() {
    let name = "liufang.identity.v1.IssuePractitionerTokenRequest";
    for bad in ["1.0", "1e3", "\"1.5\"", "true", "9223372036854775808", "\"abc\""] {
        let found = problems(name, &format!(r#"{{"issuedAtUs":{bad}}}"#));
        assert_eq!(found, ["issuedAtUs: must be a whole number of 64 bits, best as a string"], "{bad}");
    }
}

#[test]
fn enums_and_doubled_names() {
    let found = problems("liufang.identity.v1.StartVerificationRequest", r#"{"purpose":"NO_SUCH"}"#);
    assert!(found[0].starts_with("purpose: must be one of PURPOSE_UNSPECIFIED, "), "{found:?}");
    let found = problems("liufang.identity.v1.StartVerificationRequest", r#"{"psnName":"a","psn_name":"b"}"#);
    assert_eq!(found, ["psnName: given twice, under both of its names"]);
}

#[test]
fn bad_json_says_where() {
    let name = "liufang.identity.v1.GetKeySetRequest";
    assert!(problems(name, "  ")[0].contains("the body is empty"));
    assert!(problems(name, "{\"a\":")[0].contains("line 1 column"));
    assert_eq!(problems(name, "[]"), [": must be a JSON object"]);
}

#[test]
fn problems_never_repeat_values() {
    let json = r#"{"rows":[{"psnName":["张三"],"certno":13030219900101,"李四的字段":"x"}]}"#;
    let found = problems("liufang.identity.v1.ImportPersonsRequest", json).join("\n");
    assert!(
        !found.contains("张三") && !found.contains("13030219900101") && !found.contains("李四"),
        "{found}"
    );
}

proptest! {
    #[test]
    fn no_input_panics(json in "[\\[\\]{}\",:a-z0-9 .\\-]{0,64}") {
        let _ = message(&shape("liufang.identity.v1.ImportPersonsRequest"), json.as_bytes());
    }

    #[test]
    fn what_is_read_is_what_was_written(code in "\\PC{0,20}", at in any::<i64>()) {
        let json = serde_json::json!({ "practitionerCode": code, "issuedAtUs": at.to_string() }).to_string();
        let bytes = message(&shape("liufang.identity.v1.IssuePractitionerTokenRequest"), json.as_bytes()).unwrap();
        let request = pb::IssuePractitionerTokenRequest::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!((request.practitioner_code, request.issued_at_us), (code, at));
    }
}
