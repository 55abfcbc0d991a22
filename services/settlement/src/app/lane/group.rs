//! A group's transaction: one statement to read or write each table, however many members it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liufang_kernel::timestamp::date_text;
use liufang_platform::Work;
use liufang_platform::db::Known;

use super::decide::Plan;
use super::writes::Writes;
use super::{Done, Member, Op};
use crate::app::App;
use crate::app::capture::Started;
use crate::boundary::Boundary;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::lane::{Books, Purse, needs};
use crate::domain::payment::{Journal, Step};
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store;

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
        let known = work.known(&metas(members)).await?;
        let fresh = members.iter().zip(&known).filter(|(_, known)| matches!(known, Known::Fresh));
        let fresh: Vec<&Member> = fresh.map(|(member, _)| *member).collect();
        let mut facts = self.facts(&work, region, &fresh).await?;
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
        writes.number(&work).await?;
        self.write_group(&work, &facts, &mut writes, head).await?;
        let mut replies = Vec::new();
        let mut results = Vec::new();
        for (member, plan) in members.iter().zip(plans) {
            if let (Ok(plan), Some(meta)) = (&plan, &member.meta) {
                replies.extend(plan.reply(meta, &writes)?);
            }
            results.push(plan.and_then(|plan| plan.done(&writes)));
        }
        work.remember(&replies).await?;
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

    async fn facts(&self, work: &Work, region: &str, members: &[&Member]) -> Result<Facts, SettlementError> {
        let tx = work.tx();
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
        let users = store::quote::users(tx, &asked).await?;
        let mut payments = BTreeMap::new();
        for journal in store::payment::find_all(tx, &starting).await? {
            let known = self.memory.quote(&journal.quote_id).filter(|_| journal.version == 1);
            let quote = match known {
                Some(quote) => Some(quote),
                // nobody touched a payment of version 1; a capture of less writes another quote than was offered
                None => store::quote::find(tx, &self.cipher, &journal.quote_id).await?.map(Arc::new),
            };
            quotes.extend(quote.map(|quote| (journal.quote_id.clone(), quote)));
            payments.insert(journal.payment_id.clone(), journal);
        }
        let drawing = drawing(payments.values().map(|journal| &journal.quote_id), &quotes);
        self.queue_for_years(work, &drawing).await?;
        let pending = store::payment::pending_of_all(tx, &persons_of(&drawing)).await?;
        let with_year = self::drawing(quotes.keys(), &quotes);
        let years = store::accumulator::years(tx, &persons_of(&with_year)).await?;
        // what a payment that has to be given up holds
        persons.extend(payments.values().flat_map(|journal| needs(&journal.legs)).map(|need| need.person_id));
        persons.extend(aided.iter().map(|person| (*person).to_owned()));
        let persons: Vec<&str> = persons.iter().map(String::as_str).collect();
        let purses = store::account::purses(tx, &persons).await?;
        aided.retain(|person| !purses.contains_key(*person));
        let lines = store::account::last_lines(tx, &aided).await?;
        let today = date_text(self.clock.now().china_date());
        let institutions: Vec<&str> = institutions.into_iter().collect();
        let closed = store::claim::closed_since(tx, &institutions, &today).await?;
        let before = purses.clone();
        let books = Books { region: region.to_owned(), purses, lines, years };
        Ok(Facts { books, before, payments, quotes, users, pending, closed })
    }

    /// A replica of before locks no head when it starts a capture, but the person's year: adding nothing takes that row, and
    /// whoever starts the second of two captures of a person sees the first.
    async fn queue_for_years(&self, work: &Work, drawing: &[Arc<Quote>]) -> Result<(), SettlementError> {
        let mut nothing = BTreeMap::new();
        for quote in drawing {
            let key = store::accumulator::keyed(&self.cipher, quote, &[(Scope::All, Addition::default())]);
            nothing.extend(key);
        }
        store::accumulator::add_all(work.tx(), &nothing).await
    }
}

/// Those of the quotes that draw on a year.
fn drawing<'a>(
    ids: impl Iterator<Item = &'a String>,
    quotes: &BTreeMap<String, Arc<Quote>>,
) -> Vec<Arc<Quote>> {
    ids.filter_map(|id| quotes.get(id)).filter(|quote| !quote.basis.is_empty()).cloned().collect()
}

fn persons_of(quotes: &[Arc<Quote>]) -> Vec<&str> {
    let persons: BTreeSet<&str> = quotes.iter().map(|quote| quote.person_id.as_str()).collect();
    persons.into_iter().collect()
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
