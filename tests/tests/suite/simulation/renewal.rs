//! Renewals: the visit, its fee, the prescription, and the pharmacies that claim, judge and give back.

use liufang::client::{Answer, fee_order};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::prescription::v1::{
    ClaimRequest, GiveBackRequest, ListSlotsRequest, Prescription, RecoverSecretRequest, ReviewRequest,
    RevokeRequest, Slot, Visit,
};

use super::super::cast::*;
use super::Sim;
use super::model::{Course, Script};

impl Sim<'_> {
    /// The next step of somebody's way to a prescription.
    pub async fn renews(&mut self, who: usize) {
        match self.people[who].course.clone() {
            None => self.books(who).await,
            Some(Course { visit, fee: None }) => self.orders_the_fee(who, visit).await,
            Some(Course { visit, fee: Some(number) }) => match self.observe(number).await.state() {
                OrderState::AwaitingPayment => self.pays(number).await,
                OrderState::Completed => self.is_seen(who, visit).await,
                OrderState::Paying => {}
                _ => self.people[who].course = None,
            },
        }
    }

    async fn books(&mut self, who: usize) {
        let body = ListSlotsRequest {
            fixmedins_code: HOSPITAL.to_owned(),
            doctor_code: DOCTOR.to_owned(),
            ..Default::default()
        };
        let slots = self.cast.public().list_slots(body).await.unwrap().slots;
        let free: Vec<&Slot> = slots.iter().filter(|slot| 0 < slot.available).take(20).collect();
        let slot = (*self.dice.one(&free)).clone();
        let body = self.cast.booking(&slot, "M03900");
        let patient = self.person(who).await;
        let row = self.people[who].row;
        let heard = self
            .deliver(&format!("row {row} books a visit"), |key| {
                let (patient, body) = (patient.keyed(&key), body.clone());
                async move { patient.book_visit(body).await }
            })
            .await;
        if let Some(reply) = heard.ok() {
            self.people[who].course = reply.visit.clone().map(|visit| Course { visit, fee: None });
        }
    }

    async fn orders_the_fee(&mut self, who: usize, visit: Visit) {
        let body = fee_order(&visit.visit_id);
        let known = self.orders.len();
        let placed = self.place("orders the consultation", who, body).await;
        // heard of or not, the order for the fee is the one that is new
        let fee = placed.or_else(|| (known < self.orders.len()).then_some(known));
        self.people[who].course = fee.map(|_| Course { visit, fee });
    }

    /// Taken, recorded, prescribed, reviewed, signed. No fate meets the hospital: its steps have tests of their own.
    async fn is_seen(&mut self, who: usize, visit: Visit) {
        self.people[who].course = None;
        match self.prescribe(&visit).await {
            Ok(rx) => {
                self.tape.note(format!("  prescription &{} {}", self.scripts.len(), rx.hi_rxno));
                self.scripts.push(Script {
                    hi_rxno: rx.hi_rxno,
                    who,
                    hospital_doctor: visit.doctor_code,
                    secret: None,
                    claimed_us: None,
                    given_back: false,
                    refused: false,
                    revoked: false,
                });
            }
            Err(refusal) => self.tape.note(format!("  no prescription: {}", refusal.reason)),
        }
    }

    async fn prescribe(&mut self, visit: &Visit) -> Answer<Prescription> {
        let cast = &self.cast;
        cast.take(visit, DOCTOR).await?;
        let visit = cast.record(visit, DOCTOR, true).await?;
        let weeks = 1 + self.dice.below(3) as u32;
        let draft = cast.pre_verify(&visit, two_drugs(weeks)).await?;
        let draft = cast.review_draft(&draft, true).await?;
        let (doctor, pharmacist) = (cast.practitioner(DOCTOR), cast.practitioner(HOSPITAL_PHARMACIST));
        cast.his(HOSPITAL).sign_and_upload(&draft, &doctor, &pharmacist).await
    }

    /// The patient chooses a pharmacy, maybe another one than before.
    pub async fn fills(&mut self, script: usize) {
        let who = self.scripts[script].who;
        let shop = *self.dice.one(&[SHOP, SHOP_2]);
        let door = self.dice.chance(30).then(|| self.cast.door(self.people[who].row));
        let rx = Prescription { hi_rxno: self.scripts[script].hi_rxno.clone(), ..Default::default() };
        let body = self.cast.filling(&rx, shop, door);
        self.place(&format!("chooses a pharmacy for &{script}"), who, body).await;
    }

    /// The pharmacy claims if it has not, and judges.
    pub async fn judges(&mut self, number: usize) {
        let order = self.observe(number).await;
        if order.state() != OrderState::AwaitingPharmacy {
            return;
        }
        let Some(script) = self.script_of(&order) else { return };
        if !self.claims(script, &order).await {
            return;
        }
        let Some(secret) = self.secret_of(&order).await else { return };
        if self.dice.chance(12) {
            return self.gives_back(script, &order, secret).await;
        }
        let pass = self.dice.chance(88);
        let pos = self.cast.pos(&order.fixmedins_code);
        let body = ReviewRequest {
            hi_rxno: order.hi_rxno.clone(),
            secret,
            pharmacist_token: pos
                .token_of(&self.cast.practitioner(Sim::pharmacist(&order.fixmedins_code)))
                .await
                .unwrap(),
            pass,
            opinion: "处方适宜".to_owned(),
            second_pharmacist_token: String::new(),
        };
        let heard = self
            .deliver(&format!("judges &{script} for #{number}: {pass}"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.review(body).await }
            })
            .await;
        self.scripts[script].refused |= !pass && heard.possible();
        if let Some(Err(_)) = heard.answer {
            // maybe of an older claim
            self.scripts[script].secret = None;
        }
    }

    /// Whether the pharmacy may hold the prescription now.
    async fn claims(&mut self, script: usize, order: &Order) -> bool {
        let pos = self.cast.pos(&order.fixmedins_code);
        let Some(item) = pos.queued(&order.order_id).await.unwrap() else { return false };
        if item.epc_token.is_empty() {
            return true;
        }
        let body = ClaimRequest { epc_token: item.epc_token };
        let heard = self
            .deliver(&format!("claims &{script}"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.claim(body).await }
            })
            .await;
        let now = self.cast.clock_now();
        let own = &mut self.scripts[script];
        own.secret = heard.ok().map(|reply| reply.secret.clone());
        if heard.possible() {
            own.claimed_us.get_or_insert(now);
        }
        heard.possible()
    }

    pub fn script_of(&self, order: &Order) -> Option<usize> {
        self.scripts.iter().position(|own| own.hi_rxno == order.hi_rxno)
    }

    /// The secret as the pharmacy has it, or recovered.
    pub async fn secret_of(&mut self, order: &Order) -> Option<String> {
        let script = self.script_of(order)?;
        if let Some(secret) = &self.scripts[script].secret {
            return Some(secret.clone());
        }
        let pos = self.cast.pos(&order.fixmedins_code);
        let body = RecoverSecretRequest { hi_rxno: order.hi_rxno.clone() };
        let heard = self
            .deliver(&format!("recovers the secret of &{script}"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.recover_secret(body).await }
            })
            .await;
        self.scripts[script].secret = heard.ok().map(|reply| reply.secret.clone());
        self.scripts[script].secret.clone()
    }

    pub async fn gives_back(&mut self, script: usize, order: &Order, secret: String) {
        let pos = self.cast.pos(&order.fixmedins_code);
        let body = GiveBackRequest { hi_rxno: order.hi_rxno.clone(), secret, reason: "缺货".to_owned() };
        let heard = self
            .deliver(&format!("gives &{script} back"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.give_back(body).await }
            })
            .await;
        self.scripts[script].given_back |= heard.possible();
        if heard.possible() {
            self.scripts[script].secret = None;
        }
    }

    /// The doctor takes it back, wherever it is.
    pub async fn revokes(&mut self, script: usize) {
        let his = self.cast.his(HOSPITAL);
        let doctor = self.cast.practitioner(&self.scripts[script].hospital_doctor);
        let body = RevokeRequest {
            hi_rxno: self.scripts[script].hi_rxno.clone(),
            doctor_token: his.token_of(&doctor).await.unwrap(),
            reason: "开具有误".to_owned(),
            when_given_back: false,
            later_uses: false,
        };
        let heard = self
            .deliver(&format!("revokes &{script}"), |key| {
                let (his, body) = (his.keyed(&key), body.clone());
                async move { his.revoke(body).await }
            })
            .await;
        self.scripts[script].revoked |= heard.possible();
    }
}
