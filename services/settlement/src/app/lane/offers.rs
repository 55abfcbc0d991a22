//! A group of quotes: the accounts and years of all of them are read together, each is decided by itself, and they are written
//! together.

use std::collections::BTreeSet;
use std::sync::Arc;

use liufang_platform::db::together::Together;
use liufang_platform::db::{Known, Reply};
use liufang_platform::{CallMeta, Work};

use super::{Done, Member, Op};
use crate::app::App;
use crate::app::quote::{Asking, Offered};
use crate::domain::lane::Books;
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store;

type Outcome = Result<Done, SettlementError>;

impl App {
    pub(super) async fn offer_group(&self, members: &[&Member]) -> Result<Vec<Outcome>, SettlementError> {
        let work = self.db.begin_step().await?;
        let calls: Vec<_> = members.iter().map(|member| member.meta.as_ref()).collect();
        let (known, books) = self.books(&work, &calls, members).await?;
        let (mut results, mut replies, mut quotes) = (Vec::new(), Vec::new(), Vec::new());
        for (member, known) in members.iter().zip(known) {
            let outcome = match known {
                Known::Reply(text) => Ok(Done::Kept(Known::reply(&text)?)),
                Known::Fault(fault) => Err(fault.into()),
                Known::Fresh => {
                    self.decide_offer(asking(member)?, &books).map(|quote| Done::Quoted(Box::new(quote)))
                }
            };
            if let (Ok(Done::Quoted(quote)), Some(meta)) = (&outcome, &member.meta) {
                replies.push(Reply::new(meta, &Offered::Named { offered: quote.quote_id.clone() })?);
                quotes.push((Quote::clone(quote), meta.now));
            }
            results.push(outcome);
        }
        if quotes.is_empty() {
            work.cancel().await?;
            return Ok(results);
        }
        let noted = self.keep_packs(&work, quotes.iter().map(|(quote, _)| quote)).await?;
        let mut all = Together::default();
        all.add(store::quote::storing(work.tx(), &self.cipher, &quotes)?);
        let (replies, to_remember) = work.remember(&replies)?;
        let replies = all.add(replies);
        if all.run(work.tx()).await?.touched(replies) != to_remember {
            return Err(SettlementError::LostRace);
        }
        work.done().await?;
        self.packs.note_all(noted);
        for (quote, _) in quotes {
            self.memory.keep_quote(Arc::new(quote));
        }
        Ok(results)
    }

    /// How the calls' keys stand; accounts and years of everybody concerned, who are in one region.
    async fn books(
        &self,
        work: &Work,
        calls: &[Option<&CallMeta>],
        members: &[&Member],
    ) -> Result<(Vec<Known>, Books), SettlementError> {
        let (mut payers, mut persons, mut region) = (BTreeSet::new(), BTreeSet::new(), String::new());
        for member in members {
            let Asking { body, covered, .. } = asking(member)?;
            payers.extend((body.acct_used && *covered).then_some(body.person_id.as_str()));
            payers.extend(body.holders.iter().map(String::as_str));
            persons.extend(covered.then_some(body.person_id.as_str()));
            region.clone_from(&body.region);
        }
        let mut all = Together::default();
        let known = all.add(work.asked(calls));
        let purses = all.add(store::account::purses(work.tx(), payers));
        let years = all.add(store::accumulator::years(work.tx(), persons));
        all.plan_once(work.tx());
        let told = all.run(work.tx()).await?;
        let purses = told.rows(purses)?.into_iter().map(store::account::Found::read).collect();
        let years: Vec<store::accumulator::Stored> = told.rows(years)?;
        let years = years.into_iter().map(store::accumulator::Stored::read).collect::<Result<_, _>>()?;
        let books = Books { region, purses, years, ..Books::default() };
        Ok((work.known(calls, &told, known)?, books))
    }
}

fn asking(member: &Member) -> Result<&Asking, SettlementError> {
    match &member.op {
        Op::Offer(asking) => Ok(asking),
        _ => Err(SettlementError::Stored("lane")),
    }
}
