//! The way of notices to hospitals: a turn per hospital, so that one that does not answer holds up nobody else's, and replicas
//! do not send the same; no answer is tried again under the same id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use liufang_kernel::{Class, Fault as _, Timestamp};
use liufang_platform::{Settings, causes};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::{App, Outcome};
use crate::domain::counter::is_sale;
use crate::domain::notice::{Content, Goods, Paid, Settled, hospital_pause, next_try};
use crate::error::PrescriptionError;
use crate::rpc::hospital::{Said, tell};
use crate::rpc::{identity, inventory};
use crate::store::{self, notice::Notice};

/// Notices of one turn.
const BATCH: usize = 50;
/// How long a turn lasts; calls are over long before.
const TURN_SECONDS: i64 = 60;
/// Nothing is begun so shortly before the end of a turn.
const MARGIN_SECONDS: i64 = 20;
/// How long a step waits for those it gave a turn; who takes longer goes on by itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// Turns at once.
const TURNS: usize = 32;
/// Silent notices in a row that end a turn.
const SILENCES: i32 = 2;
/// How soon what is missing for a notice is looked for again.
const MISSING_SECONDS: i64 = 2;
/// How long a hospital is left alone whose notices we could not read or note.
const FAILED_SECONDS: i64 = 30;
/// How long the payment of an order is waited for.
const PAYMENT_SECONDS: i64 = 3_600;
/// How long taken notices are remembered.
const TAKEN_DAYS: i64 = 7;
/// How long the payment of an order is remembered: longer than any order waits for its goods.
const PAID_DAYS: i64 = 90;
/// Days that a notice is tried, where no configuration says.
const DAYS: i64 = 7;

/// Hospitals that are told; cheap to clone.
#[derive(Clone)]
pub(super) struct Hospitals {
    /// Names of `[hooks]` by institution.
    hooks: Arc<BTreeMap<String, String>>,
    days: i64,
    turns: Arc<Mutex<JoinSet<()>>>,
}

impl Hospitals {
    /// `hospitals` of the role's settings, each `<institution>=<hook>`.
    pub fn new(settings: &Settings) -> Hospitals {
        let rows = settings.get("hospitals", Vec::<String>::new());
        let hooks = rows.iter().filter_map(|row| row.split_once('='));
        let hooks = hooks.map(|(code, hook)| (code.to_owned(), hook.to_owned())).collect();
        let days = settings.get("notice_days", DAYS);
        Hospitals { hooks: Arc::new(hooks), days, turns: Arc::default() }
    }

    /// The hook of a hospital that is told.
    pub fn hook(&self, hospital: &str) -> Option<&str> {
        self.hooks.get(hospital).map(String::as_str)
    }

    pub fn give_up_at(&self, now: Timestamp) -> Timestamp {
        now.plus_days(self.days)
    }
}

impl App {
    /// Whether any hospital is told.
    pub fn tells_hospitals(&self) -> bool {
        !self.hospitals.hooks.is_empty()
    }

    /// Gives a turn to every hospital with something to be sent; answers how many had one or gave something up.
    pub async fn send_notices(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let given_up = self.give_notices_up(now).await?;
        let waiting = store::notice::waiting(self.deps.db.read(), now).await?;
        let mut begun = 0;
        let mut turns = self.hospitals.turns.lock().await;
        for hospital in waiting {
            let Some(hook) = self.hospitals.hook(&hospital).map(str::to_owned) else { continue };
            if TURNS <= turns.len() {
                break;
            }
            let until = now.plus_seconds(TURN_SECONDS);
            let work = self.deps.db.begin_step().await?;
            let silences = store::notice::take_turn(work.tx(), &hospital, until, now).await?;
            work.done().await?;
            let Some(silences) = silences else { continue };
            let turn = Turn { app: self.clone(), hospital, hook, until, silences };
            turns.spawn(turn.run().in_current_span());
            begun += 1;
        }
        let ended = async {
            while let Some(ended) = turns.join_next().await {
                if let Err(error) = ended {
                    tracing::error!("sending to a hospital ended early: {error}");
                }
            }
        };
        // whoever needs longer holds up no other
        let _ = tokio::time::timeout(PATIENCE, ended).await;
        Ok(given_up + begun)
    }

    async fn give_notices_up(&self, now: Timestamp) -> Outcome<usize> {
        if !store::notice::is_overdue(self.deps.db.read(), now).await? {
            return Ok(0);
        }
        let work = self.deps.db.begin_step().await?;
        let given_up = store::notice::give_up(work.tx(), now).await?;
        work.done().await?;
        for (notice_id, hospital) in &given_up {
            tracing::warn!(%notice_id, %hospital, "notice given up: the hospital has not answered for days");
        }
        Ok(given_up.len())
    }

    /// Forgets what was taken and what was paid long ago; answers how many.
    pub async fn forget_notices(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let work = self.deps.db.begin_step().await?;
        let taken = store::notice::forget_taken(work.tx(), now.plus_days(-TAKEN_DAYS)).await?;
        let paid = store::notice::forget_paid(work.tx(), now.plus_days(-PAID_DAYS)).await?;
        work.done().await?;
        Ok(usize::try_from(taken + paid).unwrap_or(usize::MAX))
    }

    /// What was paid for an order. An event counts once.
    pub async fn on_paid(
        &self,
        event: &liufang_platform::Event,
        consumer: &'static str,
        order_id: &str,
        paid: &Paid,
    ) -> Outcome<()> {
        let Some(work) = self.deps.db.begin_event(consumer, event).await? else { return Ok(()) };
        store::notice::note_paid(work.tx(), order_id, paid, self.deps.clock.now()).await?;
        Ok(work.done().await?)
    }
}

/// One process sends to one hospital.
struct Turn {
    app: App,
    hospital: String,
    hook: String,
    until: Timestamp,
    /// Notices in a row that got no answer, those of turns before among them.
    silences: i32,
}

impl Turn {
    async fn run(mut self) {
        let sent = self.send().await;
        if let Err(error) = &sent {
            let (hospital, cause) = (&self.hospital, causes::chain(error));
            match error.doc().class {
                // nobody else can send them either
                Class::Internal => tracing::error!(%hospital, "notices cannot be sent: {cause}"),
                // an outage is told of by the database itself
                _ => tracing::info!(%hospital, "notices will be sent later: {cause}"),
            }
        }
        if let Err(error) = self.end(sent.is_err()).await {
            tracing::info!(hospital = %self.hospital, "a turn runs out: {}", causes::chain(&error));
        }
    }

    async fn send(&mut self) -> Outcome<()> {
        let deps = &self.app.deps;
        let mut silent = 0;
        for _ in 0..BATCH {
            let now = deps.clock.now();
            if self.until <= now.plus_seconds(MARGIN_SECONDS) || SILENCES <= silent {
                break;
            }
            let found = store::notice::next(deps.db.read(), &deps.cipher, &self.hospital, now).await?;
            let Some(mut notice) = found else { break };
            let complete = match self.complete(&mut notice).await {
                // another role is away: other notices need nothing of it
                Err(PrescriptionError::Peer(_)) => false,
                complete => complete?,
            };
            if !complete {
                let work = deps.db.begin_step().await?;
                let again = now.plus_seconds(MISSING_SECONDS);
                store::notice::delay(work.tx(), &notice.notice_id, notice.attempts, again).await?;
                work.done().await?;
                continue;
            }
            let said = tell(&deps.peers, &self.hook, &notice).await;
            let now = deps.clock.now();
            let work = deps.db.begin_step().await?;
            let (tx, id) = (work.tx(), notice.notice_id.as_str());
            match &said {
                Said::Taken => store::notice::taken(tx, id, now).await?,
                Said::Refused(words) => store::notice::refused(tx, &deps.cipher, id, words, now).await?,
                Said::Nothing => {
                    let attempts = notice.attempts + 1;
                    store::notice::delay(tx, id, attempts, next_try(attempts, now)).await?;
                }
            }
            work.done().await?;
            match said {
                Said::Nothing => (silent, self.silences) = (silent + 1, self.silences.saturating_add(1)),
                Said::Taken | Said::Refused(_) => (silent, self.silences) = (0, 0),
            }
        }
        Ok(())
    }

    async fn end(&self, failed: bool) -> Outcome<()> {
        let deps = &self.app.deps;
        let now = deps.clock.now();
        let pause = if failed { now.plus_seconds(FAILED_SECONDS) } else { now };
        let paused_until = hospital_pause(self.silences, now).max(pause);
        let work = deps.db.begin_step().await?;
        store::notice::end_turn(work.tx(), &self.hospital, self.until, self.silences, paused_until).await?;
        Ok(work.done().await?)
    }

    /// Fills in what others know, once: what was sent under an id is what is sent again. False: not everything is known yet.
    async fn complete(&self, notice: &mut Notice) -> Outcome<bool> {
        let Content::Settlement(settled) = &mut notice.content else { return Ok(true) };
        if notice.complete {
            return Ok(true);
        }
        let deps = &self.app.deps;
        let now = deps.clock.now();
        if !is_sale(&settled.sale_id) {
            settled.paid = store::notice::paid(deps.db.read(), &settled.sale_id).await?;
            if settled.paid.is_none() && now < notice.created_at.plus_seconds(PAYMENT_SECONDS) {
                return Ok(false);
            }
        }
        settled.pharmacy_name =
            identity::institution(&deps.peers, &settled.pharmacy, now.china_date()).await?.name;
        self.name_goods(settled).await?;
        let work = deps.db.begin_step().await?;
        let first =
            store::notice::completed(work.tx(), &deps.cipher, &notice.notice_id, &notice.content).await?;
        work.done().await?;
        notice.complete = true;
        // whoever was faster had a turn that ran out; what it said counts, and is read the next time
        Ok(first)
    }

    async fn name_goods(&self, settled: &mut Settled) -> Outcome<()> {
        let mut codes: Vec<String> = settled.lines.iter().map(|line| line.drug.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        let known = inventory::goods(&self.app.deps.peers, codes).await?;
        for line in &mut settled.lines {
            let goods = known.iter().find(|goods| goods.code == line.drug).cloned();
            line.goods = goods.unwrap_or_else(|| Goods { code: line.drug.clone(), ..Goods::default() });
        }
        Ok(())
    }
}
