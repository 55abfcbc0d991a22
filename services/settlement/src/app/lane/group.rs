//! A group's transaction: two statements to ask and one to write, however many members it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liufang_kernel::timestamp::date_text;
use liufang_platform::Work;
use liufang_platform::db::Known;
use liufang_platform::db::together::Together;

use super::decide::Plan;
use super::writes::Writes;
use super::{Done, Member, Op};
use crate::app::App;
use crate::app::capture::Started;
use crate::boundary::Boundary;
use crate::domain::lane::{Books, Purse, needs};
use crate::domain::payment::{Journal, PaymentState, Step};
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store;
use crate::store::account::LastLine;
use crate::store::claim::Closed;
use crate::store::notice::Taken;
use crate::store::quote::User;

/// What a group has to know, and what its decisions have made of it.
pub(super) struct Facts {
    pub books: Books,
    /// The accounts as they were.
    pub before: BTreeMap<String, Purse>,
    pub payments: BTreeMap<String, Journal>,
    pub quotes: BTreeMap<String, Arc<Quote>>,
    /// By which payment a quote was used.
    pub users: BTreeMap<String, String>,
    /// Payments of the persons concerned whose capture has begun.
    pub pending: Vec<Journal>,
    /// Closed days from today on, by institution.
    pub closed: BTreeSet<(String, String)>,
    /// Next message numbers of institutions whose payments start.
    pub numbers: BTreeMap<String, i64>,
}

impl App {
    /// Payments of a region. Its head is locked first, here as wherever accounts are moved: groups of several processes queue
    /// instead of meeting crosswise.
    pub(super) async fn book_group(
        &self,
        region: &str,
        members: &[&Member],
    ) -> Result<Vec<Result<Done, SettlementError>>, SettlementError> {
        let work = self.db.begin_step().await?;
        let mut head = store::ledger::lock(work.tx(), region).await?;
        let (known, mut facts) = self.facts(&work, region, members).await?;
        let mut writes = Writes::default();
        let mut plans = Vec::new();
        for (member, known) in members.iter().zip(known) {
            plans.push(match known {
                Known::Reply(text) => Ok(replay(member, &text)?),
                Known::Fault(fault) => Err(fault.into()),
                Known::Fresh => match self.decide(member, &mut facts, &mut head, &mut writes) {
                    // what cannot be decided may have left something half done
                    Err(error) if !error.changed_nothing() => return Err(error),
                    decided => decided,
                },
            });
        }
        if writes.is_empty() && !plans.iter().any(|plan| matches!(plan, Ok(Plan::Nothing))) {
            work.cancel().await?;
            return plans.into_iter().map(|plan| Ok(plan.and_then(|plan| plan.done(&writes)))).collect();
        }
        writes.number(&facts.numbers)?;
        let mut replies = Vec::new();
        for (member, plan) in members.iter().zip(&plans) {
            if let (Ok(plan), Some(meta)) = (plan, &member.meta) {
                replies.extend(plan.reply(meta, &writes)?);
            }
        }
        self.write_group(&work, &facts, &mut writes, head, &replies).await?;
        let results = plans.into_iter().map(|plan| plan.and_then(|plan| plan.done(&writes))).collect();
        if !writes.booked.is_empty() {
            Boundary::Uncommitted(Step::Book).pass();
        }
        work.done().await?;
        for journal in &writes.inserted {
            self.memory.keep_region(&journal.payment_id, &journal.region);
        }
        for (payment_id, _) in writes.released.iter().chain(&writes.settled) {
            self.memory.take_payer(payment_id);
        }
        for (n, payer) in &writes.payers {
            if let Some(journal) = writes.inserted.get(*n) {
                self.memory.keep_payer(&journal.payment_id, payer.clone());
            }
        }
        let starting = |journal: &&Journal| facts.payments.contains_key(&journal.payment_id);
        for journal in writes.saved.iter().filter(starting) {
            if let Some(quote) = facts.quotes.get(&journal.quote_id).filter(|_| journal.is_running()) {
                self.memory.keep_running(&journal.payment_id, quote.clone());
            }
        }
        Ok(results)
    }

    /// How the calls' keys stand, and what has to be known: first what the members name, then what is found through that.
    async fn facts(
        &self,
        work: &Work,
        region: &str,
        members: &[&Member],
    ) -> Result<(Vec<Known>, Facts), SettlementError> {
        let (tx, calls) = (work.tx(), metas(members));
        let (mut quotes, mut asked, mut starting) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (mut persons, mut institutions, mut aided) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for member in members {
            match &member.op {
                Op::Authorise(body, quote) => {
                    asked.push(body.quote_id.as_str());
                    quotes.insert(body.quote_id.clone(), quote.clone());
                    persons.extend(needs(&quote.legs).into_iter().map(|need| need.person_id));
                }
                Op::Start(payment_id) => starting.push(payment_id.as_str()),
                Op::Book(journal, ..) => {
                    let payers = needs(&journal.legs).into_iter().map(|need| need.person_id);
                    persons.extend(payers.inspect(|payer| {
                        if *payer != journal.person_id {
                            aided.insert(journal.person_id.as_str());
                        }
                    }));
                    institutions.insert(journal.fixmedins_code.as_str());
                }
                Op::Offer(_) | Op::Save(..) => {}
            }
        }
        let today = date_text(self.clock.now().china_date());
        let mut all = Together::default();
        let known = all.add(work.asked(&calls));
        let users = all.add(store::quote::users(tx, &asked));
        let payments = all.add(store::payment::named(tx, &starting));
        let closed = all.add(store::claim::closed_since(tx, institutions, &today));
        all.plan_once(tx);
        let told = all.run(tx).await?;
        let known = work.known(&calls, &told, known)?;
        let users =
            told.rows(users)?.into_iter().map(|user: User| (user.quote_id, user.payment_id)).collect();
        let closed = told.rows(closed)?.into_iter().map(|day: Closed| (day.fixmedins_code, day.stmt_date));
        let closed = closed.collect();
        let payments = self.starting(work, told.rows(payments)?, &mut quotes).await?;

        // what a payment that has to be given up holds
        persons.extend(payments.values().flat_map(|journal| needs(&journal.legs)).map(|need| need.person_id));
        persons.extend(aided.iter().map(|person| (*person).to_owned()));
        let drawing = persons_of(payments.values().map(|journal| &journal.quote_id), &quotes);
        let with_year = persons_of(quotes.keys(), &quotes);
        let mut all = Together::default();
        let pending = all.add(store::payment::pending_of_all(tx, drawing));
        let years = all.add(store::accumulator::years(tx, with_year));
        let purses = all.add(store::account::purses(tx, persons.iter().map(String::as_str)));
        let lines = all.add(store::account::last_lines(tx, aided));
        let counts = counts(&payments);
        let numbers = all.add(store::notice::taking(tx, &counts)?);
        let told = all.run(tx).await?;
        let pending: Vec<store::payment::Stored> = told.rows(pending)?;
        let pending = pending.into_iter().map(store::payment::Stored::read).collect::<Result<_, _>>()?;
        let years: Vec<store::accumulator::Stored> = told.rows(years)?;
        let years = years.into_iter().map(store::accumulator::Stored::read).collect::<Result<_, _>>()?;
        let purses: BTreeMap<String, Purse> =
            told.rows(purses)?.into_iter().map(store::account::Found::read).collect();
        // who has an account has the number there
        let lines = told.rows(lines)?.into_iter().map(|line: LastLine| (line.person_id, line.last));
        let lines = lines.filter(|(person, _)| !purses.contains_key(person)).collect();
        let numbers = told.rows(numbers)?.into_iter().map(|taken: Taken| {
            let first = taken.last - counts.get(&taken.fixmedins_code).copied().unwrap_or(0) + 1;
            (taken.fixmedins_code, first)
        });
        let numbers = numbers.collect();
        let before = purses.clone();
        let books = Books { region: region.to_owned(), purses, lines, years };
        Ok((known, Facts { books, before, payments, quotes, users, pending, closed, numbers }))
    }

    /// Payments to be started, and their quotes.
    async fn starting(
        &self,
        work: &Work,
        stored: Vec<store::payment::Stored>,
        quotes: &mut BTreeMap<String, Arc<Quote>>,
    ) -> Result<BTreeMap<String, Journal>, SettlementError> {
        let mut payments = BTreeMap::new();
        for journal in stored {
            let journal = journal.read()?;
            let known = self.memory.quote(&journal.quote_id).filter(|_| journal.version == 1);
            let quote = match known {
                Some(quote) => Some(quote),
                // nobody touched a payment of version 1; a capture of less writes another quote than was offered
                None => store::quote::find(work.tx(), &self.cipher, &journal.quote_id).await?.map(Arc::new),
            };
            quotes.extend(quote.map(|quote| (journal.quote_id.clone(), quote)));
            payments.insert(journal.payment_id.clone(), journal);
        }
        Ok(payments)
    }
}

/// How many numbers at the insurer each institution needs at most: one for each payment that may start.
fn counts(payments: &BTreeMap<String, Journal>) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    let may_start = |journal: &&Journal| journal.state == PaymentState::Authorised && journal.insured();
    for journal in payments.values().filter(may_start) {
        *counts.entry(journal.fixmedins_code.clone()).or_default() += 1;
    }
    counts
}

/// Whose quotes draw on a year.
fn persons_of<'a>(
    ids: impl Iterator<Item = &'a String>,
    quotes: &'a BTreeMap<String, Arc<Quote>>,
) -> BTreeSet<&'a str> {
    let quotes = ids.filter_map(|id| quotes.get(id));
    quotes.filter(|quote| !quote.basis.is_empty()).map(|quote| quote.person_id.as_str()).collect()
}

fn metas<'a>(members: &[&'a Member]) -> Vec<Option<&'a liufang_platform::CallMeta>> {
    members.iter().map(|member| member.meta.as_ref()).collect()
}

fn replay(member: &Member, text: &str) -> Result<Plan, SettlementError> {
    match member.op {
        Op::Authorise(..) => Ok(Plan::Replayed(Box::new(Known::reply(text)?))),
        _ => {
            // the word itself says nothing of how the payment stands now
            let _: Started = Known::reply(text)?;
            Ok(Plan::Known)
        }
    }
}
