//! `liufang bus dead-letters`: what consumers gave up, given to them again or dropped with a reason.

use std::io::Write;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Subcommand};
use liufang_platform::SharedClock;
use liufang_platform::bus::{Choice, DeadLetter, RedisBus};
use liufang_platform::config::Config;
use serde::Serialize;

/// What is asked of the bus.
#[derive(Subcommand)]
pub enum BusCommand {
    /// Events a consumer gave up after twenty tries.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
}

/// What is done with dead letters.
#[derive(Subcommand)]
pub enum DeadLetters {
    /// Name them, a line each, without what they say.
    List {
        #[command(flatten)]
        which: Which,
        /// Those that were dropped instead, and why.
        #[arg(long)]
        dropped: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Give them to their consumer again. Its effect happens once, however often this is done.
    Redrive {
        #[command(flatten)]
        which: Which,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
    /// Give them up for good. Which, why and when is kept.
    Drop {
        #[command(flatten)]
        which: Which,
        /// Why nobody will ever need them.
        #[arg(long)]
        reason: String,
    },
}

/// Which dead letters; none of it: all.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// The topic, e.g. liufang.settlement.v1.PaymentCaptured.
    #[arg(long, default_value = "", hide_default_value = true)]
    stream: String,
    /// The consumer that gave up.
    #[arg(long, default_value = "", hide_default_value = true)]
    consumer: String,
    /// One entry, as listed.
    #[arg(long, default_value = "", hide_default_value = true)]
    id: String,
}

impl Which {
    fn choice(&self) -> Choice {
        Choice { stream: self.stream.clone(), consumer: self.consumer.clone(), id: self.id.clone() }
    }

    fn is_all(&self) -> bool {
        self.choice() == Choice::default()
    }
}

/// Does what was asked.
///
/// # Errors
/// Redis is away, the bus is another one, or the reason is missing.
pub async fn run(
    config: &Config,
    clock: &SharedClock,
    command: BusCommand,
    out: &mut impl Write,
) -> Result<()> {
    let BusCommand::DeadLetters(command) = command;
    if config.bus.kind != "redis" {
        bail!(
            "bus.kind {}: the bus inside one process gives nothing up, the outbox keeps it",
            config.bus.kind
        );
    }
    let bus = RedisBus::new(&config.redis()).context("bus.url")?;
    match command {
        DeadLetters::List { dropped: true, json, .. } => {
            for note in bus.dropped().await? {
                let plain = format!(
                    "{} {} {} {} why={:?}",
                    note.topic, note.consumer, note.event, note.key, note.why
                );
                line(out, json, &note, &plain)?;
            }
        }
        DeadLetters::List { which, json, dropped: false } => {
            for letter in bus.dead_letters(&which.choice()).await? {
                line(out, json, &letter, &plain(&letter))?;
            }
        }
        DeadLetters::Redrive { which, all } => {
            ensure!(all || !which.is_all(), "name a stream, a consumer or an id, or say --all");
            let given = bus.redrive(&which.choice()).await?;
            given.iter().try_for_each(|letter| writeln!(out, "given again: {}", plain(letter)))?;
        }
        DeadLetters::Drop { which, reason } => {
            ensure!(!which.is_all(), "name a stream, a consumer or an id");
            ensure!(!reason.trim().is_empty(), "--reason: say why");
            let dropped = bus.drop_dead(&which.choice(), reason.trim(), clock.now()).await?;
            dropped.iter().try_for_each(|letter| writeln!(out, "dropped: {}", plain(letter)))?;
        }
    }
    Ok(())
}

fn plain(letter: &DeadLetter) -> String {
    let DeadLetter { id, consumer, topic, event, key, reason, .. } = letter;
    format!("{id} consumer={consumer} topic={topic} event={event} key={key} reason={reason:?}")
}

fn line(out: &mut impl Write, json: bool, value: &impl Serialize, plain: &str) -> Result<()> {
    match json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(value)?)?),
        false => Ok(writeln!(out, "{plain}")?),
    }
}
