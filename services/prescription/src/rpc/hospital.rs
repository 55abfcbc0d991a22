//! The hospital hook: a hospital's own system is told of reviews and settlements.
//!
//! Silence is no answer, and neither is a failure that says nothing of the notice: it is sent again under the same id.

use liufang_platform::{Peers, outgoing};
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::hooks::v1::hospital_hook_client::HospitalHookClient;
use tonic::{Code, Status};

use crate::domain::notice::Content;
use crate::store::notice::Notice;
use crate::wire::notice;

/// Longest words of a hospital that are kept, in characters.
const WORDS: usize = 500;

/// What came of sending a notice.
pub enum Said {
    Taken,
    /// With its words.
    Refused(String),
    /// Nothing that could be relied on.
    Nothing,
}

/// Sends a notice to the hospital behind a hook.
pub async fn tell(peers: &Peers, hook: &str, told: &Notice) -> Said {
    let mut client = HospitalHookClient::new(peers.mesh(&format!("hook.{hook}")));
    let key = &told.notice_id;
    let answer = match &told.content {
        Content::Review(review) => {
            let request = outgoing::keyed(notice::review(told, review), key);
            client.notify_review(request).await.map(|answer| {
                let answer = answer.into_inner();
                (answer.outcome, answer.words)
            })
        }
        Content::Settlement(settled) => {
            let request = outgoing::keyed(notice::settlement(told, settled), key);
            client.notify_settlement(request).await.map(|answer| {
                let answer = answer.into_inner();
                (answer.outcome, answer.words)
            })
        }
    };
    match answer {
        Ok((outcome, words)) => match hooks::NoticeOutcome::try_from(outcome).unwrap_or_default() {
            hooks::NoticeOutcome::Taken => Said::Taken,
            hooks::NoticeOutcome::Refused => Said::Refused(kept(&words)),
            hooks::NoticeOutcome::Unspecified => Said::Nothing,
        },
        Err(status) => failed(&told.notice_id, &status),
    }
}

fn failed(notice_id: &str, status: &Status) -> Said {
    // its message may repeat what it was told
    tracing::info!(notice_id, code = ?status.code(), "the hospital did not take a notice");
    match status.code() {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange => Said::Refused(kept(status.message())),
        _ => Said::Nothing,
    }
}

fn kept(words: &str) -> String {
    words.chars().take(WORDS).collect()
}
