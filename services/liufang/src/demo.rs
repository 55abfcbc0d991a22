//! The demonstration: both journeys, a handful of refusals and the day's close, played through the gateway's port by
//! outside clients, told as a story in plain text.
//!
//! Owns the play and its checks. Deliberately does not start anything: it is given a gateway. Invariant: it ends well
//! only if the money, the goods and every book agree to the fen.

mod beijing;
mod books;
mod clinic;
mod counter;
mod qinhuangdao;
mod quotes;
mod refusals;
pub(crate) mod stage;
mod story;
mod visit;

use std::io::Write;

use anyhow::{Context as _, Result};

use crate::client::Gateway;
use crate::seed::{self, Seed, SeedSet};
use stage::Stage;
use story::Story;

/// Loads the demo's seed rows and plays everything. `operator_token` is an operator's access token.
///
/// # Errors
/// The first call that fails or answers something else than the story expects, and every book that does not agree.
pub async fn run(gateway_url: &str, operator_token: &str, out: &mut impl Write) -> Result<()> {
    let mut story = Story::new(out);
    let played = play(gateway_url, operator_token, &mut story).await;
    // what was told so far helps to see where it broke
    story.end()?;
    played
}

async fn play(gateway_url: &str, operator_token: &str, story: &mut Story<'_>) -> Result<()> {
    story.title(
        "Liufang 流方 · 医保线上购药",
        &format!("gateway {gateway_url}, every client outside the mesh"),
    )?;
    story.step("0", "Seed data through the public API 导入示例数据")?;
    let gateway = Gateway::connect(gateway_url).await?;
    let report = seed::load(&gateway, operator_token, SeedSet::Demo).await.context("seed data")?;
    for (kind, rows) in &report.sent {
        story.say(format!("{rows:>6} {kind}"));
    }
    let mut stage = Stage::new(gateway, Seed::read()?, operator_token);
    qinhuangdao::play(&mut stage, story).await.context("journey Qinhuangdao")?;
    beijing::play(&mut stage, story).await.context("journey Beijing")?;
    refusals::play(&mut stage, story).await.context("refusals")?;
    books::close(&stage, story).await.context("the day's close")?;
    story.verdict("everything agrees 账实相符")?;
    Ok(())
}
