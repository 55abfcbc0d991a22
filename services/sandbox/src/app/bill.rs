//! The channel's statement of a day.

use liufang_kernel::{Date, Timestamp};

use super::App;
use crate::domain::bill::{self, Day, Movement};
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store;
use crate::store::bill::Of;

/// What is told of a day.
pub enum Told {
    /// The day is not over.
    Open,
    NotReady,
    Nothing,
    Moved(Vec<Movement>),
}

/// Whose statement of which day.
pub struct FetchStatement {
    pub channel: i32,
    pub fixmedins_code: String,
    pub day: Date,
}

impl App {
    /// What moved on a day, as far as the channel has written it down.
    pub async fn bill(&self, channel: i32, of: Of<'_>, day: Date) -> Result<Told, SandboxError> {
        match bill::standing(day, self.clock.now()) {
            Day::Open => return Ok(Told::Open),
            Day::Written => return Ok(Told::NotReady),
            Day::Ready => {}
        }
        let begin = Timestamp::start_of(day);
        let moved = store::bill::movements(self.db.read(), channel, of, (begin, begin.plus_days(1))).await?;
        Ok(if moved.is_empty() { Told::Nothing } else { Told::Moved(moved) })
    }

    /// The statement through the hook, in the plain form. Dial `PROCESSING`: not written yet.
    pub async fn fetch_statement(&self, ask: FetchStatement) -> Result<Told, SandboxError> {
        let work = self.db.begin_step().await?;
        let keys = [ask.fixmedins_code.as_str()];
        let dial = self.dial(&work, "PaymentChannel/FetchStatement", &keys).await?;
        if !dial.lands() || dial == Dial::Refuse {
            return self.lost(work).await;
        }
        let told = match dial {
            Dial::Processing => Told::NotReady,
            _ => self.bill(ask.channel, Of::Institution(&ask.fixmedins_code), ask.day).await?,
        };
        self.answer(work, dial, told).await
    }
}
