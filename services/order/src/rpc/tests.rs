//! The use cases against scripted peers, on a real database.

mod contacts;
mod counter;
mod journeys;
mod races;
mod recovery;
mod refusals;
mod stub;

use liufang_kernel::{Fault as _, Quantity, Sensitive};
use liufang_platform::testing::{World, world};
use liufang_platform::{Call, CallMeta, Claims, Principal, PrincipalKind};

use crate::app::{App, Collect, Dispense, Pay, Place, Sale, View};
use crate::domain::{BasketItem, Door, Fulfilment, Kind, Payers, Scan, State};
use crate::error::OrderError;
use stub::{PHARMACY, Stub};

const BEIJING: &str = include_str!("../../../../deploy/regions/beijing.toml");
const QINHUANGDAO: &str = include_str!("../../../../deploy/regions/qinhuangdao.toml");

/// A service with its world and its scripted peers.
pub struct Bench {
    pub world: World,
    pub app: App,
    pub peers: Stub,
}

pub async fn bench() -> Bench {
    let world = world(crate::ROLE, crate::MIGRATIONS, &[BEIJING, QINHUANGDAO]).await;
    let peers = Stub::default();
    let names = ["identity", "inventory", "prescription", "settlement", "dispatch"];
    world.bind(names.map(|name| (name, peers.routes())));
    let app = App::new(world.deps.clone());
    Bench { world, app, peers }
}

impl Bench {
    pub fn call<T>(&self, kind: PrincipalKind, subject: &str, key: &str, body: T) -> Call<T> {
        let principal = Principal { kind, subject: subject.to_owned(), ..Principal::default() };
        let meta = CallMeta {
            principal,
            method: "/test".to_owned(),
            idempotency_key: Some(key.to_owned()),
            request_hash: String::new(),
            now: self.world.deps.clock.now(),
        };
        Call { meta, body }
    }

    pub fn patient<T>(&self, key: &str, body: T) -> Call<T> {
        self.call(PrincipalKind::Patient, "per_1", key, body)
    }

    pub fn pos<T>(&self, key: &str, body: T) -> Call<T> {
        self.call(PrincipalKind::Pos, PHARMACY, key, body)
    }

    pub async fn place(&self, key: &str, body: Place) -> Result<View, OrderError> {
        self.app.place(self.patient(key, body)).await
    }

    pub async fn pay(&self, key: &str, id: &str) -> Result<View, OrderError> {
        let body = Pay { order_id: id.to_owned(), quote_id: "quo_1".to_owned(), channel: None, buyer: None };
        self.app.pay(self.patient(key, body)).await
    }

    pub async fn dispense(&self, key: &str, id: &str) -> Result<crate::app::Dispensed, OrderError> {
        self.dispense_with(key, id, "secret").await
    }

    pub async fn dispense_with(
        &self,
        key: &str,
        id: &str,
        secret: &str,
    ) -> Result<crate::app::Dispensed, OrderError> {
        let now = self.world.deps.clock.now().seconds();
        let claims = Claims {
            sub: "RP0001".to_owned(),
            kind: PrincipalKind::Practitioner,
            client: PHARMACY.to_owned(),
            region: String::new(),
            iat: now,
            exp: now + 60,
            jti: self.world.deps.ids.next("jti"),
            act: String::new(),
            sid: String::new(),
        };
        let body = Dispense {
            order_id: id.to_owned(),
            pharmacist_token: Sensitive::new(self.world.deps.tokens.sign(&claims).unwrap()),
            secret: Sensitive::new(secret.to_owned()),
            scans: vec![Scan { line_no: 1, trace_codes: vec!["81234567890123456789".to_owned()] }],
        };
        self.app.dispense(self.pos(key, body)).await
    }

    pub async fn collect(&self, key: &str, id: &str, code: &str) -> Result<View, OrderError> {
        let body = Collect { order_id: id.to_owned(), code: Sensitive::new(code.to_owned()) };
        self.app.collect(self.pos(key, body)).await
    }

    pub async fn get(&self, id: &str) -> View {
        self.app
            .get(self.patient("unused-key", id.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The words of the story.
    pub async fn story(&self, id: &str) -> String {
        let told = self.app.story(id, Kind::Otc, 0).await.unwrap();
        told.into_iter().map(|line| line.step).collect::<Vec<_>>().join(" ")
    }
}

fn body(kind: Kind, fulfilment: Fulfilment) -> Place {
    Place {
        kind,
        region: "110000".to_owned(),
        fixmedins_code: PHARMACY.to_owned(),
        items: Vec::new(),
        line_nos: Vec::new(),
        hi_rxno: String::new(),
        visit_id: String::new(),
        fulfilment,
        door: None,
        payers: Payers { use_account: true, holders: Vec::new() },
        risk_confirmed: true,
        sale: None,
    }
}

pub fn otc() -> Place {
    let door = Door {
        recipient_name: "测试甲".to_owned(),
        recipient_phone: "19900001234".to_owned(),
        address: "测试路一号".to_owned(),
        lat_e6: 39_900_000,
        lng_e6: 116_400_000,
    };
    let item =
        BasketItem { med_list_codg: "XC08CAB037A001020180517".to_owned(), quantity: Quantity::whole(2) };
    Place { items: vec![item], door: Some(Sensitive::new(door)), ..body(Kind::Otc, Fulfilment::Delivery) }
}

pub fn prescription() -> Place {
    Place { hi_rxno: "rx_1".to_owned(), ..body(Kind::Prescription, Fulfilment::PickUp) }
}

pub fn counter() -> Place {
    let sale =
        Sale { sale_id: "ctr_1".to_owned(), secret: Sensitive::new("secret".to_owned()), lines: Vec::new() };
    let own = Place { hi_rxno: "rx_1".to_owned(), ..body(Kind::Counter, Fulfilment::None) };
    Place { sale: Some(sale), ..own }
}

pub fn consultation() -> Place {
    Place { visit_id: "vis_1".to_owned(), ..body(Kind::Consultation, Fulfilment::None) }
}

#[track_caller]
pub fn refused<T>(result: Result<T, OrderError>) -> String {
    match result {
        Ok(_) => panic!("was not refused"),
        Err(error) => error.doc().reason.to_string(),
    }
}

pub fn event(id: &str) -> liufang_platform::Event {
    liufang_platform::Event {
        id: id.to_owned(),
        topic: String::new(),
        key: String::new(),
        payload: Vec::new(),
        traceparent: String::new(),
        at: liufang_kernel::Timestamp(0),
    }
}

#[track_caller]
pub fn is(view: &View, state: State) {
    assert_eq!(view.state.as_str(), state.as_str());
}
