//! Statements of a day through the hook.

use liufang_kernel::Violations;
use liufang_kernel::timestamp::parse_date;
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as hooks;

use crate::app::{FetchStatement, Told};
use crate::domain::bill;

pub fn ask(request: hooks::FetchStatementRequest, _: &CallMeta) -> Result<FetchStatement, Violations> {
    let mut violations = Violations::new();
    violations.check(request.channel != 0, "channel", "must be a channel");
    let fixmedins_code = violations.text("fixmedins_code", &request.fixmedins_code, 32);
    let day = parse_date(&request.stmt_date);
    violations.check(day.is_some(), "stmt_date", "must be a date, yyyy-MM-dd");
    violations.finish(day.map(|day| FetchStatement { channel: request.channel, fixmedins_code, day }))
}

/// Every institution has an account of its own here.
pub fn told(told: Told) -> hooks::FetchStatementResponse {
    let state = match &told {
        Told::Open | Told::NotReady => hooks::StatementState::NotReady,
        Told::Nothing => hooks::StatementState::None,
        Told::Moved(_) => hooks::StatementState::Ready,
    };
    let text = match told {
        Told::Moved(moved) => bill::generic(&moved),
        Told::Open | Told::NotReady | Told::Nothing => String::new(),
    };
    let form =
        if text.is_empty() { hooks::StatementForm::Unspecified } else { hooks::StatementForm::Generic };
    hooks::FetchStatementResponse { state: state.into(), form: form.into(), text, shared: false }
}
