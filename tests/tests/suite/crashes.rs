//! A process of settlement dies at every boundary between two steps, is started again, and every payment still comes to the end it
//! would have come to: booked once, paid once, settled once, with nothing held.
//!
//! The boundaries are told by the code itself. One that has no way below, or that its way does not come to, fails.

mod ways;

use liufang::client::Answer;
use liufang_proto::sandbox::v1::ChannelBookRow;
use liufang_proto::settlement::v1::Payment;
use liufang_settlement::boundary::Boundary;
use liufang_tests::{World, behaviour};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};

use super::cast::*;
use super::payments::basket;
use super::port::{Port, is_silence};
use ways::Way;

behaviour!(processes a_process_dies_at_every_boundary);

const ROW: u32 = 163;
/// The replica that lives and dies; the other one is stopped meanwhile, so that nobody else goes on with what it had begun.
const MORTAL: usize = 0;
const HOUR_US: i64 = 3_600_000_000;
/// A notice of the channel may overtake the answer: then another payment is made.
const TRIES: usize = 5;

async fn a_process_dies_at_every_boundary(world: &mut World) {
    for words in ["difference raised", "cash of a refused settlement", "the insurer calculates otherwise"] {
        world.expect_log(words);
    }
    let cast = Cast::of(world).await;
    let person_id = cast.patient(ROW).await.person_id().to_owned();
    let ended = world.processes.as_mut().expect("processes").terminate("settlement", 1);
    assert_eq!(ended.code(), Some(0));
    let (books, outside) = (world.database("settlement").await, world.database("sandbox").await);
    let processes = world.processes.as_ref().expect("processes");
    let port = Port::of(processes, &[MORTAL]).await;
    let mut player = Player { world, cast, port, books, outside, person_id, stories: 0, deaths: 0 };
    let mut wrong = Vec::new();
    for boundary in Boundary::all() {
        let name = boundary.name();
        match Way::to(&name) {
            None => wrong.push(format!("{name}: no way leads there")),
            Some(way) => wrong.extend(player.dies_at(&name, way).await.err()),
        }
    }
    let Player { world, books, outside, deaths, .. } = player;
    books.close().await.unwrap();
    outside.close().await.unwrap();
    world.processes.as_mut().expect("processes").restart("settlement", 1);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(deaths, Boundary::all().len(), "one death each");
    // the operator's token of the beginning is hours old
    Cast::of(world).await.books_agree().await;
}

/// What the books hold of the person and of everybody outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Books {
    balance: i64,
    held: i64,
    /// What the channel has and has not given back.
    kept: i64,
    /// Settlements that stand at the insurer.
    settled: i64,
}

struct Player<'a> {
    world: &'a mut World,
    cast: Cast,
    port: Port,
    books: DatabaseConnection,
    outside: DatabaseConnection,
    person_id: String,
    stories: usize,
    deaths: usize,
}

impl Player<'_> {
    /// Plays the way until the process has died at the boundary; then compares the books.
    async fn dies_at(&mut self, boundary: &str, way: Way) -> Result<(), String> {
        for _ in 0..TRIES {
            self.processes().ends_at(Some(boundary));
            let deaths = self.deaths;
            let told = self.play(way, boundary).await;
            let came = self.processes().came_there();
            self.processes().ends_at(None);
            told.map_err(|why| format!("{boundary}, {way:?}: {why}"))?;
            if came {
                while self.deaths == deaths {
                    self.revived().await;
                }
                assert_eq!(self.deaths, deaths + 1, "{boundary}: once");
                return Ok(());
            }
        }
        Err(format!("{boundary}: {way:?} never came there"))
    }

    async fn play(&mut self, way: Way, boundary: &str) -> Result<(), String> {
        self.stories += 1;
        let story = format!("ord_crash_{}", self.stories);
        let before = self.look().await;
        self.dial(way.faults()).await;
        let asked = basket(&story, &self.person_id, way.packs());
        let key = format!("{story}-quote");
        let quote = self.answered(async |port| port.quote(&key, &asked).await).await?;
        let (key, until) = (format!("{story}-hold"), self.cast.clock_now() + HOUR_US);
        let held = self.answered(async |port| port.authorise(&key, &quote, until).await).await?;
        let id = held.payment_id;
        self.then(way, &story, &id).await?;
        let ended = self.ended(way, &id).await?;
        self.dial(&[]).await;
        if boundary == "noticed" {
            self.told_by_the_channel().await;
        }
        self.compare(way, &ended, before).await
    }

    /// What is asked of the payment once its money is held.
    async fn then(&mut self, way: Way, story: &str, id: &str) -> Result<(), String> {
        if way == Way::Voided {
            let key = format!("{story}-void");
            return self.answered(async |port| port.void(&key, id).await).await.map(drop);
        }
        let (key, keep) = (format!("{story}-capture"), way.keeps());
        self.answered(async |port| port.capture(&key, id, keep).await).await?;
        match way {
            Way::NeverPaid => self.world.clock.advance_seconds(3_601),
            Way::Contradicted => {
                self.bend_the_channels_book(id).await;
                self.dial(&[]).await;
                self.world.clock.advance_seconds(3_601);
            }
            _ => {}
        }
        if let Some(packs) = way.returns() {
            self.captured(id).await?;
            self.dial(way.faults_of_the_return()).await;
            let key = format!("{story}-refund");
            self.answered(async |port| port.refund(&key, id, packs).await).await?;
        }
        Ok(())
    }

    /// Sends one call under its key until somebody answers; who died meanwhile is started again.
    async fn answered<T>(&mut self, ask: impl AsyncFn(&Port) -> Answer<T>) -> Result<T, String> {
        for _ in 0..60 {
            match ask(&self.port).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) if is_silence(&refusal) => {}
                Err(refusal) => return Err(refusal.to_string()),
            }
            if !self.revived().await {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        Err("nobody answers".to_owned())
    }

    /// Starts the process again if it has died; its leases are over then.
    async fn revived(&mut self) -> bool {
        let processes = self.world.processes.as_mut().expect("processes");
        if !processes.is_gone("settlement", MORTAL) {
            return false;
        }
        tokio::task::block_in_place(|| processes.restart("settlement", MORTAL));
        self.deaths += 1;
        self.world.clock.advance_seconds(11);
        self.port = Port::of(self.processes(), &[MORTAL]).await;
        true
    }

    fn processes(&self) -> &liufang_tests::processes::Processes {
        self.world.processes.as_ref().expect("processes")
    }

    async fn captured(&mut self, id: &str) -> Result<(), String> {
        self.until(id, "it is captured", |payment| payment.state().as_str_name() == "PAYMENT_STATE_CAPTURED")
            .await
            .map(drop)
    }

    async fn ended(&mut self, way: Way, id: &str) -> Result<Payment, String> {
        let (state, back) = (way.end().as_str_name(), way.given_back());
        let there =
            |payment: &Payment| payment.state().as_str_name() == state && payment.refunded_fen == back;
        self.until(id, state, there).await
    }

    /// Lets time pass until the payment is there.
    async fn until(
        &mut self,
        id: &str,
        what: &str,
        there: impl Fn(&Payment) -> bool,
    ) -> Result<Payment, String> {
        let mut last = String::new();
        for _ in 0..400 {
            let payment = self.answered(async |port| port.payment(id).await).await?;
            if there(&payment) {
                return Ok(payment);
            }
            last = format!("{} {}", payment.state().as_str_name(), payment.failure_reason);
            self.world.clock.advance_seconds(2);
            self.revived().await;
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
        Err(format!("{what} never, but {last}"))
    }

    /// The channel has told what it had to tell.
    async fn told_by_the_channel(&mut self) {
        for _ in 0..200 {
            let sql = "SELECT COUNT(*) AS n FROM channel_notice WHERE state = 'due'";
            if number(&self.outside, sql).await == 0 {
                return;
            }
            self.revived().await;
            self.world.clock.advance_seconds(1);
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
    }

    async fn dial(&self, faults: &[ways::Fault]) {
        let public = self.cast.public();
        for method in ways::DIALLED {
            public.dial(method, Default::default(), 0, "").await.unwrap();
        }
        for (method, dial, calls) in faults {
            public.dial(method, *dial, *calls, "").await.unwrap();
        }
    }

    /// The channel took a fen more than it was asked for.
    async fn bend_the_channels_book(&self, id: &str) {
        let number =
            self.text(&format!("SELECT channel_order_no AS t FROM payment WHERE payment_id = '{id}'")).await;
        let sql = format!(
            "UPDATE channel_payment SET amount_fen = amount_fen + 1 WHERE channel_order_no = '{number}'"
        );
        assert_eq!(self.outside.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
    }

    async fn text(&self, sql: &str) -> String {
        let query = Statement::from_string(self.books.get_database_backend(), sql);
        self.books.query_one_raw(query).await.unwrap().unwrap().try_get("", "t").unwrap()
    }

    async fn look(&self) -> Books {
        let own = |column: &str| {
            format!("SELECT {column} AS n FROM personal_account WHERE person_id = '{}'", self.person_id)
        };
        let rows = self.cast.public().list_channel_book(Default::default()).await.unwrap().rows;
        let taken = |row: &&ChannelBookRow| ["paid", "refunded"].contains(&row.state.as_str());
        let kept = rows.iter().filter(taken).map(|row| row.amount_fen - row.refunded_fen).sum();
        let settled = "SELECT COUNT(*) AS n FROM insurer_settlement WHERE NOT reversed";
        Books {
            balance: number(&self.books, &own("balance_fen")).await,
            held: number(&self.books, &own("held_fen")).await,
            kept,
            settled: number(&self.outside, settled).await,
        }
    }

    /// Ours, the channel's and the insurer's.
    async fn compare(&self, way: Way, payment: &Payment, before: Books) -> Result<(), String> {
        let (account, cash) = way.paid();
        let after = Books {
            balance: before.balance - account,
            held: 0,
            kept: before.kept + cash,
            settled: before.settled + i64::from(account > 0),
        };
        let booked = format!(
            "SELECT COALESCE(STRING_AGG(kind, ' ' ORDER BY sequence), '') AS t FROM region_transfer \
             WHERE reference = '{0}' OR reference LIKE '{0}/%'",
            payment.payment_id
        );
        let (now, booked) = (self.look().await, self.text(&booked).await);
        match (now == after, booked == way.booked()) {
            (true, true) => Ok(()),
            _ => Err(format!("{now:?}, not {after:?}; booked `{booked}`, not `{}`", way.booked())),
        }
    }
}

async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let query = Statement::from_string(database.get_database_backend(), sql);
    database.query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}
