//! The outside courier company.

use std::sync::{Arc, Mutex};

use liufang_proto::hooks::v1 as hooks;
use liufang_proto::hooks::v1::courier_hook_server::{CourierHook, CourierHookServer};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::*;

/// A company whose word the test sets. Empty: it never heard of any job.
#[derive(Clone, Default)]
pub struct Company(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    state: String,
    refuses: bool,
    /// The next answer to a question is lost, though the job is taken.
    loses_answer: bool,
    asked: usize,
    called_off: usize,
}

impl Company {
    pub fn routes(&self) -> Routes {
        Routes::new(CourierHookServer::new(self.clone()))
    }

    fn set(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.0.lock().unwrap());
    }

    /// How often it was asked, and called off.
    fn counts(&self) -> (usize, usize) {
        let told = self.0.lock().unwrap();
        (told.asked, told.called_off)
    }
}

#[async_trait::async_trait]
impl CourierHook for Company {
    async fn create_job(
        &self,
        _: Request<hooks::CreateJobRequest>,
    ) -> Result<Response<hooks::CreateJobResponse>, Status> {
        let mut told = self.0.lock().unwrap();
        told.asked += 1;
        if std::mem::take(&mut told.loses_answer) {
            return Err(Status::unavailable("lost"));
        }
        let accepted = !told.refuses;
        Ok(Response::new(hooks::CreateJobResponse { accepted, job_no: "J1".to_owned() }))
    }

    async fn query_job(
        &self,
        _: Request<hooks::QueryJobRequest>,
    ) -> Result<Response<hooks::QueryJobResponse>, Status> {
        Ok(Response::new(hooks::QueryJobResponse { state: self.0.lock().unwrap().state.clone() }))
    }

    async fn cancel_job(
        &self,
        _: Request<hooks::CancelJobRequest>,
    ) -> Result<Response<hooks::CancelJobResponse>, Status> {
        self.0.lock().unwrap().called_off += 1;
        Ok(Response::new(hooks::CancelJobResponse { cancelled: true }))
    }
}

/// A packed delivery that nobody takes, with the company allowed after a minute.
async fn waiting() -> (House, String) {
    let mut house = House::build().await;
    house.app.outside_after_seconds = 60;
    let view = house.app.create(house.create("ord_1", false)).await.unwrap();
    house.app.mark_ready(house.order("ord_1".to_owned())).await.unwrap();
    (house, view.delivery_id)
}

async fn state(house: &House, id: &str) -> (State, String) {
    let call = house.order(Which::Delivery(id.to_owned()));
    let view = house.app.get(call).await.unwrap().view;
    (view.state, view.courier_code)
}

async fn later(house: &House, seconds: i64) -> Result<usize, DispatchError> {
    house.world.clock.advance_seconds(seconds);
    house.app.outside_step().await
}

#[tokio::test]
async fn the_company_brings_what_nobody_took() {
    let (house, id) = waiting().await;
    assert_eq!(house.app.outside_step().await.unwrap(), 0, "our couriers still have time");
    assert_eq!(later(&house, 61).await.unwrap(), 1);
    assert_eq!(state(&house, &id).await, (State::Assigned, "@outside".to_owned()));
    house.shift("c1", true).await;
    assert_eq!(house.app.assign_step().await.unwrap(), 0, "it is the company's now");
    house.company.set(|told| told.state = "picked_up".to_owned());
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await.0, State::PickedUp);
    house.company.set(|told| told.state = "delivered".to_owned());
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await.0, State::Delivered);
    assert_eq!(later(&house, 11).await.unwrap(), 0, "nothing is left to look at");
}

#[tokio::test]
async fn a_lost_answer_is_asked_again() {
    let (house, id) = waiting().await;
    house.company.set(|told| told.loses_answer = true);
    assert!(later(&house, 61).await.is_err());
    assert_eq!(state(&house, &id).await.0, State::Ready);
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await.0, State::Assigned);
    assert_eq!(house.company.counts(), (2, 0));
}

#[tokio::test]
async fn a_job_that_may_have_been_heard_is_called_off_when_our_courier_came_first() {
    let (house, id) = waiting().await;
    house.company.set(|told| told.loses_answer = true);
    assert!(later(&house, 61).await.is_err());
    house.shift("c1", true).await;
    house.app.assign_step().await.unwrap();
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await, (State::Assigned, "c1".to_owned()));
    assert_eq!(house.company.counts(), (1, 1));
}

#[tokio::test]
async fn a_cancelled_order_calls_the_company_off() {
    let (house, id) = waiting().await;
    later(&house, 61).await.unwrap();
    house.app.cancel(house.order("ord_1".to_owned())).await.unwrap();
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await.0, State::Cancelled);
    assert_eq!(house.company.counts(), (1, 1));
}

#[tokio::test]
async fn a_company_that_refuses_or_gives_up_leaves_it_to_our_couriers() {
    let (house, id) = waiting().await;
    house.company.set(|told| told.refuses = true);
    later(&house, 61).await.unwrap();
    assert_eq!(state(&house, &id).await.0, State::Ready);
    assert_eq!(later(&house, 11).await.unwrap(), 0, "asked once");

    let (house, id) = waiting().await;
    later(&house, 61).await.unwrap();
    house.company.set(|told| told.state = "cancelled".to_owned());
    later(&house, 11).await.unwrap();
    assert_eq!(state(&house, &id).await, (State::Ready, String::new()));
}
