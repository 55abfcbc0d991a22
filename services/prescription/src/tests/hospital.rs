//! A hospital's own system as this service sees it: it remembers what it was told and answers as the test wants.

use std::sync::{Arc, Mutex, MutexGuard};

use liufang_platform::DbFault;
use liufang_platform::status::to_status;
use liufang_proto::hooks::v1 as hooks;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// In the answer.
    Refuses,
    /// Stores it, and the answer is lost.
    LosesAnswers,
    /// Never lands.
    Away,
    /// Lands and is never answered.
    Hangs,
}

/// What it was told.
#[derive(Clone)]
pub enum Told {
    Review(hooks::NotifyReviewRequest),
    Settlement(hooks::NotifySettlementRequest),
}

impl Told {
    pub fn id(&self) -> &str {
        match self {
            Told::Review(told) => &told.notice_id,
            Told::Settlement(told) => &told.notice_id,
        }
    }
}

#[derive(Clone)]
pub struct Hospital {
    mood: Arc<Mutex<Mood>>,
    told: Arc<Mutex<Vec<Told>>>,
}

fn locked<T>(inner: &Mutex<T>) -> MutexGuard<'_, T> {
    inner.lock().unwrap()
}

impl Hospital {
    pub fn new() -> Hospital {
        Hospital { mood: Arc::new(Mutex::new(Mood::Takes)), told: Arc::default() }
    }

    pub fn is(&self, mood: Mood) {
        *locked(&self.mood) = mood;
    }

    /// Everything that landed, in its order, doubles too.
    pub fn told(&self) -> Vec<Told> {
        locked(&self.told).clone()
    }

    pub fn routes(&self) -> Routes {
        Routes::new(hooks::hospital_hook_server::HospitalHookServer::new(self.clone()))
    }

    async fn hear(&self, told: Told) -> Result<(hooks::NoticeOutcome, String), Status> {
        let mood = *locked(&self.mood);
        if mood != Mood::Away {
            locked(&self.told).push(told);
        }
        match mood {
            Mood::Takes => Ok((hooks::NoticeOutcome::Taken, String::new())),
            Mood::Refuses => Ok((hooks::NoticeOutcome::Refused, "院内无此处方".to_owned())),
            Mood::LosesAnswers | Mood::Away => Err(to_status(&DbFault::Silent, None)),
            Mood::Hangs => std::future::pending().await,
        }
    }
}

#[tonic::async_trait]
impl hooks::hospital_hook_server::HospitalHook for Hospital {
    async fn notify_review(
        &self,
        request: Request<hooks::NotifyReviewRequest>,
    ) -> Result<Response<hooks::NotifyReviewResponse>, Status> {
        let (outcome, words) = self.hear(Told::Review(request.into_inner())).await?;
        Ok(Response::new(hooks::NotifyReviewResponse { outcome: outcome.into(), words }))
    }

    async fn notify_settlement(
        &self,
        request: Request<hooks::NotifySettlementRequest>,
    ) -> Result<Response<hooks::NotifySettlementResponse>, Status> {
        let (outcome, words) = self.hear(Told::Settlement(request.into_inner())).await?;
        Ok(Response::new(hooks::NotifySettlementResponse { outcome: outcome.into(), words }))
    }
}
